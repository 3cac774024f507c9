"""Who sells and who buys: names chosen together, and the address beneath a name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from invoice_desk.core.text import folded
from invoice_desk.documents.extraction.addresses import looks_like_address
from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.headed_names import is_head_of, is_salutation, sender_line
from invoice_desk.documents.extraction.layout import Box, Row

#: From here on a name is taken, in logarithms of odds.
_TAKEN = {"supplier_name": -4.5, "customer_name": -1.0}
#: As many names are looked at, and the labels of the other party.
_TRIED = 8
_OTHER_PARTY = {
    "supplier_name": frozenset({"buyer", "ship_to"}),
    "customer_name": frozenset({"seller", "ship_to"}),
}
#: Odds of a name that is told by the address beneath it alone.
_ADDRESSED = -0.5
#: An addressee stands in this part of its page, in so many words, so near below a heading.
_UPPER, _MOST_WORDS, _HEADING_ROWS = 0.6, 6, 10
_TOWN = re.compile(r"(?<!\d)\d{4,5}(?!\d)\s?[^\W\d_]{2}")
#: A street without a word for street, as `Am Hafen 9`.
_HOUSE_LAST = re.compile(r"^[^\W\d_][^\d:]{3,40}\s\d{1,4}\s?[a-z]?$")
#: An address has at most this many rows, and begins at most this far below the name.
_MOST_ROWS, _MOST_SKIPPED, _ROWS_BELOW = 7, 3, 16
#: A gap of this many heights of type ends an address, or of this many of its first gap.
_MOST_GAP, _MOST_SPREAD = 2.5, 2.0
#: Labels that end an address.
_ENDS = frozenset(
    {"phone", "tax_id", "invoice_number", "document_word", "issue_date", "date", "time", "bank"}
    | {"due_date", "order_number", "item", "quantity", "total", "customer_number", "payment_terms"}
    | {"buyer", "ship_to", "seller", "terms", "contract_number", "supplier_number", "cash"}
)
#: A number in a register of companies or of tax, with the words before it.
_REGISTRATION = re.compile(
    r"\(?\s*(?:(?:co|company|business|reg|registration|br|roc|rob|gst|sst|id|no)\b[.:]*\s*)*"
    r"\(?\s*[A-Z]{0,3}\d{5,12}\s?-\s?[A-Z]{1,2}\b\s*\)?[.,]?"
    r"|\(?\s*(?:co|company|business|gst|sst|br|reg)\b[. ]*(?:reg\w*[. ]*)?"
    r"(?:no|id|roc)\b[.: ]*[\w-]+\s*\)?",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w-])\+?0?\d{2,3}-\d{6,8}(?!\w)")
_CONTACT = re.compile(
    r"\b(?:tel|fax|phone|h/?p|mobile|e-?mail|website|hotline|invoice|receipt|bill|date|gst|cashier)\b"
    r"|@|www\.|https?:",
    re.IGNORECASE,
)
#: The end of a company's name; and what cannot be its beginning.
_LEGAL_END = re.compile(
    r"\b(?:sdn\.? ?bhd|bhd|gmbh|ag|kg|sarl|sas|s\.a\.|ltd|limited|inc|llc|corp|b\.?v|a\.g|e\.v|"
    r"enterprise|verein\w*|versicherungsverein)\b",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(
    r"^(?:[^()]*\)|\(|(?:co|cp)\b\.?|sdn\b|bhd\b|gmbh\b|enterprise\b|& )", re.IGNORECASE
)
#: A legal form stands at most this many heights behind its name.
_LEGAL_GAP = 3.0
_CITY_ROW = re.compile(r"^[^\d:@]{3,45}$")


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


def chosen_names(
    document: Document, odds: Mapping[str, np.ndarray]
) -> dict[str, tuple[Candidate, float]]:
    """Return supplier and customer with their odds; never the same name for both."""
    ranked = {name: _ranked(document, name, odds[name]) for name in _TAKEN if name in odds}
    chosen = {
        name: (candidate, sure)
        for name, (candidate, sure) in _paired(ranked).items()
        if sure > _TAKEN[name]
    }
    if "customer_name" not in chosen and "supplier_name" in chosen:
        addressee = _addressee(document, chosen["supplier_name"][0])
        if addressee is not None:
            chosen["customer_name"] = addressee, _ADDRESSED
    return chosen


def _paired(
    ranked: Mapping[str, list[tuple[Candidate, float]]],
) -> dict[str, tuple[Candidate, float]]:
    """Return the likeliest names; where both are the same one, the likeliest pair."""
    first = {name: names[0] for name, names in ranked.items() if names}
    if len({folded(candidate.value) for candidate, _ in first.values()}) == len(first):
        return first
    if first["customer_name"][1] <= _TAKEN["customer_name"]:
        del first["customer_name"]
        return first
    pairs = (
        (one[1] + other[1], one, other)
        for one, other in itertools.product(*ranked.values())
        if folded(one[0].value) != folded(other[0].value)
    )
    best = max(pairs, key=lambda pair: pair[0], default=None)
    return first if best is None else dict(zip(ranked, best[1:], strict=True))


def _addressee(document: Document, supplier: Candidate) -> Candidate | None:
    """Return the name above the first address of a letter that is not its sender's.

    A letter begins with whom it is for; what stands below a heading of the buyer comes first.
    """
    sender = address_below(document, supplier)
    sent_from = folded(sender.text) if sender else ""
    found = []
    for name in document.candidates[Kind.NAME]:
        row = document.layout.rows[name.row]
        if row.page != supplier.page or name.box[1] > _UPPER * document.layout.sizes[row.page][1]:
            break
        if not _may_be_addressee(document, name, supplier):
            continue
        address = address_below(document, name)
        if address is None or not _TOWN.search(address.text) or folded(address.text) in sent_from:
            continue
        found.append((not _is_under_buyer(document, row), name.row, name))
    return min(found, key=lambda each: each[:2])[2] if found else None


def _may_be_addressee(document: Document, name: Candidate, supplier: Candidate) -> bool:
    """Return whether a text may be a name of its own: no label, address, number or the sender."""
    ours, theirs = folded(name.value), folded(supplier.value)
    labels = document.labels[name.row]
    is_label = any(x.start <= name.start + 2 and x.stop > name.start for x in labels)
    is_odd = any(map(str.isdigit, name.value)) or len(name.value.split()) > _MOST_WORDS
    is_sender = ours in theirs or theirs in ours
    return not (is_label or is_odd or is_sender or looks_like_address(name.value))


def _is_under_buyer(document: Document, row: Row) -> bool:
    """Return whether the nearest heading of a party above a row is the buyer's."""
    for upper in reversed(document.layout.rows[max(0, row.number - _HEADING_ROWS) : row.number]):
        for label in document.labels[upper.number]:
            if label.start <= 1 and label.means in {"buyer", "seller", "ship_to"}:
                return label.means == "buyer"
    return False


