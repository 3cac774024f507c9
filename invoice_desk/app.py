"""Puts the parts together; the only module that knows them all."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox

from invoice_desk.paths import default_desk, resource

if TYPE_CHECKING:
    from invoice_desk.ui.main_window import MainWindow
    from invoice_desk.workers.contract import WorkerPool


def make_application(arguments: list[str]) -> QApplication:
    """Return the application with the look of the program."""
    application = QApplication(arguments)
    application.setApplicationName("invoice-desk")
    application.setApplicationDisplayName("Invoice Desk")
    application.setStyle("Fusion")
    application.setStyleSheet(resource("style/window.qss").read_text(encoding="utf-8"))
    return application


def open_window(paths: list[Path], *, desk: Path | None, self_test: Path | None) -> int:
    """Open the window on a desk and import `paths`; return the exit code.

    A bare window is there at once; the slow imports and the desk come behind it.
    """
    application = make_application(sys.argv[:1])
    opening = QLabel(QApplication.translate("app", "Opening the desk…"))
    opening.setAlignment(Qt.AlignmentFlag.AlignCenter)
    opening.resize(420, 120)
    opening.show()
    sessions: list[Session] = []

    def begin() -> None:
        session = Session(desk or default_desk(), QSettings("invoice-desk", "invoice-desk"))
        sessions.append(session)
        if session.window is not None:
            session.window.show()
            session.window.import_paths([path.absolute() for path in paths])
        if session.refusal is not None:
            session.refusal.finished.connect(lambda _result: application.exit(session.exit_code))
        opening.close()
        if self_test is not None:
            session.test_itself(self_test)

    QTimer.singleShot(0, begin)
    try:
        return application.exec()
    finally:
        for session in sessions:
            session.close()


class Session:
    """An opened desk, its workers and its window."""

    def __init__(self, path: Path, settings: QSettings) -> None:
        from invoice_desk.errors import UserError
        from invoice_desk.services.desk import open_desk
        from invoice_desk.services.importing import remove_unpacked
        from invoice_desk.services.workplaces import pool_for
        from invoice_desk.ui.error_dialog import show_error
        from invoice_desk.ui.main_window import MainWindow

        _load_early()
        #: None when the desk could not be opened; then `refusal` says why.
        self.window: MainWindow | None = None
        self.refusal: QMessageBox | None = None
        self.exit_code = 0
        self.pool: WorkerPool | None = None
        try:
            self.desk = open_desk(path)
        except UserError as error:
            self.exit_code = error.exit_code
            self.refusal = show_error(None, error)
            return
        remove_unpacked(self.desk)
        self.pool = pool_for(self.desk.settings.cluster)
        self.desk.pool = self.pool
        self.window = MainWindow(self.desk, settings)
        self.window.jobs.begin()
        sys.excepthook = lambda _kind, value, _trace: _show_crash(self.window, value)
        # What the libraries brought stays to the end; looking through it for garbage, as a full
        # collection does, would hold the window still for 60 to 90 ms.
        gc.freeze()

    def test_itself(self, path: Path) -> None:
        """Import one file by worker processes, then quit with 0 when it was stored."""
        assert self.window is not None
        window = self.window

        def on_imported(result: object) -> None:
            code = 0 if getattr(result, "successful", 0) else 70
            window.close()
            QApplication.exit(code)

        window.jobs.imported.connect(on_imported)
        window.import_paths([path])

    def close(self) -> None:
        """End the workers and close the desk."""
        if self.pool is not None:
            self.pool.close()
        if self.window is not None:
            self.desk.close()


def _load_early() -> None:
    """Import what Arrow imports at its first column, before the window can be kept waiting."""
    import pyarrow as pa

    pa.array([0])


def _show_crash(window: MainWindow | None, error: BaseException) -> None:
    from invoice_desk.ui.error_dialog import report, show_error

    print(report(error) if isinstance(error, Exception) else error, file=sys.stderr)  # noqa: T201
    if isinstance(error, Exception):
        show_error(window, error)
