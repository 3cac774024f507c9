"""Which document type a table is, told by its headings and the name of its file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from invoice_desk.core.dates import read_moment
from invoice_desk.core.document_types import TEMPORAL, DocumentType, FieldSpec, ValueType
from invoice_desk.core.durations import read_seconds
from invoice_desk.core.text import folded

#: The type of tables that are of no other; its fields are the words that all tables share.
ANY_TABLE = "table"
#: How sure the program is that a table that fits no type is just a table.
ANY_TABLE_CONFIDENCE = 0.3


@dataclass(frozen=True, slots=True)
class TypeMatch:
    """How well a type fits a table, and why."""

    document_type: str | None
    confidence: float
    reasons: tuple[str, ...] = ()


def map_by_headers(made: DocumentType, columns: Sequence[str]) -> dict[str, int]:
    """Return field name → column index, by equal headings; each column is used once."""
    index: dict[str, int] = {}
    for i, column in enumerate(columns):
        index.setdefault(_key(column), i)
    mapping: dict[str, int] = {}
    taken: set[int] = set()
    for spec in made.read_fields:
        for key in heading_keys(spec):
            found = index.get(key)
            if found is not None and found not in taken:
                mapping[spec.name] = found
                taken.add(found)
                break
    return mapping


def heading_keys(spec: FieldSpec) -> tuple[str, ...]:
    """Return the headings under which a field is known, as they are compared."""
    return _keys((*spec.headers, spec.name))


def match_layout(
    types: Iterable[DocumentType], rows: Sequence[Sequence[str]]
) -> tuple[TypeMatch, dict[str, int]] | None:
    """Return the type and mapping of a table without headings whose order of columns is known.

    Nearly all cells in the columns of dates and durations have to be such values, and one of
    them at least must be filled: the number of columns alone proves nothing.

    Args:
        types: Those that may have layouts.
        rows: Some rows of the table.
    """
    for made in types:
        for layout in made.layouts:
            widths = {len(row) for row in rows}
            # Columns at the end that are blank throughout are not there.
            if len(widths) == 1 and len(layout.columns) - 2 <= max(widths) <= len(layout.columns):
                mapping = map_by_headers(made, layout.columns[: max(widths)])
                if _fits(made, mapping, rows):
                    reasons = (f"it has no headings, and the columns of {layout.name}",)
                    return TypeMatch(made.name, 0.9, reasons), mapping
    return None


def _fits(made: DocumentType, mapping: dict[str, int], rows: Sequence[Sequence[str]]) -> bool:
    read = filled = 0
    for spec in made.read_fields:
        if spec.name in mapping and spec.type in {*TEMPORAL, ValueType.DURATION}:
            texts = [text for row in rows if (text := row[mapping[spec.name]].strip())]
            filled += len(texts)
            if spec.type in TEMPORAL:
                read += sum(read_moment(text).value is not None for text in texts)
            else:
                read += sum(read_seconds(text) is not None for text in texts)
    return filled > 0 and read >= 0.9 * filled


#: Many files have the same headings.
_key = lru_cache(maxsize=4096)(folded)


@lru_cache(maxsize=4096)
def _keys(headings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for heading in headings if (key := folded(heading)))


def match_type(made: DocumentType, file_name: str, columns: Sequence[str]) -> TypeMatch:
    """Return how well `made` fits a table with these headings in a file of that name.

    Headings decide: the share of required fields that were found counts 0.6, the share of the
    table's columns that the type knows 0.4.  Telling headings that are all there add 0.1, as
    does a telling file name, and both settle ties.
    """
    mapping = map_by_headers(made, columns)
    if not mapping or made.name == ANY_TABLE:
        return TypeMatch(made.name, 0.0)
    required = [spec.name for spec in made.read_fields if spec.required]
    found = sum(name in mapping for name in required) / len(required) if required else 1.0
    named = sum(bool(_key(column)) for column in columns) or 1
    known = min(1.0, len(mapping) / min(named, len(made.read_fields)))
    if found < 0.5 or (len(mapping) < 3 and len(made.read_fields) > 3):
        return TypeMatch(made.name, 0.3 * found * known)
    score = 0.6 * found + 0.4 * known
    reasons = [f"{len(mapping)} of {len(columns)} columns are known"]
    keys = {_key(column) for column in columns}
    if made.detection.headings:
        if not set(_keys(made.detection.headings)) <= keys:
            return TypeMatch(made.name, round(0.4 * score, 3))
        score += 0.1
        reasons.append("it has " + ", ".join(made.detection.headings))
    if any(part in folded(file_name) for part in _keys(made.detection.file_names)):
        score += 0.1
        reasons.append("the file name says so")
    return TypeMatch(made.name, round(score, 3), tuple(reasons))


def best_type(
    types: Iterable[DocumentType], file_name: str, columns: Sequence[str], *, margin: float = 0.05
) -> TypeMatch:
    """Return the type that fits clearly best, else that it is some table.

    A type that a person copied from another is proposed by its templates, not by its headings,
    which are those of the first.  `document_type` is None when two types fit alike.
    """
    known = list(types)
    own = [made for made in known if made.based_on is None]
    ranked = sorted((match_type(m, file_name, columns) for m in own), key=lambda m: -m.confidence)
    if not ranked or ranked[0].confidence < 0.5:
        best = ranked[0].confidence if ranked else 0.0
        reasons = ("no document type knows enough of the columns",)
        if any(made.name == ANY_TABLE for made in own) and columns:
            return TypeMatch(ANY_TABLE, max(ANY_TABLE_CONFIDENCE, min(best, 0.45)), reasons)
        return TypeMatch(None, best, reasons)
    first = ranked[0]
    if len(ranked) > 1 and first.confidence - ranked[1].confidence < margin:
        pair = f"{first.document_type} and {ranked[1].document_type}"
        return TypeMatch(None, min(1.0, first.confidence), (f"{pair} fit alike",))
    return TypeMatch(first.document_type, min(1.0, first.confidence), first.reasons)
