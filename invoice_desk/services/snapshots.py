"""How far a job is: a value that its thread replaces whole, and others read."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from invoice_desk.core.jobs import JobState

#: Seconds over which the rate of late is measured.
_LATE_SECONDS = 5.0
#: Share by which an estimate of the time left may be wrong even when the rate is steady.
_SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a job is; replaced whole by its thread, read by anyone.

    Attributes:
        work_done: Share of the bytes or rows that is finished, 0 to 1.
        seconds: Since the job began.
        rate: Rows a second.
        left: Seconds that are left at least and at most; None when it is too early to tell.
        memory: Bytes that the program and its workers have now.
        cpu: Processor cores in use, 1.0 for one.
        waiting_for: Why it does not go on, a sentence; empty when it does.
    """

    job_id: int | None = None
    operation: str = ""
    title: str = ""
    state: JobState = JobState.OPEN
    step: str = "queued"
    done: int = 0
    failed: int = 0
    total: int = 0
    rows: int = 0
    pages: int = 0
    work_done: float = 0.0
    seconds: float = 0.0
    rate: float = 0.0
    left: tuple[float, float] | None = None
    memory: int = 0
    cpu: float = 0.0
    workers: int = 0
    mode: str = ""
    paused: bool = False
    waiting_for: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


class Pace:
    """Tells how fast a job is, and how long it may still take."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, float, int]] = deque()

    def take(self, seconds: float, work_done: float, rows: int) -> None:
        """Note how far the job was after so many seconds of work."""
        if self._points and seconds - self._points[-1][0] < 0.2:
            return
        self._points.append((seconds, work_done, rows))
        while len(self._points) > 2 and seconds - self._points[1][0] > _LATE_SECONDS:
            self._points.popleft()

    @property
    def rate(self) -> float:
        """Return rows a second of late."""
        if len(self._points) < 2:
            return 0.0
        (begun, _, before), (ended, _, after) = self._points[0], self._points[-1]
        return max(0.0, (after - before) / (ended - begun))

    def left(self, seconds: float, work_done: float) -> tuple[float, float] | None:
        """Return the seconds left by the rate of late and by that of the whole job."""
        if work_done < 0.02 or seconds < 0.5:
            return None
        remaining = 1 - work_done
        found = [seconds * remaining / work_done]
        if len(self._points) >= 2:
            (begun, before, _), (ended, after, _) = self._points[0], self._points[-1]
            if after > before:
                found.append((ended - begun) * remaining / (after - before))
        return min(found) * (1 - _SPREAD), max(found) * (1 + _SPREAD)
