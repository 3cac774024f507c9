"""The page of jobs: a table of all that ran, runs and waits, and one of them in detail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QTableView,
    QWidget,
)

from invoice_desk.core.job_lines import JobLine, Standing
from invoice_desk.services.desk import Desk
from invoice_desk.services.job_listing import (
    MOST_LINES,
    JobDetail,
    active_lines,
    job_detail,
    job_lines,
)
from invoice_desk.services.jobs import Snapshot
from invoice_desk.ui.background import Background
from invoice_desk.ui.job_columns import COLUMNS, JobColumn
from invoice_desk.ui.job_delegates import BarDelegate, StateDelegate
from invoice_desk.ui.job_detail import JobDetailView
from invoice_desk.ui.job_operations import JOB_ACTIONS, JobOperations, allow, make_job_actions
from invoice_desk.ui.jobs_model import JobsModel
from invoice_desk.ui.lists import plain_rows, set_widths
from invoice_desk.ui.pages import Page, search_field
from invoice_desk.ui.texts import number, status

#: What has a button of its own; everything is in the menu.
_BUTTONS = ("cancel", "pause", "resume", "retry", "delete")
_TYPING_MS = 250
_LOOK_MS = 1000
_HALF = 280
_OPERATIONS = ("import", "clean", "insert", "update", "upsert", "delete")


class JobsPage(Page):
    """Every job with its outcome, also those of earlier days and of other windows."""

    looked = Signal(object)  # list[JobLine]: what is under way, once a second

    def __init__(
        self,
        desk: Desk,
        background: Background,
        operations: JobOperations,
        *,
        is_watched: Callable[[], bool] = lambda: False,
        parent: QWidget | None = None,
    ) -> None:
        """Make the page; `is_watched` says whether `looked` is wanted while it is not shown."""
        super().__init__("", parent)
        self._is_watched = is_watched
        self._desk, self._background = desk, background
        self._is_looking = False
        self.title.setText(self.tr("Jobs"))
        self.model = JobsModel(self)
        self._make_table()
        self.detail = JobDetailView()
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setObjectName("jobsSplitter")
        self.splitter.setChildrenCollapsible(False)
        for widget in (self.table, self.detail):
            self.splitter.addWidget(widget)
            self.splitter.setStretchFactor(self.splitter.count() - 1, 1)
        self.splitter.setSizes([_HALF, _HALF])
        self.body.addLayout(self._make_filters())
        self.body.addWidget(self.splitter, 1)
        self.actions_by_id = make_job_actions(self, self.selected, operations)
        self._make_buttons()
        self._make_timers()
        operations.changed.connect(self.refresh)
        self._on_selected()

    # --- what is there ----------------------------------------------------------------

    def _make_table(self) -> None:
        self.table = QTableView()
        self.table.setObjectName("jobs")
        self.table.setModel(self.model)
        plain_rows(self.table)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.table.setItemDelegateForColumn(JobColumn.STATE, StateDelegate(self.table))
        self.table.setItemDelegateForColumn(JobColumn.PROGRESS, BarDelegate(self.table))
        set_widths(self.table, tuple(spec.width for spec in COLUMNS.values()))
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu)
        self.table.selectionModel().selectionChanged.connect(self._on_selected)
        self.table.activated.connect(lambda _index: self.detail.tabs.setFocus())

    def _make_filters(self) -> QHBoxLayout:
        self.search = search_field(self.tr("Filter by name or number"))
        self.standing = QComboBox()
        for text, standing in (
            (self.tr("All states"), None),
            (self.tr("Running"), Standing.RUNNING),
            (self.tr("Waiting"), Standing.WAITING),
            (self.tr("Complete"), Standing.COMPLETE),
            (self.tr("Failed"), Standing.FAILED),
            (self.tr("Aborted"), Standing.ABORTED),
            (self.tr("With something left to do"), Standing.LEFT_OVER),
        ):
            self.standing.addItem(text, standing)
        self.kind = QComboBox()
        self.kind.addItem(self.tr("All kinds"), None)
        for operation in _OPERATIONS:
            self.kind.addItem(status(operation), operation)
        for box in (self.standing, self.kind):
            box.currentIndexChanged.connect(lambda _index: self.refresh())
        self.count = QLabel()
        self.count.setObjectName("hint")
        row = QHBoxLayout()
        for widget in (self.search, self.standing, self.kind, self.count):
            row.addWidget(widget)
        row.addStretch()
        return row

    def _make_buttons(self) -> None:
        self.buttons: dict[str, QPushButton] = {}
        for name in _BUTTONS:
            action = self.actions_by_id[name]
            button = self.add_button(action.text())
            button.setToolTip(action.toolTip())
            button.clicked.connect(action.trigger)
            self.buttons[name] = button
        more = self.add_button(self.tr("More"))
        menu = QMenu(more)
        menu.setToolTipsVisible(True)
        for spec in JOB_ACTIONS:
            if spec.id not in _BUTTONS:
                menu.addAction(self.actions_by_id[spec.id])
        more.setMenu(menu)

    def _make_timers(self) -> None:
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(_TYPING_MS)
        self._typed.timeout.connect(self.refresh)
        self.search.textChanged.connect(lambda _text: self._typed.start())
        self._chosen = QTimer(self)
        self._chosen.setSingleShot(True)
        self._chosen.setInterval(_TYPING_MS // 2)
        self._chosen.timeout.connect(self._read_detail)
        self._look = QTimer(self)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self.look)
        self._look.start()

    # --- reading ----------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the list again, as the filters want it."""
        desk, text = self._desk, self.search.text().strip()
        chosen, operation = self.standing.currentData(), self.kind.currentData()
        standing = None if chosen is None else Standing(chosen)
        self._background.run(
            lambda: job_lines(desk, standing=standing, operation=operation, text=text),
            self.show_lines,
            owner=self,
            series="lines",
        )

    def show_lines(self, lines: Sequence[JobLine]) -> None:
        """Show these jobs; what was selected stays so."""
        selected = {line.id for line in self.selected()}
        place = self.table.verticalScrollBar().value()
        self.model.show_lines(lines)
        if {line.id for line in self.selected()} != selected:
            self.select(selected)
            self.table.verticalScrollBar().setValue(place)
        text = self.tr("{0} shown").format(number(len(lines)))
        if len(lines) >= MOST_LINES:
            text = self.tr("the newest {0}").format(number(len(lines)))
        elif not lines:
            text = self.tr("No job is like that.") if self._is_filtered else self.tr("No job yet.")
        self.count.setText(text)
        self._on_selected()

    @property
    def _is_filtered(self) -> bool:
        chosen = (self.standing.currentIndex(), self.kind.currentIndex())
        return bool(self.search.text().strip()) or any(chosen)

    def look(self) -> None:
        """Read what is under way, here and in other windows."""
        shown = self.isVisible()
        if self._is_looking or not (shown or self._is_watched()):
            return
        self._is_looking = True
        desk, newest, known = self._desk, self.model.newest, self.model.active_ids
        self._background.run(
            lambda: active_lines(desk, newer_than=newest if shown else 2**62, also=known),
            self._on_looked,
            owner=self,
            failed=self._on_not_looked,
        )

    def _on_looked(self, lines: list[JobLine]) -> None:
        self._is_looking = False
        before = self.model.active_ids
        came = self.model.merge(lines)
        gone = before - {line.id for line in lines}
        if self.isVisible() and (gone or (came and not self._is_filtered)):
            self.refresh()
        if self.detail.job_id in before:
            self._read_detail()
        self._allow()
        self.looked.emit(lines)

    def _on_not_looked(self, _error: Exception) -> None:
        self._is_looking = False  # the disk is busy; a second later it is tried again

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show how far a job of this window is."""
        if self.isVisible():
            self.model.show_snapshot(snapshot)

    # --- selecting --------------------------------------------------------------------

    def selected(self) -> list[JobLine]:
        """Return the jobs that are selected."""
        rows = self.table.selectionModel().selectedRows()
        return [self.model.record(index.row()) for index in rows]

    def select(self, ids: set[int]) -> None:
        """Select the jobs with these numbers, as far as they are shown."""
        wanted, last = QItemSelection(), len(COLUMNS) - 1
        for row in sorted(r for i in ids if (r := self.model.row_of(i)) is not None):
            wanted.select(self.model.index(row, 0), self.model.index(row, last))
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.table.selectionModel().select(wanted, flags)

    def _on_selected(self, *_selections: object) -> None:
        self._allow()
        self._chosen.start()

    def _allow(self) -> None:
        allow(self.actions_by_id, self.selected())
        for name, button in self.buttons.items():
            button.setEnabled(self.actions_by_id[name].isEnabled())

    def _read_detail(self) -> None:
        lines = self.selected()
        if not lines:
            self.detail.show_nothing()
            return
        desk, job_id = self._desk, lines[0].id
        self._background.run(
            lambda: job_detail(desk, job_id),
            self._show_detail,
            owner=self,
            failed=lambda _error: self.detail.show_nothing(),  # it was deleted meanwhile
        )

    def _show_detail(self, detail: JobDetail) -> None:
        if detail.job.id in {line.id for line in self.selected()[:1]}:
            self.detail.show_detail(detail, now=self._desk.now())

    def _on_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for spec in JOB_ACTIONS:
            menu.addAction(self.actions_by_id[spec.id])
        menu.popup(self.table.viewport().mapToGlobal(at))
