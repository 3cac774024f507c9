"""Tax and register numbers of the two parties, told by their check digits or by their label."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from stdnum.au import abn
from stdnum.ch import vat as ch_vat
from stdnum.de import stnr
from stdnum.es import nif
from stdnum.eu import vat
from stdnum.fr import siren, siret
from stdnum.gb import vat as gb_vat
from stdnum.in_ import gstin
from stdnum.it import iva

from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.layout import Row
from invoice_desk.documents.extraction.shapes import Found, each_valid

_STATES = "|".join(sorted({*(state.upper() for state in vat.MEMBER_STATES), "EL"}))
_VAT_ID = re.compile(
    rf"\b(?:{_STATES}) ?(?:[A-Z0-9]{{2}} ?\d{{3}} ?\d{{3}} ?\d{{3}}|U?\d{{8,12}}(?:B\d{{2}})?)\b"
)
_GB_VAT_ID = re.compile(r"\bGB ?\d{3} ?\d{4} ?\d{2}(?: ?\d{3})?(?!\d)")
_CH_VAT_ID = re.compile(r"\bCHE[- ]?\d{3}[. ]?\d{3}[. ]?\d{3} ?(?:MWST|TVA|IVA)\b")
_GSTIN = re.compile(r"\b\d{2}[A-Z]{5}\d{4}[A-Z][A-Z\d]Z[A-Z\d]\b")
_VAT_IDS = (
    *((_VAT_ID, vat.is_valid), (_GB_VAT_ID, gb_vat.is_valid)),
    *((_CH_VAT_ID, ch_vat.is_valid), (_GSTIN, gstin.is_valid)),
)
#: Countries whose VAT ids can be checked.
_CHECKED = frozenset({*(state.upper() for state in vat.MEMBER_STATES), "EL", "GB", "CH"})
_SIREN = re.compile(r"(?<!\d)\d{3} ?\d{3} ?\d{3}(?: ?\d{5})?(?!\d)")
_SIREN_LABEL = re.compile(r"\b(?:siren|siret|rcs|r\.c\.s)\b", re.IGNORECASE)
_OF_BUYER = re.compile(
    r"\b(?:client|customer|kunde|kunden|buyer|votre|ihre|your|acheteur|käufer)\b", re.IGNORECASE
)
_VAT_LABEL = re.compile(
    r"\b(?:ust|mwst|uid|vat|tva|btw|iva|tax\s?(?:id|no|number))\b", re.IGNORECASE
)
#: So many characters before a number may say whose it is; a heading begins as near to its left.
_NEAR, _COLUMN = 40, 3.0
_DIGIT = re.compile(r"\d")
#: How sure a number with right check digits is: of 47 on pages that an XML goes with, none was
#: wrong.
CHECKED_SURE = 0.97
#: How sure one with wrong ones is: it is shown, and a person compares it.
WRONG_SURE = 0.4


def _algerian(text: str) -> bool:
    """Return whether it has as many digits as the tax number, or one that stands in for it."""
    return len(text.replace(" ", "")) in {15, 18, 20}


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A number that its label tells, since others look the same.

    Attributes:
        shape: The label, and the number as a group.
        kind: What it is called behind `supplier_` or `customer_`.
    """

    shape: re.Pattern[str]
    is_valid: Callable[[str], bool]
    kind: str
    confidence: float

    def found(self, row: Row, party: Callable[[Row, int], str]) -> Iterator[Found]:
        for match in self.shape.finditer(row.text):
            text = match.group(1)
            if self.is_valid(text):
                value = text.replace(" ", "") if text[-1].isalnum() else text
                name = f"{party(row, match.start(1))}_{self.kind}"
                yield Found(name, value, row, match.start(1), match.end(1), self.confidence)


def _labelled(
    label: str, number: str, is_valid: Callable[[str], bool], kind: str, confidence: float
) -> _Labelled:
    shape = re.compile(rf"(?<![a-z])(?:{label})[\s.:#°]*(?<!\d)({number})(?!\d)", re.IGNORECASE)
    return _Labelled(shape, is_valid, kind, confidence)


