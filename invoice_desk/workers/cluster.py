"""Workers of a cluster: dask's scheduler hands chunks to machines that share no disk with this one.

`distributed` is imported when a cluster is first used.  Its own ways are bent to those of a
process pool, which `workers.runner` knows: nothing is tried again behind the runner's back, and
when a worker dies everything that ran breaks with `BrokenExecutor`, so that the runner tries each
chunk alone and blames only the one that dies alone.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import suppress
from typing import Any

from invoice_desk.errors import ClusterError, ClusterPackageError, ClusterVersionError
from invoice_desk.workers.contract import Chunk, Failure, Outcome, Task
from invoice_desk.workers.shipping import Missing, is_read_here, shipped, unpacked
from invoice_desk.workers.threads import DaemonThreads, settle
from invoice_desk.workers.versions import MUST_AGREE, disagreements, packages_of

log = logging.getLogger(__name__)

#: How long scheduler and workers may take until they answer.
CONNECT_SECONDS = 5.0
WORKER_SECONDS = 20.0
#: How long workers that were killed may take to start anew, and how often we look.
_RESTART_SECONDS = 20.0
_LOOK_SECONDS = 0.05
#: How long what was submitted may take until the scheduler knows it.
_ARRIVAL_SECONDS = 2.0
_PROBE_SECONDS = 60.0
_ASSUMED_WORKERS = 8


class ClusterPool:
    """The workers behind a scheduler's address, as a pool like those of this machine."""

    ships = True
    #: Nothing dies here without being noticed.
    is_sick = False

    def __init__(
        self,
        address: str,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        worker_seconds: float = WORKER_SECONDS,
    ) -> None:
        self._address = address
        self._connect_seconds = connect_seconds
        self._worker_seconds = worker_seconds
        self._client: Any = None
        self._executor: _ClusterExecutor | None = None
        self._sweeping: threading.Thread | None = None
        self._lock = threading.RLock()

    @property
    def workers(self) -> int:
        """Return how many chunks the cluster works on at once; a guess until it is connected."""
        if self._client is None or self._client.status != "running":
            return _ASSUMED_WORKERS
        known = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return max(1, sum(int(worker["nthreads"]) for worker in known))

    @property
    def place(self) -> str:
        """Return where the workers are."""
        return f"cluster of {self.workers} workers at {self._address}"

    def __call__(self) -> Executor:
        """Return the executor.

        Raises:
            ClusterError: If the cluster cannot be used, or not any more.
        """
        with self._lock:
            if self._executor is not None and not self._executor.ended:
                return self._executor
            if self._executor is not None and self._executor.is_broken:
                self._sweep(self._executor)
            if self._sweeping is not None:
                self._sweeping.join()
            client = self._connected()
            self._executor = _ClusterExecutor(client)
            return self._executor

    def warm(self) -> None:
        """Have each worker import what it needs, without waiting for it; it never raises."""
        if self._client is None or self._client.status != "running":
            return
        for _ in range(self.workers):
            self._client.submit(unpacked, _nothing, Chunk(_NO_CHUNK, None), pure=False)

    def probe(self) -> None:
        """Connect, compare versions, and wait until a worker has answered.

        Raises:
            ClusterError: If the cluster cannot be used; with a sentence that says why.
        """
        if self._client is not None and self._client.status == "running":
            _compare_versions(self._client)  # workers may have joined since
        try:
            self().submit(_nothing, Chunk(_NO_CHUNK, None)).result(timeout=_PROBE_SECONDS)
        except TimeoutError as error:
            sentence = f"The workers of the cluster at {self._address} do not answer."
            raise ClusterError(sentence) from error
        except (BrokenExecutor, CancelledError) as error:
            sentence = f"The workers of the cluster at {self._address} ended before they answered."
            raise ClusterError(sentence) from error

    def kill(self) -> None:
        """Break what runs, and restart the workers that had it; the next call waits for them."""
        with self._lock:
            executor, self._executor = self._executor, None
            if executor is None:
                return
            executor.give_up("it took too long, and its worker was ended")
            self._sweep(executor)

    def close(self) -> None:
        """Leave the cluster; its workers go on for others."""
        with self._lock:
            executor, self._executor = self._executor, None
            client, self._client = self._client, None
            if executor is not None:
                if executor.is_broken and client is not None:
                    self._sweep(executor)
                executor.close()
            if self._sweeping is not None:
                self._sweeping.join()
            if client is not None:
                client.close(timeout=self._connect_seconds)

    def _sweep(self, executor: _ClusterExecutor) -> None:
        """Restart workers that are still busy for an executor that broke.

        Dask cannot end a task that runs.  One that is left could hang for ever, or end its worker
        later, and a chunk beside it that is innocent.
        """
        if executor.swept:
            return
        executor.swept = True
        self._sweeping = threading.Thread(target=executor.sweep, name="cluster-sweep", daemon=True)
        self._sweeping.start()

    # --- connecting -----------------------------------------------------------------------

    def _connected(self) -> Any:
        """Return the client, connected and with a worker."""
        if self._client is not None and self._client.status != "running":
            self._client.close(timeout=self._connect_seconds)
            self._client = None
        if self._client is None:
            client = self._connect()
            try:
                self._await_workers(client)
                _compare_versions(client)
                client.run_on_scheduler(_never_try_again)
            except BaseException:
                client.close(timeout=self._connect_seconds)
                raise
            self._client = client
        else:
            self._await_workers(self._client)
        return self._client

    def _connect(self) -> Any:
        try:
            import distributed
        except ImportError as error:
            raise ClusterPackageError("A cluster needs the package distributed.") from error
        _silence()
        client, why = self._try_client(distributed)
        if client is None:
            # A client that could not connect runs on in a thread, and closes itself when it is
            # collected: here, and not by chance in a thread that dask holds a lock against.
            gc.collect()
            raise ClusterError(why)
        return client

    def _try_client(self, distributed: Any) -> tuple[Any, str]:
        """Return a client; None, and why, when none can be had."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # versions are compared in our own words
                address, seconds = self._address, self._connect_seconds
                return distributed.Client(address, timeout=seconds, set_as_default=False), ""
        except (OSError, TimeoutError):
            within = f"{self._connect_seconds:g} seconds"
            return None, f"No scheduler of a cluster answers at {self._address} within {within}."
        except (ValueError, TypeError, RuntimeError):
            return None, f"{self._address} is no address of a cluster, as tcp://HOST:8786 is."

    def _await_workers(self, client: Any) -> None:
        try:
            client.wait_for_workers(1, timeout=self._worker_seconds)
        except (OSError, TimeoutError) as error:
            seconds = f"{self._worker_seconds:g} seconds"
            sentence = f"The cluster at {self._address} has no worker; waited {seconds} for one."
            raise ClusterError(sentence) from error


def _compare_versions(client: Any) -> None:
    answer = client.get_versions(packages=list(MUST_AGREE[1:]))
    sentence = disagreements(*packages_of(answer))
    if sentence is not None:
        raise ClusterVersionError(sentence)


def _never_try_again(dask_scheduler: Any) -> None:
    """Have the scheduler report a dead worker at once; called there.

    By itself it gives a task to four workers, one after the other, and takes them all down.
    """
    dask_scheduler.allowed_failures = 0


def _call_back_at_once(
    dask_scheduler: Any, keys: set[str], client: str, *, late: bool
) -> list[str] | None:
    """Forget tasks, and name the workers they were given to; called at the scheduler.

    In one step there: between a look and a call back from here a worker could be given one.  None
    while one has not arrived, unless it is late.
    """
    tasks = [dask_scheduler.tasks.get(key) for key in keys]
    if None in tasks and not late:
        return None
    busy = {task.processing_on.address for task in tasks if task and task.processing_on}
    dask_scheduler.client_releases_keys(keys=keys, client=client)
    return sorted(busy)


def _silence() -> None:
    """Keep dask's log off standard error; what matters comes back as errors."""
    import dask

    for name in ("distributed", "distributed.client", "distributed.scheduler", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # A chunk of some megabytes is what we mean to send.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "2GiB"})


# --- carrying out -------------------------------------------------------------------------


class _ClusterExecutor(Executor):
    """Submits to the cluster, and breaks as a process pool does."""

    def __init__(self, client: Any) -> None:
        self._client = client
        #: What the runner waits for → dask's future of it, None while it is done here.
        self._open: dict[Future[Any], Any] = {}
        self._left: list[Any] = []
        self._lock = threading.Condition()
        #: How many are on their way to the scheduler, and in neither of the two above.
        self._sending = 0
        #: Reads what does not travel, and files that do.
        self._here = DaemonThreads(1, name="cluster-sender")
        self.is_broken = False
        self.ended = False
        self.swept = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a worker do a task on a chunk; both are the only arguments."""
        assert not kwargs, "executors share no keyword arguments"
        (chunk,) = args
        if self._client.status != "running":
            self.give_up("the scheduler of the cluster is gone")
        if self.is_broken:
            raise BrokenExecutor("a worker of the cluster ended")
        if self.ended:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if is_read_here(chunk.payload):
            return self._here.submit(fn, chunk)
        outer: Future[Any] = Future()
        try:
            self._send(outer, fn, Chunk(chunk.id, shipped(chunk.payload)), workers=None)
        except OSError as error:
            settle(outer, _unreadable(error))
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """Take nothing more; wait for what runs where that is asked for."""
        self.ended = True
        with self._lock:
            left = list(self._open)
        for future in left if cancel_futures else []:
            future.cancel()
        if wait:
            for future in left:
                with suppress(CancelledError):
                    future.exception()
        self._here.shutdown(wait=False)

    def give_up(self, why: str) -> None:
        """Break what is not done."""
        with self._lock:
            if self.is_broken:
                return
            self.is_broken = self.ended = True
            left, self._open = self._open, {}
            self._left = list(left.values())
        self._here.abandon()
        for outer in left:
            settle(outer, error=BrokenExecutor(why))

    def close(self) -> None:
        """Call back what is not done, and end the thread."""
        self.give_up("the cluster was left")
        self._call_back(self._left)

    def sweep(self) -> None:
        """Restart the workers that have something of what was given up, begun or not."""
        try:
            with self._lock:
                self._lock.wait_for(lambda: not self._sending, _ARRIVAL_SECONDS)
                left = list(self._left)
            count = len(self._client.nthreads())
            busy = self._called_back({remote.key for remote in left})
            self._client.cancel(left)
            if busy:
                # Its nanny answers even when the worker itself hangs, and starts it anew.
                self._client.run(_kill_worker, workers=busy, nanny=True, on_error="ignore")
                self._await_new(set(busy), count)
        except Exception as error:  # noqa: BLE001 - the edge of a thread, and another's program
            log.info("workers of the cluster cannot be restarted: %r", error)

    def _called_back(self, keys: set[str]) -> list[str]:
        """Have the scheduler forget tasks; return the addresses of the workers that have one."""
        end = time.monotonic() + _ARRIVAL_SECONDS
        while True:
            busy: list[str] | None = self._client.run_on_scheduler(
                _call_back_at_once, keys=keys, client=self._client.id, late=time.monotonic() > end
            )
            if busy is not None:
                return busy
            time.sleep(_LOOK_SECONDS)

    def _await_new(self, old: set[str], count: int) -> None:
        """Wait until workers are gone, and as many as before are there."""
        end = time.monotonic() + _RESTART_SECONDS
        while time.monotonic() < end:
            known = self._client.nthreads().keys()
            if not old & known and len(known) >= count:
                return
            time.sleep(_LOOK_SECONDS)

    def _send(
        self,
        outer: Future[Any],
        task: Task[Any, Any],
        chunk: Chunk[Any],
        *,
        workers: Sequence[str] | None,
    ) -> None:
        with self._lock:
            if self.is_broken:
                settle(outer, error=BrokenExecutor("a worker of the cluster ended"))
                return
            self._sending += 1
        try:
            remote = self._submitted(task, chunk, workers)
        except BaseException:
            self._sent(outer, None)
            raise
        if not self._sent(outer, remote):
            settle(outer, error=BrokenExecutor("a worker of the cluster ended"))
            return
        if workers is None:
            outer.add_done_callback(self._on_done)
        self._client.loop.add_callback(self._follow, outer, remote, task, chunk)

    def _sent(self, outer: Future[Any], remote: Any) -> bool:
        """Note what was sent, None for what could not be; return whether it is still wanted."""
        with self._lock:
            self._sending -= 1
            self._lock.notify_all()
            if remote is not None and self.is_broken:
                self._left.append(remote)
            elif remote is not None:
                self._open[outer] = remote
            return not self.is_broken

    def _submitted(
        self, task: Task[Any, Any], chunk: Chunk[Any], workers: Sequence[str] | None
    ) -> Any:
        key = f"invoice-desk-{uuid.uuid4().hex}"
        where = {"workers": workers, "allow_other_workers": True} if workers else {}
        try:
            return self._client.submit(_work, task, chunk, key=key, pure=False, **where)
        except Exception as error:
            if self._client.status == "running":
                raise
            raise BrokenExecutor("the scheduler of the cluster is gone") from error

    def _on_done(self, outer: Future[Any]) -> None:
        with self._lock:
            remote = self._open.pop(outer, None)
        if outer.cancelled() and remote is not None:
            self._call_back([remote])

    def _call_back(self, remotes: list[Any]) -> None:
        """Tell the scheduler that these are not wanted any more, without waiting for it."""

        async def cancel() -> None:
            with suppress(Exception):  # a scheduler that is gone needs not be told
                await self._client.cancel(remotes)

        self._client.loop.add_callback(cancel)

    async def _follow(
        self, outer: Future[Any], remote: Any, task: Task[Any, Any], chunk: Chunk[Any]
    ) -> None:
        """Bring the outcome from dask's future to ours; runs in dask's event loop."""
        from distributed import KilledWorker

        try:
            result = await remote
        except CancelledError as error:  # by us, or because the scheduler is gone
            if not outer.done():
                self.give_up(f"the cluster dropped it ({error})")
        except (KilledWorker, OSError) as error:
            self.give_up(f"a worker of the cluster ended ({type(error).__name__})")
        except Exception as error:  # noqa: BLE001 - another's program; the runner logs it
            settle(outer, error=error)
        else:
            if isinstance(result, Missing):
                self._here.submit(self._send_file, outer, task, chunk, result.worker)
            else:
                settle(outer, result)

    def _send_file(
        self, outer: Future[Any], task: Task[Any, Any], chunk: Chunk[Any], worker: str
    ) -> None:
        """Send a chunk once more, to the worker that misses its file, with the file."""
        if outer.done():
            return
        try:
            parcel = shipped(chunk.payload.payload, again=True)
            self._send(outer, task, Chunk(chunk.id, parcel), workers=[worker])
        except OSError as error:
            settle(outer, _unreadable(error))
        except BrokenExecutor as error:
            settle(outer, error=error)


def _unreadable(error: OSError) -> Failure:
    """Return the answer of a worker that cannot read a file, which the sender could not."""
    advice = "Check that the file is still there and can be read, then try again."
    return Failure(str(error), retryable=True, code="io", advice=advice)


# --- on the worker ------------------------------------------------------------------------

_NO_CHUNK: Any = -1


def _work(task: Task[Any, Any], chunk: Chunk[Any]) -> Outcome[Any] | Missing:
    from distributed import get_worker

    worker = get_worker()
    return unpacked(task, chunk, worker=worker.address, scratch=worker.local_directory)


def _kill_worker(dask_worker: Any) -> None:
    """Kill the worker of a nanny; called there, on the same machine."""
    import psutil

    if dask_worker.pid:
        psutil.Process(dask_worker.pid).kill()


def _nothing(_chunk: Chunk[Any]) -> None:
    """Import what reading and cleaning need."""
    from invoice_desk.workers import cleaning, reading

    del cleaning, reading
