"""Commands about documents: search their text, tell duplicates, and show a supplier."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from invoice_desk.cli.commands import desk_of
from invoice_desk.cli.output import print_json, print_table, say
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.errors import ArgumentError, ExitCode


def search_command(options: argparse.Namespace) -> int:
    """Search the text of pages."""
    from invoice_desk.services.searching import search

    with desk_of(options) as desk:
        hits = search(desk, " ".join(options.words), limit=options.limit)
    if options.json:
        print_json([asdict(hit) | {"snippet": _marked(hit.snippet, "", "")} for hit in hits])
    elif not hits:
        say(f"No page holds “{' '.join(options.words)}”.")
    else:
        shown = [_marked(hit.snippet, "[", "]") for hit in hits]
        rows = [(h.source_id, h.name, h.page, s) for h, s in zip(hits, shown, strict=True)]
        print_table(("source", "file", "page", "text"), rows)
    return ExitCode.OK


def _marked(snippet: str, before: str, behind: str) -> str:
    from invoice_desk.services.searching import HIT

    return snippet.replace(HIT[0], before).replace(HIT[1], behind)


def likeness_command(options: argparse.Namespace) -> int:
    """List invoices that look like one and the same, or decide about them."""
    from invoice_desk.services.likeness import (
        confirm_iban,
        decide_pair,
        likely_pairs,
        withdraw_pair_decision,
    )

    ids = options.ids
    with desk_of(options) as desk:
        if options.action in {"same", "different"}:
            one, other = _exactly(ids, 2, options.action)
            decision = decide_pair(desk, one, other, same=options.action == "same")
            return _told(options, {"decision": decision})
        if options.action == "account":
            (invoice,) = _exactly(ids, 1, options.action)
            decision = confirm_iban(desk, invoice >> ROW_BITS, invoice & ((1 << ROW_BITS) - 1))
            return _told(options, {"decision": decision})
        if options.action == "withdraw":
            (decision,) = _exactly(ids, 1, options.action)
            withdraw_pair_decision(desk, decision)
            return _told(options, {"withdrawn": decision})
        pairs = likely_pairs(desk, decided=options.decided)
    if options.json:
        print_json(pairs)
        return ExitCode.OK
    print_table(
        ("first", "second", "in", "and in", "number", "sure", "why", "decided"),
        [
            (
                *(str(p.first), str(p.second), p.first_name, p.second_name, p.number),
                *(p.probability, p.reason, p.decision and f"{p.decision} ({p.decision_id})"),
            )
            for p in pairs
        ],
    )
    return ExitCode.OK


def _exactly(ids: list[int], count: int, action: str) -> list[int]:
    if len(ids) != count:
        raise ArgumentError(f"“{action}” takes {count} of the ids that the list shows.")
    return ids


def _told(options: argparse.Namespace, value: dict[str, int]) -> int:
    if options.json:
        print_json(value)
    else:
        print(", ".join(f"{name} {number}" for name, number in value.items()))
    return ExitCode.OK


def supplier_command(options: argparse.Namespace) -> int:
    """Show what the desk remembers of a supplier."""
    from invoice_desk.services.likeness import supplier

    with desk_of(options) as desk:
        known = supplier(desk, name=options.name, vat_id=options.vat_id)
    if options.json:
        print_json(known)
    elif known is None:
        print("The desk trusts no invoice of this supplier yet.")
    else:
        shown = [(name, _line(value)) for name, value in asdict(known).items() if value]
        print_table(("what", "remembered"), shown)
    return ExitCode.OK


def _line(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
