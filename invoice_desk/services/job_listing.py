"""Looking at jobs: thousands as lines, those that are under way, and one with all that is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from invoice_desk.core.job_lines import JobLine, Standing
from invoice_desk.core.records import JobFileRecord, JobRecord
from invoice_desk.db.engine import reading
from invoice_desk.db.job_lines import list_active, list_lines
from invoice_desk.db.jobs import get_job, list_files, list_steps
from invoice_desk.errors import ArgumentError
from invoice_desk.services.desk import Desk

#: As many are listed at once; whoever wants older ones asks for those before.
MOST_LINES = 10_000


@dataclass(frozen=True, slots=True)
class JobDetail:
    """One job with its files, and its steps with the times when it came to them."""

    job: JobRecord
    files: list[JobFileRecord]
    steps: list[tuple[str, dt.datetime]]


def job_lines(
    desk: Desk,
    *,
    standing: Standing | None = None,
    operation: str | None = None,
    text: str = "",
    ids: Collection[int] | None = None,
    limit: int = MOST_LINES,
    before: int | None = None,
) -> list[JobLine]:
    """Return jobs, newest first, without the documents that each carries.

    Args:
        desk: The desk.
        standing: Only those that stand so.
        operation: Only those of this kind.
        text: Only those with this in their title, or with this number.
        ids: Only these.
        limit: At most so many.
        before: Only those with a lower number; for the next page.
    """
    with reading(desk.engine) as connection:
        return list_lines(
            connection,
            standing=standing,
            operation=operation,
            text=text,
            ids=ids,
            limit=limit,
            before=before,
        )


def active_lines(desk: Desk, *, newer_than: int = 0, also: Collection[int] = ()) -> list[JobLine]:
    """Return the jobs without an outcome, those above a number, and these."""
    with reading(desk.engine) as connection:
        return list_active(connection, newer_than=newer_than, also=also)


def job_detail(desk: Desk, job_id: int) -> JobDetail:
    """Return one job with its files and steps.

    Raises:
        ArgumentError: If there is no such job.
    """
    with reading(desk.engine) as connection:
        found = get_job(connection, job_id)
        if found is None:
            raise ArgumentError(f"There is no job {job_id}.")
        return JobDetail(found, list_files(connection, job_id), list_steps(connection, job_id))
