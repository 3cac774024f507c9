"""What the desk knows of a supplier, put to use where a document of it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from invoice_desk.db.engine import Connection, reading
from invoice_desk.db.suppliers import KnownSupplier, known_supplier
from invoice_desk.documents.fields import NO_PAGE, DocumentReading
from invoice_desk.documents.page import Page
from invoice_desk.documents.supplier_memory import Memory, remembered
from invoice_desk.services.desk import Desk
from invoice_desk.workers.document_tables import with_reading
from invoice_desk.workers.reading import SourceContent

#: Field → what a person calls it; the surest first.
_IDS = {
    "supplier_vat_id": "VAT id",
    "supplier_registration": "registration",
    "iban_or_account": "account",
}
#: An id beside which more names than this stood tells no supplier: it may be the customer's own.
_MOST_NAMES = 2


def with_memory(desk: Desk, content: SourceContent, pages: Sequence[Page]) -> SourceContent:
    """Return what was read of a document, mended by what its supplier's documents had before.

    What an e-invoice says of itself stays.
    """
    found = content.reading
    if found is None or not pages or not found.fields:
        return content
    if any(field.page == NO_PAGE for field in found.fields.values()):
        return content
    with reading(desk.engine) as connection:
        memory = _memory(connection, found)
    better = found if memory is None else remembered(found, pages, memory)
    if better is found:
        return content
    tables = tuple(with_reading(table, better) for table in content.tables)
    gone = tuple(each for each in found.findings if each not in better.findings)
    left = tuple(each for each in content.findings if each not in gone)
    return replace(content, reading=better, tables=tables, findings=left)


def _memory(connection: Connection, found: DocumentReading) -> Memory | None:
    """Return what is known of the supplier by one of its ids, else by its name."""
    values = {name: field.value for name, field in found.fields.items()}
    for field, called in _IDS.items():
        own = values.get(field, "")
        known = known_supplier(
            connection,
            vat_id=own if field == "supplier_vat_id" else "",
            registration=own if field == "supplier_registration" else "",
            iban=own if field == "iban_or_account" else "",
        )
        if known is not None and 0 < len(known.names) <= _MOST_NAMES:
            return _told(known, called)
    known = known_supplier(connection, name=values.get("supplier_name", ""))
    return None if known is None else _told(known, "")


def _told(known: KnownSupplier, told_by: str) -> Memory:
    return Memory(known.names, known.number_patterns, told_by, known.invoices)
