"""Review: what a person decides about a row is added to a log and survives every new pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pyarrow as pa

from invoice_desk.core.cleaning import CleaningStatus, clean_chunk
from invoice_desk.core.cleaning_plan import CleaningPlan, ColumnStyle
from invoice_desk.core.corrections import canonical
from invoice_desk.core.decisions import Decision, DecisionKind, verdicts
from invoice_desk.core.document_types import NUMERIC, DocumentType
from invoice_desk.core.raw_rows import RawRows
from invoice_desk.core.records import PassRecord, TableRecord
from invoice_desk.db.clean_tables import clean_table, replace_rows
from invoice_desk.db.decisions import add_decision, get_decision, list_decisions
from invoice_desk.db.engine import Connection, reading, writing
from invoice_desk.db.kept_aggregates import mark_stale
from invoice_desk.db.known_invoices import outdate_invoices
from invoice_desk.db.passes import (
    get_pass,
    insert_findings,
    pass_update,
    replace_row_findings,
    storable_findings,
)
from invoice_desk.db.tables import get_table, read_cells
from invoice_desk.errors import ArgumentError
from invoice_desk.services.desk import Desk
from invoice_desk.services.planning import WRITTEN_UP_TO


@dataclass(frozen=True, slots=True)
class Correction:
    """Put `value` into `field` of a row; None empties it."""

    row_number: int
    field: str
    value: str | None


def correct(desk: Desk, table_id: int, corrections: Sequence[Correction]) -> list[int]:
    """Record corrections as a person typed them, and clean the rows anew; return the decisions.

    Raises:
        ArgumentError: If a text is no value of its field; then nothing is recorded.
    """
    table, done, made = _context(desk, table_id)
    plan = CleaningPlan.from_dict(done.plan)
    ready = []
    for wanted in corrections:
        spec = made.field(wanted.field)
        style = plan.styles.get(wanted.field, ColumnStyle())
        value = None if wanted.value is None else canonical(spec, wanted.value, style)
        ready.append((wanted, value))
    with writing(desk.engine) as connection:
        ids = [
            add_decision(
                connection,
                raw_table_id=table_id,
                row_number=wanted.row_number,
                kind=DecisionKind.CORRECT,
                person=desk.person,
                now=desk.now(),
                field=wanted.field,
                value=value,
            )
            for wanted, value in ready
        ]
        numbers = {wanted.row_number for wanted in corrections}
        _clean_again(connection, (table, done, made), numbers)
    return ids


def approve(desk: Desk, table_id: int, row_numbers: Iterable[int]) -> list[int]:
    """Record that these rows are right as they stand; return the decisions."""
    return _record_for_rows(desk, table_id, row_numbers, DecisionKind.APPROVE, None)


def _record_for_rows(
    desk: Desk, table_id: int, row_numbers: Iterable[int], kind: DecisionKind, value: str | None
) -> list[int]:
    table, done, made = _context(desk, table_id)
    numbers = sorted(set(row_numbers))
    with writing(desk.engine) as connection:
        ids = [
            add_decision(
                connection,
                raw_table_id=table_id,
                row_number=number,
                kind=kind,
                person=desk.person,
                now=desk.now(),
                value=value,
            )
            for number in numbers
        ]
        _clean_again(connection, (table, done, made), numbers)
    return ids


def exclude(
    desk: Desk, table_id: int, row_numbers: Iterable[int], *, reason: str | None = None
) -> list[int]:
    """Record that these rows are not to count; they stay raw.  Return the decisions."""
    return _record_for_rows(desk, table_id, row_numbers, DecisionKind.EXCLUDE, reason)


def withdraw(desk: Desk, decision_ids: Sequence[int]) -> None:
    """Take decisions back, by further entries in the log; what was read stands again.

    Raises:
        ArgumentError: If there is no such decision.
    """
    with writing(desk.engine) as connection:
        by_table: dict[int, set[int]] = {}
        for decision_id in decision_ids:
            decision = get_decision(connection, decision_id)
            if decision is None:
                raise ArgumentError(f"There is no decision {decision_id}.")
            add_decision(
                connection,
                raw_table_id=decision.raw_table_id,
                row_number=decision.row_number,
                kind=DecisionKind.WITHDRAW,
                person=desk.person,
                now=desk.now(),
                withdraws=decision_id,
            )
            by_table.setdefault(decision.raw_table_id, set()).add(decision.row_number)
        for table_id, numbers in by_table.items():
            clean_again(desk, connection, table_id, numbers)


def clean_again(desk: Desk, connection: Connection, table_id: int, numbers: Iterable[int]) -> None:
    """Clean these rows anew with what people decided by now; a raw table is left as it is."""
    table = get_table(connection, table_id)
    if table is not None and table.current_pass_id is not None:
        _clean_again(connection, _context(desk, table_id), numbers)


def _context(desk: Desk, table_id: int) -> tuple[TableRecord, PassRecord, DocumentType]:
    with reading(desk.engine) as connection:
        table = get_table(connection, table_id)
        if table is None:
            raise ArgumentError(f"There is no table {table_id}.")
        if table.current_pass_id is None:
            raise ArgumentError("The table is raw; clean it before you correct it.")
        done = get_pass(connection, table.current_pass_id)
    assert done is not None
    return table, done, desk.types[done.document_type]


def _clean_again(
    connection: Connection,
    context: tuple[TableRecord, PassRecord, DocumentType],
    numbers: Iterable[int],
) -> None:
    """Clean these rows with the plan of the current pass and what people decided by now."""
    table, done, made = context
    wanted = sorted(set(numbers))
    cells = read_cells(connection, table.id, wanted)
    known = sorted(cells)
    if known != wanted:
        raise ArgumentError(f"There is no row {min(set(wanted) - set(known)) + 1}.")
    decided = verdicts(list_decisions(connection, table.id, row_numbers=known))
    up_to = table.details.get(WRITTEN_UP_TO)  # a bulk write may have gone on since the pass
    plan = replace(CleaningPlan.from_dict(done.plan), written_up_to=up_to)
    texts = pa.array([cells[number] for number in known], pa.string())
    raw = RawRows.of_cells(pa.array(known, pa.int64()), texts, width=len(plan.columns))
    chunk = clean_chunk(
        raw,
        plan=plan,
        document_type=made,
        verdicts={number: decided[number] for number in known if number in decided},
    )
    rows = clean_table(made)
    before = replace_rows(connection, rows, chunk.rows, pass_id=done.id)
    if len(before) < len(known):
        raise ArgumentError(
            "A row has no clean row yet: the job that writes it has to go on first."
        )
    connection.execute(replace_row_findings(table.id, done.id, known))
    found = storable_findings(
        chunk.findings, source_id=table.source_id, raw_table_id=table.id, pass_id=done.id
    )
    insert_findings(connection, found)
    after = chunk.rows.to_pylist()
    connection.execute(pass_update(done.id, **_changed_counts(done, made, before, after)))
    if _counts_otherwise(before, after):
        mark_stale(connection, [done.id])
    outdate_invoices(connection, table.id)


def _counts_otherwise(before: list[_Row], after: list[_Row]) -> bool:
    """Return whether a report over these rows may differ; that one was approved changes none."""
    aside = {"approved", "corrected"}
    changes = (
        old[name] != row[name]
        for old, row in zip(before, after, strict=True)
        for name in row.keys() & old.keys() - aside
    )
    return any(changes)


def _changed_counts(
    done: PassRecord, made: DocumentType, before: list[_Row], after: list[_Row]
) -> dict[str, Any]:
    """Return the pass's counts and sums after some rows were replaced."""
    kept_before, kept_after = _kept(before), _kept(after)
    cleaned = done.cleaned + len(kept_after) - len(kept_before)
    totals = dict(done.totals)
    for spec in made.fields:
        if spec.type in NUMERIC:
            change = _sum(kept_after, spec.name) - _sum(kept_before, spec.name)
            totals[spec.name] = totals.get(spec.name, Decimal(0)) + change
    buckets = Counter(done.buckets)
    buckets.update(row["bucket"] for row in kept_after if row["bucket"])
    buckets.subtract(row["bucket"] for row in kept_before if row["bucket"])
    findings = sum(row["findings"] for row in after) - sum(row["findings"] for row in before)
    return {
        "cleaned": cleaned,
        "filtered_out": done.cleaned + done.filtered_out - cleaned,
        "findings": done.findings + findings,
        "totals": {name: str(total) for name, total in totals.items()},
        "buckets": {name: count for name, count in buckets.items() if count},
    }


_Row = dict[str, Any]


def _kept(rows: list[_Row]) -> list[_Row]:
    return [row for row in rows if row["cleaning_status"] == CleaningStatus.CLEANED.value]


def _sum(rows: list[_Row], name: str) -> Decimal:
    return sum((row[name] for row in rows if row[name] is not None), Decimal(0))


def decision_log(desk: Desk, table_id: int) -> list[Decision]:
    """Return everything that people decided about a table, oldest first."""
    with reading(desk.engine) as connection:
        return list_decisions(connection, table_id)