_WORD_FOR_NUMBER = r"(?:\s*(?:reg(?:istration)?|id|no|nr|number|nummer|code|#|n°)\b[\s.:]*){0,3}"
_LABELLED = (
    _labelled(
        r"steuer-?\s?(?:nummer|nr)|st\.?\s?-?\s?nr", r"\d{2,3}[/ ]?\d{3,4}[/ ]?\d{4,5}",
        stnr.is_valid, "tax_registration", 0.93,
    ),
    _labelled(r"p(?:artita)?\.?\s?iva", r"\d{11}", iva.is_valid, "vat_id", CHECKED_SURE),
    _labelled(
        r"n\.?i\.?f|c\.?i\.?f", r"[A-Z\d]-?\d{7}-?[A-Z\d]", nif.is_valid, "vat_id", CHECKED_SURE
    ),
    _labelled(
        "vat" + _WORD_FOR_NUMBER, r"\d{3} ?\d{4} ?\d{2}(?: ?\d{3})?", gb_vat.is_valid,
        "vat_id", 0.95,
    ),
    _labelled("abn", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", abn.is_valid, "registration", CHECKED_SURE),
    # The 12 digits of the Malaysian GST have no check digits.
    _labelled("(?:gst|sst)" + _WORD_FOR_NUMBER, r"\d{12}", bool, "vat_id", 0.85),
    _labelled(
        r"(?:tax\s?id|f?ein)" + _WORD_FOR_NUMBER, r"\d{2}-\d{7}", bool,
        "tax_registration", 0.85,
    ),
    _labelled(
        r"n\.?i\.?f\.?\D{0,6}", r"\d[\d ]{13,24}\d", _algerian, "tax_registration", 0.85
    ),
)  # fmt: skip


def tax_numbers_of(document: Document, row: Row) -> Iterator[Found]:
    """Yield tax and register numbers of a row, those that were checked first."""

    def party(row: Row, start: int) -> str:
        """Return whose number stands there in a row."""
        return "customer" if _is_of_buyer(document, row, start) else "supplier"

    for shape, is_valid in _VAT_IDS:
        for found in each_valid(row, shape, is_valid, "vat_id", CHECKED_SURE):
            yield replace(found, field=f"{party(row, found.start)}_vat_id")
    if _SIREN_LABEL.search(row.text):
        yield from each_valid(row, _SIREN, _is_registered, "supplier_registration", 0.93)
    for labelled in _LABELLED:
        yield from labelled.found(row, party)


def wrong_tax_numbers_of(document: Document, row: Row) -> Iterator[Found]:
    """Yield VAT ids with a label whose check digits are wrong: misread, or mistyped."""
    if not _VAT_LABEL.search(row.text):
        return
    for shape, is_valid in _VAT_IDS:
        for match in shape.finditer(row.text):
            if not is_valid(match.group()):
                is_of_buyer = _is_of_buyer(document, row, match.start())
                name = "customer_vat_id" if is_of_buyer else "supplier_vat_id"
                value = match.group().replace(" ", "")
                yield Found(name, value, row, *match.span(), WRONG_SURE)


def is_wrong_vat_id(bare: str) -> bool:
    """Return whether a VAT id of a country with check digits has wrong ones."""
    checks = (vat.is_valid, gb_vat.is_valid, ch_vat.is_valid)
    return bare[:2] in _CHECKED and not any(check(bare) for check in checks)


def _is_registered(text: str) -> bool:
    bare = text.replace(" ", "")
    return bool(siren.is_valid(bare) or siret.is_valid(bare))


def _is_of_buyer(document: Document, row: Row, start: int) -> bool:
    """Return whether a number is the buyer's: by the words before it, or by its heading.

    Its heading stands over it in its column, or is the last one that begins a row; the row right
    above may be its label: `Ihre USt-IdNr.`.
    """
    before = row.text[:start]
    if _OF_BUYER.search(before[-_NEAR:]):
        return True
    rows = document.layout.rows[max(0, row.number - 10) : row.number]
    if rows and not before.strip(" :.") and _is_label_of_buyer(document, rows[-1], row):
        return True
    left = row.box_of(start, start + 1)[0]
    parties = [
        (upper, label)
        for upper in reversed(rows)
        for label in document.labels[upper.number]
        if upper.page == row.page and label.means in {"buyer", "advertiser", "seller"}
    ]
    part = next((p for p in reversed(row.parts) if row.offsets[p.start] <= start), row.parts[0])
    edge = min(left, part.box[0])
    over = [x for _, x in parties if abs(x.box[0] - edge) < _COLUMN * row.height]
    heads = over or [x for _, x in parties if x.start <= 1 and part is row.parts[0]]
    return bool(heads) and heads[0].means != "seller"


def _is_label_of_buyer(document: Document, upper: Row, row: Row) -> bool:
    """Return whether a row is no more than a label of a number of the buyer's."""
    labels = document.labels[upper.number]
    is_label = any(label.means == "tax_id" for label in labels) and not _DIGIT.search(upper.text)
    return is_label and upper.page == row.page and bool(_OF_BUYER.search(upper.text))
