"""What all jobs share: a snapshot for whoever watches, a way to stop, a record in the desk."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, replace
from typing import Any

from invoice_desk.core.jobs import (
    CancelRequested,
    ChunkId,
    Job,
    JobState,
    PauseRequested,
    Progress,
    ResumeRequested,
)
from invoice_desk.core.modes import MOST_WORKERS, Choice, Mode, choose_mode
from invoice_desk.core.records import JobFileRecord, JobRecord
from invoice_desk.core.source import SourceStatus
from invoice_desk.db.audit import audit
from invoice_desk.db.bulk import BulkWriter, InProcessWriter
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.jobs import (
    add_job,
    get_job,
    job_update,
    list_files,
    list_jobs,
    unfinished_jobs,
)
from invoice_desk.db.passes import delete_pass_rows, list_passes, pass_update
from invoice_desk.db.sources import list_sources
from invoice_desk.errors import ArgumentError, CancelledError, ClusterError, StorageError
from invoice_desk.services.desk import Desk
from invoice_desk.services.metering import Meter, this_machine
from invoice_desk.services.storing import forget_reading
from invoice_desk.workers.contract import (
    ExecutorFactory,
    Failure,
    P,
    R,
    Success,
    Task,
    WorkerPool,
)
from invoice_desk.workers.executors import WarmPool, default_workers, inline_executor
from invoice_desk.workers.runner import JobRunner

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobSettings:
    """How to work on one job; `workers` None is what the settings of the desk say."""

    mode: Mode = Mode.AUTO
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a job is; replaced whole by its thread, read by anyone.

    Attributes:
        work_done: Share of the bytes or rows that is finished, 0 to 1.
        seconds: Since the job began.
    """

    job_id: int | None = None
    operation: str = ""
    title: str = ""
    state: JobState = JobState.OPEN
    step: str = "queued"
    done: int = 0
    failed: int = 0
    total: int = 0
    rows: int = 0
    work_done: float = 0.0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Return rows a second so far."""
        return self.rows / self.seconds if self.seconds > 0.2 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Return an estimate of the time left; None when it is too early to tell."""
        if self.work_done < 0.02 or self.seconds < 0.5:
            return None
        return self.seconds * (1 - self.work_done) / self.work_done


