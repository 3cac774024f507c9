"""What all jobs share: a snapshot for whoever watches, a way to stop, a record in the desk."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
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
    way,
)
from invoice_desk.core.modes import MOST_WORKERS, Choice, Mode, choose_mode
from invoice_desk.core.records import JobRecord
from invoice_desk.db.audit import audit
from invoice_desk.db.bulk import BulkWriter, InProcessWriter
from invoice_desk.db.claims import claim_sources, release_sources
from invoice_desk.db.engine import Connection, writing
from invoice_desk.db.jobs import DonePart, add_job, done_parts, get_state, job_update, move_job
from invoice_desk.errors import CancelledError, ClusterError, StorageError
from invoice_desk.services.desk import Desk
from invoice_desk.services.metering import Meter, this_machine
from invoice_desk.services.ownership import this_process
from invoice_desk.services.pulse import Pulse
from invoice_desk.services.snapshots import Pace, Snapshot
from invoice_desk.workers.contract import (
    Failure,
    P,
    R,
    Success,
    Task,
    WorkerPool,
)
from invoice_desk.workers.executors import WarmPool, default_workers
from invoice_desk.workers.runner import JobRunner
from invoice_desk.workers.threads import ThreadPool

__all__ = ["JobSettings", "RunningJob", "Snapshot"]

log = logging.getLogger(__name__)

#: How often a job that waits for another one looks whether it may go on.
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class JobSettings:
    """How to work on one job; `workers` None is what the settings of the desk say.

    Attributes:
        ocr: Engine that is to read every page; None where there is no text only.
    """

    mode: Mode = Mode.AUTO
    workers: int | None = None
    ocr: str | None = None


class RunningJob(ABC):
    """Base of the jobs: it is made on any thread, run on one, watched and stopped from others.

    Args:
        desk: Where it works.
        title: What it is about.
        settings: How to work.
        record: The job as the desk has it, when it was recorded before: it waited its turn, or
            a crash interrupted it.
    """

    operation: str = ""

    def __init__(
        self, desk: Desk, title: str, settings: JobSettings, record: JobRecord | None = None
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._record = record
        self._begun = time.monotonic()
        self._job_id = record.id if record else 0
        self._owner = this_process()
        self._stop = threading.Event()
        self._paused = threading.Event()
        self._suspending = False
        #: Why the job could not go on, when that was not the disk.
        self._wrong: StorageError | ClusterError = StorageError()
        self._post: Callable[[Any], None] | None = None
        work = desk.settings
        stored = record.request.get("chunk_size") if record else None
        self._work = replace(
            work,
            max_workers=settings.workers or work.max_workers,
            chunk_size=stored or work.chunk_size,
        )
        if desk.pool is not None and desk.pool.ships:  # a cluster was named: it does the work
            # While a worker has one chunk in hand, its next one is on its way.
            most = min(2 * desk.pool.workers - 1, MOST_WORKERS)
            self._work = replace(self._work, max_workers=most)
            if settings.mode is Mode.AUTO:
                self._settings = replace(settings, mode=Mode.OPTIMIZED)
        self._choice = Choice(Mode.STANDARD, 1, "nothing to do")
        self._pool: WorkerPool = desk.pool or WarmPool(self._work.max_workers)
        self._writer: BulkWriter = desk.bulk
        self._meter = Meter(desk.path)
        self._pace = Pace()
        self._pulse: Pulse | None = None
        #: Parts that were stored before a crash.
        self._stored_parts: dict[str, DonePart] = {}
        self.snapshot = Snapshot(
            job_id=record.id if record else None, operation=self.operation, title=title
        )

    @property
    def job_id(self) -> int:
        """Return its number, 0 before it is recorded."""
        return self._job_id

    @property
    def begun(self) -> float:
        """Return the moment from which its seconds count, of the monotonic clock."""
        return self._begun

    def request(self) -> dict[str, Any]:
        """Return what to do as JSON values, so that any process can take the job up."""
        return {
            "mode": self._settings.mode.value,
            "workers": self._settings.workers,
            "ocr": self._settings.ocr,
            "chunk_size": self._work.chunk_size,
        }

    def enqueue(self, **values: Any) -> int:
        """Record the job without running it; return its number.

        Args:
            values: `priority`, `not_before`, `after_id`, `retry_of`.

        Raises:
            StorageError: If it cannot be recorded.
        """
        with writing(self._desk.engine) as connection:
            number = self._add(connection, **values)
        self._job_id = number  # once it is there for others to see
        self._show(job_id=number)
        return number

    @abstractmethod
    def run(self) -> object:
        """Do the work and return its result; each kind of job says what that is."""

    def cancel(self) -> None:
        """Stop soon; what is stored stays."""
        self._stop.set()
        if self._post is not None:
            self._post(CancelRequested())

    def suspend(self) -> None:
        """Stop soon and stay without an outcome, so that another process can take it up."""
        self._suspending = True
        self.cancel()

    def pause(self) -> None:
        """Start no further chunk until `resume`."""
        self._paused.set()
        self.snapshot = replace(self.snapshot, paused=True)
        if self._post is not None:
            self._post(PauseRequested())

    def resume(self) -> None:
        """Start chunks again."""
        self._paused.clear()
        self.snapshot = replace(self.snapshot, paused=False)
        if self._post is not None:
            self._post(ResumeRequested())

    def _check(self) -> None:
        if self._stop.is_set():
            raise CancelledError("Cancelled.")

    def _show(self, **changes: Any) -> None:
        """Replace the snapshot: one assignment, which readers on other threads see whole."""
        values = {name: getattr(self.snapshot, name) for name in Snapshot.__slots__}
        values |= changes
        seconds = values["seconds"] = time.monotonic() - self._begun
        if "step" in changes and changes["step"] != self.snapshot.step:
            self._meter.step(changes["step"])
            if self._pulse is not None:
                self._pulse.enter(changes["step"])
        self._meter.sample()
        self._pace.take(seconds, values["work_done"], values["rows"])
        values["rate"] = self._pace.rate
        values["left"] = self._pace.left(seconds, values["work_done"])
        values["memory"], values["cpu"] = self._meter.memory, self._meter.cpu
        values["paused"] = self._paused.is_set()
        self.snapshot = Snapshot(**values)

    def _add(self, connection: Connection, **values: Any) -> int:
        return add_job(
            connection,
            operation=self.operation,
            title=self.snapshot.title,
            now=self._desk.now(),
            request=self.request(),
            **values,
        )

    def _open(self) -> None:
        """Record the job as one that this process runs; find what a crash left of it."""
        self._begun, self._meter = time.monotonic(), Meter(self._desk.path)
        now = self._desk.now()
        ours = {"owner": self._owner, "started_at": now, "heartbeat_at": now}
        number = self._job_id
        with writing(self._desk.engine) as connection:
            if not number:
                number = self._add(connection, **ours)
            else:
                connection.execute(job_update(number, **ours))
                self._stored_parts = done_parts(connection, number)
        self._job_id = number
        self._pulse = Pulse(self._desk, self, self._job_id, watch=self._meter.sample)
        self._pulse.start()
        self._show(job_id=self._job_id)

    def _claim(self, source_ids: Collection[int]) -> None:
        """Wait until no other job works on these sources, and claim them.

        Raises:
            CancelledError: If it was cancelled meanwhile.
        """
        while True:
            with writing(self._desk.engine) as connection:
                others = claim_sources(connection, self._job_id, source_ids)
            if not others:
                break
            number = min(others.values())
            self._show(waiting_for=f"Waits for job {number}, which works on the same source.")
            self._wait_a_little()
        if self.snapshot.waiting_for:
            self._show(waiting_for="")

    def _wait_a_little(self) -> None:
        if self._stop.wait(_LOOK_SECONDS):
            self._check()

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

    def _choose_place(self) -> tuple[WorkerPool, bool]:
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
        return ThreadPool(1), True

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
        limit_of: Callable[[ChunkId], float],
    ) -> str | None:
        """Run a machine that is UploadComplete to its outcome.

        Returns why results could not be stored, None when all were.
        """
        try:
            pool, close = self._choose_place()
        except ClusterError as error:
            return self._went_wrong(error)
        self._show(mode=self._choice.mode.value, workers=self._choice.workers)
        runner: JobRunner[P, R] = JobRunner(
            pool,
            task,
            payload_of=payload_of,
            store=store,
            failed=failed,
            notify=notify,
            close=close,
            limit_of=limit_of,
            kill=pool.kill,
            is_sick=lambda: pool.is_sick,
        )
        self._post = runner.post
        if self._stop.is_set():
            machine.handle(CancelRequested())
            return None
        if self._paused.is_set():
            machine.handle(PauseRequested())
        self._move(JobState.IN_PROGRESS)
        runner.run(machine)
        try:
            self._writer.flush()
        except StorageError as error:
            return self._went_wrong(runner.storage_error or error)
        return self._went_wrong(runner.storage_error) if runner.storage_error else None

    def _went_wrong(self, error: StorageError | ClusterError) -> str:
        """Remember why the job could not go on; return the sentence."""
        self._wrong = error
        return str(error)

    def _move(self, state: JobState, **values: Any) -> None:
        """Bring the record of this job to `state`, by way of the states between.

        Raises:
            JobStateError: If that is not legal from where it is, or another process runs it.
        """
        with writing(self._desk.engine) as connection:
            states = way(get_state(connection, self._job_id), state)
            move_job(connection, self._job_id, *states, owner=self._owner, **values)

    def _lies_down(self, state: JobState) -> bool:
        """Return whether the job ends without an outcome, to be taken up again."""
        return self._suspending and state is JobState.ABORTED

    def _lay_down(self) -> None:
        """Give the job free as it is."""
        if self._pulse is not None:
            self._pulse.stop()
        with writing(self._desk.engine) as connection:
            connection.execute(job_update(self._job_id, owner=None, wish=None))
        self._show(waiting_for="Goes on at the next start.")

    def _close_books(self, state: JobState, error: str | None, **values: Any) -> None:
        """Record the outcome; when the disk is what broke, that may fail once more."""
        if self._lies_down(state):
            self._lay_down()
            return
        if self._pulse is not None:
            self._pulse.stop()
        try:
            self._record_outcome(state, error=error, **values)
        except StorageError:
            if error is None:
                raise
            log.exception("the outcome of job %s cannot be stored", self._job_id)
        self._show(state=state, step="done", work_done=1.0, waiting_for="")

    def _record_outcome(self, state: JobState, **values: Any) -> None:
        now, pulse = self._desk.now(), self._pulse
        progress = self.snapshot.as_dict() | {"samples": pulse.samples if pulse else []}
        last = {"step": self.snapshot.step, "progress": progress, "waiting_for": None}
        self._move(state, ended_at=now, **last, **values)
        with writing(self._desk.engine) as connection:
            connection.execute(job_update(self._job_id, owner=None, wish=None))
            connection.execute(release_sources(self._job_id))
            for statement in pulse.unwritten_steps() if pulse else ():
                connection.execute(statement)
            audit(
                connection,
                actor=self._desk.person,
                action=f"{self.operation}:{state.value}",
                subject=f"job {self._job_id}",
                now=now,
                detail={k: v for k, v in values.items() if isinstance(v, int)},
            )
