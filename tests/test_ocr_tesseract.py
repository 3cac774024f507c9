from __future__ import annotations

from dataclasses import replace

import pytest
from made_pages import picture, texts

from invoice_desk.documents.ocr import ENGINES, check_engines, engine_named, engine_order
from invoice_desk.documents.ocr_tesseract import level, why_missing
from invoice_desk.documents.page import Word, lines_of
from invoice_desk.documents.pictures import turned
from invoice_desk.errors import ArgumentError, EngineError

needs_tesseract = pytest.mark.skipif(bool(why_missing()), reason=why_missing())


@needs_tesseract
def test_tesseract_reads_words_with_boxes_and_confidence() -> None:
    page = engine_named("tesseract").recognise(picture(), number=2)

    assert {"Papeterie", "Beauséjour", "2024-0731"} <= set(texts(page))
    assert (page.number, page.engine) == (2, "tesseract")
    assert "fra" in page.engine_version
    assert all(0 < word.confidence <= 1 for word in page.words)
    assert "FACTURE N° 2024-0731" in [line.text for line in lines_of(page)]


@needs_tesseract
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_tesseract_reads_a_page_that_lies_on_its_side_or_stands_on_its_head(quarters: int) -> None:
    lines = [f"The goods of order {n} were delivered on the third of May." for n in range(9)]
    upright = picture(lines, size=(1300, 900), letter=30)

    page = engine_named("tesseract").recognise(turned(upright, 90 * quarters), number=1)

    assert page.turned == (360 - 90 * quarters) % 360
    assert (page.width, page.height) == (1300, 900)
    assert lines_of(page)[0].text.startswith("The goods of order 0 were delivered")


def test_a_flat_sign_stays_on_its_line() -> None:
    low = (60.0, 26.0, 64.0, 30.0)
    words = [Word("10", (0, 10, 20, 30)), Word("-", (30, 19, 40, 21)), Word(".", low)]
    words += [Word("12", (70, 10, 90, 30)), Word("13", (95, 10, 115, 30))]

    boxes = {word.text: word.box for word in level(words)}

    assert boxes["-"] == pytest.approx((30, 10, 40, 30))
    assert boxes["."] == pytest.approx((60, 10, 64, 30))
    assert boxes["10"] == pytest.approx((0, 10, 20, 30))


def test_an_engine_that_does_not_exist_is_said_to() -> None:
    with pytest.raises(ArgumentError, match="no engine abbyy; there are rapidocr, tesseract"):
        check_engines(["abbyy"])
    with pytest.raises(ArgumentError):
        engine_order("rapidocr, abbyy")


def test_an_engine_that_is_missing_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = replace(ENGINES["tesseract"], missing=lambda: "Install it with: x")
    monkeypatch.setitem(ENGINES, "tesseract", gone)

    with pytest.raises(EngineError, match="tesseract cannot recognise text here: Install it"):
        check_engines(["tesseract"])


def test_the_order_of_engines_is_what_was_set() -> None:
    assert engine_order("tesseract, rapidocr,tesseract") == ("tesseract", "rapidocr")
    assert engine_order("")[0] == "rapidocr"
