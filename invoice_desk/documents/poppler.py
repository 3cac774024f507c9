"""Poppler, the second renderer: draws pages that pdfium cannot, where it is installed."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

from invoice_desk.documents.pictures import MAX_SIDE, on_white
from invoice_desk.errors import CorruptSourceError

#: A page takes this many seconds at the most.
TIMEOUT = 60


def why_missing() -> str:
    """Return why poppler cannot be used and what to do; empty when it can."""
    if importlib.util.find_spec("pdf2image") is None:
        return "pdf2image is not installed. Install the program again: python3 bootstrap.py"
    if shutil.which("pdftoppm") is None:
        return "poppler is not installed. On Debian: apt-get install poppler-utils"
    return ""


def draw(path: Path, number: int, *, name: str, side: int = MAX_SIDE) -> Any:
    """Return page `number` (from 1) as a PIL image whose long side has `side` pixels at most.

    The size is given in pixels, not by an inch: poppler took 2 GB for one huge page.

    Raises:
        CorruptSourceError: If poppler is not there, or cannot draw it either.
    """
    missing = why_missing()
    if missing:
        raise CorruptSourceError(f"Page {number} of {name} cannot be drawn; {missing}")
    from pdf2image import convert_from_path
    from pdf2image.exceptions import PDFPageCountError, PDFPopplerTimeoutError, PDFSyntaxError

    try:
        pages = convert_from_path(
            path, first_page=number, last_page=number, size=_bounded(side), timeout=TIMEOUT
        )
    except (
        PDFPageCountError,
        PDFPopplerTimeoutError,
        PDFSyntaxError,
        OSError,
        ValueError,
    ) as error:
        raise CorruptSourceError(f"Page {number} of {name} cannot be drawn.") from error
    if not pages:
        raise CorruptSourceError(f"Page {number} of {name} cannot be drawn.")
    return on_white(pages[0])


def _bounded(side: int) -> int:
    """Return the long side to ask for: an A4 page at 200 dpi, never more than is allowed."""
    return min(side, 2340)
