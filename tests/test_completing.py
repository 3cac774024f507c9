"""What follows from what a page says: terms, discounts and charges, what was open before."""

from __future__ import annotations

import pytest
from line_pages import page_of

from invoice_desk.documents.extraction.invoice_fields import read_document
from invoice_desk.documents.fields import DocumentReading


def bill(*rows: tuple[str, str]) -> DocumentReading:
    """Return what an invoice says that has a head and these rows, a text and an amount each."""
    head = [(40, {50: "Stone Harbour Ltd", 350: "INVOICE"})]
    head += [(60, {350: "Invoice No: 2024-118"}), (74, {350: "Invoice date: 14 June 2024"})]
    body = [
        (120 + 16 * i, {50: text, 450: amount} if amount else {50: text})
        for i, (text, amount) in enumerate(rows)
    ]
    return read_document([page_of(*head, *body)])


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ("Terms: 30 days from invoice", "2024-07-14"),
        ("Terms: Net 15", "2024-06-29"),
        (
            "Zahlungsziel: 30 Tage netto, bei Zahlung innerhalb von 10 Tagen 2 % Skonto",
            "2024-07-14",
        ),
        ("Conditions de paiement : 45 jours fin de mois", None),
        ("Valid for 30 days", None),
    ],
)
def test_days_of_the_terms_are_counted_from_the_date_of_issue(terms: str, due: str | None) -> None:
    fields = bill((terms, ""), ("Total", "120.00")).fields

    found = fields.get("due_date")
    assert (found.value if found else None) == due
    if found is not None:
        assert found.is_made
        assert found.confidence <= 0.6


def test_the_net_amount_is_told_by_discount_and_charges_after_the_lines() -> None:
    found = bill(
        *(("Subtotal", "$527.95"), ("Discount (5%)", "-$26.40")),
        *(("Shipping & Handling", "$35.00"), ("Sales tax", "$47.40"), ("Total", "$583.95")),
    )

    net = found.fields["net_amount"]
    assert (net.value, net.is_made) == ("536.55", True)
    assert found.fields["tax_amount"].value == "47.40"
    assert not [each for each in found.findings if each.code == "totals_disagree"]


def test_what_was_open_before_is_told_and_no_part_of_the_total() -> None:
    found = bill(
        *(("PREVIOUS BALANCE", "84.16"), ("PAYMENT RECEIVED", "-50.00")),
        *(("BALANCE FORWARD", "34.16"), ("WATER", "60.16"), ("STORM WATER FEE", "8.00")),
        *(("CURRENT CHARGES", "68.16"), ("TOTAL AMOUNT DUE", "102.32")),
    )

    values = {name: each.value for name, each in found.fields.items()}
    assert values["prior_balance"] == "34.16"
    assert values["total_amount"] == "68.16"
    assert values["amount_due"] == "102.32"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("Customer no: 8 442 917 03", "844291703"),
        ("Customer no: 442917 Page 3", "442917"),
        ("Customer no: 4417", "4417"),
    ],
)
def test_a_number_written_in_groups_is_one_number(written: str, number: str) -> None:
    fields = bill((written, ""), ("Total", "120.00")).fields

    assert fields["customer_id"].value == number


def test_a_discount_is_not_taken_for_the_tax() -> None:
    fields = bill(("Logo design", "450.00"), ("Discount 10%", "-45.00"), ("Total", "405.00")).fields

    assert fields["total_amount"].value == "405.00"
    assert "tax_amount" not in fields


def test_taxes_of_several_rates_in_the_total_are_summed() -> None:
    found = bill(
        *(("Total TTC", "54,20 EUR"), ("Dont TVA 10,00 % sur 38,36", "3,84")),
        *(("Dont TVA 20,00 % sur 10,00", "2,00"), ("Carte bancaire", "54,20")),
    )

    values = {name: each.value for name, each in found.fields.items()}
    assert (values["net_amount"], values["tax_amount"]) == ("48.36", "5.84")


def test_what_is_left_after_a_payment_is_due() -> None:
    fields = bill(
        *(("Gesamtbetrag brutto", "1.116,12 €"), ("Gezahlte Abschläge", "-1.056,00 €")),
        ("Der Rest wird am 05.07.2024 abgebucht:", "60,12 €"),
    ).fields

    assert fields["amount_due"].value == "60.12"


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("Bank: Barclays  Sort code 20-48-46  Account no. 73920184", "73920184"),
        ("BACS: 30-96-12 a/c 00418822", "00418822"),
    ],
)
def test_a_british_account_is_no_number_of_the_customer(written: str, account: str) -> None:
    fields = bill((written, ""), ("Total", "120.00")).fields

    assert fields["iban_or_account"].value == account
    assert "customer_id" not in fields


@pytest.mark.parametrize("before", ["USt-IdNr. ", "USt-ID ", "VAT ID ", ""])
def test_a_tax_number_is_told_from_the_word_before_it(before: str) -> None:
    fields = bill((f"{before}DE129273398", ""), ("Total", "120.00")).fields

    assert fields["supplier_vat_id"].value == "DE129273398"


def test_the_number_under_a_title_is_its_own_and_no_contract() -> None:
    head = [(40, {50: "Delmas & Fils", 350: "AVOIR"}), (56, {350: "AV240032 du 11/06/2024"})]
    rows = [(120, {50: "Total HT", 450: "118,60"}), (136, {50: "TVA 20 %", 450: "23,72"})]

    fields = read_document([page_of(*head, *rows, (152, {50: "Total TTC", 450: "142,32"}))]).fields

    assert fields["invoice_number"].value == "AV240032"
    assert "contract_ref" not in fields


def test_an_amount_that_is_not_taxed_is_no_tax() -> None:
    fields = bill(
        *(("Total HT", "1 824,00 €"), ("TVA 20 %", "364,80 €")),
        *(("Débours non soumis à TVA", "137,46 €"), ("Total TTC", "2 326,26 €")),
    ).fields

    assert fields["total_amount"].value == "2326.26"
    assert "tax_amount" not in fields or fields["tax_amount"].value == "364.80"


def test_the_days_to_pay_may_stand_in_a_sentence() -> None:
    fields = bill(("Please pay within 7 days to the account below", ""), ("Total", "120.00")).fields

    assert fields["due_date"].value == "2024-06-21"
