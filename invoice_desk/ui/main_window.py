"""The window: it puts views together and tells them what has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QDir, QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QWidget

from invoice_desk.core.findings import FindingCode
from invoice_desk.core.records import FindingRecord, SourceRecord, TableRecord
from invoice_desk.errors import StorageError, UserError
from invoice_desk.paths import resource
from invoice_desk.services import browsing, documents, templating
from invoice_desk.services.desk import Desk
from invoice_desk.services.jobs import Snapshot
from invoice_desk.ui.actions import fill_menus, icon, make_actions
from invoice_desk.ui.background import Background
from invoice_desk.ui.closing import confirms_close
from invoice_desk.ui.decisions_undo import Decisions
from invoice_desk.ui.document_operations import DocumentOperations
from invoice_desk.ui.error_dialog import show_error
from invoice_desk.ui.file_drops import DropWindow
from invoice_desk.ui.inbox_view import InboxView
from invoice_desk.ui.job_operations import JobOperations
from invoice_desk.ui.job_queue import JobQueue
from invoice_desk.ui.jobs_dock import JobsDock
from invoice_desk.ui.jobs_page import JobsPage
from invoice_desk.ui.navigation import Navigation
from invoice_desk.ui.notifier import Notifier, SystemMessages
from invoice_desk.ui.operations import Operations
from invoice_desk.ui.reports_view import ReportsView
from invoice_desk.ui.review_view import ReviewView
from invoice_desk.ui.rules_view import RulesView
from invoice_desk.ui.small_views import ActivityView, TemplatesView
from invoice_desk.ui.table_operations import TableOperations
from invoice_desk.ui.table_view import TableView
from invoice_desk.ui.texts import counted, number
from invoice_desk.ui.window_state import remember, restore

_REFRESH_MS = 1000
_SIZE = QSize(1240, 780)
#: What can be done only while a table is shown, and what while a table or document is.
_TABLE_ACTIONS = ("exclude", "mapping", "structure", "passes")
_PAPER_ACTIONS = ("copy", "approve")

#: All sources, those that the inbox shows, how documents stand, and the counts of the desk.
T = TypeVar("T")
_Refreshed = tuple[list[SourceRecord], list[SourceRecord], documents.Standings, dict[str, Any]]


class MainWindow(DropWindow):
    """Everything a person sees of one desk."""

    def __init__(self, desk: Desk, settings: QSettings) -> None:
        super().__init__()
        QDir.setSearchPaths("icons", [str(resource("icons"))])  # the style sheet names some
        self._desk, self._settings = desk, settings
        self.setWindowTitle(self.tr("{0} — Invoice Desk").format(desk.path.stem))
        self.setWindowIcon(icon("app"))
        self.background = Background(threads=3, parent=self)
        self.background.failed.connect(self._on_failed)
        self.decisions = Decisions(desk, self)
        self.dock = JobsDock(self)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
        self.jobs = JobQueue(desk, self.dock, self)
        parts = (desk, self.background, self.jobs, settings, self)
        self.operations, self.table_operations = Operations(*parts), TableOperations(*parts)
        self.summary = QLabel()
        self.statusBar().addPermanentWidget(self.summary)
        self.statusBar().showMessage(str(desk.path))
        self._make_views()
        self._make_actions()
        self._connect()
        restore(self, settings, _SIZE)
        self._refresh_soon = QTimer(self)
        self._refresh_soon.setSingleShot(True)
        self._refresh_soon.setInterval(_REFRESH_MS)
        self._refresh_soon.timeout.connect(self.refresh)
        self.show_page("inbox")
        self.refresh()

    # --- what is there ----------------------------------------------------------------

    def _make_views(self) -> None:
        self.inbox = InboxView(self._desk.types)
        self.review = ReviewView(self._desk, self.background)
        self.rules = RulesView(self._desk, self.background)
        self.templates = TemplatesView()
        self.job_operations = JobOperations(self._desk, self.background, self.jobs, self)
        self.jobs_page = JobsPage(
            self._desk,
            self.background,
            self.job_operations,
            is_watched=lambda: self.jobs.has_waiting,
        )
        self.reports = ReportsView(self._desk, self.background)
        self.activity = ActivityView()
        self.table = TableView(self._desk, self.background)
        parts = (self._desk, self.background, self.decisions, self._settings, self)
        self.documents = DocumentOperations(*parts)
        self.pages: dict[str, QWidget] = {
            "inbox": self.inbox,
            "review": self.review,
            "rules": self.rules,
            "templates": self.templates,
            "jobs": self.jobs_page,
            "reports": self.reports,
            "activity": self.activity,
            "table": self.table,
            "document": self.documents.view,
        }
        self.stack = QStackedWidget()
        for page in self.pages.values():
            self.stack.addWidget(page)
        middle = QWidget()
        layout = QHBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.navigation = Navigation()
        layout.addWidget(self.navigation)
        layout.addWidget(self.stack, 1)
        self.setCentralWidget(middle)

    def _make_actions(self) -> None:
        handlers: dict[str, Callable[[], object]] = {
            "import_files": self.operations.import_files,
            "import_folder": self.operations.import_folder,
            "write": self.operations.write_file,
            "export": self._on_export,
            "quit": self.close,
            "undo": self.decisions.stack.undo,
            "redo": self.decisions.stack.redo,
            "copy": lambda: self._paper().copy(),
            "approve": lambda: self._paper().approve_shown(),
            "exclude": self.table.exclude,
            "find": self._on_find,
            "search": self.documents.search,
            "settings": self.operations.edit_settings,
            "clean": self._on_clean,
            "clean_choices": self._on_clean_with_choices,
            "structure": lambda: self._with_table(self.table_operations.show_structure),
            "mapping": lambda: self._with_table(self.open_mapping),
            "passes": lambda: self._with_table(self.table_operations.show_passes),
            "rules": lambda: self.show_page("rules"),
            "next_doubtful": self.documents.open_next,
            "scan": self._on_scan,
            "cancel": self.jobs.cancel,
        }
        self.actions_by_id = make_actions(self, handlers)
        fill_menus(self.menuBar(), self.actions_by_id)
        for name, primary in (
            ("import_files", True),
            ("import_folder", False),
            ("clean", False),
            ("export", False),
        ):
            action = self.actions_by_id[name]
            button = self.inbox.add_button(action.text().replace("&", ""), primary=primary)
            button.clicked.connect(action.trigger)
            action.enabledChanged.connect(button.setEnabled)

    def _connect(self) -> None:
        self._connect_pages()
        self._connect_table()
        self.decisions.changed.connect(self._on_decided)
        self.decisions.failed.connect(self._on_failed)
        self.jobs.imported.connect(self._on_imported)
        self.jobs.cleaned.connect(self._on_cleaned)
        self.jobs.written.connect(self._on_written)
        self.jobs.progressed.connect(self._on_progressed)
        self.jobs.progressed.connect(self.jobs_page.show_snapshot)
        self.jobs.over.connect(self._on_over)
        self.notifier = Notifier(is_active=self.isActiveWindow, announce=SystemMessages(self))
        self.jobs.crashed.connect(self._on_failed)
        self.operations.said.connect(self.statusBar().showMessage)
        stack = self.decisions.stack
        undo, redo = self.actions_by_id["undo"], self.actions_by_id["redo"]
        stack.canUndoChanged.connect(undo.setEnabled)
        stack.canRedoChanged.connect(redo.setEnabled)
        stack.undoTextChanged.connect(lambda t: undo.setText(self.tr("&Undo {0}").format(t)))
        stack.redoTextChanged.connect(lambda t: redo.setText(self.tr("&Redo {0}").format(t)))
        for name in ("undo", "redo", "clean", "export", "scan"):
            self.actions_by_id[name].setEnabled(False)

    def _connect_pages(self) -> None:
        self.navigation.wanted.connect(self.show_page)
        self.inbox.opened.connect(self.open_source)
        self.inbox.read_wanted.connect(self.jobs.read_again)
        self.inbox.welcome.files_wanted.connect(self.operations.import_files)
        self.inbox.welcome.folder_wanted.connect(self.operations.import_folder)
        self.inbox.welcome.samples_wanted.connect(self.operations.import_samples)
        self.inbox.status_chosen.connect(self.refresh)
        self.review.table.jumped.connect(self._on_jump)
        scan = self.actions_by_id["scan"]
        self.review.scan.clicked.connect(scan.trigger)
        scan.enabledChanged.connect(self.review.scan.setEnabled)
        self.rules.clean_wanted.connect(self._on_clean_type)
        self.jobs_page.looked.connect(self.jobs.show_waiting)

    def _connect_table(self) -> None:
        self.table.left.connect(lambda: self.show_page("inbox"))
        self.table.document_wanted.connect(
            lambda source: self.documents.open(source, came_from="table")
        )
        self.documents.shown.connect(self._on_document)
        self.documents.left.connect(self.show_page)
        self.documents.table_wanted.connect(
            lambda source, table, row: self.open_source(source, table_id=table, row_number=row)
        )
        self.documents.passwords_wanted.connect(self.operations.edit_passwords)
        self.operations.passwords_left.connect(self.documents.open_again)
        self.documents.said.connect(self.statusBar().showMessage)
        self.documents.changed.connect(self._refresh_later)
        self.table.clean_wanted.connect(self._on_clean_source)
        self.table.mapping_wanted.connect(self.open_mapping)
        self.table.edited.connect(self._on_edited)
        self.table.approved.connect(self._on_approved)
        self.table.excluded.connect(lambda table, n: self.decisions.exclude(table.id, n))
        self.table.refused.connect(self._on_failed)
        self.table.findings.jumped.connect(self._on_finding)
        self.table.shown.connect(self._on_table_shown)
        for name, button in (
            ("clean_choices", self.table.clean_choices),
            ("structure", self.table.structure),
            ("passes", self.table.passes),
        ):
            action = self.actions_by_id[name]
            button.clicked.connect(action.trigger)
            button.setToolTip(f"{action.toolTip()} ({action.shortcut().toString()})")
        self.table_operations.jumped.connect(self._on_jump_in_table)
        self.table_operations.restructured.connect(self._on_restructured)

    # --- what a person does -----------------------------------------------------------

    def show_page(self, name: str) -> None:
        """Show one of the pages."""
        self.stack.setCurrentWidget(self.pages[name])
        self.navigation.mark(name)
        on_table = name == "table"
        for action in _TABLE_ACTIONS:
            self.actions_by_id[action].setEnabled(on_table)
        for action in _PAPER_ACTIONS:
            self.actions_by_id[action].setEnabled(on_table or name == "document")
        self.actions_by_id["clean_choices"].setEnabled(on_table and self.table.has_choices)
        self._show_lists(name)

    def import_paths(self, paths: Sequence[Path]) -> None:
        """Import files and folders."""
        self.documents.look_at(paths)
        self.jobs.import_paths(paths)

    def open_source(
        self, source: SourceRecord, *, table_id: int | None = None, row_number: int | None = None
    ) -> None:
        """Open a source: a document at its page, others at a table, or at a row of one."""
        if documents.is_document(source) and table_id is None:
            self.documents.open(source)
            return
        self.table.show_source(source, table_id=table_id, row_number=row_number)
        self.show_page("table")
        self.navigation.mark("inbox")

    def open_named(self, name: str) -> None:
        """Open the newest source that has this name, if there is one."""
        source = next((source for source in self._sources if source.name == name), None)
        if source is not None:
            self.open_source(source)

    def open_mapping(self, table: TableRecord) -> None:
        """Open the mapping of a table."""
        self.table_operations.open_mapping(table)

    def export_to(self, path: Path, *, table_ids: Sequence[int] | None = None) -> None:
        """Export cleaned rows: of these tables, or of everything, one file a type."""
        self.operations.export_to(path, table_ids=table_ids)

    def refresh(self) -> None:
        """Read again what the lists show."""
        desk, wanted = self._desk, self.inbox.wanted_status

        def work() -> _Refreshed:
            known = browsing.sources(desk)
            standing = known
            if wanted is not None:
                standing = browsing.sources(desk, cleaning_status=wanted)
            return known, standing, documents.standings(desk), browsing.desk_summary(desk)

        self.background.run(work, self._on_refreshed, owner=self, series="sources")
        self._show_lists(self._current_page())

    # --- drops ------------------------------------------------------------------------

    def drag_begun(self) -> None:
        self.inbox.welcome.set_dragging(True)
        self.statusBar().showMessage(self.tr("Drop to import"))

    def drag_ended(self) -> None:
        self.inbox.welcome.set_dragging(False)
        self.statusBar().showMessage(str(self._desk.path))

    def dropped(self, paths: list[Path]) -> None:
        self.import_paths(paths)

    # --- closing ----------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._confirms_close():
            event.ignore()
            return
        remember(self, self._settings)
        self.jobs.close()
        self.decisions.background.wait()
        self.background.wait()
        self.documents.close()
        event.accept()

    def _confirms_close(self) -> bool:
        return confirms_close(
            self,
            job_runs=self.jobs.manager.is_busy,
            rules_changed=self.rules.has_changes,
            has_drafts=self.documents.view.form.has_drafts,
        )

    # --- what happens -----------------------------------------------------------------

    def _current_page(self) -> str:
        current = self.stack.currentWidget()
        return next(name for name, page in self.pages.items() if page is current)

    def _show_lists(self, page: str) -> None:
        desk = self._desk
        if page == "jobs":
            self.jobs_page.refresh()
        elif page == "rules":
            self.rules.refresh()
        elif page == "reports":
            self.reports.refresh()
        elif page == "templates":
            self._ask(page, lambda: templating.templates(desk), self.templates.show_templates)
        elif page == "activity":
            self._ask(page, lambda: browsing.activity(desk), self.activity.show_entries)
        elif page == "review":
            self.review.refresh({record.id: record.name for record in self._sources})

    def _ask(self, page: str, work: Callable[[], T], done: Callable[[T], None]) -> None:
        self.background.run(work, done, owner=self, series=page)

    _sources: Sequence[SourceRecord] = ()

    def _on_refreshed(self, found: _Refreshed) -> None:
        self._sources, standing, standings, counts = found
        self.inbox.is_busy = self.jobs.is_busy
        self.inbox.show_sources(standing, is_empty=not self._sources, standings=standings)
        self.documents.show_sources(self._sources)
        text = self.tr("{0} sources · {1} rows raw · {2} cleaned · {3} filtered out · {4} findings")
        keys = ("sources", "rows_raw", "rows_cleaned", "rows_filtered_out", "findings")
        self.summary.setText(text.format(*(number(counts[key]) for key in keys)))
        self.actions_by_id["clean"].setEnabled(bool(counts["rows_raw"]))
        for name in ("export", "scan"):
            self.actions_by_id[name].setEnabled(bool(counts["rows_cleaned"]))
        self.navigation.show_count("review", counts["findings"])

    def _on_progressed(self, _snapshot: object) -> None:
        if not self._refresh_soon.isActive() and not self.background.is_busy:
            self._refresh_soon.start()

    def _on_imported(self, result: Any) -> None:
        self.documents.show_imported(result)
        self.refresh()
        if result.error:
            show_error(self, StorageError(result.error))

    def _on_cleaned(self, result: Any) -> None:
        self.documents.view.reload()
        self.refresh()
        if result.error:
            show_error(self, StorageError(result.error))
        shown = self.table.table
        if shown is not None and any(t.raw_table_id == shown.id for t in result.tables):
            self.table.reload(
                keep_view=self.table.rows is not None and self.table.rows.cleaning_pass is not None
            )

    def _on_written(self, result: Any) -> None:
        self.refresh()
        self.table.reload()
        if result.error:
            show_error(self, UserError(result.error))

    def _on_over(self, snapshot: Snapshot, how: str) -> None:
        self.notifier.tell(snapshot, how)
        self._show_lists(self._current_page())

    def _on_decided(self, table_id: int, numbers: set[int]) -> None:
        shown = self.table.table
        if shown is not None and shown.id == table_id:
            self.table.reload()
        self.documents.show_decided(table_id)
        text = counted(self.tr("Saved: %n row(s)", "", len(numbers)), len(numbers))
        self.statusBar().showMessage(text, 4000)
        self._refresh_soon.start()

    def _on_edited(self, table: TableRecord, row_number: int, field: str, text: str) -> None:
        self.decisions.correct(table.id, row_number, field, text)

    def _on_approved(self, table: TableRecord, numbers: list[int]) -> None:
        self.decisions.approve(table.id, numbers)

    def _on_jump(self, finding: FindingRecord) -> None:
        source = next((s for s in self._sources if s.id == finding.source_id), None)
        if source is not None and documents.is_document(source):
            self.documents.open_finding(source, finding)
        elif source is not None:
            self.open_source(source, table_id=finding.raw_table_id, row_number=finding.row_number)
        self._on_finding(finding)

    def _on_finding(self, finding: FindingRecord) -> None:
        if finding.code == FindingCode.UNSETTLED_COLUMN:
            self.table_operations.settle(finding)

    def _on_jump_in_table(self, table_id: int, row_number: int) -> None:
        shown = self.table.table
        if self._current_page() == "table" and shown is not None and shown.id == table_id:
            self.table.jump_to(row_number)

    def _on_restructured(self, table: TableRecord) -> None:
        source = self.table.source
        if source is not None and source.id == table.source_id:
            self.table.show_source(source, table_id=table.id)
        self.statusBar().showMessage(self.tr("{0} was read again.").format(table.name), 6000)
        self.refresh()

    def _on_document(self) -> None:
        self.show_page("document")
        self.navigation.mark("inbox")

    def _refresh_later(self) -> None:
        self._refresh_soon.start()

    def _on_table_shown(self) -> None:
        on_table = self._current_page() == "table"
        self.actions_by_id["clean_choices"].setEnabled(on_table and self.table.has_choices)

    def _on_clean(self) -> None:
        if self._current_page() == "table" and self.table.source is not None:
            self._on_clean_source(self.table.source)
            return
        selected = [record.id for record in self.inbox.table.selected()]
        self.jobs.clean(selected or None)

    def _on_clean_source(self, source: SourceRecord) -> None:
        self.table_operations.clean_source(source, self.table.all_tables)

    def _on_clean_with_choices(self) -> None:
        self._with_table(self.table_operations.clean_with_choices)

    def _on_clean_type(self, name: str) -> None:
        self.jobs.clean(document_type=name, title=self._desk.types[name].title)

    def _with_table(self, call: Callable[[TableRecord], None]) -> None:
        if self._current_page() == "table" and self.table.table is not None:
            call(self.table.table)

    def _paper(self) -> Any:
        """Return the view of a table or document that is shown."""
        return self.documents.view if self._current_page() == "document" else self.table

    def _on_find(self) -> None:
        if self._current_page() == "document":
            self.documents.view.begin_find()
            return
        on_table = self._current_page() == "table"
        if not on_table:
            self.show_page("inbox")
        field = self.table.search if on_table else self.inbox.search
        field.setFocus()
        field.selectAll()

    def _on_scan(self) -> None:
        action = self.actions_by_id["scan"]
        action.setEnabled(False)
        self.operations.scan(self._on_scanned, failed=lambda: action.setEnabled(True))

    def _on_scanned(self) -> None:
        self.show_page("review")
        self.refresh()

    def _on_export(self) -> None:
        shown = self.table.table if self._current_page() == "table" else None
        stem = Path(self.table.source.name).stem if shown and self.table.source else "invoice-desk"
        self.operations.export(stem, [shown.id] if shown else None)

    def _on_failed(self, error: Exception) -> None:
        show_error(self, error)
