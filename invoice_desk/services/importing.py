"""Import: everything is kept and saved raw first; cleaning comes later."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import invoice_desk
from invoice_desk.core.jobs import (
    TERMINAL,
    CancelRequested,
    ChunkId,
    ChunksAdded,
    Job,
    JobState,
    Progress,
    UploadCompleted,
)
from invoice_desk.core.modes import Mode
from invoice_desk.core.records import JobRecord
from invoice_desk.core.source import FileOutcome, Kind, SourceStatus
from invoice_desk.core.time_limits import time_limit
from invoice_desk.db.claims import release_source
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.jobs import chunk_done, forget_parts, job_update
from invoice_desk.db.sources import container_done, list_pages, sources_update
from invoice_desk.db.tables import list_tables
from invoice_desk.db.templates import list_templates
from invoice_desk.documents.ocr import engine_order, uses_gpu
from invoice_desk.errors import CancelledError, StorageError
from invoice_desk.services.batches import BatchResult, ImportFile, batch_result, counts
from invoice_desk.services.desk import Desk
from invoice_desk.services.intake import Intake, remove_unpacked
from invoice_desk.services.jobs import JobSettings, RunningJob
from invoice_desk.services.keeping import find_files
from invoice_desk.services.known_invoices import remember_table
from invoice_desk.services.storing import SourceStore, forget_readings, known_pages, page_of
from invoice_desk.workers.contract import Failure, Success, Task
from invoice_desk.workers.executors import default_workers
from invoice_desk.workers.reading import (
    ReadFields,
    ReadingPayload,
    ReadSource,
    ReadSpan,
    RecognisePage,
    SourceContent,
    left_to_do,
    page_count,
    part_of,
    read,
    read_payload,
    unread_pages,
)

__all__ = ["ImportJob", "import_paths", "remove_unpacked"]

log = logging.getLogger(__name__)

#: A page takes about as long to recognise as a megabyte of text takes to read.
_PAGE_WEIGHT = 1_000_000.0


@dataclass(slots=True)
class _Unit:
    """A chunk: which file it belongs to, what is to be done, and its share of the work in bytes."""

    file: ImportFile
    payload: ReadingPayload
    weight: float
    handed_out: int = 0


class ImportJob(RunningJob):
    """Imports files and folders into a desk, or reads sources of it again."""

    operation = "import"

    def __init__(
        self,
        desk: Desk,
        paths: Sequence[Path],
        settings: JobSettings,
        *,
        source_ids: Sequence[int] = (),
        title: str = "",
        record: JobRecord | None = None,
    ) -> None:
        super().__init__(desk, title or _title(paths, len(source_ids)), settings, record)
        self._paths, self._source_ids = tuple(paths), tuple(source_ids)
        self._task: Task[ReadingPayload, SourceContent] = read
        self._units: dict[ChunkId, _Unit] = {}
        self._weight = self._settled_weight = 0.0
        self._rows = self._pages = 0
        self._ended = self._rejected = 0
        self._store_of_sources = SourceStore(desk, ())
        self._intake = self._new_intake()

    def request(self) -> dict[str, Any]:
        """Return what to do as JSON values."""
        return super().request() | {
            "paths": [str(path) for path in self._paths],
            "source_ids": list(self._source_ids),
            "program": invoice_desk.__version__,
        }

    def run(self) -> BatchResult:
        """Import everything; return what became of each file.

        Raises:
            StorageError: If not even the job can be recorded.
        """
        self._open()
        self._intake = self._new_intake()
        with reading(self._desk.engine) as connection:
            self._store_of_sources = SourceStore(self._desk, list_templates(connection))
        machine, error = self._new_machine(), None
        try:
            self._take_in()
            if self._is_open():
                self._move(JobState.UPLOAD_COMPLETE)
        except CancelledError:
            machine.handle(CancelRequested())
        except StorageError as storage:
            error = str(storage)
        if error is None and machine.state not in TERMINAL:
            machine, error = self._read_all(machine)
        state = machine.state if machine.state in TERMINAL else JobState.FAILED
        return self._finish(state, error)

    def _is_open(self) -> bool:
        return self._record is None or self._record.state is JobState.OPEN

    def _new_intake(self) -> Intake:
        return Intake(
            self._desk, self._job_id, check=self._check, taken=self._taken, seen=self._seen
        )

    def _new_machine(self) -> Job:
        return Job(
            window=1 + (self._work.max_workers or default_workers()),
            is_scarce=self._needs_gpu,
            scarce_window=self._work.gpu_tasks,
        )

    def _needs_gpu(self, chunk: ChunkId) -> bool:
        recognises = isinstance(self._units[chunk].payload, RecognisePage)
        return recognises and uses_gpu(self._settings.ocr)

    # --- taking in ----------------------------------------------------------------------

    def _take_in(self) -> None:
        self._show(step="saving")
        if self._record is not None:
            same = self._record.request.get("program") == invoice_desk.__version__
            if not same:
                self._stored_parts = {}
                with writing(self._desk.engine) as connection:
                    connection.execute(forget_parts(self._job_id))
            self._intake.recall(same_program=same)
            if not self._is_open():
                return
        if self._is_large():
            self._warm_up()
        self._intake.take_paths(self._paths)
        self._intake.take_sources(self._source_ids)

    def _is_large(self) -> bool:
        """Return whether what was named needs worker processes for sure, told by sizes alone."""
        found = find_files(self._paths, without=self._desk.own())
        size = sum(path.stat().st_size for path, _ in found if path.is_file())
        self._choose(size)
        return self._choice.mode is Mode.OPTIMIZED

    def _seen(self) -> None:
        self._show(total=len(self._intake.files))

    def _taken(self, file: ImportFile) -> None:
        """Plan how to read a file."""
        assert file.kept is not None
        kept, name = file.kept, file.record.name
        self._recall_parts(file)
        payload = ReadSource(
            str(kept.path),
            name,
            kept.detection.kind,
            ocr=self._settings.ocr,
            passwords=self._intake.passwords_for(kept),
            engines=engine_order(self._work.ocr_engines),
            known=known_pages(self._desk, kept),
        )
        self._plan(file, payload, float(kept.size))

    def _recall_parts(self, file: ImportFile) -> None:
        """Take over what was stored of a file before a crash."""
        prefix = f"{file.record.ordinal}:"
        for part, done in self._stored_parts.items():
            if part.startswith(prefix):
                file.recall(part.removeprefix(prefix), done)
        if not file.stored_parts:
            return
        with reading(self._desk.engine) as connection:
            file.tables = [t.id for t in list_tables(connection, source_id=file.source_id)]
            pages = [page_of(values) for values in list_pages(connection, file.source_id)]
        file.pages = {page.number: page for page in pages}
        self._rows += file.rows

    def _plan(self, file: ImportFile, payload: ReadingPayload, weight: float) -> ChunkId:
        chunk = ChunkId(len(self._units))
        self._units[chunk] = _Unit(file, payload, weight)
        self._weight += weight
        file.outstanding += 1
        return chunk

    # --- reading ----------------------------------------------------------------------

    def _read_all(self, machine: Job) -> tuple[Job, str | None]:
        """Read what is ours, and then what other jobs had; return the last machine."""
        files, begun = self._intake.files, 0
        settled = [file for file in files if file.record.outcome is not FileOutcome.PENDING]
        self._ended = len(settled)
        self._rejected = sum(file.record.outcome is FileOutcome.REJECTED for file in settled)
        with writing(self._desk.engine) as connection:
            connection.execute(job_update(self._job_id, total=len(files)))
        while True:
            error = self._read_some(machine, begun)
            if error is not None or machine.state is not JobState.JOB_COMPLETE:
                return machine, error
            begun = len(self._units)
            if not self._intake.waiting:
                return machine, None
            machine = self._new_machine()
            try:
                self._await_others()
            except CancelledError:
                machine.handle(CancelRequested())
                return machine, None

    def _read_some(self, machine: Job, begun: int) -> str | None:
        chunks = tuple(ChunkId(i) for i in range(begun, len(self._units)))
        with writing(self._desk.engine) as connection:
            reading_now = {self._units[chunk].file.source_id for chunk in chunks}
            connection.execute(sources_update(reading_now, status=SourceStatus.PROCESSING.value))
        self._show(step="reading", total=len(self._intake.files))
        self._choose_how(chunks)
        machine.handle(ChunksAdded(chunks))
        machine.handle(UploadCompleted())
        return self._run_machine(
            machine,
            self._task,
            payload_of=self._payload,
            store=self._store,
            failed=self._chunk_failed,
            notify=self._notify,
            limit_of=self._limit,
        )

    def _await_others(self) -> None:
        """Wait until the jobs that work on sources of ours have let go of one."""
        intake = self._intake
        while True:
            for ordinal in list(intake.waiting):
                if intake.await_source(intake.files[ordinal]) is None:
                    self._show(waiting_for="")
                    return
            number, name = min(
                (by, intake.files[o].record.name) for o, by in intake.waiting.items()
            )
            self._show(waiting_for=f"Waits for job {number}, which works on {name}.")
            self._wait_a_little()

    def _choose_how(self, chunks: Sequence[ChunkId]) -> None:
        """Choose between this process and workers by what there is to read."""
        if not chunks:
            return
        units = [self._units[chunk] for chunk in chunks]
        isolate = any(
            isinstance(unit.payload, ReadSource) and unit.payload.kind is not Kind.CSV
            for unit in units
        )
        self._choose(int(sum(unit.weight for unit in units)), isolate=isolate)

    def _payload(self, chunk: ChunkId) -> ReadingPayload:
        unit = self._units[chunk]
        unit.handed_out += 1
        unit.file.attempts += unit.handed_out > 1
        unit.file.step = "reading"
        return unit.payload

    def _limit(self, chunk: ChunkId) -> float:
        unit = self._units[chunk]
        recognises = isinstance(unit.payload, RecognisePage)
        pages = page_count(unit.payload) if recognises else 0
        return time_limit(size=int(unit.weight), pages=pages)

    def _notify(self, state: JobState, progress: Progress) -> None:
        whole = self._weight
        self._show(
            state=state,
            done=self._ended,
            failed=self._rejected,
            rows=self._rows,
            pages=self._pages,
            work_done=self._settled_weight / whole if whole else progress.fraction,
        )

    def _store(self, chunk: ChunkId, success: Success[SourceContent]) -> Sequence[ChunkId]:
        """Store a chunk's rows and its mark in one transaction."""
        unit, content = self._units[chunk], success.value
        file, part = unit.file, part_of(unit.payload)
        file.seconds += success.seconds
        file.worker, file.memory = success.worker, max(file.memory, success.memory)
        follow_ups = self._follow_up(unit, content)
        ends = file.outstanding == 1
        if ends or part not in file.stored_parts:
            self._store_part(file, part, content, ends=ends)
        file.outstanding -= 1
        self._settled_weight += unit.weight
        self._pages += len(content.pages)
        if ends:
            values: dict[str, Any] = {"outcome": FileOutcome.DONE, "seconds": file.seconds}
            file.record = replace(file.record, **values)
            file.pages.clear()
            self._remember(file)
            self._ended += 1
        return follow_ups

    def _remember(self, file: ImportFile) -> None:
        """Warn at once of an invoice that is there already, or of an account that is new."""
        for table_id in file.documents:
            remember_table(self._desk, table_id)

    def _store_part(
        self, file: ImportFile, part: str, content: SourceContent, *, ends: bool
    ) -> None:
        rows, derived = file.rows, len(file.derived)
        file.step = "saving"
        # The end of a file is waited for: what is called done is on disk.
        with self._writer.transaction(confirmed=ends) as transaction:
            if part not in file.stored_parts:
                self._store_of_sources.store(transaction, file, content)
                name, count = f"{file.record.ordinal}:{part}", file.rows - rows
                told = file.told(derived)
                mark = chunk_done(self._job_id, name, count, told, owner=self._owner)
                transaction.execute(mark)
            if ends:
                self._store_of_sources.complete(transaction, file, self._job_id)
                transaction.execute(release_source(self._job_id, file.source_id))
        self._rows += file.rows - rows

    def _follow_up(self, unit: _Unit, content: SourceContent) -> list[ChunkId]:
        """Plan what a chunk turned out to need, but for what was stored before a crash."""
        file = unit.file
        file.pages |= {page.number: page for page in content.pages}
        file.expected_pages = content.page_count or file.expected_pages
        file.embedded = content.embedded if content.follow_ups else file.embedded
        chunks: list[ChunkId] = []
        for asked in content.follow_ups:
            weight = _PAGE_WEIGHT
            if isinstance(asked, ReadSpan):
                weight = float(asked.span.stop - asked.span.start)
                taken = min(weight, unit.weight)
                unit.weight, self._weight = unit.weight - taken, self._weight - taken
            payload = left_to_do(asked, file.stored_parts)
            if payload is not None:
                chunks.append(self._plan(file, payload, weight * page_count(payload)))
        all_pages = len(file.pages) == file.expected_pages > 0
        if all_pages and not chunks and self._awaits_fields(unit, content):
            pages = tuple(file.pages[number] for number in sorted(file.pages))
            fields = ReadFields(file.record.name, pages, file.embedded, file.expected_pages)
            chunks.append(self._plan(file, fields, 0.0))
        return chunks

    def _awaits_fields(self, unit: _Unit, content: SourceContent) -> bool:
        """Return whether the fields are to be found now that all pages are there."""
        if isinstance(unit.payload, RecognisePage):
            return True
        return bool(content.follow_ups) and isinstance(content.follow_ups[0], RecognisePage)

    # --- outcomes ---------------------------------------------------------------------

    def _chunk_failed(self, chunk: ChunkId, failure: Failure) -> None:
        """Reject the file of a chunk that failed for good."""
        if failure.detail:
            log.error("chunk %s: %s", chunk, failure.detail)
        unit = self._units[chunk]
        file = unit.file
        if isinstance(unit.payload, RecognisePage) and file.record.outcome is FileOutcome.PENDING:
            self._give_page_up(chunk, unit.payload, failure)
            return
        self._settled_weight += unit.weight
        if file.record.outcome is FileOutcome.PENDING:
            values = {
                "error_code": failure.code,
                "error_message": failure.message,
                "error_advice": failure.advice,
            }
            self._intake.settle(file, FileOutcome.REJECTED, **values)
            self._ended += 1
            self._rejected += 1

    def _give_page_up(self, chunk: ChunkId, payload: RecognisePage, failure: Failure) -> None:
        """Go on without a page that took its worker down: it is kept empty, with a finding."""
        left = [(chunk, unread_pages(payload, failure.message))]
        while left:
            one, content = left.pop()
            later = self._store(one, Success(content, 0.0))
            left += [(chunk, read_payload(self._units[chunk].payload)) for chunk in later]

    def _finish(self, state: JobState, error: str | None) -> BatchResult:
        self._let_go()
        try:
            if not self._lies_down(state):
                self._clear_unfinished()
        except StorageError as storage:
            error = error or str(storage)
        batch = batch_result(
            self._intake.files,
            job_id=self._job_id,
            state=state,
            seconds=round(time.monotonic() - self._begun, 3),
            mode=self._choice.mode.value,
            mode_reason=self._choice.reason,
            error=error,
            wrong=self._wrong,
            cost=self._meter.cost(self._rows),
        )
        self._close_books(
            state,
            error,
            total=batch.total,
            successful=batch.successful + batch.duplicates,
            failed=batch.failed,
            unprocessed=batch.pending,
            rows=batch.rows,
            summary={
                "seconds": batch.seconds,
                "mode": batch.mode,
                "mode_reason": batch.mode_reason,
                "duplicates": batch.duplicates,
                "cost": batch.cost.as_dict() if batch.cost else {},
                "counts": counts(self._intake.files),
            },
        )
        return batch

    def _clear_unfinished(self) -> None:
        """Leave nothing half stored: a source is there whole, or can be imported again."""
        left: dict[int, dict[str, Any]] = {}
        pending = {"status": SourceStatus.PENDING.value}
        for file in self._intake.files:
            record = file.record
            if record.source_id is None or record.ordinal in self._intake.waiting:
                continue
            if record.outcome is FileOutcome.REJECTED:
                left[record.source_id] = {"status": SourceStatus.FAILED.value}
            elif record.outcome is FileOutcome.PENDING:
                left[record.source_id] = pending
        forget_readings(self._desk, left)
        opened, done = self._intake.containers()
        with writing(self._desk.engine) as connection:
            # so that importing the archive again takes up the rest
            connection.execute(sources_update(opened, **pending))
            for container in sorted(done, reverse=True):  # those within others first
                connection.execute(container_done(container))


def import_paths(
    desk: Desk,
    paths: Sequence[Path],
    *,
    settings: JobSettings | None = None,
    started: Callable[[ImportJob], None] = lambda _job: None,
) -> BatchResult:
    """Import files and folders, and wait for it.

    Args:
        desk: Where to keep them.
        paths: Files or folders.
        settings: How to work.
        started: Given the job before it runs, to watch or cancel it.

    Raises:
        StorageError: If the desk cannot be written at all.
    """
    job = ImportJob(desk, paths, settings or JobSettings())
    started(job)
    return job.run()


def _title(paths: Sequence[Path], sources: int) -> str:
    names = [path.name for path in paths]
    if not names:
        return f"{sources} sources again"
    return names[0] if len(names) == 1 else f"{names[0]} + {len(names) - 1}"
