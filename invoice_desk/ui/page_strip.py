"""The pages of a document as small pictures, drawn when they are seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QImage, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from invoice_desk.services.page_images import PageFile, PageRequest, PageShape
from invoice_desk.ui.page_pictures import PagePictures
from invoice_desk.ui.texts import number

Index = QModelIndex | QPersistentModelIndex
_LONG_SIDE = 116
_WIDTH = 132


class PageStripModel(QAbstractListModel):
    """Gives each page its small picture, and asks for it when it is not there."""

    def __init__(self, pictures: PagePictures, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._file: PageFile | None = None
        self._pages: Sequence[PageShape] = ()
        self._images: dict[int, QIcon] = {}
        pictures.drawn.connect(self._on_drawn)

    def show_pages(self, file: PageFile | None, pages: Sequence[PageShape]) -> None:
        """Show the pages of a file."""
        if (file, list(pages)) == (self._file, list(self._pages)):
            return
        self.beginResetModel()
        self._file, self._pages, self._images = file, list(pages), {}
        self.endResetModel()

    def change_page(self, page: PageShape) -> None:
        """Show a page turned otherwise."""
        row = page.number - 1
        self._pages = [*self._pages[:row], page, *self._pages[row + 1 :]]
        self._images.pop(page.number, None)
        self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._pages)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        page = self._pages[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return number(page.number)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tr("Page {0} of {1}").format(number(page.number), len(self._pages))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignHCenter)
        if role == Qt.ItemDataRole.DecorationRole:
            image = self._images.get(page.number)
            if image is None:
                image = self._there_already(page)
            return image or _blank(page)
        return None

    def _there_already(self, page: PageShape) -> QIcon | None:
        """Return the picture of a page that was drawn before; else have it drawn."""
        wanted = self._wanted(page)
        picture = self._pictures.kept(wanted) if wanted is not None else None
        if picture is not None:
            self._images[page.number] = _icon(picture.image)
        elif wanted is not None:
            self._pictures.ask_small(wanted)
        return self._images.get(page.number)

    def _wanted(self, page: PageShape) -> PageRequest | None:
        if self._file is None:
            return None
        scale = _LONG_SIDE / max(page.width, page.height)
        return PageRequest(self._file, page.number, scale, turned=page.turned)

    def _on_drawn(self, wanted: PageRequest) -> None:
        row = wanted.number - 1
        if not 0 <= row < len(self._pages) or wanted != self._wanted(self._pages[row]):
            return
        picture = self._pictures.kept(wanted)
        if picture is not None:
            self._images[wanted.number] = _icon(picture.image)
            index = self.index(row)
            self.dataChanged.emit(index, index)


class PageStrip(QListView):
    """A column of pages; the one that is shown is marked."""

    chosen = Signal(int)  # number of a page

    def __init__(self, pictures: PagePictures, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pageStrip")
        self.pages = PageStripModel(pictures, self)
        self.setModel(self.pages)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.TopToBottom)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Static)
        self.setIconSize(QSize(_LONG_SIDE, _LONG_SIDE))
        self.setGridSize(QSize(_WIDTH - 24, _LONG_SIDE + 28))
        self.setUniformItemSizes(True)
        self.setFixedWidth(_WIDTH)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(self.tr("Pages"))
        self.selectionModel().currentChanged.connect(self._on_current)

    def mark(self, page: int) -> None:
        """Show that a page is open."""
        index = self.pages.index(page - 1)
        if index != self.currentIndex():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def _on_current(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(index.row() + 1)


def _icon(image: QImage) -> QIcon:
    """Return a picture that is not tinted while its page is the one that is shown."""
    pixmap, made = QPixmap.fromImage(image), QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        made.addPixmap(pixmap, mode)
    return made


def _blank(page: PageShape) -> QIcon:
    scale = _LONG_SIDE / max(page.width, page.height)
    size = QSize(max(1, int(page.width * scale)), max(1, int(page.height * scale)))
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(QColor("#f1f5f9"))
    return _icon(image)
