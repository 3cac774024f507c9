"""How well lines are read from the visible pages of e-invoices, whose XML says what is right.

The invoices are those of the steering folder `shared/corpora`, which is not part of the project;
without it nothing is measured.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from invoice_desk.documents.embedded import embedded_invoice
from invoice_desk.documents.line_items import LineReading, read_lines
from invoice_desk.documents.pdf import read_text_layers

Line = Mapping[str, str]
FIELDS = ("quantity", "unit_price", "tax_rate", "net_amount", "description", "item_code")
#: Descriptions that are this alike, of 100, are the same.
_ALIKE = 85
#: Beside the repository, or beside the one that steers it.
_PLACES = ("../shared/corpora/einvoice/pdf", "shared/corpora/einvoice/pdf")


def line_items(root: Path) -> dict[str, Any] | None:
    """Return shares of what is right, None where the invoices are not there."""
    folder = next((root / place for place in _PLACES if (root / place).is_dir()), None)
    if folder is None:
        return None
    said: Counter[str] = Counter()
    right: Counter[str] = Counter()
    seconds, pages = 0.0, 0
    for truth, found, spent, count in _readings(folder):
        seconds, pages = seconds + spent, pages + count
        mine = [item.values for item in found.lines]
        said["documents"] += 1
        right["documents"] += _amounts(mine) == _amounts(truth)
        said["counts"] += 1
        right["counts"] += len(mine) == len(truth)
        if found.confidence >= 0.95:
            said["sure"] += 1
            right["sure"] += _amounts(mine) == _amounts(truth)
        for ours, theirs in zip(mine, truth, strict=False):
            for name in FIELDS:
                if name in ours and name in theirs:
                    said[name] += 1
                    right[name] += _same(name, ours, theirs)
    shares = {name: round(right[name] / said[name], 3) for name in said}
    return shares | {"milliseconds a page": round(1000 * seconds / max(pages, 1), 2)}


def _readings(folder: Path) -> Iterator[tuple[Sequence[Line], LineReading, float, int]]:
    """Yield the lines of the XML, those of the pages, and what the latter took."""
    for path in sorted(folder.glob("*.pdf")):
        xml = embedded_invoice(path, name=path.name).found
        pages = read_text_layers(path, name=path.name)
        if xml is None or not any(page.words for page in pages):
            continue
        truth = [line for line in xml.invoice.lines if line.get("net_amount")]
        if truth:
            begun = time.process_time()
            found = read_lines(pages)
            yield truth, found, time.process_time() - begun, len(pages)


def _amounts(lines: Sequence[Line]) -> list[Decimal | None]:
    """Return the amounts without signs: a credit note may be shown with or without."""
    return [_number(line.get("net_amount")) for line in lines]


def _number(text: str | None) -> Decimal | None:
    try:
        return None if text is None else abs(Decimal(text))
    except InvalidOperation:
        return None


def _same(name: str, ours: Line, theirs: Line) -> bool:
    if name == "description":
        return fuzz.ratio(ours[name].casefold(), theirs[name].casefold()) >= _ALIKE
    if name == "item_code":
        return ours[name] == theirs[name]
    prices = {_number(theirs[name])}
    if name == "unit_price":  # a page may show the price before its discount
        prices.add(_number(theirs.get("gross_price")))
    return _number(ours[name]) in prices
