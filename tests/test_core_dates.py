from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_desk.core.dates import (
    DateOrder,
    Moment,
    date_order_of,
    looks_like_serials,
    parse_dates,
    read_moment,
    two_readings,
)


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
        ("20022024", "2024-02-20"),
        ("20240220083000", "2024-02-20"),
        ("20. 2. 2024", "2024-02-20"),
        ("2024. 02. 20.", "2024-02-20"),
        ("20 02 2024", "2024-02-20"),
        ("2024年2月20日", "2024-02-20"),
        ("20 fe\u0301vrier 2024", "2024-02-20"),
        ("20 de febrero de 2024", "2024-02-20"),
        ("20 febbraio 2024", "2024-02-20"),
        ("20 maart 2024", "2024-03-20"),
        ("20FEB24", "2024-02-20"),
        ("Feb20/24", "2024-02-20"),
        ("20th of February 2024", "2024-02-20"),
        ("Tue Feb 20 19:17:44 +0100 2024", "2024-02-20"),
        ("mardi 20 février 2024 à 14:30", "2024-02-20"),
        ("Dienstag, 20. Februar 2024", "2024-02-20"),
        ("2024-02-20T08:30:00.000+01:00", "2024-02-20"),
        ("20/02/2024 2:30 PM", "2024-02-20"),
        ("1ER MARS 2024", "2024-03-01"),
        ("20 december 2024", "2024-12-20"),
        ("20 d'abril de 2024", "2024-04-20"),
        ("20TH FEBRUARY 2024", "2024-02-20"),
        ("july, 14 2024", "2024-07-14"),
        ("20/02/2024(TUE)", "2024-02-20"),
        ("20/02/2024 (Tue) 8:13:39 PM", "2024-02-20"),
        ("12 mar 2024", "2024-03-12"),  # not mardi
        ("le 20 février 2024", "2024-02-20"),
        ("20 lutego 2024", "2024-02-20"),
        ("٢٠/٠٢/٢٠٢٤", "2024-02-20"),
        ("lundi 20 février 2024", None),  # it was a Tuesday
        ("02/235/20", None),
        ("01-03/2024", None),
        ("12 - 15 October 2024", None),
        ("Oct 1-14", None),
        ("Oct-14", None),
        ("October 2024", None),
        ("April - June 2024", None),
        ("Q1 2024", None),
        ("2024", None),
        ("45342", None),
        ("30 février 2024", None),
        ("0001-01-01", None),
    ],
)
def test_a_date_is_read_the_way_it_is_written(text: str, iso: str | None) -> None:
    value = read_moment(text, order=DateOrder.DAY_FIRST).value

    assert (value.date().isoformat() if value else None) == iso


def test_a_date_that_may_be_either_is_ambiguous() -> None:
    assert read_moment("03/04/2024").ambiguous
    assert not read_moment("13/04/2024").ambiguous
    assert not read_moment("04/04/2024").ambiguous
    assert read_moment("01022024").ambiguous
    assert read_moment("13-01-19").ambiguous  # may begin with the year
    assert not read_moment("04/13/2024").ambiguous
    assert read_moment("Wed 03/04/2024") == Moment(dt.datetime(2024, 4, 3))
    swapped = read_moment("03/04/2024", order=DateOrder.MONTH_FIRST)
    assert swapped.value == dt.datetime(2024, 3, 4)
    assert not swapped.ambiguous


def test_both_readings_of_an_ambiguous_date_can_be_shown() -> None:
    assert two_readings("03/04/2024") == (dt.date(2024, 4, 3), dt.date(2024, 3, 4))
    assert two_readings("13-01-19") == (dt.date(2019, 1, 13), dt.date(2013, 1, 19))
    assert two_readings("13/04/2024") is None
    assert two_readings("later") is None


