"""What people decided about files that seemed to hold several documents."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from invoice_desk.core.findings import FindingCode
from invoice_desk.db.schema import finding, split_decision

#: The choices of a person: to have the file split, or that it is one document.
ACCEPTED = "accepted"
DECLINED = "declined"


def split_proposals(connection: Connection, source_id: int | None = None) -> dict[int, str]:
    """Return source → proposal of those that nobody decided on yet, oldest first."""
    query = (
        select(finding.c.source_id, finding.c.text)
        .outerjoin(split_decision, split_decision.c.source_id == finding.c.source_id)
        .where(finding.c.code == FindingCode.DOCUMENT_SPLIT.value)
        .where(split_decision.c.source_id.is_(None))
        .order_by(finding.c.source_id)
    )
    if source_id is not None:
        query = query.where(finding.c.source_id == source_id)
    return {row.source_id: row.text or "" for row in connection.execute(query)}


def get_split_choice(connection: Connection, source_id: int) -> str | None:
    """Return `accepted` or `declined`; None when nobody decided."""
    query = select(split_decision.c.choice).where(split_decision.c.source_id == source_id)
    found: str | None = connection.scalar(query)
    return found


def split_decided(
    source_id: int, *, choice: str, ranges: str, person: str, now: dt.datetime
) -> Any:
    """Return the statement that records a decision in place of an earlier one."""
    values = {"source_id": source_id, "choice": choice, "ranges": ranges}
    statement = insert(split_decision).prefix_with("OR REPLACE")
    return statement.values(**values, person=person, decided_at=now)


def split_undecided(source_id: int) -> Any:
    """Return the statement that forgets a decision: the proposal is open again."""
    return delete(split_decision).where(split_decision.c.source_id == source_id)
