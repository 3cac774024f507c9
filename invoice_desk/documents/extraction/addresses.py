"""What an address looks like: words of a street, a post code, a house number."""

from __future__ import annotations

import re

STREET = re.compile(
    r"\b(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|blvd|boulevard|suite|floor|level|unit|lot|"
    r"p\.?o\.?\s?box|box|rue|chemin|place|impasse|all[ée]e|quai|route|cours|zone|zi|bp|cedex|"
    r"tower|block|blok|menara|flr|ptd|building|jalan|jln|taman|tmn|lorong|persiaran|kampung|"
    r"(?<!\d )kg|batu|wisma|plaza|kawasan|bandar|seksyen|no|"
    r"weg|platz|allee|gasse|postfach|bahnhof|laan|straat|calle|via|piazza|wilaya|cit[ée])\b"
    r"|stra(?:ß|ss)e\b|str\.",
    re.IGNORECASE,
)
_HOUSE_NUMBER = re.compile(r"^\s*\d{1,4}[A-Za-z]?\s?[,\-&]")
POSTCODE = re.compile(
    r"(?<!\d)\d{5}(?!\d)|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\b\d{4} ?[A-Z]{2}\b"
)
TOWN = re.compile(r"(?<!\d)\d{4,5}(?!\d)\s?[^\W\d_]{2}")


def looks_like_address(text: str) -> bool:
    """Return whether `text` has a word of a street or a post code."""
    return any(shape.search(text) for shape in (STREET, POSTCODE, _HOUSE_NUMBER))


def has_town(text: str) -> bool:
    """Return whether `text` has a post code, or four or five figures before a word.

    Those before the word of a street are the number of a house.
    """
    if POSTCODE.search(text) is not None:
        return True
    return any(STREET.match(text, hit.end() - 2) is None for hit in TOWN.finditer(text))
