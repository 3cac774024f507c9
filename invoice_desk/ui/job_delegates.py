"""How the table of jobs paints a state and a bar."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from invoice_desk.ui.jobs_model import JobsModel

_Index = QModelIndex | QPersistentModelIndex
_DOT = 9
_EDGE = QColor("#b8c2d0")
_EMPTY = QColor("#ffffff")
_TEXT = QColor("#0f172a")


class StateDelegate(QStyledItemDelegate):
    """A dot in the colour of the state, before its words."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        shown.text = ""
        _paint_cell(painter, shown)
        area = option.rect
        middle = area.center().y() + 0.5
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(index.data(JobsModel.COLOUR_ROLE)))
        painter.drawEllipse(QRectF(area.left() + 8, middle - _DOT / 2, _DOT, _DOT))
        painter.setPen(_TEXT)
        words = area.adjusted(_DOT + 15, 0, -4, 0)
        text = index.data(Qt.ItemDataRole.DisplayRole)
        metrics = painter.fontMetrics()
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter), text)
        painter.restore()


class BarDelegate(QStyledItemDelegate):
    """A bar with its share in words."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        shown.text = ""
        _paint_cell(painter, shown)
        area = option.rect
        whole = QRectF(area).adjusted(6.5, 5.5, -6.5, -5.5)
        share = min(1.0, max(0.0, float(index.data(JobsModel.SHARE_ROLE))))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(_EDGE))
        painter.setBrush(_EMPTY)
        painter.drawRoundedRect(whole, 4, 4)
        if share > 0:
            colour = QColor(index.data(JobsModel.COLOUR_ROLE))
            colour.setAlpha(90)  # the words stay readable on it
            done = whole.adjusted(1, 1, -1, -1)
            done.setWidth(max(4.0, done.width() * share))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRoundedRect(done, 3, 3)
        painter.setPen(_TEXT)
        text = index.data(Qt.ItemDataRole.DisplayRole)
        painter.drawText(whole, int(Qt.AlignmentFlag.AlignCenter), text)
        painter.restore()


def _paint_cell(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """Paint the empty cell, selected or not."""
    widget = option.widget
    widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
