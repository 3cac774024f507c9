"""Making a job from what the desk keeps of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from invoice_desk.core.bulk_writes import Operation, WriteRequest
from invoice_desk.core.modes import Mode
from invoice_desk.core.records import JobRecord
from invoice_desk.errors import BugError
from invoice_desk.services.bulk_writing import BulkWriteJob
from invoice_desk.services.cleaning import CleaningJob
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import ImportJob
from invoice_desk.services.jobs import JobSettings, RunningJob


def make_job(desk: Desk, record: JobRecord, *, is_new: bool = False) -> RunningJob:
    """Return a job that does what `record` asks for.

    Args:
        desk: Where it is to work.
        record: The job as the desk has it.
        is_new: Whether it is to be recorded as another job, instead of taking this one up.

    Raises:
        BugError: If no such kind of job is known.
    """
    make = _MAKERS.get(record.operation)
    if make is None:
        raise BugError(f"No job is known that does “{record.operation}”.")
    return make(desk, record, None if is_new else record)


def settings_of(record: JobRecord) -> JobSettings:
    """Return how to work on a job."""
    asked = record.request
    return JobSettings(Mode(asked.get("mode", "auto")), asked.get("workers"), asked.get("ocr"))


def _import(desk: Desk, asked: JobRecord, record: JobRecord | None) -> RunningJob:
    paths = [Path(path) for path in asked.request.get("paths", ())]
    sources = asked.request.get("source_ids", ())
    return ImportJob(
        desk, paths, settings_of(asked), source_ids=sources, title=asked.title, record=record
    )


def _clean(desk: Desk, asked: JobRecord, record: JobRecord | None) -> RunningJob:
    wanted = asked.request
    return CleaningJob(
        desk,
        settings_of(asked),
        source_ids=wanted.get("source_ids"),
        document_type=wanted.get("document_type"),
        options=wanted.get("options"),
        title=asked.title,
        skip_tables=wanted.get("skip_tables", ()),
        imported_by=wanted.get("imported_by"),
        record=record,
    )


def _write(desk: Desk, asked: JobRecord, record: JobRecord | None) -> RunningJob:
    request = WriteRequest.from_dict(asked.request)
    return BulkWriteJob(desk, request, settings_of(asked), record=record)


_MAKERS: dict[str, Callable[[Desk, JobRecord, JobRecord | None], RunningJob]] = {
    "import": _import,
    "clean": _clean,
    **dict.fromkeys((operation.value for operation in Operation), _write),
}
