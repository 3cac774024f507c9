"""Some pages of a file as a file of their own."""

from __future__ import annotations

from pathlib import Path

from invoice_desk.core.source import Kind
from invoice_desk.documents.pdf_opening import opened
from invoice_desk.errors import CorruptSourceError


def write_page_range(
    path: Path, target: Path, *, first: int, last: int, name: str, kind: Kind
) -> None:
    """Write pages `first` to `last` (from 1) of a PDF or a picture of many pages to `target`.

    Raises:
        SourceError: If the file cannot be opened, or the pages cannot be taken out of it.
    """
    if kind is Kind.PDF:
        _write_pdf(path, target, range(first - 1, last), name)
    else:
        _write_picture(path, target, range(first - 1, last), name)


def _write_pdf(path: Path, target: Path, pages: range, name: str) -> None:
    import pypdfium2 as pdfium

    with opened(path, name=name) as document:
        taken = pdfium.PdfDocument.new()
        try:
            taken.import_pages(document, list(pages))
            taken.save(target)
        except pdfium.PdfiumError as error:
            told = f"Pages {pages[0] + 1} to {pages[-1] + 1} of {name} cannot be taken out."
            raise CorruptSourceError(told) from error
        finally:
            taken.close()


def _write_picture(path: Path, target: Path, pages: range, name: str) -> None:
    from PIL import Image, ImageSequence

    try:
        with Image.open(path) as image:
            frames = [
                frame.copy() for i, frame in enumerate(ImageSequence.Iterator(image)) if i in pages
            ]
        frames[0].save(target, "TIFF", save_all=True, append_images=frames[1:])
    except (OSError, ValueError, IndexError, SyntaxError) as error:
        raise CorruptSourceError(f"{name} cannot be taken apart: {error}") from error
