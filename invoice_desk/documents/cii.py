"""Cross Industry Invoice: Factur-X, ZUGFeRD 2, XRechnung and, under older names, ZUGFeRD 1."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from xml.etree.ElementTree import Element

from invoice_desk.documents.einvoice import EInvoice, made_invoice, number_of
from invoice_desk.documents.einvoice_xml import find, find_all, text_at, texts_of

ROOTS = frozenset({"CrossIndustryInvoice", "CrossIndustryDocument"})

_HEAD = "ExchangedDocument|HeaderExchangedDocument"
_TRADE = "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction"
_AGREEMENT = f"{_TRADE}/ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement"
_DELIVERY = f"{_TRADE}/ApplicableHeaderTradeDelivery|ApplicableSupplyChainTradeDelivery"
_SETTLEMENT = f"{_TRADE}/ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement"
_SUMS = "SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
_DAY = "DateTimeString|DateString|DateTime|Date"
_TAX_RATE = "RateApplicablePercent|ApplicablePercent"
_MEANS = "SpecifiedTradeSettlementPaymentMeans"
_BEFORE = "InvoiceReferencedDocument"

_HEAD_FIELDS = {
    "invoice_number": "ID",
    "issue_date": f"IssueDateTime/{_DAY}",
    "document_type_code": "TypeCode",
    "note": "IncludedNote/Content",
}
_AGREEMENT_FIELDS = {
    "buyer_reference": "BuyerReference",
    "contract_ref": "ContractReferencedDocument/IssuerAssignedID|ID",
    "project_ref": "SpecifiedProcuringProject/ID",
    "purchase_order": "BuyerOrderReferencedDocument/IssuerAssignedID|ID",
    "sales_order": "SellerOrderReferencedDocument/IssuerAssignedID|ID",
}
_DELIVERY_FIELDS = {
    "ship_to_name": "ShipToTradeParty/Name",
    "delivery_date": f"ActualDeliverySupplyChainEvent/OccurrenceDateTime/{_DAY}",
    "receipt_ref": "ReceivingAdviceReferencedDocument/IssuerAssignedID|ID",
    "despatch_ref": "DespatchAdviceReferencedDocument/IssuerAssignedID|ID",
}
_SETTLEMENT_FIELDS = {
    "currency": "InvoiceCurrencyCode",
    "vat_currency": "TaxCurrencyCode",
    "tax_point_date": f"ApplicableTradeTax/TaxPointDate/{_DAY}",
    "due_date": f"SpecifiedTradePaymentTerms/DueDateDateTime/{_DAY}",
    "payment_terms": "SpecifiedTradePaymentTerms/Description",
    "payment_reference": "PaymentReference",
    "payment_means": f"{_MEANS}/TypeCode",
    "account_name": f"{_MEANS}/PayeePartyCreditorFinancialAccount/AccountName",
    "bic": f"{_MEANS}/PayeeSpecifiedCreditorFinancialInstitution/BICID",
    "mandate_id": "SpecifiedTradePaymentTerms/DirectDebitMandateID",
    "buyer_accounting_ref": "ReceivableSpecifiedTradeAccountingAccount/ID",
    "payee_name": "PayeeTradeParty/Name",
    "payee_id": "PayeeTradeParty/GlobalID|ID",
    "period_start": f"BillingSpecifiedPeriod/StartDateTime/{_DAY}",
    "period_end": f"BillingSpecifiedPeriod/EndDateTime/{_DAY}",
    "preceding_invoice": f"{_BEFORE}/IssuerAssignedID|ID",
    "preceding_invoice_date": f"{_BEFORE}/FormattedIssueDateTime|IssueDateTime/{_DAY}",
    "lines_total": f"{_SUMS}/LineTotalAmount",
    "allowances_total": f"{_SUMS}/AllowanceTotalAmount",
    "charges_total": f"{_SUMS}/ChargeTotalAmount",
    "net_amount": f"{_SUMS}/TaxBasisTotalAmount",
    "rounding": f"{_SUMS}/RoundingAmount",
    "total_amount": f"{_SUMS}/GrandTotalAmount",
    "amount_paid": f"{_SUMS}/TotalPrepaidAmount",
    "amount_due": f"{_SUMS}/DuePayableAmount",
}
_ACCOUNT = f"{_MEANS}/PayeePartyCreditorFinancialAccount"
_CONTACT = "DefinedTradeContact"
_ADDRESS = "PostalTradeAddress"
_PARTY = {
    "name": "Name",
    "trade_name": "SpecifiedLegalOrganization/TradingBusinessName",
    "id": "ID",
    "registration": "SpecifiedLegalOrganization/ID",
    "vat_id": "SpecifiedTaxRegistration/ID[schemeID=VA]",
    "tax_registration": "SpecifiedTaxRegistration/ID[schemeID=FC]",
    "legal_info": "Description",
    "city": f"{_ADDRESS}/CityName",
    "post_code": f"{_ADDRESS}/PostcodeCode",
    "region": f"{_ADDRESS}/CountrySubDivisionName",
    "country": f"{_ADDRESS}/CountryID",
    "contact": f"{_CONTACT}/PersonName|DepartmentName",
    "phone": f"{_CONTACT}/TelephoneUniversalCommunication/CompleteNumber",
    "email": f"{_CONTACT}/EmailURIUniversalCommunication/URIID|CompleteNumber",
}
_LINE_AGREEMENT = "SpecifiedLineTradeAgreement|SpecifiedSupplyChainTradeAgreement"
_LINE_DELIVERY = "SpecifiedLineTradeDelivery|SpecifiedSupplyChainTradeDelivery"
_LINE_SETTLEMENT = "SpecifiedLineTradeSettlement|SpecifiedSupplyChainTradeSettlement"
_LINE_SUMS = (
    "SpecifiedTradeSettlementLineMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
)
_NET_PRICE = f"{_LINE_AGREEMENT}/NetPriceProductTradePrice"
_GROSS_PRICE = f"{_LINE_AGREEMENT}/GrossPriceProductTradePrice"
_LINE_TAX = f"{_LINE_SETTLEMENT}/ApplicableTradeTax"
_LINE_DOCUMENT = "AssociatedDocumentLineDocument"
_LINE = {
    "line_id": f"{_LINE_DOCUMENT}/LineID",
    "note": f"{_LINE_DOCUMENT}/IncludedNote/Content",
    "status": f"{_LINE_DOCUMENT}/LineStatusReasonCode",
    "description": "SpecifiedTradeProduct/Name",
    "details": "SpecifiedTradeProduct/Description",
    "item_code": "SpecifiedTradeProduct/SellerAssignedID",
    "buyer_item_code": "SpecifiedTradeProduct/BuyerAssignedID",
    "gtin": "SpecifiedTradeProduct/GlobalID",
    "purchase_order_line": f"{_LINE_AGREEMENT}/BuyerOrderReferencedDocument/LineID",
    "quantity": f"{_LINE_DELIVERY}/BilledQuantity",
    "unit_price": f"{_NET_PRICE}/ChargeAmount",
    "base_quantity": f"{_NET_PRICE}/BasisQuantity",
    "gross_price": f"{_GROSS_PRICE}/ChargeAmount",
    "discount": f"{_GROSS_PRICE}/AppliedTradeAllowanceCharge/ActualAmount",
    "tax_category": f"{_LINE_TAX}/CategoryCode",
    "tax_rate": f"{_LINE_TAX}/{_TAX_RATE}",
    "net_amount": f"{_LINE_SETTLEMENT}/{_LINE_SUMS}/LineTotalAmount",
    "period_start": f"{_LINE_SETTLEMENT}/BillingSpecifiedPeriod/StartDateTime/{_DAY}",
    "period_end": f"{_LINE_SETTLEMENT}/BillingSpecifiedPeriod/EndDateTime/{_DAY}",
}
_TAX = {
    "base": "BasisAmount",
    "amount": "CalculatedAmount",
    "tax_category": "CategoryCode",
    "tax_rate": _TAX_RATE,
    "exemption_reason": "ExemptionReason|ExemptionReasonCode",
}
_ADJUSTMENT = {
    "amount": "ActualAmount",
    "base": "BasisAmount",
    "rate": "CalculationPercent",
    "reason": "Reason|ReasonCode",
    "tax_category": "CategoryTradeTax/CategoryCode",
    "tax_rate": f"CategoryTradeTax/{_TAX_RATE}",
}


def read_cii(root: Element) -> EInvoice:
    """Return the invoice under a root of `ROOTS`."""
    old = root.tag == "CrossIndustryDocument"
    context = "ExchangedDocumentContext|SpecifiedExchangedDocumentContext"
    profile = text_at(root, f"{context}/GuidelineSpecifiedDocumentContextParameter/ID")
    settlement = find(root, _SETTLEMENT)
    return made_invoice(
        "ZUGFeRD 1" if old else "CII",
        profile,
        _fields(root),
        taxes=[] if settlement is None else _taxes(settlement),
        adjustments=[] if settlement is None else _adjustments(settlement),
        lines=[_line(each) for each in _lines(root)],
    )


def _fields(root: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    parts = (
        (_HEAD, _HEAD_FIELDS),
        (_AGREEMENT, _AGREEMENT_FIELDS),
        (_DELIVERY, _DELIVERY_FIELDS),
        (_SETTLEMENT, _SETTLEMENT_FIELDS),
    )
    for path, paths in parts:
        part = find(root, path)
        if part is not None:
            found |= texts_of(part, paths)
    for prefix, path in (("supplier", "SellerTradeParty"), ("customer", "BuyerTradeParty")):
        party = find(root, f"{_AGREEMENT}/{path}")
        if party is not None:
            found |= {f"{prefix}_{name}": text for name, text in _party(party).items()}
    address = find(root, f"{_DELIVERY}/ShipToTradeParty/{_ADDRESS}")
    if address is not None and (street := _street(address)):
        found["ship_to_address"] = street
    return found | _payment(root) | _tax_totals(root, found.get("currency", ""))


def _party(party: Element) -> dict[str, str]:
    found = texts_of(party, _PARTY)
    found.setdefault("id", text_at(party, "GlobalID"))
    address = find(party, _ADDRESS)
    found["address"] = "" if address is None else _street(address)
    return {name: text for name, text in found.items() if text}


def _street(address: Element) -> str:
    """Return the lines of the street, then post code and city, parted by commas."""
    lines = [text_at(address, name) for name in ("LineOne", "LineTwo", "LineThree")]
    city = f"{text_at(address, 'PostcodeCode')} {text_at(address, 'CityName')}".strip()
    return ", ".join(part for part in (*lines, city) if part)


def _payment(root: Element) -> dict[str, str]:
    account = text_at(root, f"{_SETTLEMENT}/{_ACCOUNT}/IBANID") or text_at(
        root, f"{_SETTLEMENT}/{_ACCOUNT}/ProprietaryID"
    )
    return {"iban_or_account": account} if account else {}


def _tax_totals(root: Element, currency: str) -> dict[str, str]:
    """Return the tax in the invoice's currency, and that in the currency of the tax office."""
    found: dict[str, str] = {}
    for total in find_all(root, f"{_SETTLEMENT}/{_SUMS}/TaxTotalAmount"):
        text = (total.text or "").strip()
        ours = total.get("currencyID", currency) == currency
        if text:
            found.setdefault("tax_amount" if ours else "vat_total", text)
    if "tax_amount" not in found and "vat_total" in found:
        found["tax_amount"] = found.pop("vat_total")  # its currency contradicts; one total is it
    return found


