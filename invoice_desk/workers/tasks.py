"""What worker processes do; no Qt, no database, no exception that escapes."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from functools import wraps

from invoice_desk.errors import UserError
from invoice_desk.workers.contract import Chunk, Failure, Outcome, P, R, Success


def _this_worker() -> str:
    return f"{platform.node()}/{os.getpid()}"


def _peak_memory() -> int:
    """Return the most memory that this process ever had, in bytes; 0 on Windows."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def task(function: Callable[[P], R]) -> Callable[[Chunk[P]], Outcome[R]]:
    """Make `function` a task: its errors become data.

    An exception whose `__init__` takes more than its message does not survive pickling, and
    takes the whole process pool down with it; so none may leave the worker.
    """

    @wraps(function)
    def run(chunk: Chunk[P]) -> Outcome[R]:
        begun = time.perf_counter()
        try:
            value = function(chunk.payload)
            seconds = time.perf_counter() - begun
            return Success(value, seconds, worker=_this_worker(), memory=_peak_memory())
        except UserError as error:
            return Failure(str(error), retryable=False, code=error.code, advice=error.advice)
        except OSError as error:
            advice = "Check that the file is still there and can be read, then try again."
            return Failure(
                str(error), retryable=True, code="io", advice=advice, detail=traceback.format_exc()
            )
        except MemoryError:
            advice = "Close other programs, or import fewer files at a time."
            return Failure(
                "There is not enough memory.", retryable=True, code="memory", advice=advice
            )
        except Exception as error:  # noqa: BLE001 - the edge of the process
            return Failure(
                f"We could not read this ({type(error).__name__}).",
                retryable=False,
                advice="This is our mistake. Please send us the report.",
                detail=traceback.format_exc(),
            )

    return run
