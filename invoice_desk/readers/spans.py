"""Spans of a delimited file that workers read apart from each other, cut between records."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from invoice_desk.core.tables import Dialect, TableHead
from invoice_desk.readers.base import TextSpan
from invoice_desk.readers.encodings import is_wide

#: More records than any file has.
ALL_RECORDS = 1 << 40
_PIECE_BYTES = 1 << 20


def plan_spans(path: Path, head: TableHead, *, span_bytes: int) -> list[TextSpan]:
    """Return spans of about `span_bytes` that cover the file and cut no record.

    Quotes are counted, so that a line break inside quotes is no boundary.  When their number
    is odd at the end, some quote was never closed; then plain line ends are the boundaries.
    """
    dialect = head.dialect or Dialect()
    body = head.structure.body_row
    skip = ALL_RECORDS if body is None else body
    size = path.stat().st_size
    if size <= span_bytes or is_wide(dialect.encoding):
        return [TextSpan(0, size, skip=skip)]
    with path.open("rb") as file:
        cuts = _cuts(file, size, span_bytes, dialect)
        if cuts is None:
            cuts = _cuts(file, size, span_bytes, replace(dialect, quote="")) or []
    starts = [(0, 0), *cuts]
    stops = [*(offset for offset, _ in cuts), size]
    return [
        TextSpan(start, stop, line, skip if start == 0 else 0)
        for (start, line), stop in zip(starts, stops, strict=True)
        if stop > start
    ]


def _cuts(
    file: io.BufferedReader, size: int, span_bytes: int, dialect: Dialect
) -> list[tuple[int, int]] | None:
    """Return (offset, lines before) behind line ends; None when a quote stays open at the end."""
    cuts: list[tuple[int, int]] = []
    inside, lines = False, 0
    file.seek(0)
    while (start := file.tell()) < size:
        for piece in _pieces(file, min(start + span_bytes, size), dialect):
            inside ^= _has_odd_quotes(piece, dialect)
            lines += line_ends(piece)
        while file.tell() < size:
            line = _read_line(file, dialect)
            inside ^= _has_odd_quotes(line, dialect)
            lines += line_ends(line)
            if not inside:
                break
        if file.tell() < size:
            cuts.append((file.tell(), lines))
    return None if inside else cuts


def _pieces(file: io.BufferedReader, stop: int, dialect: Dialect) -> Iterator[bytes]:
    """Yield what stands before `stop` in pieces that cut no line end and no escaped quote."""
    while (left := stop - file.tell()) > 0:
        piece = file.read(min(left, _PIECE_BYTES))
        whole = piece.rstrip(b"\r" + dialect.escape.encode()) or piece
        file.seek(len(whole) - len(piece), io.SEEK_CUR)
        yield whole
        if len(piece) == left:
            return


def _read_line(file: io.BufferedReader, dialect: Dialect) -> bytes:
    """Return the rest of a line; Python itself knows no lines that end in CR alone."""
    if dialect.line_end != "\r":
        return file.readline()
    taken: list[bytes] = []
    while piece := file.read(1 << 16):
        end = piece.find(b"\r") + 1
        taken.append(piece[:end] if end else piece)
        if end:
            file.seek(end - len(piece), io.SEEK_CUR)
            break
    return b"".join(taken)


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
    if not quote or quote not in block:
        return False
    if escape:
        block = block.replace(escape * 2, b"").replace(escape + quote, b"")
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == quote[0])) % 2 == 1
