"""Writing and reading whole columns, through ADBC, beside SQLAlchemy on the same file.

`BulkWriter.transaction` takes rows and the mark that their chunk is done into one
transaction: both are there afterwards, or neither.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import ClauseElement, Table
from sqlalchemy.dialects import sqlite

from invoice_desk.db.engine import BUSY_SECONDS
from invoice_desk.errors import BugError, StorageError

_DIALECT = sqlite.dialect(paramstyle="qmark")
#: What SQLite's messages say when the world is to blame; ADBC passes on no result code.
_ENVIRONMENTAL = (
    ("disk is full", "The disk is full."),
    ("disk I/O error", "The disk that holds the desk reports an error."),
    ("readonly", "The desk cannot be written: it is read-only."),
    ("database is locked", "Another program is using the desk."),
    ("unable to open", "The desk cannot be opened."),
    ("malformed", "The desk file is damaged."),
)


class BulkWriter:
    """The one connection through which rows are written; its lock keeps writers in line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: Any = None
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[BulkTransaction]:
        """Give a transaction; commit it at the end, roll it back on any error."""
        with self._lock, _translated_errors():
            if self._connection is None:
                self._connection = _connect(self._path)
            connection = self._connection
            try:
                yield BulkTransaction(connection)
            except BaseException:
                connection.rollback()
                raise
            try:
                connection.commit()
            except Exception:
                connection.rollback()
                raise

    def close(self) -> None:
        """Close the connection, if one was opened."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class BulkTransaction:
    """What can be done inside a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def append(self, table: Table, rows: pa.Table) -> None:
        """Append Arrow columns, named as the table's."""
        if rows.num_rows:
            with self._connection.cursor() as cursor:
                cursor.adbc_ingest(table.name, rows, mode="append")

    def execute(self, statement: ClauseElement) -> None:
        """Run one Core statement."""
        text, parameters = compiled(statement)
        with self._connection.cursor() as cursor:
            cursor.execute(text, parameters)


    def insert(self, statement: ClauseElement) -> int:
        """Run an INSERT of one row and return its id."""
        self.execute(statement)
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT last_insert_rowid()")
            return int(cursor.fetchone()[0])


def read_columns(path: Path, statement: ClauseElement) -> pa.Table:
    """Return the result of a query as Arrow columns, over a connection of its own."""
    text, parameters = compiled(statement)
    with _translated_errors(), _connection(path) as connection, connection.cursor() as cursor:
        cursor.execute(text, parameters)
        table: pa.Table = cursor.fetch_arrow_table()
        return table


def compiled(statement: ClauseElement) -> tuple[str, Sequence[Any]]:
    """Return SQL text with question marks, and its parameters in order."""
    done = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    processors = done._bind_processors  # type: ignore[attr-defined]  # noqa: SLF001
    values = done.construct_params()
    names = done.positiontup or []  # type: ignore[attr-defined]
    return str(done), [
        processors[name](values[name]) if name in processors else values[name] for name in names
    ]


@contextmanager
def _connection(path: Path) -> Iterator[Any]:
    connection = _connect(path)
    try:
        yield connection
    finally:
        connection.close()


def _connect(path: Path) -> Any:
    import adbc_driver_sqlite.dbapi as adbc

    connection = adbc.connect(str(path))
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.fetchall()
    connection.rollback()
    return connection


@contextmanager
def _translated_errors() -> Iterator[None]:
    import adbc_driver_manager as adbc

    try:
        yield
    except adbc.Error as error:
        for part, sentence in _ENVIRONMENTAL:
            if re.search(part, str(error), re.IGNORECASE):
                raise StorageError(sentence) from error
        raise BugError(str(error)) from error
