"""A job over payloads, run by the runner, and everything that came of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from invoice_desk.core.jobs import ChunkId, ChunksAdded, Job, JobState, UploadCompleted
from invoice_desk.workers.contract import Failure, Success
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
