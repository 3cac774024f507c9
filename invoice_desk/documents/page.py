"""A page as words with boxes, whichever engine read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
from statistics import median
from typing import Protocol


class TextSource(StrEnum):
    """Where the words of a page come from."""

    TEXT_LAYER = "text_layer"
    OCR = "ocr"
    MAIL = "mail"
    NONE = "none"


class PageReason(StrEnum):
    """Why the words of a page come from where they come from."""

    GOOD_TEXT = "good_text"
    NOTHING_DRAWN = "nothing_drawn"  # hardly a letter, and nothing else on the page
    PICTURE = "picture"  # it is a photo or a scan
    NO_TEXT = "no_text"
    GARBLED_TEXT = "garbled_text"  # signs without meaning
    NO_WORDS = "no_words"  # letters that form no words: a font with a wrong alphabet
    POOR_RECOGNITION = "poor_recognition"  # another program's, laid invisibly over a picture
    UNCOVERED_PICTURE = "uncovered_picture"  # most of the page is a picture without text
    BETTER_THAN_RECOGNISED = "better_than_recognised"  # doubted, yet recognising found less
    ASKED_FOR = "asked_for"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its place, in points or pixels from the top left: x0, y0, x1, y1."""

    text: str
    box: tuple[float, float, float, float]
    confidence: float = 1.0

    @property
    def height(self) -> float:
        """Return how high the word is."""
        return self.box[3] - self.box[1]

    @property
    def middle(self) -> float:
        """Return the height of its middle on the page."""
        return (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True, slots=True)
class Page:
    """A page, its size in the same unit as its words, and who read it.

    Attributes:
        turned: Degrees clockwise by which the page as drawn was turned about its middle so that
            its lines stand upright: quarters, and what little a scan was askew.  Boxes and size
            are those of the turned page; `pictures.turned` turns a picture alike.
        caption: What a model that sees says of the picture; a hint at what the document is, which
            is used when the page is read, and not stored.
    """

    number: int
    width: float
    height: float
    words: tuple[Word, ...] = ()
    text_source: TextSource = TextSource.NONE
    engine: str = ""
    engine_version: str = ""
    reason: str = ""
    turned: float = 0.0
    caption: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Line:
    """Words that stand on one line, left to right."""

    words: tuple[Word, ...]
    page: int = 1
    text: str = field(init=False)
    box: tuple[float, float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", " ".join([word.text for word in self.words]))
        object.__setattr__(self, "box", box_around(self.words))


class Placed(Protocol):
    """What has a place on a page."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Return its left, upper, right and lower edge."""


def box_around(placed: Iterable[Placed]) -> tuple[float, float, float, float]:
    """Return the smallest box that holds all of them."""
    boxes = [each.box for each in placed]
    if len(boxes) == 1:
        return boxes[0]
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def lines_of(page: Page) -> list[Line]:
    """Return the page's words grouped into lines, top to bottom.

    Words stand on one line when their middles differ by less than half the usual height.
    """
    if not page.words:
        return []
    usual = median(word.height for word in page.words) or 1.0
    near = usual / 2
    lines: list[list[tuple[float, int]]] = []
    middles = 0.0  # the sum over the last line, so that a long line costs no more than short ones
    # Tuples sort themselves; the place keeps those of one level and edge in their order.
    levels = sorted((word.middle, word.box[0], at) for at, word in enumerate(page.words))
    for middle, left, at in levels:
        if lines and abs(middle - middles / len(lines[-1])) < near:
            lines[-1].append((left, at))
            middles += middle
        else:
            lines.append([(left, at)])
            middles = middle
    return [Line(tuple(page.words[at] for _, at in _by_edge(line)), page.number) for line in lines]


def _by_edge(line: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Return the words of a line, left to right; those with one edge stay in their order."""
    return sorted(line, key=itemgetter(0))


def segments_of(line: Line, *, gap: float = 1.6) -> list[Line]:
    """Return the parts of a line that wide gaps set apart: cells, or label and value."""
    parts: list[list[Word]] = [[line.words[0]]]
    for left, right in zip(line.words, line.words[1:], strict=False):
        a, b = left.box, right.box
        if b[0] - a[2] > gap * max(a[3] - a[1], b[3] - b[1]):
            parts.append([])
        parts[-1].append(right)
    return [Line(tuple(part), line.page) for part in parts]
