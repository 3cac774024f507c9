"""Net and tax where the amounts do not simply add up: one rate of several, tax in the total."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from itertools import combinations, product

import numpy as np

from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.chosen import (
    DUE,
    NOT_DUE,
    STAMP,
    SUM,
    Chosen,
    Odds,
    extras,
    means_of,
)
from invoice_desk.documents.extraction.document import Document

#: What a row says of an amount on which there is no tax.
_UNTAXED = re.compile(
    r"non (?:soumis|assujetti|taxable)|hors (?:champ|tva)|exon[ée]r|exempt|not subject|steuerfrei"
    r"|nicht steuerbar|durchlaufende",
    re.IGNORECASE,
)
_TAX, _ROUNDED = frozenset({"tax_total"}), frozenset({"rounding"})
_RATE = re.compile(r"(\d{1,2}(?:[.,]\d{1,2})?)\s?%")
#: A tax is its rate of the net amount but for so much; odds of one that is, and of others.
_CENTS, _BY_RATE, _CALLED = Decimal("0.02"), 2.0, -1.0
#: What the labels of a row say that sums up one rate of tax: `Total 6% supplies`.
_OF_RATE = frozenset({"total", "percent"})
#: Sums of more rates of tax than this are not looked for.
_MOST_RATES = 4
#: Nor more discounts and charges than this.
_MOST_STEPS = 5


def rest(document: Document, chosen: Mapping[str, Chosen], odds: Odds) -> dict[str, Chosen]:
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
    for extra in sorted(extras(document), key=abs):
        value = total - extra - chosen[known].candidate.amount
        if value * total <= 0 or (missing == "tax_amount" and abs(value) > abs(total) / 2):
            continue
        found = _on_page(document, value, odds.get(missing))
        if found is not None and not (missing == "tax_amount" and _is_taken_off(document, found)):
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


def over_rates(document: Document, total: Chosen) -> dict[str, Chosen]:
    """Return the total of all rates of tax where the chosen one is the total of one rate alone."""
    parts = {
        amounts[-1].amount
        for row in document.layout.rows
        if means_of(document, row.number) >= _OF_RATE
        and (amounts := document.by_row.get((Kind.AMOUNT, row.number)))
    }
    if (
        total.candidate.amount not in parts
        or not means_of(document, total.candidate.row) & _OF_RATE
    ):
        return {}
    for amount in reversed(document.candidates[Kind.AMOUNT]):
        means = means_of(document, amount.row)
        is_whole = means & DUE and not means & (_OF_RATE | NOT_DUE)
        others = parts - {total.candidate.amount}
        if is_whole and amount.amount - total.candidate.amount in others - {Decimal(0)}:
            why = "the sum of the totals of each rate"
            return {"total_amount": Chosen(amount, total.odds, amount.value, why)}
    return {}


def is_untaxed(document: Document, amount: Candidate) -> bool:
    """Return whether the row of an amount says that there is no tax on it."""
    return _says_untaxed(document.layout.rows[amount.row].text)


@lru_cache(maxsize=4096)
def _says_untaxed(text: str) -> bool:
    return _UNTAXED.search(text) is not None


def _whole_tax(document: Document, chosen: Mapping[str, Chosen]) -> dict[str, Chosen]:
    """Return the tax of all rates where the chosen one is of one of them, or what it is on."""
    net, tax, total = (chosen[name] for name in SUM)
    left = [
        total.candidate.amount - extra - net.candidate.amount
        for extra in sorted(extras(document), key=abs)
    ]
    if tax.candidate.amount in left:
        return {}
    is_base = "tax_base" in means_of(document, tax.candidate.row)
    for value in left:
        parts = _parts_of(document, value) if value * total.candidate.amount > 0 else ()
        if parts and (is_base or any(part.amount == tax.candidate.amount for part in parts)):
            return {"tax_amount": _sum_of(parts, value, min(net.odds, total.odds))}
    return {}


def with_charges(document: Document, chosen: Mapping[str, Chosen]) -> dict[str, Chosen]:
    """Return the net amount after discount and charges where the one before was chosen.

    The net amount is the sum of the lines less allowances plus charges (EN 16931, BR-CO-13).
    Where only the sum before stands on the page, that is told by total less tax.
    """
    if not {"tax_amount", "total_amount"} <= chosen.keys():
        return {}
    tax, total = chosen["tax_amount"], chosen["total_amount"]
    wanted = total.candidate.amount - tax.candidate.amount
    net = chosen.get("net_amount")
    before = [net.candidate] if net is not None else _subtotals(document)
    if any(wanted - each.amount in extras(document) for each in before):
        return {}
    steps = _allowances_and_charges(document)
    for each, count in product(before, range(1, len(steps) + 1)):
        for some in combinations(steps, count):
            if each.amount + sum(step for step, _ in some) == wanted:
                sure = min(tax.odds, total.odds)
                why = "the sum of the lines, less discounts, with charges"
                found = _on_page(document, wanted, None) or each
                return {"net_amount": Chosen(found, sure, f"{wanted:f}", why)}
    return {}


def _subtotals(document: Document) -> list[Candidate]:
    """Return the amounts of rows that sum up lines."""
    rows = document.layout.rows
    found = [row for row in rows if means_of(document, row.number) & {"subtotal", "net_total"}]
    amounts = [document.by_row.get((Kind.AMOUNT, row.number), ()) for row in found]
    return [each[-1] for each in amounts if each]


def _allowances_and_charges(document: Document) -> list[tuple[Decimal, Candidate]]:
    """Return what rows outside of lines take off or add, at most the last few."""
    found = []
    for row in document.layout.rows:
        amounts = document.by_row.get((Kind.AMOUNT, row.number), ())
        means = means_of(document, row.number)
        if not amounts or means & (_TAX | DUE | NOT_DUE):
            continue
        if "discount" in means:
            found.append((-abs(amounts[-1].amount), amounts[-1]))
        elif "charge" in means:
            found.append((abs(amounts[-1].amount), amounts[-1]))
    return found[-_MOST_STEPS:]


def stated_tax(document: Document, net: Decimal, odds: Odds) -> dict[str, Chosen]:
    """Return the one amount that a row calls the tax, although net and it do not make the total.

    That they do not is then said; an amount that is its rate of the net amount is likelier.
    """
    amounts, likely = document.candidates[Kind.AMOUNT], odds.get("tax_amount")
    found = [
        i
        for i, amount in enumerate(amounts)
        if document.by_row[Kind.AMOUNT, amount.row][-1] is amount
        and means_of(document, amount.row) & _TAX
        and not means_of(document, amount.row) & (STAMP | DUE | NOT_DUE)
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


def included_tax(document: Document, total: Chosen, odds: Odds) -> dict[str, Chosen]:
    """Return the tax that a row says is in the total, where its rate bears that out, and the net.

    `dont TVA 10 % 3,35` of 36,90: the total times rate / (100 + rate), a cent or two apart.
    The net amount stands nowhere then.
    """
    whole = total.candidate.amount
    by_rate = _bases_and_taxes(document)
    net = sum((base.amount for base, _ in by_rate), Decimal(0))
    tax = sum((each.amount for _, each in by_rate), Decimal(0))
    if len(by_rate) > 1 and net + tax == whole:
        bases, taxes = zip(*by_rate, strict=True)
        why = "the sum of what each rate is on"
        return {
            "tax_amount": _sum_of(taxes, tax, total.odds),
            "net_amount": Chosen(bases[-1], min(1.5, total.odds), f"{net:f}", why, bases),
        }
    for amount in document.candidates[Kind.AMOUNT]:
        if not means_of(document, amount.row) & _TAX or not 0 < abs(amount.amount) < abs(whole) / 2:
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


def _bases_and_taxes(document: Document) -> list[tuple[Candidate, Candidate]]:
    """Return of each row that states a rate what the tax is on, and the tax."""
    found = []
    for row in document.layout.rows:
        amounts = document.by_row.get((Kind.AMOUNT, row.number), ())[-2:]
        rates = _RATE.findall(row.text)
        if len(amounts) < 2 or not rates or not means_of(document, row.number) & _TAX:
            continue
        rate = Decimal(rates[0].replace(",", "."))
        base, tax = sorted(amounts, key=lambda each: -abs(each.amount))
        if abs(abs(base.amount) * rate / 100 - abs(tax.amount)) <= _CENTS:
            found.append((base, tax))
    return found


def _sum_of(parts: Sequence[Candidate], value: Decimal, sure: float) -> Chosen:
    """Return the tax that the taxes of all rates make; it stands nowhere itself."""
    why = "the sum of the tax of each rate: " + " + ".join(part.value for part in parts)
    return Chosen(parts[-1], min(sure, 1.5), f"{value:f}", why, tuple(parts))


def _is_taken_off(document: Document, amount: Candidate) -> bool:
    """Return whether the row of an amount calls it a discount, as an agency's commission is."""
    means = means_of(document, amount.row)
    return "discount" in means and not means & _TAX


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
        if not means_of(document, c.row) & (STAMP | _ROUNDED)
        if not is_untaxed(document, c)
    ][-12:]
    for count in range(2, _MOST_RATES + 1):
        for parts in combinations(taxes, count):
            if sum(p.amount for p in parts) == value and len({p.row for p in parts}) == count:
                return parts
    return ()
