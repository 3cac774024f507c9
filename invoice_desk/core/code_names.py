"""What codes of invoices mean, in words: UNTDID 1001 (documents), UNTDID 4461 (payment means)."""

from __future__ import annotations

_DOCUMENTS = {
    "71": "request for payment",
    "80": "debit note for goods or services",
    "220": "order",
    "325": "proforma invoice",
    "326": "partial invoice",
    "351": "despatch advice",
    "380": "commercial invoice",
    "381": "credit note",
    "383": "debit note",
    "384": "corrected invoice",
    "386": "prepayment invoice",
    "389": "self-billed invoice",
    "393": "factored invoice",
    "396": "factored credit note",
    "751": "invoice information for accounting",
    "875": "partial construction invoice",
    "876": "partial final construction invoice",
    "877": "final construction invoice",
}
_PAYMENT_MEANS = {
    "1": "not defined",
    "10": "in cash",
    "20": "cheque",
    "30": "credit transfer",
    "31": "debit transfer",
    "42": "payment to bank account",
    "48": "bank card",
    "49": "direct debit",
    "57": "standing agreement",
    "58": "SEPA credit transfer",
    "59": "SEPA direct debit",
    "97": "clearing between partners",
    "ZZZ": "agreed between the parties",
}
#: Field → code → what it means.
CODE_NAMES: dict[str, dict[str, str]] = {
    "document_type_code": _DOCUMENTS,
    "payment_means": _PAYMENT_MEANS,
}


def code_name(field: str, code: str) -> str:
    """Return what a code of a field means; empty where that is not known."""
    return CODE_NAMES.get(field, {}).get(code.strip(), "")
