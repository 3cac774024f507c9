"""Calls that must not keep the window waiting."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal

T = TypeVar("T")
_POLL_MS = 10


@dataclass(slots=True)
class _Series:
    """The calls of one owner under one name that are out, numbered as they were asked for."""

    asked: int = 0
    delivered: int = 0
    out: int = 0


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
        self._results: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._series: dict[tuple[int, str], _Series] = {}
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
        series: str = "",
    ) -> None:
        """Call `work` on a thread, then `done` with its result here, if `owner` still lives.

        Args:
            work: What is called on a thread; it must touch no widget.
            done: Gets what `work` returned.
            owner: Whose call it is.
            failed: Gets what `work` raised; without it the signal does.
            series: A name for calls that answer one question again and again, such as what a
                list shows.  Threads overtake each other: of one owner's calls under one name,
                the outcome of an earlier one is dropped once that of a later one was delivered.
        """
        self._out += 1
        self._timer.start()
        in_turn = self._in_turn(owner, series) if series else _always
        on_failure = failed or self.failed.emit

        def guarded() -> None:
            outcome: Callable[[], None]
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - the edge of the thread
                outcome = _later(on_failure, error, owner, in_turn)
            else:
                outcome = _later(done, result, owner, in_turn)
            self._results.put(outcome)

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
            outcome = self._results.get()
            self._out -= 1
            outcome()
        if self._out == 0:
            self._timer.stop()

    def _in_turn(self, owner: QObject, name: str) -> Callable[[], bool]:
        """Number a call; what is returned says, once, whether its outcome still counts."""
        key = (id(owner), name)
        series = self._series.setdefault(key, _Series())
        series.asked += 1
        series.out += 1
        number = series.asked

        def counts() -> bool:
            series.out -= 1
            if not series.out:
                del self._series[key]
            is_newest = number > series.delivered
            series.delivered = max(number, series.delivered)
            return is_newest

        return counts


def _always() -> bool:
    return True


def _later(
    call: Callable[[Any], object], value: Any, owner: QObject, in_turn: Callable[[], bool]
) -> Callable[[], None]:
    def deliver() -> None:
        if in_turn() and shiboken6.isValid(owner):
            call(value)

    return deliver
