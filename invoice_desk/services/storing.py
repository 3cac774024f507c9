"""Storing what workers read of a source: tables, rows, pages and doubts, raw."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from invoice_desk.core.findings import Finding, FindingCode, Severity, finding_table
from invoice_desk.core.mapping import Template, template_for
from invoice_desk.core.source import PAGED, FileOutcome, SourceStatus
from invoice_desk.core.tables import LINES_OF, RowBatch
from invoice_desk.core.type_detection import TypeMatch, best_type, map_by_headers, match_layout
from invoice_desk.db.bulk import BulkTransaction
from invoice_desk.db.decisions import decisions_brought_back, decisions_kept
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.jobs import file_update
from invoice_desk.db.page_search import page_text_put
from invoice_desk.db.passes import delete_source_findings, storable_findings
from invoice_desk.db.recognised import list_recognised, recognised_inserts
from invoice_desk.db.schema import finding as finding_rows
from invoice_desk.db.schema import raw_row
from invoice_desk.db.sources import page_inserts, source_reset, source_update
from invoice_desk.db.splits import get_split_choice
from invoice_desk.db.tables import (
    delete_tables,
    derived_rows_found,
    rows_added,
    storable_rows,
    table_insert,
)
from invoice_desk.documents.fields import NO_PAGE, DocumentReading
from invoice_desk.documents.page import Page, TextSource, Word
from invoice_desk.readers.base import ReadTable
from invoice_desk.services.batches import ImportFile
from invoice_desk.services.desk import Desk
from invoice_desk.services.keeping import Kept
from invoice_desk.services.supplier_memory import with_memory
from invoice_desk.workers.reading import SourceContent

#: A type or a document's kind must be this sure, or a person is asked to look.
SURE = 0.75


class SourceStore:
    """Writes what was read of sources; every method works inside the caller's transaction."""

    def __init__(self, desk: Desk, templates: Sequence[Template]) -> None:
        self._desk = desk
        self._templates = templates

    def store(self, to: BulkTransaction, file: ImportFile, content: SourceContent) -> None:
        """Store one chunk's content and note on `file` what it says of the source."""
        all_pages = content.pages or tuple(file.pages[number] for number in sorted(file.pages))
        content = with_memory(self._desk, content, all_pages)
        before = len(file.tables)
        for table in content.tables:
            self._store_table(to, file, table)
        if content.rows is not None:
            self._store_rows(to, file, file.tables[0], content.rows)
        file.bad_pages += sum(f.code == FindingCode.PAGE_UNREADABLE for f in content.findings)
        for statement in page_inserts(file.source_id, map(page_values, content.pages)):
            to.execute(statement)
        if content.recognised:
            assert file.kept is not None
            pages = map(page_values, content.recognised)
            for statement in recognised_inserts(file.kept.sha256, pages):
                to.execute(statement)
        first = file.tables[0] if file.tables else None
        self._store_findings(to, file, first, self._undecided(file, content.findings))
        for table_id, table in zip(file.tables[before:], content.tables, strict=True):
            self._store_findings(to, file, table_id, table.findings)
        if content.page_hash is not None:
            to.execute(source_update(file.source_id, page_hash=f"{content.page_hash:016x}"))
        if content.reading is not None:
            found = content.reading
            for statement in _reading_updates(file.source_id, found):
                to.execute(statement)
            file.note_type(found.document_type, found.sureness, found.reasons, sure=SURE)
            doubted = any(f.severity is not Severity.INFO for f in found.findings)
            file.doubtful = file.doubtful or doubted

    def _undecided(self, file: ImportFile, findings: Iterable[Finding]) -> list[Finding]:
        """Return findings without a proposal to split that a person has decided on."""
        found = list(findings)
        if not any(finding.code == FindingCode.DOCUMENT_SPLIT for finding in found):
            return found
        with reading(self._desk.engine) as connection:
            if get_split_choice(connection, file.source_id) is None:
                file.doubtful = True
                return found
        return [finding for finding in found if finding.code != FindingCode.DOCUMENT_SPLIT]

    def complete(self, to: BulkTransaction, file: ImportFile, job_id: int) -> None:
        """Close a source: its type, its counts, and whether a person must look."""
        status = SourceStatus.PREVIEW if file.doubtful else SourceStatus.COMPLETED
        to.execute(
            source_update(
                file.source_id,
                status=status.value,
                document_type=file.document_type,
                confidence=file.confidence,
                reasons=list(file.reasons),
                row_count=file.rows,
                page_count=file.expected_pages,
                seconds=file.seconds,
                error_code=None,
                error_message=None,
                error_advice=None,
            )
        )
        if file.derived and len(file.tables) == 1:
            to.execute(derived_rows_found(file.tables[0], file.derived))
        values = file.figures() | {"outcome": FileOutcome.DONE.value}
        to.execute(file_update(job_id, file.record.ordinal, **values))

    def _store_table(self, to: BulkTransaction, file: ImportFile, table: ReadTable) -> None:
        head = table.head
        match, mapping, template = self._recognised(file.record.name, table)
        details = head.details | {"titles": list(head.titles)}
        if head.dialect is not None:
            details["dialect"] = asdict(head.dialect)
        table_id = to.insert(
            table_insert(
                source_id=file.source_id,
                ordinal=len(file.tables),
                name=head.name,
                sheet=head.sheet,
                page=head.page,
                columns=list(head.structure.columns),
                structure=asdict(head.structure) | {"derived_rows": list(table.rows.derived)},
                details=details,
                row_count=len(table.rows),
                document_type=match.document_type,
                confidence=match.confidence,
                mapping=mapping,
                template_id=template.id if template else None,
            ),
        )
        for statement in decisions_brought_back(file.source_id, len(file.tables), table_id):
            to.execute(statement)
        file.tables.append(table_id)
        if "fields" in head.details:
            file.documents.append(table_id)
        # A document says itself what it is; its fields and lines do not.
        if LINES_OF not in head.details and "fields" not in head.details:
            file.note_type(match.document_type, match.confidence, match.reasons, sure=SURE)
        self._store_rows(to, file, table_id, table.rows, counted=True)

    def _recognised(
        self, file_name: str, table: ReadTable
    ) -> tuple[TypeMatch, dict[str, int], Template | None]:
        """Return type and mapping: a template's if one fits, else by the headings."""
        columns = table.head.structure.columns
        template = template_for(columns, self._templates)
        if template is not None and template.document_type in self._desk.types:
            reasons = (f"template “{template.name}” was made for these headings",)
            match = TypeMatch(template.document_type, 1.0, reasons)
            return match, dict(template.mapping), template
        if "fields" in table.head.details:
            match = TypeMatch("invoice", SURE, ("is a document",))
        elif LINES_OF in table.head.details:
            match = TypeMatch("invoice_line", 1.0, ("are the lines of a document",))
        elif not any(columns) and (
            laid_out := match_layout(self._desk.types.values(), _some(table))
        ):
            return *laid_out, None
        else:
            match = best_type(self._desk.types.values(), file_name, columns)
        found = self._desk.types.get(match.document_type or "")
        return match, map_by_headers(found, columns) if found else {}, None

    def _store_rows(
        self,
        to: BulkTransaction,
        file: ImportFile,
        table_id: int,
        batch: RowBatch,
        *,
        counted: bool = False,
    ) -> None:
        to.append(raw_row, storable_rows(table_id, batch.numbers, batch.cells))
        if not counted:
            to.execute(rows_added(table_id, len(batch)))
        file.rows += len(batch)
        file.derived.extend(batch.derived)
        self._store_findings(to, file, table_id, batch.findings)

    def _store_findings(
        self, to: BulkTransaction, file: ImportFile, table_id: int | None, found: Iterable[Finding]
    ) -> None:
        findings = list(found)
        if findings:
            columns = storable_findings(
                finding_table(findings),
                source_id=file.source_id,
                raw_table_id=table_id,
                pass_id=None,
            )
            to.append(finding_rows, columns)


