"""Objectives: what an organisation is to earn or collect in a year or month, read from a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from invoice_desk.core.amounts import decimal_mark_of, read_amount
from invoice_desk.core.date_words import month_of
from invoice_desk.core.kpis import WHOLE_YEAR, Period
from invoice_desk.core.lookups import looked_up
from invoice_desk.core.text import folded, with_plain_digits


class ObjectiveKind(StrEnum):
    """What is to be reached."""

    REVENUE = "revenue"
    COLLECTION = "collection"


@dataclass(frozen=True, slots=True)
class Objective:
    """An amount that an organisation is to reach in a period."""

    kind: ObjectiveKind
    organization: str
    period: Period
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no objective, and why; `row` counts from 1 as the file does."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class ObjectiveTable:
    """The objectives of a table, and the lines that are none."""

    objectives: tuple[Objective, ...] = ()
    bad_lines: tuple[BadLine, ...] = ()


class MissingColumnError(ValueError):
    """A table lacks a column without which it holds no objectives; the message names it."""


_HEADINGS = {
    "organization": "dot do direction organisation organization org structure unite region orgname "
    "directionoperationnelle directionterritoriale",
    "year": "annee year exercice an fiscalyear anneefiscale",
    "month": "mois month periode period",
    "kind": "type kind nature typeobjectif objectivetype typedobjectif",
    "currency": "devise currency monnaie",
    "amount": "objectif objective target montant amount cible objectifs objectives targets valeur "
    "montantobjectif objectifmontant targetamount montantcible objectifannuel objectifmensuel",
}
_FIELDS = {word: field for field, words in _HEADINGS.items() for word in words.split()}
_KINDS = {
    ObjectiveKind.REVENUE: "ca chiffreaffaires chiffredaffaires chiffreaffaire chiffredaffaire "
    "revenue revenu revenus ventes sales turnover",
    ObjectiveKind.COLLECTION: "encaissement encaissements collection collections recouvrement "
    "collected cash",
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_AMOUNT_WORDS = ("objectif", "objective", "target", "cible", "montant", "de", "dzd", "da")
_YEAR = re.compile(r"(?:19|20)\d{2}")
_CURRENCIES = {"da": "DZD", "dinar": "DZD", "dinars": "DZD", "€": "EUR", "euro": "EUR"}


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things stand; an amount may belong to a kind that its heading names."""

    places: Mapping[str, int]
    amounts: tuple[tuple[int, ObjectiveKind | None], ...]


def read_objectives(
    headings: Sequence[str],
    rows: Sequence[tuple[int, Sequence[str]]],
    *,
    spellings: Mapping[str, str],
    currency: str,
    kind: ObjectiveKind = ObjectiveKind.REVENUE,
) -> ObjectiveTable:
    """Return the objectives that a table holds; what is doubtful is told and not taken.

    Args:
        headings: Of the columns, French or English.
        rows: Number from 1, and cells, of each row.
        spellings: Folded spelling → canonical name of the organisations.
        currency: Of amounts that name none.
        kind: Of amounts that neither a column nor their heading tells.

    Raises:
        MissingColumnError: If there is no organisation, year or amount.
    """
    columns = _columns(headings)
    texts = [cells[p].strip() for p, _ in columns.amounts for _, cells in rows if p < len(cells)]
    mark = decimal_mark_of(texts)
    found: list[tuple[int, Objective]] = []
    bad: list[BadLine] = []
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        line = _Line(cells, columns.places)
        try:
            found += [
                (number, objective)
                for objective in _objectives_of(
                    line,
                    columns,
                    mark=mark,
                    spellings=spellings,
                    currency=currency,
                    kind=kind,
                )
            ]
        except ValueError as error:
            bad.append(BadLine(number, str(error)))
    kept, repeated = _without_conflicts(found)
    bad_lines = sorted([*bad, *repeated], key=lambda line: line.row)
    return ObjectiveTable(tuple(kept), tuple(bad_lines))


@dataclass(frozen=True, slots=True)
class _Line:
    cells: Sequence[str]
    places: Mapping[str, int]

    def text(self, field: str) -> str:
        """Return the cell of a field, trimmed; empty where there is none."""
        place = self.places.get(field)
        return "" if place is None else self.at(place)

    def at(self, place: int) -> str:
        """Return a cell, trimmed."""
        return self.cells[place].strip() if place < len(self.cells) else ""


