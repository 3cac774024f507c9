"""Where jobs are worked on: processes of this machine, or a cluster that was named."""

from __future__ import annotations

from invoice_desk.workers.contract import WorkerPool
from invoice_desk.workers.executors import WarmPool


def pool_for(cluster: str, workers: int | None = None) -> WorkerPool:
    """Return a pool that outlives one job; nothing starts and nothing connects yet.

    Args:
        cluster: Address of a scheduler; empty for processes of this machine.
        workers: Processes of this machine.
    """
    if cluster:
        from invoice_desk.workers.cluster import ClusterPool

        return ClusterPool(cluster)
    return WarmPool(workers)
