from __future__ import annotations

import json
from pathlib import Path

import pytest
from alembic import command
from einvoices import CII

from invoice_desk.app import Session
from invoice_desk.cli.main import run
from invoice_desk.core.source import SourceStatus
from invoice_desk.db import page_search
from invoice_desk.db.engine import open_engine, reading, writing
from invoice_desk.db.migrate import alembic_config, upgrade
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.searching import HIT, search
from invoice_desk.services.storing import forget_reading
from invoice_desk.writers.pdf import PlacedText, write_pdf

LETTER = ["Dear colleagues,", "the Müller contract about twelve lamps was délivré on Monday."]


@pytest.fixture
def letters(desk: Desk, tmp_path: Path) -> Desk:
    pages = [[PlacedText(50, 100 + 20 * n, text) for n, text in enumerate(LETTER)]]
    pages.append([PlacedText(50, 100, "The second page speaks of twelve chairs at home.")])
    write_pdf(pages, tmp_path / "letter.pdf")
    result = import_paths(desk, [tmp_path / "letter.pdf"])
    assert result.successful == 1
    return desk


def found(desk: Desk, words: str) -> list[tuple[str, int]]:
    return [(hit.name, hit.page) for hit in search(desk, words)]


def test_a_letter_is_kept_and_found_by_its_words(letters: Desk) -> None:
    (hit,) = search(letters, "twelve lamps")

    assert (hit.source_id, hit.name, hit.page) == (1, "letter.pdf", 1)
    assert f"{HIT[0]}lamps{HIT[1]}" in hit.snippet


@pytest.mark.parametrize("words", ["muller", "MÜLLER", "Müll", "delivre contract"])
def test_case_accents_and_endings_do_not_count(letters: Desk, words: str) -> None:
    assert found(letters, words) == [("letter.pdf", 1)]


def test_all_words_must_stand_on_one_page(letters: Desk) -> None:
    assert found(letters, "lamps chairs") == []
    assert sorted(found(letters, "twelve")) == [("letter.pdf", 1), ("letter.pdf", 2)]


def test_words_in_quotation_marks_stand_side_by_side(letters: Desk) -> None:
    assert found(letters, '"contract about twelve"') == [("letter.pdf", 1)]
    assert found(letters, '"twelve contract"') == []


@pytest.mark.parametrize("words", ["", " ", '"', "* OR )", "lamps AND (", "-", "body:lamps"])
def test_what_means_something_to_the_index_is_only_text(letters: Desk, words: str) -> None:
    assert found(letters, words) in ([], [("letter.pdf", 1)])


def test_a_reading_that_is_forgotten_is_not_found(letters: Desk) -> None:
    forget_reading(letters, 1, status=SourceStatus.PENDING.value)

    assert found(letters, "lamps") == []


def test_a_page_that_is_read_again_is_found_by_its_new_text_only(letters: Desk) -> None:
    with writing(letters.engine) as connection:
        for statement in page_search.page_text_put(1, 1, "quite other words"):
            connection.execute(statement)

    assert found(letters, "lamps") == []
    assert found(letters, "other") == [("letter.pdf", 1)]


def test_without_a_full_text_index_the_same_is_found_by_like(letters: Desk) -> None:
    with reading(letters.engine) as connection:
        (hit,) = page_search._by_like(connection, ["twelve", "LAMPS"], 10)

    assert (hit.name, hit.page) == ("letter.pdf", 1)
    assert f"{HIT[0]}lamps{HIT[1]}" in hit.snippet


def test_an_e_invoice_without_pages_is_found_by_what_its_xml_says(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "e.xml").write_text(CII)
    import_paths(desk, [tmp_path / "e.xml"])

    assert found(desk, "lampe") == [("e.xml", 0)]
    assert found(desk, '"Hotel Nord"') == [("e.xml", 0)]


def test_pages_of_an_older_desk_are_found_after_its_upgrade(tmp_path: Path) -> None:
    engine, config = open_engine(tmp_path / "old.db"), alembic_config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.exec_driver_sql(
            "INSERT INTO source (id, sha256, name, origin, size, kind, status, reasons, row_count,"
            " page_count, imported_at) VALUES (4, 'x', 'old.pdf', '', 1, 'pdf', 'completed', '[]',"
            " 0, 1, '2024-01-01T00:00:00+00:00')"
        )
        connection.exec_driver_sql(
            "INSERT INTO page (source_id, number, width, height, text_source, engine, words) VALUES"
            """ (4, 2, 1, 1, 'ocr', 'x', '[["old",0,0,1,1,1],["lamps",0,0,1,1,1]]')"""
        )

    upgrade(engine, tmp_path / "old.db")

    with reading(engine) as connection:
        hits = page_search.search_pages(connection, ["lamps"], limit=5)
    engine.dispose()
    assert [(hit.name, hit.page) for hit in hits] == [("old.pdf", 2)]


def test_the_command_line_prints_what_it_finds(
    letters: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(
        ["search", "chairs", "--json", "--desk", str(letters.path)], open_window=lambda *_: 1
    )

    assert code == 0
    (hit,) = json.loads(capsys.readouterr().out)
    assert (hit["name"], hit["page"]) == ("letter.pdf", 2)
    assert "twelve chairs" in hit["snippet"]


def test_the_window_finds_while_one_types_and_opens_the_source(
    qtbot: object, tmp_path: Path
) -> None:
    from PySide6.QtCore import QSettings, Qt
    from PySide6.QtTest import QTest
    from pytestqt.qtbot import QtBot

    from invoice_desk.ui.search_dialog import SearchDialog

    assert isinstance(qtbot, QtBot)
    lamps = [[PlacedText(50, 100, "Only some words about lamps here.")]]
    for name in ("k.pdf", "l.pdf"):
        write_pdf([*lamps, []] if name == "k.pdf" else lamps, tmp_path / name)
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    session = Session(tmp_path / "d" / "desk.db", settings)
    window = session.window
    assert window is not None
    qtbot.addWidget(window)
    window.show()
    import_paths(session.desk, [tmp_path / "l.pdf", tmp_path / "k.pdf"])
    window.refresh()
    qtbot.waitUntil(lambda: len(window._sources) == 2, timeout=20_000)

    window.actions_by_id["search"].trigger()
    dialog = window.findChild(SearchDialog)
    assert dialog is not None
    dialog.words.setText("lamp")
    qtbot.waitUntil(lambda: dialog.model.rowCount() == 2, timeout=20_000)
    (first,) = dialog.table.selected()
    QTest.keyClick(dialog.words, Qt.Key.Key_Down)
    (second,) = dialog.table.selected()
    dialog.words.returnPressed.emit()

    view = window.documents.view
    qtbot.waitUntil(lambda: view.document is not None, timeout=20_000)
    assert view.source is not None
    assert view.source.name == second.name != first.name
    qtbot.waitUntil(lambda: not window.background.is_busy, timeout=20_000)
    window.close()
    session.close()
