"""Computing a report: whose rows count, what of them is missing, and sums made in two ways."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal

from invoice_desk.core.aggregate_results import (
    MORE_DIGITS,
    AggregateResult,
    Control,
    Group,
    LeftOut,
    Value,
    average,
    exact_sum,
    scaled,
)
from invoice_desk.core.aggregates import (
    CURRENCY,
    AggregateRequest,
    Figure,
    Function,
    GroupKey,
    currency_of,
    keys_with_currency,
)
from invoice_desk.core.cleaning import duplicate_action
from invoice_desk.core.document_types import NUMERIC, DocumentType, DuplicateAction
from invoice_desk.core.jobs import JobState
from invoice_desk.db.aggregates import (
    PassShare,
    Sums,
    group_rows,
    left_out_rows,
    missing_values,
    passes_of_type,
    rows_not_cleaned,
)
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import Connection
from invoice_desk.db.jobs import get_job
from invoice_desk.errors import ArgumentError, BugError

#: More groups than this are no report any more but an export; writing them down as one JSON
#: text would hold the window still.
MOST_GROUPS = 20_000


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows a report is made of, and which whole tables it leaves out."""

    made: DocumentType
    passes: tuple[PassShare, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def pass_ids(self) -> tuple[int, ...]:
        """Return the passes whose rows count."""
        return tuple(share.id for share in self.passes)

    @property
    def jobs(self) -> tuple[int, ...]:
        """Return the jobs that made them, the newest last."""
        return tuple(sorted({share.job_id for share in self.passes if share.job_id is not None}))


def scope_of(connection: Connection, made: DocumentType, *, job_id: int | None) -> Scope:
    """Return which passes count, and which tables do not and why.

    Raises:
        ArgumentError: If the job is not Job Complete, or no row counts.
    """
    if job_id is not None:
        _refuse_unfinished(connection, job_id)
    shares = passes_of_type(connection, made.name)
    wanted = [s for s in shares if (s.is_current if job_id is None else s.job_id == job_id)]
    counted = tuple(share for share in wanted if _why_not(share) is None)
    left: Counter[tuple[str, str]] = Counter()
    for share in wanted:
        reason = _why_not(share)
        if reason is not None:
            detail = "" if share.job_id is None else str(share.job_id)
            left[reason, detail] += share.cleaned + share.filtered_out
    if job_id is None:
        left["not_cleaned", ""] += rows_not_cleaned(connection, made.name)
    if not counted:
        raise ArgumentError(_nothing(made, job_id, {why for (why, _), n in left.items() if n}))
    told = tuple(LeftOut((why,), n, detail=detail) for (why, detail), n in left.items() if n)
    return Scope(made, counted, told)


def _refuse_unfinished(connection: Connection, job_id: int) -> None:
    found = get_job(connection, job_id)
    if found is None:
        raise ArgumentError(f"There is no job {job_id}.")
    if found.state is not JobState.JOB_COMPLETE:
        raise ArgumentError(
            f"Job {job_id} is {found.state.value}, and reports are made of jobs that are "
            "JobComplete only. Let it end, or clean again what it left."
        )


def _why_not(share: PassShare) -> str | None:
    if share.job_state is None:
        return "job_gone"
    if share.job_state != JobState.JOB_COMPLETE.value:
        return "job_not_complete"
    return None if share.is_current else "cleaned_again"


def _nothing(made: DocumentType, job_id: int | None, reasons: AbstractSet[str]) -> str:
    if "cleaned_again" in reasons:
        return f"All tables of job {job_id} were cleaned again since. Take the newer job."
    if "job_not_complete" in reasons:
        return f"No job that cleaned {made.title} is JobComplete yet. Clean it again to the end."
    where = "Nothing" if job_id is None else f"Nothing by job {job_id}"
    return f"{where} of the type {made.title} is cleaned. Clean its tables first."


# --- computing ------------------------------------------------------------------------


def compute(
    connection: Connection,
    made: DocumentType,
    request: AggregateRequest,
    *,
    job_id: int | None = None,
) -> AggregateResult:
    """Return what a request comes to, with its control totals checked; nothing is kept.

    Raises:
        ArgumentError: As `aggregate` does.
        BugError: If the groups do not add up to the whole.
    """
    scope = scope_of(connection, made, job_id=job_id)
    keys = keys_with_currency(made, request)
    wanted = _functions(request.figures)
    clean = clean_table(made)
    found = group_rows(
        connection, clean, scope.pass_ids, keys=keys, wanted=wanted, limit=MOST_GROUPS + 1
    )
    if len(found) > MOST_GROUPS:
        raise ArgumentError(
            f"That gives more than {MOST_GROUPS:,} groups. Group by fewer fields, or by the "
            "month of a date."
        )
    per_currency = tuple(key for key in keys if key == GroupKey(CURRENCY))
    whole = group_rows(connection, clean, scope.pass_ids, keys=per_currency, wanted=wanted)
    left_out, missing = _left_out(connection, scope, request, whole)
    counted = sum(sums.rows for sums in whole)
    result = AggregateResult(
        title=request.title,
        document_type=made.name,
        figures=tuple(figure.name for figure in request.figures),
        numeric=tuple(_is_numeric(made, figure) for figure in request.figures),
        currencies=tuple(currency_of(made, figure) for figure in request.figures),
        group_by=tuple(key.name for key in keys),
        groups=tuple(_group(made, request, sums) for sums in found),
        totals=tuple(_group(made, request, sums) for sums in whole),
        left_out=left_out,
        missing=missing,
        rows_seen=counted + sum(left.rows for left in left_out),
        rows_counted=counted,
        jobs=scope.jobs,
        passes=scope.pass_ids,
        rounding=_rounding(request.figures),
    )
    _check_groups(request, found, whole)
    return replace(result, controls=_controls(scope, request, result))


def _functions(figures: Iterable[Figure]) -> list[tuple[Function, str]]:
    """Return what SQL has to make: the figures, and the count of the values of each."""
    named = [(f.function, f.field) for f in figures if f.field is not None]
    return [*named, *((Function.COUNT, field) for _, field in named)]


def _is_numeric(made: DocumentType, figure: Figure) -> bool:
    if figure.field is None or figure.function is Function.COUNT:
        return True
    return made.field(figure.field).type in NUMERIC


def _group(made: DocumentType, request: AggregateRequest, sums: Sums) -> Group:
    values = tuple(_value(made, figure, sums) for figure in request.figures)
    return Group(tuple(None if k is None else str(k) for k in sums.keys), sums.rows, values)


def _value(made: DocumentType, figure: Figure, sums: Sums) -> Value:
    if figure.field is None:
        return sums.rows
    found = sums.values[figure.function, figure.field]
    if figure.function is Function.COUNT:
        return int(found)
    spec = made.field(figure.field)
    if figure.function is Function.AVERAGE:
        return average(*found, scale=spec.scale)
    if figure.function is Function.SUM:
        total, count = found
        return scaled(total, spec.scale) if count else None
    if found is None or spec.type not in NUMERIC:
        return None if found is None else str(found)
    return scaled(found, spec.scale)


def _rounding(figures: Iterable[Figure]) -> str:
    if all(figure.function is not Function.AVERAGE for figure in figures):
        return ""
    return f"Averages are rounded half up, to {MORE_DIGITS} digits more than their field has."


def _left_out(
    connection: Connection, scope: Scope, request: AggregateRequest, whole: Sequence[Sums]
) -> tuple[tuple[LeftOut, ...], tuple[LeftOut, ...]]:
    """Return the rows that do not count, and those that lack the value of a figure."""
    filtered = left_out_rows(connection, clean_table(scope.made), scope.pass_ids)
    rows = reasons_of(filtered)
    missing: list[LeftOut] = []
    for field in dict.fromkeys(figure.field for figure in request.figures if figure.field):
        there = sum(sums.values[Function.COUNT, field] for sums in whole)
        lacking = sum(sums.rows for sums in whole) - there
        if lacking:
            missing += _missing(connection, scope, field, lacking)
    return (*rows, *scope.left_out), tuple(missing)


def reasons_of(filtered: Mapping[str, int]) -> tuple[LeftOut, ...]:
    """Return rows that were filtered out, by their reasons as they are stored."""
    return tuple(
        LeftOut(tuple(json.loads(reasons)) or ("filtered_out",), count)
        for reasons, count in filtered.items()
    )


def _missing(connection: Connection, scope: Scope, field: str, lacking: int) -> list[LeftOut]:
    """Return why `lacking` rows have no value of a field."""
    made, clean = scope.made, clean_table(scope.made)
    spec = made.field(field)
    without = [s.id for s in scope.passes if not spec.is_computed and field not in s.fields]
    others = sorted({*scope.pass_ids} - {*without})
    found: Counter[str] = Counter()
    if without:
        count = [(Function.COUNT, field)]
        sums = group_rows(connection, clean, without, wanted=count)[0]
        found["no_column"] = sums.rows - sums.values[Function.COUNT, field]
    rule = made.duplicates
    is_parted = duplicate_action(made, {}) is DuplicateAction.KEEP_PARTS
    found.update(
        missing_values(
            connection,
            clean,
            others,
            field=field,
            read_from=[field, *spec.product_of],
            is_blanked=is_parted and rule is not None and field in rule.blanked,
        )
    )
    found["empty"] += lacking - found.total()
    return [LeftOut((why,), count, field) for why, count in found.items() if count]


# --- control totals -------------------------------------------------------------------


def _check_groups(request: AggregateRequest, groups: Sequence[Sums], whole: Sequence[Sums]) -> None:
    """Refuse groups that do not add up to the whole, which was added up apart from them."""
    for function, field in _functions(request.figures):
        if function in {Function.COUNT, Function.SUM} and _added(groups, function, field) != _added(
            whole, function, field
        ):
            raise BugError(f"The groups of {function}:{field} do not add up to the whole.")
    if sum(sums.rows for sums in groups) != sum(sums.rows for sums in whole):
        raise BugError("The rows of the groups do not add up to the rows counted.")


def _added(sums: Iterable[Sums], function: Function, field: str) -> int:
    values = (one.values[function, field] for one in sums)
    return sum(value[0] if isinstance(value, tuple) else value for value in values)


def _controls(
    scope: Scope, request: AggregateRequest, result: AggregateResult
) -> tuple[Control, ...]:
    """Return the sums that were made in two ways.

    Rows, and sums of fields over all currencies, are held against what the cleaning jobs
    counted when they stored the rows; the latter only prove that no row is lost or doubled.
    """
    seen = sum(s.cleaned + s.filtered_out for s in scope.passes)
    seen += sum(left.rows for left in scope.left_out)
    cleaned = sum(share.cleaned for share in scope.passes)
    controls = [
        Control("rows seen", Decimal(seen), Decimal(result.rows_seen)),
        Control("rows counted", Decimal(cleaned), Decimal(result.rows_counted)),
    ]
    for place, figure in enumerate(request.figures):
        if not figure.is_exact_sum or figure.field is None:
            continue
        parts = exact_sum(_number(group.values[place]) for group in result.groups)
        together = exact_sum(_number(group.values[place]) for group in result.totals)
        controls.append(Control(f"groups of {figure.name}", together, parts))
        if figure.function is Function.SUM and all(figure.field in s.totals for s in scope.passes):
            counted = exact_sum(share.totals[figure.field] for share in scope.passes)
            controls.append(Control(f"{figure.name} when cleaned", counted, together))
    return tuple(controls)


def _number(value: Value) -> Decimal | int:
    return value if isinstance(value, (Decimal, int)) else 0
