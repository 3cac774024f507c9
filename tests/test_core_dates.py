from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_desk.core.dates import DateOrder, date_order_of, parse_dates, read_moment


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2024-02-20", "2024-02-20"),
        ("20/02/2024", "2024-02-20"),
        ("20.02.24", "2024-02-20"),
        ("20 févr. 24", "2024-02-20"),
        ("1er mars 2024", "2024-03-01"),
        ("20 février 2024", "2024-02-20"),
        ("Feb 20, 2024", "2024-02-20"),
        ("20. Februar 2024", "2024-02-20"),
        ("20-Feb-2024", "2024-02-20"),
        ("20240220", "2024-02-20"),
        ("31/02/2024", None),
        ("mars 2024", None),
        ("12345678", None),
        ("later", None),
    ],
)
def test_a_date_is_read_the_way_it_is_written(text: str, iso: str | None) -> None:
    value = read_moment(text, order=DateOrder.DAY_FIRST).value

    assert (value.date().isoformat() if value else None) == iso


def test_a_date_that_may_be_either_is_ambiguous() -> None:
    assert read_moment("03/04/2024").ambiguous
    assert not read_moment("13/04/2024").ambiguous
    assert not read_moment("04/04/2024").ambiguous
    swapped = read_moment("03/04/2024", order=DateOrder.MONTH_FIRST)
    assert swapped.value == dt.datetime(2024, 3, 4)
    assert not swapped.ambiguous


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/04/2024", "13/04/2024"], DateOrder.DAY_FIRST),
        (["03/04/2024", "04/13/2024"], DateOrder.MONTH_FIRST),
        (["03/04/2024"], None),
        (["13/04/2024", "04/13/2024"], None),
    ],
)
def test_the_column_settles_the_order(texts: list[str], order: DateOrder | None) -> None:
    assert date_order_of(texts) == order


def test_a_column_of_dates_with_times() -> None:
    column = pa.array(["2024-02-20 08:30:00", "20/02/2024 8:30", "", "2024-02-31 00:00:00"])

    parsed = parse_dates(column, order=DateOrder.DAY_FIRST, with_time=True)

    assert parsed.values.to_pylist() == ["2024-02-20T08:30:00", "2024-02-20T08:30:00", None, None]
    assert parsed.unreadable.to_pylist() == [False, False, False, True]


@given(st.dates(dt.date(1970, 1, 1), dt.date(2069, 12, 31)))
def test_a_date_survives_being_written_day_first(day: dt.date) -> None:
    for pattern in ("%d/%m/%Y", "%d.%m.%y", "%Y-%m-%d", "%d %B %Y"):
        moment = read_moment(day.strftime(pattern), order=DateOrder.DAY_FIRST)
        assert moment.value is not None
        assert moment.value.date() == day


@given(st.text())
def test_no_text_makes_reading_raise(text: str) -> None:
    moment = read_moment(text)

    assert moment.value is None or moment.value.year >= 1
