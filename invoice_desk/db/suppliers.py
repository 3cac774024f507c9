"""What the desk remembers of a supplier: of the invoices that it trusts, not of every reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from invoice_desk.core.known_invoices import name_key
from invoice_desk.core.number_patterns import number_pattern
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.db.desk_decisions import IBAN, standing_decisions
from invoice_desk.db.schema import known_invoice

#: How an account stands: had before or confirmed, the first of a supplier, or another.
KNOWN, FIRST, CHANGED = "known", "first", "changed"
#: The newest invoices tell how a supplier's look now.
_NEWEST = 500
#: Names less alike than this are of two suppliers, whatever else they share.
_ALIKE = 55


@dataclass(frozen=True, slots=True)
class KnownSupplier:
    """What a supplier's trusted invoices had; lists have the most usual first.

    Attributes:
        key: The VAT id, else the registration, else the name as it is compared.
        number_patterns: Invoice numbers with 9 for a digit and A for a letter, as `AA-9999/999`.
        usual_total: The median of the totals.
        invoices: How many it is told by.
    """

    key: str
    names: tuple[str, ...] = ()
    vat_ids: tuple[str, ...] = ()
    registrations: tuple[str, ...] = ()
    ibans: tuple[str, ...] = ()
    bics: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    number_patterns: tuple[str, ...] = ()
    usual_total: Decimal | None = None
    least_total: Decimal | None = None
    greatest_total: Decimal | None = None
    invoices: int = 0


def supplier_key(*, name: str = "", vat_id: str = "", registration: str = "") -> str:
    """Return what a supplier is known by: VAT id, else registration, else name; "" for nobody."""
    for kind, text in (("vat", _bare(vat_id)), ("reg", _bare(registration))):
        if text:
            return f"{kind}:{text}"
    key = name_key(name)
    return f"name:{key}" if key else ""


def known_supplier(
    connection: Connection,
    *,
    name: str = "",
    vat_id: str = "",
    registration: str = "",
    iban: str = "",
    but_table: int | None = None,
) -> KnownSupplier | None:
    """Return what is known of a supplier; None when no trusted invoice is of it.

    Args:
        connection: Where to read.
        name: As written; compared without case, accents and legal form.
        vat_id: Of the supplier; one of the same name with another VAT id is another.
        registration: SIREN, SIRET, or a commercial register's number.
        iban: Asked for only where nothing else is known.
        but_table: A raw table whose invoices do not count.
    """
    test = _test(name=name, vat_id=_bare(vat_id), registration=_bare(registration), iban=iban)
    key = supplier_key(name=name, vat_id=vat_id, registration=registration)
    if test is None:
        return None
    query = select(known_invoice).where(test, known_invoice.c.is_trusted)
    if but_table is not None:
        base = but_table << ROW_BITS
        within = (known_invoice.c.id >= base) & (known_invoice.c.id < base + (1 << ROW_BITS))
        query = query.where(~within)
    newest = connection.execute(query.order_by(known_invoice.c.id.desc()).limit(_NEWEST))
    own = name_key(name)
    rows = [row for row in newest if _may_be(own, row.supplier_key)]
    confirmed = confirmed_ibans(connection, key)
    if not rows and not confirmed:
        return None
    return _told(key, [dict(row._mapping) for row in rows], confirmed)


def confirmed_ibans(connection: Connection, key: str) -> tuple[str, ...]:
    """Return the accounts that people confirmed as this supplier's."""
    found = standing_decisions(connection, kinds=(IBAN,), one=key) if key else []
    return tuple(decision.other for decision in found)


def _test(*, name: str, vat_id: str, registration: str, iban: str) -> ColumnElement[bool] | None:
    columns = known_invoice.c
    tests: list[ColumnElement[bool]] = []
    if vat_id:
        tests.append(columns.supplier_vat_id == vat_id)
    if registration:
        tests.append(columns.supplier_registration == registration)
    if key := name_key(name):
        named = [columns.supplier_key == key]
        if vat_id:
            named.append(columns.supplier_vat_id.in_(("", vat_id)))
        tests.append(and_(*named))
    if not tests and iban:
        tests.append(columns.iban == _bare(iban))
    return or_(*tests) if tests else None


def _may_be(one: str, other: str) -> bool:
    """Return whether two names can be one supplier's.

    An id that was misread, such as the customer's, would else bind strangers together.
    """
    if not one or not other or one in other or other in one:
        return True
    return fuzz.ratio(one, other) >= _ALIKE


def _told(key: str, rows: list[dict[str, Any]], confirmed: Iterable[str]) -> KnownSupplier:
    totals = sorted(abs(Decimal(row["total"])) for row in rows if row["total"])
    sound = [row for row in rows if row["iban_standing"] != CHANGED]
    ibans = dict.fromkeys([*confirmed, *_usual(row["iban"] for row in sound)])
    return KnownSupplier(
        key,
        names=_usual(row["supplier_name"] for row in rows),
        vat_ids=_usual(row["supplier_vat_id"] for row in rows),
        registrations=_usual(row["supplier_registration"] for row in rows),
        ibans=tuple(ibans),
        bics=_usual(row["bic"] for row in sound),
        currencies=_usual(row["currency"] for row in rows),
        number_patterns=_usual(number_pattern(row["number"]) for row in rows),
        usual_total=totals[len(totals) // 2] if totals else None,
        least_total=totals[0] if totals else None,
        greatest_total=totals[-1] if totals else None,
        invoices=len(rows),
    )


def _usual(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text, _ in Counter(t for t in texts if t).most_common(10))


def _bare(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum())


def tables_with_iban(connection: Connection, iban: str) -> list[int]:
    """Return the raw tables in which an account stands."""
    table_id = known_invoice.c.id.op(">>")(ROW_BITS)
    query = select(table_id).where(known_invoice.c.iban == iban).distinct().order_by(table_id)
    return list(connection.execute(query).scalars())


def doubt_iban(connection: Connection, iban: str) -> None:
    """Call an account changed wherever it was called known; where it was the first it stays so."""
    connection.execute(
        update(known_invoice)
        .where(known_invoice.c.iban == iban, known_invoice.c.iban_standing == KNOWN)
        .values(iban_standing=CHANGED)
    )


def list_supplier_names(connection: Connection, *, limit: int = 1000) -> list[tuple[str, str, int]]:
    """Return (name, VAT id, trusted invoices) of suppliers, those with most invoices first."""
    columns = known_invoice.c
    count = func.count()
    query = (
        select(func.max(columns.supplier_name), func.max(columns.supplier_vat_id), count)
        .where(columns.is_trusted, columns.supplier_key != "")
        .group_by(columns.supplier_key)
        .order_by(count.desc(), columns.supplier_key)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]
