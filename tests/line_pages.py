"""Pages made of cells, for tests of tables: a row is a height and what stands where on it."""

from __future__ import annotations

from invoice_desk.documents.page import Page, TextSource, Word

Row = tuple[float, dict[int, str]]
LETTER = 5.0


def page_of(*rows: Row, number: int = 1) -> Page:
    """Return a page with these rows; a cell's words stand a letter apart."""
    words = []
    for y, cells in rows:
        for x, text in cells.items():
            at = float(x)
            for part in text.split():
                width = LETTER * len(part)
                words.append(Word(part, (at, y, at + width, y + 9)))
                at += width + LETTER
    return Page(number, 595, 842, tuple(words), TextSource.TEXT_LAYER, "made")


FRENCH = (100, {50: "Désignation", 300: "Qté", 360: "Prix unitaire", 460: "Montant HT"})
