"""Taking files in: found, kept, recorded as sources, unpacked; nothing is read yet."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from invoice_desk.core.records import JobFileRecord, SourceRecord
from invoice_desk.core.source import (
    CONTAINERS,
    MAILS,
    Detection,
    FileOutcome,
    Kind,
    SourceStatus,
)
from invoice_desk.db.claims import claim_sources
from invoice_desk.db.engine import Connection, reading, writing
from invoice_desk.db.jobs import file_insert, file_update, list_files
from invoice_desk.db.sources import add_source, find_source, get_source, source_update
from invoice_desk.errors import EncryptedSourceError, SourceError, StorageError
from invoice_desk.readers.containers import unpack_container
from invoice_desk.services.batches import ImportFile
from invoice_desk.services.desk import Desk
from invoice_desk.services.keeping import Kept, find_files, keep
from invoice_desk.services.passwords import passwords_for
from invoice_desk.services.storing import forget_reading

MAX_NESTING = 4
_ERROR = ("error_code", "error_message", "error_advice")
_READ = frozenset({SourceStatus.COMPLETED, SourceStatus.PREVIEW})


@dataclass(slots=True)
class Intake:
    """The files of one import, as they come in.

    Attributes:
        job_id: The import.
        check: Raises when the import was cancelled.
        taken: Told each file that has to be read.
        seen: Told after every file.
        files: All files, in the order in which they came.
        waiting: Files whose source another job works on, with that job.
    """

    desk: Desk
    job_id: int
    check: Callable[[], None]
    taken: Callable[[ImportFile], None]
    seen: Callable[[], None]
    files: list[ImportFile] = field(default_factory=list)
    waiting: dict[int, int] = field(default_factory=dict)
    _by_path: dict[str, ImportFile] = field(default_factory=dict)
    #: Sources that this import has met.
    _met: set[int] = field(default_factory=set)
    _passwords: tuple[str, ...] | None = field(default=None, repr=False)

    def take_paths(self, paths: Sequence[Path]) -> None:
        """Take in files and what folders hold, but for what was taken in before.

        Raises:
            CancelledError: If the import was cancelled.
            StorageError: If something cannot be kept or recorded.
        """
        for path, error in find_files(paths, without=self.desk.own()):
            self.check()
            if str(path) in self._by_path:
                continue
            if error is None:
                self._take(path, name=path.name, origin=str(path), container=None, depth=0)
            else:
                self._add_rejected(path.name, str(path), error)
            self.seen()

    def take_sources(self, source_ids: Sequence[int]) -> None:
        """Take in sources that the desk keeps, to read them again."""
        for source_id in source_ids:
            with reading(self.desk.engine) as connection:
                known = get_source(connection, source_id)
            if known is None or known.origin in self._by_path:
                continue
            kept = self._kept(known)
            file = self._new_file(known.name, known.origin)
            file.kept, file.container = kept, known.container_id
            with writing(self.desk.engine) as connection:
                must_read = self._record(connection, file, known)
            self._begin(file, depth=0, must_read=must_read, known=known)
            self.seen()

    def containers(self) -> tuple[set[int], set[int]]:
        """Return the archives and mails of its files: those with files left, and the others."""
        found = {file.container for file in self.files if file.container is not None}
        opened = {
            file.container
            for file in self.files
            if file.record.outcome is FileOutcome.PENDING and file.container is not None
        }
        return opened, found - opened

    def recall(self, *, same_program: bool) -> None:
        """Take over the files that this job had before a crash."""
        with reading(self.desk.engine) as connection:
            records = list_files(connection, self.job_id)
        for record in records:
            file = ImportFile(record, rows=record.rows, expected_pages=record.pages)
            file.step, file.seconds = record.step, record.seconds or 0.0
            self.files.append(file)
            self._by_path[record.path] = file
            if record.source_id is not None:
                self._met.add(record.source_id)
        for file in self.files:
            if file.record.outcome is FileOutcome.PENDING and file.record.source_id is not None:
                self._recall_source(file, same_program=same_program)

    def _recall_source(self, file: ImportFile, *, same_program: bool) -> None:
        with reading(self.desk.engine) as connection:
            known = get_source(connection, file.source_id)
        if known is None:
            return
        file.rows, file.expected_pages = 0, 0
        file.kept, file.container = self._kept(known), known.container_id
        if file.kept.detection.kind is Kind.ZIP:
            self._open_container(file, file.kept, depth=file.record.path.count("!/"))
            return
        with writing(self.desk.engine) as connection:
            must_read = self._claims(connection, file)
        if must_read and not same_program:
            forget_reading(self.desk, known.id, status=SourceStatus.PENDING.value)
        if must_read:
            self._read(file, depth=file.record.path.count("!/"))

    def await_source(self, file: ImportFile) -> int | None:
        """Go on with a file whose source another job had; return the job that still has it."""
        with writing(self.desk.engine) as connection:
            known = get_source(connection, file.source_id)
            assert known is not None
            if not self._claims(connection, file):
                return self.waiting[file.record.ordinal]
            if known.status in _READ:
                file.record = replace(file.record, outcome=FileOutcome.DUPLICATE)
                values = {"outcome": FileOutcome.DUPLICATE.value}
                connection.execute(file_update(self.job_id, file.record.ordinal, **values))
        del self.waiting[file.record.ordinal]
        if file.record.outcome is FileOutcome.PENDING:
            self._begin(file, depth=0, must_read=True, known=known)
        return None

    def reject(self, file: ImportFile, error: SourceError) -> None:
        """Record that a file cannot be read."""
        self.settle(file, FileOutcome.REJECTED, **error_texts(error))

    def settle(self, file: ImportFile, outcome: FileOutcome, **values: Any) -> None:
        """Record what became of a file."""
        file.record = replace(file.record, outcome=outcome, **values)
        status = SourceStatus.COMPLETED if outcome is FileOutcome.DONE else SourceStatus.FAILED
        changes = {**file.figures(), "outcome": outcome.value, **values}
        with writing(self.desk.engine) as connection:
            connection.execute(file_update(self.job_id, file.record.ordinal, **changes))
            if file.record.source_id is not None:
                connection.execute(source_update(file.source_id, status=status.value, **values))

    # --- one file -----------------------------------------------------------------------

    def _new_file(self, name: str, origin: str) -> ImportFile:
        record = JobFileRecord(len(self.files), name, origin, None, FileOutcome.PENDING)
        file = ImportFile(record)
        self.files.append(file)
        self._by_path[origin] = file
        return file

    def _add_rejected(self, name: str, origin: str, error: SourceError) -> None:
        file = self._new_file(name, origin)
        changes: dict[str, Any] = {"outcome": FileOutcome.REJECTED, **error_texts(error)}
        file.record = replace(file.record, **changes, step="saving")
        with writing(self.desk.engine) as connection:
            connection.execute(file_insert(self.job_id, file.record))

    def _take(
        self,
        path: Path,
        *,
        name: str,
        origin: str,
        container: int | None,
        depth: int,
        only_kept: str = "",
    ) -> None:
        """Keep one file, and have it read, unless there is a reason why it is only kept."""
        begun = time.perf_counter()
        try:
            kept = keep(path, name=name, place=self.desk.original, check=self.check)
        except SourceError as error:
            self._add_rejected(name, origin, error)
            return
        except StorageError:
            self._new_file(name, origin)  # it was seen, and is pending
            raise
        file = self._new_file(name, origin)
        file.kept, file.container = kept, container
        with writing(self.desk.engine) as connection:
            known = find_source(connection, kept.sha256)
            must_read = self._record(connection, file, known)
        file.seconds = time.perf_counter() - begun
        if only_kept and must_read:
            self.settle(file, FileOutcome.DONE)
            reasons = [*kept.detection.reasons, only_kept]
            with writing(self.desk.engine) as connection:
                connection.execute(source_update(file.source_id, reasons=reasons))
            return
        self._begin(file, depth=depth, must_read=must_read, known=known)

    def _begin(
        self, file: ImportFile, *, depth: int, must_read: bool, known: SourceRecord | None
    ) -> None:
        assert file.kept is not None
        if not must_read:
            return
        if known is not None:
            forget_reading(self.desk, file.source_id, status=SourceStatus.PENDING.value)
        self._read(file, depth=depth)

    def _read(self, file: ImportFile, *, depth: int) -> None:
        """Open a file that holds others, have any other one read."""
        assert file.kept is not None
        if file.kept.detection.kind in CONTAINERS:
            self._open_container(file, file.kept, depth=depth)
        else:
            self.taken(file)

    def _record(self, connection: Connection, file: ImportFile, known: SourceRecord | None) -> bool:
        """Record the source and the file; return whether the source has to be read now."""
        assert file.kept is not None
        source_id = (
            known.id
            if known
            else add_source(
                connection,
                sha256=file.kept.sha256,
                name=file.record.name,
                origin=file.record.path,
                size=file.kept.size,
                detection=file.kept.detection,
                container_id=file.container,
                now=self.desk.now(),
            )
        )
        is_read = known is not None and known.status in _READ
        if known is not None and known.error_code == EncryptedSourceError.code:
            is_read = False  # an archive of which a part could not be opened
        again = known is not None and (is_read or source_id in self._met)
        self._met.add(source_id)
        file.step = "detecting"
        outcome = FileOutcome.DUPLICATE if again else FileOutcome.PENDING
        file.record = replace(file.record, source_id=source_id, outcome=outcome, step=file.step)
        connection.execute(file_insert(self.job_id, file.record))
        return not again and self._claims(connection, file)

    def _claims(self, connection: Connection, file: ImportFile) -> bool:
        """Claim the source of a file; one that another job has is waited for later."""
        others = claim_sources(connection, self.job_id, [file.source_id])
        if others:
            self.waiting[file.record.ordinal] = others[file.source_id]
        return not others

    def _kept(self, known: SourceRecord) -> Kept:
        detection = Detection(known.kind, known.confidence or 0.0, known.reasons)
        return Kept(known.sha256, known.size, self.desk.original(known.sha256), detection)

    def _open_container(self, file: ImportFile, kept: Kept, *, depth: int) -> None:
        """Take in what lies in an archive or hangs on a mail; the mail itself is read then."""
        begun = time.perf_counter()
        if depth >= MAX_NESTING:
            told = f"{file.record.name} lies in {depth} archives or mails."
            self.reject(file, SourceError(told))
            return
        beside = self.desk.path.parent
        with tempfile.TemporaryDirectory(dir=beside, prefix=f".unpack-{os.getpid()}-") as folder:
            try:
                locked = self._take_members(file, kept, Path(folder), depth=depth)
            except SourceError as error:
                self.reject(file, error)
                return
        file.seconds = time.perf_counter() - begun
        if kept.detection.kind in MAILS:
            self.taken(file)
            return
        self.settle(file, FileOutcome.DONE)
        values: dict[str, str | None] = dict.fromkeys(_ERROR)
        if locked:
            told = f"{locked} files in {file.record.name} are protected by a password."
            values |= error_texts(EncryptedSourceError(told))
        with writing(self.desk.engine) as connection:
            connection.execute(source_update(file.source_id, **values))

    def _take_members(self, file: ImportFile, kept: Kept, folder: Path, *, depth: int) -> int:
        """Take in what a file holds; return how many of it could not be opened for a password."""
        name, origin, locked = file.record.name, file.record.path, 0
        members = unpack_container(
            kept.path, folder, name=name, kind=kept.detection.kind, passwords=self.passwords
        )
        for member, place in members:
            self.check()
            inside = f"{origin}!/{member.path}"
            locked += type(place) is EncryptedSourceError  # not what no password opens
            if inside in self._by_path:
                continue
            if isinstance(place, SourceError):
                self._add_rejected(member.path.name, inside, place)
                continue
            self._take(
                place,
                name=member.path.name,
                origin=inside,
                container=file.source_id,
                depth=depth + 1,
                only_kept=member.only_kept,
            )
            place.unlink(missing_ok=True)
        return locked

    def passwords(self) -> tuple[str, ...]:
        """Return the passwords of documents, asked for once and only when one is needed."""
        if self._passwords is None:
            self._passwords = self.desk.passwords()
        return self._passwords

    def passwords_for(self, kept: Kept) -> tuple[str, ...]:
        """Return the passwords to try on a file: none when it needs none."""
        return passwords_for(kept.path, kept.detection.kind, self.passwords)


def remove_unpacked(desk: Desk) -> None:
    """Remove folders that an unpacking left behind when the program was killed."""
    for folder in desk.path.parent.glob(".unpack-*"):
        process = folder.name.removeprefix(".unpack-").partition("-")[0]
        if not (process.isdigit() and psutil.pid_exists(int(process))):
            shutil.rmtree(folder, ignore_errors=True)


def error_texts(error: SourceError) -> dict[str, str]:
    """Return the columns of a file's record that tell an error."""
    return {
        "error_code": error.code,
        "error_message": str(error),
        "error_advice": error.advice,
    }
