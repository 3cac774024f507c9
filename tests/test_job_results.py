"""The three result lists of every kind of job, opened and exported."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import openpyxl
import pytest
from conftest import write_csv
from test_bulk_writing import IN_PROCESS, base, invoice_row, invoices, write

from invoice_desk.cli.main import run
from invoice_desk.errors import ArgumentError, ExitCode
from invoice_desk.services.cleaning import clean_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.job_results import ResultList, export_results, result_rows

__all__ = ["base"]  # a fixture


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_lists_of_a_write_are_read_back_with_original_columns(
    base: Desk, tmp_path: Path
) -> None:
    lines = [invoice_row(1, "1,10"), invoice_row(20), invoice_row(2).replace("10.00", "ten", 1)]
    lines[0] = 'INV-1,2024-03-15,ACME,"11.00","11.00"\n'
    result = write(base, "upsert", invoices(tmp_path / "u.csv", lines))

    counts = [
        export_results(base, result.job_id, which, tmp_path / f"{which}.csv")
        for which in ResultList
    ]

    assert counts == [2, 1, 0]
    good = read_csv(tmp_path / "successful.csv")
    assert [
        (r["row_number"], r["created"], r["Invoice number"], r["Net amount"]) for r in good
    ] == [
        ("2", "false", "INV-1", "11.00"),
        ("3", "true", "INV-20", "10.00"),
    ]
    assert all(row["id"].isdigit() for row in good)
    [bad] = read_csv(tmp_path / "failed.csv")
    assert bad["row_number"] == "4"
    assert bad["error"] == "“ten” in net_amount cannot be read for sure."
    assert (bad["Net amount"], bad["Total amount"]) == ("ten", "10.00")
    assert list(bad)[:3] == ["row_number", "id", "error"]
    assert read_csv(tmp_path / "unprocessed.csv") == []
    head = (tmp_path / "unprocessed.csv").read_text("utf-8-sig").strip()
    assert head.replace('"', "") == (
        "row_number,Invoice number,Issue date,Supplier,Net amount,Total amount"
    )


def test_a_list_is_written_as_a_workbook_too(base: Desk, tmp_path: Path) -> None:
    result = write(base, "insert", invoices(tmp_path / "u.csv", [invoice_row(1)]))

    export_results(base, result.job_id, ResultList.FAILED, tmp_path / "failed.xlsx")

    sheet = openpyxl.load_workbook(tmp_path / "failed.xlsx").active
    assert sheet is not None
    heads, row = sheet.iter_rows(values_only=True)
    assert heads[:4] == ("row_number", "id", "error", "Invoice number")
    assert row[0] == 2
    assert row[2:4] == ("There is already a row with the key INV-1.", "INV-1")


def test_headings_that_stand_twice_are_told_apart(base: Desk, tmp_path: Path) -> None:
    head = "id,Invoice number,error,Net amount,error\n"
    path = invoices(tmp_path / "u.csv", ["7,INV-99,a,1.00,b\n"], head=head)
    result = write(base, "update", path)

    export_results(base, result.job_id, ResultList.FAILED, tmp_path / "failed.csv")

    [row] = read_csv(tmp_path / "failed.csv")
    assert (row["id (2)"], row["error (2)"], row["error (3)"]) == ("7", "a", "b")


def test_the_lists_of_an_import_are_its_files(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    invoices(folder / "good.csv", [invoice_row(1)])
    invoices(folder / "same.csv", [invoice_row(1)])
    write_csv(folder / "empty.csv", "")
    batch = import_paths(desk, [folder], settings=IN_PROCESS)

    lists = {w: list(result_rows(desk, batch.job_id, w).rows) for w in ResultList}

    assert result_rows(desk, batch.job_id, ResultList.FAILED).columns == (
        *("name", "path", "outcome", "code", "message", "advice"),
    )
    good = [(row.values[0], row.values[2], row.created) for row in lists[ResultList.SUCCESSFUL]]
    assert good == [("good.csv", "done", True), ("same.csv", "duplicate", False)]
    [bad] = lists[ResultList.FAILED]
    assert (bad.values[0], bad.values[3], bad.error) == ("empty.csv", "empty", bad.values[4])
    assert lists[ResultList.UNPROCESSED] == []
    assert export_results(desk, batch.job_id, ResultList.FAILED, tmp_path / "f.csv") == 1
    assert read_csv(tmp_path / "f.csv")[0]["name"] == "empty.csv"


def test_the_lists_of_a_cleaning_are_its_tables_and_rows_with_errors(
    desk: Desk, tmp_path: Path
) -> None:
    lines = [invoice_row(1), invoice_row(2).replace("10.00", "ten", 1)]
    import_paths(desk, [invoices(tmp_path / "invoices.csv", lines)], settings=IN_PROCESS)
    cleaning = clean_tables(desk, settings=IN_PROCESS)

    good = result_rows(desk, cleaning.job_id, ResultList.SUCCESSFUL)
    bad = result_rows(desk, cleaning.job_id, ResultList.FAILED)

    assert [row.values for row in good.rows] == [
        ("invoices.csv", "invoice", "done", "2", "0", str(cleaning.findings))
    ]
    assert bad.columns[:4] == ("table", "field", "code", "text")
    [row] = [row for row in bad.rows if row.values[2] == "unreadable"]
    assert (row.row_number, row.values[1], row.values[3]) == (3, "net_amount", "ten")
    assert row.values[4] == "INV-2"
    assert list(result_rows(desk, cleaning.job_id, ResultList.UNPROCESSED).rows) == []


def test_a_job_that_is_not_there_is_a_sentence(desk: Desk) -> None:
    with pytest.raises(ArgumentError, match="no job 5"):
        result_rows(desk, 5, ResultList.FAILED)


def command(*arguments: str) -> int:
    return run(list(arguments), open_window=lambda *_: 1)


def test_a_file_is_written_and_its_results_are_listed_from_the_command_line(
    base: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = invoices(tmp_path / "u.csv", [invoice_row(1, "4.00"), invoice_row(2), invoice_row(3)])
    where = ("--desk", str(base.path))

    code = command(
        *("write", "update", str(path), "--type", "invoice", "--json", *where),
        *("--unique", "supplier_name,invoice_number"),
    )
    result = json.loads(capsys.readouterr().out)
    job = str(result["job_id"])
    listed = command("results", job, "--list", "successful", "--json", *where)
    rows = json.loads(capsys.readouterr().out)["rows"]
    out = tmp_path / "done.csv"
    written = command("results", job, "--list", "successful", "--out", str(out), *where)

    assert (code, listed, written) == (ExitCode.OK, ExitCode.OK, ExitCode.OK)
    assert (result["updated"], result["unchanged"], result["state"]) == (1, 2, "JobComplete")
    assert [row["row_number"] for row in rows] == [2, 3, 4]
    assert len(read_csv(out)) == 3


def test_the_command_line_tells_partly_from_not_at_all(
    base: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = invoices(tmp_path / "u.csv", [invoice_row(1), invoice_row(11)])
    other = invoices(tmp_path / "v.csv", ["ACME,1.00\n"], head="Supplier,Net amount\n")
    common = ("--type", "invoice", "--unique", "invoice_number", "--desk", str(base.path))

    codes = [
        command("write", "insert", str(path), *common),
        command("write", "update", str(other), *common),
        command("write", "update", str(other), "--type", "nothing", "--desk", str(base.path)),
    ]

    assert codes == [ExitCode.PARTIAL, ExitCode.BAD_ARGUMENTS, ExitCode.BAD_ARGUMENTS]
    told = capsys.readouterr()
    assert "2 rows: 1 successful, 1 failed, 0 not processed; 1 created" in told.out
    assert "v.csv has no column for invoice_number" in told.err
