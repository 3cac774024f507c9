"""The fields of an invoice, receipt or order: candidates ranked, then held against each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from invoice_desk.core.dates import DateOrder, read_moment
from invoice_desk.documents.document_class import classify
from invoice_desk.documents.extraction.address_rows import address_of
from invoice_desk.documents.extraction.candidates import DATE, Candidate, Kind
from invoice_desk.documents.extraction.chosen import Chosen
from invoice_desk.documents.extraction.completing import complete
from invoice_desk.documents.extraction.currency import currency_of
from invoice_desk.documents.extraction.document import Document, document_of
from invoice_desk.documents.extraction.doubts import doubts_of
from invoice_desk.documents.extraction.evidence import Evidence
from invoice_desk.documents.extraction.identifiers import identifiers_of
from invoice_desk.documents.extraction.layout import layout_of
from invoice_desk.documents.extraction.named_values import (
    in_groups,
    named_at,
    of_order_at,
    others_at,
)
from invoice_desk.documents.extraction.parties import chosen_names, whole_name
from invoice_desk.documents.extraction.periods import FIRST, LAST, chosen_period
from invoice_desk.documents.extraction.ranker import FIELDS, forests
from invoice_desk.documents.extraction.sums import chosen_amounts
from invoice_desk.documents.extraction.values import Values, money
from invoice_desk.documents.fields import DocumentReading, FieldValue
from invoice_desk.documents.page import Page, box_around

#: Fields that most documents have: the best candidate is shown even when it is doubtful.
_MAIN = {"invoice_number": -3.0, "issue_date": -6.0, "contract_ref": -1.5}
_OPTIONAL = -0.4
#: A value that stands on no page is never surer than this: a person decides.
_MADE = 0.6
#: The least odds of what a label names, and by how much it is above the others.
_NAMED_ODDS, _NAMED_MARGIN = 2.0, 0.1
#: The odds of an order's own number and day as those of the contract and of issue.
_ORDER_ODDS = 0.5
#: The odds of what is not weighed at all.
_NEVER = -25.0
#: What a label gives to another value is that much less likely.
_OTHERS_LESS = 3.0
_REVISION = re.compile(r"\s*[-/]\s*\d{1,2}$")
#: Receipts seldom have these; they need to be this sure.
_NOT_ON_RECEIPTS, _NONETHELESS = frozenset({"customer_name", "customer_address", "amount_due"}), 0.9
#: Class → fields of which nothing was known in documents of this class when it was measured how
#: sure they are; they are never surer than this unless a label names them.
_NOT_TRIED = {"order": frozenset({"invoice_number", "issue_date", "supplier_name"})}
_UNTRIED = 0.65


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
    found = classify(layout.lines(), caption=pages[0].caption if pages else "")
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
    return replace(
        told, fields=fields, findings=tuple(doubts_of(fields, found.name)), date_order=proven
    )


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
        self._document, self._values, self._class = document, Values(engines), document_class
        self._odds = _odds_of(document)

    def found(self) -> dict[str, FieldValue]:
        """Return field → value, in the order in which people read them."""
        fields = self._alone() | self._period()
        _mind_one_date(fields)
        if self._class != "order":
            _mind_one_number(fields)
        fields |= self._parties()
        amounts = chosen_amounts(self._document, self._odds.of)
        fields |= {name: self._amount(name, chosen) for name, chosen in amounts.items()}
        for found in identifiers_of(self._document):
            fields.setdefault(found.field, self._values.shaped(found))
        currency = currency_of(self._document)
        if currency is not None:
            fields["currency"] = self._values.shaped(currency)
        complete(fields, self._document, self._values, document_class=self._class)
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
            likely = float(odds[at])
            if self._class == "order" and name in {"contract_ref", "issue_date"} and likely < 0:
                ordered = of_order_at(self._document, name)
                at, likely = (at, likely) if ordered is None else (ordered, _ORDER_ODDS)
            candidate = self._document.candidates[kind][at]
            if likely < self._least(name):
                continue
            value = candidate.value
            if name == "contract_ref":
                value = _REVISION.sub("", value)
            sure = self._odds.confidence(name, likely, candidate)
            if named_at(self._document, name) != at:
                sure = self._tried(name, sure)
            fields[name] = self._values.of(candidate, value, sure)
            whole = in_groups(self._document, candidate) if kind is Kind.CODE else None
            if whole is not None:
                row = self._document.layout.rows[candidate.row]
                text = row.text[slice(*whole)]
                value, box = text.replace(" ", ""), row.box_of(*whole)
                fields[name] = replace(fields[name], value=value, text=text, box=box)
        return fields

    def _least(self, name: str) -> float:
        """Return the odds from which on a field is shown; an order has no number of an invoice."""
        is_odd = self._class == "order" and name == "invoice_number"
        return _OPTIONAL if is_odd else _MAIN.get(name, _OPTIONAL)

    def _period(self) -> dict[str, FieldValue]:
        fields: dict[str, FieldValue] = {}
        for name, day in chosen_period(self._document, self._odds.of, least=_OPTIONAL).items():
            candidate = self._document.candidates[Kind.DATE][day.at]
            sure = self._odds.confidence(name, day.odds, candidate)
            fields[name] = self._values.of(candidate, candidate.value, sure)
        if len(fields) == 2:
            _mind_order(fields)
        return fields

    def _parties(self) -> dict[str, FieldValue]:
        fields: dict[str, FieldValue] = {}
        for name, (candidate, odds) in chosen_names(self._document, self._odds.of).items():
            sure = self._tried(name, self._odds.confidence(name, odds, candidate))
            fields[name] = self._values.of(candidate, whole_name(self._document, candidate), sure)
            address = address_of(self._document, candidate)
            if address is not None:
                place = name.replace("_name", "_address")
                engine = self._values.engines.get(address.page, "")
                sure = round(min(sure, address.confidence), 3)
                fields[place] = FieldValue(
                    address.text, address.text, sure, address.page, address.box, engine
                )
        return fields

    def _amount(self, name: str, chosen: Chosen) -> FieldValue:
        sure = self._odds.confidence(name, chosen.odds, chosen.candidate)
        value = money(Decimal(chosen.value))
        if chosen.value == chosen.candidate.value:
            return self._values.of(chosen.candidate, value, sure, chosen.reason)
        found = self._values.of(chosen.candidate, value, min(sure, _MADE), chosen.reason)
        if chosen.parts and len({part.page for part in chosen.parts}) == 1:
            text = " + ".join(part.text.strip() for part in chosen.parts)
            found = replace(found, text=text, box=box_around(chosen.parts))
        return replace(found, is_made=True)

    def _tried(self, name: str, sure: float) -> float:
        """Return how sure a field is in a class of documents on which that was not measured."""
        return min(sure, _UNTRIED) if name in _NOT_TRIED.get(self._class, ()) else sure


def _odds_of(document: Document) -> _Odds:
    evidence = Evidence(document)
    tables = {kind: evidence.table(kind) for kind in Kind}
    weighed = {kind: document.weighed(kind) for kind in Kind}
    found = {}
    for name, forest in forests().items():
        kind = FIELDS[name]
        if not weighed[kind]:
            continue
        found[name] = np.full(len(document.candidates[kind]), _NEVER)
        found[name][weighed[kind]] = forest.log_odds(tables[kind])
        for at in others_at(document, name):
            found[name][at] -= _OTHERS_LESS
        named = named_at(document, name)
        if named is not None:
            is_best = named == int(found[name].argmax())
            is_alone = FIELDS[name] is not Kind.AMOUNT  # sums are weighed against each other
            is_open = name != "contract_ref" or float(found[name].max()) < 0
            if is_best or (is_alone and is_open):
                found[name][named] = max(float(found[name].max()) + _NAMED_MARGIN, _NAMED_ODDS)
    return _Odds(found)


def _mind_one_date(fields: dict[str, FieldValue]) -> None:
    """Doubt a date of issue that also ends a period: one place, one field."""
    issued = fields.get("issue_date")
    for name in ("period_start", "period_end", "due_date"):
        other = fields.get(name)
        is_same = issued is not None and other is not None and issued.box == other.box
        if is_same and issued is not None and issued.page == getattr(other, "page", None):
            fields["issue_date"] = replace(issued, confidence=min(issued.confidence, _MADE))
            return


def _mind_one_number(fields: dict[str, FieldValue]) -> None:
    """Drop the number of a contract that is the invoice's own: one place, one field."""
    number, contract = fields.get("invoice_number"), fields.get("contract_ref")
    places = [(each.page, each.box) for each in (number, contract) if each is not None]
    if len(places) == 2 and places[0] == places[1]:
        del fields["contract_ref"]


def _mind_order(fields: dict[str, FieldValue]) -> None:
    """Drop the end of a period that lies before its beginning; the surer of both stays."""
    first, last = fields["period_start"], fields["period_end"]
    if first.value > last.value:
        del fields["period_start" if first.confidence < last.confidence else "period_end"]
