"""Doubts: a list that jumps to the row each of them is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QTableView, QWidget

from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.findings import Severity
from invoice_desk.core.records import FindingRecord
from invoice_desk.ui.background import Background
from invoice_desk.ui.lists import plain_rows, set_widths
from invoice_desk.ui.texts import anomaly, field_label, finding, status

Index = QModelIndex | QPersistentModelIndex
#: Id of the last finding that is known → the next thousand.
FetchFindings = Callable[[int], Sequence[FindingRecord]]
_URGENT = QBrush(QColor("#b91c1c"))


class FindingsModel(QAbstractTableModel):
    """Shows findings, a thousand at a time, more when the list is scrolled to its end."""

    def __init__(
        self,
        background: Background,
        types: Mapping[str, DocumentType],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._background = background
        self._types = types
        self._fetch: FetchFindings | None = None
        self._names: Mapping[int, str] = {}
        self._records: list[FindingRecord] = []
        self._more = False
        self._asked = False
        self._generation = 0

    def show_findings(self, fetch: FetchFindings, names: Mapping[int, str]) -> None:
        """Show what `fetch` gives; `names` are those of the sources."""
        self._generation += 1
        self._fetch, self._names = fetch, names
        generation = self._generation
        self._background.run(
            lambda: fetch(0), lambda found: self._on_first(generation, found), owner=self
        )

    def record(self, row: int) -> FindingRecord:
        """Return the finding at this place."""
        return self._records[row]

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._more

    def fetchMore(self, parent: Index) -> None:
        fetch = self._fetch
        if parent.isValid() or fetch is None or self._asked:
            return
        self._asked = True
        last, generation = self._records[-1].id, self._generation
        self._background.run(
            lambda: fetch(last), lambda found: self._on_more(generation, found), owner=self
        )

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._records)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 7

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        record = self._records[index.row()]
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 0:
            return _URGENT if record.severity == Severity.CRITICAL else None
        if role not in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return None
        row = "" if record.row_number is None else str(record.row_number + 1)
        return (
            status(record.severity),
            self._names.get(record.source_id, ""),
            row,
            field_label(record.field) if record.field else "",
            anomaly(record.anomaly),
            finding(record.code, self._types.values()),
            record.text or "",
        )[index.column()]

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return (
            *(self.tr("Weight"), self.tr("File"), self.tr("Row")),
            *(self.tr("Field"), self.tr("Anomaly"), self.tr("Why"), self.tr("As read")),
        )[section]

    def _on_first(self, generation: int, found: Sequence[FindingRecord]) -> None:
        if generation != self._generation:
            return
        self.beginResetModel()
        self._records = list(found)
        self._more, self._asked = len(found) >= 1000, False
        self.endResetModel()

    def _on_more(self, generation: int, found: Sequence[FindingRecord]) -> None:
        if generation != self._generation:
            return
        self._more, self._asked = len(found) >= 1000, False
        if found:
            first = len(self._records)
            self.beginInsertRows(QModelIndex(), first, first + len(found) - 1)
            self._records += found
            self.endInsertRows()


class FindingsTable(QTableView):
    """A list of findings; Enter or a double click jumps to the row."""

    jumped = Signal(object)  # FindingRecord

    def __init__(
        self,
        name: str,
        background: Background,
        types: Mapping[str, DocumentType],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.findings = FindingsModel(background, types, self)
        self.setModel(self.findings)
        plain_rows(self)
        set_widths(self, (80, 170, 60, 120, 110, 440))
        self.activated.connect(lambda index: self.jumped.emit(self.findings.record(index.row())))
