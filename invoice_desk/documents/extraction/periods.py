"""The period that a document is for: both days of a range are chosen together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.evidence import Evidence

FIRST, LAST = "period_start", "period_end"
BETWEEN = re.compile(
    r"^\s*(?:-|–|—|to|bis|au|al|until|thru|through|/)\s*(?:zum|the|le|il)?\s*$", re.IGNORECASE
)
#: Words right before a range that say it is a period, where no label does.
_ANNOUNCED = re.compile(
    r"\b(?:dates?|periods?|p[ée]riode|zeitraum|flight|from|du|vom|del|dal)\s*:?\s*$", re.IGNORECASE
)
#: Odds of a range that is announced, at the least.
_NAMED = 2.0
#: What an announcement speaks for a range, beside what the ranking makes of it.
_ANNOUNCEMENT = 1.5
#: What speaks for two days of one range, beside two days of two places.
_TOGETHER = 1.5


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a period, and the logarithm of the odds that it is."""

    at: int
    odds: float


def chosen_period(
    document: Document, odds: Mapping[str, np.ndarray], *, least: float
) -> dict[str, Day]:
    """Return field → the day chosen of the candidates, at least at these odds, or none.

    Two days with nothing but a dash between them are one period, so both are taken from there or
    neither; what is announced as a period is one.
    """
    first, last = odds.get(FIRST), odds.get(LAST)
    if first is None or last is None or not len(first):
        return {}
    alone = {
        name: Day(int(table.argmax()), float(table.max()))
        for name, table in ((FIRST, first), (LAST, last))
        if table.max() >= least
    }
    if len(alone) == 2 and alone[FIRST].at == alone[LAST].at:
        del alone[FIRST if alone[FIRST].odds < alone[LAST].odds else LAST]
    evidence, pairs = Evidence(document), []
    for a, b in _ranges(document):
        is_named = _is_named(document, evidence, a)
        pairs.append((float(first[a] + last[b]) + _ANNOUNCEMENT * is_named, is_named, a, b))
    if not pairs:
        return alone
    together, is_named, a, b = max(pairs)
    floor = _NAMED if is_named else -np.inf
    days = {FIRST: Day(a, max(float(first[a]), floor)), LAST: Day(b, max(float(last[b]), floor))}
    is_likely = max(day.odds for day in days.values()) >= least
    is_best = is_named or together + _TOGETHER >= first.max() + last.max()
    return days if is_likely and is_best else alone


def _ranges(document: Document) -> Iterator[tuple[int, int]]:
    """Yield the places of two days, the earlier first, with nothing but a dash between them."""
    dates = document.candidates[Kind.DATE]
    for a, b in pairwise(range(len(dates))):
        one, other = dates[a], dates[b]
        if one.row != other.row or one.value > other.value:
            continue
        if BETWEEN.match(document.layout.rows[one.row].text[one.stop : other.start]):
            yield a, b


def _is_named(document: Document, evidence: Evidence, at: int) -> bool:
    """Return whether the nearest label before or above a range announces a period."""
    day: Candidate = document.candidates[Kind.DATE][at]
    means = evidence.labels_at(day)
    before = document.layout.rows[day.row].text[: day.start]
    if _ANNOUNCED.search(before):
        return True
    near = means.get("left") if _label_touches(document, day) else means.get("above")
    return near in ({"period"}, {"service_period"})


def _label_touches(document: Document, day: Candidate) -> bool:
    labels = [x for x in document.labels[day.row] if x.stop <= day.start]
    between = document.layout.rows[day.row].text[labels[-1].stop : day.start] if labels else "x"
    return not any(letter.isalnum() for letter in between)
