"""Values under headings of columns, and what advertising orders name outright."""

from __future__ import annotations

import pytest
from placed_pages import Placed, placed_page

from invoice_desk.documents.extraction.candidates import Kind
from invoice_desk.documents.extraction.document import Document, document_of
from invoice_desk.documents.extraction.invoice_fields import read_document
from invoice_desk.documents.extraction.layout import layout_of

HEADINGS: tuple[Placed, ...] = (
    ("Agency", 50, 50), ("Start Date", 200, 50), ("End Date", 320, 50), ("Order ID", 440, 50),
)  # fmt: skip
VALUES: tuple[Placed, ...] = (
    ("Direct - No Agency", 50, 64), ("8/26/2024", 200, 64), ("10/20/2024", 320, 64),
    ("5520093", 440, 64),
)  # fmt: skip


def announced(*placed: Placed) -> dict[str, str]:
    """Return number or day → what announces it."""
    document: Document = document_of(layout_of([placed_page(*placed)]))
    found = [*document.candidates[Kind.DATE], *document.candidates[Kind.CODE]]
    return {each.text: document.label_before(each) for each in found}


def test_headings_in_a_row_announce_what_stands_right_under_them() -> None:
    found = announced(*HEADINGS, *VALUES)

    assert found["8/26/2024"] == "period_start"
    assert found["10/20/2024"] == "period_end"
    assert found["5520093"] == "order_number"


def test_a_column_that_goes_on_is_of_a_table_and_announces_nothing() -> None:
    more: tuple[Placed, ...] = (("8/27/2024", 200, 78), ("10/21/2024", 320, 78))

    found = announced(*HEADINGS, *VALUES[1:], *more)

    assert found["8/26/2024"] == ""
    assert found["5520093"] == "order_number"


@pytest.mark.parametrize("heading", ["Quantity", "Unit price", "Gross"])
def test_headings_of_a_table_announce_nothing(heading: str) -> None:
    found = announced(*HEADINGS[:3], (heading, 440, 50), *VALUES[1:3], ("91", 440, 64))

    assert found["8/26/2024"] == ""


def order(*more: Placed) -> dict[str, str]:
    """Return field → value of an order for advertising with these texts in it."""
    page = placed_page(
        *(("KVLR-TV", 50, 20), ("Broadcast Order Confirmation", 250, 20)),
        *(("Product", 50, 200), ("Unit rate", 300, 200), ("Spots", 380, 200), ("Total", 460, 200)),
        *(("News at five", 50, 214), ("100.00", 300, 214), ("5", 380, 214), ("500.00", 460, 214)),
        *(("Gross total", 380, 240), ("$500.00", 460, 240)),
        *more,
    )
    return {name: field.value for name, field in read_document([page]).fields.items()}


def test_the_advertiser_is_the_customer_whoever_is_billed() -> None:
    bill: tuple[Placed, ...] = (
        ("Bill to:", 50, 50), ("Silver Birch Media", 50, 64), ("430 N Front St", 50, 78),
        ("Marquette, MI 49855", 50, 92),
    )  # fmt: skip

    found = order(*bill, ("Advertiser", 320, 50), ("Friends of Karen Voss", 420, 50))

    assert found["customer_name"] == "Friends of Karen Voss"


def test_labels_with_their_values_beside_them_are_no_headings() -> None:
    found = order(
        *(("ADVT", 50, 50), ("STEEL VALLEY", 120, 50), ("BUYER", 320, 50), ("T MCADOO", 400, 50)),
        *(("PROD", 50, 64), ("SENATE", 120, 64), ("AGENCY", 320, 64), ("NORTHGATE", 400, 64)),
    )  # fmt: skip

    assert found["customer_name"] == "STEEL VALLEY"


def test_the_days_of_a_flight_are_the_period_whichever_are_billed() -> None:
    found = order(
        *(("Invoice period", 50, 50), ("09/26/22 - 10/30/22", 160, 50)),
        *(("Order flight", 50, 64), ("10/03/22 - 10/16/22", 160, 64)),
    )

    assert (found["period_start"], found["period_end"]) == ("2022-10-03", "2022-10-16")


def test_start_and_end_are_the_period_where_each_has_its_label() -> None:
    found = order(*HEADINGS, *VALUES)

    assert (found["period_start"], found["period_end"]) == ("2024-08-26", "2024-10-20")


def test_the_number_of_an_order_is_that_of_its_contract_where_none_is_named() -> None:
    assert order(*HEADINGS, *VALUES)["contract_ref"] == "5520093"


def test_the_day_of_an_order_is_that_of_its_issue() -> None:
    found = order(
        *(("Order date", 50, 50), ("Station", 200, 50), ("Revision", 320, 50)),
        *(("8/19/2024", 50, 64), ("KHZN", 200, 64), ("0", 320, 64)),
        *(("Hiatus 9/16/2024 - 9/22/2024", 50, 120), ("Printed 8/20/2024", 50, 400)),
    )

    assert found["issue_date"] == "2024-08-19"


def test_numbers_beside_a_name_are_no_address() -> None:
    found = order(
        *(("Advertiser", 50, 50), ("Order ID", 220, 50)),
        *(("Valle Verde Hospital", 50, 64), ("5520093", 220, 66), ("VV-77120", 320, 66)),
    )

    assert "customer_address" not in found
