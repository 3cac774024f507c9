from __future__ import annotations

from pathlib import Path

import fake_tasks
import pytest
from made_pages import picture, texts

from invoice_desk.core.modes import Mode
from invoice_desk.core.source import SourceStatus
from invoice_desk.db.bulk import InProcessWriter
from invoice_desk.db.engine import reading
from invoice_desk.db.sources import list_pages
from invoice_desk.documents.ocr_tesseract import why_missing
from invoice_desk.documents.page import Page
from invoice_desk.errors import ArgumentError
from invoice_desk.services import browsing
from invoice_desk.services.browsing import GridRow, RowFilter, TableRows, View
from invoice_desk.services.cleaning import CleaningJob
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import ImportJob
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.page_text import pages_with
from invoice_desk.services.pages import recognise_page_again
from invoice_desk.services.replacing import Replacements, replace_table, replacements
from invoice_desk.services.reviewing import Correction, correct, decision_log
from invoice_desk.services.storing import forget_reading, page_of
from invoice_desk.workers.contract import Chunk, Outcome, Success
from invoice_desk.workers.executors import inline_executor
from invoice_desk.workers.reading import ReadingPayload, SourceContent, read
from invoice_desk.writers.pdf import PlacedText, write_pdf

IN_PROCESS = JobSettings(Mode.STANDARD)
needs_tesseract = pytest.mark.skipif(bool(why_missing()), reason=why_missing())


def pages_of(desk: Desk, source_id: int) -> list[Page]:
    with reading(desk.engine) as connection:
        return [page_of(values) for values in list_pages(connection, source_id)]


def cleaned_rows(desk: Desk, table_id: int) -> list[GridRow]:
    rows = TableRows(desk, table_id, View.CLEANED)
    return list(rows.rows(list(rows.ids(RowFilter()))).values())


def tiff(path: Path, pages: int) -> Path:
    first, *others = [picture([f"Page {n + 1} of the scan"], size=(500, 120)) for n in range(pages)]
    first.save(path, save_all=True, append_images=others)
    return path


def test_nothing_is_recognised_twice(desk: Desk, tmp_path: Path) -> None:
    path = tiff(tmp_path / "two.tiff", 2)
    recognised: list[int] = []

    def read_and_count(chunk: Chunk[ReadingPayload]) -> Outcome[SourceContent]:
        outcome = read(chunk)
        assert isinstance(outcome, Success)
        recognised.extend(page.number for page in outcome.value.recognised)
        return outcome

    def import_it() -> list[Page]:
        recognised.clear()
        job = ImportJob(desk, [path], IN_PROCESS)
        job._task = read_and_count
        (file,) = job.run().files
        assert (file.outcome.value, file.pages) == ("done", 2)
        return pages_of(desk, file.source_id or 0)

    before = import_it()
    assert sorted(recognised) == [1, 2]
    forget_reading(desk, 1, status=SourceStatus.PENDING.value)
    assert pages_of(desk, 1) == []

    assert import_it() == before
    assert recognised == []
    assert before[0].reason == "picture"
    assert before[0].engine_version


@pytest.mark.logs
def test_a_page_that_kills_its_worker_does_not_fail_its_document(
    desk: Desk, tmp_path: Path
) -> None:
    job = ImportJob(desk, [tiff(tmp_path / "three.tiff", 3)], JobSettings(Mode.OPTIMIZED, 1))
    job._task = fake_tasks.read_or_die_on_page_two

    (file,) = job.run().files

    assert (file.outcome.value, file.pages) == ("done", 3)
    first, second, third = pages_of(desk, file.source_id or 0)
    assert (texts(first)[:2], texts(third)[:2]) == (["Page", "1"], ["Page", "3"])
    assert (second.words, second.reason) == ((), "unreadable")
    found = browsing.findings(desk, source_id=file.source_id)
    assert "page_unreadable" in [finding.code for finding in found]