def _taxes(settlement: Element) -> Iterator[dict[str, str]]:
    for tax in find_all(settlement, "ApplicableTradeTax"):
        yield texts_of(tax, _TAX)


def _adjustments(settlement: Element) -> Iterator[dict[str, str]]:
    """Yield allowances and charges; a service charge of logistics is a charge too."""
    for each in find_all(settlement, "SpecifiedTradeAllowanceCharge"):
        kind = "charge" if _is_charge(each) else "allowance"
        yield {"kind": kind} | texts_of(each, _ADJUSTMENT)
    logistics = {"amount": "AppliedAmount", "reason": "Description"}
    for each in find_all(settlement, "SpecifiedLogisticsServiceCharge"):
        yield {"kind": "charge"} | texts_of(each, logistics)


def _is_charge(element: Element) -> bool:
    return text_at(element, "ChargeIndicator/Indicator").lower() in {"true", "1"}


def _lines(root: Element) -> Iterator[Element]:
    yield from find_all(root, f"{_TRADE}/IncludedSupplyChainTradeLineItem")


def _line(element: Element) -> dict[str, str]:
    found = texts_of(element, _LINE)
    quantity = find(element, f"{_LINE_DELIVERY}/BilledQuantity")
    if quantity is not None and quantity.get("unitCode"):
        found["unit"] = quantity.get("unitCode", "")
    sums = {"allowance": Decimal(0), "charge": Decimal(0)}
    for each in find_all(element, f"{_LINE_SETTLEMENT}/SpecifiedTradeAllowanceCharge"):
        kind = "charge" if _is_charge(each) else "allowance"
        sums[kind] += number_of(text_at(each, "ActualAmount")) or Decimal(0)
    found |= {f"{kind}s": str(total) for kind, total in sums.items() if total}
    if "description" not in found and "details" in found:
        found["description"] = found["details"]
    return found
