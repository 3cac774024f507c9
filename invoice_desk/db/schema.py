"""The tables, as SQLAlchemy Core sees them.

Rows come by the million, so they are written and read as columns; there are no ORM objects in
this package.  Clean tables are not here: `clean_tables` makes one for each document type.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from invoice_desk.core.known_invoices import KEY_NAMES
from invoice_desk.db.types import UtcTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

source = Table(
    "source",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", Text, nullable=False, unique=True, comment="of the untouched bytes"),
    Column("name", Text, nullable=False),
    Column("origin", Text, nullable=False, comment="path it was imported from"),
    Column("container_id", ForeignKey("source.id"), comment="the archive it lay in"),
    Column("size", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("document_type", Text),
    Column("confidence", Float),
    Column("reasons", JSON, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("page_count", Integer, nullable=False),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("error_advice", Text),
    Column("seconds", Float),
    Column("imported_at", UtcTime, nullable=False),
    Column("quality", Float, comment="100 - anomalies / rows * 100, of the last cleaning"),
    Column("document_class", Text, comment="invoice, credit_note, delivery_note, …"),
    Column("language", Text, comment="ISO 639-1"),
    Column("page_hash", Text, comment="of the image of the first page, 16 hexadecimal digits"),
    Index(None, "status"),
    Index(None, "container_id"),
)

raw_table = Table(
    "raw_table",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", ForeignKey("source.id", ondelete="CASCADE"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("sheet", Text),
    Column("page", Integer),
    Column("columns", JSON, nullable=False, comment="headings as read"),
    Column("structure", JSON, nullable=False, comment="title, header and data rows"),
    Column("details", JSON, nullable=False, comment="dialect, or boxes of a document's fields"),
    Column("row_count", Integer, nullable=False),
    Column("document_type", Text),
    Column("confidence", Float),
    Column("mapping", JSON, nullable=False, comment="field: index of the column"),
    Column("template_id", ForeignKey("template.id")),
    Column("current_pass_id", Integer, comment="the cleaning pass that is shown"),
    UniqueConstraint("source_id", "ordinal"),
)

raw_row = Table(
    "raw_row",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("cells", Text, nullable=False, comment="JSON array of texts, exactly as read"),
    Column("raw_table_id", BigInteger, Computed("id >> 32", persisted=False)),
    Column("row_number", BigInteger, Computed("id & 4294967295", persisted=False)),
    comment="id = raw_table_id * 2^32 + row_number",
)

page = Table(
    "page",
    metadata,
    Column("source_id", ForeignKey("source.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("width", Float, nullable=False),
    Column("height", Float, nullable=False),
    Column("text_source", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("engine_version", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("turned", Float, nullable=False, server_default="0"),
    Column("words", JSON, nullable=False, comment="[text, x0, y0, x1, y1, confidence]"),
)

recognised_page = Table(
    "recognised_page",
    metadata,
    Column("sha256", Text, primary_key=True, comment="of the untouched bytes"),
    Column("number", Integer, primary_key=True),
    Column("engine", Text, primary_key=True),
    Column("engine_version", Text, nullable=False),
    Column("width", Float, nullable=False),
    Column("height", Float, nullable=False),
    Column("turned", Float, nullable=False),
    Column("words", JSON, nullable=False, comment="as those of page"),
    comment="what engines found on pages; readings are forgotten, this is not",
)

template = Table(
    "template",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("document_type", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, comment="of the headings it was made for"),
    Column("columns", JSON, nullable=False),
    Column("mapping", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("name", "version"),
    Index(None, "fingerprint"),
)

cleaning_pass = Table(
    "cleaning_pass",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("raw_table_id", ForeignKey("raw_table.id", ondelete="CASCADE"), nullable=False),
    Column("job_id", ForeignKey("job.id")),
    Column("document_type", Text, nullable=False),
    Column("type_version", Integer, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("state", Text, nullable=False, comment="running, done, superseded, abandoned"),
    Column("cleaned", Integer, nullable=False),
    Column("filtered_out", Integer, nullable=False),
    Column("findings", Integer, nullable=False),
    Column("totals", JSON, nullable=False, comment="field: exact sum over cleaned rows"),
    Column("buckets", JSON, nullable=False, server_default="{}", comment="bucket: cleaned rows"),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Index(None, "raw_table_id"),
)

document_type = Table(
    "document_type",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("declaration", JSON, nullable=False, comment="as in resources/document_types"),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("name", "version"),
    comment="types that a person copied or changed; the highest version holds",
)

reference_entry = Table(
    "reference_entry",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("list", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("aliases", JSON, nullable=False),
    Index(None, "list"),
    comment="lists of names that a person changed, whole; the others are in resources/reference",
)

finding = Table(
    "finding",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", Integer, nullable=False),
    Column("raw_table_id", Integer),
    Column("pass_id", Integer, comment="null for doubts about the source itself"),
    Column("row_number", Integer),
    Column("field", Text),
    Column("code", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("anomaly", Text, nullable=False, server_default="other", comment="what kind of thing"),
    Column("text", Text),
    Column("scan", Text, comment="the scan over whole tables that found it"),
    Index(None, "pass_id", "row_number"),
    Index(None, "source_id"),
)

decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("raw_table_id", ForeignKey("raw_table.id", ondelete="CASCADE"), nullable=False),
    Column("row_number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("field", Text),
    Column("value", Text, comment="ISO 8601, a plain decimal, or text; null empties the cell"),
    Column("withdraws", ForeignKey("decision.id")),
    Column("person", Text, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    Column("place", JSON(none_as_null=True), comment="text, page, box; null where on no page"),
    CheckConstraint("kind in ('correct', 'approve', 'exclude', 'withdraw')", name="kind_known"),
    Index(None, "raw_table_id", "row_number"),
)

kept_decision = Table(
    "kept_decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", ForeignKey("source.id", ondelete="CASCADE"), nullable=False),
    Column("ordinal", Integer, nullable=False, comment="of the raw table in its source"),
    Column("row_number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("field", Text),
    Column("value", Text),
    Column("person", Text, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    Column("place", JSON(none_as_null=True)),
    Index(None, "source_id"),
    comment="what stood of a source that is read again, until its tables are there",
)

job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("operation", Text, nullable=False, comment="import, clean, insert, update, ..."),
    Column("title", Text, nullable=False),
    Column("state", Text, nullable=False, comment="of Bulk API 2.0"),
    Column("total", Integer, nullable=False, comment="files, or tables to clean"),
    Column("successful", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("unprocessed", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("error", Text),
    Column("summary", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("request", JSON, nullable=False, server_default="{}", comment="what to do, and how"),
    Column("priority", Integer, nullable=False, server_default="0", comment="higher runs first"),
    Column("not_before", UtcTime, comment="scheduled for"),
    Column("after_id", Integer, comment="the job that it runs after"),
    Column("retry_of", Integer, comment="the job whose rest it does"),
    Column("owner", Text, comment="process that runs it: host/pid/start"),
    Column("heartbeat_at", UtcTime, comment="when its owner was last seen"),
    Column("wish", Text, comment="what a person asked of it: cancel or pause"),
    Column("waiting_for", Text, comment="why it does not run yet, a sentence"),
    Column("step", Text, nullable=False, server_default="queued"),
    Column("progress", JSON, nullable=False, server_default="{}", comment="last snapshot"),
    Column("started_at", UtcTime),
    Index(None, "state"),
)

job_file = Table(
    "job_file",
    metadata,
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("source_id", ForeignKey("source.id", ondelete="SET NULL")),
    Column("outcome", Text, nullable=False, comment="done, rejected, duplicate, pending"),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("error_advice", Text),
    Column("seconds", Float),
    Column("step", Text, nullable=False, server_default="queued", comment="the last it reached"),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("pages", Integer, nullable=False, server_default="0"),
    Column("document_type", Text),
    Column("confidence", Float, comment="of the detection, 0 to 1"),
    Column("mode", Text, comment="standard or optimized"),
    Column("worker", Text, comment="host/pid of the last worker"),
    Column("memory", BigInteger, comment="most that a worker had, bytes"),
    Column("attempts", Integer, nullable=False, server_default="0"),
)

job_chunk = Table(
    "job_chunk",
    metadata,
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Text, primary_key=True, comment="file or table, and the part of it"),
    Column("rows", Integer, nullable=False),
    Column("detail", JSON, nullable=False, server_default="{}", comment="what a resumed job needs"),
    comment="a chunk stands here once its rows are stored, written in the same transaction",
)

job_step = Table(
    "job_step",
    metadata,
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("step", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
)

job_row = Table(
    "job_row",
    metadata,
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("row_number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("outcome", Text, nullable=False, comment="created, updated, unchanged, deleted, failed"),
    Column("record_id", BigInteger, comment="of the clean row"),
    Column("field", Text),
    Column("error", Text),
    comment="what a bulk write did with each row of its input",
)

source_claim = Table(
    "source_claim",
    metadata,
    Column("source_id", ForeignKey("source.id", ondelete="CASCADE"), primary_key=True),
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Index(None, "job_id"),
    comment="a source is in one active job at a time",
)

split_decision = Table(
    "split_decision",
    metadata,
    Column("source_id", ForeignKey("source.id", ondelete="CASCADE"), primary_key=True),
    Column("choice", Text, nullable=False, comment="accepted or declined"),
    Column("ranges", Text, nullable=False, comment="pages of each document, as in 1-2, 3"),
    Column("person", Text, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    CheckConstraint("choice in ('accepted', 'declined')", name="choice_known"),
    comment="what a person said of a file that seemed to hold several documents",
)

aggregate = Table(
    "aggregate",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("request", JSON, nullable=False),
    Column("result", JSON, nullable=False, comment="decimals as plain text"),
    Column("is_stale", Boolean, nullable=False, comment="a decision changed a row since"),
    Column("created_at", UtcTime, nullable=False),
    Index(None, "job_id"),
)

objective = Table(
    "objective",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False, comment="revenue or collection"),
    Column("organization", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("month", Integer, nullable=False, comment="1 to 12; 0 for the whole year"),
    Column("amount", Text, nullable=False, comment="a plain decimal"),
    Column("currency", Text, nullable=False),
    UniqueConstraint("kind", "organization", "year", "month", "currency"),
    CheckConstraint("kind in ('revenue', 'collection')", name="kind_known"),
    CheckConstraint("month between 0 and 12", name="month_known"),
)

known_invoice = Table(
    "known_invoice",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("source_id", ForeignKey("source.id", ondelete="CASCADE"), nullable=False),
    Column("pass_id", Integer, comment="that cleaned it; null as long as it is as it was read"),
    Column("number", Text, nullable=False),
    Column("supplier_name", Text, nullable=False),
    Column("supplier_key", Text, nullable=False, comment="the name as it is compared"),
    Column("supplier_vat_id", Text, nullable=False),
    Column("supplier_registration", Text, nullable=False),
    Column("iban", Text, nullable=False),
    Column("bic", Text, nullable=False),
    Column("iban_standing", Text, nullable=False, comment="known, first or changed"),
    Column("total", Text, comment="a plain decimal"),
    Column("issue_date", Text),
    Column("currency", Text, nullable=False),
    Column("document_class", Text, nullable=False),
    Column("is_trusted", Boolean, nullable=False, comment="approved, or read without a doubt"),
    *(Column(name, BigInteger, comment="hash") for name in KEY_NAMES),
    Index(None, "source_id"),
    Index(None, "supplier_key"),
    Index(None, "supplier_vat_id"),
    Index(None, "supplier_registration"),
    Index(None, "iban"),
    *(Index(None, name) for name in KEY_NAMES),
    comment="id = raw_table_id * 2^32 + row_number; what duplicates and suppliers are told by",
)

invoice_pair = Table(
    "invoice_pair",
    metadata,
    Column("first_id", BigInteger, primary_key=True),
    Column("second_id", BigInteger, primary_key=True),
    Column("probability", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("first_finding", Integer),
    Column("second_finding", Integer),
    Index(None, "second_id"),
    comment="invoices that look like one and the same; made anew whenever one is cleaned",
)

desk_decision = Table(
    "desk_decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("one", Text, nullable=False, comment="an invoice, or a supplier"),
    Column("other", Text, nullable=False, comment="another invoice, or an IBAN"),
    Column("withdraws", ForeignKey("desk_decision.id")),
    Column("person", Text, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    CheckConstraint("kind in ('different', 'same', 'iban', 'withdraw')", name="kind_known"),
    Index(None, "one", "other"),
    comment="what people decided about things that are no rows; they outlive every reading",
)

page_text = Table(
    "page_text",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("body", Text, nullable=False),
    comment="id = source_id * 2^32 + page; page 0 is what XML says; page_search is its index",
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", JSON, nullable=False),
)
