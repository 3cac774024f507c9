"""Whole columns of amounts in the usual styles, read by a few passes of Arrow over all rows.

Takes only what `core.amounts.read_amount` would read alike; the rest is left to it.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.text import flags, mask_of, octets_of

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


def read_plain_amounts(
    column: pa.Array, *, decimal_mark: str | None, scale: int
) -> tuple[pa.Array, np.ndarray]:
    """Return the amounts that are written in a usual style, and the mask of those rows.

    Args:
        column: Text; empty is no amount.
        decimal_mark: `.` or `,`, None when it is not settled.
        scale: Digits kept after the mark.
    """
    kind = pa.decimal128(DIGITS, scale)
    filled = mask_of(pc.greater(pc.binary_length(column), 0))
    octets = octets_of(column)
    bare = octets.translate(None, b"0123456789-")
    # Two decimals at most are no group of three, whatever the mark is.
    mark = "." if decimal_mark is None and scale < 3 else decimal_mark
    if not bare or (mark and not bare.strip(mark.encode())):
        values = _cast_at_once(_only(column, filled), kind, mark)
        if values is not None:
            return values, filled
    for text, same in _SAME.items():
        if text.encode() in octets:
            column = pc.replace_substring(column, text, same)
    pattern = _pattern(decimal_mark, scale)
    taken = filled & mask_of(pc.match_substring_regex(column, pattern))
    if decimal_mark is None and scale > 2:  # a lone dot before three digits has two readings
        taken &= ~mask_of(pc.match_substring_regex(column, r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$"))
    return _values(_only(column, taken), kind, decimal_mark or "."), taken


def _only(column: pa.Array, mask: np.ndarray) -> pa.Array:
    return column if mask.all() else pc.if_else(flags(mask), column, pa.scalar(None, pa.string()))


def _cast_at_once(column: pa.Array, kind: pa.DataType, mark: str | None) -> pa.Array | None:
    """Return digits, marks and minuses as amounts; None where one of them is not that plain."""
    zeros = column.filter(pc.or_(pc.starts_with(column, "0"), pc.starts_with(column, "-0")))
    if pc.any(pc.match_substring_regex(zeros, r"^-?0[0-9]*[1-9][0-9]*$")).as_py():
        return None
    if mark == ",":
        column = pc.replace_substring(column, ",", ".")
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        return None


def _values(column: pa.Array, kind: pa.DataType, mark: str) -> pa.Array:
    """Return the amounts of texts that fit the pattern."""
    octets = octets_of(column)
    dress = octets.translate(None, b"0123456789" + mark.encode())
    bare = column
    if dress.strip(b"-() ,.'"):  # a currency
        bare = pc.replace_substring_regex(column, rf"[^0-9{mark}]+", "")
    else:
        for char in sorted(set(dress.decode())):
            bare = pc.replace_substring(bare, char, "")
    if mark == "," and b"," in octets:
        bare = pc.replace_substring(bare, ",", ".")
    values = bare.cast(kind)
    for sign in "-(":
        if sign.encode() in dress:
            negative = pc.match_substring(column, sign)
            values = pc.if_else(negative, pc.negate(values), values)
    return values


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
