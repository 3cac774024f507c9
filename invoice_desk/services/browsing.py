"""Reading the desk for a window or a list: sources, tables, and a few of very many rows."""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

import numpy as np

from invoice_desk.core.amounts import amount_text
from invoice_desk.core.cleaning import CleaningStatus
from invoice_desk.core.cleaning_plan import CleaningPlan, ColumnStyle
from invoice_desk.core.corrections import canonical
from invoice_desk.core.document_types import NUMERIC, DocumentType
from invoice_desk.core.records import FindingRecord, PassRecord, SourceRecord, TableRecord
from invoice_desk.core.sentences import sentence
from invoice_desk.core.type_detection import ANY_TABLE
from invoice_desk.db.audit import list_audit
from invoice_desk.db.browse import RowFilter, matching_rows, read_rows
from invoice_desk.db.bulk import read_columns
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import reading
from invoice_desk.db.passes import (
    RAW_ONLY,
    count_findings,
    current_passes,
    get_pass,
    list_findings,
    running_tables,
    statuses_by_source,
    statuses_by_table,
)
from invoice_desk.db.sources import get_source, list_pages, list_sources, status_counts
from invoice_desk.db.tables import count_raw_rows, get_table, list_tables
from invoice_desk.errors import ArgumentError
from invoice_desk.services.desk import Desk

__all__ = ["RowFilter", "RowSource", "TableRows", "View", "desk_summary", "findings", "sources"]


class View(StrEnum):
    """What a grid shows of a table."""

    RAW = "raw"
    CLEANED = "cleaned"
    SIDE_BY_SIDE = "side_by_side"


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column of the grid.

    Attributes:
        title: Heading as read, or the name of the field.
        raw: Index of the raw column, for raw cells.
        field: Name of the field, for clean values.
        is_bucket: Whether it says where the rules of the type put the row.
    """

    title: str
    raw: int | None = None
    field: str | None = None
    is_bucket: bool = False


@dataclass(frozen=True, slots=True)
class GridCell:
    """The text of a cell and how it stands to what was read."""

    text: str
    changed: bool = False
    corrected: bool = False
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row of the grid."""

    number: int
    cells: tuple[GridCell, ...]
    status: str
    #: Sentences that say why the row was left out.
    reasons: tuple[str, ...] = ()
    findings: int = 0
    approved: bool = False


class RowSource(Protocol):
    """What a table model needs to know of the database."""

    def ids(self, wanted: RowFilter) -> array[int]:
        """Return the numbers of the rows to show, filtered and in order."""
        ...

    def rows(self, ids: Sequence[int]) -> dict[int, GridRow]:
        """Return these rows; a row that is gone is left out."""
        ...


class TableRows:
    """The rows of one raw table, as a grid shows them; safe to ask from any thread."""

    def __init__(self, desk: Desk, table_id: int, view: View) -> None:
        self._desk = desk
        with reading(desk.engine) as connection:
            table = get_table(connection, table_id)
            if table is None:
                raise ArgumentError(f"There is no table {table_id}.")
            self._pass = None
            if table.current_pass_id is not None:
                self._pass = get_pass(connection, table.current_pass_id)
            running = table_id in running_tables(connection)
        self.table: TableRecord = table
        made = desk.types.get(self._pass.document_type) if self._pass else None
        self.document_type: DocumentType | None = made
        self._clean = clean_table(made) if made else None
        self._unclean = CleaningStatus.CLEANING if running else CleaningStatus.RAW
        self.columns = self._columns(view)

    @property
    def cleaning_pass(self) -> PassRecord | None:
        """Return the pass that is shown, None when the table is raw."""
        return self._pass

    def ids(self, wanted: RowFilter) -> array[int]:
        """Return the numbers of the rows to show, filtered and in order."""
        pass_id = self._pass.id if self._pass else None
        query = matching_rows(self.table.id, self._clean, pass_id, wanted)
        numbers = read_columns(self._desk.engine, query)["row_number"]
        found: array[int] = array("q")
        if len(numbers):
            found.frombytes(np.asarray(numbers.to_numpy(), np.int64).tobytes())
        return found

    def rows(self, ids: Sequence[int]) -> dict[int, GridRow]:
        """Return these rows; a row that is gone is left out."""
        with reading(self._desk.engine) as connection:
            found = read_rows(
                connection,
                table_id=self.table.id,
                clean=self._clean,
                pass_id=self._pass.id if self._pass else None,
                numbers=ids,
            )
        return {number: self._row(number, *found[number]) for number in found}

    def check(self, field: str, text: str) -> None:
        """Refuse a text that is no value of this field, before anything is recorded.

        Raises:
            ArgumentError: With what to write instead.
        """
        if self.document_type is None or self._pass is None:
            raise ArgumentError("The table is raw; clean it before you correct it.")
        style = CleaningPlan.from_dict(self._pass.plan).styles.get(field, ColumnStyle())
        canonical(self.document_type.field(field), text, style)

    def _columns(self, view: View) -> tuple[GridColumn, ...]:
        headings = self.table.columns
        raw = [GridColumn(name or f"Column {i + 1}", raw=i) for i, name in enumerate(headings)]
        if view is View.RAW or self.document_type is None or self._pass is None:
            return tuple(raw)
        made, mapping = self.document_type, self._pass.plan["mapping"]
        clean = [GridColumn(spec.name, field=spec.name) for spec in made.fields]
        buckets = [GridColumn("bucket", is_bucket=True)] if made.buckets else []
        rest = [column for i, column in enumerate(raw) if i not in set(mapping.values())]
        if view is View.CLEANED and made.name != ANY_TABLE:
            return (*clean, *buckets)
        if view is View.CLEANED:
            return (*(column for column in clean if column.field in mapping), *rest)
        pairs: list[GridColumn] = []
        made_up = {spec.name for spec in made.fields if spec.is_computed or spec.fallback}
        for column in clean:
            index = mapping.get(column.field or "")
            if index is not None:
                pairs += [raw[index], column]
            elif column.field in made_up:
                pairs.append(column)
        return (*pairs, *buckets, *rest)

    def _row(self, number: int, raw: list[str], clean: dict[str, Any] | None) -> GridRow:
        corrected = set(json.loads(clean["corrected"])) if clean and clean["corrected"] else set()
        cells = tuple(self._cell(column, raw, clean, corrected) for column in self.columns)
        if clean is None:
            return GridRow(number, cells, self._unclean.value)
        codes = json.loads(clean["reasons"]) if clean["reasons"] else []
        made = [self.document_type] if self.document_type else []
        reasons = tuple(sentence(code, made) for code in codes)
        return GridRow(
            number,
            cells,
            clean["cleaning_status"],
            reasons,
            clean["findings"],
            bool(clean["approved"]),
        )

    def _cell(
        self, column: GridColumn, raw: list[str], clean: dict[str, Any] | None, corrected: set[str]
    ) -> GridCell:
        if column.is_bucket:
            return GridCell((clean["bucket"] or "") if clean else "")
        if column.field is None:
            index = column.raw or 0
            return GridCell(raw[index] if index < len(raw) else "")
        if clean is None or self._pass is None or self.document_type is None:
            return GridCell("")
        text = shown(clean[column.field], self.document_type.field(column.field).digits)
        index = self._pass.plan["mapping"].get(column.field, -1)
        before = raw[index] if 0 <= index < len(raw) else None
        changed = before is not None and text != before
        spec = self.document_type.field(column.field)
        return GridCell(
            text,
            changed=changed,
            corrected=column.field in corrected,
            numeric=spec.type in NUMERIC,
        )


