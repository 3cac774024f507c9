"""Which clean rows have the keys of the rows of a file: one join, not a query a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, and_, func, select
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable, Index

from invoice_desk.core.cleaning import CleaningStatus
from invoice_desk.db.lists import listed

_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Matches:
    """What the keys of some rows meet.

    Attributes:
        found: Row number → ids of the clean rows that have its key.
        repeated: Row number → another row of the same file with its key.
    """

    found: dict[int, list[int]] = field(default_factory=dict)
    repeated: dict[int, int] = field(default_factory=dict)


class KeyTable:
    """The keys of a file's rows, in a table that only this connection sees."""

    def __init__(self, connection: Connection, clean: Table, names: Sequence[str]) -> None:
        self._connection, self._clean, self._names = connection, clean, tuple(names)
        # The types of the clean table, so that an index serves to compare.
        kinds = {n: Text() if isinstance(clean.c[n].type, Text) else Integer() for n in names}
        self._table = Table(
            "wanted_row",
            MetaData(),
            Column("row_number", Integer, primary_key=True),
            *(Column(name, kind) for name, kind in kinds.items()),
            prefixes=["TEMPORARY"],
        )
        connection.execute(CreateTable(self._table))

    def add(self, keys: pa.Table) -> None:
        """Add row numbers and keys, as the clean table stores them."""
        marks = ", ".join("?" * (1 + len(self._names)))
        statement = f"INSERT INTO wanted_row VALUES ({marks})"  # noqa: S608 - no values in it
        for batch in keys.to_batches(max_chunksize=_AT_ONCE):
            if batch.num_rows:
                rows = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
                self._connection.exec_driver_sql(statement, rows)

    def match(self, pass_ids: Sequence[int]) -> Matches:
        """Return which rows that count in these passes have the keys."""
        wanted, clean = self._table, self._clean
        index = Index("wanted_key", *(wanted.c[name] for name in self._names))
        self._connection.execute(CreateIndex(index))
        same = and_(*(wanted.c[name] == clean.c[name] for name in self._names))
        query = (
            select(wanted.c.row_number, clean.c.id)
            .select_from(clean.join(wanted, same))
            .where(clean.c.cleaning_status == CleaningStatus.CLEANED.value)
            .where(clean.c.pass_id.in_(listed(pass_ids)))
        )
        found: dict[int, list[int]] = {}
        for number, identifier in self._connection.execute(query):
            found.setdefault(number, []).append(identifier)
        return Matches(found, self._repeated())

    def drop(self) -> None:
        """Forget the keys."""
        self._connection.execute(DropTable(self._table))

    def _repeated(self) -> dict[int, int]:
        keys = [self._table.c[name] for name in self._names]
        number = self._table.c.row_number
        several = (
            select(*keys, func.min(number).label("first"), func.max(number).label("last"))
            .group_by(*keys)
            .having(func.count() > 1)
            .subquery()
        )
        same = and_(*(column == several.c[column.name] for column in keys))
        query = select(number, several.c.first, several.c.last).join(several, same)
        rows = self._connection.execute(query)
        return {number: last if number == first else first for number, first, last in rows}
