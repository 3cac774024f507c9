"""Keep all that a job needs to go on after a crash, what it did, and what was aggregated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _extend_jobs()
    _extend_files()
    _replace_chunks()
    _add_tables_of_jobs()
    _add_aggregates()
    _let_decisions_exclude()


def _extend_jobs() -> None:
    for column in (
        sa.Column("request", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("not_before", sa.Text(), nullable=True),
        sa.Column("after_id", sa.Integer(), nullable=True),
        sa.Column("retry_of", sa.Integer(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("heartbeat_at", sa.Text(), nullable=True),
        sa.Column("wish", sa.Text(), nullable=True),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("step", sa.Text(), nullable=False, server_default="queued"),
        sa.Column("progress", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("started_at", sa.Text(), nullable=True),
    ):
        op.add_column("job", column)


def _extend_files() -> None:
    for column in (
        sa.Column("step", sa.Text(), nullable=False, server_default="queued"),
        sa.Column("rows", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("pages", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("document_type", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("memory", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("job_file", column)


def _replace_chunks() -> None:
    """Marks of jobs that ended are of no use; those that did not end are begun anew."""
    op.drop_table("job_chunk")
    op.create_table(
        "job_chunk",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False, server_default="{}"),
        _to_job("job_chunk"),
        sa.PrimaryKeyConstraint("job_id", "part", name=op.f("pk_job_chunk")),
    )


def _add_tables_of_jobs() -> None:
    op.create_table(
        "job_step",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        _to_job("job_step"),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_job_step")),
    )
    op.create_table(
        "job_row",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        _to_job("job_row"),
        sa.PrimaryKeyConstraint("job_id", "row_number", name=op.f("pk_job_row")),
    )
    op.create_table(
        "source_claim",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_source_claim_source_id_source"),
            ondelete="CASCADE",
        ),
        _to_job("source_claim"),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_claim")),
    )
    op.create_index(op.f("ix_source_claim_job_id"), "source_claim", ["job_id"])


def _add_aggregates() -> None:
    op.create_table(
        "aggregate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        _to_job("aggregate"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aggregate")),
    )
    op.create_index(op.f("ix_aggregate_job_id"), "aggregate", ["job_id"])
    op.create_table(
        "objective",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objective")),
        sa.UniqueConstraint(
            *("kind", "organization", "year", "month", "currency"),
            name=op.f("uq_objective_kind_organization_year_month_currency"),
        ),
        sa.CheckConstraint("kind in ('revenue', 'collection')", name="ck_objective_kind_known"),
        sa.CheckConstraint("month between 0 and 12", name="ck_objective_month_known"),
    )


def _to_job(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_job_id_job")
    return sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=name, ondelete="CASCADE")


_DECISION = (
    *("id", "raw_table_id", "row_number", "kind", "field", "value"),
    *("withdraws", "person", "decided_at"),
)


def _let_decisions_exclude() -> None:
    """SQLite changes no constraint, so the table is made anew and filled from the old one."""
    op.drop_index(op.f("ix_decision_raw_table_id_row_number"), table_name="decision")
    op.rename_table("decision", "old_decision")
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("raw_table_id", sa.Integer(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("withdraws", sa.Integer(), nullable=True),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind in ('correct', 'approve', 'exclude', 'withdraw')", name="ck_decision_kind_known"
        ),
        sa.ForeignKeyConstraint(
            ["raw_table_id"],
            ["raw_table.id"],
            name=op.f("fk_decision_raw_table_id_raw_table"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["withdraws"], ["decision.id"], name=op.f("fk_decision_withdraws_decision")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    columns = ", ".join(_DECISION)
    op.execute(f"INSERT INTO decision ({columns}) SELECT {columns} FROM old_decision")
    op.drop_table("old_decision")
    op.create_index(
        op.f("ix_decision_raw_table_id_row_number"), "decision", ["raw_table_id", "row_number"]
    )
