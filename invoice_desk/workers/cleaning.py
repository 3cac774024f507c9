"""Cleaning rows in a worker."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from invoice_desk.core.cleaning import clean_chunk, duplicate_action
from invoice_desk.core.cleaning_plan import CleaningPlan
from invoice_desk.core.decisions import RowVerdict
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.duplicates import duplicate_keys, text_hashes
from invoice_desk.core.raw_rows import RawRows
from invoice_desk.core.storage import StorableChunk, storable_chunk
from invoice_desk.workers.contract import Chunk, Outcome
from invoice_desk.workers.tasks import task


@dataclass(frozen=True, slots=True)
class CleanRows:
    """Raw rows to be cleaned, as `db.tables` reads them: int64 numbers, and lines."""

    numbers: bytes
    cells: bytes
    plan: CleaningPlan
    document_type: DocumentType
    pass_id: int
    verdicts: dict[int, RowVerdict] = field(default_factory=dict)
    #: Whether the rows were cleaned before it was known which are duplicates.
    again: bool = False
    #: Whether the rows are stored already, and only what tells duplicates is wanted.
    keys_only: bool = False


@dataclass(frozen=True, slots=True)
class CleanedRows:
    """Clean rows, and what tells duplicates among all rows of the table.

    Attributes:
        chunk: Ready to be stored; None when they are.
        instead_of: What the same rows came to when they were cleaned before.
        numbers: Row numbers, int64.
        hashes: Of the duplicate key of each row, uint64; both empty without a rule.
    """

    chunk: StorableChunk | None
    instead_of: StorableChunk | None = None
    numbers: bytes = b""
    hashes: bytes = b""


@task
def _clean(payload: CleanRows) -> CleanedRows:
    numbers = np.frombuffer(payload.numbers, "<i8")
    raw = RawRows(pa.array(numbers), payload.cells, width=len(payload.plan.columns))
    if payload.keys_only:
        return CleanedRows(None, numbers=payload.numbers, hashes=_hashes(payload, raw, numbers))
    chunk = _cleaned(payload, raw, payload.plan)
    if payload.again:
        before = replace(payload.plan, duplicate_rows=())
        return CleanedRows(chunk, instead_of=_cleaned(payload, raw, before))
    if duplicate_action(payload.document_type, payload.plan.options) is None:
        return CleanedRows(chunk)
    return CleanedRows(chunk, numbers=payload.numbers, hashes=_hashes(payload, raw, numbers))


def _hashes(payload: CleanRows, raw: RawRows, numbers: np.ndarray) -> bytes:
    hashes = text_hashes(duplicate_keys(payload.document_type, payload.plan, raw))
    excluded = [n for n, verdict in payload.verdicts.items() if verdict.excluded is not None]
    if excluded:  # what does not count makes no other row a duplicate
        hashes[np.isin(numbers, excluded)] = 0
    if payload.plan.derived_rows:
        hashes[np.isin(numbers, payload.plan.derived_rows)] = 0
    return hashes.tobytes()


def _cleaned(payload: CleanRows, raw: RawRows, plan: CleaningPlan) -> StorableChunk:
    made = payload.document_type
    chunk = clean_chunk(raw, plan=plan, document_type=made, verdicts=payload.verdicts)
    return storable_chunk(chunk, made, pass_id=payload.pass_id)


def clean(chunk: Chunk[CleanRows]) -> Outcome[CleanedRows]:
    """Clean a chunk of rows."""
    return _clean(chunk)
