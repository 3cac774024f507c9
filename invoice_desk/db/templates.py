"""Templates: mappings that a person confirmed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from invoice_desk.core.mapping import Template, header_fingerprint
from invoice_desk.db.schema import template


def add_template(
    connection: Connection,
    *,
    name: str,
    document_type: str,
    columns: Sequence[str],
    mapping: Mapping[str, int],
    now: dt.datetime,
) -> Template:
    """Add a template, or the next version of the one with this name."""
    newest = select(func.coalesce(func.max(template.c.version), 0)).where(template.c.name == name)
    version = int(connection.execute(newest).scalar_one()) + 1
    fingerprint = header_fingerprint(columns)
    statement = insert(template).values(
        name=name,
        version=version,
        document_type=document_type,
        fingerprint=fingerprint,
        columns=list(columns),
        mapping=dict(mapping),
        created_at=now,
    )
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return Template(
        int(key[0]), name, version, document_type, fingerprint, dict(mapping), tuple(columns)
    )


def list_templates(connection: Connection) -> list[Template]:
    """Return all templates with all their versions, oldest first."""
    return [_template(row) for row in connection.execute(select(template).order_by(template.c.id))]


def _template(row: Row[Any]) -> Template:
    values = row._mapping
    return Template(
        values["id"],
        values["name"],
        values["version"],
        values["document_type"],
        values["fingerprint"],
        values["mapping"],
        tuple(values["columns"]),
    )
