"""How the amounts of a document add up."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import accumulate

#: Rates of value added tax, goods and services tax that are usual where the labels are spoken.
_RATES = (0.05, 0.055, 0.06, 0.07, 0.077, 0.081, 0.09, 0.10, 0.16, 0.17, 0.19, 0.20, 0.21)
_TOTALS = frozenset({"total", "grand_total", "subtotal", "net_total", "amount_due", "tax_total"})
_CASH, _CHANGE, _ROUNDING, _TAX = "cash", "change", "rounding", "tax_total"


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount, its row and what the labels to the left of it announce.

    Attributes:
        is_last: Whether it is the last amount of its row.
        is_tax: Whether a label of tax stands beside or above it.
    """

    value: Decimal
    row: int
    means: frozenset[str]
    is_last: bool
    is_tax: bool = False

    @property
    def cents(self) -> int:
        """Return the size of the amount in hundredths, rounded down."""
        return int(abs(self.value) * 100)


class Figures:
    """How the amounts of a document add up; for documents with many amounts the last ones."""

    _MOST = 160

    def __init__(self, amounts: Sequence[Figure]) -> None:
        self._amounts = amounts
        values = [abs(figure.value) for figure in amounts]
        self.counts = Counter(values)
        self.largest = max(values, default=Decimal(0))
        distinct = list(dict.fromkeys(reversed(values)))[: self._MOST]
        self._cents = sorted({int(v * 100) for v in distinct if v and v * 100 == int(v * 100)})
        self._known = frozenset(self._cents)
        self._sizes = sorted(self.counts)
        self._addends: dict[int, int] = {}

    @cached_property
    def _sums(self) -> dict[int, int]:
        """Return a sum in hundredths → how many pairs of other amounts make it."""
        sums: Counter[int] = Counter()
        for i, low in enumerate(self._cents):
            sums.update(self._known.intersection([low + high for high in self._cents[i + 1 :]]))
        return sums

    @cached_property
    def _taxed(self) -> dict[int, int]:
        """Return a total in hundredths → 1 where a known rate of tax leads from a net to it."""
        found: dict[int, int] = {}
        for total in self._cents:
            for rate in _RATES:
                net = round(total / (1 + rate))
                for near in (net - 1, net, net + 1):
                    if near in self._known and total - near in self._known:
                        found[total] = 1
        return found

    def pairs(self, value: Decimal) -> int:
        """Return how many pairs of other amounts make `value`."""
        return self._sums.get(int(abs(value) * 100), 0)

    def larger(self, value: Decimal) -> int:
        """Return how many distinct amounts are larger than `value`."""
        return len(self._sizes) - bisect_right(self._sizes, abs(value))

    def is_taxed(self, value: Decimal) -> bool:
        """Return whether `value` is a net and its tax at a known rate, all three on the page."""
        return int(abs(value) * 100) in self._taxed

    def addends(self, value: Decimal) -> int:
        """Return how many sums on the page have `value` as an addend."""
        cents = int(abs(value) * 100)
        found = self._addends.get(cents)
        if found is None:
            higher = {cents + other for other in self._cents if other != cents}
            found = self._addends[cents] = len(higher & self._known)
        return found

    def is_rounded(self, value: Decimal) -> bool:
        """Return whether another amount differs by at most five hundredths."""
        cents = int(abs(value) * 100)
        at = bisect_left(self._cents, cents)
        near = self._cents[max(0, at - 1) : at + 2]
        return any(0 < abs(cents - other) <= 5 for other in near)

    def is_paid(self, value: Decimal) -> bool:
        """Return whether an amount of this size is said to be paid."""
        return int(abs(value) * 100) in self._labelled(_CASH)

    def is_change_apart(self, value: Decimal) -> bool:
        """Return whether what was paid less the change is `value`."""
        cents = int(abs(value) * 100)
        changes = self._labelled(_CHANGE)
        return any(paid - cents in changes for paid in self._labelled(_CASH) if paid != cents)

    def is_after_rounding(self, value: Decimal) -> bool:
        """Return whether another amount and a rounding that is shown make `value`."""
        cents = int(abs(value) * 100)
        steps = self._labelled(_ROUNDING)
        return any(
            0 < s <= 5 and (cents - s in self._known or cents + s in self._known) for s in steps
        )

    def is_with_tax(self, value: Decimal) -> bool:
        """Return whether another amount and one that is labelled as tax make `value`."""
        cents = int(abs(value) * 100)
        return any(0 < tax < cents and cents - tax in self._known for tax in self._labelled(_TAX))

    def is_sum_of_lines(self, value: Decimal) -> bool:
        """Return whether amounts at the end of successive rows above the totals make `value`."""
        return int(abs(value) * 100) in self._line_sums

    def is_near_tax(self, row: int) -> bool:
        """Return whether a label of tax stands in this row or heads the rows above it."""
        return row in self._tax_rows

    @cached_property
    def _tax_rows(self) -> frozenset[int]:
        return frozenset(f.row for f in self._amounts if f.is_tax)

    def _labelled(self, means: str) -> frozenset[int]:
        return self._by_label.get(means, frozenset())

    @cached_property
    def _by_label(self) -> dict[str, frozenset[int]]:
        found: dict[str, set[int]] = {}
        for figure in self._amounts:
            for means in figure.means:
                found.setdefault(means, set()).add(figure.cents)
        return {means: frozenset(cents) for means, cents in found.items()}

    @cached_property
    def _line_sums(self) -> frozenset[int]:
        """Return the sums of two and more successive last amounts above the first total."""
        lines: list[int] = []
        for figure in self._amounts:
            if figure.means & _TOTALS:
                break
            if figure.is_last:
                lines.append(int(figure.value * 100))
        lines = lines[-60:]
        sums: set[int] = set()
        for i in range(len(lines) - 1):
            sums.update(list(accumulate(lines[i:]))[1:])
        return frozenset(sums)
