"""The rows of tables of invoice lines: words of several lines joined to rows, pages joined.

A row is anchored by its numbers.  Rows that sum up, carry forward or only comment are no lines.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from invoice_desk.documents.column_roles import NUMERIC, Role
from invoice_desk.documents.line_values import is_number
from invoice_desk.documents.page import Line, Page, Word, lines_of
from invoice_desk.documents.page_tables import Column, Heading, cells_of, headings_of, widened

#: Numbers of one row may stand this much apart, in heights, when their columns differ.
_SAME_ROW = 2.0
#: A text further below than this, in heights, does not go on.
_GOES_ON = 2.3
#: What is no further below than this, in heights, always does.
_CLOSE = 1.7
_PAID = frozenset({Role.NET_AMOUNT, Role.GROSS_AMOUNT})
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
    r"|(?:amount|balance|payment) due|due payable|round(?:ing(?: adj\w*)?|ed off| off)|amount paid"
    r"|acompte|(?:netto)?warenwert|(?:goods|merchandise) (?:total|value)"
    r"|(?:total|valeur)(?: des)? marchandises|net (?:amount|total)|taxable amount"
    r"|base imponible|saldo|somme)\b",
    re.IGNORECASE,
)
_DETAIL = re.compile(r"[^\W\d_][\w.\-/]*(?: [\w.\-/]+)? ?:(?: |$)")
_TAX_LINE = re.compile(
    r"^\W*(?:(?:plus|zzgl\.?|zuzüglich|dont|incl\.?|inkl\.?|enthaltene?|add:?|sales|output)\s+)?"
    r"(?:[\d.,]+\s?%\s*)?(?:t\.?v\.?a\.?|vat|[csiu]t?gst|gst|mwst\.?|m?e?h?r?w?e?r?t?steuer|ust\.?|btw|iva"
    r"|umsatzsteuer|tax(?:es)?|timbre)\b",
    re.IGNORECASE,
)
#: An amount: with cents, or beside the sign of a currency.
_MONEY = re.compile(r"\d[.,]\d{2}(?!\d)|[€$£]\s?\d|\d\s?[€$£]")


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
    codes: list[Word] = field(default_factory=list)

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


def tables_of(pages: Sequence[Sequence[Line]]) -> list[LineTable]:
    """Return the tables of invoice lines in a document.

    Args:
        pages: The lines of each page, as `upright_lines` gives them.
    """
    tables: list[LineTable] = []
    for lines in pages:
        if lines:
            _read_page(lines, tables)
    tables = [table for table in tables if table.rows]
    for table in tables:
        _share_out_texts(table)
        settled = [row for row in table.rows if not row.after_total]
        table.rest = list(_below((settled or table.rows)[-1], pages))
    return tables


def upright_lines(page: Page) -> list[Line]:
    """Return the lines of a page without words that run up or down a margin."""
    words = tuple(
        word
        for word in page.words
        if len(word.text) < 3 or word.height <= 2 * (word.box[2] - word.box[0])
    )
    return lines_of(replace(page, words=words))


def _below(row: TableRow, pages: Sequence[Sequence[Line]]) -> Iterator[Line]:
    """Yield the lines below a row, and those of later pages."""
    for line in itertools.chain.from_iterable(pages):
        if line.page > row.page or (line.page == row.page and line.box[1] > row.bottom):
            yield line


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
            if tables and tables[-1].rows and not tables[-1].ended:
                _under_another(tables[-1], heading, body)
            continue
        again = tables and not tables[-1].totals and _is_repeated(heading, tables[-1].heading)
        if not again:
            if tables:
                tables[-1].ended = True
            tables.append(LineTable(widened(heading, _above_totals(body)), heading))
        tables[-1].heading = heading
        _continue(tables[-1], body, is_headed=True)


def _under_another(table: LineTable, heading: Heading, body: Sequence[Line]) -> None:
    """Read on below a heading that is none of lines: of details of a row, or another table's.

    A table of taxes, or any after a total, ends this one.
    """
    table.ended = bool(table.totals or heading.roles & {Role.BASE, Role.TAX_AMOUNT})
    if not table.ended:
        _continue(table, body, is_headed=False)


def _above_totals(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines before the first that sums up; further down columns are others."""
    for line in lines:
        if _TOTAL.search(line.text) and any(c.isdigit() for c in line.text):
            return
        yield line


def _is_repeated(heading: Heading, before: Heading) -> bool:
    ours = [column.role for column in heading.columns]
    return ours == [column.role for column in before.columns]


def _continue(table: LineTable, lines: Sequence[Line], *, is_headed: bool) -> None:
    """Add the rows that stand in `lines`; without a heading above only whole rows count."""
    rows = _with_amounts(list(_rows(table, lines)), table.columns)
    if not is_headed:
        rows = [row for row in rows if _is_whole(row, table.columns)]
    table.rows.extend(rows)


