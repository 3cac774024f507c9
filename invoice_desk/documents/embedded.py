"""E-invoices: which XML is one, and the one that a PDF carries among its embedded files."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from invoice_desk.documents import cii, ubl
from invoice_desk.documents.einvoice import EInvoice
from invoice_desk.documents.einvoice_xml import MAX_BYTES, ParsedXml, parse_xml
from invoice_desk.documents.pdf_opening import opened
from invoice_desk.errors import SourceError, UnsupportedKindError

#: Which of several e-invoices in one PDF is read: the newer form before the older.
_BY_RANK = ("CrossIndustryInvoice", "Invoice", "CreditNote", "CrossIndustryDocument")
#: What an XML begins with, in the encodings that it may have.
_STARTS = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00<")
_MOST_FILES = 200
#: The dictionary of a stream that is an embedded file, up to its first byte.
_FILE_STREAM = re.compile(
    rb"<<(?:(?!endobj|stream\b).){0,400}?/EmbeddedFile\b(?:(?!endobj|stream\b).){0,400}?stream\r?\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class FoundInvoice:
    """An e-invoice, and what was odd about finding it.

    Attributes:
        name: The file that it stood in.
        rank: Its place among several in one PDF, the least is read.
        mended: The encoding used in place of the declared one.
        schema_errors: How its XML departs from the schema of its profile.
    """

    invoice: EInvoice
    name: str
    rank: int
    mended: str | None = None
    schema_errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Embedded:
    """What the embedded files of a PDF came to.

    Attributes:
        found: The e-invoice that counts.
        others: Further e-invoices of the same PDF.
        problems: Sentences about embedded XML that could not be read.
    """

    found: FoundInvoice | None = None
    others: tuple[FoundInvoice, ...] = ()
    problems: tuple[str, ...] = ()


NO_XML = Embedded()


def read_invoice(data: bytes, *, name: str) -> FoundInvoice:
    """Return the invoice that the XML of a file is.

    Raises:
        UnsupportedKindError: If it is XML, but no invoice.
        SourceError: If it cannot be read.
    """
    parsed = parse_xml(data, name=name)
    root = _invoice_root(parsed.root)
    if root is None:
        raise UnsupportedKindError(
            f"{name} is XML with the root element <{parsed.root.tag[:60]}>, which is no invoice "
            "in CII, ZUGFeRD or UBL."
        )
    return _checked(_found(root, parsed, name), data)


def embedded_invoice(path: Path, *, name: str) -> Embedded:
    """Return the e-invoice among the embedded files of a PDF, told by its root element.

    Raises:
        SourceError: If the PDF cannot be opened.
    """
    found: list[tuple[FoundInvoice, bytes]] = []
    problems: list[str] = []
    for file_name, data in _embedded_files(path, name):
        if not data.lstrip().startswith(_STARTS):
            continue
        shown = f"{file_name}, embedded in {name}" if file_name else f"the file in {name}"
        try:
            parsed = parse_xml(data, name=shown)
        except SourceError as error:
            problems.append(str(error))
            continue
        root = _invoice_root(parsed.root)
        if root is not None:
            found.append((_found(root, parsed, file_name), data))
    found.sort(key=lambda each: each[0].rank)
    others = tuple(each for each, _ in found[1:])
    return Embedded(_checked(*found[0]) if found else None, others, tuple(problems))


def _checked(found: FoundInvoice, data: bytes) -> FoundInvoice:
    """Return the e-invoice with what its schema says; one that was mended is not held to it."""
    if found.mended is not None:
        return found
    from invoice_desk.documents.einvoice_schema import schema_errors

    return replace(found, schema_errors=schema_errors(data, profile=found.invoice.profile))


def _found(root: Element, parsed: ParsedXml, name: str) -> FoundInvoice:
    invoice = cii.read_cii(root) if root.tag in cii.ROOTS else ubl.read_ubl(root)
    return FoundInvoice(invoice, name, _BY_RANK.index(root.tag), parsed.mended)


def _invoice_root(root: Element) -> Element | None:
    """Return the root of an invoice: that of the tree, or in an envelope the one below it."""
    elements: list[Element] = [root, *root]
    for element in elements:
        if element.tag in cii.ROOTS:
            return element
        if element.tag in ubl.ROOTS and _is_ubl(element):
            return element
    return None


def _is_ubl(element: Element) -> bool:
    """Return whether it has what every UBL has: many other XMLs call their root Invoice."""
    parts = {child.tag for child in element}
    return "LegalMonetaryTotal" in parts and "AccountingSupplierParty" in parts


def _embedded_files(path: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each embedded file, those that no list names if no list is there."""
    listed = False
    for listed_file in _listed_files(path, name):
        listed = True
        yield listed_file
    if not listed:
        for data in _unlisted_files(path):
            yield "", data


def _unlisted_files(path: Path) -> Iterator[bytes]:
    """Yield embedded files that hang on a page or on the document itself, as /AF does.

    pdfium lists those of the name tree only; a stream says of itself that it is a file.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        if content.find(b"/EmbeddedFile") < 0:
            return
        for found in islice(_FILE_STREAM.finditer(content), _MOST_FILES):
            start, most = found.end(), found.end() + MAX_BYTES
            stop = content.find(b"endstream", start, most)
            data = content[start : stop if stop >= 0 else most]
            if b"/FlateDecode" in found.group():
                data = _unpacked(data)
            yield data


def _unpacked(data: bytes) -> bytes:
    """Return what was packed, as far as any invoice may be long; nothing if it is torn."""
    try:
        return zlib.decompressobj().decompress(data, MAX_BYTES)
    except zlib.error:
        return b""


def _listed_files(path: Path, name: str) -> Iterator[tuple[str, bytes]]:
    import pypdfium2 as pdfium

    with opened(path, name=name) as document:
        for index in range(min(document.count_attachments(), _MOST_FILES)):
            try:
                attachment = document.get_attachment(index)
                data = _data_of(attachment)
                yield str(attachment.get_name() or ""), data
            except (pdfium.PdfiumError, ValueError):
                continue


def _data_of(attachment: Any) -> bytes:
    """Return the bytes of an embedded file; nothing when it is larger than any invoice."""
    data = attachment.get_data()
    return bytes(data) if len(data) <= MAX_BYTES else b""
