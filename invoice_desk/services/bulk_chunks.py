"""One chunk of a bulk write: its outcomes, the decisions that they come to, the rows anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from invoice_desk.core.bulk_writes import (
    InputRow,
    Operation,
    RowOutcome,
    RowResult,
    judge,
    value_text,
)
from invoice_desk.core.decisions import Decision, DecisionKind, RowVerdict, standing, verdicts
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.bulk import BulkTransaction
from invoice_desk.db.decisions import list_decisions, storable_decisions
from invoice_desk.db.engine import reading
from invoice_desk.db.job_rows import storable_results
from invoice_desk.db.schema import decision as decision_log
from invoice_desk.db.schema import job_row
from invoice_desk.services.desk import Desk
from invoice_desk.services.rewriting import Place, Rewriting, place_of, rewrite

#: New decisions have no id yet; in a row's log they come after all others.
_NEW = 1 << 62
_NOT_WRITTEN = "It was not written:"
_ROW_MASK = (1 << ROW_BITS) - 1


class ChunkWrite:
    """Gathers what is decided about rows, then cleans those rows again with it."""

    def __init__(self, desk: Desk, job_id: int) -> None:
        self._desk, self._job_id = desk, job_id
        self.results: list[RowResult] = []
        self._decisions: list[Decision] = []
        #: Pass → rows of it that are to be cleaned again.
        self._touched: dict[int, set[int]] = {}
        self._places: dict[int, Place] = {}
        self._rewritings: list[Rewriting] = []

    @property
    def counts(self) -> dict[str, int]:
        """Return outcome → rows."""
        return dict(Counter(result.outcome.value for result in self.results))

    def place(self, pass_id: int) -> Place:
        """Return a pass, read once a chunk."""
        if pass_id not in self._places:
            self._places[pass_id] = place_of(self._desk, pass_id)
        return self._places[pass_id]

    def name_of(self, record_id: int) -> str:
        """Return how people call a clean row."""
        place = self.place(record_id >> ROW_BITS)
        return f"row {(record_id & _ROW_MASK) + 1} of {place.table.name}"

    def touch(self, record_id: int) -> None:
        """Have a row cleaned again."""
        self._touched.setdefault(record_id >> ROW_BITS, set()).add(record_id & _ROW_MASK)

    def decide(self, record_id: int, kind: DecisionKind, **values: Any) -> None:
        """Decide something about a clean row."""
        place = self.place(record_id >> ROW_BITS)
        number = record_id & _ROW_MASK
        self._decisions.append(
            Decision(_NEW + len(self._decisions), place.table.id, number, kind, **values)
        )
        self.touch(record_id)

    def exclusions(self, record_ids: Sequence[int]) -> list[Decision]:
        """Return the exclusions that stand of these rows of one pass."""
        place = self.place(record_ids[0] >> ROW_BITS)
        numbers = [identifier & _ROW_MASK for identifier in record_ids]
        with reading(self._desk.engine) as connection:
            known = list_decisions(connection, place.table.id, row_numbers=numbers)
        return [entry for entry in standing(known) if entry.kind is DecisionKind.EXCLUDE]

    def rewrite(self) -> None:
        """Clean every row that was decided about again."""
        new: dict[int, list[Decision]] = {}
        for entry in self._decisions:
            new.setdefault(entry.raw_table_id, []).append(entry)
        for pass_id, members in self._touched.items():
            place, numbers = self.place(pass_id), sorted(members)
            decided = self._verdicts(place, numbers, new.get(place.table.id, []))
            self._rewritings.append(rewrite(self._desk, place, numbers, decided))

    def _verdicts(
        self, place: Place, numbers: Sequence[int], new: Sequence[Decision]
    ) -> dict[int, RowVerdict]:
        with reading(self._desk.engine) as connection:
            known = list_decisions(connection, place.table.id, row_numbers=numbers)
        return verdicts([*known, *new])

    def store(self, to: BulkTransaction) -> None:
        """Write decisions, rows and results."""
        decided = storable_decisions(
            self._decisions, person=self._desk.person, now=self._desk.now()
        )
        to.append(decision_log, decided)
        for rewriting in self._rewritings:
            rewriting.store(to)
        to.append(job_row, storable_results(self._job_id, self.results))


def write_file_rows(
    write: ChunkWrite, rows: Sequence[InputRow], values: pa.Table, *, operation: Operation
) -> None:
    """Decide what the rows of a file come to.

    Args:
        write: Gathers the decisions.
        rows: A chunk of the file.
        values: Their values, in the same order.
        operation: What is to be done with them.
    """
    texts: dict[str, list[Any]] = {}
    for index, row in enumerate(rows):
        result = judge(row, operation)
        write.results.append(result)
        if result.outcome is RowOutcome.UPDATED and result.record_id is not None:
            for name in row.changes:
                if name not in texts:
                    texts[name] = values[name].to_pylist()
                value = value_text(texts[name][index])
                write.decide(result.record_id, DecisionKind.CORRECT, field=name, value=value)
        elif result.outcome is RowOutcome.DELETED and result.record_id != row.own_id:
            assert result.record_id is not None
            reason = f"{_capital(write.name_of(row.own_id))} deleted it."
            write.decide(result.record_id, DecisionKind.EXCLUDE, value=reason)
        _settle_own(write, row, result)
    _count_created(write, rows)


def _settle_own(write: ChunkWrite, row: InputRow, result: RowResult) -> None:
    """Exclude a row of the file that did its work on another row, or could not be written."""
    stays = result.outcome in {RowOutcome.UNCHANGED, RowOutcome.FAILED} and row.counts
    if result.outcome is RowOutcome.CREATED or stays:
        return
    reason = _own_reason(write, row, result)
    told = row.excluded
    done_before = result.outcome is RowOutcome.UNCHANGED and told is not None
    if told == reason or (done_before and not str(told).startswith(_NOT_WRITTEN)):
        return  # the log says so already
    write.decide(row.own_id, DecisionKind.EXCLUDE, value=reason)


def _own_reason(write: ChunkWrite, row: InputRow, result: RowResult) -> str:
    if result.outcome is RowOutcome.FAILED:
        return f"{_NOT_WRITTEN} {result.error}"
    assert result.record_id is not None
    if result.record_id == row.own_id:
        return "It was deleted by its own key."
    name = write.name_of(result.record_id)
    if result.outcome is RowOutcome.UNCHANGED:
        return f"It is the same as {name}."
    return f"It {result.outcome.value} {name}."


def _count_created(write: ChunkWrite, rows: Sequence[InputRow]) -> None:
    """Let the rows that were created count, also those that an earlier write had excluded."""
    pairs = zip(rows, write.results, strict=True)
    created = [row.own_id for row, done in pairs if done.outcome is RowOutcome.CREATED]
    if not created:
        return
    for record_id in created:
        write.touch(record_id)
    for entry in write.exclusions(created):
        record_id = (created[0] >> ROW_BITS << ROW_BITS) + entry.row_number
        write.decide(record_id, DecisionKind.WITHDRAW, withdraws=entry.id)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
