"""UBL 2.1: invoices and credit notes, as in Peppol BIS 3 and XRechnung."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from xml.etree.ElementTree import Element

from invoice_desk.documents.einvoice import EInvoice, made_invoice, number_of
from invoice_desk.documents.einvoice_xml import find, find_all, text_at, texts_of

ROOTS = frozenset({"Invoice", "CreditNote"})

_SUMS = "LegalMonetaryTotal"
_MEANS = "PaymentMeans"
_ACCOUNT = f"{_MEANS}/PayeeFinancialAccount"
_BEFORE = "BillingReference/InvoiceDocumentReference|CreditNoteDocumentReference"
_FIELDS = {
    "invoice_number": "ID",
    "issue_date": "IssueDate",
    "document_type_code": "InvoiceTypeCode|CreditNoteTypeCode",
    "note": "Note",
    "currency": "DocumentCurrencyCode",
    "vat_currency": "TaxCurrencyCode",
    "tax_point_date": "TaxPointDate",
    "buyer_reference": "BuyerReference",
    "buyer_accounting_ref": "AccountingCost",
    "contract_ref": "ContractDocumentReference/ID",
    "purchase_order": "OrderReference/ID",
    "sales_order": "OrderReference/SalesOrderID",
    "receipt_ref": "ReceiptDocumentReference/ID",
    "despatch_ref": "DespatchDocumentReference/ID",
    "payment_terms": "PaymentTerms/Note",
    "preceding_invoice": f"{_BEFORE}/ID",
    "preceding_invoice_date": f"{_BEFORE}/IssueDate",
    "payee_name": "PayeeParty/PartyName/Name",
    "payee_id": "PayeeParty/PartyIdentification/ID",
    "ship_to_name": "Delivery/DeliveryParty/PartyName/Name",
    "delivery_date": "Delivery/ActualDeliveryDate",
    "period_start": "InvoicePeriod/StartDate",
    "period_end": "InvoicePeriod/EndDate",
    "payment_means": f"{_MEANS}/PaymentMeansCode",
    "payment_reference": f"{_MEANS}/PaymentID",
    "iban_or_account": f"{_ACCOUNT}/ID",
    "account_name": f"{_ACCOUNT}/Name",
    "mandate_id": f"{_MEANS}/PaymentMandate/ID",
    "lines_total": f"{_SUMS}/LineExtensionAmount",
    "allowances_total": f"{_SUMS}/AllowanceTotalAmount",
    "charges_total": f"{_SUMS}/ChargeTotalAmount",
    "net_amount": f"{_SUMS}/TaxExclusiveAmount",
    "total_amount": f"{_SUMS}/TaxInclusiveAmount",
    "amount_paid": f"{_SUMS}/PrepaidAmount",
    "rounding": f"{_SUMS}/PayableRoundingAmount",
    "amount_due": f"{_SUMS}/PayableAmount",
}
#: Where a field may stand besides, asked in turn.
_OTHERWISE = {
    "due_date": ("DueDate", f"{_MEANS}/PaymentDueDate", "PaymentTerms/PaymentDueDate"),
    "project_ref": ("ProjectReference/ID",),
    "bic": (
        f"{_ACCOUNT}/FinancialInstitutionBranch/ID",
        f"{_ACCOUNT}/FinancialInstitutionBranch/FinancialInstitution/ID",
    ),
    "payee_name": ("PayeeParty/PartyLegalEntity/RegistrationName",),
}
_ADDRESS = "PostalAddress"
_PARTY = {
    "name": "PartyLegalEntity/RegistrationName",
    "trade_name": "PartyName/Name",
    "id": "PartyIdentification/ID",
    "registration": "PartyLegalEntity/CompanyID",
    "legal_info": "PartyLegalEntity/CompanyLegalForm",
    "city": f"{_ADDRESS}/CityName",
    "post_code": f"{_ADDRESS}/PostalZone",
    "region": f"{_ADDRESS}/CountrySubentity",
    "country": f"{_ADDRESS}/Country/IdentificationCode",
    "contact": "Contact/Name",
    "phone": "Contact/Telephone",
    "email": "Contact/ElectronicMail",
}
_ITEM_TAX = "Item/ClassifiedTaxCategory"
_PRICE_ALLOWANCE = "Price/AllowanceCharge"
_LINE = {
    "line_id": "ID",
    "note": "Note",
    "description": "Item/Name",
    "details": "Item/Description",
    "item_code": "Item/SellersItemIdentification/ID",
    "buyer_item_code": "Item/BuyersItemIdentification/ID",
    "gtin": "Item/StandardItemIdentification/ID",
    "purchase_order_line": "OrderLineReference/LineID",
    "quantity": "InvoicedQuantity|CreditedQuantity",
    "unit_price": "Price/PriceAmount",
    "base_quantity": "Price/BaseQuantity",
    "gross_price": f"{_PRICE_ALLOWANCE}/BaseAmount",
    "discount": f"{_PRICE_ALLOWANCE}/Amount",
    "tax_category": f"{_ITEM_TAX}/ID",
    "tax_rate": f"{_ITEM_TAX}/Percent",
    "net_amount": "LineExtensionAmount",
    "period_start": "InvoicePeriod/StartDate",
    "period_end": "InvoicePeriod/EndDate",
}
_TAX = {
    "base": "TaxableAmount",
    "amount": "TaxAmount",
    "tax_category": "TaxCategory/ID",
    "tax_rate": "TaxCategory/Percent",
    "exemption_reason": "TaxCategory/TaxExemptionReason|TaxExemptionReasonCode",
}
_ADJUSTMENT = {
    "amount": "Amount",
    "base": "BaseAmount",
    "rate": "MultiplierFactorNumeric",
    "reason": "AllowanceChargeReason|AllowanceChargeReasonCode",
    "tax_category": "TaxCategory/ID",
    "tax_rate": "TaxCategory/Percent",
}


def read_ubl(root: Element) -> EInvoice:
    """Return the invoice or credit note under a root of `ROOTS`."""
    fields = _fields(root)
    if root.tag == "CreditNote":
        fields.setdefault("document_type_code", "381")
    return made_invoice(
        "UBL",
        text_at(root, "CustomizationID"),
        fields,
        taxes=_taxes(root, fields.get("currency", "")),
        adjustments=[_adjustment(each) for each in find_all(root, "AllowanceCharge")],
        lines=[_line(each) for each in find_all(root, "InvoiceLine|CreditNoteLine")],
    )


def _fields(root: Element) -> dict[str, str]:
    found = texts_of(root, _FIELDS)
    for name, paths in _OTHERWISE.items():
        text = next((text for path in paths if (text := text_at(root, path))), "")
        if text:
            found.setdefault(name, text)
    for prefix, path in (("supplier", "Supplier"), ("customer", "Customer")):
        party = find(root, f"Accounting{path}Party/Party")
        if party is not None:
            found |= {f"{prefix}_{name}": text for name, text in _party(party).items()}
    place = find(root, "Delivery/DeliveryLocation/Address")
    if place is not None and (street := _street(place)):
        found["ship_to_address"] = street
    for each in find_all(root, "AdditionalDocumentReference"):
        if text_at(each, "DocumentTypeCode") == "130":  # UNTDID 1001: the object invoiced
            found.setdefault("object_id", text_at(each, "ID"))
    return found | _tax_totals(root, found.get("currency", ""))


def _party(party: Element) -> dict[str, str]:
    found = texts_of(party, _PARTY)
    if "name" not in found and "trade_name" in found:
        found["name"] = found.pop("trade_name")
    for scheme in find_all(party, "PartyTaxScheme"):
        is_vat = text_at(scheme, "TaxScheme/ID").upper() in {"VAT", ""}
        found.setdefault("vat_id" if is_vat else "tax_registration", text_at(scheme, "CompanyID"))
    address = find(party, _ADDRESS)
    found["address"] = "" if address is None else _street(address)
    return {name: text for name, text in found.items() if text}


def _street(address: Element) -> str:
    """Return the lines of the street, then post code and city, parted by commas."""
    paths = ("StreetName", "AdditionalStreetName", "AddressLine/Line")
    city = f"{text_at(address, 'PostalZone')} {text_at(address, 'CityName')}".strip()
    return ", ".join(part for part in (*(text_at(address, p) for p in paths), city) if part)


def _tax_totals(root: Element, currency: str) -> dict[str, str]:
    """Return the tax in the invoice's currency, and that in the currency of the tax office."""
    found: dict[str, str] = {}
    for total in find_all(root, "TaxTotal/TaxAmount"):
        text = (total.text or "").strip()
        ours = total.get("currencyID", currency) == currency
        if text:
            found.setdefault("tax_amount" if ours else "vat_total", text)
    if "tax_amount" not in found and "vat_total" in found:
        found["tax_amount"] = found.pop("vat_total")  # its currency contradicts; one total is it
    return found


