"""Labels that stand over their values: in a row of headings, or right above one value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from invoice_desk.documents.extraction.candidates import DATE, GROUPS, Candidate, Kind
from invoice_desk.documents.extraction.labels import Label
from invoice_desk.documents.extraction.layout import Part, Row

if TYPE_CHECKING:
    from invoice_desk.documents.extraction.document import Document

#: What the columns of a table are headed with.
_OF_TABLE = frozenset({"quantity", "unit_price", "line_amount", "grand_total", "net_total"})
#: So many rows above a value its heading may stand, and as many heights of type.
_ROWS, _GAP = 3, 2.5
#: A value right under a single label stands so close, and begins so near to where it does.
_CLOSE, _ALIGNED = 1.6, 0.6
_WORD = re.compile(r"[^\W\d_]{2,}")


def column_label(document: Document, candidate: Candidate) -> str:
    """Return what the heading announces right under which a number or a day stands.

    Headings stand two and more in a row, with nothing but labels, or one right above a value that
    is all of its cell.  Where values go on below each other it is a column of a table, which says
    nothing of the document.
    """
    rows = document.layout.rows
    row = rows[candidate.row]
    part = next((p for p in row.parts if row.offsets[p.start] == candidate.start), None)
    if part is None or candidate.kind not in {Kind.CODE, Kind.DATE}:
        return ""
    for upper in reversed(rows[max(0, row.number - _ROWS) : row.number]):
        if upper.page != row.page or part.box[1] - upper.box[3] > _GAP * row.height:
            return ""
        over = _in_column(upper, part)
        if over is None:
            continue
        label = _whole_label(document, over)
        if label is None or _goes_on(document, candidate, part):
            return ""
        is_close = part.box[1] - over.box[3] < _CLOSE * row.height
        is_under = is_close and abs(part.box[0] - over.box[0]) < _ALIGNED * row.height
        is_alone = is_under and _is_whole(document, candidate, part)
        is_head = _are_headings(document, upper) or (is_alone and not _is_of_table(document, upper))
        return label.means if is_head else ""
    return ""


def is_of_text(document: Document, candidate: Candidate, label: Label) -> bool:
    """Return whether a number begins a text in another cell than a label, as a street does."""
    row = document.layout.rows[candidate.row]
    starts = [row.offsets[part.start] for part in row.parts]
    at = max(i for i, start in enumerate(starts) if start <= candidate.start)
    text = DATE.sub("", row.parts[at].text)
    return label.start < starts[at] and len(_WORD.findall(text)) > 1


def _is_whole(document: Document, candidate: Candidate, part: Part) -> bool:
    """Return whether a part of a row is no more than a value, or a number in groups."""
    if len(candidate.text) >= len(part.text) - 2:
        return True
    found = GROUPS.match(document.layout.rows[part.row].spaced, candidate.start)
    return found is not None and len(found["number"]) >= len(part.text) - 2


def _are_headings(document: Document, row: Row) -> bool:
    """Return whether a row is made of labels, two and more, and not of those of a table."""
    heads = [_whole_label(document, part) for part in row.parts]
    told = [head.means for head in heads if head is not None]
    return len(told) > 1 and 2 * len(told) >= len(heads) and not _is_of_table(document, row)


def _is_of_table(document: Document, row: Row) -> bool:
    return any(label.means in _OF_TABLE for label in document.labels[row.number])


def ends_a_value(document: Document, candidate: Candidate, label: Label) -> bool:
    """Return whether a label closes the text of another cell, with words before it."""
    row = document.layout.rows[candidate.row]
    starts = [row.offsets[part.start] for part in row.parts]
    own = max((at for at in starts if at <= label.start), default=0)
    return own < label.start and own != max(at for at in starts if at <= candidate.start)


def _in_column(row: Row, part: Part) -> Part | None:
    """Return the part of a row that stands over or under another, the nearest of them."""
    left, _, right, _ = part.box
    near = [
        p
        for p in row.parts
        if (p.box[0] < right and left < p.box[2]) or abs(p.box[0] - left) < row.height
    ]
    return min(near, key=lambda p: abs(p.box[0] - left), default=None)


def _whole_label(document: Document, part: Part) -> Label | None:
    """Return the label that a part of a row consists of."""
    row = document.layout.rows[part.row]
    start = row.offsets[part.start]
    stop = start + len(part.text)
    label = next((x for x in document.labels[part.row] if x.start == start), None)
    rest = "" if label is None else row.text[label.stop : stop]
    return None if label is None or any(c.isalnum() for c in rest) else label


def _goes_on(document: Document, candidate: Candidate, part: Part) -> bool:
    """Return whether another value of the kind stands right below in the column."""
    rows = document.layout.rows
    for lower in rows[candidate.row + 1 : candidate.row + 1 + _ROWS]:
        if lower.page != candidate.page or lower.box[1] - part.box[3] > lower.height:
            return False
        under = _in_column(lower, part)
        if under is not None:
            at = lower.offsets[under.start]
            peers = document.by_row.get((candidate.kind, lower.number), ())
            return any(at <= peer.start < at + len(under.text) for peer in peers)
    return False
