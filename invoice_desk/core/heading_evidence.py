"""What the cells of a row tell when they are held against the columns below: heading or data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from invoice_desk.core.cell_kinds import (
    Grid,
    Kind,
    has_digit,
    has_typed,
    is_label_series,
    is_typed,
    number_of,
    shape_of,
)

#: So many rows below a row are looked at to know what its columns hold.
_BODY_ROWS = 60


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many cells of a row speak for a heading, how many for data, and how many can tell."""

    heading: float = 0.0
    data: float = 0.0
    told: int = 0


def body_below(grid: Grid, row: int, stop: int) -> list[int]:
    """Return the rows below `row` that tell what its columns hold: filled ones, before `stop`."""
    last = min(stop, row + 1 + 3 * _BODY_ROWS)
    below = np.arange(row + 1, last)
    filled = grid.filled[row + 1 : last]
    wide = below[(filled >= 2) & (3 * filled >= min(int(grid.filled[row]), grid.width))]
    if len(wide) == 0:
        wide = below[filled > 0]
    result: list[int] = wide[:_BODY_ROWS].tolist()
    return result


def evidence_of(grid: Grid, row: int, body: Sequence[int]) -> Evidence:
    """Return what the cells of `row` say when held against the columns of `body`."""
    kinds = grid.kinds[row]
    columns = np.flatnonzero((kinds != Kind.EMPTY) & (kinds != Kind.MARK))
    if not body or len(columns) == 0:
        return Evidence()
    body = _without_repeats(grid, row, body)
    below = grid.kinds[body]
    known = ((below != Kind.EMPTY) & (below != Kind.MARK)).any(axis=0)
    labels = _labels(grid, row, body)
    heading = data = 0.0
    told = [column for column in columns.tolist() if known[column]]
    for column in told:
        found = _cell_evidence(grid, row, column, body=body, is_label=column in labels)
        heading += max(found, 0.0)
        data -= min(found, 0.0)
    return Evidence(heading, data, len(told))


def _without_repeats(grid: Grid, row: int, body: Sequence[int]) -> list[int]:
    """Return `body` without the few rows that repeat `row`: headings come again, page by page."""
    texts = grid.texts[row]
    filled = int(grid.filled[row])
    equal: set[int] = set()
    alike: set[int] = set()
    for other in body:
        if grid.texts[other] == texts:
            equal.add(other)
            continue
        same = sum(1 for a, b in zip(texts, grid.texts[other], strict=True) if a and a == b)
        if same >= 2 and same * 2 >= min(filled, int(grid.filled[other])):
            alike.add(other)
    if has_typed(grid, row) or len(equal) * 3 > len(body):
        equal = set()
    if len(alike) * 8 > len(body):
        alike = set()
    return [other for other in body if other not in alike and other not in equal]


def _cell_evidence(
    grid: Grid, row: int, column: int, *, body: Sequence[int], is_label: bool
) -> float:
    """Return above zero for a heading, below for data, zero where the cell does not tell."""
    kind = grid.kinds[row, column]
    below = grid.kinds[body, column]
    told = below[(below != Kind.EMPTY) & (below != Kind.MARK)]
    if kind in {Kind.NUMBER, Kind.DATE}:
        same = (told == kind).mean()
        if is_label:
            return 0.75
        return -1.0 if same >= 0.3 else 1.0 if same <= 0.1 and len(told) >= 2 else 0.0
    typed = is_typed(told).mean()
    text = grid.texts[row][column]
    others = [grid.texts[i][column] for i in body if grid.texts[i][column]]
    again = others.count(text) / len(others)
    if again > 0.1:  # a heading that comes again stands between many rows
        return -1.0 if again > 0.3 or typed > 0.5 else -0.5
    if typed >= 0.6:
        return 1.0
    if again:
        return 0.0
    return _shape_evidence(text, others)


def _shape_evidence(text: str, others: Sequence[str]) -> float:
    """Return what a text tells among texts: codes of one shape, or letters where all have digits.

    A text that is built as the codes below it is one of them.
    """
    with_digit = sum(has_digit(other) for other in others) / len(others)
    digit = has_digit(text)
    shape, shapes = shape_of(text), Counter(shape_of(other) for other in others)
    common, count = shapes.most_common(1)[0]
    alike = count / len(others)
    if digit and shape == common and alike >= 0.6:
        return -1.0
    if not digit and with_digit >= 0.8:
        return 1.0
    if "@" in text and sum("@" in other for other in others) * 2 > len(others):
        return -1.0
    if len(others) >= 4 and alike >= 0.9 and len({len(other) for other in others}) == 1:
        return 0.5 if len(text) != len(others[0]) else -0.25
    return 0.0


def _labels(grid: Grid, row: int, body: Sequence[int]) -> set[int]:
    """Return the columns whose numbers in `row` label them: years or a count, not so below."""
    columns = np.flatnonzero(grid.kinds[row] == Kind.NUMBER).tolist()
    values = [number_of(grid.texts[row][column]) for column in columns]
    if not is_label_series(values):
        return set()
    for other in body[:3]:
        beside = [grid.texts[other][c] for c in columns]
        same = sum(a == grid.texts[row][c] for a, c in zip(beside, columns, strict=True))
        if same * 2 > len(columns) or is_label_series([number_of(t) for t in beside if t]):
            return set()
    return set(columns)


def is_heading(grid: Grid, row: int, body: Sequence[int]) -> bool:
    """Return whether `row` is a heading over `body`.

    Without a column of numbers, dates or codes a heading is a row of different texts, none of
    which occurs again below.
    """
    texts = [text for text in grid.texts[row] if text]
    typed = int(is_typed(grid.kinds[row]).sum())
    if not texts:
        return False
    if not body:
        return typed * 3 <= len(texts)
    found = evidence_of(grid, row, body)
    if found.heading >= 1 and found.heading > 2 * found.data:
        return True
    if typed or found.data >= 0.25 * len(texts):
        return False
    others = _without_repeats(grid, row, body)
    later = {text for other in others for text in grid.texts[other]}
    return len(set(texts)) == len(texts) and not any(text in later for text in texts)
