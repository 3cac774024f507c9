"""From raw rows to clean rows, as functions over whole columns.

The same functions clean a chunk of fifty thousand rows, the twenty rows of a preview and the
one row of an invoice, so that all of them agree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.cells import dump_cells
from invoice_desk.core.chunk_notes import Decided, Notes
from invoice_desk.core.cleaning_plan import CleaningPlan
from invoice_desk.core.decisions import RowVerdict
from invoice_desk.core.document_types import (
    NUMERIC,
    DocumentType,
    DuplicateAction,
    FieldSpec,
)
from invoice_desk.core.findings import FindingCode, Severity
from invoice_desk.core.raw_rows import RawRows, numbered
from invoice_desk.core.rules import Columns, first_hit, rows_where
from invoice_desk.core.text import flags, mask_of
from invoice_desk.core.value_columns import ColumnReader


class CleaningStatus(StrEnum):
    """Where a row stands; `raw` and `cleaning` rows have no clean row yet."""

    RAW = "raw"
    CLEANING = "cleaning"
    CLEANED = "cleaned"
    FILTERED_OUT = "filtered_out"


#: The reason of a subtotal row; it is data of the file, but not a row of the table.
DERIVED = "derived_row"
#: The reason of a row of a bulk write's input that the write has not come to.
NOT_WRITTEN = "not_written"
#: The bucket of rows that no bucket rule claims.
MAIN_BUCKET = "main"


@dataclass(frozen=True, slots=True)
class CleanChunk:
    """Clean rows and what was doubtful about them.

    Attributes:
        rows: `row_number`, `cleaning_status`, `bucket`, one column a field, `reasons`, `extra`,
            `findings`, `corrected`, `approved`; in the order of the raw rows.
        findings: Of `FINDING_SCHEMA`.
    """

    rows: pa.Table
    findings: pa.Table


def clean_chunk(
    raw: RawRows,
    *,
    plan: CleaningPlan,
    document_type: DocumentType,
    verdicts: Mapping[int, RowVerdict] | None = None,
) -> CleanChunk:
    """Return the clean rows of these raw rows.

    Args:
        raw: Rows with as many columns as the plan has headings.
        plan: Which column is which field and how it is written.
        document_type: Fields and rules.
        verdicts: Row number → what people decided; corrections take the place of what was
            read before any rule is applied.
    """
    count = len(raw)
    notes = Notes(raw.numbers)
    decided = Decided(raw.numbers, verdicts or {})
    reader = ColumnReader(document_type, plan, raw.texts, count, notes=notes, decided=decided)
    values = reader.read()
    derived = mask_of(numbered(raw, plan.derived_rows))
    later = mask_of(numbered(raw, plan.duplicate_rows))
    action = duplicate_action(document_type, plan.options)
    _blank_parts(document_type, values, later, action)
    columns = Columns(values, count)
    left_out = later if action is DuplicateAction.LEAVE_OUT else np.zeros(count, bool)
    masks = {DERIVED: derived, FindingCode.DUPLICATE.value: left_out}
    masks |= _filter_masks(document_type, plan, columns)
    masks[NOT_WRITTEN] = _not_written(raw, plan)
    excluded = decided.excluded()
    filtered = np.logical_or.reduce(list(masks.values()))
    filtered[list(excluded)] = True
    blanked = later if action is DuplicateAction.KEEP_PARTS else np.zeros(count, bool)
    reader.note_missing(values, filtered, blanked)
    if action in {DuplicateAction.FLAG, DuplicateAction.KEEP_PARTS}:
        notes.add(later & ~filtered, FindingCode.DUPLICATE, Severity.CRITICAL, field_name=None)
    _note_checks(document_type, plan, columns, filtered, notes)
    _note_widths(raw, derived, notes)
    rows = {
        "row_number": raw.numbers,
        "cleaning_status": _statuses(filtered),
        "bucket": _buckets(document_type, plan, columns),
        **_all_fields(document_type, values, count),
        "reasons": _with_excluded(_reasons(masks, filtered), excluded),
        "extra": _extra(plan, raw.texts, count),
        "findings": pa.array(notes.counts),
        **decided.columns(),
    }
    return CleanChunk(pa.table(rows), notes.table())


def _all_fields(
    document_type: DocumentType, values: Mapping[str, pa.Array], count: int
) -> dict[str, pa.Array]:
    """Return one column a field; null throughout where the table has no such column."""
    return {
        spec.name: values.get(spec.name, pa.nulls(count, arrow_type(spec)))
        for spec in document_type.fields
    }


def duplicate_action(
    document_type: DocumentType, options: Mapping[str, str]
) -> DuplicateAction | None:
    """Return what becomes of duplicates, None when the type has no rule about them."""
    rule = document_type.duplicates
    if rule is None or not rule.enabled:
        return None
    chosen = document_type.chosen(options).get(rule.option or "")
    return DuplicateAction(chosen) if chosen else rule.action


def _blank_parts(
    document_type: DocumentType,
    values: dict[str, pa.Array],
    later: np.ndarray,
    action: DuplicateAction | None,
) -> None:
    """Empty the amounts of the invoice in the rows of its further payments."""
    if action is not DuplicateAction.KEEP_PARTS or not later.any():
        return
    assert document_type.duplicates is not None
    for name in document_type.duplicates.blanked:
        if name in values:
            none = pa.scalar(None, values[name].type)
            values[name] = pc.if_else(flags(later), none, values[name])


def _filter_masks(
    document_type: DocumentType, plan: CleaningPlan, columns: Columns
) -> dict[str, np.ndarray]:
    return {
        rule.name: rows_where(rule, columns)
        for rule in document_type.active(document_type.filters, plan.parameters)
        if rule.name not in plan.switched_off
    }


def _statuses(filtered: np.ndarray) -> pa.Array:
    out = pa.scalar(CleaningStatus.FILTERED_OUT.value)
    return pc.if_else(flags(filtered), out, pa.scalar(CleaningStatus.CLEANED.value))


def _reasons(masks: Mapping[str, np.ndarray], filtered: np.ndarray) -> pa.Array:
    """Return every reason for each row that was left out, as a JSON array; null for the others."""
    why = pa.nulls(len(filtered), pa.string())
    if not filtered.any():
        return why
    # Rows share their reasons: each combination is written once.
    codes = np.zeros(int(filtered.sum()), np.int64)
    names = [name for name, mask in masks.items() if mask.any()]
    for bit, name in enumerate(names):
        codes |= masks[name][filtered].astype(np.int64) << bit
    distinct, places = np.unique(codes, return_inverse=True)
    texts = [dump_cells([n for b, n in enumerate(names) if code >> b & 1]) for code in distinct]
    found = pa.array(texts, pa.string()).take(pa.array(places))
    return pc.replace_with_mask(why, flags(filtered), found)


def _not_written(raw: RawRows, plan: CleaningPlan) -> np.ndarray:
    if plan.written_up_to is None:
        return np.zeros(len(raw), bool)
    numbers: np.ndarray = raw.numbers.to_numpy(zero_copy_only=False)
    return numbers >= plan.written_up_to


def _with_excluded(reasons: pa.Array, excluded: Mapping[int, str]) -> pa.Array:
    """Return the reasons with that of each excluded row, which differs from row to row, first."""
    if not excluded:
        return reasons
    mask = np.zeros(len(reasons), bool)
    mask[list(excluded)] = True
    rules = reasons.filter(flags(mask)).to_pylist()
    texts = [dump_cells([w, *json.loads(r)]) for w, r in zip(excluded.values(), rules, strict=True)]
    return pc.replace_with_mask(reasons, flags(mask), pa.array(texts, pa.string()))


def _buckets(document_type: DocumentType, plan: CleaningPlan, columns: Columns) -> pa.Array:
    if not document_type.buckets:
        return pa.nulls(columns.count, pa.string())
    active = document_type.active(document_type.buckets, plan.parameters)
    wanted = [rule for rule in active if rule.name not in plan.switched_off]
    return first_hit(wanted, columns, otherwise=MAIN_BUCKET)


def _note_checks(
    document_type: DocumentType,
    plan: CleaningPlan,
    columns: Columns,
    filtered: np.ndarray,
    notes: Notes,
) -> None:
    for rule in document_type.active(document_type.checks, plan.parameters):
        if rule.name not in plan.switched_off:
            mask = rows_where(rule, columns) & ~filtered
            name = rule.all[0].field
            notes.add(mask, rule.name, rule.severity, field_name=name, anomaly=rule.anomaly)


def _note_widths(raw: RawRows, derived: np.ndarray, notes: Notes) -> None:
    """Note rows that have fewer or more cells than the table has columns."""
    if not raw.columns:
        return
    short, long = raw.widths()
    code, severity = FindingCode.ROW_TOO_SHORT, Severity.WARNING
    notes.add(short & ~derived, code, severity, field_name=None)
    if long.any():
        code = FindingCode.ROW_TOO_LONG
        notes.add(long, code, severity, field_name=None, texts=raw.lines)


def _extra(plan: CleaningPlan, texts: Sequence[pa.Array], count: int) -> pa.Array:
    """Return the columns that are no field, as one JSON object a row; null when there are none."""
    used = set(plan.mapping.values())
    names: dict[str, pa.Array] = {}
    for i, heading in enumerate(plan.columns):
        if i not in used and i < len(texts):
            name = heading or f"#{i + 1}"
            names.setdefault(name if name not in names else f"{name} #{i + 1}", texts[i])
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


def arrow_type(spec: FieldSpec) -> pa.DataType:
    """Return the Arrow type of a field's column: decimal128, or text (ISO 8601 for dates)."""
    return pa.decimal128(18, spec.scale) if spec.type in NUMERIC else pa.string()


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
