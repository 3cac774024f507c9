"""The currency of a document, as its signs and codes say."""

from __future__ import annotations

import re
from collections import Counter

from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.shapes import Found

#: How a currency is written → its code of ISO 4217.
_CURRENCIES = {
    **dict.fromkeys(("€", "EUR", "euro", "euros"), "EUR"),
    **dict.fromkeys(("£", "GBP"), "GBP"),
    **dict.fromkeys(("DZD", "DA", "dinar", "dinars"), "DZD"),
    **dict.fromkeys(("MYR", "RM"), "MYR"),
    **dict.fromkeys(("USD", "US$", "$"), "USD"),
    **dict.fromkeys(("PLN", "zł"), "PLN"),
    **dict.fromkeys(("₹", "INR", "Rs"), "INR"),
    **{code: code for code in ("CHF", "SEK", "NOK", "DKK", "MAD", "TND")},
}
_CURRENCY = re.compile(
    r"[€£₹]|(?:\bUS)?\$|\bRM(?=\s?\d|\b)|\b(?:"
    + "|".join(name for name in _CURRENCIES if name.isalpha())
    + r")\b"
)


def currency_of(document: Document) -> Found | None:
    """Return the currency that stands most often, one beside a label of currency first."""
    counts: Counter[str] = Counter()
    first: dict[str, Found] = {}
    for row in document.layout.rows:
        for match in _CURRENCY.finditer(row.text):
            code = _CURRENCIES[match.group()]
            means = {label.means for label in document.labels[row.number]}
            weight = 50 if "currency" in means else 3 if means & {"total", "grand_total"} else 1
            counts[code] += weight
            if code not in first:
                first[code] = Found("currency", code, row, match.start(), match.end(), 0.9)
    if not counts:
        return None
    best, most = counts.most_common(1)[0]
    if best == "USD" and counts["MYR"]:  # a dollar sign on a receipt in ringgit is misread
        best = "MYR"
    sure = 0.97 if most >= 0.8 * counts.total() else 0.75
    found = first[best]
    return Found("currency", best, found.row, found.start, found.stop, sure)
