"""Pictures of pages for the window, drawn at the size that is shown and no larger."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoice_desk.core.source import Kind
from invoice_desk.documents import poppler
from invoice_desk.documents.pdf_opening import open_pdf, trying
from invoice_desk.documents.pdfium_lock import PDFIUM
from invoice_desk.documents.pictures import MAX_PIXELS, count_frames, on_white, turned
from invoice_desk.errors import CorruptSourceError, UnsupportedKindError
from invoice_desk.services.passwords import passwords_for

#: Pixels of one picture at most; more of a page is shown as a part of it.
MOST_PIXELS = 6_000_000
#: A photo is kept no larger than this while it is looked at.
_MOST_DECODED = 24_000_000
#: Dots of a screen for each point of a PDF at 100 %.
PER_POINT = 96 / 72
_A4 = (595.0, 842.0)
#: Pages that are measured at most before the document is shown.
_MOST_PAGES = 5000

#: x0, y0, x1, y1 in dots at 100 %.
Area = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file with pages: where its bytes are, and what it is called."""

    path: Path
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class PageShape:
    """A page, and its size in dots at 100 % after it was turned.

    Attributes:
        turned: Degrees clockwise by which recognition turned it; its words lie on that page.
    """

    number: int
    width: float
    height: float
    turned: float = 0.0

    def turned_to(self, degrees: float) -> PageShape:
        """Return the page turned so; a quarter more or less changes the sides."""
        if _is_across(self.turned) == _is_across(degrees):
            return PageShape(self.number, self.width, self.height, degrees)
        return PageShape(self.number, self.height, self.width, degrees)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What is to be drawn: a page, or an area of it, at so many pixels a dot."""

    file: PageFile
    number: int
    scale: float
    area: Area | None = None
    turned: float = 0.0


@dataclass(frozen=True, slots=True)
class PageImage:
    """A drawn page, or a part of it.

    Attributes:
        pixels: Blue, green, red and one unused byte each.
        area: The part of the page that it shows, in dots at 100 %.
    """

    width: int
    height: int
    stride: int
    pixels: Any
    area: Area
    scale: float

    @property
    def size(self) -> int:
        """Return how many bytes it takes."""
        return self.stride * self.height


@dataclass(frozen=True, slots=True)
class _Frame:
    """A whole page as a picture: what is a photo, was turned, or was drawn by poppler.

    Attributes:
        scale: Pixels a dot, for which it is sharp; none for a photo, which has no more.
    """

    file: PageFile
    number: int
    turned: float
    picture: Any
    width: float
    height: float
    scale: float | None

    def serves(self, wanted: PageRequest) -> bool:
        """Return whether what is wanted can be taken from it, as sharp as it can be."""
        is_page = (self.file, self.number) == (wanted.file, wanted.number)
        sharp = self.scale is None or wanted.scale <= 1.05 * self.scale
        return is_page and self.turned == wanted.turned and sharp

    def cut(self, wanted: PageRequest) -> PageImage:
        """Return what is wanted of it."""
        from PIL import Image

        full = (0.0, 0.0, self.width, self.height)
        area = _within(wanted.area or full, full)
        scale = _bounded(wanted.scale, area)
        size = _pixels(area, scale)
        x, y = self.picture.width / self.width, self.picture.height / self.height
        box = (area[0] * x, area[1] * y, area[2] * x, area[3] * y)
        shrunk = self.picture.resize(size, Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)
        return PageImage(*size, size[0] * 4, shrunk.tobytes("raw", "BGRX"), area, scale)


class PageImages:
    """Draws pages, one at a time; keeps open what was drawn last.  Safe from any thread.

    Args:
        passwords: Asked for where a document is protected.
    """

    def __init__(self, passwords: Callable[[], tuple[str, ...]] = tuple) -> None:
        self._passwords = passwords
        self._lock = threading.Lock()
        self._file: PageFile | None = None
        self._document: Any = None
        self._frame: _Frame | None = None
        #: Pages of the open file that pdfium could not draw.
        self._undrawn: set[int] = set()

    def shapes(self, file: PageFile, turns: Mapping[int, float] | None = None) -> list[PageShape]:
        """Return the pages of a file with their sizes, turned by what `turns` says.

        Raises:
            SourceError: If the file cannot be opened.
        """
        with self._lock:
            if file.kind is Kind.IMAGE:
                shapes = _frame_shapes(file)
            else:
                with PDFIUM:
                    shapes = self._measured(file)
        return [shape.turned_to((turns or {}).get(shape.number, 0.0)) for shape in shapes]

    def draw(self, wanted: PageRequest) -> PageImage:
        """Return a page, or an area of it, as pixels; smaller where it would be too large.

        Raises:
            SourceError: If the page cannot be drawn.
        """
        with self._lock:
            is_plain = wanted.file.kind is not Kind.IMAGE and not wanted.turned
            known = self._file == wanted.file and wanted.number in self._undrawn
            if is_plain and not known:
                with PDFIUM:
                    self._open(wanted.file)
                    with suppress(CorruptSourceError):  # poppler may be able to
                        return _drawn_page(self._document, wanted)
                self._undrawn.add(wanted.number)
            if self._frame is None or not self._frame.serves(wanted):
                self._frame = None
                self._frame = self._framed(wanted)
            return self._frame.cut(wanted)

    def close(self) -> None:
        """Let go of the file that is open."""
        with self._lock, PDFIUM:
            self._close()

    def _close(self) -> None:
        if self._document is not None:
            self._document.close()
        self._file, self._document, self._frame = None, None, None
        self._undrawn = set()

    def _open(self, file: PageFile) -> None:
        if self._file == file and self._document is not None:
            return
        self._close()
        if file.kind is not Kind.PDF:
            raise UnsupportedKindError(f"{file.name} has no pages to look at.")
        with trying(passwords_for(file.path, file.kind, self._passwords)):
            self._document = open_pdf(file.path, name=file.name)
        with suppress(Exception):  # what is typed into forms is drawn where that is possible
            self._document.init_forms()
        self._file = file

    def _measured(self, file: PageFile) -> list[PageShape]:
        self._open(file)
        count = min(len(self._document), _MOST_PAGES)
        return [PageShape(n, *_size_of(self._document, n)) for n in range(1, count + 1)]

    def _framed(self, wanted: PageRequest) -> _Frame:
        """Return the whole page that is wanted as a picture, turned."""
        scale: float | None = None
        if wanted.file.kind is Kind.IMAGE:
            with PDFIUM:
                self._close()
            picture, width, height = _decoded(wanted.file, wanted.number)
        else:
            picture, width, height, scale = self._rendered(wanted)
        if _is_across(wanted.turned):
            width, height = height, width
        picture = turned(picture, wanted.turned)
        return _Frame(wanted.file, wanted.number, wanted.turned, picture, width, height, scale)

    def _rendered(self, wanted: PageRequest) -> tuple[Any, float, float, float | None]:
        """Return a page of a PDF as a picture, its size in dots, and for which scale it is."""
        file, number = wanted.file, wanted.number
        with PDFIUM:
            self._open(file)
            width, height = _size_of(self._document, number)
            most = math.sqrt(_MOST_DECODED / (width * height))
            scale = min(max(1.0, wanted.scale), most)
            drawn = None
            if number not in self._undrawn:
                drawn = _drawn_whole(self._document, number, scale=scale)
        if drawn is not None:
            return drawn, width, height, scale if scale < most else None
        self._undrawn.add(number)
        return poppler.draw(file.path, number, name=file.name), width, height, None


def _is_across(degrees: float) -> bool:
    """Return whether a page that is turned so lies on its side."""
    return round(degrees / 90) % 2 == 1


def _size_of(document: Any, number: int) -> tuple[float, float]:
    """Return how large a page is in dots; that of A4 for one that pdfium cannot open."""
    import pypdfium2 as pdfium

    try:
        width, height = document.get_page_size(number - 1)
    except pdfium.PdfiumError:
        width, height = _A4
    return max(1.0, width * PER_POINT), max(1.0, height * PER_POINT)


def _drawn_whole(document: Any, number: int, *, scale: float) -> Any:
    """Return a page as a PIL image; None when pdfium cannot draw it."""
    import pypdfium2 as pdfium

    try:
        page = document[number - 1]
        try:
            return page.render(scale=scale * PER_POINT).to_pil().convert("RGB")
        finally:
            page.close()
    except (pdfium.PdfiumError, ValueError, IndexError):
        return None


def _drawn_page(document: Any, wanted: PageRequest) -> PageImage:
    import pypdfium2 as pdfium

    try:
        page = document[wanted.number - 1]
        try:
            width, height = (side * PER_POINT for side in page.get_size())
            full = (0.0, 0.0, max(1.0, width), max(1.0, height))
            area = _within(wanted.area or full, full)
            scale = _bounded(wanted.scale, area)
            cut = (area[0], full[3] - area[3], full[2] - area[2], area[1])
            bitmap = page.render(
                scale=scale * PER_POINT,
                crop=tuple(edge / PER_POINT for edge in cut),
                prefer_bgrx=True,
                force_bitmap_format=pdfium.raw.FPDFBitmap_BGRx,
            )
        finally:
            page.close()
    except (pdfium.PdfiumError, ValueError, IndexError) as error:
        name = wanted.file.name
        raise CorruptSourceError(f"Page {wanted.number} of {name} cannot be drawn.") from error
    return PageImage(
        bitmap.width, bitmap.height, bitmap.stride, memoryview(bitmap.buffer).cast("B"), area, scale
    )


def _decoded(file: PageFile, number: int) -> tuple[Any, float, float]:
    """Return a frame as an upright picture, and its own width and height in dots."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(file.path) as image:
            image.seek(number - 1)
            width, height = _upright_size(image)
            if width * height > _MOST_DECODED:
                side = math.isqrt(_MOST_DECODED)
                image.draft("RGB", (side, side))
            upright = on_white(ImageOps.exif_transpose(image))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise CorruptSourceError(f"Page {number} of {file.name} cannot be drawn.") from error
    if upright.width * upright.height > _MOST_DECODED:
        times = math.ceil(math.sqrt(upright.width * upright.height / _MOST_DECODED))
        upright = upright.reduce(times)
    return upright, width, height


