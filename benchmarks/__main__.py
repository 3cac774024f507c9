"""Import and clean made-up rows, beside two plain scripts, and print ratios.

    python3 -m benchmarks [--rows N …] [--skip-window] [--out FILE]

Each contender runs in a process of its own, so that start-up, memory and caches are its own.
Baselines: a plain pandas script with `to_sql`, and the csv module with `executemany`; both do the
same work (read, keep the raw rows, clean, keep the clean rows) in the way one would first write it.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.data import write_rows

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Run everything; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure Invoice Desk against plain scripts.")
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 1_000_000])
    parser.add_argument("--skip-window", action="store_true")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "latest.json")
    options = parser.parse_args()
    results: dict[str, Any] = {
        "machine": f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores",
        "python": platform.python_version(),
        "runs": [compare(rows) for rows in options.rows],
    }
    if not options.skip_window:
        results["window"] = window_gap(max(options.rows))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(f"\nWritten to {options.out}")
    return 0


def compare(rows: int) -> dict[str, Any]:
    """Measure all contenders on the same file."""
    with tempfile.TemporaryDirectory(prefix="invoice-desk-bench-") as name:
        folder = Path(name)
        path = folder / "online_retail.csv"
        write_rows(path, rows)
        size = path.stat().st_size
        print(f"\n{rows:,} rows x 10 columns, {size / 1e6:.0f} MB")
        found = {
            "invoice-desk": measure("ours", path, folder / "ours"),
            "pandas": measure("pandas", path, folder / "pandas"),
            "csv + executemany": measure("csv", path, folder / "csv"),
        }
    ours = found["invoice-desk"]
    for contender, figures in found.items():
        ratio = figures["seconds"] / ours["seconds"]
        figures["ratio"] = round(ratio, 2)
        rate = rows / figures["seconds"]
        print(
            f"  {contender:<18} {figures['seconds']:>7.2f} s  {rate:>10,.0f} rows/s  "
            f"{figures['peak_mb']:>6.0f} MB peak  {ratio:>6.2f} x our time"
        )
        for step, seconds in figures["steps"].items():
            print(f"      {step:<16} {seconds:>6.2f} s")
    sums = {name: figures["sum"] for name, figures in found.items()}
    print(f"  sums of quantity x price: {sums}")
    return {"rows": rows, "bytes": size, "contenders": found}


def measure(contender: str, path: Path, scratch: Path) -> dict[str, Any]:
    """Run one contender; return its seconds, steps, sum and the peak of all its processes."""
    scratch.mkdir()
    command = [sys.executable, "-m", "benchmarks.contenders", contender, str(path), str(scratch)]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    watch = PeakMemory(process.pid)
    out, _ = process.communicate()
    seconds = time.perf_counter() - begun
    watch.stop()
    if process.returncode:
        raise SystemExit(f"{contender} failed with {process.returncode}")
    answer: dict[str, Any] = json.loads(out)
    return {
        "seconds": round(seconds, 2),
        "steps": answer["steps"],
        "sum": answer["sum"],
        "peak_mb": round(watch.peak / 1e6, 1),
    }


def window_gap(rows: int) -> dict[str, Any]:
    """Measure the longest gap between ticks of a 5 ms timer while the window imports."""
    with tempfile.TemporaryDirectory(prefix="invoice-desk-bench-") as name:
        path = Path(name) / "online_retail.csv"
        write_rows(path, rows)
        command = [sys.executable, "-m", "benchmarks.window", str(path), name]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"\nWindow during import and clean of {rows:,} rows: longest gap of a 5 ms timer "
        f"{answer['longest_gap_ms']} ms, 99.9 % below {answer['gap_999_ms']} ms"
    )
    return answer


class PeakMemory:
    """Samples the memory of a process and its children: private plus shared once (PSS)."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the sampling."""
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(0.05):
            try:
                parent = psutil.Process(self._pid)
                family = [parent, *parent.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            self.peak = max(self.peak, sum(map(_memory_of, family)))


def _memory_of(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", memory.rss))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


if __name__ == "__main__":
    sys.exit(main())
