"""Reports as a person reads them: headings, rows, and the lines below that account for all rows."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication

from invoice_desk.core.aggregate_results import REASONS, AggregateResult, Group, LeftOut
from invoice_desk.core.aggregates import BY_ROW, CURRENCY, UNKNOWN_CURRENCY
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.kpis import (
    ACHIEVEMENT_FLAG,
    EVOLUTION_FLAG,
    NO_COLLECTION,
    NO_REVENUE,
    KpiLine,
)
from invoice_desk.services.kpis import KpiReport
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP
from invoice_desk.ui.report_grid import Cell, GridContent
from invoice_desk.ui.texts import amount, field_label, finding, number

_FUNCTIONS = {
    "count": QT_TRANSLATE_NOOP("reports", "Number of {0}"),
    "sum": QT_TRANSLATE_NOOP("reports", "Sum of {0}"),
    "avg": QT_TRANSLATE_NOOP("reports", "Average of {0}"),
    "min": QT_TRANSLATE_NOOP("reports", "Least {0}"),
    "max": QT_TRANSLATE_NOOP("reports", "Greatest {0}"),
}
_PARTS = {
    "year": QT_TRANSLATE_NOOP("reports", "{0}, year"),
    "month": QT_TRANSLATE_NOOP("reports", "{0}, month"),
    "day": QT_TRANSLATE_NOOP("reports", "{0}, day"),
}
_FLAGS = {
    EVOLUTION_FLAG: QT_TRANSLATE_NOOP("reports", "more than 20 % up or down"),
    ACHIEVEMENT_FLAG: QT_TRANSLATE_NOOP("reports", "less than 80 % of the objective"),
    NO_REVENUE: QT_TRANSLATE_NOOP("reports", "no revenue"),
    NO_COLLECTION: QT_TRANSLATE_NOOP("reports", "nothing collected"),
}
#: So many reasons are told in the line below a report; its tip has all.
_MOST_REASONS = 4


def _tr(text: str) -> str:
    return QCoreApplication.translate("reports", text)


def function_words() -> dict[str, str]:
    """Return function → its name, for a choice."""
    return {
        "sum": _tr(QT_TRANSLATE_NOOP("reports", "Sum")),
        "count": _tr(QT_TRANSLATE_NOOP("reports", "Number of rows")),
        "avg": _tr(QT_TRANSLATE_NOOP("reports", "Average")),
        "min": _tr(QT_TRANSLATE_NOOP("reports", "Least")),
        "max": _tr(QT_TRANSLATE_NOOP("reports", "Greatest")),
    }


def key_label(name: str) -> str:
    """Return what rows are grouped by, as in `Issue date, month`."""
    field, _, part = name.partition(".")
    return _tr(_PARTS[part]).format(field_label(field)) if part in _PARTS else field_label(field)


def figure_label(name: str, currency: str) -> str:
    """Return a figure with its currency, as in `Sum of total amount (DZD)`."""
    function, _, field = name.partition(":")
    if not field:
        text = _tr(QT_TRANSLATE_NOOP("reports", "Rows")) if function == "count" else name
    else:
        text = _tr(_FUNCTIONS[function]).format(field_label(field).lower())
    if currency in {"", BY_ROW}:
        return text
    if currency == UNKNOWN_CURRENCY:
        currency = _tr(QT_TRANSLATE_NOOP("reports", "currency unknown"))
    return f"{text} ({currency})"


def result_content(result: AggregateResult) -> GridContent:
    """Return the groups of a result, and the sums of all below them where there are several."""
    figures = zip(result.figures, result.currencies, strict=True)
    headings = (*map(key_label, result.group_by), *(figure_label(n, c) for n, c in figures))
    rows = [_row(result, group) for group in result.groups]
    if len(result.groups) > 1:
        rows += [_total(result, group) for group in result.totals]
    texts = (False,) * len(result.group_by)
    return GridContent(headings, tuple(rows), (*texts, *result.numeric))


def _row(result: AggregateResult, group: Group) -> tuple[Cell, ...]:
    keys = zip(result.group_by, group.keys, strict=True)
    return (*(_key(name, key) for name, key in keys), *group.values)


def _key(name: str, key: str | None) -> Cell:
    if key is None and name == CURRENCY:
        return _tr(QT_TRANSLATE_NOOP("reports", "unknown"))
    return key


def _total(result: AggregateResult, group: Group) -> tuple[Cell, ...]:
    keys: list[Cell] = [None] * len(result.group_by)
    if keys:
        keys[0] = _tr(QT_TRANSLATE_NOOP("reports", "All"))
    if group.keys and CURRENCY in result.group_by:
        keys[result.group_by.index(CURRENCY)] = _key(CURRENCY, group.keys[0])
    return (*keys, *group.values)


def account(result: AggregateResult, made: DocumentType | None) -> tuple[str, str]:
    """Return the line below a report, and the whole of it for the tip."""
    seen = _tr(QT_TRANSLATE_NOOP("reports", "{0} rows seen = {1} counted + {2} left out."))
    first = seen.format(
        number(result.rows_seen), number(result.rows_counted), number(result.rows_left_out)
    )
    why = [_told(left, made) for left in (*result.left_out, *result.missing)]
    good = sum(control.agrees for control in result.controls)
    agree = _tr(QT_TRANSLATE_NOOP("reports", "{0} of {1} control totals agree."))
    last = [agree.format(number(good), number(len(result.controls)))]
    differ = _tr(QT_TRANSLATE_NOOP("reports", "{0}: {1} expected, {2} found."))
    last += [
        differ.format(control.name, amount(control.expected), amount(control.found))
        for control in result.controls
        if not control.agrees
    ]
    rounding = QCoreApplication.translate("reports", result.rounding) if result.rounding else ""
    return _joined([first], why, [*last, rounding])


def _joined(first: list[str], why: list[str], last: list[str]) -> tuple[str, str]:
    more = len(why) - _MOST_REASONS
    told = why[:_MOST_REASONS]
    if more > 0:
        text = _tr(QT_TRANSLATE_NOOP("reports", "And {0} more reasons."))
        told.append(text.format(number(more)))
    whole = "\n".join(part for part in (*first, *why, *last) if part)
    return " ".join(part for part in (*first, *told, *last) if part), whole


def _told(left: LeftOut, made: DocumentType | None) -> str:
    """Return how many rows were left out, and why."""
    types = [made] if made else []
    why = " ".join(
        QCoreApplication.translate("findings", REASONS[code])
        if code in REASONS
        else finding(code, types)
        for code in left.reasons
    )
    bucket = left.detail.partition(": ")[2]
    why += f" ({bucket})" if bucket else ""
    if left.field:
        text = _tr(QT_TRANSLATE_NOOP("reports", "{0} rows without {1}: {2}"))
        return text.format(number(left.rows), field_label(left.field).lower(), why)
    return _tr(QT_TRANSLATE_NOOP("reports", "{0} rows: {1}")).format(number(left.rows), why)


def kpi_content(report: KpiReport) -> GridContent:
    """Return the lines of key figures: the year of each organisation, then the months of all."""
    headings = (
        _tr(QT_TRANSLATE_NOOP("reports", "Organisation")),
        _tr(QT_TRANSLATE_NOOP("reports", "Period")),
        f"{field_label(report.kind.value)} ({report.currency})",
        _tr(QT_TRANSLATE_NOOP("reports", "Year before")),
        _tr(QT_TRANSLATE_NOOP("reports", "Evolution %")),
        _tr(QT_TRANSLATE_NOOP("reports", "Objective")),
        _tr(QT_TRANSLATE_NOOP("reports", "Achievement %")),
        _tr(QT_TRANSLATE_NOOP("reports", "Invoiced")),
        _tr(QT_TRANSLATE_NOOP("reports", "Collection rate %")),
        _tr(QT_TRANSLATE_NOOP("reports", "Look at")),
    )
    rows = tuple(_kpi_row(line) for line in (*report.lines, *report.months))
    return GridContent(headings, rows, (False, False, *(True,) * 7, False))


def _kpi_row(line: KpiLine) -> tuple[Cell, ...]:
    period = line.period
    when = f"{period.year:04}-{period.month:02}" if period.month else str(period.year or "")
    return (
        line.organization or _tr(QT_TRANSLATE_NOOP("reports", "All")),
        when,
        line.amount,
        line.previous,
        line.evolution,
        line.target,
        line.achievement,
        line.invoiced,
        line.collection_rate,
        ", ".join(_tr(_FLAGS[flag]) for flag in line.flags),
    )


def kpi_account(report: KpiReport, types: Iterable[DocumentType]) -> tuple[str, str]:
    """Return the line below key figures, and the whole of it for the tip."""
    known = {made.name: made for made in types}
    first = [
        _tr(QT_TRANSLATE_NOOP("reports", "{0} rows counted.")).format(number(report.rows_counted))
    ]
    for text, lines in (
        (QT_TRANSLATE_NOOP("reports", "Highest: {0}."), report.top),
        (QT_TRANSLATE_NOOP("reports", "Lowest: {0}."), report.flop),
    ):
        names = ", ".join(line.organization for line in lines)
        first += [_tr(text).format(names)] if names else []
    for text, names in (
        (QT_TRANSLATE_NOOP("reports", "Nothing at all: {0}."), ", ".join(report.none)),
        (
            QT_TRANSLATE_NOOP("reports", "Not whole, nothing is cleaned of: {0}."),
            ", ".join(known[name].title for name in report.missing_types if name in known),
        ),
        (
            QT_TRANSLATE_NOOP("reports", "Not in the list of names: {0}."),
            ", ".join(report.unknown_names),
        ),
    ):
        first += [_tr(text).format(names)] if names else []
    why = [_told(left, known.get(left.detail.partition(":")[0])) for left in report.left_out]
    return _joined(first, why, [])
