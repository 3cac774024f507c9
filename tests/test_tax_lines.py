from __future__ import annotations

import pytest
from line_pages import Row, page_of

from invoice_desk.documents.page import lines_of
from invoice_desk.documents.tax_lines import TaxWords, taxes_of

Plain = tuple[str, str | None, str | None]


def taxes(*rows: Row, mark: str = ",") -> list[Plain]:
    return [plain(each) for each in taxes_of(lines_of(page_of(*rows)), mark=mark)]


def plain(found: TaxWords) -> Plain:
    base, amount = (None if v is None else f"{v:.2f}" for v in (found.base, found.amount))
    return f"{found.rate:.0f}", base, amount


def test_base_rate_and_tax_are_told_by_their_product() -> None:
    found = taxes(
        (50, {50: "USt. Satz", 150: "Netto", 250: "Steuer"}),
        (70, {50: "7%", 150: "160,00", 250: "11,20"}),
        (90, {50: "Umsatzsteuer", 150: "336,00", 200: "19", 250: "63,84"}),
    )

    assert found == [("7", "160.00", "11.20"), ("19", "336.00", "63.84")]


def test_a_rate_and_its_tax_take_their_base_from_the_page() -> None:
    found = taxes((50, {50: "Total HT", 250: "67,00"}), (70, {50: "TVA 20 %", 250: "13,40"}))

    assert found == [("20", "67.00", "13.40")]


def test_a_rate_of_zero_is_stated_too() -> None:
    assert taxes((50, {50: "TVA 0% export", 150: "530,75", 250: "0,00"})) == [
        ("0", "530.75", "0.00")
    ]


def test_seven_percent_of_the_base_is_not_the_base_in_percent_of_seven() -> None:
    found = taxes((50, {50: "Umsatzsteuer", 150: "8,41", 200: "7", 250: "0,59"}))

    assert found == [("7", "8.41", "0.59")]


def test_under_a_heading_base_tax_and_their_sum_need_no_percent_sign() -> None:
    found = taxes(
        (50, {50: "Nettobetrag", 150: "MwSt-Betrag", 250: "MwSt-%", 350: "Endbetrag"}),
        (70, {50: "200,00", 150: "38,00", 250: "19,0", 350: "238,00"}),
        (90, {50: "100,00", 150: "7,00", 250: "7,0", 350: "99,00"}),
    )

    assert found == [("19", "200.00", "38.00")]


@pytest.mark.parametrize(
    "text",
    ["Remise 10 % 100,00 10,00", "TVA incluse", "Discount 5% VAT 10,00", "Montant TTC 20 % 5,00"],
)
def test_what_only_looks_like_a_tax_is_none(text: str) -> None:
    assert taxes((50, {50: text})) == []


def test_thousands_that_are_set_apart_by_blanks_are_one_number() -> None:
    found = taxes((50, {50: "TVA 20 % sur", 150: "5 000,00", 250: "1 000,00"}))

    assert found == [("20", "5000.00", "1000.00")]
