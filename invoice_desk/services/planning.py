"""How a table is to be cleaned, told from a sample of its rows, or from all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from invoice_desk.core.amounts import amount_text, read_amount
from invoice_desk.core.cleaning_plan import CleaningPlan, ColumnStyle, needs_style, style_of
from invoice_desk.core.dates import DateOrder, read_moment
from invoice_desk.core.document_types import NUMERIC, TEMPORAL, DocumentType, FieldSpec
from invoice_desk.core.findings import Finding, FindingCode, Severity, anomaly_of
from invoice_desk.core.raw_rows import RawRows
from invoice_desk.core.records import TableRecord
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.engine import reading
from invoice_desk.db.tables import read_rows_between
from invoice_desk.services.desk import Desk
from invoice_desk.services.types import spellings

CHUNK_BYTES = 16 << 20
#: Among the details of a table that is the input of a bulk write which did not end: the number
#: of the first row that was not written.
WRITTEN_UP_TO = "written_up_to"
#: The evidence for how a column is written comes from this many blocks of this many rows.
SAMPLE_BLOCKS, SAMPLE_BLOCK_ROWS = 12, 400
#: Where the sample settles nothing, the whole column is read in blocks of this many rows.
_WHOLE_BLOCK_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what a person should know of it."""

    plan: CleaningPlan
    findings: tuple[Finding, ...] = ()


def make_plan(
    desk: Desk,
    record: TableRecord,
    made: DocumentType,
    *,
    options: Mapping[str, str] | None = None,
) -> Planned:
    """Return how to clean a table: its mapping, and how its columns are written.

    A column whose sample holds texts with two readings and no proof for either is read whole.
    What stays open then is a finding, which one choice of a person settles (`settle_column`).
    """
    known = {spec.name for spec in made.read_fields}
    mapping = {name: index for name, index in record.mapping.items() if name in known}
    columns = _sample(desk, record)
    styles, findings = _styles(desk, record, made, mapping, columns)
    chosen = dict(options or {})
    for option in made.options:
        if option.year_of and not chosen.get(option.name):
            year = _common_year(made, option.year_of, mapping, styles, columns)
            if year is not None:
                chosen[option.name] = year
                told = f"{option.title}: {year}"
                findings.append(Finding(FindingCode.YEAR_ASSUMED, Severity.INFO, text=told))
    plan = CleaningPlan(
        mapping=mapping,
        columns=record.columns,
        styles=styles,
        options=chosen,
        derived_rows=tuple(record.structure.get("derived_rows") or ()),
        lookups=spellings(desk, made),
        today=desk.now().date().isoformat(),
        written_up_to=record.details.get(WRITTEN_UP_TO),
    )
    return Planned(plan, tuple(findings))


def _styles(
    desk: Desk,
    record: TableRecord,
    made: DocumentType,
    mapping: Mapping[str, int],
    columns: Sequence[pa.Array],
) -> tuple[dict[str, ColumnStyle], list[Finding]]:
    """Return how each column is written, and a finding for each that stays open."""
    specs = {
        spec: mapping[spec.name]
        for spec in made.read_fields
        if needs_style(spec) and mapping.get(spec.name, len(columns)) < len(columns)
    }
    texts = {spec: _distinct(columns[index]) for spec, index in specs.items()}
    styles = {
        spec: _settled(desk, record, spec, index, texts[spec]) for spec, index in specs.items()
    }
    findings = []
    for spec, style in styles.items():
        example = next((text for text in texts[spec] if _is_open(spec, style, text)), None)
        if example is None:
            continue
        others = [other for other in styles if other is not spec]
        agreed = _agreed(spec, [(styles[o], texts[o]) for o in others if _alike(o, spec)], example)
        if agreed is not None:
            styles[spec] = agreed
            continue
        findings.append(_unsettled(spec, example))
        if spec.type in TEMPORAL:
            # Dates are read by the order of the type; the finding says so for the whole column.
            styles[spec] = ColumnStyle(date_order=made.date_order)
    return {spec.name: style for spec, style in styles.items()}, findings


def _alike(one: FieldSpec, other: FieldSpec) -> bool:
    return (one.type in TEMPORAL) == (other.type in TEMPORAL)


def _agreed(
    spec: FieldSpec, others: Sequence[tuple[ColumnStyle, list[str]]], example: str
) -> ColumnStyle | None:
    """Return the style that other columns of the table prove, when all of them agree.

    One export writes all its amounts alike, and all dates with the same mark between the parts.
    """
    if spec.type in TEMPORAL:
        mark = next((c for c in example if c in "/.-"), "")
        orders = {s.date_order for s, texts in others if any(mark in text for text in texts)}
        orders.discard(None)
        return ColumnStyle(date_order=orders.pop()) if len(orders) == 1 else None
    marks = {style.decimal_mark for style, _ in others} - {None}
    return ColumnStyle(decimal_mark=marks.pop()) if len(marks) == 1 else None


