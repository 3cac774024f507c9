"""The job machine keeps its invariants under any order of events."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from invoice_desk.core.jobs import (
    TERMINAL,
    TRANSITIONS,
    CancelRequested,
    ChunkDropped,
    ChunkFailed,
    ChunkId,
    ChunksAdded,
    ChunkSucceeded,
    DropPending,
    Event,
    Finish,
    InvalidTransitionError,
    Job,
    JobBroke,
    JobState,
    PauseRequested,
    RestChunk,
    RestEnded,
    ResumeRequested,
    Started,
    SubmitChunk,
    UploadCompleted,
    WorkerDied,
    WorkerHung,
)


def ids(*numbers: int) -> tuple[ChunkId, ...]:
    return tuple(ChunkId(n) for n in numbers)


def ready(count: int, *, window: int = 2) -> Job:
    job = Job(window=window)
    job.handle(ChunksAdded(ids(*range(count))))
    job.handle(UploadCompleted())
    return job


def test_a_job_goes_from_open_to_complete() -> None:
    job = ready(1)
    states = [JobState.OPEN, job.state]
    job.handle(Started())
    states.append(job.state)
    job.handle(ChunkSucceeded(ChunkId(0)))

    assert [*states, job.state] == ["Open", "UploadComplete", "InProgress", "JobComplete"]


def test_a_job_submits_no_more_than_its_window() -> None:
    assert ready(3).handle(Started()) == [SubmitChunk(ChunkId(0), 1), SubmitChunk(ChunkId(1), 1)]


def test_an_empty_job_completes_at_once() -> None:
    assert ready(0).handle(Started()) == [Finish(JobState.JOB_COMPLETE)]


def test_a_job_with_failed_chunks_is_complete_all_the_same() -> None:
    job = ready(2)
    job.handle(Started())
    job.handle(ChunkSucceeded(ChunkId(0)))

    assert job.handle(ChunkFailed(ChunkId(1), "unreadable", retryable=False)) == [
        Finish(JobState.JOB_COMPLETE)
    ]
    assert job.failed == {1: "unreadable"}


def test_follow_ups_come_before_what_else_waits() -> None:
    job = ready(2, window=1)
    job.handle(Started())

    assert job.handle(ChunkSucceeded(ChunkId(0), ids(5, 6))) == [SubmitChunk(ChunkId(5), 1)]


def test_a_retryable_chunk_is_tried_three_times_and_rests_longer_each_time() -> None:
    job = ready(1)
    job.handle(Started())

    for attempt, seconds in ((2, 0.5), (3, 2.0)):
        failed = ChunkFailed(ChunkId(0), "locked", retryable=True)
        assert job.handle(failed) == [RestChunk(ChunkId(0), seconds)]
        assert job.handle(RestEnded(ChunkId(0))) == [SubmitChunk(ChunkId(0), attempt)]
    assert job.handle(ChunkFailed(ChunkId(0), "locked", retryable=True)) == [
        Finish(JobState.JOB_COMPLETE)
    ]


def test_the_others_go_on_while_a_chunk_rests() -> None:
    job = ready(3, window=1)
    job.handle(Started())

    assert job.handle(ChunkFailed(ChunkId(0), "locked", retryable=True)) == [
        RestChunk(ChunkId(0), 0.5),
        SubmitChunk(ChunkId(1), 1),
    ]


def test_a_chunk_that_rests_when_the_job_is_cancelled_is_unprocessed() -> None:
    job = ready(1)
    job.handle(Started())
    job.handle(ChunkFailed(ChunkId(0), "locked", retryable=True))

    assert job.handle(CancelRequested()) == [DropPending(), Finish(JobState.ABORTED)]
    assert job.handle(RestEnded(ChunkId(0))) == []
    assert job.unprocessed == {0}


def test_cancel_waits_for_what_runs_and_counts_the_rest_as_unprocessed() -> None:
    job = ready(3, window=1)
    job.handle(Started())

    assert job.handle(CancelRequested()) == [DropPending()]
    assert job.handle(ChunkSucceeded(ChunkId(0))) == [Finish(JobState.ABORTED)]
    assert job.unprocessed == {1, 2}


def test_an_open_job_can_be_aborted() -> None:
    assert Job(window=1).handle(CancelRequested()) == [DropPending(), Finish(JobState.ABORTED)]


def test_a_job_whose_results_cannot_be_stored_fails() -> None:
    job = ready(2, window=1)
    job.handle(Started())
    job.handle(JobBroke("disk full"))

    job.handle(ChunkFailed(ChunkId(0), "disk full", retryable=True))

    assert job.state is JobState.FAILED
    assert job.unprocessed == {0, 1}


def test_a_paused_job_starts_nothing() -> None:
    job = ready(2, window=1)
    job.handle(Started())
    job.handle(PauseRequested())

    assert job.handle(ChunkSucceeded(ChunkId(0))) == []
    assert job.handle(ResumeRequested()) == [SubmitChunk(ChunkId(1), 1)]


def test_only_a_chunk_on_trial_is_blamed_for_a_dead_worker() -> None:
    job = ready(3)
    job.handle(Started())

    assert job.handle(WorkerDied(frozenset(ids(0, 1)))) == [SubmitChunk(ChunkId(0), 1)]
    assert job.handle(ChunkSucceeded(ChunkId(0))) == [SubmitChunk(ChunkId(1), 1)]
    assert job.handle(WorkerDied(frozenset(ids(1)))) == [SubmitChunk(ChunkId(2), 1)]
    assert job.handle(ChunkSucceeded(ChunkId(2))) == [Finish(JobState.JOB_COMPLETE)]
    assert job.failed == {1: "its worker process died"}


def test_a_chunk_that_hangs_is_tried_alone_and_only_then_blamed() -> None:
    job = ready(3)
    job.handle(Started())

    hung = WorkerHung(frozenset(ids(0)), lost=frozenset(ids(1)))
    assert job.handle(hung) == [SubmitChunk(ChunkId(0), 1)]
    assert job.handle(WorkerHung(frozenset(ids(0)))) == [
        SubmitChunk(ChunkId(1), 1),
        SubmitChunk(ChunkId(2), 1),
    ]
    assert job.failed == {0: "it took far too long and was ended"}


def test_a_job_that_breaks_before_it_began_fails_all_the_same() -> None:
    job = ready(2)

    assert job.handle(JobBroke("disk full")) == [DropPending(), Finish(JobState.FAILED)]
    assert job.unprocessed == {0, 1}


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (JobState.OPEN, Started()),
        (JobState.UPLOAD_COMPLETE, UploadCompleted()),
        (JobState.IN_PROGRESS, ChunksAdded(ids(9))),
        (JobState.IN_PROGRESS, Started()),
        (JobState.JOB_COMPLETE, Started()),
        (JobState.FAILED, UploadCompleted()),
        (JobState.ABORTED, ChunkSucceeded(ChunkId(0))),
    ],
)
def test_every_other_transition_is_refused_with_the_story(state: JobState, event: Event) -> None:
    job = Job(window=1, state=state)

    with pytest.raises(InvalidTransitionError, match="so far"):
        job.handle(event)


def test_only_so_many_chunks_that_need_a_gpu_run_at_once() -> None:
    job = Job(window=3, is_scarce=lambda chunk: chunk < 3)
    job.handle(ChunksAdded(ids(0, 1, 2, 3, 4)))
    job.handle(UploadCompleted())

    assert job.handle(Started()) == [SubmitChunk(ChunkId(n), 1) for n in (0, 3, 4)]
    assert job.handle(ChunkSucceeded(ChunkId(3))) == []
    assert job.handle(ChunkSucceeded(ChunkId(0))) == [SubmitChunk(ChunkId(1), 1)]


def test_the_table_of_transitions_is_that_of_bulk_api() -> None:
    legal = {(before, after) for before, afters in TRANSITIONS.items() for after in afters}

    assert legal == {
        ("Open", "UploadComplete"),
        ("Open", "Aborted"),
        ("UploadComplete", "InProgress"),
        ("UploadComplete", "Aborted"),
        ("InProgress", "JobComplete"),
        ("InProgress", "Failed"),
        ("InProgress", "Aborted"),
    }


class JobMachine(RuleBasedStateMachine):
    """Drive a job with any legal events; it must stay valid and be able to finish."""

    def __init__(self) -> None:
        super().__init__()
        self.job = Job(window=3, max_attempts=2, is_scarce=lambda chunk: chunk % 3 == 0)
        self.finishes = 0
        self.made = 0

    def feed(self, event: Event) -> None:
        before = self.job.state
        self._take(event)
        if not isinstance(event, JobBroke):  # it passes through the states between
            assert self.job.state in {before, *TRANSITIONS[before]} or self.job.total == 0

    def _take(self, event: Event) -> None:
        self.finishes += sum(isinstance(i, Finish) for i in self.job.handle(event))

    def new_chunks(self, count: int) -> tuple[ChunkId, ...]:
        made = ids(*range(self.made, self.made + count))
        self.made += count
        return made

    @precondition(lambda self: self.job.state is JobState.OPEN)
    @rule(count=st.integers(0, 4))
    def add(self, count: int) -> None:
        self.feed(ChunksAdded(self.new_chunks(count)))

    @precondition(lambda self: self.job.state is JobState.OPEN)
    @rule()
    def complete_upload(self) -> None:
        self.feed(UploadCompleted())

    @precondition(lambda self: self.job.state is JobState.UPLOAD_COMPLETE)
    @rule()
    def start(self) -> None:
        self.feed(Started())

    @rule(event=st.sampled_from([PauseRequested(), ResumeRequested()]))
    def pause_or_resume(self, event: Event) -> None:
        self.feed(event)

    @rule(event=st.sampled_from([CancelRequested(), JobBroke("disk full")]))
    def stop(self, event: Event) -> None:
        self.feed(event)

    @precondition(lambda self: self.job.running)
    @rule(data=st.data(), more=st.integers(0, 2))
    def chunk_ends(self, data: st.DataObject, more: int) -> None:
        chunk = data.draw(st.sampled_from(sorted(self.job.running)))
        ends: list[Event] = [
            ChunkSucceeded(chunk, self.new_chunks(more)),
            ChunkFailed(chunk, "x", retryable=True),
            ChunkFailed(chunk, "x", retryable=False),
        ]
        if self.job.stopping:
            ends.append(ChunkDropped(chunk))
        event = data.draw(st.sampled_from(ends))
        if not isinstance(event, ChunkSucceeded):
            self.made -= more
        self.feed(event)

    @precondition(lambda self: self.job.running)
    @rule()
    def worker_dies(self) -> None:
        self.feed(WorkerDied(frozenset(self.job.running)))

    @precondition(lambda self: self.job.running)
    @rule(data=st.data())
    def worker_hangs(self, data: st.DataObject) -> None:
        running = sorted(self.job.running)
        hung = data.draw(st.sets(st.sampled_from(running), min_size=1))
        self.feed(WorkerHung(frozenset(hung), frozenset(running) - hung))

    @rule(chunk=st.integers(0, 20))
    def rest_ends(self, chunk: int) -> None:
        self.feed(RestEnded(ChunkId(chunk)))

    @invariant()
    def is_valid(self) -> None:
        self.job.validate()
        assert self.job.total == self.made
        assert self.finishes == (self.job.state in TERMINAL)

    def teardown(self) -> None:
        """Every job can be brought to an end from wherever it is."""
        self.feed(CancelRequested())
        for chunk in list(self.job.running):
            self.feed(ChunkDropped(chunk))
        assert self.job.state in TERMINAL


TestJobMachine = JobMachine.TestCase
TestJobMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
