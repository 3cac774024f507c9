"""What a reader found: a table of text, and where it stood in its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from invoice_desk.core.findings import Finding

#: A row's id holds its table in the upper bits and its number in the lower 32.
ROW_BITS = 32
#: The key among the details of a table by which the lines of a document are known.
LINES_OF = "lines_of"


@dataclass(frozen=True, slots=True)
class Structure:
    """Which records of a file are titles, headings and data; numbers count records from 0.

    Attributes:
        title_rows: Titles and remarks above the table.
        header_rows: Headings, and where they are repeated further down.
        first_data_row: The first record of data, headings of groups aside.
        derived_rows: Records that sum up others.
        columns: One heading a column.
        last_data_row: The last record of the table, None where its end was not seen.
        note_rows: Remarks below the table.
        group_rows: Records of the table that only name the group of those below.
    """

    title_rows: tuple[int, ...] = ()
    header_rows: tuple[int, ...] = ()
    first_data_row: int | None = None
    derived_rows: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    last_data_row: int | None = None
    note_rows: tuple[int, ...] = ()
    group_rows: tuple[int, ...] = ()

    @property
    def body_row(self) -> int | None:
        """Return the first record below the heading: of data, or the heading of a group."""
        first = self.first_data_row
        return None if first is None else min([first, *self.group_rows])


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text is written in which a table stands.

    Attributes:
        encoding: Python's name of it; single lines may be written in another.
        delimiter: What parts two cells, of one letter or more; empty with `widths`.
        quote: What encloses a cell; empty when nothing does.
        escape: What takes a quote or delimiter its meaning; empty when quotes are doubled.
        comment: What begins a line that is no row; empty when there are none.
        line_end: How most lines end.
        widths: How many letters each column takes, in a text of columns one below the other.
        width: How many cells a whole record has, blank ones at its end included; 0: not known.
        confidence: How far the records agree with it, up to 1.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    comment: str = ""
    line_end: str = "\n"
    widths: tuple[int, ...] = ()
    width: int = 0
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class TableHead:
    """A raw table without its rows."""

    name: str
    structure: Structure
    sheet: str | None = None
    page: int | None = None
    dialect: Dialect | None = None
    titles: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Rows of a raw table, ready to be stored.

    Attributes:
        numbers: Where each row stands in its file, int64, ascending, from 0: the line on which
            it begins in a text, the row of a sheet, the document on a page.
        cells: One JSON array of texts a row.
        findings: Doubts about the batch.
        derived: Numbers of rows that sum up others.
    """

    numbers: pa.Array
    cells: pa.Array
    findings: tuple[Finding, ...] = ()
    derived: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.cells)


def joined_header(rows: Sequence[Sequence[str]], width: int) -> tuple[str, ...]:
    """Return one heading a column: several header rows joined by a blank.

    A label that stands only over the first column of its group is carried to the right in
    all but the last row.
    """
    filled: list[list[str]] = []
    for number, row in enumerate(rows):
        cells = [*row[:width], *[""] * (width - len(row))]
        if number < len(rows) - 1:
            carried = ""
            for i, cell in enumerate(cells):
                carried = cell.strip() or carried
                cells[i] = carried
        filled.append(cells)
    return tuple(
        " ".join(part.strip() for part in parts if part.strip()) if len(filled) > 1 else parts[0]
        for parts in zip(*filled, strict=True)
    )
