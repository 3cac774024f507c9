"""Document types as data: what a table of one kind holds and by which rules it is cleaned.

A type is declared in `resources/document_types/<name>.toml`, or copied and changed by a person;
`core.declarations` turns a declaration into these values and back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum


class ValueType(StrEnum):
    """How the text of a field becomes a value."""

    TEXT = "text"
    CODE = "code"  # text whose zeros and case are kept
    AMOUNT = "amount"
    QUANTITY = "quantity"
    DATE = "date"
    DATETIME = "datetime"
    INSTANT = "instant"  # a local date and time, kept as UTC
    DURATION = "duration"  # whole seconds
    PHONE = "phone"  # E.164


NUMERIC = frozenset({ValueType.AMOUNT, ValueType.QUANTITY, ValueType.DURATION})
TEMPORAL = frozenset({ValueType.DATE, ValueType.DATETIME, ValueType.INSTANT})


class Operator(StrEnum):
    """How a condition compares a field; texts are compared without case and accents."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    CONTAINS_NOT = "contains_not"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    MATCHES_NOT = "matches_not"  # a regular expression over the whole text
    EMPTY = "empty"
    NOT_EMPTY = "not_empty"
    BELOW = "below"
    ABOVE = "above"
    YEAR_IS_NOT = "year_is_not"
    YEAR_BELOW = "year_below"
    YEAR_ABOVE = "year_above"
    DATE_AFTER = "date_after"
    #: The last year that a text names lies before the given one.
    NAMES_YEAR_BELOW = "names_year_below"


TEXTUAL = frozenset(
    {
        *(Operator.IS, Operator.IS_NOT, Operator.CONTAINS, Operator.CONTAINS_NOT),
        *(Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.MATCHES_NOT),
    }
)


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
    #: A copy of the text of this field, as it stood.
    text_of: str | None = None
    #: What the longest of these prefixes stands for with which the text of `prefix_of` begins.
    prefix_of: str | None = None
    prefixes: tuple[tuple[str, str], ...] = ()
    #: Days from the date in this field to the day of the pass.
    days_since: str | None = None
    #: The list of names (`resources/reference`) that its texts are looked up in.
    lookup: str | None = None
    #: Fields whose texts are looked up while this one is empty or unknown, in order.
    fallback: tuple[str, ...] = ()
    #: The field that holds the time of day when this one holds only the date.
    time_field: str | None = None
    #: Decimal mark of the column, when an option of the type settles it: option → value → mark.
    marks: tuple[tuple[str, str, str], ...] = ()
    #: ISO 4217, of an amount that is always in this currency, whatever the row is in; XXX for
    #: what is no money, such as a rate.
    currency: str = ""

    @property
    def is_computed(self) -> bool:
        """Return whether the field is made from others instead of read from a column."""
        return bool(self.product_of or self.text_of or self.prefix_of or self.days_since)


@dataclass(frozen=True, slots=True)
class Condition:
    """A test of one field; a value such as `{exercice}` is an option of the type."""

    field: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """All conditions together.

    A filter leaves the row out, a bucket names where it belongs, a check makes a finding.
    """

    name: str
    reason: str
    all: tuple[Condition, ...]
    severity: str = "warning"
    #: The kind of anomaly that a check finds, one of `core.findings.AnomalyType`.
    anomaly: str = "other"
    #: The rule holds only while these options have these values.
    when: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True
    #: The bucket of a bucket rule; its name if there is none.
    into: str | None = None


class DuplicateAction(StrEnum):
    """What becomes of the second and later rows with one key."""

    FLAG = "flag"  # a finding
    LEAVE_OUT = "leave_out"  # filtered out, with the reason
    #: Payments in parts: the amounts of the invoice stand once, each payment stays.
    KEEP_PARTS = "keep_parts"


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """When two rows of a table are the same thing, and what is done then.

    Attributes:
        key: Fields that agree; rows whose key is empty are no duplicates.  No fields: all cells.
        action: What becomes of the later rows.
        blanked: Fields that are emptied in later rows, for `KEEP_PARTS`.
        option: Option whose value names the action instead.
    """

    key: tuple[str, ...]
    action: DuplicateAction = DuplicateAction.FLAG
    blanked: tuple[str, ...] = ()
    option: str | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Option:
    """A reading to choose between: its name, the choices and the default.

    An option without choices is a year; `year_of` names the date field whose most frequent year
    is taken while nobody has chosen.
    """

    name: str
    title: str
    choices: tuple[str, ...] = ()
    default: str = ""
    year_of: str | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """What tells a type: parts of file names, and headings that must all be there."""

    file_names: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """An anomaly scan over all rows of a type.

    Attributes:
        kind: `outlier`, `drop`, `balance`, `conflict` or `code`; `core.scans` says what each does.
        field: What is looked at, an amount but for `conflict`.
        group: Rows are compared within these fields.
        date: Gives the month, for `drop`.
        other: The second amount of a `balance`.
    """

    kind: str
    field: str
    group: tuple[str, ...]
    date: str | None = None
    other: str | None = None


