"""Cleaning rows in a worker."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from invoice_desk.core.cleaning import CleanChunk, CleaningPlan, clean_chunk
from invoice_desk.core.decisions import RowVerdict
from invoice_desk.core.document_types import DocumentType
from invoice_desk.workers.contract import Chunk, Outcome
from invoice_desk.workers.tasks import task


@dataclass(frozen=True, slots=True)
class CleanRows:
    """Raw rows to be cleaned; the input bytes travel with the task."""

    numbers: pa.Array
    cells: pa.Array
    plan: CleaningPlan
    document_type: DocumentType
    verdicts: dict[int, RowVerdict] = field(default_factory=dict)


@task
def _clean(payload: CleanRows) -> CleanChunk:
    return clean_chunk(
        payload.numbers,
        payload.cells,
        plan=payload.plan,
        document_type=payload.document_type,
        verdicts=payload.verdicts,
    )


def clean(chunk: Chunk[CleanRows]) -> Outcome[CleanChunk]:
    """Clean a chunk of rows."""
    return _clean(chunk)
