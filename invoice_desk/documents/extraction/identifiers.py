"""What is told by its shape and its check digits: accounts, and numbers of the parties."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from stdnum import bic, iban

from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.layout import Row
from invoice_desk.documents.extraction.shapes import Found, each_valid
from invoice_desk.documents.extraction.tax_numbers import (
    CHECKED_SURE,
    WRONG_SURE,
    is_wrong_vat_id,
    tax_numbers_of,
    wrong_tax_numbers_of,
)

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_IBAN_LABEL = re.compile(r"\bIBAN\b\W{0,4}", re.IGNORECASE)
_BIC = re.compile(r"\b[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b")
_BIC_LABEL = re.compile(r"\b(?:bic|swift)\b", re.IGNORECASE)
#: A British account is a sort code and eight digits, and has no check digits of its own.
_SORT_CODE = re.compile(
    r"(?:sort\s?code|bacs|s/c)\D{0,6}\d{2}[- ]?\d{2}[- ]?\d{2}\D{1,25}?(?P<account>\d{8})\b",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")


def identifiers_of(document: Document) -> Iterator[Found]:
    """Yield accounts, tax and register numbers, those with right check digits first.

    What a label announces and whose check digits are wrong comes last, and is never sure.
    """
    rows = [r for r in document.layout.rows if _DIGIT.search(r.text) or _BIC_LABEL.search(r.text)]
    for row in rows:
        yield from _accounts(row)
        yield from tax_numbers_of(document, row)
    for row in rows:
        yield from _wrong_accounts(row)
        yield from wrong_tax_numbers_of(document, row)


def _accounts(row: Row) -> Iterator[Found]:
    for match in _IBAN.finditer(row.text):
        held = _longest_valid(match.group(), iban.is_valid)
        if held:
            stop = match.start() + len(held)
            value = iban.compact(held)
            yield Found("iban_or_account", value, row, match.start(), stop, CHECKED_SURE)
    for match in _SORT_CODE.finditer(row.text):
        start, stop = match.span("account")
        yield Found("iban_or_account", match.group("account"), row, start, stop, 0.9)
    if _BIC_LABEL.search(row.text):
        yield from each_valid(row, _BIC, bic.is_valid, "bic", CHECKED_SURE)


def _wrong_accounts(row: Row) -> Iterator[Found]:
    """Yield what follows the word IBAN, has its shape, and wrong check digits."""
    for label in _IBAN_LABEL.finditer(row.text):
        match = _IBAN.match(row.text, label.end())
        if match is not None and not _longest_valid(match.group(), iban.is_valid):
            value = iban.compact(match.group())
            yield Found("iban_or_account", value, row, *match.span(), WRONG_SURE)


def is_wrong(field: str, value: str) -> bool:
    """Return whether a value has the shape of an identifier, and wrong check digits for it."""
    bare = re.sub(r"[\s.-]", "", value).upper()
    if field == "iban_or_account":
        return re.match(r"[A-Z]{2}\d{2}", bare) is not None and not iban.is_valid(bare)
    if field == "bic":
        return not bic.is_valid(bare)
    if field in {"supplier_vat_id", "customer_vat_id"}:
        return is_wrong_vat_id(bare)
    return False


def _longest_valid(text: str, is_valid: Callable[[str], bool]) -> str:
    """Return the longest beginning of `text`, word by word, that has right check digits."""
    words = text.split(" ")
    for count in range(len(words), 0, -1):
        held = " ".join(words[:count])
        if is_valid(held):
            return held
    return ""
