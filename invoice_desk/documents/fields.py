"""From the words of a document to the fields of an invoice, each with its place on the page.

Candidates are scored: by how telling the label is, by where the value stands to it (right of
it, below it), and by whether the amounts agree with each other.  A value always is a text that
stands on a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from stdnum import iban
from stdnum.eu import vat

from invoice_desk.core.amounts import amount_text, decimal_mark_of, read_amount
from invoice_desk.core.dates import DateOrder, date_order_of, read_moment
from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.documents.document_class import classify
from invoice_desk.documents.page import Line, Page, lines_of, segments_of

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
    """

    value: str
    text: str
    confidence: float
    page: int
    box: tuple[float, float, float, float]
    engine: str


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
    document_class: str = "other"
    language: str = ""


_AMOUNT = r"[-(]?\s?(?:[€$£]|EUR|USD|RM|DZD|DA)?\s?-?\d[\d.,'’\u00a0\u202f ]*\d\)?-?|\d"
_MONEY = re.compile(rf"(?:{_AMOUNT})\s?(?:€|\$|£|EUR|USD|DZD|DA\b)?")
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{2,4}"
    r"|\d{1,2}(?:er|st|nd|rd|th|\.)?\s(?:de\s)?[^\W\d_]{3,10}\.?\s\d{2,4}"
    r"|\d{1,2}-[^\W\d_]{3,9}-\d{2,4}|[^\W\d_]{3,10}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s\d{4}"
)
_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9/_.\-]*\d[A-Z0-9/_.\-]*", re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_VAT_ID = re.compile(
    r"\b(?:FR ?[A-Z0-9]{2} ?\d{3} ?\d{3} ?\d{3}|DE ?\d{9}|[A-Z]{2} ?U?\d{8,12}(?:B\d{2})?)\b"
)

#: Field → labels with their weight; the pattern that its value must have.
_LABELS: dict[str, tuple[tuple[tuple[str, float], ...], re.Pattern[str]]] = {
    "invoice_number": (
        (
            (r"(?:invoice|inv|receipt|bill)\s*(?:number|num|no|nr|n°|#)\.?", 0.95),
            (r"(?:facture|fact)\s*(?:n°|no|nº|num[ée]ro|#)\.?", 0.95),
            (r"(?:n°|num[ée]ro)\s*(?:de\s*)?(?:la\s*)?facture", 0.95),
            (r"rechnungs?\s*-?\s*(?:nummer|nr)\.?", 0.95),
            (r"factuurnummer", 0.95),
            (r"(?:invoice|facture|rechnung)\s*:", 0.7),
            (r"document\s*(?:no|number)\.?", 0.7),
        ),
        _NUMBER,
    ),
    "issue_date": (
        (
            (r"(?:invoice|issue|bill)\s*date", 0.95),
            (r"date\s*(?:de\s*)?(?:la\s*)?(?:facture|facturation|d['’]émission)", 0.95),
            (r"rechnungsdatum|factuurdatum", 0.95),
            (r"\bdate\b|\bdatum\b|\ble\b", 0.7),
        ),
        _DATE,
    ),
    "due_date": (
        (
            (r"due\s*date|payment\s*due|date\s*d['’]échéance|échéance|à payer avant", 0.9),
            (r"fällig(?:keit|\s*am)?|vervaldatum", 0.9),
        ),
        _DATE,
    ),
    "net_amount": (
        (
            (r"total\s*h\.?\s?t\.?\b|montant\s*h\.?\s?t\.?\b|total\s*hors\s*taxes?", 0.95),
            (
                r"sub\s*-?\s*total|sous\s*-?\s*total|net\s*(?:amount|total)|total\s*net|nettobetrag",
                0.9,
            ),
            (r"untaxed\s*amount|total\s*excl\w*|summe\s*netto", 0.9),
        ),
        _MONEY,
    ),
    "tax_amount": (
        (
            (r"(?:total|montant)\s*(?:de\s*la\s*)?t\.?v\.?a\.?", 0.95),
            (r"\bt\.?v\.?a\.?\b|\bvat\b|\bgst\b|\btax(?:es)?\b|mwst|umsatzsteuer|btw", 0.8),
        ),
        _MONEY,
    ),
    "total_amount": (
        (
            (r"total\s*t\.?\s?t\.?\s?c\.?|montant\s*t\.?\s?t\.?\s?c\.?|grand\s*total", 0.95),
            (r"total\s*(?:amount|incl\w*|due|à payer|facture)|net\s*à\s*payer|amount\s*due", 0.9),
            (r"gesamtbetrag|rechnungsbetrag|bruttobetrag|endbetrag|totaalbedrag", 0.9),
            (r"\btotal\b|\bsumme\b|\btotaal\b", 0.7),
        ),
        _MONEY,
    ),
    "purchase_order": (
        (
            (
                r"(?:purchase\s*order|\bp\.?o\.?\b)\s*(?:number|no|#)?\.?|bon\s*de\s*commande|bestellnummer",
                0.85,
            ),
        ),
        _NUMBER,
    ),
}
#: Languages in which the day always comes first.
_DAY_FIRST_WORDS = re.compile(
    r"\b(?:facture|échéance|montant|rechnung|datum|betrag|factuur|bedrag)\b", re.IGNORECASE
)
_DATES = frozenset({"issue_date", "due_date"})
_AMOUNTS = frozenset({"net_amount", "tax_amount", "total_amount"})
_INVOICE_WORDS = re.compile(
    r"\b(?:invoice|facture|rechnung|factuur|receipt|avoir|credit note|gutschrift|tax invoice)\b",
    re.IGNORECASE,
)
_CURRENCIES = (
    ("€", "EUR"),
    ("EUR", "EUR"),
    ("DZD", "DZD"),
    (" DA", "DZD"),
    ("£", "GBP"),
    ("RM", "MYR"),
    ("USD", "USD"),
    ("$", "USD"),
    ("CHF", "CHF"),
)


