"""From raw rows to clean rows, as functions over whole columns.

The same functions clean a chunk of fifty thousand rows, the twenty rows of a preview and the
one row of an invoice, so that all of them agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.amounts import ParsedColumn, decimal_mark_of, parse_amounts
from invoice_desk.core.cells import decode_rows, dump_cells
from invoice_desk.core.dates import DateOrder, date_order_of, parse_dates
from invoice_desk.core.decisions import RowVerdict
from invoice_desk.core.document_types import (
    NUMERIC,
    TEMPORAL,
    DocumentType,
    FieldSpec,
    ValueType,
)
from invoice_desk.core.findings import FINDING_SCHEMA, FindingCode, Severity
from invoice_desk.core.rules import Columns, rows_where
from invoice_desk.core.text import flags, mask_of


class CleaningStatus(StrEnum):
    """Where a row stands; `raw` and `cleaning` rows have no clean row yet."""

    RAW = "raw"
    CLEANING = "cleaning"
    CLEANED = "cleaned"
    FILTERED_OUT = "filtered_out"


#: The reason of a subtotal row; it is data of the file, but not a row of the table.
DERIVED = "derived_row"


@dataclass(frozen=True, slots=True)
class ColumnStyle:
    """What the whole column says about how its values are written; None is not settled."""

    decimal_mark: str | None = None
    date_order: str | None = None


@dataclass(frozen=True, slots=True)
class CleaningPlan:
    """Everything that decides how a table is cleaned; stored with each pass.

    Attributes:
        mapping: Field → index of the raw column.
        columns: The raw headings.
        styles: Field → how its column is written.
        options: Option → chosen reading; what is missing has its default.
        switched_off: Names of rules that do not apply.
        derived_rows: Row numbers of subtotals and totals.
    """

    mapping: dict[str, int]
    columns: tuple[str, ...]
    styles: dict[str, ColumnStyle] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    switched_off: tuple[str, ...] = ()
    derived_rows: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> CleaningPlan:
        """Return the plan that `as_dict` gave."""
        styles = {name: ColumnStyle(**style) for name, style in plain["styles"].items()}
        return cls(
            mapping=dict(plain["mapping"]),
            columns=tuple(plain["columns"]),
            styles=styles,
            options=dict(plain["options"]),
            switched_off=tuple(plain["switched_off"]),
            derived_rows=tuple(plain["derived_rows"]),
        )


@dataclass(frozen=True, slots=True)
class CleanChunk:
    """Clean rows and what was doubtful about them.

    Attributes:
        rows: `row_number`, `cleaning_status`, one column a field, `reasons`, `extra`,
            `findings`, `corrected`, `approved`; in the order of the raw rows.
        findings: Of `FINDING_SCHEMA`.
    """

    rows: pa.Table
    findings: pa.Table


def style_of(spec: FieldSpec, texts: Iterable[str]) -> ColumnStyle:
    """Return how the column of `spec` is written, by the evidence of these texts."""
    if spec.type in NUMERIC:
        return ColumnStyle(decimal_mark=decimal_mark_of(texts))
    if spec.type in TEMPORAL:
        order = date_order_of(texts)
        return ColumnStyle(date_order=order and order.value)
    return ColumnStyle()


def needs_style(spec: FieldSpec) -> bool:
    """Return whether the way a column is written matters for `spec`."""
    return spec.type in NUMERIC or spec.type in TEMPORAL


def clean_chunk(
    row_numbers: pa.Array,
    cells: pa.Array,
    *,
    plan: CleaningPlan,
    document_type: DocumentType,
    verdicts: Mapping[int, RowVerdict] | None = None,
) -> CleanChunk:
    """Return the clean rows of these raw rows.

    Args:
        row_numbers: int64, ascending.
        cells: One JSON array of texts a row.
        plan: Which column is which field and how it is written.
        document_type: Fields and rules.
        verdicts: Row number → what people decided; corrections take the place of what was
            read before any rule is applied.
    """
    raw = decode_rows(cells, width=len(plan.columns))
    texts = [pc.utf8_trim_whitespace(column) for column in raw]
    notes = _Notes(row_numbers)
    decided = _Decided(row_numbers, verdicts or {})
    values: dict[str, pa.Array] = {}
    for spec in document_type.read_fields:
        index = plan.mapping.get(spec.name)
        if index is None or index >= len(texts):
            if spec.name not in decided.fields:
                continue
            column = pa.nulls(len(cells), pa.string())
        else:
            column = texts[index]
        style = plan.styles.get(spec.name, ColumnStyle())
        values[spec.name] = _typed(column, spec, style, notes, decided)
    _compute_products(document_type, values)
    columns = Columns(values, len(cells))
    derived = mask_of(pc.is_in(row_numbers, pa.array(plan.derived_rows, pa.int64())))
    reasons, filtered = _apply_filters(document_type, plan, columns, derived)
    _note_missing(document_type, values, filtered, notes)
    _note_checks(document_type, plan, columns, filtered, notes)
    _note_widths(raw, cells, derived, notes)
    return CleanChunk(
        _clean_rows(
            row_numbers,
            document_type,
            values=values,
            reasons=reasons,
            filtered=filtered,
            extra=_extra(plan, texts, len(cells)),
            counts=notes.counts,
            decided=decided,
        ),
        notes.table(),
    )


class _Notes:
    """Findings of a chunk, gathered as columns."""

    def __init__(self, row_numbers: pa.Array) -> None:
        self._row_numbers = row_numbers
        self._parts: list[pa.Table] = []
        self.counts = np.zeros(len(row_numbers), np.int64)

    def add(
        self,
        mask: np.ndarray,
        code: str,
        severity: str,
        *,
        field_name: str | None,
        texts: pa.Array | None = None,
    ) -> None:
        """Note the same doubt about all rows of `mask`."""
        if not mask.any():
            return
        self.counts += mask
        chosen = flags(mask)
        numbers = self._row_numbers.filter(chosen)
        count = len(numbers)
        text = pa.nulls(count, pa.string()) if texts is None else texts.filter(chosen)
        columns = [
            numbers,
            pa.array([field_name] * count, pa.string()),
            pa.array([code] * count, pa.string()),
            pa.array([severity] * count, pa.string()),
            text,
        ]
        self._parts.append(pa.table(columns, schema=FINDING_SCHEMA))

    def table(self) -> pa.Table:
        return pa.concat_tables([FINDING_SCHEMA.empty_table(), *self._parts]).combine_chunks()


class _Decided:
    """What people decided about the rows of a chunk."""

    def __init__(self, row_numbers: pa.Array, verdicts: Mapping[int, RowVerdict]) -> None:
        self.count = len(row_numbers)
        self._places: dict[int, RowVerdict] = {}
        if verdicts:
            numbers = row_numbers.to_pylist()
            places = {number: place for place, number in enumerate(numbers)}
            self._places = {places[n]: v for n, v in verdicts.items() if n in places}
        self.fields = {name for v in self._places.values() for name in v.corrections}

    def mask(self, field_name: str) -> np.ndarray:
        """Return the rows of which this field was corrected."""
        mask = np.zeros(self.count, bool)
        mask[[p for p, v in self._places.items() if field_name in v.corrections]] = True
        return mask

    def texts(self, field_name: str) -> pa.Array:
        """Return the corrected texts, in the order of the rows."""
        ordered = sorted(self._places)
        found = [self._places[p].corrections for p in ordered]
        return pa.array([c[field_name] for c in found if field_name in c], pa.string())

    def columns(self) -> dict[str, pa.Array]:
        """Return `corrected` (JSON array of fields) and `approved` (0 or 1)."""
        corrected: list[str | None] = [None] * self.count
        approved = np.zeros(self.count, np.int64)
        for place, verdict in self._places.items():
            if verdict.corrections:
                corrected[place] = dump_cells(sorted(verdict.corrections))
            approved[place] = verdict.approved
        return {"corrected": pa.array(corrected, pa.string()), "approved": pa.array(approved)}


def _typed(
    texts: pa.Array, spec: FieldSpec, style: ColumnStyle, notes: _Notes, decided: _Decided
) -> pa.Array:
    if spec.name not in decided.fields:
        return _read_column(texts, spec, style, notes)
    mask = flags(decided.mask(spec.name))
    read = _read_column(pc.if_else(mask, pa.scalar(None, pa.string()), texts), spec, style, notes)
    # A correction is stored as ISO 8601 or a plain decimal, whatever the column looks like.
    plain = ColumnStyle(decimal_mark=".")
    return pc.replace_with_mask(
        read, mask, _read_column(decided.texts(spec.name), spec, plain, None)
    )


def _read_column(
    texts: pa.Array, spec: FieldSpec, style: ColumnStyle, notes: _Notes | None
) -> pa.Array:
    if spec.type in NUMERIC:
        parsed = parse_amounts(texts, decimal_mark=style.decimal_mark, scale=spec.scale)
    elif spec.type in TEMPORAL:
        order = DateOrder(style.date_order) if style.date_order else None
        parsed = parse_dates(texts, order=order, with_time=spec.type is ValueType.DATETIME)
    else:
        empty = pc.equal(pc.binary_length(pc.fill_null(texts, "")), 0)
        return pc.if_else(empty, pa.scalar(None, pa.string()), texts)
    if notes is not None:
        _note_parsing(parsed, spec, texts, notes)
    return parsed.values


def _note_parsing(parsed: ParsedColumn, spec: FieldSpec, texts: pa.Array, notes: _Notes) -> None:
    for mask, code, severity in (
        (parsed.unreadable, FindingCode.UNREADABLE, Severity.ERROR),
        (parsed.ambiguous, FindingCode.AMBIGUOUS, Severity.WARNING),
        (parsed.inexact, FindingCode.TOO_PRECISE, Severity.ERROR),
    ):
        notes.add(mask_of(mask), code, severity, field_name=spec.name, texts=texts)


def _compute_products(document_type: DocumentType, values: dict[str, pa.Array]) -> None:
    """Add computed amounts, exact: the scale of a product is the sum of the scales."""
    for spec in document_type.fields:
        if not spec.product_of or any(name not in values for name in spec.product_of):
            continue
        product = values[spec.product_of[0]]
        for name in spec.product_of[1:]:
            product = pc.multiply(product, values[name])
        values[spec.name] = product.cast(pa.decimal128(38, spec.scale)).cast(
            pa.decimal128(18, spec.scale)
        )


def _apply_filters(
    document_type: DocumentType, plan: CleaningPlan, columns: Columns, derived: np.ndarray
) -> tuple[list[list[str]], np.ndarray]:
    """Return every reason for each row that has one, and the mask of those rows."""
    masks = {DERIVED: derived}
    for rule in document_type.active(document_type.filters, plan.options):
        if rule.name not in plan.switched_off:
            masks[rule.name] = rows_where(rule, columns)
    filtered = np.logical_or.reduce(list(masks.values()))
    reasons: list[list[str]] = [[] for _ in range(int(filtered.sum()))]
    places = np.cumsum(filtered) - 1
    for name, mask in masks.items():
        for place in places[np.flatnonzero(mask)]:
            reasons[place].append(name)
    return reasons, filtered


def _note_missing(
    document_type: DocumentType,
    values: Mapping[str, pa.Array],
    filtered: np.ndarray,
    notes: _Notes,
) -> None:
    """Note required fields that are empty and have no other finding that says why."""
    for spec in document_type.fields:
        if spec.required and spec.name in values and spec.type not in NUMERIC | TEMPORAL:
            mask = mask_of(values[spec.name].is_null()) & ~filtered
            notes.add(mask, FindingCode.MISSING_REQUIRED, Severity.WARNING, field_name=spec.name)


def _note_checks(
    document_type: DocumentType,
    plan: CleaningPlan,
    columns: Columns,
    filtered: np.ndarray,
    notes: _Notes,
) -> None:
    for rule in document_type.active(document_type.checks, plan.options):
        if rule.name not in plan.switched_off:
            mask = rows_where(rule, columns) & ~filtered
            notes.add(mask, rule.name, rule.severity, field_name=rule.all[0].field)


def _note_widths(
    raw: Sequence[pa.Array], cells: pa.Array, derived: np.ndarray, notes: _Notes
) -> None:
    """Note rows that have fewer or more cells than the table has columns."""
    if not raw:
        return
    short = mask_of(raw[-1].is_null()) & ~derived
    notes.add(short, FindingCode.ROW_TOO_SHORT, Severity.WARNING, field_name=None)
    if short.any() or raw[-1].null_count or pc.any(pc.match_substring(cells, "\\")).as_py():
        width = len(raw)
        long = np.array([len(json.loads(text)) > width for text in cells.to_pylist()])
    else:
        # Quotes around each cell and none inside: the width is half the number of quotes.
        quotes = pc.count_substring(cells, '"').to_numpy(zero_copy_only=False)
        long = quotes > 2 * len(raw)
    notes.add(long, FindingCode.ROW_TOO_LONG, Severity.WARNING, field_name=None, texts=cells)


def _clean_rows(
    row_numbers: pa.Array,
    document_type: DocumentType,
    *,
    values: Mapping[str, pa.Array],
    reasons: Sequence[list[str]],
    filtered: np.ndarray,
    extra: pa.Array,
    counts: np.ndarray,
    decided: _Decided,
) -> pa.Table:
    count = len(row_numbers)
    status = pc.if_else(
        flags(filtered),
        pa.scalar(CleaningStatus.FILTERED_OUT.value),
        pa.scalar(CleaningStatus.CLEANED.value),
    )
    columns: dict[str, pa.Array] = {"row_number": row_numbers, "cleaning_status": status}
    for spec in document_type.fields:
        columns[spec.name] = values.get(spec.name, pa.nulls(count, arrow_type(spec)))
    why = pa.nulls(count, pa.string())
    if reasons:
        dumped = pa.array([dump_cells(names) for names in reasons], pa.string())
        why = pc.replace_with_mask(why, flags(filtered), dumped)
    columns |= {"reasons": why, "extra": extra, "findings": pa.array(counts)}
    return pa.table(columns | decided.columns())


def arrow_type(spec: FieldSpec) -> pa.DataType:
    """Return the Arrow type of a field's column: decimal128, or text (ISO 8601 for dates)."""
    return pa.decimal128(18, spec.scale) if spec.type in NUMERIC else pa.string()


