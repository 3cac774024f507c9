"""Export: what is cleaned, typed, in a file that other programs read without damage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from invoice_desk.core.cleaning import CleaningStatus
from invoice_desk.core.document_types import TEMPORAL, DocumentType
from invoice_desk.core.records import SourceRecord, TableRecord
from invoice_desk.core.storage import from_storage
from invoice_desk.db.audit import audit
from invoice_desk.db.browse import pass_rows
from invoice_desk.db.bulk import read_columns
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.passes import get_pass
from invoice_desk.db.sources import list_sources
from invoice_desk.db.tables import list_tables
from invoice_desk.errors import UnreadyError
from invoice_desk.services.desk import Desk
from invoice_desk.writers.tables import Format, write_table


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written, and what was left out."""

    path: str
    document_type: str
    rows: int
    filtered_out: int
    not_cleaned: int


def export(
    desk: Desk,
    target: Path,
    *,
    format: Format | None = None,  # noqa: A002
    document_type: str | None = None,
    source_ids: Sequence[int] | None = None,
    table_ids: Sequence[int] | None = None,
    include_filtered: bool = False,
) -> list[ExportResult]:
    """Write the cleaned rows of each document type; return what was written.

    Args:
        desk: Where the rows are.
        target: A file for one type, a folder when there are several.
        format: CSV when `target` is a folder and nothing is said.
        document_type: Only this type.
        source_ids: Only these sources.
        table_ids: Only these tables.
        include_filtered: Also rows that were left out, with status and reasons.

    Raises:
        ArgumentError: If nothing is cleaned that could be exported.
        StorageError: If the file cannot be written.
    """
    wanted = None if source_ids is None else set(source_ids)
    with reading(desk.engine) as connection:
        sources = {source.id: source for source in list_sources(connection)}
        tables = [
            table
            for table in list_tables(connection)
            if (wanted is None or table.source_id in wanted)
            and (table_ids is None or table.id in set(table_ids))
            and document_type in {None, table.document_type}
        ]
    by_type = _cleaned_by_type(desk, tables)
    not_cleaned = sum(table.row_count for table in tables if table.current_pass_id is None)
    results = []
    for name, members in sorted(by_type.items()):
        path = _path_for(target, name, format, several=len(by_type) > 1)
        made = desk.types[name]
        rows, left_out = _rows(desk, made, members, sources, include_filtered=include_filtered)
        digits = {spec.name: spec.digits for spec in made.fields}
        days = {spec.name for spec in made.fields if spec.type in TEMPORAL}
        write_table(rows, path, digits=digits, days=days, format=format)
        results.append(ExportResult(str(path), name, rows.num_rows, left_out, not_cleaned))
    _note(desk, results)
    return results


def _cleaned_by_type(desk: Desk, tables: Sequence[TableRecord]) -> dict[str, list[TableRecord]]:
    by_type: dict[str, list[TableRecord]] = {}
    for table in tables:
        if table.current_pass_id is not None and table.document_type in desk.types:
            by_type.setdefault(table.document_type, []).append(table)
    if not by_type:
        raise UnreadyError("Nothing is cleaned yet that could be exported. Clean it first.")
    return by_type


def export_all(
    desk: Desk, target: Path, *, table_ids: Sequence[int] | None = None
) -> list[ExportResult]:
    """Export everything that is cleaned; several types become files beside `target`.

    `march.xlsx` becomes `march-invoice.xlsx`, `march-online_retail.xlsx`, …
    """
    with reading(desk.engine) as connection:
        tables = list_tables(connection)
    wanted = [t for t in tables if table_ids is None or t.id in set(table_ids)]
    names = sorted({t.document_type for t in wanted if t.current_pass_id and t.document_type})
    if len(names) <= 1:
        return export(desk, target, table_ids=table_ids)
    results: list[ExportResult] = []
    for name in names:
        path = target.with_name(f"{target.stem}-{name}{target.suffix}")
        results += export(desk, path, document_type=name, table_ids=table_ids)
    return results


def _path_for(target: Path, name: str, chosen: Format | None, *, several: bool) -> Path:
    if target.suffix and not target.is_dir():
        if several:
            raise UnreadyError(
                "There are several document types: name a folder, or one type with --type."
            )
        return target
    return target / f"{name}.{chosen or Format.CSV}"


def _rows(
    desk: Desk,
    made: DocumentType,
    tables: Sequence[TableRecord],
    sources: dict[int, SourceRecord],
    *,
    include_filtered: bool,
) -> tuple[pa.Table, int]:
    """Return the rows of all tables one below the other, and how many were left out."""
    clean = clean_table(made)
    statuses = None if include_filtered else [CleaningStatus.CLEANED.value]
    parts, left_out = [], 0
    for table in tables:
        assert table.current_pass_id is not None
        stored = read_columns(
            desk.engine, pass_rows(clean, table.current_pass_id, statuses=statuses)
        )
        with reading(desk.engine) as connection:
            done = get_pass(connection, table.current_pass_id)
        left_out += done.filtered_out if done is not None and not include_filtered else 0
        rows = from_storage(stored, made)
        columns: dict[str, Any] = {
            "source": pa.array([sources[table.source_id].name] * rows.num_rows, pa.string()),
            # people and spreadsheets count from 1
            "row": pa.array([n + 1 for n in rows["row_number"].to_pylist()], pa.int64()),
        }
        columns |= {spec.name: _exported(rows[spec.name]) for spec in made.fields}
        if include_filtered:
            columns |= {n: _text(rows[n]) for n in ("cleaning_status", "reasons")}
        parts.append(pa.table(columns))
    return pa.concat_tables(parts), left_out


def _exported(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if pa.types.is_decimal(column.type) else _text(column)


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a text column; one that is all null comes from the database without a type."""
    return column.cast(pa.string())


def _note(desk: Desk, results: Sequence[ExportResult]) -> None:
    with writing(desk.engine) as connection:
        for result in results:
            audit(
                connection,
                actor=desk.person,
                action="export",
                subject=Path(result.path).name,
                now=desk.now(),
                detail={"document_type": result.document_type, "rows": result.rows},
            )
