"""Whether two documents are the same invoice in two forms, and why one would say so.

Each thing in which they agree or differ adds its log odds; see Fellegi and Sunter, A Theory for
Record Linkage (1969).  The weights are what a clerk would give them: the number tells most, a
total or a date alone nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz

from invoice_desk.core.known_invoices import KnownInvoice, image_distance, name_key, number_key
from invoice_desk.core.text import folded

#: What must be outdone before two invoices are thought to be one.
_AT_FIRST = -6.0
#: From here on a person is told.
LIKELY = 0.5
#: Names are the same, or could be the same misread.
_SAME_NAME, _NEAR_NAME, _OTHER_NAME = 92, 80, 55
#: Bits of 64 by which two images of one page may differ.
SAME_IMAGE = 6
#: Days by which a date that was misread, or the date of another step, may lie off.
_NEAR_DAYS = 60
#: Numbers at least so much alike may be one, on scans that look the same.
_MISREAD = 75
#: Both of these are bills; an order or a credit note is never its invoice.
_BILLS = frozenset({"", "invoice", "receipt", "other"})


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much two invoices are alike.

    Attributes:
        probability: 0 to 1 that they are one.
        same: What they agree in, the weightiest first.
        differs: What they differ in.
    """

    probability: float
    same: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()

    @property
    def is_likely(self) -> bool:
        """Return whether a person should be told."""
        return self.probability >= LIKELY

    @property
    def reason(self) -> str:
        """Return why, as a person would say it."""
        told = ", ".join(f"same {each}" for each in self.same)
        return f"{told}; differs in {', '.join(self.differs)}" if self.differs else told


_UNLIKE = Likeness(0.0)


def compare(one: KnownInvoice, other: KnownInvoice) -> Likeness:
    """Return how likely two invoices are one and the same."""
    if _kind(one) != _kind(other) or _has_other_sign(one, other):
        return _UNLIKE
    same_table = one.table_id == other.table_id
    if same_table and one.total != other.total:
        return _UNLIKE  # lines or payments of one invoice, or a list of several
    alike = _looks_alike(one, other)
    found = [*_numbers(one, other, alike=alike), *_suppliers(one, other), *_figures(one, other)]
    if alike:
        found.append(("picture of the page", 1.5))
    odds = _AT_FIRST + sum(weight for _, weight in found)
    return Likeness(
        round(1 / (1 + math.exp(-odds)), 3),
        tuple(name for name, weight in _heaviest(found) if weight > 0),
        tuple(name for name, weight in found if weight < 0),
    )


def _heaviest(found: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    return sorted(found, key=lambda each: -each[1])


def _kind(invoice: KnownInvoice) -> str:
    return "invoice" if invoice.document_class in _BILLS else invoice.document_class


def _has_other_sign(one: KnownInvoice, other: KnownInvoice) -> bool:
    """Return whether one takes the other back; of a credit note 100 and -100 are notations."""
    if _kind(one) == "credit_note":
        return False
    return (
        one.total is not None
        and other.total is not None
        and one.total * other.total < 0
        and abs(one.total) == abs(other.total)
    )


def _looks_alike(one: KnownInvoice, other: KnownInvoice) -> bool:
    """Return whether both are scans whose first pages look the same; a form's pages do as well."""
    if one.page_hash is None or other.page_hash is None:
        return False
    return image_distance(one.page_hash, other.page_hash) <= SAME_IMAGE


def _numbers(one: KnownInvoice, other: KnownInvoice, *, alike: bool) -> Iterator[tuple[str, float]]:
    ours, theirs = number_key(one.number), number_key(other.number)
    if not ours or not theirs:
        return
    if ours == theirs:
        misread = folded(one.number) != folded(other.number)
        short = len(ours) < 3
        yield "number", 5.0 - misread - 2.0 * short
    elif min(len(ours), len(theirs)) >= 4 and (ours.endswith(theirs) or theirs.endswith(ours)):
        yield "end of the number", 2.5
    elif alike and fuzz.ratio(ours, theirs) >= _MISREAD:
        yield "number", -2.0
    else:
        yield "number", -6.0


def _suppliers(one: KnownInvoice, other: KnownInvoice) -> Iterator[tuple[str, float]]:
    """Yield one verdict on the suppliers: by what identifies them, else by their names."""
    for name, ours, theirs in (
        ("supplier's VAT id", one.supplier_vat_id, other.supplier_vat_id),
        ("supplier's registration", one.supplier_registration, other.supplier_registration),
    ):
        if ours and theirs:
            yield (name, 3.0) if folded(ours) == folded(theirs) else (name, -4.0)
            return
    if one.iban and folded(one.iban) == folded(other.iban):
        yield "IBAN", 3.0
        return
    ours, theirs = name_key(one.supplier_name), name_key(other.supplier_name)
    if not ours or not theirs:
        return
    ratio = fuzz.ratio(ours, theirs)
    within = min(len(ours), len(theirs)) >= 5 and (ours in theirs or theirs in ours)
    if ratio >= _SAME_NAME or within:
        yield "supplier", 2.5
    elif ratio >= _NEAR_NAME:
        yield "supplier, nearly", 1.5
    elif ratio < _OTHER_NAME:
        yield "supplier", -2.0


def _figures(one: KnownInvoice, other: KnownInvoice) -> Iterator[tuple[str, float]]:
    if one.total is not None and other.total is not None:
        yield "total", 3.0 if abs(one.total) == abs(other.total) else -3.0
    if one.issue_date and other.issue_date:
        ours, theirs = one.issue_date, other.issue_date
        if ours == theirs:
            yield "date", 2.5
        elif ours.year == theirs.year and (ours.day, ours.month) == (theirs.month, theirs.day):
            yield "date, with day and month the other way round", 1.0
        else:
            yield "date", -2.0 if abs((ours - theirs).days) <= _NEAR_DAYS else -3.0
    if one.currency and other.currency and one.currency != other.currency:
        yield "currency", -3.0
