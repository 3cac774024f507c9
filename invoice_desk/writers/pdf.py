"""Simple PDF pages of text, for samples: one font, texts at places."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: A4 in points.
WIDTH, HEIGHT = 595.0, 842.0


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text whose left end stands at x, and whose base line y points below the top."""

    x: float
    y: float
    text: str
    size: float = 10.0


def write_pdf(pages: Sequence[Sequence[PlacedText]], path: Path) -> None:
    """Write pages of A4 to `path`."""
    import pypdfium2 as pdfium
    from pypdfium2 import raw

    document = pdfium.PdfDocument.new()
    for texts in pages:
        page = document.new_page(WIDTH, HEIGHT)
        for placed in texts:
            item = raw.FPDFPageObj_NewTextObj(document.raw, b"Helvetica", placed.size)
            encoded = (placed.text + "\x00").encode("utf-16-le")
            buffer = ctypes.create_string_buffer(encoded, len(encoded))
            raw.FPDFText_SetText(item, ctypes.cast(buffer, raw.FPDF_WIDESTRING))
            raw.FPDFPageObj_Transform(item, 1, 0, 0, 1, placed.x, HEIGHT - placed.y)
            raw.FPDFPage_InsertObject(page.raw, item)
        page.gen_content()
    document.save(path)
    document.close()