class RunningJob:
    """Base of the jobs: it is made on any thread, run on one, watched and stopped from others."""

    operation = ""

    def __init__(self, desk: Desk, title: str, settings: JobSettings) -> None:
        self._desk = desk
        self._settings = settings
        self._begun = time.monotonic()
        self._job_id = 0
        self._stop = threading.Event()
        self._post: Callable[[Any], None] | None = None
        work = desk.settings
        self._work = replace(work, max_workers=settings.workers or work.max_workers)
        if desk.pool is not None and desk.pool.ships:  # a cluster was named: it does the work
            # While a worker has one chunk in hand, its next one is on its way.
            self._work = replace(work, max_workers=min(2 * desk.pool.workers - 1, MOST_WORKERS))
            if settings.mode is Mode.AUTO:
                self._settings = replace(settings, mode=Mode.OPTIMIZED)
        self._choice = Choice(Mode.STANDARD, 1, "nothing to do")
        self._pool: WorkerPool = desk.pool or WarmPool(self._work.max_workers)
        self._writer: BulkWriter = desk.bulk
        self._meter = Meter(desk.path)
        self.snapshot = Snapshot(operation=self.operation, title=title)

    def cancel(self) -> None:
        """Stop soon; what is stored stays."""
        self._stop.set()
        if self._post is not None:
            self._post(CancelRequested())

    def pause(self) -> None:
        """Start no further chunk until `resume`."""
        if self._post is not None:
            self._post(PauseRequested())

    def resume(self) -> None:
        """Start chunks again."""
        if self._post is not None:
            self._post(ResumeRequested())

    def _check(self) -> None:
        if self._stop.is_set():
            raise CancelledError("Cancelled.")

    def _show(self, **changes: Any) -> None:
        """Replace the snapshot: one assignment, which readers on other threads see whole."""
        values = {name: getattr(self.snapshot, name) for name in Snapshot.__slots__}
        values |= changes
        values["seconds"] = time.monotonic() - self._begun
        if "step" in changes:
            self._meter.step(changes["step"])
        self._meter.sample()
        self.snapshot = Snapshot(**values)

    def _open(self) -> None:
        with writing(self._desk.engine) as connection:
            job_id = add_job(
                connection,
                operation=self.operation,
                title=self.snapshot.title,
                now=self._desk.now(),
            )
        self._job_id = job_id
        self._show(job_id=job_id)

    def _warm_up(self) -> None:
        """Start worker processes and the writer now, while there is other work to do."""
        self._desk.bulk.start()
        self._pool.warm()

    def _choose(self, size: int, *, isolate: bool = False) -> None:
        """Choose how to work on `size` bytes.

        Args:
            size: Of the files or the rows.
            isolate: Whether libraries are used that may crash on a bad file, so that worker
                processes are wanted whatever the size.
        """
        asked = self._settings.mode
        self._choice = choose_mode(size, this_machine(), self._work, asked=asked)
        if isolate and asked is Mode.AUTO and self._choice.mode is Mode.STANDARD:
            reason = "pages and workbooks are read in processes of their own"
            workers = self._work.max_workers or default_workers()
            self._choice = Choice(Mode.OPTIMIZED, workers, reason)
        self._meter.bytes_read = size

    def _choose_place(self) -> tuple[ExecutorFactory, bool]:
        """Make workers and writer ready; return where workers come from, and whether to end them.

        Where worker processes or the writer cannot start, this process does their work.
        """
        if self._choice.mode is Mode.OPTIMIZED:
            trouble = self._trouble()
            if trouble is None:
                self._writer = self._desk.bulk
                if self._pool.place:
                    workers = self._pool.workers
                    self._choice = replace(self._choice, workers=workers, reason=self._pool.place)
                return self._pool, self._pool is not self._desk.pool
            log.warning("worker processes cannot be used: %s", trouble)
            self._choice = Choice(
                Mode.STANDARD, 1, f"worker processes could not be used ({trouble}); done in one"
            )
        self._writer = InProcessWriter(self._desk.engine)
        return inline_executor, True

    def _trouble(self) -> str | None:
        """Return why worker processes or the writer do not work, None when they do.

        Raises:
            ClusterError: If a cluster cannot be used; this machine does not step in unasked.
        """
        try:
            self._desk.bulk.start()
            self._pool.probe()
            self._desk.bulk.await_start()
        except (StorageError, OSError, BrokenExecutor) as error:
            return str(error) or type(error).__name__
        return None

    def _let_go(self) -> None:
        """End workers that are this job's own."""
        if self._pool is not self._desk.pool:
            self._pool.close()

    def _run_machine(
        self,
        machine: Job,
        task: Task[P, R],
        *,
        payload_of: Callable[[ChunkId], P],
        store: Callable[[ChunkId, Success[R]], Sequence[ChunkId]],
        failed: Callable[[ChunkId, Failure], None],
        notify: Callable[[JobState, Progress], None],
    ) -> str | None:
        """Run a machine that is UploadComplete to its outcome.

        Returns why results could not be stored, None when all were.
        """
        try:
            factory, close = self._choose_place()
        except ClusterError as error:
            return str(error)
        runner: JobRunner[P, R] = JobRunner(
            factory,
            task,
            payload_of=payload_of,
            store=store,
            failed=failed,
            notify=notify,
            close=close,
        )
        self._post = runner.post
        if self._stop.is_set():
            machine.handle(CancelRequested())
            return None
        with writing(self._desk.engine) as connection:
            values = {"state": JobState.IN_PROGRESS.value}
            connection.execute(job_update(self._job_id, **values))
        runner.run(machine)
        try:
            self._writer.flush()
        except StorageError as error:
            return str(runner.storage_error or error)
        return str(runner.storage_error) if runner.storage_error else None

    def _close_books(self, state: JobState, error: str | None, **values: Any) -> None:
        """Record the outcome; when the disk is what broke, that may fail once more."""
        try:
            self._record_outcome(self._job_id, state, error=error, **values)
        except StorageError:
            if error is None:
                raise
            log.exception("the outcome of job %s cannot be stored", self._job_id)
        self._show(state=state, step="done", work_done=1.0)

    def _record_outcome(self, job_id: int, state: JobState, **values: Any) -> None:
        now = self._desk.now()
        with writing(self._desk.engine) as connection:
            connection.execute(job_update(job_id, state=state.value, ended_at=now, **values))
            audit(
                connection,
                actor=self._desk.person,
                action=f"{self.operation}:{state.value}",
                subject=f"job {job_id}",
                now=now,
                detail={k: v for k, v in values.items() if isinstance(v, int)},
            )


def recover(desk: Desk) -> int:
    """Close the books on jobs that a crash left without an outcome; return how many.

    Sources that were being read are pending again, without the half that was stored, and can
    be imported again; passes that were running are abandoned and the last finished pass stays.
    """
    with reading(desk.engine) as connection:
        left = unfinished_jobs(connection)
        running = list_passes(connection, state="running")
        half_read = list_sources(connection, status=SourceStatus.PROCESSING)
    for record in half_read:
        forget_reading(desk, record.id, status=SourceStatus.PENDING.value)
    if not left and not running:
        return 0
    with writing(desk.engine) as connection:
        for job_id in left:
            sentence = "The program ended while this job was running. Start it again for the rest."
            values = {"state": JobState.FAILED.value, "error": sentence, "ended_at": desk.now()}
            job = get_job(connection, job_id)
            if job is not None:
                values["unprocessed"] = job.total - job.successful - job.failed
            connection.execute(job_update(job_id, **values))
        for cleaning in running:
            made = desk.types.get(cleaning.document_type)
            for statement in delete_pass_rows(clean_table(made), cleaning.id) if made else []:
                connection.execute(statement)
            connection.execute(pass_update(cleaning.id, state="abandoned"))
    return len(left)


def jobs(desk: Desk) -> list[JobRecord]:
    """Return all jobs, newest first."""
    with reading(desk.engine) as connection:
        return list_jobs(connection)


def job_files(desk: Desk, job_id: int) -> list[JobFileRecord]:
    """Return what became of the files of a job.

    Raises:
        ArgumentError: If there is no such job.
    """
    with reading(desk.engine) as connection:
        if get_job(connection, job_id) is None:
            raise ArgumentError(f"There is no job {job_id}.")
        return list_files(connection, job_id)
