"""Searching the text of every page that the desk keeps."""

from __future__ import annotations

import re

from invoice_desk.db.engine import reading
from invoice_desk.db.page_search import HIT, TextHit, search_pages
from invoice_desk.services.desk import Desk

__all__ = ["HIT", "TextHit", "search"]

_AT_MOST = 50


def search(desk: Desk, text: str, *, limit: int = _AT_MOST) -> list[TextHit]:
    """Return the pages that hold all words of `text`, the best first.

    Case and accents do not count, and a word may go on: `factur` finds “Facturé”.  What stands
    between quotation marks is looked for as it stands.
    """
    words = [quoted or word for quoted, word in re.findall(r'"([^"]+)"|(\S+)', text)]
    with reading(desk.engine) as connection:
        return search_pages(connection, words, limit=limit)
