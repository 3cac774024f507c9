"""Where each table of a sheet begins and ends, with the titles above and the notes below it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from invoice_desk.core.cell_kinds import Grid, Kind, has_typed, is_typed
from invoice_desk.core.header_rows import end_of_texts, header_at
from invoice_desk.core.heading_evidence import body_below, evidence_of, is_heading
from invoice_desk.core.total_words import strength_of

#: A preamble is short: more rows than this above a wider table are a table of their own.
_LONGEST_PREAMBLE = 20
#: So far below a heading its data begins, at the latest.
_REACH = 180
_NOTE = re.compile(
    r"(?:[*†‡§]|\(?[a-z0-9]{1,2}[).:/] |(?:note|source|remar[kq]|nb|n\.b|hinweis|quelle|anmerkung"
    r"|l[ée]gende|legend|\(?\*))",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Region:
    """A table while it is being found; rows from `top` up to, not including, `stop`."""

    top: int
    header: list[int]
    body: int
    stop: int
    titles: list[int] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)


def regions_of(grid: Grid, rows: Sequence[Sequence[str]]) -> list[Region]:
    """Return the tables of a sheet that is not empty, in order; there is at least one."""
    region = _first_region(grid, rows)
    regions = [region]
    for row in _candidates(grid, region.header):
        if row <= region.body:
            continue
        again = _is_heading_again(grid, row, region)
        if again and not _has_own_title(grid, row, region):
            region.header.append(row)
        elif again or _begins_table(grid, row, region):
            region = _region_at(grid, row, region)
            regions.append(region)
    for one in regions:
        _end(grid, one)
    return _without_preamble(regions, grid)


def _candidates(grid: Grid, header: Sequence[int]) -> list[int]:
    """Return the rows that may be headings: built as the first one, or texts after a break.

    Texts name columns only where one of them stands above a number or a date.
    """
    texts = grid.kinds == Kind.TEXT
    parted = np.ones(len(grid), bool)
    parted[1:] = (grid.filled[:-1] == 0) | (grid.spread[:-1] == 1)
    typed = np.cumsum(is_typed(grid.kinds), axis=0, dtype=np.int32)
    below = typed[np.minimum(np.arange(len(grid)) + _REACH, len(grid) - 1)] - typed
    may = (grid.filled >= 2) & (texts.sum(axis=1) * 2 >= grid.filled) & parted
    may &= (texts & (below > 0)).any(axis=1)
    for row in header:
        may |= (grid.kinds == grid.kinds[row]).all(axis=1)
    found: list[int] = np.flatnonzero(may).tolist()
    return found


def _first_region(grid: Grid, rows: Sequence[Sequence[str]]) -> Region:
    start = _table_start(grid, table_width(grid, range(len(rows)), [len(row) for row in rows]))
    header = header_at(grid, start, first=0, stop=len(grid))
    body = _next_filled(grid, header[-1] + 1 if header else start)
    top = header[0] if header else start
    titles = [i for i in range(top) if grid.filled[i]]
    return Region(top, header, body, len(grid), titles=titles)


def _region_at(grid: Grid, row: int, before: Region) -> Region:
    """Return the table that begins with a heading in `row`, and end the one before it."""
    free = row
    while free > before.body + 1 and not _is_data(grid, free - 1):
        free -= 1
    header = header_at(grid, row, first=free, stop=len(grid)) or [row]
    titles: list[int] = []
    above = header[0] - 1
    while above >= free and grid.filled[above]:
        titles.insert(0, above)
        above -= 1
    while titles and _NOTE.match(_first_text(grid, titles[0])):
        titles.pop(0)
    before.stop = titles[0] if titles else header[0]
    return Region(header[0], header, _next_filled(grid, header[-1] + 1), len(grid), titles=titles)


def _next_filled(grid: Grid, row: int) -> int:
    while row < len(grid) and grid.filled[row] == 0:
        row += 1
    return row


def _is_data(grid: Grid, row: int) -> bool:
    """Return whether a row may not be a title: it holds a number, or several texts."""
    return bool(grid.spread[row] > 1 or (grid.kinds[row] == Kind.NUMBER).any())


def table_width(grid: Grid, rows: Sequence[int], lengths: Sequence[int]) -> int:
    """Return how many columns the table in `rows` has: the width most of them agree on.

    Trailing cells that are empty in every record are no columns.
    """
    widths = Counter(lengths[i] for i in rows if grid.filled[i])
    if not widths:
        return 0
    common = max(widths, key=lambda w: (widths[w] * (2 if w > 1 else 1), w))
    used = np.flatnonzero((grid.kinds[list(rows), :common] > 0).any(axis=0))
    return int(used[-1]) + 1 if len(used) else 0


def _table_start(grid: Grid, width: int) -> int:
    """Return the first record that is filled over the width of the table.

    A preamble is short: when very many records stand before it, they are a table of their own
    with fewer columns, and leaving them out as titles would lose them.
    """
    filled = grid.filled
    several = filled[filled >= 2]
    typical = min(width, int(np.percentile(several, 75))) if len(several) else 1
    wide = np.flatnonzero((filled * 2 > typical) & (filled >= min(2, typical)))
    start = int(wide[0]) if len(wide) else int(np.flatnonzero(filled)[0])
    for row in wide.tolist():
        if grid.spread[row] > 1 or not _is_merged_title(grid, row):
            start = row
            break
    if (filled[:start] > 0).sum() > _LONGEST_PREAMBLE:
        return int(np.flatnonzero(filled >= min(2, width))[0])
    return _narrower_start(grid, start)


def _narrower_start(grid: Grid, start: int) -> int:
    """Return the first row of a smaller table above `start`, else `start`."""
    row = 0
    while row < start:
        stop = row
        while stop < start and grid.filled[stop] >= 2:
            stop += 1
        if _is_table(grid, row, stop):
            return row
        row = max(stop, row) + 1
    return start


def _is_table(grid: Grid, row: int, stop: int) -> bool:
    """Return whether a block of rows above a wider table is one too, not its preamble.

    Keys with their values fill two cells, few of them numbers; a table has a heading over
    numbers, or many rows of three cells.
    """
    count = stop - row
    if count < 3:
        return False
    if np.median(grid.filled[row:stop]) < 3:
        numbers = (grid.kinds[row:stop] == Kind.NUMBER).any(axis=1)
        return count >= 5 and bool(numbers.mean() >= 0.75)
    found = evidence_of(grid, row, body_below(grid, row, stop))
    return count >= 6 or (found.data == 0 and found.heading >= (1 if count >= 4 else 2))


def _is_merged_title(grid: Grid, row: int) -> bool:
    """Return whether a row with one text in all cells stands above the heading."""
    if grid.filled[row] < 2:
        return False
    below = [i for i in range(row + 1, min(row + 12, len(grid))) if grid.spread[i] > 1]
    return any(is_heading(grid, i, body_below(grid, i, len(grid))) for i in below[:4])


def _is_heading_again(grid: Grid, row: int, region: Region) -> bool:
    """Return whether `row` is one of the table's headings once more."""
    if grid.filled[row] < 2 or row < region.body:
        return False
    return any(grid.texts[row] == grid.texts[i] for i in region.header[:6])


