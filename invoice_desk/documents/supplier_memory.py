"""What a supplier's documents looked like before, held against a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from invoice_desk.core.known_invoices import name_key
from invoice_desk.core.number_patterns import number_pattern
from invoice_desk.documents.extraction.candidates import Candidate, codes_of
from invoice_desk.documents.extraction.layout import Layout, layout_of
from invoice_desk.documents.extraction.shapes import Found
from invoice_desk.documents.extraction.values import Values
from invoice_desk.documents.fields import DocumentReading, FieldValue
from invoice_desk.documents.page import Page

#: A value that is surer than this is not held against what was before.
_SURE = 0.95
#: How sure one may be of a name beside an id that it stood beside before, and of a number that is
#: written as those before.
_NAMED, _PATTERNED = 0.93, 0.85


@dataclass(frozen=True, slots=True)
class Memory:
    """What trusted documents of a supplier had, the most usual first.

    Attributes:
        names: As they stood on the pages, or as a person wrote them.
        number_patterns: Of invoice numbers, as `core.number_patterns` gives them.
        told_by: What the supplier is known by on this page, as `VAT id`.
        documents: By how many documents it is known.
    """

    names: tuple[str, ...]
    number_patterns: tuple[str, ...]
    told_by: str
    documents: int


def remembered(reading: DocumentReading, pages: Sequence[Page], memory: Memory) -> DocumentReading:
    """Return a reading with the supplier's name and number as its documents had them before.

    Only what stands on these pages is taken, and only in the place of what is not sure.
    """
    layout = layout_of(pages)
    values = Values({page.number: page.engine for page in pages})
    found: dict[str, FieldValue] = {}
    if memory.told_by:
        name = _known_name(reading.fields.get("supplier_name"), layout, values, memory)
        found |= {"supplier_name": name} if name else {}
    number = _known_number(reading.fields, layout, values, memory)
    found |= {"invoice_number": number} if number else {}
    changed = found.keys()
    if not changed:
        return reading
    doubts = tuple(each for each in reading.findings if each.field not in changed)
    return replace(reading, fields={**reading.fields, **found}, findings=doubts)


def _known_name(
    held: FieldValue | None, layout: Layout, values: Values, memory: Memory
) -> FieldValue | None:
    if held is not None and held.confidence >= _SURE:
        return None
    for name in memory.names:
        is_same = held is not None and name_key(held.value) == name_key(name)
        why = f"it stood beside this {memory.told_by} in {memory.documents} documents before"
        if held is not None and is_same:
            sure = max(held.confidence, _NAMED)
            return replace(held, value=name, confidence=sure, reason=why)
        for row in layout.rows:
            start = row.text.casefold().find(name.casefold())
            if start >= 0:
                stop = start + len(name)
                place = Found("supplier_name", name, row, start, stop, _NAMED)
                return replace(values.shaped(place), reason=why)
    return None


def _known_number(
    fields: Mapping[str, FieldValue], layout: Layout, values: Values, memory: Memory
) -> FieldValue | None:
    """Return the one number that is written as those before, if the one that was read is not."""
    held = fields.get("invoice_number")
    is_sure = held is not None and held.confidence >= _SURE
    if is_sure or (held is not None and number_pattern(held.value) in memory.number_patterns):
        return None
    taken = {field.text for name, field in fields.items() if name != "invoice_number"}
    fitting: dict[str, Candidate] = {}
    for row in layout.rows:
        for code in codes_of(row):
            is_like = number_pattern(code.value) in memory.number_patterns
            if is_like and code.text not in taken:
                fitting.setdefault(code.value, code)
    if len(fitting) != 1:
        return None
    (value, code), *_ = fitting.items()
    return values.of(code, value, _PATTERNED, "it is written as this supplier's numbers before")
