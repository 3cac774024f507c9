"""What crosses the line between the application and its worker processes.

Everything here is a frozen dataclass of plain values and Arrow arrays, so that it pickles the
same way for a local process pool and for a dask cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from invoice_desk.core.jobs import ChunkId

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Chunk(Generic[P]):
    """One unit of work, small enough to take about a second."""

    id: ChunkId
    payload: P


@dataclass(frozen=True, slots=True)
class Success(Generic[R]):
    """A chunk's result, and what it took.

    Attributes:
        worker: Host and number of the process.
        memory: The most that the process ever had, in bytes; 0 where that is not known.
    """

    value: R
    seconds: float = 0.0
    worker: str = ""
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A chunk's error, as data: exceptions stay in the process that raised them."""

    message: str
    retryable: bool
    code: str = "bug"
    advice: str = ""
    detail: str = ""


Outcome = Success[R] | Failure
#: A module-level function; it must not raise, print, or touch the database.
Task = Callable[[Chunk[P]], Outcome[R]]
#: Called anew after a worker died, because a broken pool stays broken.
ExecutorFactory = Callable[[], Executor]
"""A factory of executors."""


class WorkerPool(Protocol):
    """Workers that outlive one job: threads, processes of this machine, or a cluster.

    Calling it gives the executor, made anew when the one before broke or was killed.
    """

    @property
    def workers(self) -> int:
        """Return how many chunks are worked on at once."""

    @property
    def place(self) -> str:
        """Return where the workers are, for people; empty for this machine."""

    @property
    def ships(self) -> bool:
        """Return whether inputs travel: the workers do not see the files of this machine."""

    def __call__(self) -> Executor:
        """Return the executor."""

    def warm(self) -> None:
        """Start workers now, without waiting for them; it never raises."""

    def probe(self) -> None:
        """Wait until a worker has answered.

        Raises:
            BrokenExecutor: If processes of this machine end before they can work.
            OSError: If none can be started.
            ClusterError: If the cluster cannot be used.
        """

    @property
    def is_sick(self) -> bool:
        """Return whether a worker is dead and its executor has not noticed."""
        ...

    def kill(self) -> None:
        """End what runs now, however it hangs; futures not done break with `BrokenExecutor`."""

    def close(self) -> None:
        """End the workers, or leave them to others."""
