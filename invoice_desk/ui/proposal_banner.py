"""A strip over a document that says what is proposed about it, with a button for each answer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from invoice_desk.services.proposals import Proposal
from invoice_desk.ui.texts import breakable


class ProposalBanner(QFrame):
    """Shows proposals, and tells which answer was chosen."""

    chosen = Signal(object)  # Choice
    opened = Signal(object)  # Target
    split_wanted = Signal(object)  # Proposal

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self.lines: list[QWidget] = []
        self.hide()

    def show_proposals(self, proposals: Sequence[Proposal]) -> None:
        """Show these proposals in place of those before."""
        for line in self.lines:
            self._column.removeWidget(line)
            line.deleteLater()
        self.lines = [self._line(proposal) for proposal in proposals]
        for line in self.lines:
            self._column.addWidget(line)
        self.setVisible(bool(proposals))

    def _line(self, proposal: Proposal) -> QWidget:
        line = QFrame()
        line.setObjectName("warningLine" if proposal.is_warning else "proposalLine")
        row = QHBoxLayout(line)
        row.setContentsMargins(12, 6, 8, 6)
        text = QLabel(breakable(proposal.sentence))
        text.setWordWrap(True)
        row.addWidget(text, 1)
        if proposal.opens is not None:
            other = QPushButton(self.tr("Open the other one"))
            other.clicked.connect(lambda _c=False, to=proposal.opens: self.opened.emit(to))
            row.addWidget(other)
        if proposal.ranges:
            split = QPushButton(self.tr("Split…"))
            split.setProperty("primary", True)
            split.clicked.connect(lambda _c=False, made=proposal: self.split_wanted.emit(made))
            row.addWidget(split)
        for choice in proposal.choices:
            button = QPushButton(choice.text)
            button.setProperty("primary", choice.is_primary)
            button.clicked.connect(lambda _c=False, made=choice: self.chosen.emit(made))
            row.addWidget(button)
        return line
