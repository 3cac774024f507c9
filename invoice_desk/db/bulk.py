"""Writing and reading whole columns, in transactions that hold a chunk's rows and its mark.

There are two writers with one face: `InProcessWriter` for a few rows, `ProcessWriter` for many.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from sqlalchemy import ClauseElement, Connection, Engine, Insert, Table, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.util import LRUCache

from invoice_desk.core.storage import ipc_bytes
from invoice_desk.db.bulk_process import serve
from invoice_desk.db.engine import LOST_JOB, reading, writing
from invoice_desk.errors import BugError, StorageError

_DIALECT = sqlite.dialect(paramstyle="qmark")
_COMPILED: MutableMapping[Any, Any] = LRUCache(500)
#: Rows that are turned into Python objects at a time; bounds memory and the hold on the GIL.
_SLICE = 5_000
#: What SQLite's messages say when the world is to blame; ADBC passes on no result code.
_ENVIRONMENTAL = (
    ("disk is full", "The disk is full."),
    ("disk i/o error", "The disk that holds the desk reports an error."),
    ("readonly", "The desk cannot be written: it is read-only."),
    ("database is locked", "Another program is using the desk."),
    ("unable to open", "The desk cannot be opened."),
    ("disk image is malformed", "The desk file is damaged."),
    (LOST_JOB, "Another program took this job over."),
)


class BulkTransaction(Protocol):
    """What can be done inside a transaction."""

    def append(self, table: Table, rows: pa.Table) -> None:
        """Append Arrow columns, named as the table's and holding what it stores."""
        ...

    def append_stream(self, table: Table, stream: bytes) -> None:
        """Append the rows of an Arrow IPC stream."""
        ...

    def execute(self, statement: ClauseElement) -> None:
        """Run one Core statement."""
        ...

    def insert(self, statement: Insert) -> int:
        """Run an INSERT of one row, wait for it, and return its id; 0 where it has none."""
        ...


class BulkWriter(Protocol):
    """Something that writes rows; one transaction at a time."""

    def transaction(self, *, confirmed: bool = True) -> AbstractContextManager[BulkTransaction]:
        """Give a transaction; it is committed at the end, or rolled back on any error.

        Args:
            confirmed: Whether to wait until it is on disk.  Else what went wrong with it is
                raised by the next transaction, or by `flush`, and nothing of it is stored.

        Raises:
            StorageError: If the disk is full, the file locked or damaged.
            BugError: If a statement is wrong.
        """
        ...

    def flush(self) -> None:
        """Wait until every transaction is on disk.

        Raises:
            StorageError: If the last one could not be stored.
        """
        ...


class InProcessWriter:
    """Writes through SQLAlchemy: no start-up, but every row becomes Python objects."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def transaction(self, *, confirmed: bool = True) -> Iterator[BulkTransaction]:  # noqa: ARG002
        """Give a transaction; it is always confirmed."""
        with writing(self._engine) as connection:
            yield _EngineTransaction(connection)

    def flush(self) -> None:
        """Do nothing: everything is on disk."""


class ProcessWriter:
    """Writes through ADBC in a process of its own, which starts at the first transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Pipe | None = None
        self._is_ready = False
        #: Requests that are not answered yet.
        self._outstanding = 0

    def start(self) -> None:
        """Start the process, without waiting for it."""
        with self._lock:
            self._start()

    def await_start(self) -> None:
        """Wait until the process has opened the desk.

        Raises:
            StorageError: If it cannot.
        """
        with self._lock:
            self._start()
            if not self._is_ready:
                self._await_start()

    @contextmanager
    def transaction(self, *, confirmed: bool = True) -> Iterator[BulkTransaction]:
        """Give a transaction; unless it is confirmed the process works while the caller goes on."""
        with self._lock:
            self._start()
            self._gather_answers()
            try:
                self._send(("begin",))
                yield _PipeTransaction(self._send, self._ask)
                self._send(("commit",))
                if confirmed:
                    self._gather_answers()
            except BaseException:
                self._roll_back()
                raise

    def flush(self) -> None:
        """Wait until every transaction is on disk.

        Raises:
            StorageError: If the last one could not be stored.
        """
        with self._lock:
            self._gather_answers()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _start(self) -> None:
        if self._process is not None and self._process.is_alive():
            return
        self._end()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs, str(self._path)), name="desk-writer", daemon=True
        )
        self._process.start()
        theirs.close()
        self._is_ready = False
        self._outstanding = 0

    def _send(self, request: tuple[Any, ...], payload: Any = None) -> None:
        """Send a request without waiting for its answer."""
        assert self._pipe is not None
        try:
            if not self._is_ready:
                self._await_start()
            assert self._pipe is not None
            self._pipe.send(request)
            if payload is not None:
                self._pipe.send_bytes(payload)
        except (EOFError, OSError) as error:
            self._end()
            raise StorageError(_ENDED) from error
        self._outstanding += 1

    def _gather_answers(self) -> Any:
        """Return the last answer, when all have come; raise what the first error says."""
        value, failure = None, None
        while self._outstanding and self._pipe is not None:
            try:
                kind, value = self._pipe.recv()
            except (EOFError, OSError) as error:
                self._end()
                raise StorageError(_ENDED) from error
            self._outstanding -= 1
            if kind == "error" and failure is None:
                failure = _translated(value)
        if failure is not None:
            raise failure
        return value

    def _ask(self, request: tuple[Any, ...]) -> Any:
        self._send(request)
        return self._gather_answers()

    def _await_start(self) -> None:
        assert self._pipe is not None
        try:
            kind, why = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._end()
            raise StorageError(_ENDED) from error
        if kind == "error":
            self._end()
            raise StorageError(f"The process that writes the desk cannot start: {why}.")
        self._is_ready = True

    def _roll_back(self) -> None:
        if self._pipe is not None:
            with suppress(StorageError, BugError):  # what broke the transaction is being raised
                self._gather_answers()
            if self._pipe is not None:
                self._ask(("rollback",))

    def _end(self) -> None:
        self._outstanding = 0
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.join(10)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process.close()
            self._process = None


