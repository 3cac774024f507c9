"""Files that hold more than one plain table."""

from __future__ import annotations

import json
import random
from pathlib import Path

import openpyxl
import pytest

from invoice_desk.readers.delimited import plan_spans, read_head, read_span, read_tables
from invoice_desk.readers.spreadsheet import read_spreadsheet

TWO_TABLES = (
    "Sales;;\nItem;Net;Gross\nA;1,50;2\nB;2;3\nC;5;6\n;;\nCosts;;\n"
    "Place;Rent;Heating\nX;10;2\nY;20;3\nZ;7;8\n;;\nNote: without tax;;\n"
)


def test_two_tables_in_a_text_are_two_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TWO_TABLES)

    first, second = read_tables(path, name="a.csv")

    assert [json.loads(c)[0] for c in first.rows.cells.to_pylist()] == ["A", "B", "C"]
    assert [json.loads(c)[0] for c in second.rows.cells.to_pylist()] == ["X", "Y", "Z"]
    assert second.rows.numbers.to_pylist() == [8, 9, 10]
    assert (first.head.titles, second.head.titles) == (("Sales",), ("Costs", "Note: without tax"))


def test_a_repeated_heading_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("no;net\n1;10\n2;20\nno;net\n3;30\n4;40\n")

    (read,) = read_tables(path, name="a.csv")

    assert [json.loads(c)[0] for c in read.rows.cells.to_pylist()] == ["1", "2", "3", "4"]


def test_sums_are_numbered_by_line_for_the_rows_and_by_record_for_the_structure(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.csv"
    path.write_text('"client\nname";date;net\nA;2024-01-02;10,5\nB;2024-01-03;20\nTotal;;30,5\n')

    (read,) = read_tables(path, name="a.csv")

    assert (read.rows.derived, read.head.structure.derived_rows) == ((4,), (3,))


def test_sums_in_the_middle_of_a_long_text_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [f"client {i};2024-01-02;FA-{i};{i},50" for i in range(20_000)]
    lines[9_000] = "Sous-total Nord;;;123456,50"
    path.write_text("client;date;no;net\n" + "\n".join(lines) + "\nTotal général;;;99,50\n")
    head = read_head(path, name="a.csv")
    batches = [read_span(path, s, head) for s in plan_spans(path, head, span_bytes=200_000)]

    assert sorted(n for batch in batches for n in batch.derived) == [9_001, 20_001]


@pytest.mark.parametrize("seed", range(25))
def test_each_record_is_a_row_or_a_title_or_a_heading_or_a_note(tmp_path: Path, seed: int) -> None:
    maker = random.Random(seed)
    words = ["Total", "x", "12,50", "2024-01-02", "", "", "Note: a", "name", "n/a", "7", "Net"]
    width = maker.randint(1, 6)
    records = [[maker.choice(words) for _ in range(width)] for _ in range(maker.randint(1, 60))]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(";".join(record) for record in records) + "\n")
    if not any(any(record) for record in records):
        return

    seen: list[int] = []
    for table in read_tables(path, name="a.csv"):
        found = table.head.structure
        seen += [*found.title_rows, *found.header_rows, *found.note_rows]
        seen += table.rows.numbers.to_pylist()

    filled = [i for i, record in enumerate(records) if any(record)]
    assert [i for i in sorted(seen) if any(records[i])] == filled


def test_two_tables_on_a_sheet_are_two_tables(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for line in TWO_TABLES.splitlines():
        workbook.active.append([c if not c.isdigit() else int(c) for c in line.split(";")])
    path = tmp_path / "a.xlsx"
    workbook.save(path)

    first, second = read_spreadsheet(path, name="a.xlsx")

    assert len(first.rows) == len(second.rows) == 3
    assert second.head.structure.columns == ("Place", "Rent", "Heating")
    assert second.head.name.startswith(first.head.name)
