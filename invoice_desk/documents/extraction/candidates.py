"""Candidates: every text of a document that could be a date, an amount, a number or a name."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from invoice_desk.core.amounts import decimal_mark_of, read_amount
from invoice_desk.core.date_words import month_of
from invoice_desk.core.dates import DateOrder, date_order_of, read_moment
from invoice_desk.documents.extraction.labels import Label
from invoice_desk.documents.extraction.layout import Box, Layout, Row


class Kind(StrEnum):
    """What a candidate could be."""

    DATE = "date"
    AMOUNT = "amount"
    CODE = "code"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text on a page that could be the value of a field.

    Attributes:
        value: ISO 8601 for dates, a plain decimal for amounts, the text otherwise.
        row: Number of its row.
        start: Its first character in the text of the row.
        stop: The character behind it.
        confidence: How sure the reading of its words is.
    """

    kind: Kind
    text: str
    value: str
    page: int
    row: int
    start: int
    stop: int
    box: Box
    confidence: float = 1.0

    @property
    def amount(self) -> Decimal:
        """Return the value of an amount."""
        return Decimal(self.value)


@dataclass(frozen=True, slots=True)
class Notation:
    """How a document writes numbers and dates.

    Attributes:
        decimal_mark: `.` or `,`; None where nothing tells.
        date_order: Which part of a numeric date comes first.
        is_proven: Whether the dates themselves, the language or the addresses prove the order.
    """

    decimal_mark: str | None
    date_order: DateOrder
    is_proven: bool


_CURRENCY = r"(?:€|\$|£|₹|EUR|USD|US\$|GBP|INR|Rs\.?|MYR|RM|CHF|DZD|DA)"
#: In India thousands are followed by groups of two: 1,18,655.00.
_DIGITS = (
    r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d{1,3})?(?!\d)"
    r"|\d{1,3}(?:[ .,'’\u00a0\u202f]\d{3})+(?:[.,]\d{1,3})?|\d+[.,]\d{1,4}|\d+"
)
AMOUNT = re.compile(
    r"(?:(?<![\w.,/%\-])(?<!\d:)|(?<=[A-Za-z]{3})(?=\d+[.,]\d\d\b))"
    rf"(?:\(|[-\u2212]\s?)?{_CURRENCY}?\s?[-\u2212]?(?P<digits>{_DIGITS})"
    rf"(?:,-|\s?[-\u2212](?![\w-])|\))?(?:\s?{_CURRENCY}(?![^\W\d_]))?(?![\w%:/]|[.,\-]\d|\s?%)"
)
_MONTHS = r"[^\W\d_]{3,9}"
DATE = re.compile(
    r"(?:(?<![\w/.])|(?<=\d:\d\d))(?:"  # a time may be glued to it
    r"(?:19|20)\d{2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{1,2}(?!\d)"
    r"|\d{1,2}\s?(?P<m>[-/.])\s?\d{1,2}\s?(?P=m)\s?(?:(?:19|20)\d{2}|\d{2}(?!\d))"
    r"|\d{1,2}[-~]\d{1,2}[-~](?:(?:19|20)\d{2}|\d{2}(?!\d))"  # a dash that was misread
    r"|\d{1,2} \d{1,2} 20\d{2}(?!\d)"
    rf"|\d{{1,2}}(?:er|st|nd|rd|th|\.)?[\s\-/.]{{0,2}}(?:de\s|of\s)?{_MONTHS}"
    r"[\s\-/.,']{0,2}(?:(?:19|20)\d{2}|\d{2}(?!\d))"
    rf"|{_MONTHS}\.?[\s-]?\d{{1,2}}(?:st|nd|rd|th)?[\s,\-/]{{1,2}}(?:19|20)\d{{2}}(?!\d)"
    rf"|{_MONTHS}\s?\d{{1,2}}/\d{{2}}(?![\d/])"
    r"|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)"
    r")"
)
#: An amount with cents, and as many of them as show that a document writes them; a bare number
#: as long as a code.
_CENTS, _LEAST_CENTS = re.compile(r"[.,]\d{2}(?!\d)"), 3
_BARE = re.compile(r"\d{6,}")
#: The groups of a number behind its label, up to the end of its part of the row.
GROUPS = re.compile(
    r"[\s.:#]{0,4}(?P<number>[A-Z]{0,3}\d{1,5}(?: \d{2,5}){1,5}(?: \d)?)(?=\t|\s*$)"
)
_DIGIT = re.compile(r"\d")
_CODE = re.compile(r"(?<![\w])[A-Za-z0-9][A-Za-z0-9/_.\-]*\d[A-Za-z0-9/_.\-]*")
#: An amount with cents, or a day in figures, is no number of an invoice.
_FIGURE = re.compile(r"\d{1,3}(?:[.,]\d{3})*[.,]\d{2}|\d{1,2}([./-])\d{1,2}\1\d{2}(?:\d{2})?")
#: Names are no longer than this, in letters and in words, and are mostly letters.
_LONGEST, _FEW_WORDS, _MOST_WORDS, _LEAST_LETTERS = 90, 5, 12, 0.35
_BEHIND_LABEL = re.compile(r"\s?(?:[.#)]?\s?[:\t]|\.{2,}|…)\s*")
_PARTIES = frozenset({"seller", "buyer", "advertiser", "ship_to"})
#: What sets a name apart from the address behind it.
_ASIDE = re.compile(r"\s[-–—|•·●]\s")
#: What sets it apart from a street with its number first: `Blue Ltd, 12 High Street`.
_STREET_BEHIND = re.compile(r",\s+(?=\d{1,4}(?:\s?[a-z]|bis|ter)?,?\s+[^\W\d_]{2})", re.IGNORECASE)
#: A number in brackets behind a name: of a register, or of a customer.
_NUMBERED = re.compile(r"\s*\((?:[A-Za-z]{1,3}[ -]?)?\d[\d -]{2,}\d\s?-?\s?[A-Za-z]?\)?$")
_MONTH_IN = re.compile(_MONTHS)
_STATE_ZIP = re.compile(r"\b[A-Z]{2}[ ,]+\d{5}(?:-\d{4})?\b")
#: Words of countries where the day comes first.
_DAY_FIRST = re.compile(
    r"\b(?:facture|échéance|montant|rechnung|datum|betrag|factuur|bedrag|gst|sdn|jalan|vat|iban)\b",
    re.IGNORECASE,
)


