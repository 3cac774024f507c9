"""Document types as data: what a table of one kind holds and by which rules it is cleaned.

A type is declared in `resources/document_types/<name>.toml`; this module turns the parsed
TOML into values and says what is wrong with a declaration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from invoice_desk.core.text import folded
from invoice_desk.errors import TemplateError


class ValueType(StrEnum):
    """How the text of a field becomes a value."""

    TEXT = "text"
    CODE = "code"  # text whose zeros and case are kept
    AMOUNT = "amount"
    QUANTITY = "quantity"
    DATE = "date"
    DATETIME = "datetime"


NUMERIC = frozenset({ValueType.AMOUNT, ValueType.QUANTITY})
TEMPORAL = frozenset({ValueType.DATE, ValueType.DATETIME})


class Operator(StrEnum):
    """How a condition compares a field; texts are compared without case and accents."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    CONTAINS_NOT = "contains_not"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    EMPTY = "empty"
    NOT_EMPTY = "not_empty"
    BELOW = "below"
    ABOVE = "above"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One column of the clean table."""

    name: str
    type: ValueType = ValueType.TEXT
    headers: tuple[str, ...] = ()
    required: bool = False
    #: Digits after the mark that are kept, and how many of them are shown at least.
    scale: int = 0
    digits: int = 0
    #: The EN 16931 business term, where there is one.
    term: str | None = None
    #: Computed as the product of these fields, instead of read.
    product_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """A test of one field."""

    field: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """All conditions together; a filter leaves the row out, a check makes a finding."""

    name: str
    reason: str
    all: tuple[Condition, ...]
    severity: str = "warning"
    #: The rule holds only while these options have these values.
    when: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Option:
    """A reading to choose between: its name, the choices and the default."""

    name: str
    title: str
    choices: tuple[str, ...]
    default: str


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A kind of table or document, and its rules."""

    name: str
    version: int
    title: str
    fields: tuple[FieldSpec, ...]
    file_names: tuple[str, ...] = ()
    filters: tuple[Rule, ...] = ()
    checks: tuple[Rule, ...] = ()
    options: tuple[Option, ...] = ()
    date_order: str = "dmy"

    def field(self, name: str) -> FieldSpec:
        """Return the field called `name`; KeyError when there is none."""
        for spec in self.fields:
            if spec.name == name:
                return spec
        raise KeyError(name)

    @property
    def read_fields(self) -> tuple[FieldSpec, ...]:
        """Return the fields that stand in the source, not those that are computed."""
        return tuple(spec for spec in self.fields if not spec.product_of)

    def active(self, rules: Sequence[Rule], options: Mapping[str, str]) -> tuple[Rule, ...]:
        """Return those of `rules` that hold with `options`; what is not named has its default."""
        chosen = {option.name: option.default for option in self.options} | dict(options)
        return tuple(
            rule for rule in rules if all(chosen.get(k) == v for k, v in rule.when.items())
        )


@dataclass(frozen=True, slots=True)
class TypeMatch:
    """How well a type fits a table, why, and which column is which field."""

    document_type: str | None
    confidence: float
    reasons: tuple[str, ...] = ()


_SCALES = {ValueType.AMOUNT: (4, 2), ValueType.QUANTITY: (3, 0)}


def document_type_of(declared: Mapping[str, Any]) -> DocumentType:
    """Return the type that a parsed TOML file declares.

    Raises:
        TemplateError: Naming the first thing that is wrong.
    """
    try:
        made = DocumentType(
            name=declared["name"],
            version=int(declared["version"]),
            title=declared["title"],
            fields=tuple(_field_of(entry) for entry in declared["field"]),
            file_names=tuple(declared.get("detect", {}).get("file_names", ())),
            filters=tuple(_rule_of(entry) for entry in declared.get("filter", ())),
            checks=tuple(_rule_of(entry) for entry in declared.get("check", ())),
            options=tuple(_option_of(entry) for entry in declared.get("option", ())),
            date_order=declared.get("date_order", "dmy"),
        )
    except (KeyError, ValueError, TypeError) as error:
        name = declared.get("name", "a document type")
        raise TemplateError(f"{name}: the declaration is not valid: {error}") from error
    _check_references(made)
    return made


