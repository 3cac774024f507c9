"""PDF through pypdfium2: words of the text layer with their boxes, and page images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from invoice_desk.documents.page import Page, TextSource, Word
from invoice_desk.documents.pdfium_lock import PDFIUM
from invoice_desk.errors import CorruptSourceError, EmptySourceError, EncryptedSourceError

#: Pixels an inch for OCR; the long side is limited so that one page cannot fill the memory.
OCR_DPI = 200
MAX_SIDE = 4000
#: Fewer letters than this and a page counts as a picture.
MIN_LETTERS = 16


@contextmanager
def opened(path: Path, *, name: str) -> Iterator[Any]:
    """Give the opened document and close it.

    Raises:
        EncryptedSourceError: If a password is needed.
        CorruptSourceError: If it cannot be opened.
        EmptySourceError: If it has no page.
    """
    with PDFIUM:
        document = open_pdf(path, name=name)
        try:
            yield document
        finally:
            document.close()


def open_pdf(path: Path, *, name: str) -> Any:
    """Return the opened document, for a caller that holds `PDFIUM` and closes it.

    Raises:
        EncryptedSourceError: If a password is needed.
        CorruptSourceError: If it cannot be opened.
        EmptySourceError: If it has no page.
    """
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise EncryptedSourceError(f"{name} is protected by a password.") from error
        raise CorruptSourceError(f"{name} cannot be opened as a PDF.") from error
    if len(document) == 0:
        document.close()
        raise EmptySourceError(f"{name} has no page.")
    return document


def read_text_layers(path: Path, *, name: str) -> list[Page]:
    """Return all pages; those without a usable text layer have no words and `TextSource.NONE`."""
    with opened(path, name=name) as document:
        return [_page(document, number) for number in range(len(document))]


def render(path: Path, page_number: int, *, name: str, dpi: int = OCR_DPI) -> Any:
    """Return page `page_number` (from 1) as a PIL image, no longer than `MAX_SIDE` pixels."""
    import pypdfium2 as pdfium

    with opened(path, name=name) as document:
        try:
            page = document[page_number - 1]
            width, height = page.get_size()
            scale = min(dpi / 72, MAX_SIDE / max(width, height, 1))
            return page.render(scale=scale).to_pil()
        except pdfium.PdfiumError as error:
            raise CorruptSourceError(f"Page {page_number} of {name} cannot be drawn.") from error


def _page(document: Any, index: int) -> Page:
    import pypdfium2 as pdfium

    number = index + 1
    try:
        page = document[index]
        width, height = page.get_size()
        text_page = page.get_textpage()
        words = tuple(_words(text_page, height))
        text_page.close()
        page.close()
    except pdfium.PdfiumError:
        return Page(number, 0, 0)
    letters = sum(c.isalnum() for word in words for c in word.text)
    broken = sum(c == "\ufffd" or c < " " for word in words for c in word.text)
    if letters < MIN_LETTERS or broken * 5 > letters:
        return Page(number, width, height)
    return Page(number, width, height, words, TextSource.TEXT_LAYER, "pdfium")


def _words(text_page: Any, height: float) -> Iterator[Word]:
    """Yield words; a word ends at a blank, a line end or a jump to the side."""
    count = text_page.count_chars()
    text = text_page.get_text_range(0, count) if count else ""
    if len(text) != count:  # pdfium counts characters that its text leaves out
        text = "".join(text_page.get_text_range(i, 1) or " " for i in range(count))
    letters: list[str] = []
    boxes: list[tuple[float, float, float, float]] = []
    for i, char in enumerate(text):
        if char.isspace() or char in "\u0002\ufffe":
            if letters:
                yield _word(letters, boxes, height)
                letters, boxes = [], []
            continue
        box = text_page.get_charbox(i)
        if boxes and _jumps(boxes[-1], box):
            yield _word(letters, boxes, height)
            letters, boxes = [], []
        letters.append(char)
        boxes.append(box)
    if letters:
        yield _word(letters, boxes, height)


def _jumps(last: tuple[float, ...], box: tuple[float, ...]) -> bool:
    size = max(last[3] - last[1], box[3] - box[1], 1.0)
    return box[0] - last[2] > 1.5 * size or box[0] < last[0] - 2 * size


def _word(
    letters: list[str], boxes: list[tuple[float, float, float, float]], height: float
) -> Word:
    left, bottom, right, top = zip(*boxes, strict=True)
    box = (min(left), height - max(top), max(right), height - min(bottom))
    return Word("".join(letters), box)
