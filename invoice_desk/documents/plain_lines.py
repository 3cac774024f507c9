"""Invoice lines without a heading, as receipts have them: told by their sum, or not at all.

A line ends with an amount; before it stand a text, and often quantity and price.  Such lines
count only when a total below them is their sum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from invoice_desk.documents.column_roles import Role
from invoice_desk.documents.line_values import figure_of
from invoice_desk.documents.page import Line, Word
from invoice_desk.documents.page_tables import Column, Heading
from invoice_desk.documents.table_rows import LineTable, TableRow, TextLine, names_total

#: Amounts of receipts show their cents.
_MONEY = re.compile(
    r"[-(]?(?:[€$£]|RM)?\s?-?\d{1,3}(?:[.,' ]?\d{3})*[.,]\d{2}\)?-?(?:[€$£]|[A-Z]{1,3}|\*)?",
    re.IGNORECASE,
)
_COUNT = re.compile(r"-?\d{1,4}(?:[.,]\d{1,3})?x?", re.IGNORECASE)
#: What may stand behind an amount: a tax code, a mark.
_TRAILING = re.compile(r"[A-Z*#]{1,4}\d?|€|EUR|RM|\(?[A-Z]\)?|%", re.IGNORECASE)
_SIGNS = frozenset({"x", "@", "*", "×", "rm", "€", "$", "-", ":", "à", "="})
#: Texts further above than this, in heights, say nothing of an amount.
_NEAR = 3.0
#: Words of totals that may stand there without an amount.
_ENDS = re.compile(r"\d\s*$|total|item|qty", re.IGNORECASE)
_MOST_LINES = 200
_MOST_WORDS = 40
_COLUMNS = (Role.DESCRIPTION, Role.QUANTITY, Role.UNIT_PRICE)
#: A total that says so includes the tax, and so do its lines.
_INCLUSIVE = re.compile(
    r"\b(?:incl\w*|inkl\w*|ttc|t\.t\.c|toutes taxes|brutto\w*|gross)\b(?! (?:0|of))", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A line that ends with an amount."""

    at: int
    amount: Decimal
    words: dict[int, list[Word]]


def plain_table(pages: Sequence[Sequence[Line]], *, mark: str | None) -> LineTable | None:
    """Return the lines above the totals as a table; None when no total is their sum.

    Args:
        pages: The lines of each page.
        mark: The decimal mark of the document.
    """
    lines = list(chain.from_iterable(pages))
    amounts = [_amount_of(line, mark) for line in lines]
    first = next(
        (i for i, line in enumerate(lines) if amounts[i] and names_total(line.text)), len(lines)
    )
    found = [c for c in (_candidate(lines, i, mark) for i in range(first)) if c is not None]
    totals = {
        abs(amount[0])
        for line, amount in zip(lines[first:], amounts[first:], strict=True)
        if amount and names_total(line.text)
    }
    run = _summed(found[-_MOST_LINES:], totals) or _followed_by_sum(found[:_MOST_LINES])
    if not run:
        return None
    rows = list(_rows(run, lines, is_below=_speaks_below(run[-1], lines)))
    if not any(row.cells.get(0) or row.above for row in rows):
        return None
    rest = lines[run[-1].at + 1 :]
    total = abs(sum((each.amount for each in run), Decimal(0)))
    stated = (ln for ln in rest if (a := _amount_of(ln, mark)) and abs(a[0]) == total)
    is_gross = _INCLUSIVE.search(next(stated, rest[0]).text) if rest else None
    paid = Role.GROSS_AMOUNT if is_gross else Role.NET_AMOUNT
    columns = tuple(Column(role, "", 0, 0) for role in (*_COLUMNS, paid))
    height = lines[run[0].at].words[0].height
    heading = Heading(run[0].at, run[0].at, columns, height)
    return LineTable(columns, heading, rows, rest=rest, ended=True)


def _summed(found: Sequence[_Candidate], totals: set[Decimal]) -> Sequence[_Candidate]:
    """Return the longest run of lines up to the totals whose sum is one of them."""
    total = sum((each.amount for each in found), Decimal(0))
    for start, each in enumerate(found):
        if abs(total) in totals and total:
            return found[start:]
        total -= each.amount
    return ()


