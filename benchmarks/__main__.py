"""Measure what the program promises, each figure as a ratio against a baseline of the same run.

    python3 -m benchmarks [NAME …] [--rows N] [--out FILE]

NAME is one of `million`, `raw`, `small`, `workers`, `cluster`, `excel`, `daily`, `large`, `window`,
`jobs`, `lines`, `documents`; all if none is named.  Each contender runs in a process of its own,
so that start-up, memory and caches are its own.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from benchmarks.data import write_daily, write_rows, write_workbook
from benchmarks.documents import PARTS
from benchmarks.memory import PeakMemory

ROOT = Path(__file__).parent.parent
Figures = dict[str, Any]


def main() -> int:
    """Run everything; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure Invoice Desk against baselines.")
    parser.add_argument("names", nargs="*", choices=[*MEASURED, []], metavar="NAME")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "latest.json")
    options = parser.parse_args()
    results: dict[str, Any] = {
        "machine": f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores",
        "python": platform.python_version(),
    }
    for name in options.names or MEASURED:
        with tempfile.TemporaryDirectory(prefix="invoice-desk-bench-") as folder:
            print(f"\n{name}", flush=True)
            results[name] = MEASURED[name](Path(folder), options.rows)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(f"\nWritten to {options.out}")
    return 0


def million(folder: Path, rows: int) -> Figures:
    """Import and clean beside a plain pandas script: at least ten times as fast.

    The script's seconds begin once pandas is loaded; so ours, with workers and writer up (the
    middle one of three runs), are set against them.  Neither is watched for memory, which costs
    the one with more processes more.  Whole processes, from a cold start to their end, are set
    side by side as well.
    """
    path = _written(folder, rows)
    cold = _run("ours", path, folder / "ours")
    ups = [_run("ours_up", path, folder / f"up-{i}", watched=False) for i in range(3)]
    up = sorted(ups, key=lambda run: sum(run["steps"].values()))[1]
    theirs = _run("pandas", path, folder / "pandas", watched=False)
    if {cold["sum"], up["sum"]} != {theirs["sum"]}:
        raise SystemExit(f"the sums differ: {cold['sum']}, {up['sum']} and {theirs['sum']}")
    _said("seconds, from a cold start", cold["seconds"], "≤ 9")
    whole = _said(
        "pandas / ours, whole processes", theirs["seconds"] / cold["seconds"], "(no goal)"
    )
    ratio = sum(theirs["steps"].values()) / sum(up["steps"].values())
    said = _said(f"pandas / ours, import and clean {rows:,} rows", ratio, "≥ 10")
    runs = {"ours": cold, "ours_up": up, "pandas": theirs}
    return runs | {"ratio": said, "ratio_of_processes": round(whole, 3)}


def raw(folder: Path, rows: int) -> Figures:
    """Import alone beside Arrow's reader and ADBC's ingest in one process: at most twice."""
    path = _written(folder, rows)
    floor = _run("arrow_and_adbc", path, folder / "floor")
    mine = _run("ours_raw", path, folder / "ours")
    ratio = mine["steps"]["import"] / floor["steps"]["import"]
    return {"ours": mine, "floor": floor, "ratio": _said("ours / floor", ratio, "≤ 2")}


def small(folder: Path, _rows: int) -> Figures:
    """Import and clean 50,000 rows with the process up: at most a second."""
    path = _written(folder, 50_000)
    mine = _run("ours_up", path, folder / "ours")
    seconds = _said("seconds, 50,000 rows", sum(mine["steps"].values()), "≤ 1")
    return {"ours": mine, "seconds": seconds}


def workers(folder: Path, rows: int) -> Figures:
    """Clean chunks with two workers and with one: at least 1.6 times as fast.

    A whole pass gains less: all its rows go through the one process that writes.
    """
    path = _written(folder, rows)
    one = _run("one_worker", path, folder / "one")
    two = _run("two_workers", path, folder / "two")
    ratio = one["steps"]["clean"] / two["steps"]["clean"]
    whole = one["steps"]["pass"] / two["steps"]["pass"]
    _said("one worker / two, a whole pass", whole, "(no goal)")
    said = _said("one worker / two, cleaning", ratio, "≥ 1.6")
    return {"one": one, "two": two, "ratio": said, "ratio_of_a_pass": round(whole, 3)}


