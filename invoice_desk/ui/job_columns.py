"""What the table of jobs says in each column, and by what it sorts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QCoreApplication, QLocale

from invoice_desk.core.job_lines import JobLine
from invoice_desk.core.jobs import JobState
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP
from invoice_desk.ui.texts import duration, number, status


class JobColumn(IntEnum):
    """The columns from left to right."""

    NUMBER = 0
    WHAT = 1
    ON = 2
    STATE = 3
    PROGRESS = 4
    NOW = 5
    RATE = 6
    LEFT = 7
    SUCCESSFUL = 8
    FAILED = 9
    UNPROCESSED = 10
    ROWS = 11
    PRIORITY = 12
    BEGAN = 13
    SECONDS = 14
    WORKERS = 15


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column.

    Attributes:
        text: What a person reads.
        key: What the column sorts by.
    """

    heading: str
    width: int
    text: Callable[[JobLine], str]
    key: Callable[[JobLine], Any]
    is_number: bool = False


def title_text(line: JobLine) -> str:
    """Return what a job is about."""
    return line.title or QCoreApplication.translate("jobs", "everything")


def state_text(line: JobLine) -> str:
    """Return how a job stands, in the words of Bulk API 2.0, and whether it is paused."""
    text = status(line.state.value)
    if not line.is_paused:
        return text
    return QCoreApplication.translate("jobs", "{0}, paused").format(text)


def state_colour(line: JobLine) -> str:
    """Return the colour of a job's state."""
    if line.state is JobState.FAILED:
        return "#b91c1c"
    if line.state is JobState.ABORTED:
        return "#64748b"
    if line.is_paused or (line.has_ended and line.left_over):
        return "#d97706"
    if line.has_ended:
        return "#15803d"
    return "#1d4ed8" if line.is_running else "#94a3b8"


def now_text(line: JobLine) -> str:
    """Return what a job does, waits for, or why it failed."""
    if line.has_ended:
        return " ".join((line.error or "").split())
    if line.waiting_for or line.is_running:
        return line.waiting_for or status(line.step)
    if line.not_before is not None:
        when = line.not_before.astimezone().strftime("%Y-%m-%d %H:%M")
        return QCoreApplication.translate("jobs", "Waits for {0}.").format(when)
    if line.after_id is not None:
        return QCoreApplication.translate("jobs", "Waits for job {0}.").format(line.after_id)
    return status(line.step)


def _progress(line: JobLine) -> float:
    if not line.has_ended:
        return line.work_done
    return 1.0 if line.state is JobState.JOB_COMPLETE else line.successful / (line.total or 1)


def _rate(line: JobLine) -> str:
    return number(line.rate) if line.is_running and line.rate >= 1 else ""


def _left(line: JobLine) -> str:
    if line.left is None or line.has_ended:
        return ""
    text = QCoreApplication.translate("jobs", "{0} to {1}")
    return text.format(*map(duration, line.left))


def _seconds(line: JobLine) -> str:
    if line.seconds is None:
        return ""
    return QLocale().toString(line.seconds, "f", 1)


def _workers(line: JobLine) -> str:
    if not line.mode:
        return ""
    if line.mode == "standard":
        return QCoreApplication.translate("jobs", "one process")
    return number(line.workers) if line.workers else QCoreApplication.translate("jobs", "several")


def _began(line: JobLine) -> str:
    return line.created_at.astimezone().strftime("%Y-%m-%d %H:%M")


COLUMNS: dict[JobColumn, ColumnSpec] = {
    JobColumn.NUMBER: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "No."), 56, lambda j: str(j.id), lambda j: j.id, is_number=True
    ),
    JobColumn.WHAT: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "What"), 70, lambda j: status(j.operation), lambda j: j.operation
    ),
    JobColumn.ON: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "On"), 180, title_text, lambda j: j.title.casefold()
    ),
    JobColumn.STATE: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "State"), 130, state_text, lambda j: j.state.value
    ),
    JobColumn.PROGRESS: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "Progress"), 110, lambda j: f"{_progress(j):.0%}", _progress
    ),
    JobColumn.NOW: ColumnSpec(QT_TRANSLATE_NOOP("jobs", "Now"), 230, now_text, now_text),
    JobColumn.RATE: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "Rows/s"), 76, _rate, lambda j: j.rate, is_number=True
    ),
    JobColumn.LEFT: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "Time left"), 100, _left, lambda j: sum(j.left or (0.0,))
    ),
    JobColumn.SUCCESSFUL: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "Successful"),
        *(104, lambda j: number(j.successful), lambda j: j.successful),
        is_number=True,
    ),
    JobColumn.FAILED: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "Failed"),
        *(66, lambda j: number(j.failed), lambda j: j.failed),
        is_number=True,
    ),
    JobColumn.UNPROCESSED: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "Not processed"),
        *(124, lambda j: number(j.unprocessed), lambda j: j.unprocessed),
        is_number=True,
    ),
    JobColumn.ROWS: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "Rows"),
        *(90, lambda j: number(j.rows), lambda j: j.rows),
        is_number=True,
    ),
    JobColumn.PRIORITY: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "Priority"),
        *(72, lambda j: number(j.priority) if j.priority else "", lambda j: j.priority),
        is_number=True,
    ),
    JobColumn.BEGAN: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "Began"), 150, _began, lambda j: j.created_at
    ),
    JobColumn.SECONDS: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "Seconds"),
        *(80, _seconds, lambda j: -1.0 if j.seconds is None else j.seconds),
        is_number=True,
    ),
    JobColumn.WORKERS: ColumnSpec(
        QT_TRANSLATE_NOOP("jobs", "Workers"), 100, _workers, lambda j: j.workers
    ),
}
