from __future__ import annotations

from pathlib import Path

import pytest
from made_pages import LINES, pdf_of, picture, texts

from invoice_desk.documents.layer_quality import judge, looks_misread
from invoice_desk.documents.page import PageReason, TextSource, Word, lines_of
from invoice_desk.documents.pdf import read_doubted_layer, read_text_layers, render
from invoice_desk.documents.pictures import turned
from invoice_desk.documents.text_layer import TextLayer

MISREAD = (
    "lnvo1ce3O-PaVme* rd,ttr|n {llrs A{.hBy Sd!.Fr0n",
    "0a7c6b ph:(8l0)2$4tm P0L1T1O{LlSsUe fl1Sl6m 4f1",
    "rcdTwr ltr0nrU «norUcdHr0f» e@En D1f1{3tH0tSS 3O",
)
BROKEN = ("\ue001\ue002\ue003\ue004 \ue005\ue006\ue007", "Total 12 \ue010\ue011\ue012\ue013\ue014")


def test_words_of_the_layer_are_kept_with_their_accents(tmp_path: Path) -> None:
    (page,) = read_text_layers(pdf_of(tmp_path / "a.pdf", LINES), name="a.pdf")

    assert [line.text for line in lines_of(page)] == [" ".join(line.split()) for line in LINES]
    assert (page.text_source, page.reason) == (TextSource.TEXT_LAYER, PageReason.GOOD_TEXT)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_lie_on_the_ink_of_the_page_put_upright(tmp_path: Path, rotation: int) -> None:
    path = pdf_of(tmp_path / "turned.pdf", LINES, rotation=rotation)

    (page,) = read_text_layers(path, name="turned.pdf")
    image = turned(render(path, 1, name="turned.pdf", dpi=144).convert("L"), page.turned)

    assert page.turned == (360 - rotation) % 360
    assert [line.text for line in lines_of(page)] == [" ".join(line.split()) for line in LINES]

    assert (page.width * 2, page.height * 2) == pytest.approx(image.size, abs=2)
    dark = [image.crop([round(2 * v) for v in word.box]).getextrema()[0] for word in page.words]
    assert max(dark) < 100
    for word in page.words:
        image.paste(255, [round(2 * v + d) for v, d in zip(word.box, (-3, -3, 3, 3), strict=True)])
    assert image.getextrema()[0] > 200, "all ink is in the boxes"


def test_a_page_with_another_origin_has_its_boxes_where_the_ink_is(tmp_path: Path) -> None:
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument(pdf_of(tmp_path / "a.pdf", LINES))
    document[0].set_cropbox(40, 500, 500, 842)
    document.save(tmp_path / "cropped.pdf")
    document.close()

    (page,) = read_text_layers(tmp_path / "cropped.pdf", name="cropped.pdf")

    assert (page.width, page.height) == (460, 342)
    first = page.words[0]
    assert first.text == "Papeterie"
    assert first.box[0] == pytest.approx(20, abs=3)


def test_a_scan_with_another_programs_bad_words_is_looked_at(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "a.pdf", MISREAD, image=picture(), invisible=True)

    (page,) = read_text_layers(path, name="a.pdf")

    assert (page.words, page.reason) == ((), PageReason.POOR_RECOGNITION)
    assert "lnvo1ce3O-PaVme*" in texts(read_doubted_layer(path, 1, name="a.pdf"))


def test_a_scan_with_another_programs_good_words_is_believed(tmp_path: Path) -> None:
    good = [line.replace("N°", "No") for line in LINES]
    path = pdf_of(tmp_path / "a.pdf", [*good, "nothing else is here to read"] * 3, image=picture())

    (page,) = read_text_layers(path, name="a.pdf")

    assert page.reason == PageReason.GOOD_TEXT


def test_a_picture_with_a_stamp_of_text_is_looked_at(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "a.pdf", ["Received on 4 May 2024 by mail"], image=picture())

    (page,) = read_text_layers(path, name="a.pdf")

    assert page.reason == PageReason.UNCOVERED_PICTURE


def test_a_blank_page_is_not_recognised(tmp_path: Path) -> None:
    (page,) = read_text_layers(pdf_of(tmp_path / "a.pdf", []), name="a.pdf")

    assert (page.text_source, page.reason) == (TextSource.TEXT_LAYER, PageReason.NOTHING_DRAWN)


def test_a_picture_without_text_is_looked_at(tmp_path: Path) -> None:
    (page,) = read_text_layers(pdf_of(tmp_path / "a.pdf", [], image=picture()), name="a.pdf")

    assert (page.text_source, page.reason) == (TextSource.NONE, PageReason.NO_TEXT)


def layer_of(*lines: str) -> TextLayer:
    words = [Word(text, (0, 0, 9, 9)) for line in lines for text in line.split()]
    return TextLayer(595, 842, tuple(words), is_bare=False)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (LINES, PageReason.GOOD_TEXT),
        (BROKEN, PageReason.GARBLED_TEXT),
        (
            ("Rechnung \ufffd\ufffd\ufffd f\ufffdr \ufffd\ufffd Geb\ufffdhr",),
            PageReason.GARBLED_TEXT,
        ),
        (("Gsdfk hjklm wrtpq sdfgh kjhgf zxcvb mnbvc lkjhg qwrtp",), PageReason.NO_WORDS),
        (("12", "A"), PageReason.NO_TEXT),
        (("Přehled účtů za květen, čtvrt, prst, smrt, vlk, krk",), PageReason.GOOD_TEXT),
    ],
)
def test_a_layer_is_judged_by_its_letters(lines: tuple[str, ...], reason: PageReason) -> None:
    assert judge(layer_of(*lines)) == reason


@pytest.mark.parametrize("text", ["2024-0117", "N°", "28,80", "l'Église", "FR76", "GmbH", "12/05"])
def test_words_of_invoices_do_not_look_misread(text: str) -> None:
    assert not looks_misread(text)


@pytest.mark.parametrize("text", ["|", "ltr0nrU1c2", "A{.hBy", "rcdtwrs", "iNvOiCe", "~"])
def test_what_bad_recognition_makes_looks_misread(text: str) -> None:
    assert looks_misread(text)
