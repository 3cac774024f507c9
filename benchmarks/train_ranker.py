"""Train the ranker of document fields: `python -m benchmarks.train_ranker [--cache FOLDER]`.

It learns from the documents of `../shared/corpora` (receipts, orders, invoices) and from made
ones, and writes `invoice_desk/resources/field_ranker.npz`.  What is printed is seen by trees
that were not trained on any document of the same supplier.  Needs scikit-learn (extra `train`).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import pickle
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz import fuzz

from benchmarks.made_documents import made_invoice, made_receipt
from invoice_desk.core.amounts import read_amount
from invoice_desk.core.dates import DateOrder, read_moment
from invoice_desk.core.text import folded
from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.document import document_of
from invoice_desk.documents.extraction.evidence import Evidence
from invoice_desk.documents.extraction.layout import layout_of
from invoice_desk.documents.extraction.ranker import FIELDS, SURE
from invoice_desk.documents.page import Page, TextSource, Word

TARGET = Path(__file__).parent.parent / "invoice_desk" / "resources" / "field_ranker.npz"
_FOLDS = 3
#: Of values that are called sure, so many may be wrong.
_MOST_WRONG = 0.02
#: For so many documents, at each step of odds, counts what the trees say themselves.
_PRIOR = 1.5
_MADE = 1200
#: Each fork of a tree looks at this share of the evidence: much of it says the same, and what
#: tells best on the pages of one supplier is not what tells best on those of others.
_SHARES = {Kind.AMOUNT: 0.3, Kind.NAME: 0.6}
#: A made document weighs this much beside a real one; and this share of its misses is kept.
_MADE_WEIGHT, _MADE_SHARE = 0.5, 0.4


@dataclass(frozen=True)
class Example:
    """A document with its truth.

    Attributes:
        group: Documents of one group look alike: they are never on both sides of a test.
        truth: Field → value; a field that is not named was not looked at.
    """

    kind: str
    name: str
    group: str
    pages: list[Page]
    truth: Mapping[str, str | None]
    order: DateOrder = DateOrder.DAY_FIRST


def is_right(field: str, wanted: str, found: Candidate, order: DateOrder) -> bool:
    """Return whether a candidate is the wanted value."""
    kind = FIELDS[field]
    if kind is Kind.DATE:
        moment = read_moment(wanted, order=order)
        return moment.value is not None and moment.value.date().isoformat() == found.value
    if kind is Kind.AMOUNT:
        amount = read_amount(wanted, decimal_mark=".").value
        return amount is not None and abs(amount - found.amount) < Decimal("0.005")
    if kind is Kind.CODE:
        bare = re.sub(r"\s*[-/]\s*\d{1,2}$", "", wanted) if field == "contract_ref" else wanted
        return folded(found.value) in {folded(wanted), folded(bare)}
    ours, theirs = found.value.casefold(), wanted.casefold().replace("\n", " ")
    if folded(ours) == folded(theirs) or fuzz.ratio(ours, theirs) >= 85:
        return True
    is_near = fuzz.token_set_ratio(ours, theirs) >= 90
    return is_near and 0.5 * len(theirs) <= len(ours) <= 1.8 * len(theirs)


def made_examples(count: int) -> Iterator[Example]:
    """Yield made documents, three invoices to a receipt."""
    for seed in range(count):
        made = made_invoice(seed) if seed % 4 else made_receipt(seed)
        yield Example("made", str(seed), "made", made.pages, made.truth)


def transcript(path: Path) -> list[Page]:
    """Return a page from a transcript: eight numbers and the text on each line."""
    words: list[Word] = []
    for raw in path.read_text("utf-8", errors="replace").splitlines():
        parts = raw.split(",", 8)
        if len(parts) < 9:
            continue
        xs, ys = [int(v) for v in parts[0:8:2]], [int(v) for v in parts[1:8:2]]
        step, at = (max(xs) - min(xs)) / max(1, len(parts[8])), 0
        for word in parts[8].split():
            at = parts[8].index(word, at)
            x0 = min(xs) + at * step
            words.append(Word(word, (x0, min(ys), x0 + len(word) * step, max(ys))))
            at += len(word)
    width = max((w.box[2] for w in words), default=1.0) + 10
    height = max((w.box[3] for w in words), default=1.0) + 10
    return [Page(1, width, height, tuple(words), TextSource.OCR, "transcript")]


class Corpora:
    """The documents of a folder of corpora; pages that had to be recognised are cached."""

    def __init__(self, folder: Path, cache: Path | None) -> None:
        self._folder, self._cache = folder, cache

    def examples(self) -> Iterator[Example]:
        """Yield all documents with truth."""
        yield from self._receipts()
        yield from self._orders()
        yield from self._einvoices()
        yield from self._invoices()

    def _receipts(self) -> Iterator[Example]:
        for box in sorted((self._folder / "sroie/train/box").glob("*.csv")):
            yield self._receipt(box.parent.parent / "key" / f"{box.stem}.json", transcript(box))
        pages = self._pages("sroie_ocr", sorted((self._folder / "sroie/img").glob("*.jpg")))
        for name, read in pages.items():
            yield self._receipt(self._folder / "sroie/key" / f"{Path(name).stem}.json", read)

    @staticmethod
    def _receipt(key: Path, pages: list[Page]) -> Example:
        said = json.loads(key.read_text("utf-8", errors="replace"))
        names = {"supplier_name": "company", "issue_date": "date", "total_amount": "total"}
        truth = {field: said.get(name) for field, name in names.items()}
        total = re.sub(r"[^\d.,-]", "", truth["total_amount"] or "")
        group = "s:" + folded(said.get("company") or "")[:12]
        return Example("sroie", key.stem, group, pages, truth | {"total_amount": total})

    def _orders(self) -> Iterator[Example]:
        pages = self._pages("adbuy", sorted((self._folder / "adbuy/pdf").glob("*.pdf")))
        with (self._folder / "adbuy/labels.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                truth = {
                    "contract_ref": row["contract_num"],
                    "customer_name": row["advertiser"],
                    "total_amount": re.sub(r"[^\d.]", "", row["gross_amount"]),
                    "period_start": row["flight_from"],
                    "period_end": row["flight_to"],
                }
                if row["pdf"] in pages:
                    group = "a:" + row["pdf"][:3]
                    read = pages[row["pdf"]]
                    yield Example("adbuy", row["pdf"], group, read, truth, DateOrder.MONTH_FIRST)

    def _einvoices(self) -> Iterator[Example]:
        names = {
            "invoice_number": "number",
            "issue_date": "date",
            "supplier_name": "seller",
            "customer_name": "buyer",
            "net_amount": "tax_basis",
            "tax_amount": "tax_total",
            "total_amount": "grand_total",
            "amount_due": "due",
        }
        pages = self._pages("einvoice", sorted((self._folder / "einvoice/pdf").glob("*.pdf")))
        with (self._folder / "einvoice/index.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["pdf"] in pages:
                    truth = {field: row[name] for field, name in names.items()}
                    yield Example(
                        "einvoice", row["pdf"], f"e:{row['seller']}", pages[row["pdf"]], truth
                    )

    def _invoices(self) -> Iterator[Example]:
        names = {
            "invoice_number": "invoice_number",
            "issue_date": "date",
            "due_date": "date_due",
            "supplier_name": "issuer",
            "net_amount": "amount_untaxed",
            "total_amount": "amount",
        }
        pages = self._pages("invoices", sorted((self._folder / "invoices/pdf").glob("*.pdf")))
        for path in sorted((self._folder / "invoices/expected").glob("*.json")):
            said = json.loads(path.read_text("utf-8"))
            said = said[0] if isinstance(said, list) else said
            if f"{path.stem}.pdf" in pages:
                truth = {f: str(said[n]) for f, n in names.items() if said.get(n) is not None}
                yield Example(
                    "invoices", path.stem, f"i:{path.stem}", pages[f"{path.stem}.pdf"], truth
                )

    def _pages(self, name: str, files: Sequence[Path]) -> dict[str, list[Page]]:
        kept = self._cache / f"{name}.pkl" if self._cache else None
        if kept is not None and kept.exists():
            with kept.open("rb") as file:
                found: dict[str, list[Page]] = pickle.load(file)
            return found
        from benchmarks.reading_pages import pages_of

        found = {path.name: pages_of(path) for path in files}
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            with kept.open("wb") as file:
                pickle.dump(found, file)
        return found


@dataclass
class Table:
    """The candidates of one field in all documents.

    Attributes:
        spans: Document → its first and last row.
        texts: The candidates as they stand.
    """

    numbers: np.ndarray
    is_right: np.ndarray
    folds: np.ndarray
    spans: list[tuple[Example, int, int]]
    texts: list[str]


class Training:
    """Documents taken apart, and the trees that learn from them."""

    def __init__(self, examples: Iterable[Example]) -> None:
        self._taken: list[tuple[Example, dict[Kind, tuple[Any, np.ndarray]]]] = []
        for example in examples:
            document = document_of(layout_of(example.pages))
            evidence = Evidence(document)
            kinds = {
                k: ([document.candidates[k][at] for at in document.weighed(k)], evidence.table(k))
                for k in Kind
            }
            self._taken.append((example, kinds))

    def table(self, field: str) -> Table | None:
        """Return the candidates of a field; None where no document has its truth."""
        numbers, folds, spans = [], [], []
        right: list[bool] = []
        texts: list[str] = []
        chance = np.random.default_rng(0)
        for example, kinds in self._taken:
            wanted = example.truth.get(field)
            if field not in example.truth or (not wanted and example.kind != "made"):
                continue
            candidates, rows = kinds[FIELDS[field]]
            hits = [
                bool(wanted) and is_right(field, str(wanted), c, example.order) for c in candidates
            ]
            if example.kind == "made":
                keep = np.array(hits, bool) | (chance.random(len(hits)) < _MADE_SHARE)
                rows, hits = rows[keep], [h for h, k in zip(hits, keep, strict=True) if k]
                candidates = [c for c, k in zip(candidates, keep, strict=True) if k]
            start = len(right)
            right.extend(hits)
            texts.extend(c.value for c in candidates)
            spans.append((example, start, len(right)))
            folds.extend([_fold(example)] * len(hits))
            numbers += [rows] if len(rows) else []
        if not numbers or not any(right):
            return None
        return Table(np.concatenate(numbers), np.array(right), np.array(folds), spans, texts)


def _fold(example: Example) -> int:
    """Return the fold of an example; made documents are in none, so always trained on."""
    if example.kind == "made":
        return -1
    return int(hashlib.md5(example.group.encode()).hexdigest(), 16) % _FOLDS


def fitted(field: str, table: Table, chosen: np.ndarray) -> Any:
    """Return trees that were trained on the chosen rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=90, max_leaf_nodes=10, learning_rate=0.15, min_samples_leaf=8,
        l2_regularization=1.0, early_stopping=False, random_state=0,
        max_features=_SHARES.get(FIELDS[field], 1.0),
    )  # fmt: skip
    weights = np.where(table.folds[chosen] < 0, _MADE_WEIGHT, 1.0)
    return model.fit(table.numbers[chosen], table.is_right[chosen], sample_weight=weights)


