"""Which records are titles, headings, data, sums and notes, told from the records of a sheet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from invoice_desk.core.cell_kinds import Grid, Kind, grid_of, is_typed, kind_of
from invoice_desk.core.derived_rows import find_derived, has_number, says_total, says_total_of
from invoice_desk.core.header_rows import body_below, evidence_of, header_at, is_heading
from invoice_desk.core.tables import Structure, joined_header

#: A preamble is short: more rows than this above a wider table are a table of their own.
_LONGEST_PREAMBLE = 20
_NOTE = re.compile(
    r"(?:[*†‡§]|\(?[a-z0-9]{1,2}[).:/] |(?:note|source|remar[kq]|nb|n\.b|hinweis|quelle|anmerkung"
    r"|l[ée]gende|legend|\(?\*))",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Region:
    """A table while it is being found; rows from `top` up to, not including, `stop`."""

    top: int
    header: list[int]
    body: int
    stop: int
    titles: list[int] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)


def find_structure(rows: Sequence[Sequence[str]]) -> Structure:
    """Return the structure of the first table from the first records of a file.

    What follows these records is not known, so nothing is said of what stands below the heading.

    Args:
        rows: Records of text, blank ones included; numbers in the result count from the first.
    """
    tables = find_tables(rows)
    if not tables:
        return Structure()
    found = tables[0]
    first = found.body_row
    header = tuple(i for i in found.header_rows if first is None or i < first)
    groups = tuple(i for i in found.group_rows if i < (found.first_data_row or 0))
    return Structure(
        found.title_rows, header, found.first_data_row, columns=found.columns, group_rows=groups
    )


def find_tables(rows: Sequence[Sequence[str]]) -> list[Structure]:
    """Return the tables among the complete records of a file or sheet, in order.

    Several tables are told by a heading of their own each; a blank row or a heading that is
    repeated does not begin another table.
    """
    grid = grid_of(rows)
    if not grid.filled.any():
        return []
    regions = _regions(grid, rows)
    return [_structure(grid, rows, region, alone=len(regions) == 1) for region in regions]


def total_rows(numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Return the numbers of the rows whose first text says that they sum up others."""
    found = zip(numbers, rows, strict=True)
    return tuple(n for n, row in found if says_total(row) and has_number(row))


def looks_typed(cell: str) -> bool:
    """Return whether a cell holds a number or a date."""
    return kind_of(cell.strip()) in {Kind.NUMBER, Kind.DATE}


def _regions(grid: Grid, rows: Sequence[Sequence[str]]) -> list[_Region]:
    region = _first_region(grid, rows)
    regions = [region]
    row = region.body + 1
    while row < len(grid):
        if _repeats(grid, row, region):
            region.header.append(row)
        elif _begins_table(grid, row, region):
            following = _region_at(grid, row, region)
            regions.append(following)
            region, row = following, following.body
        row += 1
    for one in regions:
        _end(grid, one)
    return _without_preamble(grid, regions)


def _first_region(grid: Grid, rows: Sequence[Sequence[str]]) -> _Region:
    start = _table_start(grid, _table_width(rows))
    header = header_at(grid, start, first=0, stop=len(grid))
    body = _next_filled(grid, header[-1] + 1 if header else start)
    top = header[0] if header else start
    titles = [i for i in range(top) if grid.filled[i]]
    return _Region(top, header, body, len(grid), titles=titles)


def _region_at(grid: Grid, row: int, before: _Region) -> _Region:
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
    return _Region(header[0], header, _next_filled(grid, header[-1] + 1), len(grid), titles=titles)


def _next_filled(grid: Grid, row: int) -> int:
    while row < len(grid) and grid.filled[row] == 0:
        row += 1
    return row


def _is_data(grid: Grid, row: int) -> bool:
    """Return whether a row may not be a title: it holds numbers, or several texts."""
    return bool(grid.spread[row] > 1 and is_typed(grid.kinds[row]).any()) or grid.spread[row] > 2


def _table_width(rows: Sequence[Sequence[str]]) -> int:
    """Return how many columns the table has: the width most records agree on.

    Trailing cells that are empty in every record are no columns.
    """
    widths = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    if not widths:
        return 0
    common = max(widths, key=lambda w: (widths[w] * (2 if w > 1 else 1), w))
    used = 0
    for row in rows:
        for i in range(min(common, len(row)) - 1, used - 1, -1):
            if row[i].strip():
                used = i + 1
                break
    return used


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
    return start


def _is_merged_title(grid: Grid, row: int) -> bool:
    """Return whether a row with one text in all cells stands above the heading."""
    if grid.filled[row] < 2:
        return False
    for below in range(row + 1, min(row + 12, len(grid))):
        if grid.spread[below] > 1:
            return is_heading(grid, below, body_below(grid, below, len(grid)))
    return False


