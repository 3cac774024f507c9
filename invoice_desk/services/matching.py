"""Invoices of the journal and what the statement says was collected on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from invoice_desk.core.aggregate_results import exact_sum, scaled
from invoice_desk.core.aggregates import BUCKET, Function, GroupKey
from invoice_desk.core.cleaning import MAIN_BUCKET
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.kpis import Period
from invoice_desk.core.lookups import looked_up
from invoice_desk.core.text import folded
from invoice_desk.db.aggregates import Sums, group_rows
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import Connection
from invoice_desk.errors import ArgumentError
from invoice_desk.services.computing import scope_of

JOURNAL, STATEMENT = "journal_ventes", "etat_facture"
_INVOICE = (GroupKey("organization"), GroupKey("invoice_number"), GroupKey("invoice_type"))
_Key = tuple[str, str, str]
Amounts = dict[tuple[str, Period], Decimal]


def matched_collections(
    connection: Connection, types: Mapping[str, DocumentType], names: Mapping[str, str]
) -> tuple[Amounts, Amounts]:
    """Return revenue, and what was collected, of the invoices that stand in both.

    Both by organisation and by the month of the journal; empty when one of the two is not
    cleaned.  An invoice is known by organisation, number and type, without case and accents.

    Args:
        connection: Where to read.
        types: The document types of the desk.
        names: Folded spelling → canonical name of organisations.
    """
    revenue: dict[_Key, list[Decimal]] = {}
    months: dict[_Key, Period] = {}
    month = GroupKey("posting_date", "month")
    journal = _Invoices(connection, types.get(JOURNAL), names, "revenue_amount", (month,))
    for key, sums, amount in journal.read():
        when, bucket = sums.keys[3], sums.keys[4] if len(sums.keys) > 4 else None
        if when is None or bucket not in {None, MAIN_BUCKET}:
            continue
        period = Period(int(when[:4]), int(when[5:7]))
        revenue.setdefault(key, []).append(amount)
        months[key] = min(period, months.get(key, period))
    collected: dict[_Key, list[Decimal]] = {}
    statement = _Invoices(connection, types.get(STATEMENT), names, "collection_amount")
    for key, _, amount in statement.read():
        if key in revenue:
            collected.setdefault(key, []).append(amount)
    matched = {key: revenue[key] for key in collected}
    return _by_period(matched, months), _by_period(collected, months)


@dataclass(frozen=True, slots=True)
class _Invoices:
    """The invoices of a type with the sum of a field."""

    connection: Connection
    made: DocumentType | None
    names: Mapping[str, str]
    field: str
    more: tuple[GroupKey, ...] = ()

    def read(self) -> Iterator[tuple[_Key, Sums, Decimal]]:
        """Yield them; nothing where none is cleaned."""
        made = self.made
        if made is None:
            return
        try:
            scope = scope_of(self.connection, made, job_id=None)
        except ArgumentError:
            return
        buckets = [GroupKey(BUCKET)] if made.buckets and self.more else []
        found = group_rows(
            self.connection,
            clean_table(made),
            scope.pass_ids,
            keys=[*_INVOICE, *self.more, *buckets],
            wanted=[(Function.SUM, self.field)],
        )
        for sums in found:
            total, count = sums.values[Function.SUM, self.field]
            if sums.keys[1] and count:
                yield self._key(sums), sums, scaled(total, made.field(self.field).scale)

    def _key(self, sums: Sums) -> _Key:
        organization, number, kind = sums.keys[:3]
        name = looked_up(organization, self.names) or organization or "?"
        return name, folded(number or ""), folded(kind or "")


def _by_period(amounts: Mapping[_Key, list[Decimal]], months: Mapping[_Key, Period]) -> Amounts:
    parts: dict[tuple[str, Period], list[Decimal]] = {}
    for key, values in amounts.items():
        parts.setdefault((key[0], months[key]), []).extend(values)
    return {key: exact_sum(values) for key, values in parts.items()}
