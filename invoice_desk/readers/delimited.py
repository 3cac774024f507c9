"""Delimited text: its dialect from its content, its records in spans that workers share.

A well-formed span is read by Arrow as whole columns.  Where Arrow refuses (records of uneven
width, blank lines, a stray quote) the span is read record by record instead; every record is
kept as it stands and counted.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from invoice_desk.core.cells import encode_lists, encode_rows
from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.core.source import promises_other_than_text
from invoice_desk.core.structure import find_structure, find_tables
from invoice_desk.core.tables import Dialect, RowBatch, Structure, TableHead
from invoice_desk.core.total_words import find_totals
from invoice_desk.errors import CorruptSourceError, EmptySourceError
from invoice_desk.readers.base import ReadTable, TextSpan
from invoice_desk.readers.parts import tables_of, title_texts

SAMPLE_BYTES = 256 * 1024
_SAMPLE_RECORDS = 400
_DELIMITERS = (";", ",", "\t", "|", ":")
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
csv.field_size_limit(2**31 - 1)


def read_head(path: Path, *, name: str) -> TableHead:
    """Return dialect and structure of the file at `path`, from its first 256 KiB.

    Raises:
        EmptySourceError: If there is no record in it.
        CorruptSourceError: If the name promises another kind and the text holds no table.
    """
    return _sampled(path, name=name, limit=_SAMPLE_RECORDS).head


def read_tables(path: Path, *, name: str) -> list[ReadTable]:
    """Return all tables of a file that the sample holds whole, each with its rows.

    Raises:
        EmptySourceError: If there is no record in it.
        CorruptSourceError: If the name promises another kind and the text holds no table.
    """
    sample = _sampled(path, name=name, limit=None)
    bodies = [found.body_row for found in sample.tables if found.body_row is not None]
    span = TextSpan(0, path.stat().st_size, skip=min(bodies, default=_ALL))
    batch = read_span(path, span, sample.head)
    return tables_of(sample.head, sample.tables, batch, texts=sample.records, places=sample.lines)


@dataclass(frozen=True, slots=True)
class _Sample:
    """The first records of a file, and the line on which each begins."""

    head: TableHead
    tables: list[Structure]
    records: list[list[str]]
    lines: list[int]


def _sampled(path: Path, *, name: str, limit: int | None) -> _Sample:
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    whole = len(sample) < SAMPLE_BYTES
    encoding = find_encoding(sample)
    text = _decode(sample, encoding)
    if not whole:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    if not text.strip("\ufeff \t\r\n\x00,;"):
        raise EmptySourceError(f"{name} holds no data.")
    dialect = find_dialect(text, encoding)
    lines, records = _sample_records(text, dialect, limit)
    tables = [find_structure(records)] if limit else find_tables(records) or [Structure()]
    structure = tables[0]
    if promises_other_than_text(name) and len(structure.columns) < 2:
        ending = name.rpartition(".")[2]
        raise CorruptSourceError(
            f"{name} is called .{ending}, but holds plain text without a table."
        )
    titles = title_texts(structure, records)
    head = TableHead(name=name, structure=structure, dialect=dialect, titles=titles)
    return _Sample(head, tables, records, lines)


def find_encoding(sample: bytes) -> str:
    """Return the encoding of these bytes: by mark, by zeros, UTF-8 if it fits, else cp1252."""
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    if sample[1:400:2].count(0) > len(sample[1:400:2]) * 0.6:
        return "utf-16-le"
    if sample[:400:2].count(0) > len(sample[:400:2]) * 0.6:
        return "utf-16-be"
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 4:  # not just cut off in the middle of a letter
            return "cp1252"
    return "utf-8"


def find_dialect(text: str, encoding: str) -> Dialect:
    """Return the delimiter under which most records of `text` agree on a width above one."""
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = Counter(len(row) for _, row in _records(text[:65536], delimiter, '"') if any(row))
        total = sum(widths.values())
        if not total:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
        if width < 2:
            continue
        score = count / total * (1 - 1 / (width + 1)) * (0.9 if delimiter == ":" else 1.0)
        if score > best_score:
            best, best_score = delimiter, score
    return Dialect(encoding=encoding, delimiter=best, confidence=round(best_score, 3))


def plan_spans(path: Path, head: TableHead, *, span_bytes: int) -> list[TextSpan]:
    """Return spans of about `span_bytes` that cover the file and cut no record.

    Quotes are counted, so that a line break inside quotes is no boundary.  When their number
    is odd at the end, some quote was never closed; then plain line ends are the boundaries.
    """
    dialect = head.dialect or Dialect()
    body = head.structure.body_row
    skip = _ALL if body is None else body
    size = path.stat().st_size
    wide = dialect.encoding.startswith(("utf-16", "utf-32"))
    if size <= span_bytes or wide:
        return [TextSpan(0, size, skip=skip)]
    cuts = _cuts(path, size, span_bytes, quote=dialect.quote.encode())
    if cuts is None:
        cuts = _cuts(path, size, span_bytes, quote=None) or []
    starts = [(0, 0), *cuts]
    stops = [*(offset for offset, _ in cuts), size]
    return [
        TextSpan(start, stop, line, skip if start == 0 else 0)
        for (start, line), stop in zip(starts, stops, strict=True)
        if stop > start
    ]


_ALL = 1 << 40
#: A record of more lines than this is taken for one with a stray quote.
_MOST_LINES = 200


def _cuts(
    path: Path, size: int, span_bytes: int, *, quote: bytes | None
) -> list[tuple[int, int]] | None:
    """Return (offset, lines before) behind line ends; None when a quote stays open at the end."""
    cuts: list[tuple[int, int]] = []
    inside, offset, lines = False, 0, 0
    with path.open("rb") as file:
        while block := file.read(span_bytes):
            if quote is not None and block.count(quote) % 2:
                inside = not inside
            offset += len(block)
            lines += _line_ends(block)
            if offset < size:
                rest, inside = _to_record_end(file, quote, inside=inside)
                offset += len(rest)
                lines += _line_ends(rest)
                cuts.append((offset, lines))
    return None if inside else cuts


def _line_ends(block: bytes) -> int:
    """Return the number of line ends; a file with CR alone has no LF at all."""
    return block.count(b"\n") or block.count(b"\r")


def _to_record_end(
    file: io.BufferedReader, quote: bytes | None, *, inside: bool
) -> tuple[bytes, bool]:
    """Read on to the end of the record; return what was read, and the quote state."""
    taken: list[bytes] = []
    while line := file.readline():
        taken.append(line)
        if quote is not None and line.count(quote) % 2:
            inside = not inside
        if not inside:
            break
    return b"".join(taken), inside


def read_span(path: Path, span: TextSpan, head: TableHead) -> RowBatch:
    """Return the records of `span`, each numbered by the line of the file on which it begins."""
    dialect = head.dialect or Dialect()
    with path.open("rb") as file:
        file.seek(span.start)
        data = file.read(span.stop - span.start)
    findings: tuple[Finding, ...] = ()
    if dialect.encoding not in {"utf-8", "utf-8-sig"} or not _is_utf8(data):
        if dialect.encoding.startswith("utf-8"):
            findings = (
                Finding(FindingCode.MIXED_ENCODING, Severity.WARNING, text="not UTF-8 throughout"),
            )
        data = _decode(data, dialect.encoding).encode("utf-8", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    batch = _read_columns(data, dialect, span, width=len(head.structure.columns))
    if batch is None:
        width = len(head.structure.columns)
        batch = _read_records(data.decode("utf-8"), dialect, span, width=width)
    return RowBatch(batch.numbers, batch.cells, findings, find_totals(batch.numbers, batch.cells))


def _read_columns(data: bytes, dialect: Dialect, span: TextSpan, *, width: int) -> RowBatch | None:
    """Read a well-formed span as columns; None when its records do not all have that width."""
    body = data.rstrip(b"\r\n")
    if span.skip:
        body = _after_lines(body, span.skip)
    if width < 1 or not body or b"\x00" in body or b"\r\r" in body:
        return None
    if body.count(dialect.quote.encode()) % 2:
        return None  # some quote never closes; Arrow would read on to the end
    names = [f"c{i}" for i in range(width)]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(body),
            read_options=pa_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=max(1 << 20, len(body) + 1)
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote,
                newlines_in_values=True,
                ignore_empty_lines=False,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    columns = [column.combine_chunks() for column in table.columns]
    if table.num_rows == _line_ends(body) + 1:
        lines = np.arange(table.num_rows)
    else:
        lines = _first_lines(columns)
        if np.diff(lines, append=lines[-1] + 1).max() > _MOST_LINES:
            return None
    numbers = pa.array(lines + span.first_line + span.skip)
    return RowBatch(numbers, encode_rows(columns))


def _first_lines(columns: Sequence[pa.Array]) -> np.ndarray:
    """Return the line on which each record begins, when cells hold line breaks."""
    breaks = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        breaks += pc.count_substring_regex(column, r"\r\n|\n|\r").to_numpy(zero_copy_only=False)
    ends = np.cumsum(breaks + 1)
    return ends - (breaks + 1)


def _after_lines(data: bytes, count: int) -> bytes:
    """Return what follows the first `count` lines; nothing when a quote makes them uncertain."""
    end = 0
    for _ in range(count):
        match = _LINE_END.search(data, end)
        if match is None or data.count(b'"', end, match.start()) % 2:
            return b""
        end = match.end()
    return data[end:]


_LINE_END = re.compile(rb"\r\n|\n|\r")


def _read_records(text: str, dialect: Dialect, span: TextSpan, *, width: int) -> RowBatch:
    numbers: list[int] = []
    rows: list[list[str]] = []
    records = _records(text, dialect.delimiter, dialect.quote, width=width or None)
    for count, (line, record) in enumerate(records):
        if count >= span.skip and any(cell.strip() for cell in record):
            numbers.append(span.first_line + line)
            rows.append(record)
    return RowBatch(pa.array(numbers, pa.int64()), encode_lists(rows))


def _records(
    text: str, delimiter: str, quote: str, *, width: int | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Yield each record and the line it begins on; a quote that never closes is a character.

    A record over several lines is taken for one with a stray quote when it has more than 200
    lines, runs open to the end, or has not `width` cells although its first line has: then that
    line is read alone, and reading goes on behind it.
    """
    clean = text.replace("\x00", "").replace("\r\r\n", "\r\n").removeprefix("\ufeff")
    lines = _split(clean)
    alone = _Alone(delimiter, quote, width)
    start = 0
    while start < len(lines):
        reader = csv.reader(islice(lines, start, None), delimiter=delimiter, quotechar=quote)
        stray = yield from _until_stray(reader, lines, start, alone)
        if stray is None:
            return
        yield stray, alone.cells(lines[stray])
        start = stray + 1


