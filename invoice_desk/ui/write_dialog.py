"""Asks which file is written into which clean table, and how its rows are found there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.bulk_writes import Operation
from invoice_desk.core.document_types import DocumentType
from invoice_desk.ui.file_dialogs import ask_file
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP
from invoice_desk.ui.texts import field_label

_OPERATIONS = {
    Operation.UPSERT: QT_TRANSLATE_NOOP("writes", "Update rows that are there, insert the others"),
    Operation.UPDATE: QT_TRANSLATE_NOOP("writes", "Update rows that are there"),
    Operation.INSERT: QT_TRANSLATE_NOOP("writes", "Insert rows that are not there"),
    Operation.DELETE: QT_TRANSLATE_NOOP("writes", "Delete rows; they stay raw"),
}
_COLUMNS = 3


class WriteDialog(QDialog):
    """A file, a type, what to do, and the fields that tell one row from another."""

    def __init__(
        self, types: Sequence[DocumentType], folder: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Write into a clean table"))
        self.setMinimumWidth(620)
        self._types, self._folder = list(types), folder
        self.file = QLineEdit()
        self.choose = QPushButton(self.tr("Choose…"))
        self.choose.setAutoDefault(False)
        self.choose.clicked.connect(self._on_choose)
        self.type = QComboBox()
        for made in self._types:
            self.type.addItem(made.title)
        self.action = QComboBox()
        for operation, text in _OPERATIONS.items():
            self.action.addItem(QCoreApplication.translate("writes", text), operation.value)
        self.empty_clears = QCheckBox(self.tr("An empty cell empties the value that is there"))
        self.fields: dict[str, QCheckBox] = {}
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setMinimumHeight(170)
        self.problem = QLabel()
        self.problem.setObjectName("problem")
        self.problem.hide()
        self._lay_out()
        self.type.currentIndexChanged.connect(lambda _place: self._show_fields())
        self.action.currentIndexChanged.connect(lambda _place: self._on_action())
        self._show_fields()

    # --- what was chosen --------------------------------------------------------------

    @property
    def path(self) -> Path:
        """Return the file."""
        return Path(self.file.text().strip()).expanduser()

    @property
    def document_type(self) -> DocumentType:
        """Return the type whose clean table is written."""
        return self._types[self.type.currentIndex()]

    @property
    def operation(self) -> Operation:
        """Return what is to be done."""
        return Operation(self.action.currentData())

    @property
    def unique(self) -> list[str]:
        """Return the fields that are ticked."""
        return [name for name, box in self.fields.items() if box.isChecked()]

    def accept(self) -> None:
        """Close when everything is said that is needed."""
        problem = self._problem()
        self.problem.setText(problem)
        self.problem.setHidden(not problem)
        if not problem:
            super().accept()

    def _problem(self) -> str:
        if not self.path.is_file():
            return self.tr("Choose a file.")
        if not self.unique and self.operation is not Operation.INSERT:
            return self.tr("Tick the fields that tell one row from another.")
        return ""

    # --- set-up -----------------------------------------------------------------------

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.file)
        row.addWidget(self.choose)
        form = QFormLayout()
        form.addRow(self.tr("File"), row)
        form.addRow(self.tr("Document type"), self.type)
        form.addRow(self.tr("What to do"), self.action)
        form.addRow(
            QLabel(self.tr("A row of the file and one of the table are the same if these agree:"))
        )
        form.addRow(self._area)
        form.addRow(self.empty_clears)
        hint = QLabel(
            self.tr("The file is kept like any other. What it changes are corrections: each stays.")
        )
        hint.setObjectName("hint")
        hint.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        write = buttons.addButton(self.tr("Write"), QDialogButtonBox.ButtonRole.AcceptRole)
        write.setProperty("primary", True)
        write.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addLayout(form)
        for widget in (hint, self.problem, buttons):
            layout.addWidget(widget)

    def _show_fields(self) -> None:
        """Show a box for each field of the type; those that it names itself are ticked."""
        made = self.document_type
        inside = QWidget()
        grid = QGridLayout(inside)
        self.fields = {}
        for place, spec in enumerate(made.read_fields):
            box = QCheckBox(field_label(spec.name))
            box.setChecked(spec.name in made.unique_fields)
            grid.addWidget(box, place // _COLUMNS, place % _COLUMNS)
            self.fields[spec.name] = box
        self._area.setWidget(inside)

    def _on_action(self) -> None:
        writes_over = self.operation in {Operation.UPDATE, Operation.UPSERT}
        self.empty_clears.setEnabled(writes_over)

    def _on_choose(self) -> None:
        path = ask_file(self, self.tr("Choose a file"), self._folder)
        if path:
            self.file.setText(str(path))
