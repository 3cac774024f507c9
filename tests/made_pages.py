"""Pictures and PDFs of made-up pages for tests."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from invoice_desk.documents.page import Page

LINES = (
    "Papeterie Beauséjour SARL",
    "12 rue de l'Église, 69002 Lyon",
    "FACTURE N° 2024-0731",
    "Date : 14/05/2024",
    "Échéance : 13/06/2024",
    "Crayons à papier   24,00",
    "Total TTC   28,80 EUR",
)


def picture(
    lines: Sequence[str] = LINES,
    *,
    size: tuple[int, int] = (900, 640),
    letter: int = 34,
    ink: int = 0,
    paper: int = 255,
) -> Any:
    """Return a picture of lines of text, in pdfium's own Helvetica, which has accents."""
    document = pdfium.PdfDocument.new()
    page = document.new_page(*size)
    for number, line in enumerate(lines):
        _put(document, page, line, 60, size[1] - 80 - number * letter * 2.2, letter=letter)
    page.gen_content()
    drawn = page.render(scale=1).to_pil().convert("L")
    document.close()
    return drawn.point(lambda v: round(ink + (paper - ink) * v / 255)).convert("RGB")


def texts(page: Page) -> list[str]:
    return [word.text for word in page.words]


def pdf_of(
    path: Path,
    lines: Sequence[str],
    *,
    image: Any = None,
    invisible: bool = False,
    rotation: int = 0,
) -> Path:
    """Write a PDF of one page of A4: a picture over all of it, and lines of text over that."""
    document = pdfium.PdfDocument.new()
    page = document.new_page(595, 842)
    if image is not None:
        item = pdfium.PdfImage.new(document)
        item.set_bitmap(pdfium.PdfBitmap.from_pil(image))
        item.set_matrix(pdfium.PdfMatrix().scale(595, 842))
        page.insert_obj(item)
    for number, line in enumerate(lines):
        _put(document, page, line, 60, 780 - 26 * number, invisible=invisible)
    page.set_rotation(rotation)
    page.gen_content()
    document.save(path)
    document.close()
    return path


def _put(
    document: Any,
    page: Any,
    line: str,
    x: float,
    y: float,
    *,
    invisible: bool = False,
    letter: float = 12,
) -> None:
    item = raw.FPDFPageObj_NewTextObj(document.raw, b"Helvetica", letter)
    encoded = (line + "\x00").encode("utf-16-le")
    text = ctypes.create_string_buffer(encoded, len(encoded))
    raw.FPDFText_SetText(item, ctypes.cast(text, raw.FPDF_WIDESTRING))
    if invisible:
        raw.FPDFTextObj_SetTextRenderMode(item, raw.FPDF_TEXTRENDERMODE_INVISIBLE)
    raw.FPDFPageObj_Transform(item, 1, 0, 0, 1, x, y)
    raw.FPDFPage_InsertObject(page.raw, item)
