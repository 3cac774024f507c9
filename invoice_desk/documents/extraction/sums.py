"""Which amounts are net, tax, total and due: what the ranker says of each, and that they add up.

Net and tax make the total (EN 16931, BR-CO-15), tax is the sum over the rates (BR-CO-14), and
what is due is the total less what was paid (BR-CO-16).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations, product

import numpy as np

from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.exemption import exemption
from invoice_desk.documents.extraction.sum_rows import summed_up

SUM = ("net_amount", "tax_amount", "total_amount")
#: As many of the best candidates of each field are tried together.
_TRIED = 8
#: What an agreement of three amounts is worth, in logarithms of odds; and the least of each.
_AGREEMENT, _LEAST = 7.0, -7.5
#: The least likely of three that agree is at most so much less likely than the second.
_BEHIND = 1.5
#: An agreement replaces a total that is at most so much likelier than its own.
_YIELDS = 2.5
#: Net and tax may differ from a total in cash by this much, where the rounding is shown.
_ROUNDING = Decimal("0.05")
#: From here on an optional amount is taken.
_TAKEN = -0.5
_STAMP, _NOT_DUE = frozenset({"stamp"}), frozenset({"cash", "change"})
_DUE = frozenset({"amount_due", "grand_total"})
#: Rows with what was open before this document; bills of telephones and insurances have them.
_ARREARS = re.compile(
    r"\b(?:(?:ausstehende|offene|frühere)r? (?:forderung|betr[aä]g|rechnung)\w*|vorsaldo"
    r"|saldovortrag|rückst[aä]nd\w*|previous balance|balance (?:brought )?forward|arrears"
    r"|(?:ancien|précédent) solde|solde (?:antérieur|précédent)|arriérés?)\b",
    re.IGNORECASE,
)
_TAX, _OF_TAX = frozenset({"tax_total"}), frozenset({"tax_total", "tax_base"})
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
#: What it speaks for three amounts that each sums up its column.
_SUMMED_UP = 5.0
_RATE = re.compile(r"(\d{1,2}(?:[.,]\d{1,2})?)\s?%")
#: A tax is its rate of the net amount but for so much; odds of one that is, and of others.
_CENTS, _BY_RATE, _CALLED = Decimal("0.02"), 2.0, -1.0
#: What the labels of a row say that sums up one rate of tax: `Total 6% supplies`.
_OF_RATE = frozenset({"total", "percent"})
#: Sums of more rates of tax than this are not looked for.
_MOST_RATES = 4


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


Odds = Mapping[str, np.ndarray]


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
    arrears = _arrears(document)
    if arrears is not None:
        is_open = np.array(
            [each in arrears or each.amount == arrears[1].amount for each in amounts]
        )
        odds |= {n: np.where(is_open, odds[n] - _LESS, odds[n]) for n in SUM if n in odds}
    best = {name: _best(amounts, odds[name]) for name in SUM if name in odds}
    chosen = _agreeing(best, _extras(document)) or _single(best)
    if "total_amount" in chosen:
        chosen |= _over_rates(document, chosen["total_amount"])
        chosen |= _rest(document, chosen, odds)
        if "net_amount" not in chosen and not is_exempt:
            chosen |= _included_tax(document, chosen["total_amount"], odds)
        if "net_amount" in chosen and "tax_amount" not in chosen:
            chosen |= _stated_tax(document, chosen["net_amount"].candidate.amount, odds)
        chosen |= _due(document, chosen["total_amount"], odds)
        if arrears is not None:
            due, why = arrears[1], "the total and what was open before"
            sure = max(1.5, chosen["total_amount"].odds)
            chosen["amount_due"] = Chosen(due, sure, due.value, why)
    return chosen


def _without_others(document: Document, odds: Odds) -> dict[str, np.ndarray]:
    """Return the odds of net and tax, without what its row calls something else."""
    amounts = document.candidates[Kind.AMOUNT]
    means = [_means(document, amount.row) for amount in amounts]
    found = {}
    for name, (others, own) in _CALLED_OTHERWISE.items():
        if name in odds:
            is_other = np.array([bool(each & others) and not each & own for each in means])
            found[name] = np.where(is_other, odds[name] - _LESS, odds[name])
    return found


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
    rows = [row.number for row in document.layout.rows if _means(document, row.number) & _STAMP]
    found = [document.by_row.get((Kind.AMOUNT, number), [])[-1:] for number in rows]
    return [amount for amounts in found for amount in amounts]


def _extras(document: Document) -> frozenset[Decimal]:
    """Return what the total may have beside net and tax: stamp duty, or a rounding."""
    steps = {abs(step.amount) for step in roundings(document)}
    stamped = {stamp.amount for stamp in stamps(document)}
    return frozenset({Decimal(0)} | steps | {-step for step in steps} | stamped)


def _means(document: Document, row: int) -> frozenset[str]:
    return frozenset(label.means for label in document.labels[row])


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
        if name == "total_amount" or found[0].odds > _TAKEN
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


def _rest(document: Document, chosen: Mapping[str, Chosen], odds: Odds) -> dict[str, Chosen]:
    """Return net or tax as what the other one leaves of the total."""
    total = chosen["total_amount"].candidate.amount
    if "net_amount" in chosen and "tax_amount" in chosen:
        return _whole_tax(document, chosen)
    if "net_amount" not in chosen and "tax_amount" not in chosen:
        return {}
    missing, known = "tax_amount", "net_amount"
    if known not in chosen:
        missing, known = known, missing
    sure = min(chosen[known].odds, chosen["total_amount"].odds)
    if known == "tax_amount" and abs(chosen[known].candidate.amount) > abs(total) / 2:
        return _taken_for_tax(document, chosen, odds)
    # What needs no stamp duty or rounding comes first, then what does.
    for extra in sorted(_extras(document), key=abs):
        value = total - extra - chosen[known].candidate.amount
        if value * total <= 0 or (missing == "tax_amount" and abs(value) > abs(total) / 2):
            continue
        found = _on_page(document, value, odds.get(missing))
        if found is not None:
            why = "with it, net and tax make the total"
            return {missing: Chosen(found, max(0.0, sure), found.value, why)}
        parts = _parts_of(document, value) if missing == "tax_amount" else ()
        if parts:
            return {missing: _sum_of(parts, value, sure)}
    return {}


def _taken_for_tax(
    document: Document, chosen: Mapping[str, Chosen], odds: Odds
) -> dict[str, Chosen]:
    """Return net and tax where what was taken for the tax is more than half of the total."""
    net, total = chosen["tax_amount"], chosen["total_amount"]
    found = _on_page(document, total.candidate.amount - net.candidate.amount, odds["tax_amount"])
    if found is None:
        return {}
    why = "net and tax make the total"
    tax = Chosen(found, min(net.odds, 0.0), found.value, why)
    return {"net_amount": replace(net, odds=min(net.odds, 0.0), reason=why), "tax_amount": tax}


def _over_rates(document: Document, total: Chosen) -> dict[str, Chosen]:
    """Return the total of all rates of tax where the chosen one is the total of one rate alone."""
    parts = {
        amounts[-1].amount
        for row in document.layout.rows
        if _means(document, row.number) >= _OF_RATE
        and (amounts := document.by_row.get((Kind.AMOUNT, row.number)))
    }
    if total.candidate.amount not in parts or not _means(document, total.candidate.row) & _OF_RATE:
        return {}
    for amount in reversed(document.candidates[Kind.AMOUNT]):
        means = _means(document, amount.row)
        is_whole = means & _DUE and not means & (_OF_RATE | _NOT_DUE)
        others = parts - {total.candidate.amount}
        if is_whole and amount.amount - total.candidate.amount in others - {Decimal(0)}:
            why = "the sum of the totals of each rate"
            return {"total_amount": Chosen(amount, total.odds, amount.value, why)}
    return {}


def _arrears(document: Document) -> tuple[Candidate, Candidate] | None:
    """Return what was open before this document, and what is due with it, where both are shown."""
    amounts = document.candidates[Kind.AMOUNT]
    for before in amounts:
        if before.amount <= 0 or not _ARREARS.search(document.layout.rows[before.row].text):
            continue
        rest = {a.amount for a in amounts if a is not before and a.amount > 0}
        for due in amounts:
            if due.row > before.row and due.amount - before.amount in rest:
                return before, due
    return None


def _whole_tax(document: Document, chosen: Mapping[str, Chosen]) -> dict[str, Chosen]:
    """Return the tax of all rates where the chosen one is not what net and total leave."""
    net, tax, total = (chosen[name] for name in SUM)
    for extra in sorted(_extras(document), key=abs):
        value = total.candidate.amount - extra - net.candidate.amount
        if value == tax.candidate.amount:
            return {}
        parts = _parts_of(document, value) if value * total.candidate.amount > 0 else ()
        if parts:
            return {"tax_amount": _sum_of(parts, value, min(net.odds, total.odds))}
    return {}


def _stated_tax(document: Document, net: Decimal, odds: Odds) -> dict[str, Chosen]:
    """Return the one amount that a row calls the tax, although net and it do not make the total.

    That they do not is then said; an amount that is its rate of the net amount is likelier.
    """
    amounts, likely = document.candidates[Kind.AMOUNT], odds.get("tax_amount")
    found = [
        i
        for i, amount in enumerate(amounts)
        if document.by_row[Kind.AMOUNT, amount.row][-1] is amount
        and _means(document, amount.row) & _TAX
        and not _means(document, amount.row) & (_STAMP | _DUE | _NOT_DUE)
        and 0 < abs(amount.amount) < abs(net) / 2
    ]
    if likely is None or len({amounts[i].amount for i in found}) != 1:
        return {}
    at = max(found, key=lambda i: float(likely[i]))
    amount = amounts[at]
    rates = _RATE.findall(document.layout.rows[amount.row].text)
    taxes = [abs(net) * Decimal(rate.replace(",", ".")) / 100 for rate in rates]
    is_rate = any(abs(tax - abs(amount.amount)) <= _CENTS for tax in taxes)
    sure = max(float(likely[at]), _BY_RATE if is_rate else _CALLED)
    return {"tax_amount": Chosen(amount, sure, amount.value)}


def _included_tax(document: Document, total: Chosen, odds: Odds) -> dict[str, Chosen]:
    """Return the tax that a row says is in the total, where its rate bears that out, and the net.

    `dont TVA 10 % 3,35` of 36,90: the total times rate / (100 + rate), a cent or two apart.
    The net amount stands nowhere then.
    """
    whole = total.candidate.amount
    for amount in document.candidates[Kind.AMOUNT]:
        if not _means(document, amount.row) & _TAX or not 0 < abs(amount.amount) < abs(whole) / 2:
            continue
        for text in _RATE.findall(document.layout.rows[amount.row].text):
            rate = Decimal(text.replace(",", "."))
            if rate and abs(whole * rate / (100 + rate) - amount.amount) <= _CENTS:
                sure = max(_BY_RATE, float(odds["tax_amount"].max()) if "tax_amount" in odds else 0)
                why = f"{rate.normalize():f} % are in the total"
                net = whole - amount.amount
                return {
                    "tax_amount": Chosen(amount, min(sure, total.odds), amount.value, why),
                    "net_amount": Chosen(total.candidate, min(1.5, total.odds), f"{net:f}", why),
                }
    return {}


def _sum_of(parts: Sequence[Candidate], value: Decimal, sure: float) -> Chosen:
    """Return the tax that the taxes of all rates make; it stands nowhere itself."""
    why = "the sum of the tax of each rate: " + " + ".join(part.value for part in parts)
    return Chosen(parts[-1], min(sure, 1.5), f"{value:f}", why, tuple(parts))


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
        c
        for c in amounts
        if c.amount and abs(c.amount) < abs(value) and figures.is_near_tax(c.row)
        if not _means(document, c.row) & _STAMP
    ][-12:]
    for count in range(2, _MOST_RATES + 1):
        for parts in combinations(taxes, count):
            if sum(p.amount for p in parts) == value and len({p.row for p in parts}) == count:
                return parts
    return ()


def _due(document: Document, total: Chosen, odds: Odds) -> dict[str, Chosen]:
    """Return what is due: what payments leave, an amount of its own, or the total."""
    if "amount_due" not in odds:
        return {}
    left = _left_to_pay(document, abs(total.candidate.amount))
    if left is not None:
        why = "the total less what was paid"
        return {"amount_due": Chosen(left, max(1.5, total.odds), left.value, why)}
    at = int(odds["amount_due"].argmax())
    sure = float(odds["amount_due"][at])
    candidate = document.candidates[Kind.AMOUNT][at]
    if sure > _TAKEN and abs(candidate.amount) <= abs(total.candidate.amount):
        return {"amount_due": Chosen(candidate, sure, candidate.value)}
    return {"amount_due": replace(total, odds=min(total.odds, 1.0), reason="nothing is paid yet")}


def _left_to_pay(document: Document, total: Decimal) -> Candidate | None:
    """Return the amount that is called due, and is the total less one that is called paid."""
    amounts = document.candidates[Kind.AMOUNT]
    paid = {abs(c.amount) for c in amounts if "cash" in _means(document, c.row)} - {Decimal(0)}
    for candidate in reversed(amounts):
        means = _means(document, candidate.row)
        if means & _DUE and not means & _NOT_DUE and total - candidate.amount in paid:
            return candidate
    return None
