"""Find a page by the words on it, whatever file it came in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QVBoxLayout, QWidget

from invoice_desk.services.desk import Desk
from invoice_desk.services.searching import HIT, TextHit, search
from invoice_desk.ui.background import Background
from invoice_desk.ui.lists import RecordTable, set_widths
from invoice_desk.ui.text_grid import RecordModel

#: A person who types goes on within this time.
_PAUSE_MS = 150
_LIST_KEYS = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown})


class SearchDialog(QDialog):
    """Lists the pages that hold all words as they are typed; Enter opens the source of one."""

    opened = Signal(int, int, object)  # source, page, words

    def __init__(self, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._background = desk, background
        self._asked = 0
        self.setWindowTitle(self.tr("Search in all pages"))
        self.words = QLineEdit()
        self.words.setPlaceholderText(self.tr("Words, or “words in this order”"))
        self.words.setClearButtonEnabled(True)
        headings = (self.tr("File"), self.tr("Page"), self.tr("Text"))
        self.model: RecordModel[TextHit] = RecordModel(headings, _cells, parent=self)
        self.table = RecordTable("search", self.model)
        set_widths(self.table, (230, 50))
        self.table.when_opened(self._on_opened)
        self.nothing = QLabel(self.tr("No page holds all of these words."))
        self.nothing.setObjectName("hint")
        self.nothing.hide()
        layout = QVBoxLayout(self)
        for widget in (self.words, self.table, self.nothing):
            layout.addWidget(widget)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)
        self.words.textChanged.connect(lambda _text: self._pause.start())
        self.words.returnPressed.connect(self._on_return)
        self.words.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrows go through the list while words are typed."""
        is_pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        key = event.key() if isinstance(event, QKeyEvent) and is_pressed else 0
        if key not in _LIST_KEYS or not self.model.rowCount():
            return super().eventFilter(watched, event)
        QApplication.sendEvent(self.table, event)
        return True

    def _on_pause(self) -> None:
        self._asked += 1
        desk, asked = self._desk, self._asked
        text = self.words.text().replace("“", '"').replace("”", '"')
        self._background.run(
            lambda: search(desk, text), lambda hits: self._on_found(asked, hits), owner=self
        )

    def _on_found(self, asked: int, hits: Sequence[TextHit]) -> None:
        if asked != self._asked:
            return  # the answer to an earlier question
        self.model.show_records(hits)
        self.nothing.setVisible(not hits and bool(self.words.text().strip()))
        if hits:
            self.table.selectRow(0)

    def _on_return(self) -> None:
        selected = self.table.selected()
        if selected and not self._pause.isActive():
            self._on_opened(selected[0])

    def _on_opened(self, hit: Any) -> None:
        marked = re.findall(f"{HIT[0]}(.*?){HIT[1]}", hit.snippet, re.DOTALL)
        self.opened.emit(hit.source_id, hit.page, tuple(dict.fromkeys(marked)))
        self.accept()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.words.setFocus(Qt.FocusReason.OtherFocusReason)


def _cells(hit: TextHit) -> list[tuple[str, Any]]:
    shown = hit.snippet.replace(HIT[0], "").replace(HIT[1], "")
    page = str(hit.page) if hit.page else "XML"
    return [(hit.name, hit.name.casefold()), (page, hit.page), (shown, shown)]
