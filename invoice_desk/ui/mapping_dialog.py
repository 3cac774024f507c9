"""Mapping: which column is which field, tried live on twenty rows, and remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSplitter,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.services import templating
from invoice_desk.services.desk import Desk
from invoice_desk.services.templating import ColumnSample, MappingDraft, Preview
from invoice_desk.ui.background import Background
from invoice_desk.ui.lists import set_widths
from invoice_desk.ui.texts import field_label

Index = QModelIndex | QPersistentModelIndex
_DOUBTFUL = QBrush(QColor("#fde68a"))


class MappingModel(QAbstractTableModel):
    """One row a raw column: its heading, samples, and the field it is."""

    changed = Signal()

    def __init__(self, columns: Sequence[ColumnSample], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._fields: dict[int, str] = {}

    @property
    def mapping(self) -> dict[str, int]:
        """Return field → column."""
        return {name: index for index, name in self._fields.items()}

    def show_mapping(self, mapping: dict[str, int]) -> None:
        """Show another mapping."""
        self.beginResetModel()
        self._fields = {index: name for name, index in mapping.items()}
        self.endResetModel()
        self.changed.emit()

    def assign(self, row: int, name: str | None) -> None:
        """Make a column this field; the column that was it before is none any more."""
        for index, known in list(self._fields.items()):
            if known == name:
                del self._fields[index]
        if name:
            self._fields[self._columns[row].index] = name
        else:
            self._fields.pop(self._columns[row].index, None)
        self.dataChanged.emit(self.index(0, 2), self.index(len(self._columns) - 1, 3))
        self.changed.emit()

    def field_of(self, row: int) -> str | None:
        """Return the field that a column is."""
        return self._fields.get(self._columns[row].index)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 4

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return None
        sample = self._columns[index.row()]
        name = self.field_of(index.row())
        return (
            sample.heading or self.tr("Column {0}").format(sample.index + 1),
            " · ".join(sample.samples),
            field_label(name) if name else self.tr("— not used —"),
            self._reason(sample, name),
        )[index.column()]

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return (self.tr("Column"), self.tr("Samples"), self.tr("Field"), self.tr("Why"))[section]

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == 2 else flags

    def _reason(self, sample: ColumnSample, name: str | None) -> str:
        for suggestion in sample.suggestions:
            if suggestion.field == name:
                return f"{suggestion.reasons[0]} ({suggestion.confidence:.0%})"
        return self.tr("chosen by you") if name else ""


class FieldDelegate(QStyledItemDelegate):
    """Offers the fields of the type in a menu."""

    def __init__(self, model: MappingModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.names: tuple[str, ...] = ()

    def createEditor(
        self,
        parent: QWidget,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> QWidget:
        box = QComboBox(parent)
        box.addItem(self.tr("— not used —"), None)
        for name in self.names:
            box.addItem(field_label(name), name)
        box.activated.connect(lambda _i: self._on_chosen(box, index))
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        assert isinstance(editor, QComboBox)
        editor.setCurrentIndex(max(0, editor.findData(self._model.field_of(index.row()))))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        assert isinstance(editor, QComboBox)
        self._model.assign(index.row(), editor.currentData())

    def _on_chosen(self, editor: QComboBox, index: Index) -> None:
        self.commitData.emit(editor)
        self.closeEditor.emit(editor, QStyledItemDelegate.EndEditHint.NoHint)


class PreviewModel(QAbstractTableModel):
    """Twenty cleaned rows."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._preview: Preview | None = None

    def show_preview(self, preview: Preview | None) -> None:
        """Show another preview."""
        self.beginResetModel()
        self._preview = preview
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or self._preview is None else len(self._preview.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or self._preview is None else len(self._preview.fields)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        assert self._preview is not None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._preview.rows[index.row()][index.column()]
        name = self._preview.fields[index.column()]
        if role == Qt.ItemDataRole.BackgroundRole and (index.row(), name) in self._preview.doubtful:
            return _DOUBTFUL
        if role == Qt.ItemDataRole.ForegroundRole:
            left_out = self._preview.statuses[index.row()] == "filtered_out"
            return QBrush(QColor("#64748b")) if left_out else None
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or self._preview is None:
            return None
        if orientation is Qt.Orientation.Vertical:
            return str(section + 1)
        return field_label(self._preview.fields[section])


class MappingDialog(QDialog):
    """Edits the mapping of one table; `template_name` is None when it is not to be remembered."""

    def __init__(
        self, desk: Desk, draft: MappingDraft, background: Background, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Mapping of {0}").format(draft.table.name))
        self.resize(1000, 700)
        self._desk, self._draft, self._background = desk, draft, background
        self._asked = 0
        self.model = MappingModel(draft.columns, self)
        self.types = QComboBox()
        for made in desk.types.values():
            self.types.addItem(made.title, made.name)
        self.types.setCurrentIndex(max(0, self.types.findData(draft.document_type)))
        self._lay_out()
        self._on_type(first=True)
        self.types.currentIndexChanged.connect(lambda _i: self._on_type(first=False))
        self.model.changed.connect(self._on_changed)
        self.model.show_mapping(draft.mapping or self._suggested())

    @property
    def document_type(self) -> str:
        """Return the type that is chosen."""
        return str(self.types.currentData())

    @property
    def template_name(self) -> str | None:
        """Return the name under which to remember it."""
        return self.name.text().strip() or None if self.remember.isChecked() else None

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(QLabel(self.tr("This is a")))
        head.addWidget(self.types)
        head.addStretch()
        self.columns = QTableView()
        self.columns.setObjectName("mappingColumns")
        self.columns.setModel(self.model)
        self.delegate = FieldDelegate(self.model, self)
        self.columns.setItemDelegateForColumn(2, self.delegate)
        self.columns.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        self.columns.verticalHeader().hide()
        self.columns.setWordWrap(False)
        self.columns.horizontalHeader().setStretchLastSection(True)
        set_widths(self.columns, (200, 300, 190))
        self.shown = PreviewModel(self)
        self.rows = QTableView()
        self.rows.setModel(self.shown)
        self.rows.setWordWrap(False)
        self.hint = QLabel()
        self.hint.setObjectName("hint")
        lower = QWidget()
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self.hint)
        below.addWidget(self.rows)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.columns)
        splitter.addWidget(lower)
        self.remember = QCheckBox(self.tr("Remember for files with the same headings, as"))
        self.remember.setChecked(True)
        self.name = QLineEdit(self._draft.template_name)
        self.remember.toggled.connect(self.name.setEnabled)
        foot = QHBoxLayout()
        foot.addWidget(self.remember)
        foot.addWidget(self.name)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save = self.buttons.addButton(
            self.tr("Save and clean"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.save.setProperty("primary", True)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for item in (head, splitter, foot, self.buttons):
            layout.addLayout(item) if isinstance(item, QHBoxLayout) else layout.addWidget(item)

    def _on_type(self, *, first: bool) -> None:
        made = self._desk.types[self.document_type]
        self.delegate.names = tuple(spec.name for spec in made.read_fields)
        if not first:
            self.model.show_mapping(self._suggested())

    def _suggested(self) -> dict[str, int]:
        return templating.suggest(self._desk, self._draft, self.document_type)

    def _on_changed(self) -> None:
        mapping = self.model.mapping
        made = self._desk.types[self.document_type]
        missing = [s.name for s in made.fields if s.required and s.name not in mapping]
        self.save.setEnabled(bool(mapping))
        if not mapping:
            self.hint.setText(self.tr("Choose a field for at least one column."))
            self.shown.show_preview(None)
            return
        text = self.tr("Preview of the first 20 rows.")
        if missing:
            names = ", ".join(field_label(name) for name in missing)
            text += " " + self.tr("Still missing: {0}.").format(names)
        self.hint.setText(text)
        self._asked += 1
        asked, desk, table_id = self._asked, self._desk, self._draft.table.id
        chosen = self.document_type

        def on_preview(preview: Preview) -> None:
            if asked == self._asked:
                self.shown.show_preview(preview)

        self._background.run(
            lambda: templating.preview(desk, table_id, chosen, mapping), on_preview, owner=self
        )
