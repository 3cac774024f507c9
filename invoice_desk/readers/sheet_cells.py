"""Cells of a sheet as the texts that a person sees, whole columns at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import compress
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.text import flags, mask_of

#: Excel keeps 15 digits of a number; what its text has beyond is noise.
_EXACT = 10**15
# Columns shorter than this are not worth sorting by type.
_FEW = 64


def text_columns(cells: Sequence[Sequence[Any]]) -> list[pa.Array]:
    """Return the columns of rows of equal length as text, without nulls."""
    width = len(cells[0]) if cells else 0
    return [text_column(list(map(itemgetter(i), cells))) for i in range(width)]


def text_column(values: Sequence[Any]) -> pa.Array:
    """Return `cell_text` of each value; the values of one type are converted together."""
    kinds = list(set(map(type, values)))
    if kinds == [str]:
        return pa.array(values, pa.string())
    if len(values) < _FEW:
        return pa.array(list(map(cell_text, values)), pa.string())
    if len(kinds) == 1:
        return _texts(kinds[0], values)
    number_of = {kind: number for number, kind in enumerate(kinds)}
    numbers = np.fromiter(map(number_of.__getitem__, map(type, values)), np.uint8, len(values))
    texts = pa.nulls(len(values), pa.string())
    for number, kind in enumerate(kinds):
        mask = numbers == number
        texts = pc.replace_with_mask(texts, flags(mask), _texts(kind, list(compress(values, mask))))
    return texts


def cell_text(value: Any) -> str:
    """Return a cell's value as text: whole numbers without `.0`, dates as ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else _number(value)
    if isinstance(value, (dt.datetime, dt.time, dt.timedelta)):
        return _time_text(value)
    return "" if value is None else str(value)


def _time_text(value: dt.datetime | dt.time | dt.timedelta) -> str:
    """Return a time to the second; a moment at midnight is a date."""
    if isinstance(value, dt.time):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dt.timedelta):
        seconds = round(abs(value).total_seconds())
        sign = "-" if value < dt.timedelta(0) else ""
        return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    rounded = (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
    midnight = rounded.time() == dt.time(0)
    return rounded.date().isoformat() if midnight else rounded.isoformat(sep=" ")


def _number(value: float) -> str:
    """Return 15 significant digits, as Excel shows, without an exponent where it can be."""
    text = f"{value:.15g}"
    if "e" in text and 1e-12 < abs(value) < 1e21:
        return f"{Decimal(text):f}"
    return text


def _texts(kind: type, values: Sequence[Any]) -> pa.Array:
    """Return the texts of values that are all of this type."""
    convert = _CONVERTERS.get(kind)
    if convert is not None:
        return convert(values)
    return pa.array(list(map(cell_text, values)), pa.string())


def _float_texts(values: Sequence[float]) -> pa.Array:
    numbers = np.array(values, np.float64)
    whole = (np.floor(numbers) == numbers) & (np.abs(numbers) < _EXACT)
    if whole.all():
        return pa.array(numbers.astype(np.int64)).cast(pa.string())
    # The shortest text that gives the number back has more digits than 15 only by noise.
    texts = pa.array(numbers).cast(pa.string())
    long = pc.or_(pc.greater(pc.binary_length(texts), 16), pc.match_substring_regex(texts, "[ein]"))
    odd = ~whole & mask_of(long)
    if odd.any():
        read = pa.array([_number(value) for value in numbers[odd].tolist()], pa.string())
        texts = pc.replace_with_mask(texts, flags(odd), read)
    if not whole.any():
        return texts
    integers = pa.array(numbers[whole].astype(np.int64)).cast(pa.string())
    return pc.replace_with_mask(texts, flags(whole), integers)


def _moment_texts(values: Sequence[dt.datetime]) -> pa.Array:
    micros = pa.array(values, pa.timestamp("us")).cast(pa.int64()).to_numpy()
    seconds = (micros + 500_000) // 1_000_000
    texts = pa.array(seconds).cast(pa.timestamp("s")).cast(pa.string())
    midnight = flags(seconds % 86_400 == 0)
    return pc.if_else(midnight, pc.utf8_slice_codeunits(texts, 0, 10), texts)


def _date_texts(values: Sequence[dt.date]) -> pa.Array:
    return pa.array(values, pa.date32()).cast(pa.string())


_CONVERTERS: dict[type, Callable[[Sequence[Any]], pa.Array]] = {
    str: lambda values: pa.array(values, pa.string()),
    float: _float_texts,
    dt.datetime: _moment_texts,
    dt.date: _date_texts,
}