def _field_of(entry: Mapping[str, Any]) -> FieldSpec:
    kind = ValueType(entry.get("type", "text"))
    scale, digits = _SCALES.get(kind, (0, 0))
    return FieldSpec(
        name=entry["name"],
        type=kind,
        headers=tuple(entry.get("headers", ())),
        required=bool(entry.get("required", False)),
        scale=int(entry.get("scale", scale)),
        digits=int(entry.get("digits", digits)),
        term=entry.get("term"),
        product_of=tuple(entry.get("product_of", ())),
    )


def _rule_of(entry: Mapping[str, Any]) -> Rule:
    conditions = tuple(
        Condition(c["field"], Operator(c["is"]), tuple(str(v) for v in c.get("values", ())))
        for c in entry["all"]
    )
    return Rule(
        name=entry["name"],
        reason=entry["reason"],
        all=conditions,
        severity=entry.get("severity", "warning"),
        when=dict(entry.get("when", {})),
    )


def _option_of(entry: Mapping[str, Any]) -> Option:
    return Option(entry["name"], entry["title"], tuple(entry["choices"]), entry["default"])


def _check_references(made: DocumentType) -> None:
    names = {spec.name for spec in made.fields}
    options = {option.name for option in made.options}
    for rule in (*made.filters, *made.checks):
        unknown = {c.field for c in rule.all} - names or set(rule.when) - options
        if unknown:
            raise TemplateError(f"{made.name}: rule {rule.name} names unknown {sorted(unknown)}.")
    for spec in made.fields:
        if set(spec.product_of) - names:
            raise TemplateError(f"{made.name}: {spec.name} is a product of unknown fields.")


def map_by_headers(made: DocumentType, columns: Sequence[str]) -> dict[str, int]:
    """Return field name → column index, by equal headings; each column is used once."""
    index: dict[str, int] = {}
    for i, column in enumerate(columns):
        index.setdefault(folded(column), i)
    mapping: dict[str, int] = {}
    taken: set[int] = set()
    for spec in made.read_fields:
        for heading in (*spec.headers, spec.name):
            found = index.get(folded(heading))
            if found is not None and found not in taken and folded(heading):
                mapping[spec.name] = found
                taken.add(found)
                break
    return mapping


def match_type(made: DocumentType, file_name: str, columns: Sequence[str]) -> TypeMatch:
    """Return how well `made` fits a table with these headings in a file of that name.

    Headings decide: the share of required fields that were found counts 0.6, the share of the
    table's columns that the type knows 0.4.  A telling file name adds 0.1 and settles ties.
    """
    mapping = map_by_headers(made, columns)
    if not mapping:
        return TypeMatch(made.name, 0.0)
    required = [spec.name for spec in made.fields if spec.required]
    found = sum(name in mapping for name in required) / len(required) if required else 1.0
    named = sum(bool(folded(column)) for column in columns) or 1
    known = min(1.0, len(mapping) / min(named, len(made.read_fields)))
    if found < 0.5 or (len(mapping) < 3 and len(made.read_fields) > 3):
        return TypeMatch(made.name, 0.3 * found * known)
    score = 0.6 * found + 0.4 * known
    reasons = [f"{len(mapping)} of {len(columns)} columns are known"]
    if any(folded(part) in folded(file_name) for part in made.file_names):
        score += 0.1
        reasons.append("the file name says so")
    return TypeMatch(made.name, round(min(1.0, score), 3), tuple(reasons))


def best_type(
    types: Iterable[DocumentType], file_name: str, columns: Sequence[str], *, margin: float = 0.05
) -> TypeMatch:
    """Return the type that fits clearly best; `document_type` is None when a person must choose."""
    ranked = sorted(
        (match_type(made, file_name, columns) for made in types), key=lambda m: -m.confidence
    )
    if not ranked or ranked[0].confidence < 0.5:
        best = ranked[0].confidence if ranked else 0.0
        return TypeMatch(None, best, ("no document type knows enough of the columns",))
    if len(ranked) > 1 and ranked[0].confidence - ranked[1].confidence < margin:
        pair = f"{ranked[0].document_type} and {ranked[1].document_type}"
        return TypeMatch(None, ranked[0].confidence, (f"{pair} fit alike",))
    return ranked[0]
