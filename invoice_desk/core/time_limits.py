"""How long a piece of work may take before it counts as hanging."""

from __future__ import annotations

#: Seconds that anything may take: a process may have to start first, on a busy machine.
BASE_SECONDS = 60.0
#: A slow disk and the slowest reader (a workbook) manage ten times as much.
SECONDS_PER_MEGABYTE = 10.0
#: Recognising a page takes about a second; a dense one on a slow machine ten.
SECONDS_PER_PAGE = 60.0


def time_limit(*, size: int = 0, pages: int = 0) -> float:
    """Return the seconds after which work on `size` bytes and `pages` pages counts as hanging."""
    work = size / 1e6 * SECONDS_PER_MEGABYTE + pages * SECONDS_PER_PAGE
    return BASE_SECONDS + work
