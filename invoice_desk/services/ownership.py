"""Which process runs a job, and whether it is still there."""

from __future__ import annotations

import datetime as dt
import os
import platform
from functools import cache

import psutil

#: A process on another computer that was not seen for so long is taken for dead.
SILENCE = dt.timedelta(seconds=60)


@cache
def this_process() -> str:
    """Return the name of this process: host, number and second of its start.

    Numbers of processes are given again after a while; together with the start they are not.
    """
    return _name_of(psutil.Process(os.getpid()))


def _name_of(process: psutil.Process) -> str:
    return f"{platform.node()}/{process.pid}/{process.create_time():.2f}"


def is_alive(owner: str | None, last_seen: dt.datetime | None, now: dt.datetime) -> bool:
    """Return whether the process named `owner` still runs.

    Args:
        owner: As `this_process` names it; None is nobody.
        last_seen: When it last said so, which counts for processes on other computers only.
        now: The time.
    """
    if owner is None:
        return False
    host, _, rest = owner.rpartition("/")[0].rpartition("/")
    if host != platform.node():
        return last_seen is not None and now - last_seen < SILENCE
    try:
        process = psutil.Process(int(rest))
        return process.status() != psutil.STATUS_ZOMBIE and _name_of(process) == owner
    except psutil.Error:
        return False
