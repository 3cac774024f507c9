from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot
from rings import MemoryRing
from test_passwords import locked_pdf
from test_ui import drop, settle
from test_ui_pages import dialog_of, window

from invoice_desk.services.passwords import known_passwords
from invoice_desk.ui.main_window import MainWindow
from invoice_desk.ui.passwords_dialog import PasswordsDialog
from invoice_desk.ui.settings_dialog import SettingsDialog

__all__ = ["window"]


@pytest.fixture
def _ring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryRing())
    yield
    keyring.set_keyring(before)


def opened(window: MainWindow, qtbot: QtBot) -> PasswordsDialog:
    window.actions_by_id["settings"].trigger()
    settings = dialog_of(window, qtbot, SettingsDialog)
    settings.passwords.click()
    dialog = dialog_of(window, qtbot, PasswordsDialog)
    settle(qtbot, window)
    settings.reject()
    return dialog


@pytest.mark.usefixtures("_ring")
def test_a_password_is_added_masked_and_removed(window: MainWindow, qtbot: QtBot) -> None:
    dialog = opened(window, qtbot)

    dialog.name.setText("bank")
    dialog.password.setText("sesame")
    assert dialog.password.echoMode() is QLineEdit.EchoMode.Password
    dialog.add.click()
    qtbot.waitUntil(lambda: dialog.names.model().rowCount() == 1, timeout=5000)
    kept = known_passwords({})
    dialog.names.setCurrentIndex(dialog.names.model().index(0, 0))
    dialog.remove.click()
    qtbot.waitUntil(lambda: dialog.names.model().rowCount() == 0, timeout=5000)

    dialog.password.setText("unnamed")
    dialog.add.click()
    qtbot.waitUntil(lambda: dialog.names.model().rowCount() == 1, timeout=5000)

    assert dialog.names.model().index(0, 0).data() == "Password 1"
    dialog.names.setCurrentIndex(dialog.names.model().index(0, 0))
    dialog.remove.click()
    qtbot.waitUntil(lambda: dialog.names.model().rowCount() == 0, timeout=5000)
    assert kept == ("sesame",)
    assert dialog.password.text() == ""
    assert known_passwords({}) == ()
    dialog.reject()


@pytest.mark.usefixtures("_ring")
def test_a_protected_file_is_tried_again(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    drop(window, locked_pdf(tmp_path))
    settle(qtbot, window)
    dialog = opened(window, qtbot)
    before = dialog.retry.text()

    dialog.name.setText("bank")
    dialog.password.setText("sesame")
    dialog.add.click()
    qtbot.waitUntil(lambda: dialog.names.model().rowCount() == 1, timeout=5000)
    dialog.retry.click()
    settle(qtbot, window)

    assert before == "Try again: 1 protected"
    assert [line.document_type for line in window._sources] == ["invoice"]


@pytest.fixture
def _no_ring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("_no_ring")
def test_without_a_keyring_a_password_is_known_until_the_program_is_closed(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(window, locked_pdf(tmp_path))
    settle(qtbot, window)
    dialog = opened(window, qtbot)
    said = dialog.problem.text()

    dialog.name.setText("bank")
    dialog.password.setText("sesame")
    dialog.add.click()
    qtbot.waitUntil(lambda: dialog.names.model().rowCount() == 1, timeout=5000)
    dialog.retry.click()
    settle(qtbot, window)

    assert "no keyring" in said
    assert "until the program is closed" in said
    assert [line.document_type for line in window._sources] == ["invoice"]


@pytest.mark.usefixtures("_no_ring")
def test_a_password_known_for_now_can_be_removed(window: MainWindow, qtbot: QtBot) -> None:
    dialog = opened(window, qtbot)
    dialog.name.setText("bank")
    dialog.password.setText("sesame")
    dialog.add.click()
    qtbot.waitUntil(lambda: dialog.names.model().rowCount() == 1, timeout=5000)

    dialog.names.setCurrentIndex(dialog.names.model().index(0, 0))
    dialog.remove.click()
    qtbot.waitUntil(lambda: dialog.names.model().rowCount() == 0, timeout=5000)

    assert not dialog.retry.isEnabled()
    dialog.reject()
