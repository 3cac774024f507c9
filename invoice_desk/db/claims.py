"""Which job works on which source: a source is in one active job at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from invoice_desk.db.schema import source_claim

#: Fewer than the parameters that SQLite takes in one statement.
_AT_ONCE = 20_000


def claim_sources(
    connection: Connection, job_id: int, source_ids: Collection[int]
) -> dict[int, int]:
    """Claim sources for a job, all or none.

    Args:
        connection: Inside a writing transaction, so that nobody claims meanwhile.
        job_id: The job.
        source_ids: The sources.

    Returns:
        Source → the job that has it, for those in the way; empty when all were claimed.
    """
    held = holders(connection, source_ids)
    others = {source_id: by for source_id, by in held.items() if by != job_id}
    if not others:
        wanted = sorted(set(source_ids) - held.keys())
        rows = [{"source_id": source_id, "job_id": job_id} for source_id in wanted]
        if rows:
            connection.execute(insert(source_claim), rows)
    return others


def holders(connection: Connection, source_ids: Iterable[int]) -> dict[int, int]:
    """Return source → the job that has it, for those that one has."""
    wanted = sorted(set(source_ids))
    found: dict[int, int] = {}
    for begin in range(0, len(wanted), _AT_ONCE):
        query = select(source_claim.c.source_id, source_claim.c.job_id).where(
            source_claim.c.source_id.in_(wanted[begin : begin + _AT_ONCE])
        )
        found.update((row.source_id, row.job_id) for row in connection.execute(query))
    return found


def release_source(job_id: int, source_id: int) -> Any:
    """Return the statement that gives one source free."""
    where = (source_claim.c.job_id == job_id, source_claim.c.source_id == source_id)
    return delete(source_claim).where(*where)


def release_sources(job_id: int) -> Any:
    """Return the statement that gives all sources of a job free."""
    return delete(source_claim).where(source_claim.c.job_id == job_id)
