"""Dates and times: from the ways people write them to ISO 8601.

Whether a numeric date is day-first or month-first is decided by the whole column
(`date_order_of`); a date that stays open is read by the document type's order and said to be
ambiguous.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.amounts import ParsedColumn
from invoice_desk.core.text import flags, folded, mask_of


class DateOrder(StrEnum):
    """Which part of a numeric date comes first; year-first dates need no order."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan janvier janv januar janner",
            "february feb fevrier fevr fev februar",
            "march mar mars marz maerz mrz",
            "april apr avril avr",
            "may mai mei",
            "june jun juin juni",
            "july jul juillet juil juli",
            "august aug aout",
            "september sep sept septembre",
            "october oct octobre oktober okt",
            "november nov novembre",
            "december dec decembre dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}
_TIME = (
    r"(?:[T\s,]+(\d{1,2})[:hH](\d{2})(?:[:m](\d{2})(?:[.,]\d+)?)?"
    r"\s*([AaPp]\.?[Mm]\.?)?\s*(Z|[+-]\d{2}:?\d{2})?)?"
)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _TIME)
_NUMERIC = re.compile(r"(\d{1,2})\s?[-/.]\s?(\d{1,2})\s?[-/.]\s?(\d{4}|\d{2})" + _TIME)
_COMPACT = re.compile(r"(19\d{2}|20\d{2})(\d{2})(\d{2})()()()()()")
_NAMED = re.compile(
    r"(\d{1,2})(?:er|st|nd|rd|th|\.)?[\s\-/.]*(?:de\s+)?([^\W\d_]{3,10})\.?[\s\-/.,']*(\d{4}|\d{2})"
    + _TIME
)
_NAMED_MONTH_FIRST = re.compile(
    r"([^\W\d_]{3,10})\.?[\s\-]*(\d{1,2})(?:st|nd|rd|th)?[\s,\-]+(\d{4}|\d{2})" + _TIME
)
_ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
_ISO_TIME = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}$"


@dataclass(frozen=True, slots=True)
class Moment:
    """What one text says: a date with or without a time, and whether day and month may swap."""

    value: dt.datetime | None
    ambiguous: bool = False


def read_moment(text: str, *, order: DateOrder | None = None) -> Moment:
    """Return the date, and time if there is one, that `text` spells.

    Two-digit years up to 69 are of this century.  Without `order` a numeric date that could
    be either is read day-first and called ambiguous.
    """
    bare = " ".join(text.split())
    if match := _YEAR_FIRST.fullmatch(bare) or _COMPACT.fullmatch(bare):
        year, month, day, *time = match.groups()
        return Moment(_moment(year, int(month), day, time))
    if match := _NAMED.fullmatch(bare):
        day, name, year, *time = match.groups()
        return Moment(_moment(year, _MONTHS.get(folded(name)), day, time))
    if match := _NAMED_MONTH_FIRST.fullmatch(bare):
        name, day, year, *time = match.groups()
        return Moment(_moment(year, _MONTHS.get(folded(name)), day, time))
    if match := _NUMERIC.fullmatch(bare):
        first, second, year, *time = match.groups()
        swappable = int(first) <= 12 and int(second) <= 12 and first.zfill(2) != second.zfill(2)
        day, month = (second, first) if order is DateOrder.MONTH_FIRST else (first, second)
        return Moment(_moment(year, int(month), day, time), swappable and order is None)
    return Moment(None)


def _moment(year: str, month: int | None, day: str, time: list[str | None]) -> dt.datetime | None:
    if month is None:
        return None
    century = (2000 if int(year) < 70 else 1900) if len(year) == 2 else 0
    hour, minute, second = (int(part or 0) for part in time[:3])
    half = (time[3] or "").lower().replace(".", "")
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return dt.datetime(century + int(year), month, int(day), hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None


def date_order_of(texts: Iterable[str]) -> DateOrder | None:
    """Return the order that these texts prove, None when none does or both are used."""
    day_first = month_first = 0
    for text in texts:
        match = _NUMERIC.fullmatch(" ".join(text.split()))
        if match:
            first, second = int(match[1]), int(match[2])
            day_first += first > 12 >= second
            month_first += second > 12 >= first
    if day_first > 20 * month_first:
        return DateOrder.DAY_FIRST
    return DateOrder.MONTH_FIRST if month_first > 20 * day_first else None


def parse_dates(column: pa.Array, *, order: DateOrder | None, with_time: bool) -> ParsedColumn:
    """Return the dates of a column of text, as ISO 8601 text.

    Args:
        column: Text, trimmed; empty or null is no value.
        order: What `date_order_of` said of the whole column.
        with_time: Whether to keep the time (`2024-02-20T08:00:00`) or only the date.
    """
    iso = pc.match_substring_regex(column, _ISO_TIME if with_time else _ISO_DATE)
    fast = mask_of(iso)
    if fast.any():
        fast &= _is_on_calendar(column, fast, with_time=with_time)
    values = pc.if_else(flags(fast), column, pa.scalar(None, pa.string()))
    if with_time:
        values = pc.replace_substring(values, " ", "T")
    rest = ~fast & ~mask_of(pc.equal(pc.binary_length(pc.fill_null(column, "")), 0))
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


def _is_on_calendar(column: pa.Array, fast: np.ndarray, *, with_time: bool) -> np.ndarray:
    texts = pc.if_else(flags(fast), column, pa.scalar(None, pa.string()))
    if with_time:
        texts = pc.replace_substring(texts, "T", " ")
    pattern = "%Y-%m-%d %H:%M:%S" if with_time else "%Y-%m-%d"
    parsed = pc.strptime(texts, format=pattern, unit="s", error_is_null=True)
    # strptime takes 31 February for a day in March
    same = pc.equal(pc.day(parsed), pc.utf8_slice_codeunits(texts, 8, 10).cast(pa.int64()))
    return mask_of(same)


def _iso(moment: Moment, *, with_time: bool) -> str | None:
    if moment.value is None:
        return None
    return moment.value.isoformat() if with_time else moment.value.date().isoformat()
