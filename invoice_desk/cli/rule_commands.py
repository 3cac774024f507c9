"""Commands about passes, rules and types."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from invoice_desk.cli.commands import desk_of
from invoice_desk.cli.output import print_json, print_table, say
from invoice_desk.core.declarations import declaration_of
from invoice_desk.core.document_types import DocumentType, Rule
from invoice_desk.errors import ArgumentError, ExitCode


def rows_command(options: argparse.Namespace) -> int:
    """List rows of a table."""
    from invoice_desk.services.browsing import RowFilter, TableRows, View

    wanted = RowFilter(
        status=options.cleaning_status, text=options.text, include_raw=options.include_raw
    )
    with desk_of(options) as desk:
        source = TableRows(desk, options.table, View.SIDE_BY_SIDE)
        ids = source.ids(wanted)
        chosen = ids[: options.limit]
        found = source.rows(chosen)
    rows = [found[number] for number in chosen if number in found]
    if options.json:
        titles = [column.title for column in source.columns]
        print_json({"columns": titles, "matching": len(ids), "rows": rows})
        return ExitCode.OK
    headings = ("row", "status", *(column.title for column in source.columns))
    print_table(headings, [(r.number + 1, r.status, *(c.text for c in r.cells)) for r in rows])
    say(f"{len(rows):,} of {len(ids):,} rows.")
    return ExitCode.OK


def passes_command(options: argparse.Namespace) -> int:
    """List cleaning passes."""
    from invoice_desk.services.passes import passes

    with desk_of(options) as desk:
        found = passes(desk, table_id=options.table)
    if options.json:
        print_json(found)
        return ExitCode.OK
    rows = [
        (
            str(p.id),
            str(p.raw_table_id),
            f"{p.document_type} {p.type_version}",
            p.state,
            p.cleaned,
            p.filtered_out,
            p.findings,
            ", ".join(f"{name} {total}" for name, total in p.totals.items() if total),
            ", ".join(f"{name} {count}" for name, count in sorted(p.buckets.items())),
        )
        for p in found
    ]
    headings = ("pass", "table", "type", "state", "cleaned", "filtered out", "findings")
    print_table((*headings, "sums", "buckets"), rows)
    return ExitCode.OK


def compare_command(options: argparse.Namespace) -> int:
    """Say what two passes disagree on."""
    from invoice_desk.services.passes import compare_passes

    with desk_of(options) as desk:
        found = compare_passes(desk, options.before, options.after, limit=options.limit)
    if options.json:
        print_json(found)
        return ExitCode.OK
    rows = [
        (row.row_number + 1, change.field, change.before, change.after)
        for row in found.rows
        for change in row.changes
    ]
    print_table(("row", "field", f"pass {options.before}", f"pass {options.after}"), rows)
    by_field = ", ".join(f"{name} in {count:,}" for name, count in found.by_field.items())
    say(f"{found.changed:,} rows differ" + (f": {by_field}." if by_field else "."))
    return ExitCode.OK


def scan_command(options: argparse.Namespace) -> int:
    """Look for anomalies."""
    from invoice_desk.services.scanning import revenue_total, scan_desk
    from invoice_desk.services.types import known_type

    with desk_of(options) as desk:
        for name in options.types:
            known_type(desk, name)
        results = scan_desk(desk, options.types or None)
        revenue = revenue_total(desk)
    if options.json:
        print_json({"scans": results, "revenue": revenue})
        return ExitCode.OK
    print_table(
        ("scan", "type", "rows", "findings"),
        [(r.name, r.document_type, r.rows, r.findings) for r in results],
    )
    if not results:
        say("Nothing was scanned: no cleaned table has a type with scans.")
    if revenue.parts:
        sums = ", ".join(f"{name} {total}" for name, total in revenue.total.items())
        say(f"CA périodique with adjustments: {sums}.")
        if revenue.missing:
            say("Not in it, because nothing of them is cleaned: " + ", ".join(revenue.missing))
    return ExitCode.OK


def settle_command(options: argparse.Namespace) -> int:
    """Remember how a column is written."""
    from invoice_desk.services.settling import settle_column

    with desk_of(options) as desk:
        settle_column(
            desk,
            options.table,
            options.field,
            decimal_mark=options.decimal_mark,
            date_order=options.date_order,
        )
    say("Remembered. Clean the table again to apply it.")
    return ExitCode.OK


def types_command(options: argparse.Namespace) -> int:
    """List, show, copy or change document types."""
    with desk_of(options) as desk:
        if options.type is None:
            _print_types(sorted(desk.types.values(), key=lambda t: t.name), as_json=options.json)
            return ExitCode.OK
        made = _changed(desk, options)
    if made is None:
        say(f"{options.type} has its own rules again.")
    elif options.json:
        print_json(declaration_of(made))
    else:
        _print_type(made)
    return ExitCode.OK


def _changed(desk: Any, options: argparse.Namespace) -> DocumentType | None:
    """Do what the options ask for; return the type as it is then, None when it was reset."""
    from invoice_desk.services import types

    made = types.known_type(desk, options.type)
    if options.reset:
        types.reset_type(desk, made.name)
        return None
    if options.copy:
        title = options.title or f"{made.title} ({options.copy})"
        made = types.copy_type(desk, made.name, new_name=options.copy, title=title)
    for name, enabled in ((options.switch_off, False), (options.switch_on, True)):
        if name:
            made = types.change_type(desk, _switched(made, name, enabled=enabled))
    return made


def _switched(made: DocumentType, name: str, *, enabled: bool) -> DocumentType:
    if all(rule.name != name for rule in made.rules):
        known = ", ".join(rule.name for rule in made.rules)
        raise ArgumentError(f"{made.title} has no rule {name}. It has: {known}.")

    def switched(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(replace(r, enabled=enabled) if r.name == name else r for r in rules)

    return replace(
        made,
        filters=switched(made.filters),
        buckets=switched(made.buckets),
        checks=switched(made.checks),
    )


def _print_types(found: list[DocumentType], *, as_json: bool) -> None:
    if as_json:
        print_json([declaration_of(made) for made in found])
        return
    rows = [(t.name, t.version, t.title, len(t.fields), len(t.rules)) for t in found]
    print_table(("type", "version", "title", "fields", "rules"), rows)


def _print_type(made: DocumentType) -> None:
    print(f"{made.name}, version {made.version}: {made.title}")
    for option in made.options:
        choices = " | ".join(option.choices) or "a year"
        print(f"  option {option.name} = {option.default or 'not set'} ({choices}): {option.title}")
    rows = [
        ("on" if rule.enabled else "off", kind, rule.name, rule.reason)
        for kind, rules in (
            ("filter", made.filters),
            ("bucket", made.buckets),
            ("check", made.checks),
        )
        for rule in rules
    ]
    print_table(("state", "kind", "rule", "reason"), rows)