def _reading_updates(source_id: int, found: DocumentReading) -> list[Any]:
    """Return the statements that keep what a document is, and what only its XML says."""
    update = source_update(
        source_id, document_class=found.document_class, language=found.language or None
    )
    if any(field.page != NO_PAGE for field in found.fields.values()):
        return [update]
    said = [field.value for field in found.fields.values()]
    said += [value for line in found.lines for value in line.values()]
    return [update, *page_text_put(source_id, NO_PAGE, "\n".join(said))]


def _some(table: ReadTable) -> list[list[str]]:
    """Return some of the first rows."""
    return [json.loads(cells) for cells in table.rows.cells[:50].to_pylist()]


def forget_reading(desk: Desk, source_id: int, **values: Any) -> None:
    """Remove what an unfinished reading of a source left; its original and decisions stay."""
    forget_readings(desk, {source_id: values})


def forget_readings(desk: Desk, sources: Mapping[int, Mapping[str, Any]]) -> None:
    """Do the same for several sources at once, each with the columns that change."""
    with writing(desk.engine) as connection:
        for source_id, values in sources.items():
            for statement in (
                decisions_kept(source_id),
                *source_reset(source_id),
                delete_source_findings(source_id),
                *delete_tables(source_id),
                source_update(source_id, row_count=0, page_count=0, **values),
            ):
                connection.execute(statement)


def known_pages(desk: Desk, kept: Kept) -> tuple[Page, ...]:
    """Return what engines found before on the pages of a file with these bytes."""
    if kept.detection.kind not in PAGED:
        return ()
    with reading(desk.engine) as connection:
        return tuple(page_of(values) for values in list_recognised(connection, kept.sha256))


def page_of(values: dict[str, Any]) -> Page:
    """Return a page as the desk keeps it."""
    words = [Word(text, (x0, y0, x1, y1), sure) for text, x0, y0, x1, y1, sure in values["words"]]
    return Page(
        values["number"],
        values["width"],
        values["height"],
        words=tuple(words),
        text_source=TextSource(values["text_source"]),
        engine=values["engine"],
        engine_version=values["engine_version"],
        reason=values["reason"],
        turned=values["turned"],
    )


def page_values(page: Page) -> dict[str, Any]:
    """Return a page as the desk is to keep it."""
    words = [[w.text, *(round(v, 2) for v in w.box), round(w.confidence, 3)] for w in page.words]
    return {
        "number": page.number,
        "width": page.width,
        "height": page.height,
        "text_source": page.text_source.value,
        "engine": page.engine,
        "engine_version": page.engine_version,
        "reason": str(page.reason),
        "turned": round(page.turned, 3),
        "words": words,
    }
