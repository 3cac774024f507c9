"""What the colours and lines around fields mean."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from invoice_desk.core.document_fields import Doubt
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP
from invoice_desk.ui.page_overlay import DOUBT_COLOURS, DOUBT_LINES

_WORDS = {
    Doubt.SURE: QT_TRANSLATE_NOOP("doubts", "Sure"),
    Doubt.LIKELY: QT_TRANSLATE_NOOP("doubts", "Please look"),
    Doubt.UNSURE: QT_TRANSLATE_NOOP("doubts", "Doubtful"),
    Doubt.BY_HAND: QT_TRANSLATE_NOOP("doubts", "By a person"),
}


def doubt_word(doubt: Doubt) -> str:
    """Return the word for how sure a value is."""
    return QCoreApplication.translate("doubts", _WORDS[doubt])


class PageLegend(QWidget):
    """A sample of each line, with its word."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        tips = {
            Doubt.SURE: self.tr("The program is 95 % sure or more."),
            Doubt.LIKELY: self.tr("The program is 70 to 95 % sure."),
            Doubt.UNSURE: self.tr("The program is less than 70 % sure."),
            Doubt.BY_HAND: self.tr("A person chose, wrote or confirmed it."),
        }
        for doubt, tip in tips.items():
            sample, word = _Sample(doubt), QLabel(doubt_word(doubt))
            word.setObjectName("hint")
            sample.setToolTip(tip)
            word.setToolTip(tip)
            row.addWidget(sample)
            row.addWidget(word)
            row.addSpacing(6)


class _Sample(QWidget):
    """A small box as it is drawn on the page."""

    def __init__(self, doubt: Doubt, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._doubt = doubt
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(26, 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = DOUBT_COLOURS[self._doubt]
        fill = QColor(colour)
        fill.setAlpha(30)
        rect = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        painter.fillRect(rect, fill)
        painter.setPen(QPen(colour, 1.8, DOUBT_LINES[self._doubt]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect)
        painter.end()
