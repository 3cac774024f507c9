from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest
from conftest import write_csv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoice_desk.errors import (
    CorruptSourceError,
    EmptySourceError,
    EncryptedSourceError,
    SourceError,
    UnsafeSourceError,
)
from invoice_desk.readers import archive
from invoice_desk.readers.delimited import plan_spans, read_delimited, read_head, read_span
from invoice_desk.readers.sheet_cells import cell_text
from invoice_desk.readers.spreadsheet import read_spreadsheet


def rows_of(path: Path) -> list[list[str]]:
    return [json.loads(c) for c in read_delimited(path, name=path.name).rows.cells.to_pylist()]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_dialects_are_found_from_content(
    tmp_path: Path, delimiter: str, end: str, encoding: str
) -> None:
    table = [["Org", "Code", "Montant"], ["Béjaïa", "007", "1.50"], ["Sétif", "008", "2.50"]]
    text = end.join(delimiter.join(row) for row in table) + end
    path = write_csv(tmp_path / "a.csv", text, encoding)

    read = read_delimited(path, name="a.csv")

    assert read.head.structure.columns == ("Org", "Code", "Montant")
    assert rows_of(path) == table[1:]
    assert read.rows.numbers.to_pylist() == [1, 2]


def test_line_breaks_and_delimiters_inside_quotes_belong_to_the_cell(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", 'a,b\n1,"x, ""y""\nz"\n2,w\n')

    read = read_delimited(path, name="a.csv")

    assert rows_of(path) == [["1", 'x, "y"\nz'], ["2", "w"]]
    assert read.rows.numbers.to_pylist() == [1, 3]  # the lines on which they begin


def test_rows_of_another_width_are_kept_whole(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "a;b;c\n1;2;3\n4;5\n\n6;7;8;9\n")

    assert rows_of(path) == [["1", "2", "3"], ["4", "5"], ["6", "7", "8", "9"]]
    assert read_delimited(path, name="a").rows.numbers.to_pylist() == [1, 2, 4]


def test_a_quote_that_never_closes_swallows_nothing(tmp_path: Path) -> None:
    lines = ["id;note", '1;"open', *(f"{i};x" for i in range(2, 300))]
    path = write_csv(tmp_path / "a.csv", "\n".join(lines) + "\n")

    rows = rows_of(path)

    assert len(rows) == 299
    assert rows[0] == ["1", '"open']
    assert rows[-1] == ["299", "x"]


def test_a_stray_quote_is_mended_where_it_stands(tmp_path: Path) -> None:
    lines = ["id;note;sum", *(f'{i};"fine, {i}";5' for i in range(20))]
    lines[4:4] = ['77;x;"5', "78;y;6", "79;z;7"]
    path = write_csv(tmp_path / "a.csv", "\n".join(lines) + "\n")

    rows = rows_of(path)

    assert len(rows) == 23
    assert rows[3:6] == [["77", "x", '"5'], ["78", "y", "6"], ["79", "z", "7"]]


def test_titles_are_no_rows(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "Journal 2024;;\n;;\nOrg;N;HT\nx;1;2,5\ny;2;3,5\n")

    head = read_head(path, name="a.csv")

    assert head.titles == ("Journal 2024",)
    assert head.structure.columns == ("Org", "N", "HT")
    assert rows_of(path) == [["x", "1", "2,5"], ["y", "2", "3,5"]]


CELL = st.text(st.sampled_from('ab1 ,;"\n'), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=40),
    span=st.integers(8, 200),
)
def test_spans_give_what_the_whole_file_gives(
    tmp_path: Path, rows: list[list[str]], span: int
) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [["Name", "Note", "Text"], *([f"n{i}", *row[1:]] for i, row in enumerate(rows))]
    )
    path = write_csv(tmp_path / "a.csv", text.getvalue())
    head = read_head(path, name="a.csv")

    batches = [read_span(path, s, head) for s in plan_spans(path, head, span_bytes=span)]
    whole = read_delimited(path, name="a.csv").rows

    assert [c for b in batches for c in b.cells.to_pylist()] == whole.cells.to_pylist()
    assert [n for b in batches for n in b.numbers.to_pylist()] == whole.numbers.to_pylist()
    assert len(whole) == len(rows)


