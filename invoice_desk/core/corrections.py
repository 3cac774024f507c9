"""What a person types into a cell, as it is stored."""

from __future__ import annotations

from decimal import Decimal

from invoice_desk.core.amounts import amount_text, read_amount
from invoice_desk.core.cleaning_plan import ColumnStyle
from invoice_desk.core.dates import DateOrder, read_moment
from invoice_desk.core.document_types import NUMERIC, TEMPORAL, FieldSpec, ValueType
from invoice_desk.errors import ArgumentError


def canonical(spec: FieldSpec, text: str, style: ColumnStyle) -> str | None:
    """Return what a person typed as it is stored: ISO 8601, a plain decimal, or the text.

    Raises:
        ArgumentError: If the text is no value of this field, or has two readings.
    """
    if spec.product_of:
        raise ArgumentError(f"{spec.name} is computed; correct what it is computed from.")
    bare = text.strip()
    if not bare:
        return None
    if spec.type in NUMERIC:
        amount = read_amount(bare)
        if amount.ambiguous:
            amount = read_amount(bare, decimal_mark=style.decimal_mark or ".")
        if amount.value is None:
            raise ArgumentError(f"“{bare}” is not an amount. Write it like 1234.56.")
        if amount.value != amount.value.quantize(Decimal(1).scaleb(-spec.scale)):
            raise ArgumentError(f"“{bare}” has more than {spec.scale} decimals.")
        return amount_text(amount.value, digits=0)
    if spec.type in TEMPORAL:
        order = DateOrder(style.date_order or DateOrder.DAY_FIRST)
        moment = read_moment(bare, order=order).value
        if moment is None:
            raise ArgumentError(f"“{bare}” is not a date. Write it like 2024-02-20.")
        return moment.isoformat() if spec.type is ValueType.DATETIME else moment.date().isoformat()
    return bare
