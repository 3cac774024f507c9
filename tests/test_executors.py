"""Threads, processes and a cluster behave the same under the runner."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import fake_tasks
import pytest
from pools import HAS_DASK, local_cluster, pool_of
from runs import Run

from invoice_desk.core.jobs import CancelRequested, ChunkId, JobState
from invoice_desk.workers.contract import Chunk, Success, WorkerPool
from invoice_desk.workers.executors import WarmPool

POOLS = ("threads", "processes", "cluster")
APART = ("processes", "cluster")


@pytest.fixture(params=POOLS)
def pool(request: pytest.FixtureRequest) -> Iterator[WorkerPool]:
    cluster = request.getfixturevalue("cluster") if request.param == "cluster" else None
    made = pool_of(request.param, cluster)
    yield made
    made.close()


@pytest.fixture(params=APART)
def apart(request: pytest.FixtureRequest) -> Iterator[WorkerPool]:
    """Give workers that can die alone, as a thread cannot."""
    cluster = request.getfixturevalue("cluster") if request.param == "cluster" else None
    made = pool_of(request.param, cluster)
    yield made
    made.close()


def run_over(pool: WorkerPool, task: Any, payloads: list[Any], window: int = 3) -> Run:
    run = Run(pool, task, payloads, window)
    run.runner._close = False
    return run


def answer(pool: WorkerPool, task: Any, payload: Any) -> Any:
    return pool().submit(task, Chunk(ChunkId(0), payload)).result(30).value


def wait_for(path: Path, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        threading.Event().wait(0.01)


def test_every_chunk_is_stored_once(pool: WorkerPool) -> None:
    run = run_over(pool, fake_tasks.square, list(range(12)))

    assert run.go() is JobState.JOB_COMPLETE
    assert run.rows == {i: i * i for i in range(12)}


def test_two_equal_payloads_both_run(pool: WorkerPool, tmp_path: Path) -> None:
    noted = tmp_path / "noted"

    run = run_over(pool, fake_tasks.note, [str(noted)] * 6)

    assert run.go() is JobState.JOB_COMPLETE
    assert noted.read_text() == "x" * 6


def test_a_bad_chunk_does_not_stop_the_others(pool: WorkerPool) -> None:
    run = run_over(pool, fake_tasks.square, [1, 13, 14, 2])

    assert run.go() is JobState.JOB_COMPLETE
    assert run.rows == {0: 1, 3: 4}
    assert run.failures[ChunkId(1)].message == "row 13 is torn"
    assert run.failures[ChunkId(1)].code == "corrupt"
    assert "ZeroDivisionError" in run.failures[ChunkId(2)].detail


@pytest.mark.logs
def test_a_task_that_raises_fails_alone(pool: WorkerPool) -> None:
    run = run_over(pool, fake_tasks.fall, ["a", "b"])

    assert run.go() is JobState.JOB_COMPLETE
    told = sorted(failure.message for failure in run.failures.values())
    assert told == ["RuntimeError('a')", "RuntimeError('b')"]


def test_cancel_ends_soon_and_stores_nothing_after(pool: WorkerPool) -> None:
    run = run_over(pool, fake_tasks.nap, [0.1] * 500)
    stored = threading.Event()
    keep = run.store

    def store(chunk: ChunkId, success: Success[Any]) -> tuple[ChunkId, ...]:
        stored.set()
        return keep(chunk, success)

    run.runner._store = store
    thread = threading.Thread(target=run.go)
    thread.start()
    assert stored.wait(20)
    asked = time.monotonic()
    run.runner.post(CancelRequested())
    thread.join(10)

    assert time.monotonic() - asked < 2
    assert run.job.state is JobState.ABORTED
    assert len(run.rows) == len(run.job.succeeded) < 500


def test_a_worker_that_dies_once_costs_only_a_retry(apart: WorkerPool, tmp_path: Path) -> None:
    run = run_over(apart, fake_tasks.die_once, ["", str(tmp_path / "died"), "", ""])

    assert run.go() is JobState.JOB_COMPLETE
    assert len(run.rows) == 4


def test_a_chunk_that_always_kills_its_worker_fails_alone(apart: WorkerPool) -> None:
    run = run_over(apart, fake_tasks.always_die, [False, True, *[False] * 6])

    assert run.go() is JobState.JOB_COMPLETE
    assert list(run.job.failed) == [1]
    assert run.failures[ChunkId(1)].code == "worker_died"
    assert len(run.rows) == 7


def test_a_pool_works_again_after_a_worker_died(apart: WorkerPool) -> None:
    run_over(apart, fake_tasks.always_die, [True]).go()

    run = run_over(apart, fake_tasks.square, [3])

    assert run.go() is JobState.JOB_COMPLETE
    assert run.rows == {0: 9}


def test_what_hangs_can_be_killed_and_the_pool_works_on(pool: WorkerPool, tmp_path: Path) -> None:
    begun, end = tmp_path / "begun", tmp_path / "end"
    executor = pool()
    hanging = executor.submit(fake_tasks.hang, Chunk(ChunkId(0), (str(begun), str(end))))
    wait_for(begun)

    pool.kill()

    assert isinstance(hanging.exception(timeout=10), BrokenExecutor)
    assert pool() is not executor
    assert answer(pool, fake_tasks.square, 3) == 9
    with pytest.raises(BrokenExecutor):
        executor.submit(fake_tasks.square, Chunk(ChunkId(2), 3)).result(20)
    end.touch()


def test_a_killed_worker_is_gone(apart: WorkerPool, tmp_path: Path) -> None:
    import psutil

    noted = str(tmp_path / "noted")
    pid = answer(apart, fake_tasks.note, noted)
    workers = [p for p in psutil.Process().children(recursive=True) if p.pid == pid]
    begun, end = [tmp_path / "begun-0", tmp_path / "begun-1"], tmp_path / "end"
    hangs = [Chunk(ChunkId(at), (str(path), str(end))) for at, path in enumerate(begun)]
    hanging = [apart().submit(fake_tasks.hang, hang) for hang in hangs]
    for path in begun:
        wait_for(path)

    apart.kill()
    apart.probe()

    assert psutil.wait_procs(workers, timeout=10)[1] == []
    assert all(isinstance(f.exception(10), BrokenExecutor) for f in hanging)


@pytest.mark.parametrize("delay", [0, 0.002, 0.005, 0.01, 0.02])
def test_what_had_not_begun_when_its_pool_was_killed_hangs_nobody(
    apart: WorkerPool, tmp_path: Path, delay: float
) -> None:
    apart.probe()
    hang = (str(tmp_path / "begun"), str(tmp_path / "end"))
    hanging = [apart().submit(fake_tasks.hang, Chunk(ChunkId(at), hang)) for at in range(4)]
    time.sleep(delay)

    apart.kill()

    both = [apart().submit(fake_tasks.nap, Chunk(ChunkId(at), 0.2)) for at in range(2)]
    assert [isinstance(future.result(30), Success) for future in both] == [True, True]
    assert all(isinstance(f.exception(10), BrokenExecutor) for f in hanging)


def test_a_pool_that_is_idle_can_be_killed(pool: WorkerPool) -> None:
    pool.probe()

    pool.kill()
    pool.kill()

    assert answer(pool, fake_tasks.square, 4) == 16


def test_a_pool_says_how_many_it_can_do_at_once(pool: WorkerPool) -> None:
    pool.probe()

    assert pool.workers == 2
    assert bool(pool.place) is pool.ships


def test_closing_leaves_no_process_and_no_thread() -> None:
    import psutil

    before = set(psutil.Process().children(recursive=True))
    with local_cluster() if HAS_DASK else nullcontext() as cluster:
        for kind in POOLS if HAS_DASK else POOLS[:2]:
            pool = pool_of(kind, cluster)
            pool.probe()
            pool.warm()
            pool.close()

    after = set(psutil.Process().children(recursive=True)) - before
    left = [p for p in psutil.wait_procs(after, timeout=10)[1] if "tracker" not in _line(p)]
    assert left == []
    assert [t.name for t in threading.enumerate() if t.name.startswith("cluster")] == []


def _line(process: Any) -> str:
    return " ".join(process.cmdline())


def test_a_pool_whose_process_was_killed_while_idle_works_on() -> None:
    pool = WarmPool(1)
    pool.probe()
    assert pool._pool is not None
    (process,) = pool._pool._processes.values()
    process.kill()
    process.join(10)

    pool.warm()
    pool.probe()

    assert pool().submit(pow, 2, 3).result(30) == 8
    pool.close()
