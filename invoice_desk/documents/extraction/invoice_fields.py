"""The fields of an invoice, receipt or order: candidates ranked, then held against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from invoice_desk.core.amounts import amount_text
from invoice_desk.core.dates import DateOrder, read_moment
from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.documents.document_class import classify
from invoice_desk.documents.extraction.candidates import DATE, Candidate, Kind
from invoice_desk.documents.extraction.evidence import Document, Evidence, document_of
from invoice_desk.documents.extraction.identifiers import (
    Found,
    currency_of,
    identifiers_of,
    stamp_row,
)
from invoice_desk.documents.extraction.layout import layout_of
from invoice_desk.documents.extraction.parties import address_below, chosen_names, whole_name
from invoice_desk.documents.extraction.periods import FIRST, LAST, chosen_period
from invoice_desk.documents.extraction.ranker import FIELDS, forests
from invoice_desk.documents.extraction.sums import Chosen, chosen_amounts, roundings
from invoice_desk.documents.fields import DocumentReading, FieldValue
from invoice_desk.documents.page import Page

#: Fields that most documents have: the best candidate is shown even when it is doubtful.
_MAIN = {"invoice_number": -3.0, "issue_date": -6.0, "contract_ref": -1.5}
_OPTIONAL = -0.4
#: Below this a value that was found is a doubt of its own.
_DOUBTFUL = 0.7
#: A value that stands on no page is never surer than this: a person decides.
_MADE = 0.6
_SUM = ("net_amount", "tax_amount", "total_amount")
_NEEDED = ("invoice_number", "issue_date", "total_amount")
#: Field → what a label that names it announces, and the least odds of what it stands before.
_NAMES = {
    "invoice_number": "invoice_number",
    "issue_date": "issue_date",
    "due_date": "due_date",
    "customer_id": "customer_number",
    "net_amount": "net_total",
    "tax_amount": "tax_total",
    "total_amount": "grand_total",
}
_NAMED_ODDS = 2.0
_REVISION = re.compile(r"\s*[-/]\s*\d{1,2}$")
_CREDIT = re.compile(
    r"\b(?:avoir|credit note|credit memo|gutschrift|storno\w*|nota de crédito|nota di credito)\b",
    re.IGNORECASE,
)
_INVOICE = re.compile(r"\b(?:invoice|facture|\w*rechnung|factuur|factura|fattura)\b", re.IGNORECASE)
#: Receipts seldom have these; they need to be this sure.
_NOT_ON_RECEIPTS, _NONETHELESS = frozenset({"customer_name", "customer_address", "amount_due"}), 0.9
#: Class → fields of which nothing was known in documents of this class when it was measured how
#: sure they are; they are never surer than this unless a label names them.
_NOT_TRIED = {"order": frozenset({"invoice_number", "issue_date", "supplier_name"})}
_UNTRIED = 0.65
#: Rows from the top in which a document says what it is.
_TITLE_ROWS = 25


@dataclass(frozen=True, slots=True)
class _Odds:
    """Field → logarithm of the odds of each candidate, and how sure one may be of the best."""

    of: dict[str, np.ndarray]

    def confidence(self, field: str, odds: float, candidate: Candidate) -> float:
        sure = forests()[field].calibrated(odds)
        return round(sure * min(1.0, 0.4 + candidate.confidence * 0.65), 3)


def read_document(pages: Sequence[Page]) -> DocumentReading:
    """Return what a document is and, where it is one to be paid or ordered by, its fields."""
    layout = layout_of(pages)
    found = classify(layout.lines())
    told = DocumentReading(
        found.document_type,
        found.confidence,
        found.reasons,
        {},
        document_class=found.name,
        language=found.language,
    )
    if found.document_type is None:
        return told
    document = document_of(layout)
    engines = {page.number: page.engine for page in pages}
    fields = _Fields(document, engines, document_class=found.name).found()
    proven = document.notation.date_order.value if document.notation.is_proven else None
    return replace(told, fields=fields, findings=tuple(_findings(fields)), date_order=proven)


def page_dates(text: str) -> list[str]:
    """Return the days in `text`, ISO 8601; what could be two days is both."""
    days = []
    for match in DATE.finditer(text):
        for order in DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST:
            moment = read_moment(match.group(), order=order)
            if moment.value:
                days.append(moment.value.date().isoformat())
    return days


class _Fields:
    """Chooses the fields of one document."""

    def __init__(
        self, document: Document, engines: Mapping[int, str], *, document_class: str
    ) -> None:
        self._document, self._engines, self._class = document, engines, document_class
        self._odds = _odds_of(document)

    def found(self) -> dict[str, FieldValue]:
        """Return field → value, in the order in which people read them."""
        fields = self._alone() | self._period()
        _mind_one_date(fields)
        fields |= self._parties()
        amounts = chosen_amounts(self._document, self._odds.of)
        fields |= {name: self._amount(name, chosen) for name, chosen in amounts.items()}
        for found in identifiers_of(self._document):
            fields.setdefault(found.field, self._shaped(found))
        currency = currency_of(self._document)
        if currency is not None:
            fields["currency"] = self._shaped(currency)
        self._mind_type(fields)
        self._mind_credit(fields)
        self._mind_stamp(fields)
        self._mind_rounding(fields)
        self._mind_paid(fields)
        self._mind_reference(fields)
        return {name: field for name, field in fields.items() if self._may_have(name, field)}

    def _may_have(self, name: str, field: FieldValue) -> bool:
        """Return whether a document of this class has such a field, or is sure of it."""
        if self._class == "receipt" and name in _NOT_ON_RECEIPTS:
            return field.confidence >= _NONETHELESS
        return True

    def _alone(self) -> dict[str, FieldValue]:
        """Return numbers and dates, each by itself."""
        fields: dict[str, FieldValue] = {}
        for name, kind in FIELDS.items():
            odds = self._odds.of.get(name)
            if kind not in {Kind.CODE, Kind.DATE} or odds is None or not len(odds):
                continue
            if name in {FIRST, LAST}:
                continue
            at = int(odds.argmax())
            candidate = self._document.candidates[kind][at]
            if odds[at] < _MAIN.get(name, _OPTIONAL):
                continue
            value = candidate.value
            if name == "contract_ref":
                value = _REVISION.sub("", value)
            sure = self._odds.confidence(name, float(odds[at]), candidate)
            if not _is_named(self._document, name, at):
                sure = self._tried(name, sure)
            fields[name] = self._value(candidate, value, sure)
        return fields

    def _period(self) -> dict[str, FieldValue]:
        fields: dict[str, FieldValue] = {}
        for name, day in chosen_period(self._document, self._odds.of, least=_OPTIONAL).items():
            candidate = self._document.candidates[Kind.DATE][day.at]
            sure = self._odds.confidence(name, day.odds, candidate)
            fields[name] = self._value(candidate, candidate.value, sure)
        if len(fields) == 2:
            _mind_order(fields)
        return fields

    def _parties(self) -> dict[str, FieldValue]:
        fields: dict[str, FieldValue] = {}
        for name, (candidate, odds) in chosen_names(self._document, self._odds.of).items():
            sure = self._tried(name, self._odds.confidence(name, odds, candidate))
            fields[name] = self._value(candidate, whole_name(self._document, candidate), sure)
            address = address_below(self._document, candidate)
            if address is not None:
                place = name.replace("_name", "_address")
                engine = self._engines.get(address.page, "")
                sure = round(min(sure, address.confidence), 3)
                fields[place] = FieldValue(
                    address.text, address.text, sure, address.page, address.box, engine
                )
        return fields

    def _amount(self, name: str, chosen: Chosen) -> FieldValue:
        sure = self._odds.confidence(name, chosen.odds, chosen.candidate)
        value = _money(Decimal(chosen.value))
        if chosen.value == chosen.candidate.value:
            return self._value(chosen.candidate, value, sure, chosen.reason)
        found = self._value(chosen.candidate, value, min(sure, _MADE), chosen.reason)
        return replace(found, is_made=True)

    def _tried(self, name: str, sure: float) -> float:
        """Return how sure a field is in a class of documents on which that was not measured."""
        return min(sure, _UNTRIED) if name in _NOT_TRIED.get(self._class, ()) else sure

    def _value(self, candidate: Candidate, value: str, sure: float, reason: str = "") -> FieldValue:
        engine = self._engines.get(candidate.page, "")
        text = candidate.text.strip()
        return FieldValue(value, text, sure, candidate.page, candidate.box, engine, reason)

    def _shaped(self, found: Found) -> FieldValue:
        row = found.row
        sure = round(found.confidence * min(1.0, row.confidence_of(found.start, found.stop)), 3)
        text = row.text[found.start : found.stop]
        box = row.box_of(found.start, found.stop)
        return FieldValue(found.value, text, sure, row.page, box, self._engines.get(row.page, ""))

    def _mind_type(self, fields: dict[str, FieldValue]) -> None:
        """Say what the title names, as a code of UNTDID 1001: 380 invoice, 381 credit note."""
        shape, code = (_CREDIT, "381") if self._class == "credit_note" else (_INVOICE, "380")
        for row in self._document.layout.rows[:_TITLE_ROWS]:
            hit = shape.search(row.text)
            if hit is not None:
                found = Found("document_type_code", code, row, hit.start(), hit.end(), 0.85)
                fields[found.field] = self._shaped(found)
                return

    def _mind_rounding(self, fields: dict[str, FieldValue]) -> None:
        """Take what is said to be rounded, where net and tax miss the total by just that."""
        missed = _missed(fields)
        for candidate in roundings(self._document) if missed else ():
            if abs(candidate.amount) == abs(missed):
                sure = min(fields[name].confidence for name in _SUM)
                why = "net, tax and rounding make the total"
                held = self._value(candidate, _money(missed), sure, why)
                fields["rounding"] = replace(held, is_made=candidate.amount != missed)
                return

    def _mind_paid(self, fields: dict[str, FieldValue]) -> None:
        """Take what the total is above what is due for paid, where the page shows it."""
        total, due = fields.get("total_amount"), fields.get("amount_due")
        if total is None or due is None or total.value == due.value:
            return
        paid = abs(Decimal(total.value) - Decimal(due.value))
        for candidate in self._document.candidates[Kind.AMOUNT]:
            if abs(candidate.amount) == paid:
                sure = min(total.confidence, due.confidence)
                why = "the total less it is what is due"
                held = self._value(candidate, _money(paid), sure, why)
                fields["amount_paid"] = replace(held, is_made=candidate.amount != paid)
                return

    def _mind_reference(self, fields: dict[str, FieldValue]) -> None:
        taken = {fields[n].text for n in ("purchase_order", "customer_id") if n in fields}
        for candidate in self._document.candidates[Kind.CODE]:
            labels = self._document.labels[candidate.row]
            before = [x for x in labels if x.stop <= candidate.start]
            is_next = bool(before) and candidate.start - before[-1].stop <= 4
            is_one = is_next and before[-1].means == "payment_reference"
            if is_one and candidate.text not in taken:
                fields["payment_reference"] = self._value(candidate, candidate.value, 0.7)
                return

    def _mind_credit(self, fields: dict[str, FieldValue]) -> None:
        """Say that a credit note is one; its amounts are then written without their minus.

        EN 16931: a credit note (BT-3 = 381) has positive amounts, the code says the direction.
        """
        if self._class != "credit_note":
            return
        amounts = [n for n, kind in FIELDS.items() if kind is Kind.AMOUNT and n in fields]
        total = fields.get("total_amount")
        if total is None or not total.value.startswith("-"):
            return
        for name in amounts:
            held = fields[name]
            why = "a credit note: amounts are written without their minus"
            value = held.value.removeprefix("-")
            fields[name] = replace(held, value=value, reason=why, is_made=True)

    def _mind_stamp(self, fields: dict[str, FieldValue]) -> None:
        row = stamp_row(self._document)
        amounts = self._document.by_row.get((Kind.AMOUNT, row.number), ()) if row else ()
        if amounts:
            fields["stamp_duty"] = self._value(amounts[-1], _money(amounts[-1].amount), 0.8)


def _odds_of(document: Document) -> _Odds:
    evidence = Evidence(document)
    tables = {kind: evidence.table(kind) for kind in Kind}
    found = {}
    for name, forest in forests().items():
        table = tables[FIELDS[name]]
        found[name] = forest.log_odds(table) if len(table) else np.zeros(0)
        if len(table) and _is_named(document, name, int(found[name].argmax())):
            at = int(found[name].argmax())
            found[name][at] = max(found[name][at], _NAMED_ODDS)
    return _Odds({name: odds for name, odds in found.items() if len(odds)})


def _is_named(document: Document, field: str, at: int) -> bool:
    """Return whether a label right before a candidate names the field, and no other value.

    A page that says `Invoice no. 7` says so, however few words it has.
    """
    means = _NAMES.get(field)
    if means is None:
        return False
    kind = FIELDS[field]
    candidates = document.candidates[kind]
    named = [c for c in candidates if _label_before(document, c) == means]
    return candidates[at] in named and len({c.value for c in named}) == 1


def _label_before(document: Document, candidate: Candidate) -> str:
    """Return what the label right before a candidate announces; of amounts, in its row."""
    labels = [x for x in document.labels[candidate.row] if x.stop <= candidate.start]
    if not labels:
        return ""
    between = document.layout.rows[candidate.row].text[labels[-1].stop : candidate.start]
    is_alone = len(document.by_row[candidate.kind, candidate.row]) == 1
    is_near = not any(c.isalnum() for c in between)
    return labels[-1].means if is_near and (is_alone or candidate.kind is not Kind.AMOUNT) else ""


def _money(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < -2 else 2
    return amount_text(value, digits=places)


def _mind_one_date(fields: dict[str, FieldValue]) -> None:
    """Doubt a date of issue that also ends a period: one place, one field."""
    issued = fields.get("issue_date")
    for name in ("period_start", "period_end", "due_date"):
        other = fields.get(name)
        is_same = issued is not None and other is not None and issued.box == other.box
        if is_same and issued is not None and issued.page == getattr(other, "page", None):
            fields["issue_date"] = replace(issued, confidence=min(issued.confidence, _MADE))
            return


def _mind_order(fields: dict[str, FieldValue]) -> None:
    """Drop the end of a period that lies before its beginning; the surer of both stays."""
    first, last = fields["period_start"], fields["period_end"]
    if first.value > last.value:
        del fields["period_start" if first.confidence < last.confidence else "period_end"]


def _missed(fields: Mapping[str, FieldValue]) -> Decimal:
    """Return what net and tax miss of the total; 0 where one of them is not there."""
    if not all(name in fields for name in _SUM):
        return Decimal(0)
    net, tax, total = (Decimal(fields[name].value) for name in _SUM)
    return total - net - tax


def _findings(fields: Mapping[str, FieldValue]) -> Iterator[Finding]:
    if _missed(fields) and "rounding" not in fields:
        net, tax, total = (fields[name].value for name in _SUM)
        text = f"{net} + {tax} ≠ {total}"
        yield Finding(FindingCode.TOTALS_DISAGREE, Severity.WARNING, "total_amount", text)
    for name in _NEEDED:
        if name not in fields:
            yield Finding(FindingCode.MISSING_REQUIRED, Severity.WARNING, name)
        elif fields[name].confidence < _DOUBTFUL:
            yield Finding(FindingCode.LOW_CONFIDENCE, Severity.WARNING, name, fields[name].text)
