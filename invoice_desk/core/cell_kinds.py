"""What kind of thing a cell holds, told from its text alone, and the cells of a sheet as a grid."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from invoice_desk.core.text import folded


class Kind(IntEnum):
    """What a cell holds; a mark stands for a value that is missing."""

    EMPTY = 0
    TEXT = 1
    NUMBER = 2
    DATE = 3
    MARK = 4


_MONEY = r"(?:[€$£¥]|[A-Z]{3}\s|US\$)?"
_NUMBER = re.compile(
    rf"[-+−–(]?\s*{_MONEY}\s*[-+−–(]?\s*(?:\d[\d\s.,'’]*|[.,]\d+)(?:[eE][-+]?\d+)?"
    r"\s*(?:[%€$£¥*)-]|EUR|USD|GBP|CHF|DZD|DA)*$"
)
_MONTHS = (
    r"(?:jan(?:uary|vier|uar)?|feb(?:ruary|ruar)?|f[eé]vr?(?:ier)?|m[aä]r(?:ch|s|z)?|apr(?:il)?"
    r"|avr(?:il)?|ma[iy]|june?|juni|juin|juil(?:let)?|jul[iy]?|aug(?:ust)?|ao[uû]t"
    r"|sept?(?:ember|embre)?|o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|d[eé][cz](?:ember|embre)?)\.?"
)
_DATE = re.compile(
    r"(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\.?"
    rf"|\d{{1,2}}(?:er|st|nd|rd|th|\.)?[\s-]?{_MONTHS}(?:[\s,-]?\d{{2,4}})?"
    rf"|{_MONTHS}[\s-]?\d{{1,4}}(?:st|nd|rd|th)?(?:,?\s\d{{4}})?"
    r"|\d{1,2}[:h]\d{2})(?:[T\s,:]+\d.*|(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?)$",
    re.IGNORECASE,
)
_MARK = re.compile(
    r"(?:[-–—.…?/*~]+|n\.?/?[acds]\.?|nan|null|none|nil|#(?:n/a|ref!|div/0!|value!)|\(none\)"
    r"|not (?:available|applicable|disclosed|known)|unknown|missing|no data|suppressed|withheld"
    r"|non (?:disponible|communiqué|renseigné)|inconnue?|keine angaben?|unbekannt|entfällt)$",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")
_NO_PART = re.compile(r"[^\d.,eE-]")
#: A row is padded to the common width and this much more; a broken row may hold very many cells.
_SPARE_COLUMNS = 64


def kind_of(text: str) -> Kind:
    """Return the kind of a cell from its text without blanks around it."""
    if not text:
        return Kind.EMPTY
    if len(text) > 40:
        return Kind.TEXT
    if not has_digit(text):
        return Kind.MARK if _MARK.match(text) else Kind.TEXT
    if _DATE.match(text):
        return Kind.DATE
    return Kind.NUMBER if _NUMBER.match(text) else Kind.TEXT


def looks_typed(cell: str) -> bool:
    """Return whether a cell holds a number or a date."""
    return kind_of(cell.strip()) in {Kind.NUMBER, Kind.DATE}


def has_digit(text: str) -> bool:
    """Return whether there is a digit in a text."""
    return _DIGIT.search(text) is not None


def number_of(text: str) -> float:
    """Return about what a number says, NaN for none; good for comparing sums, not for keeping."""
    bare = _NO_PART.sub("", text.replace("−", "-").replace("–", "-"))
    negative = "-" in bare[:1] or text.startswith("(") or bare.endswith("-")
    bare = bare.strip("-eE")
    comma, dot = bare.count(","), bare.count(".")
    if comma and (dot or comma > 1 or re.fullmatch(r"[1-9]\d{0,2},\d{3}", bare)):
        decimal = "," if dot and bare.rfind(",") > bare.rfind(".") else "."
        bare = bare.replace("." if decimal == "," else ",", "").replace(",", ".")
    elif dot > 1:
        bare = bare.replace(".", "")
    try:
        value = float(bare.replace(",", "."))
    except ValueError:
        return float("nan")
    return -value if negative else value


def shape_of(text: str) -> str:
    """Return how a text is built: runs of digits as 9, runs of letters as a, the rest as it is."""
    return _LETTERS.sub("a", _DIGITS.sub("9", text[:40]))


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a sheet, trimmed and padded to one width.

    Attributes:
        texts: One list of texts a row.
        kinds: What each cell holds, rows by columns.
        filled: How many cells of each row hold anything.
        spread: The same, but neighbours with one text (a merged cell) count once.
    """

    texts: list[list[str]]
    kinds: np.ndarray
    filled: np.ndarray
    spread: np.ndarray

    @property
    def width(self) -> int:
        """Return how many columns there are."""
        return int(self.kinds.shape[1])

    def __len__(self) -> int:
        return len(self.texts)


def grid_of(rows: Sequence[Sequence[str]]) -> Grid:
    """Return the cells of `rows`; cells far beyond the common width are left out."""
    widths = Counter(len(row) for row in rows)
    common = max(widths, key=lambda w: (widths[w], w), default=0)
    width = min(max(widths, default=0), common + _SPARE_COLUMNS)
    known: dict[str, int] = {"": 0}
    texts: list[list[str]] = []
    kinds = np.zeros((len(rows), width), np.int8)
    spread = np.zeros(len(rows), np.int32)
    for i, row in enumerate(rows):
        cells = [cell.strip() for cell in row[:width]]
        for cell in cells:
            if cell not in known:
                known[cell] = int(kind_of(cell))
        kinds[i, : len(cells)] = [known[cell] for cell in cells]
        runs = sum(a != b for a, b in zip(cells, ["", *cells], strict=False) if a)
        spread[i] = runs
        cells.extend([""] * (width - len(cells)))
        texts.append(cells)
    return Grid(texts, kinds, (kinds > 0).sum(axis=1), spread)


def is_typed(kinds: np.ndarray) -> np.ndarray:
    """Return where cells hold a number or a date."""
    result: np.ndarray = (kinds == Kind.NUMBER) | (kinds == Kind.DATE)
    return result


def has_typed(grid: Grid, row: int) -> bool:
    """Return whether there is a number or a date in the row."""
    return bool(is_typed(grid.kinds[row]).any())


def is_label_series(values: Sequence[float]) -> bool:
    """Return whether numbers side by side label columns: years in order, or steps of one size."""
    sizes = np.abs(np.array(values))
    if len(values) < 2 or np.isnan(sizes).any() or (sizes != np.floor(sizes)).any():
        return False
    steps = np.diff(sizes)
    years = bool(((sizes >= 1900) & (sizes <= 2100)).all())
    if years and bool((steps >= 0).all() or (steps <= 0).all()) and bool(steps.any()):
        return True
    return len(values) >= 4 and bool((steps == steps[0]).all()) and bool(abs(steps[0]) >= 1)


def words_of(text: str) -> str:
    """Return the words of a text, lower-case and without accents, one blank between them."""
    return " ".join(folded(word) for word in re.split(r"[\W_]+", text) if word)
