"""The rules of one document type as a table, with a check box for each."""

from __future__ import annotations

from collections.abc import Sequence
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

from invoice_desk.core.document_types import DocumentType, DuplicateRule
from invoice_desk.ui import rule_words
from invoice_desk.ui.type_draft import RuleEntry, TypeDraft

Index = QModelIndex | QPersistentModelIndex
_OFF = QBrush(QColor("#64748b"))


class RulesModel(QAbstractTableModel):
    """Shows the rules of a draft, and switches them."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.draft: TypeDraft | None = None
        self._entries: list[RuleEntry] = []
        self._cells: list[Sequence[str]] = []

    def show_draft(self, draft: TypeDraft | None) -> None:
        """Show the rules of another draft, or of the same after a change."""
        self.beginResetModel()
        self.draft = draft
        self._read()
        self.endResetModel()

    def entry(self, row: int) -> RuleEntry:
        """Return the rule at this place."""
        return self._entries[row]

    def switch(self, row: int) -> None:
        """Switch the rule at this place on or off."""
        if self.draft is not None:
            entry = self._entries[row]
            self.draft.switch(entry, on=not entry.rule.enabled)
            self._read()
            self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))
            self.changed.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 6

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        on = self._entries[index.row()].rule.enabled
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == 0:
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return self._cells[index.row()][index.column()]
        if role == Qt.ItemDataRole.ForegroundRole:
            return None if on else _OFF
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != 0:
            return False
        wanted = Qt.CheckState(value) == Qt.CheckState.Checked
        if wanted != self._entries[index.row()].rule.enabled:
            self.switch(index.row())
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == 0 else flags

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return (
            *(self.tr("On"), self.tr("Kind"), self.tr("What follows")),
            *(self.tr("Reason"), self.tr("When it holds"), self.tr("Name")),
        )[section]

    def _read(self) -> None:
        draft = self.draft
        if draft is None:
            self._entries, self._cells = [], []
            return
        self._entries = draft.entries
        self._cells = [_cells(entry, draft.made) for entry in self._entries]


def _cells(entry: RuleEntry, made: DocumentType) -> Sequence[str]:
    kind, rule = rule_words.kind_name(entry.kind), entry.rule
    if isinstance(rule, DuplicateRule):
        outcome = rule_words.duplicate_outcome(rule, made)
        return ("", kind, outcome, "", rule_words.duplicate_words(rule), "")
    outcome = rule_words.rule_outcome(entry.kind, rule)
    return ("", kind, outcome, rule.reason, rule_words.rule_words(rule, made), rule.name)
