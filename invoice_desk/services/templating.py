"""Mapping: which column is which field, shown, tried on twenty rows, and remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from invoice_desk.core.cleaning import clean_chunk
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.mapping import Suggestion, Template, suggestions_for
from invoice_desk.core.raw_rows import RawRows
from invoice_desk.core.records import TableRecord
from invoice_desk.core.source import SourceStatus
from invoice_desk.core.tables import ROW_BITS
from invoice_desk.core.type_detection import best_type, map_by_headers
from invoice_desk.db.audit import audit
from invoice_desk.db.engine import Connection, reading, writing
from invoice_desk.db.sources import get_source, source_update
from invoice_desk.db.tables import get_table, list_tables, table_update
from invoice_desk.db.templates import add_template, list_templates
from invoice_desk.errors import ArgumentError, TemplateError
from invoice_desk.services.browsing import shown
from invoice_desk.services.desk import Desk
from invoice_desk.services.planning import make_plan, raw_rows

PREVIEW_ROWS = 20


@dataclass(frozen=True, slots=True)
class ColumnSample:
    """A raw column, some of its texts, and which fields it may be."""

    index: int
    heading: str
    samples: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True)
class MappingDraft:
    """What a mapping dialog begins with."""

    table: TableRecord
    document_type: str | None
    mapping: dict[str, int]
    columns: tuple[ColumnSample, ...]
    template_name: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Twenty cleaned rows as texts, and the findings among them."""

    fields: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    statuses: tuple[str, ...]
    doubtful: frozenset[tuple[int, str]]


def draft_mapping(desk: Desk, table_id: int) -> MappingDraft:
    """Return samples and suggestions for the columns of a table."""
    table = _table(desk, table_id)
    with reading(desk.engine) as connection:
        origin = get_source(connection, table.source_id)
    name = origin.name if origin else table.name
    guess = best_type(desk.types.values(), name, table.columns).document_type
    chosen = table.document_type or guess
    columns = _first_rows(desk, table).columns
    order = sorted(desk.types.values(), key=lambda made: made.name != chosen)
    samples = []
    for index, heading in enumerate(table.columns):
        texts = [text for text in columns[index].to_pylist() if text][:3]
        found = suggestions_for(heading, order)
        samples.append(ColumnSample(index, heading, tuple(texts), tuple(found)))
    mapping = dict(table.mapping) or _suggested(desk, chosen, samples)
    stem = name.rpartition(".")[0] or name
    return MappingDraft(table, chosen, mapping, tuple(samples), stem)


def suggest(desk: Desk, draft: MappingDraft, document_type: str) -> dict[str, int]:
    """Return the mapping that is suggested when the type is changed."""
    return _suggested(desk, document_type, draft.columns)


def preview(desk: Desk, table_id: int, document_type: str, mapping: Mapping[str, int]) -> Preview:
    """Return the first twenty rows as this mapping would clean them."""
    table = _table(desk, table_id)
    made = _type(desk, document_type)
    draft = replace(table, document_type=document_type, mapping=dict(mapping))
    plan = make_plan(desk, draft, made).plan
    raw = _first_rows(desk, table)
    chunk = clean_chunk(raw, plan=plan, document_type=made)
    fields = tuple(s.name for s in made.fields if s.name in mapping or s.product_of)
    digits = [made.field(name).digits for name in fields]
    columns = [
        [shown(value, d) for value in chunk.rows[name].to_pylist()]
        for name, d in zip(fields, digits, strict=True)
    ]
    places = {number: place for place, number in enumerate(raw.numbers.to_pylist())}
    doubtful = frozenset(
        (places[row["row_number"]], row["field"])
        for row in chunk.findings.to_pylist()
        if row["field"]
    )
    rows = tuple(zip(*columns, strict=True)) if columns else ()
    return Preview(fields, rows, tuple(chunk.rows["cleaning_status"].to_pylist()), doubtful)


def confirm_mapping(
    desk: Desk,
    table_id: int,
    *,
    document_type: str,
    mapping: Mapping[str, int],
    template_name: str | None,
) -> Template | None:
    """Give a table its type and mapping, and remember them as a template if it has a name.

    Raises:
        TemplateError: If no column is mapped, or one to two fields.
    """
    table = _table(desk, table_id)
    made = _type(desk, document_type)
    _check(made, mapping, table)
    with writing(desk.engine) as connection:
        template = None
        if template_name:
            template = add_template(
                connection,
                name=template_name,
                document_type=document_type,
                columns=table.columns,
                mapping=mapping,
                now=desk.now(),
            )
        connection.execute(
            table_update(
                table_id,
                document_type=document_type,
                confidence=1.0,
                mapping=dict(mapping),
                template_id=template.id if template else None,
            )
        )
        _settle_source(connection, table, document_type)
        audit(
            connection,
            actor=desk.person,
            action="map",
            subject=f"table {table_id}",
            now=desk.now(),
            detail={"document_type": document_type, "template": template_name},
        )
    return template


def _settle_source(connection: Connection, table: TableRecord, document_type: str) -> None:
    """Give the source of a table its type; it is complete when no other table waits for one."""
    others = list_tables(connection, source_id=table.source_id)
    values = {"document_type": document_type, "confidence": 1.0}
    if all(other.document_type or other.id == table.id for other in others):
        values["status"] = SourceStatus.COMPLETED.value
    connection.execute(source_update(table.source_id, **values))


def templates(desk: Desk) -> list[Template]:
    """Return all templates with all their versions, oldest first."""
    with reading(desk.engine) as connection:
        return list_templates(connection)


def _check(made: DocumentType, mapping: Mapping[str, int], table: TableRecord) -> None:
    if not mapping:
        raise TemplateError("No column is mapped to a field; choose at least one.")
    if len(set(mapping.values())) != len(mapping):
        raise TemplateError("One column is mapped to two fields; choose another for one of them.")
    known = {spec.name for spec in made.read_fields}
    wrong = [n for n, i in mapping.items() if n not in known or not 0 <= i < len(table.columns)]
    if wrong:
        raise TemplateError(f"{made.title} has no field {wrong[0]}, or the table no such column.")


def _suggested(
    desk: Desk, document_type: str | None, columns: Sequence[ColumnSample]
) -> dict[str, int]:
    if document_type is None:
        return {}
    made = desk.types[document_type]
    mapping = map_by_headers(made, [column.heading for column in columns])
    taken = set(mapping.values())
    known = {spec.name for spec in made.read_fields}
    for column in columns:
        for suggestion in column.suggestions:
            free = suggestion.field in known and suggestion.field not in mapping
            if free and column.index not in taken:
                mapping[suggestion.field] = column.index
                taken.add(column.index)
    return mapping


def _table(desk: Desk, table_id: int) -> TableRecord:
    with reading(desk.engine) as connection:
        table = get_table(connection, table_id)
    if table is None:
        raise ArgumentError(f"There is no table {table_id}.")
    return table


def _type(desk: Desk, name: str) -> DocumentType:
    if name not in desk.types:
        raise ArgumentError(f"There is no document type {name}.")
    return desk.types[name]


def _first_rows(desk: Desk, table: TableRecord) -> RawRows:
    """Return the first twenty rows, fewer when the table has fewer."""
    first = table.structure.get("first_data_row") or 0
    rows = raw_rows(desk, table, 0, first + 10 * PREVIEW_ROWS)
    if len(rows) == 0 and table.row_count:
        rows = raw_rows(desk, table, 0, 1 << ROW_BITS)
    return rows.first(PREVIEW_ROWS)
