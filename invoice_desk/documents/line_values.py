"""Numbers in the cells of invoice lines: the value, what stands beside it, and how sure it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from invoice_desk.core.amounts import decimal_mark_of, read_amount, two_readings

_CURRENCY = r"(?:€|\$|£|EUR|USD|GBP|CHF|RM|MYR|DZD|DA|Rs\.?|A\$|US\$)"
_CELL = re.compile(
    rf"(?P<front>{_CURRENCY}?\s*[-+(]?\s*{_CURRENCY}?)\s*"
    r"(?P<digits>[.,]?\d(?:[\d.,'’\u00a0\u202f ]*\d)?)"
    rf"(?P<close>\)?-?)\s*(?P<rest>(?:{_CURRENCY}|%|[^\W\d_]|[/*×²³().-]).*)?",
    re.IGNORECASE,
)
_LONGEST_REST = 24
#: Longer texts are prose.
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it stands in a cell.

    Attributes:
        values: Its readings: one, or two while the decimal mark is open.
        text: The number with sign.
        rest: What stands behind it: a unit, a percent sign, a tax code.
    """

    values: tuple[Decimal, ...]
    text: str
    rest: str

    @property
    def value(self) -> Decimal | None:
        """Return the value when there is only one reading."""
        return self.values[0] if len(self.values) == 1 else None


#: So many digits without a mark are a code: of goods, of a place, of a person.
_CODE = re.compile(r"\d{10,}")


@lru_cache(maxsize=4096)
def is_number(text: str) -> bool:
    """Return whether a cell holds a number, perhaps with a unit or currency."""
    if len(text) > _LONGEST or not any(map(str.isdigit, text)) or _CODE.fullmatch(text.strip()):
        return False
    match = _CELL.fullmatch(text.strip())
    return match is not None and len(match["rest"] or "") <= _LONGEST_REST


def figure_of(text: str, *, mark: str | None) -> Figure | None:
    """Return the number in a cell; None where there is none.

    Args:
        text: The cell.
        mark: The decimal mark that the document proves.
    """
    match = _CELL.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        return None
    front, digits, close = match["front"], match["digits"], match["close"] or ""
    negative = "-" in front or "(" in front or close == "-"
    bare = f"-{digits}" if negative else digits
    rest = (match["rest"] or "").strip()
    if rest == ")" or (rest.endswith(")") and "(" in front):
        rest = rest[:-1].strip()
    amount = read_amount(bare, decimal_mark=mark)
    if amount.value is None and mark is not None:
        amount = read_amount(bare)
    if amount.value is not None:
        return Figure((amount.value,), bare, rest)
    readings = two_readings(bare)
    return Figure(readings or (), bare, rest)


def mark_of(texts: Iterable[str]) -> str | None:
    """Return the decimal mark that the numbers in these cells prove."""
    marked = (text for text in texts if "," in text or "." in text)
    numbers = (text.strip() for text in marked if len(text) <= _LONGEST)
    found = (_CELL.fullmatch(text) for text in numbers)
    return decimal_mark_of(match["digits"] for match in found if match is not None)
