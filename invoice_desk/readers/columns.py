"""Whole spans as columns: well-formed text without a look at single rows.

Text that holds neither quotes nor anything that JSON escapes is turned into rows by replacing
its delimiters and line ends; other well-formed text is read by Arrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from invoice_desk.core.cells import dump_cells, encode_rows
from invoice_desk.core.tables import Dialect
from invoice_desk.readers.fixed_width import cut_line
from invoice_desk.readers.records import MOST_LINES, Record, mended_cells, read_records

_ONE_LETTER = b"\x1f"
#: A row that begins with one of these may be blank: delimiters aside, the first bytes of blanks.
_BLANK_STARTS = b" \t\n\x0b\x0c\x1c\x1d\x1e\x1f\xc2\xe1\xe2\xe3"
#: More rows of another width than one in this many are read one by one.
_ODD_SHARE = 20
_FEW_ROWS = 20
_PIECE_BYTES = 1 << 18


class Rows:
    """Rows of a span: the line each begins on, its cells as JSON, the lines that were mended."""

    __slots__ = ("cells", "lines", "mended")

    def __init__(self, lines: np.ndarray, cells: pa.Array, mended: list[int]) -> None:
        self.lines, self.cells, self.mended = lines, cells, mended


def read_plain(body: bytes, dialect: Dialect, *, width: int) -> Rows | None:
    """Return rows of text without quotes and controls; None when it holds some.

    Args:
        body: Lines of UTF-8, none of which ends in two carriage returns.
        dialect: How they are written.
        width: How many columns the table has; blank cells beyond are left out of rows that
            are otherwise whole.
    """
    lines = _plain_lines(body, dialect)
    if lines is None:
        return None
    odd, widths = _rows_of_other_width(lines.parts, lines.ends, dialect.width)
    if (surplus := dialect.width - width) > 0:
        if len(odd) or not lines.end_in_delimiters(surplus):
            return None
        lines, widths = lines.without_last(surplus), width
    blank = lines.blank()
    odd = np.setdiff1d(odd, blank, assume_unique=True)
    if len(odd) * _ODD_SHARE > len(lines.ends):
        return None
    return _without(blank, *_mended(lines, _as_json(lines, widths), dialect, odd))


def read_quoted(body: bytes, dialect: Dialect, *, width: int) -> Rows | None:
    """Return rows that Arrow reads as columns; None when too many are not of one width."""
    delimiter, quote = dialect.delimiter.encode(), dialect.quote.encode()
    if len(delimiter) > 1:
        if _ONE_LETTER in body:
            return None
        body = body.replace(delimiter, _ONE_LETTER)
    one = _ONE_LETTER if len(delimiter) > 1 else delimiter
    if not one or dialect.comment or not _is_well_quoted(body, one, quote, dialect):
        return None
    odd: list[tuple[int, str]] = []
    table = _by_arrow(body, one.decode(), dialect, odd)
    if table is None:
        return None
    columns = [column.combine_chunks() for column in table.columns]
    lines = _first_lines(columns, odd, body)
    if lines is None:
        return None
    if one != delimiter and quote and quote in body:
        columns = [pc.replace_substring(c, one.decode(), dialect.delimiter) for c in columns]
    while len(columns) > width and pc.max(pc.binary_length(columns[-1])).as_py() == 0:
        columns.pop()
    others = _odd_rows(odd, lines, one.decode(), dialect)
    lines = np.delete(lines, [number for number, _ in odd])
    filled = _filled_rows(columns)
    if filled is not None:
        lines, columns = lines[filled], [column.filter(pa.array(filled)) for column in columns]
    return _merged(lines, encode_rows(columns), others)


def _odd_rows(
    odd: list[tuple[int, str]], lines: np.ndarray, delimiter: str, dialect: Dialect
) -> list[Record]:
    """Return the records that Arrow left out, read by themselves and mended where possible."""
    return [
        record._replace(line=int(lines[number]) + record.line)
        for number, text in odd
        for record in read_records(text.replace(delimiter, dialect.delimiter), dialect)
        if any(map(str.strip, record.cells))
    ]


def _merged(lines: np.ndarray, cells: pa.Array, others: list[Record]) -> Rows:
    if not others:
        return Rows(lines, cells, [])
    lines = np.concatenate([lines, [record.line for record in others]])
    order = np.argsort(lines, kind="stable")
    added = pa.array([dump_cells(record.cells) for record in others], pa.string())
    both = pa.concat_arrays([cells, added]).take(pa.array(order))
    return Rows(lines[order], both, [record.line for record in others if record.mended])


def read_fixed(body: bytes, dialect: Dialect) -> Rows:
    """Return rows of text whose columns stand one below the other."""
    lines: list[int] = []
    rows: list[str] = []
    for number, line in enumerate(_with_line_feeds(body).decode("utf-8").split("\n")):
        cells = cut_line(line, dialect.widths)
        is_remark = dialect.comment and line.startswith(dialect.comment)
        if any(cells) and not is_remark:
            lines.append(number)
            rows.append(dump_cells(cells))
    return Rows(np.array(lines, np.int64), pa.array(rows, pa.string()), [])


def _with_line_feeds(body: bytes) -> bytes:
    """Return lines that all end in a line feed."""
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return body if body.endswith(b"\n") else body + b"\n"


class _Lines:
    """Lines of a span, each with a line feed, and where they and their delimiters end."""

    __slots__ = ("body", "delimiter", "ends", "parts", "starts")

    def __init__(self, body: bytes, delimiter: bytes) -> None:
        octets = np.frombuffer(body, np.uint8)
        self.body, self.delimiter = body, delimiter
        self.parts = np.flatnonzero(octets == delimiter[0])
        self._end_at(np.flatnonzero(octets == ord("\n")))

    def __getitem__(self, number: int) -> str:
        return self.body[self.starts[number] : self.ends[number]].decode("utf-8")

    def _end_at(self, ends: np.ndarray) -> None:
        self.ends = ends
        self.starts = np.concatenate([[0], ends[:-1] + 1])

    def blank(self) -> list[int]:
        """Return the numbers of lines that hold blanks and delimiters only."""
        may_be = np.zeros(256, bool)
        may_be[list(_BLANK_STARTS + self.delimiter)] = True
        first = np.frombuffer(self.body, np.uint8)[self.starts]
        delimiter = self.delimiter.decode()
        doubtful = np.flatnonzero(may_be[first]).tolist()
        return [i for i in doubtful if not self[i].replace(delimiter, " ").strip()]

    def end_in_delimiters(self, count: int) -> bool:
        """Return whether `count` delimiters stand at the end of each line."""
        octets = np.frombuffer(self.body, np.uint8)
        if self.ends[0] < count:
            return False
        return all((octets[self.ends - i] == self.delimiter[0]).all() for i in range(1, count + 1))

    def without_last(self, count: int) -> _Lines:
        """Return the lines without the `count` delimiters with which each ends."""
        made = copy(self)
        made.body = self.body.replace(self.delimiter * count + b"\n", b"\n")
        made._end_at(self.ends - count * np.arange(1, len(self.ends) + 1))  # noqa: SLF001
        return made


def _plain_lines(body: bytes, dialect: Dialect) -> _Lines | None:
    """Return the lines of a span; None when something in it is more than text and delimiters."""
    delimiter, quote = dialect.delimiter.encode(), dialect.quote.encode()
    marks = {b'"', b"\\", quote} - {b""}
    if not delimiter or dialect.comment or dialect.width < 1 or any(m in body for m in marks):
        return None
    body = _with_line_feeds(body)
    if len(delimiter) > 1:
        if _ONE_LETTER in body:
            return None
        body, delimiter = body.replace(delimiter, _ONE_LETTER), _ONE_LETTER
    lines = _Lines(body, delimiter)
    controls = len(lines.ends) + (len(lines.parts) if delimiter[0] < ord(" ") else 0)
    found = np.count_nonzero(np.frombuffer(body, np.uint8) < ord(" "))
    return lines if found == controls else None


def _rows_of_other_width(
    parts: np.ndarray, ends: np.ndarray, width: int
) -> tuple[np.ndarray, np.ndarray | int]:
    """Return which rows have not `width` cells, and the width of each row, one if all agree."""
    step = width - 1
    if step == len(parts) == 0:
        return np.array([], np.int64), width
    if step and len(parts) == len(ends) * step:
        firsts, lasts = parts[::step], parts[step - 1 :: step]
        if (lasts < ends).all() and (firsts[1:] > ends[:-1]).all():
            return np.array([], np.int64), width
    widths = np.diff(np.searchsorted(parts, ends), prepend=0) + 1
    return np.flatnonzero(widths != width), widths


def _as_json(lines: _Lines, widths: np.ndarray | int) -> pa.StringArray:
    """Return each line as a JSON array of texts; nothing in them needs an escape."""
    # A line feed before the first line gives it its opening marks as it does to the others.
    text = b"".join(
        part.replace(lines.delimiter, b'","').replace(b"\n", b'"]["')
        for part in (b"\n", *_pieces(lines.body))
    )
    rows = np.arange(1, len(lines.ends) + 1)
    cells = rows * widths if isinstance(widths, int) else np.cumsum(widths)
    offsets = np.empty(len(rows) + 1, np.int32)
    offsets[0] = 2
    # A row grows by the four marks around it, less its line feed, and two at each delimiter.
    offsets[1:] = lines.ends + 3 + 3 * rows + 2 * (cells - rows)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), len(rows), buffers)


def _pieces(body: bytes) -> Iterator[bytes]:
    """Yield a text in pieces that stay in the processor's cache: replacing is twice as fast."""
    for start in range(0, len(body), _PIECE_BYTES):
        yield body[start : start + _PIECE_BYTES]