def _has_own_title(grid: Grid, row: int, region: Region) -> bool:
    """Return whether a title stands above a heading, below a blank row or a sum."""
    above = row - 1
    while above > region.body and _is_heading_again(grid, above, region):
        above -= 1
    title = above
    while title > region.body and grid.spread[title] == 1 and not has_typed(grid, title):
        title -= 1
    parted = grid.filled[title] == 0 or strength_of(_first_text(grid, title)) >= 2
    return bool(title < above and title > region.body and parted)


def _begins_table(grid: Grid, row: int, region: Region) -> bool:
    """Return whether `row` is the first heading of another table below this one.

    It stands below a blank row, or as a heading like the one before below a title; its texts
    stand over columns of numbers.  Without a break there is no other table: a broken record
    looks as strange.
    """
    filled = int(grid.filled[row])
    if filled < 2 or row + 1 >= len(grid) or not _may_be_heading(grid, row):
        return False
    alike = _shared(grid, row, region.header) > 0
    if not _is_parted(grid, row, alike=alike) or (not alike and _is_name_and_mark(grid, row)):
        return False
    body = body_below(grid, row, end_of_texts(grid, row, len(grid)))
    found = evidence_of(grid, row, body)
    if not body or found.data or not _names(grid, row) or _occurs_above(grid, row, region):
        return False
    return found.heading >= 2 or (found.heading >= 1 and alike)


