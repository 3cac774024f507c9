"""Cleaning: raw rows through a document type's rules, as often as one likes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from invoice_desk.core.cleaning import (
    CleaningPlan,
)
from invoice_desk.core.decisions import RowVerdict, verdicts
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.jobs import (
    ChunkId,
    ChunksAdded,
    Job,
    JobState,
    Progress,
    UploadCompleted,
)
from invoice_desk.core.records import TableRecord
from invoice_desk.core.storage import StorableChunk
from invoice_desk.db.clean_tables import clean_table, ensure_clean_table
from invoice_desk.db.decisions import list_decisions
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.jobs import chunk_done, job_update
from invoice_desk.db.passes import (
    add_pass,
    delete_pass_rows,
    list_passes,
    make_current,
    pass_update,
    storable_findings,
)
from invoice_desk.db.schema import finding as finding_rows
from invoice_desk.db.sources import get_source
from invoice_desk.db.tables import list_tables, read_rows_between, row_bounds
from invoice_desk.errors import StorageError
from invoice_desk.services.desk import Desk
from invoice_desk.services.jobs import JobSettings, Mode, RunningJob
from invoice_desk.services.planning import make_plan, rows_per_chunk
from invoice_desk.workers.cleaning import CleanRows, clean
from invoice_desk.workers.contract import Failure, Success
from invoice_desk.workers.executors import default_workers

log = logging.getLogger(__name__)

#: Fewer rows than this are cleaned in this process.
OPTIMIZED_FROM_ROWS = 60_000


@dataclass(frozen=True, slots=True)
class TableResult:
    """What the cleaning of one table gave; rows = cleaned + filtered_out when it is done."""

    raw_table_id: int
    source_id: int
    name: str
    document_type: str | None
    state: str
    rows: int
    cleaned: int = 0
    filtered_out: int = 0
    findings: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    error: str | None = None


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


@dataclass(slots=True)
class _Table:
    """A table of the job on its way."""

    record: TableRecord
    document_type: DocumentType
    plan: CleaningPlan
    pass_id: int
    chunks: int = 0
    verdicts: dict[int, RowVerdict] = field(default_factory=dict)
    result: TableResult | None = None
    cleaned: int = 0
    filtered_out: int = 0
    findings: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class _Range:
    """A chunk: rows of a table numbered from `start` up to, not including, `stop`."""

    table: _Table
    start: int
    stop: int


class CleaningJob(RunningJob):
    """Cleans tables of a desk with the types and mappings that they have now."""

    operation = "clean"

    def __init__(
        self,
        desk: Desk,
        settings: JobSettings,
        *,
        source_ids: Sequence[int] | None = None,
        document_type: str | None = None,
        options: dict[str, str] | None = None,
        title: str = "",
    ) -> None:
        super().__init__(desk, title or document_type or "", settings)
        self._wanted = None if source_ids is None else set(source_ids)
        self._document_type = document_type
        self._options = options or {}
        self._tables: list[_Table] = []
        self._skipped: list[TableResult] = []
        self._ranges: dict[ChunkId, _Range] = {}
        self._rows = 0
        self._rows_total = 0
        self._mode, self._mode_reason = Mode.STANDARD, "few rows"
        #: Rows of chunks that come next, read ahead.
        self._reading: dict[ChunkId, Future[tuple[bytes, bytes]]] = {}
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")

    def run(self) -> CleaningResult:
        """Clean; return what became of each table.

        Raises:
            StorageError: If not even the job can be recorded.
        """
        self._open()
        machine = Job(window=1 + (self._settings.workers or default_workers()))
        error: str | None = None
        try:
            self._prepare()
            machine.handle(ChunksAdded(tuple(self._ranges)))
            machine.handle(UploadCompleted())
            error = self._clean_all(machine)
        except StorageError as storage:
            error = str(storage)
        state = JobState.FAILED if error else machine.state
        return self._finish(state, error)

    def _prepare(self) -> None:
        self._show(step="mapping")
        if self._settings.mode is Mode.OPTIMIZED:
            self._warm_up()
        with reading(self._desk.engine) as connection:
            records = list_tables(connection)
        for record in records:
            if self._wanted is not None and record.source_id not in self._wanted:
                continue
            if self._document_type and record.document_type != self._document_type:
                continue
            made = self._desk.types.get(record.document_type or "")
            if made is None or not record.mapping:
                self._skipped.append(_skipped(record))
                continue
            self._add_table(record, made)

    def _add_table(self, record: TableRecord, made: DocumentType) -> None:
        if made.name not in {table.document_type.name for table in self._tables}:
            ensure_clean_table(self._desk.engine, made)
        plan = replace(make_plan(self._desk, record, made), options=self._options)
        with writing(self._desk.engine) as connection:
            pass_id = add_pass(
                connection,
                raw_table_id=record.id,
                job_id=self._job_id,
                document_type=made.name,
                type_version=made.version,
                plan=plan.as_dict(),
                now=self._desk.now(),
            )
            decided = verdicts(list_decisions(connection, record.id))
        table = _Table(record, made, plan, pass_id, verdicts=decided)
        self._tables.append(table)
        self._rows_total += record.row_count
        if self._rows_total >= OPTIMIZED_FROM_ROWS and self._settings.mode is Mode.AUTO:
            self._warm_up()
        with reading(self._desk.engine) as connection:
            first, last = row_bounds(connection, record.id)
            origin = get_source(connection, record.source_id)
        size = origin.size if origin else 0
        step = rows_per_chunk(record.row_count, size)
        for start in range(first, max(last, first + 1), step):
            self._ranges[ChunkId(len(self._ranges))] = _Range(table, start, start + step)
            table.chunks += 1

    def _clean_all(self, machine: Job) -> str | None:
        with writing(self._desk.engine) as connection:
            connection.execute(job_update(self._job_id, total=len(self._tables)))
        self._show(step="cleaning")
        return self._run_machine(
            machine,
            clean,
            in_process=self._chooses_this_process(),
            payload_of=self._payload,
            store=self._store,
            failed=self._chunk_failed,
            notify=self._notify,
        )

    def _chooses_this_process(self) -> bool:
        if self._settings.mode is Mode.AUTO:
            in_process = self._rows_total < OPTIMIZED_FROM_ROWS and self._desk.pool is None
            self._mode_reason = f"{self._rows_total:,} rows"
        else:
            in_process = self._settings.mode is Mode.STANDARD
            self._mode_reason = "asked for"
        self._mode = Mode.STANDARD if in_process else Mode.OPTIMIZED
        return in_process

    def _payload(self, chunk: ChunkId) -> CleanRows:
        part = self._ranges[chunk]
        table = part.table
        rows = self._reading.pop(chunk, None) or self._reader.submit(self._read, part)
        ahead = ChunkId(chunk + 1)
        if ahead in self._ranges and ahead not in self._reading:
            # SQLite reads the next rows while these are cleaned and others are written.
            self._reading[ahead] = self._reader.submit(self._read, self._ranges[ahead])
        decided = {n: v for n, v in table.verdicts.items() if part.start <= n < part.stop}
        numbers, cells = rows.result()
        return CleanRows(numbers, cells, table.plan, table.document_type, table.pass_id, decided)

    def _read(self, part: _Range) -> tuple[bytes, bytes]:
        with reading(self._desk.engine) as connection:
            return read_rows_between(connection, part.table.record.id, part.start, part.stop)

    def _store(self, chunk: ChunkId, success: Success[StorableChunk]) -> Sequence[ChunkId]:
        """Store clean rows, findings and the chunk's mark in one transaction."""
        table, cleaned = self._ranges[chunk].table, success.value
        table.cleaned += cleaned.cleaned
        table.filtered_out += cleaned.filtered_out
        table.findings += cleaned.findings.num_rows
        for name, total in cleaned.totals.items():
            table.totals[name] = table.totals.get(name, Decimal(0)) + total
        table.chunks -= 1
        findings = storable_findings(
            cleaned.findings,
            source_id=table.record.source_id,
            raw_table_id=table.record.id,
            pass_id=table.pass_id,
        )
        with self._writer.transaction() as transaction:
            transaction.append_stream(clean_table(table.document_type), cleaned.rows)
            transaction.append(finding_rows, findings)
            transaction.execute(chunk_done(self._job_id, chunk, cleaned.count))
            if table.chunks == 0 and table.failed is None:
                for statement in self._closing(table):
                    transaction.execute(statement)
        self._rows += cleaned.count
        return ()

    def _closing(self, table: _Table) -> list[Any]:
        """Return the statements that put a finished pass in the place of the last one."""
        statements = [
            pass_update(
                table.pass_id,
                state="done",
                cleaned=table.cleaned,
                filtered_out=table.filtered_out,
                findings=table.findings,
                totals={name: str(total) for name, total in table.totals.items()},
                ended_at=self._desk.now(),
            ),
            *make_current(table.record.id, table.pass_id),
        ]
        with reading(self._desk.engine) as connection:
            earlier = list_passes(connection, raw_table_id=table.record.id)
        for old in earlier:
            if old.id != table.pass_id and old.document_type in self._desk.types:
                made = clean_table(self._desk.types[old.document_type])
                statements += delete_pass_rows(made, old.id)
        return statements

    def _chunk_failed(self, chunk: ChunkId, failure: Failure) -> None:
        if failure.detail:
            log.error("chunk %s: %s", chunk, failure.detail)
        self._ranges[chunk].table.failed = failure.message

    def _notify(self, state: JobState, progress: Progress) -> None:
        ended = sum(table.chunks == 0 or table.failed is not None for table in self._tables)
        self._show(
            state=state,
            done=ended,
            failed=sum(table.failed is not None for table in self._tables),
            total=len(self._tables),
            rows=self._rows,
            work_done=self._rows / self._rows_total if self._rows_total else progress.fraction,
        )

    def _finish(self, state: JobState, error: str | None) -> CleaningResult:
        self._let_go()
        self._reader.shutdown(cancel_futures=True)
        results = [self._close(table) for table in self._tables]
        by_state = [result.state for result in results]
        result = CleaningResult(
            job_id=self._job_id,
            state=state,
            total=len(results),
            successful=by_state.count("done"),
            failed=by_state.count("failed"),
            unprocessed=by_state.count("unprocessed"),
            rows=sum(r.rows for r in results if r.state == "done"),
            cleaned=sum(r.cleaned for r in results),
            filtered_out=sum(r.filtered_out for r in results),
            findings=sum(r.findings for r in results),
            seconds=round(time.monotonic() - self._begun, 3),
            mode=self._mode.value,
            mode_reason=self._mode_reason,
            tables=(*results, *self._skipped),
            error=error,
        )
        self._close_books(
            state,
            error,
            total=result.total,
            successful=result.successful,
            failed=result.failed,
            unprocessed=result.unprocessed,
            rows=result.rows,
            summary={
                "seconds": result.seconds,
                "mode": result.mode,
                "findings": result.findings,
            },
        )
        return result

    def _close(self, table: _Table) -> TableResult:
        """Return a table's result; a pass that did not finish leaves nothing behind."""
        record = table.record
        base = TableResult(
            record.id,
            record.source_id,
            record.name,
            table.document_type.name,
            "done",
            record.row_count,
        )
        if table.chunks == 0 and table.failed is None:
            return replace(
                base,
                cleaned=table.cleaned,
                filtered_out=table.filtered_out,
                findings=table.findings,
                totals=dict(table.totals),
            )
        try:
            with writing(self._desk.engine) as connection:
                rows = clean_table(table.document_type)
                for statement in delete_pass_rows(rows, table.pass_id):
                    connection.execute(statement)
                connection.execute(pass_update(table.pass_id, state="abandoned"))
        except StorageError:
            log.exception("pass %s cannot be cleared away", table.pass_id)
        return replace(base, state="failed" if table.failed else "unprocessed", error=table.failed)


def _skipped(record: TableRecord) -> TableResult:
    return TableResult(
        record.id,
        record.source_id,
        record.name,
        record.document_type,
        "not mapped",
        record.row_count,
        error="No document type is known for it; open its mapping and choose one.",
    )


def clean_tables(
    desk: Desk,
    *,
    source_ids: Sequence[int] | None = None,
    document_type: str | None = None,
    settings: JobSettings | None = None,
    started: Callable[[CleaningJob], None] = lambda _job: None,
) -> CleaningResult:
    """Clean the tables of some sources, of a type, or everything, and wait for it.

    Raises:
        StorageError: If the desk cannot be written at all.
    """
    job = CleaningJob(
        desk, settings or JobSettings(), source_ids=source_ids, document_type=document_type
    )
    started(job)
    return job.run()
