"""Text in columns one below the other, without delimiters: where each begins, and its cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

#: Fewer lines than this do not show that blanks stand below each other for a reason.
_FEWEST_LINES = 3
_FULL = "x"
_RULE = re.compile(r"[-=_+|.\s]+$")
_DATE = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$")
_CLOCK = re.compile(r"([01]\d|2[0-3])[0-5]\d[0-5]\d$")


def find_widths(lines: Sequence[str]) -> tuple[int, ...]:
    """Return how many letters each column takes; nothing when there are no columns.

    A column begins behind letters that are blank in every line, titles aside.  In lines that
    are all of one length and hold a date as figures it begins as well behind that date and the
    time that follows it, and where letters follow upon figures throughout.
    """
    bare = [line.rstrip("\r\n").expandtabs() for line in lines]
    rows = [line.rstrip() for line in bare if line.strip() and not _RULE.match(line)]
    if len(rows) < _FEWEST_LINES or "\t" in "".join(lines):
        return ()
    longest = max(map(len, rows))
    padded = [line.ljust(longest) for line in rows]
    starts = _starts_behind_blanks(padded)
    is_packed = len(set(map(len, rows))) == 1 or len({len(line) for line in bare if line}) == 1
    by_kind = sorted({*starts, *_starts_by_kind(padded)}) if is_packed else []
    by_meaning = set(_starts_by_meaning(padded, by_kind))
    if by_meaning:
        starts = sorted({*by_kind, *by_meaning})
    elif (starts := _starts_behind_blanks(_with_runs_of_blanks(padded))) == [0]:
        return ()
    starts = [0, *(start for start in starts[1:] if start < longest)]
    return tuple(b - a for a, b in pairwise([*starts, longest])) if len(starts) > 1 else ()


def cut_line(line: str, widths: Sequence[int]) -> list[str]:
    """Return the cells of a line, without the blanks that fill them up.

    A line of words that stand where columns end is a title: one cell.
    """
    bare = line.rstrip("\r\n").expandtabs()
    if not bare.strip() or _RULE.match(bare):
        return []
    if "  " not in bare.strip() and len(bare) != sum(widths) and _is_cut(bare, widths):
        return [bare.strip()]
    cells, start = [], 0
    for width in widths[:-1]:
        cells.append(bare[start : start + width].strip())
        start += width
    cells.append(bare[start:].strip())  # the last column is open to the right
    return cells


def _is_cut(line: str, widths: Sequence[int]) -> bool:
    """Return whether a column would begin within a word."""
    starts = accumulate(widths[:-1])
    return any(len(line[start - 1 : start + 1].strip()) == 2 for start in starts)


def _starts_behind_blanks(rows: Sequence[str]) -> list[int]:
    """Return where text begins behind what is blank in every row."""
    filled = [any(row[i] != " " for row in rows) for i in range(len(rows[0]))]
    return [0] + [i for i, is_filled in enumerate(filled) if i and is_filled and not filled[i - 1]]


def _with_runs_of_blanks(rows: Sequence[str]) -> Sequence[str]:
    """Return the rows in which blanks fill up cells: single ones part words of a sentence."""
    found = [row for row in rows if "  " in row.strip()]
    return found if len(found) * 2 >= len(rows) else [_FULL]


def _starts_by_kind(rows: Sequence[str]) -> Iterator[int]:
    """Yield where letters follow upon figures in all rows, or figures upon letters."""
    kinds = [_kind({row[i] for row in rows}) for i in range(len(rows[0]))]
    for i, (before, kind) in enumerate(pairwise(kinds), start=1):
        if {before, kind} == {"letter", "figure"}:
            yield i


def _kind(letters: set[str]) -> str:
    """Return what stands in one place of all rows; figures may be filled up with blanks."""
    if all(letter.isalpha() for letter in letters):
        return "letter"
    if letters != {" "} and all(letter.isdigit() or letter == " " for letter in letters):
        return "figure"
    return "mixed"


def _starts_by_meaning(rows: Sequence[str], starts: Sequence[int]) -> Iterator[int]:
    """Yield where a column of figures goes on behind a date, and behind a time after that."""
    for start in starts:
        if not all(_DATE.match(row[start : start + 8]) for row in rows):
            continue
        behind = start + 8
        yield behind
        if all(_CLOCK.match(row[behind : behind + 6]) for row in rows):
            yield behind + 6
