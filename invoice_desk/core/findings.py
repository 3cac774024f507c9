"""Doubts about data; a person looks at them, the program never guesses them away."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class Severity(StrEnum):
    """How much a finding matters; billing people say low, medium, high, critical."""

    INFO = "info"  # low
    WARNING = "warning"  # medium
    ERROR = "error"  # high
    CRITICAL = "critical"


class AnomalyType(StrEnum):
    """What kind of thing is wrong."""

    MISSING_DATA = "missing_data"
    DUPLICATE_DATA = "duplicate_data"
    INVALID_DATA = "invalid_data"
    OUTLIER = "outlier"
    INCONSISTENT_DATA = "inconsistent_data"
    EMPTY_FIELD = "empty_field"
    ZERO_VALUE = "zero_value"
    INVALID_DOT = "invalid_dot"
    MISSING_RECORD = "missing_record"
    TEMPORAL_PATTERN = "temporal_pattern"
    INVALID_AMOUNT = "invalid_amount"
    AMOUNT_MISMATCH = "amount_mismatch"
    DOT_MISMATCH = "dot_mismatch"
    OTHER = "other"


class FindingCode(StrEnum):
    """What a finding says; `core.sentences` has the sentences."""

    UNREADABLE = "unreadable"
    AMBIGUOUS = "ambiguous"
    UNSETTLED_COLUMN = "unsettled_column"
    TOO_PRECISE = "too_precise"
    MISSING_REQUIRED = "missing_required"
    ROW_TOO_SHORT = "row_too_short"
    ROW_TOO_LONG = "row_too_long"
    DUPLICATE = "duplicate"
    UNKNOWN_NAME = "unknown_name"
    TAKEN_FROM_ELSEWHERE = "taken_from_elsewhere"
    ROW_MENDED = "row_mended"
    REMARK_LEFT_OUT = "remark_left_out"
    KIND_MISMATCH = "kind_mismatch"
    MIXED_ENCODING = "mixed_encoding"
    TOTALS_DISAGREE = "totals_disagree"
    LINES_DISAGREE = "lines_disagree"
    TAXES_DISAGREE = "taxes_disagree"
    LOW_CONFIDENCE = "low_confidence"
    WORKED_OUT = "worked_out"
    CHECK_DIGITS = "check_digits"
    PAGE_UNREADABLE = "page_unreadable"
    OTHER_ENGINE = "other_engine"
    OTHER_RENDERER = "other_renderer"
    TEXT_LAYER_DOUBTED = "text_layer_doubted"
    HIDDEN_SHEET = "hidden_sheet"
    HIDDEN_ROWS = "hidden_rows"
    HIDDEN_COLUMNS = "hidden_columns"
    YEAR_ASSUMED = "year_assumed"
    EINVOICE_FORMAT = "einvoice_format"
    EINVOICE_SCHEMA = "einvoice_schema"
    EINVOICE_RULE = "einvoice_rule"
    EINVOICE_CONTENT = "einvoice_content"
    XML_UNREADABLE = "xml_unreadable"
    XML_DENIED_BY_PAGE = "xml_denied_by_page"
    PAGE_DENIED_BY_XML = "page_denied_by_xml"
    MAIL_DAMAGED = "mail_damaged"
    FILE_REPAIRED = "file_repaired"
    FILE_SIGNED = "file_signed"
    FILE_HAS_SCRIPT = "file_has_script"
    FILE_HAS_FILES = "file_has_files"
    DOCUMENT_SPLIT = "document_split"
    SAME_INVOICE = "same_invoice"
    IBAN_CHANGED = "iban_changed"
    IBAN_FIRST = "iban_first"


#: What is said about one page, whatever its document says; the text begins with “page 3”.
PAGE_CODES = (
    FindingCode.PAGE_UNREADABLE,
    FindingCode.OTHER_ENGINE,
    FindingCode.OTHER_RENDERER,
    FindingCode.TEXT_LAYER_DOUBTED,
)

_TYPES = {
    FindingCode.UNREADABLE: AnomalyType.INVALID_DATA,
    FindingCode.AMBIGUOUS: AnomalyType.INVALID_DATA,
    FindingCode.UNSETTLED_COLUMN: AnomalyType.INVALID_DATA,
    FindingCode.TOO_PRECISE: AnomalyType.INVALID_AMOUNT,
    FindingCode.MISSING_REQUIRED: AnomalyType.EMPTY_FIELD,
    FindingCode.ROW_TOO_SHORT: AnomalyType.INCONSISTENT_DATA,
    FindingCode.ROW_TOO_LONG: AnomalyType.INCONSISTENT_DATA,
    FindingCode.DUPLICATE: AnomalyType.DUPLICATE_DATA,
    FindingCode.UNKNOWN_NAME: AnomalyType.INVALID_DOT,
    FindingCode.TOTALS_DISAGREE: AnomalyType.AMOUNT_MISMATCH,
    FindingCode.LINES_DISAGREE: AnomalyType.AMOUNT_MISMATCH,
    FindingCode.EINVOICE_SCHEMA: AnomalyType.INVALID_DATA,
    FindingCode.XML_DENIED_BY_PAGE: AnomalyType.INCONSISTENT_DATA,
    FindingCode.PAGE_DENIED_BY_XML: AnomalyType.INCONSISTENT_DATA,
    FindingCode.SAME_INVOICE: AnomalyType.DUPLICATE_DATA,
    FindingCode.IBAN_CHANGED: AnomalyType.INCONSISTENT_DATA,
}


def anomaly_of(code: str) -> str:
    """Return the kind of anomaly that a code of the program itself stands for."""
    return _TYPES.get(FindingCode(code), AnomalyType.OTHER).value


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt about a source, a table, a row or a field."""

    code: str
    severity: Severity
    field: str | None = None
    text: str | None = None
    row_number: int | None = None
    anomaly: str = AnomalyType.OTHER.value


#: Findings of many rows move as columns.
FINDING_SCHEMA = pa.schema(
    [
        ("row_number", pa.int64()),
        ("field", pa.string()),
        ("code", pa.string()),
        ("severity", pa.string()),
        ("anomaly", pa.string()),
        ("text", pa.string()),
    ]
)


def finding_table(findings: list[Finding]) -> pa.Table:
    """Return `findings` as a table of `FINDING_SCHEMA`."""
    return pa.table(
        {
            "row_number": pa.array([f.row_number for f in findings], pa.int64()),
            "field": pa.array([f.field for f in findings], pa.string()),
            "code": pa.array([str(f.code) for f in findings], pa.string()),
            "severity": pa.array([str(f.severity) for f in findings], pa.string()),
            "anomaly": pa.array([str(f.anomaly) for f in findings], pa.string()),
            "text": pa.array([f.text for f in findings], pa.string()),
        },
        schema=FINDING_SCHEMA,
    )
