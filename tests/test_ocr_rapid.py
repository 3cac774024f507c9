from __future__ import annotations

import subprocess
import sys
from difflib import SequenceMatcher

import numpy as np
import pytest
from made_pages import LINES, picture, texts
from PIL import Image

from invoice_desk.documents.ocr import engine_named
from invoice_desk.documents.ocr_letters import Letter, LetterReader, LineText
from invoice_desk.documents.page import Page, lines_of
from invoice_desk.documents.pictures import turned


def likeness(page: Page) -> float:
    """Return how much of the lines an engine got right, in their order."""
    said = "\n".join(line.text for line in lines_of(page))
    wanted = "\n".join(" ".join(line.split()) for line in LINES)
    return SequenceMatcher(None, wanted, said).ratio()


def test_a_picture_is_read_with_accents_and_blanks() -> None:
    page = engine_named("rapidocr").recognise(picture(), number=3)

    assert likeness(page) > 0.95
    assert {"Beauséjour", "N°", "2024-0731", "28,80"} <= set(texts(page))
    assert (page.number, page.width, page.height, page.turned) == (3, 900, 640, 0)
    assert page.engine_version


def test_boxes_lie_on_the_ink_and_hold_no_other_line() -> None:
    image = picture()

    page = engine_named("rapidocr").recognise(image, number=1)

    pixels = np.asarray(image.convert("L"))
    for word in page.words:
        x0, y0, x1, y1 = (max(0, round(v)) for v in word.box)
        assert pixels[y0:y1, x0:x1].min() < 100, word
        assert 15 < word.height < 60, word
    name, owner = (next(w for w in page.words if w.text == t) for t in ("Papeterie", "SARL"))
    ink = np.flatnonzero((pixels[50:90] < 128).any(axis=0))
    assert name.box[0] == pytest.approx(ink[0], abs=10)
    assert owner.box[2] == pytest.approx(ink[-1], abs=10)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_scan_that_was_fed_the_wrong_way_is_turned_upright(degrees: int) -> None:
    page = engine_named("rapidocr").recognise(turned(picture(), degrees), number=1)

    assert page.turned == 360 - degrees
    assert (page.width, page.height) == (900, 640)
    assert likeness(page) > 0.9


@pytest.mark.parametrize("degrees", [-4.0, 2.5])
def test_a_scan_that_is_askew_gives_level_lines(degrees: float) -> None:
    askew = picture(size=(1100, 800)).rotate(-degrees, expand=False, fillcolor="white")

    page = engine_named("rapidocr").recognise(askew, number=1)

    assert page.turned == pytest.approx(-degrees, abs=0.5)
    assert likeness(page) > 0.9


def test_a_faint_page_is_read() -> None:
    page = engine_named("rapidocr").recognise(picture(ink=205, paper=240), number=1)

    assert likeness(page) > 0.9


def test_a_blank_page_has_no_words() -> None:
    page = engine_named("rapidocr").recognise(Image.new("RGB", (400, 300), "white"), number=1)

    assert page.words == ()


def test_choosing_engines_loads_none_of_their_libraries() -> None:
    code = (
        "import sys; from invoice_desk.documents.ocr import ENGINES, engine_order, uses_gpu;"
        "import invoice_desk.services.inspecting, invoice_desk.workers.reading;"
        "engine_order(''); uses_gpu(None); sys.stdout.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    heavy = {"rapidocr", "onnxruntime", "cv2", "pytesseract", "pdf2image", "torch", "PIL.Image"}
    assert heavy.isdisjoint(done.stdout.split())


# --- letters ------------------------------------------------------------------------------


def line(text: str, *, parted: str = "") -> LineText:
    """Return letters a tenth of the line apart; those in `parted` have a gap before them."""
    return LineText(tuple(Letter(c, (n + 0.5) / 10, 0.9, c in parted) for n, c in enumerate(text)))


def test_words_are_parted_at_blanks_and_at_gaps() -> None:
    assert [word.text for word in line("ab cd").words()] == ["ab", "cd"]
    assert [word.text for word in line("NoF12", parted="F").words()] == ["No", "F12"]


def test_words_reach_from_their_first_letter_to_their_last() -> None:
    first, second = line("ab cdefghi").words()

    assert (first.start, first.stop) == pytest.approx((0.0, 0.2))
    assert (second.start, second.stop) == pytest.approx((0.3, 1.0))


def test_stains_do_not_become_chinese_but_chinese_stays() -> None:
    signs = ["blank", "a", "水", "冰", " "]

    def session(batch: np.ndarray) -> np.ndarray:
        """Return, for each line, columns whose chances its own first pixel tells."""
        sure = {0: (0.5, 0.4), 1: (0.1, 0.9)}
        out = np.zeros((len(batch), 6, len(signs)), np.float32)
        for n, one in enumerate(batch):
            latin, other = sure[int(one[0, 0, 0] > 0)]
            out[n, :, 0] = 0.01
            out[n, ::2, 1], out[n, ::2, 2] = latin, other
            out[n, 1::2, 0] = 1
        return out

    reader = LetterReader(session, signs)
    dark, bright = np.zeros((48, 96, 3), np.uint8), np.full((48, 96, 3), 255, np.uint8)

    assert {letter.sign for letter in reader.read([dark])[0].letters} == {"a"}
    assert {letter.sign for letter in reader.read([bright])[0].letters} == {"水"}
