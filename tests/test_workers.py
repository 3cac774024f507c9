"""What the runner does whatever the workers are; what it does with each kind: test_executors."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fake_tasks
import pytest
from runs import Run

from invoice_desk.core.jobs import ChunkId, JobState
from invoice_desk.errors import ClusterError, StorageError
from invoice_desk.workers.contract import Success
from invoice_desk.workers.executors import WarmPool


def test_a_disk_that_is_full_ends_the_job_as_failed() -> None:
    run = Run(lambda: ThreadPoolExecutor(1), fake_tasks.square, list(range(20)), window=1)

    def full(chunk: ChunkId, success: Success[Any]) -> tuple[ChunkId, ...]:
        raise StorageError("The disk is full.")

    run.runner._store = full

    assert run.go() is JobState.FAILED
    assert str(run.runner.storage_error) == "The disk is full."
    assert len(run.job.unprocessed) + len(run.job.failed) == 20


def test_workers_that_are_gone_for_good_end_the_job_as_failed() -> None:
    def gone() -> ThreadPoolExecutor:
        raise ClusterError("No scheduler answers.")

    run = Run(gone, fake_tasks.square, list(range(20)))

    assert run.go() is JobState.FAILED
    assert str(run.runner.storage_error) == "No scheduler answers."
    assert len(run.job.unprocessed) == 20


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
