"""Texts compared the way a person compares them: without case, accents and punctuation."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def folded(text: str) -> str:
    """Return the letters and digits of `text`, lower-case and without accents.

    `AT Siège`, `AT_SIEGE` and `at siege` all become `atsiege`.
    """
    if text.isascii():
        return "".join(filter(str.isalnum, text.lower()))
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum())


def with_plain_digits(text: str) -> str:
    """Return `text` with the digits of all scripts as 0 to 9."""
    if not any(c.isdecimal() and c > "9" for c in text):
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def by_distinct(column: pa.Array, function: Callable[[str], object], kind: pa.DataType) -> pa.Array:
    """Return `function` of each text, called once for each distinct one; null stays null."""
    encoded = pc.dictionary_encode(column)
    results = pa.array([function(text) for text in encoded.dictionary.to_pylist()], kind)
    return results.take(encoded.indices)


def folded_column(column: pa.Array) -> pa.Array:
    """Return `folded` of each text."""
    return by_distinct(column, folded, pa.string())


def flags(mask: np.ndarray) -> pa.Array:
    """Return an Arrow column of a numpy mask."""
    return pa.array(mask.astype(bool))


def mask_of(column: pa.Array) -> np.ndarray:
    """Return a numpy mask of a boolean Arrow column; null counts as False."""
    result: np.ndarray = pc.fill_null(column, False).to_numpy(zero_copy_only=False)  # noqa: FBT003
    return result.astype(bool)


def octets_of(column: pa.Array) -> bytes:
    """Return the texts of a column, one after the other, as UTF-8; null counts as empty."""
    _, offsets, data = column.buffers()
    if data is None or len(column) == 0:
        return b""
    ends = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    result: bytes = data[int(ends[0]) : int(ends[-1])].to_pybytes()
    return result


def offsets_of(column: pa.Array) -> np.ndarray:
    """Return where in `octets_of(column)` each text begins, and where the last one ends."""
    offsets = column.buffers()[1]
    if offsets is None or len(column) == 0:
        return np.zeros(1, np.int32)
    ends = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    result: np.ndarray = ends - ends[0]
    return result


def plain_words(text: str) -> str:
    """Return `text` in lower case and without accents; blanks and punctuation stay."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
