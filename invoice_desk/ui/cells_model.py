"""A small read-only table whose headings are known only when it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from invoice_desk.documents.einvoice import NUMBERS
from invoice_desk.ui.texts import field_label

Index = QModelIndex | QPersistentModelIndex


class CellsModel(QAbstractTableModel):
    """Shows mappings from field to text, one a row; a column for each field that occurs."""

    def __init__(self, order: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._order = {name: place for place, name in enumerate(order)}
        self._names: list[str] = []
        self._rows: Sequence[Mapping[str, str]] = ()

    def show_rows(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Show these rows, the columns in the usual order and then as they come."""
        met = dict.fromkeys(name for row in rows for name in row)
        last = len(self._order)
        self.beginResetModel()
        self._rows = list(rows)
        self._names = sorted(met, key=lambda name: self._order.get(name, last))
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._names)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        name = self._names[index.column()]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return " ".join(self._rows[index.row()].get(name, "").split())
        if role == Qt.ItemDataRole.TextAlignmentRole and name in _RIGHT:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return field_label(self._names[section])

    def cells(
        self, rows: Sequence[int], columns: Sequence[int]
    ) -> tuple[list[str], list[list[str]]]:
        """Return the headings of columns, and the texts of rows in them."""
        headings = [field_label(self._names[column]) for column in columns]
        texts = [[self._rows[row].get(self._names[c], "") for c in columns] for row in rows]
        return headings, texts

    def numeric(self, columns: Sequence[int]) -> list[bool]:
        """Return which columns hold numbers."""
        return [self._names[column] in _RIGHT for column in columns]

    def name(self, column: int) -> str:
        """Return the field of a column."""
        return self._names[column]


_RIGHT = NUMBERS | {"net_amount", "tax_amount", "total_amount"}
