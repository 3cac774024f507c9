"""Small made-up e-invoices, the same invoice in each syntax, and PDFs that carry them."""

from __future__ import annotations

import io
from pathlib import Path

from invoice_desk.writers.pdf import PlacedText, write_pdf

CII = """<?xml version="1.0" encoding="UTF-8"?>
<r:CrossIndustryInvoice xmlns:r="urn:a" xmlns:a="urn:b" xmlns:u="urn:c">
 <r:ExchangedDocumentContext><a:GuidelineSpecifiedDocumentContextParameter>
  <a:ID>urn:cen.eu:en16931:2017</a:ID>
 </a:GuidelineSpecifiedDocumentContextParameter></r:ExchangedDocumentContext>
 <r:ExchangedDocument><a:ID>R-77</a:ID><a:TypeCode>380</a:TypeCode>
  <a:IssueDateTime><u:DateTimeString format="102">20240311</u:DateTimeString></a:IssueDateTime>
 </r:ExchangedDocument>
 <r:SupplyChainTradeTransaction>
  <a:IncludedSupplyChainTradeLineItem>
   <a:AssociatedDocumentLineDocument><a:LineID>1</a:LineID></a:AssociatedDocumentLineDocument>
   <a:SpecifiedTradeProduct><a:SellerAssignedID>L9</a:SellerAssignedID>
    <a:Name>Lampe</a:Name></a:SpecifiedTradeProduct>
   <a:SpecifiedLineTradeAgreement>
    <a:GrossPriceProductTradePrice><a:ChargeAmount>30.00</a:ChargeAmount>
     <a:AppliedTradeAllowanceCharge><a:ActualAmount>5.00</a:ActualAmount>
     </a:AppliedTradeAllowanceCharge></a:GrossPriceProductTradePrice>
    <a:NetPriceProductTradePrice><a:ChargeAmount>25.0000</a:ChargeAmount>
    </a:NetPriceProductTradePrice></a:SpecifiedLineTradeAgreement>
   <a:SpecifiedLineTradeDelivery><a:BilledQuantity unitCode="C62">4.000</a:BilledQuantity>
   </a:SpecifiedLineTradeDelivery>
   <a:SpecifiedLineTradeSettlement>
    <a:ApplicableTradeTax><a:CategoryCode>S</a:CategoryCode>
     <a:RateApplicablePercent>20.00</a:RateApplicablePercent></a:ApplicableTradeTax>
    <a:SpecifiedTradeSettlementLineMonetarySummation><a:LineTotalAmount>100.00</a:LineTotalAmount>
    </a:SpecifiedTradeSettlementLineMonetarySummation></a:SpecifiedLineTradeSettlement>
  </a:IncludedSupplyChainTradeLineItem>
  <a:ApplicableHeaderTradeAgreement>
   <a:SellerTradeParty><a:Name>Atelier
     Lumen</a:Name>
    <a:SpecifiedLegalOrganization><a:ID>123456789</a:ID></a:SpecifiedLegalOrganization>
    <a:PostalTradeAddress><a:PostcodeCode>69001</a:PostcodeCode>
     <a:LineOne>1 rue Claire</a:LineOne><a:CityName>Lyon</a:CityName>
     <a:CountryID>FR</a:CountryID></a:PostalTradeAddress>
    <a:SpecifiedTaxRegistration><a:ID schemeID="FC">T-5</a:ID></a:SpecifiedTaxRegistration>
    <a:SpecifiedTaxRegistration><a:ID schemeID="VA">FR40303265045</a:ID>
    </a:SpecifiedTaxRegistration></a:SellerTradeParty>
   <a:BuyerTradeParty><a:Name>Hotel Nord</a:Name>
    <a:PostalTradeAddress><a:CountryID>DE</a:CountryID></a:PostalTradeAddress>
   </a:BuyerTradeParty>
   <a:BuyerOrderReferencedDocument><a:IssuerAssignedID>PO-3</a:IssuerAssignedID>
   </a:BuyerOrderReferencedDocument>
  </a:ApplicableHeaderTradeAgreement>
  <a:ApplicableHeaderTradeDelivery/>
  <a:ApplicableHeaderTradeSettlement>
   <a:InvoiceCurrencyCode>EUR</a:InvoiceCurrencyCode>
   <a:SpecifiedTradeSettlementPaymentMeans><a:TypeCode>30</a:TypeCode>
    <a:PayeePartyCreditorFinancialAccount><a:IBANID>DE89370400440532013000</a:IBANID>
    </a:PayeePartyCreditorFinancialAccount></a:SpecifiedTradeSettlementPaymentMeans>
   <a:ApplicableTradeTax><a:CalculatedAmount>22.00</a:CalculatedAmount>
    <a:BasisAmount>110.00</a:BasisAmount><a:CategoryCode>S</a:CategoryCode>
    <a:RateApplicablePercent>20.00</a:RateApplicablePercent></a:ApplicableTradeTax>
   <a:SpecifiedTradeAllowanceCharge>
    <a:ChargeIndicator><u:Indicator>true</u:Indicator></a:ChargeIndicator>
    <a:ActualAmount>10.00</a:ActualAmount><a:Reason>Port</a:Reason>
    <a:CategoryTradeTax><a:CategoryCode>S</a:CategoryCode>
     <a:RateApplicablePercent>20.00</a:RateApplicablePercent></a:CategoryTradeTax>
   </a:SpecifiedTradeAllowanceCharge>
   <a:SpecifiedTradePaymentTerms><a:DueDateDateTime>
     <u:DateTimeString format="102">20240410</u:DateTimeString></a:DueDateDateTime>
   </a:SpecifiedTradePaymentTerms>
   <a:SpecifiedTradeSettlementHeaderMonetarySummation>
    <a:LineTotalAmount>100.00</a:LineTotalAmount>
    <a:ChargeTotalAmount>10.00</a:ChargeTotalAmount>
    <a:TaxBasisTotalAmount>110.00</a:TaxBasisTotalAmount>
    <a:TaxTotalAmount currencyID="NOK">250.00</a:TaxTotalAmount>
    <a:TaxTotalAmount currencyID="EUR">22.00</a:TaxTotalAmount>
    <a:GrandTotalAmount>132.00</a:GrandTotalAmount>
    <a:TotalPrepaidAmount>32.00</a:TotalPrepaidAmount>
    <a:DuePayableAmount>100.00</a:DuePayableAmount>
   </a:SpecifiedTradeSettlementHeaderMonetarySummation>
  </a:ApplicableHeaderTradeSettlement>
 </r:SupplyChainTradeTransaction>
</r:CrossIndustryInvoice>
"""

UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:c="u:c" xmlns:b="u:b">
 <b:CustomizationID>urn:cen.eu:en16931:2017</b:CustomizationID>
 <b:ID>R-77</b:ID><b:IssueDate>2024-03-11</b:IssueDate><b:DueDate>2024-04-10</b:DueDate>
 <b:InvoiceTypeCode>380</b:InvoiceTypeCode><b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>
 <c:OrderReference><b:ID>PO-3</b:ID></c:OrderReference>
 <c:AccountingSupplierParty><c:Party>
  <c:PostalAddress><b:StreetName>1 rue Claire</b:StreetName><b:CityName>Lyon</b:CityName>
   <b:PostalZone>69001</b:PostalZone>
   <c:Country><b:IdentificationCode>FR</b:IdentificationCode></c:Country></c:PostalAddress>
  <c:PartyTaxScheme><b:CompanyID>T-5</b:CompanyID><c:TaxScheme><b:ID>FC</b:ID></c:TaxScheme>
  </c:PartyTaxScheme>
  <c:PartyTaxScheme><b:CompanyID>FR40303265045</b:CompanyID>
   <c:TaxScheme><b:ID>VAT</b:ID></c:TaxScheme></c:PartyTaxScheme>
  <c:PartyLegalEntity><b:RegistrationName>Atelier Lumen</b:RegistrationName>
   <b:CompanyID>123456789</b:CompanyID></c:PartyLegalEntity>
 </c:Party></c:AccountingSupplierParty>
 <c:AccountingCustomerParty><c:Party>
  <c:PostalAddress><c:Country><b:IdentificationCode>DE</b:IdentificationCode></c:Country>
  </c:PostalAddress>
  <c:PartyLegalEntity><b:RegistrationName>Hotel Nord</b:RegistrationName></c:PartyLegalEntity>
 </c:Party></c:AccountingCustomerParty>
 <c:PaymentMeans><b:PaymentMeansCode>30</b:PaymentMeansCode>
  <c:PayeeFinancialAccount><b:ID>DE89370400440532013000</b:ID></c:PayeeFinancialAccount>
 </c:PaymentMeans>
 <c:AllowanceCharge><b:ChargeIndicator>true</b:ChargeIndicator>
  <b:AllowanceChargeReason>Port</b:AllowanceChargeReason><b:Amount>10.00</b:Amount>
  <c:TaxCategory><b:ID>S</b:ID><b:Percent>20</b:Percent></c:TaxCategory></c:AllowanceCharge>
 <c:TaxTotal><b:TaxAmount currencyID="NOK">250.00</b:TaxAmount></c:TaxTotal>
 <c:TaxTotal><b:TaxAmount currencyID="EUR">22.00</b:TaxAmount>
  <c:TaxSubtotal><b:TaxableAmount>110.00</b:TaxableAmount>
   <b:TaxAmount currencyID="EUR">22.00</b:TaxAmount>
   <c:TaxCategory><b:ID>S</b:ID><b:Percent>20</b:Percent></c:TaxCategory></c:TaxSubtotal>
 </c:TaxTotal>
 <c:LegalMonetaryTotal><b:LineExtensionAmount>100.00</b:LineExtensionAmount>
  <b:TaxExclusiveAmount>110.00</b:TaxExclusiveAmount>
  <b:TaxInclusiveAmount>132.00</b:TaxInclusiveAmount>
  <b:ChargeTotalAmount>10.00</b:ChargeTotalAmount><b:PrepaidAmount>32.00</b:PrepaidAmount>
  <b:PayableAmount>100.00</b:PayableAmount></c:LegalMonetaryTotal>
 <c:InvoiceLine><b:ID>1</b:ID><b:InvoicedQuantity unitCode="C62">4</b:InvoicedQuantity>
  <b:LineExtensionAmount>100.00</b:LineExtensionAmount>
  <c:Item><b:Name>Lampe</b:Name>
   <c:SellersItemIdentification><b:ID>L9</b:ID></c:SellersItemIdentification>
   <c:ClassifiedTaxCategory><b:ID>S</b:ID><b:Percent>20</b:Percent></c:ClassifiedTaxCategory>
  </c:Item>
  <c:Price><b:PriceAmount>25.00</b:PriceAmount>
   <c:AllowanceCharge><b:ChargeIndicator>false</b:ChargeIndicator><b:Amount>5.00</b:Amount>
    <b:BaseAmount>30.00</b:BaseAmount></c:AllowanceCharge></c:Price></c:InvoiceLine>
