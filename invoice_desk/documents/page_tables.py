"""Tables of invoice lines on pages: where their headings stand, and which words are which cell.

Only words and their boxes are looked at, so that text layers and recognised text go one way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import inf
from statistics import median

from invoice_desk.documents.column_roles import (
    NUMERIC,
    TEXTS,
    Role,
    is_heading_word,
    role_of,
    tokens_of,
    whole_role,
)
from invoice_desk.documents.line_values import is_number
from invoice_desk.documents.page import Line, Word, box_around, segments_of

#: Words further apart than this, in heights, are two labels.
_LABEL_GAP = 0.75
#: Rows of one heading lie no further apart than this, in heights.
_ROW_GAP = 2.2
_MOST_WORDS = 4
#: Rows of a heading above its first known one, and below it, at most.
_MOST_ROWS = 6
_NUMBER = re.compile(r"[-+(]?\d[\d.,'’ ]*[%)]?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")
_DIGITS = re.compile(r"\d")
#: A currency behind the label of a column of numbers, at most this many heights apart.
_UNIT, _UNIT_GAP = re.compile(r"EUR|USD|GBP|CHF|DZD|INR|DA|[€$£₹]|%", re.IGNORECASE), 1.5


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what it means, its label, and from where to where its cells reach."""

    role: Role
    label: str
    x0: float
    x1: float


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a table, of one row or several.

    Attributes:
        first: The first of its lines, counted on the page.
        last: The last.
        columns: From left to right.
        height: Of its letters.
    """

    first: int
    last: int
    columns: tuple[Column, ...]
    height: float

    @property
    def roles(self) -> frozenset[Role]:
        """Return what the columns mean."""
        return frozenset(column.role for column in self.columns)

    @property
    def is_of_lines(self) -> bool:
        """Return whether the table below holds the lines of an invoice."""
        roles = self.roles
        named = Role.DESCRIPTION in roles or Role.ITEM_CODE in roles
        counted = Role.QUANTITY in roles and Role.UNIT_PRICE in roles
        paid = roles & {Role.NET_AMOUNT, Role.GROSS_AMOUNT, Role.UNIT_PRICE}
        return bool(paid) and (named or counted) and Role.BASE not in roles


def headings_of(lines: Sequence[Line]) -> list[Heading]:
    """Return the headings of tables among the lines of a page, from the top."""
    found: list[Heading] = []
    shares = [_share_of_heading_words(line) for line in lines]
    number = 0
    while number < len(lines):
        heading = _heading_at(lines, number, shares) if shares[number] >= 0.5 else None
        if heading is not None:
            found.append(heading)
            number = heading.last
        number += 1
    return found


def _share_of_heading_words(line: Line) -> float:
    """Return how many of the words may stand in headings; 0 where numbers do."""
    tokens = known = 0
    for word in line.words:
        count, headings = _heading_words(word.text)
        if count < 0:
            return 0.0
        tokens, known = tokens + count, known + headings
    return known / tokens if tokens else 0.0


@lru_cache(maxsize=8192)
def _heading_words(text: str) -> tuple[int, int]:
    """Return how many words a text has and how many may stand in headings; -1 with a number."""
    tokens = tokens_of(text)
    if any(token.isdigit() for token in tokens):
        return -1, 0
    return len(tokens), sum(map(is_heading_word, tokens))


def _heading_at(lines: Sequence[Line], number: int, shares: Sequence[float]) -> Heading | None:
    """Return the heading to which a line belongs, with the rows around it."""
    height = median(word.height for word in lines[number].words) or 1.0
    first = last = number
    while (
        number - first < _MOST_ROWS
        and first > 0
        and shares[first - 1] >= 0.6
        and _near(lines[first - 1], lines[first], height)
    ):
        first -= 1
    while (
        last - number < _MOST_ROWS
        and last + 1 < len(lines)
        and shares[last + 1] >= 0.6
        and _near(lines[last], lines[last + 1], height)
    ):
        last += 1
    columns = _columns(lines[first : last + 1])
    roles = {column.role for column in columns} - {Role.OTHER}
    telling = roles & {*NUMERIC, Role.DESCRIPTION, Role.ITEM_CODE}
    if len(columns) < 2 or len(telling) < 2:
        return None
    return Heading(first, last, columns, height)


def _near(upper: Line, lower: Line, height: float) -> bool:
    return lower.box[1] - upper.box[1] <= _ROW_GAP * height


def _columns(rows: Sequence[Line]) -> tuple[Column, ...]:
    """Return the labels of the rows, those below each other joined, with what they mean."""
    stacks: list[list[Line]] = []
    for label in sorted((part for row in rows for part in _labels(row)), key=lambda p: p.box[1]):
        below = [stack for stack in stacks if _is_below(label, stack)]
        if below:
            max(below, key=lambda stack: _overlap(label.box, _box(stack))).append(label)
        else:
            stacks.append([label])
    columns: list[Column] = []
    for stack in sorted(stacks, key=lambda s: _box(s)[0]):
        text = " ".join(token for part in stack for token in tokens_of(part.text))
        role = role_of(text) or Role.OTHER
        x0, _, x1, _ = _box(stack)
        column = Column(role, " ".join(part.text for part in stack), x0, x1)
        if columns and _is_unit_of(columns[-1], column, stack[0].words[0].height):
            named = f"{columns[-1].label} {column.label}"
            columns[-1] = replace(columns[-1], label=named, x1=x1)
        else:
            columns.append(column)
    return _settled(columns)


def _is_unit_of(column: Column, unit: Column, height: float) -> bool:
    """Return whether a label is the currency of the column before it, a little apart."""
    is_near = unit.x0 - column.x1 < _UNIT_GAP * height
    is_unit = _UNIT.fullmatch(unit.label.strip("() .")) is not None
    return is_near and is_unit and column.role in NUMERIC


def _box(stack: Sequence[Line]) -> tuple[float, float, float, float]:
    return box_around(word for part in stack for word in part.words)


def _is_below(label: Line, stack: Sequence[Line]) -> bool:
    """Return whether a label stands under a stack, and not beside it."""
    box = _box(stack)
    narrow = min(label.box[2] - label.box[0], box[2] - box[0])
    beside = any(abs(part.words[0].middle - label.words[0].middle) < 2 for part in stack)
    return not beside and _overlap(label.box, box) > 0.3 * narrow


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    return min(one[2], other[2]) - max(one[0], other[0])


def _labels(row: Line) -> list[Line]:
    """Return the labels of one row: parts that gaps set apart, and known ones side by side."""
    return [label for part in segments_of(row, gap=_LABEL_GAP) for label in _split(part)]


def _split(part: Line) -> list[Line]:
    """Return the known labels that stand side by side in a part, as few as can be."""
    words = part.words
    if len(words) == 1 or whole_role(_tokens(words)) is not None:
        return [part]
    labels: list[list[Word]] = []
    at = 0
    while at < len(words):
        size = next(
            (
                n
                for n in range(min(_MOST_WORDS, len(words) - at), 0, -1)
                if whole_role(_tokens(words[at : at + n])) is not None
            ),
            0,
        )
        if size or not labels:
            labels.append(list(words[at : at + max(size, 1)]))
        else:
            labels[-1].append(words[at])
        at += max(size, 1)
    return [Line(tuple(label), part.page) for label in labels]


def _tokens(words: Iterable[Word]) -> tuple[str, ...]:
    return tuple(token for word in words for token in tokens_of(word.text))


def _settled(columns: list[Column]) -> tuple[Column, ...]:
    """Return the columns with what only their neighbours can settle.

    Of two prices and no amount the right one is the amount; without a description the code, or
    what is called an article, describes.
    """
    roles = [column.role for column in columns]
    prices = [i for i, role in enumerate(roles) if role is Role.UNIT_PRICE]
    amounts = [i for i, role in enumerate(roles) if role is Role.NET_AMOUNT]
    if len(prices) > 1 and not amounts:
        roles[prices[-1]] = Role.NET_AMOUNT
    for i in amounts[:-1]:
        roles[i] = Role.UNIT_PRICE if Role.UNIT_PRICE not in roles else Role.OTHER
    described = [i for i, role in enumerate(roles) if role is Role.DESCRIPTION]
    for i in described[1:]:
        roles[i] = Role.OTHER
    if len(described) > 1 and Role.ITEM_CODE not in roles:
        first = tokens_of(columns[described[0]].label)
        if first and first[0] in {"item", "article", "artikel", "product", "produit"}:
            roles[described[0]], roles[described[1]] = Role.ITEM_CODE, Role.DESCRIPTION
    return tuple(replace(c, role=role) for c, role in zip(columns, roles, strict=True))


def widened(heading: Heading, lines: Iterable[Line]) -> tuple[Column, ...]:
    """Return the columns as wide as the cells below them: what stands under one label only."""
    bounds = [[column.x0, column.x1] for column in heading.columns]
    for line in lines:
        if not _DIGITS.search(line.text):
            continue
        for part in segments_of(line, gap=1.0):
            under = [
                i
                for i, c in enumerate(heading.columns)
                if part.box[2] > c.x0 and part.box[0] < c.x1
            ]
            if len(under) == 1 and _fits(part, heading.columns[under[0]].role):
                side = bounds[under[0]]
                side[0], side[1] = min(side[0], part.box[0]), max(side[1], part.box[2])
    fixed = [
        replace(column, x0=low, x1=high)
        for column, (low, high) in zip(heading.columns, bounds, strict=True)
    ]
    for i, (left, right) in enumerate(pairwise(fixed)):
        if left.x1 > right.x0:  # what is under a label belongs to it
            edge = min(max(heading.columns[i].x1, right.x0), heading.columns[i + 1].x0)
            fixed[i] = replace(left, x1=edge)
            fixed[i + 1] = replace(right, x0=max(right.x0, edge))
    return tuple(fixed)


def _fits(part: Line, role: Role) -> bool:
    """Return whether a part is one cell of a column: a number, or a text that is no prose."""
    if role in NUMERIC:
        return is_number(part.text)
    letters = sum(c.isalpha() for c in part.text)
    return len(part.words) <= 6 or letters <= 0.7 * sum(not c.isspace() for c in part.text)


def cells_of(line: Line, columns: Sequence[Column]) -> dict[int, list[Word]]:
    """Return which words of a line stand in which column."""
    cells: dict[int, list[Word]] = {}
    texts = [i for i, column in enumerate(columns) if column.role in TEXTS]
    loose: list[Word] = []
    for part in segments_of(line, gap=1.0):
        home = _home_of_prose(part, columns, texts)
        if home is None:
            loose.extend(part.words)
        else:
            cells.setdefault(home, []).extend(part.words)
    for words in _inseparable(loose):
        cells.setdefault(_nearest(words, columns), []).extend(words)
    cells = {i: sorted(words, key=lambda word: word.box[0]) for i, words in cells.items()}
    _part_numbers(cells, columns)
    return cells


def _part_numbers(cells: dict[int, list[Word]], columns: Sequence[Column]) -> None:
    """Give the second of two numbers in one cell to the next column when that has none."""
    for i in sorted(cells, reverse=True):
        if columns[i].role not in NUMERIC or i + 1 >= len(columns):
            continue
        starts = [n for n, word in enumerate(cells[i]) if _NUMBER.fullmatch(word.text)]
        following = cells.get(i + 1, [])
        if len(starts) < 2 or columns[i + 1].role not in NUMERIC:
            continue
        left, right = cells[i][starts[-1] - 1], cells[i][starts[-1]]
        apart = right.box[0] - left.box[2] > 0.8 * max(left.height, right.height)
        if apart and not any(_NUMBER.fullmatch(word.text) for word in following):
            cells[i + 1] = [*cells[i][starts[-1] :], *following]
            cells[i] = cells[i][: starts[-1]]


def _home_of_prose(part: Line, columns: Sequence[Column], texts: Sequence[int]) -> int | None:
    """Return the column of a text that runs on over columns of numbers, None for others."""
    wordy = sum(not _NUMBER.fullmatch(word.text) and len(word.text) > 1 for word in part.words)
    if wordy < 2 or not texts:
        return None
    under = [i for i, c in enumerate(columns) if part.box[2] > c.x0 and part.box[0] < c.x1]
    crossed = [i for i in under if columns[i].role in NUMERIC]
    at_home = [i for i in under if i in texts]
    if not crossed or (not at_home and len(under) < 2):
        return None
    if wordy < len(part.words) - 1 and len(part.words) < 5:
        return None  # amounts set closely, as `12 Stk 3,50`
    return (at_home or texts)[0]


def _inseparable(words: Sequence[Word]) -> list[list[Word]]:
    """Return the words, a number and the percent sign behind it together."""
    groups: list[list[Word]] = []
    for word in words:
        if groups and word.text in {"%", "€", "$", "£"} and _NUMBER.fullmatch(groups[-1][-1].text):
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _nearest(words: Sequence[Word], columns: Sequence[Column]) -> int:
    """Return the column over the words, or the one that is nearest to them."""
    x0, x1 = words[0].box[0], words[-1].box[2]
    best, span = 0, -inf
    for i, column in enumerate(columns):
        shared = min(x1, column.x1) - max(x0, column.x0)
        if shared > span:
            best, span = i, shared
    if span > 0 or any(_DIGITS.search(word.text) for word in words):
        return best
    if span > -2 * (words[0].height or 1.0):
        return best
    texts = [i for i, column in enumerate(columns) if column.role not in NUMERIC]
    return min(texts, key=lambda i: max(columns[i].x0 - x1, x0 - columns[i].x1), default=best)
