"""The fields of a document in groups: checked, corrected, confirmed one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.dates import DateOrder
from invoice_desk.core.document_fields import (
    GROUPS,
    USUAL,
    Doubt,
    Group,
    Reading,
    group_of,
    value_of,
)
from invoice_desk.core.findings import FindingCode
from invoice_desk.core.records import FindingRecord
from invoice_desk.errors import ArgumentError
from invoice_desk.services.document_records import Document, Place
from invoice_desk.ui.field_row import FieldRow
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP

_TITLES = {
    Group.DOCUMENT: QT_TRANSLATE_NOOP("groups", "Document"),
    Group.SUPPLIER: QT_TRANSLATE_NOOP("groups", "Supplier"),
    Group.CUSTOMER: QT_TRANSLATE_NOOP("groups", "Customer"),
    Group.AMOUNTS: QT_TRANSLATE_NOOP("groups", "Amounts"),
    Group.PAYMENT: QT_TRANSLATE_NOOP("groups", "Payment"),
    Group.PERIOD: QT_TRANSLATE_NOOP("groups", "Period"),
    Group.OTHER: QT_TRANSLATE_NOOP("groups", "Other"),
}
#: Below this a value cannot be read beside its label.
_NARROWEST = 340
#: A field and what is written of it: the text, and where it was picked.
Draft = tuple[str, Place | None]


class DocumentForm(QScrollArea):
    """Shows the fields of one document at a time."""

    selected = Signal(object, bool)  # field or None; whether it was chosen here
    decided = Signal(str, object, object)  # field, value or None, Place or None
    turned = Signal(int)  # pages forward

    def __init__(
        self, explain: Callable[[FindingRecord], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("documentForm")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(_NARROWEST)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._explain = explain
        self.rows: dict[str, FieldRow] = {}
        self._document: Document | None = None
        self._drafts: dict[int, dict[str, Draft]] = {}
        self.field: str | None = None
        self._silent = False
        inner = QWidget()
        inner.setObjectName("documentFields")
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 4, 8)
        self._column.setSpacing(1)
        self._making = QTimer(self)
        self._making.setInterval(0)
        self._making.timeout.connect(self._make_one)
        self._titles: dict[Group, QLabel] = {}
        self._ends: dict[Group, QVBoxLayout] = {}
        self._make_groups()
        self.all_fields = QCheckBox(self.tr("Show all fields"))
        self.all_fields.toggled.connect(lambda _on: self._show_rows())
        self._column.addWidget(self.all_fields)
        self._column.addStretch()
        self.setWidget(inner)

    def _make_groups(self) -> None:
        for group, title in _TITLES.items():
            label = QLabel(QCoreApplication.translate("groups", title))
            label.setObjectName("groupTitle")
            self._column.addWidget(label)
            part = QVBoxLayout()
            part.setSpacing(1)
            self._column.addLayout(part)
            self._titles[group], self._ends[group] = label, part
            for name in GROUPS.get(group, ()):
                if name in USUAL:
                    self._row(name)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._making.start()

    def _make_one(self) -> None:
        """Make a row that some document will need, so that opening it need not."""
        missing = (name for names in GROUPS.values() for name in names if name not in self.rows)
        name = next(missing, None)
        if name is None:
            self._making.stop()
        else:
            self._row(name).hide()

    def _row(self, name: str) -> FieldRow:
        row = self.rows.get(name)
        if row is None:
            row = self.rows[name] = FieldRow(name)
            row.edit.installEventFilter(self)
            row.edit.textEdited.connect(lambda _text: row.tell_draft())
            group = group_of(name)
            order = [*GROUPS.get(group, ()), name]
            before = sum(
                1
                for other in self.rows
                if group_of(other) is group and other in order and other != name
                if order.index(other) < order.index(name)
            )
            self._ends[group].insertWidget(before, row)
        return row

    # --- what is shown ----------------------------------------------------------------

    def show_document(self, document: Document) -> None:
        """Show the fields of a document; what is written and not accepted stays."""
        self.keep_drafts()
        other = self._document is None or self._document.source.id != document.source.id
        self._document = document
        self.setUpdatesEnabled(False)  # it is laid out and painted once
        if other:
            self.select(None)
            for row in self.rows.values():
                row.field = None
                row.edit.clear()
        for name in document.fields:
            self._row(name)
        self._show_rows()
        if other:
            for name, (text, place) in self._drafts.pop(document.source.id, {}).items():
                self._row(name).restore(text, place)
            self.verticalScrollBar().setValue(0)
        self.setUpdatesEnabled(True)

    def show_nothing(self) -> None:
        """Show empty fields that nothing can be written into."""
        self.keep_drafts()
        self._document = None
        self.select(None)
        for row in self.rows.values():
            row.field = None
            row.edit.clear()
            row.show_field(None, "", writable=False)

    def keep_drafts(self) -> None:
        """Remember what is written and not accepted, for when the document is opened again."""
        if self._document is not None:
            drafts = {
                row.name: (row.edit.text(), row.place)
                for row in self.rows.values()
                if row.has_draft
            }
            self._drafts[self._document.source.id] = drafts

    @property
    def has_drafts(self) -> bool:
        """Return whether anything is written that is not accepted, in any document."""
        self.keep_drafts()
        return any(self._drafts.values())

    def accept_drafts(self) -> bool:
        """Take all that is written; return whether nothing was refused, else show what was."""
        for row in list(self.rows.values()):
            if row.has_draft and not self._accept(row, confirms=False):
                self.choose(row.name)
                return False
        return True

    def _show_rows(self) -> None:
        document = self._document
        if document is None:
            return
        if self.all_fields.isChecked():
            for names in GROUPS.values():
                for name in names:
                    self._row(name)
        doubts = {each.field for each in document.findings}
        writable = document.is_writable
        shown: set[Group] = set()
        for name, row in self.rows.items():
            field = document.fields.get(name)
            row.show_field(field, self._reasons(name), writable=writable)
            is_shown = field is not None or name in USUAL or name in doubts or row.has_draft
            is_shown = is_shown or self.all_fields.isChecked()
            row.setVisible(is_shown)
            if is_shown:
                shown.add(group_of(name))
        for group, title in self._titles.items():
            title.setVisible(group in shown)
        self._order_tabs()

    def _order_tabs(self) -> None:
        """Let Tab go down the form: rows are made when they are first needed."""
        shown = [row.edit for row in self._in_order() if not row.isHidden()]
        for before, behind in pairwise(shown):
            QWidget.setTabOrder(before, behind)

    def _reasons(self, name: str) -> str:
        assert self._document is not None
        own = [each for each in self._document.findings if each.field == name]
        if any(each.code == FindingCode.XML_DENIED_BY_PAGE.value for each in own):
            # one contradiction, told of both sides already
            own = [each for each in own if each.code != FindingCode.PAGE_DENIED_BY_XML.value]
        return "\n".join(dict.fromkeys(self._explain(each) for each in own))

    # --- selecting --------------------------------------------------------------------

    def select(self, name: str | None, *, focus: bool = True) -> None:
        """Select a field from outside: it is shown, and a click does not fill it yet."""
        self._mark(name)
        self.selected.emit(name, False)
        if name is not None and focus:
            self._focus(name)

    def _focus(self, name: str) -> None:
        row = self._row(name)
        row.setVisible(True)
        self._silent = True
        row.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        row.edit.selectAll()
        self._silent = False
        self.ensureWidgetVisible(row, 0, 40)

    def _mark(self, name: str | None) -> None:
        for other in (self.field, name):
            if other in self.rows:
                self.rows[other].mark_selected(selected=other == name)
        self.field = name

    def propose(self, place: Place) -> None:
        """Show words of the page as the value of the selected field."""
        if self.field is None or self._document is None or self._document.is_approved:
            return
        row = self._row(self.field)
        try:
            value = value_of(self.field, place.text, self._page_reading())
        except ArgumentError as error:
            row.propose(place.text, place)
            row.refuse(str(error))
        else:
            row.propose(value or "", place)
        self._focus(self.field)

    def next_doubtful(self, *, wraps: bool = True) -> bool:
        """Select the next field that should be looked at; return whether there is one."""
        name = self._next_doubtful(wraps=wraps)
        if name is not None:
            self.choose(name)
        return name is not None

    def begin(self) -> None:
        """Show the most doubtful field, the first of several; a click selects others."""
        doubtful = [name for name in self._shown_names() if self._is_doubtful(name)]
        if doubtful:
            self.select(min(doubtful, key=self._rank))

    def _next_doubtful(self, *, wraps: bool) -> str | None:
        names = self._shown_names()
        begin = names.index(self.field) + 1 if self.field in names else 0
        for name in names[begin:] + (names[:begin] if wraps else []):
            if name != self.field and self._is_doubtful(name):
                return name
        return None

    def _is_doubtful(self, name: str) -> bool:
        if self._document is None:
            return False
        field = self._document.fields.get(name)
        return field.is_doubtful if field is not None else bool(self._reasons(name))

    def _rank(self, name: str) -> int:
        """Return how soon a field should be looked at: errors, warnings, what is unsure, others."""
        assert self._document is not None
        own = {each.severity for each in self._document.findings if each.field == name}
        if own & {"critical", "error"}:
            return 0
        if "warning" in own:
            return 1
        field = self._document.fields.get(name)
        return 2 if field is None or field.doubt is Doubt.UNSURE else 3

    def _shown_names(self) -> list[str]:
        return [row.name for row in self._in_order() if row.isVisibleTo(self)]

    def _step(self, row: FieldRow, by: int) -> bool:
        """Select the field above or below; return whether there is one."""
        names = self._shown_names()
        at = names.index(row.name) + by if row.name in names else -1
        if not 0 <= at < len(names):
            return False
        self.choose(names[at])
        return True

    def choose(self, name: str) -> None:
        """Select a field to work on: a click on the page fills it."""
        self._mark(name)
        self.selected.emit(name, True)
        self._focus(name)

    def _in_order(self) -> Iterator[FieldRow]:
        for part in self._ends.values():
            for place in range(part.count()):
                item = part.itemAt(place)
                widget = item.widget() if item else None
                if isinstance(widget, FieldRow):
                    yield widget

    # --- writing ----------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        row = self._row_of(watched)
        if row is None:
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.FocusIn and not self._silent:
            self._mark(row.name)
            self.selected.emit(row.name, True)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(row, event)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            return _leaves(row, event)
        return super().eventFilter(watched, event)

    def _row_of(self, watched: QObject) -> FieldRow | None:
        parent = watched.parent() if isinstance(watched, QLineEdit) else None
        return parent if isinstance(parent, FieldRow) else None

    def _key(self, row: FieldRow, event: QKeyEvent) -> bool:
        key = event.key()
        if key in {Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}:
            self.turned.emit(1 if key == Qt.Key.Key_PageDown else -1)
            return True
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and not event.modifiers():
            if self._accept(row, confirms=True):
                self.next_doubtful()
            return True
        if key == Qt.Key.Key_Tab and not event.modifiers():
            return not self._accept(row, confirms=False) or self.next_doubtful(wraps=False)
        if key in {Qt.Key.Key_Up, Qt.Key.Key_Down} and not event.modifiers():
            by = 1 if key == Qt.Key.Key_Down else -1
            return self._accept(row, confirms=False) and self._step(row, by)
        is_undo = event.matches(QKeySequence.StandardKey.Undo)
        # What came from the page the line itself cannot take back.
        if key == Qt.Key.Key_Escape or (is_undo and not row.edit.isUndoAvailable()):
            if row.has_draft or row.problem.text():
                row.drop()
            elif not is_undo:
                self.select(None)
            return True
        return False

    def _accept(self, row: FieldRow, *, confirms: bool) -> bool:
        """Take what is written; return whether the form may go on to the next field."""
        if row.edit.isReadOnly():
            return True
        field = row.field
        if not row.has_draft:
            if confirms and field is not None and field.value and not field.is_by_hand:
                self.decided.emit(row.name, field.value, field.place)
            return True
        text = row.edit.text()
        picked = row.place is not None
        try:
            reading = self._page_reading() if picked else self._own_reading()
            value = value_of(row.name, text, reading)
        except ArgumentError as error:
            row.refuse(str(error))
            return False
        self.decided.emit(row.name, value, self._place_of(row, value))
        row.edit.setText(value or "")
        row.tell_accepted()
        return True

    def _place_of(self, row: FieldRow, value: str | None) -> Place | None:
        """Return where an accepted value stands: what was picked or read, if it says the same."""
        place = row.place or (row.field.place if row.field else None)
        if place is None or value is None:
            return None
        try:
            same = value_of(row.name, place.text, self._page_reading()) == value
        except ArgumentError:
            same = False
        return place if same or (row.place is not None and value in place.text) else None

    def _page_reading(self) -> Reading:
        known = self._document.reading if self._document else Reading()
        return Reading(known.date_order or _locale_order(), known.decimal_mark)

    def _own_reading(self) -> Reading:
        return Reading(_locale_order(), None)


def _leaves(row: FieldRow, event: QKeyEvent) -> bool:
    """Return whether a key is the window's: undo of decisions, copy of words of the page."""
    history = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)
    is_windows = any(event.matches(key) for key in history) and not row.has_draft
    copies = event.matches(QKeySequence.StandardKey.Copy) and not row.edit.hasSelectedText()
    if is_windows or copies:
        event.ignore()
        return True
    return False


def _locale_order() -> DateOrder:
    """Return what 03/04/2024 means where the user lives."""
    pattern = QLocale().dateFormat(QLocale.FormatType.ShortFormat)
    return DateOrder.MONTH_FIRST if pattern.startswith("M") else DateOrder.DAY_FIRST
