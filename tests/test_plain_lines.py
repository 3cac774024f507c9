from __future__ import annotations

from line_pages import page_of

from invoice_desk.documents.line_items import read_lines


def test_lines_of_a_receipt_count_when_the_total_is_their_sum() -> None:
    found = read_lines(
        [
            page_of(
                (40, {50: "Corner Shop"}),
                (80, {50: "Apples", 300: "3.50"}),
                (100, {50: "2 x 1.25 Bread", 300: "2.50"}),
                (140, {50: "TOTAL", 300: "6.00"}),
                (160, {50: "CASH", 300: "10.00"}),
            )
        ]
    )

    assert [item.values for item in found.lines] == [
        {"description": "Apples", "net_amount": "3.50"},
        {"description": "Bread", "quantity": "2", "unit_price": "1.25", "net_amount": "2.50"},
    ]
    assert found.lines_total is not None


def test_a_text_above_its_amounts_describes_them() -> None:
    found = read_lines(
        [
            page_of(
                (80, {50: "Apples, red"}),
                (92, {60: "2 x 1.75", 300: "3.50"}),
                (110, {50: "Bread"}),
                (122, {60: "1 x 2.50", 300: "2.50"}),
                (160, {50: "TOTAL", 300: "6.00"}),
            )
        ]
    )

    assert [item.values["description"] for item in found.lines] == ["Apples, red", "Bread"]


def test_a_text_below_its_amounts_describes_them_when_it_follows_closely() -> None:
    found = read_lines(
        [
            page_of(
                (40, {50: "Open 9 to 5"}),
                (80, {60: "0001", 300: "3.50"}),
                (90, {50: "Apples"}),
                (110, {60: "0002", 300: "2.50"}),
                (120, {50: "Bread"}),
                (160, {50: "TOTAL", 300: "6.00"}),
            )
        ]
    )

    assert [item.values["description"] for item in found.lines] == ["Apples", "Bread"]


def test_amounts_that_no_total_sums_up_are_no_lines() -> None:
    found = read_lines(
        [page_of((80, {50: "Apples", 300: "3.50"}), (140, {50: "TOTAL", 300: "6.00"}))]
    )

    assert found.lines == ()


def test_lines_under_a_total_that_includes_the_tax_include_it_too() -> None:
    found = read_lines(
        [page_of((80, {50: "Apples", 300: "3.50"}), (140, {50: "TOTAL TTC", 300: "3.50"}))]
    )

    assert found.lines[0].values["gross_amount"] == "3.50"


def test_how_many_of_a_thing_stand_before_it() -> None:
    found = read_lines(
        [
            page_of(
                (80, {50: "2 x Plat du jour", 300: "29,00"}),
                (100, {50: "1 x Eau 50cl", 300: "3,50"}),
                (140, {50: "TOTAL", 300: "32,50"}),
            )
        ]
    )

    assert [item.values for item in found.lines] == [
        {"description": "Plat du jour", "quantity": "2", "net_amount": "29.00"},
        {"description": "Eau 50cl", "quantity": "1", "net_amount": "3.50"},
    ]
