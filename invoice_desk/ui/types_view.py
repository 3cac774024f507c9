"""Document types: the list of them, and the options and rules of the one that is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.document_types import DocumentType, DuplicateRule, Rule
from invoice_desk.core.text import folded
from invoice_desk.services import types
from invoice_desk.services.desk import Desk
from invoice_desk.ui.background import Background
from invoice_desk.ui.copy_type_dialog import CopyTypeDialog
from invoice_desk.ui.error_dialog import ask
from invoice_desk.ui.lists import RecordTable, plain_rows, set_widths
from invoice_desk.ui.options_form import OptionsForm
from invoice_desk.ui.rule_dialog import RuleDialog
from invoice_desk.ui.rules_model import RulesModel
from invoice_desk.ui.text_grid import RecordModel
from invoice_desk.ui.texts import error_text
from invoice_desk.ui.type_draft import TypeDraft


class RulesTable(QTableView):
    """The rules of one type; Space switches one, Enter opens it, Delete takes it away."""

    deleted = Signal()

    def __init__(self, model: RulesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rules")
        self.rules = model
        self.setModel(model)
        plain_rows(self)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        set_widths(self, (40, 90, 180, 270, 420))

    @property
    def current_row(self) -> int | None:
        """Return the place of the rule that is chosen."""
        row = self.currentIndex().row()
        return row if row >= 0 else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.current_row
        if event.key() == Qt.Key.Key_Space and row is not None:
            self.rules.switch(row)
        elif event.key() == Qt.Key.Key_Delete and row is not None:
            self.deleted.emit()
        else:
            super().keyPressEvent(event)


class TypesView(QWidget):
    """Changes are kept as drafts, one a type, until they are saved or discarded."""

    clean_wanted = Signal(str)  # document type

    def __init__(self, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._background = desk, background
        self._drafts: dict[str, TypeDraft] = {}
        self._shown: str | None = None
        headings = (
            *(self.tr("Document type"), self.tr("Version")),
            *(self.tr("Copied from"), self.tr("Name")),
        )
        self.model: RecordModel[DocumentType] = RecordModel(headings, self._cells, parent=self)
        self.table = RecordTable("types", self.model)
        self.table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        set_widths(self.table, (220, 70, 130))
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._on_chosen())
        self.rules_model = RulesModel(self)
        self.rules_model.changed.connect(self._on_changed)
        self.rules = RulesTable(self.rules_model)
        self.rules.deleted.connect(self.delete_rule)
        self.rules.activated.connect(lambda _index: self.edit_rule())
        self.options = OptionsForm()
        self.options.changed.connect(self._on_option)
        self._lay_out()

    @property
    def has_changes(self) -> bool:
        """Return whether a type is changed and not saved."""
        return any(draft.is_changed for draft in self._drafts.values())

    @property
    def draft(self) -> TypeDraft | None:
        """Return the draft of the type that is shown."""
        return self._drafts.get(self._shown or "")

    def refresh(self) -> None:
        """Show the types as they are; drafts with changes stay."""
        known = list(self._desk.types.values())
        for made in known:
            draft = self._drafts.get(made.name)
            if draft is None or (not draft.is_changed and draft.original != made):
                self._drafts[made.name] = TypeDraft(made)
        self._drafts = {made.name: self._drafts[made.name] for made in known}
        wanted = self._shown if self._shown in self._drafts else None
        self.model.show_records(sorted(known, key=lambda made: folded(made.title)))
        self.select(wanted or (self.model.record(0).name if known else ""))

    def select(self, name: str) -> None:
        """Choose a type."""
        for row in range(self.model.rowCount()):
            if self.model.record(row).name == name:
                index = self.table.filtered.mapFromSource(self.model.index(row, 0))
                if self.table.currentIndex().row() != index.row():
                    self.table.setCurrentIndex(index)
        self._on_chosen()

    # --- what a person does -----------------------------------------------------------

    def add_rule(self) -> None:
        """Open a new rule."""
        self._open_rule(None)

    def edit_rule(self) -> None:
        """Open the rule that is chosen."""
        if self.rules.current_row is not None:
            self._open_rule(self.rules.current_row)

    def delete_rule(self) -> None:
        """Take the chosen rule away; nothing is lost before it is saved."""
        row, draft = self.rules.current_row, self.draft
        if row is not None and draft is not None:
            draft.delete(self.rules_model.entry(row))
            self._show_draft(keep_row=min(row, len(draft.entries) - 1))

    def copy_type(self) -> None:
        """Ask for a name and copy the type that is shown."""
        draft = self.draft
        if draft is None:
            return
        made, desk = draft.original, self._desk
        dialog = CopyTypeDialog(made, list(desk.types), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def on_accepted() -> None:
            name, title = dialog.name.text().strip(), dialog.title.text().strip()
            self._ask(lambda: types.copy_type(desk, made.name, new_name=name, title=title))

        dialog.accepted.connect(on_accepted)
        dialog.open()

    def reset_type(self) -> None:
        """Ask, then bring the program's own rules back; a copied type goes."""
        draft = self.draft
        if draft is not None:
            name, title = draft.original.name, draft.original.title
            text = self.tr("Bring back the rules that {0} came with? Your versions of it go.")
            if draft.original.based_on:
                text = self.tr("Remove {0}? Your versions of it go.")
            ask(self, text.format(title), lambda: self._reset(name))

    def discard(self) -> None:
        """Forget the changes of the type that is shown."""
        draft = self.draft
        if draft is not None:
            self._drafts[draft.original.name] = TypeDraft(draft.original)
            self._show_draft()

    def discard_all(self) -> None:
        """Forget the changes of all types."""
        self._drafts.clear()
        self.refresh()

    def save(self, *, clean: bool = False) -> None:
        """Keep the changes as the next version; then clean the tables of the type, if wanted."""
        draft, desk = self.draft, self._desk
        if draft is None:
            return
        changed, name = draft.made, draft.original.name
        if draft.is_changed:
            self._ask(lambda: types.change_type(desk, changed), clean=clean)
        elif clean:
            self.clean_wanted.emit(name)

    # --- set-up -----------------------------------------------------------------------

    def _lay_out(self) -> None:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(10, 0, 0, 0)
        self.heading, self.about = QLabel(), QLabel()
        self.heading.setObjectName("sectionTitle")
        self.about.setObjectName("hint")
        self.problem = QLabel()
        self.problem.setObjectName("problem")
        self.problem.setWordWrap(True)
        self.problem.hide()
        column.addLayout(self._head())
        column.addWidget(self.about)
        column.addWidget(self.options)
        column.addLayout(self._rule_buttons())
        column.addWidget(self.rules, 1)
        column.addWidget(self.problem)
        column.addLayout(self._foot())
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setObjectName("typesSplitter")
        splitter.addWidget(self.table)
        splitter.addWidget(right)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([310, 730])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(splitter)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self.heading)
        row.addStretch()
        self.copy = QPushButton(self.tr("Copy type…"))
        self.copy.clicked.connect(self.copy_type)
        self.reset = QPushButton()
        self.reset.clicked.connect(self.reset_type)
        row.addWidget(self.copy)
        row.addWidget(self.reset)
        return row

    def _rule_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.add = QPushButton(self.tr("Add rule…"))
        self.edit = QPushButton(self.tr("Edit…"))
        self.delete = QPushButton(self.tr("Delete"))
        for button, call in (
            (self.add, self.add_rule),
            (self.edit, self.edit_rule),
            (self.delete, self.delete_rule),
        ):
            button.clicked.connect(call)
            row.addWidget(button)
        row.addStretch()
        hint = QLabel(self.tr("Space switches a rule on or off, Enter opens it."))
        hint.setObjectName("hint")
        row.addWidget(hint)
        self.rules.selectionModel().currentRowChanged.connect(lambda *_: self._on_rule_chosen())
        return row

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.state = QLabel()
        self.state.setObjectName("hint")
        row.addWidget(self.state)
        row.addStretch()
        self.discard_button = QPushButton(self.tr("Discard changes"))
        self.save_button = QPushButton(self.tr("Save"))
        self.clean_button = QPushButton(self.tr("Save and clean"))
        self.clean_button.setProperty("primary", True)
        self.discard_button.clicked.connect(self.discard)
        self.save_button.clicked.connect(lambda _checked=False: self.save())
        self.clean_button.clicked.connect(lambda: self.save(clean=True))
        for button in (self.discard_button, self.save_button, self.clean_button):
            row.addWidget(button)
        return row

    def _cells(self, made: DocumentType) -> list[tuple[str, Any]]:
        based = self._desk.types.get(made.based_on or "")
        origin = based.title if based else (made.based_on or "")
        return [
            (made.title, folded(made.title)),
            (str(made.version), made.version),
            (origin, origin),
            (made.name, made.name),
        ]

    # --- what happens -----------------------------------------------------------------

    def _on_chosen(self) -> None:
        row = self.table.filtered.mapToSource(self.table.currentIndex()).row()
        name = self.model.record(row).name if row >= 0 else None
        draft = self._drafts.get(name or "")
        if name != self._shown or draft is None or self.rules_model.draft is not draft:
            self._shown = name
            self._show_draft()

    def _show_draft(self, *, keep_row: int = -1) -> None:
        draft = self.draft
        self.rules_model.show_draft(draft)
        if draft is None:
            return
        made = draft.made
        self.heading.setText(made.title)
        based = self._desk.types.get(made.based_on or "")
        about = self.tr("{0}, version {1}").format(made.name, made.version)
        if based is not None:
            about = self.tr("{0}, version {1}, copied from {2}").format(
                made.name, made.version, based.title
            )
        self.about.setText(about)
        self.reset.setText(self.tr("Remove type") if made.based_on else self.tr("Reset"))
        self.options.show_options(made.options, {})
        self.options.setVisible(bool(made.options))
        if keep_row >= 0:
            self.rules.setCurrentIndex(self.rules_model.index(keep_row, 0))
        self.problem.hide()
        self._on_rule_chosen()
        self._on_changed()

    def _on_rule_chosen(self) -> None:
        row = self.rules.current_row
        has_rule = row is not None and row < self.rules_model.rowCount()
        is_plain = has_rule and row is not None and self.rules_model.entry(row).kind != "duplicate"
        self.edit.setEnabled(is_plain)
        self.delete.setEnabled(has_rule)

    def _on_option(self, name: str, value: str) -> None:
        if self.draft is not None:
            self.draft.set_default(name, value)
            self._on_changed()

    def _on_changed(self) -> None:
        draft = self.draft
        is_changed = draft is not None and draft.is_changed
        self.discard_button.setEnabled(is_changed)
        self.save_button.setEnabled(is_changed)
        on = sum(entry.rule.enabled for entry in draft.entries) if draft else 0
        count = len(draft.entries) if draft else 0
        text = self.tr("{0} of {1} rules are on.").format(on, count)
        if not count:
            text = self.tr("This type has no rules yet.")
        self.state.setText(self.tr("Changed, not saved yet.") if is_changed else text)

    def _open_rule(self, row: int | None) -> None:
        draft = self.draft
        if draft is None:
            return
        entry = None if row is None else self.rules_model.entry(row)
        if entry is not None and isinstance(entry.rule, DuplicateRule):
            return
        place = None if entry is None else entry.place

        def keep(kind: str, rule: Rule) -> None:
            draft.put(kind, rule, place=place)

        rule = entry.rule if entry is not None and isinstance(entry.rule, Rule) else None
        kind = entry.kind if entry is not None else "filter"
        dialog = RuleDialog(draft.made, keep, kind=kind, rule=rule, parent=self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._show_draft(keep_row=-1 if row is None else row))
        dialog.open()

    def _ask(self, call: Callable[[], DocumentType], *, clean: bool = False) -> None:
        """Have a service make a type, then show it."""

        def on_made(made: DocumentType) -> None:
            self._drafts.pop(made.name, None)
            self._shown = made.name
            self.refresh()
            if clean:
                self.clean_wanted.emit(made.name)

        self._background.run(call, on_made, owner=self, failed=self._on_failed)

    def _reset(self, name: str) -> None:
        desk = self._desk

        def on_reset(_nothing: None) -> None:
            self._drafts.pop(name, None)
            self.refresh()

        self._background.run(
            lambda: types.reset_type(desk, name), on_reset, owner=self, failed=self._on_failed
        )

    def _on_failed(self, error: Exception) -> None:
        sentence, advice = error_text(error)
        self.problem.setText(f"{sentence} {advice}".strip())
        self.problem.show()
