"""Between a declaration (parsed TOML or JSON) and the document type that it declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from invoice_desk.core.aggregates import parse_request
from invoice_desk.core.document_types import (
    NUMERIC,
    TEMPORAL,
    TEXTUAL,
    TODAY,
    Condition,
    Detection,
    DocumentType,
    DuplicateAction,
    DuplicateRule,
    FieldSpec,
    Layout,
    NamedAggregate,
    Operator,
    Option,
    Rule,
    Scan,
    ValueType,
    parameters_of,
)
from invoice_desk.core.findings import AnomalyType, Severity
from invoice_desk.errors import ArgumentError, TemplateError

_SCALES = {ValueType.AMOUNT: (4, 2), ValueType.QUANTITY: (3, 0)}
_RULE_KINDS = {"filter": "filters", "bucket": "buckets", "check": "checks"}


def document_type_of(declared: Mapping[str, Any]) -> DocumentType:
    """Return the type that a parsed declaration declares.

    Raises:
        TemplateError: Naming the first thing that is wrong.
    """
    try:
        made = _type_of(declared)
        problem = next(_problems(made), None)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        name = declared.get("name", "a document type")
        raise TemplateError(f"{name}: the declaration is not valid: {error}") from error
    if problem is not None:
        raise TemplateError(f"{made.name}: {problem}.")
    return made


def _type_of(declared: Mapping[str, Any]) -> DocumentType:
    rules = {
        place: tuple(_rule_of(entry) for entry in declared.get(kind, ()))
        for kind, place in _RULE_KINDS.items()
    }
    detect = declared.get("detect", {})
    names, headings = detect.get("file_names", ()), detect.get("headings", ())
    duplicate = declared.get("duplicate")
    return DocumentType(
        name=declared["name"],
        version=int(declared["version"]),
        title=declared["title"],
        fields=tuple(_field_of(entry) for entry in declared["field"]),
        detection=Detection(tuple(names), tuple(headings)),
        duplicates=None if duplicate is None else _duplicate_rule_of(duplicate),
        options=tuple(_option_of(entry) for entry in declared.get("option", ())),
        scans=tuple(_scan_of(entry) for entry in declared.get("scan", ())),
        layouts=tuple(
            Layout(entry["name"], tuple(entry["columns"])) for entry in declared.get("layout", ())
        ),
        aggregates=tuple(_aggregate_of(entry) for entry in declared.get("aggregates", ())),
        currency=declared.get("currency", ""),
        date_order=declared.get("date_order", "dmy"),
        time_zone=declared.get("time_zone", "UTC"),
        region=declared.get("region", "DZ"),
        based_on=declared.get("based_on"),
        unique_fields=tuple(declared.get("unique_fields", ())),
        **rules,
    )


def declaration_of(made: DocumentType) -> dict[str, Any]:
    """Return the declaration of a type as plain JSON values; `document_type_of` reads it."""
    declared: dict[str, Any] = {
        "name": made.name,
        "version": made.version,
        "title": made.title,
        "currency": made.currency,
        "date_order": made.date_order,
        "time_zone": made.time_zone,
        "region": made.region,
        "based_on": made.based_on,
        "unique_fields": list(made.unique_fields),
        "detect": asdict(made.detection),
        "field": [_declared_field(spec) for spec in made.fields],
        "option": [asdict(option) for option in made.options],
        "scan": [asdict(scan) for scan in made.scans],
        "layout": [asdict(layout) for layout in made.layouts],
        "aggregates": [asdict(aggregate) for aggregate in made.aggregates],
    }
    for kind, place in _RULE_KINDS.items():
        declared[kind] = [declared_rule(rule) for rule in getattr(made, place)]
    if made.duplicates is not None:
        declared["duplicate"] = asdict(made.duplicates)
    return declared


def declared_rule(rule: Rule) -> dict[str, Any]:
    """Return the declaration of one rule."""
    plain = asdict(rule)
    plain["all"] = [
        {"field": c.field, "is": c.operator.value, "values": list(c.values)} for c in rule.all
    ]
    return plain


def _declared_field(spec: FieldSpec) -> dict[str, Any]:
    plain = asdict(spec)
    plain["prefixes"] = dict(spec.prefixes)
    plain["marks"] = [list(mark) for mark in spec.marks]
    return plain


def _field_of(entry: Mapping[str, Any]) -> FieldSpec:
    kind = ValueType(entry.get("type", "text"))
    scale, digits = _SCALES.get(kind, (0, 0))
    prefixes = dict(entry.get("prefixes", {}))
    return FieldSpec(
        name=entry["name"],
        type=kind,
        headers=tuple(entry.get("headers", ())),
        required=bool(entry.get("required", False)),
        scale=int(entry.get("scale", scale)),
        digits=int(entry.get("digits", digits)),
        term=entry.get("term"),
        product_of=tuple(entry.get("product_of", ())),
        text_of=entry.get("text_of"),
        prefixes=tuple(sorted(prefixes.items(), key=lambda item: (-len(item[0]), item[0]))),
        prefix_of=entry.get("prefix_of"),
        days_since=entry.get("days_since"),
        lookup=entry.get("lookup"),
        fallback=tuple(entry.get("fallback", ())),
        time_field=entry.get("time_field"),
        marks=tuple((str(o), str(v), str(m)) for o, v, m in entry.get("marks", ())),
        currency=entry.get("currency", ""),
    )


def _rule_of(entry: Mapping[str, Any]) -> Rule:
    return Rule(
        name=entry["name"],
        reason=entry["reason"],
        all=tuple(condition_of(c) for c in entry["all"]),
        severity=Severity(entry.get("severity", "warning")).value,
        anomaly=AnomalyType(entry.get("anomaly", "other")).value,
        when=dict(entry.get("when", {})),
        enabled=bool(entry.get("enabled", True)),
        into=entry.get("into"),
    )


def condition_of(entry: Mapping[str, Any]) -> Condition:
    """Return the condition that a plain object declares."""
    values = tuple(str(value) for value in entry.get("values", ()))
    return Condition(entry["field"], Operator(entry["is"]), values)


def _duplicate_rule_of(entry: Mapping[str, Any]) -> DuplicateRule:
    return DuplicateRule(
        key=tuple(entry["key"]),
        action=DuplicateAction(entry.get("action", "flag")),
        blanked=tuple(entry.get("blanked", ())),
        option=entry.get("option"),
        enabled=bool(entry.get("enabled", True)),
    )


def _scan_of(entry: Mapping[str, Any]) -> Scan:
    return Scan(
        entry["kind"], entry["field"], tuple(entry["group"]), entry.get("date"), entry.get("other")
    )


def _aggregate_of(entry: Mapping[str, Any]) -> NamedAggregate:
    figures, keys = tuple(entry["figures"]), tuple(entry.get("group_by", ()))
    return NamedAggregate(entry["name"], entry.get("title", entry["name"]), figures, keys)


def _option_of(entry: Mapping[str, Any]) -> Option:
    return Option(
        entry["name"],
        entry["title"],
        tuple(entry.get("choices", ())),
        entry.get("default", ""),
        entry.get("year_of"),
    )


def _problems(made: DocumentType) -> Iterator[str]:
    """Yield what a declaration refers to that is not there, or cannot be meant."""
    names = {spec.name for spec in made.fields}
    options = {option.name: option for option in made.options}
    if len(names) < len(made.fields):
        yield "two fields have one name"
    for rule in made.rules:
        unknown = {c.field for c in rule.all} - names
        unknown |= (set(rule.when) | parameters_of(rule)) - set(options) - {TODAY}
        if unknown:
            yield f"rule {rule.name} names unknown {sorted(unknown)}"
        yield from _condition_problems(made, rule)
    yield from _field_problems(made, names)
    yield from _aggregate_problems(made)
    for option in made.options:
        if option.choices and option.default not in option.choices:
            yield f"the default of {option.name} is none of its choices"


def _field_problems(made: DocumentType, names: set[str]) -> Iterator[str]:
    for spec in made.fields:
        others = {*spec.product_of, *spec.fallback, spec.text_of, spec.prefix_of}
        others |= {spec.time_field, spec.days_since}
        if others - {None} - names:
            yield f"{spec.name} is made of unknown fields"
    if set(made.unique_fields) - {spec.name for spec in made.read_fields}:
        yield "the unique fields are not all fields that are read"
    if made.duplicates and (set(made.duplicates.key) | set(made.duplicates.blanked)) - names:
        yield "the duplicate rule names unknown fields"
    for scan in made.scans:
        if {scan.field, *scan.group, scan.date, scan.other} - {None} - names:
            yield f"the scan {scan.kind} names unknown fields"


def _aggregate_problems(made: DocumentType) -> Iterator[str]:
    codes = {made.currency, *(spec.currency for spec in made.fields)} - {""}
    for code in sorted(codes):
        if not (len(code) == 3 and code.isascii() and code.isupper()):
            yield f"{code} is no currency code of ISO 4217"
    if len({named.name for named in made.aggregates}) < len(made.aggregates):
        yield "two aggregates have one name"
    for named in made.aggregates:
        try:
            parse_request(made, named.figures, named.group_by)
        except ArgumentError as error:
            yield f"the aggregate {named.name} cannot be computed: {str(error).rstrip('.')}"


def _condition_problems(made: DocumentType, rule: Rule) -> Iterator[str]:
    for condition in rule.all:
        kind = made.field(condition.field).type
        needs_number = condition.operator in {Operator.BELOW, Operator.ABOVE}
        needs_date = condition.operator.value.startswith(("year_", "date_"))
        if needs_number and kind not in NUMERIC:
            yield f"rule {rule.name} compares {condition.field}, which is no number"
        if needs_date and kind not in TEMPORAL:
            yield f"rule {rule.name} takes {condition.field} for a date"
        if condition.operator in TEXTUAL and kind in NUMERIC:
            yield f"rule {rule.name} compares the number {condition.field} as a text"
        valueless = condition.operator in {Operator.EMPTY, Operator.NOT_EMPTY}
        if not valueless and not condition.values:
            yield f"rule {rule.name} compares {condition.field} with nothing"
