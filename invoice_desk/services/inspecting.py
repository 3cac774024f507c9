"""Inspect and convert: what a file is and holds, without a desk."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.findings import Finding
from invoice_desk.core.jobs import ChunkId, ChunksAdded, Job, UploadCompleted
from invoice_desk.core.mapping import suggestions_for
from invoice_desk.core.sentences import sentence
from invoice_desk.core.source import (
    CONTAINERS,
    MAILS,
    Detection,
    Kind,
    detect_kind,
    has_members,
)
from invoice_desk.core.tables import RowBatch, TableHead
from invoice_desk.core.type_detection import best_type
from invoice_desk.documents.embedded import NO_XML, Embedded
from invoice_desk.documents.fields import DocumentReading
from invoice_desk.documents.ocr import check_engines, engine_order
from invoice_desk.documents.page import Page, lines_of
from invoice_desk.errors import SourceError, UnreadableSourceError, UserError
from invoice_desk.readers.archive import member_names
from invoice_desk.readers.containers import unpack_container
from invoice_desk.services.keeping import find_files
from invoice_desk.services.passwords import known_passwords, passwords_for
from invoice_desk.settings import load_settings
from invoice_desk.workers.contract import Failure, Success
from invoice_desk.workers.executors import default_workers, inline_executor, local_executor
from invoice_desk.workers.reading import (
    ReadFields,
    ReadingPayload,
    ReadSource,
    RecognisePage,
    SourceContent,
    read,
    read_payload,
    unread_pages,
)
from invoice_desk.workers.runner import JobRunner
from invoice_desk.writers.tables import write_raw_csv

#: Archives and mails in each other; what lies deeper is named, and not opened.
MAX_NESTING = 4


@dataclass(slots=True)
class InspectedTable:
    """A raw table, with as many of its rows as the caller asked to keep."""

    head: TableHead
    row_count: int = 0
    derived: list[int] = field(default_factory=list)
    batches: dict[int, RowBatch] = field(default_factory=dict)


@dataclass(slots=True)
class Inspected:
    """One document, and what was found in it."""

    file: str
    detection: Detection
    digest: str = ""
    error: dict[str, str] | None = None
    tables: list[InspectedTable] = field(default_factory=list)
    pages: dict[int, Page] = field(default_factory=dict)
    expected_pages: int = 0
    reading: DocumentReading | None = None
    embedded: Embedded = NO_XML
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0


class _Inspection:
    """Reads files with workers and gathers what they find."""

    def __init__(
        self,
        *,
        keep_rows: bool,
        ocr: str | None = None,
        workers: int | None = None,
        ignore_xml: bool = False,
        passwords: Callable[[], tuple[str, ...]] = known_passwords,
    ) -> None:
        self._keep_rows = keep_rows
        self._passwords = cache(passwords)
        self._ocr = ocr
        self._engines = engine_order(load_settings().ocr_engines)
        self._ignore_xml = ignore_xml
        self._workers = workers
        self.documents: list[Inspected] = []
        self._units: dict[ChunkId, tuple[Inspected, ReadingPayload]] = {}

    def run(self, paths: Sequence[Path]) -> list[Inspected]:
        with tempfile.TemporaryDirectory(prefix="invoice-desk-") as folder:
            for path, error in find_files(paths):
                if error is not None:
                    self._failed_file(str(path), error)
                else:
                    self._add(path, str(path), Path(folder), depth=0)
            if self._units:
                self._read_all()
        return self.documents

    def _add(
        self, path: Path, shown: str, scratch: Path, *, depth: int, only_kept: str = ""
    ) -> None:
        name = Path(shown).name
        try:
            with path.open("rb") as file:
                head = file.read(1 << 16)
                file.seek(0)
                digest = sha256()
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            self._failed_file(shown, UnreadableSourceError(f"{name}: {error.strerror}."))
            return
        members = member_names(path) if has_members(head) else ()
        document = Inspected(shown, detect_kind(name, head, members=members), digest.hexdigest())
        if not head:
            document.error = _error("empty", f"{name} is empty.", "Export or scan it again.")
            document.detection = Detection(Kind.UNKNOWN, 0.0, ("is empty",))
        elif document.detection.kind in CONTAINERS and depth < MAX_NESTING:
            self._unpack(path, document, scratch, depth=depth)
            return
        self.documents.append(document)
        if only_kept:
            reasons = (*document.detection.reasons, only_kept)
            document.detection = replace(document.detection, reasons=reasons)
        elif document.error is None:
            self._read(path, document)

    def _read(self, path: Path, document: Inspected) -> None:
        kind = document.detection.kind
        payload = ReadSource(
            str(path),
            Path(document.file).name,
            kind,
            ocr=self._ocr,
            engines=self._engines,
            ignore_xml=self._ignore_xml,
            passwords=passwords_for(path, kind, self._passwords),
        )
        self._plan(document, payload)

    def _unpack(self, path: Path, holder: Inspected, scratch: Path, *, depth: int) -> None:
        """Add what lies in an archive or hangs on a mail; the mail itself stands before it."""
        folder = scratch / str(len(list(scratch.iterdir())))
        folder.mkdir()
        kind, name = holder.detection.kind, Path(holder.file).name
        if kind in MAILS:
            self.documents.append(holder)
        before = len(self.documents)
        try:
            for member, place in unpack_container(
                path, folder, name=name, kind=kind, passwords=self._passwords
            ):
                shown = f"{holder.file}!/{member.path}"
                if isinstance(place, SourceError):
                    self._failed_file(shown, place)
                else:
                    kept = member.only_kept
                    self._add(place, shown, scratch, depth=depth + 1, only_kept=kept)
        except SourceError as error:
            holder.error = _error(error.code, str(error), error.advice)
        if kind in MAILS:
            if holder.error is None:
                self._read(path, holder)
        elif len(self.documents) == before or holder.error:
            holder.error = holder.error or _error("empty", "The archive is empty.", "")
            self.documents.append(holder)

    def _failed_file(self, shown: str, error: UserError) -> None:
        detection = Detection(Kind.UNKNOWN, 0.0)
        failed = _error(error.code, str(error), error.advice)
        self.documents.append(Inspected(shown, detection, error=failed))

    def _plan(self, document: Inspected, payload: ReadingPayload) -> ChunkId:
        chunk = ChunkId(len(self._units))
        self._units[chunk] = (document, payload)
        return chunk

    def _read_all(self) -> None:
        job = Job(window=2 * (self._workers or default_workers()), max_attempts=1)
        job.handle(ChunksAdded(tuple(self._units)))
        job.handle(UploadCompleted())
        runner: JobRunner[ReadingPayload, SourceContent] = JobRunner(
            self._executor_factory(),
            read,
            payload_of=lambda chunk: self._units[chunk][1],
            store=self._gather,
            failed=self._note_failure,
            notify=lambda _state, _progress: None,
        )
        runner.run(job)

    def _executor_factory(self) -> Callable[[], Executor]:
        """Return workers: processes, so that a file that crashes a library harms only itself."""
        only_text = all(
            isinstance(payload, ReadSource) and payload.kind in {Kind.CSV, Kind.XML}
            for _, payload in self._units.values()
        )
        return inline_executor if only_text else lambda: local_executor(self._workers)

    def _gather(self, chunk: ChunkId, success: Success[SourceContent]) -> list[ChunkId]:
        document, payload = self._units[chunk]
        content = success.value
        document.seconds += success.seconds
        document.expected_pages = content.page_count or document.expected_pages
        document.pages |= {page.number: page for page in content.pages}
        document.findings.extend(content.findings)
        document.reading = content.reading or document.reading
        document.embedded = content.embedded if content.follow_ups else document.embedded
        for table in content.tables:
            found = InspectedTable(table.head)
            document.tables.append(found)
            document.findings.extend(table.findings)
            self._take_rows(found, chunk, table.rows)
        if content.rows is not None:
            self._take_rows(document.tables[0], chunk, content.rows)
        chunks = [self._plan(document, later) for later in content.follow_ups]
        if isinstance(payload, RecognisePage) and len(document.pages) == document.expected_pages:
            pages = tuple(document.pages[n] for n in sorted(document.pages))
            name, count = Path(document.file).name, document.expected_pages
            fields = ReadFields(name, pages, document.embedded, count)
            chunks.append(self._plan(document, fields))
        return chunks

    def _take_rows(self, table: InspectedTable, chunk: ChunkId, batch: RowBatch) -> None:
        table.row_count += len(batch)
        table.derived.extend(batch.derived)
        if self._keep_rows:
            table.batches[chunk] = batch

    def _note_failure(self, chunk: ChunkId, failure: Failure) -> None:
        document, payload = self._units[chunk]
        if isinstance(payload, RecognisePage):
            self._give_page_up(chunk, unread_pages(payload, failure.message))
            return
        document.error = _error(failure.code, failure.message, failure.advice)

    def _give_page_up(self, chunk: ChunkId, content: SourceContent) -> None:
        """Go on without a page that took its worker down: it is kept empty, with a finding."""
        for later in self._gather(chunk, Success(content, 0.0)):
            self._gather(later, Success(read_payload(self._units[later][1]), 0.0))


def inspect_files(
    paths: Sequence[Path],
    types: Mapping[str, DocumentType],
    *,
    text: bool = False,
    ocr: str | None = None,
    workers: int | None = None,
    ignore_xml: bool = False,
    passwords: Callable[[], tuple[str, ...]] = known_passwords,
) -> list[dict[str, Any]]:
    """Return one plain object a document: what it is, its tables, fields, pages and doubts.

    Args:
        paths: Files or folders; a ZIP gives one object a member.
        types: Document types to recognise.
        text: Whether to add the lines of each page.
        ocr: Engine that reads every page, whatever text layer there is.
        workers: Worker processes; None for one a core.
        ignore_xml: Whether only the visible page of an e-invoice counts.
        passwords: Gives those to try, asked when a document is protected.

    Raises:
        ArgumentError: If there is no such engine.
        EngineError: If it cannot be used on this machine.
    """
    check_engines([] if ocr is None else [ocr])
    begun = time.perf_counter()
    inspection = _Inspection(
        keep_rows=False, ocr=ocr, workers=workers, ignore_xml=ignore_xml, passwords=passwords
    )
    documents = inspection.run(paths)
    overhead = time.perf_counter() - begun - sum(document.seconds for document in documents)
    share = max(0.0, overhead) / max(1, len(documents))
    return [_described(document, types, text=text, share=share) for document in documents]


def convert_files(
    paths: Sequence[Path],
    target: Path,
    *,
    passwords: Callable[[], tuple[str, ...]] = known_passwords,
) -> list[dict[str, Any]]:
    """Write the tables of files as read into `target`; return one object a file.

    `DIR/<file name>.csv` holds the first table, `.2.csv` the second; one header row, titles
    and notes left out; `DIR/_meta.json` says what was found.
    """
    target.mkdir(parents=True, exist_ok=True)
    documents = _Inspection(keep_rows=True, passwords=passwords).run(paths)
    meta_path = target / "_meta.json"
    meta = json.loads(meta_path.read_text("utf-8")) if meta_path.exists() else {}
    results = []
    for document in documents:
        name = Path(document.file).name
        meta[name] = {"tables": [_table(t, {}, name) for t in document.tables]}
        written = []
        for number, table in enumerate(document.tables, start=1):
            path = target / (f"{name}.csv" if number == 1 else f"{name}.{number}.csv")
            write_raw_csv(_rows_of(table), path)
            written.append(str(path))
        if document.error and document.error["code"] == "empty":
            write_raw_csv(iter(()), target / f"{name}.csv")  # nothing in, nothing out
            written.append(str(target / f"{name}.csv"))
        results.append({"file": document.file, "written": written, "error": document.error})
    meta_path.write_text(json.dumps(meta, ensure_ascii=False, indent=1), "utf-8")
    return results


def _rows_of(table: InspectedTable) -> Iterator[list[str]]:
    """Yield heading and rows; delimiters at the end of a row count, so that all are as wide."""
    head = table.head
    heading = _filled(head.structure.columns, head.details.get("header_cells", 0))
    width = max(len(heading), head.dialect.width if head.dialect else 0)
    if head.structure.header_rows or any(heading):
        yield heading
    for chunk in sorted(table.batches):
        for cells in table.batches[chunk].cells.to_pylist():
            yield _filled(json.loads(cells), width)


def _filled(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]


def _described(
    document: Inspected, types: Mapping[str, DocumentType], *, text: bool, share: float
) -> dict[str, Any]:
    name = Path(document.file).name
    kind, confidence, reasons = _type_of(document, types, name)
    pages = [document.pages[number] for number in sorted(document.pages)]
    return {
        "file": document.file,
        "sha256": document.digest,
        "kind": document.detection.kind.value,
        "document_type": kind,
        "confidence": confidence,
        "reasons": [*document.detection.reasons, *reasons],
        "document_class": _class_of(document.reading),
        "error": document.error,
        "tables": [_table(table, types, name) for table in document.tables],
        "fields": _fields(document.reading),
        "lines": [dict(line) for line in document.reading.lines] if document.reading else [],
        "taxes": [dict(tax) for tax in document.reading.taxes] if document.reading else [],
        "findings": [_finding(found, types) for found in document.findings],
        "pages": [_page(page, text=text) for page in pages],
        "seconds": round(document.seconds + share, 3),
    }


def _type_of(
    document: Inspected, types: Mapping[str, DocumentType], name: str
) -> tuple[str | None, float, tuple[str, ...]]:
    if document.reading is not None:
        found = document.reading
        return found.document_type, found.confidence, found.reasons
    matches = [best_type(types.values(), name, t.head.structure.columns) for t in document.tables]
    best = max(matches, key=lambda m: (m.document_type is not None, m.confidence), default=None)
    if best is None:
        return None, 0.0, ()
    return best.document_type, best.confidence, best.reasons


def _class_of(found: DocumentReading | None) -> dict[str, Any] | None:
    """Return what a document is; None for tables, which are none."""
    if found is None:
        return None
    return {
        "name": found.document_class,
        "confidence": found.confidence,
        "reasons": list(found.reasons),
        "language": found.language,
    }


def _table(
    table: InspectedTable, types: Mapping[str, DocumentType], file_name: str
) -> dict[str, Any]:
    structure = table.head.structure
    chosen = best_type(types.values(), file_name, structure.columns).document_type
    order = sorted(types.values(), key=lambda made: made.name != chosen)
    return {
        "name": table.head.name,
        "sheet": table.head.sheet,
        "page": table.head.page,
        "title_rows": list(structure.title_rows),
        "header_rows": list(structure.header_rows),
        "first_data_row": structure.first_data_row,
        "dialect": None if table.head.dialect is None else asdict(table.head.dialect),
        "derived_rows": sorted(structure.derived_rows or table.derived),
        "note_rows": list(structure.note_rows),
        "group_rows": list(structure.group_rows),
        "columns": list(structure.columns),
        "row_count": table.row_count,
        "mapping": [
            {
                "column": column,
                "suggestions": [
                    {"field": s.field, "confidence": s.confidence, "reasons": list(s.reasons)}
                    for s in suggestions_for(column, order)
                ],
            }
            for column in structure.columns
        ],
    }


def _fields(found: DocumentReading | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        name: {
            "value": value.value,
            "text": value.text,
            "confidence": value.confidence,
            "page": value.page,
            "box": [round(v, 2) for v in value.box],
            "engine": value.engine,
        }
        for name, value in found.fields.items()
    }


def _finding(found: Finding, types: Mapping[str, DocumentType]) -> dict[str, Any]:
    message = sentence(str(found.code), types.values())
    return {
        "code": str(found.code),
        "severity": str(found.severity),
        "field": found.field,
        "message": f"{message} ({found.text})" if found.text else message,
    }


def _page(page: Page, *, text: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "number": page.number,
        "text_source": page.text_source.value,
        "engine": page.engine,
        "reason": str(page.reason),
        "turned": round(page.turned, 2),
        "words": len(page.words),
    }
    if text:
        described["lines"] = [
            {"text": line.text, "box": [round(v, 2) for v in line.box]} for line in lines_of(page)
        ]
    return described


def _error(code: str, message: str, advice: str) -> dict[str, str]:
    return {"code": code, "message": message, "advice": advice}