def tried(field: str, table: Table, *, shows_misses: bool = False) -> tuple[float, float, float]:
    """Print how the field is found for suppliers not trained on; return its calibration."""
    odds = np.full(len(table.folds), -20.0)
    for fold in range(_FOLDS):
        asked = table.folds == fold
        if asked.any() and table.is_right[~asked].any():
            model = fitted(field, table, ~asked)
            odds[asked] = model.decision_function(table.numbers[asked])
    best, hits = [], []
    seen: dict[str, list[bool]] = {}
    for example, start, stop in table.spans:
        if example.kind == "made":
            continue
        at = start + int(odds[start:stop].argmax()) if stop > start else None
        hit = at is not None and bool(table.is_right[at])
        seen.setdefault(example.kind, []).append(hit)
        if at is not None:
            best.append(odds[at])
            hits.append(hit)
        if shows_misses and not hit:
            print(
                "  missed",
                example.kind,
                example.name,
                example.truth[field],
                "got",
                table.texts[at or 0],
            )
    shares = "  ".join(f"{k} {np.mean(v):.3f} of {len(v)}" for k, v in seen.items())
    slope, shift = calibration(np.array(best), np.array(hits))
    sure_from = _sure_from(np.array(best), np.array(hits, bool))
    said = 1 / (1 + np.exp(-(slope * np.array(best) + shift)))
    sure = (said >= SURE) & (np.array(best) >= sure_from)
    wrong = int((sure & ~np.array(hits, bool)).sum())
    print(f"{field:16}{shares}  at ≥ {SURE}: {int(sure.sum())}, wrong {wrong}", flush=True)
    return slope, shift, sure_from


