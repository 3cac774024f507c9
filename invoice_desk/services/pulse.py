"""The pulse of a running job: once a second it tells the desk that it lives, and listens."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

from invoice_desk.db.engine import writing
from invoice_desk.db.jobs import beat, step_insert
from invoice_desk.errors import JobStateError, StorageError
from invoice_desk.services.desk import Desk
from invoice_desk.services.ownership import this_process
from invoice_desk.services.snapshots import Snapshot

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
#: Points of the curves of rows, memory and processor; from here on every second one goes.
_MOST_SAMPLES = 240


class Pulsed(Protocol):
    """A job with a pulse."""

    @property
    def snapshot(self) -> Snapshot:
        """How far it is."""
        ...

    def cancel(self) -> None:
        """Stop soon."""
        ...

    def pause(self) -> None:
        """Start nothing new."""
        ...

    def resume(self) -> None:
        """Go on."""
        ...


class Pulse:
    """Writes progress, steps and samples of a job into the desk, on a thread of its own.

    The job's own thread would wait for the process that writes rows; this one may.
    """

    def __init__(self, desk: Desk, job: Pulsed, job_id: int, *, watch: Callable[[], None]) -> None:
        self._desk, self._job, self._id = desk, job, job_id
        self._watch = watch
        self._steps: list[tuple[str, Any]] = []
        self._written = 0
        self._wish: str | None = None
        self._every = 1
        self._beats = 0
        self.samples: list[tuple[float, int, int, float]] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pulse-{job_id}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and write what is not written yet."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def enter(self, step: str) -> None:
        """Note that the job came to a step now."""
        self._steps.append((step, self._desk.now()))

    def unwritten_steps(self) -> list[Any]:
        """Return the statements that record steps that the desk does not know yet."""
        steps = list(enumerate(self._steps))[self._written :]
        self._written = len(self._steps)
        return [step_insert(self._id, number, step, at) for number, (step, at) in steps]

    def _run(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            self._watch()
            self._sample()
            try:
                self._obey(self._beat())
            except JobStateError:
                log.exception("job %s is no longer ours", self._id)
                self._job.cancel()
                return
            except StorageError as error:
                log.info("the progress of job %s is not written: %s", self._id, error)

    def _beat(self) -> str | None:
        progress = self._job.snapshot.as_dict() | {"samples": self.samples}
        now = self._desk.now()
        with writing(self._desk.engine) as connection:
            wish = beat(
                connection,
                self._id,
                this_process(),
                heartbeat_at=now,
                progress=progress,
                step=progress["step"],
                waiting_for=progress["waiting_for"] or None,
            )
            for statement in self.unwritten_steps():
                connection.execute(statement)
        return wish

    def _obey(self, wish: str | None) -> None:
        if wish == self._wish:
            return
        if wish == "cancel":
            self._job.cancel()
        elif wish == "pause":
            self._job.pause()
        elif self._wish == "pause":
            self._job.resume()
        self._wish = wish

    def _sample(self) -> None:
        """Keep a point of the curves; when there are too many, every second one goes."""
        self._beats += 1
        if self._beats % self._every:
            return
        now = self._job.snapshot
        self.samples.append((round(now.seconds, 1), now.rows, now.memory, round(now.cpu, 2)))
        if len(self.samples) > _MOST_SAMPLES:
            self.samples = self.samples[::2]
            self._every *= 2