def _taxes(root: Element, currency: str) -> Iterator[dict[str, str]]:
    for tax in find_all(root, "TaxTotal/TaxSubtotal"):
        amount = find(tax, "TaxAmount")
        if amount is None or amount.get("currencyID", currency) == currency:
            yield texts_of(tax, _TAX)


def _adjustment(element: Element) -> dict[str, str]:
    kind = "charge" if _is_charge(element) else "allowance"
    return {"kind": kind} | texts_of(element, _ADJUSTMENT)


def _is_charge(element: Element) -> bool:
    return text_at(element, "ChargeIndicator").lower() in {"true", "1"}


def _line(element: Element) -> dict[str, str]:
    found = texts_of(element, _LINE)
    quantity = find(element, "InvoicedQuantity|CreditedQuantity")
    if quantity is not None and quantity.get("unitCode"):
        found["unit"] = quantity.get("unitCode", "")
    sums = {"allowance": Decimal(0), "charge": Decimal(0)}
    for each in find_all(element, "AllowanceCharge"):
        kind = "charge" if _is_charge(each) else "allowance"
        sums[kind] += number_of(text_at(each, "Amount")) or Decimal(0)
    found |= {f"{kind}s": str(total) for kind, total in sums.items() if total}
    if "description" not in found and "details" in found:
        found["description"] = found["details"]
    return found
