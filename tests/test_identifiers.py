"""Accounts and tax numbers: told by check digits, or by a label."""

from __future__ import annotations

import pytest
from placed_pages import placed_page

from invoice_desk.core.findings import FindingCode
from invoice_desk.documents.extraction.document import document_of
from invoice_desk.documents.extraction.identifiers import identifiers_of, is_wrong
from invoice_desk.documents.extraction.invoice_fields import read_document
from invoice_desk.documents.extraction.layout import layout_of
from invoice_desk.documents.page import Page


def page_of(*rows: str) -> Page:
    """Return a page with a text on each row."""
    return placed_page(*((text, 50.0, 50.0 + 16 * at) for at, text in enumerate(rows)))


def told(*rows: str) -> dict[str, tuple[str, float]]:
    """Return field → value and how sure, of what stands in these rows."""
    document = document_of(layout_of([page_of(*rows)]))
    found: dict[str, tuple[str, float]] = {}
    for each in identifiers_of(document):
        found.setdefault(each.field, (each.value, each.confidence))
    return found


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        *(("iban_or_account", "FR76 1234", True), ("iban_or_account", "0012345", False)),
        ("iban_or_account", "GB82 WEST 1234 5698 7654 32", False),
        *(("supplier_vat_id", "FR604219388", True), ("supplier_vat_id", "GB684021741", False)),
        *(("supplier_vat_id", "000016001234567", False), ("invoice_number", "FR76 1234", False)),
    ],
)
def test_wrong_check_digits_are_told_of_what_has_some(field: str, value: str, wrong: bool) -> None:
    assert is_wrong(field, value) is wrong


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("USt-IdNr.: DE136695976", "supplier_vat_id", "DE136695976"),
        ("Steuernummer: 181/815/08155", "supplier_tax_registration", "181/815/08155"),
        ("St.-Nr. 181/815/08155", "supplier_tax_registration", "181/815/08155"),
        ("P. IVA 01234567897", "supplier_vat_id", ""),
        ("Partita IVA: 00743110157", "supplier_vat_id", "00743110157"),
        ("C.I.F. B-58378431", "supplier_vat_id", "B-58378431"),
        ("GSTIN: 27AAPFU0939F1ZV", "supplier_vat_id", "27AAPFU0939F1ZV"),
        ("VAT Reg No. 980 7806 84", "supplier_vat_id", "980780684"),
        ("VAT No. 802 3116 00", "supplier_vat_id", ""),
        ("ABN 83 914 571 673", "supplier_registration", "83914571673"),
        ("GST ID No : 000473792512", "supplier_vat_id", "000473792512"),
        ("Federal Tax ID: 12-3456789", "supplier_tax_registration", "12-3456789"),
        ("NIF : 000016001234567", "supplier_tax_registration", "000016001234567"),
        ("Your VAT number: DE136695976", "customer_vat_id", "DE136695976"),
    ],
)
def test_tax_numbers_are_told_as_countries_write_them(text: str, field: str, value: str) -> None:
    assert told(text).get(field, ("", 0.0))[0] == value


def test_wrong_check_digits_come_after_right_ones_and_are_never_sure() -> None:
    found = told("IBAN DE88 3704 0044 0532 0130 00", "USt-IdNr. DE136695977", "UID ATU13585627")

    assert found["iban_or_account"] == ("DE88370400440532013000", 0.4)
    assert found["supplier_vat_id"] == ("ATU13585627", 0.97)


def test_what_looks_like_a_tax_number_without_a_label_is_none() -> None:
    assert told("Artikel DE136695977", "Order 27AAPFU0939F1ZZ") == {}


def test_a_page_with_wrong_check_digits_says_so() -> None:
    rows = (
        *("Papeterie Bleue SARL", "Facture N° 112/2026", "Date : 10/03/2026"),
        *("N° TVA : FR40303265046", "Total TTC 120,00 EUR"),
    )

    found = read_document([page_of(*rows)])

    doubts = [each for each in found.findings if each.code is FindingCode.CHECK_DIGITS]
    assert [(each.field, each.text) for each in doubts] == [("supplier_vat_id", "FR40303265046")]
