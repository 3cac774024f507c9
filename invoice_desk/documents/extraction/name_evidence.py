"""Evidence of names: what they look like, which block they head, where else they stand."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache

from rapidfuzz import fuzz

from invoice_desk.core.text import folded
from invoice_desk.documents.extraction.addresses import POSTCODE, STREET
from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.headed_names import (
    PARTIES,
    SenderLine,
    headed_names,
    is_head_of,
    is_salutation,
    is_saluted,
    sender_lines,
)
from invoice_desk.documents.extraction.labels import Label
from invoice_desk.documents.extraction.layout import Box, Part, Row

#: A gap of this many heights of type ends a block of rows; one this large ends an address.
_BLOCK_GAP, _ADDRESS_GAP = 1.1, 2.2
#: Rows below a sender's line in which its addressee stands.
_ADDRESSEE_ROWS = 9
#: An addressee begins at most this share of the page's width beside the line of the sender.
_SENDER_MARGIN = 0.07
#: A post code so few rows below a name makes it the head of an address.
_ADDRESS_ROWS = 5
#: A page's foot begins here.
_FOOT = 0.8
_CONTACTS = frozenset({"phone", "tax_id", "registration", "bank"})

_LEGAL = re.compile(
    r"\b(?:gmbh|ag|kg|ug|ohg|gbr|e\.?\s?k|e\.?\s?v|se|sarl|s\.?a\.?r\.?l|sas|s\.?a\.?s|sasu|eurl|s\.?a|sci|"
    r"inc|ltd|limited|llc|llp|plc|corp|corporation|co|company|sdn|bhd|b\.?v|n\.?v|s\.?r\.?l|s\.?p\.?a|"
    r"pte|pty|oy|ab|aps|kft|spol|enterprise|enterprises|trading|restaurant|restoran|mart|market|"
    r"store|stores|shop|hardware|supermarket|pharmacy|cafe|hotel|group|services?|industries|"
    r"committee|congress|senate|president|university|verein|versicherung|verlag|stadtwerke|"
    r"soci[ée]t[ée]|entreprise|[ée]tablissements?|[ée]ts|association|maison)\b",
    re.IGNORECASE,
)
_REGISTRATION = re.compile(
    r"\(?\b[A-Z]{0,3}\d{5,8}\s?-\s?[A-Z]\b\)?|\(\s?\d{5,12}\s?-?\s?[A-Z]{0,2}\s?\)"
)


class NameEvidence:
    """Turns the names of a document into numbers."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._likenesses: dict[str, float] = {}
        self._lower: dict[tuple[int, int, int], tuple[list[Part], int]] = {}

    def of(self, candidate: Candidate) -> list[float]:
        """Return what speaks for a name, beside the labels around it."""
        text, layout = candidate.text, self._document.layout
        letters = sum(map(str.isalpha, text))
        digits = sum(map(str.isdigit, text))
        plain = _plain(text)
        below = [r.text for r in layout.rows[candidate.row + 1 : candidate.row + 4]]
        own = [x for x in self._document.labels[candidate.row] if _within(x, candidate)]
        covered = sum(x.stop - x.start for x in own)
        web = self._likeness_to_web(plain)
        return [
            float(len(text)),
            float(len(text.split())),
            letters / len(text),
            float(digits),
            float(text.upper() == text),
            float(_has_legal_form(text)),
            float(_has_street(text)),
            float(_has_postcode(text)),
            float(_has_registration(text)),
            covered / len(text),
            float(any(c in text for c in ":@?")),
            float(sum(_has_street(b) or _has_postcode(b) for b in below)),
            float(bool(below and _has_registration(below[0]))),
            float(bool(below and _has_registration(" ".join(below)))),
            web / 100,
            float(len(plain) > 4 and min(5, self._document.folded_text.count(plain))),
            float(self._ordinal(candidate)),
            *self._block(candidate),
            (candidate.box[2] - candidate.box[0]) / layout.sizes[candidate.page][0],
            *self._place(candidate),
            float(len(plain) > 4 and plain in self._feet),
        ]

    def _place(self, candidate: Candidate) -> tuple[float, ...]:
        """Return whose heading a name stands below, and how it stands to a sender's line."""
        role = self._headed.get((candidate.row, candidate.start))
        is_sender, under = False, _ADDRESSEE_ROWS + 1
        for line in self._senders:
            is_sender = is_sender or is_head_of(line, candidate)
            rows = candidate.row - line.row
            margin = _SENDER_MARGIN * self._document.layout.sizes[line.page][0]
            is_column = abs(candidate.box[0] - line.left) < margin
            if line.page == candidate.page and 0 < rows <= _ADDRESSEE_ROWS and is_column:
                under = min(under, rows)
        return (*(float(role == party) for party in PARTIES), float(is_sender), float(under))

    def _block(self, candidate: Candidate) -> tuple[float, ...]:
        """Return what stands in the rows above and below a name, in its column.

        How many rows go on without a gap, how near a street and a post code are, how many rows
        tell how to reach or to pay somebody, whether a salutation comes before, and how many
        addresses begin above.
        """
        rows = self._document.layout.rows
        above = reversed(rows[max(0, candidate.row - 6) : candidate.row])
        upper = self._run(candidate, above, _BLOCK_GAP)
        lower, close = self._below(candidate)
        code = next((i for i, p in enumerate(lower, start=1) if _has_postcode(p.text)), 9)
        street = next((i for i, p in enumerate(lower, start=1) if _has_street(p.text)), 9)
        is_told = is_saluted(candidate.text) or (upper and is_salutation(upper[0].text))
        return (
            float(len(upper)),
            float(close),
            float(code),
            float(street),
            float(sum(map(self._is_contact, lower))),
            float(bool(is_told)),
            float(bisect_left(self._addresses, (candidate.row, candidate.start))),
            float(min(6, len(self._addresses))),
        )

    def _below(self, candidate: Candidate) -> tuple[list[Part], int]:
        """Return the parts below a name, and how many of them follow without a gap."""
        place = candidate.row, candidate.start, candidate.stop
        if place not in self._lower:
            rows = self._document.layout.rows[candidate.row + 1 : candidate.row + 12]
            parts = self._run(candidate, rows, _ADDRESS_GAP)
            close, edge = 0, candidate.box
            for part in parts[:7]:
                if part.box[1] - edge[3] > _BLOCK_GAP * max(_high(part.box), _high(edge)):
                    break
                close, edge = close + 1, part.box
            self._lower[place] = parts, close
        return self._lower[place]

    def _run(self, candidate: Candidate, rows: Iterable[Row], most: float) -> list[Part]:
        """Return the parts of the block in the candidate's column, until a gap ends it."""
        parts: list[Part] = []
        edge = candidate.box
        for row in rows:
            if row.page != candidate.page:
                break
            part = _in_column(row, candidate.box)
            if part is None:
                continue
            gap = max(part.box[1] - edge[3], edge[1] - part.box[3])
            if gap > most * max(row.height, _high(edge)):
                break
            parts.append(part)
            edge = part.box
        return parts

    def _is_contact(self, part: Part) -> bool:
        """Return whether a part tells how to reach or to pay somebody."""
        if any(sign in part.text for sign in ("@", "www.", "http")):
            return True
        row = self._document.layout.rows[part.row]
        start = row.offsets[part.start]
        labels = self._document.labels[part.row]
        return any(x.means in _CONTACTS and start <= x.start <= start + 2 for x in labels)

    @cached_property
    def _addresses(self) -> list[tuple[int, int]]:
        """Return row and first character of the names that head an address, from the top."""
        found = []
        last: dict[int, int] = {}
        for name in self._document.candidates[Kind.NAME]:
            if _has_postcode(name.text) or _has_street(name.text):
                continue
            if last.get(round(name.box[0])) == name.row - 1:
                last[round(name.box[0])] = name.row
                continue
            below, _ = self._below(name)
            if any(_has_postcode(part.text) for part in below[:_ADDRESS_ROWS]):
                found.append((name.row, name.start))
                last[round(name.box[0])] = name.row
        return found

    @cached_property
    def _headed(self) -> dict[tuple[int, int], str]:
        return self._document.once(headed_names)

    @cached_property
    def _senders(self) -> list[SenderLine]:
        return self._document.once(sender_lines)

    @cached_property
    def _feet(self) -> str:
        """Return the letters and digits at the foot of the pages, where the seller is named."""
        layout = self._document.layout
        low = (r for r in layout.rows if r.box[1] > _FOOT * layout.sizes[r.page][1])
        return folded("\n".join(row.text for row in low))

    def _ordinal(self, candidate: Candidate) -> int:
        """Return how many names stand in the rows above."""
        return min(20, bisect_left(self._first_names, candidate.row))

    @cached_property
    def _first_names(self) -> list[int]:
        """Return the rows of the first names, from the top."""
        return [name.row for name in self._document.candidates[Kind.NAME][:40]]

    def _likeness_to_web(self, plain: str) -> float:
        """Return how like the name in an address of the web is to these letters, 0 to 100."""
        if plain not in self._likenesses:
            names = self._document.web_names
            found = (fuzz.partial_ratio(name, plain) for name in names)
            self._likenesses[plain] = max(found, default=0.0)
        return self._likenesses[plain]


def _within(label: Label, candidate: Candidate) -> bool:
    return candidate.start <= label.start and label.stop <= candidate.stop


def _in_column(row: Row, name: Box) -> Part | None:
    """Return the part that begins, or has its middle, where the name has; the nearest of them."""
    left, middles = name[0], name[0] + name[2]
    near, far = 1.5 * row.height, 3 * row.height
    found, least = None, math.inf
    for part in row.parts:  # asked a thousand times a page
        x0, _, x1, _ = part.box
        away = x0 - left if x0 > left else left - x0
        if away < least and (away < near or -far < x0 + x1 - middles < far):
            found, least = part, away
    return found


def _high(box: Box) -> float:
    return box[3] - box[1]


def _told_by(shape: re.Pattern[str]) -> Callable[[str], bool]:
    """Return what tells whether a text has this shape; the same texts are asked about often."""
    return lru_cache(maxsize=4096)(lambda text: shape.search(text) is not None)


_plain = lru_cache(maxsize=4096)(folded)
_has_street, _has_postcode = _told_by(STREET), _told_by(POSTCODE)
_has_registration, _has_legal_form = _told_by(_REGISTRATION), _told_by(_LEGAL)
