"""Kill the program, or one of its workers, at random moments; nothing may be lost or doubled.

    python3 -m benchmarks.crashes [--runs N] [--kill process|worker|both] [--rows N] [--seed N]

Each run imports and cleans one file on a fresh desk and is disturbed once at a random moment
between its start and its end.  A killed program is started again until nothing is left to do.
Then the desk must hold what an undisturbed run gave, and every job must be Job Complete.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
#: A run that is not done by then is stuck.
_MOST_SECONDS = 180
_MOST_STARTS = 3
NO_WORKER = "no worker yet"


@dataclass(frozen=True, slots=True)
class Disturbed:
    """What became of one run.

    Attributes:
        moment: Seconds after the start at which something was killed.
        step: What the jobs were at then.
        trouble: What is wrong with the desk now; empty when nothing is.
    """

    moment: float
    step: str
    trouble: str


def main() -> int:
    """Run everything; return the exit code."""
    parser = argparse.ArgumentParser(description="Kill Invoice Desk at random moments.")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--kill", choices=("process", "worker", "both"), default="both")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drive", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive:
        return drive(*options.drive)
    what = ("process", "worker") if options.kill == "both" else (options.kill,)
    bad = 0
    with tempfile.TemporaryDirectory(prefix="invoice-desk-crashes-") as folder:
        for victim in what:
            found = disturb(
                Path(folder), victim, runs=options.runs, rows=options.rows, seed=options.seed
            )
            wrong = [run for run in found if run.trouble]
            bad += len(wrong)
            hit = sum(run.step != "over" for run in found)
            print(
                f"{victim}: {len(found)} runs, {hit} disturbed before the end, {len(wrong)} wrong"
            )
    return 1 if bad else 0


def disturb(folder: Path, victim: str, *, runs: int, rows: int, seed: int) -> list[Disturbed]:
    """Disturb `runs` runs; return what became of each."""
    from benchmarks.data import write_rows

    path = folder / "etat_facture.csv"
    if not path.exists():
        write_rows(path, rows)
    begun = time.monotonic()
    wanted = _undisturbed(folder / f"undisturbed-{victim}", path)
    seconds = time.monotonic() - begun
    chance = random.Random(seed)
    found: list[Disturbed] = []
    while len(found) < runs:
        place = folder / f"{victim}-{len(found)}"
        moment = chance.uniform(0.2, seconds)
        run = _disturbed(place, path, victim=victim, moment=moment, chance=chance, wanted=wanted)
        shutil.rmtree(place)
        if not run.trouble and run.step in {"over", NO_WORKER}:
            if run.step == "over":
                seconds *= 0.9  # the machine is quicker now than it was
            continue
        found.append(run)
        if run.trouble:
            print(f"  after {run.moment:.2f} s, {run.step}: {run.trouble}", flush=True)
        if sys.stderr.isatty() or len(found) % 20 == 0:
            print(f"{victim} {len(found)}/{runs}", file=sys.stderr, flush=True)
    return found


def drive(desk_path: Path, path: Path) -> int:
    """Import and clean `path` as the program does, or go on with what was begun."""
    from invoice_desk.startup import keep_pandas_out

    keep_pandas_out()
    from invoice_desk.services.cleaning import CleaningJob
    from invoice_desk.services.desk import open_desk
    from invoice_desk.services.importing import ImportJob
    from invoice_desk.services.job_control import jobs
    from invoice_desk.services.job_manager import JobManager
    from invoice_desk.services.jobs import JobSettings
    from invoice_desk.workers.executors import WarmPool

    desk = open_desk(desk_path)
    desk.pool = WarmPool(2)
    known = {job.operation: job.id for job in jobs(desk)}
    if "import" not in known:
        known["import"] = ImportJob(desk, [path], JobSettings()).enqueue()
    if "clean" not in known:
        CleaningJob(desk, JobSettings()).enqueue(after_id=known["import"])
    JobManager(desk).run_until_idle()
    desk.pool.close()
    desk.close()
    return 0


def fingerprint(desk_path: Path) -> dict[str, str]:
    """Return what the desk holds, each part as a hash; numbers of passes and jobs left out."""
    with closing(sqlite3.connect(desk_path)) as desk:
        tables = [name for (name,) in desk.execute(_CLEAN_TABLES)]
        parts = {
            "raw rows": "SELECT raw_table_id, row_number, cells FROM raw_row ORDER BY id",
            "findings": "SELECT raw_table_id, row_number, field, code, text FROM finding"
            " ORDER BY 1, 2, 3, 4, 5",
            "passes": "SELECT raw_table_id, cleaned, filtered_out, findings, totals, buckets"
            " FROM cleaning_pass WHERE state = 'done'",
            "sources": "SELECT name, status, row_count, document_type FROM source",
            "raw tables": "SELECT id, name, structure, row_count FROM raw_table",
        }
        for name in tables:
            columns = [row[1] for row in desk.execute(f"PRAGMA table_info({name})")]
            wanted = ", ".join(f'"{c}"' for c in columns if c not in {"id", "pass_id"})
            rows = f"SELECT id & 4294967295, {wanted} FROM {name} ORDER BY 1"
            parts[name] = rows
        return {name: _hash(desk, query) for name, query in parts.items()}


_CLEAN_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'clean!_%' ESCAPE '!'"
)


def _hash(desk: sqlite3.Connection, query: str) -> str:
    digest, count = hashlib.sha256(), 0
    for row in desk.execute(query):
        digest.update(json.dumps(row).encode())
        count += 1
    return f"{count} rows, {digest.hexdigest()[:16]}"


def _undisturbed(place: Path, path: Path) -> dict[str, str]:
    place.mkdir()
    _start(place, path).wait(_MOST_SECONDS)
    trouble = _open_jobs(place / "desk.db")
    if trouble:
        raise SystemExit(f"the undisturbed run is wrong: {trouble}")
    return fingerprint(place / "desk.db")


def _disturbed(
    place: Path,
    path: Path,
    *,
    victim: str,
    moment: float,
    chance: random.Random,
    wanted: dict[str, str],
) -> Disturbed:
    place.mkdir()
    process = _start(place, path)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        step = _step(place / "desk.db")
        if victim == "process":
            process.kill()
        elif not _kill_worker(process.pid, chance):
            step = NO_WORKER
    else:
        step = "over"
    trouble = _finish(process, place, path) or _difference(place / "desk.db", wanted)
    return Disturbed(moment, step, trouble)


def _finish(process: subprocess.Popen[bytes], place: Path, path: Path) -> str:
    """Let a run end, and start the program again while something is left to do."""
    for _ in range(_MOST_STARTS):
        try:
            process.wait(_MOST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return "it hangs"
        trouble = _open_jobs(place / "desk.db")
        if not trouble:
            return ""
        process = _start(place, path)
    process.wait(_MOST_SECONDS)
    return _open_jobs(place / "desk.db")


def _start(place: Path, path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.crashes", "--drive"]
    return subprocess.Popen([*command, str(place / "desk.db"), str(path)], cwd=ROOT)


def _kill_worker(pid: int, chance: random.Random) -> bool:
    """Kill a worker, told from the process that writes by its name."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return False
    workers = [child for child in children if _is_worker(child)]
    if not workers:
        return False
    chance.choice(sorted(workers, key=lambda child: child.pid)).kill()
    return True


