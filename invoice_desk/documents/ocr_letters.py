"""Letters of recognised lines: decoded with their places, and parted into words."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

#: The model reads lines of this height.
HEIGHT = 48
#: So many lines are read at once; more need more memory and are not faster.
BATCH = 6
LEAST_WIDTH = 320
#: A gap is a blank when the model gives one at least this chance between two letters.
BLANK_CHANCE = 0.1
#: Signs of these ranges occur on pages in Latin letters: letters, punctuation, currencies, ….
_LATIN = ((0x20, 0x250), (0x2000, 0x2200))
#: Too small to tell apart, and our pages write n°: the chances of both count for the second.
_ALIKE = ("\u00ba", "\u00b0")
#: A page has other letters when this share of its sure letters are.
OTHER_SCRIPT = 0.15
SURE = 0.8


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter and where on its line it stands, from 0 to 1."""

    sign: str
    place: float
    confidence: float
    #: Whether a blank may stand before it.
    parted: bool = False


@dataclass(frozen=True, slots=True)
class LineWord:
    """A word and from where to where on its line it reaches."""

    text: str
    start: float
    stop: float
    confidence: float


@dataclass(frozen=True, slots=True)
class LineText:
    """The letters of a line."""

    letters: tuple[Letter, ...]

    @property
    def confidence(self) -> float:
        """Return how sure its letters are on the whole."""
        if not self.letters:
            return 0.0
        return sum(letter.confidence for letter in self.letters) / len(self.letters)

    def words(self) -> list[LineWord]:
        """Return its words; each reaches half a letter beyond the middles of its ends."""
        groups: list[list[Letter]] = [[]]
        for letter in self.letters:
            if (letter.sign == " " or letter.parted) and groups[-1]:
                groups.append([])
            if letter.sign != " ":
                groups[-1].append(letter)
        groups = [group for group in groups if group]
        places = [letter.place for letter in self.letters]
        steps = [b - a for a, b in itertools.pairwise(places)]
        half = median(steps) / 2 if steps else 0.5
        words, before = [], 0.0
        for at, group in enumerate(groups):
            limit = (
                1.0 if at + 1 == len(groups) else (group[-1].place + groups[at + 1][0].place) / 2
            )
            start, stop = max(before, group[0].place - half), min(limit, group[-1].place + half)
            sure = sum(letter.confidence for letter in group) / len(group)
            text = "".join(letter.sign for letter in group)
            words.append(LineWord(text, start, max(start, stop), round(sure, 4)))
            before = limit
        return words


class LetterReader:
    """Reads pictures of lines with the recognition model."""

    def __init__(self, session: Callable[[Any], Any], signs: Sequence[str]) -> None:
        import numpy as np

        self._session, self._signs = session, signs
        self._blank = len(signs) - 1
        latin = [i == 0 or _is_latin(sign) for i, sign in enumerate(signs)]
        self._latin = np.flatnonzero(latin)
        self._alike = [self._signs.index(sign) for sign in _ALIKE if sign in signs]

    def read(self, cuts: Sequence[Any]) -> list[LineText]:
        """Return the text of each picture, in their order.

        Stains and rows of stars look like Chinese to the model; unless there really are such
        letters on the page, only signs of Latin pages count.
        """
        found: list[tuple[LineText, LineText]] = [(LineText(()), LineText(()))] * len(cuts)
        order = sorted(range(len(cuts)), key=lambda at: cuts[at].shape[1] / cuts[at].shape[0])
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            for at, pair in zip(batch, self._read_some([cuts[i] for i in batch]), strict=True):
                found[at] = pair
        sure = [x.sign for text, _ in found for x in text.letters if x.confidence >= SURE]
        others = sum(not _is_latin(sign) for sign in sure)
        latin = others <= OTHER_SCRIPT * len(sure)
        return [pair[latin] for pair in found]

    def _read_some(self, cuts: Sequence[Any]) -> list[tuple[LineText, LineText]]:
        """Return each line's text in all signs, and in those of Latin pages."""
        import numpy as np

        ratios = [cut.shape[1] / cut.shape[0] for cut in cuts]
        width = max(LEAST_WIDTH, int(HEIGHT * max(ratios)))
        chances = self._session(np.stack([_levelled(cut, width) for cut in cuts]))
        if len(self._alike) == 2:
            one, other = self._alike
            chances[:, :, other] += chances[:, :, one]
            chances[:, :, one] = 0
        texts = []
        for chance, ratio in zip(chances, ratios, strict=True):
            columns = chance.shape[0] * min(1.0, HEIGHT * ratio / width)
            best = chance.argmax(axis=1)
            signs = chance[:, self._latin]
            latin = signs.argmax(axis=1)
            blanks = chance[:, self._blank]
            every = self._decoded(best, chance.max(axis=1), blanks, columns)
            some = self._decoded(self._latin[latin], signs.max(axis=1), blanks, columns)
            texts.append((every, some))
        return texts

    def _decoded(self, best: Any, sure: Any, blanks: Any, columns: float) -> LineText:
        """Return the letters: a sign goes on until another one, or none, is likeliest."""
        import numpy as np

        begins = best != 0
        begins[1:] &= best[1:] != best[:-1]
        letters: list[Letter] = []
        last = -1
        for at in np.flatnonzero(begins).tolist():
            sign = self._signs[best[at]]
            between = blanks[last + 1 : at] if last >= 0 else blanks[:0]
            parted = between.size > 0 and float(between.max()) > BLANK_CHANCE
            place = min(1.0, (at + 0.5) / max(columns, 1.0))
            letters.append(Letter(sign, place, float(sure[at]), parted))
            last = at
        return LineText(tuple(letters))


def _is_latin(sign: str) -> bool:
    return len(sign) == 1 and any(low <= ord(sign) < high for low, high in _LATIN)


def _levelled(cut: Any, width: int) -> Any:
    """Return a line as the model wants it: 48 pixels high, from -1 to 1, grey at the right."""
    import cv2
    import numpy as np

    wide = min(width, int(np.ceil(HEIGHT * cut.shape[1] / cut.shape[0])))
    level = np.zeros((3, HEIGHT, width), np.float32)
    level[:, :, :wide] = cv2.resize(cut, (wide, HEIGHT)).transpose(2, 0, 1) / 127.5 - 1
    return level
