"""Queries that compare the rows of two cleaning passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Table, case, func, or_, select

from invoice_desk.core.tables import ROW_BITS


def count_changes(
    connection: Connection,
    tables: tuple[Table, Table],
    passes: tuple[int, int],
    names: Sequence[str],
) -> dict[str, int] | None:
    """Return column → rows that differ in it, and "" → rows that differ in any.

    None when a pass has no rows left to compare.
    """
    joined, one, two, base = _joined(tables, passes)
    differs = {name: one.c[name].is_distinct_from(two.c[name]) for name in names}
    sums = [
        func.sum(case((test, 1), else_=0)) for test in (or_(*differs.values()), *differs.values())
    ]
    query = select(func.count(), *sums).select_from(joined)
    query = query.where(one.c.id >= base, one.c.id < base + (1 << ROW_BITS))
    counts = connection.execute(query).one()
    if counts[0] == 0:
        return None
    return dict(zip(["", *names], counts[1:], strict=True))


def read_changes(
    connection: Connection,
    tables: tuple[Table, Table],
    passes: tuple[int, int],
    names: Sequence[str],
    *,
    after: int,
    limit: int,
) -> list[tuple[Any, ...]]:
    """Return (row number, before, after, before, after, …) of rows that differ, in their order."""
    joined, one, two, base = _joined(tables, passes)
    pairs = [column for name in names for column in (one.c[name], two.c[name])]
    differs: list[ColumnElement[bool]] = [
        one.c[name].is_distinct_from(two.c[name]) for name in names
    ]
    query = (
        select(one.c.id - base, *(c.label(f"c{i}") for i, c in enumerate(pairs)))
        .select_from(joined)
        .where(one.c.id > base + after, one.c.id < base + (1 << ROW_BITS), or_(*differs))
        .order_by(one.c.id)
        .limit(limit)
    )
    return [tuple(row) for row in connection.execute(query)]


def _joined(
    tables: tuple[Table, Table], passes: tuple[int, int]
) -> tuple[FromClause, FromClause, FromClause, int]:
    one, two = tables[0].alias("one"), tables[1].alias("two")
    shift = (passes[1] - passes[0]) << ROW_BITS
    return one.join(two, two.c.id == one.c.id + shift), one, two, passes[0] << ROW_BITS
