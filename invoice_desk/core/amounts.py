"""Amounts: from the ways people write them to exact decimals.

Which of comma and dot is the decimal mark is decided by the whole column (`decimal_mark_of`);
a text that stays open is ambiguous, never guessed.  Nothing here knows `float`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.text import flags, mask_of

#: 18 digits are what a scaled 64-bit integer holds.
DIGITS = 18

_SPACES = "\u0020\u00a0\u202f\u2009\u2007\t"
_CURRENCY = re.compile(r"(?:€|\$|£|¥|DZD|EUR|USD|GBP|CHF|MAD|TND|DA|د\.ج)\.?", re.IGNORECASE)
_SHAPE = re.compile(r"[0-9][0-9.,'’]*|[.,][0-9]+")
_GROUPED_SPACES = re.compile(rf"[0-9]{{1,3}}(?:[{_SPACES}'’][0-9]{{3}})+(?:[.,][0-9]*)?")
_PLAIN = {
    ".": r"^-?[0-9]{{1,{whole}}}(\.[0-9]{{1,{scale}}})?$",
    ",": r"^-?([0-9]{{1,{whole}}}|[0-9]{{1,3}}([ \x{{A0}}\x{{202F}}][0-9]{{3}}){{1,3}})"
    r"(,[0-9]{{1,{scale}}})?$",
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


def read_amount(text: str, *, decimal_mark: str | None = None) -> Amount:
    """Return the amount that `text` spells.

    A minus in front, behind or between sign and number, and parentheses, make it negative.
    One mark followed by exactly three digits (`1.234`) is ambiguous without `decimal_mark`.

    Args:
        text: One cell.
        decimal_mark: `.` or `,` when the column has settled it.
    """
    bare = _CURRENCY.sub("", text.replace("\u2212", "-").replace("–", "-")).strip(_SPACES + "\r\n")
    negative = False
    if bare.startswith("(") and bare.endswith(")"):
        bare, negative = bare[1:-1].strip(_SPACES), True
    for mark in ("-", "+"):
        if bare.startswith(mark) or bare.endswith(mark):
            negative = negative or mark == "-"
            bare = (bare[1:] if bare.startswith(mark) else bare[:-1]).strip(_SPACES)
            break
    digits = _ungrouped(bare)
    if digits is None or not _SHAPE.fullmatch(digits):
        return Amount(None)
    return _with_marks(digits, decimal_mark, negative=negative)


def _ungrouped(bare: str) -> str | None:
    """Return `bare` without blanks between groups of three, None where a blank stands elsewhere."""
    if not any(c in bare for c in _SPACES + "'’"):
        return bare
    if not _GROUPED_SPACES.fullmatch(bare):
        return None
    return re.sub(rf"[{_SPACES}'’]", "", bare)


def _with_marks(digits: str, decimal_mark: str | None, *, negative: bool) -> Amount:
    comma, dot = digits.count(","), digits.count(".")
    if not comma and not dot:
        return _decimal(digits, ".", negative=negative)
    if comma and dot:
        decimal = "," if digits.rfind(",") > digits.rfind(".") else "."
        fits = decimal_mark in {None, decimal} and digits.count(decimal) == 1
        return _decimal(digits, decimal, negative=negative) if fits else Amount(None)
    mark, other = (",", ".") if comma else (".", ",")
    if digits.count(mark) > 1:  # a mark that is repeated groups digits
        fits = decimal_mark != mark
        return _decimal(digits, other, negative=negative) if fits else Amount(None)
    head, _, tail = digits.partition(mark)
    if decimal_mark is None and len(tail) == 3 and len(head) <= 3 and head.lstrip("0"):
        return Amount(None, ambiguous=True)
    return _decimal(digits, decimal_mark or mark, negative=negative)


def _decimal(digits: str, mark: str, *, negative: bool) -> Amount:
    whole, _, fraction = digits.partition(mark)
    group = "." if mark == "," else ","
    if group in fraction or not _well_grouped(whole, group):
        return Amount(None)
    bare = whole.replace(group, "").replace("'", "").replace("’", "")
    value = Decimal(f"{bare or '0'}.{fraction or '0'}")
    return Amount(-value if negative else value)


def _well_grouped(whole: str, group: str) -> bool:
    """Return whether the groups have three digits, or two as in Indian figures before the last."""
    parts = whole.split(group)
    if len(parts) == 1:
        return True
    middle = parts[1:-1]
    if not 1 <= len(parts[0]) <= 3 or len(parts[-1]) != 3:
        return False
    return all(len(p) == 3 for p in middle) or (
        len(parts[0]) <= 2 and all(len(p) == 2 for p in middle)
    )


def decimal_mark_of(texts: Iterable[str]) -> str | None:
    """Return the decimal mark that these texts prove, None when none does or both are used.

    A text proves a mark when it has both marks, when one mark stands before one, two or four
    and more digits, or when it repeats a mark (then that one groups).
    """
    proofs = {".": 0, ",": 0}
    for text in texts:
        digits = re.sub(r"[^0-9.,]", "", text)
        comma, dot = digits.count(","), digits.count(".")
        if comma and dot:
            proofs["," if digits.rfind(",") > digits.rfind(".") else "."] += 1
        elif comma > 1 or dot > 1:
            proofs["." if comma > 1 else ","] += 1
        elif (comma or dot) and len(re.split(r"[.,]", digits)[1]) not in {0, 3}:
            proofs["," if comma else "."] += 1
    best = max(proofs, key=lambda mark: proofs[mark])
    other = "." if best == "," else ","
    return best if proofs[best] > 20 * proofs[other] else None


def parse_amounts(column: pa.Array, *, decimal_mark: str | None, scale: int) -> ParsedColumn:
    """Return the amounts of a column of text, exact to `scale` digits after the mark.

    Args:
        column: Text, trimmed; empty or null is no value.
        decimal_mark: What `decimal_mark_of` said of the whole column.
        scale: Digits kept; a value with more is `inexact`, and null.
    """
    kind = pa.decimal128(DIGITS, scale)
    whole = DIGITS - scale
    plain = pc.match_substring_regex(
        column, _PLAIN[decimal_mark or "."].format(whole=whole, scale=max(scale, 1))
    )
    if decimal_mark is None:  # a lone dot before three digits has two readings
        plain = pc.and_not(
            plain, pc.match_substring_regex(column, r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$")
        )
    fast = mask_of(plain)
    simple = pc.if_else(flags(fast), column, pa.scalar(None, pa.string()))
    if decimal_mark == ",":
        for blank in (" ", "\u00a0", "\u202f"):
            simple = pc.replace_substring(simple, blank, "")
        simple = pc.replace_substring(simple, ",", ".")
    values = simple.cast(kind)
    empty = mask_of(pc.equal(pc.binary_length(pc.fill_null(column, "")), 0))
    rest = ~fast & ~empty
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
