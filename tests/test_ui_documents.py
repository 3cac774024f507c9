"""A clerk opens documents, looks at their pages, corrects, undoes and approves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from unittest.mock import Mock
from zipfile import ZipFile

import numpy as np
import pytest
from mails import eml, file_part, text_part
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot
from test_ui import drop

from invoice_desk.app import Session
from invoice_desk.core.document_fields import Doubt
from invoice_desk.core.source import Kind, SourceStatus
from invoice_desk.errors import ArgumentError, StorageError
from invoice_desk.services import documents, reviewing
from invoice_desk.services.desk import Desk
from invoice_desk.services.document_records import DocumentField
from invoice_desk.services.importing import import_paths
from invoice_desk.services.mail_text import mail_text
from invoice_desk.services.page_images import PER_POINT, PageFile, PageRequest
from invoice_desk.services.proposals import Choice, Proposal
from invoice_desk.ui.document_view import DocumentView
from invoice_desk.ui.mail_images import MailImages
from invoice_desk.ui.main_window import MainWindow
from invoice_desk.ui.page_canvas import Fit, Tool
from invoice_desk.ui.page_strip import PageStripModel
from invoice_desk.writers.pdf import PlacedText, write_pdf

LINES = (
    *("Atelier Lumière SARL", "Facture n° F-2024-17", "Date de facture : 13/02/2024"),
    *("Client : Mairie de Vence", "Total HT 1 000,00", "TVA 20 % 200,00", "Total TTC 1 200,00"),
)


def invoice_pdf(path: Path, *, number: str = "F-2024-17", pages: int = 1) -> Path:
    texts = [line.replace("F-2024-17", number) for line in LINES]
    first = [PlacedText(60, 80 + 24 * i, text, 12) for i, text in enumerate(texts)]
    others = [[PlacedText(60, 80, f"Page {n} of the conditions", 12)] for n in range(2, pages + 1)]
    write_pdf([first, *others], path)
    return path


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    session = Session(tmp_path / "desk" / "desk.db", settings)
    made = session.window
    assert made is not None
    qtbot.addWidget(made, before_close_func=drop_drafts)
    made.resize(1280, 800)
    made.show()
    yield made
    made.jobs.close()
    made.close()
    session.close()


def drop_drafts(window: QWidget) -> None:
    """Leave nothing that closing the window would ask about."""
    assert isinstance(window, MainWindow)
    for row in window.documents.view.form.rows.values():
        row.drop()
    window.documents.view.form._drafts.clear()


def settle(qtbot: QtBot, window: MainWindow) -> None:
    def is_quiet() -> bool:
        backgrounds = (
            *(window.background, window.decisions.background),
            window.documents.view.pages.pictures.background,
        )
        busy = window.jobs.is_busy or any(each.is_busy for each in backgrounds)
        return not busy and not window._refresh_soon.isActive()

    qtbot.waitUntil(is_quiet, timeout=60_000)


def import_quietly(window: MainWindow, *paths: Path) -> None:
    """Import without the window's own jobs, which start worker processes."""
    import_paths(window._desk, list(paths))


def open_only(window: MainWindow, qtbot: QtBot, *paths: Path) -> DocumentView:
    import_quietly(window, *paths)
    window.refresh()
    settle(qtbot, window)
    window.open_source(window._sources[0])
    settle(qtbot, window)
    return window.documents.view


def place_of(view: DocumentView, text: str) -> QPoint:
    """Return where a word is in the viewport."""
    canvas = view.pages.canvas
    assert canvas.page is not None
    word = next(word for word in canvas.page.words if word.text == text)
    canvas.reveal(canvas.to_dots(word.box))
    return canvas.mapFromScene(canvas.to_dots(word.box).center())


def click(view: DocumentView, text: str, keys: Qt.KeyboardModifier | None = None) -> None:
    modifiers = keys or Qt.KeyboardModifier.NoModifier
    at = place_of(view, text)
    QTest.mouseClick(view.pages.canvas.viewport(), Qt.MouseButton.LeftButton, modifiers, at)


def drag(view: DocumentView, start: QPoint, end: QPoint) -> None:
    port = view.pages.canvas.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(port, (start + end) / 2)
    QTest.mouseMove(port, end)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)


def decided(desk: Desk, source_id: int, name: str) -> DocumentField:
    return documents.open_document(desk, source_id).fields[name]


