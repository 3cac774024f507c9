"""What people decided about pairs of invoices and accounts of suppliers; added, never changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from invoice_desk.db.schema import desk_decision

#: Two invoices are not one; the second is the first again; an account is the supplier's.
DIFFERENT, SAME, IBAN = "different", "same", "iban"
_WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class DeskDecision:
    """One entry of the log.

    Attributes:
        one: An invoice by its place, `source:table:row`, or a supplier.
        other: Another invoice, or an IBAN.
    """

    id: int
    kind: str
    one: str
    other: str
    withdraws: int | None
    person: str
    decided_at: dt.datetime


def add_desk_decision(
    connection: Connection,
    *,
    kind: str,
    one: str,
    other: str,
    person: str,
    now: dt.datetime,
    withdraws: int | None = None,
) -> int:
    """Add one decision and return its id."""
    statement = insert(desk_decision).values(
        kind=kind, one=one, other=other, person=person, decided_at=now, withdraws=withdraws
    )
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def withdraw_desk_decision(
    connection: Connection, decision: DeskDecision, *, person: str, now: dt.datetime
) -> int:
    """Take a decision back, by a further entry."""
    return add_desk_decision(
        connection,
        kind=_WITHDRAW,
        one=decision.one,
        other=decision.other,
        person=person,
        now=now,
        withdraws=decision.id,
    )


def get_desk_decision(connection: Connection, decision_id: int) -> DeskDecision | None:
    """Return one decision that was not withdrawn."""
    query = _standing().where(desk_decision.c.id == decision_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _record(row)


def standing_decisions(
    connection: Connection, *, kinds: tuple[str, ...], one: str | None = None
) -> list[DeskDecision]:
    """Return the decisions of these kinds that were not withdrawn, oldest first."""
    query = _standing().where(desk_decision.c.kind.in_(kinds)).order_by(desk_decision.c.id)
    if one is not None:
        query = query.where(desk_decision.c.one == one)
    return [_record(row) for row in connection.execute(query)]


def _standing() -> Any:
    later = desk_decision.alias("later")
    withdrawn = select(later.c.withdraws).where(later.c.withdraws.is_not(None))
    return select(desk_decision).where(
        desk_decision.c.kind != _WITHDRAW, desk_decision.c.id.not_in(withdrawn)
    )


def _record(row: Row[Any]) -> DeskDecision:
    return DeskDecision(**row._mapping)
