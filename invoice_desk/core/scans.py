"""Anomaly scans over all rows of a type, as functions over columns.

The rules are those of domain practice in telecom billing: an outlier lies more than three
population standard deviations above the mean of its group of at least five; a drop is a month
with less than half of the month before, in a group of at least three months.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.document_types import Scan
from invoice_desk.core.findings import AnomalyType, Severity
from invoice_desk.core.text import folded

_FEWEST_ROWS, _SIGMAS = 5, 3.0
_FEWEST_MONTHS, _LEAST_SHARE = 3, Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that a scan found; `place` is its index in the columns."""

    place: int
    code: str
    severity: Severity
    anomaly: AnomalyType
    field: str
    text: str


def scan_rows(scan: Scan, rows: pa.Table, codes: Mapping[str, str] | None = None) -> list[Hit]:
    """Return what a scan finds in the rows of a type.

    Args:
        scan: What to look for.
        codes: Name → code of a list, for `code`.
        rows: One column a field, and `RAW_TABLE`; amounts decimal128, dates ISO 8601 texts.
    """
    if rows.num_rows == 0:
        return []
    if scan.kind == "code":
        return _other_codes(scan, rows, codes or {})
    return {"outlier": _outliers, "drop": _drops, "balance": _unbalanced, "conflict": _conflicts}[
        scan.kind
    ](scan, rows)


#: The column that says which raw table a row is from.
RAW_TABLE = "raw_table"


def _groups(scan: Scan, rows: pa.Table) -> list[tuple[str, list[int]]]:
    """Return key and places of each group; an entry of one ledger is no part of another's."""
    parts = [rows[name].to_pylist() for name in scan.group]
    tables = rows[RAW_TABLE].to_pylist() if scan.kind == "balance" else [0] * rows.num_rows
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, (table, key) in enumerate(zip(tables, zip(*parts, strict=True), strict=True)):
        if any(key):
            groups[table, "|".join(part or "" for part in key)].append(place)
    return [(key, places) for (_, key), places in groups.items()]


def _outliers(scan: Scan, rows: pa.Table) -> list[Hit]:
    # z-scores are statistics, not money, so floats serve.
    values = pc.fill_null(rows[scan.field].combine_chunks().cast(pa.float64()), np.nan)
    amounts = values.to_numpy(zero_copy_only=False)
    found = []
    for key, places in _groups(scan, rows):
        known = np.array(places)[~np.isnan(amounts[places])]
        if len(known) < _FEWEST_ROWS:
            continue
        mean, sigma = float(amounts[known].mean()), float(amounts[known].std())
        if sigma == 0:
            continue
        scores = (amounts[known] - mean) / sigma
        for place, score in zip(known[scores > _SIGMAS], scores[scores > _SIGMAS], strict=True):
            text = f"{key}: z = {score:.1f}, mean {mean:.2f} of {len(known)} rows"
            found.append(_hit(int(place), "outlier", AnomalyType.OUTLIER, scan.field, text))
    return found


def _drops(scan: Scan, rows: pa.Table) -> list[Hit]:
    assert scan.date is not None
    dates, amounts = rows[scan.date].to_pylist(), rows[scan.field].to_pylist()
    found = []
    for key, places in _groups(scan, rows):
        months: dict[str, Decimal] = defaultdict(Decimal)
        first: dict[str, int] = {}
        for place in places:
            if dates[place] and amounts[place] is not None:
                month = dates[place][:7]
                months[month] += amounts[place]
                first.setdefault(month, place)
        ordered = sorted(months)
        if len(ordered) < _FEWEST_MONTHS:
            continue
        for before, month in pairwise(ordered):
            if months[before] > 0 and months[month] < _LEAST_SHARE * months[before]:
                text = f"{key}: {months[month]:.2f} in {month} after {months[before]:.2f}"
                anomaly = AnomalyType.TEMPORAL_PATTERN
                found.append(_hit(first[month], "sudden_drop", anomaly, scan.field, text))
    return found


