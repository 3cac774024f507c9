"""A cluster does what processes do, and says so when it cannot."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import fake_tasks
import pytest
from conftest import write_csv
from pools import local_cluster, needs_dask, pool_of
from sqlalchemy import inspect
from test_cli import Shell, shell

import invoice_desk
from invoice_desk.core.jobs import ChunkId
from invoice_desk.core.modes import WorkSettings
from invoice_desk.core.source import Kind
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import reading
from invoice_desk.db.schema import cleaning_pass, finding, page, raw_row, raw_table, source
from invoice_desk.errors import ArgumentError, ClusterError
from invoice_desk.services.cleaning import clean_tables
from invoice_desk.services.desk import Desk, open_desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.job_control import jobs
from invoice_desk.services.samples import write_samples
from invoice_desk.settings import load_settings
from invoice_desk.workers.cluster import ClusterPool
from invoice_desk.workers.contract import Chunk, WorkerPool
from invoice_desk.workers.reading import SPAN_BYTES, ReadSource, RecognisePage, read
from invoice_desk.workers.shipping import KEEP_FROM_BYTES
from invoice_desk.workers.versions import disagreements, packages_of

__all__ = ["shell"]

NOBODY = "tcp://127.0.0.1:9"
MINE = {
    "python": "3.11.7.final.0",
    "invoice-desk": "0.1.0",
    "pyarrow": "26.0.1",
    "dask": "2026.8.0",
    "distributed": "2026.8.0",
    "msgpack": "1.2.4",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return a text of three spans, and made-up files of every kind, an archive among them."""
    folder = tmp_path_factory.mktemp("files")
    note = "as the customer's letter says, " * 30
    rows = (f"DOT {i % 48};LTE {i} {note};{i},50;0,19;{i},69;0\n" for i in range(20_000))
    head = "DO;PRODUIT;HT;TAX;TTC;DISCOUNT\n"
    large = write_csv(folder / "ca_periodique_large.csv", head + "".join(rows))
    assert large.stat().st_size > 2 * SPAN_BYTES
    made = write_samples(folder / "samples", rows=40)
    return [large, *(p for p in made if p.suffix in {".csv", ".xlsx", ".pdf", ".zip"})]


@pytest.fixture
def pool(cluster: Any) -> Iterator[WorkerPool]:
    made = pool_of("cluster", cluster)
    yield made
    made.close()


def contents(desk: Desk) -> dict[str, list[str]]:
    """Return all that was stored, without ids and times, which depend on the order of work."""
    with reading(desk.engine) as connection:
        sources = {row.id: row for row in connection.execute(source.select())}
        tables = {row.id: row for row in connection.execute(raw_table.select())}
        passes = {row.id: row.raw_table_id for row in connection.execute(cleaning_pass.select())}

        def place(table_id: int) -> tuple[str, int]:
            return sources[tables[table_id].source_id].sha256, tables[table_id].ordinal

        found: dict[str, list[Any]] = {
            "source": [
                _without(r, "id", "origin", "container_id", "seconds", "imported_at")
                for r in sources.values()
            ],
            "raw_table": [
                (place(r.id), _without(r, "id", "source_id", "current_pass_id"))
                for r in tables.values()
            ],
            "raw_row": [
                (place(r.raw_table_id), r.row_number, r.cells)
                for r in connection.execute(raw_row.select())
            ],
            "page": [
                (sources[r.source_id].sha256, _without(r, "source_id"))
                for r in connection.execute(page.select())
            ],
            "finding": [
                (
                    sources[r.source_id].sha256,
                    _without(r, "id", "source_id", "raw_table_id", "pass_id"),
                )
                for r in connection.execute(finding.select())
            ],
        }
        existing = set(inspect(connection).get_table_names())
        for made in desk.types.values():
            rows = clean_table(made)
            if rows.name in existing:
                found[made.name] = [
                    (place(passes[r.pass_id]), _without(r, "id", "pass_id"))
                    for r in connection.execute(rows.select())
                ]
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


def _without(row: Any, *names: str) -> dict[str, Any]:
    return {n: v for n, v in row._mapping.items() if n not in names}


