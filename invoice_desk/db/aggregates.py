"""Counts and exact sums over clean rows, made in SQL.

Amounts are whole numbers here, scaled by the digits of their field.  SQLite's SUM fails beyond
64 bits, which ten amounts may pass that 18 digits allow each; so the upper and the lower half
of each amount are added up apart, and put together as Python's integers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Table,
    and_,
    case,
    func,
    or_,
    select,
    type_coerce,
)

from invoice_desk.core.aggregates import DATE_PARTS, Function, GroupKey
from invoice_desk.core.cleaning import CleaningStatus
from invoice_desk.core.findings import FindingCode
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.schema import cleaning_pass, decision, finding, job, raw_table

_HALF = 32
_LOW_HALF = (1 << _HALF) - 1
_ROWS = 1 << ROW_BITS


@dataclass(frozen=True, slots=True)
class PassShare:
    """A cleaning pass, as far as a report has to know it.

    Attributes:
        job_state: Of the job that made it; None when that was deleted.
        is_current: Whether it is the pass of its table that is shown.
        fields: The fields that a column of its table was mapped to.
        totals: Field → sum over the cleaned rows, as the job that made it counted.
    """

    id: int
    job_id: int | None
    job_state: str | None
    is_current: bool
    cleaned: int
    filtered_out: int
    fields: frozenset[str]
    totals: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Sums:
    """What a group comes to; values by (function, field), numbers scaled, texts as they are."""

    keys: tuple[str | None, ...]
    rows: int
    values: dict[tuple[Function, str], Any]


def passes_of_type(connection: Connection, document_type: str) -> list[PassShare]:
    """Return the finished passes of a type, the current ones and those they took the place of."""
    query = (
        select(
            cleaning_pass.c.id,
            cleaning_pass.c.job_id,
            job.c.state,
            raw_table.c.current_pass_id,
            cleaning_pass.c.cleaned,
            cleaning_pass.c.filtered_out,
            # the plan may hold a row number for each duplicate: only its mapping is wanted
            func.json_extract(cleaning_pass.c.plan, "$.mapping"),
            cleaning_pass.c.totals,
        )
        .join(raw_table, raw_table.c.id == cleaning_pass.c.raw_table_id)
        .outerjoin(job, job.c.id == cleaning_pass.c.job_id)
        .where(cleaning_pass.c.document_type == document_type)
        .where(cleaning_pass.c.state.in_(("done", "superseded")))
        .order_by(cleaning_pass.c.id)
    )
    return [
        PassShare(
            id=row[0],
            job_id=row[1],
            job_state=row[2],
            is_current=row[3] == row[0],
            cleaned=row[4],
            filtered_out=row[5],
            fields=frozenset(json.loads(row[6] or "{}")),
            totals={name: Decimal(total) for name, total in row[7].items()},
        )
        for row in connection.execute(query)
    ]


def types_with_rows(connection: Connection, job_id: int | None = None) -> list[str]:
    """Return the types that have a current pass, or a pass that this job made."""
    query = select(cleaning_pass.c.document_type).distinct()
    if job_id is None:
        query = query.join(raw_table, raw_table.c.current_pass_id == cleaning_pass.c.id)
    else:
        query = query.where(cleaning_pass.c.job_id == job_id)
    return sorted(connection.execute(query).scalars())


def rows_not_cleaned(connection: Connection, document_type: str) -> int:
    """Return how many rows tables of this type have that no pass has cleaned."""
    query = select(func.coalesce(func.sum(raw_table.c.row_count), 0)).where(
        raw_table.c.document_type == document_type, raw_table.c.current_pass_id.is_(None)
    )
    return int(connection.execute(query).scalar_one())


def group_rows(
    connection: Connection,
    clean: Table,
    pass_ids: Iterable[int],
    *,
    keys: Sequence[GroupKey] = (),
    wanted: Iterable[tuple[Function, str]] = (),
    limit: int | None = None,
) -> list[Sums]:
    """Return the cleaned rows of these passes in groups, in the order of their keys.

    Args:
        connection: Where to read.
        clean: The clean table of the type.
        pass_ids: Whose rows.
        keys: What rows of one group agree in; without keys there is one group.
        wanted: Which function of which field.
        limit: Return no more groups than this.
    """
    functions = list(dict.fromkeys(wanted))
    columns = [_key_column(clean, key).label(f"key_{i}") for i, key in enumerate(keys)]
    parts = [part for function, field in functions for part in _parts(clean, function, field)]
    query = select(*columns, func.count(), *parts).select_from(_inside(clean, pass_ids))
    query = query.where(clean.c.cleaning_status == CleaningStatus.CLEANED.value)
    if columns:
        query = query.group_by(*columns).order_by(*columns)
    if limit is not None:
        query = query.limit(limit)
    found = []
    for row in connection.execute(query):
        cells = list(row)
        rest = iter(cells[len(keys) + 1 :])
        values = {(name, field): _value(name, rest) for name, field in functions}
        found.append(Sums(tuple(cells[: len(keys)]), cells[len(keys)], values))
    return found


def _inside(clean: Table, pass_ids: Iterable[int]) -> Any:
    """Return the rows of some passes: one range of ids each, which SQLite looks up as such."""
    each = func.json_each(json.dumps(list(pass_ids))).table_valued("value")
    first = type_coerce(each.c.value, BigInteger) * _ROWS
    return each.join(clean, and_(clean.c.id >= first, clean.c.id < first + _ROWS))


def _key_column(clean: Table, key: GroupKey) -> ColumnElement[Any]:
    column = clean.c[key.field]
    if key.part is not None:
        return func.substr(column, 1, DATE_PARTS[key.part])
    return _stored(column)


def _stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column as SQLite holds it: decimals as scaled whole numbers."""
    return column if column.type.python_type is str else type_coerce(column, BigInteger)


