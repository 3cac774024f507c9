"""Files that hold several documents: a person accepts how to split one, or says it is one."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from invoice_desk.core.findings import FindingCode, Severity
from invoice_desk.core.records import JobFileRecord, SourceRecord
from invoice_desk.core.source import PAGED, FileOutcome, SourceStatus
from invoice_desk.db.audit import audit
from invoice_desk.db.bulk import BulkTransaction, InProcessWriter
from invoice_desk.db.claims import holders
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.kept_aggregates import stale_by_pass
from invoice_desk.db.known_invoices import add_finding, forget_invoices_of
from invoice_desk.db.passes import (
    delete_pass_rows,
    delete_source_findings,
    list_findings,
    list_passes,
)
from invoice_desk.db.sources import (
    find_source,
    get_source,
    list_pages,
    source_insert,
    source_update,
)
from invoice_desk.db.splits import (
    ACCEPTED,
    DECLINED,
    split_decided,
    split_proposals,
    split_undecided,
)
from invoice_desk.db.tables import delete_tables, list_tables, table_update
from invoice_desk.db.templates import list_templates
from invoice_desk.documents.page import Page
from invoice_desk.documents.page_ranges import write_page_range
from invoice_desk.documents.pdf_opening import trying
from invoice_desk.documents.splits import Split, splits_of, told_splits
from invoice_desk.errors import ArgumentError, JobStateError
from invoice_desk.services.batches import ImportFile
from invoice_desk.services.desk import Desk
from invoice_desk.services.keeping import Kept, keep
from invoice_desk.services.known_invoices import catch_up
from invoice_desk.services.passwords import passwords_for
from invoice_desk.services.replacing import replacements
from invoice_desk.services.storing import SURE, SourceStore, page_of
from invoice_desk.workers.reading import ReadFields, SourceContent, read_payload


@dataclass(frozen=True, slots=True)
class SplitProposal:
    """A file that seems to hold several documents.

    Attributes:
        text: The pages of each, and why.
    """

    source_id: int
    name: str
    text: str
    splits: tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """One document of a file, with everything that is stored of it."""

    name: str
    origin: str
    kept: Kept
    pages: tuple[Page, ...]
    content: SourceContent


def list_proposals(desk: Desk, source_id: int | None = None) -> list[SplitProposal]:
    """Return what waits for a decision: of one source, or of all."""
    found: list[SplitProposal] = []
    with reading(desk.engine) as connection:
        for each, text in split_proposals(connection, source_id).items():
            source = get_source(connection, each)
            if source is not None:
                found.append(SplitProposal(each, source.name, text, splits_of(text)))
    return found


def accept_split(desk: Desk, source_id: int, splits: Sequence[Split] | None = None) -> list[int]:
    """Make a source of each document in a file; return their ids.

    The file keeps its pages; its rows are those of the new sources from now on.  Nothing is
    recognised again.

    Args:
        desk: Where the file is.
        source_id: The file.
        splits: Where to split; None is where it was proposed.

    Raises:
        ArgumentError: If there is no such file or proposal, or pages are missing or twice there.
        JobStateError: If a job works on it.
        SourceError: If its pages cannot be taken apart.
    """
    source, pages = _source_with_pages(desk, source_id)
    chosen = tuple(splits) if splits is not None else _proposal(desk, source).splits
    _check_ranges(chosen, [page.number for page in pages], source.name)
    parts = _taken_apart(desk, source, pages, chosen)
    with reading(desk.engine) as connection:
        store = SourceStore(desk, list_templates(connection))
    with InProcessWriter(desk.engine).transaction() as transaction:
        _forget_rows(desk, transaction, source)
        made: dict[str, int] = {}
        for part in parts:
            digest = part.kept.sha256
            if digest not in made:  # two pages may be the same to the last byte
                made[digest] = _store_part(desk, transaction, store, source, part)
        transaction.execute(
            source_update(
                source.id,
                status=SourceStatus.COMPLETED.value,
                document_type=None,
                row_count=0,
                reasons=[*source.reasons, f"was split into {len(parts)} documents"],
            )
        )
    _note(desk, source_id, ACCEPTED, chosen)
    catch_up(desk)  # each document may be there in another form
    return list(made.values())


def decline_split(desk: Desk, source_id: int) -> str:
    """Record that a file is one document; return what was proposed, to be asked about no more.

    Its fields are as sure from now on as they are for one document.

    Raises:
        ArgumentError: If there is no such file, or no proposal to split it.
    """
    with reading(desk.engine) as connection:
        source = get_source(connection, source_id)
    if source is None:
        raise ArgumentError(f"There is no source {source_id}.")
    proposal = _proposal(desk, source)
    _settle_fields(desk, source, is_one=True)
    _note(desk, source_id, DECLINED, proposal.splits)
    with writing(desk.engine) as connection:
        code = FindingCode.DOCUMENT_SPLIT.value
        connection.execute(delete_source_findings(source_id, code=code))
        is_sure = source.document_type is not None and (source.confidence or 0.0) >= SURE
        if is_sure and not list_findings(connection, source_id=source_id, limit=1):
            done = SourceStatus.COMPLETED.value
            connection.execute(source_update(source_id, status=done))
    return proposal.text


def propose_again(desk: Desk, source_id: int, text: str) -> None:
    """Take back that a file is one document: what was proposed, in `text`, is open again.

    Raises:
        ArgumentError: If there is no such file.
    """
    with reading(desk.engine) as connection:
        source = get_source(connection, source_id)
    if source is None:
        raise ArgumentError(f"There is no source {source_id}.")
    _settle_fields(desk, source, is_one=False)
    with writing(desk.engine) as connection:
        connection.execute(split_undecided(source_id))
        code, severity = FindingCode.DOCUMENT_SPLIT.value, Severity.WARNING.value
        add_finding(connection, source_id=source_id, code=code, severity=severity, text=text)
        preview = SourceStatus.PREVIEW.value
        connection.execute(source_update(source_id, status=preview))
        actor, subject = desk.person, f"source {source_id}"
        audit(connection, actor=actor, action="split:reopened", subject=subject, now=desk.now())


def _settle_fields(desk: Desk, source: SourceRecord, *, is_one: bool) -> None:
    """Keep how sure the fields of a file are, as one document or as what may be several."""
    with reading(desk.engine) as connection:
        pages = tuple(page_of(values) for values in list_pages(connection, source.id))
        tables = list_tables(connection, source_id=source.id)
    content = read_payload(ReadFields(source.name, pages, is_one=is_one))
    with writing(desk.engine) as connection:
        for table, found in replacements(tables, content.tables).replaced:
            if found is not None and "fields" in table.details:
                details = table.details | {"fields": found.head.details["fields"]}
                connection.execute(table_update(table.id, details=details))


def _source_with_pages(desk: Desk, source_id: int) -> tuple[SourceRecord, list[Page]]:
    with reading(desk.engine) as connection:
        source = get_source(connection, source_id)
        pages = [page_of(values) for values in list_pages(connection, source_id)]
        busy = holders(connection, [source_id]).get(source_id)
    if source is None:
        raise ArgumentError(f"There is no source {source_id}.")
    if busy is not None:
        raise JobStateError(f"Job {busy} works on {source.name}; wait until it has ended.")
    if source.kind not in PAGED or len(pages) < 2:
        raise ArgumentError(f"{source.name} has no pages that could be split.")
    return source, pages


def _proposal(desk: Desk, source: SourceRecord) -> SplitProposal:
    proposals = list_proposals(desk, source.id)
    if not proposals:
        raise ArgumentError(f"Nothing is proposed for {source.name}; say which pages to part.")
    return proposals[0]


def _check_ranges(splits: Sequence[Split], numbers: Sequence[int], name: str) -> None:
    """Refuse ranges that lose a page or have one twice."""
    covered = [number for split in splits for number in range(split.first, split.last + 1)]
    if covered != list(numbers) or len(splits) < 2:
        told = f"{name} has the pages {numbers[0]} to {numbers[-1]}"
        raise ArgumentError(f"{told}; each must be in one of at least two ranges, in order.")


def _taken_apart(
    desk: Desk, source: SourceRecord, pages: Sequence[Page], splits: Sequence[Split]
) -> list[_Part]:
    original = desk.original(source.sha256)
    parts: list[_Part] = []
    with (
        tempfile.TemporaryDirectory(prefix="invoice-desk-") as folder,
        trying(passwords_for(original, source.kind, desk.passwords)),
    ):
        for split in splits:
            of = f"{split.first}" if split.first == split.last else f"{split.first}-{split.last}"
            name, place = f"{Path(source.name).stem}, page {of}", Path(folder) / of
            name += Path(source.name).suffix
            write_page_range(
                original,
                place,
                first=split.first,
                last=split.last,
                name=source.name,
                kind=source.kind,
            )
            kept = keep(place, name=name, place=desk.original, check=lambda: None)
            own = [page for page in pages if split.first <= page.number <= split.last]
            counted = tuple(replace(page, number=i) for i, page in enumerate(own, start=1))
            content = read_payload(ReadFields(name, counted, is_one=True))
            parts.append(_Part(name, f"{source.origin}!/page {of}", kept, counted, content))
    return parts


def _store_part(
    desk: Desk,
    transaction: BulkTransaction,
    store: SourceStore,
    source: SourceRecord,
    part: _Part,
) -> int:
    with reading(desk.engine) as connection:
        known = find_source(connection, part.kept.sha256)
    if known is not None:
        return known.id
    source_id = transaction.insert(
        source_insert(
            sha256=part.kept.sha256,
            name=part.name,
            origin=part.origin,
            size=part.kept.size,
            detection=part.kept.detection,
            container_id=source.id,
            now=desk.now(),
        )
    )
    record = JobFileRecord(0, part.name, part.origin, source_id, FileOutcome.PENDING)
    file = ImportFile(record, kept=part.kept, container=source.id)
    file.expected_pages = len(part.pages)
    store.store(transaction, file, replace(part.content, pages=part.pages))
    store.complete(transaction, file, job_id=0)
    return source_id


def _forget_rows(desk: Desk, transaction: BulkTransaction, source: SourceRecord) -> None:
    """Remove what was read of the file as a whole, cleaned rows included; its pages stay."""
    with reading(desk.engine) as connection:
        tables = list_tables(connection, source_id=source.id)
        passes = [
            each for table in tables for each in list_passes(connection, raw_table_id=table.id)
        ]
    for cleaning in passes:
        made = desk.types.get(cleaning.document_type)
        if made is not None:
            transaction.execute(stale_by_pass(cleaning.id))
            for statement in delete_pass_rows(clean_table(made), cleaning.id):
                transaction.execute(statement)
    for statement in (
        *forget_invoices_of(source.id),
        delete_source_findings(source.id),
        *delete_tables(source.id),
    ):
        transaction.execute(statement)


def _note(desk: Desk, source_id: int, choice: str, splits: Sequence[Split]) -> None:
    ranges = told_splits([replace(split, reasons=()) for split in splits]).partition(";")[0]
    with writing(desk.engine) as connection:
        now, person = desk.now(), desk.person
        decided = split_decided(source_id, choice=choice, ranges=ranges, person=person, now=now)
        connection.execute(decided)
        subject = f"source {source_id}"
        audit(connection, actor=person, action=f"split:{choice}", subject=subject, now=now)
