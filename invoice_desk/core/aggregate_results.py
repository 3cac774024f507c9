"""What a report found: groups, what was left out and why, and control totals that are checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from invoice_desk.core.amounts import amount_text

#: Averages have this many digits more than their field.
MORE_DIGITS = 2

Value = Decimal | int | str | None


@dataclass(frozen=True, slots=True)
class Group:
    """The rows that agree in all keys; a key that is None is empty in them."""

    keys: tuple[str | None, ...]
    rows: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that were not counted, with every reason; `field` for those that lack only a value.

    Attributes:
        reasons: Codes of rules, of findings, or of `REASONS`.
        rows: How many rows have exactly these reasons.
        field: The field whose value is missing; the row counts for other figures.
        detail: What more there is to say, such as the number of a job.
    """

    reasons: tuple[str, ...]
    rows: int
    field: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A sum that was made in two ways, and whether both agree."""

    name: str
    expected: Decimal
    found: Decimal

    @property
    def agrees(self) -> bool:
        """Return whether both ways gave the same."""
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class AggregateResult:
    """The answer to an `AggregateRequest`.

    Attributes:
        title: What was asked for.
        document_type: Whose rows.
        figures: Names of the figures, one a value.
        numeric: Which figures are numbers, exact decimals or counts, and no texts.
        currencies: The currency of each figure, `by row` where a key of the group says it.
        group_by: Names of the keys, the currency among them where rows say theirs.
        totals: The same figures over all rows, one a currency where rows say theirs.
        left_out: Rows that were not counted.
        missing: Rows that were counted, but lack the value of a figure.
        rows_seen: Rows counted and left out.
        jobs: The jobs whose rows these are, the newest last.
        passes: The cleaning passes whose rows these are.
        rounding: How averages were rounded, a sentence; empty where nothing was.
    """

    title: str
    document_type: str
    figures: tuple[str, ...]
    numeric: tuple[bool, ...]
    currencies: tuple[str, ...]
    group_by: tuple[str, ...]
    groups: tuple[Group, ...]
    totals: tuple[Group, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    missing: tuple[LeftOut, ...] = ()
    rows_seen: int = 0
    rows_counted: int = 0
    controls: tuple[Control, ...] = ()
    jobs: tuple[int, ...] = ()
    passes: tuple[int, ...] = ()
    rounding: str = ""

    @property
    def rows_left_out(self) -> int:
        """Return how many rows were not counted."""
        return sum(left.rows for left in self.left_out)

    @property
    def agrees(self) -> bool:
        """Return whether every control total agrees."""
        return all(control.agrees for control in self.controls)


#: Codes of reasons that are no rule and no finding → their sentences.
REASONS = {
    "not_cleaned": "The table is not cleaned yet.",
    "job_not_complete": "The job that cleaned the table is not Job Complete.",
    "job_gone": "The job that cleaned the table was deleted.",
    "cleaned_again": "Another job has cleaned the table since.",
    "filtered_out": "The row was filtered out.",
    "no_column": "The table has no such column.",
    "empty": "The cell is empty.",
    "further_payment": "A further payment: the invoice is counted in an earlier row.",
    "no_period": "The row has no readable date, so it is in no period.",
    "other_bucket": "The rules put the row elsewhere than into main.",
}


def average(total: int, count: int, *, scale: int) -> Decimal | None:
    """Return total / count, rounded half up to `MORE_DIGITS` digits more; None without a count.

    Args:
        total: The sum, scaled: 1234 with a scale of 2 is 12.34.
        count: Of the values that were added up.
        scale: Digits of the field after the mark.
    """
    if count == 0:
        return None
    # Whole numbers are divided, so no precision of a context rounds before we do.
    wide = abs(total) * 10**MORE_DIGITS * 2
    rounded = (wide // count + 1) // 2
    return scaled(-rounded if total < 0 else rounded, scale + MORE_DIGITS)


def scaled(value: int, scale: int) -> Decimal:
    """Return a scaled whole number as the decimal that it stands for, however long it is."""
    return Decimal(f"{value}E-{scale}")


def exact_sum(values: Iterable[Decimal | int]) -> Decimal:
    """Return the sum without the rounding of Decimal's own context, which keeps 28 digits."""
    total, exact = Decimal(0), _exact()
    for value in values:
        total = exact.add(total, Decimal(value))
    return total


def units(value: Decimal, scale: int) -> int:
    """Return the whole number that stands for `value` at this scale; the opposite of `scaled`."""
    return int(value.scaleb(scale, _exact()))


def _exact() -> Context:
    """Return a context with digits for every sum there can be, that fails rather than rounds."""
    return Context(prec=1_000, traps=[Inexact, InvalidOperation])


def digits_of(value: Decimal) -> int:
    """Return how many digits a value has after the mark."""
    return max(0, -int(value.as_tuple().exponent))


def as_json(result: AggregateResult) -> dict[str, Any]:
    """Return a result as JSON values, decimals as plain text; `from_json` reads it."""
    plain: dict[str, Any] = {spec.name: getattr(result, spec.name) for spec in fields(result)}
    for name in ("groups", "totals"):
        plain[name] = [
            {"keys": list(g.keys), "rows": g.rows, "values": [_plain(v) for v in g.values]}
            for g in plain[name]
        ]
    for name in ("left_out", "missing"):
        plain[name] = [
            {"reasons": list(o.reasons), "rows": o.rows, "field": o.field, "detail": o.detail}
            for o in plain[name]
        ]
    plain["controls"] = [
        {
            "name": control.name,
            "expected": _plain(control.expected),
            "found": _plain(control.found),
            "agrees": control.agrees,
        }
        for control in result.controls
    ]
    return {name: list(v) if isinstance(v, tuple) else v for name, v in plain.items()}


def from_json(plain: Mapping[str, Any]) -> AggregateResult:
    """Return the result that `as_json` gave."""
    values: dict[str, Any] = dict(plain)
    kinds = tuple(values["numeric"])
    for name in ("groups", "totals"):
        values[name] = [_group(entry, kinds) for entry in values[name]]
    for name in ("left_out", "missing"):
        values[name] = [
            LeftOut(tuple(e["reasons"]), e["rows"], e["field"], e["detail"]) for e in values[name]
        ]
    values["controls"] = [
        Control(e["name"], Decimal(e["expected"]), Decimal(e["found"])) for e in values["controls"]
    ]
    for name, value in values.items():
        values[name] = tuple(value) if isinstance(value, list) else value
    return AggregateResult(**values)


def _plain(value: Value) -> int | str | None:
    return amount_text(value, digits=0) if isinstance(value, Decimal) else value


def _group(entry: Mapping[str, Any], kinds: Sequence[bool]) -> Group:
    values = tuple(
        Decimal(value) if is_number and isinstance(value, str) else value
        for value, is_number in zip(entry["values"], kinds, strict=True)
    )
    return Group(tuple(entry["keys"]), entry["rows"], values)
