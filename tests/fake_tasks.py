"""Tasks that behave, and tasks that do not."""

from __future__ import annotations

import os
import time
from pathlib import Path

from invoice_desk.errors import CorruptSourceError
from invoice_desk.workers.contract import Chunk, Outcome
from invoice_desk.workers.reading import (
    ReadingPayload,
    ReadSource,
    RecognisePage,
    SourceContent,
    read,
)
from invoice_desk.workers.tasks import task


@task
def _square(n: int) -> int:
    if n == 13:
        raise CorruptSourceError("row 13 is torn")
    if n == 14:
        raise ZeroDivisionError
    return n * n


@task
def _nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@task
def _die_once(path: str) -> str:
    if path and not Path(path).exists():
        Path(path).touch()
        os._exit(9)
    return path


@task
def _always_die(poison: bool) -> bool:
    if poison:
        os._exit(9)
    return poison


def square(chunk: Chunk[int]) -> Outcome[int]:
    return _square(chunk)


def nap(chunk: Chunk[float]) -> Outcome[float]:
    return _nap(chunk)


def die_once(chunk: Chunk[str]) -> Outcome[str]:
    return _die_once(chunk)


def always_die(chunk: Chunk[bool]) -> Outcome[bool]:
    return _always_die(chunk)


@task
def _locked_twice(path: str) -> int:
    tries = Path(path)
    count = len(tries.read_text()) + 1 if tries.exists() else 1
    tries.write_text("x" * count)
    if count < 3:
        raise PermissionError("locked")
    return count


def locked_twice(chunk: Chunk[str]) -> Outcome[int]:
    return _locked_twice(chunk)


def read_or_die(chunk: Chunk[ReadingPayload]) -> Outcome[SourceContent]:
    """Read, but for a file named poison, which brings the process down."""
    if isinstance(chunk.payload, ReadSource) and chunk.payload.name.startswith("poison"):
        os._exit(9)
    return read(chunk)


def read_or_die_on_page_two(chunk: Chunk[ReadingPayload]) -> Outcome[SourceContent]:
    """Read, but for the second page of anything, which brings the process down."""
    if isinstance(chunk.payload, RecognisePage) and chunk.payload.number == 2:
        os._exit(9)
    return read(chunk)


@task
def _note(path: str) -> int:
    with Path(path).open("a") as file:
        file.write("x")
    return os.getpid()


@task
def _hang(paths: tuple[str, str]) -> str:
    """Say on the first file that it runs, then run until there is the second."""
    begun, end = map(Path, paths)
    begun.touch()
    while not end.exists():
        time.sleep(0.02)
    return "done"


def note(chunk: Chunk[str]) -> Outcome[int]:
    return _note(chunk)


def hang(chunk: Chunk[tuple[str, str]]) -> Outcome[str]:
    return _hang(chunk)


def fall(chunk: Chunk[str]) -> Outcome[str]:
    """Raise, which a task must not."""
    raise RuntimeError(chunk.payload)


@task
def _length(payload: RecognisePage) -> int:
    return Path(payload.path).stat().st_size


@task
def _place(payload: RecognisePage) -> str:
    return payload.path


def length(chunk: Chunk[RecognisePage]) -> Outcome[int]:
    return _length(chunk)


def place(chunk: Chunk[RecognisePage]) -> Outcome[str]:
    return _place(chunk)
