"""Pages with texts at places, as a layout is read from."""

from __future__ import annotations

from invoice_desk.documents.page import Page, TextSource, Word

Placed = tuple[str, float, float]


def placed_page(*texts: Placed, letter: int = 6, width: int = 595) -> Page:
    """Return a page with texts at places; a letter is so wide, and 10 high."""
    words = []
    for text, x, y in texts:
        at = x
        for part in text.split(" "):
            words.append(Word(part, (at, y, at + letter * len(part), y + 10)))
            at += letter * len(part) + 3
    return Page(1, width, 842, tuple(words), TextSource.TEXT_LAYER, "test")
