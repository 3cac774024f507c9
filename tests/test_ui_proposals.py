"""A clerk answers what is proposed, opens what was sought and locked, and reads a page again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from made_pages import picture
from pdfs import pdf
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot
from rings import MemoryRing
from test_likeness import GOOD, OTHER
from test_likeness import invoice_pdf as supplier_pdf
from test_passwords import locked_pdf
from test_splitting import TERMS, lines
from test_ui_documents import import_quietly, open_only, settle, window
from test_ui_pages import dialog_of

from invoice_desk.services import documents
from invoice_desk.services.likeness import likely_pairs
from invoice_desk.services.passwords import add_password
from invoice_desk.services.splitting import list_proposals
from invoice_desk.settings import load_settings
from invoice_desk.ui.document_view import DocumentView
from invoice_desk.ui.main_window import MainWindow
from invoice_desk.ui.passwords_dialog import PasswordsDialog
from invoice_desk.ui.search_dialog import SearchDialog
from invoice_desk.ui.settings_dialog import SettingsDialog
from invoice_desk.ui.split_dialog import SplitDialog
from invoice_desk.writers.pdf import PlacedText, write_pdf

__all__ = ["window"]


@pytest.fixture
def _ring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryRing())
    yield
    keyring.set_keyring(before)


def said(view: DocumentView) -> str:
    return " ".join(label.text() for line in view.banner.lines for label in labels(line))


def labels(line: object) -> list[QLabel]:
    assert hasattr(line, "findChildren")
    return list(line.findChildren(QLabel))


def press(view: DocumentView, text: str) -> None:
    buttons = [b for line in view.banner.lines for b in line.findChildren(QPushButton)]
    next(button for button in buttons if button.text() == text).click()


def answer(window: MainWindow, qtbot: QtBot, text: str) -> None:
    box = dialog_of(window, qtbot, QMessageBox)
    next(button for button in box.buttons() if button.text() == text).click()
    settle(qtbot, window)


def two_invoices(folder: Path) -> Path:
    path = folder / "joined.pdf"
    path.write_bytes(pdf(lines("F-1", "120.00"), TERMS, lines("F-2", "80.00")))
    return path


# --- proposals ------------------------------------------------------------------------


def test_a_file_with_two_invoices_is_split_and_the_first_one_opened(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, two_invoices(tmp_path))
    proposed = said(view)

    press(view, "Split…")
    dialog = dialog_of(window, qtbot, SplitDialog)
    first = dialog.ranges.text()
    dialog.ranges.setText("1, 3")
    refused = not dialog.split.isEnabled()
    dialog.ranges.setText(first)
    dialog.split.click()
    settle(qtbot, window)

    assert "2 documents" in proposed
    assert (first, refused) == ("1-2, 3", True)
    assert view.source is not None
    assert view.source.name == "joined, page 1-2.pdf"
    assert view.banner.isHidden()
    assert len(window._sources) == 3


def test_a_file_that_is_one_document_is_not_asked_about_again(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, two_invoices(tmp_path))

    press(view, "It is one document")
    settle(qtbot, window)

    assert view.banner.isHidden()
    assert list_proposals(window._desk) == []


def test_a_duplicate_is_told_opened_beside_denied_and_undone(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    import_quietly(window, supplier_pdf(tmp_path / "a.pdf"))
    view = open_only(window, qtbot, supplier_pdf(tmp_path / "b.pdf", more=["Copie"]))
    proposed = said(view)
    press(view, "Open the other one")
    settle(qtbot, window)
    other = view.source.name if view.source else ""

    press(view, "Not a duplicate")
    settle(qtbot, window)
    denied = view.banner.isHidden(), likely_pairs(window._desk)
    window.actions_by_id["undo"].trigger()
    settle(qtbot, window)

    assert "a.pdf came before" in proposed
    assert other == "a.pdf"
    assert denied == (True, [])
    assert "b.pdf came later" in said(view)


def open_same(window: MainWindow, qtbot: QtBot, folder: Path) -> DocumentView:
    """Open an invoice that came before, and say that it is the same one."""
    import_quietly(window, supplier_pdf(folder / "a.pdf"))
    view = open_only(window, qtbot, supplier_pdf(folder / "b.pdf", more=["Copie"]))
    press(view, "Same invoice…")
    answer(window, qtbot, "Same invoice")
    return view


def test_a_duplicate_does_not_count_any_more_until_that_is_undone(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_same(window, qtbot, tmp_path)

    excluded = view.state.text(), view.approve.isHidden()
    decided = [pair.decision for pair in likely_pairs(window._desk, decided=True)]
    window.actions_by_id["undo"].trigger()
    settle(qtbot, window)

    assert decided == ["same"]
    assert excluded == ("Does not count", True)
    assert not view.approve.isHidden()
    assert [pair.decision for pair in likely_pairs(window._desk, decided=True)] == [None]


def test_what_does_not_count_says_what_counts_and_can_count_again(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_same(window, qtbot, tmp_path)
    told = said(view)

    press(view, "Count it again")
    settle(qtbot, window)
    counts = view.approve.isHidden()
    window.actions_by_id["undo"].trigger()
    settle(qtbot, window)

    assert "the same invoice as a.pdf, which counts instead" in told
    assert not counts
    assert view.state.text() == "Does not count"


def test_a_file_declined_as_a_split_is_asked_about_again_after_undo(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, two_invoices(tmp_path))
    press(view, "It is one document")
    settle(qtbot, window)

    window.actions_by_id["undo"].trigger()
    settle(qtbot, window)

    assert "2 documents" in said(view)


def open_with_another_account(window: MainWindow, qtbot: QtBot, folder: Path) -> DocumentView:
    """Approve an invoice, then open the supplier's next one, which asks for another account."""
    import_quietly(window, supplier_pdf(folder / "a.pdf", iban=GOOD))
    documents.approve(window._desk, 1)
    later = supplier_pdf(folder / "b.pdf", number="FA-2024-0031", total="96,00", iban=OTHER)
    return open_only(window, qtbot, later)


