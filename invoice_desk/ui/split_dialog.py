"""How a file with several documents is to be split, before it is."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.documents.splits import Split, splits_of
from invoice_desk.services.proposals import Proposal


class SplitDialog(QDialog):
    """Shows the pages of each document; a person may write others."""

    def __init__(self, proposal: Proposal, pages: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Split the file"))
        self.setMinimumWidth(460)
        self._pages = pages
        why = QLabel(proposal.sentence)
        why.setWordWrap(True)
        hint = QLabel(
            self.tr(
                "Write the pages of each document, parted by commas. "
                "The file stays; each document gets its own form."
            )
        )
        hint.setObjectName("hint")
        hint.setWordWrap(True)
        self.ranges = QLineEdit(proposal.ranges)
        self.problem = QLabel()
        self.problem.setObjectName("problem")
        self.problem.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.split = buttons.addButton(self.tr("Split"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.split.setProperty("primary", True)
        self.split.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        for widget in (why, hint, self.ranges, self.problem, buttons):
            layout.addWidget(widget)
        self.ranges.textChanged.connect(lambda _text: self._check())
        self._check()

    @property
    def splits(self) -> tuple[Split, ...]:
        """Return what is written; nothing where it is no such ranges."""
        try:
            return splits_of(self.ranges.text())
        except ValueError:
            return ()

    def _check(self) -> None:
        splits = self.splits
        covered = [page for each in splits for page in range(each.first, each.last + 1)]
        text = ""
        if not splits:
            text = self.tr("Write ranges such as 1-2, 3.")
        elif covered != list(range(1, self._pages + 1)):
            text = self.tr("Each page from 1 to {0} must be there once, in order.")
            text = text.format(self._pages)
        elif len(splits) < 2:
            text = self.tr("This is one document; nothing would be split.")
        self.problem.setText(text)
        self.split.setEnabled(not text)
