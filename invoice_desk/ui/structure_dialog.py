"""Structure: a person shows which records are headings, and where the data begin."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.records import TableRecord
from invoice_desk.core.tables import Structure
from invoice_desk.ui.structure_model import Role, StructureModel
from invoice_desk.ui.texts import number

_KEYS = {
    Qt.Key.Key_H: Role.HEADING,
    Qt.Key.Key_D: Role.DATA,
    Qt.Key.Key_T: Role.TITLE,
}


class Draft(Protocol):
    """The first records of a table's file, and what is known of them."""

    @property
    def table(self) -> TableRecord:
        """Return the table as it stands."""
        ...

    @property
    def records(self) -> tuple[tuple[str, ...], ...]:
        """Return the first records, as read."""
        ...

    @property
    def structure(self) -> Structure:
        """Return their roles as they are now."""
        ...


class StructureGrid(QTableView):
    """The records; H, D and T give the chosen ones a role."""

    def __init__(self, model: StructureModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("structure")
        self.structure = model
        self.setModel(model)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().setDefaultSectionSize(26)
        self.horizontalHeader().setDefaultSectionSize(150)

    def mark(self, role: Role) -> None:
        """Give the chosen records a role."""
        self.structure.mark([i.row() for i in self.selectionModel().selectedRows()], role)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        role = _KEYS.get(Qt.Key(event.key()))
        if role is None or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            super().keyPressEvent(event)
        else:
            self.mark(role)


class StructureDialog(QDialog):
    """Edits heading rows and the first row of data of one table."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Structure of {0}").format(draft.table.name))
        known = draft.structure
        self.model = StructureModel(
            draft.records,
            header_rows=known.header_rows,
            first_data_row=known.first_data_row,
            parent=self,
        )
        self._before = self._marked()
        self.grid = StructureGrid(self.model)
        self.hint = QLabel()
        self.hint.setObjectName("hint")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save = buttons.addButton(self.tr("Read again"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.save.setProperty("primary", True)
        self.save.setAutoDefault(False)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self._roles())
        layout.addWidget(self.grid)
        layout.addWidget(self.hint)
        layout.addWidget(buttons)
        self.model.changed.connect(self._on_changed)
        self.grid.selectRow(self.model.first_data_row)
        self.grid.setFocus()
        self._on_changed()

    def _roles(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(QLabel(self.tr("The chosen rows are")))
        self.roles: dict[Role, QPushButton] = {}
        for role, text in (
            (Role.HEADING, self.tr("Headings (H)")),
            (Role.DATA, self.tr("First row of data (D)")),
            (Role.TITLE, self.tr("Titles (T)")),
        ):
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _checked=False, chosen=role: self.grid.mark(chosen))
            row.addWidget(button)
            self.roles[role] = button
        row.addStretch()
        return row

    def _marked(self) -> tuple[list[int], int]:
        return self.model.header_rows, self.model.first_data_row

    def _on_changed(self) -> None:
        self.save.setEnabled(bool(self.model.rowCount()) and self._marked() != self._before)
        if not self.model.rowCount():
            self.hint.setText(self.tr("The file has no rows."))
            return
        text = self.tr(
            "The data begin in row {0}; the headings of the columns stand above the grid. "
            "The file is read again, your corrections stay with their rows."
        )
        self.hint.setText(text.format(number(self.model.first_data_row + 1)))
