"""What a process has to settle before it imports anything slow."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def has_display() -> bool:
    """Return whether a window could be shown."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class _NoPandas(MetaPathFinder, Loader):
    """Finds pandas, and refuses to load it.

    Not finding it would have to be an error in `find_spec`, which torch calls to ask whether it
    is there; and None in `sys.modules`, Python's own way to say no, is what Arrow falls over.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return itself for pandas; leave everything else to the other finders."""
        del path, target
        return ModuleSpec(fullname, self) if fullname == "pandas" else None

    def exec_module(self, module: ModuleType) -> None:
        """Refuse."""
        raise ModuleNotFoundError("pandas is kept out of this process", name=module.__name__)


def keep_pandas_out() -> None:
    """Have Arrow find no pandas in this process.

    Arrow imports pandas, where it is installed, at the first list that it turns into a column:
    half a second and 60 MB a process, for nothing.
    """
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _NoPandas())


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