def _ranked(document: Document, field: str, odds: np.ndarray) -> list[tuple[Candidate, float]]:
    """Return the best names, without those that a label gives to the other party."""
    names = document.candidates[Kind.NAME]
    best = [(names[i], float(odds[i])) for i in np.argsort(-odds)[:_TRIED]]
    other = _OTHER_PARTY[field]
    return [(name, sure) for name, sure in best if document.label_before(name) not in other]


def whole_name(document: Document, name: Candidate) -> str:
    """Return a name with the rows that go on or begin it, as `AIR HARBOUR / (NORTH) SDN BHD`."""
    rows = document.layout.rows
    text = name.value
    for row in rows[name.row + 1 : name.row + 2]:
        below, box = _in_column(row, name)
        is_close = row.page == name.page and box[1] - name.box[3] < row.height
        if is_close and is_salutation(text):
            text = f"{text} {below}"
        if is_close and not _LEGAL_END.search(text) and _LEGAL_END.search(below):
            text = f"{text} {below}" if not looks_like_address(below) else text
    text = f"{text} {beside}" if (beside := _legal_form_beside(rows[name.row], name)) else text
    for row in reversed(rows[max(0, name.row - 2) : name.row]):
        above, box = _in_column(row, name)
        is_close = row.page == name.page and name.box[1] - box[3] < 2.5 * row.height
        if not (is_close and above and _FRAGMENT.match(text)):
            break
        text = f"{above} {text}"
    return _REGISTRATION.sub("", text).strip(" ,;-") or text


