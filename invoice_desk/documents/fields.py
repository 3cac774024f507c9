"""What a document says: its fields, each with its place on the page."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_desk.core.findings import Finding

#: The class of a document that is none of the others.
OTHER = "other"
#: The page of a field that stands on none, as in XML.
NO_PAGE = 0


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A field as it stands on the page.

    Attributes:
        value: ISO 8601 for dates, a plain decimal for amounts, the text otherwise.
        text: The words on the page.
        confidence: 0 to 1.
        page: From 1; `NO_PAGE` when it stands in XML.
        box: x0, y0, x1, y1 in the unit of the page.
        reason: Why this one, when not by its place alone.
        is_made: Whether the text alone does not spell the value: a sum, or another sign.
    """

    value: str
    text: str
    confidence: float
    page: int
    box: tuple[float, float, float, float]
    engine: str
    reason: str = ""
    is_made: bool = False


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """What a document says.

    Attributes:
        document_type: `invoice`, or None when it does not look like one.
        confidence: How sure that, and the class, is; `reasons` are for both.
        document_class: One of `document_class.CLASSES`.
        language: ISO 639-1, or "".
        date_order: `dmy` or `mdy` when the document's dates or its language prove it.
        lines: Its lines, canonical field → value.
        taxes: Its tax, one entry a rate.
    """

    document_type: str | None
    confidence: float
    reasons: tuple[str, ...]
    fields: dict[str, FieldValue]
    findings: tuple[Finding, ...] = ()
    date_order: str | None = None
    lines: tuple[dict[str, str], ...] = ()
    taxes: tuple[dict[str, str], ...] = ()
    document_class: str = OTHER
    language: str = ""

    @property
    def sureness(self) -> float:
        """Return how sure one may be of it: not at all where nothing of it is known."""
        is_known = bool(self.fields) if self.document_type else self.document_class != OTHER
        return self.confidence if is_known else 0.0
