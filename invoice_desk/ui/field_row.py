"""One field of the form: its value, how sure it is, where it comes from, what is doubtful."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from invoice_desk.core.document_fields import Doubt
from invoice_desk.services.document_records import DocumentField, Origin, Place
from invoice_desk.ui.page_legend import doubt_word
from invoice_desk.ui.page_overlay import DOUBT_COLOURS, DOUBT_LINES
from invoice_desk.ui.pages import ShortLabel
from invoice_desk.ui.texts import breakable, code_meaning, field_label, number

_LABEL_WIDTH = 134
_SELECTED = QColor("#eaf1ff")


class DoubtMark(QWidget):
    """The confidence of a value, in the colour and line of its box on the page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.doubt: Doubt | None = None
        self.text = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_doubt(self, doubt: Doubt | None, text: str) -> None:
        """Show how sure a value is; None for no value."""
        if (doubt, text) == (self.doubt, self.text):
            return
        self.doubt, self.text = doubt, text
        self.setToolTip(doubt_word(doubt) if doubt else "")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(56, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.doubt is None:
            return
        painter = QPainter(self)
        colour = DOUBT_COLOURS[self.doubt]
        fill = QColor(colour)
        fill.setAlpha(24)
        rect = QRectF(self.rect()).adjusted(1.5, 2.5, -1.5, -2.5)
        painter.fillRect(rect, fill)
        painter.setPen(QPen(colour, 1.6, DOUBT_LINES[self.doubt]))
        painter.drawRect(rect)
        painter.setPen(colour.darker(130))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self.text)
        painter.end()


class FieldRow(QWidget):
    """A label, a line to write in, and below it where the value comes from.

    What is written stays a draft until it is accepted; `place` is where the draft stands.
    """

    entered = Signal(str)  # field

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.field: DocumentField | None = None
        self.place: Place | None = None
        self._selected = False
        self._accepted: str | None = None
        label = ShortLabel()
        label.setText(field_label(name))
        label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        label.setFixedWidth(_LABEL_WIDTH)
        self.edit = QLineEdit()
        self.edit.setAccessibleName(field_label(name))
        self.mark = DoubtMark()
        self.origin, self.problem = ShortLabel(), QLabel()
        self.origin.setObjectName("hint")
        self.problem.setObjectName("problem")
        self.problem.setWordWrap(True)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 3, 8, 3)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(1)
        grid.addWidget(label, 0, 0)
        grid.addWidget(self.edit, 0, 1)
        grid.addWidget(self.mark, 0, 2)
        grid.addWidget(self.origin, 1, 1, 1, 2)
        grid.addWidget(self.problem, 2, 1, 1, 2)
        grid.setColumnStretch(1, 1)
        self.origin.hide()
        self.problem.hide()

    # --- what is shown ----------------------------------------------------------------

    def show_field(self, field: DocumentField | None, reasons: str, *, writable: bool) -> None:
        """Show a field as it stands; a draft that is not accepted stays."""
        was_draft = self._differs  # accepted or not: what could not be kept is a draft again
        self.field, self._accepted = field, None
        keeps = was_draft and self._differs
        self.edit.setReadOnly(not writable)
        if field is None or not (field.value or field.is_by_hand):
            self.mark.show_doubt(None, "")
        else:
            self.mark.show_doubt(field.doubt, _sure(field))
        self._reasons = reasons
        if not keeps:
            self.drop()

    _reasons = ""

    def propose(self, text: str, place: Place) -> None:
        """Show what was picked on the page, to be accepted or dropped."""
        self.place = place
        self.edit.setText(text)
        told = self.tr("Enter accepts, Esc drops: “{0}”, page {1}")
        self._say(told.format(place.text, number(place.page)), "")

    def restore(self, text: str, place: Place | None) -> None:
        """Show a draft that was left before."""
        self.place = place
        self.edit.setText(text)
        self.tell_draft()

    def refuse(self, why: str) -> None:
        """Say why what is written cannot be accepted; it stays."""
        self._say(self.tr("Write it otherwise, click other words, or drop it by Esc."), why)

    def drop(self) -> None:
        """Go back to the value that holds."""
        self.place = None
        value = self.field.value if self.field else ""
        if self.edit.text() != value:
            self.edit.setText(value)
            self.edit.setCursorPosition(0)
        self._say(self._told(), self._reasons)

    def tell_draft(self) -> None:
        """Say that what is written is not accepted yet."""
        if self.has_draft:
            self._say(self.tr("Not accepted yet: Enter accepts it, Esc drops it."), "")
        else:
            self._say(self._told(), self._reasons)

    def tell_accepted(self) -> None:
        """Say that what is written was accepted and is being kept."""
        self._accepted = self.edit.text()
        self._say(self.tr("Accepted"), "")

    def mark_selected(self, *, selected: bool) -> None:
        """Show that the field is the one that is worked on."""
        if selected != self._selected:
            self._selected = selected
            self.update()

    @property
    def has_draft(self) -> bool:
        """Return whether something is written that is not accepted."""
        return self._differs and self.edit.text() != self._accepted

    @property
    def _differs(self) -> bool:
        return self.edit.text() != (self.field.value if self.field else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._selected:
            painter = QPainter(self)
            painter.fillRect(self.rect(), _SELECTED)
            painter.end()

    def _say(self, told: str, problem: str) -> None:
        for label, text in ((self.origin, told), (self.problem, problem)):
            if label.text() != breakable(text):
                label.setText(breakable(text))
            label.setVisible(bool(text))

    def _told(self) -> str:
        """Return what a code means and where the value comes from, when that is worth a line."""
        field = self.field
        if field is None:
            return ""
        meaning = code_meaning(self.name, field.value)
        told = self._told_origin(field)
        return self.tr("{0} · {1}").format(meaning, told) if meaning and told else meaning or told

    def _told_origin(self, field: DocumentField) -> str:
        match field.origin:
            case Origin.XML:
                return ""  # the mark says so
            case Origin.EMPTIED:
                return self.tr("Emptied by {0}; read was “{1}”").format(field.person, field.read)
            case Origin.TYPED:
                told = self.tr("On no page; written by {0}")
                if field.read:
                    told = self.tr("On no page; written by {0}, read was “{1}”")
                return told.format(field.person, field.read)
            case Origin.CHOSEN:
                return self._told_chosen(field)
            case Origin.PAGE:
                return self._told_place(field)

    def _told_chosen(self, field: DocumentField) -> str:
        if field.read == field.value:
            return self.tr("Confirmed by {0}").format(field.person)
        told = self.tr("Chosen by {0}")
        if field.read:
            told = self.tr("Chosen by {0}, read was “{1}”")
        return told.format(field.person, field.read)

    def _told_place(self, field: DocumentField) -> str:
        place = field.place
        if place is None:
            return ""
        page = number(place.page)
        if place.text == field.value:
            return self.tr("Page {0}").format(page) if place.page > 1 else ""
        return self.tr("Page {0}: “{1}”").format(page, " ".join(place.text.split()))


def _sure(field: DocumentField) -> str:
    """Return what the mark says."""
    if field.is_by_hand:
        return "✓"
    if field.origin is Origin.XML:
        return "XML"
    return f"{number(int(100 * field.confidence + 1e-9))} %"
