"""Spans of a delimited file that workers read apart from each other, cut between records."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np

from invoice_desk.core.tables import Dialect, TableHead
from invoice_desk.readers.base import TextSpan
from invoice_desk.readers.encodings import is_wide

#: More records than any file has.
_ALL = 1 << 40


def plan_spans(path: Path, head: TableHead, *, span_bytes: int) -> list[TextSpan]:
    """Return spans of about `span_bytes` that cover the file and cut no record.

    Quotes are counted, so that a line break inside quotes is no boundary.  When their number
    is odd at the end, some quote was never closed; then plain line ends are the boundaries.
    """
    dialect = head.dialect or Dialect()
    first_data = head.structure.first_data_row
    skip = _ALL if first_data is None else first_data
    size = path.stat().st_size
    if size <= span_bytes or is_wide(dialect.encoding):
        return [TextSpan(0, size, skip=skip)]
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        cuts = _cuts(text, span_bytes, dialect, by_quotes=bool(dialect.quote))
        if cuts is None:
            cuts = _cuts(text, span_bytes, dialect, by_quotes=False) or []
    starts = [(0, 0), *cuts]
    stops = [*(offset for offset, _ in cuts), size]
    return [
        TextSpan(start, stop, line, skip if start == 0 else 0)
        for (start, line), stop in zip(starts, stops, strict=True)
        if stop > start
    ]


def _cuts(
    text: mmap.mmap, span_bytes: int, dialect: Dialect, *, by_quotes: bool
) -> list[tuple[int, int]] | None:
    """Return (offset, lines before) behind line ends; None when a quote stays open at the end."""
    cuts: list[tuple[int, int]] = []
    inside, start, lines, size = False, 0, 0, len(text)
    while start < size:
        block = text[start : start + span_bytes]
        inside ^= by_quotes and _has_odd_quotes(block, dialect)
        stop = start + len(block)
        if stop < size:
            behind, inside = _record_end(text, stop, dialect, inside=inside, by_quotes=by_quotes)
            lines += line_ends(block + text[stop:behind])
            stop = behind
            cuts.append((stop, lines))
        start = stop
    return None if inside else cuts


def line_ends(block: bytes) -> int:
    """Return the number of line ends, each of LF, CR LF, CR CR LF or CR alone."""
    octets = np.frombuffer(block, np.uint8)
    count = int(np.count_nonzero(octets == _LF))
    if b"\r" in block:
        returns = np.flatnonzero(octets == _CR)
        follows = np.frombuffer(block + b"\0\0", np.uint8)
        next_, second = follows[returns + 1], follows[returns + 2]
        belongs = (next_ == _LF) | ((next_ == _CR) & (second == _LF))
        count += len(returns) - int(np.count_nonzero(belongs))
    return count


_LF, _CR = b"\n\r"


def _has_odd_quotes(block: bytes, dialect: Dialect) -> bool:
    quote, escape = dialect.quote.encode(), dialect.escape.encode()
    if quote not in block:
        return False
    if escape:
        block = block.replace(escape * 2, b"").replace(escape + quote, b"")
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == quote[0])) % 2 == 1


def _record_end(
    text: mmap.mmap, at: int, dialect: Dialect, *, inside: bool, by_quotes: bool
) -> tuple[int, bool]:
    """Return where the record ends that holds the byte before `at`, and the quote state there."""
    end = b"\r" if dialect.line_end == "\r" else b"\n"
    while at < len(text):
        found = text.find(end, at)
        behind = len(text) if found < 0 else found + 1
        inside ^= by_quotes and _has_odd_quotes(text[at:behind], dialect)
        at = behind
        if not inside:
            break
    return at, inside
