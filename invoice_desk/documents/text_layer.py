"""The text layer of a PDF page: its words with boxes on the upright page, and what is drawn.

pypdfium2's own calls cost more than what pdfium does in them, so letters are asked for with plain
numbers instead of pointer objects; this is what makes a page take six milliseconds.
"""

from __future__ import annotations

import ctypes
import re
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from invoice_desk.documents.page import Word

#: pdfium writes these where a word is hyphenated at the end of a line.
_HYPHENS = re.compile("[\u0002\ufffe]")
_SOLID = re.compile(r"\S+")
#: Kinds of page objects, and the way of drawing text that nobody sees.
_TEXT, _IMAGE, _INVISIBLE = 1, 3, 3
#: So many letters are looked at to tell whether the text is drawn at all.
_SAMPLE = 12
#: A page may have any number of objects; pictures that matter stand among the first.
_MOST_OBJECTS = 4000

#: A page is upright when this share of its letters stands on a level; turned, when most do not.
_UPRIGHT_SHARE, _TURNED_SHARE = 0.5, 0.8
_LETTERS_THAT_TELL = 24

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TextLayer:
    """What a page holds, in points from the top left of the page as it is shown.

    Attributes:
        invisible: Share of the letters that are not drawn.
        pictures: Boxes of pictures.
        is_bare: Whether nothing but text is drawn.
        lost: Letters of the layer that are in none of the words; must be 0.
        turned: Degrees clockwise by which the page was turned so that its text is upright; all
            boxes are those of the turned page.
    """

    width: float
    height: float
    words: tuple[Word, ...] = ()
    invisible: float = 0.0
    pictures: tuple[Box, ...] = ()
    is_bare: bool = True
    lost: int = 0
    turned: int = 0


@dataclass(frozen=True, slots=True)
class _Calls:
    """Functions of pdfium that take handles and addresses as plain numbers."""

    char_box: Callable[..., int]
    unicode: Callable[..., int]
    count_objects: Callable[..., int]
    object_at: Callable[..., int | None]
    object_kind: Callable[..., int]
    object_bounds: Callable[..., int]
    text_object: Callable[..., int | None]
    render_mode: Callable[..., int]
    page_box: Callable[..., int]


@lru_cache(maxsize=1)
def _calls() -> _Calls:
    from pypdfium2 import raw

    number, address = ctypes.c_int, ctypes.c_void_p

    def plain(function: Any, result: Any, *arguments: Any) -> Any:
        place = ctypes.cast(function, address).value or 0
        # Each call takes less time than letting other threads have their turn.
        return ctypes.PYFUNCTYPE(result, *arguments)(place)

    return _Calls(
        plain(raw.FPDFText_GetCharBox, number, address, number, *[address] * 4),
        plain(raw.FPDFText_GetUnicode, ctypes.c_uint, address, number),
        plain(raw.FPDFPage_CountObjects, number, address),
        plain(raw.FPDFPage_GetObject, address, address, number),
        plain(raw.FPDFPageObj_GetType, number, address),
        plain(raw.FPDFPageObj_GetBounds, number, address, *[address] * 4),
        plain(raw.FPDFText_GetTextObject, address, address, number),
        plain(raw.FPDFTextObj_GetTextRenderMode, number, address),
        plain(raw.FPDF_GetPageBoundingBox, number, address, address),
    )


def read_text_layer(page: Any) -> TextLayer:
    """Return what an opened page of pypdfium2 holds.

    Raises:
        PdfiumError: If pdfium cannot read the page's text.
    """
    sheet = _Sheet(page)
    text_page = page.get_textpage()
    try:
        handle = _number(text_page)
        count = text_page.count_chars()
        signs = _signs(text_page, handle, count)
        solid = [at for run in _SOLID.finditer(signs) for at in range(*run.span())]
        boxes = sheet.place(_boxes(handle, solid))
        sheet.turned = _turn(boxes, solid)
        words, lost = _words(signs, solid, sheet.upright(boxes)) if solid else ((), 0)
        invisible = _invisible(solid, handle)
    finally:
        text_page.close()
    pictures, is_bare = _drawn(sheet)
    width, height = sheet.size if sheet.turned in {0, 180} else sheet.size[::-1]
    return TextLayer(width, height, words, invisible, pictures, is_bare, lost, sheet.turned)


class _Sheet:
    """A page, and how to get from pdfium's places to those on the page as it is shown."""

    def __init__(self, page: Any) -> None:
        self.handle = _number(page)
        self.size: tuple[float, float] = page.get_size()
        self._turned = page.get_rotation() % 360
        self.turned = 0  # degrees clockwise that put its text upright
        box = (ctypes.c_float * 4)()  # left, top, right, bottom
        if _calls().page_box(self.handle, ctypes.addressof(box)):
            self._left, self._top, self._right, self._bottom = box
        else:
            self._left, self._bottom = 0.0, 0.0
            self._right, self._top = self.size

    def place(self, boxes: Any) -> Any:
        """Return boxes (left, bottom, right, top) as x0, y0, x1, y1 from the top left."""
        import numpy as np

        left, bottom, right, top = boxes.T
        if self._turned == 90:
            sides = (bottom - self._bottom, left - self._left, top - self._bottom)
            return np.stack([*sides, right - self._left], axis=1)
        if self._turned == 180:
            sides = (self._right - right, bottom - self._bottom, self._right - left)
            return np.stack([*sides, top - self._bottom], axis=1)
        if self._turned == 270:
            sides = (self._top - top, self._right - right, self._top - bottom)
            return np.stack([*sides, self._right - left], axis=1)
        sides = (left - self._left, self._top - top, right - self._left)
        return np.stack([*sides, self._top - bottom], axis=1)

    def upright(self, boxes: Any) -> Any:
        """Return boxes (x0, y0, x1, y1) as they are once the page is turned upright."""
        import numpy as np

        (width, height), (x0, y0, x1, y1) = self.size, boxes.T
        if self.turned == 90:
            return np.stack([height - y1, x0, height - y0, x1], axis=1)
        if self.turned == 180:
            return np.stack([width - x1, height - y1, width - x0, height - y0], axis=1)
        if self.turned == 270:
            return np.stack([y0, width - x1, y1, width - x0], axis=1)
        return boxes


