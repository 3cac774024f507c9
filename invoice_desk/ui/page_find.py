"""A line to find a text on the page."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from invoice_desk.documents.page import Page
from invoice_desk.documents.selection import hits_of
from invoice_desk.ui.pages import search_field
from invoice_desk.ui.texts import number


class PageFind(QWidget):
    """Finds a text on the page that is shown; Enter goes to the next hit."""

    elsewhere_wanted = Signal(str, int)  # text; 1 for a later page, -1 for an earlier one
    found = Signal(object, int)  # hits, each a list of places of words; the one that is current
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = search_field(self.tr("Find in this document"))
        self.count = QLabel()
        self.count.setObjectName("hint")
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.setToolTip(self.tr("Close the search (Esc)"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.field)
        row.addWidget(self.count)
        row.addStretch()
        row.addWidget(self.close_button)
        self._page: Page | None = None
        self._hits: list[list[int]] = []
        self._current = -1
        #: Whether the document has pages beside the one that is shown.
        self.has_others = False
        self.field.textChanged.connect(lambda _text: self._look())
        self.field.returnPressed.connect(lambda: self._go(1))
        self.field.installEventFilter(self)
        self.close_button.clicked.connect(self.leave)
        self.hide()

    def begin(self) -> None:
        """Show the line and take what is typed."""
        self.show()
        self.field.setFocus()
        self.field.selectAll()

    def leave(self) -> None:
        """Hide the line and the hits."""
        self.hide()
        self.found.emit([], -1)
        self.closed.emit()

    def show_page(self, page: Page | None) -> None:
        """Look for the text on another page."""
        self._page = page
        if self.isVisible():
            self._look()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.leave()
                return True
            back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if back and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self._go(-1)
                return True
        return super().eventFilter(watched, event)

    def _look(self) -> None:
        text = self.field.text()
        self._hits = hits_of(self._page, text) if self._page else []
        self._current = 0 if self._hits else -1
        self._tell()

    def _go(self, by: int) -> None:
        if self.has_others and self.field.text() and not 0 <= self._current + by < len(self._hits):
            self.elsewhere_wanted.emit(self.field.text(), by)
        else:
            self.go_around(by)

    def go_around(self, by: int) -> None:
        """Go to the next hit of this page; behind the last one comes the first."""
        if self._hits:
            self._current = (self._current + by) % len(self._hits)
        self._tell()
        if self.has_others and self.field.text() and not self._hits:
            self.count.setText(self.tr("It stands on no page."))

    def _tell(self) -> None:
        if not self.field.text():
            self.count.setText("")
        elif self._page is None or not self._page.words:
            self.count.setText(self.tr("The words of this page are not known."))
        elif not self._hits:
            told = self.tr("It does not stand on this page.")
            if self.has_others:
                told = self.tr("It does not stand on this page; Enter looks on the others.")
            self.count.setText(told)
        else:
            told = self.tr("{0} of {1}")
            self.count.setText(told.format(number(self._current + 1), number(len(self._hits))))
        self.found.emit(self._hits, self._current)
