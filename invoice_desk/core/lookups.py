"""Lists of names with their other spellings, such as the territorial directions (DOT)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from invoice_desk.core.text import by_distinct, folded


@dataclass(frozen=True, slots=True)
class ReferenceEntry:
    """A name of a list, its code, and how else it is written."""

    name: str
    code: str = ""
    aliases: tuple[str, ...] = ()


#: What may stand before a name without changing it: `DOT_X`, `Magasin DOT X`, `DR TÉLÉCOMS X`.
_PREFIXES = (
    *("directionoperationnelleterritoriale", "directionoperationnelle"),
    *("directionregionaletelecoms", "directionregionaledestelecoms", "drtelecoms"),
    *("magasindot", "actel", "dot", "do"),
)
#: `code|NAME`, as billing exports write an agency.
_CODED = re.compile(r"^\s*[^|]*\|\s*(.+)$")


def alias_map(entries: Iterable[ReferenceEntry]) -> dict[str, str]:
    """Return folded spelling → name, for names, codes and aliases; a name wins over an alias."""
    known = list(entries)
    spellings: dict[str, str] = {}
    for entry in known:
        for text in (entry.code, *entry.aliases):
            if folded(text):
                spellings.setdefault(folded(text), entry.name)
    return spellings | {folded(entry.name): entry.name for entry in known}


def looked_up(text: str | None, spellings: Mapping[str, str]) -> str | None:
    """Return the name that `text` spells, None when the list has none."""
    if text is None:
        return None
    coded = _CODED.match(text)
    key = folded(coded[1] if coded else text)
    found = spellings.get(key)
    for prefix in _PREFIXES if found is None else ():
        if key.startswith(prefix) and key.removeprefix(prefix) in spellings:
            return spellings[key.removeprefix(prefix)]
    return found


def look_up_column(texts: pa.Array, spellings: Mapping[str, str]) -> pa.Array:
    """Return the names that a column of texts spells; null where there is none."""
    return by_distinct(texts, lambda text: looked_up(text, spellings), pa.string())
