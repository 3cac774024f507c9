"""Add types and names that people change, anomalies, buckets and the quality of a source."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "document_type",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "declaration", sa.JSON(), nullable=False, comment="as in resources/document_types"
        ),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_type")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_document_type_name_version")),
    )
    op.create_table(
        "reference_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_entry")),
    )
    op.create_index(op.f("ix_reference_entry_list"), "reference_entry", ["list"])
    op.add_column(
        "finding", sa.Column("anomaly", sa.Text(), nullable=False, server_default="other")
    )
    op.add_column("finding", sa.Column("scan", sa.Text(), nullable=True))
    op.add_column(
        "cleaning_pass", sa.Column("buckets", sa.JSON(), nullable=False, server_default="{}")
    )
    op.add_column("source", sa.Column("quality", sa.Float(), nullable=True))
    _give_clean_tables_defaults()


_DEFAULTS = {"cleaning_status": "'cleaned'", "findings": "0", "approved": "0"}


def _give_clean_tables_defaults() -> None:
    """Bulk writing leaves these columns out where all rows of a chunk have the usual value.

    SQLite changes no default of a column, so each table is made anew and filled from the old one.
    """
    bind = op.get_bind()
    made = sa.text(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name LIKE 'clean!_%' ESCAPE '!'"
    )
    for name, before in bind.execute(made).all():
        declaration = before
        for column, default in _DEFAULTS.items():
            declaration = re.sub(
                rf"\b{column} (\w+) NOT NULL",
                rf"{column} \1 DEFAULT {default} NOT NULL",
                declaration,
            )
        stored = bind.execute(sa.text(f"SELECT name FROM pragma_table_info('{name}')")).scalars()
        columns = ", ".join(f'"{column}"' for column in stored)  # generated ones are not listed
        op.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
        op.execute(declaration)
        op.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM old_{name}")
        op.execute(f"DROP TABLE old_{name}")