def _until_stray(
    reader: _Reader, lines: Sequence[str], start: int, alone: _Alone
) -> Generator[tuple[int, list[str]], None, int | None]:
    """Yield records; return the line where a quote is stray, None at the end."""
    before = 0
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return None
        except csv.Error:
            return start + before
        spanned = reader.line_num - before
        if spanned > 1:
            own = lines[start + before : start + reader.line_num]
            is_open = start + reader.line_num >= len(lines) and _is_odd(own)
            if spanned > _MOST_LINES or is_open or alone.fits_better(own[0], record):
                return start + before
        yield start + before, record
        before = reader.line_num


def _is_odd(lines: Sequence[str]) -> bool:
    return sum(line.count('"') for line in lines) % 2 == 1


@dataclass(frozen=True, slots=True)
class _Alone:
    """Reads one line by itself, where a quote in it is stray."""

    delimiter: str
    quote: str
    width: int | None

    def fits_better(self, line: str, record: Sequence[str]) -> bool:
        """Return whether a line has the table's width, and the record that it began has not."""
        if self.width is None or len(record) == self.width:
            return False
        return len(self.cells(line)) == self.width

    def cells(self, line: str) -> list[str]:
        """Return the line as quoted cells if they fit the width, else without quoting."""
        bare = line.rstrip("\r\n")
        try:
            quoted = next(csv.reader([bare], delimiter=self.delimiter, quotechar=self.quote), [])
        except csv.Error:
            quoted = []
        if self.width and len(quoted) == self.width:
            if bare.count(self.quote) % 2:  # it opened the last cell, and is part of the text
                quoted[-1] = self.quote + quoted[-1]
            return quoted
        return next(csv.reader([bare], delimiter=self.delimiter, quoting=csv.QUOTE_NONE), [])


