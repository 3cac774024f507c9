"""What a cleaning gave: for each table, and in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from invoice_desk.core.jobs import JobState
from invoice_desk.core.records import JobFileRecord, PassRecord, TableRecord
from invoice_desk.core.source import FileOutcome
from invoice_desk.services.metering import Cost
from invoice_desk.services.table_cleaning import TableCleaning, TableResult


@dataclass(frozen=True, slots=True)
class CleaningResult:
    """What a cleaning job gave; total = successful + failed + unprocessed tables."""

    job_id: int
    state: JobState
    total: int
    successful: int
    failed: int
    unprocessed: int
    rows: int
    cleaned: int
    filtered_out: int
    findings: int
    seconds: float
    mode: str
    mode_reason: str
    tables: tuple[TableResult, ...]
    error: str | None = None
    #: What to do about the error, and what a command line ends with because of it.
    advice: str = ""
    exit_code: int = 0
    cost: Cost | None = None


def figures(table: TableCleaning, outcome: FileOutcome) -> dict[str, Any]:
    """Return the columns of a table's record that tell how it went."""
    return {
        "outcome": outcome.value,
        "step": "checking" if table.compared else "cleaning",
        "rows": table.record.row_count,
        "seconds": table.seconds,
        "worker": table.worker,
        "memory": table.memory or None,
    }


def file_of(table: TableCleaning) -> JobFileRecord:
    """Return a table's record among the files of its job."""
    record = table.record
    return JobFileRecord(
        table.ordinal,
        record.name,
        f"table {record.id}",
        record.source_id,
        FileOutcome.PENDING,
        step="mapping",
        document_type=record.document_type,
        confidence=record.confidence,
    )


def counts(results: Sequence[TableResult]) -> dict[str, dict[str, int]]:
    """Return total = successful + failed + unprocessed, for tables and rows."""
    found = {of: dict.fromkeys(_COUNTED, 0) for of in ("files", "rows")}
    for result in results:
        place = "successful" if result.state == "done" else result.state
        for of, count in (("files", 1), ("rows", result.rows)):
            found[of]["total"] += count
            found[of][place] += count
    return found


_COUNTED = ("total", "successful", "failed", "unprocessed")


def done_before(record: TableRecord, done: PassRecord) -> TableResult:
    """Return the result of a table whose pass was done before a crash."""
    return TableResult(
        record.id,
        record.source_id,
        record.name,
        done.document_type,
        "done",
        record.row_count,
        pass_id=done.id,
        cleaned=done.cleaned,
        filtered_out=done.filtered_out,
        findings=done.findings,
        totals=done.totals,
        buckets=done.buckets,
    )


def skipped(record: TableRecord) -> TableResult:
    """Return the result of a table that cannot be cleaned yet."""
    return TableResult(
        record.id,
        record.source_id,
        record.name,
        record.document_type,
        "not mapped",
        record.row_count,
        error="No document type is known for it; open its mapping and choose one.",
    )
