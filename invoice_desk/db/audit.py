"""Who did what and when; entries are added, never changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, insert, select

from invoice_desk.db.schema import audit_entry


def audit(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    now: dt.datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add an entry; `detail` holds counts and ids, never amounts or names of people."""
    values = {"at": now, "actor": actor, "action": action, "object": subject}
    connection.execute(insert(audit_entry).values(**values, detail=detail or {}))


def list_audit(connection: Connection, *, limit: int = 500) -> list[dict[str, Any]]:
    """Return entries, newest first."""
    query = select(audit_entry).order_by(audit_entry.c.id.desc()).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]
