"""The window while rows pour in: `python3 -m benchmarks.window FILE SCRATCH`."""

from __future__ import annotations

import json
import os
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any


def main(path: Path, scratch: Path) -> None:
    """Import and clean a file in the window, and print the gaps of a 5 ms timer."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QSettings, Qt, QTimer

    from invoice_desk.app import Session, make_application

    application = make_application(["invoice-desk"])
    settings = QSettings(str(scratch / "settings.ini"), QSettings.Format.IniFormat)
    session = Session(scratch / "desk.db", settings)
    window = session.window
    assert window is not None
    window.show()
    ticks: list[float] = []
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(5)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    begun = time.perf_counter()
    window.jobs.imported.connect(lambda _result: window.jobs.clean())
    late = Lateness()
    window.jobs.progressed.connect(lambda shown: late.take(window.jobs.manager.current, shown))
    window.jobs.cleaned.connect(lambda _result: QTimer.singleShot(500, application.quit))

    def start() -> None:
        timer.start()
        window.import_paths([path])

    QTimer.singleShot(500, start)
    application.exec()
    seconds = time.perf_counter() - begun
    timer.stop()
    spans = sorted((b - a, a - begun) for a, b in pairwise(ticks))
    gaps = [gap for gap, _ in spans]
    window.close()
    session.close()
    answer = {
        "seconds": round(seconds, 2),
        "ticks": len(ticks),
        "latest_progress_ms": round(1000 * late.worst, 1),
        "longest_gap_ms": round(1000 * gaps[-1], 1),
        "gap_999_ms": round(1000 * gaps[int(len(gaps) * 0.999)], 1),
        "longest_five": [(f"{1000 * gap:.0f} ms", f"at {at:.2f} s") for gap, at in spans[-5:]],
    }
    print(json.dumps(answer))


class Lateness:
    """Measures how long after a job told its progress that reached the window."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._last: object = None

    def take(self, job: Any, shown: Any) -> None:
        """Take in what is shown now of the job that runs."""
        if job is not None and job.job_id == shown.job_id and shown is not self._last:
            told = job.begun + shown.seconds
            self.worst = max(self.worst, time.monotonic() - told)
        self._last = shown


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
