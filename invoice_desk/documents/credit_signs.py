"""Lines of a credit note without their minus: the code of the document says the direction.

EN 16931: a credit note (BT-3 = 381) has positive amounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from invoice_desk.documents.line_items import LineItem, LineReading, LineValue

#: What is below zero on all lines of a credit note that is written with a minus.
_SIGNED = ("quantity", "net_amount", "gross_amount", "tax_amount", "base", "amount")


def without_minus(found: LineReading) -> LineReading:
    """Return the lines and taxes with amounts above zero.

    They are left as they are where some lines are above zero: what such a line means depends on
    the others.
    """
    nets = [item.number("net_amount") for item in found.lines]
    if not nets or not all(net is not None and net <= 0 for net in nets):
        return found
    lines = tuple(LineItem(_turned(item.fields), item.confidence) for item in found.lines)
    taxes = tuple(_turned(tax) for tax in found.taxes)
    whole = found.lines_total
    return replace(found, lines=lines, taxes=taxes, lines_total=_positive(whole) if whole else None)


def _turned(fields: Mapping[str, LineValue]) -> dict[str, LineValue]:
    return {name: _positive(value) if name in _SIGNED else value for name, value in fields.items()}


def _positive(value: LineValue) -> LineValue:
    return replace(value, value=value.value.removeprefix("-"))
