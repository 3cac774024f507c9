"""The process that writes rows in bulk, through ADBC: whole Arrow columns, no Python objects.

It is a process of its own because ADBC brings a second copy of SQLite.  Two copies in one
process must never open the same file: POSIX locks belong to the process, so whichever copy
closes a connection drops the locks of the other, and may take the write-ahead log away from
under it; see https://sqlite.org/howtocorrupt.html, section 2.2.1.  This module therefore imports
neither `sqlite3` nor SQLAlchemy, and the application's own process never loads ADBC.
"""

from __future__ import annotations

import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from invoice_desk.startup import keep_freed_memory, keep_pandas_out

#: How long a writer waits for another one to finish.
BUSY_MS = 30_000
#: 64 MB: pages that many chunks touch are copied into the file once instead of once a chunk.
_CHECKPOINT_PAGES = 16_384


def serve(pipe: Connection, path: str) -> None:
    """Carry out requests until the pipe is closed; answer each with ("ok", value) or an error.

    Requests may come before earlier ones are answered.  After an error the transaction is rolled
    back, and all requests up to the next `("begin",)` are refused with the same error.

    Requests are `("begin",)`, `("append", table)` followed by an Arrow IPC stream, `("execute",
    sql, parameters)`, `("insert", sql, parameters)` which answers the new id, `("commit",)` and
    `("rollback",)`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_pandas_out()
    keep_freed_memory()
    try:
        desk = _Desk(path)
    except Exception as error:  # noqa: BLE001 - the edge of the process
        pipe.send(("error", f"{type(error).__name__}: {error}"))
        return
    # A pipe that breaks means that the application is gone; nothing is left to be said then.
    with suppress(EOFError, OSError):
        pipe.send(("ok", None))
        _answer_all(pipe, desk)
    desk.close()


def _answer_all(pipe: Connection, desk: _Desk) -> None:
    """Carry out requests until the pipe is closed, which raises."""
    broken: str | None = None
    while True:
        request = pipe.recv()
        payload = pipe.recv_bytes() if request[0] == "append" else b""
        if request[0] in {"begin", "rollback"}:
            broken = None
        value = None
        if broken is None:
            try:
                value = desk.carry_out(request, payload)
            except Exception as error:  # noqa: BLE001 - the edge of the process
                broken = str(error)
                desk.roll_back()
        pipe.send(("ok", value) if broken is None else ("error", broken))


class _Desk:
    """A connection that is always in a transaction.

    The driver manager is used without its DBAPI layer, which would import pandas, where that
    is installed, at half a second and 60 MB.
    """

    def __init__(self, path: str) -> None:
        import adbc_driver_sqlite
        import pyarrow as pa
        from adbc_driver_manager import AdbcDatabase

        pa.set_cpu_count(1)
        self._database = AdbcDatabase(driver=adbc_driver_sqlite._driver_path(), uri=path)
        self._connection = self._connect()

    def carry_out(self, request: tuple[Any, ...], payload: bytes) -> Any:
        """Do what a request asks for; return the id of an insert."""
        match request:
            case ("append", table):
                self._append(table, payload)
            case ("execute", text, parameters):
                self._execute(text, parameters)
            case ("insert", text, parameters):
                self._execute(text, parameters)
                return self._last_id()
            case ("begin",):
                pass  # a transaction is always open
            case ("commit",):
                self._connection.commit()
            case ("rollback",):
                self.roll_back()
            case _:
                raise ValueError(request)
        return None

    def close(self) -> None:
        """Close everything."""
        self._connection.close()
        self._database.close()

    def _connect(self) -> Any:
        from adbc_driver_manager import AdbcConnection

        connection = AdbcConnection(self._database)
        self._connection = connection
        self._read_one(f"PRAGMA busy_timeout = {BUSY_MS}")
        self._read_one(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.set_autocommit(False)
        return connection

    def _append(self, table: str, payload: bytes) -> None:
        import pyarrow as pa
        from adbc_driver_manager import AdbcStatement

        with pa.ipc.open_stream(payload) as stream, AdbcStatement(self._connection) as statement:
            statement.set_options(
                **{"adbc.ingest.target_table": table, "adbc.ingest.mode": "adbc.ingest.mode.append"}
            )
            statement.bind_stream(stream)
            statement.execute_update()

    def _execute(self, text: str, parameters: tuple[Any, ...]) -> None:
        import pyarrow as pa
        from adbc_driver_manager import AdbcStatement

        with AdbcStatement(self._connection) as statement:
            statement.set_sql_query(text)
            if parameters:
                names = [f"p{i}" for i in range(len(parameters))]
                values = [pa.array([value]) for value in parameters]
                statement.bind(pa.record_batch(values, names=names))
            statement.execute_update()

    def _last_id(self) -> int:
        return int(self._read_one("SELECT last_insert_rowid()"))

    def _read_one(self, text: str) -> Any:
        import pyarrow as pa
        from adbc_driver_manager import AdbcStatement

        with AdbcStatement(self._connection) as statement:
            statement.set_sql_query(text)
            handle, _ = statement.execute_query()
            with pa.RecordBatchReader._import_from_c(handle.address) as reader:
                return reader.read_all().columns[0][0].as_py()

    def roll_back(self) -> None:
        """Roll back; SQLite may have done so already (disk full), then begin a new connection."""
        try:
            self._connection.rollback()
        except Exception:  # noqa: BLE001 - whatever it is, a new connection has no transaction
            self._connection.close()
            self._connection = self._connect()
