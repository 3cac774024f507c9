"""What people decided about rows; decisions are added, never changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class DecisionKind(StrEnum):
    """What a decision does."""

    CORRECT = "correct"  # put `value` in place of what was read
    APPROVE = "approve"  # the row is right as it stands
    EXCLUDE = "exclude"  # the row is not to count; it stays raw
    WITHDRAW = "withdraw"  # take back decision `withdraws`


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry of the log."""

    id: int
    raw_table_id: int
    row_number: int
    kind: DecisionKind
    field: str | None = None
    value: str | None = None
    withdraws: int | None = None
    person: str = ""
    decided_at: dt.datetime | None = None
    #: Of a correction in a document: the text on the page, the page and the box, as JSON values.
    place: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What the decisions that stand say of one row."""

    corrections: dict[str, str | None]
    approved: bool
    #: Why the row is not to count; None when it counts.
    excluded: str | None = None

    @property
    def as_read(self) -> RowVerdict:
        """Return the verdict as if nobody had excluded the row."""
        return replace(self, excluded=None)


#: The reason of a row that a person excluded without saying why.
EXCLUDED = "excluded"


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """Return the decisions that were not withdrawn, oldest first."""
    log = sorted(decisions, key=lambda d: d.id)
    withdrawn = {d.withdraws for d in log if d.kind is DecisionKind.WITHDRAW}
    return [d for d in log if d.kind is not DecisionKind.WITHDRAW and d.id not in withdrawn]


def verdicts(decisions: Iterable[Decision]) -> dict[int, RowVerdict]:
    """Return row number → verdict; of two corrections of one field the later one stands.

    An exclusion may give its reason as its value.
    """
    corrections: dict[int, dict[str, str | None]] = {}
    approved: set[int] = set()
    excluded: dict[int, str] = {}
    for decision in standing(decisions):
        number = decision.row_number
        corrected = corrections.setdefault(number, {})
        if decision.kind is DecisionKind.CORRECT and decision.field is not None:
            corrected[decision.field] = decision.value
        elif decision.kind is DecisionKind.APPROVE:
            approved.add(number)
        elif decision.kind is DecisionKind.EXCLUDE:
            excluded[number] = decision.value or EXCLUDED
    return {
        number: RowVerdict(corrected, approved=number in approved, excluded=excluded.get(number))
        for number, corrected in corrections.items()
    }
