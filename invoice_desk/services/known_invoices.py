"""Remembering what documents and cleaned rows say of invoices, and warning of what looks wrong.

Called as soon as the fields of a document are known, and again whenever rows were cleaned.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
from stdnum import iban as iban_number

from invoice_desk.core.document_likeness import compare
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.findings import AnomalyType, FindingCode, Severity
from invoice_desk.core.known_invoices import KEY_NAMES, KnownInvoice
from invoice_desk.core.records import TableRecord
from invoice_desk.core.source import SourceStatus
from invoice_desk.core.storage import from_storage
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.browse import pass_fields
from invoice_desk.db.bulk import read_columns
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.desk_decisions import DIFFERENT, SAME, standing_decisions
from invoice_desk.db.engine import Connection, reading, writing
from invoice_desk.db.known_invoices import (
    MOST_SHARING,
    add_finding,
    add_invoices,
    add_pair,
    forget_invoices,
    get_pair,
    invoices_by_id,
    keys_of_all,
    partners_of_few,
    places_of,
    table_passes,
)
from invoice_desk.db.passes import forget_source_scan, get_pass
from invoice_desk.db.sources import get_source, source_update
from invoice_desk.db.suppliers import CHANGED, FIRST, KNOWN, known_supplier, supplier_key
from invoice_desk.db.tables import get_table, list_tables
from invoice_desk.services.desk import Desk

#: The scans whose findings these are; they are taken back by their ids.
PAIRS, ACCOUNTS = "same invoice", "supplier's account"
#: A type whose rows are supplier invoices has all of these.
_NEEDED = frozenset({"invoice_number", "supplier_name", "total_amount"})
#: Field of a document or a row → what is remembered.
_FIELDS = {
    "invoice_number": "number",
    "supplier_name": "supplier_name",
    "supplier_vat_id": "supplier_vat_id",
    "supplier_registration": "supplier_registration",
    "iban_or_account": "iban",
    "bic": "bic",
    "currency": "currency",
}
_BARE = frozenset({"supplier_vat_id", "supplier_registration", "iban", "bic"})
_IDENTITY = ("supplier_vat_id", "supplier_registration", "supplier_name")
#: A document's value must be this sure to be trusted without a person.
_SURE = 0.9
#: With more rows than this all keys are compared at once, in memory.
_FEW = 200


@dataclass(slots=True)
class _Account:
    """How the IBAN of an invoice stands, and the one that the supplier had."""

    standing: str
    before: str = ""


def holds_invoices(made: DocumentType | None) -> bool:
    """Return whether rows of a type are invoices of suppliers."""
    return made is not None and {spec.name for spec in made.fields} >= _NEEDED


def remember_table(desk: Desk, table_id: int) -> None:
    """Remember the invoices of a raw table, as they stand now, in the place of what was known."""
    with reading(desk.engine) as connection:
        table = get_table(connection, table_id)
    if table is None:
        return
    invoices = list(_invoices_of(desk, table))
    base = table_id << ROW_BITS
    with writing(desk.engine) as connection:
        forget_invoices(connection, base, base + (1 << ROW_BITS))
        connection.execute(forget_source_scan(table_id, ACCOUNTS))
        accounts = _accounts(connection, table_id, invoices)
        add_invoices(
            connection,
            invoices,
            pass_id=table.current_pass_id,
            standings=[account.standing for account in accounts],
        )
        warned = _warn_of_accounts(connection, table, invoices, accounts)
        warned += _warn_of_pairs(connection, [each.id for each in invoices])
        if warned and "fields" in table.details:
            _ask_to_look(connection, table.source_id)


def catch_up(desk: Desk) -> None:
    """Remember every table that has been read or cleaned since it was remembered."""
    with reading(desk.engine) as connection:
        known = table_passes(connection)
        tables = list_tables(connection)
    for table in tables:
        is_invoices = holds_invoices(desk.types.get(table.document_type or ""))
        if not is_invoices or (table.current_pass_id is None and "fields" not in table.details):
            continue
        if table.id not in known or known[table.id] != table.current_pass_id:
            remember_table(desk, table.id)


def _ask_to_look(connection: Connection, source_id: int) -> None:
    found = get_source(connection, source_id)
    if found is not None and found.status is SourceStatus.COMPLETED:
        connection.execute(source_update(source_id, status=SourceStatus.PREVIEW.value))


# --- what is known ------------------------------------------------------------------------


def _invoices_of(desk: Desk, table: TableRecord) -> Iterator[KnownInvoice]:
    """Yield the invoices of a table: cleaned values first, else what the document says."""
    made = desk.types.get(table.document_type or "")
    if made is None or not holds_invoices(made):
        return
    read = _as_read(table) if "fields" in table.details else None
    with reading(desk.engine) as connection:
        done = get_pass(connection, table.current_pass_id) if table.current_pass_id else None
    if done is None or done.document_type != made.name:
        if read is not None:
            yield read
        return
    names = [name for name in (*_FIELDS, "total_amount", "issue_date") if name in _names(made)]
    query = pass_fields(clean_table(made), done.id, [*names, "approved", "findings"])
    for row in from_storage(read_columns(desk.engine, query), made).to_pylist():
        yield _cleaned(row, table, read)


def _names(made: DocumentType) -> set[str]:
    return {spec.name for spec in made.fields}


def _as_read(table: TableRecord) -> KnownInvoice:
    fields: Mapping[str, Any] = table.details["fields"]
    values = {name: str(field["value"]) for name, field in fields.items()}
    invoice = KnownInvoice(
        table.id << ROW_BITS,
        table.source_id,
        **_texts(values),
        total=_decimal(values.get("total_amount")),
        issue_date=_day(values.get("issue_date")),
        document_class=table.details.get("document_class", "invoice"),
    )
    sure = {name: float(field["confidence"]) for name, field in fields.items()}
    identity = max(
        sure.get(name, 0.0)
        for name in ("supplier_vat_id", "supplier_registration", "supplier_name")
    )
    trusted = identity >= _SURE and sure.get("iban_or_account", 1.0) >= _SURE
    return replace(invoice, is_trusted=trusted)


def _cleaned(row: dict[str, Any], table: TableRecord, read: KnownInvoice | None) -> KnownInvoice:
    """Return a cleaned row, with what only the document tells."""
    base = read or KnownInvoice(0, table.source_id)
    texts = {name: value for name, value in _texts(row).items() if value}
    sure = not row["findings"] if read is None else read.is_trusted
    return replace(
        base,
        id=(table.id << ROW_BITS) + row["row_number"],
        **texts,
        total=row.get("total_amount") if row.get("total_amount") is not None else base.total,
        issue_date=_day(row.get("issue_date")) or base.issue_date,
        is_trusted=bool(row["approved"]) or sure,
    )


def _texts(values: Mapping[str, Any]) -> dict[str, Any]:
    texts = {ours: str(values.get(name) or "").strip() for name, ours in _FIELDS.items()}
    for name in _BARE:
        texts[name] = "".join(c for c in texts[name].upper() if c.isalnum())
    return texts


def _decimal(text: str | None) -> Decimal | None:
    try:
        return None if not text else Decimal(text)
    except InvalidOperation:
        return None


def _day(value: Any) -> dt.date | None:
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value) if value else None
    except ValueError:
        return None


# --- accounts -----------------------------------------------------------------------------


def _accounts(
    connection: Connection, table_id: int, invoices: Sequence[KnownInvoice]
) -> list[_Account]:
    """Return how the IBAN of each invoice stands, against earlier ones and those above it."""
    had: dict[tuple[str, str], list[str]] = {}
    found = []
    for invoice in invoices:
        key = supplier_key(
            name=invoice.supplier_name,
            vat_id=invoice.supplier_vat_id,
            registration=invoice.supplier_registration,
        )
        if not key or not iban_number.is_valid(invoice.iban):
            found.append(_Account(""))
            continue
        whose = (key, invoice.supplier_name)
        if whose not in had:
            known = known_supplier(
                connection,
                name=invoice.supplier_name,
                vat_id=invoice.supplier_vat_id,
                registration=invoice.supplier_registration,
                but_table=table_id,
            )
            had[whose] = list(known.ibans) if known else []
        found.append(_standing(invoice, had[whose]))
    return found


def _standing(invoice: KnownInvoice, had: list[str]) -> _Account:
    if invoice.iban in had:
        return _Account(KNOWN)
    if had:
        return _Account(CHANGED, had[0])
    if invoice.is_trusted:
        had.append(invoice.iban)
    return _Account(FIRST)


def _warn_of_accounts(
    connection: Connection,
    table: TableRecord,
    invoices: Sequence[KnownInvoice],
    accounts: Sequence[_Account],
) -> int:
    """Store a finding for each account that is new; return how many are not those known."""
    for invoice, account in zip(invoices, accounts, strict=True):
        if account.standing not in {FIRST, CHANGED}:
            continue
        changed = account.standing == CHANGED
        told = f"{masked(invoice.iban)} instead of {masked(account.before)}"
        add_finding(
            connection,
            source_id=table.source_id,
            raw_table_id=table.id,
            row_number=invoice.row_number,
            field="iban_or_account",
            code=(FindingCode.IBAN_CHANGED if changed else FindingCode.IBAN_FIRST).value,
            severity=(Severity.ERROR if changed else Severity.INFO).value,
            anomaly=AnomalyType.INCONSISTENT_DATA.value if changed else AnomalyType.OTHER.value,
            text=told if changed else masked(invoice.iban),
            scan=ACCOUNTS,
        )
    return sum(account.standing == CHANGED for account in accounts)


def masked(iban: str) -> str:
    """Return an IBAN with its middle hidden."""
    return f"{iban[:4]} … {iban[-4:]}" if len(iban) > 8 else iban


# --- the same thing twice -----------------------------------------------------------------


def _warn_of_pairs(connection: Connection, ids: Sequence[int]) -> int:
    """Store what looks like one and the same; return how many pairs nobody decided about."""
    few = len(ids) <= _FEW
    candidates = partners_of_few(connection, ids) if few else _partners(connection, ids)
    known = invoices_by_id(connection, {each for pair in candidates for each in pair})
    likely = [
        (one, other, likeness)
        for one, other in sorted(candidates)
        if (likeness := compare(known[one], known[other])).is_likely
    ]
    if not likely:
        return 0
    places = places_of(connection, {each for one, other, _ in likely for each in (one, other)})
    decided = decided_pairs(connection)
    warned = 0
    for one, other, likeness in likely:
        if get_pair(connection, one, other) is not None:
            continue
        if frozenset((place_key(one, places), place_key(other, places))) in decided:
            add_pair(connection, one, other, likeness, (None, None))
            continue
        findings = add_pair_findings(connection, (one, other), likeness.reason, places)
        add_pair(connection, one, other, likeness, findings)
        warned += 1
    return warned


def _partners(connection: Connection, ids: Sequence[int]) -> set[tuple[int, int]]:
    """Return pairs that share a key, one of them among many `ids`, from all keys at once."""
    rows = connection.execute(keys_of_all()).all()
    ours = np.array(sorted(ids), np.int64)
    columns = list(zip(*rows, strict=True)) if rows else []
    every = np.array(columns[0], np.int64)
    pairs: set[tuple[int, int]] = set()
    for column in columns[1 : 1 + len(KEY_NAMES)]:
        known = np.array([value is not None for value in column])
        keys = np.array([value or 0 for value in column], np.int64)[known]
        pairs |= _sharing(every[known], keys, ours)
    return pairs


def _sharing(ids: np.ndarray, keys: np.ndarray, ours: np.ndarray) -> set[tuple[int, int]]:
    order = np.lexsort((ids, keys))
    ids, keys = ids[order], keys[order]
    bounds = np.flatnonzero(np.diff(keys)) + 1
    starts, stops = np.r_[0, bounds], np.r_[bounds, len(keys)]
    sizes = stops - starts
    pairs = set()
    for place in np.flatnonzero((sizes > 1) & (sizes <= MOST_SHARING)):
        sharing = ids[starts[place] : stops[place]]
        mine = np.isin(sharing, ours)
        for i in range(len(sharing)):
            for j in range(i + 1, len(sharing)):
                if mine[i] or mine[j]:
                    pairs.add((int(sharing[i]), int(sharing[j])))
    return pairs


def decided_pairs(connection: Connection) -> set[frozenset[str]]:
    """Return the pairs of places about which a person's decision stands."""
    standing = standing_decisions(connection, kinds=(DIFFERENT, SAME))
    return {frozenset((each.one, each.other)) for each in standing}