def _mended(
    lines: _Lines, cells: pa.Array, dialect: Dialect, odd: np.ndarray
) -> tuple[pa.Array, list[int]]:
    """Return the rows, those with another delimiter mended, and the numbers of these."""
    found: dict[int, str] = {}
    for i in odd.tolist():
        line = lines[i].replace(lines.delimiter.decode(), dialect.delimiter)
        if (row := mended_cells(line, dialect)) is not None:
            found[i] = dump_cells(row)
    if not found:
        return cells, []
    mask = np.zeros(len(cells), bool)
    mask[list(found)] = True
    return pc.replace_with_mask(cells, pa.array(mask), pa.array(list(found.values()))), list(found)


def _without(blank: list[int], cells: pa.Array, mended: list[int]) -> Rows:
    numbers = np.arange(len(cells))
    if not blank:
        return Rows(numbers, cells, mended)
    keep = np.ones(len(cells), bool)
    keep[blank] = False
    return Rows(numbers[keep], cells.filter(pa.array(keep)), mended)


def _is_well_quoted(body: bytes, delimiter: bytes, quote: bytes, dialect: Dialect) -> bool:
    """Return whether quotes stand around whole cells only, and all of them close.

    Of well-formed quotes every second one opens a cell and stands behind a delimiter, a line
    end or its like; the others close one, before these.  Where that is not so Arrow would read
    on over delimiters and line ends without a word.
    """
    if not quote or quote not in body:
        return True
    if dialect.escape:
        escape = dialect.escape.encode()
        body = body.replace(escape * 2, b"__").replace(escape + quote, b"__")
    octets = np.frombuffer(body, np.uint8)
    places = np.flatnonzero(octets == quote[0])
    if len(places) % 2:
        return False
    edges = np.zeros(256, bool)
    edges[list(delimiter + quote + b"\r\n")] = True
    opening, closing = places[::2], places[1::2]
    before = edges[octets[opening - 1]]
    after = edges[octets[np.minimum(closing + 1, len(octets) - 1)]]
    before[opening == 0] = True
    return bool(before.all() and after.all())