class _EngineTransaction:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, table: Table, rows: pa.Table) -> None:
        if rows.num_rows:
            self.append_stream(table, ipc_bytes(rows))

    def append_stream(self, table: Table, stream: bytes) -> None:
        with pa.ipc.open_stream(stream) as reader:
            rows = reader.read_all()
        names = ", ".join(f'"{name}"' for name in rows.column_names)
        marks = ", ".join("?" * rows.num_columns)
        statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - our names
        for batch in rows.to_batches(max_chunksize=_SLICE):
            if batch.num_rows:
                values = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
                self._connection.exec_driver_sql(statement, values)

    def execute(self, statement: ClauseElement) -> None:
        self._connection.exec_driver_sql(*_compiled(statement))

    def insert(self, statement: Insert) -> int:
        key = self._connection.execute(statement).inserted_primary_key
        # What is told by a query, as the job of a mark, is not known here.
        return int(key[0]) if key is not None and key[0] is not None else 0


_ENDED = "The process that writes the desk ended."


class _PipeTransaction:
    """Sends requests one after the other; only what has an answer of its own is waited for."""

    def __init__(self, send: Any, ask: Any) -> None:
        self._send, self._ask = send, ask

    def append(self, table: Table, rows: pa.Table) -> None:
        if rows.num_rows:
            self.append_stream(table, ipc_bytes(rows))

    def append_stream(self, table: Table, stream: bytes) -> None:
        self._send(("append", table.name), stream)

    def execute(self, statement: ClauseElement) -> None:
        self._send(("execute", *_compiled(statement)))

    def insert(self, statement: Insert) -> int:
        return int(self._ask(("insert", *_compiled(statement))))


def read_columns(engine: Engine, statement: ClauseElement) -> pa.Table:
    """Return the result of a query as Arrow columns of what is stored, without result types.

    A column without any value has the Arrow type null.
    """
    with reading(engine) as connection:
        result = connection.exec_driver_sql(*_compiled(statement))
        names = list(result.keys())
        cursor = result.cursor  # plain tuples: a Row object each would double the time
        assert cursor is not None
        parts: list[pa.Table] = []
        while rows := cursor.fetchmany(5_000):
            columns = [pa.array(column) for column in zip(*rows, strict=True)]
            parts.append(pa.table(columns, names=names))
        result.close()
    if not parts:
        return pa.table({name: pa.nulls(0) for name in names})
    return pa.concat_tables(parts, promote_options="permissive")


def try_process_writer(folder: Path) -> None:
    """Write one row into a new file in `folder` the way bulk rows are written.

    Raises:
        StorageError: If the process cannot start.
    """
    writer = ProcessWriter(folder / "try.db")
    try:
        with writer.transaction() as transaction:
            transaction.execute(text("CREATE TABLE trial (id INTEGER)"))
            transaction.execute(text("INSERT INTO trial VALUES (1)"))
    finally:
        writer.close()


def _compiled(statement: ClauseElement) -> tuple[str, tuple[Any, ...]]:
    """Return SQL text with question marks, and its parameters in order, as they are stored.

    Statements of one shape are compiled once, as an engine does it; one whose text depends on its
    values, as `IN` with a list does, is compiled each time.
    """
    key = statement._generate_cache_key()
    done: Any = None if key is None else _COMPILED.get(key.key)
    if done is None:
        compiler = _DIALECT.statement_compiler
        kwargs = {"render_postcompile": True}
        done = compiler(_DIALECT, statement, cache_key=key, compile_kwargs=kwargs)
        if key is not None and not done.post_compile_params | done.literal_execute_params:
            _COMPILED[key.key] = done
    processors = done._bind_processors
    values = done.construct_params(extracted_parameters=None if key is None else key.bindparams)
    return str(done), tuple(
        processors[name](values[name]) if name in processors else values[name]
        for name in done.positiontup or ()
    )


def _translated(message: str) -> StorageError | BugError:
    for part, sentence in _ENVIRONMENTAL:
        if part in message.lower():
            return StorageError(sentence)
    return BugError(message)
