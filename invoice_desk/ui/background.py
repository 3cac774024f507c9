"""Calls that must not keep the window waiting."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal

T = TypeVar("T")
_POLL_MS = 10


class Background(QObject):
    """Runs calls on threads and hands their results over on the GUI thread.

    A thread knows no QObject: it leaves the result in a queue, and a timer of the GUI thread,
    which ticks only while calls are out, picks it up.
    """

    failed = Signal(object)  # Exception

    def __init__(self, *, threads: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(threads)
        self._results: queue.SimpleQueue[tuple[Callable[[], None], int]] = queue.SimpleQueue()
        self._out = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._on_tick)

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        *,
        owner: QObject,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Call `work` on a thread, then `done` with its result here, if `owner` still lives."""
        self._out += 1
        self._timer.start()
        on_failure = failed or self.failed.emit

        def guarded() -> None:
            outcome: Callable[[], None]
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - the edge of the thread
                outcome = _later(on_failure, error, owner)
            else:
                outcome = _later(done, result, owner)
            self._results.put((outcome, 1))

        self._pool.start(guarded)

    @property
    def is_busy(self) -> bool:
        """Return whether calls are out."""
        return self._out > 0

    def wait(self) -> None:
        """Wait for all calls; their results are dropped.  For closing the window."""
        self._pool.clear()
        self._pool.waitForDone()
        self._timer.stop()

    def _on_tick(self) -> None:
        while not self._results.empty():
            outcome, count = self._results.get()
            self._out -= count
            outcome()
        if self._out == 0:
            self._timer.stop()


def _later(call: Callable[[Any], object], value: Any, owner: QObject) -> Callable[[], None]:
    def deliver() -> None:
        if shiboken6.isValid(owner):
            call(value)

    return deliver
