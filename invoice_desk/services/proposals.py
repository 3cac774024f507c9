"""What the program proposes about a whole document, for a person to decide.

`ui.proposers` makes sentences and buttons of what is found here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from invoice_desk.core.findings import FindingCode
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.desk_decisions import SAME, standing_decisions
from invoice_desk.db.engine import reading
from invoice_desk.db.passes import list_findings
from invoice_desk.db.tables import get_table, list_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.likeness import LikelyPair, likely_pairs

_ROW_MASK = (1 << ROW_BITS) - 1


@dataclass(frozen=True, slots=True)
class Target:
    """A source to look at beside the one that is shown, at a row of one of its tables."""

    source_id: int
    table_id: int | None = None
    row_number: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: its text, and what it does.

    Attributes:
        act: Called off the GUI thread.
        take_back: Takes what `act` returned back, off the GUI thread; None where that cannot be.
        question: Asked before it is done; empty where nothing is to be asked.
        leads_to: Returns the source to open, of what `act` returned.
    """

    text: str
    act: Callable[[Desk], object]
    is_primary: bool = False
    take_back: Callable[[Desk, object], object] | None = None
    question: str = ""
    leads_to: Callable[[object], int] | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A sentence that says what is proposed and why, and what can be done about it.

    Attributes:
        opens: What to look at beside it, such as the other of two duplicates.
        ranges: Where a file is to be split, such as `1-2, 3`; a person may change it.
        is_warning: Whether money may be lost.
    """

    sentence: str
    choices: tuple[Choice, ...]
    opens: Target | None = None
    ranges: str = ""
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class OpenPair:
    """Two invoices that look like one, seen from a document that is one of them.

    Attributes:
        other: The other one.
        other_name: Where it stands.
        is_later: Whether the document came after the other one.
    """

    pair: LikelyPair
    other: Target
    other_name: str
    is_later: bool


@dataclass(frozen=True, slots=True)
class ChangedAccount:
    """An invoice whose account is not the one that its supplier had.

    Attributes:
        told: Both accounts, with their middle hidden.
    """

    table_id: int
    row_number: int
    told: str


#: Desk, source → what is proposed about it; called off the GUI thread.
Proposer = Callable[[Desk, int], Sequence[Proposal]]


def proposals_of(desk: Desk, source_id: int, proposers: Sequence[Proposer]) -> list[Proposal]:
    """Return everything that is proposed about a source."""
    return [proposal for proposer in proposers for proposal in proposer(desk, source_id)]


def open_pairs(desk: Desk, source_id: int) -> list[OpenPair]:
    """Return the pairs of a source about which nothing is decided."""
    with reading(desk.engine) as connection:
        found = list_findings(connection, source_id=source_id)
        own = {table.id for table in list_tables(connection, source_id=source_id)}
    if all(each.code != FindingCode.SAME_INVOICE for each in found):
        return []  # it is not worth to look through all pairs of the desk
    pairs = [
        (pair, pair.second >> ROW_BITS in own)
        for pair in likely_pairs(desk)
        if {pair.first >> ROW_BITS, pair.second >> ROW_BITS} & own
    ]
    return [_seen(desk, pair, is_later=later) for pair, later in pairs]


def same_pairs(desk: Desk, source_id: int) -> list[OpenPair]:
    """Return the invoices that count instead of those of a source, as a person decided."""
    with reading(desk.engine) as connection:
        own = {table.id for table in list_tables(connection, source_id=source_id)}
        is_decided = bool(standing_decisions(connection, kinds=(SAME,)))
    if not is_decided:
        return []  # it is not worth to look through all pairs of the desk
    return [
        _seen(desk, pair, is_later=True)
        for pair in likely_pairs(desk, decided=True)
        if pair.decision == SAME and pair.second >> ROW_BITS in own
    ]


def _seen(desk: Desk, pair: LikelyPair, *, is_later: bool) -> OpenPair:
    other = pair.first if is_later else pair.second
    table_id, row = other >> ROW_BITS, other & _ROW_MASK
    with reading(desk.engine) as connection:
        table = get_table(connection, table_id)
    assert table is not None  # a pair goes with its tables
    name = pair.first_name if is_later else pair.second_name
    return OpenPair(pair, Target(table.source_id, table_id, row), name, is_later)


def changed_accounts(desk: Desk, source_id: int) -> list[ChangedAccount]:
    """Return the accounts of a source that differ from what the supplier had."""
    with reading(desk.engine) as connection:
        found = list_findings(connection, source_id=source_id)
    return [
        ChangedAccount(each.raw_table_id, each.row_number or 0, each.text or "")
        for each in found
        if each.code == FindingCode.IBAN_CHANGED and each.raw_table_id is not None
    ]