@dataclass(frozen=True, slots=True)
class NamedAggregate:
    """A report that a type offers by name.

    Attributes:
        figures: Such as `sum:total_amount`; `core.aggregates` reads them.
        group_by: Fields, or parts of dates such as `issue_date.month`.
    """

    name: str
    title: str
    figures: tuple[str, ...]
    group_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of files that come without headings, in their order."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A kind of table or document, and its rules."""

    name: str
    version: int
    title: str
    fields: tuple[FieldSpec, ...]
    detection: Detection = Detection()
    filters: tuple[Rule, ...] = ()
    buckets: tuple[Rule, ...] = ()
    checks: tuple[Rule, ...] = ()
    duplicates: DuplicateRule | None = None
    options: tuple[Option, ...] = ()
    scans: tuple[Scan, ...] = ()
    layouts: tuple[Layout, ...] = ()
    aggregates: tuple[NamedAggregate, ...] = ()
    #: ISO 4217, of amounts where neither row nor field says a currency; empty: not known.
    currency: str = ""
    date_order: str = "dmy"
    #: The time zone of `instant` fields, an IANA name.
    time_zone: str = "UTC"
    #: The country of phone numbers that name none, ISO 3166.
    region: str = "DZ"
    #: The type this one was copied from.
    based_on: str | None = None
    #: The fields that tell one row from another when rows are written in bulk.
    unique_fields: tuple[str, ...] = ()

    def field(self, name: str) -> FieldSpec:
        """Return the field called `name`; KeyError when there is none."""
        for spec in self.fields:
            if spec.name == name:
                return spec
        raise KeyError(name)

    @property
    def read_fields(self) -> tuple[FieldSpec, ...]:
        """Return the fields that stand in the source, not those that are computed."""
        return tuple(spec for spec in self.fields if not spec.is_computed)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return all rules that have a name and a reason."""
        return (*self.filters, *self.buckets, *self.checks)

    def chosen(self, options: Mapping[str, str]) -> dict[str, str]:
        """Return the value of every option; what is not named has its default.

        So has what this type does not offer: types share names of options, not all choices.
        `today` is no option, but a parameter that every rule may use.
        """
        chosen = {TODAY: options.get(TODAY, "")}
        for option in self.options:
            value = options.get(option.name, option.default)
            offered = not option.choices or value in option.choices
            chosen[option.name] = value if offered else option.default
        return chosen

    def active(self, rules: Sequence[Rule], options: Mapping[str, str]) -> tuple[Rule, ...]:
        """Return those of `rules` that hold with `options`, their parameters filled in.

        A rule with a parameter that nobody has set does not hold.
        """
        chosen = self.chosen(options)
        found = []
        for rule in rules:
            if rule.enabled and all(chosen.get(k) == v for k, v in rule.when.items()):
                filled = _filled(rule, chosen)
                if filled is not None:
                    found.append(filled)
        return tuple(found)


#: The parameter that stands for the day of the pass.
TODAY = "today"
_PARAMETER = re.compile(r"\{(\w+)\}")


def parameters_of(rule: Rule) -> set[str]:
    """Return the options that the values of a rule name."""
    return {name for c in rule.all for v in c.values for name in _PARAMETER.findall(v)}


def _filled(rule: Rule, chosen: Mapping[str, str]) -> Rule | None:
    wanted = parameters_of(rule)
    if not wanted:
        return rule
    if any(not chosen.get(name) for name in wanted):
        return None
    conditions = tuple(
        Condition(
            c.field,
            c.operator,
            tuple(_PARAMETER.sub(lambda m: chosen[m[1]], v) for v in c.values),
        )
        for c in rule.all
    )
    return replace(rule, all=conditions)
