"""What a process has to settle before it imports anything slow."""

from __future__ import annotations

import ctypes
import sys


def keep_pandas_out() -> None:
    """Have Arrow find no pandas in this process.

    Arrow imports pandas, where it is installed, at the first list that it turns into a column:
    half a second and 60 MB a process, for nothing.  Who only asks whether it is there is told no:
    torch asks, and would not load if that threw anything.
    """
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]  # Python's own way to say no


#: M_MMAP_THRESHOLD, M_TRIM_THRESHOLD and M_TOP_PAD of glibc's malloc.h, with their values.
_MALLOC_OPTIONS = ((-3, 64 << 20), (-1, 64 << 20), (-2, 8 << 20))


def keep_freed_memory() -> None:
    """Have the C library keep up to 64 MB of freed memory instead of giving it back at once.

    A chunk's columns are a few megabytes each; glibc maps and unmaps every one of them, and the
    kernel clears their pages anew: up to a third of a worker's time.  Elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in _MALLOC_OPTIONS:
            mallopt(option, value)
