"""Writing into clean tables and excluding rows, as a clerk does it in the window."""

from __future__ import annotations

from pathlib import Path

from conftest import write_csv
from PySide6.QtWidgets import QDialogButtonBox, QMessageBox
from pytestqt.qtbot import QtBot
from test_ui import drop, open_first, retail_csv, session, settle, texts, window

from invoice_desk.core.bulk_writes import Operation
from invoice_desk.core.decisions import DecisionKind
from invoice_desk.services import browsing, reviewing
from invoice_desk.ui.main_window import MainWindow
from invoice_desk.ui.write_dialog import WriteDialog

__all__ = ["session", "window"]  # fixtures


def open_dialog(window: MainWindow) -> WriteDialog:
    window.actions_by_id["write"].trigger()
    (dialog,) = window.findChildren(WriteDialog)
    return dialog


def choose_type(dialog: WriteDialog, name: str) -> None:
    names = [made.name for made in dialog._types]
    dialog.type.setCurrentIndex(names.index(name))


def press_write(dialog: WriteDialog) -> None:
    (box,) = dialog.findChildren(QDialogButtonBox)
    box.accepted.emit()


def test_rows_are_excluded_and_that_is_undone(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(window, retail_csv(tmp_path / "a.csv", 5))
    settle(qtbot, window)
    window.jobs.clean()
    settle(qtbot, window)
    open_first(window, qtbot)
    window.table.select_rows([1, 2])

    window.actions_by_id["exclude"].trigger()
    settle(qtbot, window)
    excluded = texts(window, qtbot, 0)
    window.actions_by_id["undo"].trigger()
    settle(qtbot, window)

    assert excluded == ["Cleaned", "Filtered out", "Filtered out"]
    assert texts(window, qtbot, 0) == ["Cleaned"] * 3
    kinds = [entry.kind for entry in reviewing.decision_log(window._desk, 1)]
    assert kinds == [DecisionKind.EXCLUDE] * 2 + [DecisionKind.WITHDRAW] * 2


def test_a_file_is_written_into_a_clean_table(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(window, retail_csv(tmp_path / "a.csv", 5))
    settle(qtbot, window)
    window.jobs.clean()
    settle(qtbot, window)
    changes = write_csv(tmp_path / "prices.csv", "InvoiceNo,UnitPrice\n1,9.99\n4,2.50\n77,1.00\n")

    dialog = open_dialog(window)
    dialog.file.setText(str(changes))
    choose_type(dialog, "online_retail")
    dialog.action.setCurrentIndex(1)
    dialog.fields["invoice_number"].setChecked(True)
    press_write(dialog)
    settle(qtbot, window)

    done = browsing.desk_summary(window._desk)
    assert (done["rows_cleaned"], done["rows_filtered_out"]) == (5, 3)
    log = reviewing.decision_log(window._desk, 1)
    assert [(d.field, d.value) for d in log] == [("unit_price", "9.99")]
    window.show_page("jobs")
    settle(qtbot, window)
    row = [window.jobs_page.model.index(1, column).data() for column in range(7)]  # 0: its import
    assert row[1:] == ["Update", "prices.csv", "Job Complete", "2", "1", "0"]


def test_the_dialog_offers_the_fields_that_the_type_names_and_says_what_is_missing(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    settle(qtbot, window)
    dialog = open_dialog(window)

    choose_type(dialog, "cdr")
    named = dialog.unique
    choose_type(dialog, "online_retail")
    press_write(dialog)
    without_file = dialog.problem.text()
    dialog.file.setText(str(retail_csv(tmp_path / "a.csv", 1)))
    press_write(dialog)
    without_key = dialog.problem.text()

    assert named == ["call_id"]
    assert dialog.operation is Operation.UPSERT
    assert without_file == "Choose a file."
    assert without_key == "Tick the fields that tell one row from another."
    assert dialog.isVisible()
    dialog.reject()


def test_a_file_that_does_not_fit_is_a_sentence(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    settle(qtbot, window)
    dialog = open_dialog(window)
    dialog.file.setText(str(write_csv(tmp_path / "b.csv", "Supplier,Net amount\nACME,1.00\n")))
    choose_type(dialog, "invoice")

    press_write(dialog)
    settle(qtbot, window)

    (box,) = window.findChildren(QMessageBox)
    assert "b.csv has no column for invoice_number" in box.text()
    box.close()
