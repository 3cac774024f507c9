"""Amounts: from the ways people write them to exact decimals.

Which of comma and dot is the decimal mark is decided by the whole column (`decimal_mark_of`);
a text that stays open is ambiguous, never guessed, and what may as well be a code, a phone number
or the rest of a range is no amount.  Nothing here knows `float`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.amount_columns import DIGITS, read_plain_amounts
from invoice_desk.core.currencies import SIGNS, is_abbreviation, is_currency, is_rupee
from invoice_desk.core.text import flags, mask_of, with_plain_digits

# Longer texts are prose.
_LONGEST = 60
_BLANKS = " \t\r\n\v\f\u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f"
_GROUPED = re.compile(r"[1-9][0-9]{0,2}([ '])[0-9]{3}(?:\1[0-9]{3})*(?:[.,][0-9]*)?")
_NUMBER = re.compile(
    r"(?P<front>(?:[^0-9.,]|(?<=[^\W\d_]|/)\.)*)"
    r"(?P<digits>[.,]?[0-9](?:[0-9.,' ]*[0-9])?[.,]?)"
    r"(?P<back>[^0-9]*)"
)
# `12,-` and `12.--` are round amounts; `1939/-` is how rupees are closed.
_ROUND = re.compile(r"(?<=[0-9])([.,])--?(?![0-9])")
_CLOSED = re.compile(r"(?<=[0-9])/-(?![0-9])")
_TOKEN = re.compile(
    rf" +|[-+()]|F ?CFA\b|[A-Za-z]{{0,2}}\$|[{re.escape(SIGNS)}]"
    r"|[^\W\d_]+(?:\.[^\W\d_]+)*(?:/\.?|\.)?"
)
_SAME: dict[int, str | None] = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"), "-"),
    **dict.fromkeys(map(ord, "’‘´`\u066c"), "'"),
    **dict.fromkeys(map(ord, _BLANKS), " "),
    **dict.fromkeys(map(ord, "\u200b\u200e\u200f\u061c\u2066\u2067\u2069\ufeff")),
    **{ord(wide): narrow for wide, narrow in zip("．，（）\u066b", ".,(),", strict=True)},
}


@dataclass(frozen=True, slots=True)
class Amount:
    """What one text says: a value, or nothing, or two readings."""

    value: Decimal | None
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class ParsedColumn:
    """A column of values and what could not be read of it.

    Attributes:
        values: Typed values; null where the text is empty or could not be read.
        unreadable: Rows whose text is no such value.
        ambiguous: Rows whose text has two readings.
        inexact: Rows whose value has more digits than the column keeps.
    """

    values: pa.Array
    unreadable: pa.Array
    ambiguous: pa.Array
    inexact: pa.Array


@dataclass(frozen=True, slots=True)
class _Dress:
    """What stands around the digits of an amount.

    Attributes:
        sign: `-` or `+`; `(` for parentheses; empty where there is none.
        is_behind: Whether the sign stands behind the digits.
        is_credit: Whether `CR` stands behind them.
        currency: Signs and names of currencies.
    """

    sign: str = ""
    is_behind: bool = False
    is_credit: bool = False
    currency: tuple[str, ...] = ()


def read_amount(text: str, *, decimal_mark: str | None = None) -> Amount:
    """Return the amount that `text` spells.

    A minus in front, behind or between sign and number, parentheses, and `CR` (a credit, on a
    bill) make it negative.  One mark followed by exactly three digits (`1.234`) is ambiguous
    without `decimal_mark`.

    Args:
        text: One cell.
        decimal_mark: `.` or `,` when the column has settled it.
    """
    parts = _taken_apart(text)
    if parts is None:
        return Amount(None)
    digits, dress = parts
    return _with_marks(digits, decimal_mark, negative=dress.sign in {"-", "("} or dress.is_credit)


def two_readings(text: str) -> tuple[Decimal, Decimal] | None:
    """Return both readings of an ambiguous amount, the one with decimals first."""
    if not read_amount(text).ambiguous:
        return None
    mark, other = (",", ".") if "," in text else (".", ",")
    first = read_amount(text, decimal_mark=mark).value
    second = read_amount(text, decimal_mark=other).value
    return None if first is None or second is None else (first, second)


@lru_cache(maxsize=8192)
def _taken_apart(text: str) -> tuple[str, _Dress] | None:
    """Return digits and marks without blanks, and their dress; None where it is no amount."""
    if len(text) > _LONGEST:
        return None
    bare = (text if text.isascii() else with_plain_digits(text).translate(_SAME)).strip()
    if "-" in bare:
        bare = _CLOSED.sub(".00", _ROUND.sub(r"\g<1>00", bare))
    match = _NUMBER.fullmatch(bare)
    if match is None:
        return None
    front, digits, back = match.groups()
    dress = _dress(front, back) if front or back else _Dress()
    if dress is None:
        return None
    packed = digits.replace(" ", "").replace("'", "")
    is_grouped = packed != digits
    if is_grouped and not _GROUPED.fullmatch(digits):
        return None
    return (packed, dress) if _is_no_code(packed, dress, is_grouped=is_grouped) else None


def _is_no_code(digits: str, dress: _Dress, *, is_grouped: bool) -> bool:
    """Return whether this is an amount, and not a code, a phone number or the rest of a range.

    Nobody pads whole amounts with zeros (`0612345678`), or puts a plus before groups of blanks
    (`+33 612 345 678`); a bare whole number before a sign (`27-`, `500+`) is part of a range.  `Cr`
    behind whole numbers, or rupees, may be crores.
    """
    has_mark = "." in digits or "," in digits
    if dress.is_credit and (not has_mark or any(map(is_rupee, dress.currency))):
        return False
    if has_mark or dress.currency:
        return True
    if len(digits) > 1 and digits[0] == "0" and digits.strip("0"):
        return False
    return not (dress.sign == "+" if is_grouped else dress.is_behind)


@lru_cache(maxsize=4096)  # the cells of a column are dressed alike
def _dress(front: str, back: str) -> _Dress | None:
    """Return what these texts before and behind the digits mean, None where it is nothing known."""
    before, behind = _TOKEN.findall(front), _TOKEN.findall(back)
    if "".join(before) != front or "".join(behind) != back:
        return None
    if before and before[-1].endswith(".") and not is_abbreviation(before[-1]):
        return None
    sides = [[part for part in side if part.strip()] for side in (before, behind)]
    signs = [[part for part in side if part in "+-()"] for side in sides]
    words = [[part for part in side if part not in "+-()"] for side in sides]
    credit = [part for part in words[1] if part.rstrip(".").casefold() in {"cr", "dr"}]
    named = [part for side in words for part in side if part not in credit]
    sign = "".join((*signs[0], "|" if ")" in signs[1] else "", *signs[1]))
    if sign not in _KNOWN_SIGNS or len(credit) > 1 or (credit and sign):
        return None
    if any(len(side) > 1 + len(credit) for side in words) or not all(map(is_currency, named)):
        return None
    return _Dress(
        sign=_KNOWN_SIGNS[sign],
        is_behind=bool(signs[1]) and sign in {"+", "-"},
        is_credit=any(part.casefold().startswith("c") for part in credit),
        currency=tuple(named),
    )


# Minus in parentheses is minus once, as some programs write it.
_KNOWN_SIGNS = {"": "", "+": "+", "-": "-", "(|)": "(", "(-|)": "("}


def _with_marks(digits: str, decimal_mark: str | None, *, negative: bool) -> Amount:
    comma, dot = digits.count(","), digits.count(".")
    if not comma and not dot:
        return _decimal(digits, ".", negative=negative)
    if comma and dot:
        decimal = "," if digits.rfind(",") > digits.rfind(".") else "."
        fits = decimal_mark in {None, decimal} and digits.count(decimal) == 1
        return _decimal(digits, decimal, negative=negative) if fits else Amount(None)
    mark, other = (",", ".") if comma else (".", ",")
    if comma + dot > 1:  # a mark that is repeated groups digits
        fits = decimal_mark != mark
        return _decimal(digits, other, negative=negative) if fits else Amount(None)
    if decimal_mark is None and _may_group(digits, mark):
        return Amount(None, ambiguous=True)
    return _decimal(digits, decimal_mark or mark, negative=negative)


def _may_group(digits: str, mark: str) -> bool:
    """Return whether the only mark in `digits` may group them: it stands before three."""
    head, _, tail = digits.partition(mark)
    return len(tail) == 3 and 1 <= len(head) <= 3 and head[0] != "0"


def _decimal(digits: str, mark: str, *, negative: bool) -> Amount:
    whole, _, fraction = digits.partition(mark)
    group = "." if mark == "," else ","
    if group in fraction or not _well_grouped(whole, group):
        return Amount(None)
    value = Decimal(f"{whole.replace(group, '') or '0'}.{fraction or '0'}")
    return Amount(value.copy_negate() if negative and value else value)


def _well_grouped(whole: str, group: str) -> bool:
    """Return whether the groups have three digits, or two as in Indian figures before the last."""
    first, *others = whole.split(group)
    if not others:
        return True
    if not 1 <= len(first) <= 3 or first[0] == "0" or len(others[-1]) != 3:
        return False
    middle = {len(part) for part in others[:-1]}
    return middle <= {3} or (group == "," and len(first) <= 2 and middle == {2})


def decimal_mark_of(texts: Iterable[str]) -> str | None:
    """Return the decimal mark that these texts prove, None when none does or both are used.

    An amount proves a mark when it has both, when its mark cannot group digits, or when it
    repeats a mark (then that one groups).
    """
    proofs = {".": 0, ",": 0}
    for text, count in Counter(texts).items():
        parts = _taken_apart(text)
        proof = parts and _proof(parts[0])
        if proof:
            proofs[proof] += count
    best = max(proofs, key=lambda mark: proofs[mark])
    other = "." if best == "," else ","
    return best if proofs[best] > 20 * proofs[other] else None


def _proof(digits: str) -> str | None:
    """Return the decimal mark that these digits prove."""
    comma, dot = digits.count(","), digits.count(".")
    if not comma and not dot:
        return None
    proved = "," if digits.rfind(",") > digits.rfind(".") else "."
    if not (comma and dot) and comma + dot > 1:
        proved = "." if comma else ","
    elif comma + dot == 1 and (digits[-1] in ".," or _may_group(digits, proved)):
        return None
    return proved if _with_marks(digits, proved, negative=False).value is not None else None


def parse_amounts(column: pa.Array, *, decimal_mark: str | None, scale: int) -> ParsedColumn:
    """Return the amounts of a column of text, exact to `scale` digits after the mark.

    Args:
        column: Text, trimmed; empty or null is no value.
        decimal_mark: What `decimal_mark_of` said of the whole column.
        scale: Digits kept; a value with more is `inexact`, and null.
    """
    values, plain = read_plain_amounts(column, decimal_mark=decimal_mark, scale=scale)
    rest = ~plain & mask_of(pc.greater(pc.binary_length(column), 0))
    masks = {name: np.zeros(len(column), bool) for name in ("unreadable", "ambiguous", "inexact")}
    if rest.any():
        values = _read_rest(
            column, rest, values=values, decimal_mark=decimal_mark, scale=scale, masks=masks
        )
    return ParsedColumn(values, *(flags(mask) for mask in masks.values()))


def _read_rest(
    column: pa.Array,
    rest: np.ndarray,
    *,
    values: pa.Array,
    decimal_mark: str | None,
    scale: int,
    masks: dict[str, np.ndarray],
) -> pa.Array:
    """Read what is not plain, each distinct text once."""
    encoded = pc.dictionary_encode(column.filter(flags(rest)))
    quantum = Decimal(1).scaleb(-scale)
    limit = Decimal(10) ** (DIGITS - scale)
    readings: list[Decimal | None] = []
    verdicts: list[str] = []
    for text in encoded.dictionary.to_pylist():
        amount = read_amount(text, decimal_mark=decimal_mark)
        value = amount.value
        if value is None:
            verdicts.append("ambiguous" if amount.ambiguous else "unreadable")
        elif abs(value) >= limit or value != value.quantize(quantum):
            value = None
            verdicts.append("inexact")
        else:
            value = value.quantize(quantum)
            verdicts.append("")
        readings.append(value)
    rows = np.flatnonzero(rest)
    indices = encoded.indices.to_numpy(zero_copy_only=False)
    found = np.array(verdicts, dtype=object)[indices]
    for name, mask in masks.items():
        mask[rows[found == name]] = True
    read = pa.array(readings, values.type).take(encoded.indices)
    return pc.replace_with_mask(values, flags(rest), read)


def scaled_integers(values: pa.Array) -> pa.Array:
    """Return a decimal128 column as the integers that SQLite stores, exact, null kept."""
    if len(values) == 0:
        return pa.array([], pa.int64())
    low = np.frombuffer(values.buffers()[1], np.int64)[2 * values.offset :: 2][: len(values)]
    return pa.array(low, mask=mask_of(values.is_null()))


def amount_text(value: Decimal, *, digits: int) -> str:
    """Return `value` as plain text with at least `digits` after the dot, none lost."""
    text = f"{value:f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(digits, "0")
    return f"{whole}.{fraction}" if fraction else whole