def test_a_changed_account_is_a_warning_until_it_is_confirmed(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_with_another_account(window, qtbot, tmp_path)
    proposed, name = said(view), view.banner.lines[0].objectName()

    press(view, "Confirm account…")
    answer(window, qtbot, "Confirm account")

    assert "account has changed" in proposed
    assert name == "warningLine"
    assert view.banner.isHidden()


def test_a_document_with_an_error_is_not_approved_without_a_question(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_with_another_account(window, qtbot, tmp_path)
    first = view.form.field

    view.approve.click()
    answer(window, qtbot, "Cancel")
    kept = documents.approved_sources(window._desk)
    view.approve.click()
    answer(window, qtbot, "Approve")

    assert first == "iban_or_account"  # the gravest doubt is looked at first
    assert kept == {1}
    assert documents.approved_sources(window._desk) == {1, 2}


# --- pages ----------------------------------------------------------------------------


def test_a_scan_that_lies_on_its_side_is_shown_upright_under_its_words(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    picture(size=(900, 640)).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "scan.png")

    view = open_only(window, qtbot, tmp_path / "scan.png")

    canvas = view.pages.canvas
    assert canvas.page is not None
    assert canvas.shape_ is not None
    assert round(canvas.page.turned) == 90
    assert (canvas.shape_.width, canvas.shape_.height) == (900, 640)
    assert any("FACTURE" in word.text for word in canvas.page.words)
    assert canvas.item.has_picture


@pytest.mark.usefixtures("_ring")
def test_a_protected_document_is_shown_once_its_password_is_known(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, locked_pdf(tmp_path))
    told = view.pages.message.text()

    view.pages.message.button.click()
    dialog = dialog_of(window, qtbot, PasswordsDialog)
    settle(qtbot, window)
    add_password("bank", "sesame")
    dialog.reject()
    settle(qtbot, window)

    assert "password" in told
    assert view.pages.stack.currentWidget() is view.pages.canvas
    assert view.pages.canvas.item.has_picture


def test_a_hit_is_opened_at_its_page_with_the_words_marked(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    texts = ("Dear colleagues,", "the Müller contract was délivré.", "Twelve chairs stand there.")
    write_pdf([[PlacedText(50, 100, text)] for text in texts], tmp_path / "letter.pdf")
    import_quietly(window, tmp_path / "letter.pdf")
    window.refresh()
    settle(qtbot, window)

    window.actions_by_id["search"].trigger()
    dialog = dialog_of(window, qtbot, SearchDialog)
    dialog.words.setText("delivre muller")
    qtbot.waitUntil(lambda: dialog.model.rowCount() == 1, timeout=5000)
    QTest.keyClick(dialog.words, Qt.Key.Key_Return)
    settle(qtbot, window)

    view = window.documents.view
    assert view.pages.number == 2
    assert len(view.pages.canvas.overlay.hits) == 2
    assert view.pages.canvas.overlay.current_hit == 0


def test_a_page_is_read_again_with_another_engine(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    write_pdf([[PlacedText(50, 100, "Facture F-17 du 13/02/2024", 14)]], tmp_path / "a.pdf")
    view = open_only(window, qtbot, tmp_path / "a.pdf")
    before = view.pages.canvas.page
    qtbot.waitUntil(lambda: bool(view.pages.bar.menu.actions()), timeout=20_000)
    entry = next(a for a in view.pages.bar.menu.actions() if a.text() == "Tesseract")

    with qtbot.waitSignal(window.documents.reading.ended, timeout=60_000) as ended:
        entry.trigger()
        shown = view.pages.progress.isVisible(), view.pages.hint.text()
    settle(qtbot, window)

    after = view.pages.canvas.page
    assert before is not None
    assert after is not None
    assert (before.engine, after.engine) == ("pdfium", "tesseract")
    assert ended.args is not None
    assert ended.args[2]
    assert shown[0]
    assert not view.pages.progress.isVisible()


def test_the_order_of_engines_is_set(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["settings"].trigger()
    dialog = dialog_of(window, qtbot, SettingsDialog)
    first = dialog.engines.places[0]

    first.setCurrentIndex(first.findData("tesseract"))
    first.activated.emit(first.currentIndex())
    dialog.engines.places[1].setCurrentIndex(1)
    dialog.accept()
    settle(qtbot, window)

    assert load_settings(environ={}).ocr_engines == "tesseract,rapidocr"
