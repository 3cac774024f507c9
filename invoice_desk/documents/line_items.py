"""The lines of an invoice as they stand on its pages, and its tax by rate.

Words with boxes are enough, from a text layer or recognised; each value keeps its place.  What
cannot be read stays text, with a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from invoice_desk.core.amounts import amount_text
from invoice_desk.core.findings import AnomalyType, Finding, FindingCode, Severity
from invoice_desk.documents.column_roles import NUMERIC, TEXTS, Role
from invoice_desk.documents.line_arithmetic import Proof, proof_of, settled_roles
from invoice_desk.documents.line_values import Figure, figure_of, mark_of
from invoice_desk.documents.page import Line, Page, Word, box_around
from invoice_desk.documents.table_rows import LineTable, TableRow, tables_of

_CENT = Decimal("0.01")
#: Figures that are no money, which show only the decimals that they have.
_COUNTS = frozenset({Role.QUANTITY, Role.TAX_RATE, Role.DISCOUNT})
#: How sure a line is: by its heading alone, with its equation, and with the sum of all lines.
_READ, _MULTIPLIES, _SUMS, _BOTH = 0.6, 0.8, 0.9, 0.97


@dataclass(frozen=True, slots=True)
class LineValue:
    """A value of a line as it stands on the page.

    Attributes:
        value: A plain decimal for numbers, empty while undecided; the text otherwise.
        text: The words on the page.
    """

    value: str
    text: str
    confidence: float
    page: int
    box: tuple[float, float, float, float]
    engine: str


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line of an invoice, canonical field → value."""

    fields: Mapping[str, LineValue]
    confidence: float

    @property
    def values(self) -> dict[str, str]:
        """Return field → plain value, without those that are undecided."""
        return {name: each.value for name, each in self.fields.items() if each.value}

    def number(self, name: str) -> Decimal | None:
        """Return the number of a field."""
        each = self.fields.get(name)
        return Decimal(each.value) if each is not None and each.value else None


@dataclass(frozen=True, slots=True)
class LineReading:
    """The lines of a document.

    Attributes:
        taxes: Tax by rate: `base`, `tax_rate`, `amount`, as far as they are stated.
        confidence: That of the surest statement about all lines, 0 without lines.
        lines_total: A total on the page that is the sum of the lines.
    """

    lines: tuple[LineItem, ...] = ()
    taxes: tuple[Mapping[str, LineValue], ...] = ()
    findings: tuple[Finding, ...] = ()
    confidence: float = 0.0
    lines_total: LineValue | None = None


@dataclass(frozen=True, slots=True)
class _ReadRow:
    """A row of a table with its figures by column."""

    row: TableRow
    figures: Mapping[int, Figure]


def read_lines(pages: Sequence[Page]) -> LineReading:
    """Return the lines of an invoice, those of all its pages together."""
    engines = {page.number: page.engine for page in pages}
    tables = [table for table in tables_of(pages) if table.rows]
    read = [_lines_of(table, engines) for table in tables]
    found = max(read, key=_weight, default=LineReading())
    return found


def _weight(reading: LineReading) -> tuple[int, float]:
    return len(reading.lines), reading.confidence


def _lines_of(table: LineTable, engines: Mapping[int, str]) -> LineReading:
    """Return the lines of one table."""
    roles = [column.role for column in table.columns]
    texts = [row.text(i) for row in table.rows for i in row.cells if roles[i] in NUMERIC]
    mark = mark_of([*texts, *(word.text for line in table.rest for word in line.words)])
    rows = [_ReadRow(row, _figures(row, roles, mark)) for row in table.rows]
    better = settled_roles([each.figures for each in rows if not each.row.after_total], roles)
    roles = list(better or roles)
    items: list[LineItem] = []
    findings: list[Finding] = []
    for each in rows:
        item = _item(each, roles, engines)
        if item is not None:
            items.append(item)
    total = _total_of(items, table.rest, mark, engines)
    items = [_surer(item, is_summed=total is not None) for item in items]
    findings.extend(_doubts(items))
    sure = min((item.confidence for item in items), default=0.0)
    return LineReading(tuple(items), (), tuple(findings), sure, total)


