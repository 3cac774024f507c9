"""Quantity times price, less discount, is the amount: what settles which column is which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations, product

from invoice_desk.documents.column_roles import NUMERIC, Role
from invoice_desk.documents.line_values import Figure

_CENT = Decimal("0.01")
_HALF = Decimal("0.5")
#: What is tried among the columns at most.
_MOST_COLUMNS = 6
_AMOUNTS = (Role.NET_AMOUNT, Role.GROSS_AMOUNT)


@dataclass(frozen=True, slots=True)
class Proof:
    """Readings of the figures of one row with which its equation holds.

    Attributes:
        values: Role → value.
        is_telling: Whether the equation says something: not 1 × 5 = 5 or 0 × 5 = 0.
        discount: How the discount counts: `%`, `each`, `all`, or empty without one.
    """

    values: Mapping[Role, Decimal]
    is_telling: bool
    discount: str = ""


def proof_of(figures: Mapping[Role, Figure]) -> Proof | None:
    """Return the readings with which quantity times price less discount is the amount."""
    quantity, price = figures.get(Role.QUANTITY), figures.get(Role.UNIT_PRICE)
    if quantity is None or price is None:
        return None
    for role in _AMOUNTS:
        amount = figures.get(role)
        if amount is None:
            continue
        found = [
            (Proof({Role.QUANTITY: q, Role.UNIT_PRICE: p, role: n}, q not in {0, 1, -1}, kind))
            for q, p, n in product(quantity.values, price.values, amount.values)
            for kind, worth in _worths(q, p, figures.get(Role.DISCOUNT))
            if _agree(worth, n, q, p)
        ]
        if found:
            return _common(found)
    return None


def _common(found: Sequence[Proof]) -> Proof:
    """Return what all proofs have in common: 3 at 1.200 is 3.600 with either reading."""
    first = found[0]
    values = {
        role: value
        for role, value in first.values.items()
        if all(each.values[role] == value for each in found)
    }
    is_telling = first.is_telling and first.values[Role.UNIT_PRICE] != 0
    return Proof(values, is_telling, first.discount)


def _worths(q: Decimal, p: Decimal, discount: Figure | None) -> Iterator[tuple[str, Decimal]]:
    """Yield what a row may come to, by each way in which its discount may count."""
    if discount is not None and discount.values:
        d = abs(discount.values[0])
        if d <= 100 and "%" in discount.rest:
            yield "%", q * p * (100 - d) / 100
            return
        if d:
            if d <= 100:
                yield "%", q * p * (100 - d) / 100
            yield "all", q * p - d
            yield "each", q * (p - d)
    yield "", q * p


def _agree(worth: Decimal, amount: Decimal, quantity: Decimal, price: Decimal) -> bool:
    """Return whether they differ by no more than rounding; a credit may lose its sign."""
    exponent = price.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    slack = _CENT / 2
    if decimals > 0:
        slack += abs(quantity) * Decimal(10) ** -max(decimals, 2) * _HALF
    slack = min(slack, max(abs(amount) / 50, _CENT / 2))
    return abs(abs(worth) - abs(amount)) <= slack


def settled_roles(
    rows: Sequence[Mapping[int, Figure]], roles: Sequence[Role]
) -> tuple[Role, ...] | None:
    """Return better roles for the columns of numbers, None where those given are not denied.

    Another order counts when the equation holds in all rows that have its numbers, in one row
    tellingly, and in fewer with the order given.
    """
    ours = _held(rows, {role: i for i, role in enumerate(roles)})
    if ours[0] and ours[0] * 2 >= ours[1]:
        return None
    tried = [i for i in range(len(roles)) if sum(i in row for row in rows) * 2 >= len(rows)]
    tried = [i for i in tried if roles[i] in {*NUMERIC, Role.OTHER, Role.UNIT} - {Role.TAX_RATE}]
    best: tuple[tuple[int, int], tuple[int, int, int]] | None = None
    discount = next((i for i, role in enumerate(roles) if role is Role.DISCOUNT), None)
    for q, p, n in permutations(tried[:_MOST_COLUMNS], 3):
        if n < max(q, p) or discount in {q, p, n}:
            continue  # the amount stands last
        columns = {Role.QUANTITY: q, Role.UNIT_PRICE: p, Role.NET_AMOUNT: n}
        if discount is not None:
            columns[Role.DISCOUNT] = discount
        held, whole, telling = _held(rows, columns)
        if telling and held == whole and held > ours[0]:
            rank = (held, (roles[q] is Role.QUANTITY) + (roles[p] is Role.UNIT_PRICE))
            if best is None or rank > best[0]:
                best = rank, (q, p, n)
    return None if best is None else _with(roles, best[1])


def _held(
    rows: Sequence[Mapping[int, Figure]], columns: Mapping[Role, int]
) -> tuple[int, int, int]:
    """Return in how many rows the equation holds, could hold, and holds tellingly."""
    wanted = (Role.QUANTITY, Role.UNIT_PRICE)
    held = whole = telling = 0
    for row in rows:
        figures = {role: row[i] for role, i in columns.items() if i in row}
        if not all(role in figures for role in wanted) or not figures.keys() & set(_AMOUNTS):
            continue
        proof = proof_of(figures)
        whole += 1
        held += proof is not None
        telling += proof is not None and proof.is_telling
    return held, whole, telling


def _with(roles: Sequence[Role], found: tuple[int, int, int]) -> tuple[Role, ...]:
    taken = dict(zip(found, (Role.QUANTITY, Role.UNIT_PRICE, Role.NET_AMOUNT), strict=True))
    freed = set(taken.values())
    return tuple(
        taken.get(i, Role.OTHER if role in freed else role) for i, role in enumerate(roles)
    )
