"""The English sentence of every finding code and rule; the window translates them."""

from __future__ import annotations

from collections.abc import Iterable

from invoice_desk.core.cleaning import DERIVED, NOT_WRITTEN
from invoice_desk.core.decisions import EXCLUDED
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.findings import FindingCode

SENTENCES: dict[str, str] = {
    FindingCode.UNREADABLE: "This cannot be read as a value of its column.",
    FindingCode.AMBIGUOUS: "This has two readings, and the column does not settle which is meant.",
    FindingCode.UNSETTLED_COLUMN: "The column has values with two readings; choose which is meant.",
    FindingCode.DUPLICATE: "An earlier row of the table is the same.",
    FindingCode.UNKNOWN_NAME: "The list of names does not know this one.",
    FindingCode.TAKEN_FROM_ELSEWHERE: "The cell was empty; the name was found in another column.",
    FindingCode.YEAR_ASSUMED: "Nobody set this year; it is the year of most dates.",
    FindingCode.TOO_PRECISE: "This has more digits than the column keeps; it was left empty.",
    FindingCode.MISSING_REQUIRED: "A required value is missing.",
    FindingCode.ROW_TOO_SHORT: "The row has fewer cells than the table has columns.",
    FindingCode.ROW_TOO_LONG: "The row has more cells than the table has columns.",
    FindingCode.ROW_MENDED: "A quote or a delimiter is astray here; compare the row with the file.",
    FindingCode.REMARK_LEFT_OUT: "The line is a remark and no row; it was left out.",
    FindingCode.KIND_MISMATCH: "The name promises another kind of file; it was read as text.",
    FindingCode.MIXED_ENCODING: "Some lines are in another encoding; check their accents.",
    FindingCode.TOTALS_DISAGREE: "Net amount and tax do not add up to the total.",
    FindingCode.LINES_DISAGREE: "The lines do not come to what the invoice states.",
    FindingCode.TAXES_DISAGREE: "The tax of all rates does not come to the tax that is stated.",
    FindingCode.LOW_CONFIDENCE: "This value is not sure; compare it with the page.",
    FindingCode.WORKED_OUT: "No page has this amount; it was worked out. Check it.",
    FindingCode.CHECK_DIGITS: "Its check digits are wrong; compare it with the page.",
    FindingCode.PAGE_UNREADABLE: "A page could not be read.",
    FindingCode.OTHER_ENGINE: "The engine that was asked for did not work; another one read this.",
    FindingCode.OTHER_RENDERER: "The page could only be drawn by the second renderer; compare it.",
    FindingCode.TEXT_LAYER_DOUBTED: "The page's own text cannot be trusted; its picture was read.",
    FindingCode.EINVOICE_FORMAT: "A value of the e-invoice is not written as it must be.",
    FindingCode.EINVOICE_SCHEMA: "The XML does not have the form that its profile prescribes.",
    FindingCode.EINVOICE_RULE: "The e-invoice breaks a rule of EN 16931.",
    FindingCode.EINVOICE_CONTENT: "The e-invoice says something that cannot be right.",
    FindingCode.XML_UNREADABLE: "The XML in the PDF cannot be used; the page was read instead.",
    FindingCode.XML_DENIED_BY_PAGE: "The visible page says something else than the XML.",
    FindingCode.PAGE_DENIED_BY_XML: "The XML says something else than this visible page.",
    FindingCode.MAIL_DAMAGED: "The mail is damaged; compare what was read with what you received.",
    FindingCode.FILE_REPAIRED: "The file was damaged and was mended on opening; check all pages.",
    FindingCode.FILE_SIGNED: "The file is signed; whether the signature is valid was not checked.",
    FindingCode.FILE_HAS_SCRIPT: "The file holds a program in JavaScript; it was not run.",
    FindingCode.FILE_HAS_FILES: "Other files are embedded in this one; they were not read.",
    FindingCode.DOCUMENT_SPLIT: "The file seems to hold several documents; split it, or say no.",
    FindingCode.SAME_INVOICE: "The same invoice seems to be there in another form.",
    FindingCode.IBAN_CHANGED: "The supplier had another account until now; "
    "before you pay, call the supplier at a number you know.",
    FindingCode.IBAN_FIRST: "This is the first account of this supplier that the desk sees.",
    FindingCode.HIDDEN_SHEET: "The sheet is hidden in the workbook; it was read all the same.",
    "outlier": "The amount lies far above the others of its group.",
    "sudden_drop": "The month has less than half of the month before.",
    "unbalanced": "Two amounts that must be equal are not.",
    "conflicting_rows": "Rows with one key name different things.",
    "other_code": "The code is not that of the name beside it.",
    "missing_in_other": "The invoice stands in one of journal and état only.",
    "amounts_differ": "Journal and état have different revenue for this invoice.",
    FindingCode.HIDDEN_ROWS: "Rows are hidden in the sheet; they were read all the same.",
    FindingCode.HIDDEN_COLUMNS: "Columns are hidden in the sheet; they were read all the same.",
    DERIVED: "The row sums up others.",
    EXCLUDED: "A person excluded the row.",
    NOT_WRITTEN: "The job that writes these rows has not come to this one.",
}


def sentence(code: str, types: Iterable[DocumentType] = ()) -> str:
    """Return the sentence of a finding code, or of a rule of one of `types`."""
    known = SENTENCES.get(code)
    if known is not None:
        return known
    for made in types:
        for rule in made.rules:
            if rule.name == code:
                return rule.reason
    return code
