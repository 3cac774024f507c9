"""ZIP archives: their members, unpacked within limits, with the folders they lay in."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from invoice_desk.errors import (
    CorruptSourceError,
    EncryptedSourceError,
    LockedSourceError,
    SourceError,
    UnsafeSourceError,
)

MAX_MEMBERS = 20_000
MAX_MEMBER_BYTES = 4 << 30
MAX_TOTAL_BYTES = 16 << 30
#: A member may be this many times larger than in the archive, once it is larger than the floor.
MAX_RATIO = 1000
RATIO_FLOOR_BYTES = 64 << 20
_BLOCK = 1 << 20
#: What the packings of a ZIP raise on bytes that cannot be.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)
#: What opening one raises.
_NO_ZIP = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError)
_NO_COMPOUND = (
    *(OSError, ValueError, IndexError, TypeError, AttributeError),
    *(struct.error, OverflowError, RecursionError, MemoryError),
)
#: The packing that stands for encryption by AES, as WinZip and 7-Zip write it.
_AES = 99


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive or a mail, its path as it lay inside.

    Attributes:
        only_kept: Why it is kept and not read; empty when it is to be read.
    """

    path: PurePosixPath
    size: int
    only_kept: str = ""


def member_names(path: Path) -> tuple[str, ...]:
    """Return the names inside a ZIP or a compound file, nothing when it cannot be opened."""
    with path.open("rb") as file:
        head = file.read(32)
    if not head.startswith(b"PK"):
        return _compound_names(path) if has_plain_sectors(head) else ()
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(archive.namelist())
    except _NO_ZIP:
        return ()


def has_plain_sectors(head: bytes) -> bool:
    """Return whether the sectors of a compound file are of a size that there is.

    The library that opens it takes any power of two for one, and as much memory.
    """
    return head[30:32] in {b"\x09\x00", b"\x0c\x00"}


def _compound_names(path: Path) -> tuple[str, ...]:
    """Return what lies at the top of a compound file, as Outlook and Excel 97 write it."""
    from olefile import OleFileIO

    try:
        with OleFileIO(path) as file:
            return tuple(kid.name for kid in file.root.kids)
    except _NO_COMPOUND:
        return ()


def unpack(
    path: Path, target: Path, *, name: str, passwords: Callable[[], Sequence[str]] = tuple
) -> Iterator[tuple[Member, Path | SourceError]]:
    """Write each member under `target` and yield it; a member that fails yields its error.

    Bytes are counted while they are written: sizes in the archive's directory may lie.
    `passwords` is asked when a member needs one.

    Raises:
        CorruptSourceError: If the archive cannot be opened.
        UnsafeSourceError: If there are too many members.
    """
    try:
        archive = zipfile.ZipFile(path)
    except _NO_ZIP as error:
        raise CorruptSourceError(f"{name} is not a ZIP that can be opened: {error}") from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > MAX_MEMBERS:
            raise UnsafeSourceError(f"{name} holds {len(entries)} files, more than {MAX_MEMBERS}.")
        total, taken = 0, set[PurePosixPath]()
        for number, entry in enumerate(entries):
            inside = _inside(entry.filename)
            if _is_litter(inside):
                continue
            member = Member(free_path(inside, taken), entry.file_size)
            place, limit = target / str(number), MAX_TOTAL_BYTES - total
            try:
                if entry.flag_bits & 1:
                    total += _unlock(archive, entry, place, limit=limit, passwords=passwords())
                else:
                    total += _write(archive, entry, place, limit=limit)
            except SourceError as error:
                yield member, error
            else:
                yield member, place


def free_path(path: PurePosixPath, taken: set[PurePosixPath]) -> PurePosixPath:
    """Return `path`, or when a file before it is called so, one with a number; it is taken then."""
    free, number = path, 1
    while free in taken:
        number += 1
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
    taken.add(free)
    return free


def _unlock(
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    place: Path,
    *,
    limit: int,
    passwords: Sequence[str],
) -> int:
    """Write a member that a password protects, if one of those that are known opens it."""
    name = PurePosixPath(entry.filename).name
    if entry.compress_type == _AES:
        raise LockedSourceError(f"{name} is protected by AES inside the archive.")
    for password in passwords:
        try:
            return _write(archive, entry, place, limit=limit, password=password.encode())
        except (RuntimeError, CorruptSourceError):  # one wrong password in 256 passes the check
            continue
    raise EncryptedSourceError(f"{name} is protected by a password inside the archive.")


def _write(
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    place: Path,
    *,
    limit: int,
    password: bytes | None = None,
) -> int:
    name = PurePosixPath(entry.filename).name
    try:
        with archive.open(entry, pwd=password) as stream, place.open("wb") as file:
            return _copy(stream, file, entry, limit=limit)
    except _DAMAGED as error:
        raise CorruptSourceError(f"{name} is damaged inside the archive: {error}") from error
    except OSError as error:
        if error.errno is not None:  # the disk; bz2 has no error of its own and no number
            raise
        raise CorruptSourceError(f"{name} is damaged inside the archive: {error}") from error


def _copy(stream: IO[bytes], file: IO[bytes], entry: zipfile.ZipInfo, *, limit: int) -> int:
    written = 0
    while block := stream.read(_BLOCK):
        written += len(block)
        ratio = written / max(1, entry.compress_size)
        if written > min(limit, MAX_MEMBER_BYTES) or (
            written > RATIO_FLOOR_BYTES and ratio > MAX_RATIO
        ):
            raise UnsafeSourceError(f"{entry.filename} unpacks to far more than is plausible.")
        file.write(block)
    return written


def _inside(name: str) -> PurePosixPath:
    """Return a member's path without a root, a drive or steps upwards."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    return PurePosixPath(*parts) if parts else PurePosixPath("unnamed")


def _is_litter(path: PurePosixPath) -> bool:
    """Return whether a member is what macOS or Windows left behind, not a document."""
    return "__MACOSX" in path.parts or path.name in {".DS_Store", "Thumbs.db", "desktop.ini"}
