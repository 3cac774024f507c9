"""Cells on the clipboard, in the two forms that spreadsheets take without damage."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QMimeData


def cells_as_mime(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Sequence[bool]
) -> QMimeData:
    """Return cells as tab-separated text, and as HTML that tells Excel which are text.

    Without that, Excel takes the zeros from the front of codes.
    """
    return as_mime(*cells_as_texts(headings, rows, numeric=numeric))


def cells_as_texts(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Sequence[bool]
) -> tuple[str, str]:
    """Return cells as tab-separated text and as HTML; for a thread, when there are many."""
    lines = [headings, *([_plain(cell) for cell in row] for row in rows)]
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(map(_html_cell, row, numeric)) + "</tr>" for row in rows)
    html = f'<meta charset="utf-8"><table><tr>{head}</tr>{body}</table>'
    return "\n".join("\t".join(line) for line in lines), html


def as_mime(text: str, html: str) -> QMimeData:
    """Return both forms of cells for the clipboard."""
    data = QMimeData()
    data.setText(text)
    data.setHtml(html)
    return data


def _plain(cell: str) -> str:
    return cell.replace("\t", " ").replace("\r\n", " ").replace("\n", " ")


def _html_cell(text: str, numeric: bool) -> str:  # noqa: FBT001 - called by map
    style = "" if numeric else " style=\"mso-number-format:'\\@'\""
    return f"<td{style}>{escape(text)}</td>"
