"""The fields of a document as a form shows them: in groups, each with its kind of value."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from invoice_desk.core.amounts import amount_text, read_amount
from invoice_desk.core.amounts import two_readings as two_amounts
from invoice_desk.core.currencies import SIGNS, is_currency
from invoice_desk.core.dates import DateOrder, read_moment
from invoice_desk.core.dates import two_readings as two_dates
from invoice_desk.errors import ArgumentError

#: From this confidence on a value is sure, and from this on it is likely.
SURE, LIKELY = 0.95, 0.7


class Group(StrEnum):
    """A part of the form."""

    DOCUMENT = "document"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    AMOUNTS = "amounts"
    PAYMENT = "payment"
    PERIOD = "period"
    OTHER = "other"


class FieldKind(StrEnum):
    """What the value of a field is."""

    TEXT = "text"
    DATE = "date"
    AMOUNT = "amount"
    CURRENCY = "currency"


class Doubt(StrEnum):
    """How sure a value is, as its colour says."""

    SURE = "sure"
    LIKELY = "likely"
    UNSURE = "unsure"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class Reading:
    """The conventions by which a text becomes a value.

    Attributes:
        date_order: What 03/04/2024 means; None when nothing settles it.
        decimal_mark: What 1.234 means; None when nothing settles it.
    """

    date_order: DateOrder | None = None
    decimal_mark: str | None = None


#: Group → its fields, in the order of the form.
GROUPS: dict[Group, tuple[str, ...]] = {
    Group.DOCUMENT: (
        *("invoice_number", "issue_date", "document_type_code", "currency", "purchase_order"),
        *("contract_ref", "project_ref", "sales_order", "buyer_reference", "despatch_ref"),
        *("preceding_invoice", "preceding_invoice_date", "tax_point_date", "delivery_date", "note"),
    ),
    Group.SUPPLIER: (
        *("supplier_name", "supplier_vat_id", "supplier_registration"),
        *("supplier_tax_registration", "supplier_address", "supplier_id", "supplier_email"),
        *("supplier_phone", "supplier_url"),
    ),
    Group.CUSTOMER: (
        *("customer_name", "customer_vat_id", "customer_id", "customer_registration"),
        *("customer_tax_registration", "customer_address", "advertiser"),
    ),
    Group.AMOUNTS: (
        *("net_amount", "tax_amount", "total_amount", "lines_total", "allowances_total"),
        *("charges_total", "stamp_duty", "rounding", "amount_paid", "amount_due", "prior_balance"),
    ),
    Group.PAYMENT: (
        *("due_date", "iban_or_account", "bic", "payment_reference", "payment_terms"),
        *("payment_means", "payee_name", "mandate_id"),
    ),
    Group.PERIOD: ("period_start", "period_end"),
}
#: Fields that the form shows even while they are empty.
USUAL = frozenset(
    [
        *("invoice_number", "issue_date", "due_date", "currency", "purchase_order"),
        *("supplier_name", "supplier_vat_id", "supplier_address", "customer_name"),
        *("customer_vat_id", "customer_id", "net_amount", "tax_amount", "total_amount"),
        *("amount_paid", "amount_due", "iban_or_account", "bic", "payment_reference"),
        *("period_start", "period_end"),
    ]
)
_AMOUNTS = frozenset(GROUPS[Group.AMOUNTS])
_DATES = frozenset(["period_start", "period_end"])
_BEGINNINGS = (
    ("supplier_", Group.SUPPLIER),
    ("customer_", Group.CUSTOMER),
    ("payment_", Group.PAYMENT),
    ("period_", Group.PERIOD),
)
_SIGN_CODES = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "₹": "INR", "RM": "MYR", "DA": "DZD"}
#: Digits of money.
_DIGITS = 2


def group_of(name: str) -> Group:
    """Return the group in which the form shows a field."""
    for group, names in GROUPS.items():
        if name in names:
            return group
    return next((group for begin, group in _BEGINNINGS if name.startswith(begin)), Group.OTHER)


def kind_of(name: str) -> FieldKind:
    """Return what the value of a field is."""
    if name == "currency":
        return FieldKind.CURRENCY
    if name in _AMOUNTS or name.endswith(("_amount", "_total")):
        return FieldKind.AMOUNT
    if name in _DATES or name.endswith("_date"):
        return FieldKind.DATE
    return FieldKind.TEXT


def doubt_of(confidence: float, *, by_hand: bool) -> Doubt:
    """Return how sure a value is."""
    if by_hand:
        return Doubt.BY_HAND
    if confidence >= SURE:
        return Doubt.SURE
    return Doubt.LIKELY if confidence >= LIKELY else Doubt.UNSURE


def value_of(name: str, text: str, reading: Reading) -> str | None:
    """Return `text` as it is stored: ISO 8601, a plain decimal, a code or the text; None if empty.

    Raises:
        ArgumentError: If the text is no value of this field, or has two readings.
    """
    bare = " ".join(text.split())
    if not bare:
        return None
    match kind_of(name):
        case FieldKind.DATE:
            return _date(bare, reading.date_order)
        case FieldKind.AMOUNT:
            return _amount(bare, reading.decimal_mark)
        case FieldKind.CURRENCY:
            return _currency(bare)
        case FieldKind.TEXT:
            return bare


def _date(text: str, order: DateOrder | None) -> str:
    moment = read_moment(text, order=order)
    if moment.value is None:
        raise ArgumentError(f"“{text}” is not a date. Write it like 2024-02-20.")
    both = two_dates(text) if order is None and moment.ambiguous else None
    if both:
        raise ArgumentError(f"“{text}” can be {both[0]} or {both[1]}. Write the one that is meant.")
    return moment.value.date().isoformat()


def _amount(text: str, mark: str | None) -> str:
    both = two_amounts(text) if mark is None else None
    if both:
        first, second = (amount_text(value, digits=_DIGITS) for value in both)
        raise ArgumentError(f"“{text}” can be {first} or {second}. Write the one that is meant.")
    value = read_amount(text, decimal_mark=mark).value
    if value is None and mark is not None:
        value = read_amount(text).value  # the other mark, where the text itself proves it
    if value is None:
        raise ArgumentError(f"“{text}” is not an amount. Write it like 1234.56.")
    if value != value.quantize(Decimal(1).scaleb(-4)):
        raise ArgumentError(f"“{text}” has more than 4 decimals.")
    return amount_text(value, digits=_DIGITS)


def _currency(text: str) -> str:
    known = _SIGN_CODES.get(text.upper())
    if known:
        return known
    code = text.upper()
    if text not in SIGNS and len(code) == 3 and code.isascii() and is_currency(code):
        return code
    raise ArgumentError(f"“{text}” is not a currency. Write its code, like EUR or USD.")
