"""Dates and times: from the ways people write them to ISO 8601.

Whether a numeric date is day-first or month-first is decided by the whole column
(`date_order_of`); a date that stays open is read day-first and said to be ambiguous.
What names no single day (ranges, months, quarters) is no date.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.amounts import ParsedColumn
from invoice_desk.core.date_columns import read_plain_dates
from invoice_desk.core.date_words import month_of, weekday_of
from invoice_desk.core.text import flags, mask_of, with_plain_digits


class DateOrder(StrEnum):
    """How the numeric dates of a column are written; year-first dates need no order.

    Which part comes first, or that they are serial numbers of Excel, counted from 1900 or 1904.
    """

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"
    EXCEL_1900 = "excel-1900"
    EXCEL_1904 = "excel-1904"


@dataclass(frozen=True, slots=True)
class Moment:
    """What one text says: a date with or without a time, and whether it has two readings."""

    value: dt.datetime | None
    ambiguous: bool = False


# Longer texts are prose.
_LONGEST = 70
_TIME = (
    r"(?:(?:T|[\s,]+(?i:(?:at|à|a|um|om|alle|ore|kl\.?|klo|,|-)\s+)?)"
    r"(?P<hour>\d{1,2})(?:\s?[:hH]\s?(?P<minute>\d{2})"
    r"(?:[:m](?P<second>\d{2})(?:[.,]\d+)?s?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"|\s*(?P<half_alone>[AaPp]\.?[Mm]\.?))"
    r"(?:\s*(?:Z|Uhr|h|[A-Z]{3,5}(?:[+-]\d{1,2}(?::?\d{2})?)?|(?:UTC\s?)?[+-]\d{2}:?\d{2}))?)?"
)
_DAY = r"(?P<day>\d{1,2})(?i:(?:er|[eè]re|ème|[eº°ª]|st|nd|rd|th)(?![^\W\d_])|\.)?"
_MONTH = r"(?P<month>[^\W\d_]{3,12})\.?"
_YEAR = r"(?P<year>\d{4}|['’]?\d{2})"
_OF = r"(?i:(?:of|de|del|di)\s+|d['’])?"
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})\s?([-/.])\s?(?P<month>\d{1,2})\s?\2\s?(?P<day>\d{1,2})\.?" + _TIME
)
_COMPACT = re.compile(
    r"(?P<year>19\d{2}|20\d{2})(?P<month>0\d|1[0-2])(?P<day>\d{2})"
    r"(?:[T ]?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?Z?)?"
)
_COMPACT_YEAR_LAST = re.compile(r"(?P<left>\d{2})(?P<right>\d{2})(?P<year>19\d{2}|20\d{2})")
_NUMERIC = re.compile(
    r"(?P<left>\d{1,2})\s?(?P<mark>[-/. ])\s?(?P<right>\d{1,2})\s?(?P=mark)\s?"
    r"(?P<year>\d{4}|(?<!\d )\d{2})\.?" + _TIME
)
_NAMED = (
    re.compile(_DAY + r"[\s\-/.,]*" + _OF + _MONTH + r"[\s\-/.,]*" + _OF + _YEAR + _TIME),
    re.compile(_MONTH + r"[\s,]*" + _DAY + r"[\s,]+(?P<year>\d{4})" + _TIME),
    re.compile(_MONTH + r"\s*" + _DAY + r"[/\s]" + _YEAR + _TIME),
    re.compile(_MONTH + r"\s?([-/.])\s?(?P<day>\d{1,2})\s?\2\s?" + _YEAR + _TIME),
    re.compile(r"(?P<year>\d{4})[\s\-/.,]*" + _MONTH + r"[\s\-/.,]*" + _DAY + _TIME),
    # as `date` and mail programs write it: Sep 15 19:17:44 +0100 2010
    re.compile(
        _MONTH + r"\s(?P<day>\d{1,2})\s(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})"
        r"(?:\s(?:[A-Z]{3,5}|[+-]\d{4}))?\s(?P<year>\d{4})"
    ),
)
_WORD = re.compile(r"\(?\b(?P<name>[^\W\d_]{2,12})\b\.?\)?,?")
_ARTICLE = re.compile(r"(?i:le|am|den|on|el|il|op|the)\s+(?=[^\W_])")
_SERIAL = re.compile(r"(?P<days>\d{1,7})(?:[.,]\d+)?")
_LAST_SERIAL = {DateOrder.EXCEL_1900: 2_958_465, DateOrder.EXCEL_1904: 2_957_003}
_CLEANED = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212"), "-"),
    **dict.fromkeys(map(ord, "\u200b\u200e\u200f\u061c\u2066\u2067\u2069\ufeff")),
    **{ord(sign): mark for sign, mark in zip("年月日／．", "//\u0020/.", strict=True)},
}


def read_moment(text: str, *, order: DateOrder | None = None) -> Moment:
    """Return the date, and time if there is one, that `text` spells.

    Two-digit years up to 69 are of this century.  Without `order` a numeric date that could
    be either is read day-first and called ambiguous, unless the day of the week settles it.
    """
    bare = " ".join(text.split())
    if not bare.isascii():
        cleaned = unicodedata.normalize("NFC", with_plain_digits(bare)).translate(_CLEANED)
        bare = " ".join(cleaned.split())
    if len(bare) > _LONGEST or not any(char.isdigit() for char in bare):
        return Moment(None)
    if order in _LAST_SERIAL:
        moment = _serial(bare, order)
        if moment.value is not None:
            return moment
        order = None
    bare = _ARTICLE.sub("", bare, count=1) if _ARTICLE.match(bare) else bare
    for word in _WORD.finditer(bare):
        weekday = weekday_of(word["name"])
        if weekday is not None:
            rest = " ".join(f"{bare[: word.start()]} {bare[word.end() :]}".split())
            moment = _on_weekday(rest, weekday, order)
            if moment.value is not None:
                return moment
    return _read(bare, order)


def two_readings(text: str) -> tuple[dt.date, dt.date] | None:
    """Return both readings of an ambiguous date: day-first, then month-first or year-first."""
    if not read_moment(text).ambiguous:
        return None
    first = read_moment(text, order=DateOrder.DAY_FIRST).value
    second = read_moment(text, order=DateOrder.MONTH_FIRST).value
    if second is None:
        second = _read_year_first(" ".join(text.split()))
    return None if first is None or second is None else (first.date(), second.date())


def _on_weekday(bare: str, weekday: int, order: DateOrder | None) -> Moment:
    """Return the reading of `bare` that falls on this day of the week, or none."""
    orders = (order,) if order else (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST)
    found = {_read(bare, each).value for each in orders} - {None}
    fitting = [value for value in found if value and value.weekday() == weekday]
    return Moment(fitting[0]) if len(fitting) == 1 else Moment(None)


def _read(bare: str, order: DateOrder | None) -> Moment:
    for pattern in (_YEAR_FIRST, _COMPACT):
        if match := pattern.fullmatch(bare):
            return Moment(_moment(match, int(match["month"]), match["day"]))
    if match := _NUMERIC.fullmatch(bare) or _COMPACT_YEAR_LAST.fullmatch(bare):
        return _numeric(bare, match, order)
    for pattern in _NAMED:
        if (match := pattern.fullmatch(bare)) and (month := month_of(match["month"])):
            return Moment(_moment(match, month, match["day"]))
    return Moment(None)


def _numeric(bare: str, match: re.Match[str], order: DateOrder | None) -> Moment:
    """Return the reading of a date in numbers; without an order the only one, or day-first."""
    first, second = match["left"], match["right"]
    if order is not None:
        day, month = (first, second) if order is DateOrder.DAY_FIRST else (second, first)
        return Moment(_moment(match, int(month), day))
    day_first = _moment(match, int(second), first)
    month_first = _moment(match, int(first), second)
    if day_first is None:
        return Moment(month_first)
    is_open = month_first is not None and month_first != day_first
    return Moment(day_first, ambiguous=is_open or _read_year_first(bare) is not None)


def _read_year_first(bare: str) -> dt.datetime | None:
    """Return the reading of `13-01-19` that begins with the year; only hyphens are so written."""
    match = re.fullmatch(r"(?P<year>\d{2})-(?P<month>\d{2})-(?P<day>\d{2})", bare)
    return _moment(match, int(match["month"]), match["day"]) if match else None


def _moment(match: re.Match[str], month: int, day: str) -> dt.datetime | None:
    parts = match.groupdict()
    digits = parts["year"].lstrip("'’")
    year = int(digits)
    if len(digits) == 2:
        year += 2000 if year < 70 else 1900
    if year < 1000:  # a slip of the pen
        return None
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    half = (parts.get("half") or parts.get("half_alone") or "").lower().replace(".", "")
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return dt.datetime(year, month, int(day), hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None


def _serial(bare: str, order: DateOrder) -> Moment:
    """Return the day that a serial number names; Excel's 29 February 1900 was none."""
    match = _SERIAL.fullmatch(bare)
    if match is None or int(match["days"]) > _LAST_SERIAL[order]:
        return Moment(None)
    days = int(match["days"])
    epoch = dt.datetime(1904, 1, 1)  # noqa: DTZ001
    if order is DateOrder.EXCEL_1900:
        if days in {0, 60}:
            return Moment(None)
        epoch = dt.datetime(1899, 12, 30 if days > 60 else 31)  # noqa: DTZ001
    part = Decimal("0." + (bare.replace(",", ".").partition(".")[2] or "0"))
    seconds = min(round(part * 86_400), 86_399)  # rounding makes no other day of it
    return Moment(epoch + dt.timedelta(days=days, seconds=seconds))


