"""What every reader gives back."""

from __future__ import annotations

from dataclasses import dataclass

from invoice_desk.core.findings import Finding
from invoice_desk.core.tables import RowBatch, TableHead


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A raw table with all its rows."""

    head: TableHead
    rows: RowBatch
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A part of a delimited file that begins and ends between two records.

    Attributes:
        start: First byte.
        stop: Byte after the last.
        first_line: Lines of the file before it.
        skip: Records at its beginning that are titles or headings.
    """

    start: int
    stop: int
    first_line: int = 0
    skip: int = 0
