"""What is told by its shape: a value and its place in a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from invoice_desk.documents.extraction.layout import Row


@dataclass(frozen=True, slots=True)
class Found:
    """A field told by its shape: its place in a row, its value and how sure it is."""

    field: str
    value: str
    row: Row
    start: int
    stop: int
    confidence: float


def each_valid(
    row: Row, shape: re.Pattern[str], is_valid: Callable[[str], bool], field: str, sure: float
) -> Iterator[Found]:
    """Yield all of a shape in a row that pass a check, without their blanks."""
    for match in shape.finditer(row.text):
        if is_valid(match.group()):
            value = match.group().replace(" ", "")
            yield Found(field, value, row, match.start(), match.end(), sure)
