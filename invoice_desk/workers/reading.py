"""Reading sources in a worker: tables, pages and fields, without storing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.core.source import PAGED, SPREADSHEETS, Kind, promises_other_than_text
from invoice_desk.core.tables import RowBatch, TableHead
from invoice_desk.documents.embedded import NO_XML, Embedded
from invoice_desk.documents.fields import DocumentReading, read_document
from invoice_desk.documents.page import Page, TextSource
from invoice_desk.errors import SourceError, UnsupportedKindError
from invoice_desk.readers.base import ReadTable, TextSpan
from invoice_desk.workers.contract import Chunk, Outcome
from invoice_desk.workers.tasks import task

SPAN_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class ReadSource:
    """Read a file; what is too much for one chunk comes back as follow-ups."""

    path: str
    name: str
    kind: Kind
    span_bytes: int = SPAN_BYTES
    #: Engine that reads every page, whatever text layer there is.
    ocr: str | None = None
    #: Whether only the visible page of an e-invoice counts.
    ignore_xml: bool = False


@dataclass(frozen=True, slots=True)
class ReadSpan:
    """Read a part of a large text."""

    path: str
    span: TextSpan
    head: TableHead


@dataclass(frozen=True, slots=True)
class RecognisePage:
    """Recognise the text of one page."""

    path: str
    name: str
    kind: Kind
    number: int


@dataclass(frozen=True, slots=True)
class ReadFields:
    """Find the fields of a document whose pages are all read.

    Attributes:
        embedded: What the first reading found among the embedded files of the PDF.
    """

    name: str
    pages: tuple[Page, ...]
    embedded: Embedded = NO_XML


ReadingPayload = ReadSource | ReadSpan | RecognisePage | ReadFields


def part_of(payload: ReadingPayload) -> str:
    """Return which part of its source a payload is about; the same each time it is planned."""
    match payload:
        case ReadSource():
            return "head"
        case ReadSpan(span=span):
            return f"span:{span.start}-{span.stop}"
        case RecognisePage(number=number):
            return f"page:{number}"
        case ReadFields():
            return "fields"


@dataclass(frozen=True, slots=True)
class SourceContent:
    """What was found in a source, or in a part of it.

    Attributes:
        tables: New raw tables, with the rows that are known already.
        rows: Rows of the source's only table, when this is a later part of it.
        pages: Pages that are read; when `reading` is None there are more to come.
        reading: Fields of a document.
        follow_ups: What is left to do.
        embedded: E-invoices of a PDF that has pages left to do.
    """

    tables: tuple[ReadTable, ...] = ()
    rows: RowBatch | None = None
    pages: tuple[Page, ...] = ()
    reading: DocumentReading | None = None
    findings: tuple[Finding, ...] = ()
    follow_ups: tuple[ReadingPayload, ...] = ()
    page_count: int = 0
    embedded: Embedded = NO_XML


def read_payload(payload: ReadingPayload) -> SourceContent:
    """Do what `payload` asks for.

    Raises:
        SourceError: If the source cannot be read.
    """
    match payload:
        case ReadSource():
            return _read_source(payload)
        case ReadSpan(path, span, head):
            from invoice_desk.readers.delimited import read_span

            return SourceContent(rows=read_span(Path(path), span, head))
        case RecognisePage(path, name, kind, number):
            return _recognised(Path(path), name, kind, number)
        case ReadFields(name, pages, embedded):
            return _document(name, pages, embedded)


@task
def _read(payload: ReadingPayload) -> SourceContent:
    return read_payload(payload)


def read(chunk: Chunk[ReadingPayload]) -> Outcome[SourceContent]:
    """Read a chunk of a source."""
    return _read(chunk)


def _read_source(payload: ReadSource) -> SourceContent:
    path, kind = Path(payload.path), payload.kind
    if kind is Kind.CSV:
        return _read_text(payload)
    if kind in SPREADSHEETS:
        from invoice_desk.readers.spreadsheet import read_spreadsheet

        return SourceContent(tables=tuple(read_spreadsheet(path, name=payload.name)))
    if kind in PAGED:
        return _read_paged(payload)
    if kind is Kind.XML:
        return _read_xml(path, payload.name)
    told = "no known kind" if kind is Kind.UNKNOWN else f"the kind {kind}, which is not read yet"
    raise UnsupportedKindError(f"{payload.name} is of {told}.")


def _read_text(payload: ReadSource) -> SourceContent:
    from invoice_desk.readers.delimited import (
        SAMPLE_BYTES,
        plan_spans,
        read_head,
        read_span,
        read_tables,
    )

    path = Path(payload.path)
    findings: list[Finding] = []
    if promises_other_than_text(payload.name):
        findings.append(Finding(FindingCode.KIND_MISMATCH, Severity.WARNING, text=payload.name))
    if path.stat().st_size < min(SAMPLE_BYTES, payload.span_bytes):
        found = tuple(read_tables(path, name=payload.name))
        return SourceContent(tables=found, findings=tuple(findings))
    head = read_head(path, name=payload.name)
    spans = plan_spans(path, head, span_bytes=payload.span_bytes)
    first = read_span(path, spans[0], head)
    later = tuple(ReadSpan(payload.path, span, head) for span in spans[1:])
    return SourceContent(
        tables=(ReadTable(head, first),), findings=tuple(findings), follow_ups=later
    )


def _read_xml(path: Path, name: str) -> SourceContent:
    from invoice_desk.documents.einvoice_reading import reading_of
    from invoice_desk.documents.einvoice_xml import MAX_BYTES
    from invoice_desk.documents.embedded import read_invoice

    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)  # one more than is accepted, so that more is refused
    return _content(name, (), reading_of(read_invoice(data, name=name)))


def _read_paged(payload: ReadSource) -> SourceContent:
    """Read all pages that have text; one picture is recognised at once, more are follow-ups."""
    path, name, kind = Path(payload.path), payload.name, payload.kind
    embedded = NO_XML
    if kind is Kind.IMAGE:
        from invoice_desk.documents.ocr import open_image

        frames = open_image(path, name=name)
        pages = [Page(i + 1, frame.width, frame.height) for i, frame in enumerate(frames)]
        del frames
    else:
        from invoice_desk.documents.embedded import embedded_invoice
        from invoice_desk.documents.pdf import read_text_layers

        pages = read_text_layers(path, name=name)
        if not payload.ignore_xml:
            embedded = embedded_invoice(path, name=name)
        if payload.ocr is not None:
            pages = [Page(page.number, page.width, page.height) for page in pages]
    pictures = [page for page in pages if page.text_source is TextSource.NONE]
    if len(pictures) > 1:
        todo = tuple(RecognisePage(str(path), name, kind, page.number) for page in pictures)
        known = tuple(page for page in pages if page.text_source is not TextSource.NONE)
        return SourceContent(pages=known, follow_ups=todo, page_count=len(pages), embedded=embedded)
    findings: tuple[Finding, ...] = ()
    if pictures:
        found = _recognised(path, name, kind, pictures[0].number)
        findings = found.findings
        pages = [found.pages[0] if page is pictures[0] else page for page in pages]
    return _document(name, tuple(pages), embedded, findings)


def _recognised(path: Path, name: str, kind: Kind, number: int) -> SourceContent:
    """Recognise one page; a page that cannot be drawn is kept empty, with a finding."""
    from invoice_desk.documents.ocr import default_engine, open_image
    from invoice_desk.documents.pdf import render

    try:
        if kind is Kind.IMAGE:
            image = open_image(path, name=name)[number - 1]
        else:
            image = render(path, number, name=name)
        page = default_engine().recognise(image, number=number)
    except SourceError as error:
        failed = Finding(FindingCode.PAGE_UNREADABLE, Severity.ERROR, text=str(error))
        return SourceContent(pages=(Page(number, 0, 0),), findings=(failed,))
    return SourceContent(pages=(page,))


def _document(
    name: str, pages: Sequence[Page], embedded: Embedded, findings: tuple[Finding, ...] = ()
) -> SourceContent:
    """Find the fields: those of an embedded e-invoice, held against what the pages say."""
    reading = read_document(pages)
    if embedded != NO_XML:
        from invoice_desk.documents.einvoice_reading import unreadable_findings, witnessed

        findings = (*findings, *unreadable_findings(embedded))
        if embedded.found is not None:
            reading = witnessed(embedded, reading, pages)
    if embedded.found is not None or reading.document_type is None:
        return _content(name, pages, reading, findings=findings)
    from invoice_desk.workers.document_tables import page_lines

    reading, lines = page_lines(name, pages, reading)
    return _content(name, pages, reading, lines=lines, findings=findings)


def _content(
    name: str,
    pages: Sequence[Page],
    reading: DocumentReading,
    *,
    lines: ReadTable | None = None,
    findings: tuple[Finding, ...] = (),
) -> SourceContent:
    """Return a document with its tables; lines are those of an XML when none are given."""
    from invoice_desk.workers.document_tables import document_table, lines_table

    tables: tuple[ReadTable, ...] = ()
    if reading.fields:
        lines = lines or lines_table(name, reading)
        tables = (document_table(name, reading), *([lines] if lines is not None else ()))
    return SourceContent(
        tables=tables,
        pages=tuple(pages),
        reading=reading,
        findings=(*findings, *reading.findings),
        page_count=len(pages),
    )
