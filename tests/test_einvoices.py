from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest
from einvoices import CII, PAGE, UBL, pdf_with, zugferd_1

from invoice_desk.core.findings import FindingCode
from invoice_desk.core.source import Kind, detect_kind
from invoice_desk.db.engine import reading
from invoice_desk.db.tables import list_tables
from invoice_desk.documents.einvoice import EInvoice, day_of, made_invoice, number_of
from invoice_desk.documents.einvoice_reading import reading_of
from invoice_desk.documents.einvoice_xml import MAX_BYTES, parse_xml
from invoice_desk.documents.embedded import embedded_invoice, read_invoice
from invoice_desk.documents.en16931 import check
from invoice_desk.documents.page import Page
from invoice_desk.errors import (
    CorruptSourceError,
    EmptySourceError,
    UnsafeSourceError,
    UnsupportedKindError,
)
from invoice_desk.services.desk import Desk, load_types
from invoice_desk.services.importing import import_paths
from invoice_desk.services.inspecting import inspect_files
from invoice_desk.workers.reading import ReadFields, ReadSource, SourceContent, read_payload

LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE Invoice [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>
<Invoice><ID>&c;</ID></Invoice>"""
OUTSIDE = """<!DOCTYPE Invoice [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<Invoice><ID>&x;</ID></Invoice>"""
ELSEWHERE = '<!DOCTYPE Invoice SYSTEM "http://localhost/invoice.dtd"><Invoice/>'
PARAMETER = '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://localhost/x"> %p;]><a/>'


def read(text: str | bytes) -> EInvoice:
    data = text.encode() if isinstance(text, str) else text
    return read_invoice(data, name="a.xml").invoice


def told(text: str) -> list[str]:
    return [f"{f.code} {f.field}: {f.text}" for f in check(read(text))]


def content_of(path: Path, *, ignore_xml: bool = False, ocr: str | None = None) -> SourceContent:
    kind = Kind.XML if path.suffix == ".xml" else Kind.PDF
    return read_payload(ReadSource(str(path), path.name, kind, ignore_xml=ignore_xml, ocr=ocr))


def codes(content: SourceContent) -> list[tuple[str, str | None]]:
    return [(str(f.code), f.field) for f in content.findings]


# --- reading ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [CII, zugferd_1(), UBL], ids=["CII", "ZUGFeRD 1", "UBL"])
def test_each_syntax_gives_the_same_fields(text: str) -> None:
    fields = read(text).fields

    assert fields == {
        "invoice_number": "R-77",
        "issue_date": "2024-03-11",
        "due_date": "2024-04-10",
        "document_type_code": "380",
        "currency": "EUR",
        "purchase_order": "PO-3",
        "supplier_name": "Atelier Lumen",
        "supplier_registration": "123456789",
        "supplier_vat_id": "FR40303265045",
        "supplier_tax_registration": "T-5",
        "supplier_address": "1 rue Claire, 69001 Lyon",
        "supplier_city": "Lyon",
        "supplier_post_code": "69001",
        "supplier_country": "FR",
        "customer_name": "Hotel Nord",
        "customer_country": "DE",
        "payment_means": "30",
        "iban_or_account": "DE89370400440532013000",
        "lines_total": "100.00",
        "charges_total": "10.00",
        "net_amount": "110.00",
        "tax_amount": "22.00",
        "vat_total": "250.00",
        "total_amount": "132.00",
        "amount_paid": "32.00",
        "amount_due": "100.00",
    }


@pytest.mark.parametrize("text", [CII, zugferd_1(), UBL], ids=["CII", "ZUGFeRD 1", "UBL"])
def test_each_syntax_gives_the_same_lines_and_taxes(text: str) -> None:
    invoice = read(text)

    assert invoice.lines == (
        {
            "line_id": "1",
            "description": "Lampe",
            "item_code": "L9",
            "quantity": "4",
            "unit": "C62",
            "unit_price": "25.00",
            "gross_price": "30.00",
            "discount": "5.00",
            "tax_category": "S",
            "tax_rate": "20",
            "net_amount": "100.00",
        },
    )
    assert invoice.taxes == (
        {"base": "110.00", "amount": "22.00", "tax_category": "S", "tax_rate": "20"},
    )
    assert invoice.adjustments[0]["kind"] == "charge"
    assert invoice.adjustments[0]["amount"] == "10.00"
    assert check(invoice) == []


def test_a_credit_note_of_ubl_is_read_with_its_lines() -> None:
    text = UBL.replace("<Invoice ", "<CreditNote ").replace("</Invoice>", "</CreditNote>")
    text = text.replace("Invoice-2", "CreditNote-2").replace("InvoiceLine", "CreditNoteLine")
    text = text.replace("InvoicedQuantity", "CreditedQuantity")
    text = text.replace("<b:InvoiceTypeCode>380</b:InvoiceTypeCode>", "")

    invoice = read(text)

    assert invoice.fields["document_type_code"] == "381"
    assert [line["quantity"] for line in invoice.lines] == ["4"]


def test_an_invoice_in_an_envelope_is_found() -> None:
    inner = UBL.partition("?>")[2]

    invoice = read(f"<StandardBusinessDocument><Header/>{inner}</StandardBusinessDocument>")

    assert invoice.fields["invoice_number"] == "R-77"


@pytest.mark.parametrize(
    "text", ["<order><ID>1</ID></order>", "<Invoice><Number>1</Number></Invoice>"]
)
def test_an_xml_that_is_no_invoice_is_said_to_be_none(text: str) -> None:
    with pytest.raises(UnsupportedKindError, match="which is no invoice"):
        read(text)


@pytest.mark.parametrize("text", ["1,50", "", "1e3", "NaN", "１", "9" * 30])
def test_what_is_no_decimal_is_no_number(text: str) -> None:
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20240229", "2024-02-29"),
        ("2024-02-29Z", "2024-02-29"),
        ("2024-02-29+01:00", "2024-02-29"),
        ("202402291530", "2024-02-29"),
        ("2024-02-29T15:30:00", "2024-02-29"),
    ],
)
def test_days_are_read_as_both_syntaxes_write_them(text: str, day: str) -> None:
    found = day_of(text)

    assert found is not None
    assert found.isoformat() == day


@pytest.mark.parametrize("text", ["20230229", "202402", "29.02.2024", ""])
def test_what_is_no_day_is_none(text: str) -> None:
    assert day_of(text) is None


# --- safety -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [LAUGHS, OUTSIDE, ELSEWHERE, PARAMETER])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_whatever_it_declares(text: str, encoding: str) -> None:
    with pytest.raises(UnsafeSourceError, match="document type"):
        parse_xml(text.replace('<?xml version="1.0"?>\n', "").encode(encoding), name="a.xml")


def test_a_document_type_in_a_wrong_encoding_is_refused_as_well() -> None:
    data = b'<?xml version="1.0" encoding="no-such"?>' + ELSEWHERE.encode()

    with pytest.raises(UnsafeSourceError):
        parse_xml(data, name="a.xml")


def test_endless_nesting_is_refused() -> None:
    with pytest.raises(UnsafeSourceError, match="nested"):
        parse_xml(b"<a>" * 100_000, name="a.xml")


def test_more_than_any_invoice_is_refused() -> None:
    with pytest.raises(UnsafeSourceError, match="larger"):
        parse_xml(b"<a>" + b" " * MAX_BYTES, name="a.xml")


@pytest.mark.parametrize("data", [b"<a><b></a>", b"<a>", b"<a>&unknown;</a>", b"<a/><b/>"])
def test_a_torn_xml_is_said_to_be_torn(data: bytes) -> None:
    with pytest.raises(CorruptSourceError, match="not well-formed"):
        parse_xml(data, name="a.xml")


def test_an_empty_xml_is_said_to_be_empty() -> None:
    with pytest.raises(EmptySourceError):
        parse_xml(b" \n", name="a.xml")


@pytest.mark.parametrize(
    ("declared", "written"), [("UTF-8", "cp1252"), ("no-such", "utf-8"), ("", "utf-8")]
)
def test_a_wrong_encoding_is_mended_and_told(declared: str, written: str) -> None:
    text = CII.replace('"UTF-8"', f'"{declared}"').replace("Lampe", "Étagère")

    found = read_invoice(text.encode(written), name="a.xml")

    assert found.invoice.lines[0]["description"] == "Étagère"
    assert [f.code for f in reading_of(found).findings] == [FindingCode.EINVOICE_FORMAT]


# --- rules --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "wrong", "finding"),
    [
        (
            "<b:LineExtensionAmount>100.00</b:LineExtensionAmount>\n  <b:Tax",
            "<b:LineExtensionAmount>101.00</b:LineExtensionAmount>\n  <b:Tax",
            "einvoice_rule lines_total: BR-CO-10: the sum of the lines is 100.00, "
            "but 101.00 is stated",
        ),
        (
            ">10.00</b:Charge",
            ">11.00</b:Charge",
            "einvoice_rule charges_total: BR-CO-12: the sum of the charges is 10.00, "
            "but 11.00 is stated",
        ),
        (
            "110.00</b:TaxEx",
            "120.00</b:TaxEx",
            "einvoice_rule net_amount: BR-CO-13: total without VAT 120.00 is not "
            "lines 100.00 + charges 10.00",
        ),
        (
            "132.00</b:TaxInc",
            "133.00</b:TaxInc",
            "einvoice_rule total_amount: BR-CO-15: total with VAT 133.00 is not "
            "total without VAT 110.00 + VAT 22.00",
        ),
        (
            "100.00</b:Payable",
            "132.00</b:Payable",
            "einvoice_rule amount_due: BR-CO-16: amount due 132.00 is not "
            "total with VAT 132.00 - paid 32.00",
        ),
        (
            '"EUR">22.00</b:TaxAmount>\n   <c',
            '"EUR">23.50</b:TaxAmount>\n   <c',
            "einvoice_rule tax_amount: BR-CO-17: 20 % of 110.00 is 22.00, but 23.50 is stated",
        ),
        (
            "110.00</b:Taxable",
            "90.00</b:Taxable",
            "einvoice_rule net_amount: BR-S-08: lines, allowances and charges at 20 % (S) come "
            "to 110.00, but 90.00 is the base of their VAT",
        ),
        (
            "<b:ID>R-77</b:ID>",
            "",
            "einvoice_rule invoice_number: BR-02: the invoice must state an invoice number",
        ),
        (
            ' unitCode="C62"',
            "",
            "einvoice_rule lines.unit: BR-23: line 1 must state a unit",
        ),
        (
            "FR40303265045",
            "40303265045",
            "einvoice_rule supplier_vat_id: BR-CO-09: the VAT id “40303265045” does not begin "
            "with a country code",
        ),
        (
            "2024-03-11",
            "11.03.2024",
            "einvoice_format issue_date: “11.03.2024” of issue_date is not written as a date or "
            "a number must be",
        ),
        (
            "32.00</b:Prepaid",
            "32.001</b:Prepaid",
            "einvoice_format amount_paid: BR-DEC-16: 32.001 has more than two decimals",
        ),
        (
            "DE89370400440532013000",
            "DE89370400440532013001",
            "einvoice_content iban_or_account: the check digits of the IBAN "
            "DE89370400440532013001 are wrong",
        ),
        (
            ">4</b:Invoiced",
            ">5</b:Invoiced",
            "einvoice_content lines.net_amount: line 1: quantity 5 at 25.00 comes to 125.00, "
            "but 100.00 is stated",
        ),
        (
            "2024-04-10",
            "2024-02-10",
            "einvoice_content due_date: payment is due on 2024-02-10, before the invoice was "
            "issued on 2024-03-11",
        ),
    ],
)
def test_what_is_wrong_is_told_in_its_class(right: str, wrong: str, finding: str) -> None:
    assert right in UBL

    assert finding in told(UBL.replace(right, wrong))


def test_the_short_profiles_are_not_asked_for_what_they_never_hold() -> None:
    head, _, rest = CII.partition("<a:IncludedSupplyChainTradeLineItem>")
    without = head + rest.partition("</a:IncludedSupplyChainTradeLineItem>")[2]
    minimum = without.replace("urn:cen.eu:en16931:2017", "urn:factur-x.eu:1p0:minimum")
    minimum = minimum.replace("<a:TotalPrepaidAmount>32.00</a:TotalPrepaidAmount>", "")

    assert told(minimum) == []
    assert "einvoice_rule lines: BR-16: the invoice must have a line" in told(without)


def test_a_price_that_is_rounded_itself_is_no_doubt() -> None:
    text = UBL.replace(">4</b:Invoiced", ">300</b:Invoiced").replace("25.00</b:Pri", "0.33</b:Pri")

    assert [line for line in told(text) if "einvoice_content" in line] == []


def test_amounts_beyond_all_measure_are_no_crash() -> None:
    fields = {"net_amount": "9" * 24, "total_amount": "-" + "9" * 20, "tax_amount": "0.5"}
    taxes = [{"base": "9" * 24, "amount": "0.0000000001", "tax_rate": "9" * 22}]
    lines = [{"quantity": "9" * 23, "unit_price": "9" * 24, "base_quantity": "0.00000000001"}]

    made = made_invoice("UBL", "", fields, taxes=taxes, adjustments=[], lines=lines * 2)

    assert len(check(made)) > 3


# --- in a PDF -----------------------------------------------------------------------------


def test_the_xml_is_found_by_its_root_whatever_it_is_called(tmp_path: Path) -> None:
    others: dict[str, str | bytes] = {"a.txt": "hello", "b.xml": "<order/>", "c.bin": b"\x00\x01"}
    path = pdf_with(tmp_path, {**others, "data": CII})

    embedded = embedded_invoice(path, name="invoice.pdf")

    assert embedded.found is not None
    assert embedded.found.name == "data"
    assert embedded.problems == ()


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_no_list_of_the_pdf_names_is_found(tmp_path: Path, packed: bool) -> None:
    path = pdf_with(tmp_path, {})
    data = zlib.compress(CII.encode()) if packed else CII.encode()
    about = b"/Filter /FlateDecode" if packed else b""
    stream = b"<< /Type /EmbeddedFile %b /Length %d >>\nstream\n%b\nendstream"
    made = b"99 0 obj\n" + stream % (about, len(data), data) + b"\nendobj\n"
    path.write_bytes(path.read_bytes().replace(b"startxref", made + b"startxref"))

    embedded = embedded_invoice(path, name="invoice.pdf")

    assert embedded.found is not None
    assert embedded.found.invoice.fields["invoice_number"] == "R-77"


def test_the_newer_of_two_forms_is_read_and_what_differs_is_told(tmp_path: Path) -> None:
    older = zugferd_1().replace("R-77", "R-78")
    path = pdf_with(tmp_path, {"old.xml": older, "new.xml": CII})

    content = content_of(path)

    assert content.reading is not None
    assert content.reading.fields["invoice_number"].value == "R-77"
    assert codes(content) == [("einvoice_content", "invoice_number")]


def test_a_page_that_says_the_same_leaves_no_doubt(tmp_path: Path) -> None:
    content = content_of(pdf_with(tmp_path, {"factur-x.xml": CII}))

    assert codes(content) == []
    assert content.page_count == 1
    assert content.reading is not None
    number = content.reading.fields["invoice_number"]
    assert (number.value, number.page, number.confidence, number.engine) == ("R-77", 0, 1.0, "xml")


def test_a_contradiction_is_a_finding_on_both(tmp_path: Path) -> None:
    page = tuple(line.replace("R-77", "R-99").replace("11/03", "12/03") for line in PAGE)

    content = content_of(pdf_with(tmp_path, {"factur-x.xml": CII}, page))

    assert codes(content) == [
        ("xml_denied_by_page", "invoice_number"),
        ("page_denied_by_xml", "invoice_number"),
        ("xml_denied_by_page", "issue_date"),
        ("page_denied_by_xml", "issue_date"),
    ]
    assert content.findings[0].text == "XML: R-77; page 1: R-99"
    assert content.reading is not None
    assert content.reading.fields["issue_date"].value == "2024-03-11"


def test_amounts_that_add_up_on_the_page_contradict_though_the_figure_stands_elsewhere(
    tmp_path: Path,
) -> None:
    page = (
        *("Atelier Lumen", "Facture N° R-77", "Date de facture 11/03/2024", "Remise 132,00 EUR"),
        *("Total HT 1 100,00 EUR", "TVA 220,00 EUR", "Total TTC 1 320,00 EUR"),
    )

    content = content_of(pdf_with(tmp_path, {"factur-x.xml": CII}, page))

    assert ("xml_denied_by_page", "total_amount") in codes(content)


def test_a_credit_note_may_be_shown_below_zero(tmp_path: Path) -> None:
    page = tuple(line.replace(" 110", " -110").replace(" 22", " -22") for line in PAGE)
    page = tuple(line.replace(" 132", " -132") for line in page)
    credit = CII.replace("<a:TypeCode>380", "<a:TypeCode>381")

    assert codes(content_of(pdf_with(tmp_path, {"factur-x.xml": credit}, page))) == []


def test_the_xml_can_be_ignored(tmp_path: Path) -> None:
    path = pdf_with(tmp_path, {"factur-x.xml": CII.replace("R-77", "R-88")})

    content = content_of(path, ignore_xml=True)

    assert content.reading is not None
    number = content.reading.fields["invoice_number"]
    assert (number.value, number.page) == ("R-77", 1)
    assert content.reading.lines == ()


def test_pages_to_be_recognised_do_not_lose_the_xml(tmp_path: Path) -> None:
    path = pdf_with(tmp_path, {"factur-x.xml": CII}, (), blank=1)
    first = content_of(path, ocr="rapidocr")
    pages = (Page(1, 595, 842), Page(2, 595, 842))

    last = read_payload(ReadFields("invoice.pdf", pages, first.embedded))

    assert len(first.follow_ups) == 2
    assert last.reading is not None
    assert last.reading.fields["invoice_number"].value == "R-77"


@pytest.mark.parametrize("bad", [LAUGHS, CII[:400]])
def test_with_an_unusable_xml_the_page_is_read_and_it_is_told(tmp_path: Path, bad: str) -> None:
    content = content_of(pdf_with(tmp_path, {"factur-x.xml": bad}))

    assert content.reading is not None
    assert content.reading.fields["invoice_number"].page == 1
    weighty = [str(f.code) for f in content.findings if f.code != FindingCode.LOW_CONFIDENCE]
    assert weighty == ["xml_unreadable"]


# --- through the program ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("\ufeff<?xml version='1.0'?>".encode(), Kind.XML),
        ("<?xml version='1.0'?><a/>".encode("utf-16"), Kind.XML),
        (b"<!-- from\n us -->\n<ubl:Invoice xmlns:ubl='x'>", Kind.XML),
        (b"<CreditNote>", Kind.XML),
        (b"<Invoices;1\n2;3\n", Kind.CSV),
    ],
)
def test_an_xml_is_known_by_its_beginning(head: bytes, kind: Kind) -> None:
    assert detect_kind("a", head).kind is kind


def test_inspect_shows_fields_lines_and_taxes(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(UBL, "utf-8")

    (shown,) = inspect_files([path], load_types())

    assert shown["kind"] == "xml"
    assert shown["document_type"] == "invoice"
    assert shown["error"] is None
    assert shown["fields"]["total_amount"]["value"] == "132.00"
    assert shown["lines"][0]["description"] == "Lampe"
    assert shown["taxes"][0]["tax_rate"] == "20"
    assert shown["tables"][0]["row_count"] == 1
    assert json.loads(json.dumps(shown)) == shown


def test_an_xml_that_is_no_invoice_ends_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<?xml version='1.0'?><catalogue/>", "utf-8")

    (shown,) = inspect_files([path], load_types())

    assert shown["error"]["code"] == "unsupported"
    assert "<catalogue>" in shown["error"]["message"]


def test_an_imported_e_invoice_is_a_row_with_its_lines_kept(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(CII, "utf-8")

    result = import_paths(desk, [path])

    assert (result.successful, result.failed, result.rows) == (1, 0, 2)
    with reading(desk.engine) as connection:
        table, lines = list_tables(connection)
    assert table.document_type == "invoice"
    assert (lines.name, lines.document_type, lines.row_count) == ("lines", "invoice_line", 1)
    assert {"invoice_number", "quantity", "unit_price", "net_amount"} <= lines.mapping.keys()
    assert table.details["fields"]["issue_date"]["value"] == "2024-03-11"
