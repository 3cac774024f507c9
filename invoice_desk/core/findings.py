"""Doubts about data; a person looks at them, the program never guesses them away."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class FindingCode(StrEnum):
    """What a finding says; `core.sentences` has the sentences."""

    UNREADABLE = "unreadable"
    AMBIGUOUS = "ambiguous"
    TOO_PRECISE = "too_precise"
    MISSING_REQUIRED = "missing_required"
    ROW_TOO_SHORT = "row_too_short"
    ROW_TOO_LONG = "row_too_long"
    ROW_MENDED = "row_mended"
    REMARK_LEFT_OUT = "remark_left_out"
    KIND_MISMATCH = "kind_mismatch"
    MIXED_ENCODING = "mixed_encoding"
    TOTALS_DISAGREE = "totals_disagree"
    LOW_CONFIDENCE = "low_confidence"
    PAGE_UNREADABLE = "page_unreadable"
    HIDDEN_SHEET = "hidden_sheet"


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt about a source, a table, a row or a field."""

    code: str
    severity: Severity
    field: str | None = None
    text: str | None = None
    row_number: int | None = None


#: Findings of many rows move as columns.
FINDING_SCHEMA = pa.schema(
    [
        ("row_number", pa.int64()),
        ("field", pa.string()),
        ("code", pa.string()),
        ("severity", pa.string()),
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
            "text": pa.array([f.text for f in findings], pa.string()),
        },
        schema=FINDING_SCHEMA,
    )