def _followed_by_sum(found: Sequence[_Candidate]) -> Sequence[_Candidate]:
    """Return the first run of two lines or more that the next amount sums up."""
    for start in range(len(found)):
        total = found[start].amount
        for stop in range(start + 1, len(found)):
            if stop - start >= 2 and found[stop].amount == total:
                run = found[start:stop]
                return run if all(c.words.get(0) and c.amount for c in run) else ()
            total += found[stop].amount
    return ()


def _amount_of(line: Line, mark: str | None) -> tuple[Decimal, int] | None:
    """Return the amount at the end of a line, and the place of its word."""
    at = len(line.words) - 1
    for _ in range(2):
        if at < 0:
            return None
        text = line.words[at].text
        if _MONEY.fullmatch(text):
            figure = figure_of(text, mark=mark)
            return (figure.value, at) if figure is not None and figure.value is not None else None
        if not _TRAILING.fullmatch(text):
            return None
        at -= 1
    return None


def _candidate(lines: Sequence[Line], at: int, mark: str | None) -> _Candidate | None:
    """Return the line at `at` as an item: its amount, and what else its numbers say."""
    line = lines[at]
    amount = _amount_of(line, mark)
    if amount is None or len(line.words) > _MOST_WORDS:
        return None
    value, last = amount
    numbers = [
        (i, figure.value)
        for i, word in enumerate(line.words[:last])
        if (_COUNT.fullmatch(word.text) or _MONEY.fullmatch(word.text))
        and (figure := figure_of(word.text, mark=mark)) is not None
        and figure.value is not None
    ]
    words = {3: [line.words[last]]}
    pair = _factors(numbers, value)
    if pair is not None:
        words |= {1: [line.words[pair[0]]], 2: [line.words[pair[1]]]}
    elif _is_counted(line):
        pair = (0, 1)
        words |= {1: [line.words[0]]}
    used = {last, *(pair or ())}
    texts = [
        word
        for i, word in enumerate(line.words[:last])
        if i not in used and word.text.casefold() not in _SIGNS and not _MONEY.fullmatch(word.text)
    ]
    if sum(c.isalpha() for word in texts for c in word.text) >= 3:
        words[0] = texts
    return _Candidate(at, value, words)


def _is_counted(line: Line) -> bool:
    """Return whether a line begins with how many it is for: `2 x Coffee`."""
    first, second, *_ = (*(word.text for word in line.words[:2]), "", "")
    return first.isdecimal() and len(first) <= 3 and second.casefold() in {"x", "×"}


def _factors(numbers: Sequence[tuple[int, Decimal]], amount: Decimal) -> tuple[int, int] | None:
    """Return the places of quantity and price: numbers whose product is the amount."""
    for i, quantity in numbers:
        for j, price in numbers:
            if i < j and abs(quantity * price - amount) <= Decimal("0.005"):
                return i, j
    return None


def _rows(
    run: Sequence[_Candidate], lines: Sequence[Line], *, is_below: bool
) -> Iterator[TableRow]:
    """Yield the rows, those without a text of their own with the texts above or below them."""
    stops = [-1, *(each.at for each in run), len(lines)]
    for n, each in enumerate(run, start=1):
        line = lines[each.at]
        row = TableRow(line.page, each.words, line.box[1], line.box[3])
        if 0 not in each.words:
            around = (
                range(each.at + 1, stops[n + 1]) if is_below else range(stops[n - 1] + 1, each.at)
            )
            near = _NEAR * line.words[0].height
            texts = [
                lines[i]
                for i in around
                if lines[i].page == line.page and abs(line.box[1] - lines[i].box[1]) <= near
            ]
            chosen = texts[:1] if is_below else texts[-2:]
            row.above = [TextLine(text, {0: list(text.words)}) for text in chosen]
        yield row


def _speaks_below(last: _Candidate, lines: Sequence[Line]) -> bool:
    """Return whether a text follows closely on the last line, where totals keep their distance."""
    if 0 in last.words or last.at + 1 >= len(lines):
        return False
    line, after = lines[last.at], lines[last.at + 1]
    close = after.box[1] - line.box[1] <= 1.6 * line.words[0].height
    return close and after.page == line.page and not _ENDS.search(after.text)
