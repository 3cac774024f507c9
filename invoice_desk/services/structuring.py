"""Where a table begins and which records are its headings, as a person says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from invoice_desk.core.records import SourceRecord, TableRecord
from invoice_desk.core.source import SPREADSHEETS, Kind
from invoice_desk.core.structure import structure_as
from invoice_desk.core.tables import Dialect, RowBatch, Structure, TableHead
from invoice_desk.core.type_detection import best_type, map_by_headers
from invoice_desk.db.audit import audit
from invoice_desk.db.bulk import BulkTransaction, InProcessWriter
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.kept_aggregates import stale_by_table
from invoice_desk.db.passes import delete_pass_rows, list_passes, pass_update
from invoice_desk.db.schema import raw_row
from invoice_desk.db.sources import get_source, source_update
from invoice_desk.db.tables import (
    delete_rows_of,
    get_table,
    list_tables,
    storable_rows,
    table_update,
)
from invoice_desk.errors import ArgumentError
from invoice_desk.readers.base import TextSpan
from invoice_desk.readers.delimited import first_records, plan_spans, read_span
from invoice_desk.readers.spreadsheet import sheet_records, sheet_rows
from invoice_desk.services.desk import Desk

#: So many records are shown to a person.
SHOWN_RECORDS = 200
_SPAN_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class StructureDraft:
    """What a person sees who corrects the structure of a table.

    Attributes:
        table: The table as it stands.
        records: The first records of its file or sheet, as read, numbered from 0.
        structure: What is known of them now.
    """

    table: TableRecord
    records: tuple[tuple[str, ...], ...]
    structure: Structure


def draft_structure(desk: Desk, table_id: int) -> StructureDraft:
    """Return the first records of a table's file or sheet, and their roles as they are now.

    Raises:
        ArgumentError: If there is no such table, or it comes from a page.
        SourceError: If the original cannot be read any more.
    """
    table, origin = _table(desk, table_id)
    records = _records(desk, table, origin)
    plain = table.structure
    structure = Structure(
        title_rows=tuple(plain["title_rows"]),
        header_rows=tuple(plain["header_rows"]),
        first_data_row=plain["first_data_row"],
        derived_rows=tuple(plain.get("derived_rows") or ()),
        columns=table.columns,
        note_rows=tuple(plain.get("note_rows", ())),
        group_rows=tuple(plain.get("group_rows", ())),
    )
    return StructureDraft(table, tuple(map(tuple, records[:SHOWN_RECORDS])), structure)


def correct_structure(
    desk: Desk, table_id: int, *, header_rows: Sequence[int], first_data_row: int
) -> None:
    """Read a table again with the headings and the first row of data that a person names.

    The rows keep their numbers, so decisions about them stand; the table has to be cleaned
    again.  A mapping is kept where the headings are the same as before.

    Raises:
        ArgumentError: If the rows named cannot be meant.
        SourceError: If the original cannot be read any more.
    """
    table, origin = _table(desk, table_id)
    records = _records(desk, table, origin)
    headings = sorted(set(header_rows))
    if not 0 <= first_data_row < len(records):
        raise ArgumentError(f"There is no row {first_data_row + 1} among the first records.")
    if headings and headings[-1] >= first_data_row:
        raise ArgumentError("The headings must stand above the first row of data.")
    structure = structure_as(records, headings, first_data_row)
    stop = _next_table(desk, table)
    with InProcessWriter(desk.engine).transaction() as transaction:
        for statement in (*forgotten_passes(desk, table_id), delete_rows_of(table_id)):
            transaction.execute(statement)
        count = 0
        for batch in _batches(desk, table, origin, structure):
            count += _append(transaction, table_id, batch, stop)
        changes = _changes(desk, table, origin, structure, count)
        transaction.execute(table_update(table_id, **changes))
    with writing(desk.engine) as connection:
        rows = sum(other.row_count for other in list_tables(connection, source_id=origin.id))
        connection.execute(source_update(origin.id, row_count=rows))
        audit(
            connection,
            actor=desk.person,
            action="structure",
            subject=f"table {table_id}",
            now=desk.now(),
            detail={"header_rows": headings, "first_data_row": first_data_row},
        )


def _table(desk: Desk, table_id: int) -> tuple[TableRecord, SourceRecord]:
    with reading(desk.engine) as connection:
        table = get_table(connection, table_id)
        origin = get_source(connection, table.source_id) if table else None
    if table is None or origin is None:
        raise ArgumentError(f"There is no table {table_id}.")
    if origin.kind is not Kind.CSV and origin.kind not in SPREADSHEETS:
        raise ArgumentError("The table comes from a page; it has no rows of headings to correct.")
    return table, origin


def forgotten_passes(desk: Desk, table_id: int) -> list[Any]:
    """Return the statements that remove what was cleaned out of the rows as they were before."""
    with reading(desk.engine) as connection:
        passes = list_passes(connection, raw_table_id=table_id)
    statements: list[Any] = [stale_by_table(table_id)]
    for done in passes:
        statements.append(pass_update(done.id, state="abandoned"))
        if done.document_type in desk.types:
            made = clean_table(desk.types[done.document_type])
            statements += delete_pass_rows(made, done.id)
    return statements


def _path(desk: Desk, origin: SourceRecord) -> Path:
    return desk.original(origin.sha256)


def _records(desk: Desk, table: TableRecord, origin: SourceRecord) -> list[list[str]]:
    path = _path(desk, origin)
    if origin.kind is Kind.CSV:
        return first_records(path, name=origin.name)
    return sheet_records(path, name=origin.name, sheet=table.sheet or "")


def _next_table(desk: Desk, table: TableRecord) -> int | None:
    """Return where the next table of the same sheet begins, None when there is none."""
    with reading(desk.engine) as connection:
        others = list_tables(connection, source_id=table.source_id)
    tops = [
        min(*other.structure["title_rows"], *other.structure["header_rows"], first)
        for other in others
        if other.ordinal > table.ordinal
        and other.sheet == table.sheet
        and (first := other.structure["first_data_row"]) is not None
    ]
    return min(tops, default=None)


def _batches(
    desk: Desk, table: TableRecord, origin: SourceRecord, structure: Structure
) -> Iterator[RowBatch]:
    path = _path(desk, origin)
    if origin.kind is not Kind.CSV:
        yield sheet_rows(path, name=origin.name, sheet=table.sheet or "", structure=structure)
        return
    plain: dict[str, Any] = dict(table.details.get("dialect") or {})
    dialect = Dialect(**plain | {"widths": tuple(plain.get("widths", ()))})
    head = TableHead(origin.name, structure, dialect=dialect)
    spans: list[TextSpan] = plan_spans(path, head, span_bytes=_SPAN_BYTES)
    for span in spans:
        yield read_span(path, span, head)


def _append(transaction: BulkTransaction, table_id: int, batch: RowBatch, stop: int | None) -> int:
    if stop is not None:
        count = sum(number < stop for number in batch.numbers.to_pylist())
        batch = replace(batch, numbers=batch.numbers[:count], cells=batch.cells[:count])
    transaction.append(raw_row, storable_rows(table_id, batch.numbers, batch.cells))
    return len(batch)


def _changes(
    desk: Desk, table: TableRecord, origin: SourceRecord, structure: Structure, count: int
) -> dict[str, object]:
    """Return what becomes of the table's own columns; `corrected` marks a person's structure."""
    changes: dict[str, object] = {
        "columns": list(structure.columns),
        "structure": asdict(structure) | {"corrected": True},
        "row_count": count,
        "current_pass_id": None,
    }
    if json.dumps(list(table.columns)) != json.dumps(list(structure.columns)):
        match = best_type(desk.types.values(), origin.name, structure.columns)
        made = desk.types.get(match.document_type or "")
        changes |= {
            "document_type": match.document_type,
            "confidence": match.confidence,
            "mapping": map_by_headers(made, structure.columns) if made else {},
            "template_id": None,
        }
    return changes
