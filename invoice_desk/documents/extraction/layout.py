"""Where words stand to each other: rows, and the parts of a row that gaps set apart."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

from invoice_desk.documents.page import Line, Page, Word, box_around

Box = tuple[float, float, float, float]
#: A gap of this many times the height of the type ends a part of a row.
_GAP = 1.25
#: A gap of this many is no mere blank between two words; nor is one of this many letters, which
#: counts where letters are wide: a blank of a typewriter is as wide as they are.
_BLANK, _BLANK_LETTERS = 0.7, 1.3


@dataclass(frozen=True, slots=True)
class Part:
    """Words of a row that stand close together: a cell, or a label and its value.

    Attributes:
        row: Number of its row in the document.
        start: Place of its first word in the row.
        stop: Place behind its last word.
    """

    row: int
    start: int
    stop: int
    text: str
    box: Box


@dataclass(frozen=True)
class Row:
    """Words on one level of a page, left to right.

    Attributes:
        number: Its place in the document, from the top of the first page.
        offsets: Where in `text` each word begins.
    """

    number: int
    page: int
    words: tuple[Word, ...]
    text: str = field(init=False)
    offsets: tuple[int, ...] = field(init=False)
    box: Box = field(init=False)

    def __post_init__(self) -> None:
        offsets, at = [], 0
        for word in self.words:
            offsets.append(at)
            at += len(word.text) + 1
        object.__setattr__(self, "text", " ".join(word.text for word in self.words))
        object.__setattr__(self, "offsets", tuple(offsets))
        object.__setattr__(self, "box", box_around(self.words))

    def box_of(self, start: int, stop: int) -> Box:
        """Return the box around the characters `start` to `stop` of the row's text.

        Within a word the width is shared out by letters.
        """
        first = bisect_right(self.offsets, start) - 1
        last = max(first, bisect_right(self.offsets, max(start, stop - 1)) - 1)
        x0, y0, x1, y1 = box_around(self.words[first : last + 1])
        head, tail = self.words[first], self.words[last]
        x0 += (head.box[2] - head.box[0]) * (start - self.offsets[first]) / max(1, len(head.text))
        cut = self.offsets[last] + len(tail.text) - stop
        if cut > 0:
            x1 -= (tail.box[2] - tail.box[0]) * cut / max(1, len(tail.text))
        return x0, y0, max(x0, x1), y1

    def confidence_of(self, start: int, stop: int) -> float:
        """Return the least confidence of the words that these characters touch."""
        first = bisect_right(self.offsets, start) - 1
        last = max(first, bisect_right(self.offsets, max(start, stop - 1)) - 1)
        return min(word.confidence for word in self.words[first : last + 1])

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Return the row's parts, left to right."""
        starts = [0]
        for i, (left, right) in enumerate(itertools.pairwise(self.words), start=1):
            a, b = left.box, right.box
            if b[0] - a[2] > _GAP * max(a[3] - a[1], b[3] - b[1]):
                starts.append(i)
        stops = [*starts[1:], len(self.words)]
        return tuple(self._part(a, b) for a, b in zip(starts, stops, strict=True))

    def _part(self, start: int, stop: int) -> Part:
        words = self.words[start:stop]
        return Part(self.number, start, stop, " ".join(w.text for w in words), box_around(words))

    @cached_property
    def spaced(self) -> str:
        """Return the row's text with a tab for each gap that is wider than a blank."""
        text = list(self.text)
        for left, right, at in zip(self.words, self.words[1:], self.offsets[1:], strict=False):
            a, b = left.box, right.box
            blank = max(_BLANK * max(a[3] - a[1], b[3] - b[1]), _BLANK_LETTERS * self.letter)
            if b[0] - a[2] > blank:
                text[at - 1] = "\t"
        return "".join(text)

    @cached_property
    def letter(self) -> float:
        """Return how wide a letter is on average."""
        letters = sum(len(word.text) for word in self.words)
        return sum(word.box[2] - word.box[0] for word in self.words) / max(1, letters)

    @cached_property
    def height(self) -> float:
        """Return how high the row's type is."""
        return max(1.0, median(word.height for word in self.words))


@dataclass(frozen=True)
class Layout:
    """The rows of a document, page after page.

    Attributes:
        sizes: Page number → width and height.
        heights: Page number → usual height of a word.
    """

    rows: tuple[Row, ...]
    sizes: dict[int, tuple[float, float]]
    heights: dict[int, float]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Return the parts of all rows."""
        return tuple(part for row in self.rows for part in row.parts)

    @cached_property
    def text(self) -> str:
        """Return the document's text, a line a row."""
        return "\n".join(row.text for row in self.rows)

    def lines(self) -> list[Line]:
        """Return the rows as lines of a page."""
        return [Line(row.words, row.page) for row in self.rows]


def layout_of(pages: Sequence[Page]) -> Layout:
    """Return the rows of all pages; words that run from bottom to top are left out."""
    rows: list[Row] = []
    heights: dict[int, float] = {}
    for page in pages:
        words = [word for word in page.words if _is_upright(word)]
        heights[page.number] = median([word.height for word in words] or [1.0]) or 1.0
        grouped = _grouped(words, heights[page.number])
        rows += [Row(len(rows) + i, page.number, tuple(row)) for i, row in enumerate(grouped)]
    sizes = {page.number: (page.width or 1.0, page.height or 1.0) for page in pages}
    return Layout(tuple(rows), sizes, heights)


def _is_upright(word: Word) -> bool:
    x0, y0, x1, y1 = word.box
    return len(word.text) < 4 or (y1 - y0) < 2.5 * (x1 - x0)


def _grouped(words: Iterable[Word], usual: float) -> list[list[Word]]:
    """Return words in rows, from top to bottom.

    A word joins the row whose last word lies most on its own level: a page that was scanned a
    little askew keeps its rows.
    """
    rows: list[list[Word]] = []
    near: dict[int, set[int]] = {}
    for word in sorted(words, key=lambda w: w.box[0]):
        level = int(word.middle // usual)
        best, most = -1, 0.5
        places = near.get(level, _NOWHERE)
        for place in places.union(near.get(level - 1, ()), near.get(level + 1, ())):
            shared = _shared(rows[place][-1].box, word.box)
            if shared > most:
                best, most = place, shared
        if best < 0:
            best = len(rows)
            rows.append([])
        rows[best].append(word)
        near.setdefault(level, set()).add(best)
    return sorted(rows, key=lambda row: sum(w.middle for w in row) / len(row))


_NOWHERE: frozenset[int] = frozenset()


def _shared(left: Box, right: Box) -> float:
    """Return how much of the lower word's height lies on the level of the other one."""
    (_, top, _, bottom), (_, upper, _, lower) = left, right
    shared = (min(lower, bottom)) - (max(upper, top))
    return shared / max(0.1, min(bottom - top, lower - upper)) if shared > 0 else 0.0
