from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from made_pages import LINES, pdf_of, picture, texts

from invoice_desk.core.findings import Finding
from invoice_desk.core.source import Kind
from invoice_desk.db.engine import reading
from invoice_desk.db.sources import list_pages
from invoice_desk.documents import poppler
from invoice_desk.documents.ocr import ENGINES, EngineChoice, engine_named
from invoice_desk.documents.page import Page, PageReason, TextSource, Word
from invoice_desk.documents.recognising import (
    PageWanted,
    is_known,
    picture_of,
    recognise_page,
)
from invoice_desk.errors import CorruptSourceError, EngineError, IncompleteReadingError, UserError
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.storing import page_of
from invoice_desk.workers.reading import (
    ReadFields,
    ReadSource,
    RecognisePage,
    SourceContent,
    left_to_do,
    part_of,
    read_payload,
)
from invoice_desk.workers.threads import ThreadPool

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


class Press(Typist):
    """Reads pages by the batch; the second page of a document it cannot read."""

    name = "press"
    batches: ClassVar[list[list[int]]] = []

    def recognise_many(
        self, images: Sequence[Any], *, numbers: Sequence[int]
    ) -> list[Page | UserError]:
        self.batches.append(list(numbers))
        pages = [self.recognise(i, number=n) for i, n in zip(images, numbers, strict=True)]
        return [EngineError("Torn.") if page.number == 2 else page for page in pages]


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Make the press one of the engines; return what pages it was given together."""
    monkeypatch.setattr(Press, "batches", [])
    monkeypatch.setitem(ENGINES, "press", EngineChoice(Press, lambda: "", pages_at_once=lambda: 3))
    engine_named.cache_clear()
    return Press.batches


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


def scanned_pages(path: Path, count: int) -> Path:
    picture().save(path, save_all=True, append_images=[picture()] * (count - 1))
    return path


def test_an_engine_that_takes_several_pages_is_given_them_together(
    tmp_path: Path, press: list[list[int]]
) -> None:
    path = scanned_pages(tmp_path / "five.tiff", 5)
    source = ReadSource(str(path), path.name, Kind.IMAGE, engines=("press", "typist"))

    later = read_payload(source).follow_ups
    contents = [read_payload(each) for each in later]

    assert [part_of(each) for each in later] == ["page:1+2+3", "page:4+5"]
    assert press == [[1, 2, 3], [4, 5]]
    pages = [page for content in contents for page in content.pages]
    assert [page.engine for page in pages] == ["press", "typist", "press", "press", "press"]
    assert [codes(content.findings) for content in contents] == [["other_engine"], []]
    assert [page.number for content in contents for page in content.recognised] == [1, 2, 3, 4, 5]


def test_a_document_read_by_the_batch_is_imported_whole(
    desk: Desk, tmp_path: Path, press: list[list[int]]
) -> None:
    path = scanned_pages(tmp_path / "five.tiff", 5)
    desk.settings = replace(desk.settings, ocr_engines="press,typist")
    desk.pool = ThreadPool(1)  # workers that know the engines of this process

    result = import_paths(desk, [path])

    assert [file.outcome for file in result.files] == ["done"]
    assert press == [[1, 2, 3], [4, 5]]
    with reading(desk.engine) as connection:
        pages = [page_of(v) for v in list_pages(connection, result.files[0].source_id or 0)]
    assert [page.number for page in pages] == [1, 2, 3, 4, 5]
    assert [page.engine for page in pages] == ["press", "typist", "press", "press", "press"]


def test_pages_that_are_stored_are_left_out_of_a_batch() -> None:
    batch = RecognisePage("a.pdf", "a.pdf", Kind.PDF, 1, "no_text", more=((2, "x"), (3, "y")))

    left = left_to_do(batch, ["head", "page:1", "page:3+4"])

    assert left is not None
    assert part_of(left) == "page:2"
    assert left_to_do(batch, ["page:1+2+3"]) is None
