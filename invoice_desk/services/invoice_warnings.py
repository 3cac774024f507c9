"""Warning of invoices that are there twice, and of accounts that suppliers did not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from stdnum import iban as iban_number

from invoice_desk.core.document_likeness import compare
from invoice_desk.core.findings import AnomalyType, FindingCode, Severity
from invoice_desk.core.known_invoices import KnownInvoice
from invoice_desk.core.records import TableRecord
from invoice_desk.core.source import SourceStatus
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.desk_decisions import DIFFERENT, SAME, standing_decisions
from invoice_desk.db.engine import Connection
from invoice_desk.db.known_invoices import (
    MOST_SHARING,
    add_finding,
    add_pair,
    get_pair,
    invoices_by_id,
    keys_of_all,
    partners_of_few,
    places_of,
)
from invoice_desk.db.passes import list_findings
from invoice_desk.db.sources import get_source, source_update
from invoice_desk.db.suppliers import CHANGED, FIRST, KNOWN, known_supplier, supplier_key
from invoice_desk.services.storing import SURE

#: The scans whose findings these are; they are taken back by their ids.
PAIRS, ACCOUNTS = "same invoice", "supplier's account"
#: With more rows than this all keys are compared at once, in memory.
_FEW = 200
#: Supplier, by its key and name → the accounts that it had.
Accounts = dict[tuple[str, str], list[str]]


@dataclass(slots=True)
class Account:
    """How the IBAN of an invoice stands, and the one that the supplier had."""

    standing: str
    before: str = ""


def accounts_of(
    connection: Connection, table_id: int, invoices: Sequence[KnownInvoice], had: Accounts
) -> list[Account]:
    """Return how the IBAN of each invoice stands, against earlier ones and those above it."""
    found = []
    for invoice in invoices:
        key = supplier_key(
            name=invoice.supplier_name,
            vat_id=invoice.supplier_vat_id,
            registration=invoice.supplier_registration,
        )
        if not key or not iban_number.is_valid(invoice.iban):
            found.append(Account(""))
            continue
        whose = (key, invoice.supplier_name)
        if whose not in had:
            known = known_supplier(
                connection,
                name=invoice.supplier_name,
                vat_id=invoice.supplier_vat_id,
                registration=invoice.supplier_registration,
                but_table=table_id,
            )
            had[whose] = list(known.ibans) if known else []
        found.append(_standing(invoice, had[whose]))
    return found


def _standing(invoice: KnownInvoice, had: list[str]) -> Account:
    if invoice.iban in had:
        return Account(KNOWN)
    if had:
        return Account(CHANGED, had[0])
    if invoice.is_trusted:
        had.append(invoice.iban)
    return Account(FIRST)


def warn_of_accounts(
    connection: Connection,
    table: TableRecord,
    invoices: Sequence[KnownInvoice],
    accounts: Sequence[Account],
) -> int:
    """Store a finding for each account that is new; return how many are not those known."""
    for invoice, account in zip(invoices, accounts, strict=True):
        if account.standing not in {FIRST, CHANGED}:
            continue
        changed = account.standing == CHANGED
        told = f"{masked(invoice.iban)} instead of {masked(account.before)}"
        add_finding(
            connection,
            source_id=table.source_id,
            raw_table_id=table.id,
            row_number=invoice.row_number,
            field="iban_or_account",
            code=(FindingCode.IBAN_CHANGED if changed else FindingCode.IBAN_FIRST).value,
            severity=(Severity.ERROR if changed else Severity.INFO).value,
            anomaly=AnomalyType.INCONSISTENT_DATA.value if changed else AnomalyType.OTHER.value,
            text=told if changed else masked(invoice.iban),
            scan=ACCOUNTS,
        )
    return sum(account.standing == CHANGED for account in accounts)


def masked(iban: str) -> str:
    """Return an IBAN with its middle hidden."""
    return f"{iban[:4]} … {iban[-4:]}" if len(iban) > 8 else iban


# --- the same thing twice -----------------------------------------------------------------


def warn_of_pairs(connection: Connection, ids: Sequence[int]) -> int:
    """Store what looks like one and the same; return how many pairs nobody decided about."""
    few = len(ids) <= _FEW
    candidates = partners_of_few(connection, ids) if few else _partners(connection, ids)
    known = invoices_by_id(connection, {each for pair in candidates for each in pair})
    likely = [
        (one, other, likeness)
        for one, other in sorted(candidates)
        if (likeness := compare(known[one], known[other])).is_likely
    ]
    if not likely:
        return 0
    places = places_of(connection, {each for one, other, _ in likely for each in (one, other)})
    decided = decided_pairs(connection)
    warned = 0
    for one, other, likeness in likely:
        if get_pair(connection, one, other) is not None:
            continue
        if frozenset((place_key(one, places), place_key(other, places))) in decided:
            add_pair(connection, one, other, likeness, (None, None))
            continue
        findings = add_pair_findings(connection, (one, other), likeness.reason, places)
        add_pair(connection, one, other, likeness, findings)
        warned += 1
    return warned


def _partners(connection: Connection, ids: Sequence[int]) -> set[tuple[int, int]]:
    """Return pairs that share a key, one of them among many `ids`, from all keys at once."""
    ours = np.array(sorted(ids), np.int64)
    pairs: set[tuple[int, int]] = set()
    for every, keys in keys_of_all(connection):
        pairs |= _sharing(every, keys, ours)
    return pairs


def _sharing(ids: np.ndarray, keys: np.ndarray, ours: np.ndarray) -> set[tuple[int, int]]:
    order = np.lexsort((ids, keys))
    ids, keys = ids[order], keys[order]
    bounds = np.flatnonzero(np.diff(keys)) + 1
    starts, stops = np.r_[0, bounds], np.r_[bounds, len(keys)]
    sizes = stops - starts
    pairs = set()
    for place in np.flatnonzero((sizes > 1) & (sizes <= MOST_SHARING)):
        sharing = ids[starts[place] : stops[place]]
        mine = np.isin(sharing, ours)
        for i in range(len(sharing)):
            for j in range(i + 1, len(sharing)):
                if mine[i] or mine[j]:
                    pairs.add((int(sharing[i]), int(sharing[j])))
    return pairs


def decided_pairs(connection: Connection) -> set[frozenset[str]]:
    """Return the pairs of places about which a person's decision stands."""
    standing = standing_decisions(connection, kinds=(DIFFERENT, SAME))
    return {frozenset((each.one, each.other)) for each in standing}