def _repeats(grid: Grid, row: int, region: _Region) -> bool:
    """Return whether `row` is a heading of the table again, without a title of its own above."""
    if not region.header or grid.filled[row] < 2 or row < region.body:
        return False
    if all(grid.texts[row] != grid.texts[i] for i in region.header[:6]):
        return False
    above = row - 1
    while above > region.body and grid.texts[above] in [grid.texts[i] for i in region.header[:6]]:
        above -= 1
    title = above
    while title > region.body and grid.spread[title] == 1 and not _has_typed(grid, title):
        title -= 1
    parted = grid.filled[title] == 0 or says_total_of(_first_text(grid, title))
    return not (title < above and title > region.body and parted)


def _begins_table(grid: Grid, row: int, region: _Region) -> bool:
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
    body = body_below(grid, row, len(grid))
    found = evidence_of(grid, row, body)
    if not body or found.data or not _names(grid, row) or _occurs_above(grid, row, region):
        return False
    return found.heading >= 2 or (found.heading >= 1 and alike)


def _is_parted(grid: Grid, row: int, *, alike: bool) -> bool:
    """Return whether a blank row, or a title, parts `row` from the rows above."""
    above = row - 1
    while grid.spread[above] == 1 and not _has_typed(grid, above) and above > 0:
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


def _has_typed(grid: Grid, row: int) -> bool:
    return bool(is_typed(grid.kinds[row]).any())


def _names(grid: Grid, row: int) -> bool:
    """Return whether the row has words, not only signs that stand for values."""
    return any(sum(c.isalpha() for c in text) >= 3 for text in grid.texts[row][1:])


def _occurs_above(grid: Grid, row: int, region: _Region) -> bool:
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


def _end(grid: Grid, region: _Region) -> None:
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
    """Return whether a row may be a note: one text, or two when it begins as notes do."""
    if _has_typed(grid, row):
        return False
    marked = bool(_NOTE.match(_first_text(grid, row)))
    return bool(grid.spread[row] == 1 or (marked and grid.spread[row] == 2 and grid.width > 3))


def _first_text(grid: Grid, row: int) -> str:
    return next((text for text in grid.texts[row] if text), "")


def _without_preamble(grid: Grid, regions: list[_Region]) -> list[_Region]:
    """Return the tables; a few lines without heading above the first heading are titles."""
    if len(regions) < 2 or regions[0].header or not regions[1].header:
        return regions
    first, second = regions[0], regions[1]
    lines = [i for i in range(second.top) if grid.filled[i]]
    below = int((grid.filled[second.body : second.stop] > 0).sum())
    if len(lines) > _LONGEST_PREAMBLE or len(lines) > below:
        return regions
    second.titles = [i for i in lines if i < second.top]
    del first
    return regions[1:]


def _structure(
    grid: Grid, rows: Sequence[Sequence[str]], region: _Region, *, alone: bool
) -> Structure:
    notes = set(region.notes)
    header = set(region.header)
    stop = region.notes[0] if region.notes else region.stop
    body = [
        i for i in range(region.body, stop) if grid.filled[i] and i not in header and i not in notes
    ]
    groups = _group_rows(grid, body)
    width = _table_width(rows if alone else [rows[i] for i in (*region.header, *body)])
    leading = [i for i in region.header if i < region.body]
    columns = joined_header([rows[i] for i in leading], width) if leading else ("",) * width
    blank = [i for i in body if i + 1 < stop and grid.filled[i + 1] == 0]
    parted = [i for i in body if i + 1 in header]
    derived = find_derived(grid, body, blank_after=[*blank, *parted], groups=groups)
    data = [i for i in body if i not in groups]
    return Structure(
        title_rows=tuple(region.titles),
        header_rows=tuple(sorted(header)),
        first_data_row=data[0] if data else body[0] if body else None,
        derived_rows=derived,
        columns=columns,
        last_data_row=body[-1] if body else None,
        note_rows=tuple(region.notes),
        group_rows=groups,
    )


def _group_rows(grid: Grid, body: Sequence[int]) -> tuple[int, ...]:
    """Return the rows that hold only a text on the left, above rows that hold more."""
    if len(body) < 3 or np.percentile(grid.filled[list(body)], 50) < 3:
        return ()
    found = [
        row
        for row, following in pairwise(body)
        if grid.spread[row] == 1
        and grid.kinds[row, :2].any()
        and not _has_typed(grid, row)
        and grid.spread[following] > 1
    ]
    return tuple(found) if len(found) * 3 <= len(body) else ()
