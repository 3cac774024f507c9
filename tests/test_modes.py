"""One process or several: chosen for a reason, and always the same tables."""

from __future__ import annotations

import random
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from conftest import write_csv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoice_desk.core.modes import Choice, Machine, Mode, WorkSettings, choose_mode
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import reading
from invoice_desk.db.schema import finding, raw_row
from invoice_desk.errors import ArgumentError
from invoice_desk.services.cleaning import clean_tables
from invoice_desk.services.desk import Desk, open_desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.job_control import jobs
from invoice_desk.services.jobs import JobSettings
from invoice_desk.settings import load_settings, save_settings
from invoice_desk.workers.executors import WarmPool

GIB = 1 << 30
MACHINE = Machine(cores=4, memory=16 * GIB, free_memory=12 * GIB)
CELLS = st.sampled_from(
    ["", "1,50", "1 234,5", "(3,00)", "1.234", "later", "Siège", "DOT_ORAN", "LTE", 'Éa"x', "a;b"]
)


@pytest.mark.parametrize(
    ("size", "wanted", "mode", "workers"),
    [
        (4_999_999, WorkSettings(), Mode.STANDARD, 1),
        (5_000_000, WorkSettings(), Mode.OPTIMIZED, 4),
        (5_000_000, WorkSettings(max_workers=2), Mode.OPTIMIZED, 2),
        (1_000_000_000, WorkSettings(optimization_level=0), Mode.STANDARD, 1),
        (49_000_000, WorkSettings(optimization_level=1), Mode.STANDARD, 1),
        (50_000_000, WorkSettings(optimization_level=1), Mode.OPTIMIZED, 4),
        (1, WorkSettings(optimization_level=3), Mode.OPTIMIZED, 4),
        (1_000_000_000, WorkSettings(memory_threshold=20), Mode.STANDARD, 1),
    ],
)
def test_the_mode_follows_size_settings_and_memory(
    size: int, wanted: WorkSettings, mode: Mode, workers: int
) -> None:
    choice = choose_mode(size, MACHINE, wanted)

    assert (choice.mode, choice.workers) == (mode, workers)
    assert choice.reason


def test_little_free_memory_means_fewer_workers() -> None:
    tight = Machine(cores=8, memory=4 * GIB, free_memory=GIB)

    choice = choose_mode(10**9, tight, WorkSettings(memory_threshold=90))

    assert choice.mode is Mode.OPTIMIZED
    assert choice.workers == 3


def test_what_is_asked_for_wins() -> None:
    assert choose_mode(1, MACHINE, WorkSettings(), asked=Mode.OPTIMIZED) == Choice(
        Mode.OPTIMIZED, 4, "asked for"
    )
    assert choose_mode(10**9, MACHINE, WorkSettings(), asked=Mode.STANDARD).mode is Mode.STANDARD


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    save_settings(WorkSettings(max_workers=3, chunk_size=9_000), path)

    found = load_settings(path, {"OPTIMIZE_MAX_WORKERS": "2", "OPTIMIZE_LEVEL": "3"})

    assert found == WorkSettings(max_workers=2, chunk_size=9_000, optimization_level=3)
    with pytest.raises(ArgumentError, match="OPTIMIZE_CHUNK_SIZE"):
        load_settings(path, {"OPTIMIZE_CHUNK_SIZE": "many"})
    with pytest.raises(ArgumentError, match="memory_threshold"):
        load_settings(path, {"OPTIMIZE_MEMORY_THRESHOLD": "400"})


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"chunk_size": 3}', '{"chunk_size": "x"}'])
def test_a_damaged_settings_file_counts_as_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content)

    assert load_settings(path, {}) == WorkSettings()


