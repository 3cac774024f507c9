"""Pictures of pages, drawn on one thread and kept while they are near."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from invoice_desk.core.source import MAILS
from invoice_desk.services.page_images import (
    Area,
    PageFile,
    PageImage,
    PageImages,
    PageRequest,
    PageShape,
)
from invoice_desk.ui.background import Background
from invoice_desk.ui.mail_images import MailImages

#: Bytes of pictures that are kept.
_MOST_BYTES = 160 << 20


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn page, or a part of it; `image` looks into `source`, which has to live as long."""

    image: QImage
    area: Area
    scale: float
    source: PageImage


class PagePictures(QObject):
    """Draws what is asked for last first, and forgets what was not looked at for longest.

    A page is drawn before thumbnails are; of two wishes for the page only the last counts.
    """

    drawn = Signal(object)  # PageRequest
    failed = Signal(object, object)  # PageRequest, Exception

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        passwords: Callable[[], tuple[str, ...]] = tuple,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        super().__init__(parent)
        self._images, self._mails = PageImages(passwords), MailImages()
        self.background = Background(threads=1, parent=self)
        self._kept: OrderedDict[PageRequest, Picture] = OrderedDict()
        self._most, self._bytes = most_bytes, 0
        self._next: list[PageRequest] = []
        self._small: list[PageRequest] = []
        self._busy: PageRequest | None = None
        self._is_closed = False

    @property
    def bytes_kept(self) -> int:
        """Return how much memory the kept pictures take."""
        return self._bytes

    def shapes(
        self,
        file: PageFile,
        done: Callable[[list[PageShape]], None],
        failed: Callable[[Exception], None],
        *,
        turns: Callable[[], Mapping[int, float]] = dict,
    ) -> None:
        """Measure the pages of a file, turned as `turns` says, then call `done` with them."""
        images, mails = self._images, self._mails

        def work() -> list[PageShape]:
            return mails.shapes(file) if file.kind in MAILS else images.shapes(file, turns())

        self.background.run(work, done, owner=self, failed=failed)

    def kept(self, wanted: PageRequest) -> Picture | None:
        """Return a picture that is there already."""
        found = self._kept.get(wanted)
        if found is not None:
            self._kept.move_to_end(wanted)
        return found

    def ask(self, *wanted: PageRequest) -> None:
        """Have these drawn next, in this order, instead of what was asked for and not begun."""
        self._next = [each for each in wanted if each not in self._kept and each != self._busy]
        self._go_on()

    def ask_small(self, wanted: PageRequest) -> None:
        """Have a thumbnail drawn when nothing else is to do; the last one asked for first."""
        if wanted not in self._small and wanted not in self._kept and wanted != self._busy:
            self._small.append(wanted)
            self._go_on()

    def forget_wishes(self) -> None:
        """Drop what was asked for and is not begun."""
        self._next, self._small = [], []

    def close(self) -> None:
        """Wait for what is being drawn, and let go of the file."""
        self._is_closed = True
        self.forget_wishes()
        self.background.wait()
        self._images.close()

    def _go_on(self) -> None:
        if self._is_closed or self._busy is not None or not (self._next or self._small):
            return
        wanted = self._next.pop(0) if self._next else self._small.pop()
        self._busy = wanted
        images = self._mails if wanted.file.kind in MAILS else self._images
        self.background.run(
            lambda: images.draw(wanted),
            lambda image: self._on_drawn(wanted, image),
            owner=self,
            failed=lambda error: self._on_failed(wanted, error),
        )

    def _on_drawn(self, wanted: PageRequest, image: PageImage) -> None:
        self._busy = None
        form = QImage.Format.Format_RGB32
        made = QImage(image.pixels, image.width, image.height, image.stride, form)
        self._kept[wanted] = Picture(made, image.area, image.scale, image)
        self._bytes += image.size
        while self._bytes > self._most and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._bytes -= old.source.size
        self._go_on()
        self.drawn.emit(wanted)

    def _on_failed(self, wanted: PageRequest, error: Exception) -> None:
        self._busy = None
        self._go_on()
        self.failed.emit(wanted, error)
