"""An invoice as data, whichever XML it was written in; names are those of EN 16931's terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from invoice_desk.core.amounts import amount_text

#: Fields that are dates; in UBL they are ISO 8601, in CII eight digits.
DATES = frozenset(
    [
        *("issue_date", "due_date", "tax_point_date", "delivery_date", "period_start"),
        *("period_end", "preceding_invoice_date"),
    ]
)
#: Fields, and cells of lines, that are numbers with a dot, as XML writes them.
NUMBERS = frozenset(
    [
        *("lines_total", "allowances_total", "charges_total", "net_amount", "tax_amount"),
        *("total_amount", "amount_paid", "rounding", "amount_due", "vat_total", "amount", "base"),
        *("rate", "tax_rate", "quantity", "base_quantity", "unit_price", "gross_price"),
        *("discount", "allowances", "charges"),
    ]
)
#: Numbers that are no money.
_COUNTS = frozenset({"rate", "tax_rate", "quantity", "base_quantity"})
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?\d\d:?\d\d.*|Z|[+-]\d\d:\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class EInvoice:
    """What the XML says.

    Attributes:
        syntax: `CII`, `ZUGFeRD 1` or `UBL`.
        profile: The identifier of the specification that it claims to follow.
        fields: Canonical field → value; dates ISO 8601, amounts plain decimals.
        texts: Canonical field → text as it stands in the XML.
        taxes: One entry a tax rate: base, amount, tax_category, tax_rate, exemption_reason.
        adjustments: Allowances and charges of the whole document; `kind` tells which.
        lines: One entry a line.
        unreadable: Field and text of what is no date or number; it is left out of the rest.
    """

    syntax: str
    profile: str
    fields: dict[str, str]
    texts: dict[str, str]
    taxes: tuple[dict[str, str], ...] = ()
    adjustments: tuple[dict[str, str], ...] = ()
    lines: tuple[dict[str, str], ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


def made_invoice(
    syntax: str,
    profile: str,
    texts: Mapping[str, str],
    *,
    taxes: Iterable[Mapping[str, str]],
    adjustments: Iterable[Mapping[str, str]],
    lines: Iterable[Mapping[str, str]],
) -> EInvoice:
    """Return an invoice of the texts that stand in the XML."""
    bad: list[tuple[str, str]] = []
    return EInvoice(
        syntax,
        profile,
        fields=_values(texts, bad),
        texts=dict(texts),
        taxes=tuple(_values(each, bad, "tax") for each in taxes),
        adjustments=tuple(_values(each, bad, "allowance or charge") for each in adjustments),
        lines=tuple(_values(each, bad, f"line {n}") for n, each in enumerate(lines, start=1)),
        unreadable=tuple(bad),
    )


def number_of(text: str | None) -> Decimal | None:
    """Return the number that an XML decimal spells; None for nothing else."""
    if text is None or len(text) > 24 or not _NUMBER.fullmatch(text):
        return None
    return Decimal(text)


def day_of(text: str) -> date | None:
    """Return the day of `20240131`, `2024-01-31`, or either with a time or zone behind it."""
    match = _DAY.fullmatch(text)
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def _values(
    texts: Mapping[str, str], bad: list[tuple[str, str]], where: str = ""
) -> dict[str, str]:
    """Return plain values; what cannot be read goes to `bad`."""
    values = {}
    for name, text in texts.items():
        value = _plain(name, text)
        if value is None:
            bad.append((f"{where}, {name}" if where else name, text))
        elif value:
            values[name] = value
    return values


def _plain(name: str, text: str) -> str | None:
    if name in NUMBERS:
        number = number_of(text)
        digits = 0 if name in _COUNTS else 2
        return None if number is None else amount_text(number, digits=digits)
    if name in DATES:
        day = day_of(text)
        return None if day is None else day.isoformat()
    return text
