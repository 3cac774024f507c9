"""How a job is worked on: in one process, or in chunks over worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How a job is worked on."""

    AUTO = "auto"
    STANDARD = "standard"  # in this process
    OPTIMIZED = "optimized"  # in worker processes


_NAMES = "abcdefghijklmnopqrstuvwxyz0123456789_-, "
#: More workers than this keep one writer no busier.
MOST_WORKERS = 32


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """What a person may set.

    Attributes:
        max_workers: Worker processes; None for one a core, at most eight.
        chunk_size: Rows of a chunk.
        memory_threshold: Percent of the machine's memory that may be in use.
        optimization_level: 0 never in worker processes, 1 from 50 MB on, 2 from 5 MB on,
            3 always.
        gpu_tasks: Tasks that use a GPU which may run at once, in one job.
        vision_model: Folder with the weights of Florence-2; empty for the usual one.
        cluster: Address of the scheduler whose workers do the work; empty for this machine.
        ocr_engines: Names of the engines that recognise text, parted by commas, in the order in
            which they are tried; empty for the program's own order.
    """

    max_workers: int | None = None
    chunk_size: int = 50_000
    memory_threshold: int = 85
    optimization_level: int = 2
    gpu_tasks: int = 1
    vision_model: str = ""
    cluster: str = ""
    ocr_engines: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; ValueError says which."""
        if self.max_workers is not None and not 1 <= self.max_workers <= MOST_WORKERS:
            raise ValueError(f"max_workers is a number from 1 to {MOST_WORKERS}")
        if not 500 <= self.chunk_size <= 1_000_000:
            raise ValueError("chunk_size is a number of rows from 500 to 1000000")
        if not 10 <= self.memory_threshold <= 100:
            raise ValueError("memory_threshold is a percentage from 10 to 100")
        if not 0 <= self.optimization_level <= 3:
            raise ValueError("optimization_level is one of 0, 1, 2, 3")
        if not 1 <= self.gpu_tasks <= 2:
            raise ValueError("gpu_tasks is 1 or 2")
        if self.cluster and "://" not in self.cluster:
            raise ValueError("cluster is an address such as tcp://HOST:8786")
        if self.ocr_engines.strip(_NAMES):
            raise ValueError("ocr_engines are names parted by commas")


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to work with; memory in bytes."""

    cores: int
    memory: int
    free_memory: int


@dataclass(frozen=True, slots=True)
class Choice:
    """How to work, and why."""

    mode: Mode
    workers: int
    reason: str


#: What a worker and its share of the chunks under way take at most.
WORKER_BYTES = 160 << 20
_MOST_WORKERS = 8
_FROM_BYTES = {0: None, 1: 50_000_000, 2: 5_000_000, 3: 0}


def choose_mode(
    size: int, machine: Machine, settings: WorkSettings, *, asked: Mode = Mode.AUTO
) -> Choice:
    """Return how to work on `size` bytes.

    Worker processes pay from 5 MB on; there are no more of them than cores, and no more than
    fit into the memory that may still be used.
    """
    wanted = settings.max_workers or min(machine.cores, _MOST_WORKERS)
    usable = machine.free_memory - machine.memory * (100 - settings.memory_threshold) // 100
    fitting = max(0, usable // WORKER_BYTES)
    workers = max(1, min(wanted, fitting))
    megabytes = f"{size / 1e6:,.1f} MB"
    if asked is not Mode.AUTO:
        return Choice(asked, workers if asked is Mode.OPTIMIZED else 1, "asked for")
    least = _FROM_BYTES[settings.optimization_level]
    if least is None:
        return Choice(Mode.STANDARD, 1, "optimization is switched off")
    if size < least:
        return Choice(Mode.STANDARD, 1, f"{megabytes}, less than {least // 1_000_000} MB")
    if fitting < 1:
        free = f"{machine.free_memory >> 20:,} MB of memory are free"
        return Choice(Mode.STANDARD, 1, f"only {free}")
    processes = f"{workers} worker process" + ("es" if workers > 1 else "")
    return Choice(Mode.OPTIMIZED, workers, f"{megabytes}, {processes}")
