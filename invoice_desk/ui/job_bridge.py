"""Brings news of a job from its thread to the widgets."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal

from invoice_desk.services.jobs import RunningJob

REFRESH_MS = 100


class JobBridge(QObject):
    """Runs a job on a thread and tells widgets about it, ten times a second at most.

    The job's thread knows no QObject: it replaces the job's snapshot, and a timer of the GUI
    thread looks at it.  A slow widget therefore never makes a queue grow.
    """

    progressed = Signal(object)  # Snapshot
    finished = Signal(object)  # the result of `run`
    crashed = Signal(object)  # Exception

    def __init__(
        self, job: RunningJob, run: Callable[[], object], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.job = job
        self._run = run
        self._result: object | None = None
        self._crash: Exception | None = None
        self._ended = False
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._on_tick)

    def start(self, pool: QThreadPool) -> None:
        """Put the job into the queue of `pool`."""
        pool.start(self._guarded)
        self._timer.start()

    def cancel(self) -> None:
        """Stop the job soon; what is stored stays."""
        self.job.cancel()

    def _guarded(self) -> None:
        try:
            self._result = self._run()
        except Exception as error:  # noqa: BLE001 - the edge of the thread
            self._crash = error
        self._ended = True

    def _on_tick(self) -> None:
        ended = self._ended
        self.progressed.emit(self.job.snapshot)
        if not ended:
            return
        self._timer.stop()
        if self._crash is not None:
            self.crashed.emit(self._crash)
        else:
            self.finished.emit(self._result)
