"""Rules, passes, choices, settings and review in the window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest
from conftest import write_csv
from PySide6.QtCore import QModelIndex, QSettings, Qt, QTimer
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot
from test_ui import drop, retail_csv, settle

from invoice_desk.app import Session
from invoice_desk.core.document_types import Operator, Rule
from invoice_desk.core.lookups import ReferenceEntry
from invoice_desk.core.modes import WorkSettings
from invoice_desk.core.records import FindingRecord, PassRecord
from invoice_desk.services import passes as pass_services
from invoice_desk.services import types
from invoice_desk.services.passes import CellChange, Comparison, RowChange
from invoice_desk.settings import load_settings
from invoice_desk.ui.background import Background
from invoice_desk.ui.changes_model import ChangesModel
from invoice_desk.ui.choices_dialog import ChoicesDialog
from invoice_desk.ui.copy_type_dialog import CopyTypeDialog
from invoice_desk.ui.job_words import job_words
from invoice_desk.ui.main_window import MainWindow
from invoice_desk.ui.passes_dialog import PassesDialog
from invoice_desk.ui.review_view import weighing
from invoice_desk.ui.rule_dialog import RuleDialog, name_of
from invoice_desk.ui.settings_dialog import SettingsDialog
from invoice_desk.ui.settle_dialog import SettleDialog
from invoice_desk.ui.structure_dialog import StructureDialog
from invoice_desk.ui.structure_model import Role, StructureModel
from invoice_desk.ui.texts import amount
from invoice_desk.ui.type_draft import TypeDraft

D = TypeVar("D", bound=QDialog)
RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    session = Session(tmp_path / "desk" / "desk.db", settings)
    assert session.window is not None
    qtbot.addWidget(session.window)
    session.window.show()
    yield session.window
    session.window.jobs.close()
    session.window.rules.discard()
    session.window.close()
    session.close()


def dialog_of(window: MainWindow, qtbot: QtBot, kind: type[D]) -> D:
    qtbot.waitUntil(lambda: bool(window.findChildren(kind)), timeout=5000)
    return window.findChildren(kind)[-1]


def import_retail(window: MainWindow, qtbot: QtBot, path: Path, count: int = 3) -> None:
    drop(window, retail_csv(path, count))
    settle(qtbot, window)
    window.open_source(window._sources[0])
    settle(qtbot, window)


# --- rules ----------------------------------------------------------------------------


def test_a_rule_that_is_switched_off_and_saved_is_the_next_version(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.actions_by_id["rules"].trigger()
    page = window.rules.types
    page.select("ca_cnt")
    before = window._desk.types["ca_cnt"].version

    page.rules.setCurrentIndex(page.rules_model.index(0, 4))
    QTest.keyClick(page.rules, Qt.Key.Key_Space)
    assert page.rules_model.index(0, 0).data(Qt.ItemDataRole.CheckStateRole) == (
        Qt.CheckState.Unchecked
    )
    assert "not saved" in page.state.text()
    page.save_button.click()
    settle(qtbot, window)

    kept = window._desk.types["ca_cnt"]
    assert kept.version == before + 1
    assert not kept.filters[0].enabled
    assert not page.has_changes
    assert not page.save_button.isEnabled()


def test_discarding_brings_back_what_was_kept(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("rules")
    page = window.rules.types
    page.select("ca_cnt")
    count = page.rules_model.rowCount()
    page.rules.setCurrentIndex(page.rules_model.index(0, 0))

    QTest.keyClick(page.rules, Qt.Key.Key_Delete)
    left = page.rules_model.rowCount()
    page.discard_button.click()

    assert left == count - 1
    assert page.rules_model.rowCount() == count
    assert not page.has_changes


def test_a_new_rule_cleans_the_tables_of_its_type_again(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    import_retail(window, qtbot, tmp_path / "a.csv", 14)
    window.jobs.clean()
    settle(qtbot, window)
    window.show_page("rules")
    page = window.rules.types
    page.select("online_retail")
    page.add.click()
    dialog = dialog_of(window, qtbot, RuleDialog)
    dialog.reason.setText("Lamps of kind 3 do not count.")
    row = dialog.rows[0]
    row.field.setCurrentIndex(row.field.findData("description"))
    row.operator.setCurrentIndex(row.operator.findData(Operator.CONTAINS.value))
    row.values.setText("lamp 3; lamp 5")
    dialog.accept()

    page.clean_button.click()
    settle(qtbot, window)

    made = window._desk.types["online_retail"]
    assert made.filters[-1].name == "lamps_of_kind_3_do_not_count"
    assert made.filters[-1].all[0].values == ("lamp 3", "lamp 5")
    last = pass_services.passes(window._desk)[-1]
    assert (last.type_version, last.filtered_out) == (made.version, 4)


def test_a_rule_that_cannot_hold_is_refused_with_the_reason(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.show_page("rules")
    page = window.rules.types
    page.select("online_retail")
    page.add_rule()
    dialog = dialog_of(window, qtbot, RuleDialog)
    dialog.accept()
    asked = dialog.problem.text()
    dialog.reason.setText("Too dear.")
    row = dialog.rows[0]
    row.field.setCurrentIndex(row.field.findData("description"))
    row.operator.setCurrentIndex(row.operator.findData(Operator.ABOVE.value))
    row.values.setText("5")

    dialog.accept()

    assert "one sentence" in asked
    assert "no number" in dialog.problem.text()
    assert dialog.isVisible()
    assert not page.has_changes
    dialog.reject()


def test_every_rule_of_the_program_can_be_opened_and_stays_as_it_is(window: MainWindow) -> None:
    rules = [
        (made, entry.kind, entry.rule)
        for made in window._desk.types.values()
        for entry in TypeDraft(made).entries
        if isinstance(entry.rule, Rule)
    ]

    dialogs = [
        RuleDialog(m, lambda _k, _r: None, kind=k, rule=r, parent=window) for m, k, r in rules
    ]

    assert len(dialogs) > 50
    changed = [
        (made.name, rule.name)
        for dialog, (made, _, rule) in zip(dialogs, rules, strict=True)
        if dialog.rule() != rule
    ]
    assert changed == []


def test_closing_asks_about_rules_that_are_not_saved(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("rules")
    window.rules.types.select("ca_cnt")
    window.rules.types.rules_model.switch(0)
    asked: list[str] = []

    def refuse() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(box.text())
        box.button(QMessageBox.StandardButton.No).click()

    QTimer.singleShot(100, refuse)
    is_closed = window.close()
    window.rules.discard()  # the window closes before its fixture ends

    assert not is_closed
    assert "are not kept" in asked[0]


def test_a_type_is_copied_and_removed(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("rules")
    page = window.rules.types
    page.select("invoice")
    page.copy.click()
    dialog = dialog_of(window, qtbot, CopyTypeDialog)
    dialog.title.setText("Reçu de caisse")
    assert dialog.name.text() == "recu_de_caisse"
    dialog.accept()
    settle(qtbot, window)

    assert window._desk.types["recu_de_caisse"].based_on == "invoice"
    assert page.heading.text() == "Reçu de caisse"
    page.reset.click()
    box = dialog_of(window, qtbot, QMessageBox)
    box.button(QMessageBox.StandardButton.Yes).click()
    settle(qtbot, window)
    assert "recu_de_caisse" not in window._desk.types


def test_a_taken_name_is_refused_beside_the_rules(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("rules")
    page = window.rules.types
    page.select("invoice")
    page.copy_type()
    dialog = dialog_of(window, qtbot, CopyTypeDialog)
    dialog.name.setText("fec")
    dialog.accept()
    settle(qtbot, window)

    assert "already" in page.problem.text()
    assert page.problem.isVisible()


def test_the_default_of_an_option_is_changed(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("rules")
    page = window.rules.types
    page.select("journal_ventes")
    year = page.options.fields["exercice"]
    assert isinstance(year, QLineEdit)

    year.setText("202")
    unfinished = page.has_changes
    year.setText("2023")
    page.save()
    settle(qtbot, window)

    assert not unfinished
    option = next(o for o in window._desk.types["journal_ventes"].options if o.name == "exercice")
    assert option.default == "2023"


def test_names_are_added_and_spelled_and_brought_back(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("rules")
    settle(qtbot, window)
    page = window.rules.names
    tester = QAbstractItemModelTester(
        page.model, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    count = page.model.rowCount()
    row = page.model.add()
    page.buttons["save"].click()
    settle(qtbot, window)
    refused = page.problem.text()

    page.model.setData(page.model.index(row, 0), "Nouvelle")
    page.model.setData(page.model.index(row, 2), "nouv | la nouvelle |")
    page.buttons["save"].click()
    settle(qtbot, window)

    assert tester is not None
    assert "needs a name" in refused
    kept = types.reference_list(window._desk, "dot")
    assert kept[-1] == ReferenceEntry("Nouvelle", "", ("nouv", "la nouvelle"))
    page.buttons["reset"].click()
    dialog_of(window, qtbot, QMessageBox).button(QMessageBox.StandardButton.Yes).click()
    settle(qtbot, window)
    assert page.model.rowCount() == count == 61


def test_names_of_rules_are_plain_and_their_own() -> None:
    assert name_of("Payé à l'avance!", ()) == "paye_a_l_avance"
    assert name_of("2024", ()) == "rule_2024"
    assert name_of("???", ()) == "rule"
    assert name_of("Paid", {"paid", "paid_2"}) == "paid_3"


# --- passes and choices ---------------------------------------------------------------


def test_two_passes_are_compared_and_lead_to_the_row(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    twice = "1,A,LAMP,2,2024-03-15 08:00:00,2.50,12000,France\n" * 2
    drop(window, write_csv(tmp_path / "twice.csv", RETAIL + twice + twice.replace("LAMP", "CUP")))
    settle(qtbot, window)
    window.open_source(window._sources[0])
    settle(qtbot, window)
    window.table.clean.click()
    settle(qtbot, window)
    assert window.table.clean_choices.isVisible()
    window.actions_by_id["clean_choices"].trigger()
    choices = dialog_of(window, qtbot, ChoicesDialog)
    box = choices.form.fields["repeated_lines"]
    assert not isinstance(box, QLineEdit)
    box.setCurrentIndex(box.findData("leave_out"))
    choices.accept()
    settle(qtbot, window)

    window.table.passes.click()
    dialog = dialog_of(window, qtbot, PassesDialog)
    settle(qtbot, window)

    last = pass_services.passes(window._desk)[-1]
    assert last.plan["options"] == {"repeated_lines": "leave_out"}
    assert dialog.model.rowCount() == 2
    assert "2 rows differ" in dialog.summary.text()
    lines = [dialog.changes.index(row, 3).data() for row in range(dialog.changes.rowCount())]
    assert lines.count("Filtered out") == 2
    dialog.lines.activated.emit(dialog.changes.index(0, 0))
    assert window.table.model.row_number(window.table.grid.currentIndex().row()) == 2
    dialog.reject()


def test_what_was_chosen_holds_for_the_next_cleaning_of_the_session(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    import_retail(window, qtbot, tmp_path / "a.csv")
    window.table_operations.choices["online_retail"] = {"repeated_lines": "leave_out"}

    window.table.clean.click()
    settle(qtbot, window)

    last = pass_services.passes(window._desk)[-1]
    assert last.plan["options"] == {"repeated_lines": "leave_out"}


def test_a_year_that_is_not_whole_is_not_taken(window: MainWindow, qtbot: QtBot) -> None:
    dialog = ChoicesDialog(window._desk.types["journal_ventes"], {"exercice": "202"}, window)
    dialog.open()

    dialog.accept()

    assert dialog.problem.isVisible()
    assert "exercice" not in dialog.form.values
    dialog.reject()


@pytest.mark.parametrize(
    ("count", "sentence"), [(0, "not cleaned yet"), (1, "clean the table again")]
)
def test_fewer_than_two_passes_say_what_to_do(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, count: int, sentence: str
) -> None:
    import_retail(window, qtbot, tmp_path / "a.csv")
    for _ in range(count):
        window.table.clean.click()
        settle(qtbot, window)

    window.actions_by_id["passes"].trigger()

    dialog = dialog_of(window, qtbot, PassesDialog)
    assert sentence in dialog.summary.text()
    assert dialog.model.rowCount() == count
    dialog.reject()


def test_a_million_differences_come_a_thousand_rows_at_a_time(qtbot: QtBot) -> None:
    record = PassRecord(1, 1, "invoice", {}, "done", 0, 0, 0, {})

    def fetch(after: int) -> Comparison:
        rows = tuple(
            RowChange(n, (CellChange("product", "a", "b"),)) for n in range(after + 1, after + 1001)
        )
        return Comparison(record, record, 1_000_000, {"product": 1_000_000}, rows)

    background = Background(threads=1)
    model = ChangesModel(background)
    with qtbot.waitSignal(model.compared):
        model.show_changes(fetch)
    first = model.rowCount()

    assert model.canFetchMore(QModelIndex())
    model.fetchMore(QModelIndex())
    model.fetchMore(QModelIndex())
    qtbot.waitUntil(lambda: not background.is_busy)

    assert (first, model.rowCount()) == (1000, 2000)
    assert model.row_number(1999) == 1999
    background.wait()


# --- settings and jobs ----------------------------------------------------------------


def test_settings_hold_at_once_and_at_the_next_start(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["settings"].trigger()
    dialog = dialog_of(window, qtbot, SettingsDialog)
    dialog.workers.setValue(3)
    dialog.level.setCurrentIndex(3)
    dialog.accept()
    settle(qtbot, window)

    wanted = WorkSettings(max_workers=3, optimization_level=3)
    assert window._desk.settings == wanted
    assert load_settings(environ={}) == wanted


def test_a_variable_that_wins_is_told(window: MainWindow) -> None:
    dialog = SettingsDialog({"OPTIMIZE_LEVEL": "0"}, window)

    told = [label.text() for label in dialog.findChildren(QLabel)]

    assert any("OPTIMIZE_LEVEL to 0" in text for text in told)
    assert dialog.settings == WorkSettings()


def test_a_job_says_what_it_took(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    import_retail(window, qtbot, tmp_path / "a.csv")
    window.show_page("jobs")
    settle(qtbot, window)

    window.jobs_page.table.selectRow(0)

    detail = window.jobs_page.detail
    qtbot.waitUntil(lambda: detail.job_id is not None, timeout=5000)
    assert "One process did the work" in detail.words.text()
    assert "It took" in detail.words.text()
    assert "were read" in detail.words.text()


def test_a_job_of_an_older_version_says_what_it_knows() -> None:
    assert job_words({}) == []
    assert job_words({"seconds": 75.0}) == ["It took 1 min 15 s."]


# --- review and inbox -----------------------------------------------------------------


def test_findings_are_filtered_by_weight_and_by_file(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    bad = "1,A,LAMP,many,2024-03-15 08:00:00,2.50,12000,France\n"
    drop(
        window, write_csv(tmp_path / "bad.csv", RETAIL + bad), retail_csv(tmp_path / "good.csv", 3)
    )
    settle(qtbot, window)
    window.jobs.clean()
    settle(qtbot, window)
    window.show_page("review")
    settle(qtbot, window)
    findings = window.review.table.findings
    everything = findings.rowCount()

    window.review.weights.setCurrentIndex(window.review.weights.findData("critical"))
    settle(qtbot, window)
    critical, hint = findings.rowCount(), window.review.hint.text()
    window.review.weights.setCurrentIndex(0)
    window.review.files.setCurrentIndex(window.review.files.findText("good.csv"))
    settle(qtbot, window)
    good = findings.rowCount()
    window.review.files.setCurrentIndex(window.review.files.findText("bad.csv"))
    settle(qtbot, window)

    assert everything > 0
    assert (critical, good, findings.rowCount()) == (0, 0, everything)
    assert "Nothing is doubtful here" in hint
    assert "Invalid value" in [findings.index(r, 4).data() for r in range(findings.rowCount())]


def test_one_severity_is_sought_behind_pages_that_have_none() -> None:
    def finding(n: int) -> FindingRecord:
        severity = "critical" if n > 2500 else "info"
        return FindingRecord(n, 1, 1, n, None, "duplicate", severity, None)

    def fetch(after: int) -> Sequence[FindingRecord]:
        return [finding(n) for n in range(after + 1, min(after + 1001, 2601))]

    found = weighing(fetch, "critical")(0)

    assert [record.id for record in found] == list(range(2501, 2601))
    assert weighing(fetch, "critical")(2600) == []


def test_a_scan_shows_what_it_found(window: MainWindow, qtbot: QtBot, samples: Path) -> None:
    drop(window, samples)
    settle(qtbot, window)
    assert not window.review.scan.isEnabled()
    window.jobs.clean()
    settle(qtbot, window)

    window.review.scan.click()
    settle(qtbot, window)

    assert window.stack.currentWidget() is window.review
    assert "scans over" in window.statusBar().currentMessage()
    assert window.review.scan.isEnabled()
    assert window.review.revenue.isVisible()
    assert "Revenue" in window.review.revenue.text()


def test_the_inbox_shows_quality_and_who_is_not_cleaned(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(window, retail_csv(tmp_path / "a.csv", 3))
    settle(qtbot, window)
    window.jobs.clean()
    settle(qtbot, window)
    drop(window, retail_csv(tmp_path / "b.csv", 4))
    settle(qtbot, window)
    model = window.inbox.model
    quality = {model.index(r, 0).data(): model.index(r, 6).data() for r in range(2)}

    window.inbox.standing.setCurrentIndex(1)
    settle(qtbot, window)
    raw = [model.index(r, 0).data() for r in range(model.rowCount())]
    window.inbox.standing.setCurrentIndex(3)
    settle(qtbot, window)

    assert quality == {"a.csv": "100 %", "b.csv": ""}
    assert raw == ["b.csv"]
    assert model.rowCount() == 0
    assert window.inbox.nothing.isVisible()
    assert window.inbox.stack.currentWidget() is not window.inbox.welcome


def test_one_click_settles_how_dates_are_read(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    rows = "".join(f"{n},A,LAMP,2,0{n}/04/2024 08:00,2.50,12000,France\n" for n in range(1, 4))
    drop(window, write_csv(tmp_path / "dates.csv", RETAIL + rows))
    settle(qtbot, window)
    window.jobs.clean()
    settle(qtbot, window)
    window.show_page("review")
    settle(qtbot, window)
    findings = window.review.table.findings
    records = [findings.record(r) for r in range(findings.rowCount())]
    (open_question,) = [r for r in records if r.code == "unsettled_column"]

    window.review.table.jumped.emit(open_question)
    dialog = dialog_of(window, qtbot, SettleDialog)
    assert [button.text() for button in dialog.choices] == [
        "2024-04-01 (day first)",
        "2024-01-04 (month first)",
    ]
    dialog.choices[1].click()
    settle(qtbot, window)

    last = pass_services.passes(window._desk)[-1]
    assert last.plan["styles"]["issue_date"]["date_order"] == "mdy"
    window.show_page("review")
    settle(qtbot, window)
    codes = [findings.record(r).code for r in range(findings.rowCount())]
    assert "unsettled_column" not in codes


# --- structure ------------------------------------------------------------------------

RECORDS = (("Report",), ("Net", "", "Tax"), ("2023", "2024", "2024"), ("1", "2", "3"), ("4", "5"))


def structure_of(*, header_rows: tuple[int, ...], first: int | None) -> StructureModel:
    return StructureModel(RECORDS, header_rows=header_rows, first_data_row=first)


def test_marked_headings_are_joined_at_once(qtbot: QtBot) -> None:
    model = structure_of(header_rows=(2,), first=3)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    horizontal = Qt.Orientation.Horizontal

    before = [model.headerData(c, horizontal) for c in range(3)]
    model.mark([1], Role.HEADING)

    assert tester is not None
    assert before == ["2023", "2024", "2024"]
    assert [model.headerData(c, horizontal) for c in range(3)] == [
        *("Net 2023", "Net 2024", "Tax 2024")
    ]
    assert (model.header_rows, model.first_data_row) == ([1, 2], 3)


def test_data_begin_below_the_last_heading_and_title(qtbot: QtBot) -> None:
    model = structure_of(header_rows=(), first=0)

    model.mark([0, 1], Role.TITLE)
    titled = model.first_data_row
    model.mark([2], Role.HEADING)
    headed = model.first_data_row
    model.mark([4], Role.HEADING)  # the last record has to stay data
    model.mark([2], Role.DATA)

    assert (titled, headed) == (2, 3)
    assert (model.header_rows, model.first_data_row) == ([], 2)
    assert [model.role_of(n) for n in range(5)] == [*[Role.TITLE] * 2, *[Role.DATA] * 3]


def test_a_corrected_structure_is_read_and_cleaned_again(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    text = "North;South\n2023;2024\n1;2\n3;4\n5;6\n"
    drop(window, write_csv(tmp_path / "years.csv", text))
    settle(qtbot, window)
    window.open_source(window._sources[0])
    settle(qtbot, window)
    window.table.structure.click()
    dialog = dialog_of(window, qtbot, StructureDialog)
    dialog.grid.selectRow(0)
    QTest.keyClick(dialog.grid, Qt.Key.Key_H)
    dialog.grid.selectRow(1)
    QTest.keyClick(dialog.grid, Qt.Key.Key_H)
    dialog.grid.selectRow(2)
    QTest.keyClick(dialog.grid, Qt.Key.Key_D)
    assert (dialog.model.header_rows, dialog.model.first_data_row) == ([0, 1], 2)

    assert dialog.save.isEnabled()
    dialog.save.click()
    settle(qtbot, window)

    assert window.table.table is not None
    assert window.table.table.columns == ("North 2023", "South 2024")
    assert window.table.table.row_count == 3
    assert window.table.model.rowCount() == 3


def test_an_empty_file_has_no_structure_to_correct(qtbot: QtBot) -> None:
    model = StructureModel((), header_rows=(), first_data_row=None)

    model.mark([0], Role.HEADING)

    assert model.rowCount() == 0
    assert model.header_rows == []


def test_amounts_keep_every_digit() -> None:
    assert amount(Decimal("-1234567890123456789012.5")).endswith("12.50")
    assert amount(Decimal("-0.05")) == "-0.05"
    assert amount(Decimal(7)) == "7.00"
