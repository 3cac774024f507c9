"""What is doubtful of the fields of a document: missing, not sure, worked out, not adding up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.documents.extraction.chosen import SUM
from invoice_desk.documents.extraction.completing import missed
from invoice_desk.documents.extraction.identifiers import is_wrong
from invoice_desk.documents.fields import FieldValue

#: Below this a value that was found is a doubt of its own.
_DOUBTFUL = 0.7
#: What a document has to say, each by one of several fields.
_NEEDED = (("invoice_number",), ("issue_date",), ("total_amount",))
#: Class → the same where it is otherwise: an invoice names its seller (EN 16931, BT-27), a receipt
#: need have no number (a simplified invoice, article 226b of the VAT directive), an order has a
#: number of its own and need not be an invoice.
_NEEDED_BY = {
    **dict.fromkeys(("invoice", "credit_note"), (*_NEEDED, ("supplier_name",))),
    "receipt": (("issue_date",), ("total_amount",), ("supplier_name",)),
    "order": (("contract_ref", "purchase_order", "invoice_number"), ("total_amount",)),
}
#: Doubts about these are for a person to look at; those about others are told.
_WEIGHTY = frozenset({"invoice_number", "issue_date", "supplier_name", *SUM})
_WEIGHTY_BY = {"order": frozenset({"contract_ref", "purchase_order", "total_amount"})}


def _is_spelt(field: FieldValue) -> bool:
    """Return whether the page has the figures of an amount, if with another sign."""
    figures = [figure for figure in re.findall(r"\d+", field.text) if figure]
    return "".join(figures).lstrip("0") == "".join(re.findall(r"\d+", field.value)).lstrip("0")


def _lacks_tax(fields: Mapping[str, FieldValue], extra: Decimal) -> bool:
    """Return whether a sure net amount is not the total, and no tax was found."""
    if "tax_amount" in fields or not {"net_amount", "total_amount"} <= fields.keys():
        return False
    net, total = Decimal(fields["net_amount"].value), Decimal(fields["total_amount"].value)
    return net not in {total, total - extra} and fields["net_amount"].confidence >= _DOUBTFUL


def doubts_of(fields: Mapping[str, FieldValue], document_class: str) -> Iterator[Finding]:
    """Yield what a person should know of these fields: warnings are to be looked at."""
    made = [n for n in (*SUM, "amount_due") if n in fields and fields[n].is_made]
    worked_out = [name for name in made if not _is_spelt(fields[name])]
    for name in worked_out:
        text = f"{fields[name].value}: {fields[name].reason}"
        yield Finding(FindingCode.WORKED_OUT, Severity.WARNING, name, text)
    beside = [Decimal(fields[n].value) for n in ("rounding", "stamp_duty") if n in fields]
    extra = sum(beside, Decimal(0))
    if missed(fields) not in {Decimal(0), extra}:
        net, tax, total = (fields[name].value for name in SUM)
        text = f"{net} + {tax} ≠ {total}"
        yield Finding(FindingCode.TOTALS_DISAGREE, Severity.WARNING, "total_amount", text)
    elif _lacks_tax(fields, extra):
        text = f"{fields['net_amount'].value} + ? ≠ {fields['total_amount'].value}"
        yield Finding(FindingCode.TOTALS_DISAGREE, Severity.WARNING, "total_amount", text)
    for names in _NEEDED_BY.get(document_class, _NEEDED):
        if not any(name in fields for name in names):
            yield Finding(FindingCode.MISSING_REQUIRED, Severity.WARNING, names[0])
    weighty = _WEIGHTY_BY.get(document_class, _WEIGHTY)
    for name, field in fields.items():
        if field.confidence < _DOUBTFUL and is_wrong(name, field.value):
            yield Finding(FindingCode.CHECK_DIGITS, Severity.WARNING, name, field.text)
        elif field.confidence < _DOUBTFUL and name not in worked_out:
            weight = Severity.WARNING if name in weighty else Severity.INFO
            yield Finding(FindingCode.LOW_CONFIDENCE, weight, name, field.text)
