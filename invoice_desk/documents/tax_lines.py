"""The tax of an invoice by rate, wherever its pages state it.

A statement counts when base times rate is the tax, or when the line names the tax, its rate and an
amount.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from invoice_desk.documents.line_values import figure_of
from invoice_desk.documents.page import Line, Word

_CENT = Decimal("0.01")
_NAME = re.compile(
    r"\b(?:t\.?v\.?a|vat|gst|sst|mwst|u\.?st|umsatzsteuer|mehrwertsteuer|\w*steuer|btw|iva|igic"
    r"|tax(?:e|es)?|hst|pst|tps|tvq)\b",
    re.IGNORECASE,
)
_RATE = re.compile(r"(\d{1,2}(?:[.,]\d{1,3})?)\s?%?")
_MONEY = re.compile(r"[-+(]?\d[\d.,'’\u00a0\u202f]*\d\)?-?|\d")
_BARE = "€$£()[]:;*="
#: The groups of a number that is written with blanks, and the widest blank in heights of type.
_FIRST_GROUP, _NEXT_GROUP = re.compile(r"-?\d{1,3}"), re.compile(r"\d{3}(?:[.,]\d{1,2})?")
_NEAR = 0.8
_MOST_RATE = 40
#: What is taken off has a rate, a base and an amount as well.
_REDUCTION = re.compile(
    r"rabatt|rabais|remise|discount|skonto|escompte|korting|abschlag", re.IGNORECASE
)
#: The amount that includes a tax is not the tax.
_INCLUDED = re.compile(r"\b(?:inkl|inklusive|incl|including|ttc|toutes taxes)\b", re.IGNORECASE)
#: The name of a tax counts for this many lines below it.
_FAR = 8
#: A line of more words says nothing that could be told.
_MOST_WORDS = 40


@dataclass(frozen=True, slots=True)
class TaxWords:
    """What a page says of one rate, with the words that say it; base and amount may be missing."""

    rate: Decimal
    page: int
    rate_words: tuple[Word, ...]
    base: Decimal | None = None
    base_words: tuple[Word, ...] = ()
    amount: Decimal | None = None
    amount_words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class _Number:
    value: Decimal
    words: tuple[Word, ...]
    is_rate: bool


def taxes_of(lines: Sequence[Line], *, mark: str | None) -> list[TaxWords]:
    """Return the tax by rate that these lines state, each rate once.

    Args:
        lines: The lines of all pages but those of the items.
        mark: The decimal mark of the document.
    """
    found: dict[Decimal, TaxWords] = {}
    heard = -_FAR
    for at, line in enumerate(lines):
        named = _NAME.search(line.text) is not None
        heard = at if named else heard
        if not named and at - heard > _FAR:
            continue
        each = _stated(line, mark, named=named)
        if each is not None:
            rate = each.rate.normalize()
            before = found.get(rate)
            if before is None or (before.base is None and each.base is not None):
                found[rate] = each
    return [_with_base(each, lines, mark) for each in found.values()]


def _stated(line: Line, mark: str | None, *, named: bool) -> TaxWords | None:
    """Return what one line says: base, rate and tax that agree, or rate and tax by name."""
    if len(line.words) > _MOST_WORDS or _REDUCTION.search(line.text):
        return None
    numbers = list(_numbers(line, mark))
    rates = [n for n in numbers if n.is_rate] or [n for n in numbers if 0 <= n.value <= _MOST_RATE]
    has_sign = named or any(n.is_rate for n in rates)
    for rate in sorted(rates, key=_decimals):  # 7 of 8.41 and 8.41 of 7 are the same
        others = [n for n in numbers if n is not rate and not n.is_rate]
        agreeing = _agreeing(rate, others)
        if agreeing is not None and (has_sign or _adds_up(*agreeing, others)):
            base, tax = agreeing
            return TaxWords(
                rate.value, line.page, rate.words, base.value, base.words, tax.value, tax.words
            )
    others = [n for n in numbers if not n.is_rate]
    sure = named and len(rates) == 1 and rates[0].is_rate and len(others) == 1
    if not sure or _INCLUDED.search(line.text):
        return None
    rate, tax = rates[0], others[0]
    return TaxWords(rate.value, line.page, rate.words, amount=tax.value, amount_words=tax.words)


def _decimals(number: _Number) -> int:
    exponent = number.value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _with_base(found: TaxWords, lines: Sequence[Line], mark: str | None) -> TaxWords:
    """Return the statement with its base, when one amount of the page fits and no other does."""
    if found.base is not None or not found.amount or not found.rate:
        return found
    fitting = {
        number.value: (number, line.page)
        for line in lines
        for number in _numbers(line, mark)
        if abs(number.value * found.rate / 100 - found.amount) <= _CENT / 2
    }
    if len(fitting) != 1:
        return found
    number, page = next(iter(fitting.values()))
    if page != found.page:
        return found
    return replace(found, base=number.value, base_words=number.words)


def _agreeing(rate: _Number, others: Sequence[_Number]) -> tuple[_Number, _Number] | None:
    """Return base and tax among the numbers of a line."""
    for i, base in enumerate(others):
        for j, tax in enumerate(others):
            if i == j or not base.value:
                continue
            expected = base.value * rate.value / 100
            if abs(expected - tax.value) <= _CENT and (tax.value or not rate.value):
                return base, tax
    return None


def _adds_up(base: _Number, tax: _Number, others: Sequence[_Number]) -> bool:
    """Return whether base and tax together stand there as well: proof enough without a sign."""
    return bool(tax.value) and any(each.value == base.value + tax.value for each in others)


def _numbers(line: Line, mark: str | None) -> Iterator[_Number]:
    """Yield the numbers of a line; a percent sign makes a rate."""
    words = line.words
    at = 0
    while at < len(words):
        used = [words[at], *_groups(words, at)]
        text = "".join(word.text for word in used).strip(_BARE)
        behind = at + len(used)
        follows = words[behind].text.strip(_BARE) if behind < len(words) else ""
        is_rate = text.endswith("%") or follows == "%"
        if is_rate and not text.endswith("%"):
            used.append(words[behind])
        bare = text.rstrip("%").strip(_BARE)
        at += len(used)
        pattern = _RATE if is_rate else _MONEY
        if not pattern.fullmatch(bare):
            continue
        figure = figure_of(bare, mark=mark)
        if figure is not None and figure.value is not None:
            is_rate = is_rate and figure.value <= _MOST_RATE
            yield _Number(figure.value, tuple(used), is_rate)


def _groups(words: Sequence[Word], at: int) -> list[Word]:
    """Return the words that go on a number of thousands, as `5 000,00`, with its decimals."""
    if not _FIRST_GROUP.fullmatch(words[at].text.strip(_BARE)):
        return []
    found: list[Word] = []
    for word in words[at + 1 :]:
        before = (found or [words[at]])[-1]
        is_near = word.box[0] - before.box[2] <= _NEAR * max(word.height, 1.0)
        if not is_near or not _NEXT_GROUP.fullmatch(word.text.strip(_BARE)):
            break
        found.append(word)
        if not word.text.strip(_BARE).isdigit():
            return found
    return []  # without decimals they may be numbers of their own
