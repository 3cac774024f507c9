"""One function a command; each returns the exit code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoice_desk.cli.output import print_json, print_table, say, watched
from invoice_desk.core.jobs import TERMINAL, JobState
from invoice_desk.core.modes import Mode
from invoice_desk.documents.ocr import check_engines
from invoice_desk.errors import (
    ArgumentError,
    ExitCode,
    MissingDeskError,
    MissingSourceError,
    StorageError,
)
from invoice_desk.paths import default_desk
from invoice_desk.services.desk import Desk, open_desk
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.workplaces import pool_for

if TYPE_CHECKING:
    from invoice_desk.services.cleaning import CleaningJob


@contextmanager
def desk_of(options: argparse.Namespace, *, must_exist: bool = True) -> Iterator[Desk]:
    """Open the desk that the options name, and close it at the end."""
    path: Path = options.desk or default_desk()
    if must_exist and not path.exists():
        raise MissingDeskError(f"There is no desk at {path}.")
    desk = open_desk(path)
    try:
        yield desk
    finally:
        desk.close()


def take_up(desk: Desk) -> None:
    """Finish first what a crash interrupted."""
    from invoice_desk.services.job_control import jobs
    from invoice_desk.services.job_manager import JobManager

    if not jobs(desk, states=frozenset(JobState) - TERMINAL):
        return
    for ended in JobManager(desk).run_until_idle(only_interrupted=True):
        snapshot = ended.job.snapshot
        say(
            f"Job {snapshot.job_id} ({snapshot.operation} {snapshot.title}): {snapshot.state.label}"
        )


def _settings(options: argparse.Namespace) -> JobSettings:
    ocr = getattr(options, "ocr", None)
    check_engines([] if ocr is None else [ocr])
    return JobSettings(Mode(options.mode), options.workers, ocr)


@contextmanager
def workers_of(desk: Desk, options: argparse.Namespace) -> Iterator[None]:
    """Give the desk the cluster that the options or the settings name, checked, for one command.

    With a mode of this machine's own the cluster is left alone.
    """
    address = options.cluster or desk.settings.cluster
    if not address or options.mode == Mode.STANDARD:
        yield
        return
    pool = pool_for(address)
    try:
        pool.probe()
        desk.pool = pool
        yield
    finally:
        desk.pool = None
        pool.close()


def import_command(options: argparse.Namespace) -> int:
    """Import files and folders."""
    from invoice_desk.cli.job_commands import is_for_later, record_for_later
    from invoice_desk.services.importing import ImportJob, remove_unpacked

    with desk_of(options, must_exist=False) as desk:
        if is_for_later(options):
            if options.password_file:
                raise ArgumentError("A later job has no password file; keep them in the keyring.")
            paths = _absolute(options.paths)
            return record_for_later(desk, ImportJob(desk, paths, _settings(options)), options)
        take_up(desk)
        remove_unpacked(desk)
        desk.passwords = passwords_of(options)
        with workers_of(desk, options):
            job = ImportJob(desk, options.paths, _settings(options))
            with watched(job):
                result = job.run()
    if options.json:
        print_json(result)
    else:
        _print_batch(result)
    return _import_code(result)


def passwords_of(options: argparse.Namespace) -> Callable[[], tuple[str, ...]]:
    """Return what gives the passwords: those of a file that was named, and those that are kept."""
    from invoice_desk.services.passwords import known_passwords, passwords_in

    file: Path | None = options.password_file
    if file is None:
        return known_passwords
    named = passwords_in(file)
    return lambda: tuple(dict.fromkeys([*named, *known_passwords()]))


def _absolute(paths: Sequence[Path]) -> list[Path]:
    """Return paths that any process finds, whatever folder it is in."""
    for path in paths:
        if not path.exists():
            raise MissingSourceError(f"There is nothing at {path}.")
    return [path.absolute() for path in paths]


def _print_batch(result: Any) -> None:
    rows = [
        (f.outcome.value, f.name, f.kind, f.document_type, f.rows or None, f.pages or None)
        for f in result.files
    ]
    print_table(("outcome", "file", "kind", "document type", "rows", "pages"), rows)
    for file in result.files:
        if file.error:
            say(f"{file.name}: {file.error['message']} {file.error['advice']}".rstrip())
    print(
        f"{result.total} files: {result.successful} done, {result.failed} rejected, "
        f"{result.duplicates} duplicates, {result.pending} pending; "
        f"{result.rows:,} rows in {result.seconds:.1f} s ({result.mode}: {result.mode_reason})"
    )
    if result.error:
        say(f"{result.error} {result.advice}".rstrip())


def _import_code(result: Any) -> ExitCode:
    if result.error is not None:
        return ExitCode(result.exit_code)
    if result.state is JobState.ABORTED:
        return ExitCode.CANCELLED
    if result.total == 0:
        say("There is no file in there. Name a folder with files, or the files themselves.")
        return ExitCode.BAD_SOURCE
    if result.failed:
        rest = result.successful + result.duplicates
        return ExitCode.PARTIAL if rest else ExitCode.BAD_SOURCE
    return ExitCode.OK


def clean_command(options: argparse.Namespace) -> int:
    """Clean tables."""
    from invoice_desk.cli.job_commands import is_for_later, record_for_later
    from invoice_desk.services.types import check_options

    with desk_of(options) as desk:
        if options.type and options.type not in desk.types:
            raise ArgumentError(f"There is no document type {options.type}.")
        chosen = _chosen(options.option)
        check_options(desk, chosen)
        if is_for_later(options):
            return record_for_later(desk, _cleaning(desk, options, chosen), options)
        take_up(desk)
        with workers_of(desk, options):
            job = _cleaning(desk, options, chosen)
            with watched(job):
                result = job.run()
    if options.json:
        print_json(result)
    else:
        _print_cleaning(result)
    return _cleaning_code(result)


def _cleaning(desk: Desk, options: argparse.Namespace, chosen: dict[str, str]) -> CleaningJob:
    from invoice_desk.services.cleaning import CleaningJob

    return CleaningJob(
        desk,
        _settings(options),
        source_ids=options.source,
        document_type=options.type,
        options=chosen,
    )


def _chosen(pairs: list[str]) -> dict[str, str]:
    chosen = {}
    for pair in pairs:
        name, equals, choice = pair.partition("=")
        if not equals:
            raise ArgumentError(f"“{pair}” must be written NAME=CHOICE.")
        chosen[name] = choice
    return chosen


def _print_cleaning(result: Any) -> None:
    rows = [
        (t.state, t.name, t.document_type, t.rows, t.cleaned, t.filtered_out, t.findings)
        for t in result.tables
    ]
    headings = ("state", "table", "document type", "rows", "cleaned", "filtered out", "findings")
    print_table(headings, rows)
    print(
        f"{result.total} tables: {result.successful} cleaned, {result.failed} failed, "
        f"{result.unprocessed} not processed; {result.rows:,} rows, {result.cleaned:,} kept, "
        f"{result.filtered_out:,} filtered out, {result.findings:,} findings in "
        f"{result.seconds:.1f} s ({result.mode}: {result.mode_reason})"
    )


def _cleaning_code(result: Any) -> ExitCode:
    if result.error is not None:
        say(f"{result.error} {result.advice}".rstrip())
        return ExitCode(result.exit_code)
    if result.state is JobState.ABORTED:
        return ExitCode.CANCELLED
    if result.total == 0:
        say("Nothing could be cleaned: no table has a document type. Open a mapping, or import.")
        return ExitCode.BAD_TEMPLATE
    return ExitCode.PARTIAL if result.failed else ExitCode.OK


def inspect_command(options: argparse.Namespace) -> int:
    """Say what files are."""
    from invoice_desk.services.desk import load_types
    from invoice_desk.services.inspecting import inspect_files

    documents = inspect_files(
        options.paths,
        load_types(),
        text=options.text,
        ocr=options.ocr,
        workers=options.workers,
        ignore_xml=options.ignore_xml,
        passwords=passwords_of(options),
    )
    if options.json:
        print_json(documents)
    else:
        for document in documents:
            _print_document(document)
    return _documents_code(documents)


def _print_document(document: dict[str, Any]) -> None:
    print(f"{document['file']}: {document['kind']}, {document['document_type'] or 'unknown type'}")
    if document["error"]:
        say(f"  {document['error']['message']} {document['error']['advice']}".rstrip())
    for table in document["tables"]:
        print(f"  {table['name']}: {table['row_count']:,} rows, {len(table['columns'])} columns")
        print(f"    {' | '.join(table['columns'])[:200]}")
    for name, value in document["fields"].items():
        place = f"page {value['page']}" if value["page"] else "XML"
        print(f"  {name}: {value['value']} ({value['confidence']:.0%}, {place})")
    for found in document["findings"]:
        print(f"  {found['severity']}: {found['message']}")


def convert_command(options: argparse.Namespace) -> int:
    """Write tables as read."""
    from invoice_desk.services.inspecting import convert_files

    results = convert_files(options.paths, options.out, passwords=passwords_of(options))
    if options.json:
        print_json(results)
    else:
        for result in results:
            print(f"{result['file']}: {len(result['written'])} tables")
            if result["error"]:
                say(f"  {result['error']['message']} {result['error']['advice']}".rstrip())
    return _documents_code(results)


def _documents_code(documents: list[dict[str, Any]]) -> ExitCode:
    if not documents:
        say("There is no file in there.")
        return ExitCode.BAD_SOURCE
    failed = sum(document["error"] is not None for document in documents)
    if failed == 0:
        return ExitCode.OK
    return ExitCode.BAD_SOURCE if failed == len(documents) else ExitCode.PARTIAL


def parse_command(options: argparse.Namespace) -> int:
    """Read one text a line; print what each is understood as."""
    from invoice_desk.services.parsing import parse_texts

    texts = sys.stdin.read().removesuffix("\n").split("\n")  # U+2028 and others end no line
    print(json.dumps(parse_texts(texts, kind=options.kind, hint=options.hint)))
    return ExitCode.OK


def sources_command(options: argparse.Namespace) -> int:
    """List sources."""
    from invoice_desk.core.cleaning import CleaningStatus
    from invoice_desk.services.browsing import sources

    with desk_of(options) as desk:
        found = sources(
            desk,
            cleaning_status=(
                CleaningStatus(options.cleaning_status) if options.cleaning_status else None
            ),
            include_raw=options.include_raw,
        )
    if options.json:
        print_json(found)
        return ExitCode.OK
    headings = ("id", "file", "kind", "document type", "rows", "pages", "status", "error")
    names = ("name", "kind", "document_type", "row_count", "page_count", "status", "error_message")
    print_table(headings, [_row(found_one, names) for found_one in found])
    return ExitCode.OK


def _row(record: object, names: Sequence[str]) -> list[object]:
    """Return the id, as text, and these attributes of a record."""
    return [str(getattr(record, "id")), *(getattr(record, name) for name in names)]  # noqa: B009


def templates_command(options: argparse.Namespace) -> int:
    """List templates."""
    from invoice_desk.services.templating import templates

    with desk_of(options) as desk:
        found = templates(desk)
    if options.json:
        print_json(found)
        return ExitCode.OK
    rows = [(str(t.id), t.name, t.version, t.document_type, len(t.mapping)) for t in found]
    print_table(("id", "name", "version", "document type", "fields"), rows)
    return ExitCode.OK


def export_command(options: argparse.Namespace) -> int:
    """Write cleaned rows."""
    from invoice_desk.services.exporting import export
    from invoice_desk.writers.tables import Format

    with desk_of(options) as desk:
        results = export(
            desk,
            options.out,
            format=Format(options.format) if options.format else None,
            document_type=options.type,
            source_ids=options.source,
            include_filtered=options.include_filtered,
        )
    if options.json:
        print_json(results)
    else:
        for result in results:
            print(
                f"{result.path}: {result.rows:,} rows of {result.document_type}; left out: "
                f"{result.filtered_out:,} filtered, {result.not_cleaned:,} not cleaned"
            )
    return ExitCode.OK


def samples_command(options: argparse.Namespace) -> int:
    """Write made-up files."""
    from invoice_desk.services.samples import write_samples

    try:
        made = write_samples(options.out, rows=options.rows, seed=options.seed)
    except OSError as error:
        raise StorageError(f"{options.out} cannot be written: {error.strerror}.") from error
    for path in made:
        print(path)
    return ExitCode.OK


def doctor_command(options: argparse.Namespace) -> int:
    """Say what works."""
    from invoice_desk.services.doctor import as_plain, examine

    checks = examine(options.desk or default_desk())
    answer = as_plain(checks)
    if options.json:
        print_json(answer)
    else:
        for check in checks:
            print(f"{check.state:<8} {check.name}: {check.detail}")
            if check.advice:
                print(f"         → {check.advice}")
    return ExitCode.OK if answer["ok"] else ExitCode.BUG
