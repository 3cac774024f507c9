"""Two short lists: templates, and who did what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QLabel, QWidget

from invoice_desk.core.mapping import Template
from invoice_desk.ui.lists import RecordTable, set_widths
from invoice_desk.ui.pages import Page
from invoice_desk.ui.text_grid import RecordModel
from invoice_desk.ui.texts import field_label


class TemplatesView(Page):
    """Mappings that were confirmed; each maps the next file with the same headings by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.title.setText(self.tr("Templates"))
        headings = (
            *(self.tr("Name"), self.tr("Version"), self.tr("Type")),
            *(self.tr("Fields"), self.tr("Headings")),
        )
        self.model: RecordModel[Template] = RecordModel(headings, _template_cells, parent=self)
        self.table = RecordTable("templates", self.model)
        set_widths(self.table, (260, 80, 180, 80))
        text = self.tr("Open a table and choose Mapping to teach how its columns are to be read.")
        hint = QLabel(text)
        hint.setObjectName("hint")
        self.body.addWidget(hint)
        self.body.addWidget(self.table)

    def show_templates(self, records: Sequence[Template]) -> None:
        """Show these templates."""
        self.model.show_records(records)


class ActivityView(Page):
    """Who did what and when."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.title.setText(self.tr("Activity"))
        headings = (self.tr("When"), self.tr("Who"), self.tr("What"), self.tr("On what"))
        self.model: RecordModel[dict[str, Any]] = RecordModel(headings, _entry_cells, parent=self)
        self.table = RecordTable("activity", self.model)
        set_widths(self.table, (170, 140, 200))
        self.body.addWidget(self.table)

    def show_entries(self, entries: Sequence[dict[str, Any]]) -> None:
        """Show these entries."""
        self.model.show_records(entries)


def _template_cells(record: Template) -> list[tuple[str, Any]]:
    return [
        (record.name, record.name),
        (str(record.version), record.version),
        (field_label(record.document_type), record.document_type),
        (str(len(record.mapping)), len(record.mapping)),
        (" · ".join(record.columns), ""),
    ]


def _entry_cells(entry: dict[str, Any]) -> list[tuple[str, Any]]:
    when = entry["at"].astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return [
        (when, entry["at"].timestamp()),
        (entry["actor"], entry["actor"]),
        (entry["action"], entry["action"]),
        (entry["object"], entry["object"]),
    ]