@pytest.mark.parametrize("text", ["", "\n\n", ";;;\n;;\n", "\ufeff"])
def test_a_text_without_data_is_empty(tmp_path: Path, text: str) -> None:
    path = write_csv(tmp_path / "a.csv", text)

    with pytest.raises(EmptySourceError):
        read_delimited(path, name="a.csv")


def test_prose_that_is_called_xlsx_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.xlsx", "This is a letter.\nIt holds no table.\n")

    with pytest.raises(CorruptSourceError, match="plain text"):
        read_delimited(path, name="a.xlsx")


# --- spreadsheets -----------------------------------------------------------------------


def test_cells_are_texts_as_a_person_sees_them() -> None:
    import datetime as dt

    assert cell_text(5.0) == "5"
    assert cell_text(0.1 + 0.2) == "0.3"
    assert cell_text(dt.datetime(2024, 2, 20)) == "2024-02-20"
    assert cell_text(dt.datetime(2024, 2, 20, 8, 30)) == "2024-02-20 08:30:00"
    assert cell_text("007") == "007"
    assert cell_text(True) == "TRUE"


def test_every_sheet_is_a_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.append(["Code", "Montant"])
    first.append(["007", 1.5])
    second = book.create_sheet("Deux")
    second.append(["Titre"])
    second.append([])
    second.append(["A", "B"])
    second.append(["x", 2])
    second.sheet_state = "hidden"
    path = tmp_path / "a.xlsx"
    book.save(path)

    tables = read_spreadsheet(path, name="a.xlsx")

    assert [t.head.structure.columns for t in tables] == [("Code", "Montant"), ("A", "B")]
    assert tables[0].rows.cells.to_pylist() == ['["007","1.5"]']
    assert tables[1].rows.numbers.to_pylist() == [3]
    assert tables[1].findings[0].code == "hidden_sheet"


def test_a_torn_workbook_is_a_sentence(tmp_path: Path, samples: Path) -> None:
    whole = (samples / "journal_ventes_2024.xlsx").read_bytes()
    path = tmp_path / "torn.xlsx"
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(CorruptSourceError, match=r"torn\.xlsx"):
        read_spreadsheet(path, name="torn.xlsx")


def test_an_encrypted_workbook_says_so(tmp_path: Path) -> None:
    path = tmp_path / "locked.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"))

    with pytest.raises(EncryptedSourceError):
        read_spreadsheet(path, name="locked.xlsx")


# --- archives ---------------------------------------------------------------------------


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


def test_members_keep_their_folders_and_cannot_climb_out(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "a.zip", {"../../evil.csv": b"a", "x/y.csv": b"b", "__MACOSX/z": b""}
    )
    target = tmp_path / "out"
    target.mkdir()

    found = list(archive.unpack(path, target, name="a.zip"))

    assert [str(member.path) for member, _ in found] == ["evil.csv", "x/y.csv"]
    assert all(isinstance(p, Path) and p.parent == target for _, p in found)


def test_a_bomb_is_stopped_while_it_unpacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "RATIO_FLOOR_BYTES", 1000)
    monkeypatch.setattr(archive, "MAX_RATIO", 100)
    path = make_zip(tmp_path / "a.zip", {"zeros.csv": b"0" * 5_000_000, "fine.csv": b"a;b"})

    found = {m.path.name: place for m, place in archive.unpack(path, tmp_path, name="a")}

    assert isinstance(found["zeros.csv"], UnsafeSourceError)
    assert isinstance(found["fine.csv"], Path)


def test_a_broken_archive_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04 and then nothing")

    with pytest.raises(SourceError, match="not a ZIP"):
        list(archive.unpack(path, tmp_path, name="a.zip"))


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_of_any_packing_is_a_sentence(tmp_path: Path, packing: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", packing) as made:
        made.writestr("x.csv", "a;b\n" * 5000)
    torn = bytearray(path.read_bytes())
    start = torn.index(b"x.csv") + len("x.csv")
    torn[start + 8 : start + 40] = b"\xff" * 32
    path.write_bytes(torn)

    ((_, found),) = archive.unpack(path, tmp_path, name="a.zip")

    assert isinstance(found, CorruptSourceError)
