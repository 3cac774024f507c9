from __future__ import annotations

from pathlib import Path

import pytest

from invoice_desk.documents.document_class import class_of_code, classify
from invoice_desk.documents.page import Line, Word
from invoice_desk.documents.pdf import read_text_layers
from invoice_desk.services.desk import load_types
from invoice_desk.services.inspecting import inspect_files
from invoice_desk.workers.reading import ReadFields, SourceContent, read_payload
from invoice_desk.writers.pdf import PlacedText, write_pdf

_SUMS = "\nTotal 120,00\nTVA 20,00\nMontant 100,00"


def line(text: str, y: float, *, height: float = 10, x: float = 50) -> Line:
    words, at = [], x
    for part in text.split():
        words.append(Word(part, (at, y, at + 6 * len(part), y + height)))
        at += 6 * len(part) + 4
    return Line(tuple(words))


@pytest.mark.parametrize(
    ("text", "name", "language"),
    [
        (
            "Facture n° F-12\nDate de facture 3 mai 2024\nVotre numéro de client" + _SUMS,
            "invoice",
            "fr",
        ),
        (
            "INVOICE\nInvoice No 77\nThe amount is due to us by Friday\nTotal 10.00\nVAT 2.00",
            "invoice",
            "en",
        ),
        (
            "Rechnung Nr. 4\nRechnungsdatum 1.2.2024\nBitte zahlen Sie den Betrag\nSumme 9,00",
            "invoice",
            "de",
        ),
        ("Avoir n° A-3\nsur votre facture F-12 du 3 mai" + _SUMS, "credit_note", "fr"),
        (
            "Gutschrift Nr. 9\nfür die Rechnung vom 3.4. mit dem Betrag\nSumme 9,00",
            "credit_note",
            "de",
        ),
        ("CREDIT NOTE\nfor the return of your order\nTotal 10.00\nVAT 2.00", "credit_note", "en"),
        ("Bon de commande\nNous vous commandons pour le 3 mai\n10 chaises 100,00", "order", "fr"),
        ("Auftragsbestätigung\nWir bestätigen Ihren Auftrag vom 3.4.\nSumme 900,00", "order", "de"),
        ("Purchase Order\nPlease deliver to the address by May\n10 chairs 100.00", "order", "en"),
        (
            "Relevé de compte\nAncien solde 10,00\nNouveau solde 20,00\nle montant des factures",
            "statement",
            "fr",
        ),
        (
            "Statement of account\nOpening balance 10.00\nthe date of your invoice",
            "statement",
            "en",
        ),
        (
            "Kontoauszug\nAlter Kontostand 1,00\nNeuer Kontostand 2,00\nder Betrag von",
            "statement",
            "de",
        ),
        (
            "Lieferschein Nr. 5\nRechnungsadresse: Hof 3\n10 Stück für die Küche\nmit der Post",
            "delivery_note",
            "de",
        ),
        (
            "Bon de livraison\nAdresse de facturation : 3 rue Haute\nle colis est avec la palette",
            "delivery_note",
            "fr",
        ),
        (
            "Delivery note\nInvoice to: Hill Ltd\n10 boxes for the kitchen of the hotel",
            "delivery_note",
            "en",
        ),
        (
            "Sofabrik GmbH\nEinzelverbindungsnachweis\nder Anschluss von Ihnen mit Dauer",
            "call_record",
            "de",
        ),
        (
            "Factuur\nFactuurnummer 12\nhet bedrag voor uw klant\nTotaal 10,00\nBTW 2,00",
            "invoice",
            "nl",
        ),
    ],
)
def test_a_document_is_called_what_its_title_says(text: str, name: str, language: str) -> None:
    found = classify(text)

    assert (found.name, found.language) == (name, language)
    assert found.confidence > 0.5
    assert found.reasons


@pytest.mark.parametrize(
    "text",
    [
        "Facture pro forma\nCeci n'est pas une facture" + _SUMS,
        "PROFORMA INVOICE\nThis is not a tax invoice\nTotal 10.00\nVAT 2.00",
        "Angebot Nr. 3\nKeine Rechnung\nSumme 10,00 MwSt 2,00",
        "Dear colleagues,\nthe meeting is on Monday.",
        "",
    ],
)
def test_what_looks_like_an_invoice_and_is_none_is_other(text: str) -> None:
    found = classify(text)

    assert (found.name, found.document_type) == ("other", None)


def test_an_order_that_says_where_the_invoice_goes_is_an_order() -> None:
    found = classify(
        "ORDER\nOrder # 77\nInvoice address: 3 Hill St\nBill to: Hill Ltd\n9 lamps 90.00"
    )

    assert (found.name, found.document_type) == ("order", "invoice")


def test_an_invoice_that_names_its_order_is_an_invoice() -> None:
    found = classify("INVOICE\nInvoice # 5\nOrder # 77\nContract # 3\nDelivery note: 4\nTotal 9.00")

    assert found.name == "invoice"


def test_a_total_below_zero_makes_a_corrected_invoice_a_credit_note() -> None:
    text = "Rechnungskorrektur Nr. 5\nder Betrag ist\nMwSt 1,90\nGesamtbetrag: {}"

    names = [classify(text.format(total)).name for total in ("-11,90", "11,90")]

    assert names == ["credit_note", "invoice"]


def test_a_discount_below_zero_is_no_credit() -> None:
    found = classify("Rechnung Nr. 5\nSumme der Abschläge -9,00\nMwSt 1,90\nGesamtbetrag 11,90")

    assert found.name == "invoice"


