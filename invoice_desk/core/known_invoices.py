"""What is known of an invoice, in the form in which two are compared and suppliers are known."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa

from invoice_desk.core.duplicates import text_hashes
from invoice_desk.core.text import folded, plain_words

#: Letters that a recognition takes for digits, and the other way round.
_LOOKALIKES = str.maketrans("OQDILSBZ", "00011582")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_LEGAL_FORMS = re.compile(
    r"\b(?:s\.?a\.?r\.?l|s\.?a\.?s\.?u?|s\.?a|e\.?u\.?r\.?l|sci|spa|s\.?r\.?l"
    r"|gmbh(?: ?& ?co\.? ?kg)?|mbh|ag|kg|ug|ohg|e\.? ?k|ltd|limited|llc|inc|corp|plc"
    r"|sdn\.? bhd|b\.?v|n\.?v|s\.?l|company|co)\b\.?"
)
#: Names of the keys that two forms of one invoice are found by; see `block_keys`.
KEY_NAMES = (
    *("number_total", "number_date", "number_name", "number_id"),
    *("name_total_date", "id_total_date"),
)
_PAIRS = tuple(tuple(name.split("_")) for name in KEY_NAMES)


@dataclass(frozen=True, slots=True)
class KnownInvoice:
    """What a document or a row says of an invoice; empty texts where it says nothing.

    Attributes:
        id: raw table * 2^32 + row number, as of raw rows.
        total: With its sign.
        document_class: As `documents.document_class` names it; "" for rows of tables.
        page_hash: Of the image of the first page, `image_hash`.
        is_trusted: Whether a person approved it, or the reading was sure of it.
    """

    id: int
    source_id: int
    number: str = ""
    supplier_name: str = ""
    supplier_vat_id: str = ""
    supplier_registration: str = ""
    iban: str = ""
    bic: str = ""
    total: Decimal | None = None
    issue_date: dt.date | None = None
    currency: str = ""
    document_class: str = ""
    page_hash: int | None = None
    is_trusted: bool = False

    @property
    def table_id(self) -> int:
        """Return the raw table that it stands in."""
        return self.id >> 32

    @property
    def row_number(self) -> int:
        """Return its row there."""
        return self.id & 0xFFFFFFFF


def number_key(text: str) -> str:
    """Return an invoice number without what scans and exports change.

    Case, separators, leading zeros, and letters that look like digits do not count:
    `FA-2024/0017`, `fa 2024 17` and `FA2O24-OO17` are one.
    """
    groups = re.findall(r"[A-Z0-9]+", text.upper().translate(_LOOKALIKES))
    bare = [_ZEROS.sub("", group) for group in groups]
    return "".join(bare).lstrip("0")


def name_key(text: str) -> str:
    """Return a company's name as it is compared: letters and digits, without its legal form."""
    return folded(_LEGAL_FORMS.sub(" ", plain_words(text))) or folded(text)


def name_keys(names: Iterable[str]) -> list[str]:
    """Return the keys of names, each made once."""
    known: dict[str, str] = {}
    return [known.get(name) or known.setdefault(name, name_key(name)) for name in names]


def id_key(*, vat_id: str, registration: str, iban: str) -> str:
    """Return the surest identity of a supplier that is known."""
    for kind, text in (("v", vat_id), ("r", registration), ("i", iban)):
        bare = folded(text)
        if len(bare) >= 6:
            return kind + bare
    return ""


def total_key(total: Decimal | None) -> str:
    """Return an amount without its sign; a credit note is told by its class."""
    return "" if total is None or total == 0 else f"{abs(total).normalize():f}"


def block_keys(invoices: Sequence[KnownInvoice]) -> pa.Table:
    """Return the keys of each invoice (int64; null where a part is not known).

    Two forms of one invoice share at least one: number and total, number and date, number and
    supplier, or, where the number is missing or misread, supplier, total and date.
    """
    parts: dict[str, list[str]] = {
        "number": [number_key(each.number) for each in invoices],
        "total": [total_key(each.total) for each in invoices],
        "date": [each.issue_date.isoformat() if each.issue_date else "" for each in invoices],
        "name": name_keys(each.supplier_name for each in invoices),
        "id": [_id_key_of(each) for each in invoices],
    }
    columns = {
        name: _hashed([parts[part] for part in wanted])
        for name, wanted in zip(KEY_NAMES, _PAIRS, strict=True)
    }
    return pa.table(columns)


def _id_key_of(invoice: KnownInvoice) -> str:
    return id_key(
        vat_id=invoice.supplier_vat_id,
        registration=invoice.supplier_registration,
        iban=invoice.iban,
    )


def _hashed(parts: Sequence[list[str]]) -> pa.Array:
    texts = ["\x1f".join(each) if all(each) else None for each in zip(*parts, strict=True)]
    column = pa.array(texts, pa.string())
    missing = column.is_null().to_numpy(zero_copy_only=False)
    return pa.array(text_hashes(column).view(np.int64), mask=missing)


def image_hash(grey: np.ndarray) -> int:
    """Return the difference hash of a picture: 64 bits, which of two neighbours is lighter.

    Args:
        grey: The picture, eight rows of nine cells.
    """
    lighter = grey[:, 1:] > grey[:, :-1]
    return int.from_bytes(np.packbits(lighter.ravel()).tobytes(), "big")


def image_distance(one: int, other: int) -> int:
    """Return in how many of 64 bits two hashes differ."""
    return (one ^ other).bit_count()
