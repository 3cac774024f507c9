"""Everything that decides how a table is cleaned; stored with each pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from invoice_desk.core.amounts import decimal_mark_of
from invoice_desk.core.dates import date_order_of
from invoice_desk.core.document_types import NUMERIC, TEMPORAL, TODAY, FieldSpec, ValueType


@dataclass(frozen=True, slots=True)
class ColumnStyle:
    """What the whole column says about how its values are written; None is not settled."""

    decimal_mark: str | None = None
    date_order: str | None = None
    #: Whether a person settled it.
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class CleaningPlan:
    """Everything that decides how a table is cleaned.

    Attributes:
        mapping: Field → index of the raw column.
        columns: The raw headings.
        styles: Field → how its column is written.
        options: Option → chosen reading; what is missing has its default.
        switched_off: Names of rules that do not apply.
        derived_rows: Row numbers of subtotals and totals.
        duplicate_rows: Row numbers of the second and later rows with one key.
        lookups: List → folded spelling → name.
        today: The day of the pass, ISO 8601, for dates that lie ahead.
        written_up_to: For the input of a bulk write that did not end: the number of the first
            row that was not written, and that therefore does not count yet.
    """

    mapping: dict[str, int]
    columns: tuple[str, ...]
    styles: dict[str, ColumnStyle] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    switched_off: tuple[str, ...] = ()
    derived_rows: tuple[int, ...] = ()
    duplicate_rows: tuple[int, ...] = ()
    lookups: dict[str, dict[str, str]] = field(default_factory=dict)
    today: str = ""
    written_up_to: int | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """Return the options and the day of the pass, which rules may name."""
        return self.options | {TODAY: self.today}

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain JSON values."""
        return asdict(self)

    def within(self, start: int, stop: int) -> CleaningPlan:
        """Return the plan with what concerns rows numbered from `start` up to `stop` only."""
        return replace(
            self,
            derived_rows=tuple(n for n in self.derived_rows if start <= n < stop),
            duplicate_rows=tuple(n for n in self.duplicate_rows if start <= n < stop),
        )

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> CleaningPlan:
        """Return the plan that `as_dict` gave; what an older program did not know is empty."""
        styles = {name: ColumnStyle(**style) for name, style in plain["styles"].items()}
        return cls(
            mapping=dict(plain["mapping"]),
            columns=tuple(plain["columns"]),
            styles=styles,
            options=dict(plain["options"]),
            switched_off=tuple(plain["switched_off"]),
            derived_rows=tuple(plain["derived_rows"]),
            duplicate_rows=tuple(plain.get("duplicate_rows", ())),
            lookups=dict(plain.get("lookups", {})),
            today=plain.get("today", ""),
            written_up_to=plain.get("written_up_to"),
        )


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
    return spec.type in {ValueType.AMOUNT, ValueType.QUANTITY} or spec.type in TEMPORAL
