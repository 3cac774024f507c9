"""On which pages of a document a text stands."""

from __future__ import annotations

from invoice_desk.db.engine import reading
from invoice_desk.db.sources import list_pages
from invoice_desk.documents.selection import hits_of
from invoice_desk.services.desk import Desk
from invoice_desk.services.storing import page_of


def pages_with(desk: Desk, source_id: int, text: str) -> list[int]:
    """Return the numbers of the pages on which a text stands; marks and case do not count."""
    with reading(desk.engine) as connection:
        pages = [page_of(values) for values in list_pages(connection, source_id)]
    return [page.number for page in pages if hits_of(page, text)]
