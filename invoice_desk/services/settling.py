"""One choice settles how a column is written, for this table and every later pass."""

from __future__ import annotations

from invoice_desk.core.cleaning_plan import needs_style
from invoice_desk.core.dates import DateOrder
from invoice_desk.core.document_types import NUMERIC, TEMPORAL
from invoice_desk.db.audit import audit
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.tables import get_table, table_update
from invoice_desk.errors import ArgumentError
from invoice_desk.services.desk import Desk
from invoice_desk.services.types import known_type


def settle_column(
    desk: Desk,
    table_id: int,
    field: str,
    *,
    decimal_mark: str | None = None,
    date_order: str | None = None,
) -> None:
    """Remember how a person says a column is written; the next cleaning reads it so.

    Args:
        desk: Where the table is.
        table_id: A raw table that has a document type.
        field: The field whose column it is.
        decimal_mark: `.` or `,`, for amounts.
        date_order: `dmy` or `mdy`, for dates.  Neither takes an earlier choice back.

    Raises:
        ArgumentError: If there is no such table or field, or the choice does not fit it.
    """
    with reading(desk.engine) as connection:
        table = get_table(connection, table_id)
    if table is None:
        raise ArgumentError(f"There is no table {table_id}.")
    made = known_type(desk, table.document_type or "")
    spec = next((spec for spec in made.read_fields if spec.name == field), None)
    if spec is None or not needs_style(spec):
        raise ArgumentError(f"{made.title} has no amount or date called {field}.")
    if decimal_mark is not None and (spec.type not in NUMERIC or decimal_mark not in {".", ","}):
        raise ArgumentError(f"The decimal mark of {field} cannot be “{decimal_mark}”.")
    if date_order is not None and (spec.type not in TEMPORAL or date_order not in list(DateOrder)):
        raise ArgumentError(f"The order of {field} cannot be “{date_order}”; use dmy or mdy.")
    styles = dict(table.details.get("styles", {}))
    styles.pop(field, None)
    if decimal_mark or date_order:
        styles[field] = {"decimal_mark": decimal_mark, "date_order": date_order}
    with writing(desk.engine) as connection:
        connection.execute(table_update(table_id, details=table.details | {"styles": styles}))
        audit(
            connection,
            actor=desk.person,
            action="settle",
            subject=f"table {table_id}",
            now=desk.now(),
            detail={"field": field, "decimal_mark": decimal_mark, "date_order": date_order},
        )
