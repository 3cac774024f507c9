"""Asks how the type of a table is to be read, before it is cleaned."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from invoice_desk.core.document_types import DocumentType
from invoice_desk.ui.options_form import OptionsForm


class ChoicesDialog(QDialog):
    """Offers the options of a type, as they were chosen last."""

    def __init__(
        self, made: DocumentType, chosen: Mapping[str, str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Clean as {0}").format(made.title))
        hint = QLabel(
            self.tr("Your choices are kept until you close the program; the pass records them.")
        )
        hint.setObjectName("hint")
        self.form = OptionsForm()
        self.form.show_options(made.options, chosen)
        self.problem = QLabel(self.tr("Write the year with four digits, or leave it empty."))
        self.problem.setObjectName("problem")
        self.problem.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        clean = buttons.addButton(self.tr("Clean"), QDialogButtonBox.ButtonRole.AcceptRole)
        clean.setProperty("primary", True)
        clean.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        for widget in (hint, self.form, self.problem, buttons):
            layout.addWidget(widget)

    def accept(self) -> None:
        """Close when every year is whole."""
        self.problem.setHidden(self.form.is_valid)
        if self.form.is_valid:
            super().accept()