def everything(desk: Desk, name: str) -> list[Any]:
    """Return all stored rows and findings, without the ids that depend on the order of work."""
    clean = clean_table(desk.types[name])
    noted = [finding.c[n] for n in ("row_number", "field", "code", "severity", "anomaly", "text")]
    with reading(desk.engine) as connection:
        raw = [tuple(r) for r in connection.execute(raw_row.select().order_by(raw_row.c.id))]
        rows = [tuple(r) for r in connection.execute(clean.select().order_by(clean.c.id))]
        found = connection.execute(finding.select().with_only_columns(*noted))
        return [raw, rows, sorted(map(str, map(tuple, found)))]


def made_in(mode: Mode, folder: Path, path: Path, **changes: Any) -> tuple[list[Any], Any]:
    desk = open_desk(folder / mode.value / "desk.db")
    desk.settings = WorkSettings(chunk_size=500, max_workers=2)
    desk.pool = changes.get("pool")
    try:
        import_paths(desk, [path], settings=JobSettings(mode))
        result = clean_tables(desk, settings=JobSettings(mode))
        return everything(desk, result.tables[0].document_type or ""), result
    finally:
        desk.close()


@pytest.fixture
def warm() -> Any:
    pool = WarmPool(2)
    yield pool
    pool.close()


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(CELLS, min_size=4, max_size=7), min_size=1, max_size=40),
    st.integers(1, 60),
)
def test_both_ways_give_identical_tables(
    warm: WarmPool, tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], times: int
) -> None:
    folder = tmp_path_factory.mktemp("modes")
    lines = [";".join(cell.replace(";", ",") for cell in row) for row in rows] * times
    random.Random(times).shuffle(lines)
    head = "DO;PRODUIT;HT;TAX;TTC;DISCOUNT"
    path = write_csv(folder / "p.csv", "\n".join([head, "Oran;LTE;1,00;0,19;1,19;0", *lines]))

    standard, one = made_in(Mode.STANDARD, folder, path)
    optimized, other = made_in(Mode.OPTIMIZED, folder, path, pool=warm)

    assert standard == optimized
    assert (one.mode, other.mode) == ("standard", "optimized")
    assert one.tables[0].totals == other.tables[0].totals


class Broken(WarmPool):
    """A pool whose processes end at once."""

    def __call__(self) -> Executor:
        return ProcessPoolExecutor(1, get_context("spawn"), initializer=_end)


def _end() -> None:
    import os

    os._exit(7)


@pytest.mark.logs
@pytest.mark.parametrize("spoil", ["workers", "writer"])
def test_when_workers_cannot_be_used_this_process_does_the_work_and_says_so(
    tmp_path: Path, spoil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_csv(tmp_path / "p.csv", "DO;PRODUIT;HT;TAX;TTC;DISCOUNT\nOran;LTE;1;0;1;0\n")
    expected, _ = made_in(Mode.STANDARD, tmp_path, path)
    desk = open_desk(tmp_path / "broken" / "desk.db")
    if spoil == "workers":
        desk.pool = Broken()
    else:
        desk.bulk.close()
        desk.bulk = type(desk.bulk)(tmp_path / "no such folder" / "desk.db")
    try:
        import_paths(desk, [path], settings=JobSettings(Mode.OPTIMIZED))
        result = clean_tables(desk, settings=JobSettings(Mode.OPTIMIZED))

        assert everything(desk, "ca_periodique") == expected
        assert result.mode == "standard"
        assert "could not be used" in result.mode_reason
        assert "could not be used" in jobs(desk)[0].summary["mode_reason"]
    finally:
        desk.close()
        if desk.pool is not None:
            desk.pool.close()


def test_a_job_says_what_it_cost(desk: Desk, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "p.csv", "DO;PRODUIT;HT;TAX;TTC;DISCOUNT\nOran;LTE;1;0;1;0\n")

    batch = import_paths(desk, [path], settings=JobSettings(Mode.STANDARD))

    cost = jobs(desk)[0].summary["cost"]
    assert batch.cost is not None
    assert cost["bytes_read"] == path.stat().st_size
    assert cost["bytes_written"] > 0
    assert cost["peak_memory"] > 1 << 20
    assert set(cost["steps"]) >= {"saving", "reading"}