def _frame_shapes(file: PageFile) -> list[PageShape]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    shapes: list[PageShape] = []
    count = min(count_frames(file.path, name=file.name), _MOST_PAGES)
    try:
        with Image.open(file.path) as image:
            for index in range(count):
                image.seek(index)
                shapes.append(PageShape(index + 1, *_upright_size(image)))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise CorruptSourceError(f"{file.name} cannot be opened as a picture.") from error
    return shapes


def _upright_size(image: Any) -> tuple[int, int]:
    from PIL import ExifTags

    width, height = image.size
    across = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
    return (height, width) if across else (width, height)


def _within(area: Area, full: Area) -> Area:
    """Return the part of `area` that lies on the page; the page where nothing does."""
    x0, y0 = max(area[0], full[0]), max(area[1], full[1])
    x1, y1 = min(area[2], full[2]), min(area[3], full[3])
    return (x0, y0, x1, y1) if x1 - x0 >= 1 and y1 - y0 >= 1 else full


def _bounded(scale: float, area: Area) -> float:
    dots = (area[2] - area[0]) * (area[3] - area[1])
    return min(scale, math.sqrt(MOST_PIXELS / dots))


def _pixels(area: Area, scale: float) -> tuple[int, int]:
    width, height = area[2] - area[0], area[3] - area[1]
    return max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale))
