"""Raw tables and their rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import (
    Connection,
    LargeBinary,
    Row,
    cast,
    delete,
    func,
    insert,
    select,
    update,
)

from invoice_desk.core.records import TableRecord
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.schema import raw_row, raw_table


def table_insert(**values: Any) -> Any:
    """Return the statement that adds a raw table."""
    return insert(raw_table).values(**values)


def table_update(table_id: int, **values: Any) -> Any:
    """Return the statement that changes columns of one raw table."""
    return update(raw_table).where(raw_table.c.id == table_id).values(**values)


def rows_added(table_id: int, count: int) -> Any:
    """Return the statement that counts `count` more rows."""
    more = raw_table.c.row_count + count
    return update(raw_table).where(raw_table.c.id == table_id).values(row_count=more)


def derived_rows_found(table_id: int, numbers: Sequence[int]) -> Any:
    """Return the statement that records which rows of a table sum up others."""
    patch = func.json(json.dumps({"derived_rows": sorted(numbers)}))
    structure = func.json_patch(raw_table.c.structure, patch)
    return update(raw_table).where(raw_table.c.id == table_id).values(structure=structure)


def get_table(connection: Connection, table_id: int) -> TableRecord | None:
    """Return one raw table."""
    row = connection.execute(select(raw_table).where(raw_table.c.id == table_id)).one_or_none()
    return None if row is None else _record(row)


def list_tables(connection: Connection, *, source_id: int | None = None) -> list[TableRecord]:
    """Return raw tables in the order in which they were read."""
    query = select(raw_table).order_by(raw_table.c.id)
    if source_id is not None:
        query = query.where(raw_table.c.source_id == source_id)
    return [_record(row) for row in connection.execute(query)]


def delete_rows_of(table_id: int) -> Any:
    """Return the statement that removes the rows of a table, and keeps the table."""
    base = table_id << ROW_BITS
    return delete(raw_row).where(raw_row.c.id >= base, raw_row.c.id < base + (1 << ROW_BITS))


def delete_tables(source_id: int) -> list[Any]:
    """Return the statements that remove all tables of a source with their rows."""
    ids = select(raw_table.c.id).where(raw_table.c.source_id == source_id)
    return [
        delete(raw_row).where(raw_row.c.raw_table_id.in_(ids)),
        delete(raw_table).where(raw_table.c.source_id == source_id),
    ]


def storable_rows(table_id: int, numbers: pa.Array, cells: pa.Array) -> pa.Table:
    """Return the columns that `raw_row` stores."""
    ids = numbers.to_numpy(zero_copy_only=False) + np.int64(table_id << ROW_BITS)
    return pa.table({"id": pa.array(ids), "cells": cells})


def read_rows_between(
    connection: Connection, table_id: int, start: int, stop: int
) -> tuple[bytes, bytes]:
    """Return numbers (int64) and lines of the rows numbered `start` up to, not including, `stop`.

    A line is the JSON array of a row without its brackets; line feeds, which JSON never holds,
    stand between the lines.  SQLite joins them; a million rows that would become objects of
    Python one by one take three times as long.
    """
    base = table_id << ROW_BITS
    inside = (
        select((raw_row.c.id - base).label("row_number"), raw_row.c.cells)
        .where(raw_row.c.id >= base + start, raw_row.c.id < base + stop)
        .order_by(raw_row.c.id)
        .subquery()
    )
    line = func.trim(inside.c.cells, "[]")
    query = select(
        func.min(inside.c.row_number),
        func.max(inside.c.row_number),
        func.count(),
        # as bytes: making a text of megabytes would keep the GIL, and so the window, waiting
        cast(func.aggregate_strings(line, "\n"), LargeBinary),
    )
    first, last, count, lines = connection.execute(query).one()
    if not count:
        return b"", b""
    if last - first + 1 == count:
        numbers = np.arange(first, last + 1, dtype="<i8")
    else:
        found = connection.execute(select(inside.c.row_number)).scalars().all()
        numbers = np.array(found, "<i8")
    return numbers.tobytes(), lines


def read_rows_of(
    connection: Connection, table_id: int, numbers: Sequence[int]
) -> tuple[bytes, bytes]:
    """Return these rows in the form of `read_rows_between`; `numbers` are ascending."""
    found = read_cells(connection, table_id, numbers)
    known = [number for number in numbers if number in found]
    lines = "\n".join(found[number][1:-1] for number in known)
    return np.array(known, "<i8").tobytes(), lines.encode()


def read_cells_of(connection: Connection, table_id: int, numbers: Sequence[int]) -> pa.Array:
    """Return the cells of these rows, in their order; a row that is gone is an empty array."""
    found = read_cells(connection, table_id, numbers)
    return pa.array([found.get(number, "[]") for number in numbers], pa.string())


def row_bounds(connection: Connection, table_id: int) -> tuple[int, int]:
    """Return the first row number of a table and the one after its last; both 0 when empty."""
    base = table_id << ROW_BITS
    inside = (raw_row.c.id >= base, raw_row.c.id < base + (1 << ROW_BITS))
    first = connection.execute(select(func.min(raw_row.c.id)).where(*inside)).scalar_one()
    last = connection.execute(select(func.max(raw_row.c.id)).where(*inside)).scalar_one()
    return (0, 0) if first is None else (first - base, last - base + 1)


def row_numbers(connection: Connection, table_id: int) -> list[int]:
    """Return the numbers of the rows of a table, ascending."""
    base = table_id << ROW_BITS
    inside = (raw_row.c.id >= base, raw_row.c.id < base + (1 << ROW_BITS))
    query = select(raw_row.c.id - base).where(*inside).order_by(raw_row.c.id)
    return list(connection.execute(query).scalars())


def read_cells(connection: Connection, table_id: int, numbers: Sequence[int]) -> dict[int, str]:
    """Return row number → cells for these rows."""
    base = table_id << ROW_BITS
    found: dict[int, str] = {}
    for begin in range(0, len(numbers), _AT_ONCE):
        ids = [base + number for number in numbers[begin : begin + _AT_ONCE]]
        query = select(raw_row.c.id, raw_row.c.cells).where(raw_row.c.id.in_(ids))
        found |= {identifier - base: cells for identifier, cells in connection.execute(query)}
    return found


#: Fewer than the parameters that SQLite takes in one statement.
_AT_ONCE = 20_000


def count_raw_rows(connection: Connection) -> int:
    """Return how many raw rows the desk holds."""
    return int(
        connection.execute(select(func.coalesce(func.sum(raw_table.c.row_count), 0))).scalar_one()
    )


def _record(row: Row[Any]) -> TableRecord:
    values = dict(row._mapping)
    values["columns"] = tuple(values["columns"])
    del values["page"]
    return TableRecord(**values)
