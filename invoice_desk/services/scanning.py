"""Scans over whole types, and checks between types; what they find is stored as findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa

from invoice_desk.core.document_types import DocumentType, Scan
from invoice_desk.core.findings import Finding, finding_table
from invoice_desk.core.scans import RAW_TABLE, Hit, compare_keys, keyed_sums, scan_rows
from invoice_desk.core.storage import from_storage
from invoice_desk.db.audit import audit
from invoice_desk.db.browse import pass_fields
from invoice_desk.db.bulk import read_columns
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.passes import (
    current_passes,
    forget_scan,
    insert_findings,
    more_findings,
    quality_update,
    storable_findings,
)
from invoice_desk.db.tables import list_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.types import reference_list

JOURNAL, STATEMENT = "journal_ventes", "etat_facture"
_INVOICE = ("organization", "invoice_number", "invoice_type")
#: Revenue of a period is the plain sum of these; their signs are in the data.
REVENUE_TYPES = ("ca_periodique", "ca_dnt", "ca_rfd", "ca_cnt")


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan looked at, and what it found."""

    name: str
    document_type: str
    rows: int
    findings: int


@dataclass(frozen=True, slots=True)
class RevenueTotal:
    """CA périodique with its adjustments, refunds and cancellations.

    Attributes:
        parts: Type → field → sum over its cleaned rows.
        total: Field → sum of the parts.
        missing: Types of which the desk has no cleaned table, so that the total is not whole.
    """

    parts: dict[str, dict[str, Decimal]]
    total: dict[str, Decimal]
    missing: tuple[str, ...]


