"""What a job cost: seconds a step, processor time, bytes read and written, peak memory."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from invoice_desk.core.modes import Machine

_INTERVAL = 0.25
#: The same between looks for processes that are new: that reads the list of all of the machine.
_FAMILY_INTERVAL = 2.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job cost.

    Attributes:
        steps: Step → seconds.
        rows_per_second: Over the whole job.
        cpu_seconds: Of this process and its workers.
        bytes_read: Of the files, or of the raw rows.
        bytes_written: By which the desk and its originals grew.
        peak_memory: Bytes, all processes together, as seen four times a second.
    """

    steps: dict[str, float]
    rows_per_second: int
    cpu_seconds: float
    bytes_read: int
    bytes_written: int
    peak_memory: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


class Meter:
    """Measures while a job runs; `sample` is cheap and may be called at every event."""

    def __init__(self, desk_path: Path) -> None:
        self._path = desk_path
        self._process = psutil.Process()
        self._begun = self._step_begun = time.monotonic()
        self._step: str | None = None
        self._steps: dict[str, float] = {}
        self._cpu_before: dict[int, float] = {}
        self._cpu_latest: dict[int, float] = {}
        self._peak = 0
        self._sampled = 0.0
        self._family: list[psutil.Process] = []
        self._family_seen = 0.0
        #: Bytes that all processes have now, and the processor cores that they use.
        self.memory = 0
        self.cpu = 0.0
        self._size_before = self._desk_size()
        self.bytes_read = 0
        self.sample()
        self._cpu_before = dict(self._cpu_latest)

    def step(self, name: str) -> None:
        """Begin a step, and end the one before."""
        now = time.monotonic()
        if self._step is not None:
            self._steps[self._step] = self._steps.get(self._step, 0.0) + now - self._step_begun
        self._step, self._step_begun = name, now
        self.sample()

    def sample(self) -> None:
        """Look at all processes, unless that was done just now."""
        now = time.monotonic()
        if now - self._sampled < _INTERVAL:
            return
        elapsed, self._sampled = now - self._sampled, now
        memory, spent_before = 0, sum(self._cpu_latest.values())
        if now - self._family_seen >= _FAMILY_INTERVAL:
            self._family = [self._process, *self._process.children(recursive=True)]
            self._family_seen = now
        for process in self._family:
            try:
                with process.oneshot():
                    memory += process.memory_info().rss
                    times = process.cpu_times()
                self._cpu_latest[process.pid] = times.user + times.system
            except psutil.Error:
                continue  # it ended just now
        self.memory, self._peak = memory, max(self._peak, memory)
        if spent_before:
            self.cpu = max(0.0, (sum(self._cpu_latest.values()) - spent_before) / elapsed)

    def cost(self, rows: int) -> Cost:
        """End the last step and return what everything cost."""
        self._sampled = self._family_seen = 0.0
        self.step("")
        self._steps.pop("", None)
        seconds = time.monotonic() - self._begun
        spent = sum(
            latest - self._cpu_before.get(pid, 0.0) for pid, latest in self._cpu_latest.items()
        )
        return Cost(
            steps={name: round(value, 3) for name, value in self._steps.items()},
            rows_per_second=round(rows / seconds) if seconds > 0 else 0,
            cpu_seconds=round(spent, 2),
            bytes_read=self.bytes_read,
            bytes_written=max(0, self._desk_size() - self._size_before),
            peak_memory=self._peak,
        )

    def _desk_size(self) -> int:
        """Return how many bytes the database and its write-ahead log have."""
        files = (self._path, self._path.with_name(self._path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())


def this_machine() -> Machine:
    """Return what there is to work with now."""
    memory = psutil.virtual_memory()
    cores = psutil.cpu_count() or 2
    return Machine(cores=cores, memory=memory.total, free_memory=memory.available)
