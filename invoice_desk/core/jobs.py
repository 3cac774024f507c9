"""The life of one job, as a pure state machine.

`Job.handle` takes an event and answers with instructions; it reads no clock, starts no
thread and touches no database.  `invoice_desk.workers.runner` carries the instructions out
and reports back with more events.  States and legal transitions are those of Salesforce's
Bulk API 2.0: Open → UploadComplete → InProgress → JobComplete | Failed, and Aborted from the
first three.  A pause is a flag beside the state, not a state.

A chunk that fails for a reason that may pass rests before it is tried again.  A dead or hanging
worker blames nobody at once: what it may have been working on is tried alone, and only what dies
or hangs alone is failed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, assert_never

JobId = NewType("JobId", int)
ChunkId = NewType("ChunkId", int)


class JobState(StrEnum):
    """Where a job is; the values are what the database stores."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"  # processed, even if chunks failed
    FAILED = "Failed"  # could not finish
    ABORTED = "Aborted"  # stopped by a person

    @property
    def label(self) -> str:
        """Return what people call it: In Progress."""
        return "".join(f" {c}" if c.isupper() and i else c for i, c in enumerate(self.value))


TERMINAL = frozenset({JobState.JOB_COMPLETE, JobState.FAILED, JobState.ABORTED})

#: State → the states that may come next; outcomes are final.
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.OPEN: frozenset({JobState.UPLOAD_COMPLETE, JobState.ABORTED}),
    JobState.UPLOAD_COMPLETE: frozenset({JobState.IN_PROGRESS, JobState.ABORTED}),
    JobState.IN_PROGRESS: TERMINAL,
    **dict.fromkeys(TERMINAL, frozenset()),
}


def way(before: JobState, after: JobState) -> list[JobState]:
    """Return the legal steps from one state to another, the last one being `after`.

    A job that has nothing to wait for passes through the states between in one go.

    >>> way(JobState.OPEN, JobState.FAILED)[0].value
    'UploadComplete'
    """
    if before is after:
        return []
    if after in TRANSITIONS[before] or before in TERMINAL:
        return [after]
    following = TRANSITIONS[before] - TERMINAL
    return [state for step in following for state in (step, *way(step, after))] or [after]


# --- events: what happened ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChunksAdded:
    """More work was found; legal while the job is Open."""

    chunks: tuple[ChunkId, ...]


@dataclass(frozen=True, slots=True)
class UploadCompleted:
    """Everything the job is about is kept; nothing more will be added from outside."""


@dataclass(frozen=True, slots=True)
class Started:
    """The queue let the job begin."""


@dataclass(frozen=True, slots=True)
class PauseRequested:
    """No new chunk may start until `ResumeRequested`."""


@dataclass(frozen=True, slots=True)
class ResumeRequested:
    """Chunks may start again."""


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Stop as soon as the chunks that already run are done."""


@dataclass(frozen=True, slots=True)
class ChunkSucceeded:
    """A chunk came back and is stored; `follow_ups` are chunks that it turned out to need."""

    chunk: ChunkId
    follow_ups: tuple[ChunkId, ...] = ()


@dataclass(frozen=True, slots=True)
class ChunkFailed:
    """A chunk came back with a failure instead of rows."""

    chunk: ChunkId
    reason: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class ChunkDropped:
    """A chunk was called back before it ran."""

    chunk: ChunkId


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """A worker process died, and took these chunks with it."""

    lost: frozenset[ChunkId]


@dataclass(frozen=True, slots=True)
class WorkerHung:
    """Chunks took far longer than they should, and their workers were ended.

    Attributes:
        hung: Chunks over their time limit.
        lost: Chunks that were at the executor beside them.
    """

    hung: frozenset[ChunkId]
    lost: frozenset[ChunkId] = frozenset()


@dataclass(frozen=True, slots=True)
class RestEnded:
    """The pause before another attempt is over."""

    chunk: ChunkId


@dataclass(frozen=True, slots=True)
class JobBroke:
    """Results can no longer be stored (disk full, say); nothing more makes sense."""

    reason: str


ExecutorEvent = ChunkSucceeded | ChunkFailed | ChunkDropped | WorkerDied | WorkerHung | RestEnded
Event = (
    ChunksAdded
    | UploadCompleted
    | Started
    | PauseRequested
    | ResumeRequested
    | CancelRequested
    | JobBroke
    | ExecutorEvent
)


#: Why a chunk failed that was tried alone.
DIED = "its worker process died"
HUNG = "it took far too long and was ended"


# --- instructions: what to do about it ------------------------------------------------


@dataclass(frozen=True, slots=True)
class SubmitChunk:
    """Hand this chunk to the executor."""

    chunk: ChunkId
    attempt: int


@dataclass(frozen=True, slots=True)
class RestChunk:
    """Report `RestEnded` after these seconds."""

    chunk: ChunkId
    seconds: float


@dataclass(frozen=True, slots=True)
class DropPending:
    """Call back every chunk that the executor has not started."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing more will happen; record the outcome."""

    state: JobState


Instruction = SubmitChunk | RestChunk | DropPending | Finish

