"""A mail as pages of words: what its reader sees, set in letters of one width."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace

from invoice_desk.documents.page import Page, TextSource, Word

#: Of one letter and of one line, in points; columns of a plain text stay below each other.
_LETTER, _LINE, _HEIGHT = 6.0, 14.0, 10.0
_MARGIN = 36.0
_LINES, _LEAST, _MOST = 55, 87, 160
MAX_PAGES = 500
#: Headers that name people and the time of sending, which are not those of an invoice.
_ENVELOPE = ("From", "To", "Cc", "Date")


def mail_pages(headers: Sequence[tuple[str, str]], text: str) -> list[Page]:
    """Return a mail as pages, its headers first."""
    lines = [f"{name}: {value}" for name, value in headers]
    lines += ["", *(line.expandtabs(8).rstrip() for line in text.splitlines())]
    columns = min(_MOST, max(_LEAST, *map(len, lines)))
    wrapped = [part for line in lines for part in _wrapped(line, columns)][: _LINES * MAX_PAGES]
    width, height = 2 * _MARGIN + columns * _LETTER, 2 * _MARGIN + _LINES * _LINE
    return [
        Page(
            number,
            width,
            height,
            tuple(_words(wrapped[start : start + _LINES])),
            TextSource.MAIL,
            "mail",
        )
        for number, start in enumerate(range(0, len(wrapped), _LINES), start=1)
    ]


def without_envelope(pages: Sequence[Page], headers: Sequence[tuple[str, str]]) -> list[Page]:
    """Return the pages without the lines that name sender, receiver and time of sending.

    They are those of the mail; an invoice in its text names its own.
    """
    columns = int((pages[0].width - 2 * _MARGIN) / _LETTER)
    top, hidden = 0, set[float]()
    for name, value in headers:
        lines = len(_wrapped(f"{name}: {value}", columns))
        if name in _ENVELOPE:
            hidden.update(_top(line) for line in range(top, top + lines))
        top += lines
    first = replace(pages[0], words=tuple(w for w in pages[0].words if w.box[1] not in hidden))
    return [first, *pages[1:]]


def _wrapped(line: str, columns: int) -> list[str]:
    return textwrap.wrap(line, columns, drop_whitespace=False) or [""]


def _words(lines: Sequence[str]) -> Iterator[Word]:
    for number, line in enumerate(lines):
        top = _top(number)
        for found in re.finditer(r"\S+", line):
            left, right = (_MARGIN + _LETTER * at for at in found.span())
            yield Word(found.group(), (left, top, right, top + _HEIGHT))


def _top(line: int) -> float:
    return _MARGIN + _LINE * line
