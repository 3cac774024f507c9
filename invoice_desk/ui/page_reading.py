"""Reading one page again with an engine that a person names."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from invoice_desk.documents.page import Page
from invoice_desk.services.desk import Desk
from invoice_desk.services.engines import available_engines
from invoice_desk.services.pages import recognise_page_again
from invoice_desk.ui.background import Background


class PageReading(QObject):
    """Recognises on a thread of its own, one page at a time."""

    known = Signal(list)  # names of the engines that can be used here
    begun = Signal(int, int, str)  # source, page, engine
    ended = Signal(int, int, bool)  # source, page, whether it was read
    failed = Signal(object)  # Exception

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.background = Background(threads=1, parent=self)
        self._is_known = False

    def find_engines(self) -> None:
        """Find out once which engines there are, and tell by `known`."""
        if not self._is_known:
            self._is_known = True
            self.background.run(available_engines, self.known.emit, owner=self)

    def read(self, source_id: int, number: int, engine: str) -> None:
        """Read a page anew; what is under way is finished first."""
        desk = self._desk

        def on_read(_page: Page) -> None:
            self.ended.emit(source_id, number, True)

        def on_failed(error: Exception) -> None:
            self.ended.emit(source_id, number, False)
            self.failed.emit(error)

        self.begun.emit(source_id, number, engine)
        self.background.run(
            lambda: recognise_page_again(desk, source_id, number, engine),
            on_read,
            owner=self,
            failed=on_failed,
        )
