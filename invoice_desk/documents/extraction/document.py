"""A document taken apart: its rows, the labels in them, and every text that could be a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from invoice_desk.core.text import folded
from invoice_desk.documents.extraction.candidates import (
    Candidate,
    Kind,
    Notation,
    amounts_of,
    codes_of,
    dates_of,
    names_of,
    notation_of,
    without_codes,
)
from invoice_desk.documents.extraction.column_labels import column_label, ends_a_value, is_of_text
from invoice_desk.documents.extraction.figures import Figure, Figures
from invoice_desk.documents.extraction.labels import Label, labels_of
from invoice_desk.documents.extraction.layout import Layout, Row

T = TypeVar("T")

#: Amounts up to this many rows below a label of tax may be the tax of a rate.
_TAX_ROWS, _TAXES = 4, frozenset({"tax_total", "tax_base"})
#: Names and numbers are looked for on so many first pages, and on the last one.
_FIRST_PAGES = 2
#: A row of so many parts is of a table, unless it announces one of these.  Dates and sums are
#: announced by the headings of tables as well, and those are no names.
_COLUMNS = 9
_HEAD = frozenset(
    {"invoice_number", "order_number", "contract_number", "customer_number", "issue_date"}
    | {"due_date", "buyer", "advertiser"}
)
_ANNOUNCED = _HEAD | {"date", "period", "total", "grand_total", "net_total", "tax_total"}
_WEB = re.compile(r"(?:@|www\.|https?://(?:www\.)?)([\w\-]+)\.", re.IGNORECASE)


@dataclass(frozen=True)
class Document:
    """A document taken apart: rows, labels and candidates.

    Attributes:
        table_rows: The numbers of the rows of wide tables.  What stands there is of a line, no
            field: there only the amounts are candidates, for how they add up.
    """

    layout: Layout
    notation: Notation
    labels: tuple[tuple[Label, ...], ...]
    candidates: dict[Kind, tuple[Candidate, ...]]
    table_rows: frozenset[int] = frozenset()

    def weighed(self, kind: Kind) -> list[int]:
        """Return the places of the candidates that could be the value of a field."""
        candidates, table = self.candidates[kind], self.table_rows
        return [at for at, candidate in enumerate(candidates) if candidate.row not in table]

    @cached_property
    def by_row(self) -> dict[tuple[Kind, int], list[Candidate]]:
        """Return kind and row → candidates, left to right."""
        found: dict[tuple[Kind, int], list[Candidate]] = {}
        for kind, candidates in self.candidates.items():
            for candidate in candidates:
                found.setdefault((kind, candidate.row), []).append(candidate)
        return found

    @cached_property
    def figures(self) -> Figures:
        """Return how the amounts add up."""
        return Figures([self._figure(c) for c in self.candidates[Kind.AMOUNT]])

    def _figure(self, candidate: Candidate) -> Figure:
        labels = self.labels[candidate.row]
        means = frozenset(x.means for x in labels if x.stop <= candidate.start)
        is_last = self.by_row[Kind.AMOUNT, candidate.row][-1] is candidate
        above = self.labels[max(0, candidate.row - _TAX_ROWS) : candidate.row + 1]
        is_tax = any(label.means in _TAXES for row in above for label in row)
        return Figure(candidate.amount, candidate.row, means, is_last=is_last, is_tax=is_tax)

    def label_before(self, candidate: Candidate) -> str:
        """Return what the label right before a candidate announces; of amounts, in its row.

        A label that is the whole row above a value that is the whole row announces it as well.
        """
        place = candidate.kind, candidate.row, candidate.start, candidate.stop
        if place not in self._before:  # several fields ask
            self._before[place] = self._label_before(candidate)
        return self._before[place]

    def once(self, find: Callable[[Document], T]) -> T:
        """Return what a function finds in the document; it looks once, however many ask."""
        if find not in self._found:
            self._found[find] = find(self)
        found: T = self._found[find]
        return found

    @cached_property
    def _found(self) -> dict[Callable[..., object], Any]:
        return {}

    @cached_property
    def _before(self) -> dict[tuple[Kind, int, int, int], str]:
        return {}

    def _label_before(self, candidate: Candidate) -> str:
        labels = [x for x in self.labels[candidate.row] if x.stop <= candidate.start]
        if not labels:
            return self._label_on_top(candidate) or column_label(self, candidate)
        between = self.layout.rows[candidate.row].text[labels[-1].stop : candidate.start]
        is_text = candidate.kind is Kind.CODE and is_of_text(self, candidate, labels[-1])
        if is_text or any(c.isalnum() for c in between):
            return column_label(self, candidate)
        is_alone = len(self.by_row[candidate.kind, candidate.row]) == 1
        means = labels[-1].means if is_alone or candidate.kind is not Kind.AMOUNT else ""
        # the last word of a value in the cell before, as of `No agency`, announces nothing
        is_value = ends_a_value(self, candidate, labels[-1])
        return column_label(self, candidate) or means if is_value else means

    def _label_on_top(self, candidate: Candidate) -> str:
        row = self.layout.rows[candidate.row]
        upper = self.layout.rows[row.number - 1] if row.number else row
        labels = self.labels[upper.number]
        is_whole = len(candidate.text) >= len(row.text) - 2
        if not is_whole or upper is row or upper.page != row.page or len(labels) != 1:
            return ""
        is_only = labels[0].start == 0 and not upper.text[labels[0].stop :].strip(" :.")
        is_near = candidate.box[1] - upper.box[3] < 2 * row.height
        is_aligned = abs(candidate.box[0] - upper.box[0]) < 2 * row.height
        return labels[0].means if is_only and is_near and is_aligned else ""

    @cached_property
    def folded_text(self) -> str:
        """Return the letters and digits of the whole document."""
        return folded(self.layout.text)

    @cached_property
    def web_names(self) -> frozenset[str]:
        """Return the names in web and mail addresses."""
        return frozenset(m.group(1).lower() for m in _WEB.finditer(self.layout.text))


def document_of(layout: Layout) -> Document:
    """Return the labels and candidates of a layout."""
    notation = notation_of(layout)
    labels = tuple(tuple(labels_of(row)) for row in layout.rows)
    found: dict[Kind, list[Candidate]] = {kind: [] for kind in Kind}
    last = max(layout.sizes, default=1)
    table = frozenset(row.number for row in layout.rows if _is_of_table(row, labels))
    for row in layout.rows:
        found[Kind.AMOUNT].extend(amounts_of(row, notation))
        if row.number in table:
            continue
        found[Kind.DATE].extend(dates_of(row, notation))
        if _FIRST_PAGES < row.page < last and not _is_numbered(row, labels):
            continue
        found[Kind.CODE].extend(codes_of(row))
        if not _is_of_table(row, labels, but=_HEAD):
            found[Kind.NAME].extend(names_of(row, labels[row.number]))
    found[Kind.AMOUNT] = without_codes(found[Kind.AMOUNT])
    return Document(layout, notation, labels, {k: tuple(v) for k, v in found.items()}, table)


def _is_numbered(row: Row, labels: Sequence[Sequence[Label]]) -> bool:
    """Return whether a row, or the one above, announces the number of the invoice."""
    near = labels[max(0, row.number - 1) : row.number + 1]
    return any(label.means == "invoice_number" for each in near for label in each)


def _is_of_table(
    row: Row, labels: Sequence[Sequence[Label]], *, but: frozenset[str] = _ANNOUNCED
) -> bool:
    if len(row.parts) < _COLUMNS:
        return False
    near = labels[max(0, row.number - 1) : row.number + 1]  # a heading may stand above its value
    return not any(label.means in but for each in near for label in each)