def date_order_of(texts: Iterable[str]) -> DateOrder | None:
    """Return the order that these texts prove, None when none does or both are used.

    Of serial numbers it can only be told that they are some; they are then taken to count
    from 1900, as nearly all do.
    """
    known = [" ".join(text.split()) for text in texts]
    day_first = month_first = 0
    for text in known:
        match = _NUMERIC.fullmatch(text) or _COMPACT_YEAR_LAST.fullmatch(text)
        if match:
            first, second = int(match["left"]), int(match["right"])
            day_first += 31 >= first > 12 >= second
            month_first += 31 >= second > 12 >= first
    if day_first > 20 * month_first:
        return DateOrder.DAY_FIRST
    if month_first > 20 * day_first:
        return DateOrder.MONTH_FIRST
    is_silent = day_first == month_first == 0
    return DateOrder.EXCEL_1900 if is_silent and looks_like_serials(known) else None


def looks_like_serials(texts: Iterable[str]) -> bool:
    """Return whether nearly all texts of a column of dates are serial numbers of Excel.

    From 20000 (1954) to 60000 (2064); of the others at most one in twenty.
    """
    filled = [text.strip() for text in texts if text.strip()]
    found = 0
    for text in filled:
        match = _SERIAL.fullmatch(text)
        found += match is not None and 20_000 <= int(match["days"]) <= 60_000
    return found > 0 and found * 20 >= len(filled) * 19


