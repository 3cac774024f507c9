"""Hashes of the keys of very many rows, kept on disk in parts that fit into memory."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np

from invoice_desk.core.duplicates import repeated

#: Hashes are spread over this many parts by their highest bits.
_PARTS = 64
_SHIFT = np.uint64(58)
_ENTRY = np.dtype([("hash", "<u8"), ("number", "<i8")])
#: Up to this many entries stay in memory.
_IN_MEMORY = 500_000


class KeySpill:
    """Gathers (hash, row number) pairs and says which hashes stand more than once.

    Memory stays at some 30 MB whatever the number of rows; ten million rows take 160 MB of disk.
    """

    def __init__(self) -> None:
        self._pending: list[np.ndarray] = []
        self._count = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def add(self, numbers: bytes, hashes: bytes) -> None:
        """Add rows: int64 numbers and uint64 hashes, of equal count."""
        entries = np.empty(len(hashes) // 8, _ENTRY)
        entries["hash"] = np.frombuffer(hashes, "<u8")
        entries["number"] = np.frombuffer(numbers, "<i8")
        entries = entries[entries["hash"] != 0]
        self._pending.append(entries)
        self._count += len(entries)
        if self._count > _IN_MEMORY:
            self._write_out()

    def repeated_numbers(self) -> np.ndarray:
        """Return the numbers of the rows whose hash stands more than once, ascending."""
        if self._folder is not None:
            self._write_out()
        found = [self._repeated(part) for part in range(_PARTS)] if self._folder else []
        if self._pending:
            found.append(_repeated_numbers(np.concatenate(self._pending)))
        result: np.ndarray = np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)
        return result

    def close(self) -> None:
        """Remove what lies on disk."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self._pending, self._count = [], 0

    def _write_out(self) -> None:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="invoice-desk-keys-")
        if not self._pending:
            return
        entries = np.concatenate(self._pending)
        parts = (entries["hash"] >> _SHIFT).astype(np.uint8)  # octets are sorted by counting
        entries = entries[np.argsort(parts, kind="stable")]
        ends = np.cumsum(np.bincount(parts, minlength=_PARTS))
        for part, (start, end) in enumerate(itertools.pairwise([0, *ends.tolist()])):
            with self._file(part).open("ab") as file:
                file.write(entries[start:end].tobytes())
        self._pending, self._count = [], 0

    def _repeated(self, part: int) -> np.ndarray:
        path = self._file(part)
        entries = np.fromfile(path, _ENTRY) if path.exists() else np.zeros(0, _ENTRY)
        return _repeated_numbers(entries)

    def _file(self, part: int) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / str(part)


def _repeated_numbers(entries: np.ndarray) -> np.ndarray:
    numbers: np.ndarray = entries["number"][repeated(entries["hash"])]
    return numbers
