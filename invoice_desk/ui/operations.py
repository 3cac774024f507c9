"""What the actions of the window do that are about files, jobs and the whole desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtWidgets import QWidget

from invoice_desk.core.modes import WorkSettings
from invoice_desk.services import exporting, scanning
from invoice_desk.services.bulk_requests import write_request
from invoice_desk.services.desk import Desk
from invoice_desk.services.engines import missing_engines
from invoice_desk.settings import load_settings, save_settings
from invoice_desk.ui.background import Background
from invoice_desk.ui.file_dialogs import ask_files, ask_folder, ask_target
from invoice_desk.ui.job_queue import JobQueue
from invoice_desk.ui.texts import number

if TYPE_CHECKING:  # the dialog is imported when it is opened
    from invoice_desk.ui.write_dialog import WriteDialog

_FILTERS = "Excel (*.xlsx);;CSV (*.csv);;JSON (*.json);;Parquet (*.parquet)"


class Operations(QObject):
    """Asks a person what is needed, then a service."""

    said = Signal(str)  # a sentence for the status bar
    passwords_left = Signal()  # their dialog was closed

    def __init__(
        self,
        desk: Desk,
        background: Background,
        jobs: JobQueue,
        settings: QSettings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk, self._background, self._jobs = desk, background, jobs
        self._settings, self._window = settings, window

    # --- files ------------------------------------------------------------------------

    def import_files(self) -> None:
        """Ask for files and import them."""
        title = self.tr("Import files")
        self._import_chosen(ask_files(self._window, title, self._last_folder()))

    def import_folder(self) -> None:
        """Ask for a folder and import it."""
        title = self.tr("Import a folder")
        folder = ask_folder(self._window, title, self._last_folder())
        self._import_chosen([folder] if folder else [])

    def import_samples(self) -> None:
        """Write made-up files beside the desk and import them."""
        from invoice_desk.services.samples import write_samples

        target = self._desk.path.parent / "samples"
        self._background.run(
            lambda: write_samples(target, rows=500),
            lambda _paths: self._jobs.import_paths([target]),
            owner=self,
        )

    def write_file(self) -> None:
        """Ask for a file and a clean table, and write the one into the other."""
        from invoice_desk.ui.write_dialog import WriteDialog

        types = sorted(self._desk.types.values(), key=lambda made: made.title)
        dialog = WriteDialog(types, self._last_folder(), self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._write_chosen(dialog))
        dialog.open()

    def _write_chosen(self, dialog: WriteDialog) -> None:
        path = dialog.path
        self._settings.setValue("folder", str(path.parent))
        request = write_request(
            self._desk,
            dialog.operation,
            dialog.document_type.name,
            path=path,
            unique=dialog.unique,
            empty_clears=dialog.empty_clears.isChecked(),
        )
        self._jobs.write(request)

    def export(self, stem: str, table_ids: Sequence[int] | None) -> None:
        """Ask where to, and export cleaned rows there."""
        start = str(Path(self._last_folder()) / f"{stem}.xlsx")
        path = ask_target(self._window, self.tr("Export"), start, _FILTERS)
        if path:
            self.export_to(path, table_ids=table_ids)

    def export_to(self, path: Path, *, table_ids: Sequence[int] | None = None) -> None:
        """Export cleaned rows: of these tables, or of everything, one file a type."""
        desk = self._desk

        def on_done(results: list[exporting.ExportResult]) -> None:
            rows = sum(result.rows for result in results)
            where = ", ".join(result.path for result in results)
            self.said.emit(self.tr("{0} rows written to {1}").format(number(rows), where))

        self.said.emit(self.tr("Exporting…"))
        self._background.run(
            lambda: exporting.export_all(desk, path, table_ids=table_ids), on_done, owner=self
        )

    def _import_chosen(self, paths: list[Path]) -> None:
        if paths:
            self._settings.setValue("folder", str(paths[0].parent))
            self._jobs.import_paths(paths)

    def _last_folder(self) -> str:
        return str(self._settings.value("folder") or Path.home())

    # --- the desk ---------------------------------------------------------------------

    def edit_settings(self) -> None:
        """Open the settings; what is saved holds at once."""
        from invoice_desk.ui.settings_dialog import SettingsDialog

        dialog = SettingsDialog(parent=self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._keep_settings(dialog.settings))
        dialog.passwords_wanted.connect(self.edit_passwords)
        self._background.run(missing_engines, dialog.engines.show_missing, owner=dialog)
        dialog.open()

    def edit_passwords(self) -> None:
        """Open the passwords of documents; protected files may be read again with them."""
        from invoice_desk.ui.passwords_dialog import PasswordsDialog

        dialog = PasswordsDialog(self._desk, self._background, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.retry_wanted.connect(self._jobs.read_again)
        dialog.finished.connect(lambda _result: self.passwords_left.emit())
        dialog.open()

    def _keep_settings(self, wanted: WorkSettings) -> None:
        def work() -> WorkSettings:
            save_settings(wanted)
            return load_settings()

        def on_kept(settings: WorkSettings) -> None:
            self._desk.settings = settings
            self.said.emit(self.tr("The settings are saved."))

        self._background.run(work, on_kept, owner=self)

    def scan(self, done: Callable[[], None], *, failed: Callable[[], None]) -> None:
        """Look for anomalies over whole types, then call `done`."""
        desk = self._desk

        def on_done(results: list[scanning.ScanResult]) -> None:
            found, rows = sum(r.findings for r in results), sum(r.rows for r in results)
            text = self.tr("{0} scans over {1} rows made {2} findings.")
            if not results:
                text = self.tr("No cleaned table has a type with scans.")
            self.said.emit(text.format(number(len(results)), number(rows), number(found)))
            done()

        def on_failed(error: Exception) -> None:
            failed()
            self._background.failed.emit(error)

        self.said.emit(self.tr("Scanning for anomalies…"))
        self._background.run(
            lambda: scanning.scan_desk(desk), on_done, owner=self, failed=on_failed
        )
