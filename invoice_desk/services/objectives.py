"""Objectives from a file of any kind that holds tables: CSV or a spreadsheet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from invoice_desk.core.objectives import (
    BadLine,
    MissingColumnError,
    Objective,
    ObjectiveTable,
    read_objectives,
)
from invoice_desk.core.source import SPREADSHEETS, Kind, detect_kind, has_members
from invoice_desk.db.audit import audit
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.objectives import list_objectives, put_objectives
from invoice_desk.errors import (
    ArgumentError,
    EmptySourceError,
    MissingSourceError,
    UnreadableSourceError,
    UnsupportedKindError,
)
from invoice_desk.readers.archive import member_names
from invoice_desk.readers.base import ReadTable
from invoice_desk.services.desk import Desk
from invoice_desk.services.types import names_of_list

#: The list of names that objectives are looked up in, and the currency of those that name none.
NAMES, CURRENCY = "dot", "DZD"
_HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
class ObjectiveImport:
    """What came of a file: seen = created + updated + unchanged, and lines that are bad.

    Attributes:
        bad_lines: Rows that were not taken, each with its reason.
    """

    name: str
    created: int
    updated: int
    unchanged: int
    bad_lines: tuple[BadLine, ...]


def objectives(desk: Desk) -> list[Objective]:
    """Return all objectives that were imported."""
    with reading(desk.engine) as connection:
        return list_objectives(connection)


def import_objectives(desk: Desk, path: Path) -> ObjectiveImport:
    """Take the objectives out of a file; those that are known already get the new amount.

    Raises:
        SourceError: If the file cannot be read.
        ArgumentError: If it holds no table with organisations, years and amounts.
    """
    found = _read(desk, path)
    with writing(desk.engine) as connection:
        done = put_objectives(connection, found.objectives)
        audit(
            connection,
            actor=desk.person,
            action="objectives:import",
            subject=path.name,
            now=desk.now(),
            detail={**done, "bad_lines": len(found.bad_lines)},
        )
    return ObjectiveImport(
        path.name, done["created"], done["updated"], done["unchanged"], found.bad_lines
    )


def _read(desk: Desk, path: Path) -> ObjectiveTable:
    known = names_of_list(desk, NAMES)
    parts: list[ObjectiveTable] = []
    lacking = ""
    for table in _tables(path):
        try:
            parts.append(
                read_objectives(
                    table.head.structure.columns,
                    list(_rows(table)),
                    spellings=known,
                    currency=CURRENCY,
                )
            )
        except MissingColumnError as error:
            lacking = lacking or str(error)
    if not parts:
        raise ArgumentError(f"{path.name} holds no objectives. {lacking}".rstrip())
    return ObjectiveTable(
        tuple(one for part in parts for one in part.objectives),
        tuple(line for part in parts for line in part.bad_lines),
    )


def _rows(table: ReadTable) -> Iterator[tuple[int, list[str]]]:
    numbers, cells = table.rows.numbers.to_pylist(), table.rows.cells.to_pylist()
    for number, line in zip(numbers, cells, strict=True):
        yield number + 1, json.loads(line)


def _tables(path: Path) -> list[ReadTable]:
    from invoice_desk.readers.delimited import read_tables
    from invoice_desk.readers.spreadsheet import read_spreadsheet

    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError as error:
        raise MissingSourceError(f"There is no file {path}.") from error
    except OSError as error:
        raise UnreadableSourceError(f"{path.name} cannot be read: {error.strerror}.") from error
    if not head:
        raise EmptySourceError(f"{path.name} is empty.")
    members = member_names(path) if has_members(head) else ()
    kind = detect_kind(path.name, head, members=members).kind
    if kind is Kind.CSV:
        return read_tables(path, name=path.name)
    if kind in SPREADSHEETS:
        return read_spreadsheet(path, name=path.name)
    raise UnsupportedKindError(f"{path.name} is neither CSV nor a spreadsheet.")
