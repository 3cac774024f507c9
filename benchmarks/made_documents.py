"""Made-up invoices and receipts as pages of words, with the truth: what the ranker learns from.

No two look alike: language, labels, order and place of the blocks, columns, notation and what
stands beside the wanted values are drawn by chance.  No real company, person or number.
"""

from __future__ import annotations

import datetime as dt
import random
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from invoice_desk.documents.page import Page, TextSource, Word

LANGUAGES = ("en", "fr", "de")
_WIDTH, _HEIGHT = 595.0, 842.0
#: Share of amounts among the totals that are wrong, so that sums are not believed over labels.
_MISPRINTS = 0.06

with (Path(__file__).parent / "made_documents.toml").open("rb") as _file:
    _SAID = tomllib.load(_file)
_PEOPLE = _SAID["all"]["people"]


@dataclass
class MadeDocument:
    """A made document: one page of words, and its fields as they should be read.

    Attributes:
        truth: Field → value, ISO 8601 for dates, plain decimals for amounts; None where the
            document does not have it.
    """

    pages: list[Page]
    truth: dict[str, str | None]


@dataclass
class _Sheet:
    chance: random.Random
    size: float
    words: list[Word] = field(default_factory=list)

    def write(
        self, text: str, x: float, y: float, *, right: bool = False, grow: float = 1.0
    ) -> None:
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


