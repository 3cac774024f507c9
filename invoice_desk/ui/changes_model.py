"""What two passes see differently, cell by cell, a thousand rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from invoice_desk.services.passes import CellChange, Comparison, RowChange
from invoice_desk.ui.background import Background
from invoice_desk.ui.texts import field_label, status

Index = QModelIndex | QPersistentModelIndex
#: Number of the last row that is known → the comparison with the rows behind it.
FetchChanges = Callable[[int], Comparison]
PAGE = 1000


class ChangesModel(QAbstractTableModel):
    """One line a changed cell; more rows come when the list is scrolled to its end."""

    compared = Signal(object)  # Comparison
    failed = Signal(object)  # Exception

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._fetch: FetchChanges | None = None
        self._lines: list[tuple[int, CellChange]] = []
        self._last = -1
        self._more = self._asked = False
        self._generation = 0

    def show_changes(self, fetch: FetchChanges | None) -> None:
        """Show what `fetch` gives; nothing for None."""
        self._generation += 1
        self._fetch = fetch
        self.beginResetModel()
        self._lines, self._last, self._more, self._asked = [], -1, False, False
        self.endResetModel()
        if fetch is not None:
            self._ask(fetch, self.compared.emit)

    def row_number(self, row: int) -> int:
        """Return which row of the table a line is about."""
        return self._lines[row][0]

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._more

    def fetchMore(self, parent: Index) -> None:
        if not parent.isValid() and self._fetch is not None and not self._asked:
            self._ask(self._fetch, lambda _comparison: None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 4

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return None
        number, change = self._lines[index.row()]
        before, after = change.before, change.after
        if change.field == "cleaning_status":
            before, after = status(before), status(after)
        return (str(number + 1), field_label(change.field), before, after)[index.column()]

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return (self.tr("Row"), self.tr("Field"), self.tr("Before"), self.tr("After"))[section]

    def _ask(self, fetch: FetchChanges, then: Callable[[Comparison], None]) -> None:
        self._asked = True
        last, generation = self._last, self._generation

        def on_there(comparison: Comparison) -> None:
            if generation == self._generation:
                self._append(comparison.rows)
                then(comparison)

        def on_failed(error: Exception) -> None:
            if generation == self._generation:
                self._more = self._asked = False
                self.failed.emit(error)

        self._background.run(lambda: fetch(last), on_there, owner=self, failed=on_failed)

    def _append(self, rows: Sequence[RowChange]) -> None:
        self._more, self._asked = len(rows) >= PAGE, False
        lines = list(_lines(rows))
        if rows:
            self._last = rows[-1].row_number
        if lines:
            first = len(self._lines)
            self.beginInsertRows(QModelIndex(), first, first + len(lines) - 1)
            self._lines += lines
            self.endInsertRows()


def _lines(rows: Sequence[RowChange]) -> Iterator[tuple[int, CellChange]]:
    for row in rows:
        for change in row.changes:
            yield row.row_number, change
