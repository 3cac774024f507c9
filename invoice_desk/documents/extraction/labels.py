"""Labels: the words that announce a value, found in the rows of a document."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from invoice_desk.documents.extraction.layout import Box, Row
from invoice_desk.paths import resource

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[#%]")
_DOTTED = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?")
_NUMERO = re.compile(r"(?<![^\W\d_])[nN]\s?[°º]")


#: A label of so many letters is known when a blank or a hyphen parts it.
_LONG = 8
_LEGAL_FORMS = frozenset(
    {"gmbh", "ag", "kg", "ohg", "mbh", "sarl", "sas", "eurl", "ltd", "limited", "inc", "llc", "sdn"}
)


@dataclass(frozen=True, slots=True)
class Label:
    """A label in a row.

    Attributes:
        means: What it announces, a key of `resources/field_labels.toml`.
        start: Its first character in the text of the row.
        stop: The character behind it.
        words: How many words it has.
    """

    means: str
    row: int
    start: int
    stop: int
    words: int
    box: Box


class _Token(NamedTuple):  # a page has a thousand, and a tuple is made faster
    text: str
    start: int
    stop: int


@cache
def meanings() -> tuple[str, ...]:
    """Return what labels can announce, in the order of the resource."""
    return tuple(_declared())


def labels_of(row: Row) -> list[Label]:
    """Return the labels of a row, left to right; of two that begin together the longer one."""
    spans = _spans(row.text)
    bank = min((start for means, start, _, _ in spans if means == "bank"), default=None)
    return [
        Label(
            # `Sort code 20-48-46  Account no. 73920184` tells no number of the customer
            "bank" if bank is not None and start > bank and means == "customer_number" else means,
            *(row.number, start, stop, words, row.box_of(start, stop)),
        )
        for means, start, stop, words in spans
    ]


@lru_cache(maxsize=8192)
def _spans(text: str) -> tuple[tuple[str, int, int, int], ...]:
    """Return what each label means, where it stands and how many words it has.

    Pages of one document, and documents of one supplier, have the same rows over and over.
    """
    tokens = list(_tokens(text))
    first_words = _phrases()
    found: list[tuple[str, int, int, int]] = []
    at = 0
    while at < len(tokens):
        hit = next(
            (
                (means, len(words))
                for words, means in first_words.get(tokens[at].text, ())
                if _matches(tokens, at, words)
            ),
            None,
        )
        if hit is None or hit[1] == 1:
            hit = _joined(text, tokens, at) or hit
        if hit is None or _is_name(text, tokens, at + hit[1]):
            at += 1
            continue
        means, count = hit
        found.append((means, tokens[at].start, tokens[at + count - 1].stop, count))
        at += count
    return tuple(found)


def _joined(text: str, tokens: Sequence[_Token], at: int) -> tuple[str, int] | None:
    """Return the label that a word makes with the next one: `Beleg-Datum`, `Ver käufer`."""
    if at + 1 >= len(tokens) or tokens[at + 1].start != tokens[at].stop + 1:
        return None
    left, right = tokens[at], tokens[at + 1]
    between = text[left.stop]
    if between != "-" and (between != " " or not text[right.start].islower()):
        return None
    means = _long_words().get(left.text + right.text)
    return (means, 2) if means else None


def tokens_of(text: str) -> list[str]:
    """Return the words of `text` as labels are compared: plain letters, `#` and `%`."""
    return [token.text for token in _tokens(text)]


def _is_name(text: str, tokens: Sequence[_Token], at: int) -> bool:
    """Return whether a legal form follows: `Lieferant GmbH` is a name, `Client: SARL …` is not."""
    if at >= len(tokens) or tokens[at].text not in _LEGAL_FORMS:
        return False
    return ":" not in text[tokens[at - 1].stop : tokens[at].start]


def _matches(tokens: Sequence[_Token], at: int, words: tuple[str, ...]) -> bool:
    if at + len(words) > len(tokens):
        return False
    return all(tokens[at + i].text == word for i, word in enumerate(words))


def _tokens(text: str) -> Iterator[_Token]:
    """Yield words with their place; abbreviations such as `T.V.A.` and `N°` are one word."""
    bare = _DOTTED.sub(_without_dots, text) if "." in text else text
    if not bare.isascii():
        bare = _NUMERO.sub(lambda m: "no".ljust(len(m.group()), "\x00"), bare)
    for match in _TOKEN.finditer(bare.replace("\x00", " ") if "\x00" in bare else bare):
        yield _Token(_plain(match.group()), *match.span())


def _without_dots(match: re.Match[str]) -> str:
    """Return the letters of a dotted abbreviation, filled up so that places stay."""
    letters = match.group().replace(".", "")
    return letters.ljust(len(match.group()))


@cache
def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in folded if not unicodedata.combining(c))


def _declared() -> dict[str, str]:
    with resource("field_labels.toml").open("rb") as file:
        labels: dict[str, str] = tomllib.load(file)["labels"]
    return labels


@cache
def _long_words() -> dict[str, str]:
    """Return the labels of one long word, and what each announces."""
    return {
        word: means
        for word, phrases in _phrases().items()
        for words, means in phrases
        if len(words) == 1 and len(word) >= _LONG
    }


@cache
def _phrases() -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """Return first word → the phrases that begin with it, the longest first.

    A phrase is also known with its words run together, as text recognition may give it.
    """
    known: dict[tuple[str, ...], str] = {}
    for means, text in _declared().items():
        for phrase in re.split(r"[;\n]", text):
            words = tuple(tokens_of(phrase))
            if not words:
                continue
            known.setdefault(words, means)
            glued = "".join(words)
            if len(words) > 1 and glued.isalpha() and len(glued) > 4:
                known.setdefault((glued,), means)
    first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for words, means in known.items():
        first.setdefault(words[0], []).append((words, means))
    return {w: tuple(sorted(p, key=lambda x: -len(x[0]))) for w, p in first.items()}