def _columns(headings: Sequence[str]) -> _Columns:
    places: dict[str, int] = {}
    amounts: list[tuple[int, ObjectiveKind | None]] = []
    for place, heading in enumerate(headings):
        word = folded(heading)
        field = _FIELDS.get(word)
        if field == "amount":
            amounts.append((place, None))
        elif field is not None:
            places.setdefault(field, place)
        elif (named := _kind_in(heading)) is not None:
            amounts.append((place, named))
    lacking = [name for name in ("organization", "year") if name not in places]
    lacking += [] if amounts else ["amount"]
    if lacking:
        wanted = {"organization": "DOT (organisation)", "year": "année", "amount": "objectif"}
        told = ", ".join(wanted[name] for name in lacking)
        raise MissingColumnError(f"There is no column {told}.")
    return _Columns(places, tuple(amounts))


def _kind_in(heading: str) -> ObjectiveKind | None:
    """Return the kind that the heading of an amount names, as in `Objectif CA`."""
    words = [folded(word) for word in re.split(r"[\s_/()’'-]+", heading)]
    rest = "".join(word for word in words if word not in _AMOUNT_WORDS)
    return _KIND_OF.get(rest)


def _objectives_of(
    line: _Line,
    columns: _Columns,
    *,
    mark: str | None,
    spellings: Mapping[str, str],
    currency: str,
    kind: ObjectiveKind,
) -> list[Objective]:
    """Return the objectives of a line.

    Raises:
        ValueError: With the reason why it is none.
    """
    organization = _organization(line.text("organization"), spellings)
    period = Period(_year(line.text("year")), _month(line.text("month")))
    told = _kind(line.text("kind"))
    code = _currency(line.text("currency")) or currency
    found = []
    for place, named in columns.amounts:
        text = line.at(place)
        if not text and len(columns.amounts) > 1:
            continue
        if told is not None and named is not None and told is not named:
            raise ValueError(f"The line is of {told}, its amount of {named}.")
        amount = _amount(text, mark)
        found.append(Objective(named or told or kind, organization, period, amount, code))
    if not found:
        raise ValueError("The line has no amount.")
    return found


def _organization(text: str, spellings: Mapping[str, str]) -> str:
    if not text:
        raise ValueError("The line names no organisation.")
    name = looked_up(text, spellings)
    if name is None:
        raise ValueError(f"“{text}” is in no list of organisations.")
    return name


def _year(text: str) -> int:
    plain = with_plain_digits(text)
    if not _YEAR.fullmatch(plain):
        raise ValueError(f"“{text}” is no year of four digits.")
    return int(plain)


def _month(text: str) -> int:
    if not text:
        return WHOLE_YEAR
    plain = with_plain_digits(text)
    if plain.isdigit() and 1 <= int(plain) <= 12:
        return int(plain)
    named = None if plain.isdigit() else month_of(text)
    if named is None:
        raise ValueError(f"“{text}” is no month.")
    return named


def _kind(text: str) -> ObjectiveKind | None:
    if not text:
        return None
    kind = _KIND_OF.get(folded(text)) or _kind_in(text)
    if kind is None:
        raise ValueError(f"“{text}” is neither revenue (chiffre d’affaires) nor collection.")
    return kind


def _currency(text: str) -> str:
    known = _CURRENCIES.get(text.casefold())
    if known is not None or not text:
        return known or ""
    if not re.fullmatch(r"[A-Za-z]{3}", text):
        raise ValueError(f"“{text}” is no currency code.")
    return text.upper()


def _amount(text: str, mark: str | None) -> Decimal:
    if not text:
        raise ValueError("The line has no amount.")
    read = read_amount(text, decimal_mark=mark)
    if read.ambiguous:
        raise ValueError(f"“{text}” has two readings; write the amount without grouping digits.")
    if read.value is None:
        raise ValueError(f"“{text}” is no amount.")
    if read.value < 0:
        raise ValueError(f"An objective cannot be below zero: “{text}”.")
    return read.value


def _without_conflicts(
    found: Sequence[tuple[int, Objective]],
) -> tuple[list[Objective], list[BadLine]]:
    """Return each objective once, and the lines that set one twice with different amounts."""
    lines: dict[tuple[object, ...], list[tuple[int, Objective]]] = {}
    for number, objective in found:
        lines.setdefault(_subject(objective), []).append((number, objective))
    kept, bad = [], []
    for group in lines.values():
        if len({objective.amount for _, objective in group}) == 1:
            kept.append(group[0][1])
            continue
        numbers = [number for number, _ in group]
        for number in numbers:
            others = ", ".join(str(n) for n in numbers if n != number)
            bad.append(BadLine(number, f"Row {others} sets another amount for the same."))
    return kept, bad


def _subject(objective: Objective) -> tuple[object, ...]:
    return objective.kind, objective.organization, objective.period, objective.currency
