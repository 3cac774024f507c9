from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import write_csv

from invoice_desk.core.tables import Dialect
from invoice_desk.readers.delimited import read_delimited
from invoice_desk.readers.dialects import find_dialect

ROWS = [
    ["Date", "Name", "Note", "Amount"],
    ["2024-01-05", "Ada Lane", "two, or three", "12.50"],
    ["2024-01-06", "Bo Hill", "", "7.25"],
    ["2024-02-07", "Cy Moor", "paid; late", "100.00"],
    ["2024-02-08", "Di Ford", "by card", "3.10"],
]


def table_of(path: Path) -> tuple[Dialect, list[list[str]]]:
    read = read_delimited(path, name=path.name)
    assert read.head.dialect is not None
    rows = [json.loads(cells) for cells in read.rows.cells.to_pylist()]
    return read.head.dialect, [list(read.head.structure.columns), *rows]


def quoted(delimiter: str, quote: str, escape: str) -> str:
    lines = []
    for row in ROWS:
        marked = [cell.replace(quote, escape + quote) for cell in row]
        lines.append(delimiter.join(f"{quote}{cell}{quote}" for cell in marked))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "delimiter", [";", ",", "\t", "|", ":", " ", "~", ", ", "; ", " | ", "||", ";;", "~|~", "@#"]
)
def test_any_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    path = write_csv(tmp_path / "a.csv", quoted(delimiter, '"', '"'))

    dialect, table = table_of(path)

    assert (dialect.delimiter, dialect.quote) == (delimiter, '"')
    assert table == ROWS


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("escape", ["same", "\\"])
def test_quotes_and_their_escape_are_found(
    tmp_path: Path, delimiter: str, quote: str, escape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = [ROWS[0], *([*row[:2], f"say {quote}hi{quote}, {row[0]}", row[3]] for row in ROWS[1:])]
    monkeypatch.setattr("test_readers_dialects.ROWS", spoken)
    sign = quote if escape == "same" else escape
    path = write_csv(tmp_path / "a.csv", quoted(delimiter, quote, sign))

    dialect, table = table_of(path)

    assert (dialect.quote, dialect.escape) == (quote, "" if escape == "same" else escape)
    assert table == spoken


def test_decimal_commas_are_no_delimiters() -> None:
    found = find_dialect("12,5;13,5;7,1\n1,5;2,5;3,1\n", "utf-8")

    assert (found.delimiter, found.width) == (";", 3)


@pytest.mark.parametrize(
    "text",
    [
        "2016-01-01 10:00:00\n2016-01-02 11:00:00\n2016-01-03 12:00:00\n",
        '"100,000.00"\n"300,000.20"\n"2,100.40"\n',
        "This is a letter.\nIt holds no table at all.\nBest regards\n",
        "1 200\n13 400\n150 000\n",
    ],
)
def test_whole_values_and_sentences_are_one_column(text: str) -> None:
    assert find_dialect(text, "utf-8").width == 1


def test_figures_between_blanks_are_columns(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.txt", "0.1 0.5 0.7\n0.2 0.6 0.8\n0.3 0.1 0.2\n")

    _, table = table_of(path)

    assert table[1:] == [["0.1", "0.5", "0.7"], ["0.2", "0.6", "0.8"], ["0.3", "0.1", "0.2"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_the_line_end_is_told(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(end.join(["a;b", "1;2", "3;4", ""]).encode())

    read = read_delimited(path, name="a.csv")

    assert read.head.dialect is not None
    assert read.head.dialect.line_end == end
    assert read.rows.cells.to_pylist() == ['["1","2"]', '["3","4"]']
    assert read.rows.numbers.to_pylist() == [1, 2]


def test_mixed_line_ends_are_all_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a;b\r\n1;2\n3;4\r5;6\r\r\n7;8\n")

    read = read_delimited(path, name="a.csv")

    assert [json.loads(c)[0] for c in read.rows.cells.to_pylist()] == ["1", "3", "5", "7"]
    assert read.rows.numbers.to_pylist() == [1, 2, 3, 4]


def test_remarks_are_no_rows_and_are_told(tmp_path: Path) -> None:
    text = "# made in May\nname;n;x\na;1;2\n# checked; yes\nb;3;4\n"
    path = write_csv(tmp_path / "a.csv", text)

    read = read_delimited(path, name="a.csv")

    assert read.head.titles == ("made in May",)
    assert read.rows.cells.to_pylist() == ['["a","1","2"]', '["b","3","4"]']
    assert [(f.code, f.row_number) for f in read.rows.findings] == [("remark_left_out", 3)]


@pytest.mark.parametrize("text", ["#id;name;sum\n1;a;3\n4;b;6\n", "id;name;sum\n#1;a;3\n#4;b;6\n"])
def test_a_row_may_begin_with_the_mark_of_remarks(tmp_path: Path, text: str) -> None:
    dialect, table = table_of(write_csv(tmp_path / "a.csv", text))

    assert dialect.comment == ""
    assert table == [line.split(";") for line in text.splitlines()]


@pytest.mark.parametrize("header", ["a;b;c", "a;b;c;"])
def test_a_delimiter_at_the_end_makes_no_column(tmp_path: Path, header: str) -> None:
    path = write_csv(tmp_path / "a.csv", header + '\n1;2;x;\n3;4;"y";\n')

    dialect, table = table_of(path)

    assert dialect.width == 4
    assert table == [["a", "b", "c"], ["1", "2", "x"], ["3", "4", "y"]]


def test_zero_bytes_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a;b\n1\x00;2\n3;4\x00\n")

    assert table_of(path)[1] == [["a", "b"], ["1", "2"], ["3", "4"]]


def test_a_line_may_be_longer_than_the_sample(tmp_path: Path) -> None:
    long = "x" * 1_000_000
    path = write_csv(tmp_path / "a.csv", f"a;b\n1;{long}\n2;y\n")

    assert table_of(path)[1] == [["a", "b"], ["1", long], ["2", "y"]]
