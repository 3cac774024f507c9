"""The runner behaves the same over threads and over processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fake_tasks
import pytest

from invoice_desk.core.jobs import (
    CancelRequested,
    ChunkId,
    ChunksAdded,
    Job,
    JobState,
    UploadCompleted,
)
from invoice_desk.errors import StorageError
from invoice_desk.workers.contract import Failure, Success
from invoice_desk.workers.executors import WarmPool, local_executor
from invoice_desk.workers.runner import JobRunner

Factory = Callable[[], Executor]


class Run:
    """A job over payloads, and everything that came of it."""

    def __init__(self, factory: Factory, task: Any, payloads: list[Any], window: int = 4) -> None:
        self.payloads = payloads
        self.rows: dict[ChunkId, Any] = {}
        self.failures: dict[ChunkId, Failure] = {}
        self.job = Job(window=window)
        self.job.handle(ChunksAdded(tuple(ChunkId(i) for i in range(len(payloads)))))
        self.job.handle(UploadCompleted())
        self.runner: JobRunner[Any, Any] = JobRunner(
            factory,
            task,
            payload_of=lambda chunk: self.payloads[chunk],
            store=self.store,
            failed=self.failures.__setitem__,
            notify=lambda s, p: self.job.validate(),
        )

    def store(self, chunk: ChunkId, success: Success[Any]) -> tuple[ChunkId, ...]:
        self.rows[chunk] = success.value
        return ()

    def go(self) -> JobState:
        return self.runner.run(self.job)


@pytest.fixture(params=["threads", "processes"])
def factory(request: pytest.FixtureRequest) -> Factory:
    if request.param == "threads":
        return lambda: ThreadPoolExecutor(2)
    return lambda: local_executor(2)


def test_every_chunk_is_stored_once(factory: Factory) -> None:
    run = Run(factory, fake_tasks.square, list(range(12)))

    assert run.go() is JobState.JOB_COMPLETE
    assert run.rows == {i: i * i for i in range(12)}


def test_a_bad_chunk_does_not_stop_the_others(factory: Factory) -> None:
    run = Run(factory, fake_tasks.square, [1, 13, 14, 2])

    assert run.go() is JobState.JOB_COMPLETE
    assert run.rows == {0: 1, 3: 4}
    assert run.failures[ChunkId(1)].message == "row 13 is torn"
    assert run.failures[ChunkId(1)].code == "corrupt"
    assert "ZeroDivisionError" in run.failures[ChunkId(2)].detail


def test_cancel_ends_soon_and_stores_nothing_after(factory: Factory) -> None:
    run = Run(factory, fake_tasks.nap, [0.1] * 500)
    stored = threading.Event()
    keep = run.store

    def store(chunk: ChunkId, success: Success[Any]) -> tuple[ChunkId, ...]:
        stored.set()
        return keep(chunk, success)

    run.runner._store = store
    thread = threading.Thread(target=run.go)
    thread.start()
    assert stored.wait(20)
    asked = time.monotonic()
    run.runner.post(CancelRequested())
    thread.join(10)

    assert time.monotonic() - asked < 2
    assert run.job.state is JobState.ABORTED
    assert len(run.rows) == len(run.job.succeeded) < 500


def test_a_worker_that_dies_once_costs_only_a_retry(tmp_path: Path) -> None:
    run = Run(lambda: local_executor(2), fake_tasks.die_once, ["", str(tmp_path / "died"), "", ""])

    assert run.go() is JobState.JOB_COMPLETE
    assert len(run.rows) == 4


def test_a_chunk_that_always_kills_its_worker_fails_alone() -> None:
    run = Run(lambda: local_executor(2), fake_tasks.always_die, [False, True, *[False] * 6])

    assert run.go() is JobState.JOB_COMPLETE
    assert list(run.job.failed) == [1]
    assert run.failures[ChunkId(1)].code == "worker_died"
    assert len(run.rows) == 7


def test_a_disk_that_is_full_ends_the_job_as_failed() -> None:
    run = Run(lambda: ThreadPoolExecutor(1), fake_tasks.square, list(range(20)), window=1)

    def full(chunk: ChunkId, success: Success[Any]) -> tuple[ChunkId, ...]:
        raise StorageError("The disk is full.")

    run.runner._store = full

    assert run.go() is JobState.FAILED
    assert str(run.runner.storage_error) == "The disk is full."
    assert len(run.job.unprocessed) + len(run.job.failed) == 20


def test_a_warm_pool_is_made_anew_after_a_worker_died() -> None:
    pool = WarmPool(1)
    first = Run(pool, fake_tasks.always_die, [True])
    first.runner._close = False
    first.go()
    second = Run(pool, fake_tasks.square, [3])
    second.runner._close = False

    assert second.go() is JobState.JOB_COMPLETE
    assert second.rows == {0: 9}
    pool.close()


@pytest.mark.logs
def test_a_chunk_that_hangs_is_ended_and_the_others_go_on() -> None:
    pool = WarmPool(2)
    run = Run(pool, fake_tasks.nap, [0.0, 600.0, 0.0, 0.0, 0.0])
    run.runner._limit_of = lambda _chunk: 4.0
    run.runner._kill = pool.kill
    begun = time.monotonic()

    assert run.go() is JobState.JOB_COMPLETE
    pool.close()
    assert sorted(run.rows) == [0, 2, 3, 4]
    assert "too long" in run.failures[ChunkId(1)].message
    assert time.monotonic() - begun < 30


def test_a_chunk_that_fails_for_a_passing_reason_is_tried_again(tmp_path: Path) -> None:
    run = Run(lambda: ThreadPoolExecutor(2), fake_tasks.locked_twice, [str(tmp_path / "tries")])

    assert run.go() is JobState.JOB_COMPLETE
    assert run.rows == {0: 3}
