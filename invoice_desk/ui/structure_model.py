"""The first records of a file with the role that each has: title, heading or data."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
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

from invoice_desk.core.tables import joined_header

Index = QModelIndex | QPersistentModelIndex


class Role(StrEnum):
    """What a record is."""

    TITLE = "title"
    HEADING = "heading"
    DATA = "data"


_BACKGROUND = {
    Role.TITLE: QBrush(QColor("#f1f5f9")),
    Role.HEADING: QBrush(QColor("#dcfce7")),
    Role.DATA: QBrush(QColor("#ffffff")),
}
_TITLE_TEXT = QBrush(QColor("#64748b"))


class StructureModel(QAbstractTableModel):
    """Records as read; the heading of a column is what its heading rows say together."""

    changed = Signal()

    def __init__(
        self,
        records: Sequence[Sequence[str]],
        *,
        header_rows: Sequence[int],
        first_data_row: int | None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._records = records
        self._width = max((len(record) for record in records), default=0)
        self.first_data_row = min(first_data_row or 0, max(0, len(records) - 1))
        self._headings = {n for n in header_rows if n < self.first_data_row}
        self._joined: tuple[str, ...] = ()
        self._join()

    @property
    def header_rows(self) -> list[int]:
        """Return which records are headings, ascending."""
        return sorted(self._headings)

    def role_of(self, row: int) -> Role:
        """Return what a record is."""
        if row >= self.first_data_row:
            return Role.DATA
        return Role.HEADING if row in self._headings else Role.TITLE

    def mark(self, rows: Sequence[int], role: Role) -> None:
        """Give records a role; the data begin below the last heading and title."""
        if not rows:
            return
        if role is Role.DATA:
            self.first_data_row = min(rows)
        else:
            last = len(self._records) - 1
            rows = [row for row in rows if row < last]  # one record at least is data
            below = max(rows, default=-1) + 1
            self.first_data_row = max(self.first_data_row, below)
            self._headings -= set(rows)
            if role is Role.HEADING:
                self._headings |= set(rows)
        self._headings = {row for row in self._headings if row < self.first_data_row}
        self._join()
        if self.rowCount() and self._width:
            last_row, last_column = self.rowCount() - 1, self._width - 1
            self.dataChanged.emit(self.index(0, 0), self.index(last_row, last_column))
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, last_column)
            self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, last_row)
        self.changed.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._records)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._width

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        record, kind = self._records[index.row()], self.role_of(index.row())
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return record[index.column()] if index.column() < len(record) else ""
        if role == Qt.ItemDataRole.BackgroundRole:
            return _BACKGROUND[kind]
        if role == Qt.ItemDataRole.ForegroundRole:
            return _TITLE_TEXT if kind is Role.TITLE else None
        if role == Qt.ItemDataRole.FontRole and kind is Role.HEADING:
            font = QFont()
            font.setBold(True)
            return font
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation is Qt.Orientation.Horizontal:
            joined = self._joined[section] if section < len(self._joined) else ""
            return joined or self.tr("Column {0}").format(section + 1)
        names = {
            Role.TITLE: self.tr("{0}  title"),
            Role.HEADING: self.tr("{0}  heading"),
            Role.DATA: self.tr("{0}  data"),
        }
        role_ = self.role_of(section)
        is_blank = role_ is Role.TITLE and not "".join(self._records[section]).strip()
        return str(section + 1) if is_blank else names[role_].format(section + 1)

    def _join(self) -> None:
        rows = [self._records[n] for n in self.header_rows]
        self._joined = joined_header(rows, self._width) if rows else ()
