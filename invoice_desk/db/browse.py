"""Queries of the grid: which rows there are, and the texts of a few of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    func,
    literal,
    or_,
    select,
)

from invoice_desk.core.cleaning import CleaningStatus
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.schema import raw_row


@dataclass(frozen=True, slots=True)
class RowFilter:
    """What the grid is to show.

    Attributes:
        status: Only rows with this `cleaning_status`; None for all.
        text: Only rows that contain this text, raw or cleaned.
        with_findings: Only rows about which there are doubts.
        order_by: Name of a field, or the index of a raw column; None for the order of the file.
        include_raw: Whether rows that are not cleaned are shown too.
    """

    status: str | None = None
    text: str = ""
    with_findings: bool = False
    order_by: str | int | None = None
    descending: bool = False
    include_raw: bool = True


def matching_rows(
    table_id: int, clean: Table | None, pass_id: int | None, wanted: RowFilter
) -> Select[Any]:
    """Return the query for the numbers of the rows to show, in order."""
    base = table_id << ROW_BITS
    number = (raw_row.c.id - base).label("row_number")
    query = select(number).where(raw_row.c.id >= base, raw_row.c.id < base + (1 << ROW_BITS))
    if clean is not None and pass_id is not None:
        shift = (pass_id << ROW_BITS) - base
        query = query.outerjoin(clean, clean.c.id == raw_row.c.id + shift)
        if not wanted.include_raw:
            query = query.where(clean.c.id.is_not(None))
        if wanted.status:
            query = query.where(clean.c.cleaning_status == wanted.status)
        if wanted.with_findings:
            query = query.where(clean.c.findings > 0)
    elif wanted.status or wanted.with_findings or not wanted.include_raw:
        is_raw = wanted.status in {"raw", "cleaning"} and wanted.include_raw
        query = query.where(literal(is_raw))
    if wanted.text:
        query = query.where(_contains(wanted.text, clean))
    return query.order_by(*_order(wanted, clean))


def _contains(text: str, clean: Table | None) -> ColumnElement[bool]:
    # Cells are JSON: what a person types is looked for the way JSON writes it.
    inside = json.dumps(text, ensure_ascii=False)[1:-1]
    found = [raw_row.c.cells.icontains(inside, autoescape=True)]
    if clean is not None:
        skipped = {
            "id",
            "pass_id",
            "row_number",
            "cleaning_status",
            "findings",
            "approved",
            "extra",
        }
        texts = [c for c in clean.columns if c.name not in skipped and "INT" not in str(c.type)]
        found += [c.icontains(text, autoescape=True) for c in texts if str(c.type) == "TEXT"]
    return or_(*found)


def _order(wanted: RowFilter, clean: Table | None) -> list[ColumnElement[Any]]:
    key: ColumnElement[Any] | None = None
    if isinstance(wanted.order_by, int):
        key = func.json_extract(raw_row.c.cells, f"$[{wanted.order_by}]")
    elif wanted.order_by and clean is not None:
        key = clean.c[wanted.order_by]
    if key is None:
        return [raw_row.c.id]
    return [key.desc() if wanted.descending else key.asc(), raw_row.c.id]


def read_rows(
    connection: Connection,
    *,
    table_id: int,
    clean: Table | None,
    pass_id: int | None,
    numbers: Sequence[int],
) -> dict[int, tuple[list[str], dict[str, Any] | None]]:
    """Return row number → raw cells and clean values (None where there are none)."""
    base = table_id << ROW_BITS
    columns: list[Any] = [raw_row.c.id.label("raw_id"), raw_row.c.cells]
    ids = [base + number for number in numbers]
    if clean is None or pass_id is None:
        query = select(*columns).where(raw_row.c.id.in_(ids))
    else:
        shift = (pass_id << ROW_BITS) - base
        fields = [c for c in clean.columns if c.name not in {"pass_id", "row_number"}]
        query = (
            select(*columns, *fields)
            .outerjoin(clean, clean.c.id == raw_row.c.id + shift)
            .where(raw_row.c.id.in_(ids))
        )
    found: dict[int, tuple[list[str], dict[str, Any] | None]] = {}
    for row in connection.execute(query).mappings():
        values = {k: v for k, v in row.items() if k not in {"raw_id", "cells"}}
        has_clean = values.get("id") is not None
        found[row["raw_id"] - base] = json.loads(row["cells"]), values if has_clean else None
    return found


def pass_fields(clean: Table, pass_id: int, names: Sequence[str]) -> Select[Any]:
    """Return the query for these fields of the rows that a pass kept, as they are stored."""
    base = pass_id << ROW_BITS
    number = (clean.c.id - base).label("row_number")
    fields = [clean.c[name] for name in names]
    return (
        select(number, *fields)
        .where(clean.c.id >= base, clean.c.id < base + (1 << ROW_BITS))
        .where(clean.c.cleaning_status == CleaningStatus.CLEANED.value)
        .order_by(clean.c.id)
    )


def pass_rows(clean: Table, pass_id: int, *, statuses: Sequence[str] | None = None) -> Select[Any]:
    """Return the query for all clean rows of a pass, for export."""
    base = pass_id << ROW_BITS
    inside = and_(clean.c.id >= base, clean.c.id < base + (1 << ROW_BITS))
    fields = [c for c in clean.columns if c.name not in {"id", "pass_id", "row_number"}]
    number = (clean.c.id - base).label("row_number")
    query = select(number, *fields).where(inside).order_by(clean.c.id)
    return query if statuses is None else query.where(clean.c.cleaning_status.in_(statuses))