def _figures(row: TableRow, roles: Sequence[Role], mark: str | None) -> dict[int, Figure]:
    found = {}
    for i in row.cells:
        if roles[i] in NUMERIC or roles[i] in {Role.OTHER, Role.UNIT}:
            figure = figure_of(row.text(i), mark=mark)
            if figure is not None:
                found[i] = figure
    return found


def _item(each: _ReadRow, roles: Sequence[Role], engines: Mapping[int, str]) -> LineItem | None:
    """Return the line that a row is; None when it has no amount, or follows the totals unproven."""
    figures = {roles[i]: figure for i, figure in each.figures.items()}
    if not figures.keys() & {Role.NET_AMOUNT, Role.GROSS_AMOUNT, Role.UNIT_PRICE}:
        return None
    amounts = Role.NET_AMOUNT in roles or Role.GROSS_AMOUNT in roles
    if amounts and not figures.keys() & {Role.NET_AMOUNT, Role.GROSS_AMOUNT}:
        return None
    proof = proof_of(figures)
    if each.row.after_total and (proof is None or not any(proof.values.values())):
        return None
    place = _Place(each.row, engines.get(each.row.page, ""), _READ if proof is None else _MULTIPLIES)
    fields = dict(_numbers(each, roles, figures, proof, place))
    fields |= dict(_texts(each.row, roles, place))
    if not fields.keys() & {"description", "item_code"}:
        return None
    return LineItem(fields, place.confidence)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row stands, and how sure its values are."""

    row: TableRow
    engine: str
    confidence: float

    def value(self, value: str, words: Sequence[Word], text: str = "") -> LineValue:
        """Return a value that stands on these words."""
        seen = min((word.confidence for word in words), default=1.0)
        sure = round(self.confidence * max(0.5, seen), 3) if value else 0.0
        text = text or " ".join(word.text for word in words)
        return LineValue(value, text, sure, self.row.page, box_around(words), self.engine)


def _numbers(
    each: _ReadRow,
    roles: Sequence[Role],
    figures: Mapping[Role, Figure],
    proof: Proof | None,
    place: _Place,
) -> Iterator[tuple[str, LineValue]]:
    """Yield the numbers of a row; the unit may stand behind its quantity."""
    proven = {} if proof is None else proof.values
    for i, role in enumerate(roles):
        figure = each.figures.get(i)
        if figure is None or role not in NUMERIC or figures[role] is not figure:
            continue
        value = proven.get(role, figure.value)
        digits = 0 if role in _COUNTS else 2
        words = each.row.cells[i]
        yield role.value, place.value(
            "" if value is None else amount_text(value, digits=digits), words
        )
        unit = figure.rest.strip(" .")
        if role is Role.QUANTITY and any(c.isalpha() for c in unit) and Role.UNIT not in roles:
            if unit.casefold() != "x":
                named = [word for word in words if word.text.strip(" .") in unit] or words
                yield Role.UNIT.value, place.value(unit, named, unit)


def _texts(
    row: TableRow, roles: Sequence[Role], place: _Place
) -> Iterator[tuple[str, LineValue]]:
    for i, role in enumerate(roles):
        if role in {*TEXTS, Role.LINE_ID, Role.UNIT, Role.DATE}:
            words = [*row.cells.get(i, ())]
            if role is Role.DESCRIPTION:
                words = _described(row, words, i)
            if words:
                text = " ".join(word.text for word in words)
                yield role.value, place.value(text, words)


def _described(row: TableRow, words: list[Word], column: int) -> list[Word]:
    """Return the words of a description, those of further lines behind them."""
    above = [word for text in row.above for word in text.cells.get(column, ())]
    below = [word for text in row.below for word in text.cells.get(column, ())]
    return [*above, *words, *below]


def _total_of(
    items: Sequence[LineItem], rest: Iterable[Line], mark: str | None, engines: Mapping[int, str]
) -> LineValue | None:
    """Return the first total below the lines that is their sum."""
    return None


def _surer(item: LineItem, *, is_summed: bool) -> LineItem:
    return item


def _doubts(items: Sequence[LineItem]) -> Iterator[Finding]:
    yield from ()