class _Maker:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # repeatable, not secret
        pick = self.chance.choice
        self.language = pick(LANGUAGES)
        self.labels = _SAID[self.language]["labels"]
        self.sheet = _Sheet(self.chance, self.chance.uniform(7.5, 11))
        self.row = self.sheet.size * self.chance.uniform(1.25, 1.8)
        self.colon = pick((":", " :", "", "", "."))
        self.sign = -1 if self.chance.random() < 0.06 else 1
        self.currency = (
            pick(("€", "EUR", "", "€"))
            if self.language != "en"
            else pick(("$", "", "£", "USD", "RM", "€"))
        )
        self.date_style = pick(
            {
                "en": ("%d/%m/%Y", "%d %B %Y", "%B %d, %Y", "%d-%m-%Y", "%Y-%m-%d", "%d %b %Y"),
                "fr": ("%d/%m/%Y", "%d/%m/%y", "%d.%m.%Y", "%d-%m-%Y"),
                "de": ("%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d"),
            }[self.language]
        )
        self.issued = dt.date(2014, 1, 1) + dt.timedelta(days=self.some(4000))
        self.truth: dict[str, str | None] = dict.fromkeys(
            (
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
        )

    def label(self, name: str, *, colon: bool = True) -> str:
        text: str = self.chance.choice(self.labels[name])
        text = text.upper() if self.chance.random() < 0.08 else text
        return text + (self.colon if colon and not text.endswith(".") else "")

    def company(self) -> str:
        pick = self.chance.choice
        name = " ".join(
            self.chance.sample(_SAID[self.language]["words"], self.chance.choice((1, 2, 2, 3)))
        )
        legal = pick(_SAID[self.language]["legal"])
        text = (
            f"{name} {legal}".strip()
            if len(f"{name} {legal}".strip()) > 5
            else f"{name} {pick(_SAID[self.language]['legal'][:3])}"
        )
        return text.upper() if self.chance.random() < 0.2 else text

    def address(self) -> list[str]:
        pick, number = self.chance.choice, self.some(1, 180)
        lines = [
            pick(_SAID[self.language]["streets"]).format(n=number),
            f"{self.some(10000, 99999)} {pick(_SAID[self.language]['cities'])}",
        ]
        if self.language == "en" and self.chance.random() < 0.5:
            lines[1] = (
                f"{pick(_SAID['en']['cities'])}, {pick(('OH', 'NY', 'CA'))} "
                f"{self.some(10000, 99999)}"
            )
        if self.chance.random() < 0.3:
            lines.append(
                {"en": "United Kingdom", "fr": "France", "de": "Deutschland"}[self.language]
            )
        return lines

    def some(self, first: int, stop: int | None = None) -> int:
        return self.chance.randrange(first) if stop is None else self.chance.randrange(first, stop)

    def day(self, day: dt.date) -> str:
        return day.strftime(self.date_style)

    def number(self) -> str:
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
            )
        )

    def money(self, value: Decimal, *, bare: bool = False) -> str:
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

    def block(
        self, lines: list[str], x: float, y: float, *, big: bool = False, center: bool = False
    ) -> float:
        for i, line in enumerate(lines):
            left = _WIDTH / 2 - len(line) * self.sheet.size * 0.26 if center else x
            self.sheet.write(
                line, left, y, grow=self.chance.uniform(1.2, 1.8) if big and i == 0 else 1.0
            )
            y += self.row * (1.6 if big and i == 0 else 1)
        return y

    def seller_lines(self, name: str) -> list[str]:
        lines = [name, *self.address()]
        if self.chance.random() < 0.5:
            lines.append(f"{self.label('phone')} {self.some(10, 99)} {self.some(100000, 999999)}")
        if self.chance.random() < 0.4:
            lines.append(f"{self.label('vat_id')} {self.language.upper()}{self.some(10**8, 10**9)}")
        if self.chance.random() < 0.3:
            host = "".join(c for c in name.split(maxsplit=1)[0].lower() if c.isalnum())
            lines.append(f"www.{host}.example")
        return lines

    def buyer_lines(self, name: str) -> list[str]:
        person = [self.chance.choice(_PEOPLE)] if self.chance.random() < 0.4 else []
        return [name, *person, *self.address()]

    def heads(self, y: float) -> float:
        """Write seller and buyer; return where the next block may begin."""
        seller, buyer = (
            self.company(),
            self.company() if self.chance.random() < 0.75 else self.chance.choice(_PEOPLE),
        )
        self.truth |= {"supplier_name": seller, "customer_name": buyer}
        style = self.chance.random()
        if style < 0.2:  # sections, one under the other
            for who, name in (("seller", seller), ("buyer", buyer)):
                self.sheet.write(self.label(who), 50, y)
                lines = self.seller_lines(name) if who == "seller" else self.buyer_lines(name)
                if self.chance.random() < 0.5:
                    lines[0] = f"{self.label('name')} {lines[0]}"
                if self.chance.random() < 0.4:
                    ids = self.chance.choice(("Nummer", "ID", "GLN", "Globale Nummer", "Code"))
                    lines.insert(0, f"{ids}{self.colon or ':'} {self.some(10**5, 10**6)}")
                y = self.block(lines, 50, y + self.row)
                y += self.row * 0.5
            if self.chance.random() < 0.4:
                self.sheet.write(self.label("ship"), 50, y)
                y = self.block([self.company(), *self.address()], 50, y + self.row)
            return y
        left, right = (50.0, 330.0)
        if style < 0.4:  # a line of the sender above the buyer
            self.sheet.write(" - ".join([seller, *self.address()]), 50, y + 3 * self.row, grow=0.8)
            top = (
                self.block(self.seller_lines(seller), right, y, big=self.chance.random() < 0.5)
                if self.chance.random() < 0.6
                else y
            )
            return max(top, self.block(self.buyer_lines(buyer), left, y + 4.5 * self.row))
        if self.chance.random() < 0.3:
            left, right = right, left
        seller_head = [self.label("seller")] if self.chance.random() < 0.2 else []
        a = self.block(
            [*seller_head, *self.seller_lines(seller)],
            left,
            y,
            big=not seller_head and self.chance.random() < 0.6,
        )
        head = [self.label("buyer")] if self.chance.random() < 0.6 else []
        down = self.chance.choice((0.0, 0.0, 4 * self.row))
        b = self.block(
            [*head, *self.buyer_lines(buyer)],
            right if not down else self.chance.choice((left, right)),
            max(y, a + self.row) if down else y,
        )
        if self.chance.random() < 0.2:
            b = max(
                b,
                self.block(
                    [
                        self.label("ship"),
                        buyer if self.chance.random() < 0.5 else self.company(),
                        *self.address(),
                    ],
                    330 if down else 50,
                    max(a, b) + self.row,
                ),
            )
        return max(a, b)

    def meta(self, y: float) -> float:
        """Write number, dates and references in one of several ways."""
        number, due = (
            self.number(),
            self.issued + dt.timedelta(days=self.chance.choice((7, 14, 30, 45))),
        )
        self.truth |= {"invoice_number": number, "issue_date": self.issued.isoformat()}
        said = self.chance.random() < 0.25
        pairs: list[tuple[str, str]] = []
        if said:
            self.sheet.write(
                self.chance.choice(self.labels["said"]).format(
                    number=number, date=self.day(self.issued)
                ),
                50,
                y,
                grow=1.2,
            )
            y += 2 * self.row
        else:
            pairs += [("invoice_number", number), ("issue_date", self.day(self.issued))]
        if self.chance.random() < 0.55:
            pairs.append(("due_date", self.day(due)))
            self.truth["due_date"] = due.isoformat()
        others = {
            "order": f"{self.chance.choice(('PO-', 'B', '4500', ''))}{self.some(1000, 999999)}",
            "order_date": self.day(self.issued - dt.timedelta(days=self.some(3, 40))),
            "delivery_date": self.day(self.issued - dt.timedelta(days=self.some(0, 9))),
            "customer": str(self.some(100, 99999)),
            "delivery": f"L{self.some(1000, 99999)}",
            "contact": self.chance.choice(_PEOPLE),
            "terms": "30",
            "print": self.day(self.issued + dt.timedelta(days=self.some(0, 5))),
            "period": f"{self.day(self.issued.replace(day=1))} - {self.day(self.issued)}",
        }
        for name in self.chance.sample(list(others), self.some(0, 6)):
            pairs.append((name, others[name]))
            if name == "order":
                self.truth["purchase_order"] = others[name]
            elif name == "customer":
                self.truth["customer_id"] = others[name]
            elif name == "period":
                first = self.issued.replace(day=1).isoformat()
                self.truth |= {"period_start": first, "period_end": self.issued.isoformat()}
        self.chance.shuffle(pairs)
        y = self._pairs(pairs, y)
        if self.truth["due_date"] is None and self.chance.random() < 0.3:
            self.truth["due_date"] = due.isoformat()
            self.closing = self.chance.choice(self.labels["pay"]).format(
                due=self.day(due), early=self.day(self.issued + dt.timedelta(days=10))
            )
        else:
            self.closing = ""
        return y

    def _pairs(self, pairs: list[tuple[str, str]], y: float) -> float:
        style, x = self.chance.random(), self.chance.choice((50.0, 330.0))
        if style < 0.2 and 1 < len(pairs) < 7:  # values below their labels
            step = 500 / len(pairs)
            for i, (name, value) in enumerate(pairs):
                self.sheet.write(self.label(name, colon=False), 50 + i * step, y, grow=0.8)
                self.sheet.write(value, 50 + i * step, y + self.row, grow=0.9)
            return y + 3 * self.row
        wide = self.chance.choice((0.0, 110.0, 140.0))
        for name, value in pairs:
            label = self.label(name)
            self.sheet.write(label, x, y)
            self.sheet.write(value, x + max(wide, (len(label) + 1) * self.sheet.size * 0.52), y)
            y += self.row
        return y + self.row

    def goods(self, y: float) -> tuple[float, dict[float, Decimal]]:
        """Write the lines; return the net amount of each rate."""
        columns = [50.0, 290.0, 370.0, 440.0, 545.0]
        names = list(self.labels[self.chance.choice(("columns", "columns2"))])
        for name, x in zip(names, columns, strict=True):
            self.sheet.write(name, x, y, right=x > 100)
        y += self.row
        nets: dict[float, Decimal] = {}
        rates = self.chance.sample(_SAID[self.language]["rates"], self.chance.choice((1, 1, 2)))
        for _ in range(self.chance.choice((1, 2, 3, 4, 6, 9))):
            quantity, price = (
                self.some(1, 40),
                Decimal(self.some(50, 40000)) / 100,
            )
            rate, net = self.chance.choice(rates), self.sign * quantity * price
            nets[rate] = nets.get(rate, Decimal(0)) + net
            for text, x in zip(
                (
                    self.chance.choice(_SAID[self.language]["goods"]),
                    str(quantity),
                    self.money(price, bare=True),
                    f"{rate}%" if self.chance.random() < 0.5 else str(rate),
                    self.money(net, bare=self.chance.random() < 0.5),
                ),
                columns,
                strict=True,
            ):
                self.sheet.write(text, x, y, right=x > 100)
            y += self.row
        return y + self.row * 0.6, nets

    def totals(self, y: float, nets: dict[float, Decimal]) -> float:
        cent = Decimal("0.01")
        taxes = {
            rate: (net * Decimal(str(rate)) / 100).quantize(cent) for rate, net in nets.items()
        }
        net, tax = sum(nets.values(), Decimal(0)), sum(taxes.values(), Decimal(0))
        total = net + tax
        self.truth |= {
            "net_amount": f"{net:f}",
            "tax_amount": f"{tax:f}",
            "total_amount": f"{total:f}",
            "amount_due": f"{total:f}",
        }
        rows: list[tuple[str, Decimal]] = []
        if self.chance.random() < 0.85:
            rows.append((self.label("net"), net))
        else:
            self.truth["net_amount"] = None
        shown = self.chance.random()
        if len(taxes) > 1 and shown < 0.5:
            rows += [
                (f"{rate}% {self.chance.choice(self.labels['tax'])}", tax)
                for rate, tax in taxes.items()
            ]
            if self.chance.random() < 0.4:
                rows.append((self.label("tax"), tax))
            else:
                self.truth["tax_amount"] = None
        elif shown < 0.9 or len(taxes) > 1:
            rate = (
                f" {next(iter(taxes))}%" if len(taxes) == 1 and self.chance.random() < 0.6 else ""
            )
            rows.append((self.label("tax", colon=not rate) + rate, tax))
        else:
            self.truth["tax_amount"] = None
        rows.append((self.label("total"), total))
        if self.chance.random() < 0.25:
            paid = (total * self.some(1, 9) / 10).quantize(cent)
            rows += [
                (self.label("paid"), -paid if self.chance.random() < 0.4 else paid),
                (self.label("due"), total - paid),
            ]
            self.truth["amount_due"] = f"{total - paid:f}"
        rows = [self.misprinted(label, value) for label, value in rows]
        summary = self.chance.random() < 0.3
        if summary and self.chance.random() < 0.5:
            y = self.tax_table(y, nets, taxes)
        x = self.chance.choice((330.0, 300.0, 50.0))
        for label, value in rows:
            self.sheet.write(label, x, y)
            self.sheet.write(self.money(value), 545, y, right=True)
            y += self.row * (1.4 if self.chance.random() < 0.1 else 1)
        return y + self.row

    def misprinted(self, label: str, value: Decimal) -> tuple[str, Decimal]:
        """Return a total, now and then with a wrong digit, as scans and clerks have them."""
        if self.chance.random() > _MISPRINTS:
            return label, value
        wrong = value + self.chance.choice((10, 1, Decimal("0.30"))) * (1 if value >= 0 else -1)
        for name in ("net_amount", "tax_amount", "total_amount", "amount_due"):
            if self.truth.get(name) == f"{value:f}":
                self.truth[name] = f"{wrong:f}"
        return label, wrong

    def tax_table(self, y: float, nets: dict[float, Decimal], taxes: dict[float, Decimal]) -> float:
        for name, x in (("rate", 120.0), ("base", 200.0), ("taxcol", 280.0)):
            self.sheet.write(self.label(name, colon=False), x, y, right=True)
        for rate, tax in taxes.items():
            y += self.row
            for text, x in (
                (f"{rate}%", 120.0),
                (self.money(nets[rate]), 200.0),
                (self.money(tax), 280.0),
            ):
                self.sheet.write(text, x, y, right=True)
        return y + 2 * self.row

    def footer(self, y: float) -> None:
        if self.closing:
            self.sheet.write(self.closing, 50, y)
            y += 2 * self.row
        if self.chance.random() < 0.6:
            self.sheet.write(
                f"IBAN DE{self.some(10, 99)} {self.some(1000, 9999)} 0000  BIC ABCDEF1X",
                50,
                y,
                grow=0.8,
            )
        if self.chance.random() < 0.4:
            self.sheet.write(
                f"{self.truth['supplier_name']} - {self.address()[0]} - {self.some(10**6)}",
                50,
                y + self.row,
                grow=0.8,
            )
        if self.chance.random() < 0.5:
            self.sheet.write(
                {"en": "Page 1 of 1", "fr": "Page 1 / 1", "de": "Seite 1 von 1"}[self.language],
                450,
                815,
                grow=0.8,
            )


