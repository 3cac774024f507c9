"""The inbox: every source the desk keeps, and what is the matter with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QLocale, QPoint, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QStackedWidget, QWidget

from invoice_desk.core.cleaning import CleaningStatus
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.records import SourceRecord
from invoice_desk.core.source import TABULAR, SourceStatus
from invoice_desk.documents.document_class import BLANK
from invoice_desk.documents.fields import OTHER
from invoice_desk.services.documents import Standings
from invoice_desk.ui.lists import RecordTable, set_widths
from invoice_desk.ui.pages import Page, search_field
from invoice_desk.ui.text_grid import RecordModel
from invoice_desk.ui.texts import document_class, field_label, finding, number, status
from invoice_desk.ui.welcome import Welcome

#: What can be read, or tried once more.
_UNREAD = frozenset({SourceStatus.PENDING, SourceStatus.FAILED})


class InboxView(Page):
    """Lists sources; shows the welcome while there is none."""

    opened = Signal(object)  # SourceRecord
    status_chosen = Signal()
    read_wanted = Signal(object)  # list of ids of sources

    def __init__(self, types: Mapping[str, DocumentType], parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._types = types
        self._approved: Collection[int] = frozenset()
        #: Whether a job runs that may be about to read what waits.
        self.is_busy = False
        self._doubts: Mapping[int, tuple[str, str | None, int]] = {}
        self.title.setText(self.tr("Inbox"))
        self.welcome = Welcome()
        headings = (
            *(self.tr("File"), self.tr("Kind"), self.tr("Type"), self.tr("Sure")),
            *(self.tr("Rows"), self.tr("Pages"), self.tr("Quality")),
            *(self.tr("Status"), self.tr("What to do")),
        )
        self.model: RecordModel[SourceRecord] = RecordModel(
            headings, self._cells, tip=self._tip, parent=self
        )
        self.table = RecordTable("inbox", self.model)
        set_widths(self.table, (206, 64, 128, 56, 62, 62, 72, 100))
        self.table.when_opened(self.opened.emit)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu)
        self.search = search_field(self.tr("Filter files"))
        self.search.textChanged.connect(self.table.filtered.setFilterFixedString)
        self.standing = QComboBox()
        for text, status_ in (
            (self.tr("All files"), None),
            (self.tr("Not cleaned yet"), CleaningStatus.RAW),
            (self.tr("With cleaned rows"), CleaningStatus.CLEANED),
            (self.tr("With rows filtered out"), CleaningStatus.FILTERED_OUT),
        ):
            self.standing.addItem(text, status_)
        self.standing.currentIndexChanged.connect(lambda _i: self.status_chosen.emit())
        self.nothing = QLabel(self.tr("No file stands so. Choose all files to see the others."))
        self.nothing.setObjectName("hint")
        self.nothing.hide()
        row = QHBoxLayout()
        row.addWidget(self.search)
        row.addWidget(self.standing)
        row.addWidget(self.nothing)
        row.addStretch()
        filled = QWidget()
        layout = _column(filled)
        layout.addLayout(row)
        layout.addWidget(self.table)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.welcome)
        self.stack.addWidget(filled)
        self.body.addWidget(self.stack)

    @property
    def wanted_status(self) -> CleaningStatus | None:
        """Return how rows of a source must stand for it to be shown; None for all."""
        chosen = self.standing.currentData()
        return None if chosen is None else CleaningStatus(chosen)

    def show_sources(
        self,
        records: Sequence[SourceRecord],
        *,
        is_empty: bool,
        standings: Standings | None = None,
    ) -> None:
        """Show these sources and how documents stand, or the welcome on an empty desk."""
        self._approved = standings.approved if standings else frozenset()
        self._doubts = standings.doubts if standings else {}
        selected = {record.id for record in self.table.selected()}
        self.model.show_records(records)
        self.nothing.setVisible(not records)
        self.stack.setCurrentIndex(0 if is_empty else 1)
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

    def _cells(self, record: SourceRecord) -> list[tuple[str, Any]]:
        made = self._types.get(record.document_type or "")
        kind = made.title if made else ""
        if record.document_class:
            kind = document_class(record.document_class)
        is_told = record.document_class not in {None, OTHER} or record.document_type
        sure = record.confidence if is_told else None
        problem = self._problem(record)
        return [
            (record.name, record.name.casefold()),
            (record.kind.value.upper(), record.kind.value),
            (kind, kind),
            (f"{sure:.0%}" if sure is not None else "", sure or 0.0),
            (number(record.row_count) if record.row_count else "", record.row_count),
            (number(record.page_count) if record.page_count else "", record.page_count),
            _quality(record),
            self._standing(record),
            (problem, problem),
        ]

    def _on_menu(self, at: QPoint) -> None:
        chosen = self.table.selected()
        unread = [record.id for record in chosen if record.status in _UNREAD]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        opened = menu.addAction(self.tr("Open"), lambda: self.opened.emit(chosen[0]))
        opened.setEnabled(len(chosen) == 1)
        read = menu.addAction(self.tr("Read now"), lambda: self.read_wanted.emit(unread))
        read.setEnabled(bool(unread))
        menu.popup(self.table.viewport().mapToGlobal(at))

    def _problem(self, record: SourceRecord) -> str:
        """Return what there is to do about a source; nothing for most."""
        if record.status.value == "preview" and record.id not in self._approved:
            return self._doubt(record) or self._advice(record)
        if record.status is SourceStatus.PENDING and not self.is_busy:
            return self.tr("It is not read yet: right-click, Read now.")
        return record.error_advice or ""

    def _tip(self, record: SourceRecord) -> str:
        told = (self._problem(record), record.error_message, record.origin, *record.reasons)
        return "\n".join(dict.fromkeys(line for line in told if line))

    def _doubt(self, record: SourceRecord) -> str:
        """Return the weightiest doubt of a document as a sentence, and how many more it has."""
        if record.id not in self._doubts:
            return ""
        code, field, more = self._doubts[record.id]
        told = finding(code, self._types.values())
        told = f"{field_label(field)}: {told}" if field else told
        return self.tr("{0} (%n more)", "", more).format(told) if more else told

    def _advice(self, record: SourceRecord) -> str:
        """Return what to do about a source without a doubt that has a name."""
        if BLANK in record.reasons:
            return self.tr("Nothing could be read on it; look whether it is blank.")
        if record.document_class and not record.document_type:
            return self.tr("It is kept as text; look whether it should be an invoice.")
        if record.kind in TABULAR:
            return self.tr("Open it and say under Mapping what its columns are.")
        if record.document_class:
            return self.tr("Look whether it is: {0} ({1})").format(
                document_class(record.document_class), "; ".join(record.reasons)
            )
        return "; ".join(record.reasons)

    def _standing(self, record: SourceRecord) -> tuple[str, str]:
        if record.id in self._approved:
            return self.tr("✓ Approved"), "approved"
        return status(record.status.value), record.status.value


def _column(parent: QWidget) -> Any:
    from PySide6.QtWidgets import QVBoxLayout

    layout = QVBoxLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    return layout


def _quality(record: SourceRecord) -> tuple[str, float]:
    if record.quality is None:
        return "", -1.0
    shown = max(0.0, record.quality)
    digits = 0 if shown == 100.0 else 1
    return QLocale().toString(shown, "f", digits) + " %", shown
