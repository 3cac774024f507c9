"""A document as a person checks it: its fields with their places, what is doubtful, who decided."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from invoice_desk.core.document_fields import Doubt, Reading, doubt_of
from invoice_desk.core.records import FindingRecord, SourceRecord
from invoice_desk.core.source import MAILS, Kind, SourceStatus
from invoice_desk.documents.page import Page
from invoice_desk.services.page_images import PageFile


class Origin(StrEnum):
    """Where the value of a field comes from."""

    PAGE = "page"
    XML = "xml"
    #: A person took words of the page, or confirmed what was read.
    CHOSEN = "chosen"
    #: A person wrote it; it stands on no page.
    TYPED = "typed"
    EMPTIED = "emptied"


@dataclass(frozen=True, slots=True)
class Place:
    """Words of a page that a value was taken from."""

    text: str
    page: int
    box: tuple[float, float, float, float]
    engine: str = ""
    confidence: float = 1.0

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "text": self.text,
            "page": self.page,
            "box": [round(v, 2) for v in self.box],
            "engine": self.engine,
            "confidence": round(self.confidence, 3),
        }


@dataclass(frozen=True, slots=True)
class DocumentField:
    """A field of a document as it stands now.

    Attributes:
        value: As it is stored; empty when it was emptied.
        place: Where it stands; None for what stands on no page.
        read: What was read, while a person decided otherwise.
        person: Who decided, if anybody did.
    """

    name: str
    value: str
    confidence: float
    origin: Origin
    place: Place | None = None
    read: str | None = None
    person: str = ""
    findings: tuple[FindingRecord, ...] = ()

    @property
    def is_by_hand(self) -> bool:
        """Return whether a person decided it."""
        return self.origin in {Origin.CHOSEN, Origin.TYPED, Origin.EMPTIED}

    @property
    def doubt(self) -> Doubt:
        """Return how sure it is."""
        return doubt_of(self.confidence, by_hand=self.is_by_hand)

    @property
    def is_doubtful(self) -> bool:
        """Return whether a person should look at it."""
        return bool(self.findings) or self.doubt in {Doubt.LIKELY, Doubt.UNSURE}


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the window shows it.

    Attributes:
        file: The bytes, to draw pages of.
        pages: Number, width, height, text source and engine; their words come later.
        findings: Those that still hold, of fields too.
        reading: How its dates and amounts are written, as far as that is known.
        approved_by: Who approved it, and when; None while nobody did.
        is_excluded: Whether a person said that it does not count, as a duplicate.
        parts: Into how many documents it was split; these stand in its place.
        contents: What was in it, in its order: files of an archive, attachments, such parts.
    """

    source: SourceRecord
    file: PageFile
    table_id: int | None
    pages: tuple[Page, ...]
    fields: dict[str, DocumentField]
    findings: tuple[FindingRecord, ...]
    lines: tuple[dict[str, str], ...]
    taxes: tuple[dict[str, str], ...]
    reading: Reading
    approved_by: tuple[str, dt.datetime | None] | None = None
    is_excluded: bool = False
    parts: int = 0
    contents: tuple[SourceRecord, ...] = ()

    @property
    def is_writable(self) -> bool:
        """Return whether a person may change its fields now."""
        return not (self.is_approved or self.is_unfinished or self.parts or self.is_container)

    @property
    def is_container(self) -> bool:
        """Return whether it has no fields of its own: an archive, a mail that brought files."""
        is_cover = self.source.kind in MAILS and bool(self.contents) and not self.fields
        return self.source.kind is Kind.ZIP or is_cover

    @property
    def is_approved(self) -> bool:
        """Return whether a person said that it is right."""
        return self.approved_by is not None

    @property
    def is_unfinished(self) -> bool:
        """Return whether it is still being read."""
        return self.source.status in {SourceStatus.PENDING, SourceStatus.PROCESSING}
