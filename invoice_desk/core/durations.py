"""Durations of calls to whole seconds."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.amounts import ParsedColumn
from invoice_desk.core.text import flags, mask_of

_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,3}):([0-5]\d)")
_UNITS = re.compile(
    r"(?:(\d+)\s*h(?:ours?|eures?)?)?\s*(?:(\d+)\s*m(?:in(?:utes?)?)?)?\s*(?:(\d+)\s*s(?:ec(?:onds?)?)?)?",
    re.IGNORECASE,
)
#: How switches write "not answered".
_UNANSWERED = frozenset({"-1", "-"})


def read_seconds(text: str) -> int | None:
    """Return the seconds that a text such as `75`, `1:15`, `0:01:15` or `1m15s` spells.

    With one colon the parts are minutes and seconds, with two hours before them.
    """
    bare = text.strip()
    if match := _CLOCK.fullmatch(bare):
        return int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(match[3])
    if re.fullmatch(r"\d{1,9}(?:[.,]0+)?", bare):
        return int(re.split(r"[.,]", bare)[0])
    match = _UNITS.fullmatch(bare)
    if match and any(match.groups()):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds
    return None


def parse_durations(column: pa.Array) -> ParsedColumn:
    """Return the seconds of a column of text; `-1` is a call that nobody answered, so null."""
    filled = pc.fill_null(column, "")
    plain = mask_of(pc.match_substring_regex(filled, r"^\d{1,9}$"))
    values = pc.if_else(flags(plain), filled, pa.scalar(None, pa.string())).cast(pa.int64())
    rest = ~plain & ~mask_of(pc.is_in(filled, value_set=pa.array(["", *_UNANSWERED])))
    unreadable = np.zeros(len(column), bool)
    if rest.any():
        encoded = pc.dictionary_encode(filled.filter(flags(rest)))
        read = pa.array([read_seconds(text) for text in encoded.dictionary.to_pylist()], pa.int64())
        taken = read.take(encoded.indices)
        values = pc.replace_with_mask(values, flags(rest), taken)
        unreadable[np.flatnonzero(rest)] = mask_of(taken.is_null())
    none = flags(np.zeros(len(column), bool))
    decimals = values.cast(pa.decimal128(19, 0)).cast(pa.decimal128(18, 0))
    return ParsedColumn(decimals, flags(unreadable), none, none)
