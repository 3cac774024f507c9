"""What the desk keeps, as values: sources, raw tables, passes, jobs, findings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from invoice_desk.core.jobs import JobState
from invoice_desk.core.source import FileOutcome, Kind, SourceStatus


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A file that the desk keeps."""

    id: int
    sha256: str
    name: str
    origin: str
    container_id: int | None
    size: int
    kind: Kind
    status: SourceStatus
    document_type: str | None
    confidence: float | None
    reasons: tuple[str, ...]
    row_count: int
    page_count: int
    error_code: str | None
    error_message: str | None
    error_advice: str | None
    seconds: float | None
    imported_at: dt.datetime
    #: 100 - anomalies / rows * 100, of the last cleaning.
    quality: float | None = None
    document_class: str | None = None
    language: str | None = None
    page_hash: str | None = None


@dataclass(frozen=True, slots=True)
class TableRecord:
    """A raw table of a source."""

    id: int
    source_id: int
    ordinal: int
    name: str
    sheet: str | None
    columns: tuple[str, ...]
    structure: dict[str, Any]
    details: dict[str, Any]
    row_count: int
    document_type: str | None
    confidence: float | None
    mapping: dict[str, int]
    template_id: int | None
    current_pass_id: int | None


@dataclass(frozen=True, slots=True)
class PassRecord:
    """One cleaning of one raw table."""

    id: int
    raw_table_id: int
    document_type: str
    plan: dict[str, Any]
    state: str
    cleaned: int
    filtered_out: int
    findings: int
    totals: dict[str, Decimal]
    buckets: dict[str, int] = field(default_factory=dict)
    type_version: int = 0
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    job_id: int | None = None


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A doubt, and where it belongs."""

    id: int
    source_id: int
    raw_table_id: int | None
    row_number: int | None
    field: str | None
    code: str
    severity: str
    text: str | None
    anomaly: str = "other"


@dataclass(frozen=True, slots=True)
class JobFileRecord:
    """What became of one file of a job.

    Attributes:
        step: The last that it reached.
        worker: Host and process that worked on it last.
        memory: The most that a worker had meanwhile, in bytes.
        attempts: How often a part of it was tried, beyond the first time.
    """

    ordinal: int
    name: str
    path: str
    source_id: int | None
    outcome: FileOutcome
    error_code: str | None = None
    error_message: str | None = None
    error_advice: str | None = None
    seconds: float | None = None
    step: str = "queued"
    rows: int = 0
    pages: int = 0
    document_type: str | None = None
    confidence: float | None = None
    mode: str | None = None
    worker: str | None = None
    memory: int | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job, as it is or was.

    Attributes:
        request: What to do and how, so that any process can take it up.
        priority: Higher runs first.
        not_before: When it is scheduled for.
        after_id: The job that has to be complete before.
        retry_of: The job whose rest it does.
        owner: The process that runs it.
        wish: What a person asked of it: cancel or pause.
        waiting_for: Why it does not run yet.
        progress: The last snapshot, as JSON values.
    """

    id: int
    operation: str
    title: str
    state: JobState
    total: int
    successful: int
    failed: int
    unprocessed: int
    rows: int
    error: str | None
    created_at: dt.datetime
    ended_at: dt.datetime | None
    summary: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    priority: int = 0
    not_before: dt.datetime | None = None
    after_id: int | None = None
    retry_of: int | None = None
    owner: str | None = None
    heartbeat_at: dt.datetime | None = None
    wish: str | None = None
    waiting_for: str | None = None
    step: str = "queued"
    progress: dict[str, Any] = field(default_factory=dict)
    started_at: dt.datetime | None = None
