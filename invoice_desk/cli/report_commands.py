"""Commands about reports: aggregates, objectives and key figures."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from invoice_desk.cli.commands import desk_of
from invoice_desk.cli.output import plain, print_json, print_table, say
from invoice_desk.core.aggregate_results import REASONS, AggregateResult, LeftOut, as_json
from invoice_desk.core.aggregates import BY_ROW, Function, parse_request
from invoice_desk.core.amounts import amount_text
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.kpis import KpiLine
from invoice_desk.core.sentences import sentence
from invoice_desk.errors import ArgumentError, ExitCode


def aggregate_command(options: argparse.Namespace) -> int:
    """Compute a report, or list those that are kept."""
    from invoice_desk.services import named_aggregates
    from invoice_desk.services.aggregating import aggregate

    with desk_of(options) as desk:
        if not options.figures:
            return _list_reports(desk, options)
        if all(_is_figure(text) for text in options.figures):
            made = _type_of(desk, options)
            request = parse_request(made, options.figures, _fields(options.by))
            kept = aggregate(desk, request, job_id=options.job)
        else:
            name = _single_name(options)
            report = named_aggregates.find_report(desk, name, document_type=options.type)
            kept = named_aggregates.run_report(desk, report, job_id=options.job)
        made = desk.types[kept.document_type]
    if options.json:
        print_json(_as_json(kept))
    elif kept.result is not None:
        _print_result(kept.result, made)
    return ExitCode.OK


def _as_json(kept: Any) -> dict[str, Any]:
    """Return a result for programs, with what it says of itself."""
    result: AggregateResult = kept.result
    said = {"rows_left_out": result.rows_left_out, "agrees": result.agrees}
    return {**plain(kept), "result": {**as_json(result), **said}}


def _is_figure(text: str) -> bool:
    word = text.partition(":")[0].casefold()
    return ":" in text or word == Function.COUNT.value


def _fields(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _single_name(options: argparse.Namespace) -> str:
    if len(options.figures) > 1 or options.by:
        raise ArgumentError(
            "Name one report alone, or figures such as count sum:total_amount with --by FIELD."
        )
    return str(options.figures[0])


def _type_of(desk: Any, options: argparse.Namespace) -> DocumentType:
    """Return the type that is named, or the only one there is."""
    from invoice_desk.services.aggregating import cleaned_types
    from invoice_desk.services.types import known_type

    if options.type:
        return known_type(desk, options.type)
    found = cleaned_types(desk, job_id=options.job)
    if len(found) != 1:
        names = ", ".join(made.name for made in found) or "none"
        raise ArgumentError(f"Say of which type, with --type. Cleaned are: {names}.")
    return found[0]


def _list_reports(desk: Any, options: argparse.Namespace) -> int:
    from invoice_desk.services import aggregating, named_aggregates

    kept = aggregating.aggregates(desk, job_id=options.job)
    named = [
        report
        for report in named_aggregates.named_reports(desk)
        if options.type in {None, report.document_type}
    ]
    if options.json:
        print_json({"kept": kept, "named": named})
        return ExitCode.OK
    rows = [
        (str(one.id), str(one.job_id), one.document_type, one.name, "stale" if one.is_stale else "")
        for one in kept
    ]
    print_table(("kept", "job", "type", "report", "state"), rows)
    print_table(
        ("type", "report", "what it is", "from"),
        [(r.document_type, r.name, r.title, r.package) for r in named],
    )
    return ExitCode.OK


def _print_result(result: AggregateResult, made: DocumentType) -> None:
    fixed = [code if code not in {"", BY_ROW} else "" for code in result.currencies]
    headings = [
        f"{name} ({code})" if code else name
        for name, code in zip(result.figures, fixed, strict=True)
    ]
    rows = [
        (*("" if key is None else key for key in group.keys), *map(_shown, group.values))
        for group in result.groups
    ]
    print_table((*result.group_by, *headings), rows)
    for group in result.totals if len(result.groups) > 1 else ():
        values = zip(headings, group.values, strict=True)
        told = ", ".join(f"{heading} {_shown(value)}" for heading, value in values)
        print(f"All{''.join(f' {key}' for key in group.keys if key)}: {told}")
    print(
        f"{result.rows_seen:,} rows seen = {result.rows_counted:,} counted "
        f"+ {result.rows_left_out:,} left out"
    )
    for left in (*result.left_out, *result.missing):
        print(f"  {_told(left, made)}")
    for control in result.controls:
        if not control.agrees:
            say(f"{control.name}: {_shown(control.expected)} expected, {_shown(control.found)}.")
    agree = sum(control.agrees for control in result.controls)
    print(f"{agree} of {len(result.controls)} control totals agree. {result.rounding}".rstrip())


def _told(left: LeftOut, made: DocumentType) -> str:
    """Return how many rows were left out, and why."""
    why = " ".join(REASONS.get(code) or sentence(code, [made]) for code in left.reasons)
    where = f"{left.field}: " if left.field else ""
    job = f" (job {left.detail})" if left.detail.isdigit() else ""
    return f"{left.rows:,} rows: {where}{why}{job}"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return amount_text(value, digits=2) if isinstance(value, Decimal) else str(value)


def objectives_command(options: argparse.Namespace) -> int:
    """List objectives, or import them."""
    from invoice_desk.services.objectives import import_objectives, objectives

    with desk_of(options, must_exist=options.import_file is None) as desk:
        if options.import_file is None:
            return _list_objectives(objectives(desk), as_json=options.json)
        done = import_objectives(desk, options.import_file)
    if options.json:
        print_json(done)
    else:
        print(
            f"{done.name}: {done.created:,} new, {done.updated:,} changed, "
            f"{done.unchanged:,} as before, {len(done.bad_lines):,} rows not taken"
        )
        for line in done.bad_lines:
            say(f"row {line.row}: {line.reason}")
    return ExitCode.PARTIAL if done.bad_lines else ExitCode.OK


def _list_objectives(found: Sequence[Any], *, as_json: bool) -> int:
    if as_json:
        print_json(found)
        return ExitCode.OK
    rows = [
        (
            one.kind.value,
            one.organization,
            str(one.period.year),
            str(one.period.month or ""),
            _shown(one.amount),
            one.currency,
        )
        for one in found
    ]
    print_table(("kind", "organisation", "year", "month", "amount", "currency"), rows)
    return ExitCode.OK


def kpis_command(options: argparse.Namespace) -> int:
    """Print key figures."""
    from invoice_desk.services.kpis import kpis

    with desk_of(options) as desk:
        found = kpis(desk, document_type=options.type, year=options.year)
        types = dict(desk.types)
    if options.json:
        print_json(found)
        return ExitCode.OK
    for report in found:
        period = f" {report.year}" if report.year else ", no dates"
        print(f"{types[report.document_type].title}: {report.kind} in {report.currency}{period}")
        headings = ("organisation", report.kind.value, "year before", "evolution %", "target")
        rest = ("achievement %", "invoiced", "rate %", "look at")
        print_table((*headings, *rest), [_kpi_cells(line) for line in report.lines])
        for label, lines in (("Top", report.top), ("Flop", report.flop)):
            print(f"{label}: " + ", ".join(line.organization for line in lines))
        if report.none:
            print("Nothing at all: " + ", ".join(report.none))
        if report.unknown_names:
            say("Not in the list of names: " + ", ".join(report.unknown_names))
        if report.missing_types:
            say("Not in it, because nothing of them is cleaned: " + ", ".join(report.missing_types))
        for left in report.left_out:
            made = types[left.detail.partition(":")[0]]
            say(f"{left.detail}: {_told(left, made)}")
    return ExitCode.OK


def _kpi_cells(line: KpiLine) -> tuple[str, ...]:
    figures = (
        *(line.amount, line.previous, line.evolution, line.target),
        *(line.achievement, line.invoiced, line.collection_rate),
    )
    return (line.organization or "all", *map(_shown, figures), ", ".join(line.flags))
