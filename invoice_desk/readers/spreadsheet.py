"""Spreadsheets of every kind that calamine reads, each sheet a raw table of text."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from invoice_desk.core.cells import encode_rows
from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.core.structure import find_structure, find_tables
from invoice_desk.core.tables import RowBatch, TableHead
from invoice_desk.core.total_words import find_totals
from invoice_desk.errors import CorruptSourceError, EmptySourceError, EncryptedSourceError
from invoice_desk.readers.base import ReadTable
from invoice_desk.readers.parts import tables_of, title_texts

#: In an OLE file this stream name means that the workbook inside is encrypted.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
#: In longer sheets several tables, and sums without a word, are not looked for.
_MOST_ROWS_TRIED = 5000


def read_spreadsheet(path: Path, *, name: str) -> list[ReadTable]:
    """Return one table for each sheet that holds anything.

    Raises:
        EncryptedSourceError: If a password is needed.
        EmptySourceError: If no sheet holds anything.
        CorruptSourceError: If the workbook cannot be opened.
    """
    if path.stat().st_size < 1 << 26 and _ENCRYPTED in path.read_bytes():
        raise EncryptedSourceError(f"{name} is protected by a password.")
    tables = _guarded(path, name)
    if not tables:
        raise EmptySourceError(f"{name} has no sheet with data.")
    return tables


def _guarded(path: Path, name: str) -> list[ReadTable]:
    """Read all sheets; whatever calamine throws becomes one sentence.

    A panic inside calamine arrives as pyo3's PanicException, which is no `Exception`.
    """
    try:
        return _read_sheets(path, name)
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        if "password" in str(error).lower():
            raise EncryptedSourceError(f"{name} is protected by a password.") from error
        raise CorruptSourceError(f"{name} cannot be opened as a spreadsheet: {error}") from error


def _read_sheets(path: Path, name: str) -> list[ReadTable]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    tables: list[ReadTable] = []
    with CalamineWorkbook.from_path(str(path)) as workbook:
        for meta in workbook.sheets_metadata:
            if meta.typ != SheetTypeEnum.WorkSheet:
                continue
            cells = workbook.get_sheet_by_name(meta.name).to_python(skip_empty_area=False)
            if not any(cell != "" for row in cells for cell in row):
                continue
            hidden = meta.visible != SheetVisibleEnum.Visible
            doubts = (Finding(FindingCode.HIDDEN_SHEET, Severity.INFO, text=meta.name),)
            found = _tables(cells, sheet=meta.name, name=name)
            tables.extend(replace(table, findings=doubts) if hidden else table for table in found)
    return tables


def _tables(cells: list[list[Any]], *, sheet: str, name: str) -> list[ReadTable]:
    """Return the tables of a sheet; in a very long sheet only the first is looked for."""
    texts = _as_columns(cells)
    whole = len(cells) <= _MOST_ROWS_TRIED
    looked_at = texts if whole else [column[:400] for column in texts]
    records = [list(row) for row in zip(*looked_at, strict=True)]
    found = find_tables(records) if whole else [find_structure(records)]
    bodies = [structure.body_row for structure in found if structure.body_row is not None]
    first = min(bodies, default=len(cells))
    kept = [i for i in range(first, len(cells)) if _is_filled(cells[i])]
    width = max(1, *(len(structure.columns) for structure in found))
    columns = [pa.array([column[i] for i in kept], pa.string()) for column in texts[:width]]
    batch = RowBatch(pa.array(kept, pa.int64()), encode_rows(columns))
    titles = title_texts(found[0], records)
    head = TableHead(name=f"{name} / {sheet}", structure=found[0], sheet=sheet, titles=titles)
    if not whole:
        return [ReadTable(head, replace(batch, derived=find_totals(batch.numbers, batch.cells)))]
    return tables_of(head, found, batch, texts=records, places=range(len(cells)))


def _is_filled(row: list[Any]) -> bool:
    return any(cell != "" for cell in row)


def _as_columns(cells: list[list[Any]]) -> list[list[str]]:
    return [[cell_text(value) for value in column] for column in zip(*cells, strict=True)]


def cell_text(value: Any) -> str:
    """Return a cell's value as text: whole numbers without `.0`, dates as ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else _number(value)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time(0)
        return (
            value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
        )
    if isinstance(value, dt.timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return "" if value is None else str(value)


def _number(value: float) -> str:
    """Return 15 significant digits, as Excel shows, without an exponent where it can be."""
    text = f"{value:.15g}"
    return f"{value:.15f}".rstrip("0") if "e-" in text and abs(value) > 1e-12 else text
