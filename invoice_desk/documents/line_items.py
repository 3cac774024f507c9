"""The lines of an invoice as they stand on its pages, and its tax by rate.

Words with boxes are enough, from a text layer or recognised; each value keeps its place.  What
cannot be read stays text, with a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from invoice_desk.core.amounts import amount_text
from invoice_desk.core.findings import Finding, FindingCode, Severity, anomaly_of
from invoice_desk.documents.column_roles import NUMERIC, TEXTS, Role
from invoice_desk.documents.line_arithmetic import Proof, proof_of, settled_roles
from invoice_desk.documents.line_values import Figure, figure_of, is_number, mark_of
from invoice_desk.documents.page import Line, Page, Word, box_around, segments_of
from invoice_desk.documents.plain_lines import plain_table
from invoice_desk.documents.table_rows import (
    LineTable,
    TableRow,
    names_total,
    tables_of,
    upright_lines,
)
from invoice_desk.documents.tax_lines import TaxWords, taxes_of

_CENT = Decimal("0.01")
#: The number of a line: `3`, `03.`, `1.2`.
_COUNT = re.compile(r"\d{1,4}(?:\.\d{1,3})*\.?")
#: A code in brackets before the description, as some programs print it.
_CODED = re.compile(r"\[([^\[\]\s]{1,40})\]")
#: Figures that are no money, which show only the decimals that they have.
#: No tax has a higher rate, in percent.
_MOST_RATE = 40
_COUNTS = frozenset({Role.QUANTITY, Role.TAX_RATE, Role.DISCOUNT})
#: How sure a line is: by its heading alone, with its equation, and with the sum of all lines.
_FEW = 3
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
        decimal_mark: That which the numbers of the document prove.
    """

    lines: tuple[LineItem, ...] = ()
    taxes: tuple[Mapping[str, LineValue], ...] = ()
    findings: tuple[Finding, ...] = ()
    confidence: float = 0.0
    lines_total: LineValue | None = None
    decimal_mark: str | None = None


NO_LINES = LineReading()


@dataclass(frozen=True, slots=True)
class _ReadRow:
    """A row of a table with its figures by column."""

    row: TableRow
    figures: Mapping[int, Figure]


def read_lines(pages: Sequence[Page]) -> LineReading:
    """Return the lines of an invoice, those of all its pages together."""
    engines = {page.number: page.engine for page in pages}
    text = [upright_lines(page) for page in pages]
    tables = tables_of(text)
    mark = mark_of(word.text for lines in text for line in lines for word in line.words)
    read = [_lines_of(table, engines, mark) for table in tables]
    best = max(range(len(read)), key=lambda i: _weight(read[i]), default=None)
    found = NO_LINES if best is None else read[best]
    if found.lines_total is None and not _multiplies(found):
        plain = plain_table(text, mark=mark)
        if plain is not None:
            tables, read, best = [plain], [_lines_of(plain, engines, mark)], 0
            found = max(found, read[0], key=_weight)
    rest = [line for lines in text for line in lines]
    if best is not None and found is read[best]:
        rest = tables[best].rest
    taxes = tuple(_tax(each, engines) for each in taxes_of(rest, mark=mark))
    return replace(found, taxes=taxes, decimal_mark=mark)


def _multiplies(reading: LineReading) -> bool:
    """Return whether the equation holds in half of the lines or more."""
    held = sum(item.confidence >= _MULTIPLIES for item in reading.lines)
    return bool(held) and held * 2 >= len(reading.lines)


def _weight(reading: LineReading) -> tuple[bool, int, float]:
    """Return what one reading of the lines has over another: a sum that is stated, then more."""
    return reading.lines_total is not None, len(reading.lines), reading.confidence


def _lines_of(table: LineTable, engines: Mapping[int, str], mark: str | None) -> LineReading:
    """Return the lines of one table."""
    roles = [column.role for column in table.columns]
    texts = [row.text(i) for row in table.rows for i in row.cells if roles[i] in NUMERIC]
    mark = mark or mark_of(texts)
    rows = [_ReadRow(row, _figures(row, roles, mark)) for row in table.rows]
    better = settled_roles([each.figures for each in rows if not each.row.after_total], roles)
    roles = _named_by_cells(better or roles, table.rows)
    items = [item for each in rows if (item := _item(each, roles, engines)) is not None]
    total = _total_of(items, table.rest, mark, engines)
    if total is not None:
        items = [_surer(item) for item in items]
    sure = min((item.confidence for item in items), default=0.0)
    return LineReading(tuple(items), (), tuple(_doubts(items)), sure, total)


