"""What lies over the picture of a page: boxes of fields, chosen words, hits, the drawn frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from invoice_desk.core.document_fields import Doubt

#: Colours of Okabe and Ito, which the colour-blind tell apart; the line says the same.
DOUBT_COLOURS = {
    Doubt.SURE: QColor("#0072b2"),
    Doubt.LIKELY: QColor("#c77700"),
    Doubt.UNSURE: QColor("#c4320a"),
    Doubt.BY_HAND: QColor("#00795a"),
}
DOUBT_LINES = {
    Doubt.SURE: Qt.PenStyle.SolidLine,
    Doubt.LIKELY: Qt.PenStyle.DashLine,
    Doubt.UNSURE: Qt.PenStyle.DotLine,
    Doubt.BY_HAND: Qt.PenStyle.DashDotLine,
}
_CHOSEN, _HIT, _CURRENT_HIT = QColor(29, 78, 216, 70), QColor(250, 204, 21, 110), QColor("#ea580c")
_FRAME = QColor("#1d4ed8")
#: Dots between the letters and their box.
_ROOM = 3.0


@dataclass(frozen=True, slots=True)
class FieldBox:
    """The box of a field on the page, in dots at 100 %."""

    name: str
    rect: QRectF
    doubt: Doubt
    tip: str

    @property
    def outer(self) -> QRectF:
        """Return the box with the room around the letters."""
        return self.rect.adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM)


class PageOverlay(QGraphicsItem):
    """Paints marks of the same thickness at every zoom."""

    def __init__(self) -> None:
        super().__init__()
        self._size = QRectF()
        self.boxes: Sequence[FieldBox] = ()
        self.chosen: Sequence[QRectF] = ()
        self.hits: Sequence[Sequence[QRectF]] = ()
        self.current_hit = -1
        self.frame: QRectF | None = None
        self.field: str | None = None
        self.setZValue(1)

    def set_size(self, size: QRectF) -> None:
        """Lie over a page of this size."""
        self.prepareGeometryChange()
        self._size = size.adjusted(-_ROOM * 4, -_ROOM * 4, _ROOM * 4, _ROOM * 4)

    def boundingRect(self) -> QRectF:
        return self._size

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        for number, hit in enumerate(self.hits):
            painter.setPen(_pen(_CURRENT_HIT) if number == self.current_hit else Qt.PenStyle.NoPen)
            for rect in hit:
                painter.fillRect(rect, _HIT)
                painter.drawRect(rect)
        for rect in self.chosen:
            painter.fillRect(rect, _CHOSEN)
        for box in sorted(self.boxes, key=lambda each: each.name == self.field):
            self._paint_box(painter, box)
        if self.frame is not None:
            painter.setPen(_pen(_FRAME, Qt.PenStyle.DashLine))
            painter.setBrush(QBrush(QColor(29, 78, 216, 30)))
            painter.drawRect(self.frame)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_box(self, painter: QPainter, box: FieldBox) -> None:
        is_selected = box.name == self.field
        colour = DOUBT_COLOURS[box.doubt]
        fill = QColor(colour)
        fill.setAlpha(60 if is_selected else 22)
        painter.fillRect(box.outer, fill)
        painter.setPen(_pen(colour, DOUBT_LINES[box.doubt], 3.0 if is_selected else 1.8))
        painter.drawRect(box.outer)


def _pen(colour: QColor, line: Qt.PenStyle = Qt.PenStyle.SolidLine, width: float = 1.5) -> QPen:
    pen = QPen(colour, width, line)
    pen.setCosmetic(True)
    return pen
