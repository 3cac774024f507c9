from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import write_csv

from invoice_desk.readers.delimited import read_delimited
from invoice_desk.readers.fixed_width import find_widths

CALLS = [
    ["20240105", "080910", "15550001111", "O", "62", "C"],
    ["20240105", "093000", "+15550002222", "I", "1200", "C"],
    ["20240106", "235959", "611", "O", "5", "V"],
    ["20240107", "000000", "5550003333", "I", "0", "C"],
]


def rows_of(path: Path) -> list[list[str]]:
    return [json.loads(c) for c in read_delimited(path, name=path.name).rows.cells.to_pylist()]


def test_columns_without_blanks_between_are_told_by_date_time_and_kind(tmp_path: Path) -> None:
    lines = [f"{d}{t}{n:<15}{way}{s:>6}{kind}" for d, t, n, way, s, kind in CALLS]
    path = write_csv(tmp_path / "a.txt", "\n".join(lines) + "\n")

    assert rows_of(path) == CALLS


def test_figures_that_touch_are_told_by_date_and_time() -> None:
    lines = ["202401050809105550001111O00062C", "202401050930005550002222I01200V"] * 3

    assert find_widths(lines) == (8, 6, 10, 1, 5, 1)


def test_columns_below_each_other_are_cut_and_rules_are_no_rows(tmp_path: Path) -> None:
    rows = [["11", "Ada Lane", "12.50"], ["205", "Bo & Sons Ltd", "7.00"], ["3", "Cy", "100.25"]]
    head = f"{'No':<6}{'Customer name':<18}{'Amount':>10}"
    body = [f"{n:<6}{name:<18}{amount:>10}" for n, name, amount in rows]
    text = "\n".join(["Calls of our customers in May", "", head, "-" * 34, *body]) + "\n"
    path = write_csv(tmp_path / "a.txt", text)

    read = read_delimited(path, name="a.txt")

    assert read.head.structure.columns == ("No", "Customer name", "Amount")
    assert read.head.titles == ("Calls of our customers in May",)
    assert rows_of(path) == rows
    assert read.rows.numbers.to_pylist() == [4, 5, 6]


@pytest.mark.parametrize(
    "lines",
    [
        ["FR7630006000011234567890189", "FR7630006000011234567890190"] * 3,
        ["Dear friend of mine,", "there is no table here.", "Best regards from us"],
        ["1;2;3", "4;5;6", "7;8;9"],
    ],
)
def test_other_text_has_no_columns(lines: list[str]) -> None:
    assert find_widths(lines) == ()
