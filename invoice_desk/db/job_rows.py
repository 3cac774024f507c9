"""What a bulk write did with each row of its input, and how far it came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Row, func, select

from invoice_desk.core.bulk_writes import RowOutcome, RowResult
from invoice_desk.db.schema import job_row

#: Result rows that are read at a time.
_PAGE = 5_000


def storable_results(job_id: int, results: Sequence[RowResult]) -> pa.Table:
    """Return what became of some rows as the columns that are stored."""
    return pa.table(
        {
            "job_id": pa.array([job_id] * len(results), pa.int64()),
            "row_number": pa.array([r.number for r in results], pa.int64()),
            "outcome": pa.array([r.outcome.value for r in results], pa.string()),
            "record_id": pa.array([r.record_id for r in results], pa.int64()),
            "field": pa.array([r.field for r in results], pa.string()),
            "error": pa.array([r.error for r in results], pa.string()),
        }
    )


def read_results(
    connection: Connection, job_id: int, outcomes: Sequence[RowOutcome], *, after: int = -1
) -> list[RowResult]:
    """Return a page of what became of the rows of a job, by row number."""
    query = (
        select(job_row)
        .where(job_row.c.job_id == job_id, job_row.c.row_number > after)
        .where(job_row.c.outcome.in_([o.value for o in outcomes]))
        .order_by(job_row.c.row_number)
        .limit(_PAGE)
    )
    return [_result(row) for row in connection.execute(query)]


def all_results(
    connection: Connection, job_id: int, outcomes: Sequence[RowOutcome]
) -> Iterator[list[RowResult]]:
    """Yield all pages of `read_results`."""
    after = -1
    while page := read_results(connection, job_id, outcomes, after=after):
        yield page
        after = page[-1].number


def count_outcomes(connection: Connection, job_id: int) -> dict[str, int]:
    """Return outcome → rows of a job."""
    query = select(job_row.c.outcome, func.count().label("rows")).where(job_row.c.job_id == job_id)
    found = connection.execute(query.group_by(job_row.c.outcome))
    return {row.outcome: row.rows for row in found}


def processed_numbers(connection: Connection, job_id: int) -> set[int]:
    """Return the numbers of the rows that a job came to."""
    query = select(job_row.c.row_number).where(job_row.c.job_id == job_id)
    return set(connection.execute(query).scalars())


def _result(row: Row[Any]) -> RowResult:
    values = row._mapping
    return RowResult(
        values["row_number"],
        RowOutcome(values["outcome"]),
        record_id=values["record_id"],
        field=values["field"],
        error=values["error"],
    )