def notation_of(layout: Layout) -> Notation:
    """Return how the document writes its numbers and dates, by all of them together."""
    mark = decimal_mark_of(m.group("digits") for row in layout.rows for m in _amounts_in(row))
    texts = [m.group() for row in layout.rows for m in _days_in(row.spaced)]
    order = date_order_of(texts)
    if order is not None:
        return Notation(mark, order, is_proven=True)
    if _DAY_FIRST.search(layout.text):
        return Notation(mark, DateOrder.DAY_FIRST, is_proven=True)
    if _STATE_ZIP.search(layout.text):
        return Notation(mark, DateOrder.MONTH_FIRST, is_proven=True)
    return Notation(mark, DateOrder.DAY_FIRST, is_proven=False)


@lru_cache(maxsize=8192)
def _days_in(text: str) -> tuple[re.Match[str], ...]:
    """Return what is written like a day; `24 Monate 99` is not, and holds amounts."""
    found: list[re.Match[str]] = []
    at = 0
    while _DIGIT.search(text, at) and (match := DATE.search(text, at)) is not None:
        word = _MONTH_IN.search(match.group())
        is_month = word is None or month_of(word.group()) is not None
        found += [match] if is_month else []
        at = match.end() if is_month else match.start() + 1
    return tuple(found)


def _amounts_in(row: Row) -> tuple[re.Match[str], ...]:
    return _found(AMOUNT, row.spaced)


@lru_cache(maxsize=8192)
def _found(shape: re.Pattern[str], text: str) -> tuple[re.Match[str], ...]:
    """Return where a shape stands; many rows are alike."""
    return tuple(shape.finditer(text)) if _DIGIT.search(text) else ()


def dates_of(row: Row, notation: Notation) -> Iterator[Candidate]:
    """Yield the dates of a row."""
    for match in _days_in(row.spaced):
        text = match.group()
        moment = read_moment(text.replace("\t", " ").replace("~", "-"), order=notation.date_order)
        if moment.value is None or not 1990 <= moment.value.year <= 2079:
            continue
        day: dt.date = moment.value.date()
        yield _candidate(Kind.DATE, row, match.start(), match.end(), day.isoformat())


