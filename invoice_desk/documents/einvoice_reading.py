"""An e-invoice as the reading of a document; the XML is the truth, the visible page its witness."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from invoice_desk.core.amounts import decimal_mark_of, read_amount
from invoice_desk.core.findings import Finding, FindingCode, Severity, anomaly_of
from invoice_desk.documents.document_class import class_of_code
from invoice_desk.documents.einvoice import DATES, NUMBERS, EInvoice, day_of, number_of
from invoice_desk.documents.embedded import Embedded, FoundInvoice
from invoice_desk.documents.en16931 import check
from invoice_desk.documents.extraction.invoice_fields import page_dates
from invoice_desk.documents.fields import NO_PAGE, DocumentReading, FieldValue
from invoice_desk.documents.page import Page, lines_of

#: Who read a field that stands in XML; such a field has no place on a page.
ENGINE = "xml"
_NOWHERE = (0.0, 0.0, 0.0, 0.0)
#: Fields whose contradiction is told; names and addresses are written in too many ways.
_COMPARED = (
    *("invoice_number", "issue_date", "due_date", "currency", "supplier_vat_id"),
    *("customer_vat_id", "iban_or_account", "purchase_order"),
    *("net_amount", "tax_amount", "total_amount", "amount_due"),
)
#: A page must be this sure of its own value before it may contradict.
_SURE = 0.75
#: With this much the page's amounts add up, and an equal figure elsewhere excuses nothing.
_PROVEN = 0.97
#: A figure, with marks or blanks between its groups of three; its sign does not matter here.
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})+(?:[.,]\d{1,4})?(?!\d)")
_PLAIN = re.compile(r"\d+(?:[.,]\d{1,4})?")
_CREDIT_NOTE = "381"
_KINDS = {
    _CREDIT_NOTE: "a credit note",
    "384": "a corrected invoice",
    "386": "a prepayment invoice",
}
_BROKEN = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class _Visible:
    """What stands on the pages, in a form in which notations do not differ."""

    letters: str
    amounts: frozenset[Decimal]
    days: frozenset[str]


def reading_of(found: FoundInvoice, others: Sequence[FoundInvoice] = ()) -> DocumentReading:
    """Return the fields of an e-invoice, with what is wrong with it.

    Args:
        found: The e-invoice.
        others: Further e-invoices in the same file, which should say the same.
    """
    invoice = found.invoice
    fields = {
        name: FieldValue(value, invoice.texts[name], 1.0, NO_PAGE, _NOWHERE, ENGINE)
        for name, value in invoice.fields.items()
    }
    findings = [*_oddities(found), *check(invoice)]
    for other in others:
        findings.extend(_differences(invoice, other))
    return DocumentReading(
        "invoice",
        1.0,
        tuple(_reasons(invoice)),
        fields,
        tuple(findings),
        lines=invoice.lines,
        taxes=invoice.taxes,
        document_class=class_of_code(
            invoice.fields.get("document_type_code", ""),
            total=invoice.fields.get("total_amount", ""),
        ),
    )


def witnessed(embedded: Embedded, page: DocumentReading, pages: Sequence[Page]) -> DocumentReading:
    """Return the reading of the e-invoice in a PDF, with what its pages contradict.

    Args:
        embedded: What the PDF carries; there must be an e-invoice.
        page: What the pages say by themselves.
        pages: The pages.
    """
    assert embedded.found is not None
    xml = reading_of(embedded.found, embedded.others)
    return replace(xml, findings=(*xml.findings, *contradictions(xml, page, pages)))


def unreadable_findings(embedded: Embedded) -> tuple[Finding, ...]:
    """Return what was wrong with embedded XML that was not used."""
    severity = Severity.WARNING
    return tuple(
        Finding(FindingCode.XML_UNREADABLE, severity, text=text) for text in embedded.problems
    )


def contradictions(
    xml: DocumentReading, page: DocumentReading, pages: Sequence[Page]
) -> Iterator[Finding]:
    """Yield two findings a contradiction: one on the XML's value, one on the page's.

    A page contradicts when it has a value of its own for the field, is sure of it, and shows the
    XML's value nowhere.  Amounts that add up on the page contradict even so.
    """
    visible = _visible(pages)
    # A credit note of 100 is shown as 100 or as -100, and both are right.
    code = xml.fields.get("document_type_code")
    signless = code is not None and code.value == _CREDIT_NOTE
    for name in _COMPARED:
        ours, theirs = xml.fields.get(name), page.fields.get(name)
        if ours is None or theirs is None or theirs.confidence < _SURE:
            continue
        if name == "amount_due" and _is_total(page, theirs):
            continue  # the page has no such amount of its own
        # A value may be given without the minus that its text has.
        is_signless = signless or theirs.is_made
        if _same(name, ours.value, theirs.value, signless=is_signless):
            continue
        proven = name in NUMBERS and theirs.confidence >= _PROVEN
        if not proven and _is_shown(name, ours.value, visible):
            continue
        yield _denied(
            FindingCode.XML_DENIED_BY_PAGE,
            name,
            f"XML: {ours.value}; page {theirs.page}: {theirs.value}",
        )
        yield _denied(
            FindingCode.PAGE_DENIED_BY_XML,
            name,
            f"page {theirs.page}: {theirs.text}; XML: {ours.text}",
        )


def _is_total(page: DocumentReading, field: FieldValue) -> bool:
    """Return whether a field stands where the total does."""
    total = page.fields.get("total_amount")
    return total is not None and (total.page, total.box) == (field.page, field.box)


def _denied(code: FindingCode, name: str, text: str) -> Finding:
    return Finding(code, Severity.ERROR, name, text, anomaly=anomaly_of(code))


def _reasons(invoice: EInvoice) -> Iterator[str]:
    told = f" of the profile {invoice.profile}" if invoice.profile else ""
    yield f"is an e-invoice in {invoice.syntax}{told}"
    kind = _KINDS.get(invoice.fields.get("document_type_code", ""))
    if kind:
        yield f"calls itself {kind}"


def _oddities(found: FoundInvoice) -> Iterator[Finding]:
    if found.mended:
        told = f"the XML is not in the encoding that it declares; it was read as {found.mended}"
        yield Finding(FindingCode.EINVOICE_FORMAT, Severity.WARNING, text=told)
    if found.schema_errors:
        told = "; ".join(found.schema_errors)
        code = FindingCode.EINVOICE_SCHEMA
        yield Finding(code, Severity.INFO, text=told, anomaly=anomaly_of(code))


def _differences(invoice: EInvoice, other: FoundInvoice) -> Iterator[Finding]:
    """Yield fields in which a second e-invoice of the same file differs."""
    for name in _COMPARED:
        ours, theirs = invoice.fields.get(name), other.invoice.fields.get(name)
        if ours and theirs and not _same(name, ours, theirs):
            told = f"a second XML in the file, {other.name}, says {theirs} and not {ours}"
            yield Finding(FindingCode.EINVOICE_CONTENT, Severity.ERROR, name, told)


def _same(name: str, ours: str, theirs: str, *, signless: bool = False) -> bool:
    if name in NUMBERS:
        if signless:
            ours, theirs = ours.removeprefix("-"), theirs.removeprefix("-")
        return number_of(ours) == number_of(theirs)
    return ours == theirs if name in DATES else _bare(ours) == _bare(theirs)


def _bare(text: str) -> str:
    return _BROKEN.sub("", text).casefold()


def _visible(pages: Sequence[Page]) -> _Visible:
    text = "\n".join(line.text for page in pages for line in lines_of(page))
    spelled = {match.group() for each in (_GROUPED, _PLAIN) for match in each.finditer(text)}
    mark = decimal_mark_of(sorted(spelled))
    amounts = (read_amount(each, decimal_mark=mark).value for each in spelled)
    return _Visible(
        _bare(text),
        frozenset(amount for amount in amounts if amount is not None),
        frozenset(page_dates(text)),
    )


def _is_shown(name: str, value: str, visible: _Visible) -> bool:
    if name in NUMBERS:
        amount = number_of(value)
        return amount is None or abs(amount) in visible.amounts
    if name in DATES:
        day = day_of(value)
        return day is None or day.isoformat() in visible.days
    return _bare(value) in visible.letters
