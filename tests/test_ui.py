"""The window, as a clerk uses it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import write_csv
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox
from pytestqt.qtbot import QtBot

from invoice_desk.app import Session
from invoice_desk.core.jobs import JobState
from invoice_desk.core.modes import Mode
from invoice_desk.core.source import TABULAR, SourceStatus
from invoice_desk.db.engine import writing
from invoice_desk.db.sources import source_update
from invoice_desk.paths import resource
from invoice_desk.services import reviewing, templating
from invoice_desk.services.browsing import View
from invoice_desk.services.importing import ImportJob, import_paths
from invoice_desk.services.jobs import JobSettings
from invoice_desk.ui.actions import ACTIONS
from invoice_desk.ui.error_dialog import report, show_error
from invoice_desk.ui.jobs_dock import JobRow
from invoice_desk.ui.main_window import MainWindow
from invoice_desk.ui.mapping_dialog import MappingDialog

RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def retail_csv(path: Path, count: int) -> Path:
    rows = (f"{n},22A,LAMP {n % 7},2,2024-03-15 08:00:00,2.50,12000,France\n" for n in range(count))
    return write_csv(path, RETAIL + "".join(rows))


@pytest.fixture
def session(qtbot: QtBot, tmp_path: Path) -> Iterator[Session]:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    opened = Session(tmp_path / "desk" / "desk.db", settings)
    assert opened.window is not None
    qtbot.addWidget(opened.window)
    opened.window.show()
    yield opened
    if opened.window.jobs.is_busy:
        opened.window.jobs.close()
    opened.window.close()
    opened.close()


@pytest.fixture
def window(session: Session) -> MainWindow:
    assert session.window is not None
    return session.window


def settle(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until no job runs, no call is out, and every page that is shown is there."""

    def is_quiet() -> bool:
        busy = window.jobs.is_busy or window.background.is_busy
        return not (busy or window.decisions.background.is_busy or window._refresh_soon.isActive())

    qtbot.waitUntil(is_quiet, timeout=60_000)


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    middle, button = QPoint(400, 300), Qt.MouseButton.LeftButton
    none, copy = Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(middle, copy, data, button, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(middle), copy, data, button, none))


def texts(window: MainWindow, qtbot: QtBot, column: int, rows: int = 3) -> list[str]:
    model = window.table.model

    def are_there() -> bool:
        return all(model.index(r, column).data() != "…" for r in range(min(rows, model.rowCount())))

    qtbot.waitUntil(are_there, timeout=10_000)
    return [model.index(r, column).data() for r in range(min(rows, model.rowCount()))]


def column_of(window: MainWindow, heading: str) -> int:
    model = window.table.model
    horizontal = Qt.Orientation.Horizontal
    headings = [model.headerData(c, horizontal) for c in range(model.columnCount())]
    return headings.index(f"→ {heading}")


def open_first(window: MainWindow, qtbot: QtBot) -> None:
    window.open_source(window._sources[0])
    settle(qtbot, window)


def test_an_empty_desk_says_how_to_begin(window: MainWindow, qtbot: QtBot) -> None:
    settle(qtbot, window)

    assert window.inbox.stack.currentWidget() is window.inbox.welcome
    assert not window.actions_by_id["clean"].isEnabled()
    assert not window.actions_by_id["export"].isEnabled()


