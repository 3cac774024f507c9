"""The cleaning passes of a table, and what two of them disagree on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from invoice_desk.core.cleaning_plan import CleaningPlan
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.records import PassRecord, TableRecord
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.comparisons import count_changes, read_changes
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.passes import (
    add_pass,
    delete_pass_rows,
    get_pass,
    list_passes,
    pass_update,
)
from invoice_desk.errors import ArgumentError
from invoice_desk.services.browsing import shown
from invoice_desk.services.desk import Desk


@dataclass(frozen=True, slots=True)
class CellChange:
    """A value that two passes see differently; texts as the grid shows them."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that two passes see differently."""

    row_number: int
    changes: tuple[CellChange, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two passes of a table disagree on.

    Attributes:
        changed: Rows that differ in anything.
        by_field: Field → rows that differ in it; `cleaning_status` and `bucket` among them.
        rows: The first of the changed rows, from `after` on.
    """

    before: PassRecord
    after: PassRecord
    changed: int
    by_field: dict[str, int]
    rows: tuple[RowChange, ...]


def passes(desk: Desk, *, table_id: int | None = None) -> list[PassRecord]:
    """Return the passes of a table, or of all, oldest first."""
    with reading(desk.engine) as connection:
        return list_passes(connection, raw_table_id=table_id)


def compare_passes(
    desk: Desk, before_id: int, after_id: int, *, after: int = -1, limit: int = 1000
) -> Comparison:
    """Return what two passes disagree on, row by row.

    Args:
        desk: Where they are.
        before_id: The earlier pass.
        after_id: The later pass.
        after: Only rows with a higher number, to page.
        limit: Rows at most.

    Raises:
        ArgumentError: If they are of different tables, or the rows of one are gone.
    """
    with reading(desk.engine) as connection:
        first, second = _pass(desk, before_id), _pass(desk, after_id)
        if first.raw_table_id != second.raw_table_id:
            raise ArgumentError("The two passes are of different tables; nothing compares them.")
        types = desk.types[first.document_type], desk.types[second.document_type]
        fields = _common_fields(*types)
        names = ["cleaning_status", "bucket", *(name for name in fields)]
        tables = clean_table(types[0]), clean_table(types[1])
        counts = count_changes(connection, tables, (first.id, second.id), names)
        if counts is None:
            raise ArgumentError("The rows of the earlier pass are gone: only two passes are kept.")
        rows = read_changes(
            connection, tables, (first.id, second.id), names, after=after, limit=limit
        )
    digits = {name: types[1].field(name).digits for name in fields}
    changed = counts.pop("")
    return Comparison(
        first,
        second,
        changed,
        {name: count for name, count in counts.items() if count},
        tuple(_row_change(row, names, digits) for row in rows),
    )


def _row_change(row: Sequence[Any], names: Sequence[str], digits: dict[str, int]) -> RowChange:
    changes = []
    for place, name in enumerate(names):
        before, after = row[1 + 2 * place], row[2 + 2 * place]
        if before != after:
            texts = [shown(value, digits.get(name, 0)) for value in (before, after)]
            changes.append(CellChange(name, *texts))
    return RowChange(row[0], tuple(changes))


def _common_fields(first: DocumentType, second: DocumentType) -> list[str]:
    """Return the fields that both types store in the same form."""
    known = {(spec.name, spec.type, spec.scale) for spec in first.fields}
    return [s.name for s in second.fields if (s.name, s.type, s.scale) in known]


def _pass(desk: Desk, pass_id: int) -> PassRecord:
    with reading(desk.engine) as connection:
        found = get_pass(connection, pass_id)
    if found is None or found.document_type not in desk.types:
        raise ArgumentError(f"There is no pass {pass_id}.")
    if found.state not in {"done", "superseded"}:
        raise ArgumentError(f"Pass {pass_id} did not finish, so there is nothing to compare.")
    return found


def begin_pass(
    desk: Desk,
    record: TableRecord,
    made: DocumentType,
    plan: CleaningPlan,
    *,
    job_id: int,
    before: PassRecord | None,
) -> int:
    """Return the pass for a table: the one that a crash interrupted, if it was the same.

    Args:
        desk: Where the table is.
        record: The table.
        made: Its type.
        plan: How it is to be cleaned.
        job_id: The job that cleans it.
        before: The pass of this job that was running when it was interrupted.
    """
    with writing(desk.engine) as connection:
        if before is not None:
            same = (before.document_type, before.type_version) == (made.name, made.version)
            if same and before.plan == json.loads(json.dumps(plan.as_dict())):
                return before.id
            known = desk.types.get(before.document_type)
            for statement in delete_pass_rows(clean_table(known), before.id) if known else ():
                connection.execute(statement)
            connection.execute(pass_update(before.id, state="abandoned"))
        return add_pass(
            connection,
            raw_table_id=record.id,
            job_id=job_id,
            document_type=made.name,
            type_version=made.version,
            plan=plan.as_dict(),
            now=desk.now(),
        )
