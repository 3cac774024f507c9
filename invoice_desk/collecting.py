"""Python's collector of cycles, and work that makes none."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_count = 0


@contextmanager
def no_collecting() -> Iterator[None]:
    """Keep the collector from looking for cycles among very many small objects meanwhile.

    What is counted down to nothing is freed all the same.  Threads may do so at once: the last
    one to leave has the collector work again.
    """
    global _count  # noqa: PLW0603 - there is one collector in a process
    with _lock:
        _count += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _count -= 1
            if not _count:
                gc.enable()