def _parts(clean: Table, function: Function, field: str) -> list[ColumnElement[Any]]:
    column = _stored(clean.c[field])
    match function:
        case Function.COUNT:
            return [func.count(column)]
        case Function.SUM | Function.AVERAGE:
            high, low = column.op(">>")(_HALF), column.op("&")(_LOW_HALF)
            return [func.count(column), func.sum(high), func.sum(low)]
        case Function.MINIMUM:
            return [func.min(column)]
        case Function.MAXIMUM:
            return [func.max(column)]


def _value(function: Function, rest: Any) -> Any:
    """Return the value of the next parts: for sums and averages (sum, count)."""
    if function not in {Function.SUM, Function.AVERAGE}:
        return next(rest)
    count, high, low = next(rest), next(rest), next(rest)
    return ((high or 0) << _HALF) + (low or 0), count


def left_out_rows(connection: Connection, clean: Table, pass_ids: Iterable[int]) -> dict[str, int]:
    """Return reasons (a JSON array) → rows of these passes that were not cleaned."""
    why = func.coalesce(clean.c.reasons, "[]")
    query = (
        select(why, func.count())
        .select_from(_inside(clean, pass_ids))
        .where(clean.c.cleaning_status != CleaningStatus.CLEANED.value)
        .group_by(why)
        .order_by(why)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


#: Why a value is missing, the first that holds.
_WHY = (FindingCode.UNREADABLE, FindingCode.AMBIGUOUS, FindingCode.TOO_PRECISE)


def missing_values(
    connection: Connection,
    clean: Table,
    pass_ids: Iterable[int],
    *,
    field: str,
    read_from: Sequence[str],
    is_blanked: bool,
) -> dict[str, int]:
    """Return code → cleaned rows that lack this field because of such a finding.

    Args:
        connection: Where to read.
        clean: The clean table of the type.
        pass_ids: Whose rows.
        field: What is missing.
        read_from: The fields that findings about it name: itself, or what it is made of.
        is_blanked: Whether it is emptied in later rows that a finding calls duplicates.
    """
    why: list[tuple[ColumnElement[bool], int]] = [
        (and_(finding.c.code == code.value, finding.c.field.in_(read_from)), place)
        for place, code in enumerate(_WHY)
    ]
    duplicate = and_(finding.c.code == FindingCode.DUPLICATE.value, finding.c.field.is_(None))
    if is_blanked:
        # before the others: the amount would be emptied even if it could be read
        why.insert(0, (duplicate, -1))
    each = func.json_each(json.dumps(list(pass_ids))).table_valued("value")
    rank = case(*why)
    rows = (
        select(func.min(rank).label("why"))
        .select_from(
            each.join(finding, finding.c.pass_id == type_coerce(each.c.value, BigInteger)).join(
                clean, clean.c.id == finding.c.pass_id * _ROWS + finding.c.row_number
            )
        )
        .where(clean.c[field].is_(None), or_(*(condition for condition, _ in why)))
        .where(clean.c.cleaning_status == CleaningStatus.CLEANED.value)
        .group_by(finding.c.pass_id, finding.c.row_number)
        .subquery()
    )
    query = select(rows.c.why, func.count()).group_by(rows.c.why)
    names = {-1: "further_payment"} | {place: code.value for place, code in enumerate(_WHY)}
    return {names[place]: count for place, count in connection.execute(query)}


def fingerprint(connection: Connection, document_type: str) -> str:
    """Return a text that changes with the rows of a type: its passes, and what people decided."""
    last = connection.execute(select(func.max(decision.c.id))).scalar_one()
    shares = [
        (p.id, p.job_state, p.is_current, p.cleaned, p.filtered_out, sorted(p.totals.items()))
        for p in passes_of_type(connection, document_type)
    ]
    return repr((last, shares, rows_not_cleaned(connection, document_type)))
