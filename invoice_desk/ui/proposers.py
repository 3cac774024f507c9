"""Sentences and buttons for what is proposed about a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication

from invoice_desk.services.desk import Desk
from invoice_desk.services.likeness import confirm_iban, decide_pair, withdraw_pair_decision
from invoice_desk.services.proposals import (
    Choice,
    OpenPair,
    Proposal,
    Proposer,
    changed_accounts,
    open_pairs,
    same_pairs,
)
from invoice_desk.services.splitting import (
    accept_split,
    decline_split,
    list_proposals,
    propose_again,
)
from invoice_desk.ui.texts import number


def all_proposers() -> list[Proposer]:
    """Return everything that proposes something, the most urgent first."""
    return [propose_accounts, propose_pairs, propose_counting, propose_split]


def propose_accounts(desk: Desk, source_id: int) -> Sequence[Proposal]:
    """Return a warning where an account is not the one that the supplier had."""
    return [
        Proposal(
            _tr("The supplier's account has changed: {0}.").format(each.told),
            (
                Choice(
                    _tr("Confirm account…"),
                    _confirming(each.table_id, each.row_number),
                    take_back=_take_back,
                    question=_tr(
                        "Confirm {0} as an account of this supplier?\n\n"
                        "Ask the supplier first, by a number that you had before this invoice "
                        "came: invoices with a changed account are a common fraud."
                    ).format(each.told.partition(" instead of ")[0]),
                ),
            ),
            is_warning=True,
        )
        for each in changed_accounts(desk, source_id)
    ]


def propose_pairs(desk: Desk, source_id: int) -> Sequence[Proposal]:
    """Return what looks like the same invoice."""
    return [_pair(found) for found in open_pairs(desk, source_id)]


def propose_counting(desk: Desk, source_id: int) -> Sequence[Proposal]:
    """Return what counts instead of an invoice, and how it counts again."""
    return [
        Proposal(
            _tr("It is the same invoice as {0}, which counts instead.").format(found.other_name),
            (
                Choice(
                    _tr("Count it again"),
                    _withdrawing(found.pair.decision_id),
                    take_back=_deciding(found.pair.first, found.pair.second),
                ),
            ),
            opens=found.other,
        )
        for found in same_pairs(desk, source_id)
    ]


def propose_split(desk: Desk, source_id: int) -> Sequence[Proposal]:
    """Return where a file seems to hold several documents."""
    return [
        Proposal(
            _split_sentence(found.text, len(found.splits)),
            (
                Choice(
                    _tr("It is one document"),
                    lambda desk: decline_split(desk, source_id),
                    take_back=lambda desk, text: propose_again(desk, source_id, str(text)),
                ),
            ),
            ranges=found.text.partition(";")[0],
        )
        for found in list_proposals(desk, source_id)
    ]


def splitting(source_id: int, splits: Sequence[Any]) -> Choice:
    """Return what splits a file, and leads to the first document of it."""
    return Choice(
        _tr("Split"),
        lambda desk: accept_split(desk, source_id, splits),
        leads_to=lambda made: made[0] if isinstance(made, list) and made else source_id,
    )


def _pair(found: OpenPair) -> Proposal:
    pair = found.pair
    text = _tr("{0} came before and looks like the same invoice: {1}.")
    if not found.is_later:
        text = _tr("{0} came later and looks like the same invoice: {1}.")
    return Proposal(
        text.format(found.other_name, pair.reason),
        (
            Choice(
                _tr("Same invoice…"),
                lambda desk: decide_pair(desk, pair.first, pair.second, same=True),
                take_back=_take_back,
                question=_tr(
                    "Count only {0}?\n\n{1} stays in the desk, but its row does not count "
                    "any more. You can undo this."
                ).format(pair.first_name, pair.second_name),
            ),
            Choice(
                _tr("Not a duplicate"),
                lambda desk: decide_pair(desk, pair.first, pair.second, same=False),
                take_back=_take_back,
            ),
        ),
        opens=found.other,
    )


def _confirming(table_id: int, row_number: int) -> Any:
    return lambda desk: confirm_iban(desk, table_id, row_number)


def _withdrawing(decision_id: int | None) -> Any:
    return lambda desk: _take_back(desk, decision_id)


def _deciding(first: int, second: int) -> Any:
    return lambda desk, _done: decide_pair(desk, first, second, same=True)


def _take_back(desk: Desk, decision: object) -> None:
    if isinstance(decision, int):
        withdraw_pair_decision(desk, decision)


def _split_sentence(told: str, count: int) -> str:
    ranges, _, why = told.partition(";")
    text = _tr("The file seems to hold {0} documents, on the pages {1}.")
    told_why = f" ({why.strip()})" if why.strip() else ""
    return text.format(number(count), ranges) + told_why


def _tr(text: str) -> str:
    return QCoreApplication.translate("proposals", text)
