"""One contender a process: `python3 -m benchmarks.contenders NAME PATH SCRATCH`."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from invoice_desk.services.desk import Desk
    from invoice_desk.services.jobs import JobSettings

Answer = dict[str, Any]
AMOUNTS = ("Montant Ht", "Montant Taxe", "Montant Ttc", "Encaissement")


def ours(path: Path, scratch: Path) -> Answer:
    """Import and clean as the program does."""
    clock = _Clock()
    with _desk(scratch) as desk:
        return _worked(desk, path, {"start": clock()}, clock)


def ours_up(path: Path, scratch: Path) -> Answer:
    """Do the same with a process, workers and writer that have worked before."""
    from benchmarks.data import write_rows

    with _desk(scratch) as desk:
        small = scratch / "warm_up.csv"
        write_rows(small, 60_000, seed=9)
        _worked(desk, small, {}, _Clock())
        return _worked(desk, path, {}, _Clock(), only_new=True)


def one_worker(path: Path, scratch: Path) -> Answer:
    """Clean with one worker process."""
    return _cleaned_by(1, path, scratch)


def two_workers(path: Path, scratch: Path) -> Answer:
    """Clean with two worker processes."""
    return _cleaned_by(2, path, scratch)


def two_processes(path: Path, scratch: Path) -> Answer:
    """Import and clean with two worker processes that have worked before."""
    with _desk(scratch, workers=2) as desk:
        return _worked_by_two(desk, path, scratch)


def two_on_a_cluster(path: Path, scratch: Path) -> Answer:
    """Do the same with two workers of a dask cluster on this machine."""
    import logging

    from distributed import LocalCluster

    from invoice_desk.workers.cluster import ClusterPool

    folder = str(scratch / "workers")
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            local_directory=folder,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        _desk(scratch) as desk,
    ):
        assert desk.pool is not None
        desk.pool.close()
        desk.pool = ClusterPool(cluster.scheduler_address)
        return _worked_by_two(desk, path, scratch)


def _worked_by_two(desk: Desk, path: Path, scratch: Path) -> Answer:
    from benchmarks.data import write_rows
    from invoice_desk.core.modes import Mode
    from invoice_desk.services.jobs import JobSettings

    settings = JobSettings(Mode.OPTIMIZED)
    small = scratch / "warm_up.csv"
    write_rows(small, 60_000, seed=9)
    _worked(desk, small, {}, _Clock(), settings=settings)
    return _worked(desk, path, {}, _Clock(), only_new=True, settings=settings)


def _cleaned_by(workers: int, path: Path, scratch: Path) -> Answer:
    """Measure a whole pass, and the cleaning of its chunks alone, without storing them."""
    from invoice_desk.core.modes import Mode
    from invoice_desk.services.cleaning import clean_tables
    from invoice_desk.services.importing import import_paths
    from invoice_desk.services.jobs import JobSettings

    settings = JobSettings(Mode.OPTIMIZED, workers)
    with _desk(scratch, workers=workers) as desk:
        import_paths(desk, [path], settings=settings)
        clean_tables(desk, settings=settings)  # the first pass warms everything up
        clock = _Clock()
        clean_tables(desk, settings=settings)
        steps = {"pass": clock()}
        chunks = _chunks(desk)
        clock()
        _run_chunks(desk, chunks, workers)
        return {"steps": steps | {"clean": clock()}}


def _chunks(desk: Desk) -> list[Any]:
    """Return the payloads of a cleaning of the only table."""
    from invoice_desk.core.cleaning_plan import CleaningPlan
    from invoice_desk.db.engine import reading
    from invoice_desk.db.tables import read_rows_between, row_bounds
    from invoice_desk.services.passes import passes
    from invoice_desk.workers.cleaning import CleanRows

    last = passes(desk)[-1]
    plan, made = CleaningPlan.from_dict(last.plan), desk.types[last.document_type]
    payloads = []
    with reading(desk.engine) as connection:
        first, end = row_bounds(connection, last.raw_table_id)
        for start in range(first, end, 50_000):
            rows = read_rows_between(connection, last.raw_table_id, start, start + 50_000)
            payloads.append(CleanRows(*rows, plan.within(start, start + 50_000), made, last.id))
    return payloads


def _run_chunks(desk: Desk, payloads: list[Any], workers: int) -> None:
    """Clean chunks with the runner and the pool of the program; what comes back is let go."""
    from invoice_desk.core.jobs import ChunkId, ChunksAdded, Job, UploadCompleted
    from invoice_desk.workers.cleaning import CleanedRows, CleanRows, clean
    from invoice_desk.workers.runner import JobRunner

    job = Job(window=workers + 1)
    job.handle(ChunksAdded(tuple(ChunkId(i) for i in range(len(payloads)))))
    job.handle(UploadCompleted())
    assert desk.pool is not None
    runner: JobRunner[CleanRows, CleanedRows] = JobRunner(
        desk.pool,
        clean,
        payload_of=lambda chunk: payloads[chunk],
        store=lambda _chunk, _success: (),
        failed=lambda _chunk, failure: print(failure, file=sys.stderr),
        notify=lambda _state, _progress: None,
        close=False,
    )
    runner.run(job)


def _worked(
    desk: Desk,
    path: Path,
    steps: dict[str, float],
    clock: _Clock,
    *,
    only_new: bool = False,
    settings: JobSettings | None = None,
) -> Answer:
    from invoice_desk.services.cleaning import clean_tables
    from invoice_desk.services.importing import import_paths

    batch = import_paths(desk, [path], settings=settings)
    steps["import"] = clock()
    ids = [file.source_id for file in batch.files if file.source_id is not None]
    result = clean_tables(desk, source_ids=ids if only_new else None, settings=settings)
    steps["clean"] = clock()
    totals = [table.totals for table in result.tables if table.source_id in ids]
    names = ("total_amount", "net_amount")
    total = sum((t.get(names[0], t.get(names[1], Decimal(0))) for t in totals), Decimal(0))
    return {"steps": steps, "sum": f"{total:.2f}", "rows": batch.rows, "mode": result.mode}


@contextmanager
def _desk(scratch: Path, *, workers: int | None = None) -> Iterator[Desk]:
    """Open a desk with a pool that stays warm, as the window does."""
    from invoice_desk.services.desk import open_desk
    from invoice_desk.startup import keep_pandas_out
    from invoice_desk.workers.executors import WarmPool

    keep_pandas_out()  # as the program does
    desk = open_desk(scratch / "desk.db")
    desk.pool = WarmPool(workers)
    try:
        yield desk
    finally:
        desk.pool.close()
        desk.close()


def pandas(path: Path, scratch: Path) -> Answer:
    """Do the same work with pandas and `to_sql`, as one would first write it.

    Raw rows are kept, texts trimmed, amounts and dates read cell by cell (what cannot be read is
    empty and counted), rows outside the scope left out, payments in parts told from repeats.
    """
    import pandas as pd
    from sqlalchemy import create_engine

    clock = _Clock()
    engine = create_engine(f"sqlite:///{scratch / 'pandas.db'}")
    raw = pd.read_csv(path, sep=";", dtype=str, keep_default_na=False)
    raw.to_sql("raw_row", engine, index=False)
    steps = {"import": clock()}
    clean = raw.map(str.strip)
    clean["findings"] = 0
    for names, reads in ((AMOUNTS, _amount), (("Date Fact", "Date Rglt"), _date)):
        for name in names:
            values = clean[name].map(reads)
            clean["findings"] += (values.isna() & (clean[name] != "")).astype(int)
            clean[name] = values
    siege = clean["Organisation"].str.contains("Siège|Siege", case=False)
    clean["cleaning_status"] = siege.map({True: "filtered_out", False: "cleaned"})
    later = clean.duplicated(["Organisation", "N Fact", "Typ Fact"])
    clean.loc[later, list(AMOUNTS[:3])] = None
    kept = clean.loc[~later & ~siege, "Montant Ttc"]
    total = sum((value for value in kept if value is not None), Decimal(0))
    for name in AMOUNTS:
        clean[name] = clean[name].map(str)
    clean.to_sql("clean_row", engine, index=False)
    steps["clean"] = clock()
    return {"steps": steps, "sum": f"{total:.2f}"}


def _amount(text: str) -> Decimal | None:
    bare = text.replace("\u00a0", "").replace(" ", "").replace(",", ".")
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1]
    try:
        return Decimal(bare)
    except InvalidOperation:
        return None


def _date(text: str) -> dt.date | None:
    for pattern in ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y"):
        try:
            return dt.datetime.strptime(text, pattern).date()  # noqa: DTZ007
        except ValueError:
            continue
    return None


def arrow_and_adbc(path: Path, scratch: Path) -> Answer:
    """Read the file as text columns and ingest them, in one process: the floor of an import."""
    import adbc_driver_sqlite.dbapi as adbc
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    from benchmarks.data import COLUMNS

    clock = _Clock()
    table = pa_csv.read_csv(
        path,
        parse_options=pa_csv.ParseOptions(delimiter=";"),
        convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string())),
    )
    with closing(sqlite3.connect(scratch / "floor.db")) as made:
        made.execute("PRAGMA journal_mode = WAL")
    with adbc.connect(str(scratch / "floor.db")) as connection:
        with connection.cursor() as cursor:
            cursor.adbc_ingest("raw_row", table, mode="create")
        connection.commit()
    return {"steps": {"import": clock()}}


def ours_raw(path: Path, scratch: Path) -> Answer:
    """Import alone, with process, workers and writer up."""
    from benchmarks.data import write_rows
    from invoice_desk.services.importing import import_paths

    with _desk(scratch) as desk:
        small = scratch / "warm_up.csv"
        write_rows(small, 60_000, seed=9)
        import_paths(desk, [small])
        clock = _Clock()
        batch = import_paths(desk, [path])
        return {"steps": {"import": clock()}, "rows": batch.rows}


def calamine(path: Path, _scratch: Path) -> Answer:
    """Read a workbook with calamine, and nothing else."""
    from python_calamine import CalamineWorkbook

    clock = _Clock()
    book = CalamineWorkbook.from_path(str(path))
    cells = book.get_sheet_by_index(0).to_python()
    return {"steps": {"import": clock()}, "rows": len(cells) - 1}


CONTENDERS: dict[str, Callable[[Path, Path], Answer]] = {
    made.__name__: made
    for made in (
        *(ours, ours_up, ours_raw, one_worker, two_workers, pandas, arrow_and_adbc),
        *(calamine, two_processes, two_on_a_cluster),
    )
}


class _Clock:
    """Gives the seconds since it was last asked."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def __call__(self) -> float:
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        return round(seconds, 3)


os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # as the program does

if __name__ == "__main__":
    name, file, folder = sys.argv[1:]
    print(json.dumps(CONTENDERS[name](Path(file), Path(folder))))
