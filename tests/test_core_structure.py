from __future__ import annotations

import random
import time

import pytest

from invoice_desk.core.structure import find_structure, find_tables
from invoice_desk.core.tables import Structure
from invoice_desk.core.total_words import says_total


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

    assert [says_total(row) for row in table] == [False, True, False, True]


def test_a_narrower_table_above_is_not_lost_as_titles() -> None:
    upper = [["Run", "A", "B", *[""] * 5], *([str(i), "1", "2", *[""] * 5] for i in range(30))]
    lower = [list("abcdefgh"), *(["1"] * 8 for _ in range(60))]

    found = find_structure([*upper, *lower])

    assert found.title_rows == ()
    assert found.first_data_row == 1


def only(text: str) -> Structure:
    (found,) = find_tables(rows(text))
    return found


def test_a_row_of_units_belongs_to_the_heading() -> None:
    found = only("Month;Oil;Gas\n;(barrels);(litres)\n2024-01;5;7\n2024-02;6;8")

    assert found.header_rows == (0, 1)
    assert found.columns == ("Month", "Oil (barrels)", "Gas (litres)")


def test_units_are_known_above_rows_without_any_value() -> None:
    lines = "\n".join(["Jan;Not Available;Not Available"] * 5)

    assert only(f"Month;Oil;Gas\n;(barrels);(litres)\n{lines}").header_rows == (0, 1)


def test_a_merged_title_over_all_columns_is_no_heading() -> None:
    found = only("Prices;Prices;Prices\nDate;Open;Close\n2024-01-02;1,5;2,5\n2024-01-03;2,5;3")

    assert (found.title_rows, found.header_rows) == ((0,), (1,))


def test_a_heading_of_one_letter_throughout_is_a_heading() -> None:
    assert only("x;x;x\n1;2;3\n4;5;6").header_rows == (0,)


def test_years_head_columns() -> None:
    found = only("Land;Code;2019;2020;2021\nAlpha;A1;5,5;6;7\nBeta;B2;7;8;9")

    assert (found.header_rows, found.first_data_row) == ((0,), 1)


def test_numbers_over_columns_of_letters_are_a_heading() -> None:
    assert only(";6;9;15\nline a;N;T;V\nline b;T;T;N\nline c;V;N;N").header_rows == (0,)


def test_rows_of_numbers_in_order_are_data() -> None:
    assert only("1;2;3;4\n2;2;3;4\n3;2;3;4").header_rows == ()
    assert only("one;two;three;four\n1;2;3;4\n2;2;3;4").header_rows == (0,)


def test_keys_and_values_above_the_heading_are_titles() -> None:
    found = only("Client;ACME;;\nPeriod;Q1;;\nDate;No;Net;Gross\n2024-01-02;7;1,5;2\n2024;8;2;3")

    assert (found.title_rows, found.header_rows) == ((0, 1), (2,))


def test_a_heading_of_three_rows_is_joined() -> None:
    found = only(
        ";Staff;;Cost;\n;Head;FTE;Pay;Other\n;(n);(n);(EUR);(EUR)\nA;1;2;3;4\nB;5;6;7;8\nC;1;1;1;1"
    )

    assert found.header_rows == (0, 1, 2)
    assert found.columns[1:3] == ("Staff Head (n)", "Staff FTE (n)")


def test_a_group_heading_is_not_the_first_data_but_kept() -> None:
    found = only(
        ";;Men;Women\nNorth;;;\n;Alpha;1;2\n;Beta;3;4\nSouth;;;\n;Gamma;5;6\n;Delta;1;2\n;Eps;3;1"
    )

    assert (found.first_data_row, found.group_rows, found.body_row) == (2, (1, 4), 1)


def test_notes_below_a_blank_row_are_notes() -> None:
    found = only("a;b\nx;1\ny;2\n;\nSource: the office;\nprinted by the clerk;")

    assert (found.last_data_row, found.note_rows, found.title_rows) == (2, (4, 5), ())


def test_a_short_last_row_without_a_blank_row_before_it_is_data() -> None:
    found = only("name;amount\nx;1\ny;2\nz;")

    assert (found.last_data_row, found.note_rows) == (3, ())


def test_a_heading_that_is_repeated_does_not_begin_a_table() -> None:
    found = only("no;net\n1;10\n2;20\nno;net\n3;30\n4;40")

    assert (found.header_rows, found.last_data_row) == ((0, 3), 5)


