"""Bulk writes into a clean table, as a job: insert, update, upsert and delete.

Nothing is lost: what is updated is corrected and what is deleted is excluded by decisions, which
every new pass honours; the input is kept and saved raw like any other source.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from invoice_desk.core.bulk_writes import RowCounts, RowOutcome, WriteRequest
from invoice_desk.core.jobs import TERMINAL, JobState
from invoice_desk.core.modes import Mode
from invoice_desk.core.records import JobRecord, TableRecord
from invoice_desk.db.bulk import BulkTransaction, InProcessWriter
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.jobs import chunk_done, chunk_update, get_job, job_update, take_job
from invoice_desk.db.tables import get_table, list_tables, table_update
from invoice_desk.errors import ArgumentError, CancelledError, StorageError, UserError
from invoice_desk.services.bulk_chunks import ChunkWrite, write_file_rows
from invoice_desk.services.bulk_input import FileInput, Part
from invoice_desk.services.bulk_selection import SelectionInput
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import ImportJob
from invoice_desk.services.jobs import JobSettings, RunningJob
from invoice_desk.services.planning import WRITTEN_UP_TO
from invoice_desk.services.types import known_type

#: From so many rows on they are written by a process of their own.
_MANY_ROWS = 20_000
#: Share of the work that it is to find which rows are meant.
_MATCHING = 0.3


@dataclass(frozen=True, slots=True)
class BulkWriteResult:
    """What a bulk write gave; total = successful + failed + unprocessed rows."""

    job_id: int
    state: JobState
    operation: str
    document_type: str
    total: int
    successful: int
    failed: int
    unprocessed: int
    created: int
    updated: int
    unchanged: int
    deleted: int
    seconds: float
    table_id: int | None = None
    error: str | None = None
    #: What a command line ends with because of the error.
    exit_code: int | None = None


class BulkWriteJob(RunningJob):
    """Writes rows into a clean table."""

    def __init__(
        self,
        desk: Desk,
        request: WriteRequest,
        settings: JobSettings | None = None,
        *,
        record: JobRecord | None = None,
    ) -> None:
        """Take a request of `write_request`.

        Args:
            desk: Where to write.
            request: What.
            settings: How to work.
            record: The job as the desk has it; what of it is stored is not written again.
        """
        self.operation = request.operation.value
        made = known_type(desk, request.document_type)
        name = Path(request.path).name if request.path else made.title
        super().__init__(desk, name, settings or JobSettings(), record)
        self._request = request
        self._import: ImportJob | None = None
        #: The job that imports the file.
        self._import_id = record.request.get("import_id") if record else None
        self._total = 0
        #: What became of the rows of the chunks that are stored, one by one.
        self._stored: list[dict[str, int]] = []

    def request(self) -> dict[str, Any]:
        """Return what to do as JSON values."""
        return super().request() | self._request.as_dict() | {"import_id": self._import_id}

    def cancel(self) -> None:
        """Stop after the chunk that is being written; what is stored stays."""
        super().cancel()
        if self._import is not None:
            self._import.cancel()

    def suspend(self) -> None:
        """Stop soon and stay without an outcome, the import of the file as well."""
        if self._import is not None:
            self._import.suspend()
        super().suspend()

    def run(self) -> BulkWriteResult:
        """Write; return what became of the rows.

        Raises:
            StorageError: If not even the job can be recorded.
        """
        self._open()
        state, wrong = JobState.FAILED, None
        try:
            self._write_all()
            state = JobState.JOB_COMPLETE
        except CancelledError:
            state = JobState.ABORTED
        except UserError as error:
            wrong = error
        except BaseException as mistake:
            self._finish(state, mistake)
            raise
        return self._finish(state, wrong)

    # --- work -------------------------------------------------------------------------

    def _open(self) -> None:
        super()._open()
        self._stored = [part.detail for part in self._stored_parts.values()]
        self._keep_request()

    def _keep_request(self) -> None:
        with writing(self._desk.engine) as connection:
            connection.execute(job_update(self._job_id, request=self.request()))

    def _write_all(self) -> None:
        source = self._input()
        self._total = source.total
        self._claim(self._sources())
        parts, done = source.parts(), self._stored_parts
        self._move(JobState.IN_PROGRESS)
        with writing(self._desk.engine) as connection:
            connection.execute(job_update(self._job_id, total=self._total))
        self._choose_writer()
        for number, part in enumerate(parts):
            self._may_go_on()
            if part.name not in done:
                self._write_part(source, part)
            share = _MATCHING + (1 - _MATCHING) * (number + 1) / len(parts)
            self._show_counts(share)
        if isinstance(source, FileInput) and self._request.only is None:
            self._forget_progress(source.place.table.id)

    def _sources(self) -> set[int]:
        """Return the sources whose rows may change: all of the type, and the input itself."""
        with reading(self._desk.engine) as connection:
            tables = list_tables(connection)
        wanted = (self._request.document_type, self._request.table_id)
        return {t.source_id for t in tables if t.document_type == wanted[0] or t.id == wanted[1]}

    def _input(self) -> FileInput | SelectionInput:
        if self._request.rows:
            return SelectionInput(self._desk, self._request)
        table_id = self._request.table_id
        if table_id is None:
            table_id = self._imported()
            self._request = replace(self._request, table_id=table_id)
            self._keep_request()
        with reading(self._desk.engine) as connection:
            table = get_table(connection, table_id)
        if table is None:
            raise ArgumentError("The table that was to be written is gone; name its file again.")
        only = self._request.only
        self._total = table.row_count if only is None else len(only)
        self._may_go_on()
        self._show(step="mapping")
        return FileInput(self._desk, self._request, table_id, job_id=self._job_id)

    def _imported(self) -> int:
        """Import the file and return its one table."""
        assert self._request.path is not None
        self._show(step="saving")
        self._import = self._importing()
        self._check()
        batch = self._import.run()
        self._import = None
        self._check()
        for file in batch.files:
            if file.error is not None:
                raise ArgumentError(f"{file.name}: {file.error['message']}")
        sources = {file.source_id for file in batch.files}
        with reading(self._desk.engine) as connection:
            tables = [t for t in list_tables(connection) if t.source_id in sources and t.row_count]
        return self._only_table(tables).id

    def _importing(self) -> ImportJob:
        """Return the job that imports the file: the one that a crash interrupted, if there is."""
        paths = [Path(self._request.path or "")]
        with writing(self._desk.engine) as connection:
            known = get_job(connection, self._import_id) if self._import_id else None
            if known is not None and known.state not in TERMINAL:
                take_job(connection, known, owner=self._owner, now=self._desk.now())
                return ImportJob(self._desk, paths, self._settings, record=known)
        job = ImportJob(self._desk, paths, self._settings)
        self._import_id = job.enqueue(owner=self._owner)
        self._keep_request()
        return job

    def _only_table(self, tables: Sequence[TableRecord]) -> TableRecord:
        fitting = [t for t in tables if t.document_type == self._request.document_type]
        chosen = tables if len(tables) == 1 else fitting
        if len(chosen) == 1:
            return chosen[0]
        name = Path(self._request.path or "").name
        if not tables:
            raise ArgumentError(f"There is no table in {name} that could be written.")
        raise ArgumentError(
            f"There are {len(tables)} tables in {name}; write one of them at a time, from a file "
            "of its own."
        )

    def _choose_writer(self) -> None:
        """Let a process of its own write many rows, where it can be started."""
        self._writer = InProcessWriter(self._desk.engine)
        if self._total < _MANY_ROWS or self._settings.mode is Mode.STANDARD:
            return
        try:
            self._desk.bulk.start()
            self._desk.bulk.await_start()
        except (StorageError, OSError):
            return
        self._writer = self._desk.bulk

    def _write_part(self, source: FileInput | SelectionInput, part: Part) -> None:
        """Write a chunk: its rows, what became of them, and its mark in one transaction."""
        write = ChunkWrite(self._desk, self._job_id)
        if isinstance(source, FileInput):
            self._show(step="checking")
            source.match(self._matching)
            self._show(step="saving")
        with self._writer.transaction() as transaction:
            # The mark comes first: from then on nobody else writes, and what is read holds.
            transaction.insert(chunk_done(self._job_id, part.name, 0, owner=self._owner))
            self._decide(write, source, part)
            write.rewrite()
            write.store(transaction)
            if isinstance(source, FileInput):
                self._note_progress(transaction, source, part)
            rows, parts = len(write.results), [*self._stored, write.counts]
            mark = chunk_update(self._job_id, part.name, rows=rows, detail=write.counts)
            transaction.execute(mark)
            counts = RowCounts.of(self._total, parts).as_dict()
            transaction.execute(job_update(self._job_id, **counts))
        self._stored = parts

    def _decide(self, write: ChunkWrite, source: FileInput | SelectionInput, part: Part) -> None:
        if isinstance(source, SelectionInput):
            source.write(write, part)
            return
        source.match(lambda _share: None)  # unless a table was cleaned since, it is known
        rows, values = source.rows(part)
        write_file_rows(write, rows, values, operation=self._request.operation)

    def _matching(self, share: float) -> None:
        self._may_go_on()
        self._show(work_done=_MATCHING * share)

    def _note_progress(self, to: BulkTransaction, source: FileInput, part: Part) -> None:
        """Let the rows of the file that were written count in a further pass."""
        table = source.place.table
        up_to = table.details.get(WRITTEN_UP_TO)
        if up_to is not None and up_to < part.stop:
            details = table.details | {WRITTEN_UP_TO: part.stop}
            to.execute(table_update(table.id, details=details))

    def _forget_progress(self, table_id: int) -> None:
        with reading(self._desk.engine) as connection:
            table = get_table(connection, table_id)
        if table is not None and WRITTEN_UP_TO in table.details:
            details = {k: v for k, v in table.details.items() if k != WRITTEN_UP_TO}
            with writing(self._desk.engine) as connection:
                connection.execute(table_update(table_id, details=details))

    def _may_go_on(self) -> None:
        """Wait while the job is paused, and stop when it is cancelled."""
        self._check()
        while self._paused.is_set():
            self._wait_a_little()

    # --- outcome ----------------------------------------------------------------------

    @property
    def _counts(self) -> RowCounts:
        return RowCounts.of(self._total, self._stored)

    def _show_counts(self, share: float) -> None:
        counts = self._counts
        done = counts.successful + counts.failed
        self._show(
            state=JobState.IN_PROGRESS,
            done=done,
            failed=counts.failed,
            total=counts.total,
            rows=done,
            work_done=share,
        )

    def _finish(self, state: JobState, wrong: BaseException | None) -> BulkWriteResult:
        error = (str(wrong) or type(wrong).__name__) if wrong else None
        code = wrong.exit_code if isinstance(wrong, UserError) else None
        self._let_go()
        counts, outcomes = self._counts, self._counts.outcomes
        seconds = round(time.monotonic() - self._begun, 3)
        cost = self._meter.cost(counts.successful + counts.failed)
        self._close_books(
            state,
            error,
            **counts.as_dict(),
            rows=counts.successful + counts.failed,
            summary={
                "seconds": seconds,
                "counts": {"rows": counts.as_dict()},
                "outcomes": dict(outcomes),
                "cost": cost.as_dict(),
            },
        )
        return BulkWriteResult(
            job_id=self._job_id,
            state=state,
            operation=self.operation,
            document_type=self._request.document_type,
            **counts.as_dict(),
            created=outcomes[RowOutcome.CREATED.value],
            updated=outcomes[RowOutcome.UPDATED.value],
            unchanged=outcomes[RowOutcome.UNCHANGED.value],
            deleted=outcomes[RowOutcome.DELETED.value],
            seconds=seconds,
            table_id=self._request.table_id,
            error=error,
            exit_code=code,
        )


def write_rows(
    desk: Desk,
    request: WriteRequest,
    *,
    settings: JobSettings | None = None,
    started: Callable[[BulkWriteJob], Any] = lambda _job: None,
) -> BulkWriteResult:
    """Write rows into a clean table, and wait for it.

    Raises:
        StorageError: If the desk cannot be written at all.
    """
    job = BulkWriteJob(desk, request, settings)
    started(job)
    return job.run()