class _Reader(Protocol):
    """What `csv.reader` returns."""

    line_num: int

    def __next__(self) -> list[str]: ...


def _split(text: str) -> list[str]:
    """Split at CR LF, LF and CR, and keep the ends."""
    if "\r" in text:
        return re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", text)
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _sample_records(
    text: str, dialect: Dialect, limit: int | None
) -> tuple[list[int], list[list[str]]]:
    """Return the lines on which the first records begin, and the records.

    Those on one line tell which width the others should have.
    """
    records = list(islice(_records(text, dialect.delimiter, dialect.quote), _SAMPLE_RECORDS))
    widths = Counter(len(record) for _, record in records if any(record))
    width = widths.most_common(1)[0][0] if widths else None
    again = list(islice(_records(text, dialect.delimiter, dialect.quote, width=width), limit))
    return [line for line, _ in again], [record for _, record in again]


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode(data: bytes, encoding: str) -> str:
    """Decode with what fits: bytes that the encoding lacks are read as latin-1 says."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        fallback = "latin-1" if encoding in {"cp1252", "utf-8", "utf-8-sig"} else encoding
        return data.decode(fallback, "replace")


def read_delimited(path: Path, *, name: str) -> ReadTable:
    """Return the first table in the file at `path`, whole."""
    if path.stat().st_size < SAMPLE_BYTES:
        return read_tables(path, name=name)[0]
    head = read_head(path, name=name)
    (span,) = plan_spans(path, head, span_bytes=1 << 62)
    return ReadTable(head, read_span(path, span, head))
