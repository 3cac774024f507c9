"""Which records are titles, headings, data, sums and notes, told from the records of a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from invoice_desk.core.cell_kinds import Grid, grid_of, has_typed
from invoice_desk.core.derived_rows import find_derived
from invoice_desk.core.table_regions import Region, regions_of, table_width
from invoice_desk.core.tables import Structure, joined_header


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
    regions = regions_of(grid, rows)
    return [_structure(grid, rows, region, alone=len(regions) == 1) for region in regions]


def structure_as(
    rows: Sequence[Sequence[str]], header_rows: Sequence[int], first_data_row: int
) -> Structure:
    """Return the structure that a person names: what stands above and is no heading is a title."""
    header = [row for row in header_rows if row < first_data_row]
    own = [*(rows[i] for i in header), *rows[first_data_row:]]
    width = max((len(row) for row in own), default=0)
    while width and not any(len(row) >= width and row[width - 1].strip() for row in own):
        width -= 1
    return Structure(
        title_rows=tuple(
            i for i in range(first_data_row) if i not in header and "".join(rows[i]).strip()
        ),
        header_rows=tuple(header),
        first_data_row=first_data_row,
        columns=joined_header([rows[i] for i in header], width) if header else ("",) * width,
    )


def _structure(
    grid: Grid, rows: Sequence[Sequence[str]], region: Region, *, alone: bool
) -> Structure:
    notes = set(region.notes)
    header = set(region.header)
    stop = region.notes[0] if region.notes else region.stop
    body = [
        i for i in range(region.body, stop) if grid.filled[i] and i not in header and i not in notes
    ]
    groups = _group_rows(grid, body)
    own = range(len(rows)) if alone else sorted((*region.header, *body))
    width = table_width(grid, own, [len(row) for row in rows])
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
        and not has_typed(grid, row)
        and grid.spread[following] > 1
    ]
    return tuple(found) if len(found) * 3 <= len(body) else ()
