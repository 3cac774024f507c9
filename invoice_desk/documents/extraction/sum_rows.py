"""A row below a table that sums up its columns of net, tax and total."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations

from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.layout import Row

Three = tuple[Candidate, Candidate, Candidate]
#: A table has no more rows than this on a page, and a row no more amounts that are tried.
_MOST_ROWS, _MOST_AMOUNTS = 80, 8


def summed_up(document: Document) -> Three | None:
    """Return net, tax and total of the last row where the second sums up those above.

    The first two make the third, and each is the sum of its column over two rows or more.
    """
    for row in reversed(document.layout.rows):
        amounts = document.by_row.get((Kind.AMOUNT, row.number), ())
        for three in combinations(amounts[-_MOST_AMOUNTS:], 3):
            net, tax, total = (each.amount for each in three)
            is_tax = tax * net > 0 and abs(tax) <= abs(net) / 2  # a discount has another sign
            if is_tax and net + tax == total and _sums_columns(document, three):
                return three
    return None


def _sums_columns(document: Document, three: Three) -> bool:
    at, count = document.layout.rows[three[0].row], 0
    sums = [Decimal(0)] * 3
    for row in reversed(document.layout.rows[max(0, at.number - _MOST_ROWS) : at.number]):
        if row.page != at.page:
            return False
        above = [_in_column(document, row, each) for each in three]
        if None in above:
            continue
        sums = [s + a.amount for s, a in zip(sums, above, strict=True) if a is not None]
        count += 1
        if count > 1 and all(s == each.amount for s, each in zip(sums, three, strict=True)):
            return True
    return False


def _in_column(document: Document, row: Row, below: Candidate) -> Candidate | None:
    """Return the amount of a row that stands above another one."""
    left, _, right, _ = below.box
    for each in document.by_row.get((Kind.AMOUNT, row.number), ()):
        if each.box[0] < right and left < each.box[2]:
            return each
    return None
