from __future__ import annotations

import csv
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from conftest import write_csv

from invoice_desk.core.decisions import DecisionKind
from invoice_desk.core.jobs import JobState
from invoice_desk.core.modes import Mode
from invoice_desk.core.records import TableRecord
from invoice_desk.core.source import FileOutcome, SourceStatus
from invoice_desk.db.browse import RowFilter
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.sources import get_source, list_sources, sources_update
from invoice_desk.errors import ArgumentError, StorageError, TemplateError
from invoice_desk.services import browsing, keeping, reviewing, templating
from invoice_desk.services.batches import BatchResult
from invoice_desk.services.browsing import TableRows, View
from invoice_desk.services.cleaning import CleaningJob, clean_tables
from invoice_desk.services.desk import Desk, open_desk
from invoice_desk.services.exporting import export
from invoice_desk.services.importing import ImportJob, import_paths
from invoice_desk.services.job_control import job_files, jobs
from invoice_desk.services.job_manager import JobManager
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.reviewing import Correction
from invoice_desk.services.samples import write_samples

IN_PROCESS = JobSettings(Mode.STANDARD)
#: Types of which there are samples of another kind.
SAMPLED_OTHERWISE = {
    *("ca_periodique", "invoice", "invoice_line", "journal_ventes", "online_retail", "table"),
}
RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def retail_csv(path: Path, rows: Iterable[str]) -> Path:
    return write_csv(path, RETAIL + "".join(f"{row}\n" for row in rows))


def retail_row(number: int, quantity: int = 2, price: str = "2.50") -> str:
    return f"{number},22A,LAMP,{quantity},2024-03-15 08:00:00,{price},12000,France"


def adds_up(batch: BatchResult) -> bool:
    parts = batch.successful + batch.failed + batch.duplicates + batch.pending
    return parts == batch.total == len(batch.files)


@pytest.fixture
def retail(desk: Desk, tmp_path: Path) -> TableRecord:
    path = retail_csv(tmp_path / "retail.csv", [retail_row(n) for n in range(1, 11)])
    import_paths(desk, [path], settings=IN_PROCESS)
    clean_tables(desk, settings=IN_PROCESS)
    return browsing.tables(desk, 1)[0]


def rows_of(desk: Desk, view: View = View.CLEANED, **wanted: object) -> dict[int, browsing.GridRow]:
    source = TableRows(desk, 1, view)
    return source.rows(list(source.ids(RowFilter(**wanted))))  # type: ignore[arg-type]


# --- import -----------------------------------------------------------------------------


def test_a_mixed_folder_is_accounted_for(desk: Desk, samples: Path) -> None:
    batch = import_paths(desk, [samples], settings=JobSettings(Mode.OPTIMIZED, 2))

    assert adds_up(batch)
    assert (batch.total, batch.successful, batch.failed) == (22, 21, 1)
    assert batch.state is JobState.JOB_COMPLETE
    kinds = {file.name: file.document_type for file in batch.files}
    assert {name[:-9]: kind for name, kind in kinds.items() if name.endswith("_2024.csv")} == {
        kind: kind for kind in desk.types if kind not in SAMPLED_OTHERWISE
    }
    assert kinds["journal_ventes_2024.xlsx"] == "journal_ventes"
    assert kinds["ca_periodique_2024-03.csv"] == "ca_periodique"
    assert kinds["scan-2024-0118.png"] == "invoice"
    broken = next(file for file in batch.files if file.name == "broken.pdf")
    assert broken.error is not None
    assert broken.error["code"] == "corrupt"
    inside = next(s for s in browsing.sources(desk) if s.name == "online_retail_2024-03-02.csv")
    assert inside.origin.endswith("march.zip!/2024/march/online_retail_2024-03-02.csv")
    assert inside.container_id is not None
    assert desk.original(inside.sha256).exists()


