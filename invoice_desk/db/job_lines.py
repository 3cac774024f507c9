"""Listing jobs, thousands at once, without the documents that each of them carries."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, and_, case, cast, or_, select

from invoice_desk.core.job_lines import JobLine, Standing
from invoice_desk.core.jobs import TERMINAL, JobState
from invoice_desk.db.schema import job

_UNDER_WAY = job.c.state.in_([state.value for state in JobState if state not in TERMINAL])
_OUTCOMES = {
    Standing.COMPLETE: JobState.JOB_COMPLETE,
    Standing.FAILED: JobState.FAILED,
    Standing.ABORTED: JobState.ABORTED,
}
#: What comes late in a row of the table lies behind its documents; it is not read for jobs that
#: have ended, whose snapshot says nothing that the columns before it do not.
_SECONDS = case((_UNDER_WAY, None), else_=job.c.summary["seconds"].as_float())
_MODE = case((_UNDER_WAY, None), else_=job.c.summary["mode"].as_string())
_PROGRESS = case((_UNDER_WAY, cast(job.c.progress, String)), else_=None)
_COLUMNS = (
    *(job.c.id, job.c.operation, job.c.title, job.c.state, job.c.total, job.c.successful),
    *(job.c.failed, job.c.unprocessed, job.c.rows, job.c.error, job.c.created_at, _SECONDS),
    *(job.c.priority, job.c.not_before, job.c.after_id, job.c.retry_of, job.c.owner),
    *(job.c.wish, job.c.waiting_for, job.c.step, _MODE, _PROGRESS),
)


def list_lines(
    connection: Connection,
    *,
    standing: Standing | None = None,
    operation: str | None = None,
    text: str = "",
    ids: Collection[int] | None = None,
    limit: int,
    before: int | None = None,
) -> list[JobLine]:
    """Return jobs, newest first.

    Args:
        connection: To the desk.
        standing: Only those that stand so.
        operation: Only those of this kind.
        text: Only those with this in their title, or with this number.
        ids: Only these.
        limit: At most so many.
        before: Only those with a lower number; for the next page.
    """
    query: Select[Any] = select(*_COLUMNS).order_by(job.c.id.desc()).limit(limit)
    if standing is not None:
        query = query.where(_stands(standing))
    if operation is not None:
        query = query.where(job.c.operation == operation)
    if text:
        found = job.c.title.icontains(text, autoescape=True)
        query = query.where(or_(found, job.c.id == int(text)) if text.isdecimal() else found)
    if ids is not None:
        query = query.where(job.c.id.in_(ids))
    if before is not None:
        query = query.where(job.c.id < before)
    return [_line(tuple(row)) for row in connection.execute(query)]


def list_active(
    connection: Connection, *, newer_than: int, also: Collection[int] = ()
) -> list[JobLine]:
    """Return the jobs without an outcome, those above a number, and these; newest first."""
    wanted = or_(_UNDER_WAY, job.c.id > newer_than, job.c.id.in_(also))
    query = select(*_COLUMNS).where(wanted).order_by(job.c.id.desc())
    return [_line(tuple(row)) for row in connection.execute(query)]


def _stands(standing: Standing) -> ColumnElement[bool]:
    if standing is Standing.RUNNING:
        return and_(_UNDER_WAY, job.c.owner.is_not(None))
    if standing is Standing.WAITING:
        return and_(_UNDER_WAY, job.c.owner.is_(None))
    if standing is Standing.LEFT_OVER:
        return and_(~_UNDER_WAY, job.c.failed + job.c.unprocessed > 0)
    return job.c.state == _OUTCOMES[standing].value


def _line(row: Sequence[Any]) -> JobLine:
    *values, progress = row
    values[3] = JobState(values[3])
    values[-1] = values[-1] or ""
    line = JobLine(*values)
    if progress is None:
        return line
    return line.with_progress(json.loads(progress)) if line.owner is not None else line