def test_a_dropped_folder_is_imported_cleaned_and_shown(
    window: MainWindow, qtbot: QtBot, samples: Path
) -> None:
    drop(window, samples)
    settle(qtbot, window)
    window.actions_by_id["clean"].trigger()
    settle(qtbot, window)

    count = window.inbox.model.rowCount()
    names = {window.inbox.model.index(r, 0).data(): r for r in range(count)}
    files = {path.name for path in samples.rglob("*") if path.is_file()}
    assert files < set(names)  # and what the ZIP holds
    broken = names["broken.pdf"]
    assert window.inbox.model.index(broken, 7).data() == "Not readable"
    assert "save it anew" in window.inbox.model.index(broken, 8).data()
    window.show_page("review")
    settle(qtbot, window)
    assert window.review.table.findings.rowCount() > 0
    model = window.review.table.findings
    records = [model.record(row) for row in range(model.rowCount())]
    tables = {source.id for source in window._sources if source.kind in TABULAR}
    record = next(each for each in records if each.source_id in tables)
    window.review.table.jumped.emit(record)
    settle(qtbot, window)
    assert window.stack.currentWidget() is window.table
    current = window.table.grid.currentIndex().row()
    assert window.table.model.row_number(current) == record.row_number


def test_a_table_of_100_000_rows_is_filtered_in_the_database(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(window, retail_csv(tmp_path / "big.csv", 100_000))
    settle(qtbot, window)
    open_first(window, qtbot)
    assert window.table.view is View.RAW
    window.table.clean.click()
    settle(qtbot, window)

    window.table.segments[View.SIDE_BY_SIDE].click()
    settle(qtbot, window)

    model = window.table.model
    assert model.rowCount() == 100_000
    last = model.index(99_999, 1)
    qtbot.waitUntil(lambda: last.data() == "99999", timeout=10_000)
    assert len(model._pages) < 60
    window.table.search.setText("LAMP 3")
    qtbot.waitUntil(lambda: model.rowCount() == 14_286, timeout=10_000)
    window.table.search.clear()
    window.table.status.setCurrentIndex(window.table.status.findData("filtered_out"))
    qtbot.waitUntil(lambda: model.rowCount() == 0, timeout=10_000)


def test_a_running_import_can_be_cancelled_from_the_dock(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    for n in range(40):
        retail_csv(tmp_path / f"{n}.csv", 20_000 + n)
    seen: list[Any] = []
    window.jobs.imported.connect(seen.append)
    drop(window, tmp_path)
    (row,) = window.dock._rows
    qtbot.waitUntil(lambda: "reading" in row.detail.text(), timeout=30_000)

    asked = time.monotonic()
    row.cancel.click()
    qtbot.waitUntil(lambda: bool(seen), timeout=10_000)

    assert time.monotonic() - asked < 2.5
    assert seen[0].state is JobState.ABORTED
    assert (
        seen[0].successful + seen[0].pending + seen[0].failed + seen[0].duplicates == seen[0].total
    )
    assert "Aborted" in row.detail.text()
    settle(qtbot, window)
    window.show_page("jobs")
    settle(qtbot, window)
    assert window.jobs_page.model.index(0, 3).data() == "Aborted"


def test_the_window_stays_alive_while_rows_pour_in(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = retail_csv(tmp_path / "big.csv", 150_000)
    settle(qtbot, window)
    ticks = [time.perf_counter()]
    timer = QTimer()
    timer.setInterval(5)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start()

    drop(window, path)
    settle(qtbot, window)
    timer.stop()

    gaps = [b - a for a, b in pairwise(ticks)]
    assert max(gaps) < 0.5  # the figure is measured by the benchmark; here only a stall fails


def test_an_unknown_file_is_mapped_corrected_undone_cleaned_and_exported(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    text = "Beleg;Wer;Wann;Brutto\nA-1;Acme;13.02.2024;1.234,50\nA-2;Acme;14.02.2024;wenig\n"
    drop(window, write_csv(tmp_path / "feb.csv", text))
    settle(qtbot, window)
    open_first(window, qtbot)
    window.actions_by_id["mapping"].trigger()
    qtbot.waitUntil(lambda: bool(window.findChildren(MappingDialog)), timeout=5000)
    dialog = window.findChildren(MappingDialog)[0]
    dialog.types.setCurrentIndex(dialog.types.findData("invoice"))
    for row, name in enumerate(("invoice_number", "supplier_name", "issue_date", "total_amount")):
        dialog.model.assign(row, name)
    qtbot.waitUntil(lambda: dialog.shown.rowCount() == 2, timeout=5000)
    assert dialog.shown.index(0, 3).data() == "1234.50"
    dialog.name.setText("Acme")
    dialog.accept()
    settle(qtbot, window)
    total = column_of(window, "Total amount")
    assert texts(window, qtbot, total) == ["1234.50", ""]

    index = window.table.model.index(1, total)
    assert window.table.model.setData(index, "99,90")
    settle(qtbot, window)
    assert texts(window, qtbot, total) == ["1234.50", "99.90"]
    window.actions_by_id["undo"].trigger()
    settle(qtbot, window)
    assert texts(window, qtbot, total) == ["1234.50", ""]
    window.actions_by_id["redo"].trigger()
    settle(qtbot, window)
    window.table.clean.click()
    settle(qtbot, window)
    assert texts(window, qtbot, total) == ["1234.50", "99.90"]
    window.export_to(tmp_path / "out.csv")
    settle(qtbot, window)

    exported = (tmp_path / "out.csv").read_text("utf-8-sig")
    assert '"A-2"' in exported
    assert '"99.90"' in exported
    assert [t.name for t in templating.templates(window._desk)] == ["Acme"]


def test_a_value_that_is_none_is_refused_with_what_to_write(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(window, retail_csv(tmp_path / "a.csv", 3))
    settle(qtbot, window)
    window.jobs.clean()
    settle(qtbot, window)
    open_first(window, qtbot)
    price = column_of(window, "Unit price")
    texts(window, qtbot, price)

    accepted = window.table.model.setData(window.table.model.index(0, price), "cheap")

    assert not accepted
    (box,) = window.findChildren(QMessageBox)
    assert "1234.56" in box.text()
    box.close()
    assert reviewing.decision_log(window._desk, 1) == []


def test_rows_are_approved_and_copied(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    drop(window, retail_csv(tmp_path / "a.csv", 5))
    settle(qtbot, window)
    window.jobs.clean()
    settle(qtbot, window)
    open_first(window, qtbot)
    window.table.select_rows([1, 2])

    window.actions_by_id["approve"].trigger()
    settle(qtbot, window)
    window.table.select_rows([0, 1])
    window.actions_by_id["copy"].trigger()
    qtbot.waitUntil(lambda: "→ Unit price" in QGuiApplication.clipboard().text(), timeout=5000)

    assert texts(window, qtbot, 0) == ["Cleaned", "Cleaned ✓", "Cleaned ✓"]
    data = QGuiApplication.clipboard().mimeData()
    assert len(data.text().splitlines()) == 3
    assert "mso-number-format" in data.html()


def test_find_goes_to_the_field_of_the_page(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(window, retail_csv(tmp_path / "a.csv", 5))
    settle(qtbot, window)

    window.actions_by_id["find"].trigger()
    on_inbox = window.focusWidget() is window.inbox.search
    open_first(window, qtbot)
    window.actions_by_id["find"].trigger()

    assert on_inbox
    assert window.focusWidget() is window.table.search


def test_jobs_and_sizes_are_there_after_a_restart(
    qtbot: QtBot, tmp_path: Path, samples: Path
) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    first = Session(tmp_path / "desk.db", settings)
    assert first.window is not None
    first.window.show()
    drop(first.window, samples / "online_retail_2024-03-01.csv")
    settle(qtbot, first.window)
    first.window.inbox.table.setColumnWidth(0, 333)
    first.window.close()
    first.close()

    second = Session(tmp_path / "desk.db", settings)
    assert second.window is not None
    qtbot.addWidget(second.window)
    second.window.show_page("jobs")
    settle(qtbot, second.window)

    assert second.window.jobs_page.model.index(0, 3).data() == "Job Complete"
    assert second.window.inbox.table.columnWidth(0) == 333
    page = second.window.jobs_page
    page.select({1})
    qtbot.waitUntil(lambda: page.detail.job_id == 1, timeout=5000)
    settle(qtbot, second.window)
    second.window.close()
    second.close()


def test_a_desk_that_cannot_be_opened_is_a_sentence(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear all")

    session = Session(path, QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))

    assert session.window is None
    assert session.refusal is not None
    assert session.refusal.isVisible()
    assert session.exit_code == 4
    assert "not a desk" in session.refusal.text()
    session.refusal.close()
    session.close()


def test_our_mistakes_come_with_a_report_without_contents(qtbot: QtBot) -> None:
    error = ZeroDivisionError("1234.56 of Acme")

    box = show_error(None, error)
    qtbot.addWidget(box)

    assert "our mistake" in box.informativeText()
    assert "ZeroDivisionError" in report(error)
    assert "Acme" not in report(error)
    box.close()


def test_models_obey_qt(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    fatal = QAbstractItemModelTester.FailureReportingMode.Fatal
    testers = [
        QAbstractItemModelTester(model, fatal)
        for model in (window.table.model, window.inbox.model, window.review.table.findings)
    ]
    drop(window, retail_csv(tmp_path / "a.csv", 700))
    settle(qtbot, window)
    window.jobs.clean()
    settle(qtbot, window)
    open_first(window, qtbot)

    assert window.table.model.rowCount() == 700
    assert len(testers) == 3


def test_every_action_has_its_icon_and_its_own_shortcut() -> None:
    missing = [a.id for a in ACTIONS if not resource(f"icons/{a.id}.svg").exists()]
    shortcuts = [a.shortcut for a in ACTIONS]

    assert missing == []
    assert len(set(shortcuts)) == len(shortcuts)


def test_qt_calls_do_not_take_references_from_none(qapp: QApplication) -> None:
    label, before = QLabel(), sys.getrefcount(None)
    for _ in range(1000):
        label.setText("x")

    assert sys.getrefcount(None) > before - 500


def test_what_a_cancelled_import_left_is_done_by_going_on(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    for n in range(3):
        write_csv(tmp_path / f"{n}.csv", f"number\n{n}\n")
    job = ImportJob(window._desk, sorted(tmp_path.glob("*.csv")), JobSettings(Mode.STANDARD, 1))
    job.cancel()
    window.jobs.add(job)
    settle(qtbot, window)
    (row,) = window.findChildren(JobRow)
    assert row.bar.value() == 0

    row.pause.click()
    qtbot.waitUntil(lambda: len(window._sources) == 3, timeout=30_000)
    settle(qtbot, window)

    assert SourceStatus.PENDING not in {source.status for source in window._sources}


def test_what_is_not_read_says_what_to_do_and_is_read_from_the_menu(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    import_paths(window._desk, [write_csv(tmp_path / "a.csv", "number\n1\n")])
    with writing(window._desk.engine) as connection:
        connection.execute(source_update(1, status=SourceStatus.PENDING.value))
    window.refresh()
    settle(qtbot, window)
    told = window.inbox.model.index(0, 8).data()

    window.inbox.read_wanted.emit([1])
    settle(qtbot, window)

    assert "Read now" in told
    assert window._sources[0].status is not SourceStatus.PENDING


def test_a_filter_is_of_one_table_alone(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    for name in "ab":
        write_csv(tmp_path / f"{name}.csv", f"number,text\n1,{name}\n2,other\n")
    import_paths(window._desk, [tmp_path])
    window.refresh()
    settle(qtbot, window)
    window.open_source(window._sources[0])
    settle(qtbot, window)
    window.table.search.setText("nothing has this")
    qtbot.waitUntil(lambda: "None of 2 rows" in window.table.count.text(), timeout=10_000)

    window.open_source(window._sources[1])
    settle(qtbot, window)

    assert window.table.search.text() == ""
    qtbot.waitUntil(lambda: window.table.count.text() == "2 of 2 rows", timeout=10_000)
