"""Cleaning rows in a worker."""

from __future__ import annotations

from dataclasses import dataclass, field

from invoice_desk.core.cells import split_rows
from invoice_desk.core.cleaning import CleaningPlan, clean_chunk
from invoice_desk.core.decisions import RowVerdict
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.storage import StorableChunk, storable_chunk
from invoice_desk.workers.contract import Chunk, Outcome
from invoice_desk.workers.tasks import task


@dataclass(frozen=True, slots=True)
class CleanRows:
    """Raw rows to be cleaned, joined as `split_rows` takes them; they travel with the task."""

    numbers: bytes
    cells: bytes
    plan: CleaningPlan
    document_type: DocumentType
    pass_id: int
    verdicts: dict[int, RowVerdict] = field(default_factory=dict)


@task
def _clean(payload: CleanRows) -> StorableChunk:
    numbers, cells = split_rows(payload.numbers, payload.cells)
    chunk = clean_chunk(
        numbers,
        cells,
        plan=payload.plan,
        document_type=payload.document_type,
        verdicts=payload.verdicts,
    )
    return storable_chunk(chunk, payload.document_type, pass_id=payload.pass_id)


def clean(chunk: Chunk[CleanRows]) -> Outcome[StorableChunk]:
    """Clean a chunk of rows."""
    return _clean(chunk)
