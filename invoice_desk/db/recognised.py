"""What engines found on pages, by the bytes of the file, so that nothing is recognised twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, insert, select

from invoice_desk.db.schema import recognised_page

_COLUMNS = ("number", "engine", "engine_version", "width", "height", "turned", "words")


def recognised_inserts(sha256: str, pages: Iterable[dict[str, Any]]) -> list[Any]:
    """Return the statements that keep pages; an engine's newer version replaces its older."""
    return [
        insert(recognised_page)
        .prefix_with("OR REPLACE")
        .values(sha256=sha256, **{name: values[name] for name in _COLUMNS})
        for values in pages
    ]


def list_recognised(connection: Connection, sha256: str) -> list[dict[str, Any]]:
    """Return the pages of these bytes that were recognised, as `list_pages` gives pages."""
    query = select(recognised_page).where(recognised_page.c.sha256 == sha256)
    query = query.order_by(recognised_page.c.number)
    return [
        dict(row) | {"text_source": "ocr", "reason": ""}
        for row in connection.execute(query).mappings()
    ]