def shown(value: Any, digits: int) -> str:
    """Return a value as the grid shows it: plain decimals, ISO dates."""
    if value is None:
        return ""
    return amount_text(value, digits=digits) if isinstance(value, Decimal) else str(value)


def sources(
    desk: Desk, *, cleaning_status: CleaningStatus | None = None, include_raw: bool = True
) -> list[SourceRecord]:
    """Return what the desk keeps, newest first.

    Args:
        desk: The desk.
        cleaning_status: Only sources with rows that stand so; None for all.
        include_raw: Whether sources without any cleaned table are listed too.
    """
    with reading(desk.engine) as connection:
        found = list_sources(connection)
        if cleaning_status is None and include_raw:
            return found
        statuses = statuses_by_source(connection)
    return [
        record
        for record in found
        if (cleaning_status is None or cleaning_status.value in statuses.get(record.id, RAW_ONLY))
        and (include_raw or statuses.get(record.id, RAW_ONLY) != RAW_ONLY)
    ]


def source(desk: Desk, source_id: int) -> SourceRecord:
    """Return one source.

    Raises:
        ArgumentError: If there is no such source.
    """
    with reading(desk.engine) as connection:
        found = get_source(connection, source_id)
    if found is None:
        raise ArgumentError(f"There is no source {source_id}.")
    return found


def tables(
    desk: Desk,
    source_id: int | None = None,
    *,
    cleaning_status: CleaningStatus | None = None,
    include_raw: bool = True,
) -> list[TableRecord]:
    """Return the raw tables of a source, or of all; the filters are those of `sources`."""
    with reading(desk.engine) as connection:
        found = list_tables(connection, source_id=source_id)
        if cleaning_status is None and include_raw:
            return found
        statuses = statuses_by_table(connection)
    return [
        record
        for record in found
        if (cleaning_status is None or cleaning_status.value in statuses.get(record.id, RAW_ONLY))
        and (include_raw or statuses.get(record.id, RAW_ONLY) != RAW_ONLY)
    ]


def table(desk: Desk, table_id: int) -> TableRecord:
    """Return one raw table.

    Raises:
        ArgumentError: If there is no such table.
    """
    with reading(desk.engine) as connection:
        found = get_table(connection, table_id)
    if found is None:
        raise ArgumentError(f"There is no table {table_id}.")
    return found


def pages(desk: Desk, source_id: int) -> list[dict[str, Any]]:
    """Return the pages of a source with their words."""
    with reading(desk.engine) as connection:
        return list_pages(connection, source_id)


def findings(
    desk: Desk, *, source_id: int | None = None, table_id: int | None = None, after: int = 0
) -> list[FindingRecord]:
    """Return the first thousand doubts after an id, of current passes and of sources."""
    with reading(desk.engine) as connection:
        return list_findings(connection, source_id=source_id, raw_table_id=table_id, after=after)


def activity(desk: Desk) -> list[dict[str, Any]]:
    """Return who did what, newest first."""
    with reading(desk.engine) as connection:
        return list_audit(connection)


def desk_summary(desk: Desk) -> dict[str, Any]:
    """Return the counts of the whole desk, and the control totals of each type."""
    with reading(desk.engine) as connection:
        by_status = status_counts(connection)
        passes = current_passes(connection)
        totals: dict[str, dict[str, Decimal]] = {}
        for done in passes:
            sums = totals.setdefault(done.document_type, {})
            for name, total in done.totals.items():
                sums[name] = sums.get(name, Decimal(0)) + total
        return {
            "sources": sum(by_status.values()),
            "by_status": by_status,
            "rows_raw": count_raw_rows(connection),
            "rows_cleaned": sum(done.cleaned for done in passes),
            "rows_filtered_out": sum(done.filtered_out for done in passes),
            "findings": count_findings(connection),
            "totals": totals,
        }