def test_tables_below_each_other_are_told_by_their_headings() -> None:
    first, second = find_tables(
        rows(
            "Sales;;\nItem;Net;Gross\nA;1;2\nB;2;3\nC;5;6\n;;\n"
            "Costs;;\nPlace;Rent;Heating\nX;10;2\nY;20;3\nZ;7;8"
        )
    )

    assert (first.title_rows, first.header_rows, first.last_data_row) == ((0,), (1,), 4)
    assert (second.title_rows, second.header_rows, second.first_data_row) == ((6,), (7,), 8)
    assert second.columns == ("Place", "Rent", "Heating")


def test_blank_rows_do_not_part_a_table() -> None:
    assert len(find_tables(rows("k;v;w\na;1;2\n;;\nb;3;4\n;;\nsee below;n/a;5\nc;6;7"))) == 1


def test_a_broken_record_does_not_begin_a_table() -> None:
    lines = [["no", "text", "net", "vat", "gross"]]
    lines += [[str(i), "thing", "1,50", "0,30", "1,80"] for i in range(20)]
    lines.insert(9, ["7 thing", " and so", " on and on", " to the end", " of it"])

    assert len(find_tables(lines)) == 1


def test_totals_are_told_by_word_and_by_arithmetic() -> None:
    found = only(
        "client;date;net\nA;2024-01-02;10,50\nB;2024-01-03;20,25\nTotal client;;30,75\n"
        "C;2024-01-02;5,00\nD;2024-01-03;6,00\nTotal client;;11,00\nTotal general;;41,75"
    )

    assert found.derived_rows == (3, 6, 7)


def test_sums_without_a_word_are_told_by_arithmetic() -> None:
    found = only(
        "part;men;women\nnorth;1234;2345\nsouth;2111;1222\nboth coasts;3345;3567\neast;17;18"
    )

    assert found.derived_rows == (3,)


def test_a_total_above_its_parts_is_found() -> None:
    found = only("age;men;women\nAll ages;3345;3567\n0-9;1234;2345\n10-99;2111;1222")

    assert found.derived_rows == (1,)


def test_a_total_of_subtotals_is_found_after_blank_rows() -> None:
    found = only(
        "k;a;b\nx;10;20\ny;11;22\nSubtotal;21;42\n;;\nz;5;6\nw;7;8\nSubtotal;12;14\n;;\n"
        "Office summary;33;56"
    )

    assert found.derived_rows == (3, 7, 9)


def test_the_number_of_things_is_no_total() -> None:
    found = only("facts;here;there\nTotal number of firms;993;2009\nTrade;7;9\nCraft;5;4")

    assert found.derived_rows == ()


def test_a_supplier_called_total_is_no_total() -> None:
    lines = ["supplier;invoice;date;amount"]
    lines += [f"{n};F-{i};2024-01-{i:02};{i * 7},40" for i, n in enumerate("ABCDEFGH", 1)]
    lines.insert(4, "Total;F-77;2024-01-05;99,10")

    assert only("\n".join(lines)).derived_rows == ()


def test_ledger_lines_that_add_up_by_chance_are_records() -> None:
    found = only(
        "journal;date;text;currency;base\nVE;2024-01-02;net;1003,17;1104,48\n"
        "VE;2024-01-02;vat;200,63;220,89\nVE;2024-01-02;gross;1203,80;1325,37\n"
        "VE;2024-01-03;net;10,00;11,01\nVE;2024-01-03;vat;2,00;2,20"
    )

    assert found.derived_rows == ()


def test_shares_below_their_amounts_are_derived() -> None:
    found = only(
        "k;a;b;c\nall;400;500;800\npolice;100;250;500\n;0,25;0,5;0,625\nfire;200;100;720\n"
        ";0,5;0,2;0,9"
    )

    assert found.derived_rows == (3, 5)


def test_many_records_are_looked_at_in_time() -> None:
    maker = random.Random(3)
    table = [[f"Column {j}" for j in range(20)]]
    table += [
        [f"{maker.random() * 1000:.2f}" if j % 2 else f"name {maker.random()}" for j in range(20)]
        for _ in range(5000)
    ]
    begun = time.perf_counter()

    assert find_tables(table)[0].header_rows == (0,)
    assert time.perf_counter() - begun < 2.5  # 0.2 s on the machine it was written on


def test_a_word_for_sums_in_each_of_many_rows_costs_no_more() -> None:
    table = [["k", "v"], *([f"Total {i % 50}", str(i * 7919 % 1000)] for i in range(5000))]
    begun = time.perf_counter()

    find_tables(table)

    assert time.perf_counter() - begun < 2.5  # 0.2 s on the machine it was written on
