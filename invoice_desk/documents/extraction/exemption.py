"""An invoice that says it has no VAT: it is exempt, or the buyer owes the tax."""

from __future__ import annotations

import re
from functools import lru_cache

from invoice_desk.documents.extraction.candidates import Kind
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.layout import Row

_SAID = re.compile(
    r"(?:\b|(?=§))(?:t\.?v\.?a\.?\s+non\s+applicable|non\s+(?:assujettie?|soumise?)\s+à\s+la\s+t\.?v\.?a|art(?:icle|\.)?\s*293\s*B"
    r"|(?:exonér(?:ée?|ation)|franchise)\s+(?:de|en\s+base\s+de)\s+(?:la\s+)?t\.?v\.?a|autoliquidation"
    r"|§\s*19\s+(?:abs\.?\s*1\s+)?ustg|kleinunternehmer|keine\s+(?:umsatz|mehrwert)steuer"
    r"|steuerfreie?\s+(?:innergemeinschaftliche\s+)?(?:lieferung|leistung|ausfuhr)"
    r"|steuerschuldnerschaft|umsatzsteuerfrei|nicht\s+steuerbar|nicht\s+mwst-?\s?pflichtig"
    r"|reverse\s+charge|(?:vat|tax)[\s-]+exempt|exempt\s+(?:from\s+)?(?:vat|tax|sales\s+tax)|not\s+vat\s+registered"
    r"|outside\s+the\s+scope\s+of\s+(?:uk\s+)?vat|zero[\s-]rated)",
    re.IGNORECASE,
)


def exemption(document: Document) -> tuple[Row, int, int] | None:
    """Return the row that says so, and from where to where; None where a row states a tax."""
    rows = document.layout.rows
    said = next(((row, hit) for row in rows if (hit := _said(row.text))), None)
    if said is None or any(_states_tax(document, row) for row in rows if row is not said[0]):
        return None
    row, hit = said
    return row, hit.start(), hit.end()


@lru_cache(maxsize=4096)
def _said(text: str) -> re.Match[str] | None:
    """Return where a text says so; the rows of a document are asked more than once."""
    return _SAID.search(text)


def _states_tax(document: Document, row: Row) -> bool:
    """Return whether an amount above zero stands behind a label of the tax in a row."""
    labels = [label for label in document.labels[row.number] if label.means == "tax_total"]
    amounts = document.by_row.get((Kind.AMOUNT, row.number), ())
    return any(
        amount.amount and "." in amount.value and amount.start >= labels[0].stop
        for amount in amounts
        if labels
    )
