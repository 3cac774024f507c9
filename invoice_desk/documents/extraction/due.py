"""What is due: the total, less what was paid, with what was open before."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.chosen import DUE, NOT_DUE, TAKEN, Chosen, Odds, means_of
from invoice_desk.documents.extraction.document import Document

#: Rows with what was open before this document; bills of telephones and insurances have them.
_ARREARS = re.compile(
    r"\b(?:(?:ausstehende|offene|frühere)r? (?:forderung|betr[aä]g|rechnung)\w*|vorsaldo"
    r"|saldovortrag|rückst[aä]nd\w*|previous balance|balance (?:brought )?forward|arrears"
    r"|(?:ancien|précédent) solde|solde (?:antérieur|précédent)|arriérés?)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def tells_arrears(text: str) -> bool:
    """Return whether a row says what was open before."""
    return _ARREARS.search(text) is not None


def arrears_of(document: Document) -> tuple[Candidate, Candidate] | None:
    """Return what was open before this document, and what is due with it, where both are shown."""
    amounts = document.candidates[Kind.AMOUNT]
    for before in amounts:
        if before.amount <= 0 or not tells_arrears(document.layout.rows[before.row].text):
            continue
        rest = {a.amount for a in amounts if a is not before and a.amount > 0}
        for due in amounts:
            if due.row > before.row and due.amount - before.amount in rest:
                return before, due
    return None


def open_before(document: Document) -> Candidate | None:
    """Return the amount that was open before this document, as its row says."""
    arrears = arrears_of(document)
    if arrears is not None:
        return arrears[0]
    for row in document.layout.rows:
        amounts = document.by_row.get((Kind.AMOUNT, row.number), ())
        if amounts and tells_arrears(row.text):
            return amounts[-1]
    return None


def due_of(document: Document, total: Chosen, odds: Odds) -> dict[str, Chosen]:
    """Return what is due: what payments leave, an amount of its own, or the total."""
    if "amount_due" not in odds:
        return {}
    left = _left_to_pay(document, abs(total.candidate.amount))
    left = left or _after_payment(document, total.candidate)
    if left is not None:
        why = "the total less what was paid"
        return {"amount_due": Chosen(left, max(1.5, total.odds), left.value, why)}
    at = int(odds["amount_due"].argmax())
    sure = float(odds["amount_due"][at])
    candidate = document.candidates[Kind.AMOUNT][at]
    whole = total.candidate.amount
    is_part = abs(candidate.amount) <= abs(whole) and candidate.amount * whole >= 0
    if sure > TAKEN and is_part:
        return {"amount_due": Chosen(candidate, sure, candidate.value)}
    return {"amount_due": replace(total, odds=min(total.odds, 1.0), reason="nothing is paid yet")}


def _left_to_pay(document: Document, total: Decimal) -> Candidate | None:
    """Return the amount that is called due, and is the total less one that is called paid."""
    amounts = document.candidates[Kind.AMOUNT]
    paid = {abs(c.amount) for c in amounts if "cash" in means_of(document, c.row)} - {Decimal(0)}
    for candidate in reversed(amounts):
        means = means_of(document, candidate.row)
        if means & DUE and not means & NOT_DUE and total - candidate.amount in paid:
            return candidate
    return None


def _after_payment(document: Document, total: Candidate) -> Candidate | None:
    """Return the amount below the total that is left of it by one below zero between them."""
    amounts = document.candidates[Kind.AMOUNT]
    for paid in amounts:
        if paid.row <= total.row or not 0 < -paid.amount < total.amount:
            continue
        for left in amounts:
            if left.row > paid.row and left.amount == total.amount + paid.amount:
                return left
    return None