def _is_parted(grid: Grid, row: int, *, alike: bool) -> bool:
    """Return whether a blank row, or a title, parts `row` from the rows above."""
    above = row - 1
    while grid.spread[above] == 1 and not has_typed(grid, above) and above > 0:
        above -= 1
    return bool(grid.filled[above] == 0 or (alike and above < row - 1))


def _may_be_heading(grid: Grid, row: int) -> bool:
    """Return whether the row holds texts in the main, and not one title only."""
    texts = grid.kinds[row] == Kind.TEXT
    if not texts.any() or 2 * int(texts.sum()) < int(grid.filled[row]):
        return False
    return bool(grid.spread[row] > 1 or not grid.kinds[row, 0])


def _is_name_and_mark(grid: Grid, row: int) -> bool:
    """Return whether all cells but the first hold one text: a mark for what is missing."""
    first, *others = (text for text in grid.texts[row] if text)
    return len(others) >= 3 and len({*others}) == 1 and first not in others


def _names(grid: Grid, row: int) -> bool:
    """Return whether the row has words, not only signs that stand for values."""
    return any(sum(c.isalpha() for c in text) >= 3 for text in grid.texts[row][1:])


def _occurs_above(grid: Grid, row: int, region: Region) -> bool:
    """Return whether the row's texts are values of their columns in the table above."""
    header = set(region.header)
    rows = [i for i in range(max(region.body, row - 400), row) if i not in header]
    columns = np.flatnonzero(grid.kinds[row] == Kind.TEXT).tolist()
    seen = [c for c in columns if any(grid.texts[i][c] == grid.texts[row][c] for i in rows)]
    return len(seen) * 2 > len(columns)


def _shared(grid: Grid, row: int, header: Sequence[int]) -> int:
    """Return how many texts of the row stand in the same column of a heading."""
    return sum(
        bool(text) and any(grid.texts[i][c] == text for i in header)
        for c, text in enumerate(grid.texts[row])
    )


def _end(grid: Grid, region: Region) -> None:
    """Take the notes below the table out of its rows."""
    row = region.stop
    notes: list[int] = []
    while row > region.body + 1 and (grid.filled[row - 1] == 0 or _is_note(grid, row - 1)):
        row -= 1
        if grid.filled[row]:
            notes.insert(0, row)
    if grid.width > 1:
        for i, note in enumerate(notes):
            if grid.filled[note - 1] == 0 or _NOTE.match(_first_text(grid, note)):
                region.notes = notes[i:]
                break


def _is_note(grid: Grid, row: int) -> bool:
    """Return whether a row may be a note: one text or date, or two texts that begin as notes do."""
    if grid.spread[row] == 1 and grid.width > 2 and (grid.kinds[row] == Kind.DATE).any():
        return True
    if has_typed(grid, row):
        return False
    marked = bool(_NOTE.match(_first_text(grid, row)))
    return bool(grid.spread[row] == 1 or (marked and grid.spread[row] == 2 and grid.width > 3))


def _first_text(grid: Grid, row: int) -> str:
    return next((text for text in grid.texts[row] if text), "")


def _without_preamble(regions: list[Region], grid: Grid) -> list[Region]:
    """Return the tables; a few lines above the first true heading are titles.

    They are no table when they have no heading, or hold a key with its value at most.
    """
    if len(regions) < 2 or not regions[1].header:
        return regions
    second = regions[1]
    lines = [i for i in range(second.top) if grid.filled[i]]
    below = int((grid.filled[second.body : second.stop] > 0).sum())
    if len(lines) > min(_LONGEST_PREAMBLE, below):
        return regions
    heading = max(int(grid.filled[i]) for i in second.header)
    if regions[0].header and (heading < 5 or max(grid.filled[lines]) > 2):
        return regions
    second.titles = lines
    return regions[1:]
