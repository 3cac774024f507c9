"""Requests for bulk writes: only those that make sense."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from invoice_desk.core.bulk_writes import Operation, RowOutcome, WriteRequest
from invoice_desk.core.cleaning_plan import ColumnStyle
from invoice_desk.core.corrections import canonical
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.jobs import TERMINAL
from invoice_desk.db.engine import reading
from invoice_desk.db.job_rows import all_results, processed_numbers
from invoice_desk.db.jobs import get_job
from invoice_desk.db.tables import row_numbers
from invoice_desk.errors import ArgumentError
from invoice_desk.services.desk import Desk
from invoice_desk.services.types import known_type


def write_request(
    desk: Desk,
    operation: Operation,
    document_type: str,
    *,
    path: Path | None = None,
    rows: Sequence[tuple[int, int]] = (),
    unique: Sequence[str] | None = None,
    empty_clears: bool = False,
    values: Mapping[str, str | None] | None = None,
) -> WriteRequest:
    """Return a request that makes sense.

    Args:
        desk: Where to write.
        operation: What to do.
        document_type: Into the clean table of which type.
        path: The file that is written.
        rows: Or a selection of clean rows, to delete or to give `values` to.
        unique: The fields by which rows are found; those of the type if None.
        empty_clears: Whether an empty cell empties the value that is there.
        values: Field → text as a person types it, for an update of a selection.

    Raises:
        ArgumentError: If it does not make sense, with what to do instead.
    """
    made = known_type(desk, document_type)
    if path is None:
        return _selection_request(made, operation, rows, values or {})
    chosen = tuple(made.unique_fields if unique is None else dict.fromkeys(unique))
    readable = [spec.name for spec in made.read_fields]
    for name in chosen:
        if name not in readable:
            raise ArgumentError(
                f"{made.title} has no field {name} to tell rows by. It has: {', '.join(readable)}."
            )
    if not chosen and operation is not Operation.INSERT:
        raise ArgumentError(
            f"{made.title} names no fields that tell one row from another; choose them."
        )
    return WriteRequest(
        operation, made.name, str(path.absolute()), unique=chosen, empty_clears=empty_clears
    )


def _selection_request(
    made: DocumentType,
    operation: Operation,
    rows: Sequence[tuple[int, int]],
    values: Mapping[str, str | None],
) -> WriteRequest:
    if operation in {Operation.INSERT, Operation.UPSERT}:
        raise ArgumentError("Rows of a clean table can be updated or deleted, or name a file.")
    if not rows:
        raise ArgumentError("No row is selected.")
    if operation is Operation.UPDATE and not values:
        raise ArgumentError("Say which value the selected rows are to have.")
    texts = {}
    for name, text in values.items():
        if name not in {spec.name for spec in made.read_fields}:
            raise ArgumentError(f"{made.title} has no field {name} that can be written.")
        spec = made.field(name)
        texts[name] = None if text is None else canonical(spec, text, ColumnStyle())
    chosen = tuple(sorted(set(rows)))
    return WriteRequest(operation, made.name, rows=chosen, values=texts)


def retry_request(desk: Desk, job_id: int) -> WriteRequest:
    """Return the request for what failed or was not processed in a bulk write that ended.

    Raises:
        ArgumentError: If it is no bulk write, did not end, or nothing is left of it.
    """
    with reading(desk.engine) as connection:
        job = get_job(connection, job_id)
        if job is None or job.operation not in set(Operation):
            raise ArgumentError(f"Job {job_id} is no bulk write.")
        if job.state not in TERMINAL:
            raise ArgumentError(f"Job {job_id} has not ended.")
        request = WriteRequest.from_dict(job.request)
        if request.table_id is None and not request.rows:
            return request  # its file was not even imported
        every: Sequence[int] = request.only or range(len(request.rows))
        if not every:
            every = row_numbers(connection, request.table_id or 0)
        done = processed_numbers(connection, job_id)
        failed = {r.number for p in all_results(connection, job_id, [RowOutcome.FAILED]) for r in p}
    left = tuple(number for number in every if number in failed or number not in done)
    if not left:
        raise ArgumentError(f"Nothing is left of job {job_id}: every row was written.")
    if request.rows:
        return replace(request, rows=tuple(request.rows[ordinal] for ordinal in left))
    return replace(request, only=left)
