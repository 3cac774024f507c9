"""Results of reports, kept with their jobs until a row that went into them changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from invoice_desk.db.schema import aggregate, cleaning_pass


@dataclass(frozen=True, slots=True)
class AggregateRecord:
    """A result that is kept."""

    id: int
    job_id: int
    name: str
    request: dict[str, Any]
    result: dict[str, Any]
    is_stale: bool
    created_at: dt.datetime


def keep_aggregate(
    connection: Connection,
    *,
    job_id: int,
    name: str,
    request: dict[str, Any],
    result: dict[str, Any],
    is_stale: bool,
    now: dt.datetime,
) -> int:
    """Keep a result in the place of an earlier one of the same request; return its id.

    `request` names under `passes` whose rows went into it, for `mark_stale`.
    """
    for known in list_aggregates(connection, with_results=False):
        if known.request | {"passes": []} == request | {"passes": []}:
            connection.execute(delete(aggregate).where(aggregate.c.id == known.id))
    statement = insert(aggregate).values(
        job_id=job_id,
        name=name,
        request=request,
        result=result,
        is_stale=is_stale,
        created_at=now,
    )
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def list_aggregates(
    connection: Connection, *, job_id: int | None = None, with_results: bool = True
) -> list[AggregateRecord]:
    """Return results, newest first; without their groups where only the list is wanted."""
    result = aggregate.c.result if with_results else text("'{}'")
    names = ("id", "job_id", "name", "request", "is_stale", "created_at")
    query = select(*(aggregate.c[name] for name in names), result).order_by(aggregate.c.id.desc())
    if job_id is not None:
        query = query.where(aggregate.c.job_id == job_id)
    return [
        AggregateRecord(
            id=row[0],
            job_id=row[1],
            name=row[2],
            request=row[3],
            is_stale=row[4],
            created_at=row[5],
            result=row[6] if with_results else {},
        )
        for row in connection.execute(query)
    ]


def get_aggregate(connection: Connection, aggregate_id: int) -> AggregateRecord | None:
    """Return one result."""
    query = select(aggregate).where(aggregate.c.id == aggregate_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else AggregateRecord(**row)


def delete_aggregate(aggregate_id: int) -> Any:
    """Return the statement that forgets a result."""
    return delete(aggregate).where(aggregate.c.id == aggregate_id)


def mark_stale(connection: Connection, pass_ids: Iterable[int]) -> int:
    """Mark the results that rows of these passes went into; return how many that are.

    To be called in the transaction that changes the rows.
    """
    passes = {int(pass_id) for pass_id in pass_ids}
    return sum(connection.execute(stale_by_pass(pass_id)).rowcount for pass_id in sorted(passes))


def stale_by_pass(pass_id: int) -> Any:
    """Return the statement that marks the results into which rows of this pass went."""
    each = func.json_each(aggregate.c.request, "$.passes").table_valued("value")
    return _stale(exists(select(each.c.value).where(each.c.value == pass_id)))


def stale_by_table(raw_table_id: int, document_type: ColumnElement[str] | None = None) -> Any:
    """Return the statement that marks what another pass of a table makes out of date.

    That is every result with rows of an earlier pass of it and, with `document_type`, every
    result over all that there is of this type.
    """
    each = func.json_each(aggregate.c.request, "$.passes").table_valued("value")
    passes = select(cleaning_pass.c.id).where(cleaning_pass.c.raw_table_id == raw_table_id)
    told = exists(select(each.c.value).where(each.c.value.in_(passes)))
    if document_type is None:
        return _stale(told)
    over_all = and_(
        func.json_extract(aggregate.c.request, "$.document_type") == document_type,
        func.json_extract(aggregate.c.request, "$.job_id").is_(None),
    )
    return _stale(or_(told, over_all))


def _stale(condition: ColumnElement[bool]) -> Any:
    is_fresh = aggregate.c.is_stale.is_(False)
    return update(aggregate).where(is_fresh, condition).values(is_stale=True)
