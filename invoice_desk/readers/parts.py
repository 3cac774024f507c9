"""The tables of one sheet, cut out of all its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

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
) -> list[ReadTable]:
    """Return one table for each structure, with its rows out of `batch`.

    Every row of `batch` goes to a table, but titles, headings, notes and blank ones.

    Args:
        head: Name and dialect of the sheet.
        structures: What was found among its records, in order.
        batch: The rows of the sheet below the first heading.
        texts: The records that the structures count.
        places: The row number of each record.
    """
    begins = [0, *(_top(found) for found in structures[1:]), len(places)]
    blank = [places[i] for i, row in enumerate(texts) if not "".join(row).strip()]
    tables: list[ReadTable] = []
    for count, found in enumerate(structures):
        rows = _part(batch, found, begins[count : count + 2], places=places, blank=blank)
        name = head.name if count == 0 else f"{head.name} / {count + 1}"
        own = replace(head, name=name, structure=found, titles=title_texts(found, texts))
        findings = batch.findings if count == 0 else ()
        tables.append(ReadTable(own, replace(rows, findings=findings)))
    return tables


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
