"""What is told by its shape and its check digits: accounts, tax numbers, the currency."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from stdnum import bic, iban
from stdnum.ch import vat as ch_vat
from stdnum.eu import vat
from stdnum.fr import siren, siret
from stdnum.gb import vat as gb_vat

from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.layout import Row

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_BIC = re.compile(r"\b[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b")
_BIC_LABEL = re.compile(r"\b(?:bic|swift)\b", re.IGNORECASE)
_STATES = "|".join(sorted({*(state.upper() for state in vat.MEMBER_STATES), "EL"}))
_VAT_ID = re.compile(
    rf"\b(?:{_STATES}) ?(?:[A-Z0-9]{{2}} ?\d{{3}} ?\d{{3}} ?\d{{3}}|U?\d{{8,12}}(?:B\d{{2}})?)\b"
)
#: A British account is a sort code and eight digits, and has no check digits of its own.
_SORT_CODE = re.compile(
    r"(?:sort\s?code|bacs|s/c)\D{0,6}\d{2}[- ]?\d{2}[- ]?\d{2}\D{1,25}?(?P<account>\d{8})\b",
    re.IGNORECASE,
)
_GB_VAT_ID = re.compile(r"\bGB ?\d{3} ?\d{4} ?\d{2}(?: ?\d{3})?(?!\d)")
_CH_VAT_ID = re.compile(r"\bCHE[- ]?\d{3}[. ]?\d{3}[. ]?\d{3} ?(?:MWST|TVA|IVA)\b")
_VAT_IDS = ((_VAT_ID, vat.is_valid), (_GB_VAT_ID, gb_vat.is_valid), (_CH_VAT_ID, ch_vat.is_valid))
_DIGIT = re.compile(r"\d")
#: Countries whose VAT ids can be checked.
_CHECKED = frozenset({*(state.upper() for state in vat.MEMBER_STATES), "EL", "GB", "CH"})
_SIREN = re.compile(r"(?<!\d)\d{3} ?\d{3} ?\d{3}(?: ?\d{5})?(?!\d)")
_SIREN_LABEL = re.compile(r"\b(?:siren|siret|rcs|r\.c\.s)\b", re.IGNORECASE)
#: The 15 or 20 digits of the Algerian tax number, its statistical number, and its register.
_NIF = re.compile(r"\bn\.?i\.?f\.?\b\D{0,6}(\d[\d ]{13,24}\d)", re.IGNORECASE)
_OF_BUYER = re.compile(
    r"\b(?:client|customer|kunde|kunden|buyer|votre|ihre|your|acheteur|käufer)\b", re.IGNORECASE
)
#: How a currency is written → its code of ISO 4217.
_CURRENCIES = {
    **dict.fromkeys(("€", "EUR", "euro", "euros"), "EUR"),
    **dict.fromkeys(("£", "GBP"), "GBP"),
    **dict.fromkeys(("DZD", "DA", "dinar", "dinars"), "DZD"),
    **dict.fromkeys(("MYR", "RM"), "MYR"),
    **dict.fromkeys(("USD", "US$", "$"), "USD"),
    **dict.fromkeys(("PLN", "zł"), "PLN"),
    **{code: code for code in ("CHF", "SEK", "NOK", "DKK", "MAD", "TND")},
}
_CURRENCY = re.compile(
    r"[€£]|(?:\bUS)?\$|\bRM(?=\s?\d|\b)|\b(?:"
    + "|".join(name for name in _CURRENCIES if name.isalpha())
    + r")\b"
)


#: How sure a number with right check digits is: of 47 on pages that an XML goes with, none was
#: wrong.
_CHECKED_SURE = 0.97


@dataclass(frozen=True, slots=True)
class Found:
    """A field told by its shape: its place in a row, its value and how sure it is."""

    field: str
    value: str
    row: Row
    start: int
    stop: int
    confidence: float


def identifiers_of(document: Document) -> Iterator[Found]:
    """Yield accounts, tax and register numbers whose check digits are right."""
    for row in document.layout.rows:
        if _DIGIT.search(row.text) or _BIC_LABEL.search(row.text):
            yield from _accounts(row)
            yield from _tax_numbers(document, row)


def _accounts(row: Row) -> Iterator[Found]:
    for match in _IBAN.finditer(row.text):
        held = _longest_valid(match.group(), iban.is_valid)
        if held:
            stop = match.start() + len(held)
            value = iban.compact(held)
            yield Found("iban_or_account", value, row, match.start(), stop, _CHECKED_SURE)
    for match in _SORT_CODE.finditer(row.text):
        start, stop = match.span("account")
        yield Found("iban_or_account", match.group("account"), row, start, stop, 0.9)
    if _BIC_LABEL.search(row.text):
        yield from _each(row, _BIC, bic.is_valid, "bic", _CHECKED_SURE)


def _tax_numbers(document: Document, row: Row) -> Iterator[Found]:
    for shape, is_valid in _VAT_IDS:
        for found in _each(row, shape, is_valid, "vat_id", _CHECKED_SURE):
            yield replace(found, field=f"{_party(document, row)}_vat_id")
    if _SIREN_LABEL.search(row.text):
        yield from _each(row, _SIREN, _is_registered, "supplier_registration", 0.93)
    for match in _NIF.finditer(row.text):
        value = match.group(1).replace(" ", "")
        if len(value) in {15, 18, 20}:
            name = f"{_party(document, row)}_tax_registration"
            yield Found(name, value, row, match.start(1), match.end(1), 0.85)


def is_wrong(field: str, value: str) -> bool:
    """Return whether a value has the shape of an identifier, and wrong check digits for it."""
    bare = re.sub(r"[\s.-]", "", value).upper()
    if field == "iban_or_account":
        return re.match(r"[A-Z]{2}\d{2}", bare) is not None and not iban.is_valid(bare)
    if field == "bic":
        return not bic.is_valid(bare)
    if field in {"supplier_vat_id", "customer_vat_id"}:
        checks = (vat.is_valid, gb_vat.is_valid, ch_vat.is_valid)
        return bare[:2] in _CHECKED and not any(check(bare) for check in checks)
    return False


def currency_of(document: Document) -> Found | None:
    """Return the currency that stands most often, one beside a label of currency first."""
    counts: Counter[str] = Counter()
    first: dict[str, Found] = {}
    for row in document.layout.rows:
        for match in _CURRENCY.finditer(row.text):
            code = _CURRENCIES[match.group()]
            means = {label.means for label in document.labels[row.number]}
            weight = 50 if "currency" in means else 3 if means & {"total", "grand_total"} else 1
            counts[code] += weight
            if code not in first:
                first[code] = Found("currency", code, row, match.start(), match.end(), 0.9)
    if not counts:
        return None
    best, most = counts.most_common(1)[0]
    if best == "USD" and counts["MYR"]:  # a dollar sign on a receipt in ringgit is misread
        best = "MYR"
    sure = 0.97 if most >= 0.8 * counts.total() else 0.75
    found = first[best]
    return Found("currency", best, found.row, found.start, found.stop, sure)


def _each(
    row: Row, shape: re.Pattern[str], is_valid: Callable[[str], bool], field: str, sure: float
) -> Iterator[Found]:
    for match in shape.finditer(row.text):
        if is_valid(match.group()):
            value = match.group().replace(" ", "")
            yield Found(field, value, row, match.start(), match.end(), sure)


def _longest_valid(text: str, is_valid: Callable[[str], bool]) -> str:
    """Return the longest beginning of `text`, word by word, that has right check digits."""
    words = text.split(" ")
    for count in range(len(words), 0, -1):
        held = " ".join(words[:count])
        if is_valid(held):
            return held
    return ""


def _is_registered(text: str) -> bool:
    bare = text.replace(" ", "")
    return bool(siren.is_valid(bare) or siret.is_valid(bare))


def _party(document: Document, row: Row) -> str:
    """Return whose number stands in a row."""
    return "customer" if _is_of_buyer(document, row) else "supplier"


def _is_of_buyer(document: Document, row: Row) -> bool:
    """Return whether a row speaks of the buyer: by itself, or under a heading of the buyer."""
    if _OF_BUYER.search(row.text):
        return True
    for upper in reversed(document.layout.rows[max(0, row.number - 10) : row.number]):
        for label in document.labels[upper.number]:
            is_head = label.start <= 1 and upper.page == row.page
            if is_head and label.means in {"buyer", "seller"}:
                return label.means == "buyer"
    return False
