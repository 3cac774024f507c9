"""Reports: counts, sums and averages over what is cleaned, with all that was left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from invoice_desk.core.aggregate_results import AggregateResult, as_json, from_json
from invoice_desk.core.aggregates import AggregateRequest
from invoice_desk.core.document_types import DocumentType
from invoice_desk.db.aggregates import fingerprint, types_with_rows
from invoice_desk.db.audit import audit
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.kept_aggregates import (
    AggregateRecord,
    delete_aggregate,
    get_aggregate,
    keep_aggregate,
    list_aggregates,
)
from invoice_desk.errors import ArgumentError
from invoice_desk.services.computing import compute
from invoice_desk.services.desk import Desk
from invoice_desk.services.types import known_type


@dataclass(frozen=True, slots=True)
class KeptAggregate:
    """A result as it is kept with its job.

    Attributes:
        request: As `AggregateRequest.as_dict` gives it, with the job that was asked for.
        result: None in a list.
        is_stale: Whether a row that went into it has changed since, or is gone.
    """

    id: int
    job_id: int
    name: str
    document_type: str
    is_stale: bool
    created_at: dt.datetime
    request: Mapping[str, Any]
    result: AggregateResult | None = None


def aggregate(desk: Desk, request: AggregateRequest, *, job_id: int | None = None) -> KeptAggregate:
    """Compute a report over the rows of a job, or over all that is current, and keep it.

    Raises:
        ArgumentError: If the job is not Job Complete, or there is nothing to count.
    """
    made = known_type(desk, request.document_type)
    with reading(desk.engine) as connection:
        before = fingerprint(connection, made.name)
        result = compute(connection, made, request, job_id=job_id)
    return keep(desk, request.as_dict(), result, job_id=job_id, before=before)


def keep(
    desk: Desk,
    request: Mapping[str, Any],
    result: AggregateResult,
    *,
    job_id: int | None,
    before: str,
) -> KeptAggregate:
    """Keep a result; it is stale at once if the rows changed while it was computed.

    Args:
        desk: Where to keep it.
        request: What was asked for.
        result: What was found.
        job_id: The job that was asked for, None for all that is current.
        before: `fingerprint` of the rows that it was made of.
    """
    asked = {**request, "job_id": job_id}
    now = desk.now()
    with writing(desk.engine) as connection:
        is_stale = fingerprint(connection, result.document_type) != before
        kept = keep_aggregate(
            connection,
            job_id=result.jobs[-1],
            name=result.title,
            request={**asked, "passes": list(result.passes)},
            result=as_json(result),
            is_stale=is_stale,
            now=now,
        )
        audit(
            connection,
            actor=desk.person,
            action="aggregate",
            subject=result.document_type,
            now=now,
            detail={"aggregate": kept, "rows": result.rows_counted, "groups": len(result.groups)},
        )
    return KeptAggregate(
        id=kept,
        job_id=result.jobs[-1],
        name=result.title,
        document_type=result.document_type,
        is_stale=is_stale,
        created_at=now,
        request=asked,
        result=result,
    )


def aggregates(desk: Desk, *, job_id: int | None = None) -> list[KeptAggregate]:
    """Return the results that are kept, newest first, without their groups."""
    with reading(desk.engine) as connection:
        return [
            _kept(record, with_result=False)
            for record in list_aggregates(connection, job_id=job_id, with_results=False)
        ]


def kept_aggregate(desk: Desk, aggregate_id: int) -> KeptAggregate:
    """Return a result that is kept.

    Raises:
        ArgumentError: If there is none of that number.
    """
    with reading(desk.engine) as connection:
        record = get_aggregate(connection, aggregate_id)
    if record is None:
        raise ArgumentError(f"There is no result {aggregate_id}.")
    return _kept(record, with_result=True)


def forget_aggregate(desk: Desk, aggregate_id: int) -> None:
    """Remove a result; it can be computed again."""
    with writing(desk.engine) as connection:
        connection.execute(delete_aggregate(aggregate_id))


def cleaned_types(desk: Desk, *, job_id: int | None = None) -> list[DocumentType]:
    """Return the types of which the desk, or a job, has cleaned tables."""
    with reading(desk.engine) as connection:
        names = types_with_rows(connection, job_id)
    return [desk.types[name] for name in names if name in desk.types]


def _kept(record: AggregateRecord, *, with_result: bool) -> KeptAggregate:
    return KeptAggregate(
        id=record.id,
        job_id=record.job_id,
        name=record.name,
        document_type=record.request["document_type"],
        is_stale=record.is_stale,
        created_at=record.created_at,
        request={name: v for name, v in record.request.items() if name != "passes"},
        result=from_json(record.result) if with_result else None,
    )
