"""Names that their place gives away: below a heading of a party, and around a sender's line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from invoice_desk.documents.extraction.addresses import has_town
from invoice_desk.documents.extraction.candidates import Candidate
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.labels import Label
from invoice_desk.documents.extraction.layout import Part, Row

PARTIES = ("seller", "buyer", "ship_to", "advertiser")
#: What stands in a row of its own before a name.
SALUTATION = re.compile(
    r"^(?:herrn?|frau|firma|fa\.?|(?:(?:herrn?|frau|firma|familie|eheleute)\s?[/,]?\s?){2,3}|an|für|monsieur|madame|m\.|mme|à|pour|mr\.?|mrs\.?|ms\.?|messrs\.?"
    r"|to|for)$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{3}")
#: What a person's name begins with.
_SALUTED = re.compile(
    r"^(?:herrn?|frau|monsieur|madame|m\.|mme|mr\.?|mrs\.?|ms\.?|dr\.?)\s", re.IGNORECASE
)
#: Rows below a heading in which its name may stand, and how many heights below the first one.
_ROWS_BELOW, _FIRST_GAP = 9, 4.0
#: A value stands at most this many heights of type to the right of its label.
_BESIDE = 40.0
#: Rows with these do not end a section: its name may stand below them.
_PASSED = frozenset({"supplier_number", "customer_number", "tax_id", "registration"})
#: Labels within what is then no name, but a line of its own.
_OF_ANOTHER = frozenset({"contact", "phone"})
#: What sets the parts of an address apart that is written on one line.
_APART = re.compile(r"\s+[-–—|*/]\s+|\s*[●•·|]\s*|,\s+|\t+")


@dataclass(frozen=True, slots=True)
class SenderLine:
    """A line with name and address of who sends a letter, as it stands above the addressee.

    Attributes:
        start: The first character of the name in the row.
        address: The first character of the street.
        stop: The character behind the town.
        left: Where the line begins on the page.
    """

    row: int
    page: int
    start: int
    address: int
    stop: int
    left: float


def headed_names(document: Document) -> dict[tuple[int, int], str]:
    """Return row and first character of names → the party whose heading they stand below."""
    found: dict[tuple[int, int], str] = {}
    for row in document.layout.rows:
        for label in document.labels[row.number]:
            if label.means in PARTIES:
                place = _name_of(document, row, label)
                if place is not None:
                    found.setdefault(place, label.means)
    return found


def sender_lines(document: Document) -> list[SenderLine]:
    """Return the lines of name, street and town."""
    found = (sender_line(document, row) for row in document.layout.rows)
    return [line for line in found if line is not None]


def sender_line(document: Document, row: Row) -> SenderLine | None:
    """Return what a row says where it is name, street and town; None for other rows."""
    if not has_town(row.text):
        return None
    end = _first(row, row.parts[0]) + len(row.parts[0].text)
    alone = has_town(row.text[:end])  # what stands in another column is not of the line
    stop = end if alone else len(row.text)
    labels = [label for label in document.labels[row.number] if label.start < stop]
    if any(label.means != "address" for label in labels):
        return None
    pieces = list(_pieces(row.spaced[:stop]))
    if len(pieces) < 3 or not _is_plain_name(row.text[slice(*pieces[0])]):
        return None
    town = next((b for a, b in pieces[1:] if has_town(row.text[a:b])), None)
    if town is None:
        return None
    start, address = pieces[0][0], pieces[1][0]
    if not _WORD.search(row.text, address, town):
        return None  # numbers alone, under the headings of columns
    left = row.box_of(start, start + 1)[0]
    return SenderLine(row.number, row.page, start, address, town, left)


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the pieces of a line begin and end that marks set apart."""
    at = 0
    for match in _APART.finditer(text):
        if text[at : match.start()].strip():
            yield at, match.start()
        at = match.end()
    if text[at:].strip():
        yield at, len(text)


def is_salutation(text: str) -> bool:
    """Return whether a row is no more than what stands before a name."""
    return SALUTATION.match(text.strip()) is not None


def is_saluted(text: str) -> bool:
    """Return whether a name is a person's, with its salutation: `Ms Helen Lee`."""
    return _SALUTED.match(text) is not None


