"""Numbers, durations and times of calls."""

from __future__ import annotations

import pyarrow as pa
import pytest

from invoice_desk.core.durations import parse_durations, read_seconds
from invoice_desk.core.phone_numbers import e164
from invoice_desk.core.time_zones import own_offsets, to_utc


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0550123456", "+213550123456"),
        ("00213 550 12 34 56", "+213550123456"),
        ("213550123456", "+213550123456"),
        ("550123456", "+213550123456"),
        ("+33 1 42 68 53 00", "+33142685300"),
        ("021 23 45 67", "+21321234567"),
        ("0599999999", "+213599999999"),
        ("2.13550123456E+11", "+213550123456"),
        ("1020", "1020"),
        ("*100#", "*100#"),
        ("anonymous", "anonymous"),
        ("2.13E+11", None),
        ("FR7630006000011234567890189", None),
        ("12345678901234567890", None),
    ],
)
def test_numbers_become_e164_or_stay_what_they_are(text: str, number: str | None) -> None:
    assert e164(text, region="DZ") == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("75", 75), ("1:15", 75), ("0:01:15", 75), ("1m15s", 75), ("2h", 7200), ("12.0", 12)],
)
def test_durations_become_seconds(text: str, seconds: int) -> None:
    assert read_seconds(text) == seconds


def test_what_is_no_duration_is_unreadable_and_never_zero() -> None:
    parsed = parse_durations(pa.array(["60", "", "-1", "soon", "1:75", None]))

    assert [None if v is None else int(v) for v in parsed.values.to_pylist()] == [60, *[None] * 5]
    assert parsed.unreadable.to_pylist() == [False, False, False, True, True, False]


def test_local_times_become_utc_also_where_the_clock_changes() -> None:
    texts = pa.array(["2024-03-31T01:30:00", "2024-03-31T03:30:00", "2024-07-01", None])

    utc = to_utc(texts, zone="Europe/Paris", offsets=pa.nulls(4, pa.int64()))

    assert utc.to_pylist() == [
        "2024-03-31T00:30:00Z",
        "2024-03-31T01:30:00Z",
        "2024-06-30T22:00:00Z",
        None,
    ]


def test_an_offset_of_its_own_wins() -> None:
    texts = pa.array(["2024-01-01T10:00:00+0100", "2024-01-01T10:00:00Z", "2024-01-01T10:00:00"])
    local = pa.array(["2024-01-01T10:00:00"] * 3)

    utc = to_utc(local, zone="Africa/Algiers", offsets=own_offsets(texts))

    assert [text[11:16] for text in utc.to_pylist()] == ["09:00", "10:00", "09:00"]
