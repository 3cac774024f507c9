"""The window: it puts views together and tells them what has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMessageBox,
    QSplitter,
    QStackedWidget,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.records import FindingRecord, JobRecord, SourceRecord, TableRecord
from invoice_desk.errors import StorageError
from invoice_desk.services import browsing, exporting, templating
from invoice_desk.services import jobs as job_services
from invoice_desk.services.desk import Desk
from invoice_desk.ui.actions import ACTIONS as ACTION_SPECS
from invoice_desk.ui.actions import MENUS, icon, make_actions, translated
from invoice_desk.ui.background import Background
from invoice_desk.ui.decisions_undo import Decisions
from invoice_desk.ui.error_dialog import show_error
from invoice_desk.ui.findings_view import ReviewView
from invoice_desk.ui.inbox_view import InboxView
from invoice_desk.ui.job_queue import JobQueue
from invoice_desk.ui.jobs_view import JobsDock, JobsView
from invoice_desk.ui.mapping_dialog import MappingDialog
from invoice_desk.ui.small_views import ActivityView, TemplatesView
from invoice_desk.ui.table_view import TableView
from invoice_desk.ui.texts import number

_REFRESH_MS = 1000


class MainWindow(QMainWindow):
    """Everything a person sees of one desk."""

    def __init__(self, desk: Desk, settings: QSettings) -> None:
        super().__init__()
        self._desk, self._settings = desk, settings
        self.setWindowTitle(self.tr("{0} — Invoice Desk").format(desk.path.stem))
        self.setWindowIcon(icon("app"))
        self.setAcceptDrops(True)
        self.background = Background(threads=3, parent=self)
        self.background.failed.connect(self._on_failed)
        self.decisions = Decisions(desk, self)
        self.dock = JobsDock(self)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
        self.jobs = JobQueue(desk, self.dock, self)
        self.summary = QLabel()
        self.statusBar().addPermanentWidget(self.summary)
        self.statusBar().showMessage(str(desk.path))
        self._make_views()
        self._make_actions()
        self._connect()
        self._restore()
        self._refresh_soon = QTimer(self)
        self._refresh_soon.setSingleShot(True)
        self._refresh_soon.setInterval(_REFRESH_MS)
        self._refresh_soon.timeout.connect(self.refresh)
        self.show_page("inbox")
        self.refresh()

    # --- what is there ----------------------------------------------------------------

    def _make_views(self) -> None:
        self.inbox = InboxView()
        self.review = ReviewView(self.background, self._desk.types)
        self.templates = TemplatesView()
        self.jobs_page = JobsView()
        self.activity = ActivityView()
        self.table = TableView(self._desk, self.background)
        self.pages: dict[str, QWidget] = {
            "inbox": self.inbox,
            "review": self.review,
            "templates": self.templates,
            "jobs": self.jobs_page,
            "activity": self.activity,
            "table": self.table,
        }
        self.stack = QStackedWidget()
        for page in self.pages.values():
            self.stack.addWidget(page)
        middle = QWidget()
        layout = QHBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._navigation())
        layout.addWidget(self.stack, 1)
        self.setCentralWidget(middle)

    def _navigation(self) -> QFrame:
        bar = QFrame()
        bar.setObjectName("navigation")
        bar.setFixedWidth(160)
        column = QVBoxLayout(bar)
        column.setContentsMargins(8, 12, 8, 12)
        column.setSpacing(2)
        group = QButtonGroup(self)
        self.navigation: dict[str, QToolButton] = {}
        for name, text in (
            ("inbox", self.tr("Inbox")),
            ("review", self.tr("Review")),
            ("templates", self.tr("Templates")),
            ("jobs", self.tr("Jobs")),
            ("activity", self.tr("Activity")),
        ):
            button = QToolButton()
            button.setText(text)
            button.setIcon(icon(name))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setCheckable(True)
            button.setFixedWidth(144)
            button.clicked.connect(lambda _checked=False, page=name: self.show_page(page))
            group.addButton(button)
            column.addWidget(button)
            self.navigation[name] = button
        column.addStretch()
        return bar

    def _make_actions(self) -> None:
        handlers: dict[str, Callable[[], object]] = {
            "import_files": self._on_import_files,
            "import_folder": self._on_import_folder,
            "export": self._on_export,
            "quit": self.close,
            "undo": self.decisions.stack.undo,
            "redo": self.decisions.stack.redo,
            "copy": self.table.copy,
            "approve": self.table.approve,
            "find": self._on_find,
            "clean": self._on_clean,
            "mapping": self._on_mapping_of_shown,
            "cancel": self.jobs.cancel,
        }
        self.actions_by_id = make_actions(self, handlers)
        for menu, title in MENUS:
            made = self.menuBar().addMenu(translated(title))
            for spec in ACTION_SPECS:
                if spec.menu == menu:
                    made.addAction(self.actions_by_id[spec.id])
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
        self.inbox.opened.connect(self.open_source)
        self.inbox.welcome.files_wanted.connect(self._on_import_files)
        self.inbox.welcome.folder_wanted.connect(self._on_import_folder)
        self.inbox.welcome.samples_wanted.connect(self._on_samples)
        self.review.table.jumped.connect(self._on_jump)
        self.jobs_page.opened.connect(self._on_job_opened)
        self.table.left.connect(lambda: self.show_page("inbox"))
        self.table.clean_wanted.connect(self._on_clean_source)
        self.table.mapping_wanted.connect(self.open_mapping)
        self.table.edited.connect(self._on_edited)
        self.table.approved.connect(self._on_approved)
        self.table.refused.connect(self._on_failed)
        self.decisions.changed.connect(self._on_decided)
        self.decisions.failed.connect(self._on_failed)
        self.jobs.imported.connect(self._on_imported)
        self.jobs.cleaned.connect(self._on_cleaned)
        self.jobs.progressed.connect(self._on_progressed)
        self.jobs.crashed.connect(self._on_failed)
        stack = self.decisions.stack
        undo, redo = self.actions_by_id["undo"], self.actions_by_id["redo"]
        stack.canUndoChanged.connect(undo.setEnabled)
        stack.canRedoChanged.connect(redo.setEnabled)
        stack.undoTextChanged.connect(lambda t: undo.setText(self.tr("&Undo {0}").format(t)))
        stack.redoTextChanged.connect(lambda t: redo.setText(self.tr("&Redo {0}").format(t)))
        for name in ("undo", "redo", "clean", "export"):
            self.actions_by_id[name].setEnabled(False)

    # --- what a person does -----------------------------------------------------------

    def show_page(self, name: str) -> None:
        """Show one of the pages."""
        self.stack.setCurrentWidget(self.pages[name])
        if name in self.navigation:
            self.navigation[name].setChecked(True)
        on_table = name == "table"
        for action in ("copy", "approve", "mapping"):
            self.actions_by_id[action].setEnabled(on_table)
        self._show_lists(name)

    def import_paths(self, paths: Sequence[Path]) -> None:
        """Import files and folders."""
        self.jobs.import_paths(paths)

    def open_source(
        self, source: SourceRecord, *, table_id: int | None = None, row_number: int | None = None
    ) -> None:
        """Open a source at its first table, or at a row of one."""
        self.table.show_source(source, table_id=table_id, row_number=row_number)
        self.show_page("table")
        self.navigation["inbox"].setChecked(True)

    def open_named(self, name: str) -> None:
        """Open the newest source that has this name, if there is one."""
        source = next((source for source in self._sources if source.name == name), None)
        if source is not None:
            self.open_source(source)

    def open_mapping(self, table: TableRecord) -> None:
        """Open the mapping of a table."""
        desk, table_id = self._desk, table.id
        self.background.run(
            lambda: templating.draft_mapping(desk, table_id), self._on_draft, owner=self
        )

    def refresh(self) -> None:
        """Read again what the lists show."""
        desk = self._desk
        self.background.run(
            lambda: (browsing.sources(desk), browsing.desk_summary(desk)),
            self._on_refreshed,
            owner=self,
        )
        self._show_lists(self._current_page())

    # --- drops ------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.inbox.welcome.set_dragging(True)
            self.statusBar().showMessage(self.tr("Drop to import"))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._end_drag()
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        self._end_drag()
        urls = event.mimeData().urls()
        event.acceptProposedAction()
        self.import_paths([Path(url.toLocalFile()) for url in urls if url.isLocalFile()])

    def _end_drag(self) -> None:
        self.inbox.welcome.set_dragging(False)
        self.statusBar().showMessage(str(self._desk.path))

    # --- closing ----------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.jobs.is_busy and not self._confirms_close():
            event.ignore()
            return
        self._remember()
        self.jobs.close()
        self.decisions.background.wait()
        self.background.wait()
        event.accept()

    def _confirms_close(self) -> bool:
        answer = QMessageBox.question(
            self,
            self.tr("A job is running"),
            self.tr("Close all the same? What is stored stays; the rest can be started again."),
        )
        return answer == QMessageBox.StandardButton.Yes

    def _remember(self) -> None:
        self._settings.setValue("geometry", self.saveGeometry())
        for view in self.findChildren(QTableView):
            if view.objectName() and view.objectName() != "grid":
                self._settings.setValue(
                    f"columns/{view.objectName()}", view.horizontalHeader().saveState()
                )
        for splitter in self.findChildren(QSplitter):
            self._settings.setValue(f"splitter/{splitter.objectName()}", splitter.saveState())

    def _restore(self) -> None:
        self.resize(1240, 780)
        geometry: Any = self._settings.value("geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        for view in self.findChildren(QTableView):
            state: Any = self._settings.value(f"columns/{view.objectName()}")
            if state is not None:
                view.horizontalHeader().restoreState(state)
        for splitter in self.findChildren(QSplitter):
            saved: Any = self._settings.value(f"splitter/{splitter.objectName()}")
            if saved is not None:
                splitter.restoreState(saved)

    # --- what happens -----------------------------------------------------------------

    def _current_page(self) -> str:
        current = self.stack.currentWidget()
        return next(name for name, page in self.pages.items() if page is current)

    def _show_lists(self, page: str) -> None:
        desk = self._desk
        if page == "jobs":
            self.background.run(
                lambda: job_services.jobs(desk), self.jobs_page.show_jobs, owner=self
            )
        elif page == "templates":
            self.background.run(
                lambda: templating.templates(desk), self.templates.show_templates, owner=self
            )
        elif page == "activity":
            self.background.run(
                lambda: browsing.activity(desk), self.activity.show_entries, owner=self
            )
        elif page == "review":
            names = {record.id: record.name for record in self._sources}
            self.review.table.findings.show_findings(
                lambda after: browsing.findings(desk, after=after), names
            )

    _sources: Sequence[SourceRecord] = ()

    def _on_refreshed(self, found: tuple[list[SourceRecord], dict[str, Any]]) -> None:
        self._sources, counts = found
        self.inbox.show_sources(self._sources)
        text = self.tr("{0} sources · {1} rows raw · {2} cleaned · {3} filtered out · {4} findings")
        keys = ("sources", "rows_raw", "rows_cleaned", "rows_filtered_out", "findings")
        self.summary.setText(text.format(*(number(counts[key]) for key in keys)))
        has_rows = bool(counts["rows_raw"])
        self.actions_by_id["clean"].setEnabled(has_rows)
        self.actions_by_id["export"].setEnabled(bool(counts["rows_cleaned"]))
        findings = counts["findings"]
        label = self.tr("Review")
        self.navigation["review"].setText(f"{label} ({number(findings)})" if findings else label)

    def _on_progressed(self, _snapshot: object) -> None:
        if not self._refresh_soon.isActive() and not self.background.is_busy:
            self._refresh_soon.start()

    def _on_imported(self, result: Any) -> None:
        self.refresh()
        if result.error:
            show_error(self, StorageError(result.error))

    def _on_cleaned(self, result: Any) -> None:
        self.refresh()
        if result.error:
            show_error(self, StorageError(result.error))
        shown = self.table.table
        if shown is not None and any(t.raw_table_id == shown.id for t in result.tables):
            self.table.reload(
                keep_view=self.table.rows is not None and self.table.rows.cleaning_pass is not None
            )

    def _on_decided(self, table_id: int, numbers: set[int]) -> None:
        shown = self.table.table
        if shown is not None and shown.id == table_id:
            self.table.reload()
        self.statusBar().showMessage(self.tr("Saved: %n row(s)", "", len(numbers)), 4000)
        self._refresh_soon.start()

    def _on_edited(self, table: TableRecord, row_number: int, field: str, text: str) -> None:
        self.decisions.correct(table.id, row_number, field, text)

    def _on_approved(self, table: TableRecord, numbers: list[int]) -> None:
        self.decisions.approve(table.id, numbers)

    def _on_jump(self, finding: FindingRecord) -> None:
        source = next((s for s in self._sources if s.id == finding.source_id), None)
        if source is not None:
            self.open_source(source, table_id=finding.raw_table_id, row_number=finding.row_number)

    def _on_clean(self) -> None:
        if self._current_page() == "table" and self.table.source is not None:
            self._on_clean_source(self.table.source)
            return
        selected = [record.id for record in self.inbox.table.selected()]
        self.jobs.clean(selected or None)

    def _on_clean_source(self, source: SourceRecord) -> None:
        self.jobs.clean([source.id], title=source.name)

    def _on_mapping_of_shown(self) -> None:
        if self._current_page() == "table" and self.table.table is not None:
            self.open_mapping(self.table.table)

    def _on_draft(self, draft: templating.MappingDraft) -> None:
        dialog = MappingDialog(self._desk, draft, self.background, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._on_mapping_saved(dialog, draft))
        dialog.open()

    def _on_mapping_saved(self, dialog: MappingDialog, draft: templating.MappingDraft) -> None:
        desk, table = self._desk, draft.table
        kind, mapping, name = dialog.document_type, dialog.model.mapping, dialog.template_name

        def on_saved(_template: object) -> None:
            self.jobs.clean([table.source_id], title=table.name)

        self.background.run(
            lambda: templating.confirm_mapping(
                desk, table.id, document_type=kind, mapping=mapping, template_name=name
            ),
            on_saved,
            owner=self,
        )

    def _on_find(self) -> None:
        on_table = self._current_page() == "table"
        if not on_table:
            self.show_page("inbox")
        field = self.table.search if on_table else self.inbox.search
        field.setFocus()
        field.selectAll()

    def _on_import_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Import files"), self._last_folder())
        self._import_chosen([Path(name) for name in names])

    def _on_import_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(
            self, self.tr("Import a folder"), self._last_folder()
        )
        self._import_chosen([Path(name)] if name else [])

    def _import_chosen(self, paths: list[Path]) -> None:
        if paths:
            self._settings.setValue("folder", str(paths[0].parent))
            self.import_paths(paths)

    def _last_folder(self) -> str:
        return str(self._settings.value("folder") or Path.home())

    def _on_samples(self) -> None:
        from invoice_desk.services.samples import write_samples

        target = self._desk.path.parent / "samples"
        self.background.run(
            lambda: write_samples(target, rows=500),
            lambda _paths: self.import_paths([target]),
            owner=self,
        )

    def _on_export(self) -> None:
        shown = self.table.table if self._current_page() == "table" else None
        stem = Path(self.table.source.name).stem if shown and self.table.source else "invoice-desk"
        filters = "Excel (*.xlsx);;CSV (*.csv);;JSON (*.json);;Parquet (*.parquet)"
        start = str(Path(self._last_folder()) / f"{stem}.xlsx")
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Export"), start, filters)
        if name:
            self.export_to(Path(name), table_ids=[shown.id] if shown else None)

    def export_to(self, path: Path, *, table_ids: Sequence[int] | None = None) -> None:
        """Export cleaned rows: of these tables, or of everything, one file a type."""
        desk = self._desk

        def work() -> list[exporting.ExportResult]:
            return exporting.export_all(desk, path, table_ids=table_ids)

        def on_done(results: list[exporting.ExportResult]) -> None:
            rows = sum(result.rows for result in results)
            where = ", ".join(result.path for result in results)
            self.statusBar().showMessage(
                self.tr("{0} rows written to {1}").format(number(rows), where)
            )

        self.statusBar().showMessage(self.tr("Exporting…"))
        self.background.run(work, on_done, owner=self)

    def _on_job_opened(self, record: JobRecord) -> None:
        desk = self._desk
        self.background.run(
            lambda: job_services.job_files(desk, record.id),
            lambda files: self._show_job_files(record, files),
            owner=self,
        )

    def _show_job_files(self, record: JobRecord, files: Sequence[Any]) -> None:
        from invoice_desk.ui.job_files_dialog import JobFilesDialog

        dialog = JobFilesDialog(record, files, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _on_failed(self, error: Exception) -> None:
        show_error(self, error)
