"""Several documents in one file: where a new one begins, told by what the pages say.

Rather no proposal than a wrong one: a person is asked only where the pages contradict being one
document, by another number beside the label, or by counting their pages from 1 again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from invoice_desk.documents.page import Line, Page, TextSource, lines_of, segments_of

#: What the reasons of a new document must come to.
_ENOUGH = 2.0
#: Pages whose sizes differ by no more than this share are of the same paper.
_SAME_SIZE = 0.02
#: More numbers than this beside labels and the page is a list of documents.
_MOST_NUMBERS = 2

#: Stands between the lines of a page where they are searched at once: no pattern crosses it.
_BETWEEN = "\0"
_SIGN = r"(?:\s*-?\s*(?:number|nummer|num[ée]ro|num|nbr|no|nr|n°|nº|id|rev|#)(?![a-zé])[.:]*)"
#: Kind of number → what stands before it, with a word for “number” or without.
_LABELS = {
    kind: re.compile(rf"\b(?:{words})(?:(?P<sign>{_SIGN})|\b)", re.IGNORECASE)
    for kind, words in {
        "document": r"invoice|inv|bill|receipt|credit\s?(?:note|memo)|statement"
        r"|(?:n°|nº|num[ée]ro)\s*(?:de\s*)?(?:la\s*|l['’])?(?:facture|avoir)|facture|avoir|ticket"
        r"|(?:rechnungs?|gutschrifts?|beleg)(?:[^.:\d|]{0,40}(?=\bnr\b))?|factuur|factura|fattura",
        "contract": r"contract(?:\s*/\s*revision)?|contrat|vertrags?",
        "order": r"(?<!alt )order(?:\s*/)?|commande|bestellung|bestell|auftrags?|pedido",
    }.items()
}
_NUMBER = re.compile(r"[^\w#]*#?\s*([A-Z0-9][A-Z0-9/_.\-]{1,30})", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}$")
_AMOUNT = re.compile(r"[^\w.,]?\d{1,6}(?:[.,\s]\d{3})*[.,]\d{2}\W?$")
_COUNTER = re.compile(
    r"\b(?:page|seite|blatt|p[áa]gina|pagina|pag\.?)\s*(?:no\.?|n°|:)?\s*(\d{1,3})\b"
    r"(?:\s*(?:of|de|sur|von|van|di|/)\s*(\d{1,3})\b)?",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"(?:grand|invoice|gross|amount)\s*total|total\s*(?:due|amount|ttc|à\s*payer|général|incl)"
    r"|(?:amount|balance)\s*due|net\s*(?:à\s*payer|due)|gesamt(?:betrag|summe)|rechnungsbetrag"
    r"|zahlbetrag|te\s*betalen|total\s*a\s*pagar|(?:^|\0)\s*total\b",
    re.IGNORECASE,
)
#: A sheet that was laid between documents before they were scanned.
_SEPARATOR = re.compile(
    r"patch\s?-?(?:code)?\s?[t2](?![a-z])|separator\s?(?:sheet|page)|trenn(?:blatt|seite)"
    r"|(?:feuille|page)\s?(?:de\s?)?s[ée]parat(?:ion|rice)|intercalaire",
    re.IGNORECASE,
)
_MOST_WORDS_OF_SEPARATOR = 12
_IDENTITY = re.compile(
    r"\b(?:[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?"  # an IBAN
    r"|FR ?[A-Z0-9]{2} ?\d{3} ?\d{3} ?\d{3}|DE ?\d{9}|ATU\d{8}|[A-Z]{2}\d{9,12}"  # a VAT id
    r"|\d{3} ?\d{3} ?\d{3} ?\d{5})\b"  # a SIRET
    r"|(?<=@)[\w-]+\.\w{2,6}\b|(?<=www\.)[\w-]+\.\w{2,6}\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Split:
    """Pages of a file that are a document of their own.

    Attributes:
        first: Its first page, from 1.
        reasons: Why it begins there; nothing for the first one.
    """

    first: int
    last: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What a page says of the document that it belongs to."""

    numbers: frozenset[tuple[str, str]]
    #: Page and how many there are, 0 if that is not said.
    counter: tuple[int, int] | None
    identities: frozenset[str]
    has_total: bool
    #: Whether it has amounts at all, as terms and conditions have not.
    has_amounts: bool
    is_blank: bool
    is_separator: bool
    #: Width and height of a printed page; a scanner cuts each page as it likes.
    size: tuple[float, float] | None


