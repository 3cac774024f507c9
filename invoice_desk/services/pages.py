"""One page of a document recognised again, by an engine that a person names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace

from invoice_desk.core.findings import Severity
from invoice_desk.core.jobs import ChunkId
from invoice_desk.core.records import JobFileRecord, SourceRecord
from invoice_desk.core.source import PAGED, Detection, FileOutcome, SourceStatus
from invoice_desk.db.audit import audit
from invoice_desk.db.bulk import InProcessWriter
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.passes import delete_reading_findings
from invoice_desk.db.sources import get_source, list_pages, source_update
from invoice_desk.db.splits import DECLINED, get_split_choice
from invoice_desk.db.tables import list_tables
from invoice_desk.documents.embedded import NO_XML, embedded_invoice
from invoice_desk.documents.ocr import check_engines
from invoice_desk.documents.page import Page, PageReason, TextSource
from invoice_desk.documents.pdf_opening import trying
from invoice_desk.errors import ArgumentError, CorruptSourceError, JobStateError
from invoice_desk.services.batches import ImportFile
from invoice_desk.services.desk import Desk
from invoice_desk.services.keeping import Kept
from invoice_desk.services.known_invoices import remember_table
from invoice_desk.services.passwords import passwords_for
from invoice_desk.services.replacing import replace_table, replacements
from invoice_desk.services.storing import SURE, SourceStore, page_of
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
    with workers() as executor:
        content = _read_again(desk, origin, pages, page_number, engine=engine, executor=executor)
    _store(desk, origin, content, page_number)
    (page,) = content.pages
    _note(desk, origin, content, page)
    with reading(desk.engine) as connection:
        tables = list_tables(connection, source_id=origin.id)
    for table in tables:
        if "fields" in table.details:
            remember_table(desk, table.id)
    return page


def _read_again(
    desk: Desk,
    origin: SourceRecord,
    pages: Sequence[Page],
    number: int,
    *,
    engine: str,
    executor: Executor,
) -> SourceContent:
    """Return the page as it is recognised now, and what the whole document then says."""
    path = desk.original(origin.sha256)
    known = passwords_for(path, origin.kind, desk.passwords)
    with trying(known):
        embedded = embedded_invoice(path, name=origin.name) if origin.kind == "pdf" else NO_XML
    again = RecognisePage(
        *(str(path), origin.name, origin.kind, number, PageReason.ASKED_FOR),
        engines=(engine,),
        passwords=known,
    )
    got = _done(executor, again)
    page = got.pages[0]
    if page.text_source is TextSource.NONE:
        why = next((f.text for f in got.findings if f.text), "nothing was found")
        raise CorruptSourceError(f"{origin.name}, {why}")
    all_pages = tuple(page if p.number == number else p for p in pages)
    with reading(desk.engine) as connection:
        is_one = get_split_choice(connection, origin.id) == DECLINED
    fields = ReadFields(origin.name, all_pages, embedded, len(pages), is_one=is_one)
    content = _done(executor, fields)
    return replace(
        content,
        findings=(*got.findings, *content.findings),
        pages=got.pages,
        recognised=got.recognised,
    )


def _source(desk: Desk, source_id: int) -> tuple[SourceRecord, list[Page]]:
    with reading(desk.engine) as connection:
        origin = get_source(connection, source_id)
        pages = [page_of(values) for values in list_pages(connection, source_id)]
    if origin is None or origin.kind not in PAGED:
        raise ArgumentError(f"There is no source {source_id} that has pages.")
    if origin.status not in _READ:
        raise JobStateError(f"{origin.name} is not read yet, or a job works on it.")
    return origin, pages


def _done(executor: Executor, payload: ReadingPayload) -> SourceContent:
    outcome = executor.submit(read, Chunk(ChunkId(0), payload)).result()
    if isinstance(outcome, Failure):
        raise CorruptSourceError(outcome.message)
    return outcome.value


def _store(desk: Desk, origin: SourceRecord, content: SourceContent, page_number: int) -> None:
    """Store the page and what the document says now, in one transaction."""
    with reading(desk.engine) as connection:
        tables = list_tables(connection, source_id=origin.id)
    left = replacements(tables, content.tables)
    with InProcessWriter(desk.engine).transaction() as to:
        to.execute(delete_reading_findings(origin.id, page_number))
        for table, found in left.replaced:
            replace_table(desk, to, table, found)
        # What is left of the content goes the way of a source that is read for the first time.
        file = _file(desk, origin)
        file.tables = [table.id for table in tables]
        SourceStore(desk, ()).store(to, file, replace(content, tables=left.new))


def _file(desk: Desk, origin: SourceRecord) -> ImportFile:
    record = JobFileRecord(0, origin.name, origin.origin, origin.id, FileOutcome.DONE)
    detection = Detection(origin.kind, origin.confidence or 0.0, origin.reasons)
    kept = Kept(origin.sha256, origin.size, desk.original(origin.sha256), detection)
    return ImportFile(record, kept)


def _note(desk: Desk, origin: SourceRecord, content: SourceContent, page: Page) -> None:
    """Say of the source what it is now, and that a person asked for it."""
    found = content.reading
    assert found is not None
    sure = found.sureness
    is_doubted = any(each.severity is not Severity.INFO for each in found.findings)
    doubtful = is_doubted or sure < SURE
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