def _turn(boxes: Any, solid: list[int]) -> int:
    """Return by how many degrees clockwise the page must be turned for its text to be upright.

    Each letter tells by where the next one of its word stands; most of them decide.
    """
    import numpy as np

    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    steps = np.diff(middles, axis=0)[np.diff(np.array(solid, np.int64)) == 1]
    if len(steps) < _LETTERS_THAT_TELL:
        return 0
    right, down = steps.T
    is_level = np.abs(right) >= np.abs(down)
    if is_level.mean() >= _UPRIGHT_SHARE:
        return 180 if (right[is_level] < 0).mean() > _TURNED_SHARE else 0
    if is_level.mean() > 1 - _TURNED_SHARE:
        return 0
    return 90 if (down[~is_level] < 0).mean() > 0.5 else 270


def _number(thing: Any) -> int:
    address = ctypes.cast(thing.raw, ctypes.c_void_p).value
    assert address is not None
    return address


def _signs(text_page: Any, handle: int, count: int) -> str:
    """Return one sign for each of pdfium's characters."""
    text: str = text_page.get_text_range(0, count) if count else ""
    if len(text) == count:
        return text
    unicode = _calls().unicode  # its text leaves characters out that it counts
    return "".join(_sign(unicode(handle, at)) for at in range(count))


def _sign(code: int) -> str:
    half = 0xD800 <= code < 0xE000  # of an icon; pdfium gives no other half
    return " " if half or not 0 < code <= 0x10FFFF else chr(code)


def _words(signs: str, solid: list[int], boxes: Any) -> tuple[tuple[Word, ...], int]:
    """Return the words of the signs at `solid`, and how many of those are in none of them.

    A word ends at a blank, a line's end, a hyphen there, or a jump.
    """
    import numpy as np

    at = np.array(solid)
    begins = np.ones(len(solid), bool)
    begins[1:] = (at[1:] != at[:-1] + 1) | _jumps(boxes)
    for hyphen in _HYPHENS.finditer(signs, 0, solid[-1]):
        begins[bisect(solid, hyphen.start())] = True
    starts = np.flatnonzero(begins)
    low = np.minimum.reduceat(boxes[:, :2], starts, axis=0)
    high = np.maximum.reduceat(boxes[:, 2:], starts, axis=0)
    ends = [*(starts[1:] - 1).tolist(), len(solid) - 1]
    words = []
    for start, end, box in zip(
        starts.tolist(), ends, np.concatenate([low, high], axis=1).tolist(), strict=True
    ):
        text = signs[solid[start] : solid[end] + 1]
        if text[-1] in "\u0002\ufffe":
            text = text[:-1] + "-"
        words.append(Word(text, tuple(box)))
    return tuple(words), len(solid) - sum(len(word.text) for word in words)


def _boxes(handle: int, solid: list[int]) -> Any:
    """Return left, bottom, right and top of these characters."""
    import numpy as np

    char_box = _calls().char_box
    found = np.zeros((len(solid), 4), np.float64)
    place = found.ctypes.data
    for at in solid:
        char_box(handle, at, place, place + 16, place + 8, place + 24)
        place += 32
    return found


def _jumps(boxes: Any) -> Any:
    """Return for each letter but the first whether it stands away from the one before."""
    import numpy as np

    before, after = boxes[:-1], boxes[1:]
    size = np.maximum(before[:, 3] - before[:, 1], after[:, 3] - after[:, 1])
    size = np.maximum(size, 1.0)
    right = after[:, 0] - before[:, 2] > 1.5 * size
    back = after[:, 0] < before[:, 0] - 2 * size
    return right | back


def _invisible(solid: list[int], handle: int) -> float:
    """Return the share of letters that are not drawn, by some of them."""
    seen = hidden = 0
    calls = _calls()
    for at in solid[:: max(1, len(solid) // _SAMPLE)]:
        thing = calls.text_object(handle, at)
        if thing:
            seen += 1
            hidden += calls.render_mode(thing) == _INVISIBLE
    return hidden / seen if seen else 0.0


def _drawn(sheet: _Sheet) -> tuple[tuple[Box, ...], bool]:
    """Return the boxes of the page's pictures and whether there is nothing but text."""
    import numpy as np

    calls, handle = _calls(), sheet.handle
    bounds = (ctypes.c_float * 4)()
    place = ctypes.addressof(bounds)
    found: list[tuple[float, ...]] = []
    is_bare = True
    for at in range(min(calls.count_objects(handle), _MOST_OBJECTS)):
        thing = calls.object_at(handle, at)
        kind = calls.object_kind(thing) if thing else _TEXT
        if kind == _TEXT:
            continue
        is_bare = False
        if kind == _IMAGE and calls.object_bounds(thing, place, place + 4, place + 8, place + 12):
            found.append(tuple(bounds))
    if not found:
        return (), is_bare
    boxes = sheet.upright(sheet.place(np.array(found, np.float64))).tolist()
    return tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in boxes), is_bare
