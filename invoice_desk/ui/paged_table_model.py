"""A table model over more rows than memory should hold."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QBrush, QColor, QFont

from invoice_desk.services.browsing import GridCell, GridColumn, GridRow, RowFilter, TableRows
from invoice_desk.ui.background import Background
from invoice_desk.ui.texts import field_label, status

Index = QModelIndex | QPersistentModelIndex
PAGE = 128
KEPT_PAGES = 48

_CHANGED = QBrush(QColor("#fef3c7"))
_CORRECTED = QBrush(QColor("#dbeafe"))
_CLEAN_SIDE = QBrush(QColor("#f6faf6"))
_LEFT_OUT = QBrush(QColor("#64748b"))
_DOUBTFUL = QBrush(QColor("#b45309"))


class PagedTableModel(QAbstractTableModel):
    """Shows the rows of a table of the desk.

    It keeps every row's number, eight bytes each, and the texts of a few pages, which are
    fetched on a thread: until they are there a row shows "…".  Sorting and filtering are the
    database's work.
    """

    edited = Signal(int, str, str)  # row number, field, text
    refused = Signal(object)  # Exception: the text is no value of that field
    counted = Signal(int)  # rows that are shown

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._source: TableRows | None = None
        self._columns: tuple[GridColumn, ...] = ()
        self._ids: array[int] = array("q")
        self._pages: OrderedDict[int, list[GridRow | None]] = OrderedDict()
        self._asked: set[int] = set()
        self._generation = 0
        self._wanted = RowFilter()
        self.has_status = False

    def show_source(self, source: TableRows, wanted: RowFilter) -> None:
        """Show another table, another view of it, or the same after a change."""
        self._generation += 1
        generation = self._generation
        self._wanted = wanted
        self._background.run(
            lambda: source.ids(wanted),
            lambda ids: self._on_ids(generation, source, ids),
            owner=self,
        )

    def row_number(self, row: int) -> int:
        """Return the number of the row at this place."""
        return self._ids[row]

    def place_of(self, row_number: int) -> int | None:
        """Return where a row is shown, None when the filter hides it."""
        try:
            return self._ids.index(row_number)
        except ValueError:
            return None

    def fetch_texts(
        self, rows: range, columns: range, done: Callable[[list[list[str]]], None]
    ) -> None:
        """Get texts of many rows, those that were never shown too, for copying."""
        source, ids = self._source, self._ids[rows.start : rows.stop]
        first = 1 if self.has_status else 0
        wanted = [column - first for column in columns]

        def work() -> list[list[str]]:
            assert source is not None
            found: list[list[str]] = []
            for start in range(0, len(ids), 500):
                part = list(ids[start : start + 500])
                rows_ = source.rows(part)
                found += [
                    [rows_[n].cells[c].text if c >= 0 else rows_[n].status for c in wanted]
                    for n in part
                    if n in rows_
                ]
            return found

        if source is not None:
            self._background.run(work, done, owner=self)

    def refresh_rows(self, numbers: set[int]) -> None:
        """Have the texts of these rows fetched anew, where they are shown."""
        for page in list(self._pages):
            part = self._ids[page * PAGE : (page + 1) * PAGE]
            if numbers.intersection(part):
                self._ask(page)

    def column(self, section: int) -> GridColumn | None:
        """Return the column at this place, None for the status."""
        place = section - (1 if self.has_status else 0)
        return self._columns[place] if 0 <= place < len(self._columns) else None

    # --- QAbstractTableModel ----------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns) + self.has_status

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in _ROLES:
            return None
        row = self._row(index.row())
        if row is None:
            return "…" if role == Qt.ItemDataRole.DisplayRole else None
        place = index.column() - self.has_status
        if place < 0:
            return _status_data(row, role)
        return self._cell_data(row, place, role)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation is Qt.Orientation.Vertical:
            return str(self._ids[section] + 1) if section < len(self._ids) else None
        column = self.column(section)
        if column is None:
            return self.tr("Status")
        if column.is_bucket:
            return field_label(column.title)
        if column.field is None:
            return column.title
        beside_raw = any(other.raw is not None for other in self._columns)
        return ("→ " if beside_raw else "") + field_label(column.field)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        column = self.column(index.column())
        if column is not None and column.field is not None:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        column, row = self.column(index.column()), self._row(index.row())
        if role != Qt.ItemDataRole.EditRole or column is None or column.field is None:
            return False
        if row is None or self._source is None:
            return False
        before = row.cells[index.column() - self.has_status].text
        if str(value).strip() == before:
            return False
        try:
            self._source.check(column.field, str(value))
        except Exception as error:  # noqa: BLE001 - the edge of an event handler
            self.refused.emit(error)
            return False
        self.edited.emit(row.number, column.field, str(value))
        return True

    # --- pages ------------------------------------------------------------------------

    def _row(self, place: int) -> GridRow | None:
        number, offset = divmod(place, PAGE)
        page = self._pages.get(number)
        if page is None:
            self._ask(number)
            return None
        self._pages.move_to_end(number)
        return page[offset] if offset < len(page) else None

    def _ask(self, number: int) -> None:
        source = self._source
        if source is None or number in self._asked:
            return
        self._asked.add(number)
        ids = list(self._ids[number * PAGE : (number + 1) * PAGE])
        generation = self._generation

        def work() -> list[GridRow | None]:
            rows = source.rows(ids)
            return [rows.get(i) for i in ids]

        self._background.run(
            work,
            lambda page: self._on_page(generation, number, page),
            owner=self,
            series=f"page {number}",
        )

    def _on_page(self, generation: int, number: int, page: list[GridRow | None]) -> None:
        if generation != self._generation:
            return
        self._asked.discard(number)
        self._pages[number] = page
        if len(self._pages) > KEPT_PAGES:
            self._pages.popitem(last=False)
        first = number * PAGE
        last = min(first + PAGE, len(self._ids)) - 1
        if last >= first and self.columnCount():
            self.dataChanged.emit(self.index(first, 0), self.index(last, self.columnCount() - 1))

    def _on_ids(self, generation: int, source: TableRows, ids: array[int]) -> None:
        if generation != self._generation:
            return  # the user has asked for something else since
        self.beginResetModel()
        self._source, self._columns, self._ids = source, source.columns, ids
        self.has_status = any(column.field for column in source.columns)
        self._pages.clear()
        self._asked.clear()
        self.endResetModel()
        self.counted.emit(len(ids))

    def _cell_data(self, row: GridRow, place: int, role: int) -> Any:
        cell, column = row.cells[place], self._columns[place]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                found: Any = cell.text
            case Qt.ItemDataRole.BackgroundRole:
                found = _background(cell, is_clean=column.field is not None)
            case Qt.ItemDataRole.ForegroundRole:
                found = _LEFT_OUT if row.status == "filtered_out" else None
            case Qt.ItemDataRole.TextAlignmentRole if cell.numeric:
                found = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.FontRole:
                found = _bold() if cell.corrected else None
            case Qt.ItemDataRole.ToolTipRole:
                found = self._tip(row, place)
            case _:
                found = None
        return found

    def _tip(self, row: GridRow, place: int) -> str:
        cell = row.cells[place]
        lines = [cell.text]
        if cell.corrected:
            lines.append(self.tr("Corrected by a person."))
        elif cell.changed:
            lines.append(self.tr("Cleaning changed how this is written."))
        return "\n".join(line for line in lines if line)


_ROLES = frozenset(
    {
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.EditRole,
        Qt.ItemDataRole.BackgroundRole,
        Qt.ItemDataRole.ForegroundRole,
        Qt.ItemDataRole.FontRole,
        Qt.ItemDataRole.TextAlignmentRole,
        Qt.ItemDataRole.ToolTipRole,
    }
)


def _background(cell: GridCell, *, is_clean: bool) -> QBrush | None:
    if cell.corrected:
        return _CORRECTED
    if cell.changed:
        return _CHANGED
    return _CLEAN_SIDE if is_clean else None


def _bold() -> QFont:
    font = QFont()
    font.setBold(True)
    return font


def _status_data(row: GridRow, role: int) -> Any:
    """Return status, approval and doubts of a row as one cell."""
    if role == Qt.ItemDataRole.DisplayRole:
        marks = " ✓" if row.approved else (f" ⚠ {row.findings}" if row.findings else "")
        return status(row.status) + marks
    if role == Qt.ItemDataRole.ToolTipRole:
        return "\n".join([status(row.status), *row.reasons])
    if role == Qt.ItemDataRole.ForegroundRole:
        if row.status == "filtered_out":
            return _LEFT_OUT
        return _DOUBTFUL if row.findings and not row.approved else None
    return None
