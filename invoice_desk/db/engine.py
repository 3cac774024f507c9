"""Opening the desk file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from invoice_desk.errors import BugError, OtherFileError, StorageError

__all__ = [
    "LOST_JOB",
    "Connection",
    "Engine",
    "open_engine",
    "reading",
    "translated_errors",
    "writing",
]

BUSY_SECONDS = 30
#: What SQLite says of a mark that a process sets whose job another one has now.
LOST_JOB = "not null constraint failed: job_chunk.job_id"
#: Primary result codes that the world causes, not we; see https://sqlite.org/rescode.html.
_SENTENCES = {
    sqlite3.SQLITE_BUSY: "Another program is using the desk.",
    sqlite3.SQLITE_LOCKED: "Another program is using the desk.",
    sqlite3.SQLITE_READONLY: "The desk cannot be written: it is read-only.",
    sqlite3.SQLITE_IOERR: "The disk that holds the desk reports an error.",
    sqlite3.SQLITE_CORRUPT: "The desk file is damaged.",
    sqlite3.SQLITE_FULL: "The disk is full.",
    sqlite3.SQLITE_CANTOPEN: "The desk cannot be opened.",
    sqlite3.SQLITE_NOTADB: "This file is not a desk.",
}


def open_engine(path: Path) -> Engine:
    """Return an engine for the desk at `path`; readers and the writer do not block."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, below
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes its place in the queue at once: it could not get it later if another
        # had written in between.
        immediate = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a transaction; commit it at the end, or roll it back on an error.

    Raises:
        StorageError: If the disk is full, the file locked or damaged.
        BugError: If the statement is wrong.
    """
    with translated_errors(), engine.execution_options(writing=True).begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection for reading."""
    with translated_errors(), engine.connect() as connection:
        yield connection


@contextmanager
def translated_errors() -> Iterator[None]:
    """Tell what the user can mend (a full disk) from what we must (a wrong query)."""
    try:
        yield
    except DBAPIError as error:
        raise _translated(error.orig or error) from error
    except sqlite3.Error as error:
        raise _translated(error) from error


def _translated(error: BaseException) -> StorageError | BugError:
    code = getattr(error, "sqlite_errorcode", -1) & 0xFF
    sentence = _SENTENCES.get(code)
    if code == sqlite3.SQLITE_NOTADB:
        return OtherFileError(_SENTENCES[code])
    if sentence is None and LOST_JOB in str(error).lower():
        sentence = "Another program took this job over."
    return BugError(str(error)) if sentence is None else StorageError(sentence)
