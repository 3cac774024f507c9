"""Clean tables: one for each document type, made from its declaration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    inspect,
    select,
    update,
)
from sqlalchemy import text as sql_text
from sqlalchemy.schema import CreateColumn, CreateTable

from invoice_desk.core.amounts import scaled_integers
from invoice_desk.core.document_types import NUMERIC, DocumentType
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.types import ExactDecimal

PREFIX = "clean_"
#: Columns that every clean table has besides the fields of its type.
STATUS_COLUMNS = ("cleaning_status", "reasons", "extra", "findings", "corrected", "approved")


def clean_table(document_type: DocumentType) -> Table:
    """Return the table for clean rows of this type; its id is pass_id * 2^32 + row_number."""
    fields = [
        Column(spec.name, ExactDecimal(spec.scale) if spec.type in NUMERIC else Text)
        for spec in document_type.fields
    ]
    return Table(
        PREFIX + document_type.name,
        MetaData(),
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("cleaning_status", Text, nullable=False),
        *fields,
        Column("reasons", Text, comment="JSON array of the rules that left the row out"),
        Column("extra", Text, comment="columns that are no field, as JSON"),
        Column("findings", Integer, nullable=False),
        Column("corrected", Text, comment="JSON array of the fields a person corrected"),
        Column("approved", Integer, nullable=False),
        Column("pass_id", BigInteger, Computed("id >> 32", persisted=False)),
        Column("row_number", BigInteger, Computed("id & 4294967295", persisted=False)),
    )


def ensure_clean_table(engine: Engine, document_type: DocumentType) -> Table:
    """Make the clean table of this type, or add the columns that the type has gained."""
    table = clean_table(document_type)
    with reading(engine) as connection:
        inspector = inspect(connection)
        exists = inspector.has_table(table.name)
        known = {c["name"] for c in inspector.get_columns(table.name)} if exists else set()
    if not exists:
        with writing(engine) as connection:
            connection.execute(CreateTable(table, if_not_exists=True))
        return table
    missing = [c for c in table.columns if c.name not in known and c.computed is None]
    if missing:
        with writing(engine) as connection:
            for column in missing:
                declared = CreateColumn(column).compile(dialect=engine.dialect)
                connection.execute(sql_text(f"ALTER TABLE {table.name} ADD COLUMN {declared}"))
    return table


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


def replace_rows(
    connection: Connection, table: Table, rows: pa.Table, *, pass_id: int
) -> list[dict[str, Any]]:
    """Put a few clean rows in the place of those that the pass has; return those."""
    base = pass_id << ROW_BITS
    values = [dict(row) for row in rows.to_pylist()]
    ids = [base + row.pop("row_number") for row in values]
    query = select(table).where(table.c.id.in_(ids)).order_by(table.c.id)
    before = [dict(row) for row in connection.execute(query).mappings()]
    for identifier, row in zip(ids, values, strict=True):
        connection.execute(update(table).where(table.c.id == identifier).values(**row))
    return before


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
