"""Cleaning: raw rows through a document type's rules, as often as one likes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from invoice_desk.core.cleaning import duplicate_action
from invoice_desk.core.decisions import verdicts
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.findings import finding_table
from invoice_desk.core.jobs import (
    CancelRequested,
    ChunkId,
    ChunksAdded,
    Job,
    JobState,
    Progress,
    UploadCompleted,
)
from invoice_desk.core.modes import Mode
from invoice_desk.core.records import JobRecord, PassRecord, TableRecord
from invoice_desk.core.source import FileOutcome
from invoice_desk.core.storage import StorableChunk
from invoice_desk.core.time_limits import time_limit
from invoice_desk.db.bulk import BulkTransaction
from invoice_desk.db.clean_tables import clean_table, ensure_clean_table
from invoice_desk.db.decisions import list_decisions
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.jobs import chunk_done, file_put, file_update, job_update, list_files
from invoice_desk.db.passes import (
    delete_pass_rows,
    delete_some_rows,
    list_passes,
    make_current,
    pass_update,
    quality_update,
    storable_findings,
)
from invoice_desk.db.schema import finding as finding_rows
from invoice_desk.db.sources import get_source
from invoice_desk.db.tables import list_tables, read_rows_between, read_rows_of, row_bounds
from invoice_desk.errors import CancelledError, StorageError
from invoice_desk.services.cleaning_results import (
    CleaningResult,
    counts,
    done_before,
    figures,
    file_of,
    skipped,
)
from invoice_desk.services.desk import Desk
from invoice_desk.services.jobs import JobSettings, RunningJob
from invoice_desk.services.known_invoices import catch_up
from invoice_desk.services.passes import begin_pass
from invoice_desk.services.planning import make_plan, rows_per_chunk
from invoice_desk.services.table_cleaning import TableCleaning, TableResult, find_duplicates
from invoice_desk.workers.cleaning import CleanedRows, CleanRows, clean
from invoice_desk.workers.contract import Failure, Success
from invoice_desk.workers.executors import default_workers

__all__ = ["CleaningJob", "CleaningResult", "clean_tables"]

log = logging.getLogger(__name__)

#: Passes of a table whose rows are kept: the one that is shown, and the one before it.
KEPT_PASSES = 2
#: A wide row, for time limits.
_BYTES_A_ROW = 200


@dataclass(frozen=True, slots=True)
class _Range:
    """A chunk: rows of a table numbered from `start` up to, not including, `stop`.

    Attributes:
        only: Just these rows, which are cleaned again as the duplicates that they are.
        keys_only: The rows are stored; only what tells duplicates is not known.
    """

    table: TableCleaning
    start: int
    stop: int
    only: tuple[int, ...] = ()
    keys_only: bool = False

    @property
    def name(self) -> str:
        """Return which part of the job it is; the same each time it is planned."""
        again = "again:" if self.only else ""
        return f"{self.table.pass_id}:{again}{self.start}-{self.stop}"


class CleaningJob(RunningJob):
    """Cleans tables of a desk with the types and mappings that they have now.

    `imported_by` names an import that may not have run yet; then what it brings is cleaned.
    """

    operation = "clean"

    def __init__(
        self,
        desk: Desk,
        settings: JobSettings,
        *,
        source_ids: Sequence[int] | None = None,
        document_type: str | None = None,
        options: Mapping[str, str] | None = None,
        title: str = "",
        skip_tables: Collection[int] = (),
        imported_by: int | None = None,
        record: JobRecord | None = None,
    ) -> None:
        super().__init__(desk, title or document_type or "", settings, record)
        self._skip = frozenset(skip_tables)
        self._imported_by = imported_by
        #: Passes of this job from before a crash, by raw table.
        self._passes: dict[int, PassRecord] = {}
        self._done_before: list[TableResult] = []
        self._wanted = None if source_ids is None else set(source_ids)
        self._document_type = document_type
        self._options = dict(options or {})
        self._tables: list[TableCleaning] = []
        self._skipped: list[TableResult] = []
        self._ranges: dict[ChunkId, _Range] = {}
        self._rows = 0
        self._rows_total = 0
        self._bytes = 0
        #: Rows of chunks that come next, read ahead.
        self._reading: dict[ChunkId, Future[tuple[bytes, bytes]]] = {}
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")

    def request(self) -> dict[str, Any]:
        """Return what to do as JSON values."""
        return super().request() | {
            "source_ids": None if self._wanted is None else sorted(self._wanted),
            "document_type": self._document_type,
            "options": self._options,
            "skip_tables": sorted(self._skip),
            "imported_by": self._imported_by,
        }

    def run(self) -> CleaningResult:
        """Clean; return what became of each table.

        Raises:
            StorageError: If not even the job can be recorded.
        """
        self._open()
        machine = Job(window=1 + (self._work.max_workers or default_workers()))
        error: str | None = None
        try:
            self._prepare()
            machine.handle(ChunksAdded(tuple(self._ranges)))
            machine.handle(UploadCompleted())
            error = self._clean_all(machine)
            catch_up(self._desk)
        except CancelledError:
            machine.handle(CancelRequested())
        except StorageError as storage:
            error = str(storage)
        state = JobState.FAILED if error else machine.state
        return self._finish(state, error)

    def _prepare(self) -> None:
        self._show(step="mapping")
        if self._settings.mode is Mode.OPTIMIZED:
            self._warm_up()
        if self._record is not None:
            with reading(self._desk.engine) as connection:
                known = list_passes(connection, job_id=self._job_id)
            self._passes = {old.raw_table_id: old for old in known if old.state != "abandoned"}
        self._claim({record.source_id for record in self._selected()})
        for record in self._selected():  # again: the job that had them may have changed them
            self._check()
            made = self._desk.types.get(record.document_type or "")
            before = self._passes.get(record.id)
            if before is not None and before.state != "running":
                self._done_before.append(done_before(record, before))
            elif made is None or (not record.mapping and made.name != "table"):
                self._skipped.append(skipped(record))
            else:
                self._add_table(record, made)

    def _selected(self) -> list[TableRecord]:
        wanted = self._wanted
        with reading(self._desk.engine) as connection:
            records = list_tables(connection)
            if self._imported_by is not None:
                files = list_files(connection, self._imported_by)
                wanted = {file.source_id for file in files if file.source_id is not None}
        return [
            record
            for record in records
            if (wanted is None or record.source_id in wanted)
            and (not self._document_type or record.document_type == self._document_type)
            and record.id not in self._skip
        ]

    def _add_table(self, record: TableRecord, made: DocumentType) -> None:
        if made.name not in {table.document_type.name for table in self._tables}:
            ensure_clean_table(self._desk.engine, made)
        planned = make_plan(self._desk, record, made, options=self._options)
        table = TableCleaning(
            record,
            made,
            planned.plan,
            begin_pass(
                self._desk,
                record,
                made,
                planned.plan,
                job_id=self._job_id,
                before=self._passes.get(record.id),
            ),
            len(self._tables) + len(self._done_before),
            planned.findings,
        )
        with writing(self._desk.engine) as connection:
            table.verdicts = verdicts(list_decisions(connection, record.id))
            origin = get_source(connection, record.source_id)
            first, last = row_bounds(connection, record.id)
            connection.execute(file_put(self._job_id, file_of(table)))
        self._tables.append(table)
        self._rows_total += record.row_count
        size = origin.size if origin else 0
        self._bytes += size
        self._choose(self._bytes)
        if self._choice.mode is Mode.OPTIMIZED:
            self._warm_up()
        step = rows_per_chunk(record.row_count, size, wanted=self._work.chunk_size)
        for start in range(first, max(last, first + 1), step):
            self._add_range(_Range(table, start, start + step))
        if table.chunks == 0:  # all of it is stored, but not that it is complete
            self._add_range(_Range(table, first, first, keys_only=True))

    def _add_range(self, part: _Range) -> list[ChunkId]:
        """Plan a part; of one that was stored before a crash, what is still to be known."""
        done = self._stored_parts.get(part.name)
        if done is not None and not part.keys_only:
            part.table.recall(done.detail)
            self._rows += 0 if part.only else done.rows
            if part.only or not self._tells_duplicates(part.table):
                return []
            part = replace(part, keys_only=True)
        chunk = ChunkId(len(self._ranges))
        self._ranges[chunk] = part
        part.table.chunks += 1
        return [chunk]

    def _tells_duplicates(self, table: TableCleaning) -> bool:
        return duplicate_action(table.document_type, table.plan.options) is not None

    def _clean_all(self, machine: Job) -> str | None:
        with writing(self._desk.engine) as connection:
            total = len(self._tables) + len(self._done_before)
            connection.execute(job_update(self._job_id, total=total))
        self._show(step="cleaning")
        return self._run_machine(
            machine,
            clean,
            payload_of=self._payload,
            store=self._store,
            failed=self._chunk_failed,
            notify=self._notify,
            limit_of=lambda _chunk: time_limit(size=self._work.chunk_size * _BYTES_A_ROW),
        )

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
        plan = table.plan.within(part.start, part.stop)
        made, again = table.document_type, bool(part.only)
        return CleanRows(
            numbers, cells, plan, made, table.pass_id, decided, again, keys_only=part.keys_only
        )

    def _read(self, part: _Range) -> tuple[bytes, bytes]:
        with reading(self._desk.engine) as connection:
            if part.only:
                return read_rows_of(connection, part.table.record.id, part.only)
            return read_rows_between(connection, part.table.record.id, part.start, part.stop)

    def _store(self, chunk: ChunkId, success: Success[CleanedRows]) -> Sequence[ChunkId]:
        """Store clean rows, findings and the chunk's mark in one transaction."""
        part, done = self._ranges[chunk], success.value
        table = part.table
        effect = table.take(done)
        table.seconds += success.seconds
        table.worker, table.memory = success.worker, max(table.memory, success.memory)
        table.chunks -= 1
        follow_ups = self._compare(table) if table.chunks == 0 else []
        # The end of a table is waited for: what is called done is on disk.
        ends = table.chunks == 0
        with self._writer.transaction(confirmed=ends) as transaction:
            if done.chunk is not None:
                self._store_rows(transaction, part, done.chunk)
                count = done.chunk.count
                mark = chunk_done(self._job_id, part.name, count, effect, owner=self._owner)
                transaction.execute(mark)
                self._rows += 0 if part.only else count
            if ends and table.failed is None:
                found = finding_table(list(table.findings_of_table))
                transaction.append(finding_rows, self._storable(table, found))
                for statement in self._closing(table):
                    transaction.execute(statement)
        return follow_ups

    def _store_rows(self, to: BulkTransaction, part: _Range, chunk: StorableChunk) -> None:
        table = part.table
        rows = clean_table(table.document_type)
        if part.only:
            for statement in delete_some_rows(rows, table.pass_id, part.only):
                to.execute(statement)
        to.append_stream(rows, chunk.rows)
        to.append(finding_rows, self._storable(table, chunk.findings))

    def _storable(self, table: TableCleaning, findings: Any) -> Any:
        record = table.record
        return storable_findings(
            findings, source_id=record.source_id, raw_table_id=record.id, pass_id=table.pass_id
        )

    def _compare(self, table: TableCleaning) -> list[ChunkId]:
        """Return chunks that clean the duplicates of a table again, when all its rows are known."""
        if table.compared or table.failed is not None:
            return []
        table.compared = True
        self._show(step="checking" if len(self._tables) == 1 else self.snapshot.step)
        later = find_duplicates(self._desk, table)
        table.plan = replace(table.plan, duplicate_rows=tuple(later))
        step = self._work.chunk_size
        parts = [tuple(later[i : i + step]) for i in range(0, len(later), step)]
        planned = [self._add_range(_Range(table, p[0], p[-1] + 1, only=p)) for p in parts]
        return [chunk for chunks in planned for chunk in chunks]

    def _closing(self, table: TableCleaning) -> list[Any]:
        """Return the statements that put a finished pass in the place of the last one."""
        findings = table.findings + len(table.findings_of_table)
        statements = [
            pass_update(
                table.pass_id,
                state="done",
                plan=table.plan.as_dict(),
                cleaned=table.cleaned,
                filtered_out=table.filtered_out,
                findings=findings,
                totals={name: str(total) for name, total in table.totals.items()},
                buckets=dict(table.buckets),
                ended_at=self._desk.now(),
            ),
            *make_current(table.record.id, table.pass_id),
            quality_update(table.record.source_id),
            file_update(self._job_id, table.ordinal, **figures(table, FileOutcome.DONE)),
        ]
        with reading(self._desk.engine) as connection:
            earlier = list_passes(connection, raw_table_id=table.record.id)
        others = [old for old in earlier if old.id != table.pass_id]
        superseded = [old for old in others if old.state in {"done", "superseded"}]
        for old in superseded[: len(superseded) - KEPT_PASSES + 1]:
            if old.document_type in self._desk.types:
                made = clean_table(self._desk.types[old.document_type])
                statements += delete_pass_rows(made, old.id)
        return statements

    def _chunk_failed(self, chunk: ChunkId, failure: Failure) -> None:
        if failure.detail:
            log.error("chunk %s: %s", chunk, failure.detail)
        table = self._ranges[chunk].table
        table.failed = failure.message
        values = figures(table, FileOutcome.REJECTED) | {
            "error_code": failure.code,
            "error_message": failure.message,
            "error_advice": failure.advice,
        }
        with writing(self._desk.engine) as connection:
            connection.execute(file_update(self._job_id, table.ordinal, **values))

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
        cost = self._meter.cost(self._rows)
        self._let_go()
        self._reader.shutdown(cancel_futures=True)
        results = [*self._done_before, *(self._close(table, state) for table in self._tables)]
        results += self._not_reached({result.raw_table_id for result in results})
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
            mode=self._choice.mode.value,
            mode_reason=self._choice.reason,
            tables=(*results, *self._skipped),
            error=error,
            advice=self._wrong.advice if error else "",
            exit_code=self._wrong.exit_code if error else 0,
            cost=cost,
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
                "mode_reason": result.mode_reason,
                "findings": result.findings,
                "cost": cost.as_dict(),
                "counts": counts(results),
            },
        )
        return result

    def _not_reached(self, reached: set[int]) -> list[TableResult]:
        """Return the tables that a cancel came before."""
        if not self._stop.is_set():
            return []
        left = [r for r in self._selected() if r.id not in reached and r.mapping]
        return [
            TableResult(r.id, r.source_id, r.name, r.document_type, "unprocessed", r.row_count)
            for r in left
        ]

    def _close(self, table: TableCleaning, state: JobState) -> TableResult:
        """Return a table's result; a pass that did not finish leaves nothing behind."""
        table.keys.close()
        if table.chunks == 0 and table.failed is None:
            return table.result("done")
        if self._lies_down(state):
            return table.result("unprocessed")
        try:
            with writing(self._desk.engine) as connection:
                rows = clean_table(table.document_type)
                for statement in delete_pass_rows(rows, table.pass_id):
                    connection.execute(statement)
                connection.execute(pass_update(table.pass_id, state="abandoned"))
        except StorageError:
            log.exception("pass %s cannot be cleared away", table.pass_id)
        return table.result("failed" if table.failed else "unprocessed")


def clean_tables(
    desk: Desk,
    *,
    source_ids: Sequence[int] | None = None,
    document_type: str | None = None,
    options: Mapping[str, str] | None = None,
    settings: JobSettings | None = None,
    started: Callable[[CleaningJob], None] = lambda _job: None,
) -> CleaningResult:
    """Clean the tables of some sources, of a type, or everything, and wait for it.

    Raises:
        StorageError: If the desk cannot be written at all.
    """
    job = CleaningJob(
        desk,
        settings or JobSettings(),
        source_ids=source_ids,
        document_type=document_type,
        options=options,
    )
    started(job)
    return job.run()