def calibration(odds: np.ndarray, hits: np.ndarray) -> tuple[float, float]:
    """Return slope and shift that turn odds into the share that is right (Platt, 1999).

    What the trees say themselves counts for some documents, so that few misses, or few
    documents, do not make everything sure.
    """
    from sklearn.linear_model import LogisticRegression

    steps = np.arange(-6, 7, dtype=float)
    told = 1 / (1 + np.exp(-(0.8 * steps - 0.5)))
    known = np.r_[odds, steps, steps][:, None]
    right = np.r_[hits, np.ones(len(steps)), np.zeros(len(steps))].astype(bool)
    weights = np.r_[np.ones(len(hits)), _PRIOR * told, _PRIOR * (1 - told)]
    model = LogisticRegression(C=100.0).fit(known, right, sample_weight=weights)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _sure_from(odds: np.ndarray, hits: np.ndarray) -> float:
    """Return the odds from which on no more is wrong than may be of what is called sure."""
    order = np.argsort(-odds)
    wrong = np.cumsum(~hits[order])
    fits = np.flatnonzero(wrong <= _MOST_WRONG * np.arange(1, len(order) + 1))
    if not len(fits):
        return float(np.inf)
    # Halfway to the next one, which would break the promise.
    return float(odds[order[fits[-1] : fits[-1] + 2]].mean())


