"""Workers on this machine: processes that stay warm, and one thread for small work.

All factories give a `concurrent.futures.Executor`.  Callers keep to what they really share:
`submit(task, chunk)` without keyword arguments, `Future.add_done_callback`, `Future.cancel`,
`Future.result` and `shutdown(wait=...)`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from multiprocessing.connection import wait

from invoice_desk.startup import keep_freed_memory, keep_pandas_out

#: How long a new process may take until it answers, on a busy machine.
_PROBE_SECONDS = 60


def default_workers() -> int:
    """Return how many worker processes suit this machine: one a core, at most eight."""
    return max(1, min(8, os.cpu_count() or 2))


def local_executor(workers: int | None = None) -> Executor:
    """Return a pool of processes on this computer."""
    return ProcessPoolExecutor(
        max_workers=workers or default_workers(),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_initialize_worker,
    )


class WarmPool:
    """A pool of processes that outlives one job, and is made anew after a worker died."""

    #: Nothing to tell people, nothing to send: the workers see the files of this machine.
    place = ""
    ships = False

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers
        self._pool: _Pool | None = None

    @property
    def workers(self) -> int:
        """Return how many processes there are."""
        return self._workers or default_workers()

    def __call__(self) -> Executor:
        """Return the pool; the processes start with its first task."""
        if self._pool is None or self._pool.ended:
            self._pool = _Pool(
                max_workers=self.workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_initialize_worker,
            )
        return self._pool

    def warm(self) -> None:
        """Start the processes now, without waiting for them."""
        for _ in range(self.workers):
            self._start_one()

    def probe(self) -> None:
        """Start a process and wait until it has answered.

        A process that was killed while it had nothing to do broke the pool; another one is made.

        Raises:
            BrokenExecutor: If processes end before they can work.
            OSError: If none can be started.
        """
        try:
            self._answer()
        except BrokenExecutor:
            self._answer()

    def _answer(self) -> None:
        try:
            self._start_one().result(timeout=_PROBE_SECONDS)
        except TimeoutError as error:
            raise BrokenExecutor("they do not answer") from error
        except BrokenExecutor:
            self.close()
            raise

    def _start_one(self) -> Future[None]:
        try:
            return self().submit(_nothing)
        except BrokenExecutor:
            self.close()
            return self().submit(_nothing)

    @property
    def is_sick(self) -> bool:
        """Return whether a process is dead and the pool has not noticed.

        A process that dies in the middle of a large answer leaves the pool waiting for the rest
        of it, and blind to everything else.
        """
        return self._pool is not None and self._pool.has_dead_process

    def kill(self) -> None:
        """Kill the processes; the next call starts new ones."""
        if self._pool is not None:
            self._pool.kill()
            self._pool = None

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None


def _nothing() -> None:
    """Do nothing, so that a process starts."""


class _Pool(ProcessPoolExecutor):
    """Knows that it was shut down, and can be killed."""

    ended = False

    def kill(self) -> None:
        """End the processes at once; the pool notices and breaks what they had.

        `ProcessPoolExecutor.kill_workers` does the same from Python 3.14 on.
        """
        self.ended = True
        for process in list((self._processes or {}).values()):
            process.kill()
        # With the last writer gone, half an answer that the pool waits for comes to its end.
        self._result_queue._writer.close()  # type: ignore[attr-defined]  # noqa: SLF001

    @property
    def has_dead_process(self) -> bool:
        """Return whether a process is dead, and what was submitted is not broken yet."""
        processes = list((self._processes or {}).values())
        return not self._broken and bool(wait([p.sentinel for p in processes], 0))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        self.ended = True
        super().shutdown(wait=wait, cancel_futures=cancel_futures)


def inline_executor() -> Executor:
    """Return one thread of this process, for work too small for another process."""
    return ThreadPoolExecutor(1, thread_name_prefix="inline-worker")


def _initialize_worker() -> None:
    """Leave Ctrl+C to the application, and keep every engine to one thread.

    In a windowed program frozen by PyInstaller there is no terminal to inherit signals from;
    ignoring SIGINT is harmless there.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    spare_the_machine()


def spare_the_machine() -> None:
    """Keep this process, which is a worker, to one thread, and to little memory."""
    for name in ("OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    # Arrow's own pool keeps what it once had; a worker is to give memory back between chunks.
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    keep_pandas_out()
    keep_freed_memory()
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