def parse_dates(column: pa.Array, *, order: DateOrder | None, with_time: bool) -> ParsedColumn:
    """Return the dates of a column of text, as ISO 8601 text.

    Args:
        column: Text, trimmed; empty or null is no value.
        order: What `date_order_of` said of the whole column.
        with_time: Whether to keep the time (`2024-02-20T08:00:00`) or only the date.
    """
    values, plain = read_plain_dates(column, order=order, with_time=with_time)
    rest = ~plain & mask_of(pc.greater(pc.binary_length(column), 0))
    unreadable, ambiguous = np.zeros(len(column), bool), np.zeros(len(column), bool)
    if rest.any():
        encoded = pc.dictionary_encode(column.filter(flags(rest)))
        moments = [read_moment(text, order=order) for text in encoded.dictionary.to_pylist()]
        texts = pa.array([_iso(moment, with_time=with_time) for moment in moments], pa.string())
        values = pc.replace_with_mask(values, flags(rest), texts.take(encoded.indices))
        indices = encoded.indices.to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(rest)
        unreadable[rows] = np.array([m.value is None for m in moments])[indices]
        ambiguous[rows] = np.array([m.ambiguous for m in moments])[indices]
    none = np.zeros(len(column), bool)
    return ParsedColumn(values, flags(unreadable), flags(ambiguous), flags(none))


def _iso(moment: Moment, *, with_time: bool) -> str | None:
    if moment.value is None:
        return None
    return moment.value.isoformat() if with_time else moment.value.date().isoformat()