def _by_arrow(
    body: bytes, delimiter: str, dialect: Dialect, odd: list[tuple[int, str]]
) -> pa.Table | None:
    """Return the records of the table's width; number and text of the others go to `odd`."""
    most = _FEW_ROWS + body.count(b"\n") // _ODD_SHARE

    def note(row: pa_csv.InvalidRow) -> str:
        odd.append((row.number - 1, row.text))
        return "skip" if len(odd) <= most else "error"

    names = [f"c{i}" for i in range(dialect.width)]
    try:
        return pa_csv.read_csv(
            pa.BufferReader(body),
            read_options=pa_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=max(1 << 20, len(body) + 1)
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter,
                quote_char=dialect.quote or False,
                escape_char=dialect.escape or False,
                newlines_in_values=bool(dialect.quote),
                ignore_empty_lines=False,
                invalid_row_handler=note,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None


def _first_lines(
    columns: list[pa.Array], odd: list[tuple[int, str]], body: bytes
) -> np.ndarray | None:
    """Return the line on which each record begins; None when one takes too many lines."""
    count = len(columns[0]) + len(odd)
    ends = body.count(b"\n") + len(_LONE_RETURN.findall(body) if b"\r" in body else ())
    if count == ends + (not body.endswith((b"\n", b"\r"))):
        return np.arange(count)
    breaks = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        breaks += pc.count_substring_regex(column, r"\r\n|\n|\r").to_numpy(zero_copy_only=False)
    # `insert` counts places in what was there before: those of the others left out.
    places = [number - before for before, (number, _) in enumerate(odd)]
    breaks = np.insert(breaks, places, [len(_LINE_END.findall(text)) for _, text in odd])
    if count and breaks.max() >= MOST_LINES:
        return None
    after = np.cumsum(breaks + 1)
    lines: np.ndarray = after - (breaks + 1)
    return lines


_LINE_END = re.compile(r"\r\n|\n|\r")
_LONE_RETURN = re.compile(rb"\r(?!\n)")


def _filled_rows(columns: list[pa.Array]) -> np.ndarray | None:
    """Return which rows hold more than blanks; None when all do."""
    blank = np.ones(len(columns[0]), bool)
    for column in columns:
        at = np.flatnonzero(blank)
        if len(at) == 0:
            return None
        texts = column if len(at) == len(blank) else column.take(pa.array(at))
        lengths = pc.binary_length(pc.utf8_trim_whitespace(texts))
        blank[at[lengths.to_numpy(zero_copy_only=False) > 0]] = False
    return ~blank if blank.any() else None
