"""A window that files and folders can be dropped on."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow


class DropWindow(QMainWindow):
    """Takes local files; what is done with them its heirs say."""

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)

    def drag_begun(self) -> None:
        """Show that a drop would be taken."""

    def drag_ended(self) -> None:
        """Show that nothing is dragged over the window any more."""

    def dropped(self, paths: list[Path]) -> None:
        """Take what was dropped."""

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.drag_begun()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.drag_ended()
        event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        self.drag_ended()
        urls = event.mimeData().urls()
        event.acceptProposedAction()
        self.dropped([Path(url.toLocalFile()) for url in urls if url.isLocalFile()])
