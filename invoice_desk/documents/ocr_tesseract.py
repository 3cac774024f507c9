"""Tesseract through pytesseract: words with boxes, in the languages that are installed."""

from __future__ import annotations

import importlib.util
import os
from functools import lru_cache
from statistics import median
from typing import Any

from invoice_desk.documents.page import Page, TextSource, Word
from invoice_desk.documents.pictures import turned

#: Languages that pages of this program are in, as Tesseract calls them.
LANGUAGES = ("fra", "eng", "deu")
#: How a page is cut up: one block on a receipt, text wherever it stands on a page.
RECEIPT, PAGE = 6, 11
#: A page takes this many seconds at the most.
TIMEOUT = 120
#: Changes when pages are read otherwise than before, so that what is known is read anew.
_READING = "2"
#: A page whose letters are less sure than this may lie on its side, or stand on its head.
_DOUBTED = 0.85


class TesseractEngine:
    """Tesseract's own program, one process a page."""

    name = "tesseract"
    uses_gpu = False

    def __init__(self) -> None:
        import pytesseract

        version = str(pytesseract.get_tesseract_version())
        self._languages = "+".join(languages())
        self.version = f"{version}-{self._languages}-{_READING}"

    def recognise(self, image: Any, *, number: int) -> Page:
        """Return the words of a PIL image as page `number`, turned upright where that is due."""
        os.environ["OMP_THREAD_LIMIT"] = "1"  # four threads are three times slower than one
        image, degrees = image.convert("RGB"), 0
        words = self._words_of(image)
        turn = _turn_of(image) if _is_doubtful(words) else 0
        if turn:
            upright = turned(image, turn)
            again = self._words_of(upright)
            if _sure_letters(again) > _sure_letters(words):
                image, degrees, words = upright, turn, again
        return Page(
            number,
            image.width,
            image.height,
            tuple(level(words)),
            TextSource.OCR,
            self.name,
            engine_version=self.version,
            turned=degrees,
        )

    def _words_of(self, image: Any) -> list[Word]:
        import pytesseract

        narrow = image.height > 1.7 * image.width or max(image.size) < 1200
        found = pytesseract.image_to_data(
            image,
            lang=self._languages,
            config=f"--psm {RECEIPT if narrow else PAGE}",
            output_type=pytesseract.Output.DICT,
            timeout=TIMEOUT,
        )
        return _words(found)


def _turn_of(image: Any) -> int:
    """Return by how many degrees clockwise a page is to be turned; 0 where that is not told."""
    import pytesseract

    try:
        told = pytesseract.image_to_osd(image, output_type=pytesseract.Output.DICT, timeout=TIMEOUT)
    except (pytesseract.TesseractError, RuntimeError):
        return 0  # too few letters, or the data for it is not installed
    return int(told["rotate"]) % 360


def _is_doubtful(words: list[Word]) -> bool:
    """Return whether a page may lie otherwise: its letters are not sure, or it has none."""
    letters = sum(len(word.text) for word in words)
    return not letters or _sure_letters(words) < _DOUBTED * letters


def _sure_letters(words: list[Word]) -> float:
    """Return how many letters there are, each as much as it is sure."""
    return sum(len(word.text) * word.confidence for word in words)


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Return the languages of ours that are installed; all there are, when none is."""
    import pytesseract

    installed = pytesseract.get_languages()
    ours = tuple(name for name in LANGUAGES if name in installed)
    return ours or tuple(name for name in installed if name != "osd")


def why_missing() -> str:
    """Return why Tesseract cannot be used and what to do; empty when it can."""
    if importlib.util.find_spec("pytesseract") is None:
        return "pytesseract is not installed. Install the program again: python3 bootstrap.py"
    import pytesseract

    try:
        found = languages()
    except (pytesseract.TesseractNotFoundError, OSError):
        return (
            "Tesseract is not installed. On Debian: "
            "apt-get install tesseract-ocr tesseract-ocr-fra tesseract-ocr-deu; "
            "elsewhere see https://tesseract-ocr.github.io/tessdoc/Installation.html"
        )
    if not found:
        return "Tesseract has no language. On Debian: apt-get install tesseract-ocr-fra"
    return ""


def _words(found: dict[str, list[Any]]) -> list[Word]:
    words = []
    columns = ("text", "left", "top", "width", "height", "conf")
    for text, left, top, width, height, conf in zip(*(found[c] for c in columns), strict=True):
        parts, sure = str(text).split(), float(conf)
        if not parts or sure < 0:
            continue
        step = float(width) / len(" ".join(parts))
        at = float(left)
        for part in parts:
            box = (at, float(top), at + len(part) * step, float(top + height))
            words.append(Word(part, box, round(sure / 100, 3)))
            at += (len(part) + 1) * step
    return words


def level(words: list[Word]) -> list[Word]:
    """Return words that are as high as a line at least.

    Tesseract's boxes hug their letters, so that a dash or a dot lies beside the line it is on.
    """
    if not words:
        return []
    usual = median(word.height for word in words)
    level = []
    for word in words:
        missing = usual - word.height
        if missing > 0:
            x0, y0, x1, y1 = word.box
            low, high = _lift(word.text)
            box = (x0, y0 - missing * low, x1, y1 + missing * high)
            word = Word(word.text, box, word.confidence)  # noqa: PLW2901 - the same, padded
        level.append(word)
    return level


def _lift(text: str) -> tuple[float, float]:
    """Return how much of the missing height lies above and below: dots stand low, quotes high."""
    if all(sign in ".,_…" for sign in text):
        return 1.0, 0.0
    if all(sign in "'’‘\"“”°*^`´" for sign in text):
        return 0.0, 1.0
    return 0.5, 0.5
