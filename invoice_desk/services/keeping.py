"""Keeping originals: files are found, hashed and copied before anything reads them."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from invoice_desk.core.source import Detection, detect_kind, has_members
from invoice_desk.errors import (
    EmptySourceError,
    MissingSourceError,
    OwnFileError,
    SourceError,
    StorageError,
    UnreadableSourceError,
)
from invoice_desk.readers.archive import member_names
from invoice_desk.services.desk import Identity, identity

_BLOCK = 1 << 20
_HEAD = 1 << 16
#: Seconds before a file is tried again that another program holds.
_RESTS = (0.2, 0.8)
#: ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION of the Windows API.
_HELD_ON_WINDOWS = frozenset({32, 33})


@dataclass(frozen=True, slots=True)
class Kept:
    """A file whose bytes are safe in the desk."""

    sha256: str
    size: int
    path: Path
    detection: Detection


def find_files(
    paths: Iterable[Path], *, without: Collection[Identity] = ()
) -> Iterator[tuple[Path, SourceError | None]]:
    """Yield every file at or below `paths`, in order; a path that is not there with its error.

    Hidden files and folders are left out, links are followed once.

    Args:
        paths: Files and folders.
        without: What no folder yields, as `Desk.own` tells it; named by itself it is an error.
    """
    for path in paths:
        if identity(path) in without:
            yield path, OwnFileError(f"{path.name} belongs to the desk that is open.")
        elif path.is_dir():
            yield from _files_below(path, without)
        elif not path.exists():
            yield path, MissingSourceError(f"There is no file or folder {path}.")
        else:
            yield path, None


def _files_below(
    folder: Path, without: Collection[Identity]
) -> Iterator[tuple[Path, SourceError | None]]:
    failures: list[OSError] = []
    seen = set(without)
    for base, folders, names in os.walk(folder, followlinks=True, onerror=failures.append):
        here = identity(Path(base))
        if here is None or here in seen:
            folders.clear()
            continue
        seen.add(here)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(base) / name
            if not name.startswith(".") and not (without and identity(path) in without):
                yield path, None
    for failure in failures:
        path = Path(failure.filename)
        yield path, UnreadableSourceError(f"The folder {path.name} cannot be read.")


def keep(path: Path, *, name: str, place: Callable[[str], Path], check: Callable[[], None]) -> Kept:
    """Copy the file at `path` to where its hash says, and tell what it is.

    Args:
        path: The file; it is only read.
        name: What it is called.
        place: SHA-256 → path of the original.
        check: Called between blocks; raises to stop.

    Raises:
        SourceError: If it cannot be read or is empty.
        StorageError: If it cannot be written.
    """
    try:
        digest, size, head = _hashed_when_free(path, check)
    except PermissionError as error:
        raise UnreadableSourceError(f"{name} cannot be read: no permission.") from error
    except FileNotFoundError as error:
        raise MissingSourceError(f"{name} is no longer there.") from error
    except OSError as error:
        raise UnreadableSourceError(f"{name} cannot be read: {error.strerror}.") from error
    if size == 0:
        raise EmptySourceError(f"{name} is empty.")
    target = place(digest)
    if not target.exists() or target.stat().st_size != size:
        _copy(path, target, check)
    members = member_names(path) if has_members(head) else ()
    return Kept(digest, size, target, detect_kind(name, head, members=members))


def _hashed_when_free(path: Path, check: Callable[[], None]) -> tuple[str, int, bytes]:
    """Read a file; one that another program holds is tried again a little later."""
    for rest in _RESTS:
        try:
            return _hashed(path, check)
        except OSError as error:
            if not _may_pass(error):
                raise
        check()
        time.sleep(rest)
    return _hashed(path, check)


def _may_pass(error: OSError) -> bool:
    """Return whether a program that lets go of the file is all that is needed."""
    if getattr(error, "winerror", None) in _HELD_ON_WINDOWS:
        return True
    return error.errno in {errno.EBUSY, errno.EAGAIN, errno.ETXTBSY, errno.EDEADLK}


def _hashed(path: Path, check: Callable[[], None]) -> tuple[str, int, bytes]:
    digest, size, head = hashlib.sha256(), 0, b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            check()
            head = head or block[:_HEAD]
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size, head


def _copy(path: Path, target: Path, check: Callable[[], None]) -> None:
    """Copy under another name first, so that a half copy never looks like an original."""
    unfinished = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as source, unfinished.open("wb") as copy:
            while block := source.read(_BLOCK):
                check()
                copy.write(block)
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        what = "the disk is full" if full else f"{error.strerror}"
        raise StorageError(f"The original of {path.name} cannot be kept: {what}.") from error
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
