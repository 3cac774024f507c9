"""Key figures by organisation, year and month, out of what is cleaned, against the objectives.

Revenue of the journal, of the billing system (with its adjustments, refunds and cancellations)
and of one-off sales are different things: each is a report of its own, never one sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from invoice_desk.core.aggregate_results import AggregateResult, LeftOut, exact_sum
from invoice_desk.core.aggregates import BUCKET, parse_request
from invoice_desk.core.cleaning import MAIN_BUCKET
from invoice_desk.core.kpis import (
    NO_COLLECTION,
    NO_REVENUE,
    WHOLE_YEAR,
    KpiLine,
    Period,
    by_rate,
    flop,
    make_line,
    target_of,
    top,
    whole_years,
)
from invoice_desk.core.lookups import looked_up
from invoice_desk.core.objectives import Objective, ObjectiveKind
from invoice_desk.db.engine import Connection, reading
from invoice_desk.db.objectives import list_objectives
from invoice_desk.errors import ArgumentError
from invoice_desk.services.computing import compute, scope_of
from invoice_desk.services.desk import Desk
from invoice_desk.services.matching import JOURNAL, matched_collections
from invoice_desk.services.objectives import NAMES
from invoice_desk.services.types import names_of_list

Amounts = dict[tuple[str, Period], Decimal]
_NO_PERIOD = Period(0)


@dataclass(frozen=True, slots=True)
class _Part:
    """Where an amount of a report comes from."""

    document_type: str
    organization: str
    amount: str
    date: str | None = None


@dataclass(frozen=True, slots=True)
class _Flow:
    """A report: amounts of one kind, from one type or from several that belong together.

    Attributes:
        invoiced: What was invoiced, by the date of the invoice; for the journal it is the revenue
            of the invoices that stand in the statement too, for there stands what was collected.
        collected: What was collected on those invoices, by the same date.
    """

    name: str
    kind: ObjectiveKind
    parts: tuple[_Part, ...]
    invoiced: _Part | None = None
    collected: _Part | None = None


_REVENUE, _COLLECTION = ObjectiveKind.REVENUE, ObjectiveKind.COLLECTION
#: Revenue is without tax; the journal's by its date in the ledger, as its fiscal year is.
_FLOWS = (
    _Flow(
        "journal_ventes",
        _REVENUE,
        (_Part("journal_ventes", "organization", "revenue_amount", "posting_date"),),
    ),
    _Flow(
        "etat_facture",
        _COLLECTION,
        (_Part("etat_facture", "organization", "collection_amount", "payment_date"),),
        invoiced=_Part("etat_facture", "organization", "total_amount", "issue_date"),
        collected=_Part("etat_facture", "organization", "collection_amount", "issue_date"),
    ),
    _Flow(
        "ca_periodique",
        _REVENUE,
        (
            _Part("ca_periodique", "dot", "net_amount"),
            _Part("ca_dnt", "dot", "net_amount", "entry_date"),
            _Part("ca_rfd", "dot", "net_amount", "entry_date"),
            _Part("ca_cnt", "dot", "net_amount", "entry_date"),
        ),
    ),
    _Flow("ca_non_periodique", _REVENUE, (_Part("ca_non_periodique", "dot", "net_amount"),)),
    _Flow(
        "ngbss_collection",
        _COLLECTION,
        (_Part("ngbss_collection", "dot", "collection_amount", "payment_date"),),
    ),
)


@dataclass(frozen=True, slots=True)
class KpiReport:
    """The key figures of one report.

    Attributes:
        document_type: What the report is named after.
        kind: Whether its amounts are revenue or collection.
        currency: Of all its amounts; objectives in another are not used.
        year: The year of `lines`; 0 when the files name no dates.
        years: All years that there are.
        lines: Whole year: one line an organisation, then the sum of all (no name).
        months: The months of the year, of each organisation and of all.
        none: Organisations that had amounts or objectives, and nothing in this year.
        left_out: Rows that were not counted, or lack their amount or date, by reason.
        missing_types: Types that belong to the report, of which nothing is cleaned.
        unknown_names: Organisations that the list of names does not know.
    """

    document_type: str
    kind: ObjectiveKind
    currency: str
    year: int
    years: tuple[int, ...]
    lines: tuple[KpiLine, ...]
    months: tuple[KpiLine, ...]
    top: tuple[KpiLine, ...]
    flop: tuple[KpiLine, ...]
    top_rates: tuple[KpiLine, ...]
    flop_rates: tuple[KpiLine, ...]
    none: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    missing_types: tuple[str, ...] = ()
    unknown_names: tuple[str, ...] = ()
    rows_counted: int = 0


def report_types() -> tuple[str, ...]:
    """Return the types that key figures are named after."""
    return tuple(flow.name for flow in _FLOWS)


def kpis(
    desk: Desk, *, document_type: str | None = None, year: int | None = None
) -> list[KpiReport]:
    """Return the key figures of one report, or of all of which something is cleaned.

    Raises:
        ArgumentError: If there is no such report, or nothing is cleaned for it.
    """
    if document_type is not None and document_type not in report_types():
        known = ", ".join(report_types())
        raise ArgumentError(f"There are no key figures of {document_type}. There are of: {known}.")
    names = names_of_list(desk, NAMES)
    found = []
    with reading(desk.engine) as connection:
        objectives = list_objectives(connection)
        for flow in _FLOWS:
            if document_type in {None, flow.name}:
                gathered = _Gathering(desk, connection, names).gather(flow)
                if gathered.rows:
                    found.append(_report(flow, gathered, objectives, year))
    if not found:
        wanted = document_type or "the types that they are made of"
        raise ArgumentError(f"There are no key figures yet: nothing of {wanted} is cleaned.")
    return found


# --- gathering ------------------------------------------------------------------------


@dataclass(slots=True)
class _Gathered:
    """What the parts of a report come to, by organisation and month."""

    amounts: Amounts = field(default_factory=dict)
    invoiced: Amounts = field(default_factory=dict)
    collected: Amounts = field(default_factory=dict)
    left_out: Counter[tuple[tuple[str, ...], str | None, str]] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)
    rows: int = 0


@dataclass(slots=True)
class _Gathering:
    desk: Desk
    connection: Connection
    names: Mapping[str, str]

    def gather(self, flow: _Flow) -> _Gathered:
        """Return the amounts of a report."""
        found = _Gathered()
        # Where one part names no dates, the sum of all has none either.
        is_dated = all(part.date for part in flow.parts)
        for part in flow.parts:
            result = self._computed(part, with_date=is_dated)
            if result is None:
                found.missing.append(part.document_type)
                continue
            self._add(found, found.amounts, part, result)
            found.rows += result.rows_counted
            self._note(found, result)
        for other, into in ((flow.invoiced, found.invoiced), (flow.collected, found.collected)):
            result = self._computed(other, with_date=True) if other else None
            if other is not None and result is not None:
                self._add(found, into, other, result, noted=False)
        if flow.name == JOURNAL:
            matched = matched_collections(self.connection, self.desk.types, self.names)
            found.invoiced, found.collected = matched
        return found

    def _computed(self, part: _Part, *, with_date: bool) -> AggregateResult | None:
        """Return the sums of a part; None when nothing of its type is cleaned."""
        made = self.desk.types.get(part.document_type)
        if made is None:
            return None
        try:
            scope_of(self.connection, made, job_id=None)
        except ArgumentError:
            return None
        keys = [part.organization, *([f"{part.date}.month"] if with_date else [])]
        keys += [BUCKET] if made.buckets else []
        request = parse_request(made, [f"sum:{part.amount}"], keys)
        return compute(self.connection, made, request)

    def _add(
        self,
        found: _Gathered,
        into: Amounts,
        part: _Part,
        result: AggregateResult,
        *,
        noted: bool = True,
    ) -> None:
        """Add up the groups of a part under canonical names; note what is in no period."""
        places = {name: place for place, name in enumerate(result.group_by)}
        sums: dict[tuple[str, Period], list[Decimal]] = {}
        for group in result.groups:
            bucket = group.keys[places[BUCKET]] if BUCKET in places else None
            month = (
                group.keys[places[f"{part.date}.month"]] if f"{part.date}.month" in places else ""
            )
            if bucket not in {None, MAIN_BUCKET} or month is None:
                where = part.document_type
                reason = ("no_period",) if month is None else ("other_bucket",)
                detail = where if month is None else f"{where}: {bucket}"
                found.left_out[reason, None, detail] += group.rows * noted
                continue
            period = Period(int(month[:4]), int(month[5:7])) if month else _NO_PERIOD
            organization = self._name(group.keys[places[part.organization]], found)
            amount = group.values[0]
            if isinstance(amount, Decimal):
                sums.setdefault((organization, period), []).append(amount)
        for key, amounts in sums.items():
            into[key] = exact_sum([into.get(key, Decimal(0)), *amounts])
        found.currencies.add(result.currencies[0])

    def _name(self, text: str | None, found: _Gathered) -> str:
        name = looked_up(text, self.names)
        if name is None:
            found.unknown.add(text or "?")
        return name or text or "?"

    @staticmethod
    def _note(found: _Gathered, result: AggregateResult) -> None:
        for left in (*result.left_out, *result.missing):
            found.left_out[left.reasons, left.field, result.document_type] += left.rows


# --- the report -----------------------------------------------------------------------


@dataclass(slots=True)
class _Lines:
    """Makes lines of sums by organisation and period; the empty name is all together."""

    kind: ObjectiveKind
    amounts: Amounts
    targets: Amounts
    invoiced: Amounts
    collected: Amounts

    def make(self, names: Iterable[str], periods: Sequence[Period]) -> list[KpiLine]:
        """Return a line for each of these in each period."""
        return [self._line(name, period) for name in names for period in periods]

    def _line(self, name: str, period: Period) -> KpiLine:
        return make_line(
            name,
            period,
            self.amounts.get((name, period), Decimal(0)),
            nothing=NO_REVENUE if self.kind is _REVENUE else NO_COLLECTION,
            previous=self.amounts.get((name, period.before)),
            target=self._target(name, period),
            invoiced=self.invoiced.get((name, period)),
            collected=self.collected.get((name, period)),
        )

    def _target(self, name: str, period: Period) -> Decimal | None:
        """Return an objective; that of all together needs one of each that has an amount."""
        if name:
            return target_of(self.targets, (name, period))
        known = {one for one, when in self.amounts if when == period and one}
        each = [target_of(self.targets, (one, period)) for one in sorted(known)]
        there = [target for target in each if target is not None]
        return exact_sum(there) if there and len(there) == len(each) else None


def _report(
    flow: _Flow, found: _Gathered, objectives: Sequence[Objective], year: int | None
) -> KpiReport:
    amounts = whole_years(found.amounts)
    years = tuple(sorted({period.year for _, period in amounts}))
    chosen = year if year is not None and years != (0,) else years[-1] if years else 0
    currency = ", ".join(sorted(found.currencies))
    targets = {
        (one.organization, one.period): one.amount
        for one in objectives
        if one.kind is flow.kind and one.currency == currency
    }
    invoiced, collected = whole_years(found.invoiced), whole_years(found.collected)
    lines = _Lines(flow.kind, amounts, targets, invoiced, collected)
    periods = sorted({p for _, p in amounts if p.year == chosen and p.month != WHOLE_YEAR})
    names = sorted(
        {name for name, _ in (*amounts, *invoiced)} | {n for n, p in targets if p.year == chosen}
    )
    whole = lines.make([*(n for n in names if n), ""], [Period(chosen)])
    each = [line for line in whole if line.organization]
    months = lines.make([*(n for n in names if n), ""], periods)
    is_rated = bool(found.invoiced)
    return KpiReport(
        document_type=flow.name,
        kind=flow.kind,
        currency=currency,
        year=chosen,
        years=years,
        lines=tuple(whole),
        months=tuple(months),
        top=top(each),
        flop=flop(each),
        top_rates=by_rate(each, highest=True) if is_rated else (),
        flop_rates=by_rate(each, highest=False) if is_rated else (),
        none=tuple(line.organization for line in each if line.amount == 0),
        left_out=tuple(
            LeftOut(reasons, rows, name, detail)
            for (reasons, name, detail), rows in found.left_out.items()
            if rows
        ),
        missing_types=tuple(found.missing),
        unknown_names=tuple(sorted(found.unknown)),
        rows_counted=found.rows,
    )
