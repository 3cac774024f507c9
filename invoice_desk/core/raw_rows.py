"""Raw rows on their way from the database to their cleaning: lines of JSON texts, and columns.

A line is the row's JSON array without its brackets.  Without a backslash such lines are CSV, which
Arrow reads ten times faster than `json` does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from invoice_desk.core.text import flags

#: How all blanks that are not ASCII begin, in UTF-8.
_WIDE_BLANKS = (b"\xc2\xa0", b"\xc2\x85", b"\xe1\x9a", b"\xe2\x80", b"\xe2\x81", b"\xe3\x80")


class RawRows:
    """Rows of a raw table, as columns of text.

    Attributes:
        numbers: int64, ascending.
        columns: `width` columns as read; a cell that a short row lacks is null.
    """

    def __init__(self, numbers: pa.Array, body: bytes, *, width: int) -> None:
        """Take rows.

        Args:
            numbers: int64, ascending.
            body: One line a row, UTF-8, line feeds between them.
            width: How many columns the table has.
        """
        self.numbers = numbers
        self._body = body
        self._width = width
        self._found: int | None = None
        self.columns = self._decoded()

    @classmethod
    def of_cells(cls, numbers: pa.Array, cells: pa.Array, *, width: int) -> RawRows:
        """Return rows whose cells are still JSON arrays."""
        return cls(numbers, "\n".join(t[1:-1] for t in cells.to_pylist()).encode(), width=width)

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def texts(self) -> list[pa.Array]:
        """Return the columns without blanks around the texts."""
        if self._found is not None and not self._is_padded():
            return self.columns
        return [pc.utf8_trim_whitespace(column) for column in self.columns]

    def _is_padded(self) -> bool:
        """Return whether any text may begin or end with a blank."""
        # One octet is looked for ten times faster than two.
        if any(begin[:1] in self._body and begin in self._body for begin in _WIDE_BLANKS):
            return True
        octets = np.frombuffer(self._body, np.uint8)
        quotes, blanks = octets == ord('"'), octets == ord(" ")
        return bool((quotes[:-1] & blanks[1:]).any() or (blanks[:-1] & quotes[1:]).any())

    @cached_property
    def lines(self) -> pa.Array:
        """Return one line a row: two rows are the same exactly when their lines are."""
        octets = np.frombuffer(self._body, np.uint8)
        ends = np.flatnonzero(octets == ord("\n")) if len(self) else np.zeros(0, np.int64)
        # Offsets that count the line feeds too would keep them, so they are cut out.
        kept = np.delete(octets, ends) if len(ends) else octets
        stops = np.append(ends - np.arange(len(ends)), len(kept)).astype(np.int32)
        offsets = np.concatenate([np.zeros(1, np.int32), stops[: len(self)]])
        buffers: Sequence[Any] = [None, pa.py_buffer(offsets), pa.py_buffer(kept.tobytes())]
        return pa.Array.from_buffers(pa.string(), len(self), buffers)

    def first(self, count: int) -> RawRows:
        """Return the first rows."""
        body = b"\n".join(self._body.split(b"\n", count)[:count])
        return RawRows(self.numbers[:count], body, width=self._width)

    def widths(self) -> tuple[np.ndarray, np.ndarray]:
        """Return masks of the rows that have fewer and more cells than the table has columns."""
        if self._found is not None:
            short, long = self._found < self._width, self._found > self._width
            return np.full(len(self), short), np.full(len(self), long)
        counts = np.array([len(row) for row in self._parsed], np.int64)
        return counts < self._width, counts > self._width

    @cached_property
    def _parsed(self) -> list[list[str]]:
        return [json.loads(f"[{line}]") for line in self._body.decode().split("\n")]

    def _decoded(self) -> list[pa.Array]:
        if len(self) == 0:
            return [pa.array([], pa.string()) for _ in range(self._width)]
        plain = self._as_csv() if b"\\" not in self._body else None
        if plain is not None:
            return plain
        rows = self._parsed
        return [
            pa.array([row[i] if i < len(row) else None for row in rows], pa.string())
            for i in range(self._width)
        ]

    def _as_csv(self) -> list[pa.Array] | None:
        """Read lines without escapes; None when the rows have not all the same width."""
        first = self._body.partition(b"\n")[0]
        framed = first.startswith(b'"') and first.endswith(b'"')
        if not framed or b"\n\n" in self._body or self._body.endswith(b"\n"):
            return None  # a row without any cell
        found = first.count(b'","') + 1
        names = [f"c{i}" for i in range(found)]
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(self._body),
                read_options=pa_csv.ReadOptions(
                    column_names=names,
                    use_threads=False,
                    block_size=max(1 << 20, len(self._body) + 1),
                ),
                parse_options=pa_csv.ParseOptions(ignore_empty_lines=False),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=names[: self._width],
                    strings_can_be_null=False,
                    check_utf8=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != len(self):
            return None
        self._found = found
        columns = [column.combine_chunks() for column in table.columns]
        missing = [pa.nulls(len(self), pa.string())] * (self._width - len(columns))
        return [*columns, *missing]


def decode_rows(cells: pa.Array, *, width: int) -> list[pa.Array]:
    """Return `width` columns of text from rows of JSON arrays.

    A cell that a short row lacks is null; cells beyond `width` are left out.
    """
    return RawRows.of_cells(pa.array(range(len(cells)), pa.int64()), cells, width=width).columns


def numbered(rows: RawRows, wanted: Sequence[int]) -> pa.Array:
    """Return a boolean column of the rows that have one of these numbers."""
    if not wanted:
        return flags(np.zeros(len(rows), bool))
    return pc.is_in(rows.numbers, value_set=pa.array(wanted, pa.int64()))
