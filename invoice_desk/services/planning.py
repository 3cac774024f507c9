"""How a table is to be cleaned, told from a sample of its rows."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from invoice_desk.core.cells import decode_rows, split_rows
from invoice_desk.core.cleaning import CleaningPlan, ColumnStyle, needs_style, style_of
from invoice_desk.core.document_types import TEMPORAL, DocumentType
from invoice_desk.core.records import TableRecord
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.engine import reading
from invoice_desk.db.tables import read_rows_between
from invoice_desk.services.desk import Desk

CHUNK_ROWS = 50_000
CHUNK_BYTES = 16 << 20
#: The evidence for how a column is written comes from this many blocks of this many rows.
SAMPLE_BLOCKS, SAMPLE_BLOCK_ROWS = 12, 400


def make_plan(desk: Desk, record: TableRecord, made: DocumentType) -> CleaningPlan:
    """Return how to clean a table: its mapping, and how its columns are written."""
    mapping = {
        name: index
        for name, index in record.mapping.items()
        if any(spec.name == name for spec in made.read_fields)
    }
    columns = decode_rows(_sample(desk, record), width=len(record.columns))
    styles: dict[str, ColumnStyle] = {}
    for spec in made.read_fields:
        index = mapping.get(spec.name)
        if index is not None and needs_style(spec) and index < len(columns):
            texts = [text for text in columns[index].drop_null().unique().to_pylist() if text]
            style = style_of(spec, texts)
            if spec.type in TEMPORAL and style.date_order is None:
                # what one date cannot tell, the rest of its document may
                style = replace(style, date_order=record.details.get("date_order"))
            styles[spec.name] = style
    return CleaningPlan(
        mapping=mapping,
        columns=record.columns,
        styles=styles,
        derived_rows=tuple(record.structure.get("derived_rows") or ()),
    )


def rows_per_chunk(rows: int, size: int) -> int:
    """Return how many rows make a chunk: `CHUNK_ROWS`, fewer when rows are very long."""
    if size <= 0 or rows <= 0:
        return CHUNK_ROWS
    return max(500, min(CHUNK_ROWS, CHUNK_BYTES * rows // size))


def raw_rows(desk: Desk, table_id: int, start: int, stop: int) -> tuple[pa.Array, pa.Array]:
    """Return numbers and cells of the rows numbered from `start` up to, not including, `stop`."""
    with reading(desk.engine) as connection:
        return split_rows(*read_rows_between(connection, table_id, start, stop))


def _sample(desk: Desk, record: TableRecord) -> pa.Array:
    """Return cells of blocks of rows that are spread over the table."""
    first = record.structure.get("first_data_row") or 0
    if record.row_count <= SAMPLE_BLOCKS * SAMPLE_BLOCK_ROWS:
        return raw_rows(desk, record.id, 0, 1 << ROW_BITS)[1]
    step = record.row_count // SAMPLE_BLOCKS
    starts = [first + block * step for block in range(SAMPLE_BLOCKS)]
    blocks = [raw_rows(desk, record.id, start, start + SAMPLE_BLOCK_ROWS)[1] for start in starts]
    return pa.concat_arrays(blocks)
