"""Writing and reading whole columns.

Everything goes through the one SQLite library that Python brings.  A second copy of SQLite in
the same process (ADBC's, say) must never open the same desk: POSIX locks belong to the process,
so whichever copy closes a connection drops the locks of the other, and may take the
write-ahead log away from under it; see https://sqlite.org/howtocorrupt.html, section 2.2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import ClauseElement, Connection, Engine, Insert, Table

from invoice_desk.db.engine import reading

#: Rows that are turned into Python objects at a time; bounds memory and the hold on the GIL.
_SLICE = 5_000


def append(connection: Connection, table: Table, rows: pa.Table) -> None:
    """Append Arrow columns, named as the table's and holding what it stores.

    Columns without any value are left to the table's NULL.
    """
    rows = rows.select([n for n in rows.column_names if rows[n].null_count < rows.num_rows])
    names = ", ".join(f'"{name}"' for name in rows.column_names)
    marks = ", ".join("?" * rows.num_columns)
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - our names
    for batch in rows.to_batches(max_chunksize=_SLICE):
        if batch.num_rows:
            values = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
            connection.exec_driver_sql(statement, values)


def insert_row(connection: Connection, statement: Insert) -> int:
    """Run an INSERT of one row and return its id."""
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def read_columns(engine: Engine, statement: ClauseElement) -> pa.Table:
    """Return the result of a query as Arrow columns of what is stored, without result types.

    A column without any value has the Arrow type null.
    """
    text, parameters = _compiled(engine, statement)
    with reading(engine) as connection:
        result = connection.exec_driver_sql(text, tuple(parameters))
        names = list(result.keys())
        cursor = result.cursor  # plain tuples: a Row object each would double the time
        assert cursor is not None
        parts: list[pa.Table] = []
        while rows := cursor.fetchmany(20_000):
            columns = [pa.array(column) for column in zip(*rows, strict=True)]
            parts.append(pa.table(columns, names=names))
        result.close()
    if not parts:
        return pa.table({name: pa.nulls(0) for name in names})
    return pa.concat_tables(parts, promote_options="permissive")


def _compiled(engine: Engine, statement: ClauseElement) -> tuple[str, Sequence[Any]]:
    """Return SQL text with question marks, and its parameters in order."""
    done = statement.compile(engine, compile_kwargs={"render_postcompile": True})
    values: dict[str, Any] = dict(done.params)
    names = done.positiontup or []  # type: ignore[attr-defined]
    return str(done), [values[name] for name in names]
