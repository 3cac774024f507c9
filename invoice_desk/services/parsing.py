"""Parse: how single texts are understood, to try before a whole column is cleaned."""

from __future__ import annotations

import re
from collections.abc import Sequence

from invoice_desk.core.amounts import amount_text, read_amount
from invoice_desk.core.dates import DateOrder, read_moment
from invoice_desk.errors import ArgumentError

# Languages whose numbers have a decimal comma, by the CLDR, and those that have a point.
_COMMA = """az be bg bs ca cs da de el es et eu fi fr gl hr hu hy id is it ka kk lt lv mk nb nl nn
    no pl pt ro ru sk sl sq sr sv tr uk uz vi"""
_DOT = "en ga he hi ja ko ms mt ta th ur zh"
_MARKS = dict.fromkeys(_COMMA.split(), ",") | dict.fromkeys(_DOT.split(), ".")
# Countries that use both, and those of Latin America that have a point.
_BOTH = frozenset({"CH", "LI", "ZA"})
_SPANISH_POINT = frozenset({"MX", "PR", "US", "GT", "HN", "NI", "PA", "PE", "SV", "DO"})
# Languages that put the year or the month first, and countries that use two orders.
_NOT_DAY_FIRST = frozenset({"eu", "hu", "ja", "ko", "lt", "sv", "zh"})
_MONTH_FIRST = frozenset({"US"})
_TWO_ORDERS = frozenset({"CA", "PH", "ZA"})
_EXCEL = frozenset({DateOrder.EXCEL_1900, DateOrder.EXCEL_1904})


def parse_texts(texts: Sequence[str], *, kind: str, hint: str | None) -> list[str | None]:
    """Return plain decimals or ISO dates, None where a text is unreadable or ambiguous.

    Args:
        texts: One cell each.
        kind: `amount` or `date`.
        hint: A language tag such as `fr`, `de-CH` or `en-US`; `excel-1900` or `excel-1904`.

    Raises:
        ArgumentError: If the hint is neither.
    """
    if (
        hint is not None
        and hint not in _EXCEL
        and not re.fullmatch(r"[A-Za-z]{2,3}([-_]\w+)*", hint)
    ):
        raise ArgumentError(f"“{hint}” is no language tag. Give one like fr or en-US.")
    if kind == "amount":
        mark = _decimal_mark(hint)
        return [_amount(text, mark) for text in texts]
    order = _date_order(hint)
    return [_date(text, order) for text in texts]


def _language_and_country(hint: str | None) -> tuple[str, str]:
    if hint is None or hint in _EXCEL:
        return "", ""
    language, *others = re.split("[-_]", hint)
    country = next((part.upper() for part in reversed(others) if len(part) == 2), "")
    return language.lower(), country


def _decimal_mark(hint: str | None) -> str | None:
    language, country = _language_and_country(hint)
    if country in _BOTH:
        return None
    return "." if country in _SPANISH_POINT else _MARKS.get(language)


def _date_order(hint: str | None) -> DateOrder | None:
    if hint in _EXCEL:
        return DateOrder(hint)
    language, country = _language_and_country(hint)
    if country in _MONTH_FIRST:
        return DateOrder.MONTH_FIRST
    if not language or language in _NOT_DAY_FIRST or country in _TWO_ORDERS:
        return None
    is_open = language == "en" and not country
    return None if is_open else DateOrder.DAY_FIRST


def _amount(text: str, mark: str | None) -> str | None:
    amount = read_amount(text, decimal_mark=mark)
    if amount.value is None and mark is not None:
        amount = read_amount(text)  # a text that proves its own mark outweighs the hint
    return None if amount.value is None else amount_text(amount.value, digits=0)


def _date(text: str, order: DateOrder | None) -> str | None:
    moment = read_moment(text, order=order)
    if moment.value is None and order is not None:
        moment = read_moment(text)  # and so does a date that has one reading only
    if moment.value is None or moment.ambiguous:
        return None
    return moment.value.date().isoformat()