def worked(folder: Path, pool: WorkerPool, files: list[Path]) -> tuple[dict[str, list[str]], Any]:
    desk = open_desk(folder / "desk.db")
    desk.settings = WorkSettings(chunk_size=6_000, optimization_level=3, max_workers=2)
    desk.pool = pool
    try:
        batch = import_paths(desk, files)
        result = clean_tables(desk)
        assert {batch.mode, result.mode} == {"optimized"}
        return contents(desk), jobs(desk)
    finally:
        desk.close()


@needs_dask
def test_a_cluster_and_processes_give_identical_tables(
    tmp_path: Path, pool: WorkerPool, files: list[Path], cluster: Any
) -> None:
    processes = pool_of("processes")
    here, _ = worked(tmp_path / "processes", processes, files)
    processes.close()

    there, done = worked(tmp_path / "cluster", pool, files)

    assert here.keys() == there.keys()
    for name, rows in here.items():
        assert rows == there[name], name
    assert len(here["raw_row"]) > 20_000
    assert len(here["ca_periodique"]) >= 20_000
    assert here["page"]
    reasons = {job.summary["mode_reason"] for job in done}
    assert reasons == {f"cluster of 2 workers at {cluster.scheduler_address}"}
    assert left_on(cluster) == []


def left_on(cluster: Any) -> list[str]:
    """Return the temporary files of ours in the folders of the workers."""
    from distributed import Client

    with Client(cluster.scheduler_address, set_as_default=False) as client:
        return [name for names in client.run(_files_of_worker).values() for name in names]


def _files_of_worker(dask_worker: Any) -> list[str]:
    folders = {Path(dask_worker.local_directory), Path(tempfile.gettempdir())}
    return [str(p) for folder in folders for p in folder.glob("invoice-desk-*") if p.is_file()]


@needs_dask
def test_pages_of_a_large_file_are_sent_once_to_a_worker(tmp_path: Path, pool: WorkerPool) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"x" * KEEP_FROM_BYTES)
    pages = [RecognisePage(str(path), path.name, Kind.PDF, n) for n in range(8)]

    lengths = [done_by(pool, fake_tasks.length, page) for page in pages]
    place = done_by(pool, fake_tasks.place, pages[0])

    assert [length.value for length in lengths] == [KEEP_FROM_BYTES] * 8
    assert Path(place.value).parent.name.startswith("invoice-desk-")


def done_by(pool: WorkerPool, task: Any, payload: Any) -> Any:
    return pool().submit(task, Chunk(ChunkId(1), payload)).result(30)


@needs_dask
def test_a_file_that_is_gone_fails_alone(tmp_path: Path, pool: WorkerPool) -> None:
    missing = ReadSource(str(tmp_path / "gone.pdf"), "gone.pdf", Kind.PDF)

    outcome = done_by(pool, read, missing)

    assert (outcome.code, outcome.retryable) == ("io", True)


@needs_dask
def test_the_command_line_works_on_a_cluster(shell: Shell, tmp_path: Path, cluster: Any) -> None:
    address = cluster.scheduler_address
    text = "DO;PRODUIT;HT;TAX;TTC;DISCOUNT\nOran;LTE;1,00;0,19;1,19;0\n"
    path = write_csv(tmp_path / "ca_periodique.csv", text)

    imported = shell.json("import", path, "--desk", shell.desk, "--cluster", address)
    code, out, err = shell("clean", "--desk", shell.desk, "--cluster", address)

    assert imported["mode"] == "optimized"
    assert imported["mode_reason"] == f"cluster of 2 workers at {address}"
    assert code == 0
    assert f"(optimized: cluster of 2 workers at {address})" in out
    assert "distributed" not in err


@needs_dask
def test_a_cluster_that_does_not_answer_is_said_within_seconds(
    shell: Shell, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "a.csv", "a;b\n1;2\n")
    begun = time.monotonic()

    code, out, err = shell("import", path, "--desk", shell.desk, "--cluster", NOBODY)

    assert time.monotonic() - begun < 15
    assert code == 1
    assert out == ""
    assert err.startswith(f"invoice-desk: No scheduler of a cluster answers at {NOBODY}")
    assert err.count("\n") == 1
    assert shell.json("sources", "--desk", shell.desk) == []