def read_document(pages: Sequence[Page]) -> DocumentReading:
    """Return the fields of a document, and whether it looks like an invoice."""
    lines = [line for page in pages for line in lines_of(page)]
    text = "\n".join(line.text for line in lines)
    kind, confidence, reasons = _kind_of(text)
    if kind is None:
        return DocumentReading(None, confidence, reasons, {})
    engines = {page.number: page.engine for page in pages}
    order = date_order_of(m.group() for m in _DATE.finditer(text))
    if order is None and _DAY_FIRST_WORDS.search(text):
        order = DateOrder.DAY_FIRST
    fields = _labelled(lines, text, order)
    fields |= {n: v for n, v in _by_shape(lines).items() if n not in fields}
    fields = {n: replace(v, engine=engines.get(v.page, "")) for n, v in fields.items()}
    proven = order.value if order else None
    return DocumentReading(kind, confidence, reasons, fields, tuple(_findings(fields)), proven)


def page_dates(text: str) -> list[str]:
    """Return the days in `text`, ISO 8601; what could be two days is both."""
    days = []
    for match in _DATE.finditer(text):
        for order in DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST:
            moment = read_moment(match.group(), order=order)
            if moment.value:
                days.append(moment.value.date().isoformat())
    return days


def _kind_of(text: str) -> tuple[str | None, float, tuple[str, ...]]:
    found = classify(text)
    return found.document_type, found.confidence, found.reasons


def _labelled(lines: Sequence[Line], text: str, order: DateOrder | None) -> dict[str, FieldValue]:
    mark = decimal_mark_of(m.group() for m in _MONEY.finditer(text))
    found: dict[str, list[FieldValue]] = {}
    for name in _LABELS:
        for value in _candidates(name, lines):
            normal = _normal(name, value.text, mark, order)
            if normal is not None:
                found.setdefault(name, []).append(replace(value, value=normal))
    chosen = _agreeing_amounts(found)
    for name, values in found.items():
        chosen.setdefault(name, max(values, key=lambda v: v.confidence))
    return chosen


def _candidates(name: str, lines: Sequence[Line]) -> Iterator[FieldValue]:
    labels, pattern = _LABELS[name]
    for number, line in enumerate(lines):
        for label, weight in labels:
            for match in re.finditer(label, line.text, re.IGNORECASE):
                yield from _right_of(line, match.end(), pattern, weight)
                if number + 1 < len(lines) and lines[number + 1].page == line.page:
                    yield from _below(line, match, lines[number + 1], pattern, weight - 0.15)
                break


def _right_of(
    line: Line, position: int, pattern: re.Pattern[str], weight: float
) -> Iterator[FieldValue]:
    """Yield values behind a label; amounts may stand at the end of the line."""
    hits = list(pattern.finditer(line.text, position))
    for hit in hits[:1] if pattern is not _MONEY else hits[-1:]:
        distance = min(0.1, 0.002 * (hit.start() - position))
        yield _value(line, hit.start(), hit.end(), weight - distance)


def _below(
    line: Line, label: re.Match[str], lower: Line, pattern: re.Pattern[str], weight: float
) -> Iterator[FieldValue]:
    x0, _, x1, _ = _box_of(line, label.start(), label.end())
    for segment in segments_of(lower):
        if segment.box[0] < x1 and segment.box[2] > x0:
            hit = pattern.search(segment.text)
            if hit:
                yield _value(segment, hit.start(), hit.end(), weight)
            return


