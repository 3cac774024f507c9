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
from invoice_desk.documents.extraction.named_values import named_at

FIRST, LAST = "period_start", "period_end"
BETWEEN = re.compile(
    r"^\s*(?:-|–|—|to|bis|au|al|until|thru|through|/)\s*(?:zum|the|le|il)?\s*$", re.IGNORECASE
)
#: Words right before a range that say it is a period, where no label does.
_ANNOUNCED = re.compile(
    r"\b(?:dates?|periods?|p[ée]riode|zeitraum|flight|from|du|vom|del|dal)\s*:?\s*$", re.IGNORECASE
)
_PERIODS = frozenset({"period", "service_period", "flight"})
#: Odds of a range that is announced, at the least.
_NAMED = 2.0
#: What an announcement speaks for a range, beside what the ranking makes of it.
_ANNOUNCEMENT = 1.5
#: The days on which advertising runs are its period, whichever of them an invoice bills.
_FLIGHT = 6.0
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
    announcements = {(a, b): _announced(document, evidence, a) for a, b in _ranges(document)}
    if "flight" not in announcements.values() and (named := _named(document, first, last)):
        return named
    for (a, b), announced in announcements.items():
        likely = float(first[a] + last[b]) + _ANNOUNCEMENT * bool(announced)
        pairs.append((likely + _FLIGHT * (announced == "flight"), bool(announced), a, b))
    if not pairs:
        return alone
    together, is_named, a, b = max(pairs)
    floor = _NAMED if is_named else -np.inf
    days = {FIRST: Day(a, max(float(first[a]), floor)), LAST: Day(b, max(float(last[b]), floor))}
    is_likely = max(day.odds for day in days.values()) >= least
    is_best = is_named or together + _TOGETHER >= first.max() + last.max()
    return days if is_likely and is_best else alone


def _named(document: Document, first: np.ndarray, last: np.ndarray) -> dict[str, Day]:
    """Return both days where labels name each of them: `Start date`, `End date`."""
    starts, ends = named_at(document, FIRST), named_at(document, LAST)
    if starts is None or ends is None or starts == ends:
        return {}
    return {
        FIRST: Day(starts, max(float(first[starts]), _NAMED)),
        LAST: Day(ends, max(float(last[ends]), _NAMED)),
    }


def _ranges(document: Document) -> Iterator[tuple[int, int]]:
    """Yield the places of two days, the earlier first, with nothing but a dash between them."""
    dates = document.candidates[Kind.DATE]
    for a, b in pairwise(range(len(dates))):
        one, other = dates[a], dates[b]
        if one.row != other.row or one.value > other.value:
            continue
        if BETWEEN.match(document.layout.rows[one.row].text[one.stop : other.start]):
            yield a, b


def _announced(document: Document, evidence: Evidence, at: int) -> str:
    """Return which period the nearest label before or above a range announces; "" for none."""
    day: Candidate = document.candidates[Kind.DATE][at]
    if (before := document.label_before(day)) in _PERIODS:
        return before
    means = evidence.labels_at(day)
    near = means.get("left") if _label_touches(document, day) else means.get("above")
    if near is not None and len(near) == 1 and near <= _PERIODS:
        return next(iter(near))
    text = document.layout.rows[day.row].text[: day.start]
    return "period" if _ANNOUNCED.search(text) else ""


def _label_touches(document: Document, day: Candidate) -> bool:
    labels = [x for x in document.labels[day.row] if x.stop <= day.start]
    between = document.layout.rows[day.row].text[labels[-1].stop : day.start] if labels else "x"
    return not any(letter.isalnum() for letter in between)
