"""The picture of a page in the scene: what is there of it, sharp where it is there sharp."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from invoice_desk.ui.page_pictures import Picture

_PAPER, _EDGE = QColor("#ffffff"), QColor("#94a3b8")


class PageItem(QGraphicsItem):
    """Paints the picture of the whole page, and over it that of the part that is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.size = QRectF()
        self._whole: Picture | None = None
        self._part: Picture | None = None

    def set_page(self, width: float, height: float) -> None:
        """Be another page, of which nothing is there yet."""
        self.prepareGeometryChange()
        self.size = QRectF(0, 0, width, height)
        self._whole = self._part = None
        self.update()

    def show_picture(self, picture: Picture, *, is_part: bool) -> None:
        """Show a picture of the page or of a part of it."""
        if is_part:
            self._part = picture
        else:
            self._whole, self._part = picture, None
        self.update()

    @property
    def has_picture(self) -> bool:
        """Return whether anything of the page is there."""
        return self._whole is not None

    def boundingRect(self) -> QRectF:
        return self.size.adjusted(-2, -2, 2, 2)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        painter.fillRect(self.size, _PAPER)
        for picture in (self._whole, self._part):
            if picture is not None:
                _paint(painter, picture)
        pen = painter.pen()
        pen.setColor(_EDGE)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawRect(self.size)


def _paint(painter: QPainter, picture: Picture) -> None:
    """Paint a picture; one that has the right size pixel by pixel, which is fast and sharp."""
    transform = painter.worldTransform()
    ratio = painter.device().devicePixelRatio()
    zoom = math.hypot(transform.m11(), transform.m12())
    x0, y0, x1, y1 = picture.area
    if abs(zoom * ratio / picture.scale - 1) < 0.002:
        _paint_exact(painter, picture.image, transform.map(QPointF(x0, y0)), transform, ratio)
        return
    painter.drawImage(QRectF(x0, y0, x1 - x0, y1 - y0), picture.image)


def _paint_exact(
    painter: QPainter, image: QImage, corner: QPointF, transform: QTransform, ratio: float
) -> None:
    turned = round(math.degrees(math.atan2(transform.m12(), transform.m11())) / 90) * 90
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    exact = QTransform()
    exact.translate(round(corner.x() * ratio) / ratio, round(corner.y() * ratio) / ratio)
    exact.rotate(turned)
    exact.scale(1 / ratio, 1 / ratio)
    painter.setWorldTransform(exact)
    painter.drawImage(0, 0, image)
    painter.restore()
