"""The desk: one SQLite file, and beside it the originals of everything that was imported."""

from __future__ import annotations

import datetime as dt
import getpass
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from invoice_desk.core.declarations import document_type_of
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.modes import WorkSettings
from invoice_desk.db.bulk import ProcessWriter
from invoice_desk.db.engine import Engine, open_engine, reading
from invoice_desk.db.migrate import upgrade
from invoice_desk.db.reference import list_declarations
from invoice_desk.errors import OtherFileError, StorageError, TemplateError
from invoice_desk.paths import resource
from invoice_desk.services.passwords import SessionPasswords
from invoice_desk.settings import load_settings
from invoice_desk.workers.contract import WorkerPool

#: Device and number of a file, whatever its path is called.
Identity = tuple[int, int]
#: What SQLite adds to the name of a database for the files beside it.
_PARTS = ("", "-wal", "-shm", "-journal")
#: SQLite's smallest page, see https://sqlite.org/fileformat.html; no database is smaller.
_SMALLEST = 512


@dataclass(slots=True)
class Desk:
    """An opened desk; made by `open_desk` and handed to the services."""

    path: Path
    engine: Engine
    #: Writes rows in bulk; its process starts when it is first used.
    bulk: ProcessWriter
    types: dict[str, DocumentType]
    now: Callable[[], dt.datetime]
    person: str
    settings: WorkSettings = field(default_factory=WorkSettings)
    #: A pool of workers that outlives one job, when the program keeps one warm.
    pool: WorkerPool | None = field(default=None)
    #: Asked for when a document is protected.
    passwords: Callable[[], tuple[str, ...]] = field(default_factory=SessionPasswords, repr=False)

    @property
    def originals(self) -> Path:
        """Return the folder of the untouched originals, named by their SHA-256."""
        return self.path.with_name(self.path.name + ".originals")

    def original(self, sha256: str) -> Path:
        """Return where the bytes with this hash are kept."""
        return self.originals / sha256[:2] / sha256

    def own(self) -> frozenset[Identity]:
        """Return what the desk is made of: its file, its log and index, the originals' folder.

        Nothing but SQLite may open the files in this process: whoever closes one drops SQLite's
        locks on it, and the next process that joins cuts the index off beneath the others, which
        ends them with a bus error; see https://sqlite.org/howtocorrupt.html, section 2.2.
        """
        files = (self.path.with_name(self.path.name + part) for part in _PARTS)
        found = (identity(path) for path in (*files, self.originals))
        return frozenset(each for each in found if each is not None)

    def close(self) -> None:
        """Close all connections."""
        self.bulk.close()
        self.engine.dispose()


def open_desk(path: Path) -> Desk:
    """Open the desk at `path`, or make a new one there.

    Raises:
        StorageError: If the file is no desk, cannot be written, or belongs to a newer program.
    """
    path = path.expanduser().absolute()
    if path.is_dir():
        raise StorageError(f"{path} is a folder; a desk is a file.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"The folder {path.parent} cannot be made: {error.strerror}.") from error
    _refuse_tiny_files(path)
    engine = open_engine(path)
    try:
        upgrade(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return Desk(
        path, engine, ProcessWriter(path), _types(engine), _utc_now, _person(), load_settings()
    )


def identity(path: Path) -> Identity | None:
    """Return which file or folder a path leads to, None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _refuse_tiny_files(path: Path) -> None:
    """Refuse what is too small for a database: SQLite would take it for an empty one.

    It is not opened: another desk of this process may be the same file, see `Desk.own`.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"The desk {path} cannot be opened: {error.strerror}.") from error
    if 0 < size < _SMALLEST:
        raise OtherFileError(f"{path.name} is not a desk.")


def load_types(folder: Path | None = None) -> dict[str, DocumentType]:
    """Return the document types declared in `folder`, by name.

    Raises:
        TemplateError: If a declaration is not valid.
    """
    found: dict[str, DocumentType] = {}
    for path in sorted((folder or resource("document_types")).glob("*.toml")):
        try:
            declared = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise TemplateError(f"{path.name} is not valid TOML: {error}") from error
        made = document_type_of(declared)
        found[made.name] = made
    return found


def _types(engine: Engine) -> dict[str, DocumentType]:
    """Return the program's own types, and those of the desk in their place or beside them."""
    types = load_types()
    with reading(engine) as connection:
        for declaration in list_declarations(connection):
            made = document_type_of(declaration)
            types[made.name] = made
    return types


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
