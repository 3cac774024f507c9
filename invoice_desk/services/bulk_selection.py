"""A selection of clean rows as the input of a bulk write: it is deleted, or given values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from invoice_desk.core.bulk_writes import (
    Operation,
    RowOutcome,
    RowResult,
    WriteRequest,
    value_text,
)
from invoice_desk.core.cleaning import CleaningStatus
from invoice_desk.core.decisions import EXCLUDED, DecisionKind
from invoice_desk.db.engine import reading
from invoice_desk.db.tables import get_table
from invoice_desk.services.bulk_chunks import ChunkWrite
from invoice_desk.services.bulk_input import CHUNK_ROWS, Part
from invoice_desk.services.desk import Desk
from invoice_desk.services.rewriting import stored_rows


class SelectionInput:
    """Rows of clean tables; in results they are numbered in the order of the selection."""

    name = "the selection"

    def __init__(self, desk: Desk, request: WriteRequest) -> None:
        self._desk, self._request = desk, request
        self._rows = request.rows

    @property
    def total(self) -> int:
        """Return how many rows are selected."""
        return len(self._rows)

    def parts(self) -> list[Part]:
        """Return the chunks, the same ones every time."""
        count = len(self._rows)
        return [Part(n, min(n + CHUNK_ROWS, count)) for n in range(0, count, CHUNK_ROWS)]

    def write(self, write: ChunkWrite, part: Part) -> None:
        """Decide what the rows of a chunk come to."""
        by_table: dict[int, list[tuple[int, int]]] = {}
        for ordinal in range(part.start, part.stop):
            table_id, number = self._rows[ordinal]
            by_table.setdefault(table_id, []).append((ordinal, number))
        for table_id, members in by_table.items():
            self._write_table(write, table_id, members)
        write.results.sort(key=lambda result: result.number)

    def _write_table(
        self, write: ChunkWrite, table_id: int, members: Sequence[tuple[int, int]]
    ) -> None:
        with reading(self._desk.engine) as connection:
            table = get_table(connection, table_id)
        pass_id = table.current_pass_id if table else None
        place = write.place(pass_id) if pass_id else None
        if place is None or place.document_type.name != self._request.document_type:
            why = "The row is not in the clean table of this type."
            write.results += [RowResult(o, RowOutcome.FAILED, error=why) for o, _ in members]
            return
        names = ["cleaning_status", *self._request.values]
        stored = stored_rows(self._desk, place, [n for _, n in members], names).to_pylist()
        known = {row["row_number"]: row for row in stored}
        for ordinal, number in members:
            row = known.get(number)
            write.results.append(self._written(write, ordinal, place.base + number, row))

    def _written(
        self, write: ChunkWrite, ordinal: int, record_id: int, row: dict[str, Any] | None
    ) -> RowResult:
        if row is None:
            why = "The row is not in the clean table of this type."
            return RowResult(ordinal, RowOutcome.FAILED, error=why)
        counts = row["cleaning_status"] == CleaningStatus.CLEANED.value
        if self._request.operation is Operation.DELETE:
            if counts:
                write.decide(record_id, DecisionKind.EXCLUDE, value=EXCLUDED)
            outcome = RowOutcome.DELETED if counts else RowOutcome.UNCHANGED
            return RowResult(ordinal, outcome, record_id)
        wanted = self._request.values
        changed = [name for name, text in wanted.items() if value_text(row[name]) != text]
        for name in changed:
            write.decide(record_id, DecisionKind.CORRECT, field=name, value=wanted[name])
        outcome = RowOutcome.UPDATED if changed else RowOutcome.UNCHANGED
        return RowResult(ordinal, outcome, record_id)