def made_invoice(seed: int) -> MadeDocument:
    """Return the invoice that belongs to `seed`."""
    maker = _Maker(seed)
    y = 40.0
    if maker.chance.random() < 0.5:
        maker.sheet.write(
            maker.label("title", colon=False),
            maker.chance.choice((50.0, 250.0, 420.0)),
            y,
            grow=1.6,
        )
        y += 2.2 * maker.row
    blocks = [maker.heads, maker.meta]
    if maker.chance.random() < 0.3:
        blocks.reverse()
    for block in blocks:
        y = block(y) + maker.row
    y, nets = maker.goods(y)
    y = maker.totals(y, nets)
    maker.footer(y)
    page = Page(
        1, _WIDTH, max(_HEIGHT, y + 60), tuple(maker.sheet.words), TextSource.TEXT_LAYER, "made"
    )
    return MadeDocument([page], maker.truth)


def made_receipt(seed: int) -> MadeDocument:
    """Return the receipt that belongs to `seed`: narrow, without a buyer, paid in cash."""
    maker = _Maker(seed)
    chance, sheet, row = maker.chance, maker.sheet, maker.row
    name, wide = maker.company(), 300.0
    maker.truth |= {"supplier_name": name, "issue_date": maker.issued.isoformat()}
    y = maker.block(maker.seller_lines(name), 160, 30.0, center=True) + row
    number = maker.number()
    maker.truth["invoice_number"] = number
    for label, value in (
        ("invoice_number", number),
        (
            "issue_date",
            f"{maker.day(maker.issued)} {chance.randrange(8, 20)}:{chance.randrange(10, 59)}",
        ),
    ):
        sheet.write(f"{maker.label(label)} {value}", 150, y)
        y += row
    total = Decimal(0)
    for _ in range(chance.choice((1, 2, 3, 5, 8))):
        quantity, price = chance.choice((1, 1, 1, 2, 3)), Decimal(chance.randrange(50, 9000)) / 100
        sheet.write(chance.choice(_SAID[maker.language]["goods"]), 150, y)
        y += row
        sheet.write(f"{quantity} x {maker.money(price, bare=True)}", 160, y)
        sheet.write(maker.money(quantity * price, bare=True), 150 + wide, y, right=True)
        y += row
        total += quantity * price
    rate = Decimal(str(chance.choice(_SAID[maker.language]["rates"])))
    net = (total / (1 + rate / 100)).quantize(Decimal("0.01"))
    rounded = (total * 20).quantize(Decimal(1)) / 20 if chance.random() < 0.4 else total
    rows = (
        [(maker.label("net"), net), (maker.label("tax"), total - net)]
        if chance.random() < 0.5
        else []
    )
    before = (
        chance.choice(("Total", "Total sales incl. tax", "Subtotal", "Total incl. tax"))
        if maker.language == "en"
        else maker.label("total")
    )
    if rounded != total:
        rows += [
            (before, total),
            (chance.choice(("Rounding", "Rounding adj", "Arrondi", "Rundung")), rounded - total),
        ]
    rows.append(
        (
            maker.label("total")
            if rounded == total
            else chance.choice(
                ("Total", "Net total", "Total payable", "Rounded total", "Grand total")
            ),
            rounded,
        )
    )
    if chance.random() < 0.7:
        cash = rounded if chance.random() < 0.3 else (rounded // 10 + chance.choice((1, 2, 5))) * 10
        paid, back = {
            "en": ("Cash", "Change"),
            "fr": ("Espèces", "Rendu"),
            "de": ("Bar", "Rückgeld"),
        }[maker.language]
        rows += [(paid, cash), (back, cash - rounded)]
    for text, amount in rows:
        sheet.write(text, 150, y)
        sheet.write(maker.money(amount, bare=chance.random() < 0.3), 150 + wide, y, right=True)
        y += row
    if chance.random() < 0.4:
        y = maker.tax_table(y + row, {float(rate): net}, {float(rate): total - net})
    maker.truth |= {
        "total_amount": f"{rounded:f}",
        "net_amount": f"{net:f}" if len(rows) > 1 and rows[0][1] == net else None,
    }
    maker.truth |= {
        "tax_amount": f"{total - net:f}" if maker.truth["net_amount"] else None,
        "customer_name": None,
    }
    maker.truth.pop("amount_due")
    page = Page(1, _WIDTH, y + 60, tuple(sheet.words), TextSource.OCR, "made")
    return MadeDocument([page], maker.truth)
