"""A row that sums up a table of taxes, and fees and discounts that are no tax."""

from __future__ import annotations

import pytest

from invoice_desk.documents.extraction.document import Document, document_of
from invoice_desk.documents.extraction.doubts import doubts_of
from invoice_desk.documents.extraction.exemption import exemption
from invoice_desk.documents.extraction.invoice_fields import read_document
from invoice_desk.documents.extraction.layout import layout_of
from invoice_desk.documents.extraction.sum_rows import summed_up
from invoice_desk.documents.fields import FieldValue
from invoice_desk.documents.page import Page, TextSource, Word

COLUMNS = (60.0, 200.0, 300.0, 420.0)


def page(*rows: tuple[str, ...], columns: tuple[float, ...] = COLUMNS) -> Page:
    """Return a page with a text in each column; letters are 6 wide and 10 high."""
    words = [
        Word(text, (x, 100.0 + 20 * i, x + 6 * len(text), 110.0 + 20 * i))
        for i, row in enumerate(rows)
        for text, x in zip(row, columns, strict=False)
        if text
    ]
    return Page(1, 595, 842, tuple(words), TextSource.TEXT_LAYER, "test")


def document(*rows: tuple[str, ...]) -> Document:
    return document_of(layout_of([page(*rows)]))


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (
            [("19", "-4,85", "-0,92", "-5,77"), ("7", "-2,82", "-0,20", "-3,02")],
            ("-7,67", "-1,12", "-8,79"),
        ),
        (
            [("20", "100,00", "20,00", "120,00"), ("5", "40,00", "2,00", "42,00")],
            ("140,00", "22,00", "162,00"),
        ),
    ],
)
def test_the_row_that_sums_up_the_rates_is_found(
    rows: list[tuple[str, ...]], wanted: tuple[str, ...]
) -> None:
    found = summed_up(document(*rows, ("", *wanted), ("IBAN", "1,00", "2,00", "3,00")))

    assert found is not None
    assert tuple(each.text for each in found) == wanted


@pytest.mark.parametrize(
    ("each", "last"),
    [
        pytest.param(
            ("60,00", "-6,00", "54,00"),
            ("120,00", "-12,00", "108,00"),
            id="a discount has another sign",
        ),
        pytest.param(
            ("60,00", "5,50", "65,50"),
            ("130,00", "11,00", "141,00"),
            id="a column is not summed up",
        ),
        pytest.param(
            ("25,00", "22,50", "47,50"),
            ("50,00", "45,00", "95,00"),
            id="no tax is nearly its net amount",
        ),
    ],
)
def test_other_rows_sum_up_nothing(each: tuple[str, ...], last: tuple[str, ...]) -> None:
    assert summed_up(document(("", *each), ("", *each), ("", *last))) is None


def test_one_row_above_is_the_same_again_and_no_sum() -> None:
    row = ("", "10,00", "2,00", "12,00")

    assert summed_up(document(row, row)) is None


def test_a_fee_is_no_tax_though_it_makes_the_total() -> None:
    rows = [("Subtotal", "4012.00"), ("Convenience fee", "20.00"), ("Total", "4032.00")]

    found = read_document([page(("Invoice 2024-118",), *rows, columns=(60.0, 420.0))])

    assert found.fields["total_amount"].value == "4032.00"
    assert "tax_amount" not in found.fields


@pytest.mark.parametrize(
    "said",
    [
        "TVA non applicable, art. 293 B du CGI",
        "Gemäß § 19 UStG wird keine Umsatzsteuer berechnet",
        "Reverse charge: VAT is owed by the customer",
    ],
)
def test_where_the_page_says_that_there_is_no_tax_net_is_the_total(said: str) -> None:
    rows = [("Photos", "450,00"), ("Heures", "140,00"), ("Total", "590,00"), (said,)]

    fields = read_document([page(("Facture n° 2024-118",), *rows, columns=(60.0, 420.0))]).fields

    assert [fields[n].value for n in ("net_amount", "tax_amount", "total_amount")] == [
        "590.00",
        "0.00",
        "590.00",
    ]
    assert fields["tax_amount"].is_made
    assert fields["tax_amount"].text.casefold() in said.casefold()


def test_a_line_without_tax_beside_others_with_tax_exempts_nothing() -> None:
    rows = [("Reverse charge", "40,00"), ("TVA 20 %", "20,00"), ("Total TTC", "160,00")]

    assert exemption(document(*rows)) is None


def test_a_tax_that_is_in_the_total_tells_the_net_amount_which_a_person_checks() -> None:
    rows = [("TOTAL", "36,90 EUR"), ("dont TVA 10%", "3,35"), ("Carte bancaire", "36,90")]

    found = read_document([page(("Ticket No 004512",), *rows, columns=(60.0, 420.0))])

    fields = found.fields
    assert [fields[n].value for n in ("net_amount", "tax_amount", "total_amount")] == [
        "33.55",
        "3.35",
        "36.90",
    ]
    assert fields["net_amount"].is_made
    assert [each.field for each in found.findings if each.code == "worked_out"] == ["net_amount"]


def field(value: str, sure: float = 0.99) -> FieldValue:
    return FieldValue(value, value, sure, 1, (0.0, 0.0, 1.0, 1.0), "test")


@pytest.mark.parametrize(
    ("names", "document_class", "missing"),
    [
        (("contract_ref", "total_amount"), "order", []),
        (("purchase_order", "total_amount"), "order", []),
        (("issue_date", "total_amount"), "order", ["contract_ref"]),
        (("contract_ref", "issue_date", "total_amount"), "invoice", ["invoice_number"]),
    ],
)
def test_an_order_needs_a_number_of_its_own_and_an_invoice_that_of_an_invoice(
    names: tuple[str, ...], document_class: str, missing: list[str]
) -> None:
    fields = {name: field("1") for name in (*names, "supplier_name")}

    told = [each.field for each in doubts_of(fields, document_class)]

    assert told == missing
