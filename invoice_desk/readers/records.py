"""Records of a delimited text one by one, mended where a quote or a delimiter is astray."""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from invoice_desk.core.cell_kinds import looks_typed
from invoice_desk.core.tables import Dialect

#: A record of more lines than this is taken for one with a stray quote.
MOST_LINES = 200
#: Stands for a delimiter of several letters while Python's reader, which knows one, is at work.
_ONE_LETTERS = "\x1f\x1e\ue000"
_OTHER_DELIMITERS = (";", "\t", "|", ",", " ")
csv.field_size_limit(2**31 - 1)


class Record(NamedTuple):
    """A record as it stands.

    Attributes:
        line: The line on which it begins, from 0.
        cells: Its texts.
        mended: Whether a quote or a delimiter in it was not taken as the dialect says.
    """

    line: int
    cells: list[str]
    mended: bool = False


def plain_text(text: str) -> str:
    """Return `text` without zero letters, marks and doubled carriage returns."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if "\r\r\n" in text:
        text = text.replace("\r\r\n", "\r\n")
    return text.removeprefix("\ufeff")


def split_lines(text: str) -> list[str]:
    """Split at CR LF, LF and CR, and keep the ends."""
    if "\r" in text:
        return re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", text)
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def is_comment(cells: Sequence[str], dialect: Dialect) -> bool:
    """Return whether a record is a remark: it begins so, and is no row by its width."""
    mark = dialect.comment
    return bool(mark and cells and cells[0].startswith(mark) and len(cells) != dialect.width)


def read_records(text: str, dialect: Dialect) -> Iterator[Record]:
    """Yield each record; a quote that never closes is a letter.

    A record over several lines is taken for one with a stray quote when it has more than 200
    lines, runs open to the end, or has not the width of the table although its first line has.
    What is astray is mended within that line, so that the table's width comes out, and reading
    goes on behind it.
    """
    text = plain_text(text)
    delimiter = dialect.delimiter
    if not dialect.escape and (not dialect.quote or dialect.quote not in text):
        yield from _unquoted(text, _Mender(dialect))
        return
    if len(delimiter) > 1:
        letter = next((mark for mark in _ONE_LETTERS if mark not in text), _ONE_LETTERS[-1])
        for record in _quoted(text.replace(delimiter, letter), replace(dialect, delimiter=letter)):
            yield record._replace(cells=[c.replace(letter, delimiter) for c in record.cells])
        return
    yield from _quoted(text, dialect)


def mended_cells(line: str, dialect: Dialect) -> list[str] | None:
    """Return the cells of a single line in another delimiter; None where none fits the width."""
    return _Mender(dialect).in_other_delimiter(line)


def _unquoted(text: str, mender: _Mender) -> Iterator[Record]:
    delimiter, width = mender.dialect.delimiter, mender.dialect.width
    for number, line in enumerate(split_lines(text)):
        bare = line.rstrip("\r\n")
        cells = bare.split(delimiter) if bare else []
        if width and cells and len(cells) != width and (other := mender.in_other_delimiter(bare)):
            yield Record(number, other, mended=True)
        else:
            yield Record(number, cells)


def _quoted(text: str, dialect: Dialect) -> Iterator[Record]:
    lines = split_lines(text)
    mender = _Mender(dialect)
    start = 0
    while start < len(lines):
        rest = map(lines.__getitem__, range(start, len(lines)))
        stray = yield from _until_stray(mender.reader(rest), lines, start, mender)
        if stray is None:
            return
        record, used = mender.mended(lines, stray)
        yield record
        start = stray + used


def _until_stray(
    reader: _Reader, lines: Sequence[str], start: int, mender: _Mender
) -> Generator[Record, None, int | None]:
    """Yield records; return the line where something is astray, None at the end."""
    before, width = 0, mender.dialect.width
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return None
        except csv.Error:
            return start + before
        own = lines[start + before : start + reader.line_num]
        wrong = width and cells and len(cells) != width
        if len(own) > MOST_LINES or (wrong and mender.could_mend(own)):
            return start + before
        yield Record(start + before, cells)
        before = reader.line_num


@dataclass(frozen=True, slots=True)
class _Mender:
    """Reads what is astray so that it has the width of the other records."""

    dialect: Dialect

    def reader(self, lines: Iterator[str], *, strict: bool = True) -> _Reader:
        """Return Python's reader for these lines; a strict one refuses text behind a quote."""
        made = self.dialect
        return csv.reader(
            lines,
            delimiter=made.delimiter,
            quotechar=made.quote or None,
            escapechar=made.escape or None,
            quoting=csv.QUOTE_MINIMAL if made.quote else csv.QUOTE_NONE,
            strict=strict,
        )

    def could_mend(self, lines: Sequence[str]) -> bool:
        """Return whether another reading of the lines of a record may have the right width.

        Of several lines each would have to be a row: then a quote has swallowed them.
        """
        quote, width = self.dialect.quote, self.dialect.width
        if len(lines) > 1:
            return all(line.count(self.dialect.delimiter) == width - 1 for line in lines)
        return bool(quote and quote in lines[0]) or self.in_other_delimiter(lines[0]) is not None

    def mended(self, lines: Sequence[str], at: int) -> tuple[Record, int]:
        """Return the record on line `at`, read as fits the width, and how many lines it took."""
        line, width = lines[at].rstrip("\r\n"), self.dialect.width
        for cells, is_mended in self._readings(line):
            if len(cells) == width:
                return Record(at, cells, mended=is_mended), 1
        over = self._over_lines(lines, at)
        if over is not None and width in {0, len(over[0].cells)}:
            return over
        if (other := self.in_other_delimiter(line)) is not None:
            return Record(at, other, mended=True), 1
        if over is not None and not over[0].mended:
            return over
        cells, well_formed = self._as_it_stands(line)
        return Record(at, cells, mended=not well_formed), 1

    def in_other_delimiter(self, line: str) -> list[str] | None:
        """Return the cells if another delimiter than the table's gives the line its width."""
        own, width = self.dialect, self.dialect.width
        if width < 3:
            return None
        quote = own.quote or '"'
        for delimiter in (own.delimiter, *_OTHER_DELIMITERS):
            if len(delimiter) > 1 or line.count(delimiter) < width - 1:
                continue
            if delimiter == own.delimiter and f"{delimiter} {quote}" not in line:
                continue  # its own with a blank behind it: only there quotes are not seen
            bare = line.rstrip("\r\n")
            reader = csv.reader([bare], delimiter=delimiter, quotechar=quote, skipinitialspace=True)
            try:
                cells = next(reader)
            except (csv.Error, StopIteration):
                continue
            if len(cells) == width and (delimiter != " " or _has_values(cells)):
                return cells
        return None

    def _readings(self, line: str) -> Iterator[tuple[list[str], bool]]:
        """Yield readings of one line, the likeliest first, and whether they mend something."""
        if not self.dialect.quote or self.dialect.quote not in line:
            return
        if (strict := self._strict(line)) is not None:
            yield strict, False
            return  # its quotes are in order: a delimiter is astray
        tolerant, openings = self._tolerant(line)
        if tolerant is not None:
            yield tolerant, True
        bare, _ = self._tolerant(line, doubled=False)
        if bare is not None:
            yield bare, True
        for opening in openings[:50]:
            cells, _ = self._tolerant(line, stray=opening)
            if cells is not None:
                yield cells, True
        yield line.split(self.dialect.delimiter), True

    def _over_lines(self, lines: Sequence[str], at: int) -> tuple[Record, int] | None:
        """Return a record that takes several lines; None if its quote does not close soon."""
        quote = self.dialect.quote
        if not quote or lines[at].count(quote) % 2 == 0:
            return None
        rest = map(lines.__getitem__, range(at, min(len(lines), at + MOST_LINES)))
        reader = self.reader(rest, strict=False)
        try:
            cells = next(reader)
        except (csv.Error, StopIteration):
            return None
        used = reader.line_num
        if sum(lines[at + i].count(quote) for i in range(used)) % 2 == 1:
            return None
        try:
            next(self.reader(iter(lines[at : at + used])))
        except csv.Error:
            return Record(at, cells, mended=True), used
        return Record(at, cells), used

    def _as_it_stands(self, line: str) -> tuple[list[str], bool]:
        """Return a line as quoted cells where it is well-formed, else simply parted."""
        cells = self._strict(line)
        return (line.split(self.dialect.delimiter), False) if cells is None else (cells, True)

    def _strict(self, line: str) -> list[str] | None:
        try:
            return next(self.reader(iter([line])), [])
        except csv.Error:
            return None

    def _tolerant(
        self, line: str, *, stray: int | None = None, doubled: bool = True
    ) -> tuple[list[str] | None, list[int]]:
        """Return the cells of a line, and where quotes opened them.

        A quote closes only before a delimiter or the end; that at `stray` is a letter, and two
        are one letter where quotes are `doubled`.  The cells are None when a quote stays open.
        """
        delimiter, quote = self.dialect.delimiter, self.dialect.quote
        cells: list[str] = []
        openings: list[int] = []
        at = 0
        while at <= len(line):
            if line.startswith(quote, at) and at != stray:
                openings.append(at)
                end = self._closing(line, at + 1, doubled=doubled)
                if end < 0:
                    return None, openings
                cell = line[at + 1 : end]
                cells.append(cell.replace(quote * 2, quote) if doubled else cell)
                at = end + 1 + len(delimiter)
                continue
            end = line.find(delimiter, at)
            end = len(line) if end < 0 else end
            cells.append(line[at:end])
            at = end + len(delimiter)
        return cells, openings

    def _closing(self, line: str, at: int, *, doubled: bool) -> int:
        """Return where a quote closes that opened before `at`; -1 when nowhere."""
        delimiter, quote = self.dialect.delimiter, self.dialect.quote
        while (end := line.find(quote, at)) >= 0:
            if doubled and line.startswith(quote, end + 1):
                at = end + 2
            elif end + 1 == len(line) or line.startswith(delimiter, end + 1):
                return end
            else:
                at = end + 1
        return -1


def _has_values(cells: Sequence[str]) -> bool:
    """Return whether a third of the cells are numbers or dates: words alone may be a remark."""
    return sum(map(looks_typed, cells)) * 3 >= len(cells)


class _Reader(Protocol):
    """What `csv.reader` returns."""

    line_num: int

    def __next__(self) -> list[str]: ...
