"""Runs migrations on the connection that the application gives."""

from __future__ import annotations

from alembic import context

from invoice_desk.db.clean_tables import PREFIX
from invoice_desk.db.page_search import INDEX
from invoice_desk.db.schema import metadata


def _is_ours(
    _object: object, name: str | None, kind: str, _reflected: bool, _other: object
) -> bool:
    """Leave out the clean tables, made from document types, and the full-text index's own."""
    return not (kind == "table" and (name or "").startswith((PREFIX, INDEX)))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=_is_ours,
    render_as_batch=True,  # SQLite cannot alter a table in place
)
with context.begin_transaction():
    context.run_migrations()