#: Seconds before the second attempt; each further one waits four times as long.
FIRST_REST = 0.5


class InvalidTransitionError(Exception):
    """An event arrived that this state has no answer for."""

    def __init__(self, state: JobState, event: Event, story: Iterable[str]) -> None:
        super().__init__(state, event, tuple(story))

    def __str__(self) -> str:
        state, event, story = self.args
        return "\n  ".join([f"{event} while {state}; so far:", *story])


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, in chunks; a snapshot that may cross threads."""

    done: int
    failed: int
    total: int

    @property
    def fraction(self) -> float:
        """Return the finished share, 1.0 for an empty job."""
        return (self.done + self.failed) / self.total if self.total else 1.0


@dataclass(slots=True)
class Job:
    """The state of one job; change it through `handle` only."""

    #: Chunks that may be at the executor at once; bounds memory, and what a cancel waits for.
    window: int
    max_attempts: int = 3
    #: Tells chunks that need something scarce, a GPU say, and how many of them may run at once.
    is_scarce: Callable[[ChunkId], bool] = lambda _chunk: False
    scarce_window: int = 1
    state: JobState = JobState.OPEN
    paused: bool = False
    #: Set by a cancel or a break; the outcome that waits for the chunks which still run.
    stopping: JobState | None = None
    #: Chunks not handed out yet, with the attempt they would be.
    pending: deque[tuple[ChunkId, int]] = field(default_factory=deque)
    #: Chunks at the executor, with the attempt they are.
    running: dict[ChunkId, int] = field(default_factory=dict)
    #: Chunks that were running when a worker died; each is tried again with no other beside it.
    suspects: deque[tuple[ChunkId, int]] = field(default_factory=deque)
    #: Chunks that failed for a reason that may pass, with the attempt they would be.
    resting: dict[ChunkId, int] = field(default_factory=dict)
    #: The suspect that is at the executor now.
    on_trial: ChunkId | None = None
    succeeded: set[ChunkId] = field(default_factory=set)
    failed: dict[ChunkId, str] = field(default_factory=dict)
    #: Chunks that were never processed because the job stopped before.
    unprocessed: set[ChunkId] = field(default_factory=set)
    #: The last transitions, for logs and for `InvalidTransitionError`.
    story: deque[str] = field(default_factory=lambda: deque(maxlen=200))

    @property
    def total(self) -> int:
        """Return how many chunks the job has, whatever became of them."""
        waiting = len(self.pending) + len(self.suspects) + len(self.resting) + len(self.running)
        return waiting + len(self.succeeded) + len(self.failed) + len(self.unprocessed)

    @property
    def progress(self) -> Progress:
        """Return a snapshot for the user interface."""
        return Progress(len(self.succeeded), len(self.failed), self.total)

    def handle(self, event: Event) -> list[Instruction]:
        """Take `event` in; return what has to be done now.

        Raises:
            InvalidTransitionError: If the event is not legal in this state; with the story.
        """
        before = self.state
        instructions = self._answer(event)
        self.story.append(f"{before} --{event}--> {self.state} {instructions}")
        return instructions

    def _answer(self, event: Event) -> list[Instruction]:
        if not self._is_legal(event):
            raise InvalidTransitionError(self.state, event, self.story)
        match event:
            case ChunksAdded(chunks):
                self.pending.extend((chunk, 1) for chunk in chunks)
            case UploadCompleted():
                self.state = JobState.UPLOAD_COMPLETE
            case Started():
                self.state = JobState.IN_PROGRESS
            case PauseRequested() | ResumeRequested():
                self.paused = isinstance(event, PauseRequested)
            case CancelRequested():
                return self._stop(JobState.ABORTED)
            case JobBroke():
                return self._break()
            case _:
                return [*self._take_back(event), *self._go_on()]
        return self._go_on()

    def _take_back(self, event: ExecutorEvent) -> list[Instruction]:
        """Take in what became of chunks at the executor."""
        match event:
            case ChunkFailed(chunk, reason, retryable):
                return self._fail(chunk, reason, retryable=retryable)
            case ChunkSucceeded() | ChunkDropped():
                self._settle(event)
            case WorkerDied(lost):
                self._suspect(lost, DIED)
            case WorkerHung(hung, lost):
                self._suspect(hung, HUNG)
                self._hand_out_again(lost)
            case RestEnded(chunk):
                if chunk in self.resting:
                    self.pending.append((chunk, self.resting.pop(chunk)))
            case _:
                assert_never(event)
        return []

    def _go_on(self) -> list[Instruction]:
        return [*self._fill_window(), *self._finish_if_idle()]

    def _is_legal(self, event: Event) -> bool:
        match event:
            case ChunksAdded() | UploadCompleted():
                return self.state is JobState.OPEN
            case Started():
                return self.state is JobState.UPLOAD_COMPLETE
            case ChunkSucceeded(chunk) | ChunkFailed(chunk) | ChunkDropped(chunk):
                return chunk in self.running
            case WorkerDied(lost):
                return lost <= self.running.keys()
            case WorkerHung(hung, lost):
                return not hung & lost and hung | lost <= self.running.keys()
            case _:
                return True  # a person, or the disk, may come a moment too late

    def _break(self) -> list[Instruction]:
        """Fail; a job that breaks before it began passes through the states between."""
        if self.state not in TERMINAL and self.stopping is None:
            self.state = JobState.IN_PROGRESS
        return self._stop(JobState.FAILED)

    def _stop(self, outcome: JobState) -> list[Instruction]:
        if self.state in TERMINAL or self.stopping is not None:
            return []
        self.stopping = outcome
        self.unprocessed.update(chunk for chunk, _ in (*self.pending, *self.suspects))
        self.unprocessed.update(self.resting)
        self.pending.clear()
        self.suspects.clear()
        self.resting.clear()
        return [DropPending(), *self._finish_if_idle()]

    def _settle(self, event: ChunkSucceeded | ChunkDropped) -> None:
        self.running.pop(event.chunk)
        match event:
            case ChunkSucceeded(chunk, follow_ups):
                self.succeeded.add(chunk)
                if self.stopping is not None:
                    self.unprocessed.update(follow_ups)
                else:  # before what else waits, so that a source is finished soon
                    self.pending.extendleft((c, 1) for c in reversed(follow_ups))
            case ChunkDropped(chunk):
                self.unprocessed.add(chunk)

    def _fail(self, chunk: ChunkId, reason: str, *, retryable: bool) -> list[Instruction]:
        attempt = self.running.pop(chunk)
        if self.stopping is not None:
            self.unprocessed.add(chunk)
        elif retryable and attempt < self.max_attempts:
            self.resting[chunk] = attempt + 1
            return [RestChunk(chunk, FIRST_REST * 4 ** (attempt - 1))]
        else:
            self.failed[chunk] = reason
        return []

    def _suspect(self, lost: frozenset[ChunkId], reason: str) -> None:
        """Clear the innocent: only a chunk on trial, with no other beside it, is to blame."""
        for chunk in sorted(lost):
            attempt = self.running.pop(chunk)
            if self.stopping is not None:
                self.unprocessed.add(chunk)
            elif chunk == self.on_trial:
                self.failed[chunk] = reason
            else:
                self.suspects.append((chunk, attempt))

    def _hand_out_again(self, lost: frozenset[ChunkId]) -> None:
        """Put chunks whose worker was ended because of others back in front."""
        for chunk in sorted(lost, reverse=True):
            attempt = self.running.pop(chunk)
            if self.stopping is not None:
                self.unprocessed.add(chunk)
            else:
                self.pending.appendleft((chunk, attempt))

    def _fill_window(self) -> list[Instruction]:
        submits: list[Instruction] = []
        while self._may_submit() and (taken := self._next_chunk()) is not None:
            chunk, attempt = taken
            self.running[chunk] = attempt
            submits.append(SubmitChunk(chunk, attempt))
        return submits

    def _may_submit(self) -> bool:
        return self.state is JobState.IN_PROGRESS and not self.paused and self.stopping is None

    def _next_chunk(self) -> tuple[ChunkId, int] | None:
        """Return the chunk that may go to the executor now, and which attempt that is."""
        if self.suspects:
            if self.running:
                return None
            self.on_trial = self.suspects[0][0]
            return self.suspects.popleft()
        if len(self.running) >= self.window or self.on_trial in self.running:
            return None
        place = self._first_that_fits()
        if place is None:
            return None
        taken = self.pending[place]
        del self.pending[place]
        self.on_trial = None
        return taken

    def _first_that_fits(self) -> int | None:
        """Return where in `pending` the first chunk is for which there is room."""
        if not self.pending:
            return None
        if sum(map(self.is_scarce, self.running)) < self.scarce_window:
            return 0
        fitting = (i for i, (chunk, _) in enumerate(self.pending) if not self.is_scarce(chunk))
        return next(fitting, None)

    def _finish_if_idle(self) -> list[Instruction]:
        waiting = self.pending or self.suspects or self.resting or self.running
        if waiting or self.state in TERMINAL:
            return []
        if self.stopping is None and self.state is not JobState.IN_PROGRESS:
            return []
        self.state = self.stopping or JobState.JOB_COMPLETE
        return [Finish(self.state)]

    def validate(self) -> None:
        """Assert what must always hold; tests call it after every event."""
        running = set(self.running)
        pending = {chunk for chunk, _ in (*self.pending, *self.suspects)} | set(self.resting)
        groups = [running, pending, self.succeeded, set(self.failed), self.unprocessed]
        assert self.total == len(set().union(*groups)), "a chunk is in two places"
        assert len(self.running) <= self.window, "the window is overfull"
        scarce = sum(map(self.is_scarce, running))
        assert scarce <= self.scarce_window, "too many chunks that need something scarce"
        assert self.on_trial not in running or len(running) == 1, "a suspect has company"
        assert not (self.state in TERMINAL and (running or pending)), "finished with work left"
        assert not (self.stopping and pending), "stopping, yet pending"
        assert self.state is not JobState.JOB_COMPLETE or not self.unprocessed, "left some out"
