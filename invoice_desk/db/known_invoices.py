"""What the desk knows of each invoice, and which of them look like one and the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from invoice_desk.core.document_likeness import SAME_IMAGE, Likeness
from invoice_desk.core.known_invoices import (
    KEY_NAMES,
    KnownInvoice,
    block_keys,
    image_distance,
    name_keys,
)
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.lists import listed
from invoice_desk.db.schema import (
    finding,
    invoice_pair,
    known_invoice,
    raw_table,
    source,
)

#: A key that so many invoices share tells none of them from the others.
MOST_SHARING = 30
_TEXTS = (
    *("number", "supplier_name", "supplier_vat_id", "supplier_registration"),
    *("iban", "bic", "currency", "document_class"),
)


@dataclass(frozen=True, slots=True)
class StoredPair:
    """Two invoices that look like one, and the findings that say so."""

    first_id: int
    second_id: int
    probability: float
    reason: str
    first_finding: int | None = None
    second_finding: int | None = None


def add_invoices(
    connection: Connection,
    invoices: Sequence[KnownInvoice],
    *,
    pass_id: int | None,
    standings: Sequence[str],
) -> None:
    """Add what is known of invoices; `standings` says of each how its IBAN stands."""
    if not invoices:
        return
    names = name_keys(each.supplier_name for each in invoices)
    days = [each.issue_date.isoformat() if each.issue_date else None for each in invoices]
    columns: dict[str, Sequence[Any]] = {
        "id": [each.id for each in invoices],
        "source_id": [each.source_id for each in invoices],
        "pass_id": [pass_id] * len(invoices),
        **{name: [getattr(each, name) for each in invoices] for name in _TEXTS},
        "supplier_key": names,
        "iban_standing": standings,
        "total": [None if each.total is None else f"{each.total:f}" for each in invoices],
        "issue_date": days,
        "is_trusted": [int(each.is_trusted) for each in invoices],
        **block_keys(invoices).to_pydict(),
    }
    # Plain tuples: a dictionary a row costs as much as all the rest.
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO known_invoice ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
    connection.exec_driver_sql(statement, list(zip(*columns.values(), strict=True)))


def invoices_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, KnownInvoice]:
    """Return id → invoice."""
    query = _ALL.where(known_invoice.c.id.in_(listed(sorted(set(ids)))))
    return {row.id: _record(row) for row in connection.execute(query)}


def table_passes(connection: Connection) -> dict[int, int | None]:
    """Return raw table → the pass whose rows are known; None as it was read, -1 if outdated."""
    table_id = known_invoice.c.id.op(">>")(ROW_BITS)
    query = select(table_id, func.min(known_invoice.c.pass_id)).group_by(table_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def partners_of_few(connection: Connection, ids: Sequence[int]) -> set[tuple[int, int]]:
    """Return pairs that share a key, one of them among `ids`; by the indexes."""
    keys = [known_invoice.c[name] for name in KEY_NAMES]
    rows = connection.execute(
        select(known_invoice.c.id, *keys).where(known_invoice.c.id.in_(listed(ids)))
    ).all()
    pairs: set[tuple[int, int]] = set()
    for own, *values in rows:
        for column, value in zip(keys, values, strict=True):
            if value is not None:
                query = select(known_invoice.c.id).where(column == value).limit(MOST_SHARING + 1)
                sharing = connection.execute(query).scalars().all()
                if len(sharing) <= MOST_SHARING:
                    pairs |= {_ordered(own, other) for other in sharing if other != own}
    return pairs | _same_image(connection, ids)


def _same_image(connection: Connection, ids: Sequence[int]) -> set[tuple[int, int]]:
    """Return pairs of scans whose first pages look the same, one of them among `ids`."""
    query = select(known_invoice.c.id, source.c.page_hash).join(
        source, source.c.id == known_invoice.c.source_id
    )
    hashed = query.where(source.c.page_hash.is_not(None))
    ours = connection.execute(hashed.where(known_invoice.c.id.in_(listed(ids)))).all()
    if not ours:
        return set()
    every = [(other, int(text, 16)) for other, text in connection.execute(hashed)]
    return {
        _ordered(own, other)
        for own, text in ours
        for other, theirs in every
        if other != own and image_distance(int(text, 16), theirs) <= SAME_IMAGE
    }


def keys_of_all(connection: Connection) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield for each kind of key the ids of all invoices that have one, and the keys."""
    for name in KEY_NAMES:
        column = known_invoice.c[name]
        query = select(known_invoice.c.id, column).where(column.is_not(None))
        rows = connection.execute(query).all()
        both = np.array([tuple(row) for row in rows], np.int64).reshape(-1, 2)
        yield both[:, 0], both[:, 1]


