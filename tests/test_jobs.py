"""Jobs in the desk: their states, who runs them, what they wait for, what a person may do."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fake_tasks
import pytest
from sqlalchemy import text

from invoice_desk.core import time_limits
from invoice_desk.core.error_classes import error_traits
from invoice_desk.core.findings import Severity
from invoice_desk.core.jobs import TERMINAL, TRANSITIONS, JobState
from invoice_desk.core.modes import Mode
from invoice_desk.core.source import FileOutcome
from invoice_desk.db.bulk import ProcessWriter
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.jobs import add_job, chunk_done, done_parts, job_update, move_job, take_job
from invoice_desk.errors import ArgumentError, JobStateError, StorageError
from invoice_desk.services import browsing, job_control
from invoice_desk.services.batches import BatchResult
from invoice_desk.services.cleaning import CleaningJob, CleaningResult
from invoice_desk.services.desk import Desk, open_desk
from invoice_desk.services.importing import ImportJob, import_paths
from invoice_desk.services.job_manager import MOST_TAKE_UPS, JobManager
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.ownership import is_alive, this_process
from invoice_desk.workers.contract import Chunk, Outcome
from invoice_desk.workers.reading import ReadingPayload, ReadSource, SourceContent, read

IN_PROCESS = JobSettings(Mode.STANDARD)
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DEAD = "elsewhere/1/1.00"


def csv_file(path: Path, rows: int = 3) -> Path:
    lines = [f"A-{path.stem}-{n};{n},50;01/02/2024" for n in range(rows)]
    path.write_text("\n".join(["N Fact;Montant Ttc;Date Fact", *lines]) + "\n", encoding="utf-8")
    return path


def half_readable(beside: Path) -> Path:
    folder = beside / "files"
    folder.mkdir()
    (folder / "empty.csv").touch()
    csv_file(folder / "a.csv", 5)
    return folder


def new_job(desk: Desk, **values: Any) -> int:
    with writing(desk.engine) as connection:
        return add_job(connection, operation="import", title="t", now=NOW, **values)


def settled(condition: Any, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


# --- states -----------------------------------------------------------------------------


@pytest.mark.parametrize("before", list(JobState))
@pytest.mark.parametrize("after", list(JobState))
def test_only_legal_transitions_reach_the_desk(
    desk: Desk, before: JobState, after: JobState
) -> None:
    number = new_job(desk)
    with writing(desk.engine) as connection:
        connection.execute(job_update(number, state=before.value))

    if after in TRANSITIONS[before]:
        with writing(desk.engine) as connection:
            move_job(connection, number, after)
        assert job_control.job(desk, number).state is after
    else:
        with (
            pytest.raises(JobStateError, match="cannot become"),
            writing(desk.engine) as connection,
        ):
            move_job(connection, number, after)
        assert job_control.job(desk, number).state is before


def test_a_job_of_another_process_is_not_moved(desk: Desk) -> None:
    number = new_job(desk, owner=DEAD)

    with pytest.raises(JobStateError, match="another process"), writing(desk.engine) as connection:
        move_job(connection, number, JobState.UPLOAD_COMPLETE, owner=this_process())


def test_only_one_of_two_programs_takes_a_job(desk: Desk) -> None:
    number = new_job(desk)
    seen = job_control.job(desk, number)

    with writing(desk.engine) as connection:
        taken = [take_job(connection, seen, owner=f"h/{n}/1.00", now=NOW) for n in (1, 2)]

    assert taken == [True, False]


def test_what_a_process_taken_for_dead_still_writes_is_not_stored(desk: Desk) -> None:
    number = new_job(desk, owner="h/2/1.00")
    writer = ProcessWriter(desk.path)

    def write_late() -> None:
        with writer.transaction() as late:
            late.execute(text("UPDATE job SET title = 'spoilt'"))
            late.execute(chunk_done(number, "0:head", 3, owner="h/1/1.00"))

    with pytest.raises(StorageError, match="took this job over"):
        write_late()
    with writer.transaction() as rightful:
        rightful.execute(chunk_done(number, "0:head", 3, {"a": 1}, owner="h/2/1.00"))
    writer.close()

    assert job_control.job(desk, number).title == "t"
    with reading(desk.engine) as connection:
        assert done_parts(connection, number)["0:head"].detail == {"a": 1}


def test_a_process_is_alive_while_it_runs_and_others_while_they_are_heard_of() -> None:
    host, number, _ = this_process().split("/")
    ours_before = f"{host}/{number}/1.00"

    assert is_alive(this_process(), None, NOW)
    assert not is_alive(ours_before, NOW, NOW)  # the number was given again
    assert not is_alive(None, NOW, NOW)
    assert is_alive(DEAD, NOW - dt.timedelta(seconds=50), NOW)
    assert not is_alive(DEAD, NOW - dt.timedelta(seconds=70), NOW)


# --- the queue ----------------------------------------------------------------------------


def test_the_highest_priority_runs_first(desk: Desk, tmp_path: Path) -> None:
    for name, priority in (("low", 0), ("high", 5)):
        ImportJob(desk, [csv_file(tmp_path / f"{name}.csv")], IN_PROCESS).enqueue(priority=priority)

    ended = JobManager(desk).run_until_idle()

    assert [e.job.snapshot.title for e in ended] == ["high.csv", "low.csv"]


def test_a_job_waits_for_another_and_says_so(desk: Desk, tmp_path: Path) -> None:
    first = ImportJob(desk, [csv_file(tmp_path / "a.csv")], IN_PROCESS).enqueue()
    job_control.pause(desk, first)
    after = CleaningJob(desk, IN_PROCESS).enqueue(after_id=first)
    manager = JobManager(desk)

    assert manager.run_until_idle() == []
    assert job_control.job(desk, first).waiting_for == "Paused."
    assert job_control.job(desk, after).waiting_for == f"Waits for job {first}."

    job_control.resume(desk, first)
    ended = manager.run_until_idle()

    assert [e.job.job_id for e in ended] == [first, after]
    assert isinstance(ended[1].result, CleaningResult)
    assert ended[1].result.rows == 3


def test_a_job_after_one_that_was_aborted_is_not_run(desk: Desk, tmp_path: Path) -> None:
    first = ImportJob(desk, [csv_file(tmp_path / "a.csv")], IN_PROCESS).enqueue()
    after = CleaningJob(desk, IN_PROCESS).enqueue(after_id=first)
    job_control.cancel(desk, first)

    assert JobManager(desk).run_until_idle() == []
    assert "Aborted" in (job_control.job(desk, after).waiting_for or "")


def test_a_clean_after_an_import_cleans_what_that_brought(desk: Desk, tmp_path: Path) -> None:
    import_paths(desk, [csv_file(tmp_path / "before.csv")], settings=IN_PROCESS)
    first = ImportJob(desk, [csv_file(tmp_path / "a.csv", 5)], IN_PROCESS).enqueue()
    CleaningJob(desk, IN_PROCESS, imported_by=first).enqueue(after_id=first)

    _, cleaned = JobManager(desk).run_until_idle()

    assert isinstance(cleaned.result, CleaningResult)
    assert (cleaned.result.total, cleaned.result.rows) == (1, 5)


def test_jobs_behind_the_one_that_runs_say_that_they_wait(desk: Desk, tmp_path: Path) -> None:
    numbers = [ImportJob(desk, [tmp_path], IN_PROCESS).enqueue() for _ in range(2)]

    assert JobManager(desk)._next() is not None

    waiting = [job_control.job(desk, number).waiting_for for number in numbers]
    assert waiting == [None, "Waits its turn."]


def test_a_scheduled_job_waits_for_its_time(desk: Desk, tmp_path: Path) -> None:
    number = ImportJob(desk, [csv_file(tmp_path / "a.csv")], IN_PROCESS).enqueue()
    job_control.schedule(desk, number, desk.now() + dt.timedelta(hours=1))

    assert JobManager(desk).run_until_idle() == []
    assert (job_control.job(desk, number).waiting_for or "").startswith("Waits for 20")

    job_control.schedule(desk, number, None)
    assert len(JobManager(desk).run_until_idle()) == 1


def test_a_job_waits_for_memory_and_says_how_much(desk: Desk, tmp_path: Path) -> None:
    number = ImportJob(desk, [csv_file(tmp_path / "a.csv")], IN_PROCESS).enqueue()

    assert JobManager(desk, memory=lambda: 10 << 20).run_until_idle() == []
    assert "10 MB are free" in (job_control.job(desk, number).waiting_for or "")


def test_jobs_that_wait_for_each_other_are_refused(desk: Desk) -> None:
    first, second = new_job(desk), new_job(desk)
    job_control.run_after(desk, second, first)

    with pytest.raises(ArgumentError, match="itself"):
        job_control.run_after(desk, first, second)


@pytest.mark.logs
def test_a_job_that_brings_the_program_down_again_and_again_is_left(
    desk: Desk, tmp_path: Path
) -> None:
    job = ImportJob(desk, [csv_file(tmp_path / "a.csv")], IN_PROCESS)
    number = job.enqueue()
    with writing(desk.engine) as connection:
        request = job.request() | {"take_ups": MOST_TAKE_UPS}
        connection.execute(job_update(number, owner=DEAD, request=request))

    assert JobManager(desk).run_until_idle() == []
    record = job_control.job(desk, number)
    assert record.state is JobState.FAILED
    assert "ended 3 times" in (record.error or "")


def test_two_programs_on_one_desk_share_the_work(tmp_path: Path) -> None:
    desks = [open_desk(tmp_path / "desk.db") for _ in range(2)]
    for n in range(8):
        ImportJob(desks[0], [csv_file(tmp_path / f"{n}.csv")], IN_PROCESS).enqueue()
    ended: list[Any] = []

    def work(desk: Desk) -> None:
        ended.extend(JobManager(desk).run_until_idle())

    threads = [threading.Thread(target=work, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    rows = browsing.desk_summary(desks[0])["rows_raw"]
    for desk in desks:
        desk.close()

    assert sorted(e.job.job_id for e in ended) == list(range(1, 9))
    assert rows == 24


# --- one source, one job ------------------------------------------------------------------


@pytest.fixture
def other_desk(desk: Desk) -> Iterator[Desk]:
    """Give the same desk as another program sees it."""
    opened = open_desk(desk.path)
    yield opened
    opened.close()


def test_a_clean_job_waits_for_the_import_of_its_source(
    desk: Desk, other_desk: Desk, tmp_path: Path
) -> None:
    import_paths(desk, [csv_file(tmp_path / "a.csv")], settings=IN_PROCESS)
    holder = new_job(desk, owner=this_process())
    with writing(desk.engine) as connection:
        connection.execute(text(f"INSERT INTO source_claim VALUES (1, {holder})"))
    job = CleaningJob(other_desk, IN_PROCESS)
    results: list[CleaningResult] = []
    thread = threading.Thread(target=lambda: results.append(job.run()))
    thread.start()

    assert settled(lambda: f"job {holder}" in job.snapshot.waiting_for)
    assert job_control.job(desk, job.job_id).state is JobState.OPEN
    job_control.abandon(desk, job_control.job(desk, holder))
    thread.join(20)

    assert results[0].state is JobState.JOB_COMPLETE
    assert results[0].rows == 3


def test_an_import_waits_for_another_one_that_reads_the_same_file(
    desk: Desk, other_desk: Desk, tmp_path: Path
) -> None:
    shared, own = csv_file(tmp_path / "shared.csv"), csv_file(tmp_path / "own.csv")
    first = ImportJob(desk, [shared], IN_PROCESS)
    first._open()
    first._intake = first._new_intake()
    first._take_in()  # it has the source, and has not read it yet
    second = ImportJob(other_desk, [shared, own], IN_PROCESS)
    results: list[BatchResult] = []
    thread = threading.Thread(target=lambda: results.append(second.run()))
    thread.start()

    assert settled(lambda: "shared.csv" in second.snapshot.waiting_for)
    first._settings = IN_PROCESS
    with reading(desk.engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM source_claim")).scalar_one() == 1
    first.cancel()
    machine, _ = first._read_all(first._new_machine())
    first._finish(machine.state, None)
    thread.join(20)

    assert [f.outcome for f in results[0].files] == [FileOutcome.DONE, FileOutcome.DONE]
    assert results[0].rows == 6


# --- what a person does ---------------------------------------------------------------------


def test_a_waiting_job_is_cancelled_at_once(desk: Desk, tmp_path: Path) -> None:
    number = ImportJob(desk, [csv_file(tmp_path / "a.csv")], IN_PROCESS).enqueue()

    job_control.cancel(desk, number)

    assert job_control.job(desk, number).state is JobState.ABORTED
    with pytest.raises(JobStateError, match="Aborted already"):
        job_control.cancel(desk, number)


def test_another_program_cancels_what_runs_here(
    desk: Desk, other_desk: Desk, tmp_path: Path
) -> None:
    paths = [csv_file(tmp_path / f"{n}.csv", 200) for n in range(400)]
    job = ImportJob(desk, paths, IN_PROCESS)
    results: list[BatchResult] = []
    thread = threading.Thread(target=lambda: results.append(job.run()))
    thread.start()
    assert settled(lambda: job.snapshot.step == "reading")

    job_control.cancel(other_desk, job.job_id)
    thread.join(30)

    record = job_control.job(other_desk, job.job_id)
    assert record.state is JobState.ABORTED
    assert record.successful + record.failed + record.unprocessed == record.total == 400
    assert record.unprocessed > 0


def test_counts_of_files_pages_and_rows_add_up(desk: Desk, tmp_path: Path) -> None:
    folder = half_readable(tmp_path)
    batch = import_paths(desk, [folder], settings=IN_PROCESS)

    counts = job_control.job(desk, batch.job_id).summary["counts"]

    assert counts["files"] == {"total": 2, "successful": 1, "failed": 1, "unprocessed": 0}
    assert counts["rows"] == {"total": 5, "successful": 5, "failed": 0, "unprocessed": 0}


def test_what_was_not_processed_is_tried_again_by_a_new_job(desk: Desk, tmp_path: Path) -> None:
    folder = half_readable(tmp_path)
    first = import_paths(desk, [folder], settings=IN_PROCESS)
    csv_file(folder / "empty.csv")

    again = job_control.retry(desk, first.job_id, JobSettings(Mode.STANDARD, 1))
    (ended,) = JobManager(desk).run_until_idle()

    record = job_control.job(desk, again)
    assert isinstance(ended.result, BatchResult)
    assert [(f.name, f.outcome) for f in ended.result.files] == [("empty.csv", FileOutcome.DONE)]
    assert record.retry_of == first.job_id
    assert record.request["workers"] == 1
    with pytest.raises(ArgumentError, match="nothing to do"):
        job_control.retry(desk, again)


def test_a_cancelled_import_is_tried_again_from_the_originals(desk: Desk, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv")
    job = ImportJob(desk, [path], IN_PROCESS)
    job._open()
    job._intake = job._new_intake()
    job._take_in()
    job.cancel()
    machine, _ = job._read_all(job._new_machine())
    job._finish(machine.state, None)
    path.unlink()

    job_control.retry(desk, job.job_id)
    (ended,) = JobManager(desk).run_until_idle()

    assert isinstance(ended.result, BatchResult)
    assert ended.result.rows == 3


def test_a_job_that_ended_is_deleted_and_what_it_stored_stays(desk: Desk, tmp_path: Path) -> None:
    batch = import_paths(desk, [csv_file(tmp_path / "a.csv")], settings=IN_PROCESS)

    job_control.delete(desk, batch.job_id)

    assert job_control.jobs(desk) == []
    assert browsing.desk_summary(desk)["rows_raw"] == 3


def test_a_job_that_runs_is_not_deleted(desk: Desk) -> None:
    number = new_job(desk, owner=this_process())

    with pytest.raises(JobStateError, match="cancel it before"):
        job_control.delete(desk, number)


def test_a_paused_job_starts_nothing_until_it_is_resumed(desk: Desk, tmp_path: Path) -> None:
    paths = [csv_file(tmp_path / f"{n}.csv") for n in range(30)]
    job = ImportJob(desk, paths, IN_PROCESS)
    job.pause()
    results: list[BatchResult] = []
    thread = threading.Thread(target=lambda: results.append(job.run()))
    thread.start()

    assert settled(lambda: job.snapshot.step == "reading")
    time.sleep(0.3)
    assert job.snapshot.done == 0
    job.resume()
    thread.join(30)

    assert results[0].rows == 90


def test_a_job_that_was_laid_down_goes_on_in_another_program(
    desk: Desk, other_desk: Desk, tmp_path: Path
) -> None:
    paths = [csv_file(tmp_path / f"{n}.csv", 50) for n in range(300)]
    job = ImportJob(desk, paths, IN_PROCESS)
    thread = threading.Thread(target=job.run)
    thread.start()
    assert settled(lambda: job.snapshot.done > 5)
    job.suspend()
    thread.join(20)
    left = job_control.job(desk, job.job_id)

    (ended,) = JobManager(other_desk).run_until_idle()

    assert left.state is JobState.IN_PROGRESS
    assert left.owner is None
    assert isinstance(ended.result, BatchResult)
    assert ended.result.successful == 300
    assert browsing.desk_summary(desk)["rows_raw"] == 15_000
    assert job_control.job(desk, job.job_id).state in TERMINAL


def test_the_steps_of_a_job_are_kept_in_order(desk: Desk, tmp_path: Path) -> None:
    batch = import_paths(desk, [csv_file(tmp_path / "a.csv")], settings=IN_PROCESS)
    steps = job_control.job_steps(desk, batch.job_id)

    assert [step for step, _ in steps] == ["saving", "reading"]
    assert [at for _, at in steps] == sorted(at for _, at in steps)


def test_a_file_that_kills_its_worker_is_set_aside_and_the_others_go_on(
    desk: Desk, tmp_path: Path
) -> None:
    paths = [csv_file(tmp_path / f"{name}.csv") for name in ("a", "poison", "b", "c")]
    job = ImportJob(desk, paths, JobSettings(Mode.OPTIMIZED, 2))
    job._task = fake_tasks.read_or_die

    batch = job.run()

    assert [f.outcome.value for f in batch.files] == ["done", "rejected", "done", "done"]
    poisoned = job_control.job_files(desk, batch.job_id)[1]
    assert (poisoned.error_code, poisoned.step) == ("worker_died", "reading")
    assert poisoned.attempts >= 1
    assert error_traits("worker_died").severity is Severity.CRITICAL
    assert batch.state is JobState.JOB_COMPLETE


@pytest.mark.logs
def test_a_file_that_hangs_is_set_aside_in_one_process_as_well(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_limits, "BASE_SECONDS", 0.5)
    released = threading.Event()

    def read_or_hang(chunk: Chunk[ReadingPayload]) -> Outcome[SourceContent]:
        if isinstance(chunk.payload, ReadSource) and chunk.payload.name == "b.csv":
            released.wait(60)
        return read(chunk)

    paths = [csv_file(tmp_path / f"{name}.csv") for name in "abc"]
    job = ImportJob(desk, paths, IN_PROCESS)
    job._task = read_or_hang
    batch = job.run()
    released.set()

    assert [f.outcome.value for f in batch.files] == ["done", "rejected", "done"]
    assert job_control.job_files(desk, batch.job_id)[1].error_code == "too_slow"
