"""Pictures of the text of mails, drawn by Qt: its fonts have the letters of all languages."""

from __future__ import annotations

import threading

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetricsF, QImage, QPainter

from invoice_desk.documents.page import Page
from invoice_desk.services.mail_text import mail_text
from invoice_desk.services.page_images import PER_POINT, PageFile, PageImage, PageRequest, PageShape

#: Of a letter, in points, as `documents.mail_pages` sets them; how much of its box lies above.
_LETTER, _ABOVE = 6.0, 0.8
_SIZE = 10.0


class MailImages:
    """Draws pages of mails; keeps the words of the last one.  Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: PageFile | None = None
        self._pages: list[Page] = []

    def shapes(self, file: PageFile) -> list[PageShape]:
        """Return the pages with their sizes.

        Raises:
            SourceError: If the mail cannot be read.
        """
        return [
            PageShape(page.number, page.width * PER_POINT, page.height * PER_POINT)
            for page in self._read(file)
        ]

    def draw(self, wanted: PageRequest) -> PageImage:
        """Return a page, or an area of it, as pixels.

        Raises:
            SourceError: If the mail cannot be read.
        """
        page = self._read(wanted.file)[wanted.number - 1]
        whole = QRectF(0, 0, page.width * PER_POINT, page.height * PER_POINT)
        x0, y0, x1, y1 = wanted.area or (0.0, 0.0, whole.width(), whole.height())
        area = QRectF(x0, y0, x1 - x0, y1 - y0) & whole
        width = max(1, round(area.width() * wanted.scale))
        height = max(1, round(area.height() * wanted.scale))
        image = QImage(width, height, QImage.Format.Format_RGB32)
        image.fill(QColor("white"))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        painter.scale(width / area.width(), height / area.height())
        painter.translate(-area.x(), -area.y())
        painter.scale(PER_POINT, PER_POINT)
        _write(painter, page)
        painter.end()
        part = area.left(), area.top(), area.right(), area.bottom()
        pixels = memoryview(image.constBits()).cast("B")
        return PageImage(width, height, image.bytesPerLine(), pixels.tobytes(), part, wanted.scale)

    def _read(self, file: PageFile) -> list[Page]:
        with self._lock:
            if self._file != file:
                self._pages = mail_text(file)
                self._file = file
            return self._pages


def _write(painter: QPainter, page: Page) -> None:
    """Write each word where its box is, so that what is chosen lies on what is seen."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(round(_SIZE))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    across = _LETTER / max(0.1, QFontMetricsF(font).horizontalAdvance("n"))
    painter.setFont(font)
    painter.setPen(QColor("black"))
    for word in page.words:
        x0, y0, _, y1 = word.box
        painter.save()
        painter.translate(x0, y0 + _ABOVE * (y1 - y0))
        painter.scale(across, 1.0)
        painter.drawText(QPointF(0, 0), word.text)
        painter.restore()
