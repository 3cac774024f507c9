from __future__ import annotations

from decimal import Decimal

import pytest
from line_pages import FRENCH, Row, page_of

from invoice_desk.core.findings import FindingCode
from invoice_desk.documents.credit_signs import without_minus
from invoice_desk.documents.line_items import LineReading, check_lines, read_lines
from invoice_desk.documents.page import Page


def values_of(*pages: Page) -> list[dict[str, str]]:
    return [item.values for item in read_lines(pages).lines]


def french(*rows: Row) -> LineReading:
    return read_lines([page_of(FRENCH, *rows)])


LAMP = (120, {50: "Lampe de bureau", 300: "2", 360: "12,50 €", 460: "25,00 €"})
PAPER = (140, {50: "Papier A4", 300: "10", 360: "4,20 €", 460: "42,00 €"})
TOTALS: tuple[Row, ...] = (
    (170, {360: "Total HT", 460: "67,00 €"}),
    (190, {360: "TVA 20 %", 460: "13,40 €"}),
    (210, {360: "Total TTC", 460: "80,40 €"}),
)


def test_lines_are_read_with_their_places_and_their_sum() -> None:
    found = french(LAMP, PAPER, *TOTALS)

    assert [item.values for item in found.lines] == [
        {
            "description": "Lampe de bureau",
            "quantity": "2",
            "unit_price": "12.50",
            "net_amount": "25.00",
        },
        {"description": "Papier A4", "quantity": "10", "unit_price": "4.20", "net_amount": "42.00"},
    ]
    amount = found.lines[0].fields["net_amount"]
    assert (amount.text, amount.page, amount.engine, amount.box[0]) == ("25,00", 1, "made", 460)
    assert found.lines_total is not None
    assert found.lines_total.value == "67.00"
    assert found.confidence == pytest.approx(0.97)
    assert found.findings == ()


def test_without_a_total_that_is_their_sum_lines_are_less_sure() -> None:
    found = french(LAMP, PAPER)

    assert found.lines_total is None
    assert found.confidence < 0.9


def test_a_heading_in_another_language_is_known() -> None:
    german = page_of(
        (100, {50: "Pos.", 90: "Bezeichnung", 300: "Menge", 360: "Einzelpreis", 460: "Betrag"}),
        (120, {50: "1", 90: "Lampe", 300: "3 Stk", 360: "1.200,00", 460: "3.600,00"}),
    )

    assert values_of(german) == [
        {
            "line_id": "1",
            "description": "Lampe",
            "quantity": "3",
            "unit": "Stk",
            "unit_price": "1200.00",
            "net_amount": "3600.00",
        }
    ]


def test_a_description_goes_on_below_but_not_to_its_details() -> None:
    found = french(LAMP, (130, {50: "en laiton"}), (140, {50: "Couleur : or"}), (190, PAPER[1]))

    assert [item.values["description"] for item in found.lines] == [
        "Lampe de bureau en laiton",
        "Papier A4",
    ]


def test_subtotals_and_what_is_carried_forward_are_no_lines() -> None:
    found = french(
        LAMP,
        (160, {50: "Sous-total", 460: "25,00 €"}),
        (180, {50: "À reporter", 460: "25,00 €"}),
        (200, PAPER[1]),
    )

    assert [item.values["net_amount"] for item in found.lines] == ["25.00", "42.00"]


def test_headings_of_sections_and_comments_are_no_lines() -> None:
    found = french((120, {50: "Fournitures"}), (150, LAMP[1]), (180, {50: "Livré le matin"}))

    assert [item.values["description"] for item in found.lines] == ["Lampe de bureau"]


def test_a_table_goes_on_over_pages_with_its_heading_or_without() -> None:
    again = page_of(FRENCH, (120, PAPER[1]), number=2)
    bare = page_of((60, LAMP[1]), *TOTALS, number=3)

    found = read_lines([page_of(FRENCH, LAMP), again, bare])

    assert [item.fields["net_amount"].page for item in found.lines] == [1, 2, 3]


