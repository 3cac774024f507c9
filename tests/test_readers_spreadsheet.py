from __future__ import annotations

import datetime as dt
import io
import json
import random
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from invoice_desk.errors import EmptySourceError, EncryptedSourceError, SourceError
from invoice_desk.readers.base import ReadTable
from invoice_desk.readers.sheet_cells import cell_text, text_column
from invoice_desk.readers.sheet_marks import read_sheet_marks
from invoice_desk.readers.spreadsheet import read_spreadsheet

HEAD = ["Code", "Client", "Montant"]


def make_book(path: Path, *rows: list[Any]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return book


def read(path: Path) -> ReadTable:
    return read_spreadsheet(path, name=path.name)[0]


def cells_of(table: ReadTable) -> list[list[str]]:
    return [json.loads(cells) for cells in table.rows.cells.to_pylist()]


VALUES = [
    ("007", "007"),
    ("  padded ", "  padded "),
    ("two\nlines", "two\nlines"),
    ("Béjaïa ٣ €", "Béjaïa ٣ €"),
    (5, "5"),
    (-0.0, "0"),
    (1234.5, "1234.5"),
    (0.1 + 0.2, "0.3"),
    (1e-7, "0.0000001"),
    (1.5e16, "15000000000000000"),
    (19.011406844106499, "19.0114068441065"),
    (True, "TRUE"),
    (dt.date(2024, 2, 20), "2024-02-20"),
    (dt.datetime(2024, 2, 20, 8, 30), "2024-02-20 08:30:00"),
    (dt.datetime(2024, 2, 20, 8, 30, 59, 999_600), "2024-02-20 08:31:00"),
    (dt.time(8, 30, 1), "08:30:01"),
    (dt.timedelta(hours=30, minutes=1), "30:01:00"),
    (None, ""),
]


def test_every_cell_is_the_text_of_what_was_written(tmp_path: Path) -> None:
    rows = [[f"x{i}", value, i + 0.25] for i, (value, _) in enumerate(VALUES)]
    path = tmp_path / "a.xlsx"
    make_book(path, HEAD, *rows)

    table = read(path)

    assert cells_of(table) == [[f"x{i}", text, f"{i}.25"] for i, (_, text) in enumerate(VALUES)]
    assert table.rows.numbers.to_pylist() == list(range(1, len(VALUES) + 1))


def test_no_cell_that_calamine_reads_is_lost(tmp_path: Path) -> None:
    rows = [[i, f"c{i % 7}", i / 4 if i % 3 else None, None] for i in range(900)]
    rows[700][3] = "far right of the first rows"
    path = tmp_path / "a.xlsx"
    make_book(path, [*HEAD, None], *rows)

    table = read(path)

    with CalamineWorkbook.from_path(str(path)) as book:
        raw = book.get_sheet_by_index(0).to_python()
    assert cells_of(table) == [[cell_text(value) for value in row] for row in raw[1:]]
    assert table.head.structure.columns == (*HEAD, "")


CELLS = st.one_of(
    st.text(max_size=5),
    st.floats(),
    st.floats(-1e4, 1e4).map(lambda value: round(value, 2)),
    st.integers(-(10**16), 10**16).map(float),
    st.booleans(),
    st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(9999, 12, 30)),
    st.dates(dt.date(1000, 1, 1)),
    st.times(),
    st.timedeltas(dt.timedelta(-1000), dt.timedelta(1000)),
    st.none(),
)


@given(st.lists(CELLS, max_size=40), st.sampled_from([1, 3]))
def test_a_column_and_its_cells_never_disagree(values: list[Any], times: int) -> None:
    values = values * times + ["x"] * 30 * times  # short columns go another way

    assert text_column(values).to_pylist() == [cell_text(value) for value in values]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_fifteen_digits(value: float) -> None:
    column = text_column([value] * 100)

    assert float(column[0].as_py()) == float(f"{value:.15g}")


def test_errors_stay_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    make_book(path, HEAD, ["a", "x", "#N/A"], ["b", "#DIV/0!", 2], ["c", "y", 3])

    rows = cells_of(read(path))

    assert rows == [["a", "x", "#N/A"], ["b", "#DIV/0!", "2"], ["c", "y", "3"]]


