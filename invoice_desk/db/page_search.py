"""The text of pages, found by words: by SQLite's full-text index, elsewhere by LIKE."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, inspect, select, text

from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.schema import page_text, source

#: The full-text index, and what its own tables' names begin with.
INDEX = "page_search"
#: What stands around a word that was looked for, in a snippet.
HIT = ("\x02", "\x03")
_AROUND = 60


@dataclass(frozen=True, slots=True)
class TextHit:
    """A page on which all words stand; page 0 is what XML says.

    Attributes:
        snippet: What stands around them; each is between the two marks of `HIT`.
    """

    source_id: int
    name: str
    page: int
    snippet: str


def page_text_put(source_id: int, number: int, body: str) -> list[Any]:
    """Return the statements that keep the text of a page in the place of what was kept of it."""
    key = (source_id << ROW_BITS) + number
    gone = delete(page_text).where(page_text.c.id == key)
    return [gone, insert(page_text).values(id=key, body=body)] if body else [gone]


def page_text_reset(source_id: int) -> Any:
    """Return the statement that forgets the text of a source."""
    base = source_id << ROW_BITS
    return delete(page_text).where(page_text.c.id >= base, page_text.c.id < base + (1 << ROW_BITS))


def search_pages(connection: Connection, words: Iterable[str], *, limit: int) -> list[TextHit]:
    """Return the pages on which all words stand, the best first; a word may go on."""
    wanted = [word for word in words if re.search(r"\w", word)]
    if not wanted:
        return []
    if inspect(connection).has_table(INDEX):
        return _by_index(connection, wanted, limit)
    return _by_like(connection, wanted, limit)


def _by_index(connection: Connection, words: list[str], limit: int) -> list[TextHit]:
    asked = " ".join('"' + word.replace('"', '""') + '"*' for word in words)
    statement = text(
        "SELECT found.id, source.name, found.snippet FROM ("
        "SELECT rowid AS id, rank AS place, "
        "snippet(page_search, 0, :before, :behind, '…', 16) AS snippet FROM page_search "
        "WHERE page_search MATCH :asked ORDER BY rank LIMIT :limit) AS found "
        "JOIN source ON source.id = found.id >> 32 ORDER BY found.place"
    )
    values = {"asked": asked, "limit": limit, "before": HIT[0], "behind": HIT[1]}
    return [_hit(row.id, row.name, row.snippet) for row in connection.execute(statement, values)]


def _by_like(connection: Connection, words: list[str], limit: int) -> list[TextHit]:
    owner = page_text.c.id.op("/")(1 << ROW_BITS)
    query = select(page_text.c.id, source.c.name, page_text.c.body).join(
        source, source.c.id == func.floor(owner)
    )
    for word in words:
        query = query.where(page_text.c.body.icontains(word, autoescape=True))
    found = connection.execute(query.order_by(page_text.c.id.desc()).limit(limit))
    return [_hit(row.id, row.name, _snippet(row.body, words)) for row in found]


def _snippet(body: str, words: list[str]) -> str:
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    first = pattern.search(body)
    at = max(0, first.start() - _AROUND) if first else 0
    part = body[at : at + 3 * _AROUND]
    marked = pattern.sub(lambda match: f"{HIT[0]}{match.group()}{HIT[1]}", part)
    return ("…" if at else "") + marked + ("…" if at + len(part) < len(body) else "")


def _hit(key: int, name: str, snippet: str) -> TextHit:
    return TextHit(key >> ROW_BITS, name, key & ((1 << ROW_BITS) - 1), " ".join(snippet.split()))