def _unbalanced(scan: Scan, rows: pa.Table) -> list[Hit]:
    assert scan.other is not None
    left, right = rows[scan.field].to_pylist(), rows[scan.other].to_pylist()
    found = []
    for key, places in _groups(scan, rows):
        one = sum((left[p] for p in places if left[p] is not None), Decimal(0))
        two = sum((right[p] for p in places if right[p] is not None), Decimal(0))
        if one != two:
            text = f"{key}: {scan.field} {one} and {scan.other} {two} differ by {one - two}"
            anomaly = AnomalyType.AMOUNT_MISMATCH
            found.append(_hit(places[0], "unbalanced", anomaly, scan.field, text))
    return found


def _conflicts(scan: Scan, rows: pa.Table) -> list[Hit]:
    texts = rows[scan.field].to_pylist()
    found = []
    for key, places in _groups(scan, rows):
        seen = {folded(texts[p]): texts[p] for p in reversed(places) if texts[p]}
        if len(seen) > 1:
            text = f"{key}: " + " / ".join(sorted(seen.values())[:4])
            anomaly = AnomalyType.DUPLICATE_DATA
            found.append(_hit(places[1], "conflicting_rows", anomaly, scan.field, text))
    return found


def _other_codes(scan: Scan, rows: pa.Table, codes: Mapping[str, str]) -> list[Hit]:
    names, found = rows[scan.group[0]].to_pylist(), rows[scan.field].to_pylist()
    hits = []
    for place, (name, code) in enumerate(zip(names, found, strict=True)):
        wanted = codes.get(name or "")
        if wanted and code and folded(code) not in {folded(wanted), folded(name)}:
            text = f"{name} has the code {wanted}, not {code}"
            hits.append(_hit(place, "other_code", AnomalyType.DOT_MISMATCH, scan.field, text))
    return hits


def _hit(place: int, code: str, anomaly: AnomalyType, field: str, text: str) -> Hit:
    critical = anomaly is AnomalyType.DUPLICATE_DATA
    medium = anomaly is AnomalyType.TEMPORAL_PATTERN
    severity = Severity.CRITICAL if critical else Severity.WARNING if medium else Severity.ERROR
    return Hit(place, code, severity, anomaly, field, text)


def compare_keys(
    ours: Mapping[str, tuple[int, Decimal]], theirs: Mapping[str, tuple[int, Decimal]], field: str
) -> tuple[list[Hit], list[Hit]]:
    """Return what two sets of invoices disagree on: hits in the first, hits in the second.

    Args:
        ours: Key → (place of its first row, sum of its amounts).
        theirs: The same of the other type.
        field: The amount that is compared.
    """
    left, right = [], []
    missing = AnomalyType.MISSING_RECORD
    for key, (place, amount) in ours.items():
        other = theirs.get(key)
        if other is None:
            left.append(_hit(place, "missing_in_other", missing, "invoice_number", key))
        elif other[1] != amount:
            text = f"{key}: {amount} here, {other[1]} there"
            left.append(_hit(place, "amounts_differ", AnomalyType.AMOUNT_MISMATCH, field, text))
    for key, (place, _) in theirs.items():
        if key not in ours:
            right.append(_hit(place, "missing_in_other", missing, "invoice_number", key))
    return left, right


def keyed_sums(rows: pa.Table, key: Sequence[str], amount: str) -> dict[str, tuple[int, Decimal]]:
    """Return folded key → (place of its first row, exact sum); rows without a key are left out."""
    found: dict[str, tuple[int, Decimal]] = {}
    parts: Iterable[tuple[str | None, ...]] = zip(
        *(rows[name].to_pylist() for name in key), strict=True
    )
    for place, (texts, value) in enumerate(zip(parts, rows[amount].to_pylist(), strict=True)):
        joined = "|".join(folded(text or "") for text in texts)
        if joined.strip("|"):
            first, total = found.get(joined, (place, Decimal(0)))
            found[joined] = (first, total + (value or Decimal(0)))
    return found
