"""Lists of names, and document types, that a person changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from invoice_desk.core.lookups import ReferenceEntry
from invoice_desk.db.schema import document_type, reference_entry


def list_reference(connection: Connection) -> dict[str, list[ReferenceEntry]]:
    """Return list → entries of every list that a person changed."""
    found: dict[str, list[ReferenceEntry]] = {}
    for row in connection.execute(select(reference_entry).order_by(reference_entry.c.id)):
        entry = ReferenceEntry(row.name, row.code, tuple(row.aliases))
        found.setdefault(row.list, []).append(entry)
    return found


def replace_reference(connection: Connection, name: str, entries: Iterable[ReferenceEntry]) -> None:
    """Put these entries in the place of a list; none at all bring the program's own back."""
    connection.execute(delete(reference_entry).where(reference_entry.c.list == name))
    rows = [
        {"list": name, "name": e.name, "code": e.code, "aliases": list(e.aliases)} for e in entries
    ]
    if rows:
        connection.execute(insert(reference_entry), rows)


def list_declarations(connection: Connection) -> list[dict[str, Any]]:
    """Return the newest declaration of each document type that a person copied or changed."""
    newest = (
        select(document_type.c.name, func.max(document_type.c.version).label("version"))
        .group_by(document_type.c.name)
        .subquery()
    )
    query = (
        select(document_type.c.declaration)
        .join(
            newest,
            (newest.c.name == document_type.c.name) & (newest.c.version == document_type.c.version),
        )
        .order_by(document_type.c.id)
    )
    return [dict(found) for found in connection.execute(query).scalars()]


def add_declaration(
    connection: Connection, declaration: Mapping[str, Any], *, now: dt.datetime
) -> None:
    """Add a version of a document type."""
    statement = insert(document_type).values(
        name=declaration["name"],
        version=declaration["version"],
        declaration=dict(declaration),
        created_at=now,
    )
    connection.execute(statement)


def delete_declarations(connection: Connection, name: str) -> None:
    """Remove every version of a type that a person made."""
    connection.execute(delete(document_type).where(document_type.c.name == name))
