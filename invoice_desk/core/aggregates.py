"""What a report asks for: figures such as `sum:total_amount`, grouped by fields, per currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from invoice_desk.core.document_types import NUMERIC, TEMPORAL, DocumentType, FieldSpec, ValueType
from invoice_desk.errors import ArgumentError


class Function(StrEnum):
    """What is made of the values of a group."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "avg"
    MINIMUM = "min"
    MAXIMUM = "max"


_OTHER_NAMES = {"average": "avg", "mean": "avg", "minimum": "min", "maximum": "max", "total": "sum"}
#: Where the rules of a type put a row; it can be grouped by like a field.
BUCKET = "bucket"
#: The field that says in which currency a row is, in types that have one.
CURRENCY = "currency"
#: What is said where nothing names the currency.
UNKNOWN_CURRENCY = "unknown"
#: The amounts of a figure are in the currency of their group.
BY_ROW = "by row"
#: ISO 4217's code for what is no money, such as a rate of tax.
NO_CURRENCY = "XXX"
#: How many letters of an ISO 8601 text a part of a date takes.
DATE_PARTS = {"year": 4, "month": 7, "day": 10}


@dataclass(frozen=True, slots=True)
class Figure:
    """A function over a field; counting without a field counts rows."""

    function: Function
    field: str | None = None

    @property
    def name(self) -> str:
        """Return the text that `parse_figure` reads."""
        return self.function.value if self.field is None else f"{self.function}:{self.field}"

    @property
    def is_exact_sum(self) -> bool:
        """Return whether the values of groups add up to the value of all rows."""
        return self.function in {Function.COUNT, Function.SUM}


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A field that rows are grouped by, or the year, month or day of a date."""

    field: str
    part: str | None = None

    @property
    def name(self) -> str:
        """Return the text that `parse_key` reads."""
        return self.field if self.part is None else f"{self.field}.{self.part}"


@dataclass(frozen=True, slots=True)
class AggregateRequest:
    """What is to be computed over the cleaned rows of a document type.

    Attributes:
        document_type: Whose rows.
        figures: What of them; at least one.
        group_by: Rows that agree in these are one group; none: all rows are one.
        name: Of the named aggregate that this is.
    """

    document_type: str
    figures: tuple[Figure, ...]
    group_by: tuple[GroupKey, ...] = ()
    name: str = ""

    @property
    def title(self) -> str:
        """Return the name, or what is asked for in words that can be typed again."""
        told = ", ".join(figure.name for figure in self.figures)
        keys = ", ".join(key.name for key in self.group_by)
        return self.name or (f"{told} by {keys}" if keys else told)

    def as_dict(self) -> dict[str, object]:
        """Return the request as JSON values; `request_of` reads them."""
        return {
            "document_type": self.document_type,
            "figures": [figure.name for figure in self.figures],
            "group_by": [key.name for key in self.group_by],
            "name": self.name,
        }


def parse_request(
    made: DocumentType, figures: Iterable[str], group_by: Iterable[str] = (), *, name: str = ""
) -> AggregateRequest:
    """Return the request that these texts mean for a type.

    Raises:
        ArgumentError: If a text is no figure, or the type has no such field.
    """
    keys = tuple(dict.fromkeys(parse_key(made, text) for text in group_by))
    wanted = tuple(dict.fromkeys(parse_figure(made, text) for text in figures))
    if not wanted:
        raise ArgumentError("Name a figure, such as count or sum:total_amount.")
    return AggregateRequest(made.name, wanted, keys, name)


def parse_figure(made: DocumentType, text: str) -> Figure:
    """Return the figure that a text such as `sum:total_amount` means for a type.

    Raises:
        ArgumentError: If it means none.
    """
    word, _, field = text.strip().partition(":")
    word = _OTHER_NAMES.get(word.strip().casefold(), word.strip().casefold())
    if word not in {function.value for function in Function}:
        known = ", ".join(function.value for function in Function)
        raise ArgumentError(f"“{text}” is no figure. Write one of {known}, as in sum:total_amount.")
    function = Function(word)
    if not field.strip():
        if function is Function.COUNT:
            return Figure(function)
        raise ArgumentError(f"Say of which field, as in {function}:{_some_amount(made)}.")
    spec = _field(made, field.strip())
    if function in {Function.SUM, Function.AVERAGE} and spec.type not in NUMERIC:
        raise ArgumentError(f"{spec.name} of {made.title} is no number, so it has no {function}.")
    return Figure(function, spec.name)


def parse_key(made: DocumentType, text: str) -> GroupKey:
    """Return what a text such as `country` or `issue_date.month` groups rows of a type by.

    Raises:
        ArgumentError: If the type has no such field, or it is no date.
    """
    field, _, part = text.strip().partition(".")
    if field == BUCKET and not part:
        if not made.buckets:
            raise ArgumentError(f"{made.title} has no rules that put rows into buckets.")
        return GroupKey(BUCKET)
    spec = _field(made, field)
    if not part:
        return GroupKey(spec.name)
    if part not in DATE_PARTS or spec.type not in TEMPORAL:
        parts = ", ".join(DATE_PARTS)
        raise ArgumentError(f"“{text}” cannot be grouped by: only dates have parts ({parts}).")
    return GroupKey(spec.name, part)


def _field(made: DocumentType, name: str) -> FieldSpec:
    try:
        return made.field(name)
    except KeyError:
        known = ", ".join(spec.name for spec in made.fields)
        raise ArgumentError(f"{made.title} has no field {name}. It has: {known}.") from None


def _some_amount(made: DocumentType) -> str:
    names = [spec.name for spec in made.fields if spec.type is ValueType.AMOUNT]
    return names[0] if names else "total_amount"


def has_currency_field(made: DocumentType) -> bool:
    """Return whether the rows of a type say in which currency they are."""
    return any(spec.name == CURRENCY for spec in made.fields)


def is_money(spec: FieldSpec) -> bool:
    """Return whether the values of a field are amounts of money."""
    return spec.type is ValueType.AMOUNT and spec.currency != NO_CURRENCY


def currency_of(made: DocumentType, figure: Figure) -> str:
    """Return the currency of a figure: a code, `BY_ROW`, unknown, or nothing for no money.

    A field may have a currency of its own, whatever the row is in: the debit of a ledger is in
    the currency of the books.
    """
    if figure.field is None or figure.function is Function.COUNT:
        return ""
    spec = made.field(figure.field)
    if not is_money(spec):
        return ""
    if spec.currency:
        return spec.currency
    return BY_ROW if has_currency_field(made) else made.currency or UNKNOWN_CURRENCY


def keys_with_currency(made: DocumentType, request: AggregateRequest) -> tuple[GroupKey, ...]:
    """Return what to group by, so that amounts of two currencies are never added up."""
    per_row = any(currency_of(made, figure) == BY_ROW for figure in request.figures)
    currency = GroupKey(CURRENCY)
    if not per_row or currency in request.group_by:
        return request.group_by
    return (*request.group_by, currency)


def request_of(made: DocumentType, stored: Mapping[str, object]) -> AggregateRequest:
    """Return the request that `as_dict` gave.

    Raises:
        ArgumentError: If the type has lost a field since.
    """
    figures, keys = stored["figures"], stored["group_by"]
    assert isinstance(figures, Sequence)
    assert isinstance(keys, Sequence)
    return parse_request(made, figures, keys, name=str(stored.get("name", "")))
