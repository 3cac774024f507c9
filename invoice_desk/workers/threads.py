"""Threads of this process as workers, which can be given up when they hang."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, InvalidStateError
from typing import Any

_Work = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class DaemonThreads(Executor):
    """A few threads that do not hold up the end of the program.

    Those of `ThreadPoolExecutor` do: one task that hangs, and the program never ends.
    """

    def __init__(self, workers: int, *, name: str = "thread-worker") -> None:
        self._waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._open: set[Future[Any]] = set()
        self._lock = threading.Lock()
        self._abandoned = False
        self.ended = False
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{i}", daemon=True)
            for i in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a thread call `fn`."""
        future: Future[Any] = Future()
        with self._lock:
            if self._abandoned:
                raise BrokenExecutor("its threads were given up")
            if self.ended:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._open.add(future)
            self._waiting.put((future, fn, args, kwargs))
        return future

    def abandon(self) -> None:
        """Give the threads up: what is not done never will be."""
        with self._lock:
            self._abandoned = self.ended = True
            left, self._open = self._open, set()
        for _ in self._threads:
            self._waiting.put(None)
        for future in left:
            settle(future, error=BrokenExecutor("it took too long and was given up"))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """End the threads when what was submitted is done."""
        with self._lock:
            already, self.ended = self.ended, True
            left = list(self._open)
        if cancel_futures:
            for future in left:
                future.cancel()
        if not already:
            for _ in self._threads:
                self._waiting.put(None)
        if wait and not self._abandoned:
            for thread in self._threads:
                thread.join()

    def _work(self) -> None:
        while (work := self._waiting.get()) is not None:
            if self._abandoned:
                return
            self._do(*work)

    def _do(
        self,
        future: Future[Any],
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        with self._lock:
            begun = not self._abandoned and future.set_running_or_notify_cancel()
        if begun:
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - the edge of the thread
                settle(future, error=error)
            else:
                settle(future, result)
        with self._lock:
            self._open.discard(future)


def settle(future: Future[Any], result: Any = None, *, error: BaseException | None = None) -> None:
    """Give `future` its outcome, unless it was cancelled or given up meanwhile."""
    try:
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
    except InvalidStateError:
        pass


class ThreadPool:
    """Threads that outlive one job, and are made anew after they were given up."""

    place = ""
    ships = False
    #: Nothing dies here without being noticed.
    is_sick = False

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self._threads: DaemonThreads | None = None

    def __call__(self) -> Executor:
        """Return the executor."""
        if self._threads is None or self._threads.ended:
            self._threads = DaemonThreads(self.workers)
        return self._threads

    def warm(self) -> None:
        """Do nothing: threads start at once."""

    def probe(self) -> None:
        """Do nothing: threads always answer."""

    def kill(self) -> None:
        """Give up the threads and what they do; a thread cannot be ended from outside."""
        if self._threads is not None:
            self._threads.abandon()
            self._threads = None

    def close(self) -> None:
        """Wait for what runs, and end the threads."""
        if self._threads is not None:
            self._threads.shutdown(wait=True)
            self._threads = None
