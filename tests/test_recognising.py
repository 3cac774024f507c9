from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_pages import LINES, pdf_of, picture, texts

from invoice_desk.core.findings import Finding
from invoice_desk.core.source import Kind
from invoice_desk.documents import poppler
from invoice_desk.documents.ocr import ENGINES, EngineChoice
from invoice_desk.documents.page import Page, PageReason, TextSource, Word
from invoice_desk.documents.recognising import (
    PageWanted,
    is_known,
    picture_of,
    recognise_page,
)
from invoice_desk.errors import CorruptSourceError, IncompleteReadingError
from invoice_desk.workers.reading import ReadFields, ReadSource, SourceContent, read_payload

needs_poppler = pytest.mark.skipif(bool(poppler.why_missing()), reason=poppler.why_missing())


class Typist:
    """An engine that always reads the same."""

    name, version, uses_gpu = "typist", "1", False

    def __init__(self, said: str = "as I was told before") -> None:
        self.said = said

    def recognise(self, image: Any, *, number: int) -> Page:
        words = tuple(Word(text, (0, 0, 9, 9)) for text in self.said.split())
        width, height = image.size
        return Page(number, width, height, words, TextSource.OCR, self.name, self.version)


class Broken(Typist):
    name = "broken"

    def recognise(self, image: Any, *, number: int) -> Page:
        raise RuntimeError("no such tensor")


@pytest.fixture(autouse=True)
def _engines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, made in {"typist": Typist, "broken": Broken}.items():
        monkeypatch.setitem(ENGINES, name, EngineChoice(made, lambda: ""))
    monkeypatch.setitem(ENGINES, "gone", EngineChoice(Typist, lambda: "Install it with: x"))


@pytest.fixture
def scan(tmp_path: Path) -> PageWanted:
    path = tmp_path / "scan.png"
    picture().save(path)
    return PageWanted(path, "scan.png", Kind.IMAGE, 1, engines=("typist",))


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [str(finding.code) for finding in findings]


@pytest.mark.parametrize("first", ["broken", "gone"])
def test_the_next_engine_reads_what_the_first_cannot(scan: PageWanted, first: str) -> None:
    got = recognise_page(replace(scan, engines=(first, "typist")))

    assert got.page.engine == "typist"
    assert codes(got.findings) == ["other_engine"]
    assert first in (got.findings[0].text or "")


def test_a_page_that_no_engine_can_read_is_kept_empty(scan: PageWanted) -> None:
    got = recognise_page(replace(scan, engines=("broken",)))

    assert (got.page.number, got.page.words) == (1, ())
    assert codes(got.findings) == ["page_unreadable"]
    assert (got.findings[0].text or "").startswith("page 1: broken failed")


def test_what_is_known_of_a_page_is_not_recognised_again(scan: PageWanted) -> None:
    before = Page(1, 9, 9, (Word("before", (0, 0, 1, 1)),), TextSource.OCR, "typist", "1")

    got = recognise_page(replace(scan, known=(before,)))

    assert texts(got.page) == ["before"]
    assert got.recognised == ()


@pytest.mark.parametrize("change", [{"engine_version": "0"}, {"engine": "rapidocr"}, {"number": 2}])
def test_another_page_engine_or_version_is_recognised_anew(
    scan: PageWanted, change: dict[str, Any]
) -> None:
    before = Page(1, 9, 9, (), TextSource.OCR, "typist", "1")
    other = replace(scan, known=(replace(before, **change),))

    assert not is_known(other)
    assert texts(recognise_page(other).page)[0] == "as"


def test_a_doubted_layer_is_kept_when_recognising_finds_far_less(tmp_path: Path) -> None:
    lines = ["lnvo1ce3O-PaVme* rd,ttr|n {llrs A{.hBy Sd!.Fr0n"] * 8
    path = pdf_of(tmp_path / "a.pdf", lines, image=picture(), invisible=True)
    wanted = PageWanted(path, "a.pdf", Kind.PDF, 1, PageReason.POOR_RECOGNITION, ("typist",))

    got = recognise_page(wanted)

    assert got.page.text_source is TextSource.TEXT_LAYER
    assert got.page.reason == PageReason.BETTER_THAN_RECOGNISED
    assert [page.engine for page in got.recognised] == ["typist"], "for the next time"


def _draws_nothing(_path: Path, _number: int, /, *, name: str) -> Any:
    raise CorruptSourceError(f"{name} cannot be drawn.")


@needs_poppler
def test_a_page_that_pdfium_cannot_draw_is_drawn_by_poppler(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "a.pdf", LINES, rotation=90)
    wanted = PageWanted(path, "a.pdf", Kind.PDF, 1)
    findings: list[Finding] = []

    image = picture_of(wanted, findings, first=_draws_nothing)

    assert codes(tuple(findings)) == ["other_renderer"]
    assert image.width / image.height == pytest.approx(842 / 595, abs=0.01)
    assert image.convert("L").getextrema()[0] < 100


def test_a_page_that_nothing_can_draw_fails_alone(tmp_path: Path) -> None:
    path = tmp_path / "torn.pdf"
    path.write_bytes(b"%PDF-1.7 torn")

    got = recognise_page(PageWanted(path, "torn.pdf", Kind.PDF, 1, engines=("typist",)))

    assert codes(got.findings) == ["page_unreadable"]


# --- whole documents ----------------------------------------------------------------------


def content_of(path: Path, **how: Any) -> SourceContent:
    kind = Kind.PDF if path.suffix == ".pdf" else Kind.IMAGE
    return read_payload(ReadSource(str(path), path.name, kind, engines=("typist",), **how))


def test_text_is_recognised_only_on_the_pages_that_need_it(tmp_path: Path) -> None:
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument.new()
    parts = [
        pdf_of(tmp_path / "1.pdf", LINES),
        pdf_of(tmp_path / "2.pdf", [], image=picture()),
        pdf_of(tmp_path / "3.pdf", LINES),
    ]
    for part in parts:
        document.import_pages(pdfium.PdfDocument(part))
    document.save(tmp_path / "mixed.pdf")

    pages = content_of(tmp_path / "mixed.pdf").pages

    assert [page.engine for page in pages] == ["pdfium", "typist", "pdfium"]
    assert [page.reason for page in pages] == ["good_text", "no_text", "good_text"]


def test_known_pages_leave_nothing_to_do(tmp_path: Path) -> None:
    path = tmp_path / "two.tiff"
    picture().save(path, save_all=True, append_images=[picture()])
    known = tuple(
        Page(n, 9, 9, (Word("before", (0, 0, 1, 1)),), TextSource.OCR, "typist", "1")
        for n in (1, 2)
    )

    assert len(content_of(path).follow_ups) == 2
    content = content_of(path, known=known)
    assert (content.follow_ups, content.recognised) == ((), ())
    assert [texts(page) for page in content.pages] == [["before"], ["before"]]


def test_the_engine_that_was_asked_for_reads_pages_with_text_as_well(tmp_path: Path) -> None:
    (page,) = content_of(pdf_of(tmp_path / "a.pdf", LINES), ocr="typist").pages

    assert (page.engine, page.reason) == ("typist", PageReason.ASKED_FOR)


@pytest.mark.parametrize("numbers", [(1, 3), (1, 2, 2), (2, 1, 3), ()])
def test_a_document_that_lost_a_page_is_not_done(numbers: tuple[int, ...]) -> None:
    pages = tuple(Page(number, 9, 9) for number in numbers)

    with pytest.raises(IncompleteReadingError, match=r"Of 3 pages of a\.pdf"):
        read_payload(ReadFields("a.pdf", pages, page_count=3))
