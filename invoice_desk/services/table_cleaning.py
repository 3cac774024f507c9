"""One table of a cleaning job on its way: its chunks, what they came to, its duplicates."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from invoice_desk.core.cleaning_plan import CleaningPlan
from invoice_desk.core.decisions import RowVerdict
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.duplicates import duplicate_keys, later_duplicates
from invoice_desk.core.findings import Finding
from invoice_desk.core.raw_rows import RawRows
from invoice_desk.core.records import TableRecord
from invoice_desk.core.storage import StorableChunk
from invoice_desk.db.engine import reading
from invoice_desk.db.tables import read_cells_of
from invoice_desk.services.desk import Desk
from invoice_desk.services.key_spill import KeySpill
from invoice_desk.workers.cleaning import CleanedRows

_READ_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class TableResult:
    """What the cleaning of one table gave; rows = cleaned + filtered_out when it is done."""

    raw_table_id: int
    source_id: int
    name: str
    document_type: str | None
    state: str
    rows: int
    pass_id: int | None = None
    cleaned: int = 0
    filtered_out: int = 0
    findings: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    buckets: dict[str, int] = field(default_factory=dict)
    error: str | None = None


@dataclass(slots=True)
class TableCleaning:
    """A table of the job on its way."""

    record: TableRecord
    document_type: DocumentType
    plan: CleaningPlan
    pass_id: int
    #: Its place among the tables of the job.
    ordinal: int = 0
    findings_of_table: tuple[Finding, ...] = ()
    chunks: int = 0
    verdicts: dict[int, RowVerdict] = field(default_factory=dict)
    cleaned: int = 0
    filtered_out: int = 0
    findings: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    buckets: dict[str, int] = field(default_factory=dict)
    keys: KeySpill = field(default_factory=KeySpill)
    #: Whether it is known which rows are duplicates.
    compared: bool = False
    failed: str | None = None
    worker: str | None = None
    memory: int = 0
    seconds: float = 0.0

    def take(self, done: CleanedRows) -> dict[str, Any]:
        """Count what a chunk came to; return that, as `recall` takes it."""
        if done.hashes:
            self.keys.add(done.numbers, done.hashes)
        effect = _effect(done.chunk, done.instead_of)
        self.recall(effect)
        return effect

    def recall(self, effect: dict[str, Any]) -> None:
        """Count what a chunk came to, which may have been stored before a crash."""
        self.cleaned += effect.get("cleaned", 0)
        self.filtered_out += effect.get("filtered_out", 0)
        self.findings += effect.get("findings", 0)
        for name, total in effect.get("totals", {}).items():
            self.totals[name] = self.totals.get(name, Decimal(0)) + Decimal(total)
        for name, count in effect.get("buckets", {}).items():
            self.buckets[name] = self.buckets.get(name, 0) + count

    def result(self, state: str) -> TableResult:
        """Return what became of the table; counts only of a pass that is done."""
        done = state == "done"
        return TableResult(
            raw_table_id=self.record.id,
            source_id=self.record.source_id,
            name=self.record.name,
            document_type=self.document_type.name,
            state=state,
            rows=self.record.row_count,
            pass_id=self.pass_id if done else None,
            cleaned=self.cleaned if done else 0,
            filtered_out=self.filtered_out if done else 0,
            findings=self.findings if done else 0,
            totals=dict(self.totals) if done else {},
            buckets=dict(self.buckets) if done else {},
            error=self.failed,
        )


def _effect(chunk: StorableChunk | None, instead_of: StorableChunk | None) -> dict[str, Any]:
    """Return what a chunk adds to the counts of its table, as JSON values."""
    counts: dict[str, int] = dict.fromkeys(("cleaned", "filtered_out", "findings"), 0)
    totals: dict[str, Decimal] = {}
    buckets: dict[str, int] = {}
    for part, sign in ((chunk, 1), (instead_of, -1)):
        if part is None:
            continue
        counts["cleaned"] += sign * part.cleaned
        counts["filtered_out"] += sign * part.filtered_out
        counts["findings"] += sign * part.findings.num_rows
        for name, total in part.totals.items():
            totals[name] = totals.get(name, Decimal(0)) + sign * total
        for name, count in part.buckets.items():
            buckets[name] = buckets.get(name, 0) + sign * count
    return {**counts, "totals": {n: str(t) for n, t in totals.items()}, "buckets": buckets}


def find_duplicates(desk: Desk, table: TableCleaning) -> list[int]:
    """Return the numbers of the rows whose key an earlier row has, ascending.

    Hashes say which rows may share a key; only those are read again and compared for sure.
    """
    candidates = table.keys.repeated_numbers()
    table.keys.close()
    found: list[tuple[int, str | None]] = []
    for begin in range(0, len(candidates), _READ_AT_ONCE):
        numbers = candidates[begin : begin + _READ_AT_ONCE]
        found += zip(numbers.tolist(), _keys_of(desk, table, numbers), strict=True)
    return later_duplicates(found)


def _keys_of(desk: Desk, table: TableCleaning, numbers: np.ndarray) -> list[str | None]:
    with reading(desk.engine) as connection:
        cells = read_cells_of(connection, table.record.id, numbers.tolist())
    raw = RawRows.of_cells(pa.array(numbers), cells, width=len(table.plan.columns))
    keys: list[str | None] = duplicate_keys(table.document_type, table.plan, raw).to_pylist()
    return keys
