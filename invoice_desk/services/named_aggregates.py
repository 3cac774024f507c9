"""Reports that have a name: those that document types declare, and those of plug-ins in Python.

A plug-in is a function that a package offers as an entry point of the group
`invoice_desk.aggregates`; CONTRIBUTING.md says what it is given and has to return.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import EntryPoint, entry_points

import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.aggregate_results import AggregateResult, Control, Group, LeftOut, Value
from invoice_desk.core.aggregates import (
    BY_ROW,
    CURRENCY,
    AggregateRequest,
    has_currency_field,
    parse_request,
    request_of,
)
from invoice_desk.core.document_types import DocumentType, NamedAggregate
from invoice_desk.core.storage import from_storage
from invoice_desk.db.aggregates import fingerprint, left_out_rows
from invoice_desk.db.browse import pass_fields
from invoice_desk.db.bulk import read_columns
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import reading
from invoice_desk.errors import ArgumentError, PluginError
from invoice_desk.services.aggregating import KeptAggregate, aggregate, keep
from invoice_desk.services.computing import Scope, reasons_of, scope_of
from invoice_desk.services.desk import Desk
from invoice_desk.services.types import known_type

GROUP = "invoice_desk.aggregates"
#: Columns of cleaned rows → rows of the result: heading → value.
PluginFunction = Callable[[pa.Table], Sequence[Mapping[str, Value]]]


@dataclass(frozen=True, slots=True)
class NamedReport:
    """A report that can be asked for by its name.

    Attributes:
        package: The package that offers it; empty for what the type declares itself.
    """

    document_type: str
    name: str
    title: str
    package: str = ""


def named_reports(desk: Desk) -> list[NamedReport]:
    """Return every named report of every type; no plug-in is loaded for that."""
    found = [
        NamedReport(made.name, named.name, named.title)
        for made in list(desk.types.values())
        for named in made.aggregates
    ]
    for entry in entry_points(group=GROUP):
        kind, _, name = entry.name.partition(".")
        if kind in desk.types and name:
            found.append(NamedReport(kind, name, name.replace("_", " "), _package(entry)))
    return found


def find_report(desk: Desk, name: str, *, document_type: str | None = None) -> NamedReport:
    """Return the report of this name.

    Raises:
        ArgumentError: If there is none, or several types have one.
    """
    if document_type is not None:
        known_type(desk, document_type)
    known = [r for r in named_reports(desk) if document_type in {None, r.document_type}]
    found = [report for report in known if report.name == name]
    if not found:
        names = ", ".join(sorted({report.name for report in known})) or "none"
        raise ArgumentError(f"There is no report {name}. Known are: {names}.")
    if len(found) > 1:
        kinds = " or ".join(sorted({report.document_type for report in found}))
        raise ArgumentError(f"Several types have a report {name}. Say which: {kinds}.")
    return found[0]


def run_report(desk: Desk, report: NamedReport, *, job_id: int | None = None) -> KeptAggregate:
    """Compute a named report over the rows of a job, or all that is current, and keep it.

    Raises:
        ArgumentError: If the job is not Job Complete, or there is nothing to count.
        PluginError: If a plug-in fails, or returns what is no result.
    """
    made = known_type(desk, report.document_type)
    if report.package:
        return _run_plugin(desk, made, report, job_id=job_id)
    named = next(named for named in made.aggregates if named.name == report.name)
    return aggregate(desk, request_for(made, named), job_id=job_id)


def compute_again(desk: Desk, kept: KeptAggregate) -> KeptAggregate:
    """Compute a result that is kept anew, over the job that it was asked for or all that is.

    Raises:
        ArgumentError: If it cannot be computed any more.
    """
    job_id, name = kept.request["job_id"], kept.request["name"]
    if name:
        report = find_report(desk, name, document_type=kept.document_type)
        return run_report(desk, report, job_id=job_id)
    made = known_type(desk, kept.document_type)
    return aggregate(desk, request_of(made, kept.request), job_id=job_id)


def request_for(made: DocumentType, named: NamedAggregate) -> AggregateRequest:
    """Return the request that a declared report stands for."""
    return parse_request(made, named.figures, named.group_by, name=named.name)


# --- plug-ins -------------------------------------------------------------------------


def _run_plugin(
    desk: Desk, made: DocumentType, report: NamedReport, *, job_id: int | None
) -> KeptAggregate:
    function = _loaded(report)
    fields = _fields(made, report, function)
    with reading(desk.engine) as connection:
        before = fingerprint(connection, made.name)
        scope = scope_of(connection, made, job_id=job_id)
        filtered = left_out_rows(connection, clean_table(made), scope.pass_ids)
    rows = _rows(desk, scope, fields)
    groups: list[tuple[str | None, int, Mapping[str, Value]]] = []
    for currency, part in _by_currency(made, rows):
        found = _called(report, function, part.select(fields))
        groups += [(currency, part.num_rows, row) for row in found]
    result = _result(scope, report, groups, reasons_of(filtered), counted=rows.num_rows)
    request = {"document_type": made.name, "figures": [], "group_by": [], "name": report.name}
    return keep(desk, request, result, job_id=job_id, before=before)


def _loaded(report: NamedReport) -> PluginFunction:
    wanted = f"{report.document_type}.{report.name}"
    entry = next(entry for entry in entry_points(group=GROUP) if entry.name == wanted)
    try:
        function = entry.load()
    except Exception as error:
        raise PluginError(_sentence(report, "cannot be loaded", error)) from error
    if not callable(function):
        raise PluginError(f"The report {report.name} of {report.package} is no function.")
    loaded: PluginFunction = function
    return loaded


def _fields(made: DocumentType, report: NamedReport, function: PluginFunction) -> list[str]:
    """Return the fields that a plug-in wants, all if it names none."""
    known = [spec.name for spec in made.fields]
    wanted = [str(name) for name in getattr(function, "fields", None) or known]
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        told = ", ".join(unknown)
        raise PluginError(f"{report.name} of {report.package} wants {told}, no field of the type.")
    return wanted


def _called(
    report: NamedReport, function: PluginFunction, rows: pa.Table
) -> Sequence[Mapping[str, Value]]:
    """Return what a plug-in says of rows of one currency, checked."""
    try:
        found = [dict(row) for row in function(rows)]
    except Exception as error:
        raise PluginError(_sentence(report, "failed", error)) from error
    for row in found:
        for heading, value in row.items():
            is_exact = value is None or isinstance(value, (Decimal, int, str))
            if not is_exact or isinstance(value, bool):
                kind = type(value).__name__
                raise PluginError(
                    f"{report.name} of {report.package} gave a {kind} for {heading}; amounts are "
                    "exact, so give Decimal, int or text."
                )
    return found


def _sentence(report: NamedReport, what: str, error: Exception) -> str:
    return f"The report {report.name} of {report.package} {what}: {type(error).__name__}: {error}"


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.module


def _rows(desk: Desk, scope: Scope, fields: Sequence[str]) -> pa.Table:
    """Return the cleaned rows of the passes, one column a field, with the types of the fields."""
    made = scope.made
    names = list(dict.fromkeys([*fields, *([CURRENCY] if has_currency_field(made) else [])]))
    parts = [
        _typed(made, read_columns(desk.engine, pass_fields(clean_table(made), one, names)), names)
        for one in scope.pass_ids
    ]
    return pa.concat_tables(parts).combine_chunks()


def _typed(made: DocumentType, stored: pa.Table, names: Sequence[str]) -> pa.Table:
    whole = from_storage(stored, made)
    columns = {}
    for name in names:
        column = whole[name]
        columns[name] = column.cast(pa.string()) if pa.types.is_null(column.type) else column
    return pa.table(columns)


def _by_currency(made: DocumentType, rows: pa.Table) -> Iterator[tuple[str | None, pa.Table]]:
    """Yield the rows of each currency, so that no plug-in can add up two of them."""
    if not has_currency_field(made):
        yield None, rows
        return
    codes = pc.unique(rows[CURRENCY]).to_pylist()
    for code in sorted(codes, key=lambda code: (code is not None, code or "")):
        here = pc.is_null(rows[CURRENCY]) if code is None else pc.equal(rows[CURRENCY], code)
        yield code, rows.filter(here)


def _result(
    scope: Scope,
    report: NamedReport,
    groups: Sequence[tuple[str | None, int, Mapping[str, Value]]],
    filtered: Sequence[LeftOut],
    *,
    counted: int,
) -> AggregateResult:
    made = scope.made
    headings = list(dict.fromkeys(heading for _, _, row in groups for heading in row))
    columns = {heading: [row.get(heading) for _, _, row in groups] for heading in headings}
    numeric = tuple(not any(isinstance(v, str) for v in columns[h]) for h in headings)
    per_row = has_currency_field(made)
    left_out = (*filtered, *scope.left_out)
    seen = sum(share.cleaned + share.filtered_out for share in scope.passes)
    cleaned = sum(share.cleaned for share in scope.passes)
    left = sum(one.rows for one in filtered)
    return AggregateResult(
        title=report.name,
        document_type=made.name,
        figures=tuple(headings),
        numeric=numeric,
        currencies=tuple(
            (BY_ROW if per_row else made.currency) if is_number else "" for is_number in numeric
        ),
        group_by=(CURRENCY,) if per_row else (),
        groups=tuple(
            Group((code,) if per_row else (), rows, tuple(row.get(h) for h in headings))
            for code, rows, row in groups
        ),
        left_out=left_out,
        rows_seen=counted + sum(one.rows for one in left_out),
        rows_counted=counted,
        controls=(
            Control("rows seen", Decimal(seen), Decimal(counted + left)),
            Control("rows counted", Decimal(cleaned), Decimal(counted)),
        ),
        jobs=scope.jobs,
        passes=scope.pass_ids,
    )