def amounts_of(row: Row, notation: Notation) -> Iterator[Candidate]:
    """Yield the amounts of a row; what belongs to a date is none."""
    taken = [m.span() for m in _days_in(row.spaced)]
    for match in _amounts_in(row):
        start, stop = match.span()
        start += len(match.group()) - len(match.group().lstrip())
        if any(a < stop and start < b for a, b in taken):
            continue
        digits = match.group("digits")
        if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
            continue  # a piece of a number to call, or of a code
        value = amount_in(match.group(), notation)
        if value is not None and abs(value) < 10**10:
            plain = f"{value:f}".removesuffix(".0")
            yield _candidate(Kind.AMOUNT, row, start, stop, plain)


def without_codes(amounts: list[Candidate]) -> list[Candidate]:
    """Return amounts without long bare integers, where others are written with cents.

    Those are codes of goods and customs, larger than any total.
    """
    if sum(_CENTS.search(each.text) is not None for each in amounts) < _LEAST_CENTS:
        return amounts
    return [each for each in amounts if _BARE.fullmatch(each.text) is None]


@lru_cache(maxsize=8192)
def amount_in(text: str, notation: Notation) -> Decimal | None:
    """Return the amount that `text` spells in the notation of the document."""
    bare = re.sub(_CURRENCY, "", text).strip()
    found = read_amount(bare, decimal_mark=notation.decimal_mark).value
    if found is None:
        found = read_amount(bare).value
    if found is None and notation.decimal_mark is None:
        found = read_amount(bare, decimal_mark=".").value
    return found


def codes_of(row: Row) -> Iterator[Candidate]:
    """Yield the words of a row that have a digit: numbers of invoices, orders, customers."""
    for match in _CODE.finditer(row.text):
        text = match.group().rstrip("/_.-")
        if 1 < len(text) <= 40 and not _FIGURE.fullmatch(text):
            yield _candidate(Kind.CODE, row, match.start(), match.start() + len(text), text)


def names_of(row: Row, labels: Sequence[Label]) -> Iterator[Candidate]:
    """Yield the parts of a row that have letters enough for a name.

    What stands behind a label in the same part is yielded without the label, and what stands
    before a dash or a dot that sets an address apart, without the address.  `Client: Blue Ltd`
    is no name, `Blue Ltd` is; so it is of `Blue Ltd (139386 X)` and `Client: Blue Ltd, 1 Elm Road`.
    """
    for part in row.parts:
        start = row.offsets[part.start]
        stop = start + len(part.text)
        heads = [label for label in labels if start <= label.start <= start + 2]
        rest = _BEHIND_LABEL.match(row.spaced, heads[0].stop, stop) if heads else None
        has_rest = rest is not None and rest.end() < stop
        if not (has_rest and heads[0].means in _PARTIES):
            yield from _named(row, start, stop)
        if has_rest and rest is not None:
            street = _STREET_BEHIND.search(row.text, rest.end(), stop)
            yield from _named(row, rest.end(), street.start() if street else stop)
        for label in labels:  # `Bank – Account holder: Blue Ltd`
            told = _BEHIND_LABEL.match(row.spaced, label.stop, stop)
            is_inside = start + 2 < label.start < stop and label.means in _PARTIES
            if is_inside and told is not None and told.end() < stop:
                yield from _named(row, told.end(), stop)
        cut = _ASIDE.search(row.text, start, stop) or _STREET_BEHIND.search(row.text, start, stop)
        if cut is not None:
            yield from _named(row, start, cut.start())


def _named(row: Row, start: int, stop: int) -> Iterator[Candidate]:
    number = _NUMBERED.search(row.text, start, stop)
    if number is not None and number.start() > start:
        stop = number.start()
    text = row.text[start:stop]
    letters = sum(map(str.isalpha, text))
    is_name = letters >= max(3, _LEAST_LETTERS * len(text)) and text[-1] != ":" and "@" not in text
    if is_name and len(text) <= _LONGEST and not _is_prose(text):
        yield _candidate(Kind.NAME, row, start, stop, text)


def _is_prose(text: str) -> bool:
    """Return whether a text is a sentence: of many words, and most of them begin small."""
    words = text.split()
    small = sum(word[0].islower() for word in words)
    return len(words) > _MOST_WORDS or (len(words) > _FEW_WORDS and 2 * small > len(words))


def _candidate(kind: Kind, row: Row, start: int, stop: int, value: str) -> Candidate:
    text, box = row.text[start:stop], row.box_of(start, stop)
    return Candidate(
        kind, text, value, row.page, row.number, start, stop, box, row.confidence_of(start, stop)
    )
