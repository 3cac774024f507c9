"""The passes of a table: what each gave, and what two of them disagree on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.records import PassRecord, TableRecord
from invoice_desk.services.desk import Desk
from invoice_desk.services.passes import Comparison, compare_passes
from invoice_desk.ui.background import Background
from invoice_desk.ui.changes_model import PAGE, ChangesModel
from invoice_desk.ui.lists import RecordTable, plain_rows, set_widths
from invoice_desk.ui.rule_words import choice_name
from invoice_desk.ui.text_grid import RecordModel
from invoice_desk.ui.texts import amount, error_text, field_label, number, status

#: Passes that have ended well; only these can be compared.
_ENDED = frozenset({"done", "superseded"})


class PassesDialog(QDialog):
    """Lists passes and compares two of them; a double click jumps to the row."""

    jumped = Signal(int)  # row number

    def __init__(
        self,
        desk: Desk,
        table: TableRecord,
        records: Sequence[PassRecord],
        background: Background,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Passes of {0}").format(table.name))
        self._desk = desk
        self._records = [record for record in records if record.state in _ENDED]
        headings = (
            *(self.tr("Pass"), self.tr("Began"), self.tr("Type"), self.tr("Cleaned")),
            *(self.tr("Filtered out"), self.tr("Findings"), self.tr("Sums")),
            *(self.tr("Buckets"), self.tr("Choices")),
        )
        self.model: RecordModel[PassRecord] = RecordModel(headings, self._cells, parent=self)
        self.model.show_records(list(reversed(records)))
        self.table = RecordTable("passes", self.model)
        set_widths(self.table, (50, 140, 210, 80, 100, 80, 260, 260))
        self.changes = ChangesModel(background, self)
        self.changes.compared.connect(self._on_compared)
        self.changes.failed.connect(self._on_failed)
        self.lines = QTableView()
        self.lines.setObjectName("changes")
        self.lines.setModel(self.changes)
        plain_rows(self.lines)
        set_widths(self.lines, (80, 180, 300))
        self.lines.activated.connect(self._on_activated)
        self._lay_out()
        self._compare()

    def choose(self, before: int, after: int) -> None:
        """Compare two passes by their ids."""
        for box, wanted in ((self.before, before), (self.after, after)):
            box.blockSignals(True)
            box.setCurrentIndex(box.findData(wanted))
            box.blockSignals(False)
        self._compare()

    # --- set-up -----------------------------------------------------------------------

    def _lay_out(self) -> None:
        lower = QWidget()
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 6, 0, 0)
        below.addLayout(self._choice())
        self.summary = QLabel()
        self.summary.setObjectName("hint")
        self.summary.setWordWrap(True)
        below.addWidget(self.summary)
        below.addWidget(self.lines, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setObjectName("passesSplitter")
        splitter.addWidget(self.table)
        splitter.addWidget(lower)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 2)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(splitter)
        layout.addWidget(buttons)

    def _choice(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.before, self.after = QComboBox(), QComboBox()
        for box in (self.before, self.after):
            for record in self._records:
                box.addItem(self.tr("pass {0}, {1}").format(record.id, _began(record)), record.id)
        if len(self._records) > 1:
            self.before.setCurrentIndex(len(self._records) - 2)
            self.after.setCurrentIndex(len(self._records) - 1)
        for box in (self.before, self.after):
            box.currentIndexChanged.connect(lambda _i: self._compare())
        row.addWidget(QLabel(self.tr("Compare")))
        row.addWidget(self.before)
        row.addWidget(QLabel(self.tr("with")))
        row.addWidget(self.after)
        row.addStretch()
        return row

    def _cells(self, record: PassRecord) -> list[tuple[str, Any]]:
        sums = " · ".join(f"{field_label(k)} {amount(v)}" for k, v in record.totals.items())
        buckets = " · ".join(f"{k} {number(v)}" for k, v in record.buckets.items())
        chosen = record.plan.get("options") or {}
        choices = " · ".join(f"{field_label(k)}: {choice_name(v)}" for k, v in chosen.items())
        made = self._desk.types.get(record.document_type)
        kind = self.tr("{0}, version {1}").format(
            made.title if made else record.document_type, record.type_version
        )
        began = record.started_at.timestamp() if record.started_at else 0
        if record.state not in _ENDED:
            kind = self.tr("{0} ({1})").format(kind, status(record.state))
        return [
            (str(record.id), record.id),
            (_began(record), str(began)),
            (kind, kind),
            (number(record.cleaned), record.cleaned),
            (number(record.filtered_out), record.filtered_out),
            (number(record.findings), record.findings),
            (sums, sums),
            (buckets, buckets),
            (choices, choices),
        ]

    # --- what happens -----------------------------------------------------------------

    def _compare(self) -> None:
        first, second, desk = self.before.currentData(), self.after.currentData(), self._desk
        if len(self._records) < 2:
            text = self.tr("There is one pass; clean the table again to compare.")
            if not self._records:
                text = self.tr("The table is not cleaned yet.")
            self.summary.setText(text)
            self.changes.show_changes(None)
        elif first == second:
            self.summary.setText(self.tr("Choose two different passes."))
            self.changes.show_changes(None)
        else:
            self.summary.setText(self.tr("Comparing…"))
            self.changes.show_changes(
                lambda after: compare_passes(desk, first, second, after=after, limit=PAGE)
            )

    def _on_compared(self, found: Comparison) -> None:
        if not found.changed:
            self.summary.setText(self.tr("The two passes agree in every row."))
            return
        fields = ", ".join(f"{field_label(k)} {number(n)}" for k, n in found.by_field.items())
        text = self.tr("{0} rows differ: {1}. Double-click a line to see its row.")
        self.summary.setText(text.format(number(found.changed), fields))

    def _on_failed(self, error: Exception) -> None:
        self.summary.setText(error_text(error)[0])

    def _on_activated(self, index: QModelIndex) -> None:
        self.jumped.emit(self.changes.row_number(index.row()))


def _began(record: PassRecord) -> str:
    if record.started_at is None:
        return ""
    return record.started_at.astimezone().strftime("%Y-%m-%d %H:%M")
