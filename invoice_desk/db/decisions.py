"""The log of what people decided; entries are added, never changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, insert, select

from invoice_desk.core.decisions import Decision, DecisionKind
from invoice_desk.db.schema import decision


def add_decision(
    connection: Connection,
    *,
    raw_table_id: int,
    row_number: int,
    kind: DecisionKind,
    person: str,
    now: dt.datetime,
    field: str | None = None,
    value: str | None = None,
    withdraws: int | None = None,
) -> int:
    """Add one decision and return its id."""
    statement = insert(decision).values(
        raw_table_id=raw_table_id,
        row_number=row_number,
        kind=kind.value,
        field=field,
        value=value,
        withdraws=withdraws,
        person=person,
        decided_at=now,
    )
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def list_decisions(
    connection: Connection, raw_table_id: int, *, row_number: int | None = None
) -> list[Decision]:
    """Return the decisions about a table, or about one row of it, oldest first."""
    query = select(decision).where(decision.c.raw_table_id == raw_table_id).order_by(decision.c.id)
    if row_number is not None:
        query = query.where(decision.c.row_number == row_number)
    return [_decision(dict(row)) for row in connection.execute(query).mappings()]


def get_decision(connection: Connection, decision_id: int) -> Decision | None:
    """Return one decision."""
    query = select(decision).where(decision.c.id == decision_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _decision(dict(row))


def _decision(values: dict[str, Any]) -> Decision:
    return Decision(**values | {"kind": DecisionKind(values["kind"])})
