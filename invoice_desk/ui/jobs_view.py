"""Jobs: a dock with what runs now, and a page with everything that ever ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDockWidget,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.jobs import TERMINAL
from invoice_desk.core.records import JobRecord
from invoice_desk.services.jobs import Snapshot
from invoice_desk.ui.lists import RecordTable, set_widths
from invoice_desk.ui.pages import Page
from invoice_desk.ui.text_grid import RecordModel
from invoice_desk.ui.texts import duration, number, progress, status

_KEPT_ENDED = 1


class JobRow(QWidget):
    """One job that runs or has just ended: bar, rate, time left, cancel."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = QLabel()
        self.detail = QLabel(self.tr("waiting its turn"))
        self.detail.setObjectName("hint")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self.cancelled)
        layout = QGridLayout(self)
        layout.setContentsMargins(10, 4, 10, 4)
        layout.addWidget(self.name, 0, 0)
        layout.addWidget(self.bar, 0, 1)
        layout.addWidget(self.cancel, 0, 2)
        layout.addWidget(self.detail, 1, 0, 1, 3)
        layout.setColumnStretch(1, 1)
        layout.setColumnMinimumWidth(0, 220)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show how far the job is."""
        self.name.setText(f"{status(snapshot.operation)} {snapshot.title}".strip())
        self.bar.setValue(int(snapshot.work_done * 1000))
        ended = snapshot.state in TERMINAL
        if ended:
            text = self.tr("{0} after {1}").format(
                status(snapshot.state.value), duration(snapshot.seconds)
            )
            self.detail.setText(text)
        else:
            self.detail.setText(progress(snapshot))
        self.cancel.setEnabled(not ended)

    def show_summary(self, text: str) -> None:
        """Show how the job ended."""
        self.detail.setText(text)
        self.cancel.setEnabled(False)
        self.bar.setValue(1000)


class JobsDock(QDockWidget):
    """Always there: what runs now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jobsDock")
        self.setWindowTitle(self.tr("Jobs"))
        self.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        self._rows: list[JobRow] = []
        inside = QWidget()
        self._layout = QVBoxLayout(inside)
        self._layout.setContentsMargins(0, 2, 0, 2)
        self._layout.setSpacing(0)
        self._idle = QLabel(self.tr("Nothing is running."))
        self._idle.setObjectName("hint")
        self._idle.setContentsMargins(12, 4, 12, 6)
        self._layout.addWidget(self._idle)
        self.setWidget(inside)
        self.setAllowedAreas(Qt.DockWidgetArea.BottomDockWidgetArea)

    def add_row(self) -> JobRow:
        """Add a row for a job that begins; the oldest that ended goes."""
        ended = [row for row in self._rows if not row.cancel.isEnabled()]
        for row in ended[: max(0, len(ended) - _KEPT_ENDED + 1)]:
            self._rows.remove(row)
            self._layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        row = JobRow()
        self._rows.append(row)
        self._idle.hide()
        self._layout.addWidget(row)
        return row


class JobsView(Page):
    """Every job with its outcome, also those of earlier days."""

    opened = Signal(object)  # JobRecord

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.title.setText(self.tr("Jobs"))
        headings = (
            *(self.tr("No."), self.tr("What"), self.tr("On"), self.tr("State")),
            *(self.tr("Successful"), self.tr("Failed"), self.tr("Not processed")),
            *(self.tr("Rows"), self.tr("Seconds"), self.tr("Began")),
        )
        self.model: RecordModel[JobRecord] = RecordModel(headings, _cells, tip=_tip, parent=self)
        self.table = RecordTable("jobs", self.model)
        set_widths(self.table, (50, 80, 260, 120, 90, 70, 110, 90, 80))
        self.table.when_opened(self.opened.emit)
        hint = QLabel(self.tr("Double-click a job to see what became of each file."))
        hint.setObjectName("hint")
        self.body.addWidget(hint)
        self.body.addWidget(self.table)

    def show_jobs(self, records: Sequence[JobRecord]) -> None:
        """Show these jobs."""
        self.model.show_records(records)


def _cells(record: JobRecord) -> list[tuple[str, Any]]:
    seconds = float(record.summary.get("seconds", 0.0))
    began = record.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    return [
        (str(record.id), record.id),
        (status(record.operation), record.operation),
        (record.title, record.title),
        (status(record.state.value), record.state.value),
        (number(record.successful), record.successful),
        (number(record.failed), record.failed),
        (number(record.unprocessed), record.unprocessed),
        (number(record.rows), record.rows),
        (f"{seconds:.1f}", seconds),
        (began, record.created_at.timestamp()),
    ]


def _tip(record: JobRecord) -> str:
    return record.error or ""
