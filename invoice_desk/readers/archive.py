"""ZIP archives: their members, unpacked within limits, with the folders they lay in."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from invoice_desk.errors import (
    CorruptSourceError,
    EncryptedSourceError,
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


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive, its path as it lay inside."""

    path: PurePosixPath
    size: int


def member_names(path: Path) -> tuple[str, ...]:
    """Return the names inside a ZIP, nothing when it cannot be opened."""
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(archive.namelist())
    except _NO_ZIP:
        return ()


def unpack(path: Path, target: Path, *, name: str) -> Iterator[tuple[Member, Path | SourceError]]:
    """Write each member under `target` and yield it; a member that fails yields its error.

    Bytes are counted while they are written: sizes in the archive's directory may lie.

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
        total = 0
        for number, entry in enumerate(entries):
            member = Member(_inside(entry.filename), entry.file_size)
            if _is_litter(member.path):
                continue
            place = target / str(number)
            try:
                total += _write(archive, entry, place, limit=MAX_TOTAL_BYTES - total)
            except SourceError as error:
                yield member, error
            else:
                yield member, place


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path, *, limit: int) -> int:
    name = PurePosixPath(entry.filename).name
    if entry.flag_bits & 1:
        raise EncryptedSourceError(f"{name} is protected by a password inside the archive.")
    try:
        with archive.open(entry) as stream, place.open("wb") as file:
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
