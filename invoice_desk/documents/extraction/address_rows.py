"""The address beneath a name, or behind it on the line of a sender."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from invoice_desk.core.text import folded
from invoice_desk.documents.extraction.addresses import STREET, has_town, looks_like_address
from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.headed_names import (
    SenderLine,
    is_head_of,
    is_salutation,
    sender_line,
)
from invoice_desk.documents.extraction.labels import Label
from invoice_desk.documents.extraction.layout import Box, Part, Row

#: The last figure of a post code may have been misread as a letter.
_TOWN_ROW = re.compile(r"^(?:[A-Z]{1,3}[ -])?\d{4}[\dA-Z]?\s[^\W\d_]{2}")
#: A street without a word for street, as `Am Hafen 9`.
_HOUSE_LAST = re.compile(r"^[^\W\d_][^\d:]{3,40}\s\d{1,4}\s?[a-z]?$")
#: What a company says of itself below its name: `Building better since 1961`.
_SLOGAN = re.compile(
    r"\b(?:since|seit|depuis|est\.|established)\s+(?:in\s+)?(?:1[789]|20)\d\d\b", re.IGNORECASE
)
_CITY_ROW = re.compile(r"^[^\d:@]{3,45}$")
#: An address has at most this many rows, and begins at most this far below the name.
_MOST_ROWS, _MOST_SKIPPED, _ROWS_BELOW = 7, 3, 16
#: A gap of this many heights of type ends an address, or of this many of the gap to the name.
_MOST_GAP, _MOST_SPREAD = 2.5, 2.0
#: Behind the town less does: this many heights, or of this many of the usual gap.
_GAP_AFTER, _SPREAD_AFTER = 1.4, 1.3
#: Behind the town, a row of so many parts is of a table.
_PARTS_OF_TABLE = 3
#: Behind the town stands a country, or what is left of it, and no sentence.
_MOST_WORDS = 6
#: A row of so many digits and no letter is a number to call.
_DIGITS_OF_PHONE = 7
#: A name of so many letters and digits is the same one elsewhere.
_LEAST_OF_NAME = 5
#: Labels that end an address.
_ENDS = frozenset(
    {"phone", "tax_id", "invoice_number", "document_word", "issue_date", "date", "time", "bank"}
    | {"due_date", "order_number", "item", "quantity", "total", "customer_number", "payment_terms"}
    | {
        "buyer",
        "advertiser",
        "ship_to",
        "seller",
        "terms",
        "contract_number",
        "supplier_number",
        "cash",
    }
    | {"registration", "contact"}
)
#: A number in a register of companies or of tax, with the words before it.
REGISTRATION = re.compile(
    r"\(?\s*(?:(?:co|company|business|reg|registration|br|roc|rob|gst|sst|id|no)\b[.:]*\s*)*"
    r"\(?\s*[A-Z]{0,3}\d{5,12}\s?-\s?[A-Z]{1,2}\b\s*\)?[.,]?"
    r"|\(?\s*(?:co|company|business|gst|sst|br|reg)\b[. ]*(?:reg\w*[. ]*)?"
    r"(?:no|id|roc)\b[.: ]*[\w-]+\s*\)?",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{3}")
_COMMA = re.compile(r"\s*,\s+")
_PHONE = re.compile(r"(?<![\w-])\+?0?\d{2,3}-\d{6,8}(?!\w)")
_CONTACT = re.compile(
    r"\b(?:tel|fax|phone|h/?p|mobile|e-?mail|website|hotline|invoice|receipt|bill|date|gst|cashier"
    r"|vat|tva|ust|siret|siren|rcs|hrb)\b"
    r"|@|www\.|https?:",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Address:
    """The rows of an address as they stand.

    Attributes:
        text: Its rows, joined by blanks.
    """

    text: str
    page: int
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class Beneath:
    """What stands in a row under a name."""

    text: str
    box: Box


def address_below(document: Document, name: Candidate) -> Address | None:
    """Return the address that stands beneath a name, in its column, or behind it on its line."""
    rows = document.layout.rows
    if (behind := _behind(document, rows[name.row], name)) is not None:
        return behind
    found: list[Beneath] = []
    gaps: list[float] = []
    skipped, edge = 0, name.box[3]
    for row in rows[name.row + 1 : name.row + 1 + _ROWS_BELOW]:
        if row.page != name.page or len(found) == _MOST_ROWS or _is_of_another(row, name):
            break
        if not found and (again := _line_of(document, row, name)) is not None:
            return again
        part = beneath(row, name)
        text = _without_contact(_PHONE.sub("", REGISTRATION.sub("", part.text)).strip(" ,"))
        if len(text) < 3:  # of another column
            continue
        past_town, gap = any(has_town(each.text) for each in found), part.box[1] - edge
        if found and gap > _most_gap(row, gaps, past_town=past_town):
            break
        labels = [x for x in document.labels[row.number] if _is_inside(x, part.box)]
        is_of_table = past_town and len(row.parts) >= _PARTS_OF_TABLE
        if past_town and len(text.split()) > _MOST_WORDS:
            break
        if _is_part(text, found, labels, is_of_table=is_of_table) and not _is_end(text, labels):
            gaps.append(max(0.0, gap))
            found.append(Beneath(text, part.box))
            edge = part.box[3]
            continue
        skipped += 1
        if found or skipped > _MOST_SKIPPED:
            break
    is_told = any(_WORD.search(each.text) for each in found)  # numbers alone are none
    return _joined(found, name.page) if is_told else None


def _is_of_another(row: Row, name: Candidate) -> bool:
    """Return whether the address of somebody else begins here, as `Herrn` does."""
    return is_salutation(beneath(row, name).text) and not is_salutation(name.value)


def _line_of(document: Document, row: Row, name: Candidate) -> Address | None:
    """Return the address on a line of the sender that begins with the same name once more."""
    line = sender_line(document, row)
    if line is None:
        return None
    head = row.text[line.start : line.address]
    return _on_line(row, line) if folded(head) == folded(name.value) else None


def _on_line(row: Row, line: SenderLine) -> Address:
    text, box = row.text[line.address : line.stop], row.box_of(line.address, line.stop)
    return _joined([Beneath(text, box)], row.page)


def _behind(document: Document, row: Row, name: Candidate) -> Address | None:
    """Return the address behind a name: a sender's, or one that a comma sets apart from it."""
    line = sender_line(document, row)
    if line is not None and is_head_of(line, name):
        return _on_line(row, line)
    part = next((p for p in row.parts if row.offsets[p.start] <= name.start < _end(row, p)), None)
    comma = _COMMA.match(row.text, name.stop)
    if part is None or comma is None or comma.end() >= _end(row, part):
        return None
    start, stop = comma.end(), _end(row, part)
    text = row.text[start:stop]
    is_address = looks_like_address(text) and has_town(text)
    return _joined([Beneath(text, row.box_of(start, stop))], row.page) if is_address else None


