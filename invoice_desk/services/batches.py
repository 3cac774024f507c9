"""What a batch of files consists of while it is imported, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from invoice_desk.core.jobs import JobState
from invoice_desk.core.records import JobFileRecord
from invoice_desk.core.source import FileOutcome
from invoice_desk.db.jobs import DonePart
from invoice_desk.documents.embedded import NO_XML, Embedded
from invoice_desk.documents.page import Page
from invoice_desk.errors import UserError
from invoice_desk.services.keeping import Kept
from invoice_desk.services.metering import Cost


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file of a batch."""

    name: str
    path: str
    outcome: FileOutcome
    kind: str | None = None
    document_type: str | None = None
    rows: int = 0
    pages: int = 0
    seconds: float = 0.0
    source_id: int | None = None
    error: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch; total = successful + failed + duplicates + pending."""

    job_id: int
    state: JobState
    total: int
    successful: int
    failed: int
    duplicates: int
    pending: int
    rows: int
    seconds: float
    mode: str
    mode_reason: str
    files: tuple[FileResult, ...]
    error: str | None = None
    #: What to do about the error, and what a command line ends with because of it.
    advice: str = ""
    exit_code: int = 0
    cost: Cost | None = None


@dataclass(slots=True)
class ImportFile:
    """A file of the batch on its way."""

    record: JobFileRecord
    kept: Kept | None = None
    container: int | None = None
    #: Chunks that are not stored yet.
    outstanding: int = 0
    tables: list[int] = field(default_factory=list)
    #: Those of them that hold the fields of a document.
    documents: list[int] = field(default_factory=list)
    pages: dict[int, Page] = field(default_factory=dict)
    expected_pages: int = 0
    #: E-invoices of a PDF that has pages left to do.
    embedded: Embedded = NO_XML
    #: Pages that could not be read and are kept empty.
    bad_pages: int = 0
    rows: int = 0
    seconds: float = 0.0
    document_type: str | None = None
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()
    #: A person must look before it is trusted.
    doubtful: bool = False
    derived: list[int] = field(default_factory=list)
    #: The last step that it reached.
    step: str = "queued"
    #: Parts that were stored before a crash.
    stored_parts: dict[str, DonePart] = field(default_factory=dict)
    #: Host and process that worked on it last, and the most memory that one had.
    worker: str | None = None
    memory: int = 0
    #: How often a part of it was handed to a worker, beyond the first time.
    attempts: int = 0

    @property
    def source_id(self) -> int:
        """Return the id of its source, which exists once its bytes are kept."""
        assert self.record.source_id is not None
        return self.record.source_id

    def recall(self, part: str, done: DonePart) -> None:
        """Take over what a part came to that was stored before a crash."""
        self.stored_parts[part] = done
        self.rows += done.rows
        told = done.detail
        self.derived += told.get("derived", [])
        self.expected_pages = max(self.expected_pages, told.get("pages", 0))
        self.doubtful = self.doubtful or bool(told.get("doubtful"))
        if told.get("confidence", 0.0) >= self.confidence and told.get("reasons"):
            self.document_type = told.get("document_type")
            self.confidence = told.get("confidence", 0.0)
            self.reasons = tuple(told["reasons"])

    def told(self, derived_before: int) -> dict[str, Any]:
        """Return what a job that is taken up again has to know of the part just stored."""
        told = {
            "derived": self.derived[derived_before:],
            "pages": self.expected_pages,
            "doubtful": self.doubtful,
            "document_type": self.document_type,
            "confidence": self.confidence,
            "reasons": list(self.reasons),
        }
        return {name: value for name, value in told.items() if value}

    def figures(self) -> dict[str, Any]:
        """Return the columns of its record that tell how it went."""
        return {
            "step": self.step,
            "rows": self.rows,
            "pages": self.expected_pages,
            "seconds": self.seconds,
            "document_type": self.document_type,
            "confidence": self.confidence,
            "worker": self.worker,
            "memory": self.memory or None,
            "attempts": self.attempts,
        }

    def note_type(
        self, name: str | None, confidence: float, reasons: tuple[str, ...], *, sure: float
    ) -> None:
        """Let the surest table name the source; any unsure one asks for a person.

        What has no type is a document of a kind that is kept as text, or a table that none fits.
        """
        if confidence > self.confidence and (name is not None or self.document_type is None):
            self.document_type, self.confidence, self.reasons = name, confidence, reasons
        elif not self.reasons:
            self.reasons = reasons
        self.doubtful = self.doubtful or confidence < sure

    def result(self) -> FileResult:
        """Return what became of it."""
        record = self.record
        error = None
        if record.error_message is not None:
            error = {
                "code": record.error_code or "",
                "message": record.error_message,
                "advice": record.error_advice or "",
            }
        done = record.outcome is FileOutcome.DONE
        return FileResult(
            name=record.name,
            path=record.path,
            outcome=record.outcome,
            kind=self.kept.detection.kind.value if self.kept else None,
            document_type=self.document_type,
            rows=self.rows if done else 0,
            pages=self.expected_pages if done else 0,
            seconds=round(self.seconds, 3),
            source_id=record.source_id,
            error=error,
        )


def batch_result(
    files: list[ImportFile],
    *,
    job_id: int,
    state: JobState,
    seconds: float,
    mode: str,
    mode_reason: str,
    error: str | None,
    wrong: UserError,
    cost: Cost,
) -> BatchResult:
    """Return the result of a batch; the counts add up to what was seen."""
    results = tuple(file.result() for file in files)
    counts = dict.fromkeys(FileOutcome, 0)
    for result in results:
        counts[result.outcome] += 1
    return BatchResult(
        job_id=job_id,
        state=state,
        total=len(results),
        successful=counts[FileOutcome.DONE],
        failed=counts[FileOutcome.REJECTED],
        duplicates=counts[FileOutcome.DUPLICATE],
        pending=counts[FileOutcome.PENDING],
        rows=sum(result.rows for result in results),
        seconds=seconds,
        mode=mode,
        mode_reason=mode_reason,
        files=results,
        error=error,
        advice=wrong.advice if error else "",
        exit_code=wrong.exit_code if error else 0,
        cost=cost,
    )


def counts(files: Sequence[ImportFile]) -> dict[str, dict[str, int]]:
    """Return total = successful + failed + unprocessed, for files, pages and rows."""
    found = {of: dict.fromkeys(_COUNTED, 0) for of in ("files", "pages", "rows")}
    for file in files:
        outcome = file.record.outcome
        place = {
            FileOutcome.REJECTED: "failed",
            FileOutcome.PENDING: "unprocessed",
        }.get(outcome, "successful")
        for of, count in (("files", 1), ("pages", file.expected_pages), ("rows", file.rows)):
            found[of]["total"] += count
            found[of][place] += count
        if place == "successful":
            found["pages"]["failed"] += file.bad_pages
            found["pages"]["successful"] -= file.bad_pages
    return found


_COUNTED = ("total", "successful", "failed", "unprocessed")