def arrays_of(model: Any) -> dict[str, np.ndarray]:
    """Return trees as arrays, as `Forest` wants them."""
    trees = [stage[0].nodes for stage in model._predictors]  # noqa: SLF001  # no public way to the trees
    nodes = max(len(tree) for tree in trees)
    shape = (len(trees), nodes)
    made: dict[str, np.ndarray] = {
        "feature": np.zeros(shape, np.int16),
        "threshold": np.zeros(shape, np.float32),
        "left": np.zeros(shape, np.int16),
        "right": np.zeros(shape, np.int16),
        "value": np.zeros(shape, np.float32),
    }
    depth = 0
    for i, tree in enumerate(trees):
        leaf = tree["is_leaf"].astype(bool)
        own = np.arange(len(tree))
        made["feature"][i, : len(tree)] = np.where(leaf, 0, tree["feature_idx"])
        made["threshold"][i, : len(tree)] = np.where(leaf, 0, tree["num_threshold"])
        made["left"][i, : len(tree)] = np.where(leaf, own, tree["left"])
        made["right"][i, : len(tree)] = np.where(leaf, own, tree["right"])
        made["value"][i, : len(tree)] = np.where(leaf, tree["value"], 0)
        depth = max(depth, int(tree["depth"].max()))
    base = float(np.ravel(model._baseline_prediction)[0])  # noqa: SLF001
    return made | {"numbers": np.array([depth, base], np.float64)}


def main() -> int:
    """Train all fields and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--cache", type=Path, help="keep recognised pages in this folder")
    parser.add_argument("--dry", action="store_true", help="only try, write nothing")
    parser.add_argument("fields", nargs="*", help="only these fields, written to nothing")
    arguments = parser.parse_args()
    if not (arguments.shared / "corpora").is_dir():
        print(f"{arguments.shared}/corpora is not there: nothing to learn from.")
        return 1
    found = Corpora(arguments.shared / "corpora", arguments.cache).examples()
    training = Training([*found, *made_examples(_MADE)])
    weights: dict[str, np.ndarray] = {}
    for field in arguments.fields or FIELDS:
        table = training.table(field)
        if table is None:
            print(f"{field:16}no truth")
            continue
        calibrated = tried(field, table, shows_misses=bool(arguments.fields))
        if not (arguments.dry or arguments.fields):
            arrays = arrays_of(fitted(field, table, np.full(len(table.folds), fill_value=True)))
            arrays["numbers"] = np.append(arrays["numbers"], calibrated)
            weights |= {f"{field}.{name}": array for name, array in arrays.items()}
    if weights:
        np.savez_compressed(TARGET, **weights)  # type: ignore[arg-type]
        print(f"{TARGET} written, {TARGET.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
