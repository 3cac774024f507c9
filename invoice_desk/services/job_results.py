"""The three result lists of a job: successful, failed and unprocessed, with the original columns.

Together they hold every row that the job was about, once.  Row numbers count from 1, as people and
spreadsheets do.  For an import the rows are its files, for a cleaning its tables and, among the
failed, the rows about which there are errors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path

import pyarrow as pa

from invoice_desk.core.bulk_writes import (
    SUCCESSFUL,
    Operation,
    RowOutcome,
    RowResult,
    WriteRequest,
)
from invoice_desk.core.findings import Severity
from invoice_desk.core.jobs import JobState
from invoice_desk.core.records import FindingRecord, JobRecord, PassRecord, TableRecord
from invoice_desk.core.sentences import sentence
from invoice_desk.core.source import FileOutcome
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.engine import reading
from invoice_desk.db.job_rows import all_results, processed_numbers
from invoice_desk.db.jobs import get_job, list_files
from invoice_desk.db.passes import error_findings, list_passes
from invoice_desk.db.tables import get_table, read_cells, row_numbers
from invoice_desk.errors import ArgumentError
from invoice_desk.services.desk import Desk
from invoice_desk.writers.tables import write_table

_READ_AT_ONCE = 5_000


class ResultList(StrEnum):
    """Which rows of a job."""

    SUCCESSFUL = "successful"
    FAILED = "failed"
    UNPROCESSED = "unprocessed"


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of a list.

    Attributes:
        row_number: From 1; None for a whole table.
        id: Of the clean row, the source or the raw table.
        created: Whether it is new; None where that was not asked.
        values: The original cells, under `ResultRows.columns`.
    """

    row_number: int | None
    id: int | None = None
    created: bool | None = None
    error: str | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultRows:
    """A list: its original columns, and its rows as they are asked for."""

    columns: tuple[str, ...]
    rows: Iterator[ResultRow]


def result_rows(desk: Desk, job_id: int, which: ResultList) -> ResultRows:
    """Return one of the lists of a job; its rows are read page by page.

    Raises:
        ArgumentError: If there is no such job.
    """
    with reading(desk.engine) as connection:
        job = get_job(connection, job_id)
    if job is None:
        raise ArgumentError(f"There is no job {job_id}.")
    if job.operation in set(Operation):
        return _WriteResults(desk, job).rows(which)
    if job.operation == "clean":
        return _cleaning_rows(desk, job, which)
    return _file_rows(desk, job, which)


def export_results(desk: Desk, job_id: int, which: ResultList, path: Path) -> int:
    """Write one of the lists to a CSV, XLSX, JSON or Parquet file; return its rows.

    Raises:
        ArgumentError: If there is no such job, or the ending of the file is not known.
        StorageError: If the file cannot be written.
    """
    found = result_rows(desk, job_id, which)
    names = [*_OWN_COLUMNS[which], *_distinct(found.columns, _OWN_COLUMNS[which])]
    parts = [_page(page, names, which) for page in _pages(found.rows)]
    schema = _page([], names, which).schema
    table = pa.concat_tables([schema.empty_table(), *parts])
    write_table(table, path, digits={})
    return int(table.num_rows)


_OWN_COLUMNS = {
    ResultList.SUCCESSFUL: ("row_number", "id", "created"),
    ResultList.FAILED: ("row_number", "id", "error"),
    ResultList.UNPROCESSED: ("row_number",),
}


