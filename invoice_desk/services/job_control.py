"""What a person does with jobs: look, cancel, pause, try again, put off, delete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from invoice_desk.core.jobs import TERMINAL, JobState, way
from invoice_desk.core.records import JobFileRecord, JobRecord
from invoice_desk.core.source import FileOutcome, SourceStatus
from invoice_desk.db.audit import audit
from invoice_desk.db.claims import release_sources
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import Connection, reading, writing
from invoice_desk.db.jobs import (
    delete_job,
    get_job,
    get_state,
    job_update,
    list_files,
    list_jobs,
    list_steps,
    move_job,
)
from invoice_desk.db.passes import delete_pass_rows, list_passes, pass_update
from invoice_desk.errors import ArgumentError, JobStateError
from invoice_desk.services.bulk_requests import retry_request
from invoice_desk.services.desk import Desk
from invoice_desk.services.job_factory import make_job
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.ownership import is_alive
from invoice_desk.services.storing import forget_reading

#: States from which Bulk API 2.0 deletes a job.
_DELETABLE = TERMINAL | {JobState.UPLOAD_COMPLETE}


def jobs(
    desk: Desk,
    *,
    states: Collection[JobState] | None = None,
    operation: str | None = None,
    limit: int = 1000,
) -> list[JobRecord]:
    """Return jobs, newest first."""
    with reading(desk.engine) as connection:
        return list_jobs(connection, states=states, operation=operation, limit=limit)


def job(desk: Desk, job_id: int) -> JobRecord:
    """Return one job.

    Raises:
        ArgumentError: If there is no such job.
    """
    with reading(desk.engine) as connection:
        return _job(connection, job_id)


def job_files(desk: Desk, job_id: int) -> list[JobFileRecord]:
    """Return what became of the files of a job.

    Raises:
        ArgumentError: If there is no such job.
    """
    with reading(desk.engine) as connection:
        _job(connection, job_id)
        return list_files(connection, job_id)


def job_steps(desk: Desk, job_id: int) -> list[tuple[str, dt.datetime]]:
    """Return the steps of a job with the times when it came to them."""
    with reading(desk.engine) as connection:
        return list_steps(connection, job_id)


def cancel(desk: Desk, job_id: int) -> None:
    """Stop a job: at once when it waits, else as soon as what runs now is done.

    Raises:
        JobStateError: If it has ended.
    """
    record = job(desk, job_id)
    if record.state in TERMINAL:
        raise JobStateError(f"Job {job_id} is {record.state.label} already.")
    if is_running(desk, record):
        _wish(desk, record, "cancel")
    else:
        abandon(desk, record)


def pause(desk: Desk, job_id: int) -> None:
    """Have a job start nothing new until it is resumed; one that waits goes on waiting.

    Raises:
        JobStateError: If it has ended.
    """
    _wish(desk, job(desk, job_id), "pause")


def resume(desk: Desk, job_id: int) -> None:
    """Let a paused job go on.

    Raises:
        JobStateError: If it has ended.
    """
    _wish(desk, job(desk, job_id), None)


def set_priority(desk: Desk, job_id: int, priority: int) -> None:
    """Have a job run before those of a lower priority.

    Raises:
        JobStateError: If it has ended.
    """
    _change(desk, job(desk, job_id), priority=priority)


def schedule(desk: Desk, job_id: int, not_before: dt.datetime | None) -> None:
    """Have a job wait for a time; None lets it run as soon as it may.

    Raises:
        JobStateError: If it runs or has ended.
        ArgumentError: If the time has no time zone.
    """
    if not_before is not None and not_before.tzinfo is None:
        raise ArgumentError("The time has no time zone.")
    record = job(desk, job_id)
    if record.owner is not None and is_running(desk, record):
        raise JobStateError(f"Job {job_id} runs already.")
    _change(desk, record, not_before=not_before)


def run_after(desk: Desk, job_id: int, other: int | None) -> None:
    """Have a job wait until another one is complete; None lets it run as soon as it may.

    Raises:
        JobStateError: If it runs or has ended.
        ArgumentError: If the other one is itself waiting for this one.
    """
    record = job(desk, job_id)
    if record.owner is not None and is_running(desk, record):
        raise JobStateError(f"Job {job_id} runs already.")
    seen, ahead = {job_id}, other
    while ahead is not None:
        if ahead in seen:
            raise ArgumentError(f"Job {other} waits for job {job_id} itself.")
        seen.add(ahead)
        ahead = job(desk, ahead).after_id
    _change(desk, record, after_id=other)


def retry(desk: Desk, job_id: int, settings: JobSettings | None = None) -> int:
    """Record a new job for what failed or was not processed; return its number.

    Args:
        desk: Where the job is.
        job_id: A job that ended.
        settings: How to work this time; None as before.

    Raises:
        JobStateError: If it has not ended.
        ArgumentError: If nothing of it is left to do.
    """
    record = job(desk, job_id)
    if record.state not in TERMINAL:
        raise JobStateError(f"Job {job_id} has not ended; cancel it first.")
    request = _rest_of(desk, record)
    if request is None:
        raise ArgumentError(f"Job {job_id} left nothing to do.")
    if settings is not None:
        request |= {"mode": settings.mode.value, "workers": settings.workers, "ocr": settings.ocr}
    again = replace(record, id=0, request=request, title=record.title)
    return make_job(desk, again, is_new=True).enqueue(priority=record.priority, retry_of=record.id)


def delete(desk: Desk, job_id: int) -> None:
    """Remove the record of a job with its lists; sources and rows that it stored stay.

    Raises:
        JobStateError: If it is open or runs.
    """
    record = job(desk, job_id)
    if record.state not in _DELETABLE or is_running(desk, record):
        raise JobStateError(f"Job {job_id} is {record.state.label}; cancel it before.")
    with writing(desk.engine) as connection:
        for statement in delete_job(job_id):
            connection.execute(statement)
        _note(connection, desk, "delete", job_id)


def for_each(
    call: Callable[[int], object], job_ids: Iterable[int]
) -> list[tuple[int, JobStateError | ArgumentError]]:
    """Do something with several jobs; return those that refused, with why."""
    refused: list[tuple[int, JobStateError | ArgumentError]] = []
    for job_id in job_ids:
        try:
            call(job_id)
        except (JobStateError, ArgumentError) as error:
            refused.append((job_id, error))
    return refused


def is_running(desk: Desk, record: JobRecord) -> bool:
    """Return whether a process that is alive runs this job."""
    return is_alive(record.owner, record.heartbeat_at, desk.now())


def abandon(
    desk: Desk, record: JobRecord, *, state: JobState = JobState.ABORTED, error: str | None = None
) -> None:
    """Bring a job that nobody runs to its end, and clear away what it left half done."""
    with reading(desk.engine) as connection:
        files = list_files(connection, record.id)
        passes = list_passes(connection, job_id=record.id, state="running")
    pending = [file for file in files if file.outcome is FileOutcome.PENDING]
    if record.operation == "import":
        for file in pending:
            if file.source_id is not None:
                forget_reading(desk, file.source_id, status=SourceStatus.PENDING.value)
    with writing(desk.engine) as connection:
        for cleaning in passes:
            made = desk.types.get(cleaning.document_type)
            for statement in delete_pass_rows(clean_table(made), cleaning.id) if made else []:
                connection.execute(statement)
            connection.execute(pass_update(cleaning.id, state="abandoned"))
        move_job(
            connection,
            record.id,
            *way(get_state(connection, record.id), state),
            owner=record.owner,
            ended_at=desk.now(),
            error=error,
            **(_counted(files, pending) if files else {}),
        )
        connection.execute(job_update(record.id, owner=None, wish=None, waiting_for=None))
        connection.execute(release_sources(record.id))
        _note(connection, desk, state.value, record.id)


def _counted(files: list[JobFileRecord], pending: list[JobFileRecord]) -> dict[str, int]:
    rejected = sum(file.outcome is FileOutcome.REJECTED for file in files)
    return {
        "total": len(files),
        "failed": rejected,
        "unprocessed": len(pending),
        "successful": len(files) - rejected - len(pending),
    }


def _rest_of(desk: Desk, record: JobRecord) -> dict[str, Any] | None:
    """Return a request for what a job left undone; None when that is nothing."""
    request = dict(record.request)
    if record.operation == "clean":
        with reading(desk.engine) as connection:
            passes = list_passes(connection, job_id=record.id)
        done = {p.raw_table_id for p in passes if p.state in {"done", "superseded"}}
        left = record.failed + record.unprocessed
        if not left and record.state is JobState.JOB_COMPLETE:
            return None
        return request | {"skip_tables": sorted({*request.get("skip_tables", ()), *done})}
    if record.operation != "import":
        return request | retry_request(desk, record.id).as_dict()
    left_over = {FileOutcome.REJECTED, FileOutcome.PENDING}
    files = [file for file in job_files(desk, record.id) if file.outcome in left_over]
    if not files and record.state is not JobState.JOB_COMPLETE:
        return request  # it ended before it had found its files
    sources = [file.source_id for file in files if file.source_id is not None]
    lost = [file.path.split("!/")[0] for file in files if file.source_id is None]
    if not files:
        return None
    return request | {"paths": list(dict.fromkeys(lost)), "source_ids": sources}


def _wish(desk: Desk, record: JobRecord, wish: str | None) -> None:
    _change(desk, record, wish=wish)


def _change(desk: Desk, record: JobRecord, **values: Any) -> None:
    if record.state in TERMINAL:
        raise JobStateError(f"Job {record.id} is {record.state.label} already.")
    with writing(desk.engine) as connection:
        connection.execute(job_update(record.id, **values))
        _note(connection, desk, ", ".join(values), record.id)


def _job(connection: Connection, job_id: int) -> JobRecord:
    found = get_job(connection, job_id)
    if found is None:
        raise ArgumentError(f"There is no job {job_id}.")
    return found


def _note(connection: Connection, desk: Desk, action: str, job_id: int) -> None:
    subject = f"job {job_id}"
    audit(connection, actor=desk.person, action=f"job:{action}", subject=subject, now=desk.now())
