"""Invoices that look like one and the same, and what a person decides about them."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_desk.core.decisions import DecisionKind, standing
from invoice_desk.core.findings import FindingCode
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.audit import audit
from invoice_desk.db.decisions import add_decision, list_decisions
from invoice_desk.db.desk_decisions import (
    DIFFERENT,
    IBAN,
    SAME,
    DeskDecision,
    add_desk_decision,
    get_desk_decision,
    standing_decisions,
    withdraw_desk_decision,
)
from invoice_desk.db.engine import Connection, reading, writing
from invoice_desk.db.known_invoices import (
    StoredPair,
    delete_findings,
    get_pair,
    invoices_by_id,
    list_pairs,
    places_of,
    set_pair_findings,
)
from invoice_desk.db.suppliers import (
    KnownSupplier,
    doubt_iban,
    known_supplier,
    supplier_key,
    tables_with_iban,
)
from invoice_desk.db.tables import get_table, list_tables
from invoice_desk.errors import ArgumentError
from invoice_desk.services.desk import Desk
from invoice_desk.services.invoice_warnings import (
    add_pair_findings,
    look_no_more,
    place_key,
    place_name,
)
from invoice_desk.services.known_invoices import catch_up, remember_table
from invoice_desk.services.reviewing import exclude, withdraw

_ROW_MASK = (1 << ROW_BITS) - 1


@dataclass(frozen=True, slots=True)
class LikelyPair:
    """Two invoices that look like one.

    Attributes:
        first: Id of the one that came first; `first_name` says where it stands.
        decision: `different` or `same` as a person decided; None while it is open.
        decision_id: To take the decision back.
    """

    first: int
    second: int
    first_name: str
    second_name: str
    number: str
    probability: float
    reason: str
    decision: str | None = None
    decision_id: int | None = None


def likely_pairs(desk: Desk, *, decided: bool = False) -> list[LikelyPair]:
    """Return pairs, the likeliest first; those that were decided only when asked for."""
    catch_up(desk)
    with reading(desk.engine) as connection:
        pairs = list_pairs(connection)
        ids = {each for pair in pairs for each in (pair.first_id, pair.second_id)}
        places, known = places_of(connection, ids), invoices_by_id(connection, ids)
        log = standing_decisions(connection, kinds=(DIFFERENT, SAME))
    by_pair = {frozenset((entry.one, entry.other)): entry for entry in log}
    found = []
    for pair in pairs:
        key = frozenset(place_key(each, places) for each in (pair.first_id, pair.second_id))
        entry = by_pair.get(key)
        if entry is None or decided:
            number = known[pair.first_id].number or known[pair.second_id].number
            found.append(_shown(pair, places, number, entry))
    return found


def _shown(
    pair: StoredPair,
    places: dict[int, tuple[int, str, int]],
    number: str,
    entry: DeskDecision | None,
) -> LikelyPair:
    return LikelyPair(
        pair.first_id,
        pair.second_id,
        place_name(pair.first_id, places),
        place_name(pair.second_id, places),
        number,
        pair.probability,
        pair.reason,
        entry.kind if entry else None,
        entry.id if entry else None,
    )


def decide_pair(desk: Desk, one: int, other: int, *, same: bool) -> int:
    """Record that two invoices are not one, or that `other` is `one` again; return the decision.

    A duplicate no longer counts: its row is excluded, which is taken back with the decision.

    Raises:
        ArgumentError: If these two do not look alike.
    """
    with writing(desk.engine) as connection:
        pair = get_pair(connection, one, other)
        if pair is None:
            raise ArgumentError(f"The invoices {one} and {other} are no pair that looks alike.")
        places = places_of(connection, (one, other))
        for entry in standing_decisions(connection, kinds=(DIFFERENT, SAME)):
            if {entry.one, entry.other} == {place_key(one, places), place_key(other, places)}:
                raise ArgumentError(f"This was decided already; withdraw {entry.id} first.")
        decision_id = add_desk_decision(
            connection,
            kind=SAME if same else DIFFERENT,
            one=place_key(one, places),
            other=place_key(other, places),
            person=desk.person,
            now=desk.now(),
        )
        told = [each for each in (pair.first_finding, pair.second_finding) if each is not None]
        delete_findings(connection, told)
        set_pair_findings(connection, pair, (None, None))
        for source_id, _, _ in places.values():
            look_no_more(connection, source_id)
        _audit(connection, desk, "same invoice" if same else "not the same invoice", decision_id)
    if same:
        _exclude(desk, other)
    return decision_id


def withdraw_pair_decision(desk: Desk, decision_id: int) -> None:
    """Take back what was decided about a pair or an account.

    Raises:
        ArgumentError: If no such decision stands.
    """
    with writing(desk.engine) as connection:
        entry = get_desk_decision(connection, decision_id)
        if entry is None:
            raise ArgumentError(f"There is no decision {decision_id} that stands.")
        withdraw_desk_decision(connection, entry, person=desk.person, now=desk.now())
        _audit(connection, desk, "withdraw", decision_id)
        if entry.kind != IBAN:
            _tell_again(connection, entry)
    if entry.kind == IBAN:
        _remember_again(desk, entry.other)
    elif entry.kind == SAME:
        _include(desk, entry.other)
    catch_up(desk)


def _tell_again(connection: Connection, entry: DeskDecision) -> None:
    """Store the findings of a pair again about which nothing is decided any more."""
    one, other = (_invoice_at(connection, place) for place in (entry.one, entry.other))
    pair = get_pair(connection, one, other)
    if pair is not None:
        ids = (pair.first_id, pair.second_id)
        places = places_of(connection, ids)
        set_pair_findings(connection, pair, add_pair_findings(connection, ids, pair.reason, places))


def _invoice_at(connection: Connection, place: str) -> int:
    """Return the id of the invoice at a place, as `place_key` gives it; 0 if it is gone."""
    source_id, ordinal, row = map(int, place.split(":"))
    tables = list_tables(connection, source_id=source_id)
    found = next((table.id for table in tables if table.ordinal == ordinal), 0)
    return (found << ROW_BITS) + row


def _exclude(desk: Desk, invoice_id: int) -> None:
    """Leave a duplicate out, now or when its table is cleaned."""
    table_id, row = invoice_id >> ROW_BITS, invoice_id & _ROW_MASK
    with reading(desk.engine) as connection:
        table = get_table(connection, table_id)
    reason = FindingCode.SAME_INVOICE.value
    if table is not None and table.current_pass_id is not None:
        exclude(desk, table_id, [row], reason=reason)
        return
    with writing(desk.engine) as connection:
        add_decision(
            connection,
            raw_table_id=table_id,
            row_number=row,
            kind=DecisionKind.EXCLUDE,
            person=desk.person,
            now=desk.now(),
            value=reason,
        )


def _include(desk: Desk, place: str) -> None:
    """Let a row count again that was left out as a duplicate."""
    with reading(desk.engine) as connection:
        invoice_id = _invoice_at(connection, place)
        table_id, row = invoice_id >> ROW_BITS, invoice_id & _ROW_MASK
        table = get_table(connection, table_id)
        log = standing(list_decisions(connection, table_id, row_number=row))
    ours = [each.id for each in log if each.value == FindingCode.SAME_INVOICE.value]
    if table is None or not ours:
        return
    if table.current_pass_id is not None:
        withdraw(desk, ours)
        return
    with writing(desk.engine) as connection:
        for number in ours:
            add_decision(
                connection,
                raw_table_id=table_id,
                row_number=row,
                kind=DecisionKind.WITHDRAW,
                person=desk.person,
                now=desk.now(),
                withdraws=number,
            )


# --- suppliers ----------------------------------------------------------------------------


def supplier(desk: Desk, *, name: str = "", vat_id: str = "") -> KnownSupplier | None:
    """Return what the desk remembers of a supplier."""
    with reading(desk.engine) as connection:
        return known_supplier(connection, name=name, vat_id=vat_id)


def confirm_iban(desk: Desk, table_id: int, row_number: int = 0) -> int:
    """Record that the account of an invoice is its supplier's; return the decision.

    Raises:
        ArgumentError: If the invoice names no supplier or no account.
    """
    invoice_id = (table_id << ROW_BITS) + row_number
    with writing(desk.engine) as connection:
        invoice = invoices_by_id(connection, [invoice_id]).get(invoice_id)
        key = invoice and supplier_key(
            name=invoice.supplier_name,
            vat_id=invoice.supplier_vat_id,
            registration=invoice.supplier_registration,
        )
        if invoice is None or not key or not invoice.iban:
            raise ArgumentError("This row names no account of a supplier.")
        decision_id = add_desk_decision(
            connection,
            kind=IBAN,
            one=key,
            other=invoice.iban,
            person=desk.person,
            now=desk.now(),
        )
        _audit(connection, desk, "confirm account", decision_id)
    _remember_again(desk, invoice.iban)
    return decision_id


def _remember_again(desk: Desk, iban: str) -> None:
    """Judge an account anew in all invoices that have it, in the order in which they came."""
    with writing(desk.engine) as connection:
        tables = tables_with_iban(connection, iban)
        doubt_iban(connection, iban)
    for table_id in tables:
        remember_table(desk, table_id)


def _audit(connection: Connection, desk: Desk, action: str, decision_id: int) -> None:
    audit(
        connection,
        actor=desk.person,
        action=action,
        subject=f"decision {decision_id}",
        now=desk.now(),
    )
