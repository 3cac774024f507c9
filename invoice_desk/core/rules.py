"""Rules over whole columns: which rows a condition holds for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.document_types import TEXTUAL, Condition, Operator, Rule
from invoice_desk.core.text import by_distinct, folded, folded_column, mask_of

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")


class Columns:
    """The cleaned columns of a chunk, and their folded texts, each folded once."""

    def __init__(self, columns: Mapping[str, pa.Array], count: int) -> None:
        self._columns = columns
        self._folded: dict[str, pa.Array] = {}
        self.count = count

    def get(self, name: str) -> pa.Array | None:
        """Return a column, None when the table has no such column."""
        return self._columns.get(name)

    def folded(self, name: str) -> pa.Array:
        """Return the folded texts of a text column, empty text for null."""
        if name not in self._folded:
            column = pc.fill_null(self._columns[name].cast(pa.string()), "")
            self._folded[name] = folded_column(column)
        return self._folded[name]


def rows_where(rule: Rule, columns: Columns) -> np.ndarray:
    """Return a mask of the rows for which all conditions of `rule` hold.

    A rule about a column that the table does not have, or about an empty cell, holds for no row
    (but for `empty`): what is not there cannot be a reason to leave a row out.
    """
    mask = np.ones(columns.count, bool)
    for condition in rule.all:
        column = columns.get(condition.field)
        if column is None:
            return np.zeros(columns.count, bool)
        mask &= _holds(condition, column, columns)
    return mask


def _holds(condition: Condition, column: pa.Array, columns: Columns) -> np.ndarray:
    operator = condition.operator
    if operator in {Operator.EMPTY, Operator.NOT_EMPTY}:
        empty = mask_of(column.is_null())
        return empty if operator is Operator.EMPTY else ~empty
    if operator in {Operator.BELOW, Operator.ABOVE}:
        limit = pa.scalar(Decimal(condition.values[0]), pa.decimal128(38, 10))
        compare = pc.less if operator is Operator.BELOW else pc.greater
        return mask_of(compare(column, limit))
    if operator in TEXTUAL:
        return _holds_text(condition, column, columns)
    return _holds_date(operator, column, condition.values[0])


def _holds_date(operator: Operator, column: pa.Array, value: str) -> np.ndarray:
    """Compare ISO 8601 texts, or the years that texts name; null holds for nothing."""
    if operator is Operator.DATE_AFTER:
        return mask_of(pc.greater(pc.utf8_slice_codeunits(column, 0, 10), value))
    if operator is Operator.NAMES_YEAR_BELOW:
        years = by_distinct(pc.fill_null(column, ""), _last_year, pa.string())
        return mask_of(pc.less(years, value))
    compare = {
        Operator.YEAR_IS_NOT: pc.not_equal,
        Operator.YEAR_BELOW: pc.less,
        Operator.YEAR_ABOVE: pc.greater,
    }[operator]
    mask: np.ndarray = mask_of(compare(pc.utf8_slice_codeunits(column, 0, 4), value))
    return mask


def _last_year(text: str) -> str | None:
    """Return the last year that a text such as `01/2023 - 12/2023` names."""
    found = _YEAR.findall(text)
    return found[-1] if found else None


def _holds_text(condition: Condition, column: pa.Array, columns: Columns) -> np.ndarray:
    operator = condition.operator
    if operator in {Operator.STARTS_WITH, Operator.ENDS_WITH}:
        # Marks such as "@" and a code's last letter count here, so the text is not folded.
        compare = pc.starts_with if operator is Operator.STARTS_WITH else pc.ends_with
        plain = pc.fill_null(column.cast(pa.string()), "")
        return _any(compare(plain, pattern=value) for value in condition.values)
    if operator is Operator.MATCHES_NOT:
        patterns = [f"^(?:{value})$" for value in condition.values]
        hit = _any(pc.match_substring_regex(column, pattern) for pattern in patterns)
        unlike: np.ndarray = ~hit & mask_of(column.is_valid())
        return unlike
    filled = mask_of(column.is_valid())
    texts = columns.folded(condition.field)
    keys = [folded(value) for value in condition.values]
    if operator in {Operator.IS, Operator.IS_NOT}:
        hit = mask_of(pc.is_in(texts, value_set=pa.array(keys, pa.string())))
        return hit if operator is Operator.IS else ~hit & filled
    hit = _any(pc.match_substring(texts, key) for key in keys)
    return hit if operator is Operator.CONTAINS else ~hit & filled


def _any(columns: Iterable[pa.Array]) -> np.ndarray:
    masks = [mask_of(column) for column in columns]
    result: np.ndarray = np.logical_or.reduce(masks)
    return result


def first_hit(rules: Sequence[Rule], columns: Columns, *, otherwise: str) -> pa.Array:
    """Return for each row the bucket of the first of `rules` that holds, else `otherwise`."""
    names = [otherwise, *(rule.into or rule.name for rule in rules)]
    chosen = np.zeros(columns.count, np.int64)
    for place, rule in enumerate(rules, start=1):
        hit = rows_where(rule, columns) & (chosen == 0)
        chosen[hit] = place
    return pa.array(names, pa.string()).take(pa.array(chosen))
