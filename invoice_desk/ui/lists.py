"""Tables that look and behave alike: whole rows, sorting, remembered widths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from invoice_desk.ui.text_grid import RecordModel


class RecordTable(QTableView):
    """A sortable list of records; Enter or a double click opens one."""

    def __init__(self, name: str, model: RecordModel[Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.records = model
        self.filtered = QSortFilterProxyModel(self)
        self.filtered.setSourceModel(model)
        self.filtered.setSortRole(RecordModel.SORT_ROLE)
        self.filtered.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.filtered.setFilterKeyColumn(-1)
        self.setModel(self.filtered)
        plain_rows(self)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)

    def selected(self) -> list[Any]:
        """Return the records of the selected rows."""
        rows = self.selectionModel().selectedRows()
        return [self.records.record(self.filtered.mapToSource(row).row()) for row in rows]

    def when_opened(self, call: Callable[[Any], None]) -> None:
        """Call `call` with the record that is opened."""

        def on_activated(index: QModelIndex) -> None:
            call(self.records.record(self.filtered.mapToSource(index).row()))

        self.activated.connect(on_activated)


def plain_rows(view: QTableView) -> None:
    """Make a table select whole rows, without numbers and without wrapping."""
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setAlternatingRowColors(False)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(28)
    header = view.horizontalHeader()
    header.setStretchLastSection(True)
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)


def set_widths(view: QTableView, widths: tuple[int, ...]) -> None:
    """Set the first widths of columns; the user's own come from the settings later."""
    for column, width in enumerate(widths):
        view.setColumnWidth(column, width)