def test_with_the_mode_standard_the_cluster_is_left_alone(shell: Shell, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "a;b\n1;2\n")

    options = ("--cluster", NOBODY, "--mode", "standard")
    imported = shell.json("import", path, "--desk", shell.desk, *options)

    assert (imported["mode"], imported["successful"]) == ("standard", 1)


@pytest.mark.parametrize("address", ["localhost:8786", "nowhere"])
def test_an_address_without_a_protocol_is_refused(shell: Shell, address: str) -> None:
    code, _, err = shell("import", "a.csv", "--desk", shell.desk, "--cluster", address)

    assert code == 1
    assert "tcp://HOST:8786" in err


@needs_dask
@pytest.mark.parametrize("address", ["no://127.0.0.1:1", "tcp://", "tcp://127.0.0.1:port"])
def test_an_address_that_is_none_is_said(address: str) -> None:
    pool = ClusterPool(address, connect_seconds=0.5)

    with pytest.raises(ClusterError, match=r"address of a cluster|No scheduler"):
        pool.probe()
    pool.close()


@needs_dask
def test_a_cluster_without_workers_is_said() -> None:
    with local_cluster(workers=0) as empty:
        pool = ClusterPool(empty.scheduler_address, worker_seconds=0.3)

        with pytest.raises(ClusterError, match="has no worker"):
            pool.probe()
        pool.close()


@needs_dask
def test_a_scheduler_that_ends_breaks_what_runs_and_is_said(tmp_path: Path) -> None:
    with local_cluster(workers=1) as cluster:
        pool = ClusterPool(cluster.scheduler_address, connect_seconds=1.0, worker_seconds=1.0)
        pool.probe()
        futures = [pool().submit(fake_tasks.nap, Chunk(ChunkId(n), 30.0)) for n in range(3)]

    assert all(isinstance(f.exception(20), BrokenExecutor) for f in futures)
    with pytest.raises(ClusterError):
        pool.probe()
    pool.close()


def test_the_same_versions_everywhere_are_no_matter() -> None:
    assert disagreements(MINE, {"the scheduler": MINE, "worker tcp://a:1": MINE}) is None
    patched = MINE | {"python": "3.11.9.final.0"}
    assert disagreements(MINE, {"worker tcp://a:1": patched}) is None


def test_other_versions_are_said_by_machine() -> None:
    others: dict[str, Any] = {
        "the scheduler": MINE,
        "worker tcp://a:1": MINE | {"python": "3.12.1.final.0", "pyarrow": "25.0.0"},
        "worker tcp://b:1": {k: v for k, v in MINE.items() if k != "invoice-desk"},
    }

    assert disagreements(MINE, others) == (
        "The cluster does not run what this machine runs: "
        "worker tcp://a:1 has python 3.12 (here 3.11), pyarrow 25.0.0 (here 26.0.1); "
        "worker tcp://b:1 has no invoice-desk."
    )


def test_of_many_machines_three_are_named() -> None:
    others = {f"worker tcp://{n}:1": MINE | {"dask": "2025.1.0"} for n in range(9)}

    sentence = disagreements(MINE, others) or ""

    assert sentence.count("worker") == 3
    assert sentence.endswith("; and 6 more.")


def test_dasks_answer_is_understood() -> None:
    packages = {"packages": MINE}
    answer = {
        "client": {"packages": MINE | {"invoice-desk": None}},
        "scheduler": packages,
        "workers": {"tcp://a:1": packages},
    }

    mine, others = packages_of(answer)

    assert mine["invoice-desk"] == invoice_desk.__version__
    assert list(others) == ["the scheduler", "worker tcp://a:1"]


def test_the_environment_may_name_the_cluster(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"

    assert load_settings(path, {"OPTIMIZE_CLUSTER": NOBODY}).cluster == NOBODY
    with pytest.raises(ArgumentError, match="cluster is an address"):
        load_settings(path, {"OPTIMIZE_CLUSTER": "nowhere"})


def test_a_start_without_a_cluster_loads_no_dask() -> None:
    code = (
        "import sys, invoice_desk.cli.commands, invoice_desk.services.importing, "
        "invoice_desk.services.cleaning, invoice_desk.workers.cluster; "
        "print([m for m in ('dask', 'distributed') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
