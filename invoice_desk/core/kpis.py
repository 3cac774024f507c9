"""Key figures of revenue and collection: evolution, achievement, collection rate, top and flop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoice_desk.core.aggregate_results import digits_of, exact_sum, units

#: Percentages have this many digits after the mark.
PERCENT_DIGITS = 2
#: Beyond these a figure is flagged.
GREAT_EVOLUTION, LOW_ACHIEVEMENT = Decimal(20), Decimal(80)
#: How many of the highest and lowest are named.
TOP = 5
WHOLE_YEAR = 0

EVOLUTION_FLAG, ACHIEVEMENT_FLAG = "evolution", "achievement"
NO_REVENUE, NO_COLLECTION = "no_revenue", "no_collection"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A year, or a month of it; 0 stands for the whole year, and year 0 for no period at all."""

    year: int
    month: int = WHOLE_YEAR

    @property
    def before(self) -> Period:
        """Return the same period of the year before."""
        return Period(self.year - 1, self.month)


@dataclass(frozen=True, slots=True)
class KpiLine:
    """The key figures of one organisation in one period; None where they have no meaning.

    Attributes:
        organization: Its canonical name; empty for all together.
        amount: Revenue or collection, as the report says.
        previous: The same in the same period of the year before; None where nothing is known.
        target: The objective, None where there is none.
        invoiced: What was invoiced in the period, with tax; only where collections are known.
        collected: What was collected on the invoices of the period.
        flags: What a person should look at.
    """

    organization: str
    period: Period
    amount: Decimal
    previous: Decimal | None = None
    evolution: Decimal | None = None
    target: Decimal | None = None
    achievement: Decimal | None = None
    invoiced: Decimal | None = None
    collected: Decimal | None = None
    collection_rate: Decimal | None = None
    flags: tuple[str, ...] = ()


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return part of whole in percent, rounded half up; None when the whole is 0."""
    if whole == 0:
        return None
    # Both as whole numbers of the smaller unit, so that the quotient is exact before rounding.
    digits = max(digits_of(part), digits_of(whole))
    above, below = units(part, digits), units(whole, digits)
    is_negative = (above < 0) != (below < 0)
    wide = abs(above) * 100 * 10**PERCENT_DIGITS * 2
    rounded = (wide // abs(below) + 1) // 2
    value = Decimal(rounded).scaleb(-PERCENT_DIGITS)
    return -value if is_negative and rounded else value


def evolution(current: Decimal, previous: Decimal | None) -> Decimal | None:
    """Return (current - previous) / previous in percent; None without a previous amount."""
    if previous is None:
        return None
    return percent(exact_sum([current, previous.copy_negate()]), previous)


def achievement(current: Decimal, target: Decimal | None) -> Decimal | None:
    """Return current / target in percent; None without a target."""
    return None if target is None else percent(current, target)


def collection_rate(collected: Decimal | None, invoiced: Decimal | None) -> Decimal | None:
    """Return what was collected of what was invoiced, in percent; None when nothing was."""
    return None if collected is None or invoiced is None else percent(collected, invoiced)


def make_line(
    organization: str,
    period: Period,
    amount: Decimal,
    *,
    nothing: str,
    previous: Decimal | None = None,
    target: Decimal | None = None,
    invoiced: Decimal | None = None,
    collected: Decimal | None = None,
) -> KpiLine:
    """Return a line with its percentages and flags; `nothing` is the flag of an amount of 0."""
    change, reached = evolution(amount, previous), achievement(amount, target)
    flags = []
    if change is not None and abs(change) > GREAT_EVOLUTION:
        flags.append(EVOLUTION_FLAG)
    if reached is not None and reached < LOW_ACHIEVEMENT:
        flags.append(ACHIEVEMENT_FLAG)
    if amount == 0:
        flags.append(nothing)
    return KpiLine(
        organization=organization,
        period=period,
        amount=amount,
        previous=previous,
        evolution=change,
        target=target,
        achievement=reached,
        invoiced=invoiced,
        collected=collected,
        collection_rate=collection_rate(collected, invoiced),
        flags=tuple(flags),
    )


def whole_years(amounts: Mapping[tuple[str, Period], Decimal]) -> dict[tuple[str, Period], Decimal]:
    """Return amounts of months together with their sums over each year, and over all."""
    parts: dict[tuple[str, Period], list[Decimal]] = {}
    for (organization, period), amount in amounts.items():
        for who in (organization, ""):
            for when in {period, Period(period.year)}:
                parts.setdefault((who, when), []).append(amount)
    return {key: exact_sum(values) for key, values in parts.items()}


def target_of(
    targets: Mapping[tuple[str, Period], Decimal], key: tuple[str, Period]
) -> Decimal | None:
    """Return the objective of an organisation in a period.

    That of a year is the one that was set for it, or the sum of its twelve months if all are set.
    """
    organization, period = key
    if key in targets or period.month != WHOLE_YEAR:
        return targets.get(key)
    months = [targets.get((organization, Period(period.year, month))) for month in range(1, 13)]
    known = [month for month in months if month is not None]
    return exact_sum(known) if len(known) == 12 else None


def top(lines: Iterable[KpiLine], count: int = TOP) -> tuple[KpiLine, ...]:
    """Return the organisations with the highest amounts, the highest first."""
    return tuple(sorted(lines, key=lambda line: (-line.amount, line.organization))[:count])


def flop(lines: Iterable[KpiLine], count: int = TOP) -> tuple[KpiLine, ...]:
    """Return the organisations with the lowest amounts, the lowest first."""
    return tuple(sorted(lines, key=lambda line: (line.amount, line.organization))[:count])


def by_rate(lines: Sequence[KpiLine], *, highest: bool, count: int = TOP) -> tuple[KpiLine, ...]:
    """Return the organisations with the highest or lowest collection rates."""
    rated = [line for line in lines if line.collection_rate is not None]
    sign = -1 if highest else 1
    rated.sort(key=lambda line: (sign * (line.collection_rate or 0), line.organization))
    return tuple(rated[:count])
