"""Whole columns of amounts in the usual styles, read by a few passes of Arrow over all rows.

Takes only what `core.amounts.read_amount` would read alike; the rest is left to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.text import mask_of, octets_of, offsets_of

#: 18 digits are what a scaled 64-bit integer holds.
DIGITS = 18

_CURRENCY = r"(?:€|\$|£|EUR|USD|GBP|CHF|DZD|DA)"
#: What is written in several ways and means the same.
_SAME = {
    "\u2212": "-",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "\u2007": " ",
    "’": "'",
}
_TWO_READINGS = r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$"
_DIGITS = b"0123456789"
_NO_DIGITS = bytes(set(range(256)) - set(_DIGITS))
_NINES = bytes.maketrans(_DIGITS, b"9" * 10)
_IS_DIGIT = bytes(octet in _DIGITS for octet in range(256))


@dataclass(frozen=True, slots=True)
class _Shapes:
    """What texts look like once every digit is a nine; one entry a shape.

    Attributes:
        plain: Whether a text of this shape is an amount written in a usual style.
        plain_after_zero: The same for texts whose first digit is a zero.
        factors: What the digits, taken as one whole number, are to be multiplied by.
    """

    plain: np.ndarray
    plain_after_zero: np.ndarray
    factors: np.ndarray


def read_plain_amounts(
    column: pa.Array, *, decimal_mark: str | None, scale: int
) -> tuple[pa.Array, np.ndarray]:
    """Return the amounts that are written in a usual style, and the mask of those rows.

    Very many amounts have very few shapes: those are judged, and the digits read as numbers.

    Args:
        column: Text; empty is no amount.
        decimal_mark: `.` or `,`, None when it is not settled.
        scale: Digits kept after the mark.
    """
    kind = pa.decimal128(DIGITS, scale)
    octets = octets_of(column)
    digits = octets.translate(None, _NO_DIGITS)
    if not digits:
        return pa.nulls(len(column), kind), np.zeros(len(column), bool)
    offsets = offsets_of(column)
    encoded = _texts(octets.translate(_NINES), offsets).dictionary_encode()
    shapes = _judged(encoded.dictionary, decimal_mark, scale)
    shape = encoded.indices.to_numpy()
    ends = _counted_digits(octets)[offsets]
    first = np.frombuffer(digits, np.uint8)[np.minimum(ends[:-1], len(digits) - 1)]
    taken = np.where(first == ord("0"), shapes.plain_after_zero[shape], shapes.plain[shape])
    numbers = _texts(digits, ends, taken).cast(pa.int64()).fill_null(0).to_numpy()
    return _decimals(numbers * shapes.factors[shape], taken, kind), taken


def _judged(shapes: pa.Array, decimal_mark: str | None, scale: int) -> _Shapes:
    for text, same in _SAME.items():
        shapes = pc.replace_substring(shapes, text, same)
    after_zero = pc.replace_substring(shapes, "9", "0", max_replacements=1)
    mark = re.escape(decimal_mark or ".")
    fraction = pc.replace_substring_regex(shapes, rf"^[^{mark}]*{mark}?([0-9]*).*$", r"\1")
    missing = scale - np.minimum(pc.binary_length(fraction).to_numpy(), scale)
    minus = mask_of(pc.match_substring_regex(shapes, "[-(]"))
    return _Shapes(
        plain=_fits(shapes, decimal_mark, scale),
        plain_after_zero=_fits(after_zero, decimal_mark, scale),
        factors=np.where(minus, -1, 1) * np.int64(10) ** missing,
    )


def _fits(shapes: pa.Array, decimal_mark: str | None, scale: int) -> np.ndarray:
    fits = mask_of(pc.match_substring_regex(shapes, _pattern(decimal_mark, scale)))
    if decimal_mark is None and scale > 2:  # a lone dot before three digits has two readings
        fits &= ~mask_of(pc.match_substring_regex(shapes, _TWO_READINGS))
    return fits


def _counted_digits(octets: bytes) -> np.ndarray:
    """Return how many digits stand before each octet, and before the end."""
    counts = np.zeros(len(octets) + 1, np.int32)
    np.cumsum(np.frombuffer(octets.translate(_IS_DIGIT), np.uint8), out=counts[1:], dtype=np.int32)
    return counts


def _texts(octets: bytes, offsets: np.ndarray, held: np.ndarray | None = None) -> pa.Array:
    """Return the texts between offsets, null where they are not held."""
    bits = None if held is None else _bits(held)
    buffers = [bits, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(octets)]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)


def _decimals(scaled: np.ndarray, held: np.ndarray, kind: pa.DataType) -> pa.Array:
    """Return whole numbers of the smallest unit as decimals, null where they are not held."""
    halves = np.empty((len(scaled), 2), np.int64)
    halves[:, 0], halves[:, 1] = scaled, scaled >> 63
    return pa.Array.from_buffers(kind, len(scaled), [_bits(held), pa.py_buffer(halves)])


def _bits(mask: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(mask, bitorder="little").tobytes())


@lru_cache(maxsize=64)
def _pattern(decimal_mark: str | None, scale: int) -> str:
    """Return the pattern of what is plain: no padded whole number, no bare `27-`."""
    whole = DIGITS - scale
    mark = re.escape(decimal_mark or ".")
    fraction = rf"{mark}[0-9]{{1,{scale}}}" if scale else r"[^\s\S]"
    plain = rf"0|[1-9][0-9]{{0,{whole - 1}}}"
    sure = rf"[0-9]{{1,{whole}}}{fraction}"
    if decimal_mark is None:
        return rf"^-?(?:{plain}|{sure})$"
    groups = "|".join(
        rf"(?:{group}[0-9]{{3}}){{1,{(whole - 3) // 3}}}"
        for group in (" ", "'", r"\." if decimal_mark == "," else ",")
    )
    sure = rf"(?:{sure}|[1-9][0-9]{{0,2}}(?:{groups})(?:{fraction})?)"
    number = rf"(?:{plain}|{sure})"
    before, behind = rf"(?:{_CURRENCY} ?)?", rf"(?: ?{_CURRENCY})?"
    forms = (
        rf"(?:- ?)?{before}{number}{behind}",
        rf"{before}- ?{number}{behind}",
        rf"{before}{sure} ?-{behind}",
        rf"\( ?{before}{number}{behind} ?\)",
        rf"{before}\({number}\)",
    )
    return rf"^(?:{'|'.join(forms)})$"
