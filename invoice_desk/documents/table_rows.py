"""The rows of tables of invoice lines: words of several lines joined to rows, pages joined.

A row is anchored by its numbers.  Rows that sum up, carry forward or only comment are no lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from invoice_desk.documents.column_roles import NUMERIC, Role
from invoice_desk.documents.line_values import is_number
from invoice_desk.documents.page import Line, Page, Word, lines_of
from invoice_desk.documents.page_tables import Column, Heading, cells_of, headings_of, widened

#: Numbers of one row may stand this much apart, in heights, when their columns differ.
_SAME_ROW = 1.4
#: A text further below than this, in heights, does not go on.
_GOES_ON = 2.3
_CARRIED = re.compile(
    r"\b(?:carried (?:forward|over)|brought (?:forward|over)|(?:b|c)/f|à reporter|a reporter"
    r"|report(?:s|é)?(?: page)?|[üu]bertrag|übertrag|transport(?=\s*:?\s*[\d.,]+\s*€?$)"
    r"|suma y sigue|riporto|a riportare|zwischensumme seite)\b",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"\b(?:sub-?\s?tot(?:al|aal)|sous-?\s?tota(?:l|ux)|totals?|totaux|totale?|totaal|grand total"
    r"|\w*summe|gesamt(?:betrag|preis|wert)?|(?:rechnungs|netto|brutto|end|zahl)betrag|insgesamt"
    r"|montant (?:total|ht|ttc|net|tva|h\.t|t\.t)\S*|net [àa] payer|solde|reste [àa] payer"
    r"|(?:amount|balance|payment) due|due payable|rounding(?: adj\w*)?|amount paid|acompte"
    r"|net (?:amount|total)|taxable amount|base imponible|saldo|somme)\b",
    re.IGNORECASE,
)
_TAX_LINE = re.compile(
    r"^\W*(?:(?:plus|zzgl\.?|zuzüglich|dont|incl\.?|inkl\.?|enthaltene?|add:?|sales)\s+)?"
    r"(?:[\d.,]+\s?%\s*)?(?:t\.?v\.?a\.?|vat|gst|mwst\.?|m?e?h?r?w?e?r?t?steuer|ust\.?|btw|iva"
    r"|umsatzsteuer|tax(?:es)?|timbre)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line without numbers of its own, and which of its words stand in which column."""

    line: Line
    cells: dict[int, list[Word]]


@dataclass(slots=True)
class TableRow:
    """One row as it is put together: words a column, and the texts that belong to it."""

    page: int
    cells: dict[int, list[Word]]
    top: float
    bottom: float
    after_total: bool = False
    above: list[TextLine] = field(default_factory=list)
    below: list[TextLine] = field(default_factory=list)

    def text(self, column: int) -> str:
        """Return the words of a column."""
        return " ".join(word.text for word in self.cells.get(column, ()))


@dataclass(slots=True)
class LineTable:
    """A table of invoice lines, over as many pages as it takes.

    Attributes:
        columns: What they mean.
        rows: All rows.
        rest: The lines below the rows, in which totals are looked for.
    """

    columns: tuple[Column, ...]
    heading: Heading
    rows: list[TableRow] = field(default_factory=list)
    rest: list[Line] = field(default_factory=list)
    ended: bool = False
    totals: int = 0


def tables_of(pages: Sequence[Page]) -> list[LineTable]:
    """Return the tables of invoice lines in a document."""
    tables: list[LineTable] = []
    for page in pages:
        lines = lines_of(page)
        if lines:
            _read_page(lines, tables)
    for table in tables:
        _share_out_texts(table)
    return tables


def _read_page(lines: Sequence[Line], tables: list[LineTable]) -> None:
    """Read the tables of a page; one left open by the page before goes on at its top."""
    headings = headings_of(lines)
    starts = [heading.first for heading in headings]
    top = lines[: starts[0]] if starts else lines
    if tables and not tables[-1].ended:
        _continue(tables[-1], top, is_headed=False)
        if tables[-1].totals:
            tables[-1].ended = True
    for heading, stop in zip(headings, [*starts, len(lines)][1:], strict=True):
        body = lines[heading.last + 1 : stop]
        if not heading.is_of_lines:
            if tables and tables[-1].rows:
                tables[-1].ended = True
                tables[-1].rest.extend(body)
            continue
        again = tables and not tables[-1].totals and _is_repeated(heading, tables[-1].heading)
        if not again:
            if tables:
                tables[-1].ended = True
            tables.append(LineTable(widened(heading, body), heading))
        tables[-1].heading = heading
        _continue(tables[-1], body, is_headed=True)


def _is_repeated(heading: Heading, before: Heading) -> bool:
    ours = [column.role for column in heading.columns]
    return ours == [column.role for column in before.columns]


def _continue(table: LineTable, lines: Sequence[Line], *, is_headed: bool) -> None:
    """Add the rows that stand in `lines`; without a heading above only whole rows count."""
    rows = list(_rows(table, lines))
    if not is_headed:
        rows = [row for row in rows if _is_whole(row, table.columns)]
    table.rows.extend(rows)
    stop = max((row.bottom for row in rows), default=float("-inf"))
    table.rest.extend(line for line in lines if line.box[1] > stop)