def _named_by_cells(roles: Sequence[Role], rows: Sequence[TableRow]) -> list[Role]:
    """Return the roles; what is headed No. and holds no small numbers is a code."""
    settled = list(roles)
    if Role.ITEM_CODE not in settled and Role.LINE_ID in settled:
        at = settled.index(Role.LINE_ID)
        texts = [text for row in rows if (text := row.text(at))]
        counted = sum(bool(_COUNT.fullmatch(text)) for text in texts)
        if counted * 2 < len(texts):
            settled[at] = Role.ITEM_CODE
    for at, role in enumerate(settled):
        if role is Role.TAX_RATE and _are_amounts(row.text(at) for row in rows):
            settled[at] = Role.TAX_AMOUNT
    return settled


def _are_amounts(texts: Iterable[str]) -> bool:
    """Return whether what is headed with the name of a tax are amounts: no rate is so high."""
    figures = [figure.value for text in texts if (figure := figure_of(text, mark=None))]
    return any(value is not None and value > _MOST_RATE for value in figures)


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
    place = _Place(
        each.row, engines.get(each.row.page, ""), _READ if proof is None else _MULTIPLIES
    )
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
        shown = "" if value is None else amount_text(value, digits=digits)
        yield role.value, place.value(shown, words, figure.text)
        unit = figure.rest.strip(" .")
        has_unit = any(c.isalpha() for c in unit) and unit.casefold() != "x"
        if role is Role.QUANTITY and has_unit and Role.UNIT not in roles:
            named = [word for word in words if word.text.strip(" .") in unit] or words
            yield Role.UNIT.value, place.value(unit, named, unit)


def _texts(row: TableRow, roles: Sequence[Role], place: _Place) -> Iterator[tuple[str, LineValue]]:
    """Yield the texts of a row; a code may stand before or below its description."""
    for i, role in enumerate(roles):
        if role not in {*TEXTS, Role.LINE_ID, Role.UNIT, Role.DATE}:
            continue
        words = [*row.cells.get(i, ())]
        if role is Role.DESCRIPTION:
            words = _described(row, words, i)
            if words and Role.ITEM_CODE not in roles and (code := _CODED.fullmatch(words[0].text)):
                yield Role.ITEM_CODE.value, place.value(code[1], words[:1], code[1])
                words = words[1:]
        elif role is Role.ITEM_CODE:
            below = _described(row, [], i)
            if Role.DESCRIPTION not in roles and words and below:
                text = " ".join(word.text for word in below)
                yield Role.DESCRIPTION.value, place.value(text, below)
            words = _code_among(words) or row.codes
        if words:
            yield role.value, place.value(" ".join(word.text for word in words), words)


def _code_among(words: Sequence[Word]) -> list[Word]:
    """Return the words without labels such as `Art-Nr:`; nothing where only labels are."""
    return [word for word in words if not word.text.endswith(":")][:3]


def _described(row: TableRow, words: Sequence[Word], column: int) -> list[Word]:
    """Return the words of a description, those of further lines before and behind them."""
    above = [word for text in row.above for word in text.cells.get(column, ())]
    below = [word for text in row.below for word in text.cells.get(column, ())]
    return [*above, *words, *below]


def _total_of(
    items: Sequence[LineItem], rest: Sequence[Line], mark: str | None, engines: Mapping[int, str]
) -> LineValue | None:
    """Return the first total below the lines that is their sum; lines that sum up go first."""
    sums = {abs(total) for total in sums_of(items).values()}
    if not sums:
        return None
    told = [x for x in rest if any(map(str.isdigit, x.text)) and any(map(str.isalpha, x.text))]
    for named in (True, False):
        if not named and len(items) < _FEW:
            return None  # one amount that stands twice is no sum
        for line in told:
            if named is not names_total(line.text):
                continue
            for words in _amounts_in(line):
                text = " ".join(word.text for word in words)
                figure = figure_of(text, mark=mark)
                value = next((v for v in figure.values if abs(v) in sums), None) if figure else None
                if value is not None:
                    shown = amount_text(value, digits=2)
                    engine, box = engines.get(line.page, ""), box_around(words)
                    return LineValue(shown, text, _SUMS, line.page, box, engine)
    return None


