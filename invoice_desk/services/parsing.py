"""Parse: how single texts are understood, to try before a whole column is cleaned."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from invoice_desk.core.amounts import amount_text, read_amount
from invoice_desk.core.dates import DateOrder, read_moment

_COMMA = frozenset({"fr", "de", "nl"})
_EPOCHS = {"excel-1900": dt.date(1899, 12, 30), "excel-1904": dt.date(1904, 1, 1)}


def parse_texts(texts: Sequence[str], *, kind: str, hint: str | None) -> list[str | None]:
    """Return plain decimals or ISO dates, None where a text is unreadable or ambiguous.

    Args:
        texts: One cell each.
        kind: `amount` or `date`.
        hint: `fr`, `de`, `nl`, `en-GB`, `en-US`, `excel-1900` or `excel-1904`.
    """
    read = _amount if kind == "amount" else _date
    return [read(text, hint) for text in texts]


def _amount(text: str, hint: str | None) -> str | None:
    mark = None if hint is None else ("," if hint in _COMMA else ".")
    amount = read_amount(text, decimal_mark=mark)
    if amount.value is None and mark is not None:
        amount = read_amount(text)  # a text that proves its own mark outweighs the hint
    return None if amount.value is None else amount_text(amount.value, digits=0)


def _date(text: str, hint: str | None) -> str | None:
    if hint in _EPOCHS and text.strip().isdigit():
        return (_EPOCHS[hint] + dt.timedelta(days=int(text))).isoformat()
    order = None
    if hint is not None:
        order = DateOrder.MONTH_FIRST if hint == "en-US" else DateOrder.DAY_FIRST
    moment = read_moment(text, order=order)
    if moment.value is None or moment.ambiguous:
        return None
    return moment.value.date().isoformat()
