"""The sheets of a workbook as columns of text, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.collecting import no_collecting
from invoice_desk.core.text import flags, mask_of
from invoice_desk.errors import CorruptSourceError, LockedSourceError
from invoice_desk.readers.sheet_cells import text_columns
from invoice_desk.readers.sheet_marks import MOST_CELLS, SheetMarks, read_sheet_marks

_OLE = b"\xd0\xcf\x11\xe0"
#: In an OLE file this stream name means that the workbook inside is encrypted.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
#: Where headings are looked for.
HEAD_COLUMNS = 400

Range = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a sheet as columns of text.

    Attributes:
        columns: Text, without nulls.
        numbers: The row of the sheet that each row is, from 0.
        merged: First and last cell of each merged range, as (row, column).
    """

    columns: list[pa.Array]
    numbers: np.ndarray
    merged: Sequence[Range] = ()

    def rows(self, places: Iterable[int] | slice) -> list[list[str]]:
        """Return some rows, of the first columns."""
        columns = self.columns[:HEAD_COLUMNS]
        if not isinstance(places, slice):
            places = pa.array(list(places), pa.int64())
            taken = [column.take(places).to_pylist() for column in columns]
        else:
            taken = [column[places].to_pylist() for column in columns]
        return [list(row) for row in zip(*taken, strict=True)]

    def filled(self) -> np.ndarray:
        """Return which rows hold anything."""
        filled = np.zeros(len(self.numbers), bool)
        for column in self.columns:
            filled |= mask_of(pc.greater(pc.binary_length(column), 0))
        return filled


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that holds anything."""

    name: str
    is_hidden: bool
    marks: SheetMarks
    grid: Grid


def read_sheets(path: Path, *, name: str) -> Iterator[Sheet]:
    """Yield the sheets that hold anything, one after the other.

    Whatever calamine throws becomes one sentence; a panic inside it arrives as pyo3's
    PanicException, which is no `Exception`.

    Raises:
        LockedSourceError: If a password is needed.
        CorruptSourceError: If the workbook cannot be opened.
    """
    if _is_encrypted(path):
        raise LockedSourceError(f"{name} is protected by a password.")
    try:
        with no_collecting():  # a million cells are no cycles; looking for some costs a tenth
            yield from _sheets(path)
    except GeneratorExit:
        raise
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        if "password" in str(error).lower():
            raise LockedSourceError(f"{name} is protected by a password.") from error
        raise CorruptSourceError(f"{name} cannot be opened as a spreadsheet: {error}") from error


def _sheets(path: Path) -> Iterator[Sheet]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    with CalamineWorkbook.from_path(str(path)) as workbook:
        marks = read_sheet_marks(path)
        for meta in workbook.sheets_metadata:
            if meta.typ != SheetTypeEnum.WorkSheet:
                continue
            marked = marks.get(meta.name, SheetMarks())
            if marked.is_sparse:
                grid = _sparse_grid(path, meta.name)
            else:
                grid = _grid(workbook.get_sheet_by_name(meta.name))
            _put_errors(grid, marked)
            if any(pc.any(pc.not_equal(column, "")).as_py() for column in grid.columns):
                hidden = meta.visible != SheetVisibleEnum.Visible
                yield Sheet(meta.name, hidden, marked, grid)


def _is_encrypted(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == _OLE and _ENCRYPTED in file.read(1 << 26)


def _grid(sheet: Any) -> Grid:
    """Return the cells of a sheet of calamine's."""
    top, left = sheet.start or (0, 0)
    columns = text_columns(sheet.to_python(skip_empty_area=True))
    height = len(columns[0]) if columns else 0
    if left * height > MOST_CELLS:
        raise CorruptSourceError(f"The cells of sheet “{sheet.name}” stand too far to the right.")
    empty = pa.array([""] * height, pa.string())
    merged = [] if sheet.merged_cell_ranges is None else sheet.merged_cell_ranges
    return Grid([*[empty] * left, *columns], np.arange(top, top + height), merged)


def _sparse_grid(path: Path, sheet: str) -> Grid:
    """Return the filled rows of a sheet whose few cells stand far apart, as a stream gives them."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        rows: dict[int, list[Any]] = {}
        found = book[sheet]
        found.reset_dimensions()
        for number, cells in enumerate(found.iter_rows(values_only=True)):
            if any(cell is not None for cell in cells):
                rows[number] = ["" if cell is None else cell for cell in cells]
    finally:
        book.close()
    width = max(map(len, rows.values()), default=0)
    if width * len(rows) > MOST_CELLS:
        raise CorruptSourceError(f"The cells of sheet “{sheet}” stand too far apart.")
    cells = [row + [""] * (width - len(row)) for row in rows.values()]
    return Grid(text_columns(cells), np.array(list(rows), np.int64))


def _put_errors(grid: Grid, marked: SheetMarks) -> None:
    """Put errors such as `#N/A` in their cells; calamine leaves those empty."""
    by_column: dict[int, dict[int, str]] = {}
    for (row, column), text in marked.errors.items():
        by_column.setdefault(column, {})[row] = text
    for index, texts in by_column.items():
        if index < len(grid.columns):
            mask = np.isin(grid.numbers, list(texts))
            found = pa.array([texts[n] for n in grid.numbers[mask].tolist()], pa.string())
            grid.columns[index] = pc.replace_with_mask(grid.columns[index], flags(mask), found)