def place_key(invoice_id: int, places: Mapping[int, tuple[int, str, int]]) -> str:
    """Return where an invoice stands in a form that outlives every new reading."""
    source_id, _, ordinal = places[invoice_id]
    return f"{source_id}:{ordinal}:{invoice_id & ((1 << ROW_BITS) - 1)}"


def place_name(invoice_id: int, places: Mapping[int, tuple[int, str, int]]) -> str:
    """Return where an invoice stands, as a person would say it."""
    row = invoice_id & ((1 << ROW_BITS) - 1)
    name = places[invoice_id][1]
    return f"{name}, row {row + 1}" if row else name


def add_pair_findings(
    connection: Connection,
    pair: tuple[int, int],
    reason: str,
    places: Mapping[int, tuple[int, str, int]],
) -> tuple[int, int]:
    """Store a finding on both invoices; return their ids."""
    first, second = (
        add_finding(
            connection,
            source_id=places[own][0],
            raw_table_id=own >> ROW_BITS,
            row_number=own & ((1 << ROW_BITS) - 1),
            field="invoice_number",
            code=FindingCode.SAME_INVOICE.value,
            severity=Severity.WARNING.value,
            anomaly=AnomalyType.DUPLICATE_DATA.value,
            text=f"{place_name(other, places)}: {reason}",
            scan=PAIRS,
        )
        for own, other in (pair, pair[::-1])
    )
    for own in pair:  # the document that was read before has to be looked at again too
        held = get_source(connection, places[own][0])
        if held is not None and held.document_class is not None:
            ask_to_look(connection, held.id)
    return first, second


def ask_to_look(connection: Connection, source_id: int) -> None:
    """Have a person look at a source that was done."""
    found = get_source(connection, source_id)
    if found is not None and found.status is SourceStatus.COMPLETED:
        connection.execute(source_update(source_id, status=SourceStatus.PREVIEW.value))


def look_no_more(connection: Connection, source_id: int) -> None:
    """Call a document done again of which nothing is doubtful any more."""
    found = get_source(connection, source_id)
    if found is None or found.status is not SourceStatus.PREVIEW or found.document_class is None:
        return
    left = list_findings(connection, source_id=source_id)
    is_sure = found.document_type is not None and (found.confidence or 0.0) >= SURE
    if is_sure and all(each.severity == Severity.INFO for each in left):
        connection.execute(source_update(source_id, status=SourceStatus.COMPLETED.value))
