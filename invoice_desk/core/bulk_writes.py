"""Bulk writes: what becomes of each row of an input that is written into a clean table.

The words and the outcomes are those of Salesforce's Bulk API 2.0.  Nothing is guessed: a row whose
key is empty, unreadable or not unique is failed, with a sentence that says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from invoice_desk.core.amounts import amount_text
from invoice_desk.core.findings import FindingCode


class Operation(StrEnum):
    """What is done with the rows of the input."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"


class RowOutcome(StrEnum):
    """What became of one row of the input."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    FAILED = "failed"


#: What a list of successful rows holds.
SUCCESSFUL = tuple(outcome for outcome in RowOutcome if outcome is not RowOutcome.FAILED)
#: Findings that leave a value in doubt, so that it is not written over another.
DOUBTS = frozenset({FindingCode.UNREADABLE, FindingCode.AMBIGUOUS, FindingCode.TOO_PRECISE})


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row.

    Attributes:
        number: Of the row in its input.
        record_id: The clean row that was written, or that stands in the way.
        field: Where the error is.
    """

    number: int
    outcome: RowOutcome
    record_id: int | None = None
    field: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """What a bulk write is to do.

    Attributes:
        path: The file that is written; else `table_id` or `rows` say what is.
        table_id: A raw table that was imported already.
        only: Just these rows of the file's table, to try the rest of an earlier job.
        rows: A selection of clean rows: (raw table, row number).
        unique: The fields by which rows are found.
        empty_clears: Whether an empty cell empties the value that is there.
        values: What an update of a selection puts into each row, as canonical texts.
    """

    operation: Operation
    document_type: str
    path: str | None = None
    table_id: int | None = None
    only: tuple[int, ...] | None = None
    rows: tuple[tuple[int, int], ...] = ()
    unique: tuple[str, ...] = ()
    empty_clears: bool = False
    values: dict[str, str | None] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the request as plain JSON values."""
        return asdict(self) | {"operation": self.operation.value}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> WriteRequest:
        """Return the request that `as_dict` gave."""
        only = plain.get("only")
        return cls(
            Operation(plain["operation"]),
            plain["document_type"],
            plain.get("path"),
            plain.get("table_id"),
            None if only is None else tuple(only),
            tuple((table, row) for table, row in plain.get("rows", ())),
            tuple(plain.get("unique", ())),
            plain.get("empty_clears", False),
            dict(plain.get("values", {})),
        )


@dataclass(frozen=True, slots=True)
class InputRow:
    """One row of the input, and what it meets.

    Attributes:
        key: The values of the unique fields, in their order.
        doubts: Field → text of the values that could not be read for sure.
        is_derived: Whether it sums up others.
        left_out: Why the rules of the type leave it out; None when they do not.
        counts: Whether it is a row of the clean table itself already.
        excluded: Why an earlier write or a person let it not count.
        own_id: Of its own clean row.
        repeats: The number of another row of the input with this key.
        found: Ids of the other clean rows that have its key.
        changes: Fields in which it differs from the one row that was found.
    """

    number: int
    own_id: int
    key: Mapping[str, Any] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    is_derived: bool = False
    left_out: str | None = None
    counts: bool = False
    excluded: str | None = None
    repeats: int | None = None
    found: Sequence[int] = ()
    changes: tuple[str, ...] = ()


def judge(row: InputRow, operation: Operation) -> RowResult:
    """Return what is to become of a row."""
    error = _error_before(row)
    if error is not None:
        return _failed(row, *error)
    if row.found:
        return _judge_found(row, operation, row.found[0])
    if row.counts:
        return _judge_own(row, operation)
    if operation in {Operation.UPDATE, Operation.DELETE}:
        return _failed(row, None, f"There is no row with the key {key_text(row.key)}.")
    if row.left_out is not None:
        return _failed(row, None, f"The rules of the type leave it out: {row.left_out}")
    return RowResult(row.number, RowOutcome.CREATED, row.own_id)


def _error_before(row: InputRow) -> tuple[str | None, str] | None:
    """Return field and sentence of what keeps a row from being written at all."""
    if row.is_derived:
        return None, "The row sums up others."
    for name, value in row.key.items():
        if name in row.doubts:
            return name, f"“{row.doubts[name]}” in the key field {name} cannot be read for sure."
        if value is None:
            return name, f"The key field {name} is empty."
    if row.repeats is not None:
        told = f"The key {key_text(row.key)} stands in row {row.repeats + 1} of the file too."
        return None, told
    if len(row.found) > 1:
        told = f"{len(row.found)} rows have the key {key_text(row.key)}; which is meant is open."
        return None, told
    return None


def _judge_found(row: InputRow, operation: Operation, found: int) -> RowResult:
    if operation is Operation.INSERT:
        told = f"There is already a row with the key {key_text(row.key)}."
        return RowResult(row.number, RowOutcome.FAILED, found, None, told)
    if operation is Operation.DELETE:
        return RowResult(row.number, RowOutcome.DELETED, found)
    for name, text in row.doubts.items():
        return _failed(row, name, f"“{text}” in {name} cannot be read for sure.")
    outcome = RowOutcome.UPDATED if row.changes else RowOutcome.UNCHANGED
    return RowResult(row.number, outcome, found)


def _judge_own(row: InputRow, operation: Operation) -> RowResult:
    if operation is Operation.INSERT:
        told = "The row is in the clean table already."
        return RowResult(row.number, RowOutcome.FAILED, row.own_id, None, told)
    gone = operation is Operation.DELETE
    return RowResult(row.number, RowOutcome.DELETED if gone else RowOutcome.UNCHANGED, row.own_id)


def _failed(row: InputRow, field_name: str | None, error: str) -> RowResult:
    return RowResult(row.number, RowOutcome.FAILED, None, field_name, error)


def key_text(key: Mapping[str, Any]) -> str:
    """Return a key as people read it."""
    return ", ".join(value_text(value) or "" for value in key.values())


def value_text(value: Any) -> str | None:
    """Return a value as a decision keeps it: ISO 8601, a plain decimal, or text."""
    if value is None:
        return None
    return amount_text(value, digits=0) if isinstance(value, Decimal) else str(value)


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows came to what; successful + failed + unprocessed = total."""

    total: int
    outcomes: Mapping[str, int]

    @classmethod
    def of(cls, total: int, parts: Iterable[Mapping[str, int]]) -> RowCounts:
        """Return the counts of the parts that are stored, of `total` rows."""
        counts: Counter[str] = Counter()
        for part in parts:
            counts.update(part)
        return cls(total, {outcome.value: counts[outcome.value] for outcome in RowOutcome})

    @property
    def successful(self) -> int:
        """Return the rows that were written, or needed not to be."""
        return sum(self.outcomes[outcome.value] for outcome in SUCCESSFUL)

    @property
    def failed(self) -> int:
        """Return the rows that could not be written."""
        return self.outcomes[RowOutcome.FAILED.value]

    @property
    def unprocessed(self) -> int:
        """Return the rows that the job did not come to."""
        return self.total - self.successful - self.failed

    def as_dict(self) -> dict[str, int]:
        """Return the four numbers that add up."""
        names = ("total", "successful", "failed", "unprocessed")
        return {name: getattr(self, name) for name in names}