@dataclass(slots=True)
class _Document:
    """A document as far as its pages were looked at."""

    first: int
    reasons: tuple[str, ...] = ()
    numbers: set[tuple[str, str]] = field(default_factory=set)
    identities: set[str] = field(default_factory=set)
    counter: tuple[int, int] | None = None
    has_total: bool = False
    is_closed: bool = False
    size: tuple[float, float] | None = None

    def take(self, page: _Evidence) -> None:
        """Take in one more page."""
        self.numbers |= page.numbers
        self.identities |= page.identities
        self.counter, self.size = page.counter, page.size
        self.is_closed = page.is_separator or (self.is_closed and page.is_blank)
        self.has_total = page.has_total or (self.has_total and page.is_blank)


def propose_splits(pages: Sequence[Page]) -> tuple[Split, ...]:
    """Return the documents that the pages seem to be; nothing when they are one."""
    if len(pages) < 2:
        return ()
    documents: list[_Document] = []
    for page in pages:
        evidence = _evidence(page)
        if not documents:
            documents.append(_Document(page.number))
        elif reasons := _reasons(documents[-1], evidence):
            documents.append(_Document(page.number, reasons))
        documents[-1].take(evidence)
    if len(documents) < 2:
        return ()
    lasts = [*(document.first - 1 for document in documents[1:]), pages[-1].number]
    return tuple(
        Split(document.first, last, document.reasons)
        for document, last in zip(documents, lasts, strict=True)
    )


def told_splits(splits: Sequence[Split]) -> str:
    """Return a proposal as one text: the ranges, then the reasons."""
    ranges = ", ".join(str(s.first) if s.first == s.last else f"{s.first}-{s.last}" for s in splits)
    reasons = (f"page {split.first}: {', '.join(split.reasons)}" for split in splits[1:])
    return "; ".join([ranges, *reasons])


def splits_of(text: str) -> tuple[Split, ...]:
    """Return the ranges of a text such as `1-2, 3`.

    Raises:
        ValueError: If it is none.
    """
    found: list[Split] = []
    for part in text.partition(";")[0].split(","):
        first, dash, last = (each.strip() for each in part.partition("-"))
        found.append(Split(int(first), int(last if dash else first)))
    return tuple(found)


def _reasons(document: _Document, page: _Evidence) -> tuple[str, ...]:
    """Return why a page begins another document; nothing when it belongs to this one."""
    if document.is_closed and not (page.is_blank or page.is_separator):
        return ("a separator sheet is before it",)
    if page.is_blank or page.numbers & document.numbers or _goes_on(document.counter, page.counter):
        return ()
    reasons = [*_new_numbers(document, page), *_new_count(document, page)]
    if page.identities and document.identities and not page.identities & document.identities:
        reasons.append((1.0, "other tax numbers, bank or addresses in the web"))
    if document.has_total and page.has_total:
        reasons.append((0.5, "the page before has a total, and so has this one"))
    if reasons and _is_other_paper(document.size, page.size):
        reasons.append((0.5, "paper of another size"))
    if reasons and page.has_amounts:
        reasons.append((0.5, "amounts of its own"))
    return tuple(text for _, text in reasons) if sum(w for w, _ in reasons) >= _ENOUGH else ()


def _is_other_paper(before: tuple[float, float] | None, now: tuple[float, float] | None) -> bool:
    if before is None or now is None:
        return False
    return any(abs(a - b) > _SAME_SIZE * a for a, b in zip(before, now, strict=True))


def _new_numbers(document: _Document, page: _Evidence) -> Iterator[tuple[float, str]]:
    before = {kind for kind, _ in document.numbers}
    for kind, number in sorted(page.numbers):
        if kind in before:
            weight = 1.5 if kind == "order" else 2.0
            yield weight, f"another {kind} number, {number}"
            return
    if any(kind != "order" for kind, _ in page.numbers):  # lines may name orders of their own
        yield 0.5, "a number of its own"


