"""Amounts that are chosen for fields, and what the labels of their rows say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.document import Document

SUM = ("net_amount", "tax_amount", "total_amount")
#: Field → logarithm of the odds of each amount of the document.
Odds = Mapping[str, np.ndarray]
#: From here on an optional amount is taken.
TAKEN = -0.5
#: What labels call stamp duty, what is due, and what is not.
STAMP, DUE = frozenset({"stamp"}), frozenset({"amount_due", "grand_total"})
NOT_DUE = frozenset({"cash", "change"})
#: Net and tax may differ from a total in cash by this much, where the rounding is shown.
_ROUNDING = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A candidate taken for a field.

    Attributes:
        odds: Logarithm of the odds that it is right.
        value: When not the candidate's own.
        reason: Why, when not by its place alone.
        parts: The amounts that it is the sum of, when it stands nowhere itself.
    """

    candidate: Candidate
    odds: float
    value: str
    reason: str = ""
    parts: tuple[Candidate, ...] = ()


def roundings(document: Document) -> list[Candidate]:
    """Return the amounts by which a total in cash is said to be rounded."""
    return [
        amount
        for amount in document.candidates[Kind.AMOUNT]
        if 0 < abs(amount.amount) <= _ROUNDING
        and any(label.means == "rounding" for label in document.labels[amount.row])
    ]


def stamps(document: Document) -> list[Candidate]:
    """Return the amounts of rows that speak of stamp duty."""
    rows = [row.number for row in document.layout.rows if means_of(document, row.number) & STAMP]
    found = [document.by_row.get((Kind.AMOUNT, number), [])[-1:] for number in rows]
    return [amount for amounts in found for amount in amounts]


def extras(document: Document) -> frozenset[Decimal]:
    """Return what the total may have beside net and tax: stamp duty, or a rounding."""
    steps = {abs(step.amount) for step in roundings(document)}
    stamped = {stamp.amount for stamp in stamps(document)}
    return frozenset({Decimal(0)} | steps | {-step for step in steps} | stamped)


def means_of(document: Document, row: int) -> frozenset[str]:
    """Return what the labels of a row say."""
    return frozenset(label.means for label in document.labels[row])
