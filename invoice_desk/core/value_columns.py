"""From columns of text to columns of values, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.amounts import ParsedColumn, parse_amounts
from invoice_desk.core.amounts import two_readings as amount_readings
from invoice_desk.core.chunk_notes import Decided, Notes
from invoice_desk.core.cleaning_plan import CleaningPlan, ColumnStyle
from invoice_desk.core.dates import DateOrder, parse_dates
from invoice_desk.core.dates import two_readings as date_readings
from invoice_desk.core.document_types import (
    NUMERIC,
    TEMPORAL,
    DocumentType,
    FieldSpec,
    ValueType,
)
from invoice_desk.core.durations import parse_durations
from invoice_desk.core.findings import FindingCode, Severity
from invoice_desk.core.lookups import look_up_column
from invoice_desk.core.phone_numbers import e164
from invoice_desk.core.text import by_distinct, flags, mask_of
from invoice_desk.core.time_zones import own_offsets, to_utc

_NO_TEXT = pa.scalar(None, pa.string())


class ColumnReader:
    """Reads the fields of a chunk, and notes what could not be read."""

    def __init__(
        self,
        document_type: DocumentType,
        plan: CleaningPlan,
        texts: Sequence[pa.Array],
        count: int,
        *,
        notes: Notes,
        decided: Decided,
    ) -> None:
        self._type = document_type
        self._plan = plan
        self._texts = texts
        self._count = count
        self._notes = notes
        self._decided = decided
        self._doubted: dict[str, np.ndarray] = {}

    def read(self) -> dict[str, pa.Array]:
        """Return field → values for every field that the table has."""
        values: dict[str, pa.Array] = {}
        for spec in self._type.read_fields:
            texts = self._texts_of(spec)
            if texts is not None or spec.name in self._decided.fields or spec.fallback:
                column = pa.nulls(self._count, pa.string()) if texts is None else texts
                values[spec.name] = self._typed(column, spec)
        for spec in self._type.fields:
            if spec.lookup is not None and spec.name in values:
                values[spec.name] = self._named(spec, values[spec.name])
        self._compute(values)
        return values

    def note_missing(
        self, values: Mapping[str, pa.Array], filtered: np.ndarray, blanked: np.ndarray
    ) -> None:
        """Note required fields that are empty and have no other finding that says why."""
        parts = self._type.duplicates.blanked if self._type.duplicates else ()
        for spec in self._type.fields:
            if spec.required and spec.name in values:
                mask = mask_of(values[spec.name].is_null()) & ~filtered
                mask &= ~self._doubted.get(spec.name, np.zeros(self._count, bool))
                if spec.name in parts:
                    mask &= ~blanked
                code, severity = FindingCode.MISSING_REQUIRED, Severity.WARNING
                self._notes.add(mask, code, severity, field_name=spec.name)

    def _texts_of(self, spec: FieldSpec) -> pa.Array | None:
        index = self._plan.mapping.get(spec.name)
        if index is None or index >= len(self._texts):
            return None
        texts = self._texts[index]
        time = self._plan.mapping.get(spec.time_field or "")
        if time is not None and time != index and time < len(self._texts):
            joined = pc.binary_join_element_wise(texts, pc.fill_null(self._texts[time], ""), " ")
            texts = pc.utf8_trim_whitespace(joined)
        return texts

    def _typed(self, texts: pa.Array, spec: FieldSpec) -> pa.Array:
        style = self._style(spec)
        if spec.name not in self._decided.fields:
            return self._read_column(texts, spec, style, noted=True)
        mask = flags(self._decided.mask(spec.name))
        read = self._read_column(pc.if_else(mask, _NO_TEXT, texts), spec, style, noted=True)
        # A correction is stored as ISO 8601 or a plain decimal, whatever the column looks like.
        plain = ColumnStyle(decimal_mark=".")
        corrected = self._read_column(self._decided.texts(spec.name), spec, plain, noted=False)
        return pc.replace_with_mask(read, mask, corrected)

    def _style(self, spec: FieldSpec) -> ColumnStyle:
        style = self._plan.styles.get(spec.name, ColumnStyle())
        chosen = self._type.chosen(self._plan.options)
        for option, value, mark in spec.marks:
            if chosen.get(option) == value and not style.chosen:
                return ColumnStyle(decimal_mark=mark, chosen=True)
        return style

    def _read_column(
        self, texts: pa.Array, spec: FieldSpec, style: ColumnStyle, *, noted: bool
    ) -> pa.Array:
        if spec.type is ValueType.DURATION:
            parsed = parse_durations(texts)
        elif spec.type in NUMERIC:
            parsed = parse_amounts(texts, decimal_mark=style.decimal_mark, scale=spec.scale)
        elif spec.type in TEMPORAL:
            parsed = self._moments(texts, spec, style)
        elif spec.type is ValueType.PHONE:
            parsed = self._phones(texts)
        else:
            empty = pc.equal(pc.binary_length(pc.fill_null(texts, "")), 0)
            return pc.if_else(empty, _NO_TEXT, texts)
        if noted:
            self._note_parsing(parsed, spec, texts)
        return parsed.values

    def _moments(self, texts: pa.Array, spec: FieldSpec, style: ColumnStyle) -> ParsedColumn:
        order = DateOrder(style.date_order) if style.date_order else None
        parsed = parse_dates(texts, order=order, with_time=spec.type is not ValueType.DATE)
        if spec.type is not ValueType.INSTANT:
            return parsed
        utc = to_utc(parsed.values, zone=self._type.time_zone, offsets=own_offsets(texts))
        return ParsedColumn(utc, parsed.unreadable, parsed.ambiguous, parsed.inexact)

    def _phones(self, texts: pa.Array) -> ParsedColumn:
        region = self._type.region
        values = by_distinct(texts, lambda t: e164(t, region=region) if t else None, pa.string())
        filled = pc.greater(pc.binary_length(pc.fill_null(texts, "")), 0)
        unread = mask_of(filled) & mask_of(values.is_null())
        none = flags(np.zeros(len(texts), bool))
        # What is no number is kept as it stands: it may name a service or a person.
        kept = pc.if_else(flags(unread), texts, values)
        return ParsedColumn(kept, flags(unread), none, none)

    def _note_parsing(self, parsed: ParsedColumn, spec: FieldSpec, texts: pa.Array) -> None:
        doubted = np.zeros(len(texts), bool)
        for mask, code, severity in (
            (parsed.unreadable, FindingCode.UNREADABLE, Severity.ERROR),
            (parsed.ambiguous, FindingCode.AMBIGUOUS, Severity.WARNING),
            (parsed.inexact, FindingCode.TOO_PRECISE, Severity.ERROR),
        ):
            rows = mask_of(mask)
            doubted |= rows
            told = _both_readings(texts, mask, spec) if code is FindingCode.AMBIGUOUS else texts
            self._notes.add(rows, code, severity, field_name=spec.name, texts=told)
        self._doubted[spec.name] = doubted

    def _named(self, spec: FieldSpec, texts: pa.Array) -> pa.Array:
        """Return the names that a list knows for these texts, from other fields where it has none.

        A text that the list does not know stays as it stands, with a finding.
        """
        spellings = self._plan.lookups.get(spec.lookup or "", {})
        if not spellings:
            return texts
        names = look_up_column(texts, spellings)
        for other in spec.fallback:
            found = self._texts_of(self._type.field(other))
            missing = mask_of(names.is_null())
            if found is None or not missing.any():
                continue
            instead = look_up_column(pc.if_else(flags(missing), found, _NO_TEXT), spellings)
            taken = mask_of(instead.is_valid())
            names = pc.coalesce(names, instead)
            code = FindingCode.TAKEN_FROM_ELSEWHERE
            self._notes.add(taken, code, Severity.INFO, field_name=spec.name, texts=found)
        unknown = mask_of(names.is_null()) & mask_of(texts.is_valid())
        code = FindingCode.UNKNOWN_NAME
        self._notes.add(unknown, code, Severity.CRITICAL, field_name=spec.name, texts=texts)
        return pc.coalesce(names, texts)

    def _compute(self, values: dict[str, pa.Array]) -> None:
        for spec in self._type.fields:
            if spec.text_of:
                texts = self._texts_of(self._type.field(spec.text_of))
                if texts is not None:
                    values[spec.name] = texts
            elif spec.prefix_of in values and spec.prefixes:
                values[spec.name] = _by_prefix(values[spec.prefix_of], spec.prefixes)
            elif spec.days_since in values and self._plan.today:
                values[spec.name] = _days(values[spec.days_since], self._plan.today)
            elif spec.product_of and all(name in values for name in spec.product_of):
                values[spec.name] = _product([values[n] for n in spec.product_of], spec.scale)


def _both_readings(texts: pa.Array, mask: pa.Array, spec: FieldSpec) -> pa.Array:
    """Return ambiguous texts with what each may mean: `1.234: 1.234 or 1234`."""
    if not pc.any(mask).as_py():
        return texts

    def told(text: str | None) -> str | None:
        pair: Sequence[object] | None
        pair = amount_readings(text or "") if spec.type in NUMERIC else date_readings(text or "")
        return text if pair is None else f"{text}: {pair[0]} or {pair[1]}"

    return by_distinct(pc.if_else(mask, texts, _NO_TEXT), told, pa.string())


def _by_prefix(texts: pa.Array, prefixes: Sequence[tuple[str, str]]) -> pa.Array:
    """Return what the first prefix that fits stands for; null where none does."""

    def meaning(text: str | None) -> str | None:
        upper = (text or "").upper()
        return next((name for prefix, name in prefixes if upper.startswith(prefix)), None)

    return by_distinct(texts, meaning, pa.string())


def _days(dates: pa.Array, today: str) -> pa.Array:
    """Return whole days from ISO 8601 dates to `today`."""
    days = pc.strptime(pc.utf8_slice_codeunits(dates, 0, 10), format="%Y-%m-%d", unit="s")
    end = pc.strptime(pa.scalar(today), format="%Y-%m-%d", unit="s")
    return pc.days_between(days, end).cast(pa.decimal128(19, 0)).cast(pa.decimal128(18, 0))


def _product(factors: Sequence[pa.Array], scale: int) -> pa.Array:
    """Return the product, exact: the scale of a product is the sum of the scales."""
    product = factors[0]
    for factor in factors[1:]:
        product = pc.multiply(product, factor)
    return product.cast(pa.decimal128(38, scale)).cast(pa.decimal128(18, scale))
