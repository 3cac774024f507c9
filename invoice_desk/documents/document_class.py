"""What a document is: an invoice, a credit note, a delivery note …, and why one would say so.

What stands as a title at the top counts most, then labels that only one class has, then what the
amounts look like.  Evidence is added up as log odds; the class with the most of it wins.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from invoice_desk.documents.class_words import (
    AMOUNT,
    BEFORE_TITLE,
    BEHIND_TITLE,
    BESIDE_THE_POINT,
    CALL_ROW,
    CAPTIONS,
    INVOICE_WORDS,
    LABELS,
    MONEY_WORDS,
    NEGATIVE_TOTAL,
    TITLES,
    YOURS,
    language_of,
    plain,
)
from invoice_desk.documents.fields import OTHER
from invoice_desk.documents.page import Line, segments_of

#: The reason of one on which nothing could be read.
BLANK = "has no text"
#: All names, in the order in which a person would list them.
CLASSES = (*TITLES,)
#: Those that become a row of invoices.
READ = frozenset({"invoice", "credit_note", "receipt", "order"})
_TITLE, _LARGE, _REFERENCE, _IN_PASSING = 4.0, 1.5, 2.0, 1.0
_OWN_NUMBER, _CAPTION = 3.5, 1.2
#: Classes whose number other documents give.
_REFERRED = frozenset({"order", "delivery_note"})
#: What must be outdone by evidence for a class.
_OTHER_AT_FIRST = 2.0
#: How much larger a title is than the usual word.
_LARGER = 1.3
#: How much longer than wide the text on a slip is; on A4 it is less, whatever the margins.
_SLIP = 1.8
#: Letters at the beginning and at the end of a long document; what lies between repeats.
_LOOKED_AT = 12_000
_MIN_TOP, _SURE_AT_MOST = 8, 0.99
#: UNTDID 1001: credit notes, by the code that an e-invoice gives itself.
CREDIT_CODES = frozenset(
    {"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"}
)


@dataclass(frozen=True, slots=True)
class DocumentClass:
    """What a document is.

    Attributes:
        name: One of `CLASSES`.
        confidence: 0 to 1.
        reasons: In words a person would give, the weightiest first.
        language: ISO 639-1, or "".
        has_money: Whether it speaks of amounts as an invoice does.
    """

    name: str
    confidence: float
    reasons: tuple[str, ...]
    language: str = ""
    has_money: bool = False

    @property
    def document_type(self) -> str | None:
        """Return the type whose rows it becomes; None if it is kept as text only."""
        if self.name == "order":
            return "invoice" if self.has_money else None
        return "invoice" if self.name in READ else None


@dataclass(frozen=True, slots=True)
class _Evidence:
    name: str
    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Text:
    """A line, or a part of one, and how high its letters are compared with the others."""

    text: str
    size: float = 1.0


def classify(document: Sequence[Line] | str, *, caption: str = "") -> DocumentClass:
    """Return what a document is, by its lines or, where nothing else is known, its text.

    Args:
        document: Its lines, or its text.
        caption: What a model that sees says of its first page.
    """
    lines, top = _texts_of(document)
    slip = not isinstance(document, str) and _is_slip(document)
    whole = "\n".join(lines)
    if len(whole) > 2 * _LOOKED_AT:
        whole = whole[:_LOOKED_AT] + "\n" + whole[-_LOOKED_AT:]
    whole = BESIDE_THE_POINT.sub(" ", whole)
    if not whole.strip():
        return DocumentClass(OTHER, 0.5, (BLANK,))
    found = [*_titles(top), *_labels(whole), *_figures(whole, is_slip=slip), *_called(caption)]
    scores = dict.fromkeys(CLASSES, 0.0) | {OTHER: _OTHER_AT_FIRST}
    for evidence in found:
        scores[evidence.name] += evidence.weight
    money = {match.group() for match in MONEY_WORDS.finditer(whole)}
    has_amount = bool(AMOUNT.search(whole))
    speaks = has_amount and (bool(INVOICE_WORDS.search(whole)) or len(money) >= 2)
    name = max(scores, key=lambda each: scores[each])
    if name == OTHER and speaks and scores[OTHER] <= _OTHER_AT_FIRST:
        return _by_money(whole, sorted(money))
    reasons = _reasons(name, found) or ("has no word that tells what it is",)
    speaks = speaks or (name == "order" and has_amount)
    return DocumentClass(name, _confidence(scores, name), reasons, language_of(whole), speaks)


def class_of_code(code: str, *, total: str = "") -> str:
    """Return the class of an e-invoice by its document type code and its total."""
    if code in CREDIT_CODES or (code == "384" and total.startswith("-")):
        return "credit_note"
    return "invoice"


def _by_money(whole: str, money: Sequence[str]) -> DocumentClass:
    named = INVOICE_WORDS.search(whole)
    reason = f"says “{named.group()}”" if named else f"speaks of {', '.join(money[:3])}"
    confidence = 0.6 if named and money else 0.5
    return DocumentClass("invoice", confidence, (reason,), language_of(whole), has_money=True)


def _texts_of(document: Sequence[Line] | str) -> tuple[list[str], list[_Text]]:
    """Return all lines, and the parts of those at the top of the first page, in plain letters."""
    if isinstance(document, str):
        lines = [plain(text) for text in document.splitlines()]
        top = [_Text(text) for text in lines[: max(_MIN_TOP, len(lines) // 3)]]
        return lines, top
    lines = [plain(line.text) for line in document]
    first = [line for line in document if line.page == document[0].page] if document else []
    if not first:
        return lines, []
    usual = median(word.height for line in first for word in line.words) or 1.0
    y0, y1 = min(line.box[1] for line in first), max(line.box[3] for line in first)
    third = y0 + (y1 - y0) / 3
    top = [
        _Text(plain(part.text), median(word.height for word in part.words) / usual)
        for number, line in enumerate(first)
        if number < _MIN_TOP or line.box[1] <= third
        if _ANY_TITLE.search(lines[number])
        for part in segments_of(line)
    ]
    return lines, top


def _titles(top: Sequence[_Text]) -> Iterator[_Evidence]:
    """Yield for each class the best title at the top."""
    best: dict[str, _Evidence] = {}
    numbered: dict[str, set[str]] = {}
    for part in top:
        if not _ANY_TITLE.search(part.text):
            continue
        for name in TITLES:
            evidence = _title(name, part)
            if evidence and evidence.weight == _TITLE and any(map(str.isdigit, part.text)):
                numbered.setdefault(name, set()).add(part.text)
            if evidence and evidence.weight > best.get(name, _NOTHING).weight:
                best[name] = evidence
    for name, texts in numbered.items():
        if len(texts) > 1 and best[name].weight == _TITLE:  # a list of them, as statements have
            best[name] = replace(best[name], weight=_REFERENCE)
    is_titled = any(best.get(name, _NOTHING).weight >= _TITLE for name in TITLES)
    for evidence in best.values():
        # A number of an order is the document's own where nothing else stands as a title.
        is_own = evidence.weight == _REFERENCE and not is_titled
        yield replace(evidence, weight=_OWN_NUMBER) if is_own else evidence


_NOTHING = _Evidence(OTHER, 0.0, "")


def _title(name: str, part: _Text) -> _Evidence | None:
    match = _TITLE_PATTERNS[name].match(part.text)
    if match is not None:
        large = part.size >= _LARGER
        told = f"“{match.group(1).strip()}” stands at the top" + (
            ", in large type" if large else ""
        )
        weight = _TITLE + _LARGE * large
        is_told = bool(match.group(2).strip(" .:")) or any(
            c.isdigit() for c in part.text[match.end(1) :]
        )
        is_yours = YOURS.match(part.text) is not None
        if name in _REFERRED and (is_yours or (is_told and not large)):
            weight = _REFERENCE  # an invoice names its order and delivery note just so
        return _Evidence(name, weight, told)
    match = _WORD_PATTERNS[name].search(BESIDE_THE_POINT.sub(" ", part.text))
    if match is not None and len(part.text.split()) <= 8:
        return _Evidence(name, _IN_PASSING, f"says “{match.group().strip()}” at the top")
    return None


def _called(caption: str) -> Iterator[_Evidence]:
    for name, pattern in _CAPTION_PATTERNS.items():
        if pattern.search(plain(caption)):
            yield _Evidence(name, _CAPTION, f"a model that sees it says “{caption}”")


def _labels(whole: str) -> Iterator[_Evidence]:
    for name, patterns in _LABEL_PATTERNS.items():
        for pattern, weight, called in patterns:
            if pattern.search(whole):
                yield _Evidence(
                    name, weight, f"has {called}" if name != OTHER else f"says {called}"
                )


def _figures(whole: str, *, is_slip: bool) -> Iterator[_Evidence]:
    """Yield what the figures tell: sums, a total below zero, a list of calls, or none at all."""
    amounts = sum(1 for _ in AMOUNT.finditer(whole))
    money = sorted({match.group() for match in MONEY_WORDS.finditer(whole)})
    if amounts >= 2 and len(money) >= 2:
        told = f"has amounts, and speaks of {', '.join(money[:3])}"
        for name in ("invoice", "credit_note", "receipt"):
            yield _Evidence(name, 1.0, told)
    if is_slip and amounts >= 2:
        yield _Evidence("receipt", 2.5, "is a long slip, as a till prints")
    if NEGATIVE_TOTAL.search(whole):
        yield _Evidence("credit_note", 3.0, "its total is below zero")
    if amounts == 0:
        yield _Evidence("delivery_note", 0.7, "has no amounts")
        yield _Evidence("invoice", -1.5, "has no amounts")
        yield _Evidence("credit_note", -1.5, "has no amounts")
    calls = sum(1 for line in whole.splitlines() if CALL_ROW.search(line))
    if calls >= 5:
        yield _Evidence("call_record", 2.0 + min(2.0, calls / 20), "lists numbers with durations")


def _is_slip(lines: Sequence[Line]) -> bool:
    """Return whether one page of text is much longer than wide, in short lines."""
    if len(lines) < 8 or lines[-1].page != lines[0].page:
        return False
    x0, y0, x1, y1 = zip(*(line.box for line in lines), strict=True)
    narrow = max(y1) - min(y0) > _SLIP * (max(x1) - min(x0))
    return narrow and median(len(line.words) for line in lines) <= 6


def _reasons(name: str, found: Sequence[_Evidence]) -> tuple[str, ...]:
    ours = [e for e in found if e.name == name and e.weight > 0]
    return tuple(dict.fromkeys(e.reason for e in sorted(ours, key=lambda e: -e.weight)))[:4]


def _confidence(scores: dict[str, float], name: str) -> float:
    """Return how probable the best class is; half the log odds proved to be calibrated."""
    odds = sum(math.exp((scores[each] - scores[name]) * _SHARPNESS) for each in scores)
    return round(min(_SURE_AT_MOST, 1 / odds), 3)


_SHARPNESS = 1.0
_TITLE_PATTERNS = {
    name: re.compile(rf"{BEFORE_TITLE}({words})({BEHIND_TITLE})", re.VERBOSE)
    for name, words in TITLES.items()
}
_CAPTION_PATTERNS = {
    name: re.compile(rf"\b(?:{words})\b", re.VERBOSE) for name, words in CAPTIONS.items()
}
_WORD_PATTERNS = {
    name: re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.VERBOSE)
    for name, words in TITLES.items()
}
_ANY_TITLE = re.compile("|".join(TITLES.values()), re.VERBOSE)
_LABEL_PATTERNS = {
    name: tuple((re.compile(p, re.VERBOSE), weight, called) for p, weight, called in patterns)
    for name, patterns in LABELS.items()
}
