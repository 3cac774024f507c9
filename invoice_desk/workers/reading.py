"""Reading sources in a worker: tables, pages and fields, without storing anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from invoice_desk.collecting import no_collecting
from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.core.source import MAILS, PAGED, SPREADSHEETS, Kind, promises_other_than_text
from invoice_desk.core.tables import RowBatch, TableHead
from invoice_desk.documents.embedded import NO_XML, Embedded
from invoice_desk.documents.extraction.invoice_fields import read_document
from invoice_desk.documents.fields import NO_PAGE, DocumentReading
from invoice_desk.documents.ocr import DEFAULT_ORDER, pages_at_once
from invoice_desk.documents.page import Page, PageReason, TextSource
from invoice_desk.documents.pdf_opening import trying
from invoice_desk.documents.recognising import PageWanted, is_known, recognise_page, recognise_pages
from invoice_desk.errors import IncompleteReadingError, UnsupportedKindError
from invoice_desk.readers.base import ReadTable, TextSpan
from invoice_desk.workers.contract import Chunk, Outcome
from invoice_desk.workers.tasks import task

SPAN_BYTES = 8 << 20
#: How sure a field is at most, where several documents in one file may be mixed.
_OF_SEVERAL = 0.5


@dataclass(frozen=True, slots=True)
class ReadSource:
    """Read a file; what is too much for one chunk comes back as follow-ups."""

    path: str
    name: str
    kind: Kind
    span_bytes: int = SPAN_BYTES
    #: Engine that reads every page, whatever text layer there is.
    ocr: str | None = None
    #: Engines for pages without text, in the order in which they are tried.
    engines: tuple[str, ...] = DEFAULT_ORDER
    #: What engines found on its pages before.
    known: tuple[Page, ...] = ()
    #: Whether only the visible page of an e-invoice counts.
    ignore_xml: bool = False
    #: To try on a PDF that is protected; never stored and never shown.
    passwords: tuple[str, ...] = field(default=(), repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class ReadSpan:
    """Read a part of a large text."""

    path: str
    span: TextSpan
    head: TableHead


@dataclass(frozen=True, slots=True)
class RecognisePage:
    """Recognise the text of one page, or of several for an engine that takes them together.

    Attributes:
        more: Number and reason of the other pages.
    """

    path: str
    name: str
    kind: Kind
    number: int
    #: Why its own text is not used; see `PageReason`.
    reason: str = PageReason.PICTURE
    engines: tuple[str, ...] = DEFAULT_ORDER
    more: tuple[tuple[int, str], ...] = ()
    passwords: tuple[str, ...] = field(default=(), repr=False, kw_only=True)

    @property
    def pages(self) -> tuple[tuple[int, str], ...]:
        """Return number and reason of all its pages."""
        return ((self.number, self.reason), *self.more)


@dataclass(frozen=True, slots=True)
class ReadFields:
    """Find the fields of a document whose pages are all read.

    Attributes:
        embedded: What the first reading found among the embedded files of the PDF.
    """

    name: str
    pages: tuple[Page, ...]
    embedded: Embedded = NO_XML
    #: How many pages there are; 0 when nobody counted.
    page_count: int = 0
    #: Whether a person said that it is one document.
    is_one: bool = False


ReadingPayload = ReadSource | ReadSpan | RecognisePage | ReadFields


#: The part of recognised pages begins so, with their numbers behind it.
_PAGES = "page:"


def part_of(payload: ReadingPayload) -> str:
    """Return which part of its source a payload is about; the same each time it is planned."""
    match payload:
        case ReadSource():
            return "head"
        case ReadSpan(span=span):
            return f"span:{span.start}-{span.stop}"
        case RecognisePage(pages=pages):
            return _PAGES + "+".join(str(number) for number, _ in pages)
        case ReadFields():
            return "fields"


def page_count(payload: ReadingPayload) -> int:
    """Return how many pages a payload is about; what is not about pages counts as one."""
    return len(payload.pages) if isinstance(payload, RecognisePage) else 1


def left_to_do(payload: ReadingPayload, parts: Iterable[str]) -> ReadingPayload | None:
    """Return what is left of a payload when these parts of its source are stored."""
    stored = set(parts)
    if not isinstance(payload, RecognisePage):
        return None if part_of(payload) in stored else payload
    lists = (part.removeprefix(_PAGES) for part in stored if part.startswith(_PAGES))
    done = {int(number) for numbers in lists for number in numbers.split("+")}
    left = [page for page in payload.pages if page[0] not in done]
    if not left:
        return None
    return replace(payload, number=left[0][0], reason=left[0][1], more=tuple(left[1:]))


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
        recognised: Pages as engines found them just now, to be kept for the next time.
        page_hash: Of the picture of the first page, where it was recognised.
    """

    tables: tuple[ReadTable, ...] = ()
    rows: RowBatch | None = None
    pages: tuple[Page, ...] = ()
    reading: DocumentReading | None = None
    findings: tuple[Finding, ...] = ()
    follow_ups: tuple[ReadingPayload, ...] = ()
    page_count: int = 0
    embedded: Embedded = NO_XML
    recognised: tuple[Page, ...] = ()
    page_hash: int | None = None


