"""One page of a document: zoom, pan, turn, pick words, draw a box around them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsScene, QGraphicsView, QToolTip, QWidget

from invoice_desk.documents.page import Page
from invoice_desk.documents.selection import nearest_word, word_at, words_between, words_in
from invoice_desk.services.page_images import (
    MOST_PIXELS,
    PageFile,
    PageRequest,
    PageShape,
)
from invoice_desk.ui.page_item import PageItem
from invoice_desk.ui.page_overlay import FieldBox, PageOverlay
from invoice_desk.ui.page_pictures import PagePictures

_LEAST, _MOST, _STEP = 0.05, 8.0, 1.2
#: A view that is scrolled or zoomed is drawn sharply when it has rested so long.
_REST_MS = 60
_MARGIN = 16
_CLICK = 5  # pixels that the mouse may move in a click


class Fit(StrEnum):
    """How large the page is."""

    WIDTH = "width"
    PAGE = "page"
    FREE = "free"


class Tool(StrEnum):
    """What a drag does."""

    FILL = "fill"
    SELECT = "select"


class PageCanvas(QGraphicsView):
    """Shows one page; tells which words were picked and which box was clicked."""

    picked = Signal(object, bool)  # list of places of words; whether they are added to the others
    box_clicked = Signal(str)  # field
    zoomed = Signal(float)
    turned = Signal(int)  # pages forward

    def __init__(self, pictures: PagePictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setScene(QGraphicsScene(self))
        self.setBackgroundBrush(QColor("#e2e8f0"))
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self.setAccessibleName(self.tr("Page"))
        self.item, self.overlay = PageItem(), PageOverlay()
        self.scene().addItem(self.item)
        self.scene().addItem(self.overlay)
        self.fit, self.tool = Fit.WIDTH, Tool.FILL
        self.page: Page | None = None
        self.shape_: PageShape | None = None
        #: Whether a picked word fills a field; then a drag draws a box.
        self.fills = False
        self._file: PageFile | None = None
        self._turns: dict[int, int] = {}
        self._zoom = 1.0
        self._pressed: QPoint | None = None
        self._pan: QPoint | None = None
        self._space = False
        self._pictures = pictures
        pictures.drawn.connect(self._on_drawn)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._ask)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(lambda _value: self._rest.start())

    # --- what is shown ----------------------------------------------------------------

    def show_page(self, file: PageFile, shape: PageShape) -> None:
        """Show a page of a file; its words come later, by `show_words`."""
        if file != self._file:
            self._turns = {}
        self._file, self.shape_, self.page = file, shape, None
        self.item.set_page(shape.width, shape.height)
        self.overlay.set_size(self.item.size)
        self.overlay.boxes, self.overlay.hits, self.overlay.frame = (), (), None
        self.overlay.chosen, self.overlay.current_hit = (), -1
        room = self.item.size.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)
        self.scene().setSceneRect(room)
        self._apply()
        self.verticalScrollBar().setValue(self.verticalScrollBar().minimum())
        self._rest.stop()
        self._ask()

    def show_nothing(self) -> None:
        """Show no page."""
        self._file = self.shape_ = self.page = None
        self.item.set_page(0, 0)
        self.overlay.boxes = self.overlay.chosen = self.overlay.hits = ()
        self.overlay.update()

    def show_words(self, page: Page) -> None:
        """Take the words of the page that is shown."""
        self.page = page
        self.overlay.update()

    def show_boxes(self, boxes: Sequence[FieldBox], selected: str | None) -> None:
        """Draw the boxes of fields."""
        self.overlay.boxes, self.overlay.field = boxes, selected
        self.overlay.update()

    def show_chosen(self, places: Sequence[int]) -> None:
        """Mark words as chosen."""
        page = self.page
        self.overlay.chosen = [self.to_dots(page.words[i].box) for i in places] if page else []
        self.overlay.update()

    def show_hits(self, hits: Sequence[Sequence[int]], current: int) -> None:
        """Mark where a text was found, one hit more than the others."""
        page = self.page
        self.overlay.hits = (
            [[self.to_dots(page.words[i].box) for i in hit] for hit in hits] if page else []
        )
        self.overlay.current_hit = current
        self.overlay.update()
        if page and 0 <= current < len(hits):
            self.reveal(self.overlay.hits[current][0])

    def reveal(self, rect: QRectF) -> None:
        """Scroll so that this part of the page is seen."""
        self.ensureVisible(rect, 60, 60)

    def to_dots(self, box: tuple[float, float, float, float]) -> QRectF:
        """Return a box of words in dots at 100 %."""
        x, y = self._units()
        return QRectF(box[0] * x, box[1] * y, (box[2] - box[0]) * x, (box[3] - box[1]) * y)

    def _units(self) -> tuple[float, float]:
        page, shape = self.page, self.shape_
        if page is None or shape is None or page.width <= 0 or page.height <= 0:
            return 1.0, 1.0
        return shape.width / page.width, shape.height / page.height

    # --- zoom and turn ----------------------------------------------------------------

    @property
    def zoom(self) -> float:
        """Return how many pixels of the window one dot is."""
        return self._zoom

    @property
    def turn(self) -> int:
        """Return by how many degrees the page is turned."""
        return self._turns.get(self.shape_.number, 0) if self.shape_ else 0

    def set_fit(self, fit: Fit) -> None:
        """Fit the page into the view from now on."""
        self.fit = fit
        self._apply()

    def remember_fit(self, fit: Fit, zoom: float) -> None:
        """Begin with the size that pages had when the window was closed."""
        self.fit, self._zoom = fit, max(_LEAST, min(_MOST, zoom))

    def set_zoom(self, zoom: float, at: QPoint | None = None) -> None:
        """Show the page at a size; the point `at` of the view stays where it is."""
        at = at or self.viewport().rect().center()
        before = self.mapToScene(at)
        self.fit, self._zoom = Fit.FREE, max(_LEAST, min(_MOST, zoom))
        self._apply()
        shift = self.mapFromScene(before) - at
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + shift.x())
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + shift.y())

    def zoom_by(self, steps: float, at: QPoint | None = None) -> None:
        """Zoom in or out."""
        self.set_zoom(self._zoom * _STEP**steps, at)

    def rotate_page(self, degrees: int) -> None:
        """Turn the page that is shown; it stays so while the document is open."""
        if self.shape_ is not None:
            self._turns[self.shape_.number] = (self.turn + degrees) % 360
            self._apply()

    def _apply(self) -> None:
        if self.shape_ is None:
            return
        width, height = self.shape_.width + 2 * _MARGIN, self.shape_.height + 2 * _MARGIN
        if self.turn % 180:
            width, height = height, width
        room = self.maximumViewportSize()
        if self.fit is Fit.PAGE:
            self._zoom = max(_LEAST, min(room.width() / width, room.height() / height))
        elif self.fit is Fit.WIDTH:
            zoom = room.width() / width
            if height * zoom > room.height():
                zoom = (room.width() - self.verticalScrollBar().sizeHint().width()) / width
            self._zoom = max(_LEAST, min(_MOST, zoom))
        self.setTransform(QTransform().rotate(self.turn).scale(self._zoom, self._zoom))
        self.zoomed.emit(self._zoom)
        self._rest.start()

    # --- pictures ---------------------------------------------------------------------

    def _ask(self) -> None:
        """Ask for the picture of the page, and of the visible part where the page is too large."""
        whole, part = self._wanted()
        if whole is None:
            return
        missing = []
        for each in (whole, part):
            if each is None:
                continue
            picture = self._pictures.kept(each)
            if picture is None:
                missing.append(each)
            else:
                self.item.show_picture(picture, is_part=each is part)
        self._pictures.ask(*missing)

    def _wanted(self) -> tuple[PageRequest | None, PageRequest | None]:
        file, shape = self._file, self.shape_
        if file is None or shape is None:
            return None, None
        scale = self._zoom * self.devicePixelRatioF()
        most = (MOST_PIXELS / (shape.width * shape.height)) ** 0.5
        turned = shape.turned
        whole = PageRequest(file, shape.number, min(scale, most), turned=turned)
        if scale <= most:
            return whole, None
        seen = self.mapToScene(self.viewport().rect()).boundingRect() & self.item.size
        area = (int(seen.left()), int(seen.top()), int(seen.right()) + 1, int(seen.bottom()) + 1)
        return whole, PageRequest(file, shape.number, scale, area, turned)

    def _on_drawn(self, wanted: PageRequest) -> None:
        whole, part = self._wanted()
        if wanted in {whole, part}:
            picture = self._pictures.kept(wanted)
            if picture is not None:
                self.item.show_picture(picture, is_part=wanted == part)

    # --- mouse ------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(event.angleDelta().y() / 120, event.position().toPoint())
            event.accept()
            return
        super().wheelEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        middle = event.button() == Qt.MouseButton.MiddleButton
        if middle or (self._space and event.button() == Qt.MouseButton.LeftButton):
            self._pan = event.position().toPoint()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._pan is not None:
            moved = at - self._pan
            self._pan = at
            for bar, by in (
                (self.horizontalScrollBar(), moved.x()),
                (self.verticalScrollBar(), moved.y()),
            ):
                bar.setValue(bar.value() - by)
        elif self._pressed is not None and (at - self._pressed).manhattanLength() > _CLICK:
            self._drag(self._pressed, at)
        elif self._pressed is None:
            self._show_cursor(at)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._pan is not None:
            self._pan = None
            self._show_cursor(at)
            return
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            return
        extends = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if (at - pressed).manhattanLength() > _CLICK:
            places = self._dragged(pressed, at)
            self.overlay.frame = None
            self.overlay.update()
            self.picked.emit(places, extends)
            return
        self._click(at, extends=extends)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            box = self._box_at(self.mapToScene(event.pos()))
            QToolTip.showText(event.globalPos(), box.tip if box else "", self)
            return True
        return super().viewportEvent(event)

    def _click(self, at: QPoint, *, extends: bool) -> None:
        point = self.mapToScene(at)
        box = self._box_at(point)
        word = self._word_at(point)
        takes_word = word is not None and (self.fills or extends)
        if box is not None and not takes_word:
            self.box_clicked.emit(box.name)
            return
        self.picked.emit([] if word is None else [word], extends)

    def _drag(self, start: QPoint, end: QPoint) -> None:
        if self.fills and self.tool is Tool.FILL:
            self.overlay.frame = QRectF(self.mapToScene(start), self.mapToScene(end)).normalized()
        self.show_chosen(self._dragged(start, end))

    def _dragged(self, start: QPoint, end: QPoint) -> list[int]:
        if self.page is None:
            return []
        (x0, y0), (x1, y1) = (self._in_page(self.mapToScene(point)) for point in (start, end))
        if self.fills and self.tool is Tool.FILL:
            return words_in(self.page, (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))
        first, last = nearest_word(self.page, x0, y0), nearest_word(self.page, x1, y1)
        return [] if first is None or last is None else words_between(self.page, first, last)

    def _in_page(self, point: QPointF) -> tuple[float, float]:
        x, y = self._units()
        return point.x() / x, point.y() / y

    def _word_at(self, point: QPointF) -> int | None:
        return word_at(self.page, *self._in_page(point)) if self.page else None

    def _box_at(self, point: QPointF) -> FieldBox | None:
        hits = [box for box in self.overlay.boxes if box.outer.contains(point)]
        return min(hits, key=lambda box: box.rect.width() * box.rect.height(), default=None)

    def _show_cursor(self, at: QPoint) -> None:
        point = self.mapToScene(at)
        shape = Qt.CursorShape.ArrowCursor
        if self._space:
            shape = Qt.CursorShape.OpenHandCursor
        elif self._box_at(point) is not None and not self.fills:
            shape = Qt.CursorShape.PointingHandCursor
        elif self._word_at(point) is not None:
            fills = self.fills and self.tool is Tool.FILL
            shape = Qt.CursorShape.CrossCursor if fills else Qt.CursorShape.IBeamCursor
        self.viewport().setCursor(shape)

    # --- keys -------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        pages = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}
        if event.key() in pages:
            self.turned.emit(pages[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Space:
            self._space = True
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        else:
            super().keyReleaseEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.fit is not Fit.FREE:
            self._apply()
        self._rest.start()
