"""Clean rows in the form in which they are stored: ids, and amounts as scaled integers.

Workers bring their rows into this form, as the bytes of an Arrow IPC stream, so that the
application only hands them on to the process that writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.amounts import scaled_integers
from invoice_desk.core.cleaning import CleanChunk, CleaningStatus, control_totals
from invoice_desk.core.document_types import NUMERIC, DocumentType
from invoice_desk.core.tables import ROW_BITS

#: Columns that every clean table has besides the fields of its type.
STATUS_COLUMNS = (
    "cleaning_status",
    "bucket",
    "reasons",
    "extra",
    "findings",
    "corrected",
    "approved",
)

#: What most rows have in these columns; a chunk that has nothing else leaves the column out.
DEFAULTS: dict[str, Any] = {
    "cleaning_status": CleaningStatus.CLEANED.value,
    "findings": 0,
    "approved": 0,
}


@dataclass(frozen=True, slots=True)
class StorableChunk:
    """Clean rows ready to be written, and what they come to.

    Attributes:
        rows: Arrow IPC stream of what the clean table stores.
        findings: Of `FINDING_SCHEMA`.
        totals: Field → exact sum over the cleaned rows.
        buckets: Bucket → cleaned rows, for types that have buckets.
    """

    rows: bytes
    findings: pa.Table
    cleaned: int
    filtered_out: int
    totals: dict[str, Decimal]
    buckets: dict[str, int]

    @property
    def count(self) -> int:
        """Return how many rows there are."""
        return self.cleaned + self.filtered_out


def storable_chunk(
    chunk: CleanChunk, document_type: DocumentType, *, pass_id: int
) -> StorableChunk:
    """Return a cleaned chunk in the form in which it is stored under `pass_id`."""
    kept = (
        pc.sum(pc.equal(chunk.rows["cleaning_status"], CleaningStatus.CLEANED.value)).as_py() or 0
    )
    return StorableChunk(
        rows=ipc_bytes(storable(chunk.rows, document_type, pass_id=pass_id)),
        findings=chunk.findings,
        cleaned=kept,
        filtered_out=chunk.rows.num_rows - kept,
        totals=control_totals(chunk.rows, document_type),
        buckets=bucket_counts(chunk.rows) if document_type.buckets else {},
    )


def bucket_counts(rows: pa.Table) -> dict[str, int]:
    """Return bucket → how many of these rows were cleaned into it."""
    kept = rows.filter(pc.equal(rows["cleaning_status"], CleaningStatus.CLEANED.value))
    return {entry["values"]: entry["counts"] for entry in kept["bucket"].value_counts().to_pylist()}


def ipc_bytes(table: pa.Table) -> bytes:
    """Return the columns of `table` that hold more than their default, as an Arrow IPC stream."""
    held = [name for name in table.column_names if not _is_default(name, table[name])]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.select(held).schema) as stream:
        stream.write_table(table.select(held))
    result: bytes = sink.getvalue().to_pybytes()
    return result


def _is_default(name: str, column: pa.ChunkedArray) -> bool:
    if name not in DEFAULTS or not len(column):
        return bool(column.null_count == len(column))
    return bool(pc.all(pc.equal(column, DEFAULTS[name])).as_py())


def storable(rows: pa.Table, document_type: DocumentType, *, pass_id: int) -> pa.Table:
    """Return clean rows as the columns that `clean_table` stores.

    Args:
        rows: As `core.cleaning` gives them.
        document_type: Names the fields and their scales.
        pass_id: The pass that the rows belong to.
    """
    numbers = rows["row_number"].combine_chunks().to_numpy(zero_copy_only=False)
    columns: dict[str, Any] = {
        "id": pa.array(numbers + np.int64(pass_id << ROW_BITS)),
        "cleaning_status": rows["cleaning_status"],
    }
    for spec in document_type.fields:
        column = rows[spec.name].combine_chunks()
        columns[spec.name] = scaled_integers(column) if spec.type in NUMERIC else column
    for name in STATUS_COLUMNS[1:]:
        columns[name] = rows[name]
    return pa.table(columns)


def from_storage(rows: pa.Table, document_type: DocumentType) -> pa.Table:
    """Return stored rows with amounts as exact decimals again."""
    columns: dict[str, Any] = {}
    scales = {spec.name: spec.scale for spec in document_type.fields if spec.type in NUMERIC}
    for name in rows.column_names:
        column = rows[name]
        if name in scales:
            column = _decimals(column.combine_chunks().cast(pa.int64()), scales[name])
        columns[name] = column
    return pa.table(columns)


def _decimals(integers: pa.Array, scale: int) -> pa.Array:
    """Return scaled 64-bit integers as decimal128, by their bytes."""
    low = integers.fill_null(0).to_numpy(zero_copy_only=False)
    both = np.empty((len(low), 2), np.int64)
    both[:, 0], both[:, 1] = low, low >> 63
    kind = pa.decimal128(18, scale)
    valid = pa.array(integers.is_valid()).buffers()[1] if integers.null_count else None
    buffers: Sequence[Any] = [valid, pa.py_buffer(both.tobytes())]
    return pa.Array.from_buffers(kind, len(low), buffers)
