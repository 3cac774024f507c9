"""Remember what a person said of a file that seemed to hold several documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "split_decision",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False, comment="accepted or declined"),
        sa.Column(
            "ranges", sa.Text(), nullable=False, comment="pages of each document, as in 1-2, 3"
        ),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "choice in ('accepted', 'declined')", name=op.f("ck_split_decision_choice_known")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_split_decision_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_split_decision")),
        comment="what a person said of a file that seemed to hold several documents",
    )
