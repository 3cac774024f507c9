"""The pages of a document: strip, page, and what lies on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.source import Kind
from invoice_desk.documents.page import Page
from invoice_desk.documents.selection import box_of, hits_of, marks_of, reading_order, text_of
from invoice_desk.errors import EncryptedSourceError, LockedSourceError
from invoice_desk.services import documents
from invoice_desk.services.desk import Desk
from invoice_desk.services.document_records import DocumentField, Place
from invoice_desk.services.page_images import PageFile, PageRequest, PageShape
from invoice_desk.services.page_text import pages_with
from invoice_desk.ui.background import Background
from invoice_desk.ui.page_bar import PageBar
from invoice_desk.ui.page_canvas import PageCanvas, Tool
from invoice_desk.ui.page_find import PageFind
from invoice_desk.ui.page_legend import PageLegend
from invoice_desk.ui.page_message import PageMessage
from invoice_desk.ui.page_overlay import FieldBox
from invoice_desk.ui.page_pictures import PagePictures
from invoice_desk.ui.page_strip import PageStrip
from invoice_desk.ui.pages import ShortLabel
from invoice_desk.ui.texts import error_text, field_label, number

_PAGELESS = frozenset({Kind.XML, Kind.ZIP})


class PagePane(QWidget):
    """Shows the pages of one file; `show_file`, then `show_fields`."""

    picked = Signal(object)  # Place
    box_clicked = Signal(str)  # field
    passwords_wanted = Signal()
    reading_wanted = Signal(int, str)  # page, engine

    def __init__(
        self, desk: Desk, background: Background, *, keys_in: QWidget, parent: QWidget | None = None
    ) -> None:
        """Make the pane; its keys hold while the focus is anywhere in `keys_in`."""
        super().__init__(parent)
        self._desk, self._background = desk, background
        self.pictures = PagePictures(self, passwords=desk.passwords)
        self.canvas = PageCanvas(self.pictures)
        self.strip = PageStrip(self.pictures)
        self.bar = PageBar(self.canvas, keys_in)
        self.finder = PageFind()
        self.hint, self.message = ShortLabel(), PageMessage()
        self._lay_out()
        self._file: PageFile | None = None
        self._source_id: int | None = None
        self._shapes: Sequence[PageShape] = ()
        self._words: dict[int, Page] = {}
        self._fields: Mapping[str, DocumentField] = {}
        self._chosen: list[int] = []
        self._field: str | None = None
        #: A page that was searched for, and the words to mark on it.
        self._sought: tuple[int, Sequence[str]] | None = None
        self._told = ""
        self.number = 0
        self._connect()

    def _lay_out(self) -> None:
        self.stack = QStackedWidget()
        self.stack.addWidget(self.canvas)
        self.stack.addWidget(self.message)
        middle = QHBoxLayout()
        middle.setSpacing(6)
        middle.addWidget(self.strip)
        middle.addWidget(self.stack, 1)
        self.hint.setObjectName("hint")
        self.hint.setMinimumHeight(18)
        self.legend = PageLegend()
        below = QHBoxLayout()
        below.addWidget(self.legend)
        below.addStretch()
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setFixedSize(140, 12)
        self.progress.setTextVisible(False)
        self.progress.hide()
        below.addWidget(self.progress)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.bar)
        column.addWidget(self.finder)
        column.addLayout(middle, 1)
        column.addWidget(self.hint)
        column.addLayout(below)

    def _connect(self) -> None:
        self.bar.page_wanted.connect(self.show_page)
        self.bar.find_wanted.connect(self.finder.begin)
        self.bar.engine_wanted.connect(lambda name: self.reading_wanted.emit(self.number, name))
        self.canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.canvas.customContextMenuRequested.connect(self._on_menu)
        self.strip.chosen.connect(self.show_page)
        self.canvas.turned.connect(self.turn)
        self.canvas.picked.connect(self._on_picked)
        self.canvas.box_clicked.connect(self.box_clicked)
        self.finder.found.connect(self.canvas.show_hits)
        self.finder.closed.connect(self.canvas.setFocus)
        self.finder.elsewhere_wanted.connect(self._on_elsewhere)
        self.pictures.failed.connect(self._on_not_drawn)
        self.message.pressed.connect(self.passwords_wanted)

    # --- what is shown ----------------------------------------------------------------

    def show_file(self, file: PageFile, source_id: int | None) -> None:
        """Show the first page of a file; `source_id` is None while it is not in the desk yet."""
        if self._source_id is None and source_id is not None:
            file = self._looked_at(file)
        if self._source_id != source_id:
            self._words, self._sought = {}, None
        self._source_id = source_id
        if file == self._file and self._shapes:
            self._read_words()
            return
        self._file, self._shapes, self.number, self._words = file, (), 0, {}
        self._fields = {}
        self._choose([])
        self.strip.pages.show_pages(None, ())
        self.pictures.forget_wishes()
        self.bar.show_place(0, 0)
        if file.kind in _PAGELESS:
            xml = self.tr("This e-invoice is data only: it has no page to look at.")
            packed = self.tr("An archive has no page; open one of its files.")
            self._say(xml if file.kind is Kind.XML else packed)
            return
        self._measure(file)

    def open_again(self) -> None:
        """Try again to open a file that could not be opened, as with a new password."""
        if self._file is not None and not self._shapes and self._file.kind not in _PAGELESS:
            self._measure(self._file)

    def seek(self, page: int, words: Sequence[str]) -> None:
        """Show a page and mark these words on it, now or when they are there; page 0 is none."""
        self._sought = (page, tuple(words)) if page else None
        self.show_page(page)
        self._show_witnesses()

    def _measure(self, file: PageFile) -> None:
        self._say(self.tr("Opening…"))
        desk, source_id = self._desk, self._source_id
        self.pictures.shapes(
            file,
            lambda shapes: self._on_shapes(file, shapes),
            lambda error: self._on_refused(file, error),
            turns=lambda: {} if source_id is None else documents.page_turns(desk, source_id),
        )

    def _looked_at(self, file: PageFile) -> PageFile:
        """Return the file that was looked at before it was in the desk, if it is this one."""
        known = self._file
        is_it = known is not None and (known.name, known.kind) == (file.name, file.kind)
        return known if known is not None and is_it else file

    def show_fields(self, fields: Mapping[str, DocumentField]) -> None:
        """Draw the boxes of these fields."""
        self._fields = fields
        self._show_boxes()

    def show_words_anew(self) -> None:
        """Read the words of the page again, when it was read since."""
        if self.number not in self._words or not self._words[self.number].words:
            self._read_words()

    def show_reading(self, told: str, *, allowed: bool) -> None:
        """Show that a page is being read again, or that none is; and whether one may be."""
        self.progress.setVisible(bool(told))
        self.progress.setToolTip(told)
        self.bar.allow_reading(allowed=allowed and not told)
        self._told = told
        self._show_hint()

    def forget_words(self, number_: int) -> None:
        """Read the words of a page anew when they are needed next."""
        self._words.pop(number_, None)

    def show_page(self, number_: int) -> None:
        """Show a page; what is no page of the document is not shown."""
        if not 1 <= number_ <= len(self._shapes) or number_ == self.number or self._file is None:
            return
        self.number = number_
        self._choose([])
        self.stack.setCurrentWidget(self.canvas)
        self.canvas.show_page(self._file, self._shapes[number_ - 1])
        self.bar.show_place(number_, len(self._shapes))
        self.strip.mark(number_)
        self.finder.show_page(None)
        self._read_words()

    def turn(self, by: int) -> None:
        """Show a page that comes so many pages later."""
        self.show_page(self.number + by)

    def select_field(self, name: str | None, *, fills: bool) -> None:
        """Mark the box of a field and scroll to it; a click fills the field if it `fills`."""
        self._field = name
        self.canvas.fills = fills
        field = self._fields.get(name or "")
        place = field.place if field else None
        if place is not None and place.page != self.number:
            self.show_page(place.page)
        self._show_boxes()
        if place is not None and place.page == self.number and self._page is not None:
            self.canvas.reveal(self.canvas.to_dots(place.box))
        self._show_witnesses()
        if field is not None and field.place is None and len(field.value) > 1:
            self._seek_value(name, field.value)
        self._show_hint()

    def stop_filling(self) -> None:
        """Have a click fill no field any more, as when the document was approved."""
        self.canvas.fills = False
        self._show_hint()

    def _show_witnesses(self) -> None:
        """Mark the words that were searched for, or where the value of a field of XML stands."""
        field = self._fields.get(self._field or "")
        if self._page is None or not self.finder.isHidden():
            return
        if self._sought is not None and self._sought[0] == self.number and self._field is None:
            marks = marks_of(self._page, self._sought[1])
            self.canvas.show_hits(marks, 0 if marks else -1)
            return
        is_placeless = field is not None and field.place is None and len(field.value) > 1
        hits = hits_of(self._page, field.value) if field is not None and is_placeless else []
        self.canvas.show_hits(hits, 0 if hits else -1)

    def _seek_value(self, name: str | None, value: str) -> None:
        """Show the first page on which the value of a field of XML stands, unless this one has it.

        What the person does meanwhile counts more: another field or page is left alone.
        """
        number_ = self.number

        def on_found(pages: list[int]) -> None:
            if pages and number_ not in pages and (self._field, self.number) == (name, number_):
                self.show_page(pages[0])

        self._look_for(value, on_found)

    def _on_elsewhere(self, text: str, by: int) -> None:
        """Go to the next page, or the one before, on which a text stands."""

        def on_found(pages: list[int]) -> None:
            others = [page for page in pages if page != self.number]
            if not others:
                self.finder.go_around(by)
                return
            later = [page for page in others if (page - self.number) * by > 0]
            around = later or others
            self.show_page(around[0] if by > 0 else around[-1])

        self._look_for(text, on_found)

    def _look_for(self, text: str, then: Callable[[list[int]], None]) -> None:
        source_id, desk = self._source_id, self._desk
        if source_id is None or len(self._shapes) < 2:
            return

        def done(pages: list[int]) -> None:
            if source_id == self._source_id:
                then(pages)

        self._background.run(lambda: pages_with(desk, source_id, text), done, owner=self)

    def copy(self) -> None:
        """Put the chosen words on the clipboard."""
        if self._page is not None and self._chosen:
            QGuiApplication.clipboard().setText(text_of(self._page, self._chosen))

    @property
    def shape_count(self) -> int:
        """Return how many pages can be looked at."""
        return len(self._shapes)

    @property
    def _page(self) -> Page | None:
        return self._words.get(self.number)

    def close_file(self) -> None:
        """Let go of the file; for closing the window."""
        self.pictures.close()

    # --- what happens -----------------------------------------------------------------

    def _on_shapes(self, file: PageFile, shapes: list[PageShape]) -> None:
        if file != self._file:
            return
        self._shapes = shapes
        self.strip.pages.show_pages(file, shapes)
        self.strip.setVisible(len(shapes) > 1)
        self.finder.has_others = len(shapes) > 1
        if not shapes:
            self._say(self.tr("The file has no page."))
            return
        self.show_page(self._first_page())

    def _first_page(self) -> int:
        field = self._fields.get(self._field or "")
        page = field.place.page if field and field.place else 1
        page = self._sought[0] if self._sought else page
        return page if 1 <= page <= len(self._shapes) else 1

    def _on_refused(self, file: PageFile, error: Exception) -> None:
        if file == self._file:
            is_locked = isinstance(error, EncryptedSourceError)
            helps = is_locked and not isinstance(error, LockedSourceError)
            if helps:
                advice = self.tr("Add its password; then it is opened and can be read.")
                self._say(f"{error}\n\n{advice}", button=self.tr("Passwords…"))
            else:
                self._say("\n\n".join(part for part in error_text(error) if part))

    def _on_not_drawn(self, wanted: PageRequest, error: Exception) -> None:
        is_shown = wanted.file == self._file and wanted.number == self.number
        if is_shown and not self.canvas.item.has_picture:
            self._say("\n\n".join(part for part in error_text(error) if part))
            self.strip.setVisible(len(self._shapes) > 1)

    def _on_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = menu.addAction(self.tr("Copy"), self.copy)
        copy.setEnabled(bool(self._chosen))
        menu.addAction(self.tr("Find"), self.finder.begin)
        menu.addSeparator()
        menu.addMenu(self.bar.menu)
        menu.popup(self.canvas.viewport().mapToGlobal(at))

    def _read_words(self) -> None:
        source_id, number_, desk = self._source_id, self.number, self._desk
        if source_id is None or number_ < 1:
            return
        known = self._words.get(number_)
        if known is not None and known.words:
            self._on_words(source_id, number_, known)
            return

        def work() -> Page | None:
            page = documents.page_words(desk, source_id, number_)
            if page is not None:
                reading_order(page)  # so that a pick need not wait for it
            return page

        self._background.run(
            work, lambda page: self._on_words(source_id, number_, page), owner=self
        )

    def _on_words(self, source_id: int, number_: int, page: Page | None) -> None:
        if source_id != self._source_id or page is None:
            return
        self._words[number_] = page
        self._turn_alike(page)
        if number_ == self.number:
            self.canvas.show_words(page)
            self.finder.show_page(page)
            self._show_boxes()
            field = self._fields.get(self._field or "")
            if field is not None and field.place is not None and field.place.page == number_:
                self.canvas.reveal(self.canvas.to_dots(field.place.box))
            self._show_witnesses()
            self._show_hint()

    def _turn_alike(self, page: Page) -> None:
        """Turn the picture of a page as its words were, if it was drawn before they were known."""
        row = page.number - 1
        if self._file is None or not 0 <= row < len(self._shapes):
            return
        shape = self._shapes[row]
        if shape.turned == page.turned:
            return
        shape = shape.turned_to(page.turned)
        self._shapes = [*self._shapes[:row], shape, *self._shapes[row + 1 :]]
        self.strip.pages.change_page(shape)
        if page.number == self.number:
            self.canvas.show_page(self._file, shape)

    def _on_picked(self, places: list[int], extends: bool) -> None:  # noqa: FBT001 - a signal's
        added = [place for place in places if place not in self._chosen]
        self._choose([*self._chosen, *added] if extends else places)
        if self._page is not None and self._chosen and self._field is not None:
            place = self._place(self._page, self._chosen)
            if self.canvas.tool is Tool.FILL and (self.canvas.fills or extends):
                self.picked.emit(place)

    def _place(self, page: Page, places: Sequence[int]) -> Place:
        text = " ".join(text_of(page, places).split())
        sure = min(page.words[place].confidence for place in places)
        return Place(text, page.number, box_of(page, places), page.engine, sure)

    def _choose(self, places: Sequence[int]) -> None:
        self._chosen = list(places)
        self.canvas.show_chosen(self._chosen)

    def _show_boxes(self) -> None:
        boxes = [
            FieldBox(name, self._rect(field.place), field.doubt, _tip(field))
            for name, field in self._fields.items()
            if field.place is not None and field.place.page == self.number and field.value
        ]
        self.canvas.show_boxes(boxes if self._page is not None else [], self._field)

    def _rect(self, place: Place) -> QRectF:
        return self.canvas.to_dots(place.box)

    def _show_hint(self) -> None:
        page = self._page
        if self._told:
            text = self._told
        elif page is None:
            text = ""
        elif not page.words:
            text = self.tr("No words were read on this page; write values into the form.")
        elif self.canvas.fills and self._field:
            text = self.tr("A click or a drawn box fills {0}.")
            text = text.format(field_label(self._field))
        else:
            text = self.tr("A click on a box selects its field.")
        self.hint.setText(text)

    def _say(self, text: str, *, button: str = "") -> None:
        self.canvas.show_nothing()
        self.message.say(text, button=button)
        self.stack.setCurrentWidget(self.message)
        self.strip.setVisible(False)
        self.hint.setText("")


def _tip(field: DocumentField) -> str:
    place = field.place
    assert place is not None
    lines = [f"{field_label(field.name)}: {field.value}"]
    if place.text and place.text != field.value:
        lines.append(f"“{place.text}”")
    sure = f"{number(int(100 * place.confidence + 1e-9))} %"
    lines.append(" · ".join(part for part in (sure, place.engine, field.person) if part))
    return "\n".join(lines)
