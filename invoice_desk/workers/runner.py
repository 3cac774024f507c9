"""Carries out what `invoice_desk.core.jobs` decides."""

from __future__ import annotations

import logging
import math
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass
from typing import Generic

from invoice_desk.core.jobs import (
    HUNG,
    TERMINAL,
    ChunkDropped,
    ChunkFailed,
    ChunkId,
    ChunkSucceeded,
    DropPending,
    Event,
    Finish,
    Instruction,
    Job,
    JobBroke,
    JobState,
    Progress,
    RestChunk,
    RestEnded,
    Started,
    SubmitChunk,
    WorkerDied,
    WorkerHung,
)
from invoice_desk.errors import ClusterError, StorageError
from invoice_desk.workers.contract import (
    Chunk,
    ExecutorFactory,
    Failure,
    Outcome,
    P,
    R,
    Success,
    Task,
)

log = logging.getLogger(__name__)

#: How often the time limits of chunks are looked at, in seconds.
_LOOK_SECONDS = 0.5
#: How long an executor may take to notice that a worker is dead.
_MOST_SICK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Returned(Generic[R]):
    """A future is done; put into the inbox by whatever thread finished it."""

    chunk: ChunkId
    future: Future[Outcome[R]]


class JobRunner(Generic[P, R]):
    """Runs one job from start to end on the thread that calls `run`.

    Args:
        executor_factory: Makes the executor, and makes it again after a worker died.
        task: What a worker does with one chunk.
        payload_of: Gives a chunk's input at the moment it is handed out, so that the inputs
            of chunks that wait take no memory.
        store: Writes a chunk's result and returns the chunks that it turned out to need;
            called on `run`'s thread only, so the database has one writer.
        failed: Told the failure of a chunk that will not be tried again.
        notify: Told the progress after every event; it must return at once.
        close: Whether to shut the executor down at the end; a pool that is kept warm is not.
        limit_of: Gives the seconds after which a chunk counts as hanging, from its submission.
        kill: Ends the workers of the executor, whatever they do.
        is_sick: Tells whether a worker is dead and the executor has not noticed.
    """

    def __init__(
        self,
        executor_factory: ExecutorFactory,
        task: Task[P, R],
        *,
        payload_of: Callable[[ChunkId], P],
        store: Callable[[ChunkId, Success[R]], Sequence[ChunkId]],
        failed: Callable[[ChunkId, Failure], None],
        notify: Callable[[JobState, Progress], None],
        close: bool = True,
        limit_of: Callable[[ChunkId], float] = lambda _chunk: math.inf,
        kill: Callable[[], None] = lambda: None,
        is_sick: Callable[[], bool] = lambda: False,
    ) -> None:
        self._executor_factory = executor_factory
        self._task = task
        self._payload_of = payload_of
        self._store = store
        self._failed = failed
        self._notify = notify
        self._close = close
        self._limit_of = limit_of
        self._kill = kill
        self._is_sick = is_sick
        self._sick_since: float | None = None
        #: When each chunk at the executor is over its time limit, and each resting one rested.
        self._deadlines: dict[ChunkId, float] = {}
        self._rests: dict[ChunkId, float] = {}
        self._inbox: queue.SimpleQueue[Event | _Returned[R]] = queue.SimpleQueue()
        self._futures: dict[ChunkId, Future[Outcome[R]]] = {}
        self._failures: dict[ChunkId, Failure] = {}
        self._executor: Executor | None = None
        #: Why the job could not go on: results cannot be stored, or the cluster is gone.
        self.storage_error: StorageError | ClusterError | None = None

    def post(self, event: Event) -> None:
        """Send the running job an event; may be called from any thread."""
        self._inbox.put(event)

    def run(self, job: Job) -> JobState:
        """Run `job`, which is UploadComplete, until it is over."""
        try:
            self._step(job, Started())
            while job.state not in TERMINAL:
                for event in self._next_events():
                    self._step(job, event)
        finally:
            self._close_executor(broken=False)
        return job.state

    def _next_events(self) -> list[Event]:
        """Wait for news, or for a moment that was waited for."""
        try:
            received = self._inbox.get(timeout=self._patience())
        except queue.Empty:
            return self._due()
        event = self._digest(received) if isinstance(received, _Returned) else received
        return [*([] if event is None else [event]), *self._due()]

    def _patience(self) -> float | None:
        """Return how long to wait for news; None when nothing else can happen."""
        moments = [*self._rests.values(), *self._deadlines.values()]
        if not moments or min(moments) == math.inf:
            return None
        return min(_LOOK_SECONDS, max(0.0, min(moments) - time.monotonic()))

    def _due(self) -> list[Event]:
        now = time.monotonic()
        self._look_after_workers(now)
        rested = [chunk for chunk, moment in self._rests.items() if moment <= now]
        for chunk in rested:
            del self._rests[chunk]
        hung = frozenset(chunk for chunk, moment in self._deadlines.items() if moment <= now)
        ended: list[Event] = [RestEnded(chunk) for chunk in rested]
        return [*ended, self._end_hanging(hung)] if hung else ended

    def _look_after_workers(self, now: float) -> None:
        """End an executor with a dead worker that it does not notice; its futures break then."""
        if not self._futures or not self._is_sick():
            self._sick_since = None
        elif self._sick_since is None:
            self._sick_since = now
        elif now - self._sick_since > _MOST_SICK_SECONDS:
            log.info("a worker is dead, and the executor has not noticed")
            self._sick_since = None
            self._kill()

    def _end_hanging(self, hung: frozenset[ChunkId]) -> WorkerHung:
        """End all workers: which of them hangs is not known."""
        log.error("chunks %s are over their time limit", sorted(hung))
        lost = frozenset(self._futures) - hung
        self._futures.clear()
        self._deadlines.clear()
        self._kill()
        self._close_executor(broken=True)
        return WorkerHung(hung, lost)

    def _step(self, job: Job, event: Event) -> None:
        failed_before = len(job.failed)
        instructions = job.handle(event)
        if len(job.failed) > failed_before:
            self._report_failures(job)
        for instruction in instructions:
            self._carry_out(instruction)
        self._notify(job.state, job.progress)

    def _report_failures(self, job: Job) -> None:
        for chunk in list(job.failed)[-1:]:
            failure = self._failures.pop(chunk, None)
            failure = failure or _quarantined(job.failed[chunk])
            self._guarded(lambda c=chunk, f=failure: self._failed(c, f))  # type: ignore[misc]

    def _carry_out(self, instruction: Instruction) -> None:
        match instruction:
            case SubmitChunk(chunk):
                self._submit(chunk)
            case RestChunk(chunk, seconds):
                self._rests[chunk] = time.monotonic() + seconds
            case DropPending():
                for future in list(self._futures.values()):
                    future.cancel()
            case Finish(state):
                log.info("job finished: %s", state)

    def _submit(self, chunk: ChunkId) -> None:
        future: Future[Outcome[R]]
        try:
            if self._executor is None:
                self._executor = self._executor_factory()
            future = self._executor.submit(self._task, Chunk(chunk, self._payload_of(chunk)))
        except BrokenExecutor as error:  # it broke, and the news is still in the inbox
            future = Future()
            future.set_exception(error)
        except (StorageError, ClusterError) as error:
            self._broke(error)
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
        self._futures[chunk] = future
        self._deadlines[chunk] = time.monotonic() + self._limit_of(chunk)
        future.add_done_callback(lambda done: self._inbox.put(_Returned(chunk, done)))

    def _digest(self, returned: _Returned[R]) -> Event | None:
        """Turn a future into an event, and its result into the database."""
        chunk = returned.chunk
        if self._futures.get(chunk) is not returned.future:
            return None  # of a pool that died; `_bury` has told the job already
        try:
            outcome = returned.future.result()
        except CancelledError:
            self._forget(chunk)
            return ChunkDropped(chunk)
        except BrokenExecutor:
            return self._bury()
        except Exception as error:
            self._forget(chunk)
            log.exception("chunk %s: a task must not raise", chunk)
            outcome = Failure(repr(error), retryable=False)
            self._failures[chunk] = outcome
            return ChunkFailed(chunk, outcome.message, retryable=False)
        self._forget(chunk)
        return self._event_of(chunk, outcome)

    def _event_of(self, chunk: ChunkId, outcome: Outcome[R]) -> Event:
        if isinstance(outcome, Failure):
            self._failures[chunk] = outcome
            return ChunkFailed(chunk, outcome.message, retryable=outcome.retryable)
        try:
            follow_ups = tuple(self._store(chunk, outcome))
        except StorageError as error:
            self._broke(error)
            return ChunkFailed(chunk, str(error), retryable=True)
        return ChunkSucceeded(chunk, follow_ups)

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except StorageError as error:
            self._broke(error)

    def _broke(self, error: StorageError | ClusterError) -> None:
        """Have the job end as Failed: what cannot be stored need not be computed."""
        self.storage_error = self.storage_error or error
        self._inbox.put(JobBroke(str(error)))

    def _bury(self) -> WorkerDied:
        """Give up the broken executor, and every chunk that it had not finished."""
        lost = frozenset(chunk for chunk, future in self._futures.items() if _is_lost(future))
        for chunk in lost:
            self._forget(chunk)
        self._close_executor(broken=True)
        return WorkerDied(lost)

    def _forget(self, chunk: ChunkId) -> None:
        del self._futures[chunk]
        self._deadlines.pop(chunk, None)

    def _close_executor(self, *, broken: bool) -> None:
        if self._executor is not None and (broken or self._close):
            self._executor.shutdown(wait=not broken)
        self._executor = None


def _quarantined(reason: str) -> Failure:
    """Return the failure of a chunk that brought its worker down, or hung, all alone."""
    advice = "It was tried alone and set aside. Check the file in the program that made it, or "
    advice += "send it to us."
    code = "too_slow" if reason == HUNG else "worker_died"
    return Failure(f"It cannot be worked on: {reason}.", retryable=False, code=code, advice=advice)


def _is_lost(future: Future[Outcome[R]]) -> bool:
    """Return whether a broken executor owes us this result; cancelled ones it does not."""
    if future.cancelled():
        return False
    return not future.done() or future.exception() is not None