def test_the_same_bytes_are_stored_once(desk: Desk, tmp_path: Path) -> None:
    first = retail_csv(tmp_path / "a.csv", [retail_row(1)])
    shutil.copy(first, tmp_path / "b.csv")

    batch = import_paths(desk, [tmp_path / "a.csv", tmp_path / "b.csv"], settings=IN_PROCESS)
    again = import_paths(desk, [tmp_path / "a.csv"], settings=IN_PROCESS)

    assert [f.outcome for f in batch.files] == [FileOutcome.DONE, FileOutcome.DUPLICATE]
    assert (again.duplicates, again.rows) == (1, 0)
    assert browsing.desk_summary(desk)["rows_raw"] == 1


def test_a_batch_goes_on_past_bad_files(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    retail_csv(folder / "good.csv", [retail_row(1)])
    (folder / "empty.csv").touch()
    (folder / "letter.xlsx").write_text("Dear all,\nno table here.\n")
    (folder / "torn.zip").write_bytes(b"PK\x03\x04 torn")
    (folder / "noise.bin").write_bytes(bytes(range(256)) * 20)

    batch = import_paths(desk, [folder, tmp_path / "missing"], settings=IN_PROCESS)

    codes = {f.name: (f.error or {}).get("code") for f in batch.files}
    assert codes == {
        "good.csv": None,
        "empty.csv": "empty",
        "letter.xlsx": "corrupt",
        "torn.zip": "corrupt",
        "noise.bin": "unsupported",
        "missing": "missing",
    }
    assert adds_up(batch)
    assert all(f.error["advice"] for f in batch.files if f.error)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read_is_rejected(desk: Desk, tmp_path: Path) -> None:
    path = retail_csv(tmp_path / "a.csv", [retail_row(1)])
    path.chmod(0)

    batch = import_paths(desk, [path], settings=IN_PROCESS)

    assert batch.files[0].error is not None
    assert batch.files[0].error["code"] == "no_permission"


def test_no_right_to_read_is_a_sentence(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, check: object) -> tuple[str, int, bytes]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(keeping, "_hashed", refuse)

    batch = import_paths(desk, [retail_csv(tmp_path / "a.csv", [])], settings=IN_PROCESS)

    assert batch.files[0].error is not None
    assert batch.files[0].error["code"] == "no_permission"


def test_a_full_disk_while_keeping_fails_the_job_and_loses_nothing(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = retail_csv(tmp_path / "a.csv", [retail_row(1)])

    def full(source: Path, target: Path, check: object) -> None:
        raise StorageError("The original of a.csv cannot be kept: the disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(keeping, "_copy", full)
        failed = import_paths(desk, [path], settings=IN_PROCESS)
    later = import_paths(desk, [path], settings=IN_PROCESS)

    assert failed.state is JobState.FAILED
    assert "disk is full" in (failed.error or "")
    assert (failed.total, failed.pending) == (1, 1)
    assert later.rows == 1


def test_a_full_disk_while_storing_leaves_no_half_table(desk: Desk, tmp_path: Path) -> None:
    path = retail_csv(tmp_path / "a.csv", [retail_row(n) for n in range(20_000)])
    pages = desk.engine.raw_connection()
    limit = pages.cursor().execute("PRAGMA page_count").fetchone()[0] + 100
    pages.close()
    desk.engine.dispose()

    from sqlalchemy import event

    def small(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit}")  # type: ignore[attr-defined]

    event.listen(desk.engine, "connect", small)
    failed = import_paths(desk, [path], settings=IN_PROCESS)
    event.remove(desk.engine, "connect", small)
    desk.engine.dispose()

    assert failed.state is JobState.FAILED
    assert failed.error == "The disk is full."
    assert browsing.desk_summary(desk)["rows_raw"] == 0
    assert import_paths(desk, [path], settings=IN_PROCESS).rows == 20_000


def test_a_cancelled_import_can_be_taken_up_again(desk: Desk, tmp_path: Path) -> None:
    for n in range(5):
        retail_csv(tmp_path / f"{n}.csv", [retail_row(n)])
    job = ImportJob(desk, sorted(tmp_path.glob("*.csv")), IN_PROCESS)
    job.cancel()

    cancelled = job.run()
    again = import_paths(desk, sorted(tmp_path.glob("*.csv")), settings=IN_PROCESS)

    assert cancelled.state is JobState.ABORTED
    assert adds_up(cancelled)
    assert again.rows == 5


def test_an_archive_is_done_when_the_last_of_its_files_is_read(desk: Desk, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for n in range(3):
            archive.writestr(f"{n}.csv", RETAIL + retail_row(n))
    import_paths(desk, [tmp_path / "a.zip"], settings=IN_PROCESS)
    with reading(desk.engine) as connection:
        known = {source.name: source for source in list_sources(connection)}
    files = [source.id for name, source in known.items() if name != "a.zip"]
    with writing(desk.engine) as connection:  # as a cancelled import leaves them
        connection.execute(
            sources_update((s.id for s in known.values()), status=SourceStatus.PENDING.value)
        )

    def standing() -> SourceStatus:
        with reading(desk.engine) as connection:
            source = get_source(connection, known["a.zip"].id)
        assert source is not None
        return source.status

    ImportJob(desk, (), IN_PROCESS, source_ids=files[:2]).run()
    before = standing()
    ImportJob(desk, (), IN_PROCESS, source_ids=files[2:]).run()

    assert (before, standing()) == (SourceStatus.PENDING, SourceStatus.COMPLETED)


def test_a_large_text_is_read_in_spans_with_the_same_rows(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = retail_csv(tmp_path / "a.csv", [retail_row(n) for n in range(200_000)])

    batch = import_paths(desk, [path], settings=JobSettings(Mode.OPTIMIZED, 2))

    assert batch.rows == 200_000
    assert batch.mode == "optimized"
    ids = TableRows(desk, 1, View.RAW).ids(RowFilter())
    assert list(ids) == list(range(1, 200_001))


def test_both_modes_give_identical_tables(tmp_path: Path, samples: Path) -> None:
    found = []
    for mode in (Mode.STANDARD, Mode.OPTIMIZED):
        desk = open_desk(tmp_path / mode / "desk.db")
        settings = JobSettings(mode, 2)
        import_paths(desk, [samples / "journal_ventes_2024.xlsx"], settings=settings)
        clean_tables(desk, settings=settings)
        found.append(rows_of(desk, View.SIDE_BY_SIDE))
        desk.close()

    assert found[0] == found[1]
    assert len(found[0]) == 60


def test_nested_archives_are_opened(desk: Desk, tmp_path: Path) -> None:
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep/a.csv", RETAIL + retail_row(1))
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(inner, "x/inner.zip")

    batch = import_paths(desk, [tmp_path / "outer.zip"], settings=IN_PROCESS)

    assert [f.name for f in batch.files] == ["outer.zip", "inner.zip", "a.csv"]
    assert batch.rows == 1


def test_jobs_are_stored_with_what_became_of_their_files(desk: Desk, samples: Path) -> None:
    path = samples / "online_retail_2024-03-01.csv"
    import_paths(desk, [path, samples / "broken.pdf"], settings=IN_PROCESS)
    desk.close()

    again = open_desk(desk.path)
    (job,) = jobs(again)

    assert (job.state, job.total, job.successful, job.failed) == (JobState.JOB_COMPLETE, 2, 1, 1)
    assert [f.outcome.value for f in job_files(again, job.id)] == ["done", "rejected"]
    with pytest.raises(ArgumentError):
        job_files(again, 99)
    again.close()


def test_a_killed_import_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = retail_csv(tmp_path / "a.csv", [retail_row(n) for n in range(300_000)])
    command = [sys.executable, "-m", "invoice_desk", "import", str(path)]
    place = tmp_path / "desk.db"
    open_desk(place).close()
    process = subprocess.Popen([*command, "--desk", str(place)])
    watched = open_desk(place)
    while not browsing.desk_summary(watched)["rows_raw"]:
        assert process.poll() is None
    process.kill()
    process.wait()
    stored = browsing.desk_summary(watched)["rows_raw"]

    (ended,) = JobManager(watched).run_until_idle()
    (job,) = jobs(watched)
    rows = browsing.desk_summary(watched)["rows_raw"]
    watched.close()

    assert 0 < stored < 300_000
    assert isinstance(ended.result, BatchResult)
    assert ended.result.rows == rows == 300_000
    assert job.state is JobState.JOB_COMPLETE


# --- cleaning ---------------------------------------------------------------------------


def test_raw_rows_never_change_and_sums_are_exact(desk: Desk, retail: TableRecord) -> None:
    before = rows_of(desk, View.RAW)

    result = clean_tables(desk, settings=IN_PROCESS)

    assert rows_of(desk, View.RAW) == before
    assert (result.rows, result.cleaned, result.filtered_out) == (10, 10, 0)
    assert result.tables[0].totals["net_amount"] == Decimal(50)


def test_a_second_pass_with_other_rules_equals_a_first_with_them(
    tmp_path: Path, samples: Path
) -> None:
    path = samples / "ca_periodique_2024-03.csv"
    once, twice = open_desk(tmp_path / "1" / "d.db"), open_desk(tmp_path / "2" / "d.db")
    for desk in (once, twice):
        import_paths(desk, [path], settings=IN_PROCESS)
    clean_tables(twice, settings=IN_PROCESS)

    for desk in (once, twice):
        CleaningJob(desk, IN_PROCESS, options={"x25": "keep"}).run()

    assert rows_of(once) == rows_of(twice)
    first, second = (TableRows(d, 1, View.RAW).cleaning_pass for d in (once, twice))
    assert first is not None
    assert second is not None
    assert (first.cleaned, first.totals) == (second.cleaned, second.totals)
    for desk in (once, twice):
        desk.close()


def test_a_cancelled_pass_leaves_the_last_one_in_place(desk: Desk, retail: TableRecord) -> None:
    before = rows_of(desk)
    job = CleaningJob(desk, IN_PROCESS)
    job.cancel()

    result = job.run()

    assert result.state is JobState.ABORTED
    assert result.unprocessed == 1
    assert rows_of(desk) == before


def test_a_table_of_no_known_type_is_kept_whole_and_a_person_is_asked(
    desk: Desk, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "x.csv", "colour;shape\nred;round\nblue;square\n")
    import_paths(desk, [path], settings=IN_PROCESS)

    result = clean_tables(desk, settings=IN_PROCESS)

    assert browsing.source(desk, 1).status is SourceStatus.PREVIEW
    assert (result.tables[0].document_type, result.cleaned) == ("table", 2)
    row = browsing.TableRows(desk, 1, browsing.View.RAW).rows([1])[1]
    assert [cell.text for cell in row.cells] == ["red", "round"]


def test_a_document_settles_how_its_dates_are_read(desk: Desk, samples: Path) -> None:
    import_paths(desk, [samples / "facture-2024-0117.pdf"], settings=IN_PROCESS)

    result = clean_tables(desk, settings=IN_PROCESS)

    assert result.findings == 0
    titles = [column.field for column in TableRows(desk, 1, View.CLEANED).columns]
    assert rows_of(desk)[0].cells[titles.index("issue_date")].text == "2024-03-11"


# --- browsing ---------------------------------------------------------------------------


def test_filters_and_order_are_the_databases_work(desk: Desk, tmp_path: Path) -> None:
    rows = [retail_row(1, price="9.00"), retail_row(2, price="-1.00"), retail_row(3, price="x")]
    import_paths(desk, [retail_csv(tmp_path / "a.csv", rows)], settings=IN_PROCESS)
    assert {r.status for r in rows_of(desk).values()} == {"raw"}
    clean_tables(desk, settings=IN_PROCESS)

    source = TableRows(desk, 1, View.SIDE_BY_SIDE)

    assert list(source.ids(RowFilter(text="9.0"))) == [1]
    assert list(source.ids(RowFilter(text="lamp"))) == [1, 2, 3]
    assert list(source.ids(RowFilter(text="%"))) == []
    assert list(source.ids(RowFilter(with_findings=True))) == [2, 3]
    assert list(source.ids(RowFilter(status="filtered_out"))) == []
    assert list(source.ids(RowFilter(order_by="unit_price"))) == [3, 2, 1]
    assert list(source.ids(RowFilter(order_by=0, descending=True))) == [3, 2, 1]
    titles = [column.title for column in source.columns]
    assert titles[:4] == ["InvoiceNo", "invoice_number", "StockCode", "item_code"]
    first = source.rows([1])[1]
    assert first.cells[titles.index("UnitPrice")].text == "9.00"
    assert first.cells[titles.index("issue_date")].changed


# --- review -----------------------------------------------------------------------------


def test_a_correction_survives_a_new_pass_and_a_restart(desk: Desk, retail: TableRecord) -> None:
    reviewing.correct(desk, retail.id, [Correction(3, "quantity", "10")])

    def quantity(opened: Desk) -> list[str]:
        source = TableRows(opened, 1, View.CLEANED)
        place = [c.field for c in source.columns].index("quantity")
        return [source.rows([n])[n].cells[place].text for n in (3, 4)]

    assert quantity(desk) == ["10", "2"]
    done = TableRows(desk, 1, View.CLEANED).cleaning_pass
    assert done is not None
    assert done.totals["net_amount"] == Decimal(70)
    clean_tables(desk, settings=IN_PROCESS)
    desk.close()
    again = open_desk(desk.path)
    assert quantity(again) == ["10", "2"]
    again.close()


def test_a_withdrawn_correction_shows_again_what_was_read(desk: Desk, retail: TableRecord) -> None:
    before = rows_of(desk)
    ids = reviewing.correct(desk, retail.id, [Correction(3, "quantity", "10")])

    reviewing.withdraw(desk, ids)

    assert rows_of(desk) == before
    log = reviewing.decision_log(desk, retail.id)
    assert [d.kind for d in log] == [DecisionKind.CORRECT, DecisionKind.WITHDRAW]
    assert {d.person for d in log} == {desk.person}


def test_a_refused_correction_records_nothing(desk: Desk, retail: TableRecord) -> None:
    with pytest.raises(ArgumentError, match="amount"):
        reviewing.correct(desk, retail.id, [Correction(3, "unit_price", "cheap")])
    with pytest.raises(ArgumentError, match="no row"):
        reviewing.correct(desk, retail.id, [Correction(999, "unit_price", "1")])

    assert reviewing.decision_log(desk, retail.id) == []


def test_a_correction_settles_its_finding(desk: Desk, tmp_path: Path) -> None:
    path = retail_csv(tmp_path / "a.csv", [retail_row(1, price="x"), retail_row(2)])
    import_paths(desk, [path], settings=IN_PROCESS)
    clean_tables(desk, settings=IN_PROCESS)
    assert [f.code for f in browsing.findings(desk, table_id=1)] == ["unreadable"]

    reviewing.correct(desk, 1, [Correction(1, "unit_price", "3")])

    assert browsing.findings(desk, table_id=1) == []
    assert browsing.desk_summary(desk)["findings"] == 0


def test_approved_rows_stay_approved(desk: Desk, retail: TableRecord) -> None:
    reviewing.approve(desk, retail.id, [2, 3])
    clean_tables(desk, settings=IN_PROCESS)

    assert [n for n, row in rows_of(desk).items() if row.approved] == [2, 3]


# --- mapping ----------------------------------------------------------------------------


UNKNOWN = "Beleg;Wer;Wann;Brutto\nA-1;Acme;13.02.2024;1.234,50\nA-2;Acme;14.02.2024;12,00\n"


def test_a_mapping_is_confirmed_once_and_maps_the_next_file(desk: Desk, tmp_path: Path) -> None:
    import_paths(desk, [write_csv(tmp_path / "feb.csv", UNKNOWN)], settings=IN_PROCESS)
    draft = templating.draft_mapping(desk, 1)
    assert draft.columns[3].samples == ("1.234,50", "12,00")
    mapping = {"invoice_number": 0, "supplier_name": 1, "issue_date": 2, "total_amount": 3}

    preview = templating.preview(desk, 1, "invoice", mapping)
    templating.confirm_mapping(
        desk, 1, document_type="invoice", mapping=mapping, template_name="Acme"
    )
    next_file = write_csv(tmp_path / "march.csv", UNKNOWN.replace("02.2024", "03.2024"))
    batch = import_paths(desk, [next_file], settings=IN_PROCESS)
    result = clean_tables(desk, settings=IN_PROCESS)

    assert preview.rows[0] == ("A-1", "2024-02-13", "Acme", "1234.50")
    assert batch.files[0].document_type == "invoice"
    assert result.cleaned == 4
    assert [(t.name, t.version) for t in templating.templates(desk)] == [("Acme", 1)]
    assert browsing.source(desk, 1).status is SourceStatus.COMPLETED


@pytest.mark.parametrize(
    "mapping", [{}, {"total_amount": 0, "net_amount": 0}, {"total_amount": 99}, {"colour": 0}]
)
def test_a_wrong_mapping_is_refused(desk: Desk, tmp_path: Path, mapping: dict[str, int]) -> None:
    import_paths(desk, [write_csv(tmp_path / "a.csv", UNKNOWN)], settings=IN_PROCESS)

    with pytest.raises(TemplateError):
        templating.confirm_mapping(
            desk, 1, document_type="invoice", mapping=mapping, template_name="x"
        )
    assert templating.templates(desk) == []


# --- export -----------------------------------------------------------------------------


def test_every_format_keeps_codes_and_amounts(desk: Desk, tmp_path: Path) -> None:
    rows = ["007,22A,=1+1,2,2024-03-15 08:00:00,2.50,0012,France"]
    import_paths(desk, [retail_csv(tmp_path / "a.csv", rows)], settings=IN_PROCESS)
    clean_tables(desk, settings=IN_PROCESS)

    for ending in ("csv", "xlsx", "json", "parquet"):
        export(desk, tmp_path / f"out.{ending}")

    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    (line,) = csv.DictReader(text.splitlines())
    wanted = ("invoice_number", "description", "net_amount")
    assert [line[name] for name in wanted] == ["007", "'=1+1", "5.00"]
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]
    head, first = list(sheet.iter_rows(values_only=True))
    cells = dict(zip(head, first, strict=True))
    wanted = ("customer_id", "description", "unit_price")
    assert [cells[name] for name in wanted] == ["0012", "=1+1", 2.5]
    assert cells["issue_date"] == dt.datetime(2024, 3, 15, 8)
    assert sheet.column_dimensions["A"].width >= len("a.csv")
    (entry,) = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert (entry["unit_price"], entry["row"]) == ("2.50", 2)
    (row,) = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert row["net_amount"] == Decimal(5)


def test_export_says_what_it_left_out(desk: Desk, samples: Path, tmp_path: Path) -> None:
    import_paths(desk, [samples / "ca_periodique_2024-03.csv"], settings=IN_PROCESS)
    with pytest.raises(ArgumentError, match="cleaned"):
        export(desk, tmp_path / "a.csv")
    clean_tables(desk, settings=IN_PROCESS)

    (kept,) = export(desk, tmp_path / "a.csv")
    (every,) = export(desk, tmp_path / "b.csv", include_filtered=True)

    assert kept.rows + kept.filtered_out == every.rows == 60
    assert "product_out_of_scope" in (tmp_path / "b.csv").read_text("utf-8-sig")


def test_an_unknown_ending_is_refused(desk: Desk, retail: object, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="ending"):
        export(desk, tmp_path / "a.doc")
    assert list(tmp_path.glob("a.doc*")) == []


# --- samples ----------------------------------------------------------------------------


def test_samples_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("1", "2"):
        write_samples(tmp_path / name, rows=20, seed=7)

    def texts(name: str) -> list[bytes]:
        found = sorted((tmp_path / name).rglob("*.*"))
        return [path.read_bytes() for path in found if path.suffix != ".xlsx"]

    assert texts("1") == texts("2")
