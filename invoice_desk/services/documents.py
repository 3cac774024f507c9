"""Documents as a person checks them: fields with their places, corrections, approval."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from invoice_desk.core.amounts import decimal_mark_of
from invoice_desk.core.dates import DateOrder
from invoice_desk.core.decisions import Decision, DecisionKind, standing
from invoice_desk.core.document_fields import (
    FieldKind,
    Reading,
    kind_of,
    value_of,
)
from invoice_desk.core.findings import FindingCode, Severity
from invoice_desk.core.records import FindingRecord, SourceRecord, TableRecord
from invoice_desk.core.source import MAILS, PAGED, Kind, SourceStatus
from invoice_desk.core.tables import LINES_OF
from invoice_desk.db.decisions import (
    add_decision,
    approvals,
    decisions_brought_back,
    has_kept,
    list_decisions,
)
from invoice_desk.db.documents import (
    document_row_inserts,
    document_table_insert,
    get_page,
    list_page_sizes,
    open_doubts,
    typed_document,
)
from invoice_desk.db.engine import Connection, reading, writing
from invoice_desk.db.passes import list_findings
from invoice_desk.db.sources import get_source, list_contents, list_sources
from invoice_desk.db.splits import ACCEPTED, get_split_choice
from invoice_desk.db.tables import get_table, list_tables, read_cells
from invoice_desk.documents.extraction.identifiers import is_wrong
from invoice_desk.documents.fields import NO_PAGE
from invoice_desk.documents.page import Page
from invoice_desk.errors import ArgumentError, UnreadyError
from invoice_desk.services.desk import Desk
from invoice_desk.services.document_records import Document, DocumentField, Origin, Place
from invoice_desk.services.page_images import PageFile
from invoice_desk.services.reviewing import clean_again
from invoice_desk.services.storing import page_of

#: Kinds of files that may have fields, and that are opened as a document.
_FIELDED = PAGED | MAILS | {Kind.XML}
DOCUMENTS = _FIELDED | {Kind.ZIP}
#: Columns of the table of a document in which nothing was found.
_EMPTY_COLUMNS = ("invoice_number", "issue_date", "total_amount")
#: Doubts about one value, which are over when a person has looked at it.
_SETTLED_BY_HAND = frozenset(
    {
        *(FindingCode.LOW_CONFIDENCE, FindingCode.MISSING_REQUIRED, FindingCode.UNREADABLE),
        *(FindingCode.AMBIGUOUS, FindingCode.XML_DENIED_BY_PAGE, FindingCode.PAGE_DENIED_BY_XML),
    }
)
#: Lines of a document that are shown beside its pages; its table has them all.
_MOST_LINES = 1000
#: What each line has of its document.
_REPEATED = frozenset({"invoice_number", "supplier_name", "currency"})
#: What makes the total, and what it may have beside that.
_SUM, _BESIDE = ("net_amount", "tax_amount", "total_amount"), ("rounding", "stamp_duty")
#: The one row of a document's table.
_ROW = 0


def is_document(record: SourceRecord) -> bool:
    """Return whether a source is opened as a document."""
    return record.kind in DOCUMENTS


def file_of(desk: Desk, record: SourceRecord) -> PageFile:
    """Return where the bytes of a source are."""
    return PageFile(desk.original(record.sha256), record.kind, record.name)


def open_document(desk: Desk, source_id: int) -> Document:
    """Return a document with its fields, doubts and decisions.

    Raises:
        ArgumentError: If there is no such source.
    """
    with reading(desk.engine) as connection:
        record = get_source(connection, source_id)
        if record is None:
            raise ArgumentError(f"There is no source {source_id}.")
        waits = has_kept(connection, source_id)
        table = _table_of(connection, source_id)
        sizes = list_page_sizes(connection, source_id)
        found = [
            each if each.raw_table_id in {None, table.id if table else None} else _of_line(each)
            for each in list_findings(connection, source_id=source_id)
        ]
        log = list_decisions(connection, table.id, row_number=_ROW) if table else []
        lines = _lines_of(connection, source_id)
        is_split = get_split_choice(connection, source_id) == ACCEPTED
        contents = list_contents(connection, source_id)
        parts = len(contents) if is_split else 0
    document = replace(_document(desk, record, table, standing(log), found), lines=lines)
    if waits and table is None and not document.is_unfinished:
        with writing(desk.engine) as connection:
            _with_table(connection, record)
        return open_document(desk, source_id)
    pages = tuple(page_of(values | {"words": []}) for values in sizes)
    return replace(document, pages=pages, parts=parts, contents=tuple(contents))


def page_words(desk: Desk, source_id: int, number: int) -> Page | None:
    """Return a page with its words; None where it was not read."""
    with reading(desk.engine) as connection:
        values = get_page(connection, source_id, number)
    return None if values is None else page_of(values)


def is_about_line(desk: Desk, found: FindingRecord) -> bool:
    """Return whether a doubt is about a line of a document, not about the document."""
    if found.raw_table_id is None:
        return False
    with reading(desk.engine) as connection:
        table = get_table(connection, found.raw_table_id)
    return table is not None and LINES_OF in table.details


def page_turns(desk: Desk, source_id: int) -> dict[int, float]:
    """Return by how many degrees recognition turned which pages."""
    with reading(desk.engine) as connection:
        pages = list_page_sizes(connection, source_id)
    return {values["number"]: values["turned"] for values in pages if values["turned"]}


def correct(
    desk: Desk, source_id: int, name: str, *, value: str | None, place: Place | None
) -> list[int]:
    """Record what a person says a field is, and where it stands; return the decisions.

    Args:
        desk: The desk.
        source_id: The document.
        name: A canonical field.
        value: As `core.document_fields.value_of` gives it; None empties the field.
        place: The words that it was taken from; None for what stands on no page.

    Raises:
        ArgumentError: If it is no value of the field, or the document is approved.
    """
    kept = None if value is None else value_of(name, value, _PLAIN)
    with writing(desk.engine) as connection:
        record, table_id = _decidable(connection, source_id)
        if _approvals(list_decisions(connection, table_id, row_number=_ROW)):
            raise UnreadyError(f"{record.name} is approved; reopen it before you change it.")
        decision_id = add_decision(
            connection,
            raw_table_id=table_id,
            row_number=_ROW,
            kind=DecisionKind.CORRECT,
            person=desk.person,
            now=desk.now(),
            field=name,
            value=kept,
            place=place.as_dict() if place and kept is not None else None,
        )
        connection.execute(typed_document(table_id))
        clean_again(desk, connection, table_id, [_ROW])
    return [decision_id]


def approve(desk: Desk, source_id: int) -> list[int]:
    """Record that a document is right as it stands; return the decisions."""
    with writing(desk.engine) as connection:
        _, table_id = _decidable(connection, source_id)
        if _approvals(list_decisions(connection, table_id, row_number=_ROW)):
            return []
        decision_id = add_decision(
            connection,
            raw_table_id=table_id,
            row_number=_ROW,
            kind=DecisionKind.APPROVE,
            person=desk.person,
            now=desk.now(),
        )
        clean_again(desk, connection, table_id, [_ROW])
    return [decision_id]


def reopen(desk: Desk, source_id: int) -> list[int]:
    """Take every approval of a document back; return the decisions that do so."""
    with writing(desk.engine) as connection:
        _, table_id = _decidable(connection, source_id)
        ids = [
            add_decision(
                connection,
                raw_table_id=table_id,
                row_number=_ROW,
                kind=DecisionKind.WITHDRAW,
                person=desk.person,
                now=desk.now(),
                withdraws=decision.id,
            )
            for decision in _approvals(list_decisions(connection, table_id, row_number=_ROW))
        ]
        clean_again(desk, connection, table_id, [_ROW])
    return ids


def approved_sources(desk: Desk) -> set[int]:
    """Return the documents that are approved."""
    with reading(desk.engine) as connection:
        found = approvals(connection)
        kinds = {record.id for record in list_sources(connection) if is_document(record)}
    return kinds & set(found)


@dataclass(frozen=True, slots=True)
class Standings:
    """How documents stand: for the list of all sources.

    Attributes:
        approved: Sources that a person said are right.
        doubts: Source → code and field of its weightiest doubt, and how many more there are.
    """

    approved: set[int]
    doubts: dict[int, tuple[str, str | None, int]]


def standings(desk: Desk) -> Standings:
    """Return how the documents of the desk stand."""
    with reading(desk.engine) as connection:
        rows = open_doubts(connection)
    by_source: dict[int, list[tuple[str, str | None, str]]] = {}
    for source_id, code, field, severity in rows:
        by_source.setdefault(source_id, []).append((code, field, severity))
    doubts = {}
    for source_id, found in by_source.items():
        code, field, _ = min(found, key=lambda each: each[2] != Severity.ERROR)
        doubts[source_id] = code, field, len(found) - 1
    return Standings(approved_sources(desk), doubts)


def next_doubtful(desk: Desk, after: int | None = None) -> SourceRecord | None:
    """Return the next document that a person should look at, in the order of the inbox.

    Args:
        desk: The desk.
        after: The document that is open; the search goes on below it, and then from the top.
    """
    approved = approved_sources(desk)
    with reading(desk.engine) as connection:
        waiting = [
            record
            for record in list_sources(connection, status=SourceStatus.PREVIEW)
            if is_document(record) and record.id not in approved and record.id != after
        ]
    below = [record for record in waiting if after is None or record.id < after]
    return next(iter([*below, *waiting]), None)


#: A value as it is stored.
_PLAIN = Reading(DateOrder.DAY_FIRST, ".")


def _table_of(connection: Connection, source_id: int) -> TableRecord | None:
    tables = list_tables(connection, source_id=source_id)
    return next((table for table in tables if "fields" in table.details), None)


def _lines_of(connection: Connection, source_id: int) -> tuple[dict[str, str], ...]:
    """Return the lines of a document as they were read, without what all of them repeat."""
    tables = list_tables(connection, source_id=source_id)
    table = next((each for each in tables if LINES_OF in each.details), None)
    if table is None:
        return ()
    found = read_cells(connection, table.id, range(_MOST_LINES))
    rows = [dict(zip(table.columns, json.loads(found[n]), strict=False)) for n in sorted(found)]
    return tuple({k: v for k, v in row.items() if v and k not in _REPEATED} for row in rows)


def _of_line(found: FindingRecord) -> FindingRecord:
    """Return a doubt about a line as one about no field: the document has some of the same name."""
    return replace(found, field=None)


def _decidable(connection: Connection, source_id: int) -> tuple[SourceRecord, int]:
    """Return a source and the table that its decisions are about; one is made if need be."""
    record = get_source(connection, source_id)
    if record is None or record.kind not in _FIELDED:
        raise ArgumentError(f"There is no document {source_id}.")
    table = _table_of(connection, source_id)
    if table is None:
        return record, _with_table(connection, record)
    return record, table.id


def _with_table(connection: Connection, record: SourceRecord) -> int:
    """Make the table of a document in which nothing was found; return its id."""
    ordinal = len(list_tables(connection, source_id=record.id))
    columns = _EMPTY_COLUMNS
    statement = document_table_insert(record.id, ordinal, name=record.name, columns=columns)
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    table_id = int(key[0])
    for following in (
        *document_row_inserts(record.id, table_id, width=len(columns)),
        *decisions_brought_back(record.id, ordinal, table_id),
    ):
        connection.execute(following)
    return table_id


def _approvals(log: Iterable[Decision]) -> list[Decision]:
    return [decision for decision in standing(log) if decision.kind is DecisionKind.APPROVE]


def _document(
    desk: Desk,
    record: SourceRecord,
    table: TableRecord | None,
    decisions: Sequence[Decision],
    found: Sequence[FindingRecord],
) -> Document:
    details = table.details if table else {}
    values = {name: _as_read(name, each) for name, each in details.get("fields", {}).items()}
    reading_ = _conventions(details)
    for decision in decisions:
        if decision.kind is DecisionKind.CORRECT and decision.field is not None:
            values[decision.field] = _as_decided(decision, values.get(decision.field))
    held = [each for each in _distinct(found) if _holds(each, values)]
    findings = (*held, *_new_doubts(record, held, values))
    fields = {name: _with_findings(value, findings) for name, value in values.items()}
    approved = _approvals(decisions)
    return Document(
        source=record,
        file=file_of(desk, record),
        table_id=table.id if table else None,
        pages=(),
        fields=fields,
        findings=findings,
        lines=(),
        taxes=tuple(_texts(tax) for tax in details.get("taxes", ())),
        reading=reading_,
        approved_by=(approved[-1].person, approved[-1].decided_at) if approved else None,
        is_excluded=any(each.kind is DecisionKind.EXCLUDE for each in decisions),
    )


def _as_read(name: str, found: Mapping[str, Any]) -> DocumentField:
    text, page = str(found.get("text") or ""), int(found.get("page") or NO_PAGE)
    confidence = float(found.get("confidence") or 0.0)
    value = str(found.get("value") or "")
    if page == NO_PAGE:
        return DocumentField(name, value, confidence, Origin.XML)
    x0, y0, x1, y1 = found["box"]
    place = Place(text, page, (x0, y0, x1, y1), str(found.get("engine") or ""), confidence)
    return DocumentField(name, value, confidence, Origin.PAGE, place)


def _as_decided(decision: Decision, before: DocumentField | None) -> DocumentField:
    assert decision.field is not None
    place = _place_of(decision.place)
    origin = Origin.CHOSEN if place else Origin.TYPED
    xml = before is not None and before.origin is Origin.XML and before.value == decision.value
    if decision.value is None:
        origin = Origin.EMPTIED
    elif xml:
        origin = Origin.CHOSEN  # a person confirmed what the XML says
    read = None if before is None else (before.read if before.is_by_hand else before.value)
    return DocumentField(
        decision.field, decision.value or "", 1.0, origin, place, read, decision.person
    )


def _place_of(kept: Mapping[str, Any] | None) -> Place | None:
    if not kept:
        return None
    x0, y0, x1, y1 = kept["box"]
    box = (float(x0), float(y0), float(x1), float(y1))
    return Place(kept["text"], kept["page"], box, kept["engine"], kept["confidence"])


def _conventions(details: Mapping[str, Any]) -> Reading:
    """Return how the document writes dates and amounts, as far as it proves it."""
    order = details.get("date_order")
    texts = (
        str(each.get("text") or "")
        for name, each in details.get("fields", {}).items()
        if kind_of(name) is FieldKind.AMOUNT and each.get("page")
    )
    return Reading(DateOrder(order) if order else None, decimal_mark_of(texts))


def _distinct(found: Sequence[FindingRecord]) -> list[FindingRecord]:
    """Return each doubt once: reading and cleaning may both have it."""
    kept: dict[tuple[str, str | None], FindingRecord] = {}
    for each in found:
        key = (each.code, each.field or each.text)
        if key not in kept or not kept[key].text:
            kept[key] = each
    return list(kept.values())


def _holds(found: FindingRecord, fields: Mapping[str, DocumentField]) -> bool:
    """Return whether a doubt is still one, after what people decided."""
    if found.code == FindingCode.TOTALS_DISAGREE:
        return _totals_disagree(fields)
    field = fields.get(found.field or "")
    settled = field is not None and field.is_by_hand
    return not (settled and found.code in _SETTLED_BY_HAND)


def _totals_disagree(fields: Mapping[str, DocumentField]) -> bool:
    return _missed(fields) != 0


def _missed(fields: Mapping[str, DocumentField]) -> Decimal | None:
    """Return what net amount, tax, stamp duty and rounding miss of the total; None if one does."""
    amounts = {name: _amount(fields, name) for name in (*_SUM, *_BESIDE)}
    if any(amounts[name] is None for name in _SUM):
        return None
    net, tax, total = (amounts[name] or Decimal(0) for name in _SUM)
    left = total - net - tax
    beside = [amounts[name] or Decimal(0) for name in _BESIDE]
    return left if left and left not in {*beside, sum(beside, Decimal(0))} else Decimal(0)


def _amount(fields: Mapping[str, DocumentField], name: str) -> Decimal | None:
    try:
        return Decimal(fields[name].value)
    except (KeyError, InvalidOperation):
        return None


def _new_doubts(
    record: SourceRecord, found: Sequence[FindingRecord], fields: Mapping[str, DocumentField]
) -> list[FindingRecord]:
    """Return what is doubtful of what people wrote: check digits, and sums that are none."""
    made = [
        _doubt(record, FindingCode.CHECK_DIGITS, name, field.value)
        for name, field in fields.items()
        if field.is_by_hand and is_wrong(name, field.value)
    ]
    code = FindingCode.TOTALS_DISAGREE
    by_hand = any(name in fields and fields[name].is_by_hand for name in (*_SUM, *_BESIDE))
    if by_hand and _missed(fields) and not any(each.code == code for each in found):
        net, tax, total = (fields[name].value for name in _SUM)
        made.append(_doubt(record, code, "total_amount", f"{net} + {tax} ≠ {total}"))
    return made


def _doubt(record: SourceRecord, code: FindingCode, field: str, text: str) -> FindingRecord:
    return FindingRecord(0, record.id, None, _ROW, field, code, Severity.WARNING.value, text)


def _with_findings(field: DocumentField, found: Iterable[FindingRecord]) -> DocumentField:
    return replace(field, findings=tuple(each for each in found if each.field == field.name))


def _texts(cells: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of a line as texts; a cell may be a value with its place."""
    found = {}
    for name, cell in cells.items():
        value = cell.get("value", cell.get("text")) if isinstance(cell, Mapping) else cell
        if value not in (None, "") and not isinstance(value, (list, tuple)):
            found[name] = str(value)
    return found
