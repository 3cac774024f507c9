"""Cleaning rows in a worker."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc

from invoice_desk.core.cells import decode_rows, split_rows
from invoice_desk.core.cleaning import clean_chunk, duplicate_action
from invoice_desk.core.cleaning_plan import CleaningPlan
from invoice_desk.core.decisions import RowVerdict
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.duplicates import duplicate_keys, text_hashes
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
    #: Whether the rows were cleaned before it was known which are duplicates.
    again: bool = False


@dataclass(frozen=True, slots=True)
class CleanedRows:
    """Clean rows, and what tells duplicates among all rows of the table.

    Attributes:
        chunk: Ready to be stored.
        instead_of: What the same rows came to when they were cleaned before.
        numbers: Row numbers, int64.
        hashes: Of the duplicate key of each row, uint64; both empty without a rule.
    """

    chunk: StorableChunk
    instead_of: StorableChunk | None = None
    numbers: bytes = b""
    hashes: bytes = b""


@task
def _clean(payload: CleanRows) -> CleanedRows:
    chunk = _cleaned(payload, payload.plan)
    if payload.again:
        before = CleaningPlan.from_dict(payload.plan.as_dict() | {"duplicate_rows": ()})
        return CleanedRows(chunk, instead_of=_cleaned(payload, before))
    if duplicate_action(payload.document_type, payload.plan.options) is None:
        return CleanedRows(chunk)
    numbers, cells = split_rows(payload.numbers, payload.cells)
    made = payload.document_type
    assert made.duplicates is not None
    raw = decode_rows(cells, width=len(payload.plan.columns)) if made.duplicates.key else []
    texts = [pc.utf8_trim_whitespace(column) for column in raw]
    hashes = text_hashes(duplicate_keys(made, payload.plan, texts, cells))
    if payload.plan.derived_rows:
        hashes[np.isin(numbers.to_numpy(), payload.plan.derived_rows)] = 0
    return CleanedRows(
        chunk, numbers=numbers.to_numpy().astype("<i8").tobytes(), hashes=hashes.tobytes()
    )


def _cleaned(payload: CleanRows, plan: CleaningPlan) -> StorableChunk:
    numbers, cells = split_rows(payload.numbers, payload.cells)
    chunk = clean_chunk(
        numbers,
        cells,
        plan=plan,
        document_type=payload.document_type,
        verdicts=payload.verdicts,
    )
    return storable_chunk(chunk, payload.document_type, pass_id=payload.pass_id)


def clean(chunk: Chunk[CleanRows]) -> Outcome[CleanedRows]:
    """Clean a chunk of rows."""
    return _clean(chunk)
