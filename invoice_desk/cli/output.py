"""What the command line prints: tables for people, one JSON document for programs."""

from __future__ import annotations

import datetime as dt
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from invoice_desk.core.amounts import amount_text
from invoice_desk.services.jobs import RunningJob, Snapshot

_REFRESH_SECONDS = 0.1
_BAR = 24


def plain(value: Any) -> Any:
    """Return `value` as JSON knows it: decimals as plain text, times as ISO 8601."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(item) for name, item in asdict(value).items()}
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return amount_text(value, digits=0)
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def print_json(value: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(plain(value), ensure_ascii=False, indent=1))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under headings, numbers to the right."""
    texts = [["" if cell is None else _shown(cell) for cell in row] for row in rows]
    widths = [
        max([len(heading), *(len(row[i]) for row in texts)]) for i, heading in enumerate(headings)
    ]
    numeric = [_is_numeric([row[i] for row in rows]) for i in range(len(headings))]
    for row in [list(headings), *texts]:
        cells = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        ]
        print("  ".join(cells).rstrip())


def _is_numeric(cells: Sequence[object]) -> bool:
    return bool(cells) and all(cell is None or isinstance(cell, (int, float)) for cell in cells)


def _shown(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.2f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def say(text: str) -> None:
    """Print to standard error, where progress and remarks go."""
    print(text, file=sys.stderr)


@contextmanager
def watched(job: RunningJob) -> Iterator[None]:
    """Show a bar on a terminal while `job` runs; Ctrl+C cancels it, twice ends the program."""
    previous = signal.getsignal(signal.SIGINT)

    def cancel(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, previous)
        say("\nCancelling; press Ctrl+C again to end at once.")
        job.cancel()

    on_main_thread = threading.current_thread() is threading.main_thread()
    if on_main_thread:
        signal.signal(signal.SIGINT, cancel)
    try:
        with drawn(lambda: job):
            yield
    finally:
        if on_main_thread:
            signal.signal(signal.SIGINT, previous)


@contextmanager
def drawn(current: Callable[[], RunningJob | None]) -> Iterator[None]:
    """Show on a terminal a bar of the job that `current` returns, as long as there is one."""
    done = threading.Event()
    watcher = threading.Thread(target=_draw_until, args=(current, done), daemon=True)
    if sys.stderr.isatty():
        watcher.start()
    try:
        yield
    finally:
        done.set()
        if watcher.is_alive():
            watcher.join()


def _draw_until(current: Callable[[], RunningJob | None], done: threading.Event) -> None:
    while not done.wait(_REFRESH_SECONDS):
        job = current()
        if job is not None:
            sys.stderr.write("\r\x1b[K" + bar(job.snapshot))
            sys.stderr.flush()
    sys.stderr.write("\r\x1b[K")
    sys.stderr.flush()


def bar(snapshot: Snapshot) -> str:
    """Return one line that says how far a job is."""
    filled = int(snapshot.work_done * _BAR)
    parts = [
        f"{snapshot.step:<9}",
        f"[{'#' * filled}{'.' * (_BAR - filled)}]",
        f"{snapshot.work_done:>4.0%}",
        f"{snapshot.done}/{snapshot.total}",
    ]
    if snapshot.rows:
        parts.append(f"{snapshot.rows:,} rows")
    if snapshot.rate:
        parts.append(f"{snapshot.rate:,.0f}/s")
    if snapshot.left is not None:
        parts.append(f"{_clock(snapshot.left[0])} to {_clock(snapshot.left[1])} left")
    if snapshot.waiting_for:
        parts.append(snapshot.waiting_for)
    return "  ".join(parts)


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02}"
