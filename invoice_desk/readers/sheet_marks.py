"""What calamine does not tell of a sheet of an .xlsx: hidden rows and columns, errors, extent.

The XML of the sheet is passed over once as octets, which costs a tenth of reading its cells.
Nothing here may stop a file from being read: what is not understood is not told.
"""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: Larger sheets are not looked at.
MOST_OCTETS = 200_000_000
#: calamine makes room for every cell up to the last one; more than this only for good reason.
MOST_CELLS = 1 << 24
_CHUNK = 8 << 20
_MOST_ERRORS = 100_000
_TAG = re.compile(rb"<(?:\w+:)?([\w]+)([^>]*)>")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_REFERENCE = re.compile(rb"\br=\"([A-Z]{1,3})([0-9]{1,7})\"")
_FAR_COLUMN = re.compile(rb" r=\"([A-Z]{2,3})[0-9]")
_VALUE = re.compile(rb"<v>([^<]*)</v>")


@dataclass(slots=True)
class SheetMarks:
    """What stands in the XML of one sheet; rows and columns count from 0.

    Attributes:
        hidden_rows: Rows that Excel does not show.
        hidden_columns: First and last column of each hidden stretch.
        errors: (row, column) → text such as `#N/A`.
        height: Rows up to the last cell.
        width: No fewer than the columns up to the last cell.
        is_sparse: Whether so few cells stand so far apart that most of the sheet is empty.
    """

    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    height: int = 0
    width: int = 26
    is_sparse: bool = False

    def add(self, octets: bytes) -> None:
        """Look at a part of the XML that ends behind a row."""
        self._add_hidden(octets)
        self._add_errors(octets)
        columns = [_column(letters) + 1 for letters in set(_FAR_COLUMN.findall(octets))]
        self.width = max([self.width, *columns])
        if last := _REFERENCE.search(octets, max(octets.rfind(b"<c "), 0)):
            self.height = max(self.height, int(last[2]))

    def _add_hidden(self, octets: bytes) -> None:
        at = octets.find(b"hidden=")
        while at >= 0:
            tag = _TAG.match(octets, max(octets.rfind(b"<", 0, at), 0))
            at = octets.find(b"hidden=", at + 1)
            attributes = _attributes(tag[2]) if tag else {}
            if tag is None or attributes.get("hidden") not in {"1", "true"}:
                continue
            if tag[1] == b"row" and attributes.get("r", "").isdigit():
                self.hidden_rows.append(int(attributes["r"]) - 1)
            elif tag[1] == b"col" and "min" in attributes and "max" in attributes:
                self.hidden_columns.append((int(attributes["min"]) - 1, int(attributes["max"]) - 1))

    def _add_errors(self, octets: bytes) -> None:
        at = octets.find(b't="e"')
        while at >= 0 and len(self.errors) < _MOST_ERRORS:
            start, end = octets.rfind(b"<c ", 0, at), octets.find(b"</c>", at)
            at = octets.find(b't="e"', at + 1)
            reference = _REFERENCE.search(octets, max(start, 0), max(end, 0))
            value = _VALUE.search(octets, max(start, 0), max(end, 0))
            if start >= 0 and reference and value:
                place = (int(reference[2]) - 1, _column(reference[1]))
                self.errors[place] = html.unescape(value[1].decode())


def read_sheet_marks(path: Path) -> dict[str, SheetMarks]:
    """Return the marks of each sheet by its name; nothing for what is no .xlsx, or is broken."""
    found: dict[str, SheetMarks] = {}
    try:
        with zipfile.ZipFile(path) as package:
            for name, part in _sheet_parts(package).items():
                if package.getinfo(part).file_size <= MOST_OCTETS:
                    found[name] = SheetMarks()
                    for octets in _parts_of(package, part):
                        found[name].add(octets)
                    if found[name].height * found[name].width > MOST_CELLS:
                        found[name].is_sparse = _is_sparse(package, part)
    except (
        OSError,
        ValueError,
        LookupError,
        EOFError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ):
        return {}  # calamine says what is wrong with the file
    return found


def _is_sparse(package: zipfile.ZipFile, part: str) -> bool:
    """Return whether room for every cell up to the last one with a value would be mostly empty."""
    height = width = cells = 0
    for octets in _parts_of(package, part):
        cells += octets.count(b"</c>")
        for row in octets.split(b"</row>"):
            end = row.rfind(b"</c>")
            if end >= 0 and (last := _REFERENCE.search(row, max(row.rfind(b"<c ", 0, end), 0))):
                width = max(width, _column(last[1]) + 1)
                height = max(height, int(last[2]))
    return height * width > max(MOST_CELLS, 10 * cells)


def _sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Return the name of each sheet and the part of the package that holds it."""
    workbook = next((n for n in package.namelist() if n.lower().endswith("/workbook.xml")), None)
    if workbook is None:
        return {}
    folder, file = posixpath.split(workbook)
    targets: dict[str, str] = {}
    for tag, attributes in _tags(package.read(f"{folder}/_rels/{file}.rels")):
        if tag == b"Relationship":
            target = posixpath.normpath(posixpath.join(f"/{folder}", attributes["Target"]))
            targets[attributes["Id"]] = target.lstrip("/")
    names = set(package.namelist())
    sheets: dict[str, str] = {}
    for tag, attributes in _tags(package.read(workbook)):
        reference = next((v for k, v in attributes.items() if k.endswith(":id")), "")
        if tag == b"sheet" and targets.get(reference) in names:
            sheets[attributes["name"]] = targets[reference]
    return sheets


def _parts_of(package: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Yield the XML of a part in pieces that end behind a row."""
    rest, total = b"", 0
    with package.open(part) as stream:
        while (octets := stream.read(_CHUNK)) and total <= MOST_OCTETS:
            total += len(octets)
            octets = rest + octets
            cut = octets.rfind(b"</row>") + len(b"</row>")
            cut = cut if cut >= len(b"</row>") else 0
            rest = octets[cut:]
            yield octets[:cut]
    yield rest


def _tags(octets: bytes) -> Iterator[tuple[bytes, dict[str, str]]]:
    for match in _TAG.finditer(octets):
        yield match[1], _attributes(match[2])


def _attributes(octets: bytes) -> dict[str, str]:
    return {
        name.decode(): html.unescape((double or single).decode())
        for name, double, single in _ATTRIBUTE.findall(octets)
    }


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