def test_a_merged_label_names_all_its_columns_and_no_other(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Org", "Amounts", None, None], [None, "Net", "Tax", "Paid"], ["x", 1, 2, "yes"]):
        sheet.append(row)
    sheet.append(["y", 3, 4, "no"])
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("A1:A2")
    book.save(tmp_path / "a.xlsx")

    head = read(tmp_path / "a.xlsx").head

    assert head.structure.columns == ("Org", "Amounts Net", "Amounts Tax", "Paid")
    assert sorted(head.details["merged"]) == [((0, 0), (1, 0)), ((0, 1), (0, 2))]


def test_merged_cells_of_the_data_stay_as_they_stand(tmp_path: Path) -> None:
    book = make_book(tmp_path / "a.xlsx", HEAD, ["a", "x", 1], [None, "y", 2], ["b", "z", 3])
    book.active.merge_cells("A2:A3")
    book.save(tmp_path / "a.xlsx")

    assert [row[0] for row in cells_of(read(tmp_path / "a.xlsx"))] == ["a", "", "b"]


def test_hidden_rows_and_columns_are_read_and_said(tmp_path: Path) -> None:
    book = make_book(tmp_path / "a.xlsx", HEAD, *([f"c{i}", "x", i] for i in range(8)))
    for row in (3, 4, 7, 2000):
        book.active.row_dimensions[row].hidden = True
    book.active.column_dimensions["B"].hidden = True
    book.save(tmp_path / "a.xlsx")

    table = read(tmp_path / "a.xlsx")

    assert len(table.rows) == 8
    assert [(f.code, f.text) for f in table.findings] == [
        ("hidden_rows", "3–4, 7"),
        ("hidden_columns", "B"),
    ]
    assert table.head.details == {"hidden_rows": [(2, 3), (6, 6)], "hidden_columns": [(1, 1)]}


def test_a_cell_far_away_makes_no_empty_rows(tmp_path: Path) -> None:
    book = make_book(tmp_path / "a.xlsx", HEAD, ["a", "x", 1.5], ["b", "y", dt.date(2024, 2, 20)])
    book.active["ZZ60000"] = "far"
    book.save(tmp_path / "a.xlsx")

    table = read(tmp_path / "a.xlsx")

    assert table.rows.numbers.to_pylist() == [1, 2, 59_999]
    assert [row[:3] for row in cells_of(table)[:2]] == [["a", "x", "1.5"], ["b", "y", "2024-02-20"]]
    assert cells_of(table)[2][-1] == "far"


def test_a_table_that_begins_further_down_and_right_keeps_its_place(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    rows: list[list[Any]] = [[*HEAD], ["a", "x", 1], ["b", "y", 2]]
    for number, row in enumerate(rows, start=5):
        for column, value in enumerate(row, start=3):
            book.active.cell(number, column, value)
    book.save(tmp_path / "a.xlsx")

    table = read(tmp_path / "a.xlsx")

    assert table.head.structure.header_rows == (4,)
    assert table.head.structure.first_data_row == 5
    assert table.head.structure.columns == ("", "", *HEAD)
    assert table.rows.numbers.to_pylist() == [5, 6]


def test_marks_are_found_in_any_piece_of_a_large_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book(tmp_path / "a.xlsx", HEAD, *([f"c{i}", "#REF!", i] for i in range(200)))
    book.active.row_dimensions[150].hidden = True
    book.active.title = "A & B"
    book.save(tmp_path / "a.xlsx")
    monkeypatch.setattr("invoice_desk.readers.sheet_marks._CHUNK", 700)

    marks = read_sheet_marks(tmp_path / "a.xlsx")["A & B"]

    assert marks.height == 201
    assert marks.hidden_rows == [149]
    assert not marks.is_sparse
    assert set(marks.errors) == {(row, 1) for row in range(1, 201)}


def test_what_is_no_workbook_has_no_marks(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 and then nothing")

    assert read_sheet_marks(path) == {}
    assert read_sheet_marks(tmp_path / "missing.xlsx") == {}


def make_ods(path: Path, rows: str) -> Path:
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr(
            "content.xml",
            f"<office:document-content {names}><office:body><office:spreadsheet>"
            f'<table:table table:name="Feuille">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def test_an_open_document_is_read_alike(tmp_path: Path) -> None:
    def cell(kind: str, value: str, text: str) -> str:
        attributes = f'office:value-type="{kind}" {value}'
        return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"

    rows = [
        [cell("string", "", name) for name in ("Code", "Date", "Montant")],
        [
            cell("string", "", "007"),
            cell("date", 'office:date-value="2024-02-20"', "20/02/24"),
            cell("float", 'office:value="12.50"', "12,50"),
        ],
    ]
    body = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows)
    empty = '<table:table-row table:number-rows-repeated="1048574"><table:table-cell '
    empty += 'table:number-columns-repeated="1024"/></table:table-row>'

    table = read(make_ods(tmp_path / "a.ods", body + empty))

    assert table.head.structure.columns == ("Code", "Date", "Montant")
    assert cells_of(table) == [["007", "2024-02-20", "12.5"]]


def test_a_workbook_without_cells_is_empty(tmp_path: Path) -> None:
    make_book(tmp_path / "a.xlsx")

    with pytest.raises(EmptySourceError):
        read(tmp_path / "a.xlsx")


def test_only_an_old_container_can_be_encrypted(tmp_path: Path) -> None:
    mark = "EncryptedPackage".encode("utf-16-le")
    (tmp_path / "locked.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + mark)
    make_book(tmp_path / "open.xlsx", HEAD, ["a", "EncryptedPackage", 1])
    with (tmp_path / "open.xlsx").open("ab") as file:
        file.write(mark)

    with pytest.raises(EncryptedSourceError):
        read(tmp_path / "locked.xlsx")
    assert len(read(tmp_path / "open.xlsx").rows) == 1


@pytest.fixture(scope="module")
def small_book() -> bytes:
    book = openpyxl.Workbook()
    for i in range(30):
        book.active.append([f"c{i}", dt.date(2024, 1, 1), i / 4])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(data=st.data())
def test_a_damaged_workbook_is_read_or_refused_and_never_a_crash(
    tmp_path: Path, small_book: bytes, data: st.DataObject
) -> None:
    octets = bytearray(small_book)
    for _ in range(data.draw(st.integers(1, 6))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.xlsx"
    path.write_bytes(octets[: data.draw(st.integers(len(octets) // 2, len(octets)))])

    tables: list[ReadTable] = []
    with suppress(SourceError):  # any other exception fails
        tables = read_spreadsheet(path, name="a.xlsx")
    assert all(len(table.rows.numbers) == len(cells_of(table)) for table in tables)


def test_every_cell_is_what_openpyxl_and_calamine_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    chance = random.Random(3)
    head: list[Any] = ["code", "whole", "amount", "day", "moment", "flag", "text"]
    body: list[list[Any]] = [
        [
            f"{n:05}",
            chance.randrange(-(10**9), 10**9),
            round(chance.uniform(-(10**6), 10**6), 2),
            dt.date(2020, 1, 1) + dt.timedelta(chance.randrange(3000)),
            dt.datetime(2024, 1, 1, 8, 30, 15) + dt.timedelta(hours=n),
            n % 3 == 0,
            chance.choice(["", " padded ", "a\nb", "1e5", "=x", "Été"]),
        ]
        for n in range(300)
    ]
    book = openpyxl.Workbook()
    for row in (head, *body):
        book.active.append([None if cell == "" else cell for cell in row])
    for cell in book.active["G"]:
        cell.data_type = "s" if cell.value is not None else cell.data_type
    book.save(path)

    ours = [list(row) for row in cells_of(read(path))]

    sheet = openpyxl.load_workbook(path).active
    theirs = [[cell_text(cell.value) for cell in row] for row in sheet.iter_rows(min_row=2)]
    bare = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert ours == theirs
    assert ours == [[cell_text(value) for value in row] for row in bare[1:]]
