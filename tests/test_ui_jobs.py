"""The page of jobs and the dock, as a clerk uses them."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from conftest import write_csv
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QDialog, QMessageBox
from pytestqt.qtbot import QtBot
from test_ui import drop, retail_csv, settle

from invoice_desk.app import Session
from invoice_desk.core.job_lines import JobLine
from invoice_desk.core.jobs import JobState
from invoice_desk.core.modes import Mode
from invoice_desk.db.engine import writing
from invoice_desk.db.jobs import add_job, job_update
from invoice_desk.services import job_control
from invoice_desk.services.importing import ImportJob, import_paths
from invoice_desk.services.job_listing import job_detail, job_lines
from invoice_desk.services.job_results import ResultList
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.snapshots import Snapshot
from invoice_desk.ui.job_columns import JobColumn
from invoice_desk.ui.job_detail import count_lines
from invoice_desk.ui.job_dialogs import AfterDialog, ScheduleDialog
from invoice_desk.ui.job_plots import JobPlots, rates
from invoice_desk.ui.jobs_dock import JobRow
from invoice_desk.ui.jobs_model import JobsModel
from invoice_desk.ui.main_window import MainWindow
from invoice_desk.ui.notifier import Notifier, SystemMessages
from invoice_desk.ui.results_dialog import ResultsDialog
from invoice_desk.ui.retry_dialog import RetryDialog

D = TypeVar("D", bound=QDialog)
NOW = dt.datetime(2024, 5, 1, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    session = Session(tmp_path / "desk" / "desk.db", settings)
    assert session.window is not None
    session.window.show()
    yield session.window
    session.window.jobs.close()
    session.window.jobs._rows.clear()  # what waits goes on at the next start; nobody is asked
    session.window.close()
    session.close()


def line(number: int, **values: Any) -> JobLine:
    counts = {"total": 2, "successful": 2, "failed": 0, "unprocessed": 0, "rows": 10}
    known: dict[str, Any] = {"operation": "import", "title": f"file {number}", "error": None}
    known |= {"state": JobState.JOB_COMPLETE, "created_at": NOW, **counts}
    return JobLine(number, **known | values)


def waiting_import(window: MainWindow, path: Path, **values: Any) -> int:
    """Record an import that the manager leaves alone until tomorrow; return its number."""
    later = window._desk.now() + dt.timedelta(days=1)
    job = ImportJob(window._desk, [path], JobSettings())
    return job.enqueue(**{"not_before": later} | values)


def show_jobs(window: MainWindow, qtbot: QtBot, *ids: int) -> None:
    """Open the page of jobs and select some."""
    window.show_page("jobs")
    page = window.jobs_page
    qtbot.waitUntil(
        lambda: all(page.model.row_of(number) is not None for number in ids), timeout=5000
    )
    settle(qtbot, window)
    page.select(set(ids))
    if ids:
        qtbot.waitUntil(lambda: page.detail.job_id in ids, timeout=5000)


def until(qtbot: QtBot, window: MainWindow, is_so: Callable[[dict[int, JobLine]], bool]) -> None:
    """Wait until the jobs of the desk are so."""

    def found() -> bool:
        return is_so({line.id: line for line in job_lines(window._desk)})

    qtbot.waitUntil(found, timeout=20_000)


def dialog_of(window: MainWindow, qtbot: QtBot, kind: type[D]) -> D:
    qtbot.waitUntil(lambda: bool(window.findChildren(kind)), timeout=5000)
    return window.findChildren(kind)[-1]


def shown(model: JobsModel, row: int, column: JobColumn) -> str:
    return str(model.index(row, column).data())


# --- the table ------------------------------------------------------------------------


def test_the_model_obeys_qt_while_jobs_come_change_and_go(qtbot: QtBot) -> None:
    model = JobsModel()
    tester = QAbstractItemModelTester(
        model, QAbstractItemModelTester.FailureReportingMode.Warning, model
    )

    model.show_lines([line(1), line(2), line(3)])
    model.sort(JobColumn.NUMBER, Qt.SortOrder.AscendingOrder)
    model.merge([line(2, state=JobState.FAILED)])
    model.show_lines([line(1), line(3)])

    assert tester.model() is model
    assert [model.record(row).id for row in range(model.rowCount())] == [1, 3]


def test_the_newest_job_comes_first_until_a_heading_is_clicked(qtbot: QtBot) -> None:
    model = JobsModel()
    model.show_lines([line(1, rows=30), line(2, rows=10), line(3, rows=20)])

    before = [model.record(row).id for row in range(3)]
    model.sort(JobColumn.ROWS, Qt.SortOrder.DescendingOrder)

    assert before == [3, 2, 1]
    assert [model.record(row).id for row in range(3)] == [1, 3, 2]


def test_a_running_job_shows_bar_rate_time_left_and_step(qtbot: QtBot) -> None:
    model = JobsModel()
    model.show_lines([line(7, state=JobState.IN_PROGRESS, owner="here")])
    now = Snapshot(
        *(7, "import", "file 7", JobState.IN_PROGRESS, "reading"),
        done=3,
        failed=1,
        total=8,
        rows=500,
        work_done=0.25,
        rate=120.0,
        left=(5.0, 65.0),
        mode="optimized",
        workers=4,
    )

    is_shown = model.show_snapshot(now)

    assert is_shown
    cells = (JobColumn.STATE, JobColumn.PROGRESS, JobColumn.NOW, JobColumn.RATE, JobColumn.LEFT)
    told = [shown(model, 0, column) for column in cells]
    assert told == ["In Progress", "25%", "reading", "120", "0:05 to 1:05"]
    files = (JobColumn.SUCCESSFUL, JobColumn.FAILED, JobColumn.UNPROCESSED, JobColumn.WORKERS)
    assert [shown(model, 0, column) for column in files] == ["2", "1", "5", "4"]


def test_a_waiting_job_says_for_what(qtbot: QtBot) -> None:
    model = JobsModel()
    model.show_lines(
        [
            line(1, state=JobState.OPEN, after_id=4),
            line(2, state=JobState.OPEN, waiting_for="Waits for memory."),
            line(3, state=JobState.OPEN, wish="pause"),
        ]
    )

    assert shown(model, 2, JobColumn.NOW) == "Waits for job 4."
    assert shown(model, 1, JobColumn.NOW) == "Waits for memory."
    assert shown(model, 0, JobColumn.STATE) == "Open, paused"


def test_the_page_filters_by_state_kind_and_text(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(window, retail_csv(tmp_path / "lamps.csv", 3))
    settle(qtbot, window)
    window.jobs.clean()
    settle(qtbot, window)
    waiting_import(window, tmp_path / "lamps.csv")
    show_jobs(window, qtbot, 1, 2, 3)
    page = window.jobs_page

    page.kind.setCurrentIndex(page.kind.findData("clean"))
    qtbot.waitUntil(lambda: page.model.rowCount() == 1, timeout=5000)
    cleanings = page.model.record(0).id
    page.kind.setCurrentIndex(0)
    page.standing.setCurrentIndex(page.standing.findData("waiting"))
    qtbot.waitUntil(lambda: page.model.active_ids == {3}, timeout=5000)
    page.standing.setCurrentIndex(page.standing.findData("failed"))
    qtbot.waitUntil(lambda: page.model.rowCount() == 0, timeout=5000)
    told = page.count.text()
    page.standing.setCurrentIndex(0)
    page.search.setText("LAMPS")
    qtbot.waitUntil(lambda: page.model.rowCount() == 2, timeout=5000)

    assert cleanings == 2
    assert told == "No job is like that."


def test_a_job_of_another_program_appears_and_changes_by_itself(
    window: MainWindow, qtbot: QtBot
) -> None:
    show_jobs(window, qtbot)
    desk, page = window._desk, window.jobs_page
    progress = {"done": 1, "total": 4, "work_done": 0.25, "step": "reading"}

    with writing(desk.engine) as connection:
        number = add_job(connection, operation="import", title="there", now=desk.now())
        values = {"owner": "elsewhere/1/2.00", "heartbeat_at": desk.now(), "progress": progress}
        connection.execute(job_update(number, **values))
    qtbot.waitUntil(lambda: page.model.row_of(number) == 0, timeout=5000)
    qtbot.waitUntil(lambda: shown(page.model, 0, JobColumn.PROGRESS) == "25%", timeout=5000)
    with writing(desk.engine) as connection:
        connection.execute(job_update(number, progress=progress | {"work_done": 0.75}))

    qtbot.waitUntil(lambda: shown(page.model, 0, JobColumn.PROGRESS) == "75%", timeout=5000)


def test_what_is_selected_stays_selected_when_the_list_changes(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = retail_csv(tmp_path / "a.csv", 1)
    numbers = [waiting_import(window, path) for _ in range(3)]
    show_jobs(window, qtbot, numbers[1])

    new = waiting_import(window, path)
    qtbot.waitUntil(lambda: window.jobs_page.model.row_of(new) is not None, timeout=5000)

    assert [line.id for line in window.jobs_page.selected()] == [numbers[1]]


# --- operations -----------------------------------------------------------------------


def test_several_waiting_jobs_are_paused_resumed_and_cancelled_at_once(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = retail_csv(tmp_path / "a.csv", 1)
    ids = [waiting_import(window, path) for _ in range(3)]
    show_jobs(window, qtbot, *ids[:2])
    page = window.jobs_page

    page.buttons["pause"].click()
    until(qtbot, window, lambda jobs: [jobs[i].is_paused for i in ids] == [True, True, False])
    qtbot.waitUntil(page.buttons["resume"].isEnabled, timeout=5000)
    page.buttons["resume"].click()
    until(qtbot, window, lambda jobs: not any(job.is_paused for job in jobs.values()))
    page.buttons["cancel"].click()

    states = [JobState.ABORTED, JobState.ABORTED, JobState.OPEN]
    until(qtbot, window, lambda jobs: [jobs[i].state for i in ids] == states)


def test_the_priority_goes_up_and_down_by_keys(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    number = waiting_import(window, retail_csv(tmp_path / "a.csv", 1))
    show_jobs(window, qtbot, number)
    actions = window.jobs_page.actions_by_id

    actions["higher"].trigger()
    until(qtbot, window, lambda jobs: jobs[number].priority == 1)
    qtbot.waitUntil(lambda: window.jobs_page.model.record(0).priority == 1, timeout=5000)
    actions["lower"].trigger()

    until(qtbot, window, lambda jobs: jobs[number].priority == 0)
    keys = [action.shortcut().toString() for action in actions.values()]
    assert len({key for key in keys if key}) == len(actions) - 1


def test_a_job_is_scheduled_and_made_to_follow_another(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = retail_csv(tmp_path / "a.csv", 1)
    first, second = waiting_import(window, path), waiting_import(window, path)
    show_jobs(window, qtbot, second)
    actions = window.jobs_page.actions_by_id

    actions["after"].trigger()
    after = dialog_of(window, qtbot, AfterDialog)
    choices = [after.choice.itemData(i) for i in range(after.choice.count())]
    after.accept()
    until(qtbot, window, lambda jobs: jobs[second].after_id == first)
    actions["schedule"].trigger()
    schedule = dialog_of(window, qtbot, ScheduleDialog)
    schedule.soon.setChecked(True)
    schedule.accept()

    until(qtbot, window, lambda jobs: jobs[second].not_before is None)
    assert choices == [first, None]


def test_deleting_asks_first_and_keeps_what_was_imported(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(window, retail_csv(tmp_path / "a.csv", 2))
    settle(qtbot, window)
    show_jobs(window, qtbot, 1)

    window.jobs_page.buttons["delete"].click()
    box = dialog_of(window, qtbot, QMessageBox)
    question = box.text()
    box.button(QMessageBox.StandardButton.Yes).click()

    until(qtbot, window, lambda jobs: not jobs)
    qtbot.waitUntil(lambda: window.jobs_page.model.rowCount() == 0, timeout=5000)
    assert "Delete job 1" in question
    assert len(window._sources) == 1


def test_what_failed_is_tried_again_with_other_settings(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(window, write_csv(tmp_path / "empty.csv", ""), retail_csv(tmp_path / "a.csv", 2))
    settle(qtbot, window)
    show_jobs(window, qtbot, 1)

    window.jobs_page.buttons["retry"].click()
    dialog = dialog_of(window, qtbot, RetryDialog)
    told, as_before = dialog.what.text(), dialog.settings
    dialog.as_before.setChecked(False)
    dialog.workers.setValue(2)
    dialog.mode.setCurrentIndex(dialog.mode.findData(Mode.STANDARD))
    dialog.accept()

    until(qtbot, window, lambda jobs: 2 in jobs and jobs[2].has_ended)
    again = job_control.job(window._desk, 2)
    assert "1 that failed, 0 not begun" in told
    assert as_before is None
    assert (again.retry_of, again.total) == (1, 1)
    assert (again.request["workers"], again.request["mode"]) == (2, "standard")


def test_what_is_refused_is_told_in_one_message(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    number = waiting_import(window, retail_csv(tmp_path / "a.csv", 1))
    show_jobs(window, qtbot, number)
    stale = window.jobs_page.selected()
    job_control.cancel(window._desk, number)

    window.job_operations.pause(stale)

    qtbot.waitUntil(lambda: window.job_operations.refusal is not None, timeout=5000)
    box = window.job_operations.refusal
    assert box is not None
    assert f"Job {number} is Aborted already." in box.informativeText()
    box.close()


def test_cleaning_follows_an_import_that_waits(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    number = waiting_import(window, retail_csv(tmp_path / "a.csv", 4))
    show_jobs(window, qtbot, number)

    window.jobs_page.actions_by_id["clean_after"].trigger()
    until(qtbot, window, lambda jobs: len(jobs) == 2)
    (row,) = window.dock._rows
    qtbot.waitUntil(lambda: row.detail.text() == f"Waits for job {number}.", timeout=10_000)
    job_control.schedule(window._desk, number, None)
    window.jobs.manager.look()

    until(qtbot, window, lambda jobs: all(job.has_ended for job in jobs.values()))
    cleaning = job_control.job(window._desk, number + 1)
    assert (cleaning.operation, cleaning.after_id, cleaning.rows) == ("clean", number, 4)


# --- the dock -------------------------------------------------------------------------


def test_a_running_import_is_paused_and_resumed_from_the_dock(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    for number in range(12):
        retail_csv(tmp_path / f"{number}.csv", 8_000 + number)
    drop(window, tmp_path)
    (row,) = window.dock._rows
    qtbot.waitUntil(lambda: "reading" in row.detail.text(), timeout=30_000)

    row.pause.click()
    qtbot.waitUntil(lambda: "paused" in row.detail.text(), timeout=5000)
    offered = row.pause.text()
    until(qtbot, window, lambda jobs: jobs[1].is_paused)
    row.pause.click()
    until(qtbot, window, lambda jobs: jobs[1].state is JobState.JOB_COMPLETE)

    assert offered == "Resume"
    settle(qtbot, window)


def test_a_job_that_is_added_while_another_runs_is_recorded_at_once(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    for number in range(8):
        retail_csv(tmp_path / f"{number}.csv", 8_000 + number)
    drop(window, tmp_path)
    row = window.dock._rows[0]
    qtbot.waitUntil(lambda: "reading" in row.detail.text(), timeout=30_000)
    row.pause.click()

    window.jobs.clean()

    until(qtbot, window, lambda jobs: len(jobs) == 2 and not jobs[1].has_ended)
    row.pause.click()
    settle(qtbot, window)
    assert [line.rows > 0 for line in job_lines(window._desk)] == [True, True]


def test_a_long_error_takes_one_line_of_the_dock(qtbot: QtBot) -> None:
    row = JobRow()
    qtbot.addWidget(row)
    before = row.sizeHint().height()

    row.show_summary("It went wrong.\n" * 30)

    assert row.sizeHint().height() == before
    assert "\n" not in row.detail.text()


# --- one job in detail ----------------------------------------------------------------


def test_a_job_shows_files_with_errors_and_what_to_do(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "torn.pdf").write_bytes(b"%PDF-1.7 torn")
    drop(window, tmp_path / "torn.pdf", retail_csv(tmp_path / "a.csv", 2))
    settle(qtbot, window)
    show_jobs(window, qtbot, 1)
    detail = window.jobs_page.detail

    everything = detail.files.rowCount()
    detail.only_left_over.setChecked(True)
    detail.copy()
    copied = QGuiApplication.clipboard().mimeData()

    assert everything == 2
    assert detail.files.rowCount() == 1
    cells = detail.files.cells([0])[0]
    assert cells[:4] == ["torn.pdf", "Not readable", "Error", "File format"]
    assert all(cells[4:6])
    assert "Files: 2 = 1 successful + 1 failed + 0 left" in detail.counts.text()
    assert "mso-number-format" in copied.html()
    assert len(copied.text().splitlines()) == 2
    assert detail.steps.rowCount() > 0


def test_counts_of_a_running_job_come_from_its_files(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    number = waiting_import(window, tmp_path)

    found = count_lines(job_detail(window._desk, number))

    assert found == ["Files: 0 = 0 successful + 0 failed + 0 left"]


def test_the_detail_says_when_nothing_is_selected_or_measured(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    show_jobs(window, qtbot)
    detail = window.jobs_page.detail
    before = detail.head.text()
    number = waiting_import(window, tmp_path)
    show_jobs(window, qtbot, number)

    detail.tabs.setCurrentIndex(2)

    assert before == "Select a job to see what became of each file."
    assert detail.plots is not None
    assert detail.plots.currentWidget() is detail.plots.nothing


def test_plots_show_what_was_measured(qtbot: QtBot) -> None:
    plots = JobPlots()
    qtbot.addWidget(plots)
    samples = [[0.0, 0, 100_000_000, 0.5], [1.0, 400, 200_000_000, 1.5], [3.0, 400, 150e6, 0.0]]

    plots.show_samples(samples)

    assert rates(samples) == [400.0, 0.0]
    assert plots.currentIndex() == 1
    assert list(plots.memory.getData()[1]) == [100.0, 200.0, 150.0]
    assert list(plots.cores.getData()[1]) == [0.5, 1.5, 0.0]


def test_the_window_starts_without_the_library_of_plots() -> None:
    code = "import sys, invoice_desk.ui.main_window; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "pyqtgraph" not in loaded


# --- messages -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "is_active", "count"), [(12.0, False, 1), (12.0, True, 0), (3.0, False, 0)]
)
def test_the_end_of_a_long_job_is_told_when_nobody_looks(
    seconds: float, is_active: bool, count: int
) -> None:
    told: list[tuple[str, str]] = []
    notifier = Notifier(is_active=lambda: is_active, announce=lambda *text: told.append(text))

    notifier.tell(
        Snapshot(
            job_id=1,
            operation="import",
            title="March",
            state=JobState.JOB_COMPLETE,
            seconds=seconds,
        ),
        "3 files saved",
    )

    assert told == [("Import March: Job Complete", "3 files saved")] * count


def test_without_messages_of_the_desktop_the_window_asks_for_a_look(
    window: MainWindow, qtbot: QtBot
) -> None:
    messages = SystemMessages(window)

    messages("Import: Job Complete", "3 files saved")

    assert messages._tray is None or messages._tray.isVisible()


# --- the three lists ----------------------------------------------------------------------


def test_what_failed_is_listed_and_exported(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "empty.csv").touch()
    (folder / "a.csv").write_text("N Fact;Montant Ttc\nA-1;12,50\n", encoding="utf-8")
    batch = import_paths(window._desk, [folder], settings=JobSettings(Mode.STANDARD))
    show_jobs(window, qtbot, batch.job_id)

    window.jobs_page.actions_by_id["results"].trigger()
    dialog = dialog_of(window, qtbot, ResultsDialog)
    qtbot.waitUntil(lambda: dialog.table is not None, timeout=5000)
    assert dialog.table is not None
    model = dialog.table.model()
    assert dialog.wanted is ResultList.FAILED
    assert model.rowCount() == 1
    assert "empty" in str(model.index(0, 2).data())

    dialog.export_to(tmp_path / "failed.csv")
    qtbot.waitUntil(lambda: "1 rows written" in dialog.count.text(), timeout=5000)
    assert "empty.csv" in (tmp_path / "failed.csv").read_text("utf-8")
    dialog.close()
