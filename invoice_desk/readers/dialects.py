"""In which dialect a delimited text is written, told from its first lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from invoice_desk.core.cell_kinds import looks_typed
from invoice_desk.core.tables import Dialect
from invoice_desk.readers.fixed_width import cut_line, find_widths
from invoice_desk.readers.records import is_comment, plain_text, read_records, split_lines

_SAMPLE_LETTERS = 65536
_SAMPLE_RECORDS = 200
#: So many whole records and cells show what values look like.
_VALUE_RECORDS, _VALUE_CELLS = 50, 1000
#: With how much trust each is met: a colon parts times, a blank words.
_DELIMITERS = {
    ";": 1.0,
    ",": 1.0,
    "\t": 1.0,
    "|": 1.0,
    "~": 0.9,
    "^": 0.9,
    "\x1f": 1.0,
    "\x01": 1.0,
    ":": 0.8,
    " ": 0.6,
}
_FIXED_TRUST = 0.8
_COMMENT = "#"
#: Letters that longer delimiters are made of.
_FLANKS = frozenset("~|^;,#@§*!:/\\ ")
_RUN = re.compile(r"[~|^;#@§*!:$%&]{2,4}")
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?([.,]\d+)?$")
#: One amount, or one date with or without a time; a blank groups figures by three only.
_ONE_VALUE = re.compile(
    r"[-+(]?[€$£]? ?(\d{1,3}([ .,'\u00a0\u202f]\d{3})+|\d+)([.,]\d+)? ?[)%€$£]?$"
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d{1,2}:\d{2}(:\d{2})?([.,]\d+)?(Z|[+-][\d:]+)?)?$"
)
_SUSPICIOUS = re.compile(r"[;|\t~^\x1f\x01]")
_WORD = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class _Reading:
    """A dialect, and what the sample looks like in it."""

    dialect: Dialect
    score: float
    rows: Sequence[Sequence[str]]


def find_dialect(text: str, encoding: str) -> Dialect:
    """Return the dialect in which most records of `text` agree on a width above one.

    Of those with equal agreement the one is taken whose cells look most like values: numbers,
    dates and words rather than pieces that hold another delimiter or half a pair of quotes.
    """
    sample = plain_text(text[:_SAMPLE_LETTERS])
    lines = split_lines(sample)
    if len(lines) > 1 and len(text) > _SAMPLE_LETTERS:
        lines = lines[:-1]  # cut off in the middle
    base = Dialect(encoding=encoding, line_end=_line_end(text[:_SAMPLE_LETTERS]))
    body = [line for line in lines if not line.startswith(_COMMENT)] or lines
    readings = list(_readings("".join(body), base, body))
    best = max(readings, key=lambda reading: reading.score, default=None)
    if best is None or best.dialect.width == 1 or _is_one_column(body, best):
        return replace(base, width=1, confidence=0.5)
    best = _with_longer_delimiter("".join(body), best)
    found = replace(best.dialect, confidence=round(min(1.0, best.score), 3))
    return _with_comment(lines, body, found)


def _line_end(text: str) -> str:
    counts = {
        "\r\r\n": text.count("\r\r\n"),
        "\r\n": text.count("\r\n") - text.count("\r\r\n"),
        "\n": text.count("\n") - text.count("\r\n"),
        "\r": text.count("\r") - text.count("\r\n") - text.count("\r\r\n"),
    }
    best = max(counts, key=lambda end: counts[end])
    return best if counts[best] else "\n"


def _readings(sample: str, base: Dialect, lines: Sequence[str]) -> Iterator[_Reading]:
    for delimiter, trust in (_DELIMITERS | _longer_delimiters(sample, len(lines))).items():
        if delimiter not in sample:
            continue
        for quote, escape in _quotings(sample, delimiter):
            made = replace(base, delimiter=delimiter, quote=quote, escape=escape)
            if (reading := _read_with(made, sample, trust)) is not None:
                yield reading
    if (one := _as_one_column(replace(base, delimiter=_NO_DELIMITER), sample)) is not None:
        yield one
    widths = find_widths(lines[:_SAMPLE_RECORDS])
    if widths:
        made = replace(base, delimiter="", quote="", widths=widths)
        cut = (cut_line(line, widths) for line in lines[:_SAMPLE_RECORDS])
        rows = [row for row in cut if len(row) > 1]  # the others are titles, rules and blank
        if (reading := _weighed(made, rows, trust=_FIXED_TRUST)) is not None:
            yield reading


def _longer_delimiters(sample: str, lines: int) -> dict[str, float]:
    """Return delimiters of several letters that this sample gives a reason to try."""
    runs = Counter(_RUN.findall(sample))
    found = {run: 1.0 for run, count in runs.most_common(2) if count * 5 >= lines * 4}
    for delimiter in ";,|:":
        count = sample.count(delimiter)
        for padded in (f"{delimiter} ", f" {delimiter} "):
            if count and sample.count(padded) * 2 >= count >= lines // 2:
                found[padded] = _DELIMITERS[delimiter]
    return found


def _read_with(dialect: Dialect, sample: str, trust: float) -> _Reading | None:
    records = list(islice(read_records(sample, dialect), _SAMPLE_RECORDS))
    filled = [record for record in records if any(map(str.strip, record.cells))]
    mended = sum(record.mended for record in filled)
    return _weighed(dialect, [record.cells for record in filled], trust=trust, mended=mended)


def _quotings(sample: str, delimiter: str) -> Iterator[tuple[str, str]]:
    """Yield the ways of quoting that this sample gives a reason to try; ties go to the first."""
    yield '"', ""
    part = re.escape(delimiter)
    if '\\"' in sample or f"\\{delimiter}" in sample:
        yield '"', "\\"
    enclosed = rf"(?:^|{part})'[^'\n]*(?:''[^'\n]*)*'(?=$|\r|{part})"
    fewest = 2 if '"' in sample else 1
    if "'" in sample and len(re.findall(enclosed, sample, re.MULTILINE)) >= fewest:
        yield "'", ""
        if "\\'" in sample:
            yield "'", "\\"
    if '"' in sample:
        yield "", ""


def _as_one_column(dialect: Dialect, sample: str) -> _Reading | None:
    """Return the reading of lines as one cell each if some are quoted, or hold no delimiter."""
    records = islice(read_records(sample, dialect), _SAMPLE_RECORDS)
    rows = [record.cells for record in records if any(map(str.strip, record.cells))]
    whole = sum(bool(_ONE_VALUE.match(row[0]) or not _ANY_DELIMITER.search(row[0])) for row in rows)
    if not whole:
        return None
    return _Reading(replace(dialect, width=1), 0.5 * whole / len(rows), rows)


_NO_DELIMITER = "\ue001"
_ANY_DELIMITER = re.compile(r"[;,|\t~^\x1f\x01: ]")


def _weighed(
    dialect: Dialect, rows: Sequence[Sequence[str]], *, trust: float, mended: int = 0
) -> _Reading | None:
    """Return how far rows agree on a width, and how far their cells look like values.

    A row that had to be mended speaks half for the dialect.
    """
    widths = Counter(map(len, rows))
    if not widths:
        return None
    width, count = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    if width < 2:
        return None
    looked_at = islice((row for row in rows if len(row) == width), _VALUE_RECORDS)
    cells = [cell for row in looked_at for cell in row][:_VALUE_CELLS]
    agreement = (count / len(rows) - 0.5 * mended / len(rows)) * (1 - 1 / (width + 1))
    value = sum(_looks_whole(cell, dialect) for cell in cells) / len(cells)
    return _Reading(replace(dialect, width=width), agreement * value * trust, rows)


def _looks_whole(cell: str, dialect: Dialect) -> float:
    """Return how much a text looks like the whole of one value."""
    text = cell.strip()
    if not text or looks_typed(text) or _TIME.match(text):
        return 1.0
    if _is_torn(text, dialect):
        return 0.3
    if _SUSPICIOUS.search(text):
        return 0.6
    return 0.9 if _WORD.search(text) else 0.5


def _is_torn(text: str, dialect: Dialect) -> bool:
    """Return whether a quote begins or ends it that has no partner, or has not been taken off."""
    if text[0] in "\"'" and len(text) > 1 and text[-1] == text[0]:
        return True
    if dialect.escape == "" and '\\"' in text:
        return True
    starts, ends = text[0] == '"', text[-1] == '"'
    return starts != ends and text.count('"') % 2 == 1


def _is_one_column(lines: Sequence[str], best: _Reading) -> bool:
    """Return whether lines are whole values or sentences as they stand.

    Blanks and colons part words and the parts of a time as well as cells, so most rows must
    agree on them, and hold values; columns below each other need less of that.
    """
    if best.dialect.delimiter not in _DOUBTFUL:
        return best.score < _LEAST_SCORE
    filled = [line.strip() for line in lines if line.strip()]
    whole = sum(bool(_ONE_VALUE.match(line)) for line in filled)
    if whole * 2 > len(filled):
        return True
    same = [row for row in best.rows if len(row) == best.dialect.width]
    if best.dialect.widths and len(same) >= _MANY_ROWS:
        return False
    nearly_all = len(same) * 20 >= len(best.rows) * 19
    if nearly_all and len(same) >= _FEW_ROWS and best.dialect.width > 2:
        return False  # sentences have not all as many words
    typed = sum(looks_typed(cell) or bool(_TIME.match(cell)) for row in same for cell in row)
    needed = 2 if best.dialect.delimiter == " " else 3
    return len(same) * 5 < len(best.rows) * 4 or typed * needed < len(same) * best.dialect.width


_DOUBTFUL = frozenset({" ", ":", ""})
_LEAST_SCORE = 0.05
_FEW_ROWS = 5
_MANY_ROWS = 10


def _with_longer_delimiter(sample: str, best: _Reading) -> _Reading:
    """Return the reading with a delimiter of several letters where all cells begin or end so."""
    made = best.dialect
    rows = [row for row in best.rows if len(row) == made.width]
    if not made.delimiter or made.width < 2 or len(rows) < 2 or len(rows) * 5 < len(best.rows) * 4:
        return best
    longer = made.delimiter
    if made.width % 2 and made.delimiter not in " :" and not any(any(row[1::2]) for row in rows):
        longer = made.delimiter * 2
    else:
        ahead = _common({row[i][-1:] for row in rows for i in range(made.width - 1)})
        behind = _common({row[i][:1] for row in rows for i in range(1, made.width)})
        longer = ahead.strip() + made.delimiter + behind
    if longer == made.delimiter:
        return best
    changed = replace(made, delimiter=longer, width=0)
    reading = _read_with(changed, sample, 1.0)
    return best if reading is None else replace(reading, score=max(best.score, reading.score))


def _common(letters: set[str]) -> str:
    """Return the one letter that stands everywhere, if delimiters are made of such."""
    only = next(iter(letters)) if len(letters) == 1 else ""
    return only if only in _FLANKS else ""


def _with_comment(lines: Sequence[str], body: Sequence[str], found: Dialect) -> Dialect:
    """Return the dialect with a mark of remarks if lines that begin with it are no rows."""
    if len(body) == len(lines):
        return found
    marked = replace(found, comment=_COMMENT)
    remarks = [line for line in lines if line.startswith(_COMMENT)]
    if found.widths:
        return marked
    records = [record.cells for record in read_records("".join(remarks), marked)]
    return marked if any(is_comment(cells, marked) for cells in records) else found
