"""A person says where a table begins; its file is read again so, and decisions stand."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from conftest import write_csv

from invoice_desk.core.modes import Mode
from invoice_desk.db.engine import reading
from invoice_desk.db.schema import raw_row
from invoice_desk.errors import ArgumentError
from invoice_desk.services import browsing, reviewing
from invoice_desk.services.cleaning import clean_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.settling import settle_column
from invoice_desk.services.structuring import correct_structure, draft_structure

IN_PROCESS = JobSettings(Mode.STANDARD)
HEAD = "DO;PRODUIT;HT;TAX;TTC;DISCOUNT"


def cells_of(desk: Desk) -> dict[int, list[str]]:
    with reading(desk.engine) as connection:
        rows = connection.execute(raw_row.select().order_by(raw_row.c.id))
        return {row.row_number: json.loads(row.cells) for row in rows}


def test_headings_and_first_row_are_corrected_and_kept(desk: Desk, tmp_path: Path) -> None:
    lines = [HEAD, "Oran;LTE;1;0;1;0", "Setif;LTE;2;0;2;0", "Batna;LTE;3;0;3;0"]
    import_paths(desk, [write_csv(tmp_path / "p.csv", "\n".join(lines))], settings=IN_PROCESS)
    clean_tables(desk, settings=IN_PROCESS)
    reviewing.approve(desk, 1, [3])

    correct_structure(desk, 1, header_rows=[0, 1], first_data_row=2)

    table = browsing.table(desk, 1)
    assert table.columns[:3] == ("DO Oran", "PRODUIT LTE", "HT 1")
    assert cells_of(desk) == {2: ["Setif", "LTE", "2", "0", "2", "0"], 3: lines[3].split(";")}
    assert (table.row_count, table.current_pass_id) == (2, None)
    assert table.structure["corrected"] is True
    assert browsing.source(desk, 1).row_count == 2

    correct_structure(desk, 1, header_rows=[0], first_data_row=1)
    result = clean_tables(desk, settings=IN_PROCESS)

    assert (result.tables[0].document_type, result.cleaned) == ("ca_periodique", 3)
    grid = browsing.TableRows(desk, 1, browsing.View.CLEANED).rows([3])
    assert grid[3].approved


def test_a_sheet_is_read_again_as_a_person_says(desk: Desk, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Export"], [], HEAD.split(";"), ["Oran", "LTE", 1, 0, 1, 0]):
        book.active.append(row)
    book.save(tmp_path / "p.xlsx")
    import_paths(desk, [tmp_path / "p.xlsx"], settings=IN_PROCESS)
    draft = draft_structure(desk, 1)
    assert draft.records[2][:2] == ("DO", "PRODUIT")
    assert draft.structure.header_rows == (2,)

    correct_structure(desk, 1, header_rows=[], first_data_row=2)

    assert cells_of(desk)[2] == HEAD.split(";")
    assert browsing.table(desk, 1).columns == ("",) * 6


@pytest.mark.parametrize(("header", "first"), [([3], 2), ([0], 99), ([0], -1)])
def test_rows_that_cannot_be_meant_are_refused_and_nothing_is_lost(
    desk: Desk, tmp_path: Path, header: list[int], first: int
) -> None:
    path = write_csv(tmp_path / "p.csv", f"{HEAD}\nOran;LTE;1;0;1;0\nOran;LTE;1;0;1;0\n")
    import_paths(desk, [path], settings=IN_PROCESS)
    before = cells_of(desk)

    with pytest.raises(ArgumentError):
        correct_structure(desk, 1, header_rows=header, first_data_row=first)

    assert cells_of(desk) == before


def test_one_choice_settles_a_column(desk: Desk, tmp_path: Path) -> None:
    text = (
        "DOT;INVOICE_NUMBER;INVOICE_DATE;CLIENT;INVOICE_AMOUNT;STATUS;REASON\n"
        "Oran;1;03/04/2024;c;1.234;open;r\n"
    )
    import_paths(desk, [write_csv(tmp_path / "u.csv", text)], settings=IN_PROCESS)
    clean_tables(desk, settings=IN_PROCESS)
    told = {f.field: f.text for f in browsing.findings(desk) if f.code == "unsettled_column"}
    assert told == {
        "issue_date": "03/04/2024: 2024-04-03 (day first) or 2024-03-04 (month first)",
        "invoice_amount": "1.234: 1.234 (decimal mark .) or 1234 (decimal mark ,)",
    }

    settle_column(desk, 1, "issue_date", date_order="mdy")
    settle_column(desk, 1, "invoice_amount", decimal_mark=",")
    clean_tables(desk, settings=IN_PROCESS)

    row = browsing.TableRows(desk, 1, browsing.View.CLEANED).rows([1])[1]
    assert {"2024-03-04", "1234.00"} <= {cell.text for cell in row.cells}
    assert not {"unsettled_column", "ambiguous"} & {f.code for f in browsing.findings(desk)}
    with pytest.raises(ArgumentError, match="no amount or date"):
        settle_column(desk, 1, "reason", date_order="mdy")
