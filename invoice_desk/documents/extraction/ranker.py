"""The ranker: how likely each candidate is the value of a field.

Boosted trees over the numbers of `evidence`, one set of trees a field.  They were trained by
`benchmarks/train_ranker.py` on transcripts of public receipts, public invoices and made ones;
the weights are data (`resources/field_ranker.npz`), so that no training library is needed here.
What the trees say is calibrated on documents of suppliers that they were not trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from invoice_desk.documents.extraction.candidates import Kind
from invoice_desk.paths import resource

#: Field → what kind of candidate it has.
FIELDS: dict[str, Kind] = {
    "invoice_number": Kind.CODE,
    "contract_ref": Kind.CODE,
    "purchase_order": Kind.CODE,
    "customer_id": Kind.CODE,
    "issue_date": Kind.DATE,
    "due_date": Kind.DATE,
    "period_start": Kind.DATE,
    "period_end": Kind.DATE,
    "supplier_name": Kind.NAME,
    "customer_name": Kind.NAME,
    "net_amount": Kind.AMOUNT,
    "tax_amount": Kind.AMOUNT,
    "total_amount": Kind.AMOUNT,
    "amount_due": Kind.AMOUNT,
}

#: Values from here on are sure: at most two in a hundred of them may be wrong.
SURE = 0.95
_NOT_SURE = 0.94
#: So many candidates are weighed at once: what lies between fits into the processor's cache.
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class _Forks:
    """Trees by their forks, so that all candidates pass all of them at once.

    A candidate that goes right at a fork has passed the leaves on its left; it ends in the first
    leaf that it has not passed.

    Attributes:
        feature: Which number a fork looks at; of shape (forks of a tree, trees).
        threshold: Go left up to this; float32.
        left_leaves: The leaves on the left, a bit each.
        values: What a leaf adds; float32 of shape (trees, leaves).
    """

    feature: np.ndarray
    threshold: np.ndarray
    left_leaves: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Forest:
    """Boosted trees of one field, padded to the same number of nodes.

    Attributes:
        feature: Which number a node looks at; int16 of shape (trees, nodes).
        threshold: Go left up to this; float32.
        left: The next node on the left; a leaf leads to itself; int16.
        right: The next node on the right; int16.
        value: What a leaf adds to the logarithm of the odds; float32.
        depth: Steps from the root to the deepest leaf.
        base: The logarithm of the odds before any tree.
        slope: Calibration: by how much the logarithm of the odds is stretched.
        shift: Calibration: what is added to it.
        sure_from: Calibration: below these odds no value is `SURE`.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    depth: int
    base: float
    slope: float
    shift: float
    sure_from: float

    def log_odds(self, table: np.ndarray) -> np.ndarray:
        """Return the logarithm of the odds of each row of `table`, not calibrated."""
        blocks = range(0, len(table), _BLOCK)
        parts = [self._block(table[at : at + _BLOCK]) for at in blocks]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _block(self, table: np.ndarray) -> np.ndarray:
        forks = self._forks
        goes_right = table.T[forks.feature] > forks.threshold[:, :, None]
        passed = np.bitwise_or.reduce(goes_right * forks.left_leaves[:, :, None], axis=0)
        first = ~passed & (passed + passed.dtype.type(1))  # the leftmost leaf that is not passed
        leaf = np.frexp(first.astype(np.float64))[1] - 1
        values = forks.values[np.arange(len(leaf)), leaf.T]
        total: np.ndarray = values.sum(axis=1, dtype=np.float64)
        return total + self.base

    @cached_property
    def _forks(self) -> _Forks:
        return _forks_of(self)

    def calibrated(self, log_odds: float) -> float:
        """Return how sure one may be of a best candidate with these odds, 0 to 1."""
        sure = float(1 / (1 + np.exp(-(self.slope * log_odds + self.shift))))
        return sure if log_odds >= self.sure_from else min(sure, _NOT_SURE)


@cache
def forests() -> dict[str, Forest]:
    """Return field → its trees."""
    with np.load(resource("field_ranker.npz")) as data:
        return {name: _forest(name, data) for name in FIELDS if f"{name}.feature" in data}


def _forest(name: str, data: np.lib.npyio.NpzFile) -> Forest:
    depth, base, slope, shift, sure_from = (float(x) for x in data[f"{name}.numbers"])
    parts = {p: data[f"{name}.{p}"] for p in ("feature", "threshold", "left", "right", "value")}
    return Forest(
        **parts, depth=int(depth), base=base, slope=slope, shift=shift, sure_from=sure_from
    )


def _forks_of(forest: Forest) -> _Forks:
    """Return the forks of all trees, padded by forks that lead everybody to the left."""
    most = (forest.feature.shape[1] + 1) // 2
    shape = (most - 1 or 1, len(forest.feature))
    feature, threshold = np.zeros(shape, np.intp), np.full(shape, np.inf, np.float32)
    kind = next(k for k in (np.uint16, np.uint32, np.uint64) if most <= np.iinfo(k).bits)
    left_leaves = np.zeros(shape, kind)
    values = np.zeros((len(forest.feature), most), np.float32)
    for tree in range(len(forest.feature)):
        forks, leaves = _taken_apart(forest, tree)
        values[tree, : len(leaves)] = forest.value[tree, leaves]
        for place, (node, first, stop) in enumerate(forks):
            feature[place, tree] = forest.feature[tree, node]
            threshold[place, tree] = forest.threshold[tree, node]
            left_leaves[place, tree] = (1 << stop) - (1 << first)
    return _Forks(feature, threshold, left_leaves, values)


def _taken_apart(forest: Forest, tree: int) -> tuple[list[tuple[int, int, int]], list[int]]:
    """Return a tree's forks, each with the range of leaves on its left, and its leaves in order."""
    left, right = forest.left[tree].tolist(), forest.right[tree].tolist()
    forks: list[tuple[int, int, int]] = []
    leaves: list[int] = []

    def visit(node: int) -> None:
        if left[node] == node:
            leaves.append(node)
            return
        first = len(leaves)
        visit(left[node])
        forks.append((node, first, len(leaves)))
        visit(right[node])

    visit(0)
    return forks, leaves