def read_payload(payload: ReadingPayload) -> SourceContent:
    """Do what `payload` asks for.

    Raises:
        SourceError: If the source cannot be read.
    """
    with no_collecting():
        return _done(payload)


def _done(payload: ReadingPayload) -> SourceContent:
    match payload:
        case ReadSource():
            return _read_whole(payload)
        case ReadSpan(path, span, head):
            from invoice_desk.readers.delimited import read_span

            return SourceContent(rows=read_span(Path(path), span, head))
        case RecognisePage():
            with trying(payload.passwords):
                return _recognised(payload)
        case ReadFields(name, pages, embedded, expected, is_one):
            found = _document(name, pages, embedded, expected=expected or None)
            return found if is_one else _with_proposal(found, pages)


@task
def _read(payload: ReadingPayload) -> SourceContent:
    return read_payload(payload)


def read(chunk: Chunk[ReadingPayload]) -> Outcome[SourceContent]:
    """Read a chunk of a source."""
    return _read(chunk)


def _read_whole(payload: ReadSource) -> SourceContent:
    """Read a source, with what is told of it as a file; what it left to do knows the passwords."""
    with trying(payload.passwords):
        content = _read_source(payload)
        if payload.kind in PAGED:
            content = _with_proposal(content, content.pages)
        if payload.kind is Kind.PDF:
            from invoice_desk.documents.pdf_marks import marks_of

            marks = marks_of(Path(payload.path), name=payload.name)
            content = replace(content, findings=(*marks, *content.findings))
    if not payload.passwords:
        return content
    later = tuple(
        replace(left, passwords=payload.passwords) if isinstance(left, RecognisePage) else left
        for left in content.follow_ups
    )
    return replace(content, follow_ups=later)


def _with_proposal(content: SourceContent, pages: Sequence[Page]) -> SourceContent:
    """Propose to split what seems to be several documents; an e-invoice says that it is one."""
    from invoice_desk.documents.splits import propose_splits, told_splits

    reading = content.reading
    if reading is None or any(field.page == NO_PAGE for field in reading.fields.values()):
        return content
    splits = propose_splits(pages)
    if not splits:
        return content
    text = told_splits(splits)
    proposal = Finding(FindingCode.DOCUMENT_SPLIT, Severity.WARNING, text=text)
    return replace(_of_several(content, reading), findings=(proposal, *content.findings))


def _of_several(content: SourceContent, reading: DocumentReading) -> SourceContent:
    """Call no field sure: each may be of another document of the file."""
    fields = {
        name: replace(field, confidence=min(field.confidence, _OF_SEVERAL))
        for name, field in reading.fields.items()
    }
    reading = replace(reading, fields=fields)
    if content.tables:
        from invoice_desk.workers.document_tables import with_reading

        tables = tuple(with_reading(table, reading) for table in content.tables)
        content = replace(content, tables=tables)
    return replace(content, reading=reading)


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
    if kind in MAILS:
        return _read_mail(path, payload.name, kind)
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


def _read_mail(path: Path, name: str, kind: Kind) -> SourceContent:
    """Read the text of a mail; it is a document itself if no other hangs on the mail."""
    from invoice_desk.documents.mail_pages import mail_pages, without_envelope
    from invoice_desk.readers.mail import has_documents, read_mail

    mail = read_mail(path, name=name, kind=kind)
    pages = tuple(mail_pages(mail.headers, mail.text))
    odd = tuple(
        Finding(FindingCode.MAIL_DAMAGED, Severity.WARNING, text=text) for text in mail.problems
    )
    if not has_documents(mail):
        reading = read_document(without_envelope(pages, mail.headers))
        if reading.document_type is not None and "total_amount" in reading.fields:
            return _content(name, pages, reading, findings=odd)
    return SourceContent(pages=pages, findings=odd, page_count=len(pages))


