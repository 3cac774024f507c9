"""The page of reports, as a clerk uses it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import write_csv
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot
from test_ui import RETAIL, drop, settle

from invoice_desk.app import Session
from invoice_desk.services import aggregating
from invoice_desk.services.reviewing import Correction, correct
from invoice_desk.ui.background import Background
from invoice_desk.ui.main_window import MainWindow
from invoice_desk.ui.report_choices import KPIS, OWN
from invoice_desk.ui.report_grid import GridContent, ReportGrid
from invoice_desk.ui.reports_view import ReportsView

STATEMENT = (
    "Organisation;Source;N Fact;Typ Fact;Date Fact;Client;Montant Ht;Montant Taxe;Montant Ttc;"
    "Chiffre Aff Exe;Encaissement;Date Rglt\n"
)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    session = Session(tmp_path / "desk" / "desk.db", settings)
    assert session.window is not None
    qtbot.addWidget(session.window)
    session.window.show()
    yield session.window
    session.window.jobs.close()
    session.window.close()
    session.close()


def bring(window: MainWindow, qtbot: QtBot, path: Path, text: str) -> ReportsView:
    """Import and clean a file, then open the page of reports."""
    drop(window, write_csv(path, text))
    settle(qtbot, window)
    window.jobs.clean(None)
    settle(qtbot, window)
    window.navigation.buttons["reports"].click()
    settle(qtbot, window)
    return window.reports


def retail(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> ReportsView:
    rows = [
        f"{n},22A,LAMP,{n},2024-03-15 08:00:00,{price},12000,{country}\n"
        for n, price, country in ((1, "1000.5", "Spain"), (2, "2", "France"), (3, "?", "France"))
    ]
    return bring(window, qtbot, tmp_path / "online_retail.csv", RETAIL + "".join(rows))


def choose(page: ReportsView, report: str) -> None:
    boxes = page.choices
    boxes.reports.setCurrentIndex(boxes.reports.findData(report))


def press_compute(page: ReportsView, window: MainWindow, qtbot: QtBot) -> None:
    page.compute.click()
    settle(qtbot, window)


def test_an_empty_desk_says_that_nothing_is_cleaned(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("reports")
    settle(qtbot, window)

    assert window.reports.stack.currentWidget() is window.reports.empty
    assert "Nothing is cleaned yet" in window.reports.empty.text()
    assert not window.reports.compute.isEnabled()
    assert not window.reports.earlier.isVisible()


def test_own_figures_are_computed_copied_and_accounted_for(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    page = retail(window, qtbot, tmp_path)
    assert "press Compute" in page.empty.text()
    boxes = page.choices
    choose(page, OWN)
    boxes.functions.setCurrentIndex(boxes.functions.findData("sum"))
    boxes.fields.setCurrentIndex(boxes.fields.findData("net_amount"))
    boxes.first_key.setCurrentIndex(boxes.first_key.findData("country"))

    press_compute(page, window, qtbot)
    page.copy()
    settle(qtbot, window)

    assert page.grid.content == GridContent(
        ("Country", "Sum of net amount (GBP)", "Rows"),
        (
            ("France", Decimal(4), 2),
            ("Spain", Decimal("1000.5"), 1),
            ("All", Decimal("1004.5"), 3),
        ),
        (False, True, True),
    )
    assert page.account.text().startswith("3 rows seen = 3 counted + 0 left out. 1 rows without")
    assert "cannot be read" in page.account.text()
    assert "control totals agree" in page.account.text()
    assert QGuiApplication.clipboard().text().splitlines()[2] == "Spain\t1000.5\t1"
    assert not page.stale.isVisible()


def test_a_named_report_is_marked_stale_and_computed_again(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    page = retail(window, qtbot, tmp_path)
    choose(page, "sales_by_country")
    press_compute(page, window, qtbot)

    correct(window._desk, 1, [Correction(1, "quantity", "2")])
    window.refresh()
    settle(qtbot, window)
    was_stale = page.stale.isVisible() and "(stale)" in page.earlier.itemText(0)
    page.again.click()
    settle(qtbot, window)

    assert was_stale
    assert not page.stale.isVisible()
    assert page.grid.content.rows[1] == ("Spain", Decimal(2001), Decimal(2), 1)
    assert page.earlier.count() == 1
    assert "(stale)" not in page.earlier.itemText(0)


def test_an_earlier_result_is_shown_again(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    page = retail(window, qtbot, tmp_path)
    for report in ("sales_by_country", "sales_by_month"):
        choose(page, report)
        press_compute(page, window, qtbot)

    page.earlier.setCurrentIndex(1)
    page.earlier.activated.emit(1)
    settle(qtbot, window)

    assert page.kept is not None
    assert page.kept.name == "sales_by_country"
    assert page.grid.rowCount() == 3
    assert len(aggregating.aggregates(window._desk)) == 2


def test_key_figures_and_objectives_in_the_window(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    rows = (
        "DOT_ORAN;DCC;1;FA;02/01/2023;Atelier;100;19;119;100;100;05/01/2023\n"
        "DOT_ORAN;DCC;2;FA;02/01/2024;Atelier;100;19;119;100;60;05/02/2024\n"
    )
    page = bring(window, qtbot, tmp_path / "etat_facture.csv", STATEMENT + rows)
    text = "DOT,Année,Objectif encaissement\nOran,2024,120\nMars,2024,1\n"
    page.import_objectives(write_csv(tmp_path / "objectifs.csv", text))
    settle(qtbot, window)
    said = page.problem.text()

    choose(page, KPIS)
    press_compute(page, window, qtbot)

    assert "1 new" in said
    assert "Row 3" in said
    oran = page.grid.content.rows[0]
    assert oran[:7] == ("Oran", "2024", 60, 100, Decimal(-40), 120, 50)
    assert oran[9] == "more than 20 % up or down, less than 80 % of the objective"
    assert [page.choices.years.itemData(i) for i in range(2)] == [2024, 2023]
    assert "Highest: Oran" in page.account.text()


def test_a_refusal_is_a_sentence_on_the_page(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    page = retail(window, qtbot, tmp_path)

    page.import_objectives(tmp_path / "nothing.csv")
    settle(qtbot, window)

    assert page.problem.isVisible()
    assert "There is no file" in page.problem.text()


def test_what_does_not_apply_is_not_offered(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    page = retail(window, qtbot, tmp_path)
    boxes = page.choices
    choose(page, OWN)
    boxes.functions.setCurrentIndex(boxes.functions.findData("sum"))
    summed = {boxes.fields.itemData(i) for i in range(boxes.fields.count())}
    boxes.functions.setCurrentIndex(boxes.functions.findData("max"))
    greatest = {boxes.fields.itemData(i) for i in range(boxes.fields.count())}
    boxes.functions.setCurrentIndex(boxes.functions.findData("count"))

    assert summed == {"quantity", "unit_price", "net_amount"}
    assert greatest == summed | {"issue_date"}
    assert not boxes.fields.isVisible()
    assert boxes.reports.findData(KPIS) == -1


def test_a_hundred_thousand_rows_are_shown_and_sorted_without_a_halt(qtbot: QtBot) -> None:
    background = Background(threads=1)
    grid = ReportGrid(background)
    QAbstractItemModelTester(grid, QAbstractItemModelTester.FailureReportingMode.Warning)
    rows = tuple((str(n), None if n % 2 else Decimal(n)) for n in range(100_000))
    grid.show_content(GridContent(("Name", "Sum"), rows, (False, True)))

    grid.sort(1, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: not background.is_busy, timeout=10_000)

    assert grid.index(0, 1).data() in {"99,998.00", "99998.00"}
    assert grid.index(99_999, 1).data() == ""
    background.wait()
