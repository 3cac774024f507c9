"""Lists of names with their codes and other spellings, such as the territorial directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.lookups import ReferenceEntry
from invoice_desk.services import types
from invoice_desk.services.desk import Desk
from invoice_desk.ui.background import Background
from invoice_desk.ui.error_dialog import ask
from invoice_desk.ui.lists import plain_rows, set_widths
from invoice_desk.ui.texts import error_text, number

Index = QModelIndex | QPersistentModelIndex
_SEPARATOR = "|"


class NamesModel(QAbstractTableModel):
    """Entries of one list, edited in place."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept: tuple[ReferenceEntry, ...] = ()
        self._entries: list[ReferenceEntry] = []

    @property
    def entries(self) -> tuple[ReferenceEntry, ...]:
        """Return the entries as they stand."""
        return tuple(self._entries)

    @property
    def is_changed(self) -> bool:
        """Return whether there is something to save."""
        return self.entries != self._kept

    def show_entries(self, entries: Sequence[ReferenceEntry]) -> None:
        """Show another list; what was changed is forgotten."""
        if tuple(entries) == self._kept == self.entries:
            return
        self.beginResetModel()
        self._kept, self._entries = tuple(entries), list(entries)
        self.endResetModel()
        self.changed.emit()

    def discard(self) -> None:
        """Show what is kept."""
        kept, self._kept = self._kept, ()
        self.show_entries(kept)

    def add(self) -> int:
        """Add an empty entry; return its place."""
        place = len(self._entries)
        self.beginInsertRows(QModelIndex(), place, place)
        self._entries.append(ReferenceEntry(""))
        self.endInsertRows()
        self.changed.emit()
        return place

    def delete(self, row: int) -> None:
        """Take an entry away."""
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._entries[row]
        self.endRemoveRows()
        self.changed.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 3

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole}:
            return None
        entry = self._entries[index.row()]
        spellings = f" {_SEPARATOR} ".join(entry.aliases)
        return (entry.name, entry.code, spellings)[index.column()]

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole:
            return False
        text, entry = str(value).strip(), self._entries[index.row()]
        if index.column() == 2:
            parts = (part.strip() for part in text.split(_SEPARATOR))
            changed = replace(entry, aliases=tuple(part for part in parts if part))
        elif index.column() == 1:
            changed = replace(entry, code=text)
        else:
            changed = replace(entry, name=text)
        self._entries[index.row()] = changed
        self.dataChanged.emit(index, index)
        self.changed.emit()
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.isValid() else flags

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return (self.tr("Name"), self.tr("Code"), self.tr("Other spellings, parted by |"))[section]


class NamesView(QWidget):
    """One list at a time, as an editable table."""

    def __init__(self, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._background = desk, background
        self.model = NamesModel(self)
        self.model.changed.connect(self._on_changed)
        self.lists = QComboBox()
        self.lists.currentIndexChanged.connect(lambda _i: self._read())
        self.table = QTableView()
        self.table.setObjectName("names")
        self.table.setModel(self.model)
        plain_rows(self.table)
        self.table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        set_widths(self.table, (260, 90))
        self._lay_out()

    @property
    def has_changes(self) -> bool:
        """Return whether the list is changed and not saved."""
        return self.model.is_changed

    def refresh(self) -> None:
        """Show the lists that the types use; what is being changed stays."""
        made = list(self._desk.types.values())
        names = sorted({spec.lookup for one in made for spec in one.fields if spec.lookup})
        if names != [self.lists.itemData(i) for i in range(self.lists.count())]:
            self.lists.blockSignals(True)
            self.lists.clear()
            for name in names:
                self.lists.addItem(name.upper(), name)
            self.lists.blockSignals(False)
        if not self.model.is_changed:
            self._read()

    def add(self) -> None:
        """Add an entry and begin to write its name."""
        index = self.model.index(self.model.add(), 0)
        self.table.setCurrentIndex(index)
        self.table.scrollTo(index)
        self.table.edit(index)

    def delete(self) -> None:
        """Take the chosen entry away."""
        row = self.table.currentIndex().row()
        if row >= 0:
            self.model.delete(row)

    def save(self) -> None:
        """Keep the list."""
        self._change(self.model.entries)

    def reset(self) -> None:
        """Ask, then bring the program's own list back."""
        text = self.tr("Bring back the list that came with the program? Your changes to it go.")
        ask(self, text, lambda: self._change(()))

    def _lay_out(self) -> None:
        head, foot = QHBoxLayout(), QHBoxLayout()
        self.about, self.problem = QLabel(), QLabel()
        self.about.setObjectName("hint")
        self.problem.setObjectName("problem")
        self.problem.setWordWrap(True)
        self.problem.hide()
        head.addWidget(self.lists)
        head.addWidget(self.about, 1)
        self.buttons: dict[str, QPushButton] = {}
        for name, text, call, row in (
            ("add", self.tr("Add name"), self.add, head),
            ("delete", self.tr("Delete"), self.delete, head),
            ("reset", self.tr("Reset"), self.reset, head),
            ("discard", self.tr("Discard changes"), self.model.discard, foot),
            ("save", self.tr("Save"), self.save, foot),
        ):
            button = QPushButton(text)
            button.clicked.connect(call)
            self.buttons[name] = button
            row.addWidget(button)
        self.buttons["save"].setProperty("primary", True)
        self.state = QLabel()
        self.state.setObjectName("hint")
        foot.insertWidget(0, self.state, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.addLayout(head)
        column.addWidget(self.table)
        column.addWidget(self.problem)
        column.addLayout(foot)

    def _read(self) -> None:
        desk, name = self._desk, self.lists.currentData()
        if name:
            self._background.run(
                lambda: types.reference_list(desk, name),
                self._on_entries,
                owner=self,
                series="entries",
            )

    def _on_entries(self, entries: Sequence[ReferenceEntry]) -> None:
        if not self.model.is_changed:
            self.model.show_entries(entries)
        self._on_changed()

    def _change(self, entries: Sequence[ReferenceEntry]) -> None:
        desk, name = self._desk, self.lists.currentData()

        def work() -> list[ReferenceEntry]:
            types.change_reference(desk, name, entries)
            return types.reference_list(desk, name)

        self._background.run(work, self._on_kept, owner=self, failed=self._on_failed)

    def _on_kept(self, entries: Sequence[ReferenceEntry]) -> None:
        self.problem.hide()
        self.model.show_entries(entries)
        self._on_changed()

    def _on_changed(self) -> None:
        is_changed = self.model.is_changed
        self.buttons["discard"].setEnabled(is_changed)
        self.buttons["save"].setEnabled(is_changed)
        name, made = self.lists.currentData(), list(self._desk.types.values())
        users = [one.title for one in made if any(spec.lookup == name for spec in one.fields)]
        text = self.tr("{0} names, looked up by {1} document types.")
        self.about.setText(text.format(number(self.model.rowCount()), number(len(users))))
        self.about.setToolTip("\n".join(users))
        applied = self.tr("A change holds from the next cleaning on.")
        self.state.setText(self.tr("Changed, not saved yet.") if is_changed else applied)

    def _on_failed(self, error: Exception) -> None:
        sentence, advice = error_text(error)
        self.problem.setText(f"{sentence} {advice}".strip())
        self.problem.show()