def _value(line: Line, start: int, stop: int, confidence: float) -> FieldValue:
    text = line.text[start:stop].strip()
    words = min((word.confidence for word in line.words), default=1.0)
    box = _box_of(line, start, stop)
    return FieldValue(text, text, round(confidence * max(0.5, words), 3), line.page, box, "")


def _box_of(line: Line, start: int, stop: int) -> tuple[float, float, float, float]:
    """Return the box of the words that cover these characters of the line's text."""
    at, boxes = 0, []
    for word in line.words:
        if at < stop and at + len(word.text) > start:
            boxes.append(word.box)
        at += len(word.text) + 1
    x0, y0, x1, y1 = zip(*(boxes or [line.box]), strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _normal(name: str, text: str, mark: str | None, order: DateOrder | None) -> str | None:
    if name in _DATES:
        moment = read_moment(text, order=order or DateOrder.DAY_FIRST)
        return moment.value.date().isoformat() if moment.value else None
    if name in _AMOUNTS:
        bare = re.sub(r"^(?:RM)\s?", "", text)
        amount = read_amount(bare, decimal_mark=mark).value
        if amount is None and mark is None:
            amount = read_amount(bare, decimal_mark=".").value
        return None if amount is None else amount_text(amount, digits=2)
    return text


def _agreeing_amounts(found: dict[str, list[FieldValue]]) -> dict[str, FieldValue]:
    """Return net, tax and total that add up, preferring the most telling labels."""
    best: tuple[float, dict[str, FieldValue]] = (0.0, {})
    for net in found.get("net_amount", ()):
        for tax in found.get("tax_amount", ()):
            for total in found.get("total_amount", ()):
                if Decimal(net.value) + Decimal(tax.value) != Decimal(total.value):
                    continue
                score = net.confidence + tax.confidence + total.confidence
                if score > best[0] and Decimal(total.value) != 0:
                    triple = {"net_amount": net, "tax_amount": tax, "total_amount": total}
                    best = score, triple
    return {n: replace(v, confidence=max(v.confidence, 0.97)) for n, v in best[1].items()}


def _by_shape(lines: Sequence[Line]) -> dict[str, FieldValue]:
    """Return what is told by its shape alone: IBAN, VAT id, currency, date, supplier on top."""
    candidates = {
        "iban_or_account": _checked(lines, _IBAN, iban.is_valid),
        "supplier_vat_id": _checked(lines, _VAT_ID, vat.is_valid),
        "currency": _currency(lines),
        "issue_date": _first_date(lines),
        "supplier_name": _top_name(lines),
    }
    return {name: value for name, value in candidates.items() if value is not None}


def _checked(
    lines: Sequence[Line], pattern: re.Pattern[str], is_valid: Callable[[str], bool]
) -> FieldValue | None:
    """Return the first text of that shape whose check digits are right."""
    for line in lines:
        for hit in pattern.finditer(line.text):
            if is_valid(hit.group()):
                return _value(line, hit.start(), hit.end(), 0.9)
    return None


def _currency(lines: Sequence[Line]) -> FieldValue | None:
    for sign, code in _CURRENCIES:
        for line in lines:
            at = line.text.find(sign)
            if at >= 0:
                return replace(_value(line, at, at + len(sign), 0.8), value=code)
    return None


def _first_date(lines: Sequence[Line]) -> FieldValue | None:
    for line in lines:
        hit = _DATE.search(line.text)
        iso = _normal("issue_date", hit.group(), None, None) if hit else None
        if hit and iso:
            return replace(_value(line, hit.start(), hit.end(), 0.5), value=iso)
    return None


def _top_name(lines: Sequence[Line]) -> FieldValue | None:
    for line in lines[:8]:
        part = segments_of(line)[0]
        if sum(c.isalpha() for c in part.text) >= 4 and not _INVOICE_WORDS.search(part.text):
            return _value(part, 0, len(part.text), 0.55)
    return None


def _findings(fields: dict[str, FieldValue]) -> Iterator[Finding]:
    amounts = {n: Decimal(fields[n].value) for n in _AMOUNTS if n in fields}
    if (
        len(amounts) == 3
        and amounts["net_amount"] + amounts["tax_amount"] != amounts["total_amount"]
    ):
        text = " + ".join((fields["net_amount"].value, fields["tax_amount"].value))
        yield Finding(
            FindingCode.TOTALS_DISAGREE,
            Severity.WARNING,
            "total_amount",
            f"{text} ≠ {fields['total_amount'].value}",
        )
    for name in ("invoice_number", "issue_date", "total_amount"):
        if name not in fields:
            yield Finding(FindingCode.MISSING_REQUIRED, Severity.WARNING, name)
        elif fields[name].confidence < 0.7:
            yield Finding(FindingCode.LOW_CONFIDENCE, Severity.WARNING, name, fields[name].text)
