"""What the pages of the window have in common: a title, buttons, and a table below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)


class Page(QWidget):
    """A page with a title on the left, and room for buttons on the right."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(title)
        self.title.setObjectName("pageTitle")
        self.head = QHBoxLayout()
        self.head.addWidget(self.title)
        self.head.addStretch()
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(18, 14, 18, 10)
        self.body.setSpacing(10)
        self.body.addLayout(self.head)

    def add_button(self, text: str, *, primary: bool = False) -> QPushButton:
        """Add a button at the right of the title."""
        button = QPushButton(text)
        button.setProperty("primary", primary)
        self.head.addWidget(button)
        return button


class ShortLabel(QLabel):
    """A label that never makes a window wider; what does not fit ends in dots."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip("" if text == self.text() else self.text())
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()


def search_field(placeholder: str) -> QLineEdit:
    """Return a field for filter texts, with a button that empties it."""
    field = QLineEdit()
    field.setPlaceholderText(placeholder)
    field.setClearButtonEnabled(True)
    field.setMaximumWidth(320)
    return field
