from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from conftest import write_csv
from hypothesis import given
from hypothesis import strategies as st

from invoice_desk.core.tables import Dialect
from invoice_desk.readers.columns import read_plain, read_quoted
from invoice_desk.readers.delimited import read_delimited
from invoice_desk.readers.records import read_records

WHOLE = ['7,x,"one, two",5', "8,y,three,6", "9,z,four,7"] * 5


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('"1,x,"one, two",5', ['"1', "x", "one, two", "5"]),
        ('1,"x,"one, two",5', ["1", '"x', "one, two", "5"]),
        ('1,x,"one, two","5', ["1", "x", "one, two", '"5']),
        ('1,x,"so-called "two" or three, x",5', ["1", "x", 'so-called "two" or three, x', "5"]),
        ('1,x,"a board, 48"",5', ["1", "x", 'a board, 48"', "5"]),
        ('1;x;"one, two";5', ["1", "x", "one, two", "5"]),
        ('1, x, "one, two", 5', ["1", "x", "one, two", "5"]),
        ("1\tx\tone\t5", ["1", "x", "one", "5"]),
        ("1 2024-01-02 word 5", ["1", "2024-01-02", "word", "5"]),
    ],
)
def test_a_damaged_row_is_mended_by_its_width_and_marked(
    tmp_path: Path, line: str, cells: list[str]
) -> None:
    lines = ["n,name,note,sum", *WHOLE, line, *WHOLE]
    path = write_csv(tmp_path / "a.csv", "\n".join(lines) + "\n")

    rows = read_delimited(path, name="a.csv").rows

    assert len(rows) == 2 * len(WHOLE) + 1
    assert json.loads(rows.cells[len(WHOLE)].as_py()) == cells
    assert [(f.code, f.row_number) for f in rows.findings] == [("row_mended", len(WHOLE) + 1)]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('1x,"one, two",5', ["1x", "one, two", "5"]),
        ('1,,x,"one, two",5', ["1", "", "x", "one, two", "5"]),
    ],
)
def test_a_row_of_another_width_is_kept_as_it_stands(
    tmp_path: Path, line: str, cells: list[str]
) -> None:
    path = write_csv(tmp_path / "a.csv", "\n".join(["n,name,note,sum", *WHOLE, line]) + "\n")

    rows = read_delimited(path, name="a.csv").rows

    assert json.loads(rows.cells[-1].as_py()) == cells
    assert not rows.findings


def test_a_note_below_the_rows_is_no_row_and_is_told(tmp_path: Path) -> None:
    lines = ["n,name,note,sum", *WHOLE, "Source: our own books"]
    path = write_csv(tmp_path / "a.csv", "\n".join(lines) + "\n")

    table = read_delimited(path, name="a.csv")

    assert len(table.rows) == len(WHOLE)
    assert table.head.titles == ("Source: our own books",)


def test_a_short_record_over_several_lines_stays_one() -> None:
    dialect = Dialect(width=3)

    records = list(read_records('a,b,c\n"1\n2",x\n3,4,5\n', dialect))

    assert [(r.line, r.cells) for r in records] == [
        (0, ["a", "b", "c"]),
        (1, ["1\n2", "x"]),
        (3, ["3", "4", "5"]),
    ]


def test_a_text_without_quoting_keeps_its_quotes() -> None:
    dialect = Dialect(delimiter="\t", quote="", width=2)

    (record,) = read_records('5"\t"left\n', dialect)

    assert record.cells == ['5"', '"left']


CELL = st.text(st.sampled_from("ab1é. \u00a0"), max_size=4)


@given(
    rows=st.lists(st.lists(CELL, min_size=1, max_size=4), min_size=1, max_size=60),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
    delimiter=st.sampled_from([";", "\t", "||"]),
)
def test_text_without_quotes_is_read_at_once_as_record_by_record(
    rows: list[list[str]], end: str, last: bool, delimiter: str
) -> None:
    rows = [*rows, *[["x", "y", "z"]] * 200]
    text = end.join(delimiter.join(row) for row in rows) + (end if last else "")
    dialect = Dialect(delimiter=delimiter, width=3)

    at_once = read_plain(text.encode(), dialect, width=3)
    one_by_one = [r for r in read_records(text, dialect) if any(c.strip() for c in r.cells)]

    if at_once is None:  # too many rows of another width
        assert sum(len(row) != 3 for row in rows) * 20 > len(rows)
    else:
        assert at_once.lines.tolist() == [r.line for r in one_by_one]
        assert [json.loads(c) for c in at_once.cells.to_pylist()] == [r.cells for r in one_by_one]


QUOTED = st.text(st.sampled_from('ab1 ,;"\n'), max_size=4)


@given(rows=st.lists(st.lists(QUOTED, min_size=1, max_size=5), min_size=1, max_size=20))
def test_quoted_text_is_read_at_once_as_record_by_record(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    body = text.getvalue().rstrip("\n")
    dialect = Dialect(width=3)

    at_once = read_quoted(body.encode(), dialect, width=3)
    one_by_one = [r for r in read_records(body, dialect) if any(c.strip() for c in r.cells)]

    assert at_once is not None
    assert at_once.lines.tolist() == [r.line for r in one_by_one]
    assert [json.loads(c) for c in at_once.cells.to_pylist()] == [r.cells for r in one_by_one]
