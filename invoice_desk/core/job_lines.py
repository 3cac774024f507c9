"""A job as a list shows it: light enough that ten thousand of them are read at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from invoice_desk.core.jobs import TERMINAL, JobState


class Standing(StrEnum):
    """How a job stands, as people ask for it; several states of the machine are one of these."""

    RUNNING = "running"
    WAITING = "waiting"
    COMPLETE = "complete"
    FAILED = "failed"
    ABORTED = "aborted"
    LEFT_OVER = "left_over"  # ended, and something of it failed or was not processed


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job without what it is to do and without its curves.

    Attributes:
        seconds: That it took, or has taken so far.
        owner: The process that runs it.
        wish: What a person asked of it: cancel or pause.
        waiting_for: Why it does not go on.
        work_done: Share that is finished, 0 to 1.
        done: Files or tables that are finished.
        rate: Rows a second.
        left: Seconds that are left at least and at most.
    """

    id: int
    operation: str
    title: str
    state: JobState
    total: int
    successful: int
    failed: int
    unprocessed: int
    rows: int
    error: str | None
    created_at: dt.datetime
    seconds: float | None = None
    priority: int = 0
    not_before: dt.datetime | None = None
    after_id: int | None = None
    retry_of: int | None = None
    owner: str | None = None
    wish: str | None = None
    waiting_for: str | None = None
    step: str = "queued"
    mode: str = ""
    workers: int = 0
    work_done: float = 0.0
    done: int = 0
    rate: float = 0.0
    left: tuple[float, float] | None = None

    @property
    def has_ended(self) -> bool:
        """Return whether it has an outcome."""
        return self.state in TERMINAL

    @property
    def is_running(self) -> bool:
        """Return whether a process works on it."""
        return not self.has_ended and self.owner is not None

    @property
    def is_paused(self) -> bool:
        """Return whether a person had it wait."""
        return not self.has_ended and self.wish == "pause"

    @property
    def left_over(self) -> int:
        """Return how many of its files or tables failed or were not processed."""
        return self.failed + self.unprocessed

    @property
    def can_be_retried(self) -> bool:
        """Return whether it ended and may have left something undone."""
        return self.has_ended and (self.left_over > 0 or self.state is not JobState.JOB_COMPLETE)

    def with_progress(self, progress: dict[str, Any]) -> JobLine:
        """Return the line with what a snapshot of the running job says."""
        left = progress.get("left")
        done, failed = int(progress.get("done") or 0), int(progress.get("failed") or 0)
        total = int(progress.get("total") or 0) or self.total
        return replace(
            self,
            total=total,
            successful=max(0, done - failed),
            failed=failed,
            unprocessed=max(0, total - done),
            rows=int(progress.get("rows") or 0),
            step=str(progress.get("step") or self.step),
            mode=str(progress.get("mode") or ""),
            workers=int(progress.get("workers") or 0),
            work_done=float(progress.get("work_done") or 0.0),
            done=done,
            rate=float(progress.get("rate") or 0.0),
            left=(float(left[0]), float(left[1])) if left else None,
            seconds=float(progress.get("seconds") or 0.0),
            waiting_for=progress.get("waiting_for") or self.waiting_for,
        )