def _is_whole(row: TableRow, columns: Sequence[Column]) -> bool:
    """Return whether a row has an amount, a second number and a text."""
    filled = {columns[i].role for i in row.cells}
    others = {Role.QUANTITY, Role.UNIT_PRICE, Role.LINE_ID, Role.TAX_RATE}
    return bool(filled & {Role.NET_AMOUNT, Role.GROSS_AMOUNT}) and bool(filled & others)


def _rows(table: LineTable, lines: Iterable[Line]) -> Iterator[TableRow]:
    """Yield the rows; texts between them hang on the row above for now."""
    row: TableRow | None = None
    waiting: list[TextLine] = []
    for line in lines:
        cells = cells_of(line, table.columns)
        numbers = _numbers(cells, table.columns)
        if _CARRIED.search(line.text) and numbers:
            row = None
        elif _is_total(line, cells, numbers, table.columns):
            table.totals += 1
            row, waiting = None, []
        elif not numbers:
            (waiting if row is None else row.below).append(TextLine(line, cells))
        elif row is not None and _goes_with(row, line, numbers, table.columns):
            for i, words in cells.items():
                row.cells.setdefault(i, []).extend(words)
            row.bottom = line.box[3]
        else:
            row = TableRow(line.page, cells, line.box[1], line.box[3], bool(table.totals))
            row.above, waiting = waiting, []
            yield row


def _numbers(cells: dict[int, list[Word]], columns: Sequence[Column]) -> set[int]:
    """Return the columns of numbers that hold one."""
    return {
        i
        for i, words in cells.items()
        if columns[i].role in NUMERIC and is_number(" ".join(word.text for word in words))
    }


def _is_total(
    line: Line, cells: dict[int, list[Word]], numbers: set[int], columns: Sequence[Column]
) -> bool:
    """Return whether a line sums up or states a tax; with quantity and price it is neither."""
    roles = {columns[i].role for i in numbers}
    if {Role.QUANTITY, Role.UNIT_PRICE} <= roles or not any(c.isdigit() for c in line.text):
        return False
    if _TOTAL.search(line.text):
        return True
    texts = [w for i in sorted(cells) if columns[i].role is not Role.TAX_RATE for w in cells[i]]
    return bool(_TAX_LINE.search(" ".join(word.text for word in texts)))


def _goes_with(
    row: TableRow, line: Line, numbers: set[int], columns: Sequence[Column]
) -> bool:
    """Return whether a line's numbers complete the row above, as cells set half a line lower."""
    ours = _numbers(row.cells, columns)
    height = median(word.height for word in line.words) or 1.0
    near = line.box[1] - row.top <= _SAME_ROW * height
    return near and not ours & numbers and not _has_amount(ours, columns)


def _has_amount(numbers: set[int], columns: Sequence[Column]) -> bool:
    return any(columns[i].role in {Role.NET_AMOUNT, Role.GROSS_AMOUNT} for i in numbers)


def _share_out_texts(table: LineTable) -> None:
    """Give each row the texts that describe it, above or below it as the whole table does.

    Rows without a text of their own have it above them when a text stands above the first.
    """
    described = [i for i, c in enumerate(table.columns) if c.role is Role.DESCRIPTION]
    spoken = sum(bool(_letters(row, described)) for row in table.rows)
    is_above = spoken * 2 <= len(table.rows) and any(row.above for row in table.rows[:1])
    if is_above:
        for row, following in zip(table.rows, table.rows[1:], strict=False):
            if following.page == row.page:
                following.above, row.below = row.below, []
    step = _step(table)
    for row in table.rows:
        row.above = _going_on(reversed(row.above), row, step, up=True) if is_above else []
        row.below = [] if is_above else _going_on(row.below, row, step, up=False)


def _letters(row: TableRow, columns: Sequence[int]) -> int:
    return sum(c.isalpha() for i in columns for word in row.cells.get(i, ()) for c in word.text)


def _step(table: LineTable) -> float:
    """Return the least distance from a line of a row to the next."""
    tops = [
        [row.top, *(each.line.box[1] for each in (*row.below, *row.above))]
        for row in table.rows
    ]
    steps = [b - a for row in tops for a, b in zip(sorted(row), sorted(row)[1:], strict=False)]
    return min((step for step in steps if step > 2), default=0.0)


def _going_on(
    texts: Iterable[TextLine], row: TableRow, step: float, *, up: bool
) -> list[TextLine]:
    """Return the lines that follow closely on the row; a wider gap begins something else."""
    kept: list[TextLine] = []
    last = row.top
    lowest = row.bottom
    for text in texts:
        line = text.line
        height = median(word.height for word in line.words) or 1.0
        distance = abs(line.box[1] - last)
        if not up and line.box[1] < lowest:
            distance = 0.0
        if distance > min(1.3 * step + 1, _GOES_ON * height):
            break
        kept.append(text)
        last = line.box[1]
    return kept[::-1] if up else kept
