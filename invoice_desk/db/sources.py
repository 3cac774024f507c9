"""Sources and their pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Insert, Row, delete, func, insert, select, update

from invoice_desk.core.records import SourceRecord
from invoice_desk.core.source import Detection, Kind, SourceStatus
from invoice_desk.db.known_invoices import forget_invoices_of
from invoice_desk.db.page_search import page_text_put, page_text_reset
from invoice_desk.db.schema import page, source


def find_source(connection: Connection, sha256: str) -> SourceRecord | None:
    """Return the source with these bytes."""
    row = connection.execute(select(source).where(source.c.sha256 == sha256)).one_or_none()
    return None if row is None else _record(row)


def get_source(connection: Connection, source_id: int) -> SourceRecord | None:
    """Return one source."""
    row = connection.execute(select(source).where(source.c.id == source_id)).one_or_none()
    return None if row is None else _record(row)


def list_sources(
    connection: Connection, *, status: SourceStatus | None = None
) -> list[SourceRecord]:
    """Return sources, newest first."""
    query = select(source).order_by(source.c.id.desc())
    if status is not None:
        query = query.where(source.c.status == status.value)
    return [_record(row) for row in connection.execute(query)]


def list_contents(connection: Connection, source_id: int) -> list[SourceRecord]:
    """Return the sources that were made of a file, in their order."""
    query = select(source).where(source.c.container_id == source_id).order_by(source.c.id)
    return [_record(row) for row in connection.execute(query)]


def sources_with_error(connection: Connection, error_code: str) -> list[int]:
    """Return the sources that carry an error of this code, oldest first."""
    query = select(source.c.id).where(source.c.error_code == error_code).order_by(source.c.id)
    return list(connection.scalars(query))


def source_insert(
    *,
    sha256: str,
    name: str,
    origin: str,
    size: int,
    detection: Detection,
    container_id: int | None,
    now: dt.datetime,
) -> Insert:
    """Return the statement that adds a pending source."""
    return insert(source).values(
        sha256=sha256,
        name=name,
        origin=origin,
        container_id=container_id,
        size=size,
        kind=detection.kind.value,
        status=SourceStatus.PENDING.value,
        confidence=detection.confidence,
        reasons=list(detection.reasons),
        row_count=0,
        page_count=0,
        imported_at=now,
    )


def add_source(connection: Connection, **values: Any) -> int:
    """Add a pending source, as `source_insert` does, and return its id."""
    key = connection.execute(source_insert(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def source_update(source_id: int, **values: Any) -> Any:
    """Return the statement that changes columns of one source."""
    return update(source).where(source.c.id == source_id).values(**values)


def sources_update(source_ids: Iterable[int], **values: Any) -> Any:
    """Return the statement that changes columns of several sources."""
    return update(source).where(source.c.id.in_(sorted(source_ids))).values(**values)


def container_done(container_id: int) -> Any:
    """Return the statement that completes an archive or mail whose files all have been read."""
    member = source.alias()
    left = select(member.c.id).where(
        member.c.container_id == container_id, member.c.status == SourceStatus.PENDING.value
    )
    return (
        update(source)
        .where(source.c.id == container_id)
        .where(source.c.status == SourceStatus.PENDING.value)
        .where(~left.exists())
        .values(status=SourceStatus.COMPLETED.value)
    )


def source_reset(source_id: int) -> list[Any]:
    """Return the statements that forget what a reading of this source left behind."""
    return [
        delete(page).where(page.c.source_id == source_id),
        page_text_reset(source_id),
        *forget_invoices_of(source_id),
    ]


def page_inserts(source_id: int, pages: Iterable[dict[str, Any]]) -> list[Any]:
    """Return the statements that add pages; a page that is there already is replaced."""
    statements = []
    for values in pages:
        statements.append(
            insert(page).prefix_with("OR REPLACE").values(source_id=source_id, **values)
        )
        body = " ".join(str(word[0]) for word in values["words"])
        statements += page_text_put(source_id, values["number"], body)
    return statements


def list_pages(connection: Connection, source_id: int) -> list[dict[str, Any]]:
    """Return the pages of a source with their words."""
    query = select(page).where(page.c.source_id == source_id).order_by(page.c.number)
    return [dict(row) for row in connection.execute(query).mappings()]


def status_counts(connection: Connection) -> dict[str, int]:
    """Return how many sources stand at each status."""
    query = select(source.c.status, func.count()).group_by(source.c.status)
    return {row.status: row[1] for row in connection.execute(query)}


def _record(row: Row[Any]) -> SourceRecord:
    values = dict(row._mapping)
    return SourceRecord(
        **values
        | {
            "kind": Kind(values["kind"]),
            "status": SourceStatus(values["status"]),
            "reasons": tuple(values["reasons"]),
        }
    )
