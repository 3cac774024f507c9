"""One page of a document recognised again, by an engine that a person names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, replace
from typing import Any

import pyarrow as pa

from invoice_desk.core.cells import encode_lists
from invoice_desk.core.findings import Finding, finding_table
from invoice_desk.core.jobs import ChunkId
from invoice_desk.core.records import JobFileRecord, SourceRecord, TableRecord
from invoice_desk.core.source import PAGED, Detection, FileOutcome, SourceStatus
from invoice_desk.core.type_detection import map_by_headers
from invoice_desk.db.audit import audit
from invoice_desk.db.bulk import BulkTransaction, InProcessWriter
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.passes import delete_reading_findings, storable_findings
from invoice_desk.db.recognised import recognised_inserts
from invoice_desk.db.schema import finding as finding_rows
from invoice_desk.db.schema import raw_row
from invoice_desk.db.sources import get_source, list_pages, page_inserts, source_update
from invoice_desk.db.tables import delete_rows_of, list_tables, storable_rows, table_update
from invoice_desk.documents.embedded import NO_XML, Embedded, embedded_invoice
from invoice_desk.documents.ocr import check_engines
from invoice_desk.documents.page import Page, PageReason, TextSource
from invoice_desk.documents.pdf_opening import trying
from invoice_desk.errors import ArgumentError, CorruptSourceError, JobStateError
from invoice_desk.services.batches import ImportFile
from invoice_desk.services.desk import Desk
from invoice_desk.services.keeping import Kept
from invoice_desk.services.passwords import passwords_for
from invoice_desk.services.storing import SURE, SourceStore, page_of, page_values
from invoice_desk.services.structuring import forgotten_passes
from invoice_desk.workers.contract import Chunk, Failure
from invoice_desk.workers.executors import local_executor
from invoice_desk.workers.reading import (
    ReadFields,
    ReadingPayload,
    RecognisePage,
    SourceContent,
    read,
)

_READ = frozenset({SourceStatus.COMPLETED, SourceStatus.PREVIEW})


def recognise_page_again(
    desk: Desk,
    source_id: int,
    page_number: int,
    engine: str,
    *,
    workers: Callable[[], Executor] = lambda: local_executor(1),
) -> Page:
    """Recognise a page anew, keep it, and find the fields anew; return the page.

    The document's table and its row stay the same ones, so what people decided about it
    stands; it has to be cleaned again.

    Args:
        desk: Where the source is.
        source_id: A source with pages.
        page_number: From 1.
        engine: Name of the engine.
        workers: Makes the executor of the one process that does it.

    Raises:
        ArgumentError: If there is no such page or engine.
        EngineError: If the engine cannot be used on this machine.
        JobStateError: If a job works on the source, or it is not read yet.
        SourceError: If the page cannot be read; then all stays as it was.
    """
    check_engines([engine])
    origin, pages = _source(desk, source_id)
    if page_number not in {page.number for page in pages}:
        raise ArgumentError(f"{origin.name} has no page {page_number}.")
    path = desk.original(origin.sha256)
    reason = PageReason.ASKED_FOR
    known = passwords_for(path, origin.kind, desk.passwords)
    again = RecognisePage(
        *(str(path), origin.name, origin.kind, page_number, reason),
        engines=(engine,),
        passwords=known,
    )
    with trying(known):
        embedded = embedded_invoice(path, name=origin.name) if origin.kind == "pdf" else NO_XML
    with workers() as executor:
        got = _done(executor, again)
        page = got.pages[0]
        if page.text_source is TextSource.NONE:
            why = next((f.text for f in got.findings if f.text), "nothing was found")
            raise CorruptSourceError(f"{origin.name}, {why}")
        fields = _fields(origin, [page if p.number == page.number else p for p in pages], embedded)
        content = _done(executor, fields)
    content = replace(content, findings=(*got.findings, *content.findings))
    content = replace(content, pages=got.pages, recognised=got.recognised)
    _store(desk, origin, content, page_number)
    _note(desk, origin, content, page)
    return page


def _source(desk: Desk, source_id: int) -> tuple[SourceRecord, list[Page]]:
    with reading(desk.engine) as connection:
        origin = get_source(connection, source_id)
        pages = [page_of(values) for values in list_pages(connection, source_id)]
    if origin is None or origin.kind not in PAGED:
        raise ArgumentError(f"There is no source {source_id} that has pages.")
    if origin.status not in _READ:
        raise JobStateError(f"{origin.name} is not read yet, or a job works on it.")
    return origin, pages


def _fields(origin: SourceRecord, pages: Sequence[Page], embedded: Embedded) -> ReadFields:
    return ReadFields(origin.name, tuple(pages), embedded, len(pages))


def _done(executor: Executor, payload: ReadingPayload) -> SourceContent:
    outcome = executor.submit(read, Chunk(ChunkId(0), payload)).result()
    if isinstance(outcome, Failure):
        raise CorruptSourceError(outcome.message)
    return outcome.value


def _store(desk: Desk, origin: SourceRecord, content: SourceContent, page_number: int) -> None:
    """Store the page and what the document says now, in one transaction."""
    with reading(desk.engine) as connection:
        tables = [
            table
            for table in list_tables(connection, source_id=origin.id)
            if "fields" in table.details
        ]
    with InProcessWriter(desk.engine).transaction() as to:
        to.execute(delete_reading_findings(origin.id, page_number))
        if not tables:
            file = _file(desk, origin)
            SourceStore(desk, ()).store(to, file, content)
            return
        for statement in page_inserts(origin.id, map(page_values, content.pages)):
            to.execute(statement)
        recognised = map(page_values, content.recognised)
        for statement in recognised_inserts(origin.sha256, recognised):
            to.execute(statement)
        _replace(desk, to, tables[0], content)
        _add_findings(to, origin, tables[0], content.findings)


def _replace(desk: Desk, to: BulkTransaction, table: TableRecord, content: SourceContent) -> None:
    """Put what was read now into the row of the document, and forget how it was cleaned."""
    for statement in (*forgotten_passes(desk, table.id), delete_rows_of(table.id)):
        to.execute(statement)
    if not content.tables:  # no field was found: the row stays, and is empty
        cells = encode_lists([["" for _ in table.columns]])
        to.append(raw_row, storable_rows(table.id, pa.array([0], pa.int64()), cells))
        details = table.details | {"fields": {}}
        to.execute(table_update(table.id, details=details, current_pass_id=None))
        return
    found = content.tables[0]
    columns = found.head.structure.columns
    to.append(raw_row, storable_rows(table.id, found.rows.numbers, found.rows.cells))
    changes: dict[str, Any] = {
        "columns": list(columns),
        "structure": asdict(found.head.structure),
        "details": found.head.details | {"titles": list(found.head.titles)},
        "current_pass_id": None,
    }
    made = desk.types.get(table.document_type or "")
    if made is not None and columns != tuple(table.columns):
        changes["mapping"] = map_by_headers(made, columns)
    to.execute(table_update(table.id, **changes))


def _add_findings(
    to: BulkTransaction, origin: SourceRecord, table: TableRecord, findings: Sequence[Finding]
) -> None:
    if findings:
        rows = finding_table(list(findings))
        columns = storable_findings(rows, source_id=origin.id, raw_table_id=table.id, pass_id=None)
        to.append(finding_rows, columns)


def _file(desk: Desk, origin: SourceRecord) -> ImportFile:
    record = JobFileRecord(0, origin.name, origin.origin, origin.id, FileOutcome.DONE)
    detection = Detection(origin.kind, origin.confidence or 0.0, origin.reasons)
    kept = Kept(origin.sha256, origin.size, desk.original(origin.sha256), detection)
    return ImportFile(record, kept)


def _note(desk: Desk, origin: SourceRecord, content: SourceContent, page: Page) -> None:
    """Say of the source what it is now, and that a person asked for it."""
    found = content.reading
    assert found is not None
    sure = found.confidence if found.fields else 0.0
    doubtful = bool(found.findings) or found.document_type is None or sure < SURE
    status = SourceStatus.PREVIEW if doubtful else SourceStatus.COMPLETED
    with writing(desk.engine) as connection:
        rows = sum(table.row_count for table in list_tables(connection, source_id=origin.id))
        connection.execute(
            source_update(
                origin.id,
                status=status.value,
                document_type=found.document_type,
                confidence=sure,
                reasons=list(found.reasons),
                row_count=rows,
            )
        )
        audit(
            connection,
            actor=desk.person,
            action="recognise",
            subject=f"source {origin.id}",
            now=desk.now(),
            detail={"page": page.number, "engine": page.engine},
        )
