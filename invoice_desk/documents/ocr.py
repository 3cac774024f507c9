"""Text recognition: an engine turns a picture of a page into words with boxes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from invoice_desk.documents.page import Page, TextSource, Word
from invoice_desk.errors import CorruptSourceError

#: Detection works on a picture whose long side has at most this many pixels.
DETECTION_SIDE = {"receipt": 960, "page": 1600}
MAX_PIXELS = 250_000_000


class OcrEngine(Protocol):
    """What recognises text; `name` and version are stored with each page.

    `uses_gpu` says whether few of its tasks fit on a machine at once.
    """

    name: str
    uses_gpu: bool

    def recognise(self, image: Any, *, number: int) -> Page:
        """Return the words of a PIL image as page `number`."""
        ...


class RapidOcrEngine:
    """PP-OCR through rapidocr and onnxruntime, on one thread of the processor."""

    name = "rapidocr"
    uses_gpu = False

    def __init__(self) -> None:
        self._engines: dict[int, Any] = {}

    def recognise(self, image: Any, *, number: int) -> Page:
        """Return the words of a PIL image as page `number`."""
        import numpy as np

        narrow = image.height > 1.7 * image.width or max(image.size) < 1200
        engine = self._engine(DETECTION_SIDE["receipt" if narrow else "page"])
        found = engine(np.asarray(image.convert("RGB"))[:, :, ::-1])
        words: list[Word] = []
        if found.txts:
            for text, score, corners in zip(found.txts, found.scores, found.boxes, strict=True):
                words.extend(_split(text, float(score), corners))
        return Page(number, image.width, image.height, tuple(words), TextSource.OCR, self.name)

    def _engine(self, side: int) -> Any:
        if side not in self._engines:
            from rapidocr import RapidOCR

            self._engines[side] = RapidOCR(
                params={
                    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                    "Global.use_cls": False,
                    "Global.log_level": "error",
                    "Det.limit_side_len": side,
                    "Det.limit_type": "max",
                }
            )
        return self._engines[side]


#: Name → engine, the default first.
ENGINES: dict[str, type[OcrEngine]] = {RapidOcrEngine.name: RapidOcrEngine}


def uses_gpu(name: str | None) -> bool:
    """Return whether the engine with this name, or the default one, works on a GPU."""
    return ENGINES[name].uses_gpu if name in ENGINES else default_engine().uses_gpu


@lru_cache(maxsize=1)
def default_engine() -> OcrEngine:
    """Return the engine of this process; its model is loaded once, at the first page."""
    return RapidOcrEngine()


def open_image(path: Path, *, name: str) -> list[Any]:
    """Return the pages of a picture as upright PIL images; TIFF may have many.

    Raises:
        CorruptSourceError: If it cannot be read, or would have an implausible number of pixels.
    """
    from PIL import Image, ImageOps, ImageSequence

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(path) as image:
            return [
                ImageOps.exif_transpose(frame.copy()) for frame in ImageSequence.Iterator(image)
            ]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CorruptSourceError(f"{name} cannot be opened as a picture: {error}") from error


def _split(text: str, score: float, corners: Any) -> list[Word]:
    """Return the words of one recognised line, its width shared out by letters."""
    x0, x1 = float(min(p[0] for p in corners)), float(max(p[0] for p in corners))
    y0, y1 = float(min(p[1] for p in corners)), float(max(p[1] for p in corners))
    step = (x1 - x0) / max(1, len(text))
    words: list[Word] = []
    at = 0
    for part in text.split():
        at = text.index(part, at)
        box = (x0 + at * step, y0, x0 + (at + len(part)) * step, y1)
        words.append(Word(part, box, score))
        at += len(part)
    return words
