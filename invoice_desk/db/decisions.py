"""The log of what people decided; entries are added, never changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Row, delete, insert, literal, select

from invoice_desk.core.decisions import Decision, DecisionKind
from invoice_desk.db.lists import listed
from invoice_desk.db.schema import decision, kept_decision, raw_table


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
    place: dict[str, Any] | None = None,
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
        place=place,
    )
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def list_decisions(
    connection: Connection,
    raw_table_id: int,
    *,
    row_number: int | None = None,
    row_numbers: Sequence[int] | None = None,
) -> list[Decision]:
    """Return the decisions about a table, or about some rows of it, oldest first."""
    query = _ALL.where(decision.c.raw_table_id == raw_table_id).order_by(decision.c.id)
    if row_number is not None:
        query = query.where(decision.c.row_number == row_number)
    if row_numbers is not None:
        query = query.where(decision.c.row_number.in_(listed(row_numbers)))
    return [_decision(row) for row in connection.execute(query)]


def storable_decisions(decisions: Sequence[Decision], *, person: str, now: dt.datetime) -> pa.Table:
    """Return new decisions as the columns that are stored; the database gives their ids."""
    count = len(decisions)
    texts, numbers = pa.string(), pa.int64()
    return pa.table(
        {
            "raw_table_id": pa.array([d.raw_table_id for d in decisions], numbers),
            "row_number": pa.array([d.row_number for d in decisions], numbers),
            "kind": pa.array([d.kind.value for d in decisions], texts),
            "field": pa.array([d.field for d in decisions], texts),
            "value": pa.array([d.value for d in decisions], texts),
            "withdraws": pa.array([d.withdraws for d in decisions], numbers),
            "person": pa.array([person] * count, texts),
            "decided_at": pa.array([now.isoformat(timespec="milliseconds")] * count, texts),
        }
    )


def get_decision(connection: Connection, decision_id: int) -> Decision | None:
    """Return one decision."""
    row = connection.execute(_ALL.where(decision.c.id == decision_id)).one_or_none()
    return None if row is None else _decision(row)


def approvals(connection: Connection) -> dict[int, set[int]]:
    """Return source → the tables in it of which the first row is approved."""
    taken_back = select(decision.c.withdraws).where(decision.c.withdraws.is_not(None))
    query = (
        select(raw_table.c.source_id, raw_table.c.id)
        .join(decision, decision.c.raw_table_id == raw_table.c.id)
        .where(decision.c.kind == DecisionKind.APPROVE.value, decision.c.row_number == 0)
        .where(decision.c.id.not_in(taken_back))
    )
    found: dict[int, set[int]] = {}
    for source_id, table_id in connection.execute(query):
        found.setdefault(source_id, set()).add(table_id)
    return found


def decisions_kept(source_id: int) -> Any:
    """Return the statement that keeps what stands of a source before its tables are removed."""
    taken_back = select(decision.c.withdraws).where(decision.c.withdraws.is_not(None))
    standing = (
        select(raw_table.c.source_id, raw_table.c.ordinal, *(decision.c[n] for n in _CARRIED))
        .join(decision, decision.c.raw_table_id == raw_table.c.id)
        .where(raw_table.c.source_id == source_id)
        .where(decision.c.kind != DecisionKind.WITHDRAW.value)
        .where(decision.c.id.not_in(taken_back))
        .order_by(decision.c.id)
    )
    return insert(kept_decision).from_select(["source_id", "ordinal", *_CARRIED], standing)


def decisions_brought_back(source_id: int, ordinal: int, table_id: int) -> list[Any]:
    """Return the statements that give a table that was read again what stood of it before."""
    kept = (kept_decision.c.source_id == source_id) & (kept_decision.c.ordinal == ordinal)
    again = (
        select(literal(table_id), *(kept_decision.c[name] for name in _CARRIED))
        .where(kept)
        .order_by(kept_decision.c.id)
    )
    return [
        insert(decision).from_select(["raw_table_id", *_CARRIED], again),
        delete(kept_decision).where(kept),
    ]


def has_kept(connection: Connection, source_id: int) -> bool:
    """Return whether decisions about a source wait for its tables."""
    query = select(kept_decision.c.id).where(kept_decision.c.source_id == source_id).limit(1)
    return connection.execute(query).first() is not None


_CARRIED = ("row_number", "kind", "field", "value", "person", "decided_at", "place")
#: In the order of `Decision`: a table may have hundreds of thousands.
_ALL = select(*(decision.c[name] for name in Decision.__slots__))
_KINDS = {kind.value: kind for kind in DecisionKind}


def _decision(row: Row[Any]) -> Decision:
    identifier, table_id, number, kind, *rest = tuple(row)
    return Decision(identifier, table_id, number, _KINDS[kind], *rest)
