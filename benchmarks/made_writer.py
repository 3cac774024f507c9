"""Writes made documents: a sheet of words, and labels, days and amounts as languages have them."""

from __future__ import annotations

import datetime as dt
import random
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from invoice_desk.documents.page import Word

LANGUAGES = ("en", "fr", "de")
WIDTH, HEIGHT = 595.0, 842.0
FIELDS = (
    "invoice_number",
    "issue_date",
    "due_date",
    "supplier_name",
    "customer_name",
    "net_amount",
    "tax_amount",
    "total_amount",
    "amount_due",
    "purchase_order",
    "customer_id",
    "contract_ref",
    "period_start",
    "period_end",
)
_DAYS = {
    "en": ("%d/%m/%Y", "%d %B %Y", "%B %d, %Y", "%d-%m-%Y", "%Y-%m-%d", "%d %b %Y"),
    "fr": ("%d/%m/%Y", "%d/%m/%y", "%d.%m.%Y", "%d-%m-%Y", "%d MONTH %Y"),
    "de": ("%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d", "%d. MONTH %Y"),
}

with (Path(__file__).parent / "made_documents.toml").open("rb") as _file:
    SAID: dict[str, Any] = tomllib.load(_file)
PEOPLE: list[str] = SAID["all"]["people"]


@dataclass
class Sheet:
    """The words of a page, as they are written."""

    chance: random.Random
    size: float
    words: list[Word] = field(default_factory=list)

    def write(
        self, text: str, x: float, y: float, *, right: bool = False, grow: float = 1.0
    ) -> None:
        """Write a text with its upper left corner, or its right one, at a place."""
        size = self.size * grow
        step = size * 0.52
        x -= len(text) * step if right else 0
        at = 0
        for part in text.split():
            at = text.index(part, at)
            box = (
                x + at * step,
                y,
                x + (at + len(part)) * step,
                y + size * self.chance.uniform(0.92, 1.0),
            )
            self.words.append(Word(part, box))
            at += len(part)


class Writer:
    """What a made document has all over: its language, its notation and its sheet."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # repeatable, not secret
        pick = self.chance.choice
        self.language = pick(LANGUAGES)
        self.said: dict[str, Any] = SAID[self.language]
        self.labels = self.said["labels"]
        self.sheet = Sheet(self.chance, self.chance.uniform(7.5, 11))
        self.row = self.sheet.size * self.chance.uniform(1.25, 1.8)
        self.colon = pick((":", " :", "", "", "."))
        self.sign = -1 if self.chance.random() < 0.06 else 1
        self.currency = (
            pick(("€", "EUR", "", "€"))
            if self.language != "en"
            else pick(("$", "", "£", "USD", "RM", "€"))
        )
        self.date_style = pick(_DAYS[self.language])
        self.issued = dt.date(2014, 1, 1) + dt.timedelta(days=self.some(4000))
        self.truth: dict[str, str | None] = dict.fromkeys(FIELDS)

    def may(self, share: float) -> bool:
        """Return True in so many cases of one."""
        return self.chance.random() < share

    def label(self, name: str, *, colon: bool = True) -> str:
        """Return one of the texts of a label."""
        text: str = self.chance.choice(self.labels[name])
        text = text.upper() if self.may(0.08) else text
        return text + (self.colon if colon and not text.endswith(".") else "")

    def some(self, first: int, stop: int | None = None) -> int:
        """Return a number below `first`, or from `first` on and below `stop`."""
        return self.chance.randrange(first) if stop is None else self.chance.randrange(first, stop)

    def day(self, day: dt.date) -> str:
        """Return a day as this document writes days."""
        style = self.date_style
        if "MONTH" in style:
            style = style.replace("MONTH", self.said["months"][day.month - 1])
        return day.strftime(style)

    def number(self) -> str:
        """Return the number of an invoice."""
        year, n = self.issued.year, self.some(1, 99999)
        return self.chance.choice(
            (
                f"{n:05d}",
                f"{year}-{n:04d}",
                f"F{year}{n:04d}",
                f"INV-{n:05d}",
                f"RE-{self.issued:%Y%m%d}/{n % 900}",
                f"{year}/{n}",
                f"FA{n}",
                str(100000 + n),
                f"INV/{year}/{n:04d}",
                f"{self.issued:%Y%m%d}-{n % 100}",
                str(n % 1000 + 1),
            )
        )

    def money(self, value: Decimal, *, bare: bool = False) -> str:
        """Return an amount as this document writes amounts."""
        text = f"{abs(value):,.2f}"
        if self.language == "fr":
            text = text.replace(",", " ").replace(".", ",")
        elif self.language == "de":
            text = text.replace(",", "\0").replace(".", ",").replace("\0", ".")
        text = ("-" if value < 0 else "") + text
        if bare or not self.currency:
            return text
        if self.language == "en":
            return f"{self.currency}{' ' if len(self.currency) > 1 else ''}{text}"
        return f"{text} {self.currency}"
