"""Which records are titles, headings and data, told from the first records of a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from invoice_desk.core.tables import Structure, joined_header
from invoice_desk.core.text import folded

_NUMBER = re.compile(r"[-+(]?[\s€$£]*\d[\d\s.,'’\u00a0\u202f%)€$£-]*$")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d.*)?$")
_TOTALS = frozenset(
    [
        *("total", "totals", "totaux", "soustotal", "subtotal", "grandtotal", "totalgeneral"),
        *("summe", "gesamt", "gesamtsumme", "zwischensumme", "totalht", "totalttc", "totaltva"),
    ]
)


def find_structure(rows: Sequence[Sequence[str]]) -> Structure:
    """Return the structure of a table from its first records, some hundreds of them.

    Args:
        rows: Records of text, blank ones included; numbers in the result count from the first.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    width = _table_width(rows, filled)
    if width == 0:
        return Structure()
    start = _table_start(filled, width)
    if start is None:
        return Structure(first_data_row=0, columns=tuple([""] * width))
    header = _header_rows(rows, start, width)
    first_data = header[-1] + 1 if header else start
    while first_data < len(rows) and filled[first_data] == 0:
        first_data += 1
    titles = tuple(i for i in range(start) if filled[i])
    if header:
        titles = tuple(i for i in titles if i not in header)
        columns = joined_header([rows[i] for i in header], width)
    else:
        columns = tuple([""] * width)
    has_data = first_data < len(rows)
    return Structure(
        title_rows=titles,
        header_rows=tuple(header),
        first_data_row=first_data if has_data else None,
        columns=columns,
    )


def total_rows(numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Return the numbers of the rows whose first text says that they sum up others."""
    return tuple(n for n, row in zip(numbers, rows, strict=True) if _is_total(row))


def _is_total(row: Sequence[str]) -> bool:
    first = next((cell for cell in row if cell.strip()), "")
    return folded(first) in _TOTALS and any(looks_typed(cell) for cell in row)


def looks_typed(cell: str) -> bool:
    """Return whether a cell holds a number or a date."""
    text = cell.strip()
    return bool(text) and bool(_NUMBER.match(text) or _DATE.match(text))


def _table_width(rows: Sequence[Sequence[str]], filled: Sequence[int]) -> int:
    """Return how many columns the table has: the width most records agree on.

    Trailing cells that are empty in every record are no columns.
    """
    widths = Counter(len(row) for row, count in zip(rows, filled, strict=True) if count)
    if not widths:
        return 0
    common = max(widths, key=lambda w: (widths[w] * (2 if w > 1 else 1), w))
    used = 0
    for row in rows:
        for i in range(min(common, len(row)) - 1, used - 1, -1):
            if row[i].strip():
                used = i + 1
                break
    return used


def _table_start(filled: Sequence[int], width: int) -> int | None:
    """Return the first record that is filled over the width of the table.

    A preamble is short: when very many records stand before it, they are a table of their own
    with fewer columns, and leaving them out as titles would lose them.
    """
    start = next((i for i, count in enumerate(filled) if _is_wide(count, width)), None)
    if start is not None and sum(count > 0 for count in filled[:start]) > _LONGEST_PREAMBLE:
        return next(i for i, count in enumerate(filled) if count >= min(2, width))
    return start


_LONGEST_PREAMBLE = 20


def _is_wide(count: int, width: int) -> bool:
    return count * 2 > width or (width == 1 and count == 1)


def _header_rows(rows: Sequence[Sequence[str]], start: int, width: int) -> list[int]:
    """Return the records that are headings, from `start` on; none when data begins at once."""
    body = [row for row in rows[start + 1 : start + 60] if any(cell.strip() for cell in row)]
    if not _is_heading(rows[start], body, width):
        return []
    header = [start]
    nxt = start + 1
    if start and _is_group_row(rows[start - 1], width):
        header.insert(0, start - 1)
    if nxt + 1 < len(rows) and _continues_heading(rows[start], rows[nxt], rows[nxt + 1 :], width):
        header.append(nxt)
    return header


def _is_heading(row: Sequence[str], body: Sequence[Sequence[str]], width: int) -> bool:
    cells = [cell.strip() for cell in row[:width]]
    texts = [cell for cell in cells if cell]
    typed = sum(looks_typed(cell) for cell in texts)
    if not texts or typed * 3 > len(texts):
        return False
    if not body:
        return True
    if any(
        _column_is_typed(body, i) and cells[i] and not looks_typed(cells[i])
        for i in range(len(cells))
    ):
        return True
    later = {cell.strip() for other in body for cell in other}
    distinct = len(set(texts)) == len(texts)
    return distinct and typed == 0 and not any(text in later for text in texts)


def _column_is_typed(body: Sequence[Sequence[str]], index: int) -> bool:
    cells = [row[index].strip() for row in body if index < len(row) and row[index].strip()]
    return bool(cells) and sum(looks_typed(cell) for cell in cells) * 3 >= 2 * len(cells)


def _is_group_row(above: Sequence[str], width: int) -> bool:
    """Return whether the record above a heading names groups of its columns."""
    named = [i for i, cell in enumerate(above[:width]) if cell.strip()]
    inside = [i for i in named if i > 0]
    return len(named) >= 2 and bool(inside) and not any(looks_typed(above[i]) for i in named)


def _continues_heading(
    heading: Sequence[str], row: Sequence[str], body: Sequence[Sequence[str]], width: int
) -> bool:
    """Return whether `row` is a second heading: texts only, where the first has gaps."""
    texts = [cell for cell in row[:width] if cell.strip()]
    gaps = [i for i in range(min(width, len(heading))) if not heading[i].strip()]
    fills = [i for i in gaps if i < len(row) and row[i].strip()]
    if not texts or not fills or any(looks_typed(cell) for cell in texts):
        return False
    return _is_heading(row, [r for r in body if any(c.strip() for c in r)], width)