def test_a_letterhead_above_a_repeated_heading_ends_no_table() -> None:
    letterhead = (40, {50: "VAT Reg No GB 980 7806 84"})
    again = page_of(letterhead, FRENCH, (120, PAPER[1]), number=2)

    found = read_lines([page_of(letterhead, FRENCH, LAMP), again])

    assert [item.fields["net_amount"].page for item in found.lines] == [1, 2]


def test_numbers_set_half_a_line_lower_belong_to_their_row() -> None:
    found = french(
        (120, {50: "Lampe de bureau", 300: "2", 360: "12,50 €"}), (128, {460: "25,00 €"})
    )

    assert found.lines[0].values["net_amount"] == "25.00"


def test_arithmetic_overrules_a_heading_that_misleads() -> None:
    page = page_of(
        (100, {50: "Amount", 120: "Product", 300: "VAT", 360: "Price", 460: "Total"}),
        (120, {50: "400", 120: "Balloon", 300: "19%", 360: "0.79", 460: "316.00"}),
        (140, {50: "200", 120: "Candle", 300: "7%", 360: "0.10", 460: "20.00"}),
    )

    (balloon, candle) = values_of(page)

    assert (balloon["quantity"], balloon["unit_price"]) == ("400", "0.79")
    assert (candle["tax_rate"], candle["net_amount"]) == ("7", "20.00")


def test_a_discount_in_percent_is_part_of_the_equation() -> None:
    page = page_of(
        (100, {50: "Description", 250: "Qty", 320: "Unit price", 400: "Disc.", 460: "Amount"}),
        (120, {50: "Desk", 250: "8", 320: "4.50", 400: "10%", 460: "32.40"}),
    )

    found = read_lines([page])

    assert found.lines[0].values["discount"] == "10"
    assert found.findings == ()


def test_a_line_that_does_not_multiply_is_doubted() -> None:
    (doubt,) = french((120, {50: "Lampe", 300: "2", 360: "12,50", 460: "26,00"})).findings

    assert (doubt.code, doubt.field, doubt.row_number) == (
        FindingCode.LINES_DISAGREE,
        "lines.net_amount",
        0,
    )
    assert doubt.text == "line 1: 2 at 12.50 comes to 25.00, but 26.00 is stated"


def test_an_amount_with_two_readings_is_settled_by_the_equation() -> None:
    page = page_of(
        (100, {50: "Item", 300: "Qty", 360: "Price", 460: "Amount"}),
        (120, {50: "Sand", 300: "1.500", 360: "20", 460: "30"}),
    )

    assert read_lines([page]).lines[0].values["quantity"] == "1.5"


def test_an_amount_that_no_equation_settles_stays_text_with_a_finding() -> None:
    page = page_of(
        (100, {50: "Item", 300: "Qty", 360: "Price", 460: "Amount"}),
        (120, {50: "Sand", 300: "3", 360: "1.200", 460: "3.600"}),
    )

    found = read_lines([page])

    assert found.lines[0].values == {"description": "Sand", "quantity": "3"}
    assert found.lines[0].fields["net_amount"].text == "3.600"
    assert [(f.code, f.field) for f in found.findings] == [
        (FindingCode.AMBIGUOUS, "lines.unit_price"),
        (FindingCode.AMBIGUOUS, "lines.net_amount"),
    ]


def test_a_code_in_brackets_is_no_part_of_the_description() -> None:
    found = french((120, {50: "[LMP-7] Lampe", 300: "2", 360: "12,50", 460: "25,00"}))

    assert found.lines[0].values["item_code"] == "LMP-7"
    assert found.lines[0].values["description"] == "Lampe"


def test_a_number_column_that_holds_codes_is_a_code() -> None:
    page = page_of(
        (100, {50: "No.", 120: "Description", 300: "Quantity", 360: "Unit price", 460: "Amount"}),
        (120, {50: "1908-S", 120: "Chair", 300: "3", 360: "10.00", 460: "30.00"}),
    )

    assert values_of(page)[0]["item_code"] == "1908-S"


