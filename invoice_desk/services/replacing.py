"""Tables of a document that is read anew: the same tables, with what was read now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from invoice_desk.core.cells import encode_lists
from invoice_desk.core.findings import finding_table
from invoice_desk.core.records import TableRecord
from invoice_desk.core.tables import LINES_OF
from invoice_desk.core.type_detection import map_by_headers
from invoice_desk.db.bulk import BulkTransaction
from invoice_desk.db.passes import storable_findings
from invoice_desk.db.schema import finding as finding_rows
from invoice_desk.db.schema import raw_row
from invoice_desk.db.tables import delete_rows_of, storable_rows, table_update
from invoice_desk.readers.base import ReadTable
from invoice_desk.services.desk import Desk
from invoice_desk.services.structuring import forgotten_passes

#: What tells the table of a document's fields from that of its lines.
_MARKS = ("fields", LINES_OF)


@dataclass(frozen=True, slots=True)
class Replacements:
    """Which stored table takes what was read now.

    Attributes:
        replaced: Stored tables, each with what stands there now; None for nothing.
        new: Tables that no stored one corresponds to.
    """

    replaced: tuple[tuple[TableRecord, ReadTable | None], ...]
    new: tuple[ReadTable, ...]


def replacements(stored: Sequence[TableRecord], found: Sequence[ReadTable]) -> Replacements:
    """Pair the tables of a document with those that were read now, fields and lines each.

    Tables that people made themselves, which have neither mark, stay as they are.
    """
    replaced, new = [], []
    for mark in _MARKS:
        old = next((table for table in stored if mark in table.details), None)
        now = next((table for table in found if mark in table.head.details), None)
        if old is not None:
            replaced.append((old, now))
        elif now is not None:
            new.append(now)
    return Replacements(tuple(replaced), tuple(new))


def replace_table(
    desk: Desk, to: BulkTransaction, table: TableRecord, found: ReadTable | None
) -> None:
    """Put what was read now in the place of a table's rows, and forget how they were cleaned.

    What people decided about its rows stays.
    """
    for statement in (*forgotten_passes(desk, table.id), delete_rows_of(table.id)):
        to.execute(statement)
    changes = _emptied(to, table) if found is None else _filled(desk, to, table, found)
    to.execute(table_update(table.id, current_pass_id=None, **changes))
    if found is not None and found.findings:
        columns = storable_findings(
            finding_table(list(found.findings)),
            source_id=table.source_id,
            raw_table_id=table.id,
            pass_id=None,
        )
        to.append(finding_rows, columns)


def _emptied(to: BulkTransaction, table: TableRecord) -> dict[str, Any]:
    """Leave lines without a row, and fields with one that is empty: it is still a document."""
    if LINES_OF in table.details:
        return {"row_count": 0, "details": table.details | {"boxes": []}}
    cells = encode_lists([["" for _ in table.columns]])
    to.append(raw_row, storable_rows(table.id, pa.array([0], pa.int64()), cells))
    return {"row_count": 1, "details": table.details | {"fields": {}}}


def _filled(
    desk: Desk, to: BulkTransaction, table: TableRecord, found: ReadTable
) -> dict[str, Any]:
    columns = found.head.structure.columns
    to.append(raw_row, storable_rows(table.id, found.rows.numbers, found.rows.cells))
    changes: dict[str, Any] = {
        "columns": list(columns),
        "structure": asdict(found.head.structure),
        "details": found.head.details | {"titles": list(found.head.titles)},
        "row_count": len(found.rows),
    }
    made = desk.types.get(table.document_type or "")
    if made is not None and columns != tuple(table.columns):
        changes["mapping"] = map_by_headers(made, columns)
    return changes
