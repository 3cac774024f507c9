"""Evidence: what speaks for a candidate, as numbers that a ranker weighs.

For each candidate: which labels stand to the left of it and above it and how far away, where it
stands on the page, how often it is repeated; for amounts how they add up.  What speaks for a name
is in `name_evidence`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from invoice_desk.documents.extraction.addresses import POSTCODE
from invoice_desk.documents.extraction.candidates import (
    Candidate,
    Kind,
)
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.labels import Label, meanings
from invoice_desk.documents.extraction.layout import Box, Row
from invoice_desk.documents.extraction.name_evidence import NameEvidence

#: Places of a label to a value.
PLACES = ("left", "row", "above", "above2", "before", "next")
#: Rows above a value in which a label may stand, and the distance in heights of its type.
_ROWS_ABOVE = 9
_MOST_ABOVE = 9.0
_FAR = 60.0
_SECTIONS = ("seller", "buyer", "ship_to", "advertiser")
_SECTION_ROWS = 12

_TIME = re.compile(r"\d{1,2}:\d{2}")
_RANGE = re.compile(r"^\s*(?:-|–|—|to|bis|au|until|thru|through|/)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Context:
    """The labels around a candidate: what they announce, and numbers about their place.

    Attributes:
        means: Place → what the labels there announce.
        numbers: Distances to the nearest label on the left and above, and values between.
        section: Distances to the headings of seller and buyer.
    """

    means: dict[str, set[str]]
    numbers: tuple[float, ...]
    section: tuple[float, ...]


class Evidence:
    """Turns the candidates of a document into rows of numbers."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._names = meanings()
        self._place = {name: i for i, name in enumerate(self._names)}
        self._counted: dict[str, int] = {}
        self._headings: dict[int, list[tuple[int, Label]]] = {}
        self._of_kind: dict[Kind, Callable[[Candidate], list[float]]] = {
            Kind.DATE: self._of_date,
            Kind.AMOUNT: self._of_amount,
            Kind.CODE: self._of_code,
            Kind.NAME: NameEvidence(document).of,
        }

    def table(self, kind: Kind) -> np.ndarray:
        """Return one row of float32 numbers for each candidate that `Document.weighed` names."""
        everything = self._document.candidates[kind]
        candidates = [everything[at] for at in self._document.weighed(kind)]
        if not candidates:
            return np.zeros((0, 0), np.float32)
        hot = np.zeros((len(candidates), len(PLACES) * len(self._names)), np.float32)
        rows = []
        for at, candidate in enumerate(candidates):
            context = self._context(candidate)
            for i, place in enumerate(PLACES):
                for means in context.means.get(place, ()):
                    hot[at, i * len(self._names) + self._place[means]] = 1.0
            own = self._of_kind[kind](candidate)
            rows.append([*context.numbers, *context.section, *self._standing(candidate), *own])
        return np.concatenate([hot, np.array(rows, np.float32)], axis=1)

    def labels_at(self, candidate: Candidate) -> dict[str, set[str]]:
        """Return place → what the label there announces."""
        return self._context(candidate).means

    def _context(self, candidate: Candidate) -> _Context:
        means: dict[str, set[str]] = {}
        rows = self._document.layout.rows
        row = rows[candidate.row]
        if row.number + 1 < len(rows):
            means["next"] = {x.means for x in self._document.labels[row.number + 1]}
        left_gap, left_between = self._look_left(candidate, row, means)
        above_gap, above_between = self._look_above(candidate, row, means)
        numbers = (left_gap, left_between, above_gap, above_between)
        return _Context(means, numbers, self._sections(candidate, row))

    def _look_left(
        self, candidate: Candidate, row: Row, means: dict[str, set[str]]
    ) -> tuple[float, float]:
        labels = [x for x in self._document.labels[row.number] if x.stop <= candidate.start]
        if not labels:
            return _FAR, 0.0
        nearest = labels[-1]
        means["left"] = {nearest.means}
        means["row"] = {label.means for label in labels}
        peers = self._document.by_row[candidate.kind, row.number]
        between = sum(nearest.stop <= p.start and p.stop <= candidate.start for p in peers)
        gap = (candidate.box[0] - nearest.box[2]) / row.height
        return min(_FAR, max(0.0, gap)), float(between)

    def _look_above(
        self, candidate: Candidate, row: Row, means: dict[str, set[str]]
    ) -> tuple[float, float]:
        document, between, gap = self._document, 0, _MOST_ABOVE
        at_gap, at_between = _MOST_ABOVE, 0
        left, top, right, _ = candidate.box
        for upper in reversed(document.layout.rows[max(0, row.number - _ROWS_ABOVE) : row.number]):
            gap = (top - upper.box[3]) / row.height
            if upper.page != row.page or gap > _MOST_ABOVE:
                break
            labels = document.labels[upper.number]
            peers = document.by_row.get((candidate.kind, upper.number), ())
            if "before" not in means and not between and labels and not peers:
                means["before"] = {labels[-1].means}
            for label in labels:
                if label.box[0] >= right or left >= label.box[2]:
                    continue
                if "above" not in means:
                    means["above"], at_gap, at_between = {label.means}, max(0.0, gap), between
                elif "above2" not in means and upper.number != row.number - 1:
                    means["above2"] = {label.means}
            if "above2" in means:
                break
            for peer in peers:
                between += peer.box[0] < right and left < peer.box[2]
        return at_gap, float(min(9, at_between))

    def _sections(self, candidate: Candidate, row: Row) -> tuple[float, ...]:
        """Return for seller, buyer and other party how many rows above its heading stands."""
        found = dict.fromkeys(_SECTIONS, float(_SECTION_ROWS))
        for number, label in self._headings_of(row):
            is_same = number == row.number
            if is_same and label.stop > candidate.start:
                continue
            is_aligned = abs(label.box[0] - candidate.box[0]) < 3 * row.height
            if is_same or is_aligned or _over(label.box, candidate.box):
                found[label.means] = float(row.number - number)
        nearest = min(found, key=lambda name: found[name])
        is_near = found[nearest] < _SECTION_ROWS
        return (*found.values(), *(float(is_near and nearest == name) for name in _SECTIONS))

    def _headings_of(self, row: Row) -> list[tuple[int, Label]]:
        """Return the headings of sections in a row and those above, with their rows."""
        if row.number not in self._headings:
            rows = self._document.layout.rows[max(0, row.number - _SECTION_ROWS) : row.number + 1]
            self._headings[row.number] = [
                (upper.number, label)
                for upper in rows
                if upper.page == row.page
                for label in self._document.labels[upper.number]
                if label.means in _SECTIONS
            ]
        return self._headings[row.number]

    def _standing(self, candidate: Candidate) -> tuple[float, ...]:
        """Return where the candidate stands on its page and among its like."""
        layout = self._document.layout
        row, (width, height) = layout.rows[candidate.row], layout.sizes[candidate.page]
        peers = self._document.by_row[candidate.kind, candidate.row]
        x0, y0, x1, _ = candidate.box
        return (
            x0 / width,
            x1 / width,
            abs((x0 + x1) / 2 / width - 0.5),
            y0 / height,
            candidate.row / max(1, len(layout.rows)),
            float(min(30, candidate.row)),
            float(candidate.page == 1),
            float(candidate.page == len(layout.sizes)),
            row.height / layout.heights[candidate.page],
            float(len(row.words)),
            float(len(peers)),
            float(self._at(candidate) - self._at(peers[0])),
            float(len(row.text) - candidate.stop),
            candidate.confidence,
        )

    def _of_date(self, candidate: Candidate) -> list[float]:
        dates = self._document.candidates[Kind.DATE]
        counts = self._days
        row = self._document.layout.rows[candidate.row]
        peers = self._document.by_row[Kind.DATE, candidate.row]
        at = peers.index(candidate)
        opens = at + 1 < len(peers) and _RANGE.match(row.text[candidate.stop : peers[at + 1].start])
        closes = at > 0 and _RANGE.match(row.text[peers[at - 1].stop : candidate.start])
        return [
            float(bool(_TIME.match(row.text[candidate.stop :].strip()))),
            float(bool(_TIME.search(row.text))),
            list(counts).index(candidate.value) / max(1, len(counts) - 1),
            float(len(counts)),
            float(counts[candidate.value]),
            float(self._at(candidate)) / max(1, len(dates)),
            float(bool(opens)),
            float(bool(closes)),
            float(any(c.isalpha() for c in candidate.text)),
        ]

    def _of_amount(self, candidate: Candidate) -> list[float]:
        figures, value = self._document.figures, candidate.amount
        size = abs(value)
        amounts = self._document.candidates[Kind.AMOUNT]
        return [
            float("." in candidate.value),
            float(not candidate.text[0].isdigit() or not candidate.text[-1].isdigit()),
            float(size == figures.largest),
            float(size / figures.largest) if figures.largest else 0.0,
            math.log10(float(size) + 1),
            float(figures.larger(size)),
            float(figures.counts[size]),
            float(min(5, figures.pairs(value))),
            float(min(5, figures.addends(value))),
            float(figures.is_taxed(value)),
            float(figures.is_rounded(value)),
            float(figures.is_paid(value)),
            float(figures.is_change_apart(value)),
            float(figures.is_after_rounding(value)),
            float(figures.is_with_tax(value)),
            float(figures.is_sum_of_lines(value)),
            float(value == 0),
            float(value < 0),
            self._at(candidate) / max(1, len(amounts)),
        ]

    def _of_code(self, candidate: Candidate) -> list[float]:
        text = candidate.text
        row = self._document.layout.rows[candidate.row]
        digits = sum(map(str.isdigit, text))
        everywhere = self._repeated(text)
        following = row.text[candidate.stop : candidate.stop + 3]
        return [
            float(len(text)),
            float(digits),
            digits / len(text),
            float(text.isdigit()),
            float(text[0].isalpha()),
            float(any(c in "/-_" for c in text)),
            float("." in text),
            float(_in_kind(self._document, Kind.DATE, candidate)),
            float(_in_kind(self._document, Kind.AMOUNT, candidate)),
            float(min(9, everywhere)),
            float("%" in following),
            float(
                following[:1] == "@" or (candidate.start and row.text[candidate.start - 1] == "@")
            ),
            float(bool(POSTCODE.fullmatch(text))),
        ]

    def _at(self, candidate: Candidate) -> int:
        """Return the candidate's place among all of its kind."""
        return self._places[candidate.kind, candidate.row, candidate.start, candidate.stop]

    @cached_property
    def _places(self) -> dict[tuple[Kind, int, int, int], int]:
        found: dict[tuple[Kind, int, int, int], int] = {}
        for candidates in self._document.candidates.values():
            for at, each in enumerate(candidates):
                found.setdefault((each.kind, each.row, each.start, each.stop), at)
        return found

    @cached_property
    def _days(self) -> dict[str, int]:
        """Return each day of the document, in order, and how often it stands there."""
        counts = Counter(date.value for date in self._document.candidates[Kind.DATE])
        return dict(sorted(counts.items()))

    def _repeated(self, text: str) -> int:
        """Return how often `text` stands in the document."""
        if text not in self._counted:
            self._counted[text] = self._document.layout.text.count(text)
        return self._counted[text]


def _in_kind(document: Document, kind: Kind, candidate: Candidate) -> bool:
    peers = document.by_row.get((kind, candidate.row), ())
    return any(p.start < candidate.stop and candidate.start < p.stop for p in peers)


def _over(upper: Box, lower: Box) -> bool:
    """Return whether two boxes share a column."""
    return upper[0] < lower[2] and lower[0] < upper[2]