def cluster(folder: Path, rows: int) -> Figures:
    """Import and clean with two workers of a cluster beside two processes; the same totals."""
    if find_spec("distributed") is None:
        print("  distributed is not installed: pip install invoice-desk[cluster]", flush=True)
        return {"skipped": "distributed is not installed"}
    path = _written(folder, rows)
    here = _run("two_processes", path, folder / "here")
    there = _run("two_on_a_cluster", path, folder / "there")
    if here["sum"] != there["sum"]:
        raise SystemExit(f"the sums differ: {here['sum']} and {there['sum']}")
    ratios = {}
    for step in ("import", "clean"):
        ratio = there["steps"][step] / here["steps"][step]
        ratios[step] = _said(f"cluster / processes, {step}", ratio, "(no goal)")
    whole = sum(there["steps"].values()) / sum(here["steps"].values())
    said = _said(f"cluster / processes, {rows:,} rows", whole, "(no goal)")
    return {"processes": here, "cluster": there, "ratios": ratios, "ratio": said}


def excel(folder: Path, _rows: int) -> Figures:
    """Import a workbook beside calamine's bare read: at most three times."""
    path = folder / "etat_facture.xlsx"
    write_workbook(path, 100_000)
    bare = _run("calamine", path, folder / "bare")
    mine = _run("ours_raw", path, folder / "ours")
    ratio = mine["steps"]["import"] / bare["steps"]["import"]
    return {"ours": mine, "calamine": bare, "ratio": _said("ours / calamine", ratio, "≤ 3")}


def daily(folder: Path, _rows: int) -> Figures:
    """Import 305 daily files: at least 150,000 rows a second."""
    write_daily(folder / "days", 305, 1_775)
    mine = _run("ours_raw", folder / "days", folder / "ours", watched=False)
    rate = mine["rows"] / mine["steps"]["import"]
    return {"ours": mine, "rows_per_second": _said("rows a second", rate, "≥ 150,000")}


def large(folder: Path, rows: int) -> Figures:
    """Ten times the rows: at most eleven times the time, and the memory of two million."""
    found = {}
    for times in (1, 2, 10):
        path = _written(folder, times * rows)
        found[times] = _run("ours", path, folder / str(times))
        path.unlink()
        for left in (folder / str(times)).rglob("*"):
            if left.is_file():
                left.unlink()
    ratio = _said("time of 10 / time of 1", found[10]["seconds"] / found[1]["seconds"], "≤ 11")
    peak = max(figures["peak_mb"] for figures in found.values())
    _said("peak MB over all processes", peak, "≤ 700")
    growth = _said("peak of 10 / peak of 2", found[10]["peak_mb"] / found[2]["peak_mb"], "≤ 1.1")
    return {"runs": found, "ratio": ratio, "peak_mb": peak, "growth": growth}