def _legal_form_beside(row: Row, name: Candidate) -> str:
    """Return a legal form that wide blanks set apart from its name: `Metallbau & Co.    KG`."""
    for left, right in itertools.pairwise(row.parts):
        if row.offsets[right.start] == name.stop + 1 and left.box[2] <= name.box[2] + 1:
            is_near = right.box[0] - name.box[2] < _LEGAL_GAP * row.height
            return right.text if is_near and _LEGAL_END.fullmatch(right.text) else ""
    return ""


def address_below(document: Document, name: Candidate) -> Address | None:
    """Return the address that stands beneath a name, in its column, or behind it on its line."""
    rows = document.layout.rows
    row = rows[name.row]
    line = sender_line(document, row)
    if line is not None and is_head_of(line, name):
        return _joined(
            [(row.text[line.address : line.stop], row.box_of(line.address, line.stop))], row.page
        )
    found: list[tuple[str, Box]] = []
    skipped, edge, spread = 0, name.box[3], 0.0
    for row in rows[name.row + 1 : name.row + 1 + _ROWS_BELOW]:
        text, box = _in_column(row, name)
        text = _PHONE.sub("", _REGISTRATION.sub("", text)).strip(" ,")
        if row.page != name.page or len(found) == _MOST_ROWS:
            break
        if len(text) < 3:  # of another column
            continue
        if found and box[1] - edge > max(_MOST_GAP * row.height, _MOST_SPREAD * spread):
            break
        is_street = bool(_HOUSE_LAST.match(text)) and not document.labels[row.number]
        goes_on = bool(found) and _continues(text, found[-1][0])
        is_part = looks_like_address(text) or is_street or goes_on
        if is_part and not _is_end(document, row, text):
            spread = spread or max(0.0, box[1] - edge)
            found.append((text, box))
            edge = box[3]
            continue
        skipped += 1
        if found or skipped > _MOST_SKIPPED:
            break
    return _joined(found, name.page) if found else None


def _joined(found: Sequence[tuple[str, Box]], page: int) -> Address:
    x0, y0, x1, y1 = zip(*(box for _, box in found), strict=True)
    text = " ".join(text for text, _ in found)
    sure = 0.9 if len(found) > 1 and re.search(r"\d{4,5}", text) else 0.6
    return Address(text, page, (min(x0), min(y0), max(x1), max(y1)), sure)


def _in_column(row: Row, name: Candidate) -> tuple[str, Box]:
    """Return the parts of a row that stand under the name."""
    x0, _, x1, _ = name.box
    margin = 4 * row.height
    near = [p for p in row.parts if p.box[0] < x1 + margin and p.box[2] > x0 - margin]
    if not near:
        return "", (0, 0, 0, 0)
    aligned = [p for p in near if abs(p.box[0] - x0) < margin]
    parts = near if len(near) == len(row.parts) else aligned or near[:1]
    left, top = min(p.box[0] for p in parts), min(p.box[1] for p in parts)
    right, bottom = max(p.box[2] for p in parts), max(p.box[3] for p in parts)
    return " ".join(p.text for p in parts), (left, top, right, bottom)


def _is_end(document: Document, row: Row, text: str) -> bool:
    if _CONTACT.search(text) and not looks_like_address(_CONTACT.split(text)[0]):
        return True
    starts = document.labels[row.number][:1]
    if not starts or starts[0].start > 1 or starts[0].means not in _ENDS:
        return False
    is_whole = not text[starts[0].stop :].strip(" .:")
    return is_whole or ":" in text[: starts[0].stop + 3]


def _continues(text: str, last: str) -> bool:
    """Return whether a row goes on an address: a city or state, or the rest after a comma."""
    return last.rstrip().endswith((",", "-")) or bool(_CITY_ROW.match(text))
