"""Remembering what documents and cleaned rows say of invoices, and warning of what looks wrong.

Called as soon as the fields of a document are known, and again whenever rows were cleaned.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.known_invoices import KnownInvoice
from invoice_desk.core.records import TableRecord
from invoice_desk.core.storage import from_storage
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.browse import pass_fields
from invoice_desk.db.bulk import read_columns
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import Connection, reading, writing
from invoice_desk.db.known_invoices import (
    add_invoices,
    forget_invoices,
    table_passes,
)
from invoice_desk.db.passes import forget_source_scan, get_pass
from invoice_desk.db.tables import get_table, list_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.invoice_warnings import (
    ACCOUNTS,
    Accounts,
    accounts_of,
    ask_to_look,
    warn_of_accounts,
    warn_of_pairs,
)

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
#: Invoices that become Python objects at a time.
_AT_ONCE = 20_000


def holds_invoices(made: DocumentType | None) -> bool:
    """Return whether rows of a type are invoices of suppliers."""
    return made is not None and {spec.name for spec in made.fields} >= _NEEDED


def remember_table(desk: Desk, table_id: int) -> None:
    """Remember the invoices of a raw table, as they stand now, in the place of what was known."""
    with reading(desk.engine) as connection:
        table = get_table(connection, table_id)
    if table is None:
        return
    with writing(desk.engine) as connection:
        _forget(connection, table_id)
        connection.execute(forget_source_scan(table_id, ACCOUNTS))
        ids, warned = _remember(connection, table, _invoices_of(desk, table))
        warned += warn_of_pairs(connection, ids)
        if warned and "fields" in table.details:
            ask_to_look(connection, table.source_id)


def _remember(
    connection: Connection, table: TableRecord, invoices: Iterator[KnownInvoice]
) -> tuple[list[int], int]:
    """Keep invoices, some at a time; return their ids, and how many have another account."""
    ids, warned = [], 0
    had: Accounts = {}
    while some := list(islice(invoices, _AT_ONCE)):
        accounts = accounts_of(connection, table.id, some, had)
        standings = [account.standing for account in accounts]
        add_invoices(connection, some, pass_id=table.current_pass_id, standings=standings)
        warned += warn_of_accounts(connection, table, some, accounts)
        ids += [each.id for each in some]
    return ids, warned


def _forget(connection: Connection, table_id: int) -> None:
    base = table_id << ROW_BITS
    forget_invoices(connection, base, base + (1 << ROW_BITS))


def catch_up(desk: Desk) -> None:
    """Remember every table that has been read or cleaned since, and forget those that went."""
    with reading(desk.engine) as connection:
        known = table_passes(connection)
        tables = list_tables(connection)
    gone = known.keys() - {table.id for table in tables}
    if gone:
        with writing(desk.engine) as connection:
            for table_id in gone:
                _forget(connection, table_id)
    for table in tables:
        is_invoices = holds_invoices(desk.types.get(table.document_type or ""))
        if not is_invoices or (table.current_pass_id is None and "fields" not in table.details):
            continue
        if table.id not in known or known[table.id] != table.current_pass_id:
            remember_table(desk, table.id)


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
    stored = from_storage(read_columns(desk.engine, query), made)
    for batch in stored.to_batches(max_chunksize=_AT_ONCE):
        for row in batch.to_pylist():
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
