"""Which rows of a table are the same thing, found by hashes of whole columns."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.cleaning_plan import CleaningPlan
from invoice_desk.core.document_types import DocumentType, ValueType
from invoice_desk.core.raw_rows import RawRows
from invoice_desk.core.text import folded_column

_SEPARATOR = "\x1f"
#: Odd multiplier from the golden ratio (Knuth, The Art of Computer Programming, 6.4).
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_WORD = 8


def duplicate_keys(document_type: DocumentType, plan: CleaningPlan, raw: RawRows) -> pa.Array:
    """Return one text a row that two rows share when the type calls them duplicates.

    Null where the key is empty, or where the table has not all of its columns.

    Args:
        document_type: Its rule names the fields of the key; none for all cells.
        plan: Tells which column is which field.
        raw: The rows.
    """
    rule = document_type.duplicates
    if rule is not None and not rule.key:
        return raw.lines
    places = [plan.mapping.get(name) for name in (rule.key if rule else ())]
    if not places or any(place is None or place >= len(raw.texts) for place in places):
        return pa.nulls(len(raw), pa.string())
    parts = [
        _comparable(pc.fill_null(raw.texts[place], ""), document_type.field(name).type)
        for name, place in zip(rule.key if rule else (), places, strict=True)
        if place is not None
    ]
    joined = pc.binary_join_element_wise(*parts, _SEPARATOR)
    empty = pc.equal(pc.binary_length(joined), len(parts) - 1)
    return pc.if_else(empty, pa.scalar(None, pa.string()), joined)


def _comparable(texts: pa.Array, kind: ValueType) -> pa.Array:
    """Return texts as they are compared: codes without case, words also without accents."""
    return folded_column(texts) if kind is ValueType.TEXT else pc.utf8_lower(texts)


def text_hashes(texts: pa.Array) -> np.ndarray:
    """Return a 64-bit hash (uint64) of each text, the same in every process; 0 is for null.

    Each text is taken as words of eight octets; a word is mixed with its place and the mixed
    words are added up, whole columns at a time.
    """
    bounds, octets = _octets(pc.fill_null(texts, ""))
    counts = np.maximum((np.diff(bounds) + _WORD - 1) // _WORD, 1)
    starts = np.cumsum(counts) - counts
    places = np.arange(int(counts.sum())) - np.repeat(starts, counts)
    offsets = np.repeat(bounds[:-1], counts) + places * _WORD
    words = np.lib.stride_tricks.sliding_window_view(octets, _WORD)[offsets]
    mixed = np.ascontiguousarray(words).view(np.uint64).ravel()
    used = (np.diff(bounds) - (counts - 1) * _WORD).astype(np.uint64)
    unused = np.uint64(8) * (np.uint64(_WORD) - used)
    keep = np.where(used == 0, np.uint64(0), ~np.uint64(0) >> np.minimum(unused, np.uint64(63)))
    mixed[starts + counts - 1] &= keep
    mixed ^= mixed >> np.uint64(32)
    mixed *= (np.uint64(2) * places.astype(np.uint64) + np.uint64(1)) * _GOLDEN
    mixed ^= mixed >> np.uint64(29)
    hashes = np.add.reduceat(mixed, starts) if len(starts) else np.zeros(0, np.uint64)
    hashes[hashes == 0] = 1
    hashes[texts.is_null().to_numpy(zero_copy_only=False)] = 0
    result: np.ndarray = hashes
    return result


def _octets(filled: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return where each text begins and ends (int64, one more than texts), and all octets."""
    if len(filled) == 0:
        return np.zeros(1, np.int64), np.zeros(_WORD, np.uint8)
    _, offsets, data = filled.buffers()
    bounds = np.frombuffer(offsets, np.int32)[filled.offset : filled.offset + len(filled) + 1]
    octets = np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]]
    return (bounds - bounds[0]).astype(np.int64), np.concatenate(
        [octets, np.zeros(_WORD, np.uint8)]
    )


def repeated(hashes: np.ndarray) -> np.ndarray:
    """Return the places whose hash stands more than once; 0 stands for no key."""
    known = np.flatnonzero(hashes != 0)
    _, inverse, counts = np.unique(hashes[known], return_inverse=True, return_counts=True)
    places: np.ndarray = known[counts[inverse] > 1]
    return places


def later_duplicates(numbered_keys: Iterable[tuple[int, str | None]]) -> list[int]:
    """Return the numbers of the rows whose key an earlier row has, ascending."""
    seen: set[str] = set()
    later = []
    for number, key in sorted(numbered_keys, key=lambda entry: entry[0]):
        if key is not None and key in seen:
            later.append(number)
        elif key is not None:
            seen.add(key)
    return later
