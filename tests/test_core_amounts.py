from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_desk.core.amounts import (
    Amount,
    amount_text,
    decimal_mark_of,
    parse_amounts,
    read_amount,
    scaled_integers,
)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1 234,56 DA", "1234.56"),
        ("1\u202f234\u202f567,89 €", "1234567.89"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("12'345.00", "12345.00"),
        ("(12.00)", "-12.00"),
        ("12,00-", "-12.00"),
        ("- 5", "-5"),
        ("\u22123.5", "-3.5"),
        ("$ -3.50", "-3.50"),
        (".5", "0.5"),
        ("1.234.567", "1234567"),
        ("1,2,3", None),
        ("12 34", None),
        ("05 51 22 33 44", None),
        ("n/a", None),
        ("", None),
        ("FA2017", None),
    ],
)
def test_an_amount_is_read_the_way_it_is_written(text: str, amount: str | None) -> None:
    expected = None if amount is None else Decimal(amount)

    assert read_amount(text).value == expected


def test_one_mark_before_three_digits_has_two_readings() -> None:
    assert read_amount("1.234") == Amount(None, ambiguous=True)
    assert read_amount("1.234", decimal_mark=",").value == 1234
    assert read_amount("1.234", decimal_mark=".").value == Decimal("1.234")


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1.234", "12,5"], ","),
        (["1.234,50"], ","),
        (["1,234", "0.75"], "."),
        (["1.234", "12"], None),
        (["1,5", "1.5"], None),
    ],
)
def test_the_column_settles_the_decimal_mark(texts: list[str], mark: str | None) -> None:
    assert decimal_mark_of(texts) == mark


def test_a_column_is_parsed_like_its_cells() -> None:
    column = pa.array(["1.5", "1\u00a0234,56", "later", "", None, "1.234", "2.00001", "-3"])

    parsed = parse_amounts(column, decimal_mark=None, scale=2)

    assert parsed.values.to_pylist() == [
        *(Decimal("1.50"), Decimal("1234.56"), None, None, None, None, None, Decimal("-3.00"))
    ]
    assert parsed.unreadable.to_pylist().index(True) == 2
    assert parsed.ambiguous.to_pylist().index(True) == 5
    assert parsed.inexact.to_pylist().index(True) == 6


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2), st.sampled_from([",", "."]))
def test_an_amount_survives_being_written(amount: Decimal, mark: str) -> None:
    swapped = str.maketrans(",.", ".,") if mark == "," else {}
    text = f"{amount:,.2f}".translate(swapped)

    assert read_amount(text, decimal_mark=mark).value == amount
    column = parse_amounts(pa.array([text]), decimal_mark=mark, scale=2).values
    assert column.to_pylist() == [amount]


@given(st.text())
def test_no_text_makes_reading_raise(text: str) -> None:
    value = read_amount(text).value

    assert value is None or value.is_finite()


@given(st.lists(st.none() | st.decimals(-(10**13), 10**13, places=4)))
def test_scaled_integers_are_exact(values: list[Decimal | None]) -> None:
    column = pa.array(values, pa.decimal128(18, 4))

    expected = [None if v is None else int(v.scaleb(4)) for v in values]
    assert scaled_integers(column).to_pylist() == expected
    assert scaled_integers(column[1:]).to_pylist() == expected[1:]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [("1.5000", 2, "1.50"), ("3.0000", 0, "3"), ("0.1234", 2, "0.1234"), ("-7", 2, "-7.00")],
)
def test_amounts_are_shown_without_zeros_that_say_nothing(
    value: str, digits: int, text: str
) -> None:
    assert amount_text(Decimal(value), digits=digits) == text
