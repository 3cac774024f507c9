"""Who sells and who buys: names chosen together, and whole."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

import numpy as np

from invoice_desk.core.text import folded
from invoice_desk.documents.extraction.address_rows import (
    REGISTRATION,
    address_below,
    beneath,
)
from invoice_desk.documents.extraction.addresses import has_town, looks_like_address
from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.headed_names import (
    PARTIES,
    SenderLine,
    headed_names,
    is_salutation,
    is_saluted,
    sender_lines,
)
from invoice_desk.documents.extraction.layout import Row

#: From here on a name is taken, in logarithms of odds.
_TAKEN = {"supplier_name": -4.5, "customer_name": -1.0}
#: As many names are looked at, and the labels of the other party, or of a person.
_TRIED = 8
_OTHER_PARTY = {
    "supplier_name": frozenset({"buyer", "advertiser", "ship_to", "contact"}),
    "customer_name": frozenset({"seller", "ship_to", "contact"}),
}
#: Odds, at the least, of a name that is the only one with its label.
_NAMED = 2.0
#: Odds of a name that is told by the address beneath it, or its heading, alone.
_ADDRESSED = -0.5
#: An addressee stands in this part of its page, in so many words, so near below a heading.
_UPPER, _MOST_WORDS, _HEADING_ROWS = 0.6, 6, 10
#: The end of a company's name; and what cannot be its beginning.
_LEGAL_END = re.compile(
    r"\b(?:sdn\.? ?bhd|bhd|gmbh|ag|kg|sarl|sas|s\.a\.|ltd|limited|inc|llc|llp|plc|corp|b\.?v|"
    r"a\.g|e\.v|enterprise|verein\w*|versicherungsverein)\b",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(
    r"^(?:[^()]*\)|\(|(?:co|cp)\b\.?|sdn\b|bhd\b|gmbh\b|enterprise\b|& )", re.IGNORECASE
)
#: A letterhead has so many rows over the line of the sender, which begin where it does.
_LETTERHEAD_ROWS, _SAME_COLUMN = 4, 20.0
#: In so few rows above a name stands the one that heads its address.
_BLOCK_ROWS = 3
#: A legal form stands at most this many heights behind its name.
_LEGAL_GAP = 3.0


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
    if (advertiser := _advertiser(document)) is not None:
        sure = chosen.get("customer_name", (advertiser, _NAMED))[1]
        chosen["customer_name"] = advertiser, max(sure, _NAMED)
        if _is_same(chosen, "supplier_name", "customer_name"):
            del chosen["supplier_name"]
        return chosen
    if "customer_name" not in chosen and "supplier_name" in chosen:
        supplier = chosen["supplier_name"][0]
        addressee = _addressee(document, supplier) or _first_headed(document, supplier)
        if addressee is not None:
            chosen["customer_name"] = addressee, _ADDRESSED
    if "customer_name" in chosen:
        buyer, sure = chosen["customer_name"]
        seller = chosen["supplier_name"][0] if "supplier_name" in chosen else None
        chosen["customer_name"] = _head_of_block(document, buyer, seller), sure
    return chosen


def _advertiser(document: Document) -> Candidate | None:
    """Return the one name that the heading `Advertiser` has, whoever else is billed."""
    headed = document.once(headed_names)
    found = {
        folded(name.value): name
        for name in reversed(document.candidates[Kind.NAME])
        if headed.get((name.row, name.start)) == "advertiser"
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _first_headed(document: Document, supplier: Candidate) -> Candidate | None:
    """Return the first name that a heading of the buyer has."""
    headed = document.once(headed_names)
    names = document.candidates[Kind.NAME]
    return next(
        (
            name
            for name in names
            if headed.get((name.row, name.start)) == "buyer"
            and folded(name.value) != folded(supplier.value)
        ),
        None,
    )


def _is_same(chosen: Mapping[str, tuple[Candidate, float]], one: str, other: str) -> bool:
    names = [folded(chosen[name][0].value) for name in (one, other) if name in chosen]
    return len(names) == 2 and names[0] == names[1]


def _head_of_block(document: Document, name: Candidate, supplier: Candidate | None) -> Candidate:
    """Return the name right above another in an address: the company's, before its contact's."""
    if _LEGAL_END.search(name.value) or address_below(document, name) is None:
        return name
    lines = {line.row for line in document.once(sender_lines)}
    for row in reversed(document.layout.rows[max(0, name.row - _BLOCK_ROWS) : name.row]):
        for upper in document.by_row.get((Kind.NAME, row.number), ()):
            is_column = abs(upper.box[0] - name.box[0]) < row.height
            is_close = upper.page == name.page and name.box[1] - upper.box[3] < row.height
            if not (is_column and is_close) or row.number in lines or is_saluted(upper.value):
                continue
            if _may_be_addressee(document, upper, supplier):
                return upper
    return name


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
    sent_from, lines = folded(sender.text) if sender else "", document.once(sender_lines)
    found = []
    for name in document.candidates[Kind.NAME]:
        row = document.layout.rows[name.row]
        if row.page != 1 or name.box[1] > _UPPER * document.layout.sizes[row.page][1]:
            break
        if not _may_be_addressee(document, name, supplier) or _is_over_sender(name, lines):
            continue
        address, is_greeted = address_below(document, name), _is_greeted(document, name)
        if address is None or not has_town(address.text):
            continue
        if is_greeted or folded(address.text) not in sent_from:
            found.append((not is_greeted, not _is_under_buyer(document, row), name.row, name))
    return min(found, key=lambda each: each[:3])[3] if found else None


def _is_greeted(document: Document, name: Candidate) -> bool:
    """Return whether `Herrn`, `Madame` or the like is the row above a name."""
    rows = document.layout.rows[max(0, name.row - 1) : name.row]
    return any(row.page == name.page and is_salutation(beneath(row, name).text) for row in rows)


def _may_be_addressee(document: Document, name: Candidate, supplier: Candidate | None) -> bool:
    """Return whether a text may be a name of its own: no label, address, number or the sender."""
    ours, theirs = folded(name.value), folded(supplier.value) if supplier is not None else ""
    labels = document.labels[name.row]
    is_label = any(x.start <= name.start + 2 and x.stop > name.start for x in labels)
    is_odd = any(map(str.isdigit, name.value)) or len(name.value.split()) > _MOST_WORDS
    is_odd = is_odd or is_salutation(name.value)
    is_sender = bool(theirs) and (ours in theirs or theirs in ours)
    return not (is_label or is_odd or is_sender or looks_like_address(name.value))


def _is_under_buyer(document: Document, row: Row) -> bool:
    """Return whether the nearest heading of a party above a row is the buyer's."""
    for upper in reversed(document.layout.rows[max(0, row.number - _HEADING_ROWS) : row.number]):
        for label in document.labels[upper.number]:
            if label.start <= 1 and label.means in PARTIES:
                return label.means in {"buyer", "advertiser"}
    return False


