"""The first screen of an empty desk: what it is for, and how to begin."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from invoice_desk.ui.actions import icon


class Welcome(QFrame):
    """A wide target for drops, with two buttons for those who do not drag."""

    files_wanted = Signal()
    folder_wanted = Signal()
    samples_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        picture = QLabel()
        picture.setPixmap(icon("app").pixmap(64, 64))
        title = QLabel(self.tr("Drop files or folders here"))
        title.setObjectName("welcomeTitle")
        hint = QLabel(
            self.tr(
                "Invoices as PDF, scans and photos, CSV and Excel exports, and ZIP files of all "
                "that.\nEverything is kept untouched on this computer, recognised and saved raw "
                "at once.\nYou clean and check it later, as often as you like."
            )
        )
        hint.setObjectName("hint")
        buttons = QHBoxLayout()
        buttons.addStretch()
        for text, signal, primary in (
            (self.tr("Choose files…"), self.files_wanted, True),
            (self.tr("Choose a folder…"), self.folder_wanted, False),
            (self.tr("Try it with made-up files"), self.samples_wanted, False),
        ):
            button = QPushButton(text)
            button.setProperty("primary", primary)
            button.clicked.connect(signal)
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addStretch()
        for label in (picture, title, hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        layout.addLayout(buttons)
        layout.addStretch()

    def set_dragging(self, dragging: bool) -> None:  # noqa: FBT001 - a state, as Qt has them
        """Show that a drop would be taken."""
        self.setProperty("dragging", dragging)
        self.style().unpolish(self)
        self.style().polish(self)
