"""From a candidate to a value of a field: with its place, its text and its engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from invoice_desk.core.amounts import amount_text
from invoice_desk.documents.extraction.candidates import Candidate
from invoice_desk.documents.extraction.shapes import Found
from invoice_desk.documents.fields import FieldValue


@dataclass(frozen=True, slots=True)
class Values:
    """Makes values of one document.

    Attributes:
        engines: Page → the engine that read it.
    """

    engines: Mapping[int, str]

    def of(self, candidate: Candidate, value: str, sure: float, reason: str = "") -> FieldValue:
        """Return a candidate as a value that may be written otherwise than on the page."""
        text, engine = candidate.text.strip(), self.engines.get(candidate.page, "")
        return FieldValue(value, text, sure, candidate.page, candidate.box, engine, reason)

    def shaped(self, found: Found) -> FieldValue:
        """Return what was told by its shape as a value."""
        row = found.row
        sure = round(found.confidence * min(1.0, row.confidence_of(found.start, found.stop)), 3)
        text = row.text[found.start : found.stop]
        box = row.box_of(found.start, found.stop)
        return FieldValue(found.value, text, sure, row.page, box, self.engines.get(row.page, ""))


def money(value: Decimal) -> str:
    """Return an amount as plain text with two decimals, or as many as it has."""
    exponent = value.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < -2 else 2
    return amount_text(value, digits=places)
