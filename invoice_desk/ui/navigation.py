"""The bar at the left of the window: one button for each page."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QToolButton, QVBoxLayout, QWidget

from invoice_desk.ui.actions import icon
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP
from invoice_desk.ui.texts import number

PAGES = (
    ("inbox", QT_TRANSLATE_NOOP("pages", "Inbox")),
    ("review", QT_TRANSLATE_NOOP("pages", "Review")),
    ("rules", QT_TRANSLATE_NOOP("pages", "Rules")),
    ("templates", QT_TRANSLATE_NOOP("pages", "Templates")),
    ("jobs", QT_TRANSLATE_NOOP("pages", "Jobs")),
    ("reports", QT_TRANSLATE_NOOP("pages", "Reports")),
    ("activity", QT_TRANSLATE_NOOP("pages", "Activity")),
)
_WIDTH, _MARGIN = 184, 8


class Navigation(QFrame):
    """Shows which page is open, and tells which one is wanted."""

    wanted = Signal(str)  # page

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("navigation")
        self.setFixedWidth(_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, 12, _MARGIN, 12)
        column.setSpacing(2)
        group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        for name, text in PAGES:
            button = QToolButton()
            button.setText(_translated(text))
            button.setIcon(icon(name))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setCheckable(True)
            button.setFixedWidth(_WIDTH - 2 * _MARGIN)
            button.clicked.connect(lambda _checked=False, page=name: self.wanted.emit(page))
            group.addButton(button)
            column.addWidget(button)
            self.buttons[name] = button
        column.addStretch()

    def mark(self, page: str) -> None:
        """Show that a page is open; a page without a button leaves the mark where it is."""
        if page in self.buttons:
            self.buttons[page].setChecked(True)

    def show_count(self, page: str, count: int) -> None:
        """Show beside the name of a page how many things wait there."""
        name = _translated(dict(PAGES)[page])
        self.buttons[page].setText(f"{name} ({number(count)})" if count else name)


def _translated(text: str) -> str:
    return QCoreApplication.translate("pages", text)
