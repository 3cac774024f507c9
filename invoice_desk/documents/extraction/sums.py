"""Which amounts are net, tax, total and due: what the ranker says of each, and that they add up.

Net and tax make the total (EN 16931, BR-CO-15), tax is the sum over the rates (BR-CO-14), and
what is due is the total less what was paid (BR-CO-16).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import product

import numpy as np

from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.chosen import SUM, TAKEN, Chosen, Odds, extras, means_of
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.due import arrears_of, due_of, tells_arrears
from invoice_desk.documents.extraction.exemption import exemption
from invoice_desk.documents.extraction.sum_rows import summed_up
from invoice_desk.documents.extraction.taxes import (
    included_tax,
    is_untaxed,
    over_rates,
    rest,
    stated_tax,
    with_charges,
)

_OF_TAX = frozenset({"tax_total", "tax_base"})
#: As many of the best candidates of each field are tried together.
_TRIED = 8
#: What an agreement of three amounts is worth, in logarithms of odds; and the least of each.
_AGREEMENT, _LEAST = 7.0, -7.5
#: The least likely of three that agree is at most so much less likely than the second.
_BEHIND = 1.5
#: An agreement replaces a total that is at most so much likelier than its own.
_YIELDS = 2.5
#: Field → labels of other amounts, and labels that outweigh them in the same row.
_CALLED_OTHERWISE = {
    "net_amount": (
        frozenset({"cash", "change", "amount_due", "charge"}),
        _OF_TAX | {"net_total", "subtotal", "total", "grand_total"},
    ),
    "tax_amount": (frozenset({"discount", "charge", "cash", "change", "amount_due"}), _OF_TAX),
}
#: What is called something else is that much less likely net or tax.
_LESS = 5.0
#: What is no tax is so much less likely one that no agreement makes up for it.
_NO_TAX = 15.0
#: A nought is a tax where a label of tax stands in its row, or so few above.
_NOUGHT_ROWS = 8
#: What it speaks for three amounts that each sums up its column.
_SUMMED_UP = 5.0


def chosen_amounts(document: Document, odds: Odds) -> dict[str, Chosen]:
    """Return field → amount: those that agree, else the best of each."""
    amounts = document.candidates[Kind.AMOUNT]
    if not amounts:
        return {}
    odds = {**odds, **_without_others(document, odds)}
    odds |= _of_sum_row(document, odds)
    is_exempt = exemption(document) is not None
    if is_exempt:  # what follows then is the matter of `complete`
        odds = {
            name: each for name, each in odds.items() if name not in {"net_amount", "tax_amount"}
        }
    arrears = arrears_of(document)
    if arrears is not None:
        rows = document.layout.rows
        is_open = np.array(
            [
                each in arrears
                or each.amount == arrears[1].amount
                or tells_arrears(rows[each.row].text)
                for each in amounts
            ]
        )
        odds |= {n: np.where(is_open, odds[n] - _LESS, odds[n]) for n in SUM if n in odds}
        now = arrears[1].amount - arrears[0].amount
        if "total_amount" in odds:
            is_now = np.array([each.amount == now for each in amounts])
            odds["total_amount"] = odds["total_amount"] + _SUMMED_UP * is_now
    best = {name: _best(amounts, odds[name]) for name in SUM if name in odds}
    chosen = _agreeing(best, extras(document)) or _single(best)
    if "total_amount" in chosen:
        chosen |= over_rates(document, chosen["total_amount"])
        chosen |= rest(document, chosen, odds)
        if "net_amount" not in chosen and not is_exempt:
            chosen |= included_tax(document, chosen["total_amount"], odds)
        if "net_amount" in chosen and "tax_amount" not in chosen:
            chosen |= stated_tax(document, chosen["net_amount"].candidate.amount, odds)
        chosen |= with_charges(document, chosen)
        chosen |= due_of(document, chosen["total_amount"], odds)
        if arrears is not None:
            due, why = arrears[1], "the total and what was open before"
            sure = max(1.5, chosen["total_amount"].odds)
            chosen["amount_due"] = Chosen(due, sure, due.value, why)
    return chosen


def _without_others(document: Document, odds: Odds) -> dict[str, np.ndarray]:
    """Return the odds of net and tax, without what its row calls something else."""
    amounts = document.candidates[Kind.AMOUNT]
    means = [means_of(document, amount.row) for amount in amounts]
    found = {}
    for name, (others, own) in _CALLED_OTHERWISE.items():
        if name in odds:
            is_other = np.array([bool(each & others) and not each & own for each in means])
            found[name] = np.where(is_other, odds[name] - _LESS, odds[name])
            if name == "tax_amount":
                is_none = np.array([_is_no_tax(document, amount) for amount in amounts])
                found[name] = np.where(is_none, odds[name] - _NO_TAX, found[name])
    return found


def _is_no_tax(document: Document, amount: Candidate) -> bool:
    """Return whether a row says that it is not taxed, or an amount is a nought of something else.

    Many columns hold noughts, and each makes net and total agree where they are the same.
    """
    if is_untaxed(document, amount):
        return True
    if amount.amount:
        return False
    near = range(max(0, amount.row - _NOUGHT_ROWS), amount.row + 1)
    return not any("tax_total" in means_of(document, row) for row in near)


def _of_sum_row(document: Document, odds: Odds) -> dict[str, np.ndarray]:
    """Return the odds of net, tax and total, more for those of a row that sums up the rates."""
    three = summed_up(document)
    if three is None:
        return {}
    amounts, found = document.candidates[Kind.AMOUNT], {}
    for name, amount in zip(SUM, three, strict=True):
        if name in odds:
            found[name] = odds[name].copy()
            found[name][amounts.index(amount)] += _SUMMED_UP
    return found


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


def _agreeing(
    best: Mapping[str, Sequence[Chosen]], extras: frozenset[Decimal]
) -> dict[str, Chosen]:
    """Return net, tax and total that add up, if that is likelier than three that do not.

    Args:
        best: Field → candidates, the best first.
        extras: What the total may have beside net and tax.
    """
    if len(best) < len(SUM):
        return {}
    apart = sum(best[name][0].odds for name in SUM)
    least_total = best["total_amount"][0].odds - _YIELDS
    top: tuple[float, tuple[Chosen, ...]] = (apart - _AGREEMENT, ())
    for three in product(*(best[name] for name in SUM)):
        net, tax, total = (one.candidate.amount for one in three)
        score = sum(one.odds for one in three)
        if score <= top[0] or min(one.odds for one in three) < _LEAST:
            continue
        if three[2].odds < least_total:
            continue
        is_apart = (net != total or tax == 0) and net * tax >= 0  # a discount has another sign
        is_sum = net + tax == total or (tax != 0 and total - net - tax in extras)
        if is_sum and total != 0 and is_apart and abs(tax) <= abs(net) / 2:
            top = score, three
    lifted = [one.odds + _AGREEMENT / 3 for one in top[1]]
    # Two that are sure leave little doubt of the third.
    least = sorted(lifted)[1] - _BEHIND if lifted else 0.0
    return {
        name: replace(one, odds=max(odds, least), reason="net and tax make the total")
        for name, one, odds in zip(SUM, top[1], lifted, strict=False)
    }


def _single(best: Mapping[str, Sequence[Chosen]]) -> dict[str, Chosen]:
    """Return the best of each field by itself; net and tax only when they are likely.

    No tax is more than its net amount, and a net amount that is the total leaves none: of two
    such the likelier one stays.
    """
    chosen = {
        name: found[0]
        for name, found in best.items()
        if name == "total_amount" or found[0].odds > TAKEN
    }
    net, tax, total = (chosen.get(name) for name in SUM)
    if net and total and not tax:
        if abs(net.candidate.amount) < abs(total.candidate.amount) / 2:
            del chosen["net_amount"]  # no tax is more than what it is on
        return chosen
    if not net or not tax:
        return chosen
    is_more = abs(tax.candidate.amount) >= abs(net.candidate.amount)
    is_whole = total is not None and net.candidate.amount == total.candidate.amount
    if is_more or (is_whole and tax.candidate.amount):
        del chosen["net_amount" if net.odds < tax.odds else "tax_amount"]
    return chosen
