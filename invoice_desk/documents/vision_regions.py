"""What Florence-2 writes about a page, text and places in turn, as words with boxes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from invoice_desk.documents.page import Word

#: Florence-2 divides both sides of a picture into so many steps.
STEPS = 1000
#: Corners of a line, clockwise from where its text begins: eight numbers.
_CORNERS = 4
_LOCATION = re.compile(r"<loc_(\d{1,3})>")

Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that the model wrote: a run of text, or a place from 0 to 999.

    Attributes:
        score: How sure the model was, from 0 to 1.
    """

    text: str = ""
    place: int | None = None
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Region:
    """A line of text with its corners, in steps; fewer than four when the model left some out."""

    text: str
    corners: tuple[Point, ...] = ()
    score: float = 1.0

    @property
    def is_whole(self) -> bool:
        """Return whether its four corners enclose something."""
        xs, ys = {x for x, _ in self.corners}, {y for _, y in self.corners}
        return len(self.corners) == _CORNERS and len(xs) > 1 and len(ys) > 1


def marks_of(text: str) -> Iterator[Mark]:
    """Return the marks of an answer that is one text, as `TOTAL<loc_52><loc_333>…`."""
    for part in re.split(r"(<loc_\d{1,3}>|</?s>|<pad>)", text):
        place = _LOCATION.fullmatch(part)
        if place:
            yield Mark(place=int(place[1]))
        elif part and part not in {"<s>", "</s>", "<pad>"}:
            yield Mark(part)


def regions_of(marks: Iterable[Mark]) -> list[Region]:
    """Return the lines that the model wrote, in its order, each once.

    A model that goes in circles writes the same text at the same place again: that is one line.
    Places before any text belong to nothing.
    """
    found: dict[tuple[str, tuple[Point, ...]], Region] = {}
    text, score, places = "", 1.0, list[int]()
    for mark in [*marks, Mark(text="\0")]:  # the last one only closes what is open
        if mark.place is not None:
            places.append(mark.place)
            continue
        if places or mark.text == "\0":
            region = _region(text, places, score)
            if region.text:
                found.setdefault((region.text, region.corners), region)
            text, score, places = "", 1.0, []
        text, score = text + mark.text, min(score, mark.score)
    return list(found.values())


def _region(text: str, places: list[int], score: float) -> Region:
    points = zip(places[0 : 2 * _CORNERS : 2], places[1 : 2 * _CORNERS : 2], strict=False)
    corners = tuple((x + 0.5, y + 0.5) for x, y in points)
    return Region(text.strip(), corners, score)


def words_of(regions: list[Region], *, width: float, height: float, top: float = 0) -> list[Word]:
    """Return the words of lines on a picture of this size that begins at `top` of its page.

    A line shares its length out by letters.  Text whose place the model left out or broke off is
    kept where it was written, between its neighbours, with confidence 0: it is on the page, but
    nobody knows where.
    """
    words: list[Word] = []
    for index, region in enumerate(regions):
        corners, score = region.corners, region.score
        if not region.is_whole:
            corners, score = _between(regions, index), 0.0
        scaled = [(x * width / STEPS, top + y * height / STEPS) for x, y in corners]
        words.extend(Word(part, box, score) for part, box in _split(region.text, scaled))
    return words


def _between(regions: list[Region], index: int) -> tuple[Point, ...]:
    """Return corners for a line without: around those it has, else between its neighbours."""
    own = regions[index].corners
    left, right, above, below = 0.0, float(STEPS), 0.0, float(STEPS)
    if len(own) > 1:
        left, right = min(x for x, _ in own), max(x for x, _ in own)
        above, below = min(y for _, y in own), max(y for _, y in own)
    else:
        before = [region for region in regions[:index] if region.is_whole]
        after = [region for region in regions[index + 1 :] if region.is_whole]
        above = max(y for _, y in before[-1].corners) if before else above
        below = min(y for _, y in after[0].corners) if after else below
    right, below = max(right, left + 1), max(below, above + 1)
    return ((left, above), (right, above), (right, below), (left, below))


def _split(text: str, corners: list[Point]) -> Iterator[tuple[str, Box]]:
    """Return the words of a line with their boxes, along the direction in which it is written."""
    top_left, top_right, bottom_right, bottom_left = corners
    for found in re.finditer(r"\S+", text):
        begin, end = found.start() / len(text), found.end() / len(text)
        edges = [
            _along(a, b, share)
            for a, b in ((top_left, top_right), (bottom_left, bottom_right))
            for share in (begin, end)
        ]
        xs, ys = [x for x, _ in edges], [y for _, y in edges]
        yield found[0], (min(xs), min(ys), max(xs), max(ys))


def _along(start: Point, end: Point, share: float) -> Point:
    return (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)


def confidence_of(log_probabilities: Iterable[float]) -> float:
    """Return one number for a text: the geometric mean of what the model gave each part of it."""
    values = list(log_probabilities)
    return math.exp(sum(values) / len(values)) if values else 0.0