def _new_count(document: _Document, page: _Evidence) -> Iterator[tuple[float, str]]:
    before = document.counter
    if page.counter is None and before is not None and before[0] == before[1]:
        yield 1.0, "the page before is the last one by its own count"
    if page.counter is None or page.counter[0] != 1:
        return
    told = "its pages are counted from 1 again"
    is_whole = page.counter[1] > 0
    if before is None:
        if is_whole:
            yield 1.0, told
    elif is_whole and before[0] == before[1]:
        yield 1.5, told
    else:
        yield 1.0, told


def _goes_on(before: tuple[int, int] | None, now: tuple[int, int] | None) -> bool:
    """Return whether a page is by its own count a later one of the same document."""
    if now is None or now[0] == 1:
        return False
    return before is None or (now[0] > before[0] and now[1] == before[1])


def _evidence(page: Page) -> _Evidence:
    lines = lines_of(page)
    texts = [line.text for line in lines]
    text = _BETWEEN.join(texts)  # searched once, not once a line
    numbers = frozenset(_numbers(lines, page.height))
    return _Evidence(
        numbers=numbers if len(numbers) <= _MOST_NUMBERS else frozenset(),
        counter=_counter(text),
        identities=frozenset(
            found.group().replace(" ", "").lower() for found in _IDENTITY.finditer(text)
        ),
        has_total=_TOTAL.search(text) is not None,
        has_amounts=sum(_AMOUNT.match(word.text) is not None for word in page.words) >= 2,
        is_blank=not texts,
        size=(page.width, page.height) if page.text_source is TextSource.TEXT_LAYER else None,
        is_separator=len(page.words) <= _MOST_WORDS_OF_SEPARATOR
        and any(_SEPARATOR.search(text) for text in texts),
    )


def _counter(text: str) -> tuple[int, int] | None:
    """Return which page it says to be; nothing when it says several things."""
    said = {(int(found.group(1)), int(found.group(2) or 0)) for found in _COUNTER.finditer(text)}
    whole = {each for each in said if 0 < each[0] <= each[1]}
    said = whole or said
    return said.pop() if len(said) == 1 else None


def _numbers(lines: Sequence[Line], height: float) -> Iterator[tuple[str, str]]:
    """Yield the numbers beside or below a label in the upper half of the page, with their kind."""
    upper = list(takewhile(lambda line: line.box[1] <= height / 2, lines))
    whole = _BETWEEN.join(line.text for line in upper)
    labels = {kind: label for kind, label in _LABELS.items() if label.search(whole)}
    for index, line in enumerate(upper):
        for kind, label in labels.items():
            if label.search(line.text) is not None:
                for number in _numbers_at(label, line, lines[index + 1 : index + 3]):
                    yield kind, number


def _numbers_at(label: re.Pattern[str], line: Line, under: Sequence[Line]) -> Iterator[str]:
    segments = segments_of(line)
    for place, segment in enumerate(segments):
        for found in label.finditer(segment.text):
            beside = [segment.text[found.end() :]]
            beside += [each.text for each in segments[place + 1 : place + 2]]
            is_sure = found.group("sign") is not None
            number = _first_number(beside, is_sure=is_sure)
            if not number and is_sure:
                below = [text for each in under for text in _under(segment, each)]
                number = _first_number(below, is_sure=is_sure)
            if number:
                yield number


def _under(label: Line, line: Line) -> Iterator[str]:
    for segment in segments_of(line):
        if segment.box[0] < label.box[2] and segment.box[2] > label.box[0]:
            yield segment.text


def _first_number(texts: Sequence[str], *, is_sure: bool) -> str:
    """Return the first number, if the first text that is there is one."""
    text = next((each for each in texts if re.search(r"\w", each)), "")
    found = _NUMBER.match(text)
    if found is None:
        return ""
    number = found.group(1).strip("./-_").upper()
    digits = sum(map(str.isdigit, number))
    if digits < (1 if is_sure else 3) or _DATE.match(number) or _AMOUNT.match(number):
        return ""
    return number