def rows_per_chunk(rows: int, size: int, *, wanted: int) -> int:
    """Return how many rows make a chunk: `wanted`, fewer when rows are very long."""
    if size <= 0 or rows <= 0:
        return wanted
    return max(500, min(wanted, CHUNK_BYTES * rows // size))


def raw_rows(desk: Desk, record: TableRecord, start: int, stop: int) -> RawRows:
    """Return the rows numbered from `start` up to, not including, `stop`."""
    with reading(desk.engine) as connection:
        numbers, body = read_rows_between(connection, record.id, start, stop)
    return RawRows(pa.array(np.frombuffer(numbers, "<i8")), body, width=len(record.columns))


def _settled(
    desk: Desk, record: TableRecord, spec: FieldSpec, index: int, texts: list[str]
) -> ColumnStyle:
    """Return how a column is written: as a person said, by the sample, or by all its rows."""
    said = record.details.get("styles", {}).get(spec.name)
    if said is not None:
        return ColumnStyle(said.get("decimal_mark"), said.get("date_order"), chosen=True)
    style = style_of(spec, texts)
    if spec.type in TEMPORAL and style.date_order is None:
        # what one date cannot tell, the rest of its document may
        style = replace(style, date_order=record.details.get("date_order"))
    if not any(_is_open(spec, style, text) for text in texts):
        return style
    for block in _further_blocks(desk, record):
        more = _distinct(block[index])
        found = style_of(spec, [*texts, *more])
        if found.decimal_mark is not None or found.date_order is not None:
            return found
    return style


def _distinct(column: pa.Array) -> list[str]:
    return [text.strip() for text in column.drop_null().unique().to_pylist() if text.strip()]


def _is_open(spec: FieldSpec, style: ColumnStyle, text: str) -> bool:
    """Return whether a text has two readings that the style does not settle."""
    if spec.type in NUMERIC:
        return style.decimal_mark is None and read_amount(text).ambiguous
    return style.date_order is None and read_moment(text).ambiguous


def _unsettled(spec: FieldSpec, example: str) -> Finding:
    if spec.type in NUMERIC:
        values = [read_amount(example, decimal_mark=mark).value for mark in ".,"]
        dot, comma = ("none" if v is None else amount_text(v, digits=0) for v in values)
        told = f"{example}: {dot} (decimal mark .) or {comma} (decimal mark ,)"
    else:
        orders = (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST)
        moments = [read_moment(example, order=order).value for order in orders]
        day, month = (m.date().isoformat() if m else "no date" for m in moments)
        told = f"{example}: {day} (day first) or {month} (month first)"
    code = FindingCode.UNSETTLED_COLUMN
    return Finding(code, Severity.WARNING, spec.name, told, anomaly=anomaly_of(code))


def _common_year(
    made: DocumentType,
    name: str,
    mapping: Mapping[str, int],
    styles: Mapping[str, ColumnStyle],
    columns: Sequence[pa.Array],
) -> str | None:
    """Return the year that most dates of a field's sample lie in."""
    index = mapping.get(name)
    if index is None or index >= len(columns):
        return None
    order = styles.get(name, ColumnStyle()).date_order or made.date_order
    years: Counter[int] = Counter()
    for entry in columns[index].drop_null().value_counts().to_pylist():
        moment = read_moment(entry["values"].strip(), order=DateOrder(order)).value
        if moment is not None:
            years[moment.year] += entry["counts"]
    return str(max(years, key=lambda y: (years[y], y))) if years else None


def _sample(desk: Desk, record: TableRecord) -> list[pa.Array]:
    """Return the columns of blocks of rows that are spread over the table."""
    first = record.structure.get("first_data_row") or 0
    if record.row_count <= SAMPLE_BLOCKS * SAMPLE_BLOCK_ROWS:
        return raw_rows(desk, record, 0, 1 << ROW_BITS).columns
    step = record.row_count // SAMPLE_BLOCKS
    starts = [first + block * step for block in range(SAMPLE_BLOCKS)]
    blocks = [raw_rows(desk, record, start, start + SAMPLE_BLOCK_ROWS).columns for start in starts]
    return [pa.concat_arrays(parts) for parts in zip(*blocks, strict=True)]


def _further_blocks(desk: Desk, record: TableRecord) -> Iterator[list[pa.Array]]:
    """Yield the columns of a table that is larger than its sample, block by block."""
    if record.row_count <= SAMPLE_BLOCKS * SAMPLE_BLOCK_ROWS:
        return
    seen, start = 0, 0
    while seen < record.row_count and start < 1 << ROW_BITS:
        rows = raw_rows(desk, record, start, start + _WHOLE_BLOCK_ROWS)
        seen += len(rows)
        start += _WHOLE_BLOCK_ROWS
        if len(rows):
            yield rows.columns
