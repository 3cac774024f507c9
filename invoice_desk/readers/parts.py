"""The tables of one sheet, cut out of all its rows."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from invoice_desk.core.cell_kinds import looks_typed
from invoice_desk.core.cells import decode_rows
from invoice_desk.core.tables import RowBatch, Structure, TableHead
from invoice_desk.core.text import flags
from invoice_desk.readers.base import ReadTable


def tables_of(
    head: TableHead,
    structures: Sequence[Structure],
    batch: RowBatch,
    *,
    texts: Sequence[Sequence[str]],
    places: Sequence[int],
    has_blank: bool = True,
) -> list[ReadTable]:
    """Return one table for each structure, with its rows out of `batch`.

    Every row of `batch` goes to a table, but titles, headings, notes and blank ones.

    Args:
        head: Name, dialect and titles of the first table.
        structures: What was found among its records, in order.
        batch: The rows of the sheet below the first heading.
        texts: The records that the structures count.
        places: The row number of each record.
        has_blank: Whether blank rows may be in `batch`.
    """
    begins = [0, *(_top(found) for found in structures[1:]), len(places)]
    nothing = [i for i, row in enumerate(texts) if has_blank and not "".join(row).strip()]
    blank = [places[i] for i in nothing]
    tables: list[ReadTable] = []
    for count, found in enumerate(structures):
        rows = _part(batch, found, begins[count : count + 2], places=places, blank=blank)
        name = head.name if count == 0 else f"{head.name} / {count + 1}"
        titles = title_texts(found, texts) if count else head.titles
        own = replace(head, name=name, structure=found, titles=titles)
        findings = batch.findings if count == 0 else ()
        tables.append(ReadTable(own, replace(rows, findings=findings)))
    return tables


def is_one_table(structure: Structure, sample: Sequence[Sequence[str]], batch: RowBatch) -> bool:
    """Return whether a file is one plain table to its end, told by whole columns.

    Every line is a row of full width, no row names a sum, and no letter stands in a column that
    holds only numbers and dates among the first records: so there is no further heading, title
    or note to be looked for.
    """
    first, width = structure.first_data_row, len(structure.columns)
    if first is None or structure.title_rows or structure.group_rows or batch.derived:
        return False
    body = sample[first:]
    typed = [i for i in range(width) if all(_is_typed_or_blank(row, i) for row in body)]
    numbers = batch.numbers.to_numpy()
    if not typed or len(numbers) == 0 or numbers[-1] - numbers[0] + 1 != len(numbers):
        return False
    columns = decode_rows(batch.cells, width=width)
    if columns[-1].null_count:
        return False
    letters = [pc.match_substring_regex(columns[i], "[A-Za-z]") for i in typed]
    filled = [pc.equal(columns[i], "") for i in typed]
    bare = functools.reduce(pc.and_, filled)
    return not any(pc.any(found).as_py() for found in [*letters, bare])


def _is_typed_or_blank(row: Sequence[str], place: int) -> bool:
    return place < len(row) and (not row[place].strip() or looks_typed(row[place]))


def title_texts(structure: Structure, records: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the texts of the titles above a table and of the notes below it."""
    rows = (*structure.title_rows, *structure.note_rows)
    return tuple(" ".join(cell for cell in records[i] if cell.strip()) for i in rows)


def _top(structure: Structure) -> int:
    return min((*structure.title_rows, *structure.header_rows, structure.body_row or 0))


def _part(
    batch: RowBatch,
    found: Structure,
    ends: Sequence[int],
    *,
    places: Sequence[int],
    blank: Sequence[int],
) -> RowBatch:
    """Return the rows between two records that are neither blank nor title, heading or note."""
    numbers = batch.numbers.to_numpy()
    keep = numbers >= (places[ends[0]] if ends[0] < len(places) else 0)
    if ends[1] < len(places):
        keep &= numbers < places[ends[1]]
    apart = [places[i] for i in (*found.title_rows, *found.header_rows, *found.note_rows)]
    keep &= ~np.isin(numbers, [*apart, *blank])
    derived = tuple(places[i] for i in found.derived_rows)
    if keep.all():
        return replace(batch, derived=derived)
    chosen = flags(keep)
    return RowBatch(
        pa.array(numbers[keep], pa.int64()), batch.cells.filter(chosen), derived=derived
    )
