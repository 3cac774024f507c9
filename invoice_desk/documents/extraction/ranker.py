"""The ranker: how likely each candidate is the value of a field.

Boosted trees over the numbers of `evidence`, one set of trees a field.  They were trained by
`benchmarks/train_ranker.py` on transcripts of public receipts, public invoices and made ones;
the weights are data (`resources/field_ranker.npz`), so that no training library is needed here.
What the trees say is calibrated on documents of suppliers that they were not trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

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

    def log_odds(self, table: np.ndarray) -> np.ndarray:
        """Return the logarithm of the odds of each row of `table`, not calibrated."""
        trees = np.arange(len(self.feature))
        rows = np.arange(len(table))[:, None]
        node = np.zeros((len(table), len(trees)), np.int64)
        for _ in range(self.depth):
            goes_left = table[rows, self.feature[trees, node]] <= self.threshold[trees, node]
            node = np.where(goes_left, self.left[trees, node], self.right[trees, node])
        total: np.ndarray = self.value[trees, node].sum(axis=1, dtype=np.float64)
        return total + self.base

    def calibrated(self, log_odds: float) -> float:
        """Return how sure one may be of a best candidate with these odds, 0 to 1."""
        return float(1 / (1 + np.exp(-(self.slope * log_odds + self.shift))))


@cache
def forests() -> dict[str, Forest]:
    """Return field → its trees."""
    with np.load(resource("field_ranker.npz")) as data:
        return {name: _forest(name, data) for name in FIELDS if f"{name}.feature" in data}


def _forest(name: str, data: np.lib.npyio.NpzFile) -> Forest:
    depth, base, slope, shift = (float(x) for x in data[f"{name}.numbers"])
    parts = {p: data[f"{name}.{p}"] for p in ("feature", "threshold", "left", "right", "value")}
    return Forest(**parts, depth=int(depth), base=base, slope=slope, shift=shift)