def _ordered(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def outdate_invoices(connection: Connection, table_id: int) -> None:
    """Record that rows of a raw table changed since its invoices were remembered."""
    base = table_id << ROW_BITS
    within = (known_invoice.c.id >= base, known_invoice.c.id < base + (1 << ROW_BITS))
    first = select(func.min(known_invoice.c.id)).where(*within).scalar_subquery()
    connection.execute(update(known_invoice).where(known_invoice.c.id == first).values(pass_id=-1))


def forget_invoices(connection: Connection, first_id: int, stop_id: int) -> None:
    """Forget the invoices with ids from `first_id` up to, not including, `stop_id`."""
    ids = select(known_invoice.c.id).where(
        known_invoice.c.id >= first_id, known_invoice.c.id < stop_id
    )
    forget_pairs(connection, ids)
    connection.execute(delete(known_invoice).where(known_invoice.c.id.in_(ids)))


def forget_invoices_of(source_id: int) -> list[Any]:
    """Return the statements that forget the invoices of a source, and what was said of others."""
    ids = select(known_invoice.c.id).where(known_invoice.c.source_id == source_id)
    mine = or_(invoice_pair.c.first_id.in_(ids), invoice_pair.c.second_id.in_(ids))
    return [
        delete(finding).where(finding.c.id.in_(select(invoice_pair.c.first_finding).where(mine))),
        delete(finding).where(finding.c.id.in_(select(invoice_pair.c.second_finding).where(mine))),
        delete(invoice_pair).where(mine),
        delete(known_invoice).where(known_invoice.c.source_id == source_id),
    ]


def forget_pairs(connection: Connection, ids: Any) -> None:
    """Forget the pairs in which one of `ids`, a list or a query, stands, with their findings."""
    query = ids if not isinstance(ids, list) else listed(ids)
    mine = or_(invoice_pair.c.first_id.in_(query), invoice_pair.c.second_id.in_(query))
    pairs = connection.execute(select(invoice_pair).where(mine)).all()
    found = [number for row in pairs for number in (row.first_finding, row.second_finding)]
    delete_findings(connection, [number for number in found if number is not None])
    connection.execute(delete(invoice_pair).where(mine))


def delete_findings(connection: Connection, ids: Sequence[int]) -> None:
    """Delete findings by their ids."""
    if ids:
        connection.execute(delete(finding).where(finding.c.id.in_(listed(ids))))


def add_finding(connection: Connection, **values: Any) -> int:
    """Add one finding and return its id."""
    key = connection.execute(insert(finding).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def add_pair(
    connection: Connection,
    one: int,
    other: int,
    likeness: Likeness,
    findings: tuple[int | None, int | None],
) -> None:
    """Add a pair, the smaller id first."""
    connection.execute(
        insert(invoice_pair).values(
            first_id=one,
            second_id=other,
            probability=likeness.probability,
            reason=likeness.reason,
            first_finding=findings[0],
            second_finding=findings[1],
        )
    )


def get_pair(connection: Connection, one: int, other: int) -> StoredPair | None:
    """Return the pair of two invoices, in whichever order they are named."""
    first, second = _ordered(one, other)
    query = select(invoice_pair).where(
        invoice_pair.c.first_id == first, invoice_pair.c.second_id == second
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else StoredPair(**row._mapping)


def list_pairs(connection: Connection, *, limit: int = 10_000) -> list[StoredPair]:
    """Return all pairs, the likeliest first."""
    query = select(invoice_pair).order_by(
        invoice_pair.c.probability.desc(), invoice_pair.c.first_id, invoice_pair.c.second_id
    )
    return [StoredPair(**row._mapping) for row in connection.execute(query.limit(limit))]


def set_pair_findings(
    connection: Connection, pair: StoredPair, findings: tuple[int | None, int | None]
) -> None:
    """Record which findings tell of a pair."""
    connection.execute(
        update(invoice_pair)
        .where(invoice_pair.c.first_id == pair.first_id)
        .where(invoice_pair.c.second_id == pair.second_id)
        .values(first_finding=findings[0], second_finding=findings[1])
    )


def places_of(connection: Connection, ids: Iterable[int]) -> dict[int, tuple[int, str, int]]:
    """Return id of an invoice → (source, its name, ordinal of the table in it)."""
    wanted = sorted(set(ids))
    tables = sorted({each >> ROW_BITS for each in wanted})
    query = (
        select(raw_table.c.id, source.c.id, source.c.name, raw_table.c.ordinal)
        .join(source, source.c.id == raw_table.c.source_id)
        .where(raw_table.c.id.in_(listed(tables)))
    )
    known = {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}
    return {each: known[each >> ROW_BITS] for each in wanted if each >> ROW_BITS in known}


def _record(row: Row[Any]) -> KnownInvoice:
    values = row._mapping
    return KnownInvoice(
        id=values["id"],
        source_id=values["source_id"],
        **{name: values[name] for name in _TEXTS},
        total=None if values["total"] is None else Decimal(values["total"]),
        issue_date=dt.date.fromisoformat(values["issue_date"]) if values["issue_date"] else None,
        page_hash=int(values["page_hash"], 16) if values["page_hash"] else None,
        is_trusted=bool(values["is_trusted"]),
    )


_ALL = select(known_invoice, source.c.page_hash).join(
    source, source.c.id == known_invoice.c.source_id
)