def test_a_table_of_taxes_or_payments_holds_no_lines() -> None:
    page = page_of(
        (100, {50: "Taux", 200: "Base HT", 400: "Montant TVA"}),
        (120, {50: "20 %", 200: "100,00", 400: "20,00"}),
        (160, {50: "Règlement", 200: "Date", 400: "Montant"}),
        (180, {50: "Virement", 200: "12/03/2024", 400: "120,00"}),
    )

    assert values_of(page) == []


def test_a_page_without_words_or_tables_has_no_lines() -> None:
    assert read_lines([]) == LineReading()
    assert read_lines([page_of()]).lines == ()
    assert read_lines([page_of((50, {50: "Dear customer, thank you for all."}))]).lines == ()


def test_a_column_with_two_labels_reads_the_code_above_the_description() -> None:
    page = page_of(
        (100, {50: "Art-Nr-Lieferant", 300: "Menge", 360: "Nettopreis", 460: "Nettowert"}),
        (110, {50: "Artikelbezeichnung"}),
        (130, {50: "ZS997", 300: "5", 360: "1,00", 460: "5,00"}),
        (140, {50: "Zitronen"}),
    )

    (line,) = values_of(page)

    assert (line["item_code"], line["description"]) == ("ZS997", "Zitronen")


@pytest.mark.parametrize(
    ("stated", "is_right"),
    [
        ({"net_amount": Decimal("67.00")}, True),
        ({"total_amount": Decimal("67.00"), "net_amount": Decimal("55.83")}, True),
        ({"net_amount": Decimal("60.00"), "allowances": Decimal("7.00")}, True),
        ({"lines_total": Decimal("67.00"), "net_amount": Decimal("60.00")}, True),
        ({"net_amount": Decimal("-67.00")}, True),
        ({"net_amount": Decimal("76.00")}, False),
        ({}, True),
    ],
)
def test_lines_are_held_against_the_totals(stated: dict[str, Decimal], is_right: bool) -> None:
    found = check_lines(french(LAMP, PAPER).lines, **stated)

    assert [f.code for f in found] == ([] if is_right else [FindingCode.LINES_DISAGREE])


def test_lines_without_all_amounts_are_not_held_against_anything() -> None:
    assert check_lines((), net_amount=Decimal(5)) == []


def test_the_lines_of_a_credit_note_lose_their_minus_together() -> None:
    rows = (
        (120, {50: "Lampe de bureau", 300: "2", 360: "12,50", 460: "-25,00"}),
        (140, {50: "Papier", 300: "1", 360: "5,00", 460: "-5,00"}),
    )
    mixed = (rows[0], (140, {50: "Papier", 300: "1", 360: "5,00", 460: "5,00"}))

    turned = without_minus(read_lines([page_of(FRENCH, *rows)]))
    left = without_minus(read_lines([page_of(FRENCH, *mixed)]))

    assert [item.values["net_amount"] for item in turned.lines] == ["25.00", "5.00"]
    assert turned.lines[0].fields["net_amount"].text == "-25,00"
    assert [item.values["net_amount"] for item in left.lines] == ["-25.00", "5.00"]


def test_taxes_of_india_and_the_rounding_are_no_lines() -> None:
    page = page_of(
        (100, {50: "Description", 300: "Quantity", 360: "Rate", 460: "Amount"}),
        (115, {50: "RTD sensor", 300: "14", 360: "1,245.00", 460: "17,430.00"}),
        (130, {50: "Output CGST", 300: "9 %", 460: "1,568.70"}),
        (145, {50: "Output SGST", 300: "9 %", 460: "1,568.70"}),
        (160, {50: "Round off", 460: "0.60"}),
        (175, {50: "Total", 460: "20,568.00"}),
    )

    lines = read_lines([page]).lines

    assert [line.values["net_amount"] for line in lines] == ["17430.00"]
