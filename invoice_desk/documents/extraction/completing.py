"""Fields that follow from others: the kind of document, its sign, what was paid or rounded."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from invoice_desk.documents.extraction.candidates import Candidate, Kind
from invoice_desk.documents.extraction.chosen import SUM, roundings, stamps
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.due import open_before
from invoice_desk.documents.extraction.exemption import exemption
from invoice_desk.documents.extraction.ranker import FIELDS
from invoice_desk.documents.extraction.shapes import Found
from invoice_desk.documents.extraction.values import Values, money
from invoice_desk.documents.fields import FieldValue

_CREDIT = re.compile(
    r"\b(?:avoir|credit note|credit memo|gutschrift|storno\w*|nota de crédito|nota di credito)\b",
    re.IGNORECASE,
)
_INVOICE = re.compile(r"\b(?:invoice|facture|\w*rechnung|factuur|factura|fattura)\b", re.IGNORECASE)
#: Class → the words of its title, and its code of UNTDID 1001; other classes have none here.
_CODES = {
    "credit_note": (_CREDIT, "381"),
    "invoice": (_INVOICE, "380"),
    "receipt": (_INVOICE, "380"),
}
#: Rows from the top in which a document says what it is.
_TITLE_ROWS = 25
#: Why an amount has no minus though the page has one.
WITHOUT_MINUS = "a credit note: amounts are written without their minus"
_STAMPED, _REFERRED, _TITLED = 0.8, 0.7, 0.85
#: Labels of terms of payment, their days, and what makes these another thing.
_TERMS = frozenset({"terms", "due_date"})
_DAYS = re.compile(
    r"(?P<days>\d{1,3})\s*(?:days?|jours?|tagen?|tg|dagen)\b|\bnet\s(?P<net>\d{1,3})\b",
    re.IGNORECASE,
)
_PAY_WITHIN = re.compile(
    r"\b(?:pay|payable|payment|zahlbar|zahlung|zahlen|payer|payable|paiement|r[èe]glement)\b"
    r"[^.;]{0,30}\b(?:within|in|innerhalb|binnen|sous|[àa])\b",
    re.IGNORECASE,
)
_DISCOUNTED = re.compile(r"^[^.;]{0,25}(?:skonto|escompte|discount|\d\s?%)", re.IGNORECASE)
_MONTH_END = re.compile(r"fin de mois|end of (?:the )?month|monatsende|\beom\b", re.IGNORECASE)
#: A day that was counted is for a person to look at.
_COUNTED = 0.6


def complete(
    fields: dict[str, FieldValue], document: Document, values: Values, *, document_class: str
) -> None:
    """Add to the fields of a document what follows from them and the page."""
    _add_code(fields, document, values, document_class)
    _add_exempt(fields, document, values)
    if document_class == "credit_note":
        _drop_minus(fields)
    for stamp in stamps(document)[:1]:
        fields["stamp_duty"] = values.of(stamp, money(stamp.amount), _STAMPED)
    _add_rounding(fields, document, values)
    _add_paid(fields, document, values)
    _add_reference(fields, document, values)
    _add_due_date(fields, document, values)
    before = open_before(document)
    if before is not None and before.amount:
        fields["prior_balance"] = values.of(before, money(before.amount), _REFERRED)
    _add_preceding(fields, document, values)


def missed(fields: Mapping[str, FieldValue]) -> Decimal:
    """Return what net and tax miss of the total; 0 where one of them is not there."""
    if not all(name in fields for name in SUM):
        return Decimal(0)
    net, tax, total = (Decimal(fields[name].value) for name in SUM)
    return total - net - tax


def _add_code(
    fields: dict[str, FieldValue], document: Document, values: Values, document_class: str
) -> None:
    """Say what the title names, as a code of UNTDID 1001: 380 invoice, 381 credit note."""
    shape, code = _CODES.get(document_class, (None, ""))
    for row in document.layout.rows[:_TITLE_ROWS] if shape else ():
        hit = shape.search(row.text) if shape else None
        if hit is not None:
            found = Found("document_type_code", code, row, hit.start(), hit.end(), _TITLED)
            fields[found.field] = values.shaped(found)
            return


def _drop_minus(fields: dict[str, FieldValue]) -> None:
    """Write the amounts of a credit note without their minus.

    EN 16931: a credit note (BT-3 = 381) has positive amounts, the code says the direction.
    """
    total = fields.get("total_amount")
    if total is None or not total.value.startswith("-"):
        return
    for name in [n for n, kind in FIELDS.items() if kind is Kind.AMOUNT and n in fields]:
        held = fields[name]
        value = held.value.removeprefix("-")
        fields[name] = replace(held, value=value, reason=WITHOUT_MINUS, is_made=True)


def _add_exempt(fields: dict[str, FieldValue], document: Document, values: Values) -> None:
    """Say that there is no tax where the page says so; the net amount is the total then."""
    said, total = exemption(document), fields.get("total_amount")
    if said is None or total is None:
        return
    why = "the page says that there is no VAT"
    if "tax_amount" not in fields:
        tax = values.shaped(Found("tax_amount", money(Decimal(0)), *said, total.confidence))
        fields["tax_amount"] = replace(tax, reason=why, is_made=True)
    if fields.get("net_amount", total).value != total.value or "net_amount" not in fields:
        fields["net_amount"] = replace(total, reason=why)


def _add_rounding(fields: dict[str, FieldValue], document: Document, values: Values) -> None:
    """Take what is said to be rounded, where net and tax miss the total by just that."""
    step = missed(fields)
    for candidate in roundings(document) if step else ():
        if abs(candidate.amount) == abs(step):
            sure = min(fields[name].confidence for name in SUM)
            why = "net, tax and rounding make the total"
            held = values.of(candidate, money(step), sure, why)
            fields["rounding"] = replace(held, is_made=candidate.amount != step)
            return


def _add_due_date(fields: dict[str, FieldValue], document: Document, values: Values) -> None:
    """Count the days of the payment terms from the date of issue, where no day is named."""
    issued = fields.get("issue_date")
    if issued is None or "due_date" in fields:
        return
    for row in document.layout.rows:
        is_told = any(label.means in _TERMS for label in document.labels[row.number])
        if not is_told and not _PAY_WITHIN.search(row.text):
            continue
        found = [m for m in _DAYS.finditer(row.text) if not _DISCOUNTED.search(row.text[m.end() :])]
        if not found or _MONTH_END.search(row.text):
            continue
        hit = max(found, key=lambda m: int(m.group("days") or m.group("net")))
        days = int(hit.group("days") or hit.group("net"))
        value = (dt.date.fromisoformat(issued.value) + dt.timedelta(days=days)).isoformat()
        made = values.shaped(Found("due_date", value, row, hit.start(), hit.end(), _COUNTED))
        why = f"{days} days after the date of issue"
        sure = min(made.confidence, issued.confidence)
        fields["due_date"] = replace(made, confidence=sure, reason=why, is_made=True)
        return


def _add_paid(fields: dict[str, FieldValue], document: Document, values: Values) -> None:
    """Take what the total is above what is due for paid, where the page says that it was."""
    total, due = fields.get("total_amount"), fields.get("amount_due")
    if total is None or due is None or total.value == due.value:
        return
    paid = abs(Decimal(total.value) - Decimal(due.value))
    for candidate in document.candidates[Kind.AMOUNT]:
        if abs(candidate.amount) == paid and _is_paid(document, candidate):
            sure = min(total.confidence, due.confidence)
            held = values.of(candidate, money(paid), sure, "the total less it is what is due")
            fields["amount_paid"] = replace(held, is_made=candidate.amount != paid)
            return


def _add_preceding(fields: dict[str, FieldValue], document: Document, values: Values) -> None:
    """Take number and day of the invoice that this one corrects: `zu Rechnung 7 vom 5.3.2024`."""
    for code in document.candidates[Kind.CODE]:
        if document.label_before(code) != "preceding_invoice":
            continue
        fields.setdefault("preceding_invoice", values.of(code, code.value, _REFERRED))
        behind = document.by_row.get((Kind.DATE, code.row), ())
        day = next((d for d in behind if d.start >= code.stop), None)
        if day is not None:
            held = values.of(day, day.value, _REFERRED)
            fields.setdefault("preceding_invoice_date", held)
        return


def _is_paid(document: Document, candidate: Candidate) -> bool:
    return any(label.means == "cash" for label in document.labels[candidate.row])


def _add_reference(fields: dict[str, FieldValue], document: Document, values: Values) -> None:
    taken = {fields[name].text for name in ("purchase_order", "customer_id") if name in fields}
    for candidate in document.candidates[Kind.CODE]:
        labels = document.labels[candidate.row]
        before = [x for x in labels if x.stop <= candidate.start]
        is_next = bool(before) and candidate.start - before[-1].stop <= 4
        is_line = bool(document.by_row.get((Kind.AMOUNT, candidate.row)))
        is_one = is_next and before[-1].means == "payment_reference" and not is_line
        if is_one and candidate.text not in taken:
            fields["payment_reference"] = values.of(candidate, candidate.value, _REFERRED)
            return