def _name_of(document: Document, row: Row, label: Label) -> tuple[int, int] | None:
    """Return row and first character of the name that a heading announces."""
    at = next((i for i, p in enumerate(row.parts) if _starts(row, p, label)), None)
    if at is None:
        return None
    rest = _rest(row, row.parts[at], label)
    if rest is not None:
        return row.number, rest
    if not _ends_with(row, row.parts[at], label):
        return None
    # A heading with a colon has its value beside it, one without, beneath.
    is_beside = ":" in row.text[label.stop : label.stop + 3] or _alternates(document, row)
    beside, below = _beside(document, row, at), _below(document, row, label)
    return (beside or below) if is_beside else (below or beside)


def _alternates(document: Document, row: Row) -> bool:
    """Return whether a row is two and more labels, each with its value behind it."""
    parts = [part for part in row.parts if any(map(str.isalnum, part.text))]
    labelled = [_label_at(document, row, part) is not None for part in parts]
    return len(parts) > 3 and not len(parts) % 2 and labelled == [True, False] * (len(parts) // 2)


def _below(document: Document, heading: Row, label: Label) -> tuple[int, int] | None:
    edge, is_announced = heading.box[3], False
    for row, part in _column(document, heading, label):
        if part.box[1] - edge > _FIRST_GAP * row.height:
            return None
        edge = part.box[3]
        own = _label_at(document, row, part)
        if own is None:
            if not is_announced and (is_salutation(part.text) or ":" in part.text):
                continue
            if _has_inside(document, row, part, _OF_ANOTHER):
                return None
            return (row.number, _first(row, part)) if _is_plain_name(part.text) else None
        if own.means == "name":
            rest = _rest(row, part, own)
            place = (row.number, rest) if rest is not None else None
            place = place or _beside(document, row, row.parts.index(part))
            if place is not None:
                return place
            is_announced = True  # its value stands beneath, as viewers of XML show it
        elif own.means not in _PASSED:
            return None
    return None


def _column(document: Document, heading: Row, label: Label) -> Iterator[tuple[Row, Part]]:
    """Yield the parts below a heading that begin where it does, a row each."""
    rows = document.layout.rows
    for row in rows[heading.number + 1 : heading.number + 1 + _ROWS_BELOW]:
        if row.page != heading.page:
            return
        near = 2.5 * row.height
        part = min(row.parts, key=lambda p: abs(p.box[0] - label.box[0]))
        if abs(part.box[0] - label.box[0]) < near:
            yield row, part


def _beside(document: Document, row: Row, at: int) -> tuple[int, int] | None:
    """Return the part on the right of another where it could be the value of a label."""
    part = row.parts[at]
    value = next((p for p in row.parts[at + 1 :] if any(map(str.isalnum, p.text))), None)
    if value is None:
        return None
    is_far = value.box[0] - part.box[2] > _BESIDE * row.height
    if is_far or _label_at(document, row, value) is not None or not _is_plain_name(value.text):
        return None
    return row.number, _first(row, value)


def _first(row: Row, part: Part) -> int:
    return row.offsets[part.start]


def _starts(row: Row, part: Part, label: Label) -> bool:
    start = _first(row, part)
    return start <= label.start <= start + 2


def _ends_with(row: Row, part: Part, label: Label) -> bool:
    stop = _first(row, part) + len(part.text)
    return not any(map(str.isalnum, row.text[label.stop : stop]))


def _rest(row: Row, part: Part, label: Label) -> int | None:
    """Return where the value begins that stands behind a label and a colon in the same part."""
    stop = _first(row, part) + len(part.text)
    behind = row.text[label.stop : stop]
    value = behind.lstrip(" .)")
    if not value.startswith(":"):
        return None
    value = value[1:].lstrip()
    return stop - len(value) if _is_plain_name(value) else None


def _label_at(document: Document, row: Row, part: Part) -> Label | None:
    return next((x for x in document.labels[row.number] if _starts(row, part, x)), None)


def _has_inside(document: Document, row: Row, part: Part, means: frozenset[str]) -> bool:
    """Return whether one of these labels stands within a part, as in `Primary contact Jo Lee`."""
    start, stop = _first(row, part), _first(row, part) + len(part.text)
    return any(start < x.start < stop and x.means in means for x in document.labels[row.number])


def _is_plain_name(text: str) -> bool:
    """Return whether a text has letters enough for a name, and few digits."""
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    return letters >= 3 and digits < letters and len(text) <= 90


def is_head_of(line: SenderLine, candidate: Candidate) -> bool:
    """Return whether a candidate is the name that a sender's line begins with."""
    return candidate.row == line.row and candidate.start == line.start
