from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import write_csv

import invoice_desk
from invoice_desk.cli.main import COMMANDS, run
from invoice_desk.cli.output import bar
from invoice_desk.errors import ExitCode
from invoice_desk.services.desk import open_desk
from invoice_desk.services.jobs import Snapshot

RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
ROW = "1,22A,LAMP,2,2024-03-15 08:00:00,2.50,12000,France\n"


class Shell:
    """The command line, as a user types it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.desk = folder / "desk.db"
        self.opened: list[Path] = []
        self.opened_desk: Path | None = None
        self._capsys = capsys

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        try:
            code = run([str(a) for a in arguments], open_window=self.open_window)
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    def json(self, *arguments: object) -> Any:
        _, out, _ = self(*arguments, "--json")
        return json.loads(out)

    def open_window(self, paths: list[Path], desk: Path | None, self_test: Path | None) -> int:
        self.opened, self.opened_desk = paths, desk
        return 0


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


def test_the_main_job_without_a_window(shell: Shell, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "retail.csv", RETAIL + ROW)

    imported = shell.json("import", path, "--desk", shell.desk)
    cleaned = shell.json("clean", "--desk", shell.desk)
    sources = shell.json("sources", "--desk", shell.desk)
    jobs = shell.json("jobs", "--desk", shell.desk)
    code, out, _ = shell("export", "--desk", shell.desk, "--out", tmp_path / "out.csv")

    assert (imported["total"], imported["successful"], imported["rows"]) == (1, 1, 1)
    assert {"name", "kind", "document_type", "rows", "pages", "error", "seconds"} <= set(
        imported["files"][0]
    )
    assert cleaned["tables"][0]["totals"]["net_amount"] == "5"
    assert sources[0]["status"] == "completed"
    assert [job["state"] for job in jobs] == ["JobComplete", "JobComplete"]
    assert code == 0
    assert "1 rows of online_retail" in out
    assert shell.json("jobs", "1", "--desk", shell.desk)["files"][0]["outcome"] == "done"


@pytest.mark.parametrize("command", ["sources", "jobs", "templates", "clean"])
def test_a_list_for_people_has_headings(shell: Shell, tmp_path: Path, command: str) -> None:
    path = write_csv(tmp_path / "retail.csv", RETAIL + ROW)
    shell("import", path, "--desk", shell.desk)

    code, out, _ = shell(command, "--desk", shell.desk)

    assert code == 0
    assert out.splitlines()[0].split()[0] in {"id", "state"}


def test_import_ends_with_the_code_that_fits(shell: Shell, tmp_path: Path) -> None:
    good = write_csv(tmp_path / "good.csv", RETAIL + ROW)
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.7 torn")
    empty = tmp_path / "nothing"
    empty.mkdir()

    assert shell("import", good, bad, "--desk", shell.desk, "--mode", "standard")[0] == 5
    assert shell("import", bad, "--desk", shell.desk, "--mode", "standard")[0] == 2
    assert shell("import", good, "--desk", shell.desk)[0] == 0
    assert shell("import", tmp_path / "missing", "--desk", shell.desk)[0] == 2
    assert shell("import", empty, "--desk", shell.desk)[0] == 2
    assert shell("import", good, "--desk", bad)[0] == 4
    assert shell("import")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("clean", "--type", "nonsense"), 1, "no document type"),
        (("clean", "--option", "nonsense"), 1, "NAME=CHOICE"),
        (("jobs", "99"), 1, "no job 99"),
        (("export", "--out", "x.csv"), 1, "Clean it first"),
        (("import", "x", "--workers", "99"), 1, "1 to 32"),
    ],
)
def test_wrong_arguments_are_a_sentence(
    shell: Shell, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    open_desk(shell.desk).close()

    found, _, err = shell(*arguments, "--desk", shell.desk)

    assert found == code
    assert sentence in err


def test_a_desk_that_is_not_there_is_said(shell: Shell) -> None:
    code, _, err = shell("sources", "--desk", shell.desk)

    assert code == 4
    assert "invoice-desk import" in err
    assert not shell.desk.exists()


def test_nothing_to_clean_is_said(shell: Shell, tmp_path: Path) -> None:
    shell("import", write_csv(tmp_path / "x.csv", ""), "--desk", shell.desk)

    code, _, err = shell("clean", "--desk", shell.desk)

    assert code == 3
    assert "mapping" in err


def test_inspect_has_the_shape_of_the_design(shell: Shell, tmp_path: Path, samples: Path) -> None:
    path = write_csv(tmp_path / "r.csv", "Title;;\nOrg;N;HT\nx;1;2,5\ny;2;3,5\nTotal;;6\n")

    (found,) = shell.json("inspect", path)

    assert list(found) == [
        *("file", "sha256", "kind", "document_type", "confidence", "reasons", "document_class"),
        "error",
        *("tables", "fields", "lines", "taxes", "findings", "pages", "seconds"),
    ]
    table = found["tables"][0]
    assert list(table) == [
        *("name", "sheet", "page", "title_rows", "header_rows", "first_data_row", "dialect"),
        *("derived_rows", "note_rows", "group_rows", "columns", "row_count", "mapping"),
    ]
    assert (table["title_rows"], table["header_rows"], table["first_data_row"]) == ([0], [1], 2)
    assert (table["derived_rows"], table["row_count"]) == ([4], 3)
    assert (table["dialect"]["delimiter"], table["dialect"]["encoding"]) == (";", "utf-8")
    assert table["mapping"][2]["suggestions"][0]["field"] == "net_amount"
    assert set(table["mapping"][2]["suggestions"][0]) == {"field", "confidence", "reasons"}


def test_inspect_reads_documents_and_archives(shell: Shell, samples: Path) -> None:
    files = [samples / "facture-2024-0117.pdf", samples / "march.zip", samples / "broken.pdf"]

    code, out, _ = shell("inspect", *files, "--text", "--json")
    found = {Path(d["file"]).name: d for d in json.loads(out)}

    assert code == 5
    invoice = found["facture-2024-0117.pdf"]
    assert invoice["fields"]["issue_date"]["value"] == "2024-03-11"
    assert set(invoice["fields"]["total_amount"]) == {
        *("value", "text", "confidence", "page", "box", "engine")
    }
    assert invoice["pages"][0]["text_source"] == "text_layer"
    assert {"text", "box"} == set(invoice["pages"][0]["lines"][0])
    assert found["broken.pdf"]["error"]["code"] == "corrupt"
    assert "facture-2024-0119.pdf" in found


def test_convert_writes_all_rows_as_wide_as_the_file_has_them(shell: Shell, tmp_path: Path) -> None:
    ragged = write_csv(tmp_path / "a.csv", "Org;N;HT;\nx;1;2,5;\ny;2\nz;3;4,5;\n")
    empty = write_csv(tmp_path / "b.csv", "")

    shell("convert", ragged, empty, "--out", tmp_path / "out")

    written = (tmp_path / "out" / "a.csv.csv").read_text("utf-8").splitlines()
    assert written == ["Org,N,HT,", 'x,1,"2,5",', "y,2,,", 'z,3,"4,5",']
    assert (tmp_path / "out" / "b.csv.csv").read_bytes() == b""


def test_convert_writes_tables_as_read(shell: Shell, tmp_path: Path, samples: Path) -> None:
    source = write_csv(tmp_path / "r.csv", 'Title;;\nOrg;N;HT\n"x, y";007;2,5\n', "cp1252")
    book = samples / "journal_ventes_2024.xlsx"

    code, _, _ = shell("convert", source, book, "--out", tmp_path / "out")

    assert code == 0
    text = (tmp_path / "out" / "r.csv.csv").read_bytes()
    assert text == b'Org,N,HT\r\n"x, y",007,"2,5"\r\n'
    meta = json.loads((tmp_path / "out" / "_meta.json").read_text("utf-8"))
    assert meta["r.csv"]["tables"][0]["header_rows"] == [1]
    assert meta[book.name]["tables"][0]["row_count"] == 60


@pytest.mark.parametrize(
    ("arguments", "text", "values"),
    [
        (("--kind", "amount"), "1 234,56\nx\n1.234\n", ["1234.56", None, None]),
        (("--kind", "amount", "--hint", "de"), "1.234\n", ["1234"]),
        (("--kind", "date"), "03/04/2024\n13/04/2024\n", [None, "2024-04-13"]),
        (("--kind", "date", "--hint", "en-US"), "03/04/2024\n", ["2024-03-04"]),
        (("--kind", "date", "--hint", "excel-1900"), "45342\n", ["2024-02-20"]),
        (("--kind", "amount", "--hint", "fr-CH"), "1’888.31\n1.234\n", ["1888.31", None]),
        (("--kind", "amount", "--hint", "en-GB"), "1,234\n", ["1234"]),
        (("--kind", "amount", "--hint", "fr"), "1,810.80 €\n", ["1810.8"]),
        (
            ("--kind", "date", "--hint", "en-GB"),
            "03/04/2024\n02/14/2024\n",
            ["2024-04-03", "2024-02-14"],
        ),
    ],
)
def test_parse_shows_how_texts_are_understood(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    text: str,
    values: list[str | None],
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    code, out, _ = shell("parse", *arguments)

    assert code == 0
    assert json.loads(out) == values


def test_samples_and_doctor(shell: Shell, tmp_path: Path) -> None:
    code, out, _ = shell("samples", "--out", tmp_path / "s", "--rows", "5")
    checks = shell.json("doctor", "--desk", shell.desk)

    assert code == 0
    assert len(out.split()) == 20
    assert checks["ok"]
    assert {"ok", "missing"} >= {check["state"] for check in checks["checks"]}
    assert all(
        c["advice"] or c["name"] == "graphics card"
        for c in checks["checks"]
        if c["state"] == "missing"
    )


def test_paths_without_a_command_open_the_window(shell: Shell, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "number\n1\n")

    assert shell(path, "b.csv")[0] == 0
    assert (shell.opened, shell.opened_desk) == ([path, Path("b.csv")], None)
    assert shell("--desk", shell.desk, tmp_path)[0] == 0
    assert (shell.opened, shell.opened_desk) == ([tmp_path], shell.desk)
    assert shell("--desk", shell.desk)[0] == 0
    assert (shell.opened, shell.opened_desk) == ([], shell.desk)
    assert shell("--version") == (0, f"{invoice_desk.__version__}\n", "")


def test_a_mistyped_command_opens_no_window(shell: Shell) -> None:
    code, _, told = shell("imports", "folder")

    assert code == ExitCode.BAD_ARGUMENTS
    assert "no command, file or folder “imports”. Did you mean “import”?" in told
    assert shell.opened == []


def test_options_behind_what_is_no_command_open_no_window(shell: Shell) -> None:
    code, _, told = shell("documents", "--desk", shell.desk)

    assert code == ExitCode.BAD_ARGUMENTS
    assert "no command, file or folder “documents”" in told
    assert shell.opened == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a display")
def test_a_window_without_a_display_is_refused_with_advice(tmp_path: Path) -> None:
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    bare = {name: value for name, value in os.environ.items() if name not in names}
    command = [sys.executable, "-m", "invoice_desk", "--desk", str(tmp_path / "a.db")]

    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False)

    assert done.returncode == ExitCode.BAD_ARGUMENTS
    assert "There is no display here" in done.stderr
    assert "invoice-desk --help" in done.stderr


def test_a_search_without_a_hit_says_so(shell: Shell, tmp_path: Path) -> None:
    shell("import", write_csv(tmp_path / "a.csv", "number\n1\n"))

    assert shell("search", "zebra") == (0, "", "No page holds “zebra”.\n")


def test_a_bar_says_how_far_and_how_long() -> None:
    text = bar(
        Snapshot(
            step="reading",
            done=1,
            total=4,
            rows=500,
            work_done=0.5,
            seconds=10.0,
            rate=50.0,
            left=(8.0, 12.0),
        )
    )

    assert "50%" in text
    assert "50/s" in text
    assert "0:08 to 0:12 left" in text


def test_every_command_is_in_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text("utf-8")

    assert [name for name in COMMANDS if f"invoice-desk {name}" not in readme] == []


@pytest.mark.parametrize(
    ("option", "told"),
    [("exercise=2024", "exercice"), ("exercice=now", "2024"), ("x25=maybe", "keep"), ("x", "NAME")],
)
def test_a_wrong_option_is_a_sentence(shell: Shell, tmp_path: Path, option: str, told: str) -> None:
    shell("import", write_csv(tmp_path / "x.csv", "a;b\n1;2\n"), "--desk", shell.desk)

    code, _, err = shell("clean", "--option", option, "--desk", shell.desk)

    assert code == 1
    assert told in err


def test_rules_passes_and_rows_on_the_command_line(shell: Shell, tmp_path: Path) -> None:
    text = "DO;PRODUIT;HT;TAX;TTC;DISCOUNT\nOran;X25;1;0;1;0\nOran;LTE;2;0;2;0\n"
    desk = ("--desk", shell.desk)
    shell("import", write_csv(tmp_path / "p.csv", text), *desk)
    shell("clean", *desk)
    shell("clean", "--option", "x25=keep", *desk)

    passes = shell.json("passes", "1", *desk)
    compared = shell.json("compare", passes[0]["id"], passes[1]["id"], *desk)
    rows = shell.json("rows", "1", "--cleaning-status", "cleaned", *desk)
    nothing = shell.json("rows", "1", "--cleaning-status", "filtered_out", *desk)
    raw = shell.json("sources", "--cleaning-status", "raw", *desk)

    assert [done["cleaned"] for done in passes] == [1, 2]
    assert compared["by_field"] == {"cleaning_status": 1}
    assert (rows["matching"], nothing["matching"], raw) == (2, 0, [])
    assert shell.json("sources", "--no-include-raw", *desk)[0]["name"] == "p.csv"

    code, out, _ = shell("types", "ca_periodique", "--switch-off", "product_out_of_scope", *desk)
    assert (code, "off" in out) == (0, True)
    assert shell.json("clean", *desk)["cleaned"] == 2
    assert shell("types", "ca_periodique", "--reset", *desk)[0] == 0
    assert shell("types", "ca_periodique", "--switch-off", "no_such_rule", *desk)[0] == 1
    assert shell.json("scan", "ca_periodique", *desk)["revenue"]["total"]["total_amount"] == "3"
    assert shell("settle", "1", "net_amount", "--decimal-mark", ",", *desk)[0] == 0
    assert shell("settle", "1", "net_amount", "--date-order", "dmy", *desk)[0] == 1
