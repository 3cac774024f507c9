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
    two_readings,
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
        ("14 459 XPF", "14459"),
        ("EUR-13’500.00", "-13500.00"),
        ("1'888.31", "1888.31"),
        ("R$ 5,00", "5.00"),
        ("500 F CFA", "500"),
        ("Rs. 1939/-", "1939.00"),
        ("12,-", "12.00"),
        ("CHF 1.234,--", "1234.00"),
        ("12,00- €", "-12.00"),
        ("(£500.00)", "-500.00"),
        ("$(76.50)", "-76.50"),
        ("1 402-", "-1402"),
        ("1,234.56 CR", "-1234.56"),
        ("1,234.56 DR", "1234.56"),
        ("1,22,473.44", "122473.44"),
        ("0.500", "0.500"),
        ("0000000069,60", "69.60"),
        ("٢٣٤٫٥٠ د.ج", "234.50"),
        ("১,৮৮৮.৩১", "1888.31"),
        ("-0.00", "0.00"),
        ("27-", None),  # a range that was cut off
        ("500+", None),
        ("<=5", None),
        ("2-5", None),
        ("20 %", None),
        ("0612345678", None),
        ("0845 300 500", None),
        ("+33 612 345 678", None),
        ("007", None),
        ("85123A", None),
        ("Rs 5.50 Cr", None),  # crores
        ("USD.50", None),
        ("£500.00 (GBP)", None),
        ("-(5)", None),
        ("£1.2m", None),
        ("1e5", None),
        ("5²", None),
        ("12.34.567", None),
        ("01.02.2024", None),
        ("NaN", None),
        ("FR76 3000 6000", None),
    ],
)
def test_an_amount_is_read_the_way_it_is_written(text: str, amount: str | None) -> None:
    expected = None if amount is None else Decimal(amount)

    assert read_amount(text).value == expected


def test_one_mark_before_three_digits_has_two_readings() -> None:
    assert read_amount("1.234") == Amount(None, ambiguous=True)
    assert read_amount("1.234", decimal_mark=",").value == 1234
    assert read_amount("1.234", decimal_mark=".").value == Decimal("1.234")


def test_both_readings_of_an_ambiguous_amount_can_be_shown() -> None:
    assert two_readings("1.234") == (Decimal("1.234"), Decimal(1234))
    assert two_readings("(1,234)") == (Decimal("-1.234"), Decimal(-1234))
    assert two_readings("1.5") is None
    assert two_readings("later") is None


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1.234", "12,5"], ","),
        (["1.234,50"], ","),
        (["1,234", "0.75"], "."),
        (["1.234", "12"], None),
        (["1,5", "1.5"], None),
        (["1.234", "0.500"], "."),  # groups do not begin with a zero
        (["1,234", "1 234,567"], ","),  # blanks group already
        (["1.234", "12,-"], ","),
        (["1.234", "31.12.2024"], None),  # a date proves nothing
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


AMOUNTS = st.from_regex(
    r"\A[-(]?(?:€|EUR )?-? ?0{0,2}[0-9]{1,4}(?:[., '\u00a0][0-9]{3}){0,2}(?:[.,][0-9]{0,4})?"
    r"[ -]?(?: ?€|\))?\Z"
)


@given(
    texts=st.lists(AMOUNTS | st.text("0123456789.,-( )€", max_size=9), min_size=1),
    mark=st.sampled_from([".", ",", None]),
    scale=st.sampled_from([0, 2, 4]),
)
def test_a_column_and_its_cells_never_disagree(
    texts: list[str], mark: str | None, scale: int
) -> None:
    texts = [text.strip() for text in texts]

    parsed = parse_amounts(pa.array(texts), decimal_mark=mark, scale=scale)

    read = [read_amount(text, decimal_mark=mark) for text in texts]
    exact = [
        a.value is not None
        and a.value == round(a.value, scale)
        and abs(a.value) < 10 ** (18 - scale)
        for a in read
    ]
    assert parsed.values.to_pylist() == [
        a.value if fits else None for a, fits in zip(read, exact, strict=True)
    ]
    assert parsed.ambiguous.to_pylist() == [a.ambiguous for a in read]
    assert parsed.unreadable.to_pylist() == [
        bool(text) and a.value is None and not a.ambiguous
        for text, a in zip(texts, read, strict=True)
    ]


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
