"""What a person should know of a PDF as a file: mended, signed, with programs or other files."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from invoice_desk.core.findings import Finding, FindingCode, Severity
from invoice_desk.documents.pdf_opening import opened

#: So many entries of the table of objects are held against the file.
_MOST_ENTRIES = 2_000
_MOST_SECTIONS = 50
_MOST_NAMES = 10
_TAIL = 2_048
_BLANKS = b"\x00\t\n\x0c\r "
_START = re.compile(rb"startxref[\s\x00]+(\d{1,12})")
_OBJECT = re.compile(rb"[\s\x00]*(\d+)[\s\x00]+\d+[\s\x00]+obj\b")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])")
_SECTION = re.compile(rb"[\s\x00]*(\d+)[ \t]+(\d+)[\s\x00]+")
_PREVIOUS = re.compile(rb"/Prev[\s\x00]+(\d{1,12})")
#: An action that runs a program, as /OpenAction and buttons have it.
_SCRIPT = re.compile(rb"/S[\s\x00]*/JavaScript\b|/JS[\s\x00]*[(<\d]")
_PACKED = re.compile(rb"/Type\s*/ObjStm\b(?:(?!stream\b|endobj).){0,400}?stream\r?\n", re.DOTALL)
_MOST_PACKED, _MOST_BYTES = 500, 4 << 20


def marks_of(path: Path, *, name: str) -> tuple[Finding, ...]:
    """Return a finding for each thing that is remarkable about a PDF as a file.

    Raises:
        SourceError: If it cannot be opened.
    """
    from pypdfium2 import raw

    found: list[Finding] = []
    with (
        opened(path, name=name) as document,
        path.open("rb") as file,
        mmap(file.fileno(), 0, access=ACCESS_READ) as content,
    ):
        if not has_intact_table(content):
            found.append(Finding(FindingCode.FILE_REPAIRED, Severity.WARNING))
        if (signatures := raw.FPDF_GetSignatureCount(document.raw)) > 0:
            told = None if signatures == 1 else f"{signatures} signatures"
            found.append(Finding(FindingCode.FILE_SIGNED, Severity.INFO, text=told))
        if raw.FPDFDoc_GetJavaScriptActionCount(document.raw) > 0 or _has_script(content):
            found.append(Finding(FindingCode.FILE_HAS_SCRIPT, Severity.INFO))
        if names := _file_names(document):
            told = ", ".join(names)
            found.append(Finding(FindingCode.FILE_HAS_FILES, Severity.INFO, text=told))
    return tuple(found)


def has_intact_table(content: Any) -> bool:
    """Return whether the table of objects is where the end of the file says, and is right.

    Where it is not, pdfium looks for the objects itself and says nothing of it.
    """
    shift = max(0, content.find(b"%PDF-", 0, 1024))
    tail = content[max(0, len(content) - _TAIL) :]
    starts = _START.findall(tail)
    if not starts:
        return False
    place, seen = int(starts[-1]), set[int]()
    while place not in seen and len(seen) < _MOST_SECTIONS:
        seen.add(place)
        at = _solid(content, place + shift)
        if content[at : at + 4] != b"xref":
            return _OBJECT.match(content[at : at + 64]) is not None  # a packed table
        trailer = content.find(b"trailer", at)
        if trailer < 0 or not _entries_are_right(content, at + 4, trailer, shift):
            return False
        previous = _PREVIOUS.search(content[trailer : trailer + 4096].split(b"startxref")[0])
        if previous is None:
            return True
        place = int(previous.group(1))
    return True


def _solid(content: Any, place: int) -> int:
    """Return where the blanks at a place end."""
    end = min(len(content), place + 64)
    while place < end and content[place : place + 1] in _BLANKS:
        place += 1
    return place


def _entries_are_right(content: Any, start: int, stop: int, shift: int) -> bool:
    """Return whether objects stand where a table in plain text says that they do."""
    text = content[start : min(stop, start + 20 * _MOST_ENTRIES)]
    at = 0
    while section := _SECTION.match(text, at):
        at = section.end()
        for number in range(int(section.group(1)), sum(map(int, section.groups()))):
            entry = _ENTRY.match(text, at)
            if entry is None:
                return at + 20 > len(text)  # as much as was looked at
            at = (
                entry.end()
                + len(text[entry.end() : entry.end() + 2])
                - len(text[entry.end() : entry.end() + 2].lstrip(_BLANKS))
            )
            place = int(entry.group(1))
            if entry.group(3) == b"n" and place > 0:
                found = _OBJECT.match(content[place + shift : place + shift + 48])
                if found is None or int(found.group(1)) != number:
                    return False
    return True


def _has_script(content: Any) -> bool:
    if _SCRIPT.search(content):
        return True
    return any(_SCRIPT.search(packed) for packed in _packed_objects(content))


def _packed_objects(content: Any) -> Iterator[bytes]:
    """Yield the objects that are packed together, as PDF 1.5 allows."""
    for found in islice(_PACKED.finditer(content), _MOST_PACKED):
        stop = content.find(b"endstream", found.end(), found.end() + _MOST_BYTES)
        data = content[found.end() : stop] if stop > 0 else b""
        try:
            yield zlib.decompressobj().decompress(data, _MOST_BYTES)
        except zlib.error:
            continue


def _file_names(document: Any) -> list[str]:
    """Return the names of embedded files, but for XML, of which the e-invoice is told itself."""
    import pypdfium2 as pdfium

    names: list[str] = []
    for index in range(min(document.count_attachments(), _MOST_NAMES)):
        try:
            name = str(document.get_attachment(index).get_name() or "")
        except (pdfium.PdfiumError, ValueError):
            continue
        if not name.lower().endswith(".xml"):
            names.append(name or "without a name")
    return names
