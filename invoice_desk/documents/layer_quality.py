"""Whether a text layer can be trusted, or the page has to be looked at."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence

from invoice_desk.documents.page import PageReason, Word
from invoice_desk.documents.text_layer import Box, TextLayer

#: Fewer letters than this on a page with anything else on it, and it counts as a picture.
MIN_LETTERS = 16
#: More of the signs than this have no meaning, and a font has the wrong alphabet.
MOST_BROKEN = 0.1
#: More of the long words than this have no vowel, and they are none.
MOST_VOWELLESS = 0.5
#: More of the words than this look misread, and so another program recognised them badly.
MOST_MISREAD = 0.05
#: A picture of more of the page than this is the page.
WHOLE_PAGE = 0.6
#: Of a grid laid over pictures that are so much of the page, so much must be near text.
MUCH_OF_PAGE, LEAST_COVERED = 0.4, 0.04
_GRID = 24
#: Signs that say nothing: replaced ones, controls, those of private alphabets.
_BROKEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd\U000f0000-\U0010ffff]")
_VOWELS = frozenset("aeiouyœæø")
#: Marks that stand inside or around words of well-read pages.
_PLAIN_MARKS = frozenset(".,:;'’‘“”\"-–—/&@%#()[]_+°€$£*!?<>=«»•·§№²³")


def judge(layer: TextLayer) -> PageReason:
    """Return why to trust a layer (`GOOD_TEXT`, `NOTHING_DRAWN`), or why not."""
    texts = [word.text for word in layer.words]
    signs = "".join(texts)
    if len(_BROKEN.findall(signs)) > MOST_BROKEN * len(signs):
        return PageReason.GARBLED_TEXT
    if len(signs) < 8 * MIN_LETTERS and sum(map(str.isalnum, signs)) < MIN_LETTERS:
        return PageReason.NOTHING_DRAWN if layer.is_bare else PageReason.NO_TEXT
    if _vowelless(texts):
        return PageReason.NO_WORDS
    sheet = max(layer.width * layer.height, 1.0)
    largest = max(map(_area, layer.pictures), default=0.0) / sheet
    if layer.invisible > 0.5 and largest > WHOLE_PAGE:
        misread = sum(map(looks_misread, texts))
        return PageReason.POOR_RECOGNITION if misread > MOST_MISREAD * len(texts) else _GOOD
    if largest > MUCH_OF_PAGE and _covered(layer.words, layer.pictures) < LEAST_COVERED:
        return PageReason.UNCOVERED_PICTURE
    return _GOOD


_GOOD = PageReason.GOOD_TEXT


def looks_misread(text: str) -> bool:
    """Return whether a word looks like those that bad recognition makes.

    Lone marks, marks of no language, letters among digits, capitals in the middle.
    """
    core = text.strip(".,;:()[]\"'!?*-–—")
    if not core:
        return True
    if any(not (sign.isalnum() or sign in _PLAIN_MARKS) for sign in core):
        return True
    letters = [sign for sign in core if sign.isalpha()]
    if len(letters) >= 5 and len(letters) == len(core) and not _has_vowel(core):
        return True
    cases = [letter.isupper() for letter in letters]
    changes = sum(a != b for a, b in itertools.pairwise(cases))
    if changes > 2:
        return True
    kinds = [sign.isdigit() for sign in core if sign.isalnum()]
    return sum(a != b for a, b in itertools.pairwise(kinds)) > 2


def _vowelless(texts: Sequence[str]) -> bool:
    """Return whether most long words in Latin letters cannot be words of any language."""
    long = [text for text in texts if len(text) >= 5 and text.isalpha() and text[0] < "\u0250"]
    without = sum(not _has_vowel(text) for text in long)
    return len(long) >= 8 and without > MOST_VOWELLESS * len(long)


def _has_vowel(text: str) -> bool:
    plain = text.lower()
    if plain.isascii():
        return not _VOWELS.isdisjoint(plain)
    return not _VOWELS.isdisjoint(unicodedata.normalize("NFD", plain))


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _covered(words: Sequence[Word], pictures: Sequence[Box]) -> float:
    """Return the share of the largest picture's fields that have a word in them."""
    x0, y0, x1, y1 = max(pictures, key=_area)
    width, height = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    fields = set()
    for word in words:
        x, y = (word.box[0] + word.box[2]) / 2, word.middle
        if x0 <= x <= x1 and y0 <= y <= y1:
            fields.add((int(_GRID * (x - x0) / width), int(_GRID * (y - y0) / height)))
    return len(fields) / _GRID**2