def _amounts_in(line: Line) -> Iterator[tuple[Word, ...]]:
    """Yield single words, and parts of the line, that may be an amount."""
    for part in segments_of(line, gap=0.6):
        if is_number(part.text):
            yield part.words
        else:
            yield from ((word,) for word in part.words if is_number(word.text))


def sums_of(items: Sequence[LineItem]) -> dict[str, Decimal]:
    """Return the sums of the lines' amounts, by field; none where a line lacks it."""
    sums = {}
    for name in (Role.NET_AMOUNT.value, Role.GROSS_AMOUNT.value):
        amounts = [item.number(name) for item in items]
        known = [amount for amount in amounts if amount is not None]
        if known and len(known) == len(amounts):
            sums[name] = sum(known, Decimal(0))
    return sums


def _surer(item: LineItem) -> LineItem:
    """Return a line of which all together are stated as their sum."""
    sure = _BOTH if item.confidence >= _MULTIPLIES else _SUMS
    scale = sure / item.confidence
    fields = {
        name: replace(each, confidence=round(min(each.confidence * scale, sure), 3))
        for name, each in item.fields.items()
    }
    return LineItem(fields, sure)


def _tax(found: TaxWords, engines: Mapping[int, str]) -> dict[str, LineValue]:
    """Return the values of one rate."""
    stated = {
        "base": (found.base, found.base_words, 2),
        "tax_rate": (found.rate, found.rate_words, 0),
        "amount": (found.amount, found.amount_words, 2),
    }
    sure = _BOTH if found.base is not None else _READ
    return {
        name: LineValue(
            amount_text(value, digits=digits),
            " ".join(word.text for word in words),
            sure,
            found.page,
            box_around(words),
            engines.get(found.page, ""),
        )
        for name, (value, words, digits) in stated.items()
        if value is not None
    }


def _doubts(items: Sequence[LineItem]) -> Iterator[Finding]:
    """Yield what is undecided in the lines, and lines whose numbers do not multiply."""
    for number, item in enumerate(items, start=1):
        for name, each in item.fields.items():
            if not each.value:
                told = (
                    f"line {number}: “{each.text}” can be read in more than one way, or not at all"
                )
                code = FindingCode.AMBIGUOUS
                yield Finding(code, Severity.WARNING, f"lines.{name}", told, number - 1)
        q, p, n = (item.number(name) for name in ("quantity", "unit_price", "net_amount"))
        if q is None or p is None or n is None or item.confidence not in {_READ, _SUMS}:
            continue
        told = (
            f"line {number}: {amount_text(q, digits=0)} at {amount_text(p, digits=2)} comes to "
            f"{amount_text(q * p, digits=2)}, but {amount_text(n, digits=2)} is stated"
        )
        yield replace(_mismatch("lines.net_amount", told), row_number=number - 1)


def check_lines(
    lines: Sequence[LineItem],
    *,
    net_amount: Decimal | None = None,
    lines_total: Decimal | None = None,
    total_amount: Decimal | None = None,
    allowances: Decimal = Decimal(0),
    charges: Decimal = Decimal(0),
) -> list[Finding]:
    """Return a finding where the lines do not come to the totals of the invoice.

    Lines whose amounts include the tax come to the total with tax; that is right as well.

    Args:
        lines: All lines.
        net_amount: The total without tax.
        lines_total: The sum of the lines that the invoice states.
        total_amount: The total with tax.
        allowances: What is taken off the whole invoice.
        charges: What is added to it.
    """
    sums = sums_of(lines)
    if not sums or (net_amount is None and lines_total is None and total_amount is None):
        return []
    slack = _CENT * max(1, len(lines) // 2)
    wanted = [lines_total, None if net_amount is None else net_amount + allowances - charges]
    wanted = [*wanted, total_amount]
    stated = [amount for amount in wanted if amount is not None]
    if any(abs(abs(ours) - abs(s)) <= slack for ours in sums.values() for s in stated):
        return []
    ours = next(iter(sums.values()))
    told = (
        f"the {len(lines)} lines come to {amount_text(ours, digits=2)}, but "
        f"{amount_text(stated[0], digits=2)} is stated"
    )
    return [_mismatch("net_amount", told)]


def _mismatch(name: str, told: str) -> Finding:
    code = FindingCode.LINES_DISAGREE
    return Finding(code, Severity.WARNING, name, told, anomaly=anomaly_of(code))
