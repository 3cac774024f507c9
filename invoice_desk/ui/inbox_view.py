"""The inbox: every source the desk keeps, and what is the matter with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from invoice_desk.core.records import SourceRecord
from invoice_desk.ui.lists import RecordTable, set_widths
from invoice_desk.ui.pages import Page, search_field
from invoice_desk.ui.text_grid import RecordModel
from invoice_desk.ui.texts import field_label, number, status
from invoice_desk.ui.welcome import Welcome


class InboxView(Page):
    """Lists sources; shows the welcome while there is none."""

    opened = Signal(object)  # SourceRecord

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.title.setText(self.tr("Inbox"))
        self.welcome = Welcome()
        headings = (
            *(self.tr("File"), self.tr("Kind"), self.tr("Type"), self.tr("Sure")),
            *(self.tr("Rows"), self.tr("Pages"), self.tr("Status"), self.tr("What to do")),
        )
        self.model: RecordModel[SourceRecord] = RecordModel(headings, _cells, tip=_tip, parent=self)
        self.table = RecordTable("inbox", self.model)
        set_widths(self.table, (260, 60, 150, 60, 90, 60, 110))
        self.table.when_opened(self.opened.emit)
        self.search = search_field(self.tr("Filter files"))
        self.search.textChanged.connect(self.table.filtered.setFilterFixedString)
        row = QHBoxLayout()
        row.addWidget(self.search)
        row.addStretch()
        filled = QWidget()
        layout = _column(filled)
        layout.addLayout(row)
        layout.addWidget(self.table)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.welcome)
        self.stack.addWidget(filled)
        self.body.addWidget(self.stack)

    def show_sources(self, records: Sequence[SourceRecord]) -> None:
        """Show these sources."""
        selected = {record.id for record in self.table.selected()}
        self.model.show_records(records)
        self.stack.setCurrentIndex(1 if records else 0)
        if selected:
            self.select(selected)

    def select(self, ids: set[int]) -> None:
        """Select the sources with these ids."""
        selection = self.table.selectionModel()
        for row in range(self.model.rowCount()):
            if self.model.record(row).id in ids:
                index = self.table.filtered.mapFromSource(self.model.index(row, 0))
                selection.select(
                    index, selection.SelectionFlag.Select | selection.SelectionFlag.Rows
                )


def _column(parent: QWidget) -> Any:
    from PySide6.QtWidgets import QVBoxLayout

    layout = QVBoxLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    return layout


def _cells(record: SourceRecord) -> list[tuple[str, Any]]:
    kind = field_label(record.document_type) if record.document_type else ""
    sure = record.confidence if record.document_type else None
    problem = record.error_advice or ""
    if record.status.value == "preview":
        problem = "; ".join(record.reasons)
    return [
        (record.name, record.name.casefold()),
        (record.kind.value.upper(), record.kind.value),
        (kind, kind),
        (f"{sure:.0%}" if sure is not None else "", sure or 0.0),
        (number(record.row_count) if record.row_count else "", record.row_count),
        (number(record.page_count) if record.page_count else "", record.page_count),
        (status(record.status.value), record.status.value),
        (problem, problem),
    ]


def _tip(record: SourceRecord) -> str:
    lines = [record.origin, *record.reasons]
    if record.error_message:
        lines += [record.error_message, record.error_advice or ""]
    return "\n".join(line for line in lines if line)
