"""Jobs, what became of their files, and which chunks are stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from invoice_desk.core.jobs import TERMINAL, TRANSITIONS, JobState
from invoice_desk.core.records import JobFileRecord, JobRecord
from invoice_desk.core.source import FileOutcome
from invoice_desk.db.schema import cleaning_pass, job, job_chunk, job_file, job_step
from invoice_desk.errors import JobStateError


@dataclass(frozen=True, slots=True)
class DonePart:
    """A part of a job that is stored, and what a job that is taken up again has to know of it."""

    rows: int
    detail: dict[str, Any]


def add_job(
    connection: Connection, *, operation: str, title: str, now: dt.datetime, **values: Any
) -> int:
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
        **values,
    )
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def move_job(
    connection: Connection, job_id: int, *states: JobState, owner: str | None = None, **values: Any
) -> None:
    """Bring a job from state to state, each step a legal one, and change columns with the last.

    Args:
        connection: Inside a transaction.
        job_id: The job.
        states: Where to, one after the other.
        owner: Who runs it; None when nobody may.
        values: Columns that change as well.

    Raises:
        JobStateError: If the job is in a state from which that is not legal, or somebody else
            runs it.
    """
    for state in states:
        before = [known.value for known, after in TRANSITIONS.items() if state in after]
        statement = (
            update(job)
            .where(
                job.c.id == job_id, job.c.state.in_(before), job.c.owner.is_not_distinct_from(owner)
            )
            .values(state=state.value, **(values if state is states[-1] else {}))
        )
        if not connection.execute(statement).rowcount:
            raise JobStateError(_refusal(connection, job_id, state, owner))


def _refusal(connection: Connection, job_id: int, state: JobState, owner: str | None) -> str:
    known = get_job(connection, job_id)
    if known is None:
        return f"There is no job {job_id}."
    if known.owner != owner and known.state not in TERMINAL:
        return f"Job {job_id} is run by another process."
    return f"Job {job_id} is {known.state.label}; it cannot become {state.label}."


def job_update(job_id: int, **values: Any) -> Any:
    """Return the statement that changes columns of one job."""
    return update(job).where(job.c.id == job_id).values(**values)


def take_job(connection: Connection, record: JobRecord, *, owner: str, now: dt.datetime) -> bool:
    """Have `owner` run a job, unless it ended or somebody took it since `record` was read."""
    ended = [state.value for state in TERMINAL]
    statement = (
        update(job)
        .where(
            job.c.id == record.id,
            job.c.state.not_in(ended),
            job.c.owner.is_not_distinct_from(record.owner),
        )
        .values(owner=owner, heartbeat_at=now, waiting_for=None)
    )
    return bool(connection.execute(statement).rowcount)


def beat(connection: Connection, job_id: int, owner: str, **values: Any) -> str | None:
    """Write how far a job is; return what a person asked of it.

    Raises:
        JobStateError: If another process took it over.
    """
    statement = update(job).where(job.c.id == job_id, job.c.owner == owner).values(**values)
    if not connection.execute(statement).rowcount:
        raise JobStateError(f"Job {job_id} was taken over by another process.")
    wish: str | None = connection.execute(select(job.c.wish).where(job.c.id == job_id)).scalar_one()
    return wish


def chunk_done(
    job_id: int, part: str, rows: int, detail: dict[str, Any] | None = None, *, owner: str
) -> Any:
    """Return the statement that marks a part of a job as stored.

    It fails, and the transaction with it, when `owner` no longer runs the job: what a process
    still had in its pipes when it was taken for dead is then not stored a second time.

    Args:
        job_id: The job.
        part: The file or table, and what of it.
        rows: That it held.
        detail: What a job that is taken up again has to know of it.
        owner: Who runs the job.
    """
    fence = select(job.c.id).where(job.c.id == job_id, job.c.owner == owner).scalar_subquery()
    values = {"job_id": fence, "part": part, "rows": rows, "detail": detail or {}}
    return insert(job_chunk).values(**values)


def done_parts(connection: Connection, job_id: int) -> dict[str, DonePart]:
    """Return the parts of a job that are stored."""
    query = select(job_chunk.c.part, job_chunk.c.rows, job_chunk.c.detail)
    found = connection.execute(query.where(job_chunk.c.job_id == job_id))
    return {part: DonePart(rows, detail) for part, rows, detail in found}


def forget_parts(job_id: int, prefix: str = "") -> Any:
    """Return the statement that forgets which parts, named from `prefix` on, are stored."""
    where = (job_chunk.c.job_id == job_id, job_chunk.c.part.startswith(prefix, autoescape=True))
    return delete(job_chunk).where(*where)


def step_insert(job_id: int, number: int, step: str, started_at: dt.datetime) -> Any:
    """Return the statement that records when a job came to a step."""
    values = {"job_id": job_id, "number": number, "step": step, "started_at": started_at}
    return insert(job_step).prefix_with("OR IGNORE").values(**values)


def list_steps(connection: Connection, job_id: int) -> list[tuple[str, dt.datetime]]:
    """Return the steps of a job with the times when it came to them."""
    query = select(job_step.c.step, job_step.c.started_at).where(job_step.c.job_id == job_id)
    return [(step, at) for step, at in connection.execute(query.order_by(job_step.c.number))]


def chunk_update(job_id: int, part: str, **values: Any) -> Any:
    """Return the statement that changes the mark of a part of a job."""
    where = (job_chunk.c.job_id == job_id, job_chunk.c.part == part)
    return update(job_chunk).where(*where).values(**values)


def file_insert(job_id: int, record: JobFileRecord) -> Any:
    """Return the statement that adds a file to a job."""
    values = {name: getattr(record, name) for name in JobFileRecord.__slots__}
    return insert(job_file).values(job_id=job_id, **values | {"outcome": record.outcome.value})


def file_put(job_id: int, record: JobFileRecord) -> Any:
    """Return the statement that adds a file to a job, or replaces what it says of it."""
    return file_insert(job_id, record).prefix_with("OR REPLACE")


def file_update(job_id: int, ordinal: int, **values: Any) -> Any:
    """Return the statement that changes columns of one file of a job."""
    where = (job_file.c.job_id == job_id, job_file.c.ordinal == ordinal)
    return update(job_file).where(*where).values(**values)


def get_job(connection: Connection, job_id: int) -> JobRecord | None:
    """Return one job."""
    row = connection.execute(select(job).where(job.c.id == job_id)).one_or_none()
    return None if row is None else _record(row)


def get_state(connection: Connection, job_id: int) -> JobState:
    """Return where a job is.

    Raises:
        JobStateError: If there is no such job.
    """
    found = connection.execute(select(job.c.state).where(job.c.id == job_id)).scalar_one_or_none()
    if found is None:
        raise JobStateError(f"There is no job {job_id}.")
    return JobState(found)


def list_jobs(
    connection: Connection,
    *,
    states: Collection[JobState] | None = None,
    operation: str | None = None,
    limit: int = 1000,
) -> list[JobRecord]:
    """Return jobs, newest first."""
    query = select(job).order_by(job.c.id.desc()).limit(limit)
    if states is not None:
        query = query.where(job.c.state.in_([state.value for state in states]))
    if operation is not None:
        query = query.where(job.c.operation == operation)
    return [_record(row) for row in connection.execute(query)]


def unfinished_jobs(connection: Connection) -> list[JobRecord]:
    """Return the jobs that have no outcome yet, in the order in which they are to run."""
    ended = [state.value for state in TERMINAL]
    query = select(job).where(job.c.state.not_in(ended)).order_by(job.c.priority.desc(), job.c.id)
    return [_record(row) for row in connection.execute(query)]


def delete_job(job_id: int) -> list[Any]:
    """Return the statements that remove a job; what it stored stays."""
    return [
        update(cleaning_pass).where(cleaning_pass.c.job_id == job_id).values(job_id=None),
        update(job).where(job.c.after_id == job_id).values(after_id=None),
        update(job).where(job.c.retry_of == job_id).values(retry_of=None),
        delete(job).where(job.c.id == job_id),
    ]


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


def _record(row: Row[Any]) -> JobRecord:
    values = dict(row._mapping)
    return JobRecord(**values | {"state": JobState(values["state"])})