def test_large_type_weighs_more_than_the_word_alone() -> None:
    rest = [line(f"Position {n} 10,00", 100 + 20 * n) for n in range(20)]

    small = classify([line("Gutschrift", 50), *rest])
    large = classify([line("Gutschrift", 50, height=24), *rest])

    assert large.confidence > small.confidence
    assert large.reasons[0] == "“gutschrift” stands at the top, in large type"


def test_a_title_far_down_the_page_is_no_title() -> None:
    body = [line(f"some words of a letter {n}", 60 + 20 * n) for n in range(30)]

    assert classify([*body, line("Invoice", 700)]).name == "other"


def test_a_till_slip_that_calls_itself_a_tax_invoice_is_a_receipt() -> None:
    texts = ["CORNER SHOP", "TAX INVOICE", "Cashier: Ann", *[f"Tea {n} 2.00" for n in range(12)]]
    texts += ["GST 1.00", "Total 24.00", "Cash 30.00", "Change 6.00"]

    found = classify([line(text, 40 + 20 * n) for n, text in enumerate(texts)])

    assert found.name == "receipt"
    assert "has cash paid" in found.reasons


def test_a_list_of_calls_is_a_call_record() -> None:
    calls = "\n".join(f"03.04. 0612345{n:03} 00:0{n}:10" for n in range(9))

    found = classify(f"Détail de vos communications\n{calls}")

    assert found.name == "call_record"


def test_the_code_of_an_e_invoice_tells_its_class() -> None:
    found = [
        class_of_code(code, total=total)
        for code, total in [("380", "1"), ("381", "1"), ("384", "-1"), ("384", "1"), ("389", "1")]
    ]

    assert found == ["invoice", "credit_note", "credit_note", "invoice", "invoice"]


def test_a_delivery_note_keeps_its_text_and_becomes_no_invoice(tmp_path: Path) -> None:
    path = tmp_path / "ls.pdf"
    texts = ["Lieferschein Nr. 5", "Rechnungsadresse: Hof 3", "10 Lampen für die Küche"]
    write_pdf([[PlacedText(50, 100 + 20 * n, text) for n, text in enumerate(texts)]], path)

    content = _fields_of(path)

    assert content.reading is not None
    assert content.reading.document_class == "delivery_note"
    assert content.tables == ()
    assert len(content.pages[0].words) == 11


def _fields_of(path: Path) -> SourceContent:
    return read_payload(ReadFields(path.name, tuple(read_text_layers(path, name=path.name))))


def test_inspect_tells_the_class_with_its_reasons(samples: Path) -> None:
    (document,) = inspect_files([samples / "facture-2024-0117.pdf"], load_types(), workers=1)

    assert document["document_type"] == "invoice"
    assert document["document_class"]["name"] == "invoice"
    assert document["document_class"]["confidence"] > 0.9
    assert document["document_class"]["reasons"][0].startswith("“facture” stands at the top")
    assert document["document_class"]["language"] == "fr"


def test_a_schedule_of_spots_is_an_order_though_nothing_calls_it_so() -> None:
    text = "Advertiser: Blue Harbor\nFlight dates: 1/22/26 - 2/5/26\nNews at 6 3 spots $90"

    found = classify(text)

    assert (found.name, found.document_type) == ("order", "invoice")
    assert found.confidence < 0.75  # a person is to look


def test_an_amount_may_have_a_sign_of_its_currency_instead_of_decimals() -> None:
    assert classify("Purchase order\n5 chairs\nTotal $450").has_money
    assert not classify("Purchase order\n5 chairs\nTotal 450").has_money


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "BON DE COMMANDE N° BC-25-88\nDate 02/05/2026\nTotal HT 100,00\nTotal TTC 120,00",
            "order",
        ),
        ("Purchase order PO-5561\nItem Qty Price Total\nSpoons 10 1.00 10.00", "order"),
        ("Facture n° 12\nCommande n° BC-25-88\nTotal HT 100,00\nTotal TTC 120,00", "invoice"),
    ],
)
def test_the_number_of_an_order_is_its_own_where_nothing_else_is_a_title(
    text: str, name: str
) -> None:
    assert classify(text).name == name


def test_the_words_of_a_bill_tell_its_language() -> None:
    text = "Kundennummer 118820\nMenge Einzelpreis Gesamt\nzzgl. 19 % MwSt\nGesamtbetrag 12,00"

    assert classify(text).language == "de"


def test_a_model_that_sees_a_receipt_is_heard_and_outdone_by_a_title() -> None:
    text = "Garden Tools\nSpade 12.00\nTotal 12.00\nVAT 2.00"
    caption = "A receipt from a shop on a white table."

    assert classify(text, caption=caption).name == "receipt"
    assert any("receipt from a shop" in why for why in classify(text, caption=caption).reasons)
    assert classify("INVOICE\nInvoice No 7\n" + text, caption=caption).name == "invoice"


def test_a_list_of_invoices_does_not_make_a_statement_an_invoice() -> None:
    rows = ("12/03/2024 Facture FA-2024-0317 1 534,40", "02/04/2024 Facture FA-2024-0402 949,08")
    lines = [line("RELEVÉ DE COMPTE", 20, height=18), line("Débit Crédit Solde", 60)]
    for at, row in enumerate(rows):
        lines += [line(row, 80 + 20 * at), line(" ".join(row.split()[1:3]), 80 + 20 * at, x=300)]

    assert classify([*lines, line("Solde à régler 949,08 €", 140)]).name == "statement"


def test_a_delivery_note_that_names_your_order_is_a_delivery_note() -> None:
    lines = [
        line("Tischlerei Varnhagen KG", 20),
        line("Ihre Bestellung: B-99", 40),
        line("Lieferschein Nr. LS-4410", 80, height=18),
        line("1 Switch 24 Port 2 Stk.", 110),
    ]

    assert classify(lines).name == "delivery_note"
