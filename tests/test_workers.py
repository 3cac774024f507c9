"""What the runner does whatever the workers are; what it does with each kind: test_executors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fake_tasks
from runs import Run

from invoice_desk.core.jobs import ChunkId, JobState
from invoice_desk.errors import ClusterError, StorageError
from invoice_desk.workers.contract import Success


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
