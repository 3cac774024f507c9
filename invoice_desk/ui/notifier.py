"""Telling a person who looks elsewhere that a long job has ended."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from invoice_desk.services.jobs import Snapshot
from invoice_desk.ui.texts import status

#: Whoever started a shorter job still looks at it.
LONG_SECONDS = 10.0
#: Title and text of a message.
Announce = Callable[[str, str], None]


class Notifier:
    """Announces the end of long jobs while nobody looks at the window.

    Args:
        is_active: Returns whether a person works in the window.
        announce: Shows a message of the system.
    """

    def __init__(self, *, is_active: Callable[[], bool], announce: Announce) -> None:
        self._is_active, self._announce = is_active, announce

    def tell(self, snapshot: Snapshot, how: str) -> None:
        """Announce that a job ended, if it took long and nobody looks."""
        if snapshot.seconds < LONG_SECONDS or self._is_active():
            return
        title = QCoreApplication.translate("notifier", "{0} {1}: {2}")
        state, what = status(snapshot.state.value), status(snapshot.operation)
        self._announce(title.format(what, snapshot.title, state), how)


class SystemMessages:
    """Messages of the desktop; where it has none, the window asks for a look."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._tray: QSystemTrayIcon | None = None

    def __call__(self, title: str, text: str) -> None:
        """Show a message."""
        if not (QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages()):
            QApplication.alert(self._window, 0)
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(self._window.windowIcon(), self._window)
            self._tray.messageClicked.connect(self._on_clicked)
        self._tray.show()  # without an icon there is no message
        self._tray.showMessage(title, text, self._window.windowIcon(), 10_000)

    def _on_clicked(self) -> None:
        self._window.raise_()
        self._window.activateWindow()
