"""Asks under which name a document type is to be copied."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.document_types import DocumentType
from invoice_desk.ui.rule_dialog import name_of


class CopyTypeDialog(QDialog):
    """A title, and the plain name that is made of it until a person writes another."""

    def __init__(
        self, made: DocumentType, taken: Collection[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Copy {0}").format(made.title))
        self.setMinimumWidth(440)
        self._taken = taken
        self.title = QLineEdit(self.tr("{0}, copy").format(made.title))
        self.name = QLineEdit()
        self.title.textChanged.connect(lambda _text: self._on_title())
        self._on_title()
        self.title.selectAll()
        form = QFormLayout()
        form.addRow(self.tr("Title"), self.title)
        form.addRow(self.tr("Name"), self.name)
        hint = QLabel(self.tr("Files become of this type when you choose it in their mapping."))
        hint.setObjectName("hint")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        copy = buttons.addButton(self.tr("Copy"), QDialogButtonBox.ButtonRole.AcceptRole)
        copy.setProperty("primary", True)
        copy.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(hint)
        layout.addWidget(buttons)

    def _on_title(self) -> None:
        if not self.name.isModified():
            self.name.setText(name_of(self.title.text(), self._taken))
