"""Pictures of pages for the window, drawn at the size that is shown and no larger."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoice_desk.core.source import Kind
from invoice_desk.documents.pdf_opening import open_pdf
from invoice_desk.documents.pdfium_lock import PDFIUM
from invoice_desk.documents.pictures import MAX_PIXELS
from invoice_desk.errors import CorruptSourceError, UnsupportedKindError

#: Pixels of one picture at most; more of a page is shown as a part of it.
MOST_PIXELS = 6_000_000
#: A photo is kept no larger than this while it is looked at.
_MOST_DECODED = 24_000_000
#: Dots of a screen for each point of a PDF at 100 %.
_PER_POINT = 96 / 72
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
    """A page and its size in dots at 100 %."""

    number: int
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What is to be drawn: a page, or an area of it, at so many pixels a dot."""

    file: PageFile
    number: int
    scale: float
    area: Area | None = None


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


class PageImages:
    """Draws pages, one at a time; keeps open what was drawn last.  Safe from any thread."""

    def __init__(self) -> None:
        self._file: PageFile | None = None
        self._document: Any = None
        self._frame: tuple[int, Any, float] | None = None  # number, picture, dots a pixel

    def shapes(self, file: PageFile) -> list[PageShape]:
        """Return the pages of a file with their sizes.

        Raises:
            SourceError: If the file cannot be opened.
        """
        with PDFIUM:
            if file.kind is Kind.IMAGE:
                return _frame_shapes(file)
            self._open(file)
            count = min(len(self._document), _MOST_PAGES)
            sizes = [self._document.get_page_size(number) for number in range(count)]
        return [
            PageShape(number, max(1.0, width * _PER_POINT), max(1.0, height * _PER_POINT))
            for number, (width, height) in enumerate(sizes, start=1)
        ]

    def draw(self, wanted: PageRequest) -> PageImage:
        """Return a page, or an area of it, as pixels; smaller where it would be too large.

        Raises:
            SourceError: If the page cannot be drawn.
        """
        with PDFIUM:
            if wanted.file.kind is Kind.IMAGE:
                return self._draw_frame(wanted)
            self._open(wanted.file)
            return _drawn_page(self._document, wanted)

    def close(self) -> None:
        """Let go of the file that is open."""
        with PDFIUM:
            if self._document is not None:
                self._document.close()
            self._file, self._document, self._frame = None, None, None

    def _open(self, file: PageFile) -> None:
        if self._file == file and self._document is not None:
            return
        self.close()
        if file.kind is not Kind.PDF:
            raise UnsupportedKindError(f"{file.name} has no pages to look at.")
        self._document = open_pdf(file.path, name=file.name)
        with suppress(Exception):  # what is typed into forms is drawn where that is possible
            self._document.init_forms()
        self._file = file

    def _draw_frame(self, wanted: PageRequest) -> PageImage:
        from PIL import Image

        if self._file != wanted.file or self._frame is None or self._frame[0] != wanted.number:
            self.close()
            self._frame = (wanted.number, *_decoded(wanted.file, wanted.number))
            self._file = wanted.file
        _, picture, per_pixel = self._frame
        full = (0.0, 0.0, picture.width * per_pixel, picture.height * per_pixel)
        area = _within(wanted.area or full, full)
        scale = _bounded(wanted.scale, area)
        size = _pixels(area, scale)
        box = tuple(edge / per_pixel for edge in area)
        shrunk = picture.resize(size, Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)
        pixels = shrunk.tobytes("raw", "BGRX")
        return PageImage(*size, size[0] * 4, pixels, area, scale)


def _drawn_page(document: Any, wanted: PageRequest) -> PageImage:
    import pypdfium2 as pdfium

    try:
        page = document[wanted.number - 1]
        try:
            width, height = (side * _PER_POINT for side in page.get_size())
            full = (0.0, 0.0, max(1.0, width), max(1.0, height))
            area = _within(wanted.area or full, full)
            scale = _bounded(wanted.scale, area)
            cut = (area[0], full[3] - area[3], full[2] - area[2], area[1])
            bitmap = page.render(
                scale=scale * _PER_POINT,
                crop=tuple(edge / _PER_POINT for edge in cut),
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


def _decoded(file: PageFile, number: int) -> tuple[Any, float]:
    """Return a frame as an upright picture, and how many dots one of its pixels is."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(file.path) as image:
            image.seek(number - 1)
            longest = max(image.size)
            if image.width * image.height > _MOST_DECODED:
                side = math.isqrt(_MOST_DECODED)
                image.draft("RGB", (side, side))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise CorruptSourceError(f"Page {number} of {file.name} cannot be drawn.") from error
    if upright.width * upright.height > _MOST_DECODED:
        times = math.ceil(math.sqrt(upright.width * upright.height / _MOST_DECODED))
        upright = upright.reduce(times)
    return upright, longest / max(upright.size)


def _frame_shapes(file: PageFile) -> list[PageShape]:
    from PIL import ExifTags, Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    shapes: list[PageShape] = []
    try:
        with Image.open(file.path) as image:
            for index in range(min(getattr(image, "n_frames", 1), _MOST_PAGES)):
                image.seek(index)
                width, height = image.size
                if image.getexif().get(ExifTags.Base.Orientation, 1) >= 5:
                    width, height = height, width
                shapes.append(PageShape(index + 1, width, height))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise CorruptSourceError(f"{file.name} cannot be opened as a picture.") from error
    return shapes


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
