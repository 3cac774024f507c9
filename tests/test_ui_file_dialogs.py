"""Dialogs that ask for files: what they return, and that they leave the desk's files alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QFileInfo, QTimer
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QFileSystemModel,
    QLineEdit,
    QTreeView,
    QWidget,
)
from pytestqt.qtbot import QtBot

from invoice_desk.services.desk import Desk
from invoice_desk.ui.file_dialogs import (
    EndingIcons,
    ask_file,
    ask_files,
    ask_folder,
    ask_target,
    suffix_of,
)


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def when_listed(count: int, act: Callable[[QFileDialog], None]) -> None:
    """Do something with the dialog that comes up next, as soon as it lists so many names."""
    timer = QTimer(QApplication.instance())

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        tree = dialog.findChild(QTreeView) if isinstance(dialog, QFileDialog) else None
        if tree is None or tree.model().rowCount(tree.rootIndex()) < count:
            return
        timer.stop()
        timer.deleteLater()
        act(dialog)  # type: ignore[arg-type]

    timer.timeout.connect(look)
    timer.start(20)


def choose(name: str) -> Callable[[QFileDialog], None]:
    def act(dialog: QFileDialog) -> None:
        line = dialog.findChild(QLineEdit, "fileNameEdit")
        assert line is not None
        line.setText(name)
        dialog.accept()

    return act


def locks() -> int:
    """Return how many locks on files this process holds."""
    told = Path("/proc/locks").read_text(encoding="ascii")
    return sum(line.split()[4] == str(os.getpid()) for line in told.splitlines())


def test_what_is_chosen_is_returned(parent: QWidget, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x\n", encoding="utf-8")

    when_listed(2, choose("a.csv"))
    one = ask_file(parent, "One", str(tmp_path))
    when_listed(2, choose("b.csv"))
    several = ask_files(parent, "Several", str(tmp_path))
    when_listed(2, lambda dialog: dialog.accept())
    target = ask_target(parent, "Target", str(tmp_path / "c.xlsx"), "Workbook (*.xlsx *.csv)")
    when_listed(0, lambda dialog: dialog.accept())
    folder = ask_folder(parent, "Folder", str(tmp_path))
    when_listed(2, lambda dialog: dialog.reject())
    none = ask_file(parent, "None", str(tmp_path))

    assert (one, several) == (tmp_path / "a.csv", [tmp_path / "b.csv"])
    assert (target, folder, none) == (tmp_path / "c.xlsx", tmp_path, None)


def test_kinds_are_told_by_endings(qtbot: QtBot, tmp_path: Path) -> None:
    icons = EndingIcons()

    assert icons.type(QFileInfo(str(tmp_path / "a.pdf"))) == "PDF"
    assert icons.type(QFileInfo(str(tmp_path))) == "Folder"
    assert not icons.icon(QFileInfo(str(tmp_path))).isNull()


@pytest.mark.parametrize(
    ("kind", "suffix"), [("Excel (*.xlsx)", "xlsx"), ("Text (*.csv *.txt)", "csv"), ("All (*)", "")]
)
def test_a_kind_names_the_ending_of_what_has_none(kind: str, suffix: str) -> None:
    assert suffix_of(kind) == suffix


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="locks are listed on Linux alone")
def test_a_dialog_over_the_desk_leaves_its_locks(parent: QWidget, desk: Desk) -> None:
    before = locks()
    seen: list[int] = []

    def act(dialog: QFileDialog) -> None:
        model = dialog.findChild(QFileSystemModel)
        assert model is not None
        seen.append(model.rowCount(model.index(str(desk.path.parent))))
        dialog.reject()

    when_listed(3, act)  # the file, its log and its index
    ask_file(parent, "Any", str(desk.path.parent))

    assert before > 0
    assert seen == [3]
    assert locks() == before