def window(folder: Path, rows: int) -> Figures:
    """Measure the longest gap between ticks of a 5 ms timer while the window imports."""
    path = _written(folder, rows)
    command = [sys.executable, "-m", "benchmarks.window", str(path), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    answer: Figures = json.loads(done.stdout.splitlines()[-1])
    _said("longest gap of a 5 ms timer, ms", answer["longest_gap_ms"], "≤ 50")
    _said("latest that progress was shown, ms", answer["latest_progress_ms"], "≤ 100")
    return answer


def jobs(folder: Path, _rows: int) -> Figures:
    """List 10,000 stored jobs; ask for one while 1,000 small files are imported; cancel that."""
    command = [sys.executable, "-m", "benchmarks.jobs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    answer: Figures = json.loads(done.stdout.splitlines()[-1])
    _said("10,000 stored jobs are listed, ms", answer["list_ms"], "≤ 200")
    _said("the same by state and text, ms", answer["filtered_ms"], "≤ 200")
    _said("status of a job that runs, worst, ms", answer["status_worst_ms"], "≤ 50")
    _said("cancel of 1,000 files takes effect, seconds", answer["cancel_seconds"], "≤ 2")
    return answer


def lines(_folder: Path, _rows: int) -> Figures:
    """Read the lines of invoices from their pages, and hold them against their XML."""
    from benchmarks.line_items import line_items

    figures = line_items(ROOT)
    if figures is None:
        print("  the invoices of ../shared/corpora are not here; nothing is measured", flush=True)
        return {}
    wanted = {"documents": "≥ 0.85", "sure": "≥ 0.95", "milliseconds a page": "≤ 10"}
    for name, figure in figures.items():
        _said(f"lines from pages, {name}", figure, wanted.get(name, "(no goal)"))
    return figures


def documents(folder: Path, _rows: int) -> Figures:
    """Read digital pages and recognise scans: by one core, by two workers, and their memory."""
    found: Figures = {}
    for part in PARTS:
        command = [sys.executable, "-m", "benchmarks.documents", part, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
        found[part] = json.loads(done.stdout.splitlines()[-1])
    for name, figures in {"made": found["digital"], **found["corpora"]}.items():
        _said(f"{name}: text layers, pages/s", figures["text_pages_per_second"], "≥ 150")
        _said(f"{name}: text and fields, pages/s", figures["pages_per_second"], "≥ 25")
    _said("a PDF of one page until it is stored, seconds", found["first"]["seconds"], "≤ 1")
    _said("libraries of OCR loaded by it", len(found["first"]["ocr_libraries"]), "0")
    ratio = found["recognising"]["ours"] / found["recognising"]["bare"]
    _said("recognising / the bare engine", ratio, "≤ 1.15")
    both = found["pools"]
    _said("two workers / one, recognising", both["two_workers"], "≥ 1.6")
    _said("a page's cost with two workers / with one", both["costs"], "(no goal)")
    _said("a worker that recognises, MB", both["worker_mb"], "(no goal)")
    _said("40 digital PDF, MB over all processes", found["digital_2"]["peak_mb"], "≤ 600")
    _said("scans, MB over all processes", found["scans_2"]["peak_mb"], "≤ 2,000")
    return found | {"ocr_ratio": ratio}


MEASURED: dict[str, Callable[[Path, int], Figures]] = {
    made.__name__: made
    for made in (
        million,
        raw,
        small,
        workers,
        cluster,
        excel,
        daily,
        large,
        window,
        jobs,
        lines,
        documents,
    )
}


def _written(folder: Path, rows: int) -> Path:
    path = folder / f"etat_facture_{rows}.csv"
    write_rows(path, rows)
    return path


def _said(what: str, figure: float, wanted: str) -> float:
    print(f"  {what:<48} {figure:>12,.2f}   wanted {wanted}", flush=True)
    return round(figure, 3)


def _run(contender: str, path: Path, scratch: Path, *, watched: bool = True) -> Figures:
    """Run one contender; return its seconds, steps, sum and the peak of all its processes."""
    import time

    scratch.mkdir()
    command = [sys.executable, "-m", "benchmarks.contenders", contender, str(path), str(scratch)]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    watch = PeakMemory(process.pid) if watched else None
    out, _ = process.communicate()
    seconds = time.perf_counter() - begun
    if watch is not None:
        watch.stop()
    if process.returncode:
        raise SystemExit(f"{contender} failed with {process.returncode}")
    answer: Figures = json.loads(out)
    answer["seconds"] = round(seconds, 2)
    memory = ""
    if watch is not None:
        answer["peak_mb"] = round(watch.peak / 1e6, 1)
        memory = f" {answer['peak_mb']:>7.0f} MB"
    steps = ", ".join(f"{step} {value:.2f}" for step, value in answer["steps"].items())
    print(f"  {contender:<16} {seconds:>7.2f} s ({steps}){memory}", flush=True)
    return answer


if __name__ == "__main__":
    sys.exit(main())