def _end(row: Row, part: Part) -> int:
    return row.offsets[part.start] + len(part.text)


def address_of(document: Document, name: Candidate) -> Address | None:
    """Return the address beneath a name, or beneath another place where the name stands."""
    found = address_below(document, name)
    plain = folded(name.value)
    if found is not None or len(plain) < _LEAST_OF_NAME:
        return found
    others = (
        address_below(document, other)
        for other in document.candidates[Kind.NAME]
        if other is not name and folded(other.value) == plain
    )
    return next((address for address in others if address is not None), None)


def beneath(row: Row, name: Candidate) -> Beneath:
    """Return the parts of a row that stand under, or over, a name."""
    x0, _, x1, _ = name.box
    margin = 4 * row.height
    near = [p for p in row.parts if p.box[0] < x1 + margin and p.box[2] > x0 - margin]
    if not near:
        return Beneath("", (0, 0, 0, 0))
    aligned = [p for p in near if abs(p.box[0] - x0) < margin]
    parts = near if len(near) == len(row.parts) else aligned or near[:1]
    left, top = min(p.box[0] for p in parts), min(p.box[1] for p in parts)
    right, bottom = max(p.box[2] for p in parts), max(p.box[3] for p in parts)
    return Beneath(" ".join(p.text for p in parts), (left, top, right, bottom))


def _most_gap(row: Row, gaps: Sequence[float], *, past_town: bool) -> float:
    if past_town:
        return max(_GAP_AFTER * row.height, _SPREAD_AFTER * min(gaps[1:] or gaps))
    return max(_MOST_GAP * row.height, _MOST_SPREAD * gaps[0])


def _is_part(
    text: str, found: Sequence[Beneath], labels: Sequence[Label], *, is_of_table: bool
) -> bool:
    """Return whether a row belongs to an address: a street, a town, or what goes on."""
    if _SLOGAN.search(text):
        return False
    if looks_like_address(text) or _TOWN_ROW.match(text):
        return True
    if _HOUSE_LAST.match(text) and not labels:
        return True
    return bool(found) and not is_of_table and _continues(text, found[-1].text)


def _without_contact(text: str) -> str:
    """Return a row of an address without what is said behind it of how to reach somebody."""
    contact = _CONTACT.search(text)
    if contact is None or not contact.start() or not looks_like_address(text[: contact.start()]):
        return text
    return text[: contact.start()].strip(" ,(-–·|")


def _is_inside(label: Label, box: Box) -> bool:
    return box[0] - 1 <= label.box[0] and label.box[2] <= box[2] + 1


def _joined(found: Sequence[Beneath], page: int) -> Address:
    x0, y0, x1, y1 = zip(*(each.box for each in found), strict=True)
    text = " ".join(each.text for each in found)
    is_whole = len(found) > 1 or STREET.search(text) is not None
    sure = 0.9 if is_whole and has_town(text) else 0.6
    return Address(text, page, (min(x0), min(y0), max(x1), max(y1)), sure)


def _is_end(text: str, labels: Sequence[Label]) -> bool:
    """Return whether a row says something else: how to reach somebody, or another value."""
    if sum(map(str.isdigit, text)) >= _DIGITS_OF_PHONE and not any(map(str.isalpha, text)):
        return True
    if _CONTACT.search(text) and not looks_like_address(_CONTACT.split(text)[0]):
        return True
    if not labels or labels[0].means not in _ENDS:
        return False
    words = text[: labels[0].stop - labels[0].start + 3]
    is_first = labels[0].box[0] <= labels[-1].box[0] and text[:1].isalnum()
    return is_first and (":" in words or len(text) <= labels[0].stop - labels[0].start + 2)


def _continues(text: str, last: str) -> bool:
    """Return whether a row goes on an address: a city or state, or the rest after a comma."""
    return last.rstrip().endswith((",", "-")) or bool(_CITY_ROW.match(text))
