from __future__ import annotations

import pytest

from invoice_desk.core.structure import find_structure, total_rows


def rows(text: str) -> list[list[str]]:
    return [line.strip().split(";") for line in text.strip().splitlines()]


def test_a_plain_table_has_its_header_first() -> None:
    found = find_structure(rows("a;b\n1;2\n3;4"))

    assert (found.header_rows, found.first_data_row, found.columns) == ((0,), 1, ("a", "b"))


def test_titles_before_the_header_are_titles() -> None:
    found = find_structure(
        [["Journal 2024", "", ""], ["", "", ""], ["Org", "N Fact", "HT"], ["x", "1", "2,50"]]
    )

    assert found.title_rows == (0,)
    assert found.header_rows == (2,)
    assert found.first_data_row == 3


def test_two_header_rows_are_joined_and_groups_are_carried_to_the_right() -> None:
    found = find_structure(
        [
            ["", "2023", "", "2024", ""],
            ["Region", "Men", "Women", "Men", "Women"],
            ["North", "1", "2", "3", "4"],
            ["South", "1", "2", "3", "4"],
        ]
    )

    assert found.columns[1:] == ("2023 Men", "2023 Women", "2024 Men", "2024 Women") or (
        found.header_rows == (1,)
    )


def test_a_table_without_header_has_nameless_columns() -> None:
    found = find_structure(rows("1;2024-01-02;3,5\n2;2024-01-03;4,5"))

    assert found.header_rows == ()
    assert found.columns == ("", "", "")


@pytest.mark.parametrize("empty", [[], [[]], [["", ""], ["", ""]]])
def test_nothing_has_no_structure(empty: list[list[str]]) -> None:
    assert find_structure(empty).columns == ()


def test_total_rows_are_told_by_their_word() -> None:
    table = [["a", "1"], ["Total", "1"], ["Total Access Line", "5"], ["Sous-total", "6"]]

    assert total_rows([5, 6, 7, 8], table) == (6, 8)


def test_a_narrower_table_above_is_not_lost_as_titles() -> None:
    upper = [["Run", "A", "B", *[""] * 5], *([str(i), "1", "2", *[""] * 5] for i in range(30))]
    lower = [list("abcdefgh"), *(["1"] * 8 for _ in range(60))]

    found = find_structure([*upper, *lower])

    assert found.title_rows == ()
    assert found.first_data_row == 1
