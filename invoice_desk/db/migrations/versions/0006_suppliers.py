"""Keep what is known of invoices and suppliers, and the text of pages so that it can be found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_KEYS = (
    *("number_total", "number_date", "number_name", "number_id"),
    *("name_total_date", "id_total_date"),
)


def upgrade() -> None:
    for name in ("document_class", "language", "page_hash"):
        op.add_column("source", sa.Column(name, sa.Text(), nullable=True))
    _add_known_invoices()
    _add_pairs()
    _add_decisions()
    _add_page_text()


def _add_known_invoices() -> None:
    texts = (
        *("number", "supplier_name", "supplier_key", "supplier_vat_id"),
        *("supplier_registration", "iban", "bic", "iban_standing"),
    )
    op.create_table(
        "known_invoice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("pass_id", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("total", sa.Text(), nullable=True),
        sa.Column("issue_date", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("document_class", sa.Text(), nullable=False),
        sa.Column("is_trusted", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _KEYS),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_known_invoice_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_invoice")),
    )
    for name in (
        *("source_id", "supplier_key", "supplier_vat_id", "supplier_registration", "iban"),
        *_KEYS,
    ):
        op.create_index(op.f(f"ix_known_invoice_{name}"), "known_invoice", [name])


def _add_pairs() -> None:
    op.create_table(
        "invoice_pair",
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("second_id", sa.BigInteger(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first_finding", sa.Integer(), nullable=True),
        sa.Column("second_finding", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_invoice_pair")),
    )
    op.create_index(op.f("ix_invoice_pair_second_id"), "invoice_pair", ["second_id"])


def _add_decisions() -> None:
    op.create_table(
        "desk_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("one", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("withdraws", sa.Integer(), nullable=True),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind in ('different', 'same', 'iban', 'withdraw')", name="ck_desk_decision_kind_known"
        ),
        sa.ForeignKeyConstraint(
            ["withdraws"],
            ["desk_decision.id"],
            name=op.f("fk_desk_decision_withdraws_desk_decision"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_decision")),
    )
    op.create_index(op.f("ix_desk_decision_one_other"), "desk_decision", ["one", "other"])


def _has_full_text() -> bool:
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        return False
    options = bind.exec_driver_sql("PRAGMA compile_options").scalars()
    return "ENABLE_FTS5" in set(options)


def _add_page_text() -> None:
    """Fill it from the pages that are there; SQLite keeps its index by triggers."""
    op.create_table(
        "page_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_text")),
    )
    if not _has_full_text():
        return
    op.execute(
        "CREATE VIRTUAL TABLE page_search USING fts5(body, content='page_text', "
        "content_rowid='id', prefix='2 3 4', tokenize=\"unicode61 remove_diacritics 2\")"
    )
    old = "INSERT INTO page_search (page_search, rowid, body) VALUES ('delete', old.id, old.body);"
    new = "INSERT INTO page_search (rowid, body) VALUES (new.id, new.body);"
    op.execute(f"CREATE TRIGGER page_text_added AFTER INSERT ON page_text BEGIN {new} END")
    op.execute(f"CREATE TRIGGER page_text_gone AFTER DELETE ON page_text BEGIN {old} END")
    op.execute(f"CREATE TRIGGER page_text_changed AFTER UPDATE ON page_text BEGIN {old} {new} END")
    op.execute(
        "INSERT INTO page_text (id, body) SELECT (source_id << 32) + number, "
        "(SELECT group_concat(json_extract(value, '$[0]'), ' ') FROM json_each(page.words)) "
        "FROM page WHERE json_array_length(words) > 0"
    )
