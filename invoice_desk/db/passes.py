"""Cleaning passes, and the clean rows and findings that belong to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    Connection,
    Float,
    Row,
    Table,
    and_,
    cast,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from invoice_desk.core.findings import PAGE_CODES
from invoice_desk.core.records import FindingRecord, PassRecord
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.kept_aggregates import stale_by_table
from invoice_desk.db.lists import listed
from invoice_desk.db.schema import cleaning_pass, finding, raw_table, source


def add_pass(
    connection: Connection,
    *,
    raw_table_id: int,
    job_id: int | None,
    document_type: str,
    type_version: int,
    plan: dict[str, Any],
    now: dt.datetime,
) -> int:
    """Add a running pass and return its id."""
    statement = insert(cleaning_pass).values(
        raw_table_id=raw_table_id,
        job_id=job_id,
        document_type=document_type,
        type_version=type_version,
        plan=plan,
        state="running",
        cleaned=0,
        filtered_out=0,
        findings=0,
        totals={},
        buckets={},
        started_at=now,
    )
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def pass_update(pass_id: int, **values: Any) -> Any:
    """Return the statement that changes columns of one pass."""
    return update(cleaning_pass).where(cleaning_pass.c.id == pass_id).values(**values)


def get_pass(connection: Connection, pass_id: int) -> PassRecord | None:
    """Return one pass."""
    query = select(cleaning_pass).where(cleaning_pass.c.id == pass_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _record(row)


def list_passes(
    connection: Connection,
    *,
    raw_table_id: int | None = None,
    state: str | None = None,
    job_id: int | None = None,
) -> list[PassRecord]:
    """Return passes, oldest first."""
    query = select(cleaning_pass).order_by(cleaning_pass.c.id)
    if raw_table_id is not None:
        query = query.where(cleaning_pass.c.raw_table_id == raw_table_id)
    if state is not None:
        query = query.where(cleaning_pass.c.state == state)
    if job_id is not None:
        query = query.where(cleaning_pass.c.job_id == job_id)
    return [_record(row) for row in connection.execute(query)]


def current_passes(connection: Connection) -> list[PassRecord]:
    """Return the pass of each raw table that is shown."""
    query = select(cleaning_pass).join(raw_table, raw_table.c.current_pass_id == cleaning_pass.c.id)
    return [_record(row) for row in connection.execute(query)]


def current_pass_ids(connection: Connection, document_type: str) -> list[int]:
    """Return the passes that are shown of the tables of a type."""
    query = (
        select(cleaning_pass.c.id)
        .join(raw_table, raw_table.c.current_pass_id == cleaning_pass.c.id)
        .where(cleaning_pass.c.document_type == document_type)
        .order_by(cleaning_pass.c.id)
    )
    return list(connection.execute(query).scalars())


def running_tables(connection: Connection) -> set[int]:
    """Return the raw tables that are being cleaned."""
    query = select(cleaning_pass.c.raw_table_id).where(cleaning_pass.c.state == "running")
    return set(connection.execute(query).scalars())


#: What a table or source has that was never cleaned.
RAW_ONLY = frozenset({"raw"})


def statuses_by_table(connection: Connection) -> dict[int, frozenset[str]]:
    """Return raw table → the cleaning statuses that rows of it have."""
    return {table_id: statuses for table_id, _, statuses in _statuses(connection)}


def statuses_by_source(connection: Connection) -> dict[int, frozenset[str]]:
    """Return source → the cleaning statuses that rows of it have."""
    found: dict[int, frozenset[str]] = {}
    for _, source_id, statuses in _statuses(connection):
        found[source_id] = found.get(source_id, frozenset()) | statuses
    return found


def _statuses(connection: Connection) -> list[tuple[int, int, frozenset[str]]]:
    query = select(
        raw_table.c.id,
        raw_table.c.source_id,
        cleaning_pass.c.cleaned,
        cleaning_pass.c.filtered_out,
    ).outerjoin(cleaning_pass, cleaning_pass.c.id == raw_table.c.current_pass_id)
    busy = running_tables(connection)
    found = []
    for table_id, source_id, cleaned, filtered_out in connection.execute(query):
        statuses = set(RAW_ONLY) if cleaned is None else set()
        statuses |= {"cleaned"} if cleaned else set()
        statuses |= {"filtered_out"} if filtered_out else set()
        statuses |= {"cleaning"} if table_id in busy else set()
        found.append((table_id, source_id, frozenset(statuses)))
    return found


def make_current(raw_table_id: int, pass_id: int) -> list[Any]:
    """Return the statements that show this pass and call the others superseded.

    Results that were made of the others are stale with that.
    """
    others = update(cleaning_pass).where(
        cleaning_pass.c.raw_table_id == raw_table_id,
        cleaning_pass.c.id != pass_id,
        cleaning_pass.c.state == "done",
    )
    kind = select(cleaning_pass.c.document_type).where(cleaning_pass.c.id == pass_id)
    return [
        others.values(state="superseded"),
        stale_by_table(raw_table_id, kind.scalar_subquery()),
        update(raw_table).where(raw_table.c.id == raw_table_id).values(current_pass_id=pass_id),
    ]


def delete_pass_rows(table: Table, pass_id: int) -> list[Any]:
    """Return the statements that remove the rows and findings of a pass."""
    base = pass_id << ROW_BITS
    return [
        delete(table).where(table.c.id >= base, table.c.id < base + (1 << ROW_BITS)),
        delete(finding).where(finding.c.pass_id == pass_id),
    ]


def delete_some_rows(table: Table, pass_id: int, numbers: Sequence[int]) -> list[Any]:
    """Return the statements that remove these rows of a pass, and what was found about them."""
    base = pass_id << ROW_BITS
    return [
        delete(table).where(table.c.id.in_(listed([base + number for number in numbers]))),
        delete(finding).where(
            finding.c.pass_id == pass_id, finding.c.row_number.in_(listed(numbers))
        ),
    ]


def quality_update(source_id: int) -> Any:
    """Return the statement that rates a source: 100 - anomalies / rows * 100, from 0 to 100.

    Rows, and the findings about them, are those of the passes that are shown.
    """
    shown = (
        select(
            func.sum(cleaning_pass.c.findings).label("findings"),
            func.sum(cleaning_pass.c.cleaned + cleaning_pass.c.filtered_out).label("rows"),
        )
        .join(raw_table, raw_table.c.current_pass_id == cleaning_pass.c.id)
        .where(raw_table.c.source_id == source_id)
        .subquery()
    )
    rated = 100.0 - cast(shown.c.findings, Float) * 100.0 / func.max(shown.c.rows, 1)
    value = select(func.max(0.0, rated)).scalar_subquery()
    return update(source).where(source.c.id == source_id).values(quality=value)


def forget_scan(table: Table, pass_id: int, scan: str) -> list[Any]:
    """Return the statements that take back what a scan found in a pass."""
    base = pass_id << ROW_BITS
    found = select(finding.c.row_number).where(finding.c.pass_id == pass_id, finding.c.scan == scan)
    count = select(func.count()).select_from(found.subquery()).scalar_subquery()
    return [
        update(table)
        .where(table.c.id.in_(select(found.subquery().c.row_number + base)))
        .values(findings=table.c.findings - 1),
        pass_update(pass_id, findings=cleaning_pass.c.findings - count),
        delete(finding).where(finding.c.pass_id == pass_id, finding.c.scan == scan),
    ]


def more_findings(table: Table, pass_id: int, numbers: Sequence[int]) -> list[Any]:
    """Return the statements that count one more finding for each of these different rows."""
    base = pass_id << ROW_BITS
    return [
        update(table)
        .where(table.c.id.in_(listed([base + number for number in numbers])))
        .values(findings=table.c.findings + 1),
        pass_update(pass_id, findings=cleaning_pass.c.findings + len(numbers)),
    ]


def forget_source_scan(raw_table_id: int, scan: str) -> Any:
    """Return the statement that takes back what a scan found in a table, whatever the pass."""
    return delete(finding).where(
        finding.c.source_id
        == select(raw_table.c.source_id).where(raw_table.c.id == raw_table_id).scalar_subquery(),
        finding.c.raw_table_id == raw_table_id,
        finding.c.scan == scan,
    )


def storable_findings(
    findings: pa.Table, *, source_id: int, raw_table_id: int | None, pass_id: int | None
) -> pa.Table:
    """Return findings of `FINDING_SCHEMA` as the columns that are stored."""
    count = findings.num_rows
    return pa.table(
        {
            "source_id": pa.array([source_id] * count, pa.int64()),
            "raw_table_id": pa.array([raw_table_id] * count, pa.int64()),
            "pass_id": pa.array([pass_id] * count, pa.int64()),
            **{name: findings[name] for name in findings.column_names},
        }
    )


def list_findings(
    connection: Connection,
    *,
    source_id: int | None = None,
    raw_table_id: int | None = None,
    after: int = 0,
    limit: int = 1000,
) -> list[FindingRecord]:
    """Return findings of current passes and of sources, paged by id."""
    query = (
        select(finding)
        .outerjoin(raw_table, raw_table.c.id == finding.c.raw_table_id)
        .where(finding.c.id > after)
        .where(finding.c.pass_id.is_(None) | (finding.c.pass_id == raw_table.c.current_pass_id))
        .order_by(finding.c.id)
        .limit(limit)
    )
    if source_id is not None:
        query = query.where(finding.c.source_id == source_id)
    if raw_table_id is not None:
        query = query.where(finding.c.raw_table_id == raw_table_id)
    return [_finding(row) for row in connection.execute(query)]


def error_findings(
    connection: Connection,
    pass_id: int,
    severities: Sequence[str],
    *,
    after: int = 0,
    limit: int = 1000,
) -> list[FindingRecord]:
    """Return findings of these severities of a pass, paged by id."""
    query = (
        select(finding)
        .where(finding.c.pass_id == pass_id, finding.c.id > after)
        .where(finding.c.severity.in_(severities))
        .order_by(finding.c.id)
        .limit(limit)
    )
    return [_finding(row) for row in connection.execute(query)]


def count_findings(connection: Connection) -> int:
    """Return how many findings there are of current passes and of sources."""
    query = (
        select(func.count())
        .select_from(finding)
        .outerjoin(raw_table, raw_table.c.id == finding.c.raw_table_id)
        .where(finding.c.pass_id.is_(None) | (finding.c.pass_id == raw_table.c.current_pass_id))
    )
    return int(connection.execute(query).scalar_one())


def replace_row_findings(raw_table_id: int, pass_id: int, numbers: Sequence[int]) -> Any:
    """Return the statement that removes the findings of these rows."""
    return delete(finding).where(
        finding.c.raw_table_id == raw_table_id,
        finding.c.pass_id == pass_id,
        finding.c.row_number.in_(numbers),
    )


def insert_findings(connection: Connection, findings: pa.Table) -> None:
    """Add a few findings, as `storable_findings` gives them."""
    if findings.num_rows:
        connection.execute(insert(finding), findings.to_pylist())


def delete_source_findings(source_id: int, *, code: str | None = None) -> Any:
    """Return the statement that removes all findings of a source, or those with one code."""
    statement = delete(finding).where(finding.c.source_id == source_id)
    return statement if code is None else statement.where(finding.c.code == code)


def delete_reading_findings(source_id: int, page: int) -> Any:
    """Return the statement that removes what a reading found, but for what is about other pages.

    What is about a page begins with its number, as in “page 3: …”.
    """
    about = func.coalesce(finding.c.text, "").bool_op("GLOB")
    this = or_(about(f"page {page}"), about(f"page {page}[^0-9]*"))
    kept = and_(finding.c.code.in_(PAGE_CODES), about("page [0-9]*"), not_(this))
    return delete(finding).where(finding.c.source_id == source_id, not_(kept))


def _finding(row: Row[Any]) -> FindingRecord:
    values = {k: v for k, v in row._mapping.items() if k not in {"pass_id", "scan"}}
    return FindingRecord(**values)


def _record(row: Row[Any]) -> PassRecord:
    values = row._mapping
    return PassRecord(
        id=values["id"],
        raw_table_id=values["raw_table_id"],
        document_type=values["document_type"],
        plan=values["plan"],
        state=values["state"],
        cleaned=values["cleaned"],
        filtered_out=values["filtered_out"],
        findings=values["findings"],
        totals={name: Decimal(total) for name, total in values["totals"].items()},
        buckets=values["buckets"],
        type_version=values["type_version"],
        started_at=values["started_at"],
        ended_at=values["ended_at"],
        job_id=values["job_id"],
    )
