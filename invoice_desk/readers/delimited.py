"""Delimited text: its table from its content, its records in spans that workers share.

A well-formed span is read as whole columns (`columns`).  Where that is not possible (records
of uneven width, a stray quote) it is read record by record (`records`); every record is kept
as it stands and counted.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from invoice_desk.core.cells import encode_lists
from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.core.source import promises_other_than_text
from invoice_desk.core.structure import find_structure, find_tables
from invoice_desk.core.tables import Dialect, RowBatch, Structure, TableHead
from invoice_desk.core.total_words import find_totals
from invoice_desk.errors import CorruptSourceError, EmptySourceError
from invoice_desk.readers.base import ReadTable, TextSpan
from invoice_desk.readers.columns import Rows, read_fixed, read_plain, read_quoted
from invoice_desk.readers.dialects import find_dialect
from invoice_desk.readers.encodings import find_encoding, is_wide, to_utf8
from invoice_desk.readers.fixed_width import cut_line
from invoice_desk.readers.parts import is_one_table, tables_of, title_texts
from invoice_desk.readers.records import is_comment, plain_text, read_records, split_lines
from invoice_desk.readers.spans import ALL_RECORDS, plan_spans

__all__ = ["plan_spans", "read_delimited", "read_head", "read_span", "read_tables"]

SAMPLE_BYTES = 256 * 1024
_MOST_SAMPLE_BYTES = 1 << 26
_FEW_LINES = 8
_SAMPLE_RECORDS = 400
_NOTHING = "\ufeff \t\r\n\x00,;|"
#: More findings than this of one kind in one span say no more than their number.
_MOST_FINDINGS = 200


def read_head(path: Path, *, name: str) -> TableHead:
    """Return dialect and structure of the file at `path`, from its first 256 KiB.

    Raises:
        EmptySourceError: If there is no record in it.
        CorruptSourceError: If the name promises another kind and the text holds no table.
    """
    return _sampled(path, name=name, limit=_SAMPLE_RECORDS).head


def first_records(path: Path, *, name: str) -> list[list[str]]:
    """Return the first records of a file, some hundreds of them, blank ones included."""
    return _sampled(path, name=name, limit=_SAMPLE_RECORDS).records


def read_tables(path: Path, *, name: str) -> list[ReadTable]:
    """Return all tables of a file that the sample holds whole, each with its rows.

    Raises:
        EmptySourceError: If there is no record in it.
        CorruptSourceError: If the name promises another kind and the text holds no table.
    """
    if (alike := _read_as_before(path, name)) is not None:
        return [alike]
    first = _sampled(path, name=name, limit=_SAMPLE_RECORDS)
    if len(first.records) == _SAMPLE_RECORDS:
        batch = _read_whole(path, first.head)
        if is_one_table(first.head.structure, _SAMPLE_RECORDS, batch):
            _remember(path, first.head)
            return [ReadTable(first.head, batch)]
    sample = _sampled(path, name=name, limit=None)
    bodies = [found.body_row for found in sample.tables if found.body_row is not None]
    span = TextSpan(0, path.stat().st_size, skip=min(bodies, default=ALL_RECORDS))
    batch = read_span(path, span, sample.head)
    return tables_of(sample.head, sample.tables, batch, texts=sample.records, places=sample.lines)


def _read_whole(path: Path, head: TableHead) -> RowBatch:
    (span,) = plan_spans(path, head, span_bytes=1 << 62)
    return read_span(path, span, head)


#: First line → head, of the last plain files that this process has read.
_plain_heads: dict[bytes, TableHead] = {}
_MOST_HEADS = 32
_SHORTEST_FIRST_LINE = 24


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline(1 << 16)


def _remember(path: Path, head: TableHead) -> None:
    """Remember how a plain file is written whose first line is its heading."""
    line = _first_line(path)
    if head.structure.header_rows == (0,) and len(line) >= _SHORTEST_FIRST_LINE:
        while len(_plain_heads) >= _MOST_HEADS:
            del _plain_heads[next(iter(_plain_heads))]
        _plain_heads[line] = head


def _read_as_before(path: Path, name: str) -> ReadTable | None:
    """Return the table of a file that begins as one before, when it reads as plainly as that.

    Daily exports of one system have one heading; looking for dialect and structure anew takes
    five times as long as reading them.  None where any row or letter tells otherwise.
    """
    known = _plain_heads.get(_first_line(path))
    if known is None:
        return None
    head = replace(known, name=name)
    batch = _read_whole(path, head)
    if batch.findings or not is_one_table(head.structure, min(len(batch), _SAMPLE_RECORDS), batch):
        return None
    return ReadTable(head, batch)


def read_span(path: Path, span: TextSpan, head: TableHead) -> RowBatch:
    """Return the records of `span`, each numbered by the line of the file on which it begins."""
    dialect = head.dialect or Dialect()
    with path.open("rb") as file:
        file.seek(span.start)
        content = file.read(span.stop - span.start)
    content, is_mixed = to_utf8(content, dialect.encoding)
    findings = [_mixed(dialect)] if is_mixed else []
    if b"\x00" in content:
        content = content.replace(b"\x00", b"")
    if b"\r\r\n" in content:
        content = content.replace(b"\r\r\n", b"\r\n")
    width = len(head.structure.columns)
    rows = _read_columns(content.removeprefix(_BOM), dialect, skip=span.skip, width=width)
    if rows is None:
        rows, remarks = _read_records(content, dialect, skip=span.skip, width=width)
        findings += _some(FindingCode.REMARK_LEFT_OUT, Severity.INFO, remarks, span)
    findings += _some(FindingCode.ROW_MENDED, Severity.WARNING, rows.mended, span)
    numbers = pa.array(rows.lines + span.first_line, pa.int64())
    return RowBatch(numbers, rows.cells, tuple(findings), find_totals(numbers, rows.cells))


_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")


def read_delimited(path: Path, *, name: str) -> ReadTable:
    """Return the first table in the file at `path`, whole."""
    if path.stat().st_size < SAMPLE_BYTES:
        return read_tables(path, name=name)[0]
    head = read_head(path, name=name)
    (span,) = plan_spans(path, head, span_bytes=1 << 62)
    return ReadTable(head, read_span(path, span, head))


@dataclass(frozen=True, slots=True)
class _Sample:
    """The first records of a file, and the line on which each begins."""

    head: TableHead
    tables: list[Structure]
    records: list[list[str]]
    lines: list[int]


def _sampled(path: Path, *, name: str, limit: int | None) -> _Sample:
    text, encoding = _first_text(path)
    if not text.strip(_NOTHING):
        raise EmptySourceError(f"{name} holds no data.")
    dialect = find_dialect(text, encoding)
    lines, records, remarks = _sample_records(text, dialect, limit)
    dialect = replace(dialect, width=_common_width(records) or dialect.width)
    tables = [find_structure(records)] if limit else find_tables(records) or [Structure()]
    structure = tables[0]
    if promises_other_than_text(name) and len(structure.columns) < 2:
        ending = name.rpartition(".")[2]
        raise CorruptSourceError(
            f"{name} is called .{ending}, but holds plain text without a table."
        )
    above = tuple(text for i, text in remarks.items() if i < (structure.first_data_row or 0))
    details = {"header_cells": max((len(records[i]) for i in structure.header_rows), default=0)}
    titles = (*above, *title_texts(structure, records))
    head = TableHead(name, structure, dialect=dialect, titles=titles, details=details)
    return _Sample(head, tables, records, lines)


def _first_text(path: Path) -> tuple[str, str]:
    """Return whole lines from the beginning of a file, and its encoding."""
    size = SAMPLE_BYTES
    with path.open("rb") as file:
        sample = file.read(size)
        while len(sample) == size < _MOST_SAMPLE_BYTES and _has_few_lines(sample):
            sample += file.read(size)
            size *= 2
    encoding = find_encoding(sample)
    whole = len(sample) < size
    if not whole and not is_wide(encoding):
        sample = sample[: max(sample.rfind(b"\n"), sample.rfind(b"\r")) + 1] or sample
    text = to_utf8(sample, encoding)[0].decode("utf-8", "replace")
    if not whole:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    return text, encoding


def _has_few_lines(sample: bytes) -> bool:
    """Return whether lines are so long that they show no table yet."""
    return sample.count(b"\n") + sample.count(b"\r") < _FEW_LINES


def _sample_records(
    text: str, dialect: Dialect, limit: int | None
) -> tuple[list[int], list[list[str]], dict[int, str]]:
    """Return the lines on which the first records begin, the records, and remarks by number.

    Remarks are left blank among the records.
    """
    if dialect.widths:
        cut = (cut_line(line, dialect.widths) for line in split_lines(plain_text(text)))
        found = [(line, cells) for line, cells in enumerate(islice(cut, limit))]
    else:
        found = [(r.line, r.cells) for r in islice(read_records(text, dialect), limit)]
    remarks = {
        number: dialect.delimiter.join(cells).lstrip(dialect.comment).strip()
        for number, (_, cells) in enumerate(found)
        if is_comment(cells, dialect)
    }
    records = [[] if i in remarks else cells for i, (_, cells) in enumerate(found)]
    return [line for line, _ in found], records, remarks


def _common_width(records: list[list[str]]) -> int:
    """Return how many cells most records have, those of one cell aside where others have more."""
    widths = Counter(len(record) for record in records if any(map(str.strip, record)))
    return max(widths, key=lambda w: (widths[w] * (2 if w > 1 else 1), w), default=0)


def _read_columns(body: bytes, dialect: Dialect, *, skip: int, width: int) -> Rows | None:
    """Return the rows of a well-formed span; None when it has to be read record by record."""
    if dialect.widths:
        fixed = read_fixed(body, dialect)
        keep = fixed.lines >= skip
        return Rows(fixed.lines[keep], fixed.cells.filter(pa.array(keep)), [])
    if skip:
        body = _after_lines(body, skip, dialect)
    if not body or width < 1:
        return None
    rows = read_plain(body, dialect, width=width)
    if rows is None and (body := body.rstrip(b"\r\n")):
        rows = read_quoted(body, dialect, width=width)
    if rows is not None:
        rows.lines = rows.lines + skip
        rows.mended = [line + skip for line in rows.mended]
    return rows


def _after_lines(body: bytes, count: int, dialect: Dialect) -> bytes:
    """Return what follows the first `count` lines; nothing when a quote makes them uncertain."""
    quote = dialect.quote.encode()
    end = 0
    for _ in range(count):
        match = _LINE_END.search(body, end)
        if match is None or (quote and body.count(quote, end, match.start()) % 2):
            return b""
        end = match.end()
    return body[end:]


def _read_records(
    content: bytes, dialect: Dialect, *, skip: int, width: int
) -> tuple[Rows, list[int]]:
    """Return rows read record by record, and the lines that are remarks."""
    lines: list[int] = []
    rows: list[list[str]] = []
    mended: list[int] = []
    remarks: list[int] = []
    for count, record in enumerate(read_records(content.decode("utf-8", "replace"), dialect)):
        if count < skip or not any(map(str.strip, record.cells)):
            continue
        if is_comment(record.cells, dialect):
            remarks.append(record.line)
            continue
        lines.append(record.line)
        rows.append(_without_surplus(record.cells, dialect, width))
        if record.mended:
            mended.append(record.line)
    return Rows(np.array(lines, np.int64), encode_lists(rows), mended), remarks


def _without_surplus(cells: list[str], dialect: Dialect, width: int) -> list[str]:
    """Return a whole record without the blank cells that delimiters at its end make."""
    if len(cells) == dialect.width > width and not any(cells[width:]):
        return cells[:width]
    return cells


def _mixed(dialect: Dialect) -> Finding:
    text = f"not {dialect.encoding} throughout"
    return Finding(FindingCode.MIXED_ENCODING, Severity.WARNING, text=text)


def _some(code: FindingCode, severity: Severity, lines: list[int], span: TextSpan) -> list[Finding]:
    """Return one finding a line; behind the first two hundred one that says how many there are."""
    found = [
        Finding(code, severity, row_number=span.first_line + line)
        for line in lines[:_MOST_FINDINGS]
    ]
    if len(lines) > _MOST_FINDINGS:
        found.append(Finding(code, severity, text=f"{len(lines)} rows"))
    return found
