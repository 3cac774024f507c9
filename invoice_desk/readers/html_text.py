"""HTML as plain text: the lines that a reader of the mail sees, cells of a table set apart."""

from __future__ import annotations

import re
from html.parser import HTMLParser

#: Longer than any letter; what comes after it is left out.
MAX_LETTERS = 4_000_000
#: Between two cells of a row; wide enough that the words do not pass for one text.
_GAP = "    "
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "object"})
_BLOCKS = frozenset(
    [
        *(
            "address",
            "article",
            "blockquote",
            "body",
            "center",
            "dd",
            "div",
            "dl",
            "dt",
            "fieldset",
        ),
        *(
            "footer",
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "li",
            "main",
            "nav",
        ),
        *("ol", "p", "pre", "section", "ul"),
    ]
)
_ROWS = frozenset({"table", "tbody", "tfoot", "thead", "tr"})
_CELLS = frozenset({"td", "th"})
_ROW, _CELL = "\v", "\t"
#: Lines of paragraphs beside the end of a cell: what follows stands on the same line.
_ROW_ENDS = re.compile(r"[\n\v\t ]*\v[\n\v\t ]*")
_CELL_ENDS = re.compile(r"[\n\t ]*\t[\n\t ]*")


class _TextOfHtml(HTMLParser):
    """Gathers the text between tags; tags say where lines and cells end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        """Note where something begins."""
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag == "br" or tag in _BLOCKS:
            self.pieces.append("\n")
        elif tag in _ROWS:
            self.pieces.append(_ROW)
        elif tag in _CELLS:
            self.pieces.append(_CELL)

    def handle_endtag(self, tag: str) -> None:
        """Note where something ends; one that is not closed ends with what is around it."""
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        elif tag in _BLOCKS:
            self.pieces.append("\n")
        elif tag in _ROWS:
            self.pieces.append(_ROW)
        elif tag in _CELLS:
            self.pieces.append(_CELL)

    def handle_data(self, data: str) -> None:
        """Take text, line ends in it being blanks."""
        if not self._unseen:
            self.pieces.append(re.sub(r"\s+", " ", data))


def text_of_html(html: str) -> str:
    """Return what a page of HTML says, line by line; nothing is fetched and nothing run."""
    parser = _TextOfHtml()
    try:
        parser.feed(html[:MAX_LETTERS])
        parser.close()
    except AssertionError:  # what the parser raises on a declaration that cannot be
        parser.pieces.append(re.sub(r"<[^<>]{0,2000}>", " ", parser.rawdata))
    text = _ROW_ENDS.sub("\n", _CELL_ENDS.sub(_CELL, "".join(parser.pieces)))
    lines = [_line(line) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _line(line: str) -> str:
    cells = [re.sub(r"[ \u00a0]+", " ", cell).strip() for cell in line.split(_CELL)]
    return _GAP.join(cell for cell in cells if cell)
