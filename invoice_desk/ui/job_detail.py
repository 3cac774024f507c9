"""One job under the table of jobs: its counts, files, steps, and what it used."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QLocale, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.jobs import TERMINAL
from invoice_desk.core.records import JobRecord
from invoice_desk.core.source import FileOutcome
from invoice_desk.services.job_listing import JobDetail
from invoice_desk.ui.clipboard import cells_as_mime
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP
from invoice_desk.ui.job_files_model import FILE_COLUMNS, JobFilesModel
from invoice_desk.ui.job_words import job_words
from invoice_desk.ui.lists import RecordTable, plain_rows, set_widths
from invoice_desk.ui.pages import ShortLabel
from invoice_desk.ui.text_grid import RecordModel
from invoice_desk.ui.texts import number, status

if TYPE_CHECKING:
    from invoice_desk.ui.job_plots import JobPlots

_COUNTED = {
    "files": QT_TRANSLATE_NOOP("counts", "Files: {0} = {1} successful + {2} failed + {3} left"),
    "tables": QT_TRANSLATE_NOOP("counts", "Tables: {0} = {1} successful + {2} failed + {3} left"),
    "pages": QT_TRANSLATE_NOOP("counts", "Pages: {0} = {1} successful + {2} failed + {3} left"),
    "rows": QT_TRANSLATE_NOOP("counts", "Rows: {0} = {1} successful + {2} failed + {3} left"),
}
_PARTS = ("total", "successful", "failed", "unprocessed")
#: A step, when it began, and the seconds that it took.
StepTime = tuple[str, dt.datetime, float]


class JobDetailView(QWidget):
    """Shows what is known of one job."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.head = ShortLabel()
        self.head.setObjectName("sectionTitle")
        self.counts = QLabel()
        self.counts.setObjectName("hint")
        self.counts.setWordWrap(True)
        self.problem = ShortLabel()
        self.problem.setObjectName("problem")
        self.tabs = QTabWidget()
        self.only_left_over = QCheckBox()
        self.tabs.setCornerWidget(self.only_left_over)
        self.tabs.addTab(self._make_files(), self.tr("Files"))
        self.tabs.addTab(self._make_steps(), self.tr("Steps"))
        self._resources = QWidget()
        QVBoxLayout(self._resources).setContentsMargins(0, 0, 0, 0)
        self.tabs.addTab(self._resources, self.tr("Resources"))
        self.tabs.currentChanged.connect(lambda index: self.only_left_over.setVisible(index == 0))
        self.tabs.currentChanged.connect(self._on_tab_changed)
        #: Made when they are first looked at: the library takes most of a second to import.
        self.plots: JobPlots | None = None
        self._detail: JobDetail | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.setSpacing(6)
        for widget in (self.head, self.counts, self.problem):
            layout.addWidget(widget)
        layout.addWidget(self.tabs, 1)
        self.show_nothing()

    @property
    def job_id(self) -> int | None:
        """Return the number of the job that is shown."""
        return self._detail.job.id if self._detail else None

    def show_nothing(self) -> None:
        """Say how to see something."""
        self._detail = None
        self.head.setText(self.tr("Select a job to see what became of each file."))
        for widget in (self.counts, self.problem, self.tabs):
            widget.hide()

    def show_detail(self, detail: JobDetail, *, now: dt.datetime) -> None:
        """Show a job; the same job again keeps tab, filter and order."""
        job, self._detail = detail.job, detail
        title = self.tr("Job {0}: {1} {2} — {3}")
        state = status(job.state.value)
        self.head.setText(title.format(job.id, status(job.operation), job.title, state))
        self.counts.setText(" · ".join(count_lines(detail)))
        problem = job.error or job.waiting_for or ""
        self.problem.setText(" ".join(problem.split()))
        self.problem.setVisible(bool(problem))
        self.counts.show()
        self.tabs.show()
        self.files.show_files(detail.files)
        text = self.tr("Only what failed or was not begun ({0})")
        self.only_left_over.setText(text.format(number(self.files.left_over)))
        self.steps.show_records(step_times(detail, now))
        self.words.setText("\n".join(job_words(job.summary)))
        self.words.setHidden(not self.words.text())
        if self.plots is not None:
            self.plots.show_samples(samples_of(job))

    # --- parts ------------------------------------------------------------------------

    def _make_files(self) -> QWidget:
        self.files = JobFilesModel(self)
        self.table = QTableView()
        self.table.setObjectName("jobFiles")
        self.table.setModel(self.files)
        plain_rows(self.table)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        set_widths(self.table, tuple(column.width for column in FILE_COLUMNS))
        self.only_left_over.toggled.connect(self.files.show_only_left_over)
        copy = QAction(self.tr("Copy with headings"), self.table)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.table.addAction(copy)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        return _row(self.table)

    def _make_steps(self) -> QWidget:
        headings = (self.tr("Step"), self.tr("Began"), self.tr("Seconds"))
        self.steps: RecordModel[StepTime] = RecordModel(headings, _step_cells, parent=self)
        table = RecordTable("jobSteps", self.steps)
        set_widths(table, (180, 170, 90))
        self.words = QLabel()
        self.words.setObjectName("hint")
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        return _row(table, self.words)

    def copy(self) -> None:
        """Put the selected files on the clipboard, as Excel understands them; else all."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        cells = self.files.cells(rows or range(self.files.rowCount()))
        headings = [QCoreApplication.translate("jobs", column.heading) for column in FILE_COLUMNS]
        numeric = [column.is_number for column in FILE_COLUMNS]
        QGuiApplication.clipboard().setMimeData(cells_as_mime(headings, cells, numeric=numeric))

    def _on_tab_changed(self, _index: int) -> None:
        if self.tabs.currentWidget() is self._resources and self.plots is None:
            from invoice_desk.ui.job_plots import JobPlots

            self.plots = JobPlots()
            layout = self._resources.layout()
            assert layout is not None
            layout.addWidget(self.plots)
            if self._detail is not None:
                self.plots.show_samples(samples_of(self._detail.job))


def count_lines(detail: JobDetail) -> list[str]:
    """Return for files, pages and rows how the total is made up; old jobs tell of files only."""
    job = detail.job
    counts: dict[str, dict[str, int]] = dict(job.summary.get("counts") or {})
    if not counts:
        counts = {"tables" if job.operation == "clean" else "files": _counted(detail)}
    shown = {of: found for of, found in counts.items() if found.get("total")}
    return [
        QCoreApplication.translate("counts", _COUNTED[of]).format(
            *(number(found.get(part, 0)) for part in _PARTS)
        )
        for of, found in (shown or counts).items()
        if of in _COUNTED
    ]


def _counted(detail: JobDetail) -> dict[str, int]:
    """Return how the files stand; while the job is under way, by what became of each so far."""
    job = detail.job
    if job.state in TERMINAL:
        values = (job.total, job.successful, job.failed, job.unprocessed)
        return dict(zip(_PARTS, values, strict=True))
    outcomes = Counter(file.outcome for file in detail.files)
    total, failed = max(job.total, len(detail.files)), outcomes[FileOutcome.REJECTED]
    successful = outcomes[FileOutcome.DONE] + outcomes[FileOutcome.DUPLICATE]
    values = (total, successful, failed, total - successful - failed)
    return dict(zip(_PARTS, values, strict=True))


def samples_of(job: JobRecord) -> Sequence[Sequence[float]]:
    """Return what was measured of a job."""
    samples: Sequence[Sequence[float]] = job.progress.get("samples") or []
    return samples


def step_times(detail: JobDetail, now: dt.datetime) -> list[StepTime]:
    """Return each step with its begin and the seconds up to the next one, or the end."""
    ends = [at for _, at in detail.steps[1:]] + [detail.job.ended_at or now]
    return [
        (step, at, max(0.0, (end - at).total_seconds()))
        for (step, at), end in zip(detail.steps, ends, strict=False)
    ]


def _step_cells(found: StepTime) -> list[tuple[str, Any]]:
    step, at, seconds = found
    return [
        (status(step), step),
        (at.astimezone().strftime("%Y-%m-%d %H:%M:%S"), at.timestamp()),
        (QLocale().toString(seconds, "f", 1), seconds),
    ]


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(6, 6, 6, 6)
    layout.setSpacing(12)
    for widget in widgets:
        layout.addWidget(widget, 1)
    return row
