"""Text recognition: what an engine is, which ones there are, and what to do if one is missing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

from invoice_desk.documents import vision
from invoice_desk.documents.page import Page
from invoice_desk.errors import ArgumentError, EngineError, UserError


class OcrEngine(Protocol):
    """What recognises text; `name` and `version` are stored with each page.

    `uses_gpu` says whether few of its tasks fit on a machine at once.  One that has
    `recognise_many` (see `BatchEngine`) is given several pages of a document together.
    """

    name: str
    version: str
    uses_gpu: bool

    def recognise(self, image: Any, *, number: int) -> Page:
        """Return the words of a PIL image as page `number`."""
        ...


@runtime_checkable
class BatchEngine(Protocol):
    """An engine that is faster with several pages at once."""

    def recognise_many(
        self, images: Sequence[Any], *, numbers: Sequence[int]
    ) -> Sequence[Page | UserError]:
        """Return the pages of PIL images; an error stands for one that cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """An engine that may be chosen; nothing of it is loaded before it is made.

    Attributes:
        make: Loads it.
        missing: Says why it cannot be used here and what to do; empty when it can.
        uses_gpu: Says whether it works on a GPU here, without loading it.
        pages_at_once: Says how many pages of a document it is given together, likewise.
    """

    make: Callable[[], OcrEngine]
    missing: Callable[[], str]
    uses_gpu: Callable[[], bool] = lambda: False
    pages_at_once: Callable[[], int] = lambda: 1


def _rapidocr() -> OcrEngine:
    from invoice_desk.documents.ocr_rapid import RapidOcrEngine

    return RapidOcrEngine()


def _rapidocr_missing() -> str:
    if importlib.util.find_spec("rapidocr") and importlib.util.find_spec("onnxruntime"):
        return ""
    return "rapidocr is not installed. Install the program again: python3 bootstrap.py"


def _tesseract() -> OcrEngine:
    from invoice_desk.documents.ocr_tesseract import TesseractEngine

    return TesseractEngine()


def _tesseract_missing() -> str:
    from invoice_desk.documents.ocr_tesseract import why_missing

    return why_missing()


#: Name → engine, the default first.
ENGINES: dict[str, EngineChoice] = {
    "rapidocr": EngineChoice(_rapidocr, _rapidocr_missing),
    "tesseract": EngineChoice(_tesseract, _tesseract_missing),
    "florence2": EngineChoice(
        vision.Florence2Engine, vision.why_missing, vision.uses_gpu, vision.pages_at_once
    ),
}
DEFAULT_ORDER = ("rapidocr", "tesseract")


def engine_order(names: str) -> tuple[str, ...]:
    """Return the engines to try, of names parted by commas; the program's own order of none.

    Raises:
        ArgumentError: If there is no such engine.
    """
    order = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    for name in order:
        _choice(name)
    return order or DEFAULT_ORDER


def check_engines(names: Sequence[str]) -> None:
    """Do nothing when all of these engines exist and can be used.

    Raises:
        ArgumentError: If there is no such engine.
        EngineError: If one cannot be used here; the message says what to do.
    """
    for name in names:
        missing = _choice(name).missing()
        if missing:
            raise EngineError(f"{name} cannot recognise text here: {missing}")


@lru_cache(maxsize=4)
def engine_named(name: str) -> OcrEngine:
    """Return the engine of this process with this name; its model is loaded once.

    Raises:
        ArgumentError: If there is no such engine.
        EngineError: If it cannot be used here.
    """
    check_engines([name])
    return _choice(name).make()


def default_engine() -> OcrEngine:
    """Return the engine that is used when nothing was set."""
    return engine_named(DEFAULT_ORDER[0])


def uses_gpu(name: str | None) -> bool:
    """Return whether the engine with this name, or the default one, works on a GPU."""
    chosen = name if name in ENGINES else DEFAULT_ORDER[0]
    return ENGINES[chosen].uses_gpu()


def pages_at_once(name: str) -> int:
    """Return how many pages of a document this engine is given together; 1 of an unknown one."""
    return max(1, ENGINES[name].pages_at_once()) if name in ENGINES else 1


def library_version(package: str) -> str:
    """Return the version of an installed package; a frozen program may not know it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _choice(name: str) -> EngineChoice:
    if name not in ENGINES:
        raise ArgumentError(f"There is no engine {name}; there are {', '.join(ENGINES)}.")
    return ENGINES[name]