def _distinct(columns: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Return headings none of which stands twice: `id`, `id (2)`, …; a nameless one is numbered."""
    used, found = set(taken), []
    for place, column in enumerate(columns):
        bare = column or f"#{place + 1}"
        name, number = bare, 2
        while name in used:
            name, number = f"{bare} ({number})", number + 1
        used.add(name)
        found.append(name)
    return found


def _pages(rows: Iterator[ResultRow]) -> Iterator[list[ResultRow]]:
    while page := list(islice(rows, _READ_AT_ONCE)):
        yield page


def _page(rows: Sequence[ResultRow], names: Sequence[str], which: ResultList) -> pa.Table:
    own = len(_OWN_COLUMNS[which])
    columns: list[pa.Array] = [pa.array([r.row_number for r in rows], pa.int64())]
    if which is not ResultList.UNPROCESSED:
        columns.append(pa.array([r.id for r in rows], pa.int64()))
    if which is ResultList.SUCCESSFUL:
        words = {None: None, True: "true", False: "false"}
        columns.append(pa.array([words[r.created] for r in rows], pa.string()))
    elif which is ResultList.FAILED:
        columns.append(pa.array([r.error for r in rows], pa.string()))
    for place in range(len(names) - own):
        texts = [r.values[place] if place < len(r.values) else None for r in rows]
        columns.append(pa.array(texts, pa.string()))
    return pa.table(columns, names=list(names))


# --- bulk writes ------------------------------------------------------------------------


class _WriteResults:
    """The lists of a bulk write."""

    def __init__(self, desk: Desk, job: JobRecord) -> None:
        self._desk, self._job = desk, job
        self._request = WriteRequest.from_dict(job.request)
        self._tables: dict[int, TableRecord] = {}
        wanted = sorted({table for table, _ in self._request.rows})
        if self._request.table_id is not None:
            wanted = [self._request.table_id]
        with reading(desk.engine) as connection:
            for table_id in wanted:
                table = get_table(connection, table_id)
                if table is not None:
                    self._tables[table_id] = table
        self._columns = _all_columns(list(self._tables.values()))

    def rows(self, which: ResultList) -> ResultRows:
        """Return one of the lists."""
        if which is ResultList.UNPROCESSED:
            rows = self._unprocessed()
        else:
            wanted = SUCCESSFUL if which is ResultList.SUCCESSFUL else (RowOutcome.FAILED,)
            rows = self._processed(wanted)
        return ResultRows(tuple(self._columns), rows)

    def _processed(self, outcomes: Sequence[RowOutcome]) -> Iterator[ResultRow]:
        with reading(self._desk.engine) as connection:
            for page in all_results(connection, self._job.id, outcomes):
                cells = self._cells([result.number for result in page])
                for result in page:
                    yield _written_row(result, cells.get(result.number, ()))

    def _unprocessed(self) -> Iterator[ResultRow]:
        with reading(self._desk.engine) as connection:
            done = processed_numbers(connection, self._job.id)
        left = (number for number in self._numbers() if number not in done)
        while page := list(islice(left, _READ_AT_ONCE)):
            cells = self._cells(page)
            for number in page:
                yield ResultRow(number + 1, values=cells.get(number, ()))

    def _numbers(self) -> Iterable[int]:
        """Return the numbers that rows of the input may have."""
        if self._request.rows:
            return range(len(self._request.rows))
        if self._request.only is not None:
            return self._request.only
        if self._request.table_id not in self._tables:
            return ()
        with reading(self._desk.engine) as connection:
            return row_numbers(connection, self._request.table_id or 0)

    def _cells(self, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """Return number in the input → cells as read."""
        if not self._request.rows:
            return self._read(self._request.table_id, {n: n for n in numbers})
        by_table: dict[int, dict[int, int]] = {}
        for ordinal in numbers:
            table_id, number = self._request.rows[ordinal]
            by_table.setdefault(table_id, {})[number] = ordinal
        found: dict[int, tuple[str, ...]] = dict.fromkeys(numbers, ())
        for table_id, ordinals in by_table.items():
            found |= self._read(table_id, ordinals)
        return found

    def _read(self, table_id: int | None, called: dict[int, int]) -> dict[int, tuple[str, ...]]:
        table = self._tables.get(table_id or 0)
        if table is None:
            return {}
        with reading(self._desk.engine) as connection:
            found = read_cells(connection, table.id, list(called))
        place = _placing(table, self._columns)
        return {called[number]: place(json.loads(cells)) for number, cells in found.items()}


def _written_row(result: RowResult, values: tuple[str, ...]) -> ResultRow:
    row = ResultRow(result.number + 1, result.record_id, error=result.error, values=values)
    if result.outcome is RowOutcome.FAILED:
        return row
    return replace(row, created=result.outcome is RowOutcome.CREATED)


def _all_columns(tables: Sequence[TableRecord]) -> list[str]:
    """Return the headings of all tables; one that several tables have stands once."""
    if len(tables) == 1:
        return list(tables[0].columns)
    return list(dict.fromkeys(name for table in tables for name in table.columns))


def _placing(
    table: TableRecord, columns: Sequence[str]
) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Return what puts the cells of a table's row under the headings of the list."""
    if list(table.columns) == list(columns):
        return tuple

    def place(cells: Sequence[str]) -> tuple[str, ...]:
        known = dict(zip(reversed(table.columns), reversed(cells), strict=False))
        return tuple(known.get(name, "") for name in columns)

    return place


# --- imports ----------------------------------------------------------------------------

_FILE_COLUMNS = ("name", "path", "outcome", "code", "message", "advice")
_FILE_OUTCOMES = {
    ResultList.SUCCESSFUL: {FileOutcome.DONE, FileOutcome.DUPLICATE},
    ResultList.FAILED: {FileOutcome.REJECTED},
    ResultList.UNPROCESSED: {FileOutcome.PENDING},
}


def _file_rows(desk: Desk, job: JobRecord, which: ResultList) -> ResultRows:
    with reading(desk.engine) as connection:
        files = list_files(connection, job.id)
    rows = (
        ResultRow(
            file.ordinal + 1,
            file.source_id,
            created=file.outcome is FileOutcome.DONE,
            error=file.error_message,
            values=tuple(
                text or ""
                for text in (
                    *(file.name, file.path, file.outcome.value),
                    *(file.error_code, file.error_message, file.error_advice),
                )
            ),
        )
        for file in files
        if file.outcome in _FILE_OUTCOMES[which]
    )
    return ResultRows(_FILE_COLUMNS, rows)


# --- cleanings --------------------------------------------------------------------------

_TABLE_COLUMNS = ("table", "document_type", "state", "cleaned", "filtered_out", "findings")
_FINDING_COLUMNS = ("table", "field", "code", "text")


def _cleaning_rows(desk: Desk, job: JobRecord, which: ResultList) -> ResultRows:
    with reading(desk.engine) as connection:
        passes = [done for done in list_passes(connection) if done.job_id == job.id]
        tables = {done.id: get_table(connection, done.raw_table_id) for done in passes}
    finished = [done for done in passes if done.state in {"done", "superseded"}]
    others = [done for done in passes if done not in finished]
    # What a job that went to its end did not clean, could not be cleaned.
    broken = others if job.state is JobState.JOB_COMPLETE else []
    if which is ResultList.FAILED:
        named = [table for table in tables.values() if table is not None]
        columns = _all_columns(list({table.id: table for table in named}.values()))
        rows = _doubtful_rows(desk, passes, tables, broken, columns)
        return ResultRows((*_FINDING_COLUMNS, *columns), rows)
    chosen = finished if which is ResultList.SUCCESSFUL else [d for d in others if d not in broken]
    rows = (_table_row(done, tables[done.id]) for done in chosen)
    return ResultRows(_TABLE_COLUMNS, rows)


def _table_row(done: PassRecord, table: TableRecord | None) -> ResultRow:
    counts = (done.cleaned, done.filtered_out, done.findings)
    name = table.name if table else ""
    values = (name, done.document_type, done.state, *map(str, counts))
    return ResultRow(None, done.raw_table_id, created=True, values=values)


def _doubtful_rows(
    desk: Desk,
    passes: Sequence[PassRecord],
    tables: dict[int, TableRecord | None],
    broken: Sequence[PassRecord],
    columns: Sequence[str],
) -> Iterator[ResultRow]:
    """Yield the tables that could not be cleaned, and the rows about which there are errors."""
    for done in passes:
        table = tables[done.id]
        if table is None:
            continue
        if done in broken:
            values = (table.name, "", "", "", *("" for _ in columns))
            yield ResultRow(None, table.id, error="The table was not cleaned.", values=values)
            continue
        yield from _findings_of(desk, done, table, columns)


def _findings_of(
    desk: Desk, done: PassRecord, table: TableRecord, columns: Sequence[str]
) -> Iterator[ResultRow]:
    severities = (Severity.ERROR.value, Severity.CRITICAL.value)
    place, after = _placing(table, columns), 0
    made = [desk.types[done.document_type]] if done.document_type in desk.types else []

    def row_of(found: FindingRecord, cells: dict[int, str]) -> ResultRow:
        number = found.row_number
        read = json.loads(cells[number]) if number in cells else []
        values = (table.name, found.field or "", found.code, found.text or "")
        return ResultRow(
            None if number is None else number + 1,
            None if number is None else (done.id << ROW_BITS) + number,
            error=sentence(found.code, made),
            values=(*values, *place(read)),
        )

    with reading(desk.engine) as connection:
        while page := error_findings(connection, done.id, severities, after=after):
            numbers = sorted({f.row_number for f in page if f.row_number is not None})
            cells = read_cells(connection, table.id, numbers)
            for found in page:
                yield row_of(found, cells)
            after = page[-1].id
