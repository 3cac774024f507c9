"""Document types: the program's own, and those that a person copied or changed."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from invoice_desk.core.declarations import declaration_of, document_type_of
from invoice_desk.core.document_types import DocumentType, Option
from invoice_desk.core.lookups import ReferenceEntry, alias_map
from invoice_desk.db.audit import audit
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.passes import list_passes
from invoice_desk.db.reference import (
    add_declaration,
    delete_declarations,
    list_reference,
    replace_reference,
)
from invoice_desk.db.tables import list_tables
from invoice_desk.errors import ArgumentError, TemplateError
from invoice_desk.paths import resource
from invoice_desk.services.desk import Desk, load_types

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def copy_type(desk: Desk, name: str, *, new_name: str, title: str) -> DocumentType:
    """Copy a document type under a new name, to be changed.

    Raises:
        ArgumentError: If there is no such type, or the new name is taken or not a plain word.
    """
    made = known_type(desk, name)
    if not _NAME.fullmatch(new_name):
        raise ArgumentError(
            f"“{new_name}” cannot be the name of a type. Use small letters, digits and _."
        )
    if new_name in desk.types:
        raise ArgumentError(f"There is a document type {new_name} already.")
    return _keep(desk, replace(made, name=new_name, title=title, version=1, based_on=name), "copy")


def change_type(desk: Desk, changed: DocumentType) -> DocumentType:
    """Keep a changed document type as its next version; earlier passes keep theirs.

    Raises:
        ArgumentError: If there is no such type.
        TemplateError: If its rules do not fit its fields.
    """
    known = known_type(desk, changed.name)
    if {spec.name for spec in known.fields} - {spec.name for spec in changed.fields}:
        raise TemplateError(f"{changed.title} may not lose a field: rows are stored with it.")
    return _keep(desk, replace(changed, version=known.version + 1), "change")


def reset_type(desk: Desk, name: str) -> None:
    """Bring the program's own version of a type back, or remove a copied one.

    Raises:
        ArgumentError: If tables or passes still use a copied type.
    """
    made = known_type(desk, name)
    own = load_types()
    with reading(desk.engine) as connection:
        used = any(t.document_type == name for t in list_tables(connection))
        used = used or any(p.document_type == name for p in list_passes(connection))
    if made.name not in own and used:
        raise ArgumentError(f"{made.title} is in use; give its tables another type first.")
    with writing(desk.engine) as connection:
        delete_declarations(connection, name)
        audit(
            connection,
            actor=desk.person,
            action="type:reset",
            subject=name,
            now=desk.now(),
            detail={},
        )
    if name in own:
        desk.types[name] = own[name]
    else:
        del desk.types[name]


def known_type(desk: Desk, name: str) -> DocumentType:
    """Return a document type.

    Raises:
        ArgumentError: If there is none of that name.
    """
    if name not in desk.types:
        known = ", ".join(sorted(desk.types))
        raise ArgumentError(f"There is no document type {name}. Known are: {known}.")
    return desk.types[name]


def _keep(desk: Desk, made: DocumentType, action: str) -> DocumentType:
    declaration = declaration_of(made)
    checked = document_type_of(declaration)
    with writing(desk.engine) as connection:
        add_declaration(connection, declaration, now=desk.now())
        audit(
            connection,
            actor=desk.person,
            action=f"type:{action}",
            subject=made.name,
            now=desk.now(),
            detail={"version": made.version, "based_on": made.based_on},
        )
    desk.types[made.name] = checked
    return checked


def check_options(desk: Desk, options: Mapping[str, str]) -> None:
    """Refuse options that no type has, and choices that an option does not offer.

    Raises:
        ArgumentError: Naming what there is instead.
    """
    known: dict[str, list[Option]] = {}
    for made in list(desk.types.values()):
        for option in made.options:
            known.setdefault(option.name, []).append(option)
    for name, value in options.items():
        if name not in known:
            raise ArgumentError(
                f"There is no option {name}. Known are: {', '.join(sorted(known))}."
            )
        choices = {choice for option in known[name] for choice in option.choices}
        if choices and value not in choices:
            offered = " or ".join(f"“{choice}”" for choice in sorted(choices))
            raise ArgumentError(f"{name} cannot be “{value}”; choose {offered}.")
        if not choices and not re.fullmatch(r"(19|20)\d{2}", value):
            raise ArgumentError(f"{name} is a year such as 2024, not “{value}”.")


def reference_list(desk: Desk, name: str) -> list[ReferenceEntry]:
    """Return the entries of a list of names, as a person changed it or as it came.

    Raises:
        ArgumentError: If there is no such list.
    """
    lists = _lists(desk)
    if name not in lists:
        raise ArgumentError(f"There is no list {name}. Known are: {', '.join(sorted(lists))}.")
    return lists[name]


def change_reference(desk: Desk, name: str, entries: Sequence[ReferenceEntry]) -> None:
    """Keep a changed list of names; an empty one brings the program's own back.

    Raises:
        ArgumentError: If two entries have one name, or one has none.
    """
    names = [entry.name.strip() for entry in entries]
    if "" in names or len(set(names)) < len(names):
        raise ArgumentError("Every entry needs a name, and each name may stand once.")
    with writing(desk.engine) as connection:
        replace_reference(connection, name, entries)
        audit(
            connection,
            actor=desk.person,
            action="list:change",
            subject=name,
            now=desk.now(),
            detail={"entries": len(entries)},
        )


def spellings(desk: Desk, made: DocumentType) -> dict[str, dict[str, str]]:
    """Return list → folded spelling → name, for the lists that a type looks names up in."""
    wanted = {spec.lookup for spec in made.fields if spec.lookup}
    lists = _lists(desk) if wanted else {}
    return {name: _spellings(lists, name) for name in sorted(wanted)}


def names_of_list(desk: Desk, name: str) -> dict[str, str]:
    """Return folded spelling → name of one list."""
    return _spellings(_lists(desk), name)


def _spellings(lists: Mapping[str, Sequence[ReferenceEntry]], name: str) -> dict[str, str]:
    found = alias_map(lists.get(name, ()))
    if name == "dot":  # an agency stands for its direction, where that list does not say otherwise
        found = alias_map(lists.get("actel", ())) | found
    return found


def _lists(desk: Desk) -> dict[str, list[ReferenceEntry]]:
    with reading(desk.engine) as connection:
        changed = list_reference(connection)
    return load_reference() | changed


def load_reference(folder: Path | None = None) -> dict[str, list[ReferenceEntry]]:
    """Return list → entries of the lists that come with the program."""
    lists: dict[str, list[ReferenceEntry]] = {}
    for path in sorted((folder or resource("reference")).glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            lists[path.stem] = [
                ReferenceEntry(
                    row["name"], row["code"], tuple(a for a in row["aliases"].split("|") if a)
                )
                for row in csv.DictReader(file)
            ]
    return lists
