"""Pools of workers for the tests: threads, processes, and a dask cluster on this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import pytest

from invoice_desk.workers.contract import WorkerPool
from invoice_desk.workers.executors import WarmPool
from invoice_desk.workers.threads import ThreadPool

HAS_DASK = find_spec("distributed") is not None
WITHOUT_DASK = "distributed is not installed (python3 bootstrap.py test --with cluster)"
needs_dask = pytest.mark.skipif(not HAS_DASK, reason=WITHOUT_DASK)


@contextmanager
def local_cluster(workers: int = 2) -> Iterator[Any]:
    import dask
    from distributed import LocalCluster

    # A worker that is starting anew 15 seconds after it died before would be given up for good.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "1 hour"})
    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster


def pool_of(kind: str, cluster: Any = None) -> WorkerPool:
    """Return two workers of a kind."""
    if kind == "threads":
        return ThreadPool(2)
    if kind == "processes":
        return WarmPool(2)
    from invoice_desk.workers.cluster import ClusterPool

    cluster.wait_for_workers(2, timeout=30)  # one may have died in the test before
    return ClusterPool(cluster.scheduler_address)
