"""Rules: what the program knows of each kind of table, to be read, copied and changed."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget, QWidget

from invoice_desk.services.desk import Desk
from invoice_desk.ui.background import Background
from invoice_desk.ui.names_view import NamesView
from invoice_desk.ui.pages import Page
from invoice_desk.ui.types_view import TypesView


class RulesView(Page):
    """Document types with their rules, and the lists of names that they look names up in."""

    clean_wanted = Signal(str)  # document type

    def __init__(self, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.title.setText(self.tr("Rules"))
        self.types = TypesView(desk, background)
        self.types.clean_wanted.connect(self.clean_wanted)
        self.names = NamesView(desk, background)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.types, self.tr("Document types"))
        self.tabs.addTab(self.names, self.tr("Lists of names"))
        self.body.addWidget(self.tabs)

    @property
    def has_changes(self) -> bool:
        """Return whether something is not saved."""
        return self.types.has_changes or self.names.has_changes

    def discard(self) -> None:
        """Forget every change that is not saved."""
        self.types.discard_all()
        self.names.model.discard()

    def refresh(self) -> None:
        """Read again what is not being changed."""
        self.types.refresh()
        self.names.refresh()
