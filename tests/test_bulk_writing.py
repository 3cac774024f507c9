"""Bulk writes: what becomes of each row, what stands afterwards, and that nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import write_csv

from invoice_desk.core.bulk_writes import InputRow, Operation, RowOutcome, judge
from invoice_desk.core.decisions import DecisionKind
from invoice_desk.core.jobs import JobState
from invoice_desk.core.modes import Mode
from invoice_desk.db.bulk import BulkTransaction, InProcessWriter
from invoice_desk.errors import ArgumentError, BugError
from invoice_desk.services import browsing, bulk_input, reviewing
from invoice_desk.services.browsing import GridRow, RowFilter, TableRows, View
from invoice_desk.services.bulk_requests import retry_request, write_request
from invoice_desk.services.bulk_writing import (
    BulkWriteJob,
    BulkWriteResult,
    write_rows,
)
from invoice_desk.services.cleaning import CleaningJob, clean_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.job_control import jobs
from invoice_desk.services.job_factory import make_job
from invoice_desk.services.job_results import ResultList, result_rows
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.passes import passes
from invoice_desk.services.reviewing import Correction, decision_log

IN_PROCESS = JobSettings(Mode.STANDARD)
HEAD = "Invoice number,Issue date,Supplier,Net amount,Total amount\n"
BASE = 1  # the first table of the desk


def invoice_row(number: int, amount: str = "10.00", supplier: str = "ACME") -> str:
    return f"INV-{number},2024-03-15,{supplier},{amount},{amount}\n"


def invoices(path: Path, rows: Sequence[str], head: str = HEAD) -> Path:
    return write_csv(path, head + "".join(rows))


@pytest.fixture
def base(desk: Desk, tmp_path: Path) -> Desk:
    """A desk with ten invoices, INV-1 to INV-10, of 10.00 each."""
    path = invoices(tmp_path / "invoices_base.csv", [invoice_row(n) for n in range(1, 11)])
    import_paths(desk, [path], settings=IN_PROCESS)
    clean_tables(desk, settings=IN_PROCESS)
    return desk


def write(
    desk: Desk, operation: str, path: Path, *, unique: Sequence[str] | None = None, **more: Any
) -> BulkWriteResult:
    asked = write_request(
        desk,
        Operation(operation),
        "invoice",
        path=path,
        unique=unique or ["invoice_number"],
        **more,
    )
    return write_rows(desk, asked, settings=IN_PROCESS)


def rows_of(desk: Desk, table_id: int) -> dict[int, GridRow]:
    source = TableRows(desk, table_id, View.CLEANED)
    return source.rows(list(source.ids(RowFilter())))


def values_of(desk: Desk, table_id: int, field: str) -> list[str]:
    source = TableRows(desk, table_id, View.CLEANED)
    place = [column.field for column in source.columns].index(field)
    return [row.cells[place].text for row in rows_of(desk, table_id).values()]


def statuses(desk: Desk, table_id: int) -> list[str]:
    return [row.status for row in rows_of(desk, table_id).values()]


def errors(desk: Desk, job_id: int) -> list[str | None]:
    return [row.error for row in result_rows(desk, job_id, ResultList.FAILED).rows]


def counts(result: BulkWriteResult) -> tuple[int, int, int, int, int]:
    adds_up = result.successful + result.failed + result.unprocessed
    assert adds_up == result.total
    done = (result.created, result.updated, result.unchanged, result.deleted)
    assert sum(done) == result.successful
    return (*done, result.failed)


def net_total(desk: Desk) -> Decimal:
    """Return the net amount of all rows that count, by the totals of the current passes."""
    current = {table.id: table.current_pass_id for table in all_tables(desk)}
    shown = [p for p in passes(desk) if current.get(p.raw_table_id) == p.id]
    return sum((p.totals.get("net_amount", Decimal(0)) for p in shown), Decimal(0))


def all_tables(desk: Desk) -> list[Any]:
    return [t for source in browsing.sources(desk) for t in browsing.tables(desk, source.id)]


# --- operations -------------------------------------------------------------------------


def test_insert_makes_clean_rows_of_the_file_itself(base: Desk, tmp_path: Path) -> None:
    path = invoices(tmp_path / "more.csv", [invoice_row(11, "1.50"), invoice_row(12, "2.50")])

    result = write(base, "insert", path)

    assert counts(result) == (2, 0, 0, 0, 0)
    assert result.state is JobState.JOB_COMPLETE
    assert result.table_id is not None
    assert statuses(base, result.table_id) == ["cleaned", "cleaned"]
    assert net_total(base) == Decimal("104.00")


def test_insert_fails_where_the_key_is_there_already(base: Desk, tmp_path: Path) -> None:
    path = invoices(tmp_path / "more.csv", [invoice_row(3, "9.00"), invoice_row(12)])

    result = write(base, "insert", path)

    assert counts(result) == (1, 0, 0, 0, 1)
    assert errors(base, result.job_id) == ["There is already a row with the key INV-3."]
    assert values_of(base, BASE, "net_amount")[2] == "10.00"
    row = rows_of(base, result.table_id or 0)[1]
    assert row.status == "filtered_out"
    assert row.reasons == ("It was not written: There is already a row with the key INV-3.",)


def test_update_corrects_only_what_differs_and_survives_a_new_pass(
    base: Desk, tmp_path: Path
) -> None:
    path = invoices(
        tmp_path / "changes.csv",
        ["INV-2,12.00\n", "INV-3,10.00\n", "INV-99,1.00\n"],
        head="Invoice number,Net amount\n",
    )

    result = write(base, "update", path)

    assert counts(result) == (0, 1, 1, 0, 1)
    assert errors(base, result.job_id) == ["There is no row with the key INV-99."]
    log = decision_log(base, BASE)
    assert [(d.kind, d.row_number, d.field, d.value) for d in log] == [
        (DecisionKind.CORRECT, 2, "net_amount", "12")
    ]
    for _ in range(2):
        assert values_of(base, BASE, "net_amount")[1:3] == ["12.00", "10.00"]
        assert statuses(base, BASE) == ["cleaned"] * 10
        assert statuses(base, result.table_id or 0) == ["filtered_out"] * 3
        assert net_total(base) == Decimal("102.00")
        clean_tables(base, settings=IN_PROCESS)


def test_rows_that_wrote_others_say_so(base: Desk, tmp_path: Path) -> None:
    path = invoices(tmp_path / "changes.csv", [invoice_row(2, "12.00"), invoice_row(3)])

    result = write(base, "update", path)

    told = [row.reasons for row in rows_of(base, result.table_id or 0).values()]
    assert told == [
        ("It updated row 3 of invoices_base.csv.",),
        ("It is the same as row 4 of invoices_base.csv.",),
    ]


def test_an_empty_cell_changes_nothing_unless_asked(base: Desk, tmp_path: Path) -> None:
    lines = ["INV-1,\n"]
    head = "Invoice number,Net amount\n"
    path = invoices(tmp_path / "a.csv", lines, head=head)

    kept = write(base, "update", path)
    before = values_of(base, BASE, "net_amount")[0]
    cleared = write(base, "update", path, empty_clears=True)

    assert (counts(kept), before) == ((0, 0, 1, 0, 0), "10.00")
    assert counts(cleared) == (0, 1, 0, 0, 0)
    assert values_of(base, BASE, "net_amount")[0] == ""


def test_upsert_does_both_and_the_second_time_nothing(base: Desk, tmp_path: Path) -> None:
    path = invoices(tmp_path / "u.csv", [invoice_row(1, "11.00"), invoice_row(20), invoice_row(2)])

    first = write(base, "upsert", path)
    total = net_total(base)
    clean_tables(base, settings=IN_PROCESS)
    log = [*decision_log(base, BASE), *decision_log(base, first.table_id or 0)]
    again = write(base, "upsert", path)

    assert counts(first) == (1, 1, 1, 0, 0)
    assert counts(again) == (0, 0, 3, 0, 0)
    assert log == [*decision_log(base, BASE), *decision_log(base, first.table_id or 0)]
    assert total == net_total(base) == Decimal("111.00")


def test_delete_excludes_rows_and_keeps_them_raw(base: Desk, tmp_path: Path) -> None:
    path = invoices(tmp_path / "stop.csv", ["INV-5\n", "INV-77\n"], head="Invoice number\n")

    result = write(base, "delete", path)

    assert counts(result) == (0, 0, 0, 1, 1)
    for _ in range(2):
        row = rows_of(base, BASE)[5]
        assert row.status == "filtered_out"
        assert row.reasons == ("Row 2 of stop.csv deleted it.",)
        assert net_total(base) == Decimal("90.00")
        clean_tables(base, settings=IN_PROCESS)
    assert browsing.tables(base, 1)[0].row_count == 10


def test_what_was_deleted_can_be_inserted_again(base: Desk, tmp_path: Path) -> None:
    write(base, "delete", invoices(tmp_path / "a.csv", ["INV-5\n"], head="Invoice number\n"))

    result = write(base, "insert", invoices(tmp_path / "b.csv", [invoice_row(5, "6.00")]))

    assert counts(result) == (1, 0, 0, 0, 0)
    assert net_total(base) == Decimal("96.00")


def test_a_row_that_failed_counts_once_a_later_write_creates_it(base: Desk, tmp_path: Path) -> None:
    path = invoices(tmp_path / "b.csv", [invoice_row(5, "6.00")])
    failed = write(base, "insert", path)
    stop = invoices(tmp_path / "a.csv", ["INV-5\n"], head="Invoice number\n")
    write(base, "delete", stop)

    result = write_rows(base, retry_request(base, failed.job_id), settings=IN_PROCESS)
    clean_tables(base, settings=IN_PROCESS)

    assert counts(failed) == (0, 0, 0, 0, 1)
    assert counts(result) == (1, 0, 0, 0, 0)
    assert statuses(base, result.table_id or 0) == ["cleaned"]
    assert net_total(base) == Decimal("96.00")


def test_keys_are_compared_as_they_are_stored(base: Desk, tmp_path: Path) -> None:
    head = "Rechnungsnr.;Date;Net amount\n"
    lines = [
        "INV-1;15/03/2024;1.000,50\n",
        "INV-2;16/03/2024;2.000,00\n",
        "INV-3;31/03/2024;3,00\n",
    ]
    path = invoices(tmp_path / "fr.csv", lines, head=head.replace("Date", "Issue date"))

    result = write(base, "update", path, unique=["invoice_number", "issue_date"])

    assert counts(result) == (0, 1, 0, 0, 2)
    assert values_of(base, BASE, "net_amount")[:2] == ["1000.50", "10.00"]


def test_several_unique_fields_stand_together(base: Desk, tmp_path: Path) -> None:
    lines = [invoice_row(1, supplier="Other"), invoice_row(1, "7.00")]

    result = write(
        base,
        "upsert",
        invoices(tmp_path / "u.csv", lines),
        unique=["supplier_name", "invoice_number"],
    )

    assert counts(result) == (1, 1, 0, 0, 0)


# --- what is failed ---------------------------------------------------------------------


def test_a_key_that_stands_twice_in_the_file_is_failed_both_times(
    base: Desk, tmp_path: Path
) -> None:
    lines = [invoice_row(1, "1.00"), invoice_row(2, "2.00"), invoice_row(1, "3.00")]

    result = write(base, "upsert", invoices(tmp_path / "u.csv", lines))

    assert counts(result) == (0, 1, 0, 0, 2)
    assert errors(base, result.job_id) == [
        "The key INV-1 stands in row 4 of the file too.",
        "The key INV-1 stands in row 2 of the file too.",
    ]


def test_a_key_that_two_rows_have_is_failed(base: Desk, tmp_path: Path) -> None:
    head = "Supplier,Net amount\n"
    path = invoices(tmp_path / "u.csv", ["ACME,5.00\n"], head=head)

    result = write(base, "update", path, unique=["supplier_name"])

    assert errors(base, result.job_id) == ["10 rows have the key ACME; which is meant is open."]


def test_an_empty_key_and_an_unreadable_one_are_failed(base: Desk, tmp_path: Path) -> None:
    lines = ["INV-1,2024-03-15,4.00\n", "INV-2,soon,4.00\n", ",2024-03-15,4.00\n"]
    path = invoices(tmp_path / "u.csv", lines, head="Invoice number,Issue date,Net amount\n")

    result = write(base, "update", path, unique=["invoice_number", "issue_date"])

    assert counts(result) == (0, 1, 0, 0, 2)
    assert errors(base, result.job_id) == [
        "“soon” in the key field issue_date cannot be read for sure.",
        "The key field invoice_number is empty.",
    ]


def test_a_value_in_doubt_is_not_written_over_another(base: Desk, tmp_path: Path) -> None:
    lines = ["INV-1,twelve\n", "INV-2,12.00\n"]
    path = invoices(tmp_path / "u.csv", lines, head="Invoice number,Net amount\n")

    result = write(base, "upsert", path)

    assert counts(result) == (0, 1, 0, 0, 1)
    assert errors(base, result.job_id) == ["“twelve” in net_amount cannot be read for sure."]
    assert values_of(base, BASE, "net_amount")[:2] == ["10.00", "12.00"]


@pytest.mark.parametrize(
    ("row", "operation", "sentence"),
    [
        (InputRow(0, 9, is_derived=True), "insert", "The row sums up others."),
        (
            InputRow(0, 9, left_out="It is a copy."),
            "insert",
            "The rules of the type leave it out: It is a copy.",
        ),
        (InputRow(0, 9, counts=True), "insert", "The row is in the clean table already."),
        (InputRow(0, 9, {"a": None}), "delete", "The key field a is empty."),
        (InputRow(0, 9, {"a": Decimal("2.50")}), "delete", "There is no row with the key 2.5."),
    ],
)
def test_each_failure_has_its_sentence(row: InputRow, operation: str, sentence: str) -> None:
    result = judge(row, Operation(operation))

    assert (result.outcome, result.error) == (RowOutcome.FAILED, sentence)


def test_a_row_that_counts_itself_is_unchanged_or_deleted() -> None:
    row = InputRow(0, 9, {"a": "1"}, counts=True)

    outcomes = [judge(row, Operation(name)).outcome for name in ("update", "upsert", "delete")]

    assert outcomes == [RowOutcome.UNCHANGED, RowOutcome.UNCHANGED, RowOutcome.DELETED]


def test_a_request_that_makes_no_sense_is_refused_before_any_job(
    base: Desk, tmp_path: Path
) -> None:
    path = invoices(tmp_path / "u.csv", [invoice_row(1)])
    before = len(jobs(base))

    for kind, more in (
        ("invoice", {"unique": ["no_such_field"]}),
        ("online_retail", {}),
        ("no_such_type", {}),
    ):
        with pytest.raises(ArgumentError):
            write_request(base, Operation.UPDATE, kind, path=path, **more)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="updated or deleted"):
        write_request(base, Operation.INSERT, "invoice", rows=[(1, 1)])
    with pytest.raises(ArgumentError, match="No row"):
        write_request(base, Operation.DELETE, "invoice", rows=[])
    assert len(jobs(base)) == before


def test_a_file_without_the_column_of_the_key_fails_the_job_with_all_rows_left(
    base: Desk, tmp_path: Path
) -> None:
    path = invoices(tmp_path / "u.csv", ["ACME,5.00\n"], head="Supplier,Net amount\n")

    result = write(base, "update", path)

    assert (result.state, result.total, result.unprocessed) == (JobState.FAILED, 1, 1)
    assert result.error == ("u.csv has no column for invoice_number. It has: Supplier, Net amount.")
    assert len(list(result_rows(base, result.job_id, ResultList.UNPROCESSED).rows)) == 1


def test_a_file_that_cannot_be_read_fails_the_job(base: Desk, tmp_path: Path) -> None:
    result = write(base, "insert", write_csv(tmp_path / "empty.csv", ""))

    assert (result.state, result.total) == (JobState.FAILED, 0)
    assert "empty.csv" in (result.error or "")


# --- chunks -----------------------------------------------------------------------------


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_input, "CHUNK_ROWS", 4)


class StoppingWriter:
    """Writes like the one within, and does something before a transaction."""

    def __init__(self, writer: InProcessWriter, before: Callable[[int], None]) -> None:
        self._writer, self._before, self._count = writer, before, 0

    def transaction(self, *, confirmed: bool = True) -> AbstractContextManager[BulkTransaction]:
        self._before(self._count)
        self._count += 1
        return self._writer.transaction(confirmed=confirmed)

    def flush(self) -> None:
        self._writer.flush()


class StoppedJob(BulkWriteJob):
    """A job to which something happens while a chunk of it is about to be written."""

    happens: Callable[[], None]
    at = 2

    def _choose_writer(self) -> None:
        def before(count: int) -> None:
            if count == self.at:
                self.happens()

        self._writer = StoppingWriter(InProcessWriter(self._desk.engine), before)


class KilledJob(StoppedJob):
    """A job whose process is killed: it closes no books."""

    def _close_books(self, state: JobState, error: str | None, **values: Any) -> None:
        assert self._pulse is not None
        self._pulse.stop()


def broken() -> None:
    raise BugError("the power is gone")


def upsert_of_ten(desk: Desk, tmp_path: Path) -> Any:
    lines = [invoice_row(n, "11.00") for n in range(6, 16)]
    path = invoices(tmp_path / "u.csv", lines)
    unique = ["invoice_number"]
    return write_request(desk, Operation.UPSERT, "invoice", path=path, unique=unique)


@pytest.mark.usefixtures("small_chunks")
def test_a_cancelled_write_keeps_what_is_stored_and_counts_the_rest(
    base: Desk, tmp_path: Path
) -> None:
    job = StoppedJob(base, upsert_of_ten(base, tmp_path), IN_PROCESS)
    job.happens, job.at = job.cancel, 1

    result = job.run()

    assert result.state is JobState.ABORTED
    assert counts(result) == (3, 5, 0, 0, 0)  # the chunk that had begun is written
    assert result.unprocessed == 2


@pytest.mark.usefixtures("small_chunks")
def test_rows_that_a_cancelled_write_did_not_come_to_do_not_count(
    base: Desk, tmp_path: Path
) -> None:
    request = upsert_of_ten(base, tmp_path)
    job = BulkWriteJob(base, request, IN_PROCESS)
    cancelled = CancelledAfterOne(job)

    result = cancelled.run()
    before = net_total(base)
    clean_tables(base, settings=IN_PROCESS)

    assert result.state is JobState.ABORTED
    assert (result.total, result.successful, result.failed, result.unprocessed) == (10, 4, 0, 6)
    assert counts(result) == (0, 4, 0, 0, 0)
    assert before == net_total(base) == Decimal("104.00")
    left = result_rows(base, result.job_id, ResultList.UNPROCESSED)
    assert [row.values[0] for row in left.rows] == [f"INV-{n}" for n in range(10, 16)]
    stored = next(record for record in jobs(base) if record.id == result.job_id)
    assert stored.summary["counts"]["rows"] == {
        "total": 10,
        "successful": 4,
        "failed": 0,
        "unprocessed": 6,
    }


class CancelledAfterOne:
    """Runs a job and cancels it when its first chunk is stored."""

    def __init__(self, job: BulkWriteJob) -> None:
        self._job = job
        show = job._show

        def shown(**changes: Any) -> None:
            show(**changes)
            if changes.get("done"):
                job.cancel()

        job._show = shown  # type: ignore[method-assign]

    def run(self) -> BulkWriteResult:
        return self._job.run()


@pytest.mark.usefixtures("small_chunks")
def test_the_rest_of_a_cancelled_write_can_be_written_later(base: Desk, tmp_path: Path) -> None:
    stopped = CancelledAfterOne(BulkWriteJob(base, upsert_of_ten(base, tmp_path), IN_PROCESS)).run()
    clean_tables(base, settings=IN_PROCESS)

    rest = write_rows(base, retry_request(base, stopped.job_id), settings=IN_PROCESS)

    assert (rest.total, counts(rest)) == (6, (5, 1, 0, 0, 0))
    clean_tables(base, settings=IN_PROCESS)
    assert net_total(base) == Decimal("160.00")
    with pytest.raises(ArgumentError, match="Nothing is left"):
        retry_request(base, rest.job_id)


@pytest.mark.usefixtures("small_chunks")
def test_a_write_goes_on_after_a_crash_and_nothing_is_written_twice(
    base: Desk, tmp_path: Path
) -> None:
    job = KilledJob(base, upsert_of_ten(base, tmp_path), IN_PROCESS)
    job.happens = broken
    with pytest.raises(BugError):
        job.run()
    broken_off = next(record for record in jobs(base) if record.id == job._job_id)
    assert broken_off.state is JobState.IN_PROGRESS
    assert (broken_off.successful, broken_off.unprocessed) == (8, 2)

    result = make_job(base, broken_off).run()
    assert isinstance(result, BulkWriteResult)

    assert result.job_id == job._job_id
    assert (result.state, result.total) == (JobState.JOB_COMPLETE, 10)
    assert counts(result) == (5, 5, 0, 0, 0)
    log = decision_log(base, BASE)
    assert len(log) == 10  # two amounts of five invoices
    assert len({(d.row_number, d.field) for d in log}) == 10
    assert net_total(base) == Decimal("160.00")
    clean_tables(base, settings=IN_PROCESS)
    assert net_total(base) == Decimal("160.00")


@pytest.mark.usefixtures("small_chunks")
def test_a_decision_between_two_chunks_is_kept_and_counted(base: Desk, tmp_path: Path) -> None:
    job = StoppedJob(base, upsert_of_ten(base, tmp_path), IN_PROCESS)
    job.happens, job.at = lambda: _exclude_two(base), 1

    result = job.run()

    assert counts(result) == (5, 5, 0, 0, 0)
    assert statuses(base, BASE).count("filtered_out") == 2
    assert net_total(base) == Decimal("139.00")  # without 10.00 of INV-1 and 11.00 of INV-6
    [done] = [p for p in passes(base) if p.raw_table_id == BASE]
    assert (done.cleaned, done.filtered_out) == (8, 2)


def _exclude_two(desk: Desk) -> None:
    reviewing.exclude(desk, BASE, [1, 6])


@pytest.mark.usefixtures("small_chunks")
def test_a_clean_job_waits_until_the_write_is_done(base: Desk, tmp_path: Path) -> None:
    job = StoppedJob(base, upsert_of_ten(base, tmp_path), IN_PROCESS)
    cleaning = CleaningJob(base, IN_PROCESS)
    thread = threading.Thread(target=cleaning.run)

    def clean_meanwhile() -> None:
        thread.start()
        end = time.monotonic() + 20
        while not cleaning.snapshot.waiting_for and time.monotonic() < end:
            time.sleep(0.01)

    job.happens, job.at = clean_meanwhile, 1
    result = job.run()
    thread.join(20)

    assert counts(result) == (5, 5, 0, 0, 0)
    assert cleaning.snapshot.state is JobState.JOB_COMPLETE
    assert net_total(base) == Decimal("160.00")


def test_a_pause_holds_the_job_before_its_first_row(base: Desk, tmp_path: Path) -> None:
    job = BulkWriteJob(base, upsert_of_ten(base, tmp_path), IN_PROCESS)
    job.pause()
    job.cancel()

    result = job.run()

    assert (result.state, result.successful) == (JobState.ABORTED, 0)


def test_the_process_that_writes_gives_the_same(base: Desk, tmp_path: Path) -> None:
    class InOtherProcess(BulkWriteJob):
        def _choose_writer(self) -> None:
            self._desk.bulk.start()
            self._writer = self._desk.bulk

    result = InOtherProcess(base, upsert_of_ten(base, tmp_path), IN_PROCESS).run()

    assert counts(result) == (5, 5, 0, 0, 0)
    assert net_total(base) == Decimal("160.00")
    log = decision_log(base, BASE)
    assert {d.decided_at is not None and d.person == base.person for d in log} == {True}


# --- selections -------------------------------------------------------------------------


def test_a_selection_is_deleted_once(base: Desk) -> None:
    request = write_request(base, Operation.DELETE, "invoice", rows=[(BASE, 2), (BASE, 1)])

    first = write_rows(base, request, settings=IN_PROCESS)
    again = write_rows(base, request, settings=IN_PROCESS)

    assert counts(first) == (0, 0, 0, 2, 0)
    assert counts(again) == (0, 0, 2, 0, 0)
    assert rows_of(base, BASE)[1].reasons == ("A person excluded the row.",)


def test_a_selection_is_given_a_value_and_a_row_that_is_none_fails(base: Desk) -> None:
    rows = [(BASE, 1), (BASE, 2), (BASE, 99), (7, 1)]
    values = {"net_amount": "12,5"}
    request = write_request(base, Operation.UPDATE, "invoice", rows=rows, values=values)

    result = write_rows(base, request, settings=IN_PROCESS)

    assert counts(result) == (0, 2, 0, 0, 2)
    assert values_of(base, BASE, "net_amount")[:3] == ["12.50", "12.50", "10.00"]
    listed = result_rows(base, result.job_id, ResultList.SUCCESSFUL)
    assert [row.values[0] for row in listed.rows] == ["INV-1", "INV-2"]


# --- exclusion --------------------------------------------------------------------------


def test_an_excluded_row_does_not_count_until_that_is_taken_back(base: Desk) -> None:
    ids = reviewing.exclude(base, BASE, [3, 4])

    assert statuses(base, BASE)[2:4] == ["filtered_out"] * 2
    assert rows_of(base, BASE)[3].reasons == ("A person excluded the row.",)
    assert net_total(base) == Decimal("80.00")

    reviewing.withdraw(base, ids)

    assert statuses(base, BASE) == ["cleaned"] * 10
    assert net_total(base) == Decimal("100.00")


def test_an_exclusion_holds_in_a_new_pass_beside_a_correction(base: Desk) -> None:
    reviewing.correct(base, BASE, [Correction(3, "net_amount", "7.00")])
    ids = reviewing.exclude(base, BASE, [3])
    clean_tables(base, settings=IN_PROCESS)

    assert net_total(base) == Decimal("90.00")

    reviewing.withdraw(base, ids)
    clean_tables(base, settings=IN_PROCESS)

    assert net_total(base) == Decimal("97.00")


def test_an_excluded_row_makes_no_other_a_duplicate(desk: Desk, tmp_path: Path) -> None:
    lines = [f"{n},2024-03-15 10:00:00,+213550000001,+213550000002,60\n" for n in (1, 1, 2)]
    head = "call_id,start,caller,called,duration\n"
    import_paths(desk, [invoices(tmp_path / "cdr.csv", lines, head=head)], settings=IN_PROCESS)
    clean_tables(desk, settings=IN_PROCESS)
    before = statuses(desk, BASE)

    reviewing.exclude(desk, BASE, [1])
    clean_tables(desk, settings=IN_PROCESS)

    assert before == ["cleaned", "filtered_out", "cleaned"]
    assert statuses(desk, BASE) == ["filtered_out", "cleaned", "cleaned"]
