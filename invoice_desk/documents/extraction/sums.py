"""Which amounts are net, tax, total and due: what the ranker says of each, and that they add up.

Net and tax make the total (EN 16931, BR-CO-15), tax is the sum over the rates (BR-CO-14), and
what is due is the total less what was paid (BR-CO-16).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations, product

import numpy as np

from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.evidence import Document

_FIELDS = ("net_amount", "tax_amount", "total_amount")
#: As many of the best candidates of each field are tried together.
_TRIED = 8
#: What an agreement of three amounts is worth, in logarithms of odds; and the least of each.
_AGREEMENT, _LEAST = 7.0, -7.5
#: An agreement replaces a total that is at most so much likelier than its own.
_YIELDS = 2.5
#: Net and tax may differ from a total in cash by this much, where the rounding is shown.
_ROUNDING = Decimal("0.05")
#: From here on an optional amount is taken.
_TAKEN = -0.5
#: Sums of more rates of tax than this are not looked for.
_MOST_RATES = 4


@dataclass(frozen=True, slots=True)
class Chosen:
    """A candidate taken for a field.

    Attributes:
        odds: Logarithm of the odds that it is right.
        value: When not the candidate's own.
        reason: Why, when not by its place alone.
    """

    candidate: Candidate
    odds: float
    value: str
    reason: str = ""


Odds = Mapping[str, np.ndarray]


def chosen_amounts(document: Document, odds: Odds) -> dict[str, Chosen]:
    """Return field → amount: those that agree, else the best of each."""
    amounts = document.candidates[Kind.AMOUNT]
    if not amounts:
        return {}
    best = {name: _best(amounts, odds[name]) for name in _FIELDS if name in odds}
    steps = frozenset(abs(step.amount) for step in roundings(document))
    chosen = _agreeing(best, steps) or _single(best)
    if "total_amount" in chosen:
        chosen |= _rest(document, chosen, odds)
        chosen |= _due(amounts, chosen, odds)
    return chosen


def roundings(document: Document) -> list[Candidate]:
    """Return the amounts by which a total in cash is said to be rounded."""
    return [
        amount
        for amount in document.candidates[Kind.AMOUNT]
        if 0 < abs(amount.amount) <= _ROUNDING
        and any(label.means == "rounding" for label in document.labels[amount.row])
    ]


def _best(amounts: Sequence[Candidate], odds: np.ndarray) -> list[Chosen]:
    """Return the best candidates, one a value."""
    found: dict[Decimal, Chosen] = {}
    for at in np.argsort(-odds):
        candidate = amounts[at]
        if candidate.amount not in found:
            found[candidate.amount] = Chosen(candidate, float(odds[at]), candidate.value)
        if len(found) == _TRIED:
            break
    return list(found.values())


def _agreeing(best: Mapping[str, Sequence[Chosen]], steps: frozenset[Decimal]) -> dict[str, Chosen]:
    """Return net, tax and total that add up, if that is likelier than three that do not.

    Args:
        best: Field → candidates, the best first.
        steps: By which the total may be rounded.
    """
    if len(best) < len(_FIELDS):
        return {}
    apart = sum(best[name][0].odds for name in _FIELDS)
    least_total = best["total_amount"][0].odds - _YIELDS
    top: tuple[float, tuple[Chosen, ...]] = (apart - _AGREEMENT, ())
    for three in product(*(best[name] for name in _FIELDS)):
        net, tax, total = (one.candidate.amount for one in three)
        score = sum(one.odds for one in three)
        if score <= top[0] or min(one.odds for one in three) < _LEAST:
            continue
        if three[2].odds < least_total:
            continue
        is_apart = net != total or tax == 0
        is_sum = net + tax == total or (tax and abs(total - net - tax) in steps)
        if is_sum and total != 0 and is_apart and abs(tax) <= abs(net):
            top = score, three
    lift = _AGREEMENT / 3
    return {
        name: replace(one, odds=one.odds + lift, reason="net and tax make the total")
        for name, one in zip(_FIELDS, top[1], strict=False)
    }


def _single(best: Mapping[str, Sequence[Chosen]]) -> dict[str, Chosen]:
    """Return the best of each field by itself; net and tax only when they are likely.

    No tax is more than its net amount, and a net amount that is the total leaves none: of two
    such the likelier one stays.
    """
    chosen = {
        name: found[0]
        for name, found in best.items()
        if name == "total_amount" or found[0].odds > _TAKEN
    }
    net, tax, total = (chosen.get(name) for name in _FIELDS)
    if not net or not tax:
        return chosen
    is_more = abs(tax.candidate.amount) >= abs(net.candidate.amount)
    is_whole = total is not None and net.candidate.amount == total.candidate.amount
    if is_more or (is_whole and tax.candidate.amount):
        del chosen["net_amount" if net.odds < tax.odds else "tax_amount"]
    return chosen


def _rest(document: Document, chosen: Mapping[str, Chosen], odds: Odds) -> dict[str, Chosen]:
    """Return net or tax as what the other one leaves of the total."""
    total = chosen["total_amount"].candidate.amount
    if ("net_amount" in chosen) == ("tax_amount" in chosen):
        return {}
    missing, known = "tax_amount", "net_amount"
    if known not in chosen:
        missing, known = known, missing
    value = total - chosen[known].candidate.amount
    if value * total <= 0 or (missing == "tax_amount" and abs(value) > abs(total) / 2):
        return {}
    sure = min(chosen[known].odds, chosen["total_amount"].odds)
    found = _on_page(document, value, odds.get(missing))
    if found is not None:
        why = "with it, net and tax make the total"
        return {missing: Chosen(found, max(0.0, sure), found.value, why)}
    parts = _parts_of(document, value) if missing == "tax_amount" else ()
    if parts:
        why = "the sum of the tax of each rate: " + " + ".join(p.value for p in parts)
        return {missing: Chosen(parts[-1], min(sure, 1.5), f"{value:f}", why)}
    return {}


def _on_page(document: Document, value: Decimal, odds: np.ndarray | None) -> Candidate | None:
    """Return the likeliest candidate with this value."""
    amounts = document.candidates[Kind.AMOUNT]
    places = [i for i, c in enumerate(amounts) if c.amount == value]
    if not places:
        return None
    return amounts[max(places, key=lambda i: 0.0 if odds is None else float(odds[i]))]


def _parts_of(document: Document, value: Decimal) -> tuple[Candidate, ...]:
    """Return two or more amounts beside labels of tax that make `value`."""
    amounts = document.candidates[Kind.AMOUNT]
    figures = document.figures
    taxes = [
        c for c in amounts if c.amount and abs(c.amount) < abs(value) and figures.is_near_tax(c.row)
    ][-12:]
    for count in range(2, _MOST_RATES + 1):
        for parts in combinations(taxes, count):
            if sum(p.amount for p in parts) == value and len({p.row for p in parts}) == count:
                return parts
    return ()


def _due(
    amounts: Sequence[Candidate], chosen: Mapping[str, Chosen], odds: Odds
) -> dict[str, Chosen]:
    """Return what is due: an amount of its own, or the total where nothing was paid."""
    total = chosen["total_amount"]
    if "amount_due" not in odds:
        return {}
    at = int(odds["amount_due"].argmax())
    sure = float(odds["amount_due"][at])
    candidate = amounts[at]
    if sure > _TAKEN and abs(candidate.amount) <= abs(total.candidate.amount):
        return {"amount_due": Chosen(candidate, sure, candidate.value)}
    return {"amount_due": replace(total, odds=min(total.odds, 1.0), reason="nothing is paid yet")}
