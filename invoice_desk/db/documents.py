"""The pages of a document: their sizes all at once, their words one page at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Insert, insert, select, update

from invoice_desk.core.findings import Severity
from invoice_desk.core.source import SourceStatus
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.schema import finding, page, raw_row, raw_table, source


def list_page_sizes(connection: Connection, source_id: int) -> list[dict[str, Any]]:
    """Return the pages of a source without their words."""
    columns = [column for column in page.c if column is not page.c.words]
    query = select(*columns).where(page.c.source_id == source_id).order_by(page.c.number)
    return [dict(row) for row in connection.execute(query).mappings()]


def get_page(connection: Connection, source_id: int, number: int) -> dict[str, Any] | None:
    """Return one page with its words."""
    query = select(page).where(page.c.source_id == source_id, page.c.number == number)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def document_table_insert(
    source_id: int, ordinal: int, *, name: str, columns: Sequence[str]
) -> Insert:
    """Return the statement that adds a table of one empty row, for a document that has none."""
    structure = {"title_rows": [], "header_rows": [], "first_data_row": 0, "columns": list(columns)}
    return insert(raw_table).values(
        source_id=source_id,
        ordinal=ordinal,
        name=name,
        page=1,
        columns=list(columns),
        structure=structure | {"derived_rows": []},
        details={"fields": {}, "titles": []},
        row_count=1,
        mapping={column: index for index, column in enumerate(columns)},
    )


def document_row_inserts(source_id: int, table_id: int, *, width: int) -> list[Any]:
    """Return the statements that give such a table its row."""
    cells = json.dumps([""] * width)
    counted = source.c.row_count + 1
    return [
        insert(raw_row).values(id=table_id << ROW_BITS, cells=cells),
        update(source).where(source.c.id == source_id).values(row_count=counted),
    ]


def typed_document(table_id: int) -> Any:
    """Return the statement that makes a document of no type an invoice: a field of it is known."""
    untyped = (raw_table.c.id == table_id) & raw_table.c.document_type.is_(None)
    return update(raw_table).where(untyped).values(document_type="invoice")


def open_doubts(connection: Connection) -> list[tuple[int, str, str | None, str]]:
    """Return source, code, field and severity of what is doubtful in documents to be looked at."""
    query = (
        select(finding.c.source_id, finding.c.code, finding.c.field, finding.c.severity)
        .join(source, source.c.id == finding.c.source_id)
        .where(source.c.status == SourceStatus.PREVIEW.value, source.c.document_class.is_not(None))
        .where(finding.c.severity != Severity.INFO.value)
        .order_by(finding.c.source_id, finding.c.id)
    )
    rows = connection.execute(query)
    return [(row.source_id, row.code, row.field, row.severity) for row in rows]
