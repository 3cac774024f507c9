"""Florence-2 as an engine: pictures of pages become words with boxes, or a sentence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from invoice_desk.documents.page import Page, TextSource, Word
from invoice_desk.documents.vision_model import (
    Answer,
    Device,
    likely_device,
    load,
    missing_packages,
)
from invoice_desk.documents.vision_regions import regions_of, words_of
from invoice_desk.documents.vision_weights import fingerprint, look
from invoice_desk.errors import UnfinishedReadingError, VisionModelError, VisionPackageError
from invoice_desk.paths import vision_model

#: Changes when the same weights would give other words.
_RULES = "1"
#: Pictures at once.
_BATCH = {Device.CUDA: 8, Device.MPS: 2, Device.CPU: 1}
#: The model sees a square: what is higher than this times its width would be squeezed too far.
_TALLEST = 2.0
#: A page is cut in halves so many times at most, and not below so many pixels.
_MOST_CUTS = 4
_LEAST_HEIGHT = 64


class PictureModel(Protocol):
    """A loaded model that answers tasks about pictures; MemoryError says that they are too many."""

    device: Device

    def ask(self, task: str, images: Sequence[Any]) -> list[Answer]:
        """Return an answer for each picture."""
        ...

    def free(self) -> None:
        """Let go of what it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Strip:
    """A part of a page, over its whole width.

    Attributes:
        page: Which of the pages of one call.
        top: Where it begins, in pixels.
        cuts: How often the page was cut to get it.
    """

    page: int
    image: Any
    top: int = 0
    cuts: int = 0

    @property
    def can_be_cut(self) -> bool:
        """Return whether halves of it are worth a try."""
        return self.cuts < _MOST_CUTS and self.image.height >= 2 * _LEAST_HEIGHT


def why_missing(folder: Path | None = None) -> str:
    """Return why Florence-2 cannot be used here and what to do; empty where it can."""
    lacking = missing_packages()
    if lacking:
        return f"{' and '.join(lacking)} not installed. {VisionPackageError.advice}"
    found = look(folder or vision_model())
    return "" if found.is_ready else f"{found.detail}. {VisionModelError.advice}"


def uses_gpu() -> bool:
    """Return whether Florence-2 would work on a card here; loads nothing."""
    return likely_device() is not Device.CPU


def pages_at_once() -> int:
    """Return how many pages it would read together here; loads nothing."""
    return _BATCH[likely_device()]


def _version(folder: Path) -> str:
    found = look(folder)
    return f"{_RULES}-{fingerprint(folder) if found.is_ready else found.state.value}"


class Florence2Engine:
    """Florence-2 from a local folder, loaded at the first page and once in a process."""

    name = "florence2"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        device: Device | None = None,
        loader: Callable[[Path, Device | None], PictureModel] = load,
    ) -> None:
        self.folder = folder or vision_model()
        #: Whether few of its tasks fit on this machine at once.
        self.uses_gpu = (device or likely_device()) is not Device.CPU
        #: A key of weights and rules: the same version gives the same words.
        self.version = _version(self.folder)
        self._device = device
        self._load = loader
        self._model: PictureModel | None = None
        self._lock = threading.Lock()

    def recognise(self, image: Any, *, number: int) -> Page:
        """Return the words of a PIL image as page `number`; a first page with a caption.

        Raises:
            VisionPackageError: If torch or transformers is not installed.
            VisionModelError: If there are no weights.
            UnfinishedReadingError: If the model does not come to an end.
        """
        page = self.recognise_many([image], numbers=[number])[0]
        if isinstance(page, UnfinishedReadingError):
            raise page
        return page

    def recognise_many(
        self, images: Sequence[Any], *, numbers: Sequence[int]
    ) -> list[Page | UnfinishedReadingError]:
        """Return the pages of PIL images, in batches; one that cannot be read spoils no other.

        A part of a page that the model does not come to the end of is cut in halves, where as
        little as possible is printed, and each is read again.  A first page has a caption.
        """
        found: list[list[tuple[Strip, Answer]]] = [[] for _ in images]
        left = [s for i, image in enumerate(images) for s in _strips(Strip(i, image))]
        while left:
            batch = left[: self._batch_size()]
            del left[: len(batch)]
            for strip, answer in zip(batch, self._ask("<OCR_WITH_REGION>", batch), strict=True):
                if answer.is_finished or not strip.can_be_cut:
                    found[strip.page].append((strip, answer))
                else:
                    left.extend(_halves(strip))
        pages = zip(numbers, images, found, strict=True)
        return [self._with_caption(self._page(*each), each[1]) for each in pages]

    def _with_caption(
        self, page: Page | UnfinishedReadingError, image: Any
    ) -> Page | UnfinishedReadingError:
        if isinstance(page, UnfinishedReadingError) or page.number != 1:
            return page
        return replace(page, caption=self.caption(image))

    def caption(self, image: Any, *, detailed: bool = False) -> str:
        """Return a sentence about a PIL image, or a paragraph: a hint at what a document is."""
        task = "<MORE_DETAILED_CAPTION>" if detailed else "<CAPTION>"
        return self._ask(task, [Strip(0, image)])[0].text

    def release(self) -> None:
        """Free the memory of the model; the next page loads it again."""
        with self._lock:
            if self._model is not None:
                self._model.free()
            self._model = None

    def _loaded(self) -> PictureModel:
        if self._model is None:
            self._model = self._load(self.folder, self._device)
        return self._model

    def _batch_size(self) -> int:
        with self._lock:
            return _BATCH[self._loaded().device]

    def _ask(self, task: str, strips: Sequence[Strip]) -> list[Answer]:
        """Return answers, in smaller batches where memory does not do for all at once."""
        with self._lock:
            model = self._loaded()
            try:
                return model.ask(task, [strip.image for strip in strips])
            except MemoryError:
                if len(strips) == 1:
                    raise
        middle = len(strips) // 2
        return [*self._ask(task, strips[:middle]), *self._ask(task, strips[middle:])]

    def _page(
        self, number: int, image: Any, found: list[tuple[Strip, Answer]]
    ) -> Page | UnfinishedReadingError:
        if not all(answer.is_finished for _, answer in found):
            return UnfinishedReadingError(f"Florence-2 did not come to the end of page {number}.")
        words: list[Word] = []
        for strip, answer in sorted(found, key=lambda each: each[0].top):
            width, height = strip.image.size
            words += words_of(regions_of(answer.marks), width=width, height=height, top=strip.top)
        size = (image.width, image.height)
        source = TextSource.OCR
        return Page(number, *size, tuple(words), source, self.name, engine_version=self.version)


def _strips(strip: Strip) -> list[Strip]:
    """Return a page in strips that are not much higher than wide, top to bottom."""
    if strip.image.height <= _TALLEST * strip.image.width or not strip.can_be_cut:
        return [strip]
    return [part for half in _halves(strip) for part in _strips(half)]


def _halves(strip: Strip) -> tuple[Strip, Strip]:
    """Return both halves of a strip, cut in its middle third where the least is printed."""
    import numpy as np

    width, height = strip.image.size
    grey = np.asarray(strip.image.convert("L"), dtype=np.float32)
    rows = np.arange(height // 3, height - height // 3)
    ink = grey[rows].std(axis=1).round(1)
    row = int(rows[np.lexsort((abs(rows - height / 2), ink))[0]])
    parts = ((0, row), (row, height))
    upper, lower = (
        Strip(strip.page, strip.image.crop((0, y0, width, y1)), strip.top + y0, strip.cuts + 1)
        for y0, y1 in parts
    )
    return upper, lower