def _read_paged(payload: ReadSource) -> SourceContent:
    """Read all pages that have text; one picture is recognised at once, more are follow-ups."""
    pages, embedded = _pages_as_they_are(payload)
    todo = [page for page in pages if page.text_source is TextSource.NONE]
    got = [recognise_page(want) for want in _wanted(payload, todo) if is_known(want)]
    recalled = {found.page.number: found.page for found in got}
    left = [page for page in todo if page.number not in recalled]
    if len(left) == 1:
        got += [recognise_page(want) for want in _wanted(payload, left)]
        recalled = {found.page.number: found.page for found in got}
        left = []
    findings = tuple(finding for found in got for finding in found.findings)
    new = tuple(page for found in got for page in found.recognised)
    waiting = {page.number for page in left}
    done = [recalled.get(p.number, p) for p in pages if p.number not in waiting]
    if left:
        return SourceContent(
            pages=tuple(done),
            findings=findings,
            follow_ups=tuple(_follow_ups(payload, left)),
            page_count=len(pages),
            embedded=embedded,
        )
    content = _document(payload.name, done, embedded, findings, expected=len(pages))
    hashed = next((found.page_hash for found in got if found.page.number == 1), None)
    return replace(content, recognised=new, page_hash=hashed)


def _pages_as_they_are(payload: ReadSource) -> tuple[list[Page], Embedded]:
    """Return all pages, those to be recognised without words, and e-invoices inside."""
    path, name = Path(payload.path), payload.name
    if payload.kind is Kind.IMAGE:
        from invoice_desk.documents.pictures import count_frames

        frames = range(count_frames(path, name=name))
        return [Page(at + 1, 0, 0, reason=PageReason.PICTURE) for at in frames], NO_XML
    from invoice_desk.documents.embedded import embedded_invoice
    from invoice_desk.documents.pdf import read_text_layers

    pages = read_text_layers(path, name=name)
    if payload.ocr is not None:
        asked = PageReason.ASKED_FOR
        pages = [Page(page.number, page.width, page.height, reason=asked) for page in pages]
    if payload.ignore_xml:
        return pages, NO_XML
    return pages, embedded_invoice(path, name=name)


def _order(payload: ReadSource) -> tuple[str, ...]:
    """Return the engines to try: the one that was asked for, then the others in their order."""
    first = () if payload.ocr is None else (payload.ocr,)
    return (*first, *(name for name in payload.engines if name not in first))


def _wanted(payload: ReadSource, pages: Sequence[Page]) -> list[PageWanted]:
    path, order = Path(payload.path), _order(payload)
    return [
        PageWanted(path, payload.name, payload.kind, page.number, page.reason, order, payload.known)
        for page in pages
    ]


def _follow_ups(payload: ReadSource, pages: Sequence[Page]) -> Iterator[RecognisePage]:
    """Yield the pages one by one, or as many at a time as the first engine takes."""
    order = _order(payload)
    size = pages_at_once(order[0]) if order else 1
    for at in range(0, len(pages), size):
        first, *others = pages[at : at + size]
        more = tuple((page.number, page.reason) for page in others)
        yield RecognisePage(
            *(payload.path, payload.name, payload.kind, first.number, first.reason, order), more
        )


def _recognised(payload: RecognisePage) -> SourceContent:
    """Recognise pages; one that cannot be read is kept empty, with a finding."""
    path = Path(payload.path)
    got = recognise_pages(
        [
            PageWanted(path, payload.name, payload.kind, number, reason, payload.engines)
            for number, reason in payload.pages
        ]
    )
    return SourceContent(
        pages=tuple(each.page for each in got),
        findings=tuple(finding for each in got for finding in each.findings),
        recognised=tuple(page for each in got for page in each.recognised),
        page_hash=next((e.page_hash for e in got if e.page_hash is not None), None),
    )


def unread_pages(payload: RecognisePage, why: str) -> SourceContent:
    """Return what there is of pages that could not be read."""
    numbers = [number for number, _ in payload.pages]
    findings = (
        Finding(FindingCode.PAGE_UNREADABLE, Severity.ERROR, text=f"page {number}: {why}")
        for number in numbers
    )
    pages = (Page(number, 0, 0, reason=PageReason.UNREADABLE) for number in numbers)
    return SourceContent(pages=tuple(pages), findings=tuple(findings))


def _document(
    name: str,
    pages: Sequence[Page],
    embedded: Embedded,
    findings: tuple[Finding, ...] = (),
    *,
    expected: int | None = None,
) -> SourceContent:
    """Find the fields: those of an embedded e-invoice, held against what the pages say.

    Raises:
        IncompleteReadingError: If these are not all the pages, once each and in their order.
    """
    count = len(pages) if expected is None else expected
    if [page.number for page in pages] != list(range(1, count + 1)):
        got = ", ".join(str(page.number) for page in pages)
        raise IncompleteReadingError(f"Of {count} pages of {name} came out: {got or 'none'}.")
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