def place_key(invoice_id: int, places: Mapping[int, tuple[int, str, int]]) -> str:
    """Return where an invoice stands in a form that outlives every new reading."""
    source_id, _, ordinal = places[invoice_id]
    return f"{source_id}:{ordinal}:{invoice_id & ((1 << ROW_BITS) - 1)}"


def place_name(invoice_id: int, places: Mapping[int, tuple[int, str, int]]) -> str:
    """Return where an invoice stands, as a person would say it."""
    row = invoice_id & ((1 << ROW_BITS) - 1)
    name = places[invoice_id][1]
    return f"{name}, row {row + 1}" if row else name


def add_pair_findings(
    connection: Connection,
    pair: tuple[int, int],
    reason: str,
    places: Mapping[int, tuple[int, str, int]],
) -> tuple[int, int]:
    """Store a finding on both invoices; return their ids."""
    first, second = (
        add_finding(
            connection,
            source_id=places[own][0],
            raw_table_id=own >> ROW_BITS,
            row_number=own & ((1 << ROW_BITS) - 1),
            field="invoice_number",
            code=FindingCode.SAME_INVOICE.value,
            severity=Severity.WARNING.value,
            anomaly=AnomalyType.DUPLICATE_DATA.value,
            text=f"{place_name(other, places)}: {reason}",
            scan=PAIRS,
        )
        for own, other in (pair, pair[::-1])
    )
    return first, second