# --- looking --------------------------------------------------------------------------


def test_a_document_is_opened_from_the_inbox_and_left_again(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    import_quietly(window, invoice_pdf(tmp_path / "a.pdf"))
    window.refresh()
    settle(qtbot, window)

    window.inbox.table.activated.emit(window.inbox.table.filtered.index(0, 0))
    settle(qtbot, window)
    view = window.documents.view
    opened = window.stack.currentWidget() is view
    view.back.click()

    assert opened
    assert view.name.text() == "a.pdf"
    assert view.form.rows["total_amount"].edit.text() == "1200.00"
    assert view.pages.canvas.item.has_picture
    boxes = {box.name: box for box in view.pages.canvas.overlay.boxes}
    assert {"invoice_number", "issue_date", "total_amount"} <= set(boxes)
    assert "1 200,00" in boxes["total_amount"].tip
    assert window.stack.currentWidget() is window.inbox


def test_a_dropped_pdf_is_seen_within_a_second(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = invoice_pdf(tmp_path / "a.pdf")
    settle(qtbot, window)
    view, begun = window.documents.view, perf_counter()

    drop(window, path)
    qtbot.waitUntil(lambda: view.pages.canvas.item.has_picture, timeout=5000)
    seen = perf_counter() - begun
    settle(qtbot, window)

    assert seen < 1.0
    assert window.stack.currentWidget() is view
    assert view.form.rows["invoice_number"].edit.text() == "F-2024-17"


def test_the_page_is_zoomed_at_the_pointer_fitted_and_turned(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf", pages=2))
    canvas = view.pages.canvas
    fitted = canvas.zoom
    at = place_of(view, "F-2024-17")
    before = canvas.mapToScene(at)

    wheel = QWheelEvent(
        *(QPointF(at), canvas.viewport().mapToGlobal(QPointF(at)), QPoint(), QPoint(0, 240)),
        *(Qt.MouseButton.NoButton, Qt.KeyboardModifier.ControlModifier),
        *(Qt.ScrollPhase.NoScrollPhase, False),
    )
    QApplication.sendEvent(canvas.viewport(), wheel)
    after = canvas.mapToScene(at)

    assert canvas.zoom == pytest.approx(fitted * 1.44)
    assert canvas.fit is Fit.FREE
    assert (after - before).manhattanLength() < 4
    canvas.rotate_page(90)
    assert canvas.turn == 90
    view.pages.show_page(2)
    assert canvas.turn == 0
    view.pages.show_page(1)
    assert canvas.turn == 90
    view.pages.bar.set_fit(Fit.PAGE)
    assert canvas.zoom < fitted
    assert view.pages.bar.fits[Fit.PAGE].isChecked()


def test_keys_turn_the_pages_and_the_strip_follows(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf", pages=4))
    canvas, strip = view.pages.canvas, view.pages.strip

    QTest.keyClick(canvas, Qt.Key.Key_PageDown)
    QTest.keyClick(canvas, Qt.Key.Key_PageDown)
    settle(qtbot, window)
    third = (view.pages.number, strip.currentIndex().row(), view.pages.bar.place.value())
    strip.setCurrentIndex(strip.pages.index(3))
    QTest.keyClick(canvas, Qt.Key.Key_PageDown)

    assert third == (3, 2, 3)
    assert view.pages.number == 4
    (size,) = strip.pages.index(0).data(Qt.ItemDataRole.DecorationRole).availableSizes()
    assert max(size.width(), size.height()) in range(110, 120)


def test_words_are_selected_by_a_drag_and_copied_in_reading_order(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    view.pages.bar.tools[Tool.SELECT].click()

    drag(view, place_of(view, "Vence"), place_of(view, "Facture"))
    window.actions_by_id["copy"].trigger()

    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0].startswith("Facture n°")
    assert copied[-1] == "Client : Mairie de Vence"
    assert len(copied) == 3


def test_words_that_are_only_selected_fill_no_field(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    row = view.form.rows["invoice_number"]
    row.edit.setFocus()
    view.form.choose("invoice_number")
    view.pages.bar.tools[Tool.SELECT].click()

    drag(view, place_of(view, "Vence"), place_of(view, "Facture"))
    click(view, "Mairie")

    assert not view.form.has_drafts


def test_a_text_is_found_on_the_page(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))

    window.actions_by_id["find"].trigger()
    QTest.keyClicks(view.pages.finder.field, "total")
    two = view.pages.finder.count.text()
    QTest.keyClick(view.pages.finder.field, Qt.Key.Key_Return)
    second = view.pages.canvas.overlay.current_hit
    view.pages.finder.field.setText("nowhere")
    none = view.pages.finder.count.text()
    QTest.keyClick(view.pages.finder.field, Qt.Key.Key_Escape)

    assert two == "1 of 2"
    assert second == 1
    assert none == "It does not stand on this page."
    assert view.pages.canvas.overlay.hits == []


def test_enter_goes_on_finding_on_the_other_pages(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf", pages=3))
    window.actions_by_id["find"].trigger()
    finder = view.pages.finder

    QTest.keyClicks(finder.field, "page 3")
    here = finder.count.text()
    QTest.keyClick(finder.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: finder.count.text() == "1 of 1", timeout=5000)
    found_on = view.pages.number
    finder.field.setText("nowhere")
    QTest.keyClick(finder.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: finder.count.text() == "It stands on no page.", timeout=5000)

    assert here == "It does not stand on this page; Enter looks on the others."
    assert found_on == 3


def test_a_document_that_cannot_be_opened_shows_no_fields_of_another(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_quietly(window, invoice_pdf(tmp_path / "b.pdf", number="F-2024-18"))
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    shown = view.form.rows["invoice_number"].edit.text()
    refuse = Mock(side_effect=StorageError("The disk that holds the desk reports an error."))
    monkeypatch.setattr(documents, "open_document", refuse)

    window.open_source(next(each for each in window._sources if each.name == "b.pdf"))
    settle(qtbot, window)

    assert shown == "F-2024-17"
    assert view.name.text() == "b.pdf"
    assert view.form.rows["invoice_number"].edit.text() == ""


# --- correcting -----------------------------------------------------------------------


def test_a_click_on_a_word_fills_the_selected_field_once_it_is_accepted(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    source_id = window._sources[0].id
    row = view.form.rows["due_date"]
    row.edit.setFocus()

    click(view, "13/02/2024")
    proposed = row.edit.text(), row.origin.text()
    untouched = "due_date" in documents.open_document(window._desk, source_id).fields
    QTest.keyClick(row.edit, Qt.Key.Key_Return)
    settle(qtbot, window)

    assert proposed[0] == "2024-02-13"
    assert "“13/02/2024”" in proposed[1]
    assert not untouched
    kept = decided(window._desk, source_id, "due_date")
    assert (kept.value, kept.origin.value, kept.doubt) == ("2024-02-13", "chosen", Doubt.BY_HAND)
    assert kept.place is not None
    assert kept.place.text == "13/02/2024"
    assert "due_date" in {box.name for box in view.pages.canvas.overlay.boxes}


def test_what_a_click_filled_in_is_taken_back_by_undo(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    row = view.form.rows["issue_date"]
    before = row.edit.text()
    row.edit.setFocus()

    click(view, "TVA")
    filled, is_draft = row.edit.text(), row.has_draft
    QTest.keySequence(row.edit, QKeySequence(QKeySequence.StandardKey.Undo))

    assert (filled, is_draft) == ("TVA", True)
    assert (row.edit.text(), row.has_draft, row.place) == (before, False, None)


def test_shift_click_extends_and_a_drawn_box_takes_all_words(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    row = view.form.rows["customer_name"]
    view.form.choose("customer_name")

    click(view, "Mairie")
    click(view, "Vence", Qt.KeyboardModifier.ShiftModifier)
    extended = row.edit.text()
    start, end = place_of(view, "Mairie"), place_of(view, "Vence")
    drag(view, start - QPoint(16, 8), end + QPoint(24, 8))

    assert extended == "Mairie Vence"
    assert row.edit.text() == "Mairie de Vence"


def test_a_written_value_is_kept_undone_and_done_again(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    source_id, row = window._sources[0].id, view.form.rows["total_amount"]

    row.edit.setFocus()
    row.edit.selectAll()
    QTest.keyClicks(row.edit, "1 250,5")
    QTest.keyClick(row.edit, Qt.Key.Key_Return)
    settle(qtbot, window)
    written = decided(window._desk, source_id, "total_amount")
    told = row.origin.text()
    assert view.form.field is not None
    field = view.form.rows[view.form.field].edit
    QTest.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, window)
    undone = row.edit.text()
    window.actions_by_id["redo"].trigger()
    settle(qtbot, window)

    assert (written.value, written.origin.value) == ("1250.50", "typed")
    assert told.startswith("On no page")
    assert undone == "1200.00"
    assert row.edit.text() == "1250.50"


def test_a_value_that_could_not_be_kept_is_still_written(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    row = view.form.rows["customer_name"]
    documents.approve(window._desk, 1)  # by another window on the same desk
    row.edit.setFocus()
    row.edit.selectAll()
    QTest.keyClicks(row.edit, "Mairie")

    QTest.keyClick(row.edit, Qt.Key.Key_Return)
    accepted = row.has_draft
    settle(qtbot, window)

    (box,) = window.findChildren(QMessageBox)
    assert "reopen it" in box.text()
    box.close()
    assert not accepted
    assert row.edit.text() == "Mairie"
    assert row.has_draft


def test_what_is_no_value_stays_written_with_the_reason(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    row = view.form.rows["issue_date"]
    row.edit.setFocus()
    row.edit.selectAll()
    QTest.keyClicks(row.edit, "next week")

    QTest.keyClick(row.edit, Qt.Key.Key_Return)
    why = row.problem.text()
    view.back.click()
    settle(qtbot, window)
    window.open_source(window._sources[0])
    settle(qtbot, window)

    assert "not a date" in why
    assert row.edit.text() == "next week"
    row.edit.setFocus()
    QTest.keyClick(row.edit, Qt.Key.Key_Escape)
    assert row.edit.text() == "2024-02-13"


def test_enter_confirms_a_doubtful_value_and_goes_to_the_next(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    source_id, form = window._sources[0].id, view.form
    assert form.next_doubtful()
    first = form.field
    assert first is not None
    value = form.rows[first].edit.text()

    QTest.keyClick(form.rows[first].edit, Qt.Key.Key_Return)
    settle(qtbot, window)

    kept = decided(window._desk, source_id, first)
    assert (kept.value, kept.origin.value) == (value, "chosen")
    assert not kept.is_doubtful
    assert form.field != first


def test_a_click_on_a_box_selects_its_field(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))

    click(view, "F-2024-17")

    assert view.form.field == "invoice_number"
    assert view.form.rows["invoice_number"].edit.hasFocus()
    assert view.pages.canvas.overlay.field == "invoice_number"


# --- approving ------------------------------------------------------------------------


def test_a_document_is_approved_shown_so_and_reopened(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))

    window.actions_by_id["approve"].trigger()
    settle(qtbot, window)
    approved = view.state.text()
    locked = view.form.rows["total_amount"].edit.isReadOnly()
    in_inbox = window.inbox.model.index(0, 7).data()
    view.reopen.click()
    settle(qtbot, window)

    assert approved.startswith("✓ Approved by")
    assert locked
    assert in_inbox == "✓ Approved"
    assert not view.approve.isHidden()
    assert not view.form.rows["total_amount"].edit.isReadOnly()
    window.actions_by_id["undo"].trigger()
    settle(qtbot, window)
    assert documents.approved_sources(window._desk) == {1}
    window.actions_by_id["undo"].trigger()
    settle(qtbot, window)
    assert documents.approved_sources(window._desk) == set()
    assert not view.form.rows["total_amount"].edit.isReadOnly()


def test_f4_goes_to_the_next_document_that_is_not_approved(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        texts = [PlacedText(60, 80, f"Facture n° {name}-1"), PlacedText(60, 99, "Total 5,00 EUR")]
        write_pdf([texts], tmp_path / f"{name}.pdf")
    import_quietly(window, tmp_path)
    window.refresh()
    settle(qtbot, window)
    met = []

    for _ in range(2):
        window.actions_by_id["next_doubtful"].trigger()
        settle(qtbot, window)
        assert window.documents.view.source is not None
        met.append(window.documents.view.source.id)
    window.actions_by_id["approve"].trigger()
    settle(qtbot, window)
    window.actions_by_id["next_doubtful"].trigger()
    settle(qtbot, window)

    assert met == [3, 2]
    assert window.documents.view.source is not None
    assert window.documents.view.source.id == 1


def test_a_finding_opens_the_document_at_its_field(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    texts = ["Facture n° F-9", "Total HT 100,00", "TVA 20,00", "Total TTC 130,00"]
    write_pdf([[PlacedText(60, 80 + 20 * i, t) for i, t in enumerate(texts)]], tmp_path / "w.pdf")
    import_quietly(window, tmp_path)
    window.refresh()
    settle(qtbot, window)
    window.show_page("review")
    settle(qtbot, window)
    model = window.review.table.findings
    records = [model.record(row) for row in range(model.rowCount())]
    wrong = next(record for record in records if record.field == "total_amount")

    window.review.table.jumped.emit(wrong)
    settle(qtbot, window)

    view = window.documents.view
    assert view.form.field == "total_amount"
    assert view.form.rows["total_amount"].problem.text()
    view.back.click()
    assert window.stack.currentWidget() is window.review


def test_the_row_of_a_document_leads_to_its_page_and_back(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))

    view.to_table.click()
    settle(qtbot, window)
    on_table = window.stack.currentWidget() is window.table
    window.table.to_page.click()
    settle(qtbot, window)

    assert on_table
    assert window.stack.currentWidget() is view


def test_a_proposal_is_answered_by_a_button(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    answers: list[Desk] = []
    choice = Choice("Split it", answers.append)
    window.documents.view.proposers.append(
        lambda _desk, _source: () if answers else [Proposal("There are two invoices.", (choice,))]
    )
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    proposed = view.banner.isVisible()

    view.banner.chosen.emit(choice)
    settle(qtbot, window)

    assert proposed
    assert answers == [window._desk]
    assert view.banner.isHidden()


def test_a_document_without_a_page_or_that_cannot_be_read_says_so(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "torn.pdf").write_bytes(b"%PDF-1.7\n and then nothing")
    view = open_only(window, qtbot, tmp_path / "torn.pdf")

    assert view.pages.stack.currentWidget() is view.pages.message
    assert "cannot be opened" in view.pages.message.text()
    assert view.problem.isVisible()
    assert not view.approve.isEnabled()


def test_models_of_documents_obey_qt(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    view = window.documents.view
    fatal = QAbstractItemModelTester.FailureReportingMode.Fatal
    models = (view.lists.lines, view.lists.taxes, view.lists.findings, view.pages.strip.pages)
    testers = [QAbstractItemModelTester(model, fatal) for model in models]

    open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf", pages=3))

    assert view.pages.strip.pages.rowCount() == 3
    assert len(testers) == 4


def test_the_window_stays_alive_while_pages_are_turned(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf", pages=12))
    ticks = [perf_counter()]
    timer = QTimer()
    timer.setInterval(5)
    timer.timeout.connect(lambda: ticks.append(perf_counter()))
    timer.start()

    for page in range(2, 13):
        view.pages.show_page(page)
        settle(qtbot, window)
    timer.stop()

    gaps = [b - a for a, b in pairwise(ticks)]
    assert max(gaps) < 0.25  # the figure is measured by hand; here only a stall fails


def test_decisions_about_a_document_are_in_the_log_of_its_row(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    view.decided.emit(view.source, "supplier_name", "Atelier", None)
    settle(qtbot, window)

    (entry,) = reviewing.decision_log(window._desk, 1)

    assert (entry.field, entry.value, entry.place) == ("supplier_name", "Atelier", None)


# --- what is written, undone and copied ---------------------------------------------------


def test_what_is_written_is_accepted_by_approving(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    view.form.choose("purchase_order")
    QTest.keyClicks(view.form.rows["purchase_order"].edit, "PO-77")

    window.actions_by_id["approve"].trigger()
    settle(qtbot, window)

    document = documents.open_document(window._desk, 1)
    assert document.is_approved
    assert document.fields["purchase_order"].value == "PO-77"


def test_what_is_refused_is_shown_and_not_approved(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    view.form.choose("issue_date")
    row = view.form.rows["issue_date"]
    row.edit.setText("soon")
    row.edit.textEdited.emit("soon")

    window.actions_by_id["approve"].trigger()
    settle(qtbot, window)

    assert not documents.open_document(window._desk, 1).is_approved
    assert (view.form.field, row.problem.text() != "") == ("issue_date", True)


def test_undo_names_the_document_and_leads_back_to_it(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    files = [invoice_pdf(tmp_path / f"{n}.pdf", number=f"F-2024-{n}") for n in (17, 18)]
    view = open_only(window, qtbot, *files)
    first = view.source
    assert first is not None
    window.actions_by_id["approve"].trigger()
    settle(qtbot, window)
    other = next(source for source in window._sources if source.id != first.id)
    window.open_source(other)
    settle(qtbot, window)
    assert first.name in window.actions_by_id["undo"].text()

    window.actions_by_id["undo"].trigger()
    settle(qtbot, window)

    assert view.source is not None
    assert view.source.id == first.id
    assert not documents.open_document(window._desk, first.id).is_approved


def test_corrected_amounts_that_do_not_add_up_are_a_doubt(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    assert view.source is not None
    view.decided.emit(view.source, "total_amount", "1300.00", None)
    settle(qtbot, window)

    found = [each.code for each in documents.open_document(window._desk, 1).findings]
    assert "totals_disagree" in found
    view.decided.emit(view.source, "stamp_duty", "100.00", None)
    settle(qtbot, window)

    found = [each.code for each in documents.open_document(window._desk, 1).findings]
    assert "totals_disagree" not in found


def test_an_account_with_wrong_check_digits_is_a_doubt(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    assert view.source is not None

    view.decided.emit(view.source, "iban_or_account", "FR7612345", None)
    settle(qtbot, window)

    found = documents.open_document(window._desk, 1).fields["iban_or_account"].findings
    assert [each.code for each in found] == ["check_digits"]


def test_selected_lines_are_copied_with_their_headings(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    rows = [{"description": "Lamp", "net_amount": "007.50"}, {"description": "Oil"}]
    view.lists.lines.show_rows(rows)
    view.lists.setCurrentWidget(view.lists.line_table)
    view.lists.line_table.setFocus()
    view.lists.line_table.selectAll()

    window.actions_by_id["copy"].trigger()

    lines = QGuiApplication.clipboard().text().splitlines()
    assert [line.split("\t") for line in lines[1:]] == [["Lamp", "007.50"], ["Oil", ""]]


def test_the_keys_of_the_page_hold_while_the_form_has_the_focus(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    view.form.choose("supplier_name")
    before = view.pages.canvas.zoom

    QTest.keyClick(
        view.form.rows["supplier_name"].edit, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier
    )

    assert view.pages.canvas.zoom > before


def test_the_arrows_go_from_field_to_field(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    view.form.choose("invoice_number")

    QTest.keyClick(view.form.rows["invoice_number"].edit, Qt.Key.Key_Down)
    below = view.form.field
    assert below not in {None, "invoice_number"}
    QTest.keyClick(view.form.rows[str(below)].edit, Qt.Key.Key_Up)

    assert view.form.field == "invoice_number"


def test_thumbnails_are_there_on_a_second_visit(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    files = [invoice_pdf(tmp_path / f"{n}.pdf", number=f"F-2024-{n}", pages=2) for n in (17, 18)]
    view = open_only(window, qtbot, *files)
    model = view.pages.strip.model()
    assert isinstance(model, PageStripModel)
    first = view.source
    assert first is not None

    def is_drawn() -> bool:
        return all(model._there_already(page) is not None for page in model._pages)

    qtbot.waitUntil(is_drawn, timeout=20_000)
    window.open_source(next(source for source in window._sources if source != first))
    settle(qtbot, window)
    window.open_source(first)
    settle(qtbot, window)

    qtbot.waitUntil(is_drawn, timeout=20_000)


# --- what was in a file ---------------------------------------------------------------


def mail_with(tmp_path: Path, *parts: str) -> Path:
    path = tmp_path / "mail.eml"
    path.write_bytes(eml(text_part("Bonjour,\n\nvotre facture est jointe.\n"), *parts))
    return path


def test_a_mail_shows_its_text_and_leads_to_what_hangs_on_it(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    pdf = invoice_pdf(tmp_path / "f.pdf").read_bytes()
    mail = mail_with(tmp_path, file_part(pdf, 'attachment; filename="f.pdf"', "application/pdf"))
    import_quietly(window, mail)
    window.refresh()
    settle(qtbot, window)

    window.open_named("mail.eml")
    settle(qtbot, window)

    view = window.documents.view
    assert view.pages.canvas.item.has_picture
    assert view.pages.canvas.page is not None
    assert "jointe." in [word.text for word in view.pages.canvas.page.words]
    assert view.form.isHidden()
    assert view.approve.isHidden()
    view.lists.content_table.selectRow(0)
    QTest.keyClick(view.lists.content_table, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert view.source is not None
    assert view.source.name == "f.pdf"
    assert not view.form.isHidden()


def test_a_picture_of_a_mail_has_its_words_where_they_can_be_chosen(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    file = PageFile(mail_with(tmp_path), Kind.EMAIL, "mail.eml")
    images = MailImages()
    (shape,) = images.shapes(file)
    (page,) = mail_text(file)
    x0, y0, x1, y1 = (PER_POINT * edge for edge in page.words[0].box)

    for area in (None, (x0, y0, x1, y1)):
        drawn = images.draw(PageRequest(file, 1, 2.0, area))
        pixels = np.frombuffer(drawn.pixels, np.uint8).reshape(drawn.height, drawn.stride)
        if area is None:
            assert (drawn.width, drawn.height) == (round(2 * shape.width), round(2 * shape.height))
            pixels = pixels[int(2 * y0) : int(2 * y1), 8 * int(x0) : 8 * int(x1)]
        assert pixels.min() < 100


def test_an_invoice_in_the_text_of_a_mail_is_checked_beside_it(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(eml(text_part("\n".join(LINES))))

    view = open_only(window, qtbot, path)

    assert view.document is not None
    assert view.document.fields["total_amount"].value == "1200.00"
    assert not view.form.isHidden()
    assert not view.pages.bar.again.isEnabled()


def test_an_archive_lists_its_files(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "pack.zip", "w") as archive:
        for name in ("a.pdf", "b.pdf"):
            archive.write(invoice_pdf(tmp_path / name, number=f"F-{name[0]}"), name)
    import_quietly(window, tmp_path / "pack.zip")
    window.refresh()
    settle(qtbot, window)

    window.open_named("pack.zip")
    settle(qtbot, window)

    view = window.documents.view
    contents = view.lists.contents
    shown = [contents.index(row, 0).data() for row in range(contents.rowCount())]
    assert shown == ["a.pdf", "b.pdf"]
    assert view.form.isHidden()
    assert view.source is not None
    with pytest.raises(ArgumentError):
        documents.approve(window._desk, view.source.id)


def test_what_is_no_invoice_is_saved_and_a_blank_page_is_to_be_looked_at(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    note = ("LIEFERSCHEIN Nr. 4711", "Lieferdatum: 03.04.2025", "Gelieferte Menge", "Schrauben 200")
    write_pdf(
        [[PlacedText(60, 80 + 24 * i, text, 14) for i, text in enumerate(note)]],
        tmp_path / "note.pdf",
    )
    write_pdf([[]], tmp_path / "blank.pdf")

    view = open_only(window, qtbot, tmp_path / "note.pdf", tmp_path / "blank.pdf")

    by_name = {source.name: source for source in window._sources}
    assert by_name["note.pdf"].status is SourceStatus.COMPLETED
    assert by_name["note.pdf"].document_class == "delivery_note"
    assert by_name["blank.pdf"].status is SourceStatus.PREVIEW
    told = {row[0][0]: row[-1][0] for row in map(window.inbox._cells, window._sources)}
    assert "blank" in told["blank.pdf"]
    assert told["note.pdf"] == ""
    window.open_named("blank.pdf")
    settle(qtbot, window)
    assert "blank" in view.problem.text()


def test_a_document_without_its_number_is_approved_after_a_question(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    texts = [PlacedText(60, 80, "Facture"), PlacedText(60, 99, "Total TTC 5,00 EUR")]
    write_pdf([texts], tmp_path / "a.pdf")
    open_only(window, qtbot, tmp_path / "a.pdf")

    window.actions_by_id["approve"].trigger()
    (box,) = window.findChildren(QMessageBox)
    asked = box.informativeText()
    box.button(QMessageBox.StandardButton.Cancel).click()
    settle(qtbot, window)

    assert "missing" in asked
    assert documents.approved_sources(window._desk) == set()


def test_alt_and_left_leave_a_document(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    view = open_only(window, qtbot, invoice_pdf(tmp_path / "a.pdf"))
    assert view.back.shortcut().toString() == "Alt+Left"

    view.back.click()

    assert window._current_page() == "inbox"
