"""Whole columns of dates in the usual styles, read by a few passes of numpy over all rows.

Takes only what `core.dates.read_moment` would read alike; the rest is left to it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.text import flags, mask_of, octets_of

_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_SEPARATORS = np.frombuffer(b"-/.", np.uint8)
_EPOCH = {"excel-1900": -25_569, "excel-1904": -24_107}
#: `2024-02-20T08:00:00.000+01:00`: what follows the seconds says nothing that is kept.
_ZONED = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)? ?(?:Z|[+-]\d\d:?\d\d)?$"
_UNPADDED = r"^\d{1,2}([-/.]\d{1,2}[-/.])(?:\d{4}|\d\d)(?: \d{1,2}:\d\d(?::\d\d)?)?$"


def read_plain_dates(
    column: pa.Array, *, order: str | None, with_time: bool
) -> tuple[pa.Array, np.ndarray]:
    """Return the dates that are written in a usual style, as ISO 8601, and the mask of those rows.

    Args:
        column: Text; empty is no date.
        order: A `DateOrder`; without one only dates that begin with the year are taken.
        with_time: Whether to keep the time.
    """
    taken = np.zeros(len(column), bool)
    values = pa.nulls(len(column), pa.string())
    if order in _EPOCH:
        return _read_serials(column, _EPOCH[order], with_time=with_time)
    values = _read_widths(column, taken, values, order=order, with_time=with_time)
    others = [(_ZONED, _without_zone), (_UNPADDED, _padded)]
    for pattern, mended in others if order else others[:1]:
        rest = ~taken & mask_of(pc.greater(pc.binary_length(column), 0))
        if rest.any():
            rest &= mask_of(pc.match_substring_regex(column, pattern))
        if rest.any():
            texts = mended(_only(column, rest))
            values = _read_widths(texts, taken, values, order=order, with_time=with_time)
    return values, taken


def _only(column: pa.Array, mask: np.ndarray) -> pa.Array:
    return pc.if_else(flags(mask), column, pa.scalar(None, pa.string()))


def _without_zone(column: pa.Array) -> pa.Array:
    return pc.utf8_slice_codeunits(column, 0, 19)


def _padded(column: pa.Array) -> pa.Array:
    """Return dates whose day, month and hour have two digits."""
    return pc.replace_substring_regex(column, r"\b(\d)\b", r"0\1")


def _read_widths(
    column: pa.Array,
    taken: np.ndarray,
    values: pa.Array,
    *,
    order: str | None,
    with_time: bool,
) -> pa.Array:
    """Return `values` with the dates of 8, 10, 16 and 19 characters; mark them in `taken`."""
    widths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
    for width in (8, 10, 16, 19):
        mask = widths == width
        if not mask.any():
            continue
        texts = column if mask.all() else column.filter(flags(mask))
        octets = np.frombuffer(octets_of(texts), np.uint8).reshape(-1, width)
        iso, good = _iso(octets, order=order, with_time=with_time)
        if not good.any():
            continue
        read = _as_texts(iso, good)
        values = read if mask.all() else pc.replace_with_mask(values, flags(mask), read)
        taken[mask] |= good
    return values


def _as_texts(octets: np.ndarray, good: np.ndarray) -> pa.Array:
    """Return rows of equal width as text, null where they are not good."""
    count, width = octets.shape
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    texts = pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(octets.data))
    return texts if good.all() else _only(texts, good)


def _iso(
    octets: np.ndarray, *, order: str | None, with_time: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return ISO dates as characters, and which of them are on the calendar."""
    width = octets.shape[1]
    year, month, day, good = _date_parts(octets, order)
    good &= (year >= 1000) & (month >= 1) & (month <= 12) & (day >= 1)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    good &= day <= _DAYS[np.where(good, month, 0)] - ((month == 2) & ~leap)
    out = np.empty((len(octets), 19 if with_time else 10), np.uint8)
    for at, number in ((0, year // 100), (2, year % 100), (5, month), (8, day)):
        out[:, at] = number // 10 + 48
        out[:, at + 1] = number % 10 + 48
    out[:, 4] = out[:, 7] = ord("-")
    if with_time:
        out[:, 10:] = np.frombuffer(b"T00:00:00", np.uint8)
    if width > 10:
        good &= (octets[:, 10] == ord(" ")) | (octets[:, 10] == ord("T"))
        for at, limit in ((11, 24), (14, 60), (17, 60))[: (width - 10) // 3]:
            part, digits = _two(octets, at)
            good &= digits & (part < limit)
            if at > 11:
                good &= octets[:, at - 1] == ord(":")
        if with_time:
            out[:, 11:width] = octets[:, 11:]
    return out, good


def _date_parts(
    octets: np.ndarray, order: str | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return year, month, day, and which rows hold all three."""
    width = octets.shape[1]
    if width == 8 and not np.isin(octets[:, 2], _SEPARATORS).any():
        return _compact_parts(octets, order)
    year_first = (width != 8) & (octets[:, 4] == octets[:, 7]) & np.isin(octets[:, 4], _SEPARATORS)
    if year_first.all():
        return _parts(octets, (0, 2), 5, 8)
    first, second = (3, 0) if order == "mdy" else (0, 3)
    year_at = (None, 6) if width == 8 else (6, 8)
    year, month, day, good = _parts(octets, year_at, second, first)
    good &= (octets[:, 2] == octets[:, 5]) & np.isin(octets[:, 2], _SEPARATORS)
    good &= order is not None
    if year_first.any():
        others = _parts(octets, (0, 2), 5, 8)
        year, month, day, good = (
            np.where(year_first, theirs, ours)
            for ours, theirs in zip((year, month, day, good), others, strict=True)
        )
    return year, month, day, good


def _compact_parts(
    octets: np.ndarray, order: str | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the parts of `20240220`, and with an order of `20022024`; none may be both."""
    year, month, day, good = _parts(octets, (0, 2), 4, 6)
    good &= (year >= 1900) & (year < 2100) & (month <= 12)
    if order is None or good.all():
        return year, month, day, good
    first, second = (2, 0) if order == "mdy" else (0, 2)
    others = _parts(octets, (4, 6), second, first)
    others[3][:] &= (others[0] >= 1900) & (others[0] < 2100)
    parts = zip((year, month, day, good), others, strict=True)
    mixed = [np.where(good, ours, theirs) for ours, theirs in parts]
    return mixed[0], mixed[1], mixed[2], mixed[3]


def _parts(
    octets: np.ndarray, year_at: tuple[int | None, int], month_at: int, day_at: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    year, good = _two(octets, year_at[1])
    if year_at[0] is None:
        year = year + np.where(year < 70, 2000, 1900)
    else:
        century, digits = _two(octets, year_at[0])
        year, good = year + century * 100, good & digits
    month, digits = _two(octets, month_at)
    good &= digits
    day, digits = _two(octets, day_at)
    return year, month, day, good & digits


def _two(octets: np.ndarray, at: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of two digits at this place, and where there are two digits."""
    tens, ones = octets[:, at] - np.uint8(48), octets[:, at + 1] - np.uint8(48)
    return tens.astype(np.int16) * 10 + ones, (tens < 10) & (ones < 10)


def _read_serials(column: pa.Array, epoch: int, *, with_time: bool) -> tuple[pa.Array, np.ndarray]:
    """Return the days that whole serial numbers of Excel name."""
    taken = mask_of(pc.match_substring_regex(column, r"^[1-9][0-9]{2,6}$"))
    days = _only(column, taken).cast(pa.int32())
    taken &= mask_of(pc.less_equal(days, 2_958_465 if epoch == _EPOCH["excel-1900"] else 2_957_003))
    days = pc.add(pc.if_else(flags(taken), days, pa.scalar(None, pa.int32())), epoch)
    texts = days.cast(pa.int32()).cast(pa.date32()).cast(pa.string())
    if with_time:
        texts = pc.binary_join_element_wise(texts, "T00:00:00", "")
    return texts, taken