@pytest.mark.parametrize(
    ("text", "epoch", "iso"),
    [
        ("45342", DateOrder.EXCEL_1900, "2024-02-20"),
        ("45342.75", DateOrder.EXCEL_1900, "2024-02-20"),
        ("43880", DateOrder.EXCEL_1904, "2024-02-20"),
        ("61", DateOrder.EXCEL_1900, "1900-03-01"),
        ("60", DateOrder.EXCEL_1900, None),  # Excel's 29 February 1900
        ("59", DateOrder.EXCEL_1900, "1900-02-28"),
        ("0", DateOrder.EXCEL_1900, None),
        ("0", DateOrder.EXCEL_1904, "1904-01-01"),
        ("2958466", DateOrder.EXCEL_1900, None),
        ("2024-02-20", DateOrder.EXCEL_1900, "2024-02-20"),
        ("20240220", DateOrder.EXCEL_1900, "2024-02-20"),
    ],
)
def test_serial_numbers_are_read_by_their_epoch(
    text: str, epoch: DateOrder, iso: str | None
) -> None:
    column = parse_dates(pa.array([text]), order=epoch, with_time=False).values

    value = read_moment(text, order=epoch).value
    assert (value.date().isoformat() if value else None) == iso
    assert column.to_pylist() == [iso]


def test_only_a_column_of_plausible_serial_numbers_is_one() -> None:
    assert looks_like_serials(["45342", "45343.5", ""])
    assert not looks_like_serials(["45342", "later"])
    assert not looks_like_serials(["12", "45342"])
    assert not looks_like_serials(["20240220"])
    assert not looks_like_serials([])


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/04/2024", "13/04/2024"], DateOrder.DAY_FIRST),
        (["03/04/2024", "04/13/2024"], DateOrder.MONTH_FIRST),
        (["03/04/2024"], None),
        (["13/04/2024", "04/13/2024"], None),
        (["01022024", "13022024"], DateOrder.DAY_FIRST),
        (["45342", "45343.5"], DateOrder.EXCEL_1900),
        (["20240220"], None),
    ],
)
def test_the_column_settles_the_order(texts: list[str], order: DateOrder | None) -> None:
    assert date_order_of(texts) == order


def test_a_column_of_dates_with_times() -> None:
    column = pa.array(["2024-02-20 08:30:00", "20/02/2024 8:30", "", "2024-02-31 00:00:00"])

    parsed = parse_dates(column, order=DateOrder.DAY_FIRST, with_time=True)

    assert parsed.values.to_pylist() == ["2024-02-20T08:30:00", "2024-02-20T08:30:00", None, None]
    assert parsed.unreadable.to_pylist() == [False, False, False, True]


PATTERNS = st.sampled_from(
    [
        *("%d/%m/%Y", "%d.%m.%y", "%Y-%m-%d", "%Y%m%d", "%d%m%Y", "%m-%d-%Y", "%d/%m-%Y"),
        *(
            "%Y-%m-%dT%H:%M:%SZ",
            "%Y/%m/%d %H:%M",
            "%d/%m/%Y %H:%M:%S",
            "%d.%m.%Y %H:%M",
            "%d %b %Y",
        ),
        *("%Y-%m-%d %H:%M:%S.25+01:00", "%d-%m-%Y %H:%M h", "%Y-%m.%d", "%H:%M", "%d/%m/%Y 8:%M"),
    ]
)
DATES = st.builds(
    lambda moment, pattern, zero: moment.strftime(pattern).replace(zero, ""),
    st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(2500, 1, 1)),
    PATTERNS,
    st.sampled_from(["zero", "/0", "0"]),
)


@given(
    texts=st.lists(DATES | st.sampled_from(["31/02/2024", "2023-02-29", "99999999"]), min_size=1),
    order=st.sampled_from([*DateOrder, None]),
    with_time=st.booleans(),
)
def test_a_column_and_its_cells_never_disagree(
    texts: list[str], order: DateOrder | None, with_time: bool
) -> None:
    parsed = parse_dates(pa.array(texts), order=order, with_time=with_time)

    read = [read_moment(text, order=order) for text in texts]
    assert parsed.values.to_pylist() == [
        m.value and (m.value.isoformat() if with_time else m.value.date().isoformat()) for m in read
    ]
    assert parsed.ambiguous.to_pylist() == [m.ambiguous for m in read]
    assert parsed.unreadable.to_pylist() == [m.value is None for m in read]


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
