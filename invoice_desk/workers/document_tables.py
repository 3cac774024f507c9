"""A document as raw tables: one row with its fields, and one row for each of its lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

import pyarrow as pa

from invoice_desk.core.cells import encode_lists
from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.core.tables import LINES_OF, RowBatch, Structure, TableHead
from invoice_desk.documents.credit_signs import without_minus
from invoice_desk.documents.einvoice import number_of
from invoice_desk.documents.extraction.completing import WITHOUT_MINUS
from invoice_desk.documents.fields import NO_PAGE, DocumentReading, FieldValue
from invoice_desk.documents.line_items import (
    NO_LINES,
    LineItem,
    LineReading,
    check_lines,
    read_lines,
)
from invoice_desk.documents.page import Page
from invoice_desk.readers.base import ReadTable

#: What a table of lines is called.
LINES = "lines"
#: Fields of the document that each line repeats, so that it can be told whose it is.
_SHARED = ("invoice_number", "supplier_name", "currency")
#: The order of columns; what is not named here stands behind, as it was found.
_ORDER = (
    *("invoice_number", "supplier_name", "line_id", "item_code", "description", "line_date"),
    *("quantity", "unit", "unit_price", "discount", "tax_category", "tax_rate", "net_amount"),
    *("tax_amount", "gross_amount", "currency"),
)
_NUMBERS = (
    *("quantity", "unit_price", "discount", "tax_rate"),
    *("net_amount", "tax_amount", "gross_amount"),
)
#: What a page says in words or with a sign, and a table as a code.
_CODES = frozenset({"currency", "document_type_code"})
_CENT = Decimal("0.01")
_FIRST = ("invoice_number", "line_id", "net_amount")


def document_table(name: str, reading: DocumentReading) -> ReadTable:
    """Return a document as a table of one row, its fields the columns, texts as on the page."""
    columns = tuple(reading.fields)
    details: dict[str, Any] = {"fields": {n: asdict(v) for n, v in reading.fields.items()}}
    details["date_order"] = reading.date_order
    details["document_class"] = reading.document_class
    details |= {k: v for k, v in (("taxes", reading.taxes),) if v}
    structure = Structure(first_data_row=0, columns=columns)
    row = [_cell(n, reading) for n in columns]
    batch = RowBatch(pa.array([0], pa.int64()), encode_lists([row]))
    return ReadTable(TableHead(name, structure, page=1, details=details), batch)


def lines_table(
    name: str, reading: DocumentReading, read: LineReading = NO_LINES
) -> ReadTable | None:
    """Return the lines of a document as a table, None where it has none.

    Args:
        name: The file.
        reading: The document; its lines are those of an XML when its pages were not read for any.
        read: Its lines as they stand on the pages.
    """
    found: list[Mapping[str, str]] = [_texts(item) for item in read.lines]
    found = found or list(reading.lines)
    if not found:
        return None
    shared = {n: _cell(n, reading) for n in _SHARED if n in reading.fields}
    rows = [shared | dict(line) for line in found]
    named = {key for row in rows for key in row} | {*_FIRST}
    columns = [key for key in _ORDER if key in named]
    columns += sorted(named - {*_ORDER})
    cells = [[row.get(column, "") for column in columns] for row in rows]
    head = TableHead(
        LINES,
        Structure(first_data_row=0, columns=tuple(columns)),
        page=min((each.page for i in read.lines for each in i.fields.values()), default=1),
        details=_details(name, reading, read),
    )
    numbers = pa.array(range(len(rows)), pa.int64())
    return ReadTable(head, RowBatch(numbers, encode_lists(cells)), read.findings)


def with_reading(table: ReadTable, reading: DocumentReading) -> ReadTable:
    """Return a table of a document, its fields or its lines, with another reading of its fields."""
    if "fields" in table.head.details:
        return replace(document_table(table.head.name, reading), findings=table.findings)
    shared = {n: _cell(n, reading) for n in _SHARED if n in reading.fields}
    columns = table.head.structure.columns
    texts = map(json.loads, table.rows.cells.to_pylist())
    rows = [dict(zip(columns, row, strict=True)) for row in texts]
    cells = [[(row | shared)[column] for column in columns] for row in rows]
    batch = replace(table.rows, cells=encode_lists(cells))
    return replace(table, rows=batch)


def page_lines(
    name: str, pages: Sequence[Page], reading: DocumentReading
) -> tuple[DocumentReading, ReadTable | None]:
    """Return a reading with the lines of its pages, and these as a table."""
    found = read_lines(pages)
    total = reading.fields.get("total_amount")
    if total is not None and total.is_made and total.reason == WITHOUT_MINUS:
        found = without_minus(found)
    reading = with_lines(reading, found)
    return reading, lines_table(name, reading, found)


def with_lines(reading: DocumentReading, found: LineReading) -> DocumentReading:
    """Return a reading with the lines of its pages, held against its totals."""
    totals = {name: number_of(field.value) for name, field in reading.fields.items()}
    own = number_of(found.lines_total.value) if found.lines_total is not None else None
    doubts = check_lines(
        found.lines,
        net_amount=totals.get("net_amount"),
        lines_total=totals.get("lines_total") or own,
        total_amount=totals.get("total_amount"),
        allowances=totals.get("allowances_total") or Decimal(0),
        charges=totals.get("charges_total") or Decimal(0),
    )
    fields = dict(reading.fields)
    if found.lines_total is not None and found.lines:
        each = found.lines_total
        held = FieldValue(each.value, each.text, each.confidence, each.page, each.box, each.engine)
        fields.setdefault("lines_total", held)
    taxes = tuple({name: each.value for name, each in tax.items()} for tax in found.taxes)
    return replace(
        reading,
        fields=fields,
        findings=(*reading.findings, *doubts, *_tax_doubts(totals.get("tax_amount"), taxes)),
        lines=tuple(item.values for item in found.lines),
        taxes=taxes,
    )


def _tax_doubts(stated: Decimal | None, taxes: Sequence[Mapping[str, str]]) -> tuple[Finding, ...]:
    """Return a doubt when the tax of all rates is not the tax that is stated (BR-CO-14)."""
    amounts = [number_of(tax.get("amount", "")) for tax in taxes]
    if stated is None or not amounts or any(amount is None for amount in amounts):
        return ()
    whole = sum((amount for amount in amounts if amount is not None), Decimal(0))
    if abs(abs(whole) - abs(stated)) <= _CENT * len(amounts):
        return ()
    text = " + ".join(tax["amount"] for tax in taxes) + f" ≠ {stated}"
    return (Finding(FindingCode.TAXES_DISAGREE, Severity.WARNING, "tax_amount", text),)


def _details(name: str, reading: DocumentReading, read: LineReading) -> dict[str, Any]:
    """Return where the lines stand, and how their numbers are written where that is known."""
    details: dict[str, Any] = {LINES_OF: name, "date_order": reading.date_order}
    if read.lines:
        details["boxes"] = [{n: asdict(v) for n, v in i.fields.items()} for i in read.lines]
    mark = read.decimal_mark if read.lines else "."  # XML has no other
    if mark is not None:
        style = {"decimal_mark": mark, "date_order": None}
        details["styles"] = dict.fromkeys(_NUMBERS, style)
    return details


def _texts(item: LineItem) -> dict[str, str]:
    return {name: each.text for name, each in item.fields.items()}


def _cell(name: str, reading: DocumentReading) -> str:
    """Return the text on the page; a code for € or a title, ISO 8601 for XML's 20240131."""
    field = reading.fields[name]
    is_spelt = field.page != NO_PAGE and not field.is_made and name not in _CODES
    return field.text if is_spelt else field.value