def _extra(plan: CleaningPlan, texts: Sequence[pa.Array], count: int) -> pa.Array:
    """Return the columns that are no field, as one JSON object a row; null when there are none."""
    used = set(plan.mapping.values())
    names: dict[str, pa.Array] = {}
    for i, heading in enumerate(plan.columns):
        if i not in used and i < len(texts):
            names.setdefault(heading or f"#{i + 1}", texts[i])
    if not names:
        return pa.nulls(count, pa.string())
    parts: list[Any] = []
    for name, column in names.items():
        parts.append(
            pa.scalar(("," if parts else "{") + json.dumps(name, ensure_ascii=False) + ":")
        )
        parts.append(_json_texts(pc.fill_null(column, "")))
    return pc.binary_join_element_wise(*parts, pa.scalar("}"), "")


def _json_texts(column: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(column, r'[\x00-\x1f"\\]')
    quoted = pc.binary_join_element_wise(pa.scalar('"'), column, pa.scalar('"'), "")
    if not pc.any(special).as_py():
        return quoted
    escaped = [json.dumps(text, ensure_ascii=False) for text in column.filter(special).to_pylist()]
    return pc.replace_with_mask(quoted, special, pa.array(escaped, pa.string()))


def control_totals(rows: pa.Table, document_type: DocumentType) -> dict[str, Decimal]:
    """Return the exact sum of each amount and quantity over the rows that were kept."""
    kept = rows.filter(pc.equal(rows["cleaning_status"], CleaningStatus.CLEANED.value))
    totals: dict[str, Decimal] = {}
    for spec in document_type.fields:
        if spec.type in NUMERIC and spec.name in kept.column_names:
            wide = kept[spec.name].cast(pa.decimal128(38, spec.scale))
            total = pc.sum(wide).as_py()
            totals[spec.name] = total if total is not None else Decimal(0)
    return totals