def _with_amounts(rows: Sequence[TableRow], columns: Sequence[Column]) -> list[TableRow]:
    """Return the rows that have an amount; the others are texts of the row above."""
    paid = {i for i, column in enumerate(columns) if column.role in _PAID}
    kept: list[TableRow] = []
    for row in rows:
        if not paid or paid & _numbers(row.cells, columns):
            kept.append(row)
        elif kept:
            words = sorted((w for each in row.cells.values() for w in each), key=lambda w: w.box[0])
            text = TextLine(Line(tuple(words), row.page), row.cells)
            kept[-1].below.extend((*row.above, text, *row.below))
    return kept


def _is_whole(row: TableRow, columns: Sequence[Column]) -> bool:
    """Return whether a row has an amount, a second number and a text."""
    filled = {columns[i].role for i in row.cells}
    others = {Role.QUANTITY, Role.UNIT_PRICE, Role.LINE_ID, Role.TAX_RATE}
    return bool(filled & _PAID) and bool(filled & others)


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
        elif not numbers or (table.totals and not _is_full(numbers, table.columns)):
            (waiting if row is None else row.below).append(TextLine(line, cells))
        elif row is not None and _goes_with(row, line, numbers, table.columns):
            for i, words in cells.items():
                if i not in row.cells or table.columns[i].role is not Role.ITEM_CODE:
                    row.cells.setdefault(i, []).extend(words)
            row.bottom = line.box[3]
        else:
            row = TableRow(line.page, cells, line.box[1], line.box[3], bool(table.totals))
            row.above, waiting = waiting, []
            yield row


def _is_full(numbers: set[int], columns: Sequence[Column]) -> bool:
    """Return whether a row has quantity, price and amount: below a total nothing else counts."""
    roles = {columns[i].role for i in numbers}
    return roles >= {Role.QUANTITY, Role.UNIT_PRICE} and bool(roles & _PAID)


def names_total(text: str) -> bool:
    """Return whether a line sums up others, carries a sum forward, or states a tax."""
    return bool(_TOTAL.search(text) or _CARRIED.search(text) or _TAX_LINE.search(text))


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
    if not _MONEY.search(line.text):
        return False  # `VAT Reg No GB 980 7806 84` at the top of each page
    texts = [w for i in sorted(cells) if columns[i].role is not Role.TAX_RATE for w in cells[i]]
    return bool(_TAX_LINE.search(" ".join(word.text for word in texts)))


def _goes_with(row: TableRow, line: Line, numbers: set[int], columns: Sequence[Column]) -> bool:
    """Return whether a line's numbers complete the row above, as cells set half a line lower."""
    ours = _numbers(row.cells, columns)
    height = median(word.height for word in line.words) or 1.0
    near = line.box[1] - row.top <= _SAME_ROW * height
    return near and not ours & numbers and not _has_amount(ours, columns)


def _has_amount(numbers: set[int], columns: Sequence[Column]) -> bool:
    return any(columns[i].role in _PAID for i in numbers)


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
    step = _step(table, described)
    coded = [i for i, c in enumerate(table.columns) if c.role is Role.ITEM_CODE]
    for row in table.rows:
        row.codes = _code_below(row, coded)
        row.above = _going_on(row.above[::-1], row, described, step)[::-1] if is_above else []
        row.below = [] if is_above else _going_on(row.below, row, described, step)


def _code_below(row: TableRow, coded: Sequence[int]) -> list[Word]:
    """Return the first words below the row in the column of codes, but for labels."""
    for text in row.below:
        words = [word for i in coded for word in text.cells.get(i, ())]
        words = [word for word in words if not word.text.endswith(":")]
        if words:
            return words
    return []


def _letters(row: TableRow, columns: Sequence[int]) -> int:
    return sum(c.isalpha() for i in columns for word in row.cells.get(i, ()) for c in word.text)


def _step(table: LineTable, described: Sequence[int]) -> float:
    """Return the least distance from a line of a description to the next."""
    steps: list[float] = []
    for row in table.rows:
        texts = [each.line.box[1] for each in (*row.above, *row.below) if _speaks(each, described)]
        tops = sorted([row.top, *texts])
        steps.extend(b - a for a, b in itertools.pairwise(tops) if b - a > 2)
    return min(steps, default=0.0)


def _speaks(text: TextLine, described: Sequence[int]) -> bool:
    return not described or any(i in text.cells for i in described)


def _states_detail(text: TextLine, described: Sequence[int]) -> bool:
    """Return whether a line is `label: value`, a detail of the item and not its name."""
    words = [word.text for i in described for word in text.cells.get(i, ())]
    return bool(_DETAIL.match(" ".join(words)))


def _going_on(
    texts: Iterable[TextLine], row: TableRow, described: Sequence[int], step: float
) -> list[TextLine]:
    """Return the lines that follow closely on the row; a wider gap begins something else.

    Those that describe nothing, as a code below the code, are passed over.
    """
    kept: list[TextLine] = []
    last = row.top
    height = max(word.height for words in row.cells.values() for word in words)
    for text in texts:
        if not _speaks(text, described):
            continue
        if _states_detail(text, described):
            break
        top = text.line.box[1]
        near = min(max(1.3 * step + 1, _CLOSE * height), _GOES_ON * height)
        if abs(top - last) > near and not row.top <= top <= row.bottom:
            break
        kept.append(text)
        last = top
    return kept
