"""Jobs, what became of their files, and which chunks are stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from invoice_desk.core.jobs import TERMINAL, JobState
from invoice_desk.core.records import JobFileRecord, JobRecord
from invoice_desk.core.source import FileOutcome
from invoice_desk.db.schema import job, job_chunk, job_file


def add_job(connection: Connection, *, operation: str, title: str, now: dt.datetime) -> int:
    """Add an open job and return its id."""
    statement = insert(job).values(
        operation=operation,
        title=title,
        state=JobState.OPEN.value,
        total=0,
        successful=0,
        failed=0,
        unprocessed=0,
        rows=0,
        summary={},
        created_at=now,
    )
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def job_update(job_id: int, **values: Any) -> Any:
    """Return the statement that changes columns of one job."""
    return update(job).where(job.c.id == job_id).values(**values)


def chunk_done(job_id: int, part: str, rows: int, detail: dict[str, Any] | None = None) -> Any:
    """Return the statement that marks a part of a job as stored.

    `detail` is what a job that is taken up again has to know of it.
    """
    values = {"job_id": job_id, "part": part, "rows": rows, "detail": detail or {}}
    return insert(job_chunk).values(**values)


def chunk_update(job_id: int, part: str, **values: Any) -> Any:
    """Return the statement that changes the mark of a part of a job."""
    where = (job_chunk.c.job_id == job_id, job_chunk.c.part == part)
    return update(job_chunk).where(*where).values(**values)


def file_insert(job_id: int, record: JobFileRecord) -> Any:
    """Return the statement that adds a file to a job."""
    return insert(job_file).values(
        job_id=job_id,
        ordinal=record.ordinal,
        name=record.name,
        path=record.path,
        source_id=record.source_id,
        outcome=record.outcome.value,
        error_code=record.error_code,
        error_message=record.error_message,
        error_advice=record.error_advice,
        seconds=record.seconds,
    )


def file_update(job_id: int, ordinal: int, **values: Any) -> Any:
    """Return the statement that changes columns of one file of a job."""
    where = (job_file.c.job_id == job_id, job_file.c.ordinal == ordinal)
    return update(job_file).where(*where).values(**values)


def get_job(connection: Connection, job_id: int) -> JobRecord | None:
    """Return one job."""
    row = connection.execute(select(job).where(job.c.id == job_id)).one_or_none()
    return None if row is None else _record(row)


def list_jobs(connection: Connection, *, limit: int = 1000) -> list[JobRecord]:
    """Return jobs, newest first."""
    query = select(job).order_by(job.c.id.desc()).limit(limit)
    return [_record(row) for row in connection.execute(query)]


def list_files(connection: Connection, job_id: int) -> list[JobFileRecord]:
    """Return the files of a job in order."""
    query = select(job_file).where(job_file.c.job_id == job_id).order_by(job_file.c.ordinal)
    return [
        JobFileRecord(
            **{k: v for k, v in row.items() if k not in {"job_id", "outcome"}},
            outcome=FileOutcome(row["outcome"]),
        )
        for row in connection.execute(query).mappings()
    ]


def unfinished_jobs(connection: Connection) -> Sequence[int]:
    """Return the jobs that have no outcome yet."""
    ended = [state.value for state in TERMINAL]
    return list(connection.execute(select(job.c.id).where(job.c.state.not_in(ended))).scalars())


def _record(row: Row[Any]) -> JobRecord:
    values = dict(row._mapping)
    return JobRecord(**values | {"state": JobState(values["state"])})
