"""Spreadsheets of every kind that calamine reads, each sheet a raw table of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.cells import encode_rows
from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.core.structure import find_structure, find_tables
from invoice_desk.core.tables import RowBatch, Structure, TableHead, joined_header
from invoice_desk.core.text import flags
from invoice_desk.core.total_words import find_totals
from invoice_desk.errors import CorruptSourceError, EmptySourceError
from invoice_desk.readers.base import ReadTable
from invoice_desk.readers.parts import tables_of, title_texts
from invoice_desk.readers.sheet_grids import Grid, Sheet, read_sheets
from invoice_desk.readers.sheet_marks import SheetMarks

_MOST_MERGES = 1000
_HEAD_ROWS = 400
#: In longer sheets several tables, and sums without a word, are not looked for.
_MOST_ROWS_TRIED = 5000


def read_spreadsheet(path: Path, *, name: str) -> list[ReadTable]:
    """Return one table for each sheet that holds anything.

    Raises:
        LockedSourceError: If a password is needed.
        EmptySourceError: If no sheet holds anything.
        CorruptSourceError: If the workbook cannot be opened.
    """
    tables: list[ReadTable] = []
    for sheet in read_sheets(path, name=name):
        found = (Finding(FindingCode.HIDDEN_SHEET, Severity.INFO, text=sheet.name),)
        doubts = found if sheet.is_hidden else ()
        made = _tables(sheet.grid, sheet=sheet.name, name=name, findings=doubts)
        tables.extend(_with_hidden(table, sheet.marks) for table in made)
    if not tables:
        raise EmptySourceError(f"{name} has no sheet with data.")
    return tables


def sheet_records(path: Path, *, name: str, sheet: str) -> list[list[str]]:
    """Return the first rows of a sheet as they stand in it, blank ones included.

    Raises:
        CorruptSourceError: If the workbook cannot be opened, or has no such sheet.
    """
    grid = _sheet(path, name, sheet).grid
    shown = grid.numbers < _HEAD_ROWS
    records: list[list[str]] = [[] for _ in range(int(grid.numbers[shown].max(initial=-1)) + 1)]
    places = np.flatnonzero(shown).tolist()
    for number, row in zip(grid.numbers[shown].tolist(), grid.rows(places), strict=True):
        records[number] = row
    return records


def sheet_rows(path: Path, *, name: str, sheet: str, structure: Structure) -> RowBatch:
    """Return the filled rows of a sheet from its first row of data on.

    Raises:
        CorruptSourceError: If the workbook cannot be opened, or has no such sheet.
    """
    grid = _sheet(path, name, sheet).grid
    kept = flags(grid.filled() & (grid.numbers >= (structure.first_data_row or 0)))
    width = max(1, len(structure.columns))
    columns = [column.filter(kept) for column in grid.columns[:width]]
    return RowBatch(pa.array(grid.numbers, pa.int64()).filter(kept), encode_rows(columns))


def _sheet(path: Path, name: str, sheet: str) -> Sheet:
    for found in read_sheets(path, name=name):
        if found.name == sheet:
            return found
    raise CorruptSourceError(f"{name} has no sheet “{sheet}” any more.")


def _tables(grid: Grid, *, sheet: str, name: str, findings: tuple[Finding, ...]) -> list[ReadTable]:
    """Return the tables of a sheet; in a very long sheet only the first is looked for."""
    whole = len(grid.numbers) <= _MOST_ROWS_TRIED
    records = grid.rows(slice(0, None if whole else _HEAD_ROWS))
    found = find_tables(records) if whole else [find_structure(records)]
    kept = grid.filled()
    bodies = [structure.body_row for structure in found if structure.body_row is not None]
    kept[: min(bodies, default=len(kept))] = False
    texts = [column.filter(flags(kept)) for column in grid.columns]
    # Cells right of what the first rows show are kept, under no heading.
    used = [i for i, column in enumerate(texts) if pc.any(pc.not_equal(column, "")).as_py()]
    width = max(1, *(len(s.columns) for s in found), used[-1] + 1 if used else 0)
    found = [_with_merged_headings(structure, grid) for structure in found]
    found = [_widened(s, records, grid, width if len(found) == 1 else 0) for s in found]
    numbers = pa.array(grid.numbers[kept], pa.int64())
    batch = RowBatch(numbers, encode_rows(texts[:width]))
    details = {"merged": grid.merged[:_MOST_MERGES]} if grid.merged else {}
    titles = title_texts(found[0], records)
    head = TableHead(f"{name} / {sheet}", found[0], sheet=sheet, titles=titles, details=details)
    places = grid.numbers.tolist()
    if whole:
        # Records hold the first columns only, so a row that is blank in them may not be blank.
        tables = tables_of(head, found, batch, texts=records, places=places, has_blank=False)
    else:
        derived = find_totals(batch.numbers, batch.cells)
        tables = [ReadTable(head, replace(batch, derived=derived))]
    return [
        replace(
            table,
            head=replace(table.head, structure=_numbered(table.head.structure, grid.numbers)),
            findings=findings,
        )
        for table in tables
    ]


def _with_merged_headings(structure: Structure, grid: Grid) -> Structure:
    """Return the structure with all rows of a heading whose cells are merged over several rows."""
    header = set(structure.header_rows)
    body = structure.body_row
    rows = {int(number): place for place, number in enumerate(grid.numbers[:_HEAD_ROWS])}
    for (top, _), (bottom, _) in grid.merged:
        covered = {rows[n] for n in range(top, min(bottom, top + 9) + 1) if n in rows}
        if len(covered) > 1 and covered & header and (body is None or max(covered) < body):
            header |= covered
    if header == set(structure.header_rows):
        return structure
    titles = tuple(row for row in structure.title_rows if row not in header)
    return replace(structure, header_rows=tuple(sorted(header)), title_rows=titles)


def _widened(
    structure: Structure, records: Sequence[Sequence[str]], grid: Grid, width: int
) -> Structure:
    """Return the structure with headings out of merged cells, and at least `width` columns."""
    columns = _headings(structure, records, grid)
    return replace(structure, columns=(*columns, *[""] * (width - len(columns))))


def _numbered(structure: Structure, numbers: np.ndarray) -> Structure:
    """Return the structure with rows of the sheet in place of rows of the grid."""
    first = structure.first_data_row
    return replace(
        structure,
        title_rows=tuple(numbers[list(structure.title_rows)].tolist()),
        header_rows=tuple(numbers[list(structure.header_rows)].tolist()),
        first_data_row=None if first is None else int(numbers[first]),
    )


def _headings(structure: Structure, rows: Sequence[Sequence[str]], grid: Grid) -> tuple[str, ...]:
    """Return the headings; a label in merged cells of the header names all their columns.

    Where a row of the header has such cells they say how far each label reaches; in other rows
    it reaches up to the next, as `joined_header` has it.
    """
    width = len(structure.columns)
    header = [list(rows[i][:width]) for i in structure.header_rows]
    places = {int(grid.numbers[i]): place for place, i in enumerate(structure.header_rows)}
    wide = [
        (places[top], left, min(right, width - 1))
        for (top, left), (_, right) in grid.merged
        if top in places and right > left and left < width
    ]
    if not wide:
        return structure.columns
    for place, left, right in wide:
        header[place][left : right + 1] = [header[place][left]] * (right + 1 - left)
    exact = {place for place, _, _ in wide}
    carried = [
        row if place in exact else joined_header([row, [""] * width], width)
        for place, row in enumerate(header[:-1])
    ]
    parts = zip(*carried, header[-1], strict=True)
    return tuple(" ".join(part.strip() for part in column if part.strip()) for column in parts)


def _with_hidden(table: ReadTable, marked: SheetMarks) -> ReadTable:
    """Return the table with findings about rows and columns that Excel does not show."""
    numbers = table.rows.numbers.to_numpy()
    rows = numbers[np.isin(numbers, marked.hidden_rows)].tolist() if marked.hidden_rows else []
    width = len(table.head.structure.columns)
    columns = [i for a, b in marked.hidden_columns for i in range(a, min(b + 1, width))]
    findings, details = list(table.findings), dict(table.head.details)
    for key, code, places in (
        ("hidden_rows", FindingCode.HIDDEN_ROWS, rows),
        ("hidden_columns", FindingCode.HIDDEN_COLUMNS, columns),
    ):
        if places:
            details[key] = _stretches(places)
            shown = [
                _label(key, a) + (f"–{_label(key, b)}" if b > a else "") for a, b in details[key]
            ]
            text = ", ".join(shown[:100]) + (", …" if len(shown) > 100 else "")
            findings.append(Finding(code, Severity.INFO, text=text))
    return replace(table, head=replace(table.head, details=details), findings=tuple(findings))


def _stretches(places: Sequence[int]) -> list[tuple[int, int]]:
    """Return first and last of each run of ascending numbers."""
    breaks = [i + 1 for i, (a, b) in enumerate(pairwise(places)) if b > a + 1]
    edges = [0, *breaks, len(places)]
    return [(places[a], places[b - 1]) for a, b in pairwise(edges)]


def _label(key: str, place: int) -> str:
    """Return a row or a column as Excel names it."""
    if key == "hidden_rows":
        return str(place + 1)
    letters, number = "", place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
