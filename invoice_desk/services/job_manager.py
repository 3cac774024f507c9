"""Running what waits: which job may begin, which a crash left, and what the others wait for."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import psutil

from invoice_desk.core.jobs import TERMINAL, JobState
from invoice_desk.core.modes import WORKER_BYTES
from invoice_desk.core.records import JobRecord
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.jobs import get_job, job_update, take_job, unfinished_jobs
from invoice_desk.errors import InvoiceDeskError, StorageError
from invoice_desk.services.desk import Desk
from invoice_desk.services.job_control import abandon, is_running
from invoice_desk.services.job_factory import make_job
from invoice_desk.services.jobs import RunningJob
from invoice_desk.services.ownership import this_process

log = logging.getLogger(__name__)

#: How often a job may be taken up after a crash; one that brings the program down is left then.
MOST_TAKE_UPS = 3
_LOOK_SECONDS = 0.5
_BEHIND = "Waits its turn."
#: Bytes that a job takes at least, whatever it does.
_LEAST_MEMORY = WORKER_BYTES


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that ended in this process.

    Attributes:
        result: What its `run` returned; None when it raised.
        error: What it raised.
    """

    job: RunningJob
    result: object | None
    error: Exception | None


class JobManager:
    """Runs the jobs of a desk one after the other, on one thread of its own.

    What waits stands in the desk, so that nothing is lost with the program, and several programs
    on one desk share the work: each takes a job in one statement that only one can win.

    Args:
        desk: The desk.
        start: Runs a function on another thread; by default a new one.
        memory: Gives the bytes of memory that are free.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        start: Callable[[Callable[[], None]], object] | None = None,
        memory: Callable[[], int] = lambda: int(psutil.virtual_memory().available),
    ) -> None:
        self._desk = desk
        self._start = start or _start_thread
        self._memory = memory
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._lock = threading.Lock()
        self._recording = threading.Lock()
        self._given: list[tuple[RunningJob, dict[str, Any]]] = []
        self._is_working = False
        #: Jobs that were recorded here and wait, by number.
        self._fresh: dict[int, RunningJob] = {}
        #: The job that runs here now.
        self.current: RunningJob | None = None
        #: Jobs that ended here, for whoever watches to take out.
        self.ended: deque[Ended] = deque()

    def begin(self) -> None:
        """Start looking for jobs; a crash may have left some."""
        with self._lock:
            if self._is_working:
                return
            self._is_working = True
        self._idle.clear()
        self._start(self._work)

    def add(self, job: RunningJob, **values: Any) -> None:
        """Have a job recorded and run when its turn comes; never waits for the disk."""
        with self._lock:
            self._given.append((job, values))
        self._wake.set()

    def record(self) -> None:
        """Record what was given, so that it is not lost; any thread may, while a job runs."""
        with self._recording:
            self._record_given()

    def look(self) -> None:
        """Look at once what may run now."""
        self._wake.set()

    @property
    def is_busy(self) -> bool:
        """Return whether a job runs here or has yet to be recorded."""
        with self._lock:
            return self.current is not None or bool(self._given)

    def job(self, job_id: int) -> RunningJob | None:
        """Return the job with this number, if it runs here."""
        current = self.current
        return current if current is not None and current.job_id == job_id else None

    def close(self) -> None:
        """Stop; a job that runs is laid down where it is, and the next start takes it up."""
        self._closing.set()
        current = self.current
        if current is not None:
            current.suspend()
        self._wake.set()
        self._idle.wait()

    def run_until_idle(self, *, only_interrupted: bool = False) -> list[Ended]:
        """Run on this thread what may run now, until nothing may; return what ended.

        Args:
            only_interrupted: Leave alone what merely waits its turn.
        """
        ended: list[Ended] = []
        while (taken := self._next(only_interrupted=only_interrupted)) is not None:
            ended.append(self._run(taken))
        return ended

    # --- the thread -----------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while not self._closing.is_set():
                taken = self._next_safely()
                if taken is None:
                    self._wake.wait(_LOOK_SECONDS)
                    self._wake.clear()
                else:
                    self.ended.append(self._run(taken))
        finally:
            with self._lock:
                self._is_working = False
            self._idle.set()

    def _next_safely(self) -> RunningJob | None:
        try:
            return self._next()
        except StorageError as error:
            log.warning("the queue cannot be read: %s", error)
            return None

    def _run(self, job: RunningJob) -> Ended:
        try:
            return Ended(job, job.run(), None)
        except Exception as error:
            log.exception("job %s", job.job_id)
            self._give_up(job, error)
            return Ended(job, None, error)
        finally:
            self.current = None

    def _give_up(self, job: RunningJob, error: Exception) -> None:
        """Let go of a job that raised; it is not tried again by itself."""
        try:
            with reading(self._desk.engine) as connection:
                record = get_job(connection, job.job_id)
            if record is not None and record.state not in TERMINAL:
                abandon(self._desk, record, state=JobState.FAILED, error=str(error))
        except InvoiceDeskError:
            log.exception("job %s cannot be closed", job.job_id)

    # --- choosing -------------------------------------------------------------------------

    def _next(self, *, only_interrupted: bool = False) -> RunningJob | None:
        """Record what was given, and take the first job that may run."""
        with self._recording:  # else a job could be read before `_fresh` knows it
            self._record_given()
            fresh = set(self._fresh)
            with reading(self._desk.engine) as connection:
                waiting = unfinished_jobs(connection)
        by_id = {record.id: record for record in waiting}
        for job_id in fresh - by_id.keys():  # cancelled, or done by another program
            self.ended.append(Ended(self._fresh.pop(job_id), None, None))
        taken: RunningJob | None = None
        reasons: dict[int, str] = {}
        for record in waiting:
            if self._closing.is_set() or (only_interrupted and record.owner is None):
                continue
            if record.owner is not None and is_running(self._desk, record):
                continue
            why = self._obstacle(record, by_id)
            if why is None and taken is None:
                taken = self._take(record)
            elif record.waiting_for != (why or _BEHIND):
                reasons[record.id] = why or _BEHIND
        self._tell(reasons)
        return taken

    def _record_given(self) -> None:
        while True:
            with self._lock:
                if not self._given:
                    return
                job, values = self._given[0]
            self._fresh[job.enqueue(**values)] = job
            with self._lock:
                self._given.pop(0)

    def _obstacle(self, record: JobRecord, waiting: dict[int, JobRecord]) -> str | None:
        """Return why a job may not run yet."""
        if record.wish == "pause":
            return "Paused."
        if record.not_before is not None and record.not_before > self._desk.now():
            return f"Waits for {_local(record.not_before)}."
        if record.after_id is not None and (why := self._not_after(record.after_id, waiting)):
            return why
        free = self._memory()
        if free < _LEAST_MEMORY:
            return f"Waits for memory: {free >> 20} MB are free, {_LEAST_MEMORY >> 20} are needed."
        return None

    def _not_after(self, other: int, waiting: dict[int, JobRecord]) -> str | None:
        if other in waiting:
            return f"Waits for job {other}."
        with reading(self._desk.engine) as connection:
            before = get_job(connection, other)
        if before is None or before.state is JobState.JOB_COMPLETE:
            return None
        state = before.state.label
        return f"Waits for job {other}, which is {state}; let it run without, or cancel it."

    def _tell(self, reasons: dict[int, str]) -> None:
        """Write what jobs wait for."""
        if reasons:
            with writing(self._desk.engine) as connection:
                for job_id, why in reasons.items():
                    connection.execute(job_update(job_id, waiting_for=why))

    def _take(self, record: JobRecord) -> RunningJob | None:
        """Take a job, unless somebody else did; one that brings the program down is left."""
        take_ups = int(record.request.get("take_ups", 0)) + (record.owner is not None)
        with writing(self._desk.engine) as connection:
            now = self._desk.now()
            if not take_job(connection, record, owner=this_process(), now=now):
                return None
            request = record.request | {"take_ups": take_ups}
            connection.execute(job_update(record.id, request=request))
        record = replace(record, owner=this_process(), request=request)
        if take_ups > MOST_TAKE_UPS:
            self._leave(record)
            return None
        job = self._fresh.pop(record.id, None) or make_job(self._desk, record)
        self.current = job
        return job

    def _leave(self, record: JobRecord) -> None:
        sentence = f"The program ended {MOST_TAKE_UPS} times while this job was running."
        abandon(self._desk, record, state=JobState.FAILED, error=sentence)


def _local(moment: dt.datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _start_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="jobs", daemon=True).start()
