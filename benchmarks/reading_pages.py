"""The pages of a file as the program reads them, without a desk."""

from __future__ import annotations

from pathlib import Path

from invoice_desk.core.source import Kind, detect_kind
from invoice_desk.documents.page import Page
from invoice_desk.workers.reading import ReadingPayload, ReadSource, read_payload


def pages_of(path: Path, *, ignore_xml: bool = True) -> list[Page]:
    """Return all pages of a PDF or picture; pictures are recognised."""
    with path.open("rb") as file:
        kind = detect_kind(path.name, file.read(1 << 16)).kind
    todo: list[ReadingPayload] = [
        ReadSource(str(path), path.name, Kind(kind), ignore_xml=ignore_xml)
    ]
    pages: dict[int, Page] = {}
    while todo:
        content = read_payload(todo.pop())
        pages |= {page.number: page for page in content.pages}
        todo.extend(content.follow_ups)
    return [pages[number] for number in sorted(pages)]
