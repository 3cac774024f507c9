"""Sends the bytes of a file along with the work on it, to workers that do not see the file.

`shipped` turns a payload that names a file of this machine into a `Parcel`; `unpacked` does the
work on the other side, with the bytes in a temporary file, and gives back what a worker beside
the file would have given.  A span takes only its own bytes.  Of a large file whose pages are read
one by one, only the key travels: a worker that does not know it yet answers `Missing`, is sent
the bytes once, and keeps them while it reads pages of it.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
import threading
import traceback
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from invoice_desk.core.source import Kind
from invoice_desk.readers.base import TextSpan
from invoice_desk.workers.contract import Chunk, Failure, Outcome, R, Success, Task
from invoice_desk.workers.executors import spare_the_machine
from invoice_desk.workers.reading import ReadSource, ReadSpan, RecognisePage, SourceContent

#: Pages of larger files are read from a copy that the worker keeps.
KEEP_FROM_BYTES = 4 << 20
#: Copies that a worker keeps at once.
_KEPT_FILES = 2
_PREFIX = "invoice-desk-"

Traveller = ReadSource | ReadSpan | RecognisePage


@dataclass(frozen=True, slots=True)
class Parcel:
    """A payload, and the bytes that it needs.

    Attributes:
        payload: Its path is that of the application's machine.
        content: The bytes; None when the worker is thought to keep the file already.
        key: Under which the worker keeps the file; empty when it is removed after the work.
    """

    payload: Traveller
    content: pa.Buffer | None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """The answer of a worker that does not keep the file of a parcel."""

    worker: str


def is_read_here(payload: object) -> bool:
    """Return whether the first look at a source is taken on the application's machine.

    It reads the head of a large text, plans its spans and reads the first of them; the others
    travel, each with its own bytes.  So a file of gigabytes is never sent as a whole.
    """
    if not isinstance(payload, ReadSource) or payload.kind is not Kind.CSV:
        return False
    try:
        return Path(payload.path).stat().st_size > payload.span_bytes
    except OSError:
        return False  # shipping it will say what is wrong


def shipped(payload: Any, *, again: bool = False) -> Any:
    """Return `payload` ready to travel; one that needs no file is returned as it is.

    Args:
        payload: What a worker is to do.
        again: Whether a worker said that it does not keep the file.

    Raises:
        OSError: If the file cannot be read.
    """
    match payload:
        case ReadSpan(path, span, _):
            content = _bytes(path, span.start, span.stop)
            inside = TextSpan(0, span.stop - span.start, span.first_line, span.skip)
            return Parcel(replace(payload, span=inside), content)
        case RecognisePage(path) if Path(path).stat().st_size >= KEEP_FROM_BYTES:
            return Parcel(payload, _bytes(path) if again else None, _key(path))
        case ReadSource(path) | RecognisePage(path):
            return Parcel(payload, _bytes(path))
        case _:
            return payload


def _bytes(path: str, start: int = 0, stop: int | None = None) -> pa.Buffer:
    """Return bytes of a file in a buffer, which pickles without being copied."""
    with Path(path).open("rb") as file:
        file.seek(start)
        return pa.py_buffer(file.read(-1 if stop is None else stop - start))


def _key(path: str) -> str:
    """Return a key of a file as it is now; originals are named by their hash anyway."""
    about = Path(path).stat()
    text = f"{path}\n{about.st_size}\n{about.st_mtime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# --- on the worker ------------------------------------------------------------------------


def unpacked(
    task: Task[Any, R], chunk: Chunk[Any], *, worker: str = "", scratch: str | None = None
) -> Outcome[R] | Missing:
    """Do `task` on a chunk that may have travelled; called on the worker.

    Args:
        task: What to do.
        chunk: Its payload may be a parcel.
        worker: The worker's address, by which it is sent what it misses.
        scratch: The worker's folder for temporary files.
    """
    _become_worker()
    parcel = chunk.payload
    if not isinstance(parcel, Parcel):
        return task(chunk)
    try:
        with _laid_out(parcel, scratch) as place:
            if place is None:
                return Missing(worker)
            done = task(Chunk(chunk.id, replace(parcel.payload, path=str(place))))
            return _addressed(done, str(place), parcel.payload.path)
    except OSError as error:
        advice = "Check that the worker's disk has space for temporary files, then try again."
        told, detail = f"A worker could not keep the file: {error}", traceback.format_exc()
        return Failure(told, retryable=True, code="io", advice=advice, detail=detail)


@cache
def _become_worker() -> None:
    """Treat a process of a cluster as one of our own, once."""
    spare_the_machine()


@contextmanager
def _laid_out(parcel: Parcel, scratch: str | None) -> Iterator[Path | None]:
    """Give the place of a parcel's file; None when it is not kept here."""
    if parcel.key:
        yield _copies.place(parcel.key, parcel.content, scratch)
        return
    handle, name = tempfile.mkstemp(prefix=_PREFIX, dir=scratch)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(parcel.content or b"")
        yield Path(name)
    finally:
        with suppress(OSError):
            Path(name).unlink()


class _Copies:
    """Files that this worker keeps while their pages are read; the longest unused goes first."""

    def __init__(self) -> None:
        self._places: OrderedDict[str, Path] = OrderedDict()
        self._folder: Path | None = None
        self._lock = threading.Lock()

    def place(self, key: str, content: pa.Buffer | None, scratch: str | None) -> Path | None:
        """Return where the file lies, written first where its content has come along."""
        with self._lock:
            if key in self._places:
                self._places.move_to_end(key)
                return self._places[key]
            if content is None:
                return None
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=scratch))
                atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
            place = self._folder / key
            place.write_bytes(content)
            self._places[key] = place
            while len(self._places) > _KEPT_FILES:
                self._places.popitem(last=False)[1].unlink(missing_ok=True)
            return place


_copies = _Copies()


def _addressed(outcome: Outcome[R], here: str, there: str) -> Outcome[R]:
    """Return `outcome` with the path of the application in the place of the worker's own."""
    if isinstance(outcome, Failure):
        told = {n: getattr(outcome, n).replace(here, there) for n in ("message", "detail")}
        return replace(outcome, **told)
    content: object = outcome.value
    if not isinstance(content, SourceContent) or not content.follow_ups:
        return outcome
    later = tuple(
        replace(p, path=there) if isinstance(p, Traveller) else p for p in content.follow_ups
    )
    value: Any = replace(content, follow_ups=later)
    return Success(value, outcome.seconds)
