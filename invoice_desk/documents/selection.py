"""Words of a page as a person picks them: in reading order, between two, in a box, by a text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from invoice_desk.core.text import folded
from invoice_desk.documents.page import Page, box_around, lines_of

Box = tuple[float, float, float, float]


@lru_cache(maxsize=8)
def reading_order(page: Page) -> tuple[tuple[int, ...], ...]:
    """Return the places of the page's words, line by line, as they are read."""
    places: dict[object, list[int]] = {}
    for place, word in enumerate(page.words):
        places.setdefault(word, []).append(place)
    return tuple(
        tuple(places[word].pop(0) for word in line.words if places.get(word))
        for line in lines_of(page)
    )


def text_of(page: Page, places: Iterable[int]) -> str:
    """Return the chosen words in reading order, a line of the page a line of text."""
    chosen = set(places)
    lines = ([i for i in line if i in chosen] for line in reading_order(page))
    return "\n".join(" ".join(page.words[i].text for i in line) for line in lines if line)


def box_of(page: Page, places: Sequence[int]) -> Box:
    """Return the smallest box around the chosen words."""
    return box_around(page.words[place] for place in places)


def word_at(page: Page, x: float, y: float) -> int | None:
    """Return the word at a point; the smallest where several lie over each other."""
    hits = [
        (_area(word.box), place)
        for place, word in enumerate(page.words)
        if word.box[0] <= x <= word.box[2] and word.box[1] <= y <= word.box[3]
    ]
    return min(hits)[1] if hits else None


def nearest_word(page: Page, x: float, y: float) -> int | None:
    """Return the word that lies nearest to a point; what is on its line counts as nearer."""
    if not page.words:
        return None

    def distance(place: int) -> float:
        x0, y0, x1, y1 = page.words[place].box
        return max(x0 - x, 0, x - x1) + 4 * max(y0 - y, 0, y - y1)

    return min(range(len(page.words)), key=distance)


def words_in(page: Page, box: Box) -> list[int]:
    """Return the words whose middle lies in a box, in reading order."""
    x0, y0, x1, y1 = box
    inside = {
        place
        for place, word in enumerate(page.words)
        if x0 <= (word.box[0] + word.box[2]) / 2 <= x1 and y0 <= word.middle <= y1
    }
    return [place for line in reading_order(page) for place in line if place in inside]


def words_between(page: Page, first: int, last: int) -> list[int]:
    """Return the words from one to another, in reading order, whichever comes first."""
    order = [place for line in reading_order(page) for place in line]
    ranks = sorted((order.index(first), order.index(last)))
    return order[ranks[0] : ranks[1] + 1]


def hits_of(page: Page, text: str) -> list[list[int]]:
    """Return where a text stands on the page, each hit as its words; marks and case do not count.

    A hit may begin or end inside a word, and go on over the next lines.
    """
    wanted = folded(text)
    if not wanted:
        return []
    order = [place for line in reading_order(page) for place in line]
    letters, owners = "", list[int]()
    for place in order:
        part = folded(page.words[place].text)
        letters += part
        owners += [place] * len(part)
    hits: list[list[int]] = []
    at = letters.find(wanted)
    while at >= 0:
        hits.append(list(dict.fromkeys(owners[at : at + len(wanted)])))
        at = letters.find(wanted, at + len(wanted))
    return hits


def marks_of(page: Page, words: Iterable[str]) -> list[list[int]]:
    """Return where each of these texts stands on the page, in reading order."""
    ranks = {
        place: rank for rank, place in enumerate(i for line in reading_order(page) for i in line)
    }
    hits = [hit for word in words for hit in hits_of(page, word)]
    return sorted(hits, key=lambda hit: ranks[hit[0]])


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
