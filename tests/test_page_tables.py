from __future__ import annotations

import pytest
from line_pages import FRENCH, page_of

from invoice_desk.documents.column_roles import Role, role_of, tokens_of
from invoice_desk.documents.page import lines_of
from invoice_desk.documents.page_tables import cells_of, headings_of


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("P.U. HT", Role.UNIT_PRICE),
        ("Prix unitaire", Role.UNIT_PRICE),
        ("Einzelpreis", Role.UNIT_PRICE),
        ("Montant HT", Role.NET_AMOUNT),
        ("Line Amount Excl. VAT", Role.NET_AMOUNT),
        ("Gesamtpreis", Role.NET_AMOUNT),
        ("Montant TTC", Role.GROSS_AMOUNT),
        ("Montant TVA", Role.TAX_AMOUNT),
        ("MwSt-%", Role.TAX_RATE),
        ("Qté", Role.QUANTITY),
        ("Menge", Role.QUANTITY),
        ("Rem.", Role.DISCOUNT),
        ("Art.-Nr.", Role.ITEM_CODE),
        ("Désignation", Role.DESCRIPTION),
        ("Omschrijving", Role.DESCRIPTION),
        ("Basisbetrag", Role.BASE),
        ("Kommentar", None),
    ],
)
def test_a_label_says_what_its_column_holds(label: str, role: Role | None) -> None:
    assert role_of(" ".join(tokens_of(label))) is role


def test_labels_of_two_rows_are_one() -> None:
    page = page_of(
        (100, {360: "Prix"}),
        (106, {50: "Description", 460: "Total"}),
        (112, {360: "unitaire"}),
        (130, {50: "Lampe", 360: "12,50", 460: "25,00"}),
    )

    (heading,) = headings_of(lines_of(page))

    assert [c.label for c in heading.columns] == ["Description", "Prix unitaire", "Total"]
    assert (heading.first, heading.last) == (0, 2)
    assert heading.is_of_lines


def test_a_currency_set_apart_belongs_to_the_column_before_it() -> None:
    page = page_of(
        (100, {50: "Bezeichnung", 300: "Menge", 360: "Preis", 460: "Betrag", 500: "EUR"}),
        (115, {50: "Mutter", 300: "4", 360: "20,52", 490: "82,08"}),
    )

    (heading,) = headings_of(lines_of(page))
    cells = cells_of(lines_of(page)[1], heading.columns)

    assert [c.role for c in heading.columns][-1] is Role.NET_AMOUNT
    assert [word.text for word in cells[3]] == ["82,08"]


def test_labels_side_by_side_are_told_apart() -> None:
    page = page_of((100, {50: "Pos. Artikelbeschreibung Menge", 400: "Preis", 460: "Betrag"}))

    (heading,) = headings_of(lines_of(page))

    assert [c.role for c in heading.columns] == [
        Role.LINE_ID,
        Role.DESCRIPTION,
        Role.QUANTITY,
        Role.UNIT_PRICE,
        Role.NET_AMOUNT,
    ]


def test_a_line_with_numbers_is_no_heading() -> None:
    page = page_of((100, {50: "Description", 300: "Quantity 12", 460: "Amount"}))

    assert headings_of(lines_of(page)) == []


def test_the_second_of_two_numbers_goes_to_the_next_column() -> None:
    page = page_of(FRENCH, (120, {50: "Lampe", 300: "2", 340: "12,50", 460: "25,00"}))
    heading, row = lines_of(page)
    (found,) = headings_of([heading])

    cells = cells_of(row, found.columns)

    assert [" ".join(word.text for word in cells[i]) for i in sorted(cells)] == [
        "Lampe",
        "2",
        "12,50",
        "25,00",
    ]
