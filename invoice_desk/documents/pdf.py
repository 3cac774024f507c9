"""PDF: pages with their text layers, where those can be trusted, and pictures of pages."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from invoice_desk.documents.layer_quality import judge
from invoice_desk.documents.page import Page, PageReason, TextSource
from invoice_desk.documents.pdf_opening import opened
from invoice_desk.documents.pictures import MAX_SIDE
from invoice_desk.documents.text_layer import TextLayer, read_text_layer
from invoice_desk.errors import CorruptSourceError, IncompleteReadingError

#: Pixels an inch for OCR; the long side is limited so that one page cannot fill the memory.
OCR_DPI = 200
#: Who reads text layers.
ENGINE = "pdfium"
#: Layers that are believed; the pages of all others are looked at.
BELIEVED = frozenset({PageReason.GOOD_TEXT, PageReason.NOTHING_DRAWN})


def read_text_layers(path: Path, *, name: str) -> list[Page]:
    """Return all pages; those without a usable text layer have no words and `TextSource.NONE`.

    Raises:
        SourceError: If the document cannot be opened.
        IncompleteReadingError: If letters of a layer are in none of its words.
    """
    with opened(path, name=name) as document:
        return [_page(document, index, name) for index in range(len(document))]


def read_doubted_layer(path: Path, number: int, *, name: str) -> Page:
    """Return one page with the words of its layer, whatever they are worth."""
    with opened(path, name=name) as document:
        layer = _layer(document, number - 1, name)
        if layer is None:
            return Page(number, 0, 0)
        return _read(number, layer, judge(layer))


def render(path: Path, page_number: int, *, name: str, dpi: int = OCR_DPI) -> Any:
    """Return page `page_number` (from 1) as a PIL image, no longer than `MAX_SIDE` pixels.

    Raises:
        CorruptSourceError: If pdfium cannot draw it.
    """
    import pypdfium2 as pdfium

    with opened(path, name=name) as document:
        try:
            page = document[page_number - 1]
            width, height = page.get_size()
            scale = min(dpi / 72, MAX_SIDE / max(width, height, 1))
            return page.render(scale=scale).to_pil()
        except (pdfium.PdfiumError, ValueError, IndexError, MemoryError, OSError) as error:
            raise CorruptSourceError(f"Page {page_number} of {name} cannot be drawn.") from error


def _page(document: Any, index: int, name: str) -> Page:
    layer = _layer(document, index, name)
    if layer is None:
        return Page(index + 1, 0, 0, reason=PageReason.UNREADABLE)
    reason = judge(layer)
    if reason in BELIEVED:
        return _read(index + 1, layer, reason)
    return Page(index + 1, layer.width, layer.height, reason=reason)


def _layer(document: Any, index: int, name: str) -> TextLayer | None:
    """Return what a page holds; None when pdfium cannot read it."""
    import pypdfium2 as pdfium

    try:
        page = document[index]
        layer = read_text_layer(page)
        page.close()
    except pdfium.PdfiumError:
        return None
    if layer.lost:
        raise IncompleteReadingError(f"Page {index + 1} of {name} lost {layer.lost} letters.")
    return layer


def _read(number: int, layer: TextLayer, reason: PageReason) -> Page:
    return Page(
        number,
        layer.width,
        layer.height,
        layer.words,
        TextSource.TEXT_LAYER,
        ENGINE,
        engine_version=_version(),
        reason=reason,
        turned=float(layer.turned),
    )


@lru_cache(maxsize=1)
def _version() -> str:
    import pypdfium2

    return str(pypdfium2.PDFIUM_INFO)
