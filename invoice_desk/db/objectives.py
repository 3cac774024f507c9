"""Objectives that were imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import Connection, insert, select, update

from invoice_desk.core.amounts import amount_text
from invoice_desk.core.kpis import Period
from invoice_desk.core.objectives import Objective, ObjectiveKind
from invoice_desk.db.schema import objective


def list_objectives(connection: Connection) -> list[Objective]:
    """Return all objectives, by organisation and period."""
    columns = objective.c
    order = (columns.kind, columns.organization, columns.year, columns.month, columns.currency)
    return [
        Objective(
            ObjectiveKind(row.kind),
            row.organization,
            Period(row.year, row.month),
            Decimal(row.amount),
            row.currency,
        )
        for row in connection.execute(select(objective).order_by(*order))
    ]


def put_objectives(connection: Connection, objectives: Iterable[Objective]) -> Counter[str]:
    """Add objectives, or put their amounts in the place of earlier ones; return what was done."""
    done: Counter[str] = Counter()
    for one in objectives:
        columns = {
            "kind": one.kind.value,
            "organization": one.organization,
            "year": one.period.year,
            "month": one.period.month,
            "currency": one.currency,
        }
        same = [objective.c[name] == value for name, value in columns.items()]
        amount = amount_text(one.amount, digits=0)
        known = connection.execute(select(objective.c.amount).where(*same)).scalar_one_or_none()
        if known == amount:
            done["unchanged"] += 1
        elif known is None:
            connection.execute(insert(objective).values(**columns, amount=amount))
            done["created"] += 1
        else:
            connection.execute(update(objective).where(*same).values(amount=amount))
            done["updated"] += 1
    return done