def _is_worker(process: psutil.Process) -> bool:
    """Return whether a child reads or cleans: the writer has the desk open, the tracker no pipe."""
    try:
        command = " ".join(process.cmdline())
        files = [file.path for file in process.open_files()]
    except psutil.Error:
        return False
    return "spawn_main" in command and not any(name.endswith("desk.db") for name in files)


def _step(desk_path: Path) -> str:
    """Return what the jobs are at."""
    try:
        with closing(sqlite3.connect(f"file:{desk_path}?mode=ro", uri=True, timeout=30)) as desk:
            rows = desk.execute("SELECT operation, state FROM job ORDER BY id").fetchall()
            done = desk.execute("SELECT count(*) FROM job_chunk").fetchone()[0]
    except sqlite3.Error:
        return "opening"
    told = ", ".join(f"{operation} {state}" for operation, state in rows)
    return f"{told}, {done} parts stored"


def _open_jobs(desk_path: Path) -> str:
    """Return which jobs are not complete; empty when all are."""
    try:
        with closing(sqlite3.connect(desk_path)) as desk:
            rows = desk.execute("SELECT operation, state, error, owner FROM job").fetchall()
    except sqlite3.Error as error:
        return str(error)
    if len(rows) < 2:
        return f"only {len(rows)} jobs are recorded"
    return "; ".join(f"{o} is {s}: {e}" for o, s, e, _ in rows if s != "JobComplete")


def _difference(desk_path: Path, wanted: dict[str, str]) -> str:
    found = fingerprint(desk_path)
    different = [
        f"{name}: {found.get(name)} instead of {wanted.get(name)}"
        for name in sorted(wanted.keys() | found.keys())
        if found.get(name) != wanted.get(name)
    ]
    return "; ".join(different)


if __name__ == "__main__":
    sys.exit(main())
