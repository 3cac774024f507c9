"""Jobs by the thousand: `python3 -m benchmarks.jobs SCRATCH`."""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

STORED, FILES, ROWS = 10_000, 1_000, 40


def main(scratch: Path) -> None:
    """List stored jobs, ask for one while an import of small files runs, cancel that; print."""
    from invoice_desk.services.desk import open_desk

    desk = open_desk(scratch / "desk.db")
    try:
        print(json.dumps(listing(desk) | under_way(desk, scratch / "files")))
    finally:
        desk.close()


def listing(desk: Any) -> dict[str, Any]:
    """Store jobs with all that a real one carries, and list them."""
    from sqlalchemy import insert

    from invoice_desk.core.job_lines import Standing
    from invoice_desk.db.engine import writing
    from invoice_desk.db.schema import job
    from invoice_desk.services.job_listing import active_lines, job_lines

    now = desk.now()
    counts = dict.fromkeys(("total", "successful", "failed", "unprocessed"), 3)
    summary = {"seconds": 12.5, "mode": "standard", "counts": {"files": counts}}
    samples = [[float(s), s * 1000, 300_000_000, 1.25] for s in range(240)]
    values = [
        {
            **counts,
            "operation": "clean" if n % 3 else "import",
            "title": f"file {n}.csv",
            "state": "Failed" if n % 10 == 0 else "JobComplete",
            "rows": 1000,
            "summary": summary,
            "request": {"paths": [f"/somewhere/file_{k}.csv" for k in range(20)]},
            "progress": {"work_done": 1.0, "samples": samples},
            "created_at": now,
            "started_at": now,
            "ended_at": now,
        }
        for n in range(STORED)
    ]
    with writing(desk.engine) as connection:
        connection.execute(insert(job), values)
    return {
        "list_ms": _best(lambda: job_lines(desk)),
        "filtered_ms": _best(lambda: job_lines(desk, standing=Standing.FAILED, text="99")),
        "active_ms": _best(lambda: active_lines(desk, newer_than=STORED)),
    }


def under_way(desk: Any, folder: Path) -> dict[str, Any]:
    """Import small files; ask for the job all the while, then cancel it."""
    from invoice_desk.core.modes import Mode
    from invoice_desk.services import job_control
    from invoice_desk.services.importing import ImportJob
    from invoice_desk.services.job_listing import job_detail
    from invoice_desk.services.jobs import JobSettings

    folder.mkdir()
    line = "1,22A,LAMP,2,2024-03-15 08:00:00,2.50,12000,France\n"
    for number in range(FILES):
        text = f"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,A{number},Country\n"
        (folder / f"{number}.csv").write_text(text + ROWS * line)
    job = ImportJob(desk, [folder], JobSettings(Mode.OPTIMIZED))
    thread = threading.Thread(target=job.run)
    gc.freeze()  # as the window does once it stands
    begun = time.perf_counter()
    thread.start()
    asked, in_detail = [], []
    while thread.is_alive() and job.snapshot.done < FILES // 2:
        if job.snapshot.job_id:  # it is recorded
            asked.append(_timed(lambda: job_control.job(desk, job.job_id)))
            if len(asked) % 10 == 0:
                in_detail.append(_timed(lambda: job_detail(desk, job.job_id)))
        time.sleep(0.01)
    half = time.perf_counter() - begun
    wanted = time.perf_counter()
    job.cancel()
    thread.join()
    cancelled = time.perf_counter() - wanted
    left = job_control.job(desk, job.job_id)
    assert left.state.value == "Aborted"
    assert left.successful + left.failed + left.unprocessed == left.total == FILES
    return {
        "asked": len(asked),
        "status_worst_ms": round(max(asked), 2),
        "status_worst_five": sorted((round(ms, 1), at) for at, ms in enumerate(asked))[-5:],
        "status_999_ms": round(sorted(asked)[int(len(asked) * 0.999)], 2),
        "status_median_ms": round(sorted(asked)[len(asked) // 2], 2),
        "detail_worst_ms": round(max(in_detail), 2) if in_detail else None,
        "cancel_seconds": round(cancelled, 3),
        "seconds_to_half": round(half, 2),
        "left_over": left.unprocessed,
    }


def _best(call: Any) -> float:
    return round(min(_timed(call) for _ in range(5)), 1)


def _timed(call: Any) -> float:
    begun = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begun)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
