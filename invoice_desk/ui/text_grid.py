"""A small table of texts that is known whole: lists of sources, jobs, templates, activity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex
R = TypeVar("R")
#: Texts of one record, and the value each is sorted by.
Columns = Callable[[R], Sequence[tuple[str, Any]]]


class RecordModel(QAbstractTableModel, Generic[R]):
    """Shows records, a few thousand at most, as texts."""

    SORT_ROLE = Qt.ItemDataRole.UserRole + 1

    def __init__(
        self,
        headings: Sequence[str],
        columns: Columns[R],
        *,
        tip: Callable[[R], str] = lambda _record: "",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._headings = tuple(headings)
        self._columns = columns
        self._tip = tip
        self._records: list[R] = []
        self._cells: list[Sequence[tuple[str, Any]]] = []

    def show_records(self, records: Sequence[R]) -> None:
        """Replace what is shown; does nothing when it is the same."""
        cells = [self._columns(record) for record in records]
        if cells == self._cells and len(records) == len(self._records):
            self._records = list(records)
            return
        self.beginResetModel()
        self._records, self._cells = list(records), cells
        self.endResetModel()

    def record(self, row: int) -> R:
        """Return the record at this place."""
        return self._records[row]

    # --- QAbstractTableModel ----------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._records)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._headings)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        text, value = self._cells[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == self.SORT_ROLE:
            return value
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(self._records[index.row()]) or text
        if role == Qt.ItemDataRole.TextAlignmentRole and isinstance(value, (int, float)):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return self._headings[section]
