"""Import: everything is kept and saved raw first; cleaning comes later."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
from invoice_desk.core.records import JobFileRecord
from invoice_desk.core.source import FileOutcome, Kind, SourceStatus
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.jobs import chunk_done, file_insert, file_update, job_update
from invoice_desk.db.sources import add_source, find_source, source_update, sources_update
from invoice_desk.db.templates import list_templates
from invoice_desk.errors import CancelledError, SourceError, StorageError
from invoice_desk.readers.archive import unpack
from invoice_desk.services.batches import BatchResult, ImportFile, batch_result
from invoice_desk.services.desk import Desk
from invoice_desk.services.jobs import JobSettings, RunningJob
from invoice_desk.services.keeping import Kept, find_files, keep
from invoice_desk.services.storing import SourceStore, forget_reading
from invoice_desk.workers.contract import Failure, Success
from invoice_desk.workers.executors import default_workers
from invoice_desk.workers.reading import (
    ReadFields,
    ReadingPayload,
    ReadSource,
    ReadSpan,
    RecognisePage,
    SourceContent,
    read,
)

log = logging.getLogger(__name__)

MAX_NESTING = 4
#: A page takes about as long to recognise as a megabyte of text takes to read.
_PAGE_WEIGHT = 1_000_000.0


@dataclass(frozen=True, slots=True)
class _Unit:
    """A chunk: which file it belongs to, and what is to be done."""

    file: ImportFile
    payload: ReadingPayload


class ImportJob(RunningJob):
    """Imports files and folders into a desk."""

    operation = "import"

    def __init__(self, desk: Desk, paths: Sequence[Path], settings: JobSettings) -> None:
        title = paths[0].name if len(paths) == 1 else f"{paths[0].name} + {len(paths) - 1}"
        super().__init__(desk, title, settings)
        self._paths = tuple(paths)
        self._files: list[ImportFile] = []
        self._units: dict[ChunkId, _Unit] = {}
        #: Share of each chunk in the whole work, in bytes.
        self._weights: dict[ChunkId, float] = {}
        self._settled_weight = 0.0
        self._store_of_sources = SourceStore(desk, ())

    def run(self) -> BatchResult:
        """Import everything; return what became of each file.

        Raises:
            StorageError: If not even the job can be recorded.
        """
        self._open()
        with reading(self._desk.engine) as connection:
            self._store_of_sources = SourceStore(self._desk, list_templates(connection))
        machine = Job(window=1 + (self._work.max_workers or default_workers()))
        error: str | None = None
        if self._is_large():
            self._warm_up()
        try:
            self._keep_all()
        except CancelledError:
            machine.handle(CancelRequested())
        except StorageError as storage:
            error = str(storage)
        if error is None and machine.state not in TERMINAL:
            machine.handle(ChunksAdded(tuple(self._units)))
            machine.handle(UploadCompleted())
            error = self._read_all(machine)
        state = machine.state if machine.state in TERMINAL else JobState.FAILED
        return self._finish(state, error)

    # --- keeping ----------------------------------------------------------------------

    def _keep_all(self) -> None:
        self._show(step="saving")
        for path, error in find_files(self._paths):
            self._check()
            if error is None:
                self._take(path, name=path.name, origin=str(path), container=None, depth=0)
            else:
                self._add_rejected(path.name, str(path), error)
            self._show(total=len(self._files))

    def _is_large(self) -> bool:
        """Return whether what was named needs worker processes for sure, told by sizes alone."""
        size = sum(path.stat().st_size for path, _ in find_files(self._paths) if path.is_file())
        self._choose(size)
        return self._choice.mode is Mode.OPTIMIZED

    def _new_file(self, name: str, origin: str) -> ImportFile:
        record = JobFileRecord(len(self._files), name, origin, None, FileOutcome.PENDING)
        file = ImportFile(record)
        self._files.append(file)
        return file

    def _add_rejected(self, name: str, origin: str, error: SourceError) -> None:
        file = self._new_file(name, origin)
        changes: dict[str, Any] = {"outcome": FileOutcome.REJECTED, **_texts(error)}
        file.record = replace(file.record, **changes)
        with writing(self._desk.engine) as connection:
            connection.execute(file_insert(self._job_id, file.record))

    def _take(
        self, path: Path, *, name: str, origin: str, container: int | None, depth: int
    ) -> None:
        """Keep one file, and plan how to read it."""
        begun = time.perf_counter()
        try:
            kept = keep(path, name=name, place=self._desk.original, check=self._check)
        except SourceError as error:
            self._add_rejected(name, origin, error)
            return
        except StorageError:
            self._new_file(name, origin)  # it was seen, and is pending
            raise
        file = self._new_file(name, origin)
        file.kept, file.container = kept, container
        must_read = self._register(file, kept)
        file.seconds = time.perf_counter() - begun
        if not must_read:
            return
        if kept.detection.kind is Kind.ZIP:
            self._open_archive(file, kept, depth=depth)
        else:
            payload = ReadSource(str(kept.path), name, kept.detection.kind)
            self._plan(file, payload, float(kept.size))

    def _register(self, file: ImportFile, kept: Kept) -> bool:
        """Record the source and the file; return whether the source has to be read."""
        with writing(self._desk.engine) as connection:
            known = find_source(connection, kept.sha256)
            source_id = (
                known.id
                if known
                else add_source(
                    connection,
                    sha256=kept.sha256,
                    name=file.record.name,
                    origin=file.record.path,
                    size=kept.size,
                    detection=kept.detection,
                    container_id=file.container,
                    now=self._desk.now(),
                )
            )
            again = known is not None and (
                known.status in {SourceStatus.COMPLETED, SourceStatus.PREVIEW}
                or any(other.record.source_id == source_id for other in self._files)
            )
            outcome = FileOutcome.DUPLICATE if again else FileOutcome.PENDING
            file.record = replace(file.record, source_id=source_id, outcome=outcome)
            connection.execute(file_insert(self._job_id, file.record))
        if known is not None and not again:
            forget_reading(self._desk, source_id, status=SourceStatus.PENDING.value)
        return not again

    def _open_archive(self, file: ImportFile, kept: Kept, *, depth: int) -> None:
        begun = time.perf_counter()
        name, origin = file.record.name, file.record.path
        if depth >= MAX_NESTING:
            self._reject(file, _texts(SourceError(f"{name} lies in {depth} archives.")))
            return
        with tempfile.TemporaryDirectory(dir=self._desk.path.parent, prefix=".unpack-") as folder:
            try:
                for member, place in unpack(kept.path, Path(folder), name=name):
                    self._check()
                    inside, called = f"{origin}!/{member.path}", member.path.name
                    if isinstance(place, SourceError):
                        self._add_rejected(called, inside, place)
                        continue
                    owner = file.source_id
                    self._take(place, name=called, origin=inside, container=owner, depth=depth + 1)
                    place.unlink(missing_ok=True)
            except SourceError as error:
                self._reject(file, _texts(error))
                return
        file.seconds = time.perf_counter() - begun
        self._settle(file, FileOutcome.DONE)

    def _plan(self, file: ImportFile, payload: ReadingPayload, weight: float) -> ChunkId:
        chunk = ChunkId(len(self._units))
        self._units[chunk] = _Unit(file, payload)
        self._weights[chunk] = weight
        file.outstanding += 1
        return chunk

    # --- reading ----------------------------------------------------------------------

    def _read_all(self, machine: Job) -> str | None:
        with writing(self._desk.engine) as connection:
            connection.execute(job_update(self._job_id, total=len(self._files)))
            reading_now = {unit.file.source_id for unit in self._units.values()}
            connection.execute(sources_update(reading_now, status=SourceStatus.PROCESSING.value))
        self._show(step="reading")
        self._choose_how()
        return self._run_machine(
            machine,
            read,
            payload_of=lambda chunk: self._units[chunk].payload,
            store=self._store,
            failed=self._chunk_failed,
            notify=self._notify,
        )

    def _choose_how(self) -> None:
        """Choose between this process and workers by what there is to read."""
        if not self._units:
            return
        isolate = any(
            isinstance(unit.payload, ReadSource) and unit.payload.kind is not Kind.CSV
            for unit in self._units.values()
        )
        self._choose(int(sum(self._weights.values())), isolate=isolate)

    def _notify(self, state: JobState, progress: Progress) -> None:
        outcomes = [file.record.outcome for file in self._files]
        whole = sum(self._weights.values())
        self._show(
            state=state,
            done=sum(outcome is not FileOutcome.PENDING for outcome in outcomes),
            failed=sum(outcome is FileOutcome.REJECTED for outcome in outcomes),
            total=len(outcomes),
            rows=sum(file.rows for file in self._files),
            work_done=self._settled_weight / whole if whole else progress.fraction,
        )

    def _store(self, chunk: ChunkId, success: Success[SourceContent]) -> Sequence[ChunkId]:
        """Store a chunk's rows and its mark in one transaction."""
        unit, content = self._units[chunk], success.value
        file = unit.file
        file.seconds += success.seconds
        follow_ups = self._follow_up(chunk, unit, content)
        ends = file.outstanding == 1
        rows_before = file.rows
        # The end of a file is waited for: what is called done is on disk.
        with self._writer.transaction(confirmed=ends) as transaction:
            self._store_of_sources.store(transaction, file, content)
            transaction.execute(chunk_done(self._job_id, str(chunk), file.rows - rows_before))
            if ends:
                self._store_of_sources.complete(transaction, file, self._job_id)
        file.outstanding -= 1
        self._settled_weight += self._weights[chunk]
        if ends:
            values: dict[str, Any] = {"outcome": FileOutcome.DONE, "seconds": file.seconds}
            file.record = replace(file.record, **values)
            file.pages.clear()
        return follow_ups

    def _follow_up(self, chunk: ChunkId, unit: _Unit, content: SourceContent) -> list[ChunkId]:
        """Plan what a chunk turned out to need."""
        file = unit.file
        file.pages |= {page.number: page for page in content.pages}
        file.expected_pages = content.page_count or file.expected_pages
        chunks: list[ChunkId] = []
        for payload in content.follow_ups:
            weight = _PAGE_WEIGHT
            if isinstance(payload, ReadSpan):
                weight = float(payload.span.stop - payload.span.start)
                self._weights[chunk] = max(0.0, self._weights[chunk] - weight)
            chunks.append(self._plan(file, payload, weight))
        all_pages = len(file.pages) == file.expected_pages
        if isinstance(unit.payload, RecognisePage) and all_pages:
            pages = tuple(file.pages[number] for number in sorted(file.pages))
            chunks.append(self._plan(file, ReadFields(file.record.name, pages), 0.0))
        return chunks

    # --- outcomes ---------------------------------------------------------------------

    def _chunk_failed(self, chunk: ChunkId, failure: Failure) -> None:
        """Reject the file of a chunk that failed for good."""
        if failure.detail:
            log.error("chunk %s: %s", chunk, failure.detail)
        self._settled_weight += self._weights[chunk]
        file = self._units[chunk].file
        if file.record.outcome is FileOutcome.PENDING:
            values = {
                "error_code": failure.code,
                "error_message": failure.message,
                "error_advice": failure.advice,
            }
            self._reject(file, values)

    def _reject(self, file: ImportFile, values: dict[str, str]) -> None:
        self._settle(file, FileOutcome.REJECTED, **values)

    def _settle(self, file: ImportFile, outcome: FileOutcome, **values: Any) -> None:
        file.record = replace(file.record, outcome=outcome, **values)
        status = SourceStatus.COMPLETED if outcome is FileOutcome.DONE else SourceStatus.FAILED
        changes = {"outcome": outcome.value, "seconds": file.seconds, **values}
        with writing(self._desk.engine) as connection:
            connection.execute(file_update(self._job_id, file.record.ordinal, **changes))
            connection.execute(source_update(file.source_id, status=status.value, **values))

    def _finish(self, state: JobState, error: str | None) -> BatchResult:
        self._let_go()
        try:
            self._clear_unfinished()
        except StorageError as storage:
            error = error or str(storage)
        batch = batch_result(
            self._files,
            job_id=self._job_id,
            state=state,
            seconds=round(time.monotonic() - self._begun, 3),
            mode=self._choice.mode.value,
            mode_reason=self._choice.reason,
            error=error,
            cost=self._meter.cost(sum(file.rows for file in self._files)),
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
            },
        )
        return batch

    def _clear_unfinished(self) -> None:
        """Leave nothing half stored: a source is there whole, or can be imported again."""
        unfinished: set[int] = set()
        for file in self._files:
            record = file.record
            if record.source_id is None or record.outcome in {
                FileOutcome.DONE,
                FileOutcome.DUPLICATE,
            }:
                continue
            failed = record.outcome is FileOutcome.REJECTED
            status = SourceStatus.FAILED if failed else SourceStatus.PENDING
            forget_reading(self._desk, record.source_id, status=status.value)
            if not failed and file.container is not None:
                unfinished.add(file.container)
        for container in unfinished:  # so that importing the archive again takes up the rest
            with writing(self._desk.engine) as connection:
                pending = SourceStatus.PENDING.value
                connection.execute(source_update(container, status=pending))


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


def remove_unpacked(desk: Desk) -> None:
    """Remove folders that an unpacking left behind when the program was killed."""
    for folder in desk.path.parent.glob(".unpack-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _texts(error: SourceError) -> dict[str, str]:
    return {
        "error_code": error.code,
        "error_message": str(error),
        "error_advice": error.advice,
    }
