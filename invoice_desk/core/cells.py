"""Between Arrow columns of text and rows of text as JSON arrays, the form that is stored.

A row is stored as one JSON array of texts (`raw_row.cells`), readable in any SQLite tool.
Both ways are a few passes over whole columns; only rows with a letter that JSON escapes are
decoded one by one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def encode_rows(columns: Sequence[pa.Array]) -> pa.Array:
    """Return one JSON array a row from columns of text of equal length, without nulls."""
    if not columns:
        return pa.array([], pa.string())
    encoded = _join(columns)
    if _is_plain(encoded, quotes=2 * len(columns) * len(encoded)):
        return encoded
    return _join([_escaped(column) for column in columns])


def _escaped(column: pa.Array) -> pa.Array:
    """Return a column of text as it stands inside the quotes of JSON."""
    counts = np.bincount(np.frombuffer(_octets(column), np.uint8), minlength=0x80)
    marks = [chr(octet) for octet in (*range(0x20), *b'"\\') if counts[octet]]
    for mark in sorted(marks, key="\\".__ne__):  # the backslash first: the others bring some
        column = pc.replace_substring(column, mark, json.dumps(mark)[1:-1])
    return column


def dump_cells(cells: Sequence[str]) -> str:
    """Return `cells` as the JSON array that `encode_rows` would give."""
    return json.dumps(list(cells), ensure_ascii=False, separators=(",", ":"))


def encode_lists(rows: Sequence[Sequence[str]]) -> pa.Array:
    """Return one JSON array a row from rows of any width."""
    return pa.array([dump_cells(row) for row in rows], pa.string())


def _join(columns: Sequence[pa.Array]) -> pa.Array:
    body = pc.binary_join_element_wise(*columns, '","') if len(columns) > 1 else columns[0]
    return pc.binary_join_element_wise(pa.scalar('["'), body, pa.scalar('"]'), "")


def _is_plain(encoded: pa.Array, *, quotes: int) -> bool:
    """Return whether no cell needed an escape: no control, no backslash, no quote of its own."""
    octets = np.frombuffer(_octets(encoded), np.uint8)
    if (octets < 0x20).any() or (octets == ord("\\")).any():
        return False
    return int(np.count_nonzero(octets == ord('"'))) == quotes


def _octets(column: pa.Array) -> bytes:
    """Return the texts of a column without nulls, one after the other, as UTF-8."""
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    result: bytes = data[int(ends[0]) : int(ends[-1])].to_pybytes()
    return result
