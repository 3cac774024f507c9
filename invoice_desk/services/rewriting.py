"""Rows of a pass that are cleaned anew, many at a time, after decisions about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.cleaning import (
    CleanChunk,
    CleaningStatus,
    clean_chunk,
    control_totals,
)
from invoice_desk.core.cleaning_plan import CleaningPlan
from invoice_desk.core.decisions import RowVerdict
from invoice_desk.core.document_types import NUMERIC, DocumentType
from invoice_desk.core.raw_rows import RawRows
from invoice_desk.core.records import PassRecord, TableRecord
from invoice_desk.core.storage import bucket_counts, from_storage, storable
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.bulk import BulkTransaction, read_columns
from invoice_desk.db.clean_tables import clean_table, rows_by_id
from invoice_desk.db.engine import reading
from invoice_desk.db.kept_aggregates import stale_by_pass
from invoice_desk.db.passes import (
    delete_some_rows,
    get_pass,
    pass_update,
    quality_update,
    storable_findings,
)
from invoice_desk.db.schema import finding as finding_rows
from invoice_desk.db.tables import get_table, read_rows_of
from invoice_desk.errors import ArgumentError
from invoice_desk.services.desk import Desk


@dataclass(frozen=True, slots=True)
class Place:
    """A pass, and what is needed to clean rows of it again."""

    table: TableRecord
    done: PassRecord
    document_type: DocumentType
    plan: CleaningPlan

    @property
    def base(self) -> int:
        """Return the id of the pass's row 0."""
        return self.done.id << ROW_BITS

    def clean(self, raw: RawRows, verdicts: Mapping[int, RowVerdict]) -> CleanChunk:
        """Return raw rows cleaned the way the pass does it."""
        return clean_chunk(raw, plan=self.plan, document_type=self.document_type, verdicts=verdicts)


def place_of(desk: Desk, pass_id: int) -> Place:
    """Return a pass with its table and type.

    Raises:
        ArgumentError: If there is no such pass, or its type is gone.
    """
    with reading(desk.engine) as connection:
        done = get_pass(connection, pass_id)
        table = get_table(connection, done.raw_table_id) if done else None
    if done is None or table is None or done.document_type not in desk.types:
        raise ArgumentError(f"There is no pass {pass_id}.")
    made = desk.types[done.document_type]
    # What a bulk write comes to is written now, whatever the pass was told when it was made.
    plan = replace(CleaningPlan.from_dict(done.plan), written_up_to=None)
    return Place(table, done, made, plan)


def stored_rows(desk: Desk, place: Place, numbers: Sequence[int], names: Sequence[str]) -> pa.Table:
    """Return `row_number` and these columns of the rows of a pass, amounts as exact decimals."""
    ids = [place.base + number for number in numbers]
    stored = read_columns(desk.engine, rows_by_id(clean_table(place.document_type), ids, names))
    rows = from_storage(stored, place.document_type)
    found = rows["id"].combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False)
    return rows.drop_columns("id").append_column("row_number", pa.array(found - place.base))


@dataclass(frozen=True, slots=True)
class Tally:
    """What some clean rows come to."""

    cleaned: int
    filtered_out: int
    findings: int
    totals: dict[str, Decimal]
    buckets: dict[str, int]

    @classmethod
    def of(cls, rows: pa.Table, made: DocumentType) -> Tally:
        """Return what these rows come to, amounts being exact decimals."""
        if rows.num_rows == 0:
            return cls(0, 0, 0, {}, {})
        kept = rows.filter(pc.equal(rows["cleaning_status"], CleaningStatus.CLEANED.value))
        found = pc.sum(rows["findings"]).as_py() or 0
        left_out = rows.num_rows - kept.num_rows
        buckets = bucket_counts(rows) if made.buckets and kept.num_rows else {}
        return cls(kept.num_rows, left_out, found, control_totals(rows, made), buckets)


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Some rows of a pass as they will be; `store` puts them in the place of those there are."""

    place: Place
    numbers: tuple[int, ...]
    before: Tally
    after: CleanChunk

    def store(self, to: BulkTransaction) -> None:
        """Write the rows, their findings, and what the pass comes to now."""
        place, made = self.place, self.place.document_type
        rows = clean_table(made)
        for statement in delete_some_rows(rows, place.done.id, self.numbers):
            to.execute(statement)
        to.append(rows, storable(self.after.rows, made, pass_id=place.done.id))
        found = storable_findings(
            self.after.findings,
            source_id=place.table.source_id,
            raw_table_id=place.table.id,
            pass_id=place.done.id,
        )
        to.append(finding_rows, found)
        to.execute(pass_update(place.done.id, **self._counts()))
        to.execute(quality_update(place.table.source_id))
        to.execute(stale_by_pass(place.done.id))

    def _counts(self) -> dict[str, Any]:
        done, before = self.place.done, self.before
        after = Tally.of(self.after.rows, self.place.document_type)
        totals, buckets = dict(done.totals), Counter(done.buckets)
        for tally, sign in ((before, -1), (after, 1)):
            for name, total in tally.totals.items():
                totals[name] = totals.get(name, Decimal(0)) + sign * total
            for name, count in tally.buckets.items():
                buckets[name] += sign * count
        return {
            "cleaned": done.cleaned + after.cleaned - before.cleaned,
            "filtered_out": done.filtered_out + after.filtered_out - before.filtered_out,
            "findings": done.findings + after.findings - before.findings,
            "totals": {name: str(total) for name, total in totals.items()},
            "buckets": {name: count for name, count in buckets.items() if count},
        }


def rewrite(
    desk: Desk, place: Place, numbers: Sequence[int], verdicts: Mapping[int, RowVerdict]
) -> Rewriting:
    """Return rows of a pass cleaned again with what was decided about them.

    Args:
        desk: Where they are.
        place: The pass.
        numbers: Of the rows, ascending.
        verdicts: Row number → everything that was decided about it, the newest decisions too.
    """
    made = place.document_type
    with reading(desk.engine) as connection:
        found, lines = read_rows_of(connection, place.table.id, numbers)
    raw = RawRows(pa.array(np.frombuffer(found, "<i8")), lines, width=len(place.plan.columns))
    counted = [spec.name for spec in made.fields if spec.type in NUMERIC]
    names = ["cleaning_status", "bucket", "findings", *counted]
    before = Tally.of(stored_rows(desk, place, numbers, names), made)
    return Rewriting(place, tuple(numbers), before, place.clean(raw, verdicts))