@needs_tesseract
def test_a_page_read_again_by_another_engine_keeps_decisions(desk: Desk, samples: Path) -> None:
    (file,) = ImportJob(desk, [samples / "scan-2024-0118.png"], IN_PROCESS).run().files
    CleaningJob(desk, IN_PROCESS).run()
    table = browsing.tables(desk)[0]
    correct(desk, table.id, [Correction(0, "invoice_number", "2024-9999")])
    decisions = decision_log(desk, table.id)

    page = recognise_page_again(desk, file.source_id or 0, 1, "tesseract", workers=inline_executor)

    assert page.engine == "tesseract"
    assert pages_of(desk, 1) == [page_of_stored(page)]
    again = browsing.tables(desk)[0]
    assert (again.id, again.current_pass_id) == (table.id, None)
    assert again.details["fields"]["total_amount"]["engine"] == "tesseract"
    assert decision_log(desk, table.id) == decisions
    CleaningJob(desk, IN_PROCESS).run()
    (row,) = cleaned_rows(desk, table.id)
    assert "2024-9999" in [cell.text for cell in row.cells]


@needs_tesseract
def test_lines_are_those_of_the_page_as_it_was_read_last(desk: Desk, samples: Path) -> None:
    (file,) = ImportJob(desk, [samples / "scan-2024-0118.png"], IN_PROCESS).run().files
    document, lines = browsing.tables(desk)
    assert {box["net_amount"]["engine"] for box in lines.details["boxes"]} == {"rapidocr"}

    recognise_page_again(desk, file.source_id or 0, 1, "tesseract", workers=inline_executor)

    assert [table.id for table in browsing.tables(desk)] == [document.id, lines.id]
    again = browsing.tables(desk)[1]
    assert {box["net_amount"]["engine"] for box in again.details["boxes"]} == {"tesseract"}
    assert again.row_count == len(again.details["boxes"]) == lines.row_count


def test_lines_that_are_not_read_any_more_leave_an_empty_table(desk: Desk, samples: Path) -> None:
    ImportJob(desk, [samples / "scan-2024-0118.png"], IN_PROCESS).run()
    document, lines = browsing.tables(desk)
    left = replacements([document, lines], [])
    assert left == Replacements(((document, None), (lines, None)), ())

    with InProcessWriter(desk.engine).transaction() as to:
        for table, found in left.replaced:
            replace_table(desk, to, table, found)

    document, lines = browsing.tables(desk)
    assert (document.row_count, document.details["fields"]) == (1, {})
    assert (lines.row_count, lines.details["boxes"]) == (0, [])


def page_of_stored(page: Page) -> Page:
    from invoice_desk.services.storing import page_values

    return page_of(page_values(page))


def test_a_page_that_is_not_there_cannot_be_read_again(desk: Desk, tmp_path: Path) -> None:
    (file,) = ImportJob(desk, [tiff(tmp_path / "one.tiff", 1)], IN_PROCESS).run().files

    with pytest.raises(ArgumentError, match="has no page 2"):
        recognise_page_again(desk, file.source_id or 0, 2, "rapidocr")
    with pytest.raises(ArgumentError, match="no engine abbyy"):
        recognise_page_again(desk, file.source_id or 0, 1, "abbyy")
    with pytest.raises(ArgumentError, match="no source 77"):
        recognise_page_again(desk, 77, 1, "rapidocr")


def test_a_text_is_found_on_all_pages_of_a_document(desk: Desk, tmp_path: Path) -> None:
    texts = ("Total 1 200,00", "Conditions", "total carried forward")
    write_pdf([[PlacedText(60, 80, text, 12)] for text in texts], tmp_path / "a.pdf")
    (file,) = ImportJob(desk, [tmp_path / "a.pdf"], IN_PROCESS).run().files

    assert pages_with(desk, file.source_id or 0, "TOTAL") == [1, 3]
    assert pages_with(desk, file.source_id or 0, "1200.00") == [1]
    assert pages_with(desk, file.source_id or 0, "nowhere") == []
