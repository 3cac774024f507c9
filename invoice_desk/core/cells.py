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
import pyarrow.csv as pa_csv


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


def split_rows(numbers: bytes, cells: bytes) -> tuple[pa.Array, pa.Array]:
    """Return row numbers (int64) and cells from UTF-8 joined by commas and by line feeds."""
    if not numbers:
        return pa.array([], pa.int64()), pa.array([], pa.string())
    split = pc.split_pattern(pa.array([numbers], pa.large_binary()).cast(pa.large_string()), ",")
    lines = pc.split_pattern(pa.array([cells], pa.large_binary()).cast(pa.large_string()), "\n")
    return split.values.cast(pa.int64()), lines.values.cast(pa.string())


def decode_rows(cells: pa.Array, *, width: int) -> list[pa.Array]:
    """Return `width` columns of text from rows of JSON arrays.

    A cell that a short row lacks is null; cells beyond `width` are left out.
    """
    if len(cells) == 0:
        return [pa.array([], pa.string()) for _ in range(width)]
    if b"\\" not in _octets(cells):
        plain = _decode_plain(cells, width)
        if plain is not None:
            return plain
    rows = [json.loads(text) for text in cells.to_pylist()]
    return [
        pa.array([row[i] if i < len(row) else None for row in rows], pa.string())
        for i in range(width)
    ]


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


def _decode_plain(cells: pa.Array, width: int) -> list[pa.Array] | None:
    """Read rows without escapes as CSV, which is ten times faster than as JSON.

    Without a backslash a quote can only be one that JSON wrote, so `"]["` occurs between rows
    and nowhere else.  Returns None when the rows have not all the same width.
    """
    body = _octets(cells)
    if not (body.startswith(b'["') and body.endswith(b'"]')):
        return None
    lines = body[1:-1].replace(b'"]["', b'"\n"')
    found = lines[: lines.index(b"\n") if b"\n" in lines else len(lines)].count(b'","') + 1
    names = [f"c{i}" for i in range(found)]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(lines),
            read_options=pa_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=max(1 << 20, len(lines) + 1)
            ),
            parse_options=pa_csv.ParseOptions(ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != len(cells):
        return None
    columns = [column.combine_chunks() for column in table.columns[:width]]
    missing = [pa.nulls(len(cells), pa.string())] * (width - len(columns))
    return [*columns, *missing]