</Invoice>
"""

#: What the oldest form calls things otherwise.
_OLD_NAMES = (
    ("CrossIndustryInvoice", "CrossIndustryDocument"),
    ("r:SupplyChainTradeTransaction", "r:SpecifiedSupplyChainTradeTransaction"),
    ("r:ExchangedDocument>", "r:HeaderExchangedDocument>"),
    ("ApplicableHeaderTrade", "ApplicableSupplyChainTrade"),
    ("SpecifiedLineTrade", "SpecifiedSupplyChainTrade"),
    ("SettlementHeaderMonetarySummation", "SettlementMonetarySummation"),
    ("SettlementLineMonetarySummation", "SettlementMonetarySummation"),
    ("RateApplicablePercent", "ApplicablePercent"),
)

#: The page that goes with them.
PAGE = (
    "Atelier Lumen",
    "Facture N° R-77",
    "Date de facture 11/03/2024",
    "Total HT 110,00 EUR",
    "TVA 22,00 EUR",
    "Total TTC 132,00 EUR",
)


def zugferd_1() -> str:
    """Return the invoice under the names of ZUGFeRD 1."""
    text = CII
    for new, old in _OLD_NAMES:
        text = text.replace(new, old)
    return text


def pdf_with(
    folder: Path,
    attachments: dict[str, str | bytes],
    page: tuple[str, ...] = PAGE,
    *,
    blank: int = 0,
) -> Path:
    """Return a PDF that carries files: a page of text, and as many blank ones as asked for."""
    import pypdfium2 as pdfium

    plain, path = folder / "plain.pdf", folder / "invoice.pdf"
    lines = [PlacedText(60, 80 + 24 * n, text) for n, text in enumerate(page)]
    write_pdf([lines, *([] for _ in range(blank))], plain)
    document = pdfium.PdfDocument(plain.read_bytes())
    for name, content in attachments.items():
        data = content.encode() if isinstance(content, str) else content
        document.new_attachment(name).set_data(data)
    buffer = io.BytesIO()
    document.save(buffer)
    document.close()
    path.write_bytes(buffer.getvalue())
    return path
