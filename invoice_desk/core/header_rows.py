"""Which rows of a grid are its heading: one or several, with groups above and units below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from invoice_desk.core.cell_kinds import Grid, Kind, has_typed, is_typed
from invoice_desk.core.heading_evidence import body_below, evidence_of, is_heading

#: More heading rows than this are no heading.
_MOST_HEADER_ROWS = 6


def header_at(grid: Grid, start: int, *, first: int, stop: int) -> list[int]:
    """Return the heading rows around `start`, the first wide row; none when data begins there.

    Args:
        grid: The sheet.
        start: The first row that is filled over the width of the table.
        first: The first row that may belong to the heading.
        stop: The row behind the last that belongs to the table.
    """
    stop = end_of_texts(grid, start, stop)
    body = body_below(grid, start, stop)
    rows = [start] if is_heading(grid, start, body) else []
    if rows:
        rows.extend(_rows_below(grid, start, stop))
    if len(rows) > 1 and _is_sentence_row(grid, start, rows[1]):
        return rows[1:]
    above = _rows_above(grid, start, first=first, stop=stop, has_heading=bool(rows))
    rows = [*above, *rows]
    if not rows or len(rows) > _MOST_HEADER_ROWS:
        return rows[-1:] if rows else []
    return list(range(rows[0], rows[-1] + 1))


def end_of_texts(grid: Grid, start: int, stop: int) -> int:
    """Return where rows of texts from `start` on end in a blank row, if they are a table.

    What stands below them is another one, and tells nothing of their heading.
    """
    row = start
    while row < stop and grid.filled[row]:
        if has_typed(grid, row):
            return stop
        row += 1
    return row if row - start >= 4 else stop


def _is_sentence_row(grid: Grid, row: int, names: int) -> bool:
    """Return whether a row of sentences stands over all the short names below it."""
    if not grid.kinds[names, np.flatnonzero(grid.kinds[row])[0]]:
        return False
    over_all = (grid.kinds[row] > 0) >= (grid.kinds[names] > 0)
    upper = max(len(text.split()) for text in grid.texts[row])
    lower = max(len(text.split()) for text in grid.texts[names])
    return bool(over_all.all()) and upper >= 6 and lower <= 3


def _rows_below(grid: Grid, start: int, stop: int) -> list[int]:
    """Return the rows that go on with the heading in `start`."""
    rows: list[int] = []
    row = start + 1
    while row < stop and grid.filled[row] and len(rows) < _MOST_HEADER_ROWS:
        body = body_below(grid, row, stop)
        if not body or not _continues(grid, row, body, above=[start, *rows]):
            break
        rows.append(row)
        row += 1
    return rows


def _continues(grid: Grid, row: int, body: Sequence[int], *, above: Sequence[int]) -> bool:
    """Return whether `row` is a further heading under those in `above`.

    It holds no data, and either fills gaps of the row above, or repeats its texts, or stands
    as text over columns of numbers, at least over half of its columns.
    """
    found = evidence_of(grid, row, body)
    filled = int(grid.filled[row])
    if found.data or (filled == 1 and grid.kinds[row, 0]):
        return False
    upper = grid.texts[above[-1]]
    cells = grid.texts[row]
    texts = [text for text in cells if text]
    if all(text == upper[c] for c, text in enumerate(cells) if text):
        return filled > 1
    if (filled > 1 and all(_is_unit_text(text) for text in texts)) or _is_wrapped(upper, cells):
        return True
    if found.heading >= 2 and found.heading * 2 >= found.told:
        return True
    gaps = [c for c, text in enumerate(cells) if text and not upper[c]]
    typed = is_typed(grid.kinds[row]).any()
    return bool(gaps) and not typed and is_heading(grid, row, body) and _has_typed(grid, body)


def _is_unit_text(text: str) -> bool:
    return text[0] in "([" and text[-1] in ")]" and any(c.isalpha() for c in text)


def _is_wrapped(upper: Sequence[str], cells: Sequence[str]) -> bool:
    """Return whether the cells go on with texts above that leave a parenthesis open."""
    pairs = [(above, text) for above, text in zip(upper, cells, strict=True) if text]
    return all(above.count("(") > above.count(")") and text.endswith(")") for above, text in pairs)


def _has_typed(grid: Grid, body: Sequence[int]) -> bool:
    kinds = grid.kinds[list(body)]
    return bool((is_typed(kinds).mean(axis=0) > 0.3).any())


def _rows_above(grid: Grid, start: int, *, first: int, stop: int, has_heading: bool) -> list[int]:
    """Return the rows above `start` that name groups of its columns, or its units."""
    rows: list[int] = []
    row = start - 1
    while row >= first and len(rows) < _MOST_HEADER_ROWS:
        if not grid.filled[row]:
            far = row - 1
            if far < first or not has_heading or rows or not _is_merged_label(grid, far, start):
                break
            rows[:0] = [far, row]
            break
        if not _is_group_row(grid, row, start, stop=stop):
            break
        rows.insert(0, row)
        row -= 1
    return rows


def _is_group_row(grid: Grid, row: int, start: int, *, stop: int) -> bool:
    """Return whether the row names groups of the columns of the heading below it.

    A key with its value, in the first two cells, is part of the titles.
    """
    cells = grid.texts[row]
    named = [c for c, text in enumerate(cells) if text]
    if grid.spread[row] < 2:
        return _is_merged_label(grid, row, start) or _is_unit(grid, row, start)
    inside = [c for c in named if c > 0 and grid.kinds[row, c] != Kind.TEXT]
    body = body_below(grid, start - 1, stop)
    if inside and evidence_of(grid, row, body).heading <= 2 * evidence_of(grid, row, body).data:
        return False
    reach = np.flatnonzero(grid.kinds[start])
    middle = (int(reach[0]) + int(reach[-1])) / 2 if len(reach) else 0
    return named[-1] >= middle and (named[-1] > 1 or grid.width <= 3) and max(map(len, cells)) < 120


def _is_merged_label(grid: Grid, row: int, start: int) -> bool:
    """Return whether one label is repeated over columns on the right, as a merged cell is."""
    named = np.flatnonzero(grid.kinds[row])
    reach = np.flatnonzero(grid.kinds[start])
    if len(named) < 2 or grid.spread[row] != 1 or named[0] == 0 or len(reach) == 0:
        return False
    return bool(named[-1] >= reach[-1] or 2 * len(named) >= len(reach))


def _is_unit(grid: Grid, row: int, start: int) -> bool:
    """Return whether the row holds one short word over the right half: the unit of all amounts."""
    named = np.flatnonzero(grid.kinds[row])
    reach = np.flatnonzero(grid.kinds[start])
    if len(named) != 1 or len(reach) < 3 or grid.kinds[row, named[0]] != Kind.TEXT:
        return False
    return bool(named[0] * 2 > reach[-1]) and len(grid.texts[row][named[0]]) <= 12
