"""Which raw column is which canonical field, suggested with reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from rapidfuzz import fuzz

from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.text import folded


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A field that a column may be."""

    field: str
    confidence: float
    reasons: tuple[str, ...]


def header_fingerprint(columns: Sequence[str]) -> str:
    """Return a key that two tables share when their headings are the same, order included."""
    return sha256("\x1f".join(folded(column) for column in columns).encode()).hexdigest()[:32]


def suggestions_for(
    column: str, types: Iterable[DocumentType], *, limit: int = 3
) -> list[Suggestion]:
    """Return the fields that a heading may stand for, best first; none is an answer too."""
    key = folded(column)
    if not key:
        return []
    best: dict[str, Suggestion] = {}
    for made in types:
        for spec in made.read_fields:
            score, reason = _likeness(column, key, (*spec.headers, spec.name))
            known = best.get(spec.name)
            if score >= 0.6 and (known is None or known.confidence < score):
                best[spec.name] = Suggestion(spec.name, score, (reason,))
    return sorted(best.values(), key=lambda s: (-s.confidence, s.field))[:limit]


def _likeness(column: str, key: str, headings: Sequence[str]) -> tuple[float, str]:
    if key in (keys := [folded(heading) for heading in headings]):
        return 0.95, f"“{column}” is a known heading"
    score, reason = 0.0, ""
    for heading, other in zip(headings, keys, strict=True):
        ratio = fuzz.ratio(key, other) / 100
        if len(other) >= 5 and ratio >= 0.8 and 0.85 * ratio > score:
            score, reason = round(0.85 * ratio, 3), f"“{column}” is written like “{heading}”"
    return score, reason


@dataclass(frozen=True, slots=True)
class Template:
    """A mapping that a person confirmed; it maps the next table with the same headings."""

    id: int
    name: str
    version: int
    document_type: str
    fingerprint: str
    mapping: dict[str, int]
    columns: tuple[str, ...]


def template_for(columns: Sequence[str], templates: Iterable[Template]) -> Template | None:
    """Return the newest template made for exactly these headings, None when there is none."""
    wanted = header_fingerprint(columns)
    fitting = [template for template in templates if template.fingerprint == wanted]
    return max(fitting, key=lambda template: (template.version, template.id), default=None)
