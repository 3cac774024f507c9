"""Clean tables: one for each document type, made from its declaration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Connection,
    Engine,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    inspect,
    select,
    update,
)
from sqlalchemy import text as sql_text
from sqlalchemy.schema import CreateColumn, CreateTable

from invoice_desk.core.document_types import NUMERIC, DocumentType
from invoice_desk.core.storage import DEFAULTS
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.lists import listed
from invoice_desk.db.types import ExactDecimal

PREFIX = "clean_"


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
        Column("cleaning_status", Text, nullable=False, server_default=DEFAULTS["cleaning_status"]),
        Column("bucket", Text, comment="where the rules of the type put the row"),
        *fields,
        Column("reasons", Text, comment="JSON array of the rules that left the row out"),
        Column("extra", Text, comment="columns that are no field, as JSON"),
        Column("findings", Integer, nullable=False, server_default=str(DEFAULTS["findings"])),
        Column("corrected", Text, comment="JSON array of the fields a person corrected"),
        Column("approved", Integer, nullable=False, server_default=str(DEFAULTS["approved"])),
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


def rows_by_id(table: Table, ids: Sequence[int], names: Sequence[str]) -> Select[Any]:
    """Return the query for id and these columns of some rows, by id."""
    columns = [table.c[name] for name in names]
    return select(table.c.id, *columns).where(table.c.id.in_(listed(ids))).order_by(table.c.id)


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