@dataclass(slots=True)
class _Rows:
    """The cleaned rows of a type, and where each came from."""

    columns: pa.Table
    #: (source, raw table, pass, rows of it), in the order of the rows.
    origins: list[tuple[int, int, int, int]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def origin(self, place: int) -> tuple[int, int, int]:
        for source_id, table_id, pass_id, count in self.origins:
            if place < count:
                return source_id, table_id, pass_id
            place -= count
        raise IndexError(place)


def scan_desk(desk: Desk, document_types: Sequence[str] | None = None) -> list[ScanResult]:
    """Run every scan of these types, all if none is named, and the check of journal and état."""
    results = []
    for made in list(desk.types.values()):
        if document_types is not None and made.name not in document_types:
            continue
        for scan in made.scans:
            wanted = {*scan.group, scan.field, scan.date, scan.other} - {None}
            rows = _rows_of(desk, made, sorted(name for name in wanted if name))
            if rows.columns.num_rows:
                name = f"{scan.kind}:{made.name}:{scan.field}"
                hits = scan_rows(scan, rows.columns, _codes(desk, made, scan))
                found = _store(desk, made, name, rows, hits)
                results.append(ScanResult(name, made.name, rows.columns.num_rows, found))
    if document_types is None or {JOURNAL, STATEMENT} & set(document_types):
        results += compare_journal_and_statement(desk)
    return results


def _codes(desk: Desk, made: DocumentType, scan: Scan) -> dict[str, str]:
    """Return name → code of the list that a `code` scan needs."""
    if scan.kind != "code":
        return {}
    entries = reference_list(desk, made.field(scan.group[0]).lookup or "")
    return {entry.name: entry.code for entry in entries if entry.code}


def compare_journal_and_statement(desk: Desk) -> list[ScanResult]:
    """Find invoices that stand in one of journal and état only, or with other revenue.

    Nothing is said while one of the two has no cleaned rows: then everything would be missing.
    """
    names = [*_INVOICE, "revenue_amount"]
    types = [desk.types[JOURNAL], desk.types[STATEMENT]]
    journal, statement = (_rows_of(desk, made, names) for made in types)
    if not journal.columns.num_rows or not statement.columns.num_rows:
        return []
    ours, theirs = (
        keyed_sums(rows.columns, _INVOICE, "revenue_amount") for rows in (journal, statement)
    )
    left, right = compare_keys(ours, theirs, "revenue_amount")
    name = "journal and état"
    return [
        ScanResult(name, made.name, rows.columns.num_rows, _store(desk, made, name, rows, hits))
        for made, rows, hits in zip(types, (journal, statement), (left, right), strict=True)
    ]


def revenue_total(desk: Desk) -> RevenueTotal:
    """Return CA périodique = périodique + DNT + RFD + CNT, from the passes that are shown.

    Signs are in the data, unless a pass was told that its amounts are to be subtracted.
    """
    with reading(desk.engine) as connection:
        passes = current_passes(connection)
    parts: dict[str, dict[str, Decimal]] = {}
    total: dict[str, Decimal] = {}
    for done in passes:
        if done.document_type in REVENUE_TYPES:
            sign = -1 if done.plan["options"].get("sums") == "to be subtracted" else 1
            sums = parts.setdefault(done.document_type, {})
            for name in ("net_amount", "tax_amount", "total_amount"):
                amount = sign * done.totals.get(name, Decimal(0))
                sums[name] = sums.get(name, Decimal(0)) + amount
                total[name] = total.get(name, Decimal(0)) + amount
    return RevenueTotal(parts, total, tuple(n for n in REVENUE_TYPES if n not in parts))


def _rows_of(desk: Desk, made: DocumentType, names: Sequence[str]) -> _Rows:
    with reading(desk.engine) as connection:
        passes = [p for p in current_passes(connection) if p.document_type == made.name]
        owners = {table.id: table.source_id for table in list_tables(connection)}
    parts, rows = [], _Rows(pa.table({}))
    for done in passes:
        stored = read_columns(desk.engine, pass_fields(clean_table(made), done.id, names))
        if stored.num_rows:
            table_id = done.raw_table_id
            rows.origins.append((owners[table_id], table_id, done.id, stored.num_rows))
            rows.numbers += stored["row_number"].to_pylist()
            owner = pa.array([table_id] * stored.num_rows, pa.int64())
            parts.append(_typed(stored, made, names).append_column(RAW_TABLE, owner))
    if parts:
        rows.columns = pa.concat_tables(parts).combine_chunks()
    return rows


def _typed(stored: pa.Table, made: DocumentType, names: Sequence[str]) -> pa.Table:
    """Return the columns with the types of their fields, also where all cells are empty."""
    whole = from_storage(stored, made)
    columns = {}
    for name in names:
        column = whole[name]
        columns[name] = column.cast(pa.string()) if pa.types.is_null(column.type) else column
    return pa.table(columns)


def _store(desk: Desk, made: DocumentType, name: str, rows: _Rows, hits: Sequence[Hit]) -> int:
    """Put what a scan found in the place of what it found before."""
    by_table: dict[tuple[int, int, int], list[Finding]] = {}
    for hit in hits:
        found = Finding(
            hit.code, hit.severity, hit.field, hit.text, rows.numbers[hit.place], hit.anomaly
        )
        by_table.setdefault(rows.origin(hit.place), []).append(found)
    clean = clean_table(made)
    with writing(desk.engine) as connection:
        touched = {origin[0] for origin in rows.origins}
        for _, _, pass_id, _ in rows.origins:
            for statement in forget_scan(clean, pass_id, name):
                connection.execute(statement)
        for (source_id, table_id, pass_id), findings in by_table.items():
            columns = storable_findings(
                finding_table(findings),
                source_id=source_id,
                raw_table_id=table_id,
                pass_id=pass_id,
            )
            insert_findings(connection, columns.append_column("scan", [[name] * len(findings)]))
            numbers = [found.row_number for found in findings if found.row_number is not None]
            for statement in more_findings(clean, pass_id, numbers):
                connection.execute(statement)
        for source_id in touched:
            connection.execute(quality_update(source_id))
        audit(
            connection,
            actor=desk.person,
            action="scan",
            subject=name,
            now=desk.now(),
            detail={"document_type": made.name, "findings": len(hits)},
        )
    return len(hits)
