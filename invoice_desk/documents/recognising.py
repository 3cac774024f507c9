"""From a page without usable text to words: draw it, recognise it, and fall back where that fails.

One page that cannot be read is kept empty, with a finding; it never fails its document.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.core.source import Kind
from invoice_desk.documents.ocr import BatchEngine, engine_named
from invoice_desk.documents.page import Page, PageReason, TextSource
from invoice_desk.documents.page_image import page_hash
from invoice_desk.documents.pdf import read_doubted_layer, render
from invoice_desk.documents.pictures import read_frame
from invoice_desk.documents.poppler import draw
from invoice_desk.errors import CorruptSourceError, SourceError, UserError

log = logging.getLogger(__name__)
#: A page, or why an engine could not read it; None where it was not asked.
_Outcome = Page | str | None


class Renderer(Protocol):
    """What draws a page of a PDF."""

    def __call__(self, path: Path, number: int, /, *, name: str) -> Any:
        """Return page `number` (from 1) as a PIL image, or raise CorruptSourceError."""


#: A doubted layer is kept when recognising finds less than this share of its letters.
_LEAST_OF_LAYER = 0.5


@dataclass(frozen=True, slots=True)
class PageWanted:
    """A page that is to be recognised.

    Attributes:
        reason: Why its own text is not used; see `PageReason`.
        engines: Names, in the order in which they are tried.
        known: What engines found on it before, so that nothing is recognised twice.
    """

    path: Path
    name: str
    kind: Kind
    number: int
    reason: str = PageReason.PICTURE
    engines: Sequence[str] = ()
    known: Sequence[Page] = ()


@dataclass(frozen=True, slots=True)
class PageGot:
    """A page as it counts, and as an engine found it, where one was asked anew.

    Attributes:
        page_hash: Of the picture of a first page, where it was drawn.
    """

    page: Page
    findings: tuple[Finding, ...] = ()
    recognised: tuple[Page, ...] = ()
    page_hash: int | None = None


def recognise_page(wanted: PageWanted) -> PageGot:
    """Return the page with the words that the first engine finds that works."""
    return recognise_pages([wanted])[0]


def recognise_pages(wanted: Sequence[PageWanted]) -> list[PageGot]:
    """Return pages of one document; an engine that takes several at once is given them together.

    Args:
        wanted: Pages for which the same engines are to be tried.
    """
    tasks = [_Task(each) for each in wanted]
    for task in tasks:
        task.look()
    drawn = [task for task in tasks if task.image is not None]
    for task, outcome in zip(drawn, _together(drawn), strict=True):
        task.take(outcome)
    return [task.got() for task in tasks]


class _Task:
    """A page on its way from a picture to words."""

    def __init__(self, wanted: PageWanted) -> None:
        self.wanted = wanted
        self.image: Any = None
        self._page = _known(wanted)
        self._is_new = False
        self._findings: list[Finding] = []
        self._failures: list[str] = []
        self._hashed: int | None = None

    def look(self) -> None:
        """Draw the page, where nothing is known of it."""
        if self._page is not None:
            return
        try:
            self.image = picture_of(self.wanted, self._findings)
        except (SourceError, OSError, MemoryError) as error:
            self._failures = [str(error)]
            return
        self._hashed = page_hash(self.image) if self.wanted.number == 1 else None

    def take(self, outcome: _Outcome) -> None:
        """Take what a first engine made of the picture; go on with the others where it failed."""
        if isinstance(outcome, Page):
            self._page = outcome
        else:
            self._failures = [outcome] if outcome else []
            others = self.wanted.engines[1:] if outcome else self.wanted.engines
            self._page, more = _by_first_engine(self.wanted, self.image, others)
            self._failures += more
        self._is_new, self.image = self._page is not None, None

    def got(self) -> PageGot:
        """Return the page as it counts."""
        wanted, page = self.wanted, self._page
        if page is None:
            return _unreadable(wanted, " ".join(self._failures), self._findings)
        if self._failures:
            told = f"page {wanted.number}: {page.engine}. {' '.join(self._failures)}"
            self._findings.append(Finding(FindingCode.OTHER_ENGINE, Severity.INFO, text=told))
        recognised = (page,) if self._is_new else ()
        page = _better(replace(page, reason=wanted.reason), wanted)
        if wanted.reason in _DOUBTS:
            told = f"page {wanted.number}: {wanted.reason.replace('_', ' ')}"
            doubt = Finding(FindingCode.TEXT_LAYER_DOUBTED, Severity.INFO, text=told)
            self._findings.append(doubt)
        return PageGot(page, tuple(self._findings), recognised, self._hashed)


def _together(tasks: Sequence[_Task]) -> list[_Outcome]:
    """Return what the first engine says of all pictures; None where it was not asked."""
    nothing: list[_Outcome] = [None] * len(tasks)
    if len(tasks) < 2 or not tasks[0].wanted.engines:
        return nothing
    name = tasks[0].wanted.engines[0]
    try:
        engine = engine_named(name)
        if not isinstance(engine, BatchEngine):
            return nothing
        images, numbers = [t.image for t in tasks], [t.wanted.number for t in tasks]
        found = engine.recognise_many(images, numbers=numbers)
    except Exception as error:  # noqa: BLE001 - what fails for all may do for each alone
        log.warning("%s failed with %d pages at once: %s", name, len(tasks), error)
        return nothing
    return [each if isinstance(each, Page) else str(each) for each in found]


def is_known(wanted: PageWanted) -> bool:
    """Return whether the page need not be recognised again."""
    return _known(wanted) is not None


def picture_of(
    wanted: PageWanted,
    findings: list[Finding],
    *,
    first: Renderer = render,
    second: Renderer = draw,
) -> Any:
    """Return the page as a PIL image; note when it took the second renderer.

    Raises:
        SourceError: If nothing can draw it.
    """
    if wanted.kind is Kind.IMAGE:
        return read_frame(wanted.path, wanted.number, name=wanted.name)
    try:
        return first(wanted.path, wanted.number, name=wanted.name)
    except CorruptSourceError:
        image = second(wanted.path, wanted.number, name=wanted.name)
        told = f"page {wanted.number}"
        findings.append(Finding(FindingCode.OTHER_RENDERER, Severity.WARNING, text=told))
        return image


_DOUBTS = frozenset(
    {
        PageReason.GARBLED_TEXT,
        PageReason.NO_WORDS,
        PageReason.POOR_RECOGNITION,
        PageReason.UNCOVERED_PICTURE,
    }
)


def _known(wanted: PageWanted) -> Page | None:
    """Return what the first engine that works found before, in the version there is now."""
    if not wanted.known:
        return None
    for name in wanted.engines:
        try:
            engine = engine_named(name)
        except UserError:
            continue
        for page in wanted.known:
            same = page.number == wanted.number and page.engine == engine.name
            if same and page.engine_version == engine.version:
                return page
        return None
    return None


def _by_first_engine(
    wanted: PageWanted, image: Any, engines: Sequence[str]
) -> tuple[Page | None, list[str]]:
    """Return the page by the first engine that works, and what the ones before it said."""
    failures: list[str] = []
    for name in engines:
        try:
            return engine_named(name).recognise(image, number=wanted.number), failures
        except UserError as error:
            failures.append(str(error))
        except Exception as error:  # noqa: BLE001 - models and libraries may raise anything
            failures.append(f"{name} failed: {type(error).__name__}: {error}")
    return None, failures


def _better(page: Page, wanted: PageWanted) -> Page:
    """Return the page, or its doubted layer where an engine found far less."""
    if wanted.kind is not Kind.PDF or wanted.reason not in _DOUBTS - {PageReason.GARBLED_TEXT}:
        return page
    layer = read_doubted_layer(wanted.path, wanted.number, name=wanted.name)
    if _letters(page) >= _LEAST_OF_LAYER * _letters(layer):
        return page
    return replace(layer, reason=PageReason.BETTER_THAN_RECOGNISED)


def _letters(page: Page) -> int:
    return sum(len(word.text) for word in page.words)


def _unreadable(wanted: PageWanted, why: str, findings: list[Finding]) -> PageGot:
    failed = Finding(
        FindingCode.PAGE_UNREADABLE, Severity.ERROR, text=f"page {wanted.number}: {why}"
    )
    page = Page(wanted.number, 0, 0, (), TextSource.NONE, reason=PageReason.UNREADABLE)
    return PageGot(page, (*findings, failed))
