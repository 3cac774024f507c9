"""Numbers and days that a page names outright, however it writes them."""

from __future__ import annotations

import pytest
from placed_pages import Placed, placed_page

from invoice_desk.documents.extraction.candidates import Kind
from invoice_desk.documents.extraction.document import Document, document_of
from invoice_desk.documents.extraction.invoice_fields import read_document
from invoice_desk.documents.extraction.layout import layout_of
from invoice_desk.documents.extraction.named_values import named_at
from invoice_desk.documents.extraction.ranker import FIELDS


def taken(*placed: Placed) -> Document:
    return document_of(layout_of([placed_page(*placed)]))


def named(field: str, *placed: Placed) -> str | None:
    """Return the value that these texts name for a field."""
    document = taken(*placed)
    at = named_at(document, field)
    return None if at is None else document.candidates[FIELDS[field]][at].value


@pytest.mark.parametrize("number", ["87 4412 0093 1785", "10 188 447 306", "L0091 774 2308 41"])
def test_a_number_in_groups_is_whole_beside_its_label_and_under_it(number: str) -> None:
    under = (("Rechnung", 50, 20), ("Rechnungsnummer", 300, 50), (number, 300, 64))
    beside = (("Rechnung", 50, 20), ("Rechnungsnummer:", 300, 50), (number, 410, 50))

    for placed in (under, beside):
        fields = read_document(
            [placed_page(*placed, ("Gesamtbetrag", 300, 200), ("119,00 EUR", 450, 200))]
        ).fields
        assert fields["invoice_number"].text == number


def test_a_street_in_another_column_is_no_number_of_the_label() -> None:
    found = named(
        "invoice_number",
        *(("Numéro de facture", 50, 50), ("44 avenue de la Republique", 300, 50)),
        ("F2024-0087", 50, 64),
    )

    assert found == "F2024-0087"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Tours, le 3 juin 2024", "2024-06-03"),
        ("Hameln, den 19. April 2024", "2024-04-19"),
        ("Sur le chantier, du 3 juin 2024", None),
    ],
)
def test_the_day_of_a_letter_is_that_of_issue(text: str, day: str | None) -> None:
    assert named("issue_date", (text, 300, 50)) == day


def test_the_day_beside_the_number_under_one_row_of_headings_is_that_of_issue() -> None:
    found = named(
        "issue_date",
        *(("Invoice No.", 300, 50), ("Dated", 420, 50)),
        *(("VPC/23-24/0917", 300, 64), ("14-Dec-23", 420, 64)),
    )

    assert found == "2023-12-14"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Bis 17.12.2023 ohne Abzug", "2023-12-17"),
        ("Bis 27.11.2023 erhalten Sie 2 % Skonto", None),
        ("Der Betrag wird am 14.03.2024 abgebucht", "2024-03-14"),
        ("Montant prélevé le 21 août 2023", "2023-08-21"),
    ],
)
def test_the_last_day_to_pay_in_full_or_that_of_the_debit_is_due(
    text: str, day: str | None
) -> None:
    assert named("due_date", (text, 50, 50)) == day


def test_what_a_correction_relates_to_is_not_its_own_number() -> None:
    found = named(
        "invoice_number",
        ("Gutschrift (Rechnungskorrektur) Nr. GS-240318", 50, 50),
        ("zu unserer Rechnung Nr. 2024-11872 vom 08.04.2024", 50, 64),
    )

    assert found == "GS-240318"


def test_thousands_may_come_in_groups_of_two_as_in_india() -> None:
    document = taken(("Total", 50, 50), ("₹ 1,18,655.00", 200, 50))

    assert [each.value for each in document.candidates[Kind.AMOUNT]] == ["118655.00"]


def test_a_count_with_a_word_behind_it_is_no_day_and_hides_no_amount() -> None:
    document = taken(("24 Monate 99,00", 50, 50), ("Transferencia 30 días 07/11/24", 50, 64))

    assert "99.00" in [each.value for each in document.candidates[Kind.AMOUNT]]
    assert [each.value for each in document.candidates[Kind.DATE]] == ["2024-11-07"]


def test_long_bare_numbers_are_codes_where_others_have_cents() -> None:
    rows = [(f"Valve {n}", f"9026200{n}", f"{n}50.00") for n in range(1, 4)]
    placed = [
        (text, x, 50.0 + 14 * at)
        for at, row in enumerate(rows)
        for text, x in zip(row, (50.0, 200.0, 400.0), strict=True)
    ]

    found = [each.value for each in taken(*placed).candidates[Kind.AMOUNT]]

    assert [value for value in found if len(value) > 6] == []
    assert {"150.00", "250.00", "350.00"} <= {*found}
