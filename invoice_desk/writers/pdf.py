"""Simple PDF pages of text, for samples: one font, texts at places."""

from __future__ import annotations

import ctypes
import io
import re
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
            text = ctypes.create_string_buffer(encoded, len(encoded))
            raw.FPDFText_SetText(item, ctypes.cast(text, raw.FPDF_WIDESTRING))
            raw.FPDFPageObj_Transform(item, 1, 0, 0, 1, placed.x, HEIGHT - placed.y)
            raw.FPDFPage_InsertObject(page.raw, item)
        page.gen_content()
    buffer = io.BytesIO()
    document.save(buffer)
    document.close()
    # pdfium stamps the time of writing; the same texts are to give the same bytes.
    data = _CREATED.sub(rb"\g<1>20240101000000", buffer.getvalue())
    path.write_bytes(_IDENTIFIER.sub(lambda found: b"0" * len(found.group()), data))


_IDENTIFIER = re.compile(rb"(?<=<)[0-9A-F]{32}(?=>)")
_CREATED = re.compile(rb"(/CreationDate\(D:)\d{14}")
