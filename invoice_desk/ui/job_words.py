"""What a job took, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication, QLocale

from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP
from invoice_desk.ui.texts import file_size, number, status

_MODES = {
    "standard": QT_TRANSLATE_NOOP("jobs", "One process did the work ({0})."),
    "optimized": QT_TRANSLATE_NOOP("jobs", "Worker processes did the work ({0})."),
}


def job_words(summary: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each thing that the summary of a job tells; old ones tell less."""
    lines = []
    mode = _MODES.get(str(summary.get("mode", "")))
    if mode:
        lines.append(_translated(mode).format(summary.get("mode_reason", "")))
    if "seconds" in summary:
        lines.append(_time(float(summary["seconds"]), summary.get("cost") or {}))
    cost = summary.get("cost") or {}
    if cost.get("steps"):
        steps = (f"{status(name)} {_seconds(value)}" for name, value in cost["steps"].items())
        lines.append(_translated("Of that: {0}.").format(", ".join(steps)))
    if cost:
        text = _translated("{0} were read, {1} written; memory was {2} at its highest.")
        sizes = (cost.get(name, 0) for name in ("bytes_read", "bytes_written", "peak_memory"))
        lines.append(text.format(*(file_size(size) for size in sizes)))
    return lines


def _time(seconds: float, cost: Mapping[str, Any]) -> str:
    if not cost.get("rows_per_second"):
        return _translated("It took {0}.").format(_seconds(seconds))
    text = _translated("It took {0}, {1} of processor time: {2} rows a second.")
    rate = number(cost["rows_per_second"])
    return text.format(_seconds(seconds), _seconds(cost.get("cpu_seconds", 0.0)), rate)


def _seconds(value: float) -> str:
    if value >= 60:
        minutes, rest = divmod(round(value), 60)
        return _translated("{0} min {1} s").format(minutes, rest)
    return _translated("{0} s").format(QLocale().toString(float(value), "f", 1))


def _translated(text: str) -> str:
    return QCoreApplication.translate("jobs", text)