def _ranked(document: Document, field: str, odds: np.ndarray) -> list[tuple[Candidate, float]]:
    """Return the best names, without those that a label gives to the other party."""
    names = document.candidates[Kind.NAME]
    best = [(names[i], float(odds[i])) for i in np.argsort(-odds)[:_TRIED]]
    other = _OTHER_PARTY[field]
    found = [(name, sure) for name, sure in best if document.label_before(name) not in other]
    if field == "customer_name":
        lines = document.once(sender_lines)
        found = [(name, sure) for name, sure in found if not _is_over_sender(name, lines)]
    return found


def _is_over_sender(name: Candidate, lines: Sequence[SenderLine]) -> bool:
    """Return whether a name stands right over a line of the sender: it is of the letterhead."""
    return any(
        line.page == name.page
        and 0 <= line.row - name.row <= _LETTERHEAD_ROWS
        and abs(line.left - name.box[0]) < _SAME_COLUMN
        for line in lines
    )


def whole_name(document: Document, name: Candidate) -> str:
    """Return a name with the rows that go on or begin it, as `AIR HARBOUR / (NORTH) SDN BHD`."""
    rows = document.layout.rows
    text = name.value
    for row in rows[name.row + 1 : name.row + 2]:
        under = beneath(row, name)
        below = under.text
        is_close = row.page == name.page and under.box[1] - name.box[3] < row.height
        if is_close and is_salutation(text):
            text = f"{text} {below}"
        if is_close and _is_rest_of_name(text, below):
            text = f"{text} {below}"
    text = f"{text} {beside}" if (beside := _legal_form_beside(rows[name.row], name)) else text
    for row in reversed(rows[max(0, name.row - 2) : name.row]):
        over = beneath(row, name)
        above = over.text
        is_close = row.page == name.page and name.box[1] - over.box[3] < 2.5 * row.height
        if not (is_close and above and _FRAGMENT.match(text)):
            break
        text = f"{above} {text}"
    return REGISTRATION.sub("", text).strip(" ,;-") or text


def _is_rest_of_name(text: str, below: str) -> bool:
    """Return whether a row goes on the name above it, up to its legal form."""
    is_open = not _LEGAL_END.search(text) and not is_saluted(text)
    is_name = _LEGAL_END.search(below) is not None and ":" not in below
    return is_open and is_name and not looks_like_address(below)


def _legal_form_beside(row: Row, name: Candidate) -> str:
    """Return a legal form that wide blanks set apart from its name: `Metallbau & Co.    KG`."""
    for left, right in itertools.pairwise(row.parts):
        if row.offsets[right.start] == name.stop + 1 and left.box[2] <= name.box[2] + 1:
            is_near = right.box[0] - name.box[2] < _LEGAL_GAP * row.height
            return right.text if is_near and _LEGAL_END.fullmatch(right.text) else ""
    return ""
