"""What a file is, told from its bytes; the name is only a hint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

SourceId = NewType("SourceId", int)
RawTableId = NewType("RawTableId", int)


class Kind(StrEnum):
    """A kind of file; `TABULAR`, `PAGED` and `CONTAINERS` group them."""

    CSV = "csv"
    XLSX = "xlsx"
    XLS = "xls"
    XLSB = "xlsb"
    ODS = "ods"
    PDF = "pdf"
    IMAGE = "image"
    ZIP = "zip"
    XML = "xml"
    EMAIL = "eml"
    UNKNOWN = "unknown"


SPREADSHEETS = frozenset({Kind.XLSX, Kind.XLS, Kind.XLSB, Kind.ODS})
TABULAR = SPREADSHEETS | {Kind.CSV}
PAGED = frozenset({Kind.PDF, Kind.IMAGE})
CONTAINERS = frozenset({Kind.ZIP})

#: A declaration, or the root of an e-invoice behind blanks and comments.
_XML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml|(?:<!--.*?-->\s*)*<(?:[\w.-]+:)?"
    rb"(?:Invoice|CreditNote|CrossIndustryInvoice|CrossIndustryDocument)[\s>])",
    re.DOTALL | re.IGNORECASE,
)
#: Endings that promise something else than lines of text.
_NON_TEXT_ENDINGS = frozenset(
    [
        *("xlsx", "xlsm", "xls", "xlsb", "ods", "docx", "pdf", "zip"),
        *("png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp"),
    ]
)


class SourceStatus(StrEnum):
    """Where a source stands; the values are what the database stores."""

    PENDING = "pending"
    PROCESSING = "processing"
    PREVIEW = "preview"  # a person must look
    COMPLETED = "completed"
    FAILED = "failed"


class FileOutcome(StrEnum):
    """How a file of a batch ended; seen = done + rejected + duplicate + pending."""

    DONE = "done"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Detection:
    """A guess at a file's kind, and why."""

    kind: Kind
    confidence: float
    reasons: tuple[str, ...] = ()


_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"II*\x00", Kind.IMAGE),
    (b"MM\x00*", Kind.IMAGE),
    (b"GIF8", Kind.IMAGE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.XLS),
    (b"\x09\x04\x06\x00", Kind.XLS),
    (b"\x09\x02\x06\x00", Kind.XLS),
    (b"\x09\x08", Kind.XLS),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
)
#: Office formats are ZIP files; these members tell which one.
_OFFICE_MEMBERS: tuple[tuple[str, Kind], ...] = (
    ("xl/workbook.bin", Kind.XLSB),
    ("xl/", Kind.XLSX),
    ("word/", Kind.UNKNOWN),
    ("ppt/", Kind.UNKNOWN),
)


def detect_kind(name: str, head: bytes, *, members: tuple[str, ...] = ()) -> Detection:
    """Return the kind of the file called `name` that begins with `head`.

    Args:
        name: The file's name, used only to say that it does not fit.
        head: The first bytes, some 64 KiB of them.
        members: Names inside, when the bytes are a ZIP that could be opened.
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            if kind is Kind.ZIP:
                return _zip_kind(members)
            return Detection(kind, 1.0, (f"starts like {kind}",))
    if b"%PDF-" in head[:1024]:  # some programs write a few bytes of their own before it
        return Detection(Kind.PDF, 1.0, ("holds a PDF header",))
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Detection(Kind.IMAGE, 1.0, ("starts like WebP",))
    if head.startswith(b"BM") and b"\x00" in head[:16]:
        return Detection(Kind.IMAGE, 0.9, ("starts like a bitmap",))
    return _text_kind(name, head)


def promises_other_than_text(name: str) -> bool:
    """Return whether the ending of `name` promises a kind that is not plain text."""
    return name.lower().rpartition(".")[2] in _NON_TEXT_ENDINGS


def _zip_kind(members: tuple[str, ...]) -> Detection:
    if "mimetype" in members and "content.xml" in members:
        return Detection(Kind.ODS, 0.95, ("is a ZIP with an OpenDocument inside",))
    if "[Content_Types].xml" in members:
        for prefix, kind in _OFFICE_MEMBERS:
            if any(member.startswith(prefix) for member in members):
                return Detection(kind, 1.0, (f"is a ZIP with {prefix} inside",))
    return Detection(Kind.ZIP, 1.0, ("starts like zip",))


def _text_kind(name: str, head: bytes) -> Detection:
    if _XML.match(_narrow(head)):
        return Detection(Kind.XML, 0.95, ("starts like XML",))
    if name.lower().endswith(".eml") and b":" in head[:200]:
        return Detection(Kind.EMAIL, 0.8, ("is called .eml and has header lines",))
    if not _looks_like_text(head):
        return Detection(Kind.UNKNOWN, 0.0, ("is neither text nor a known kind",))
    reasons = ["is text in lines"]
    if promises_other_than_text(name):
        reasons.append(f"is called {name}, but its bytes are plain text")
    return Detection(Kind.CSV, 0.6, tuple(reasons))


def _narrow(head: bytes) -> bytes:
    """Return the beginning without marks of the byte order, and UTF-16 as if it were ASCII."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<"))
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\x00", b"") if wide else head


def _looks_like_text(head: bytes) -> bool:
    if not head:
        return False
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return True
    zeros = head.count(b"\x00")
    if zeros and zeros * 3 > len(head):  # UTF-16 without a mark has a zero in every second byte
        if _has_letters_of_four_bytes(head):
            return True
        return head[::2].count(b"\x00") in {0, zeros} or head[1::2].count(b"\x00") in {0, zeros}
    controls = sum(head.count(bytes([c])) for c in range(32) if c not in {0, 9, 10, 12, 13, 27})
    return (controls + zeros) * 20 <= len(head)


def _has_letters_of_four_bytes(head: bytes) -> bool:
    """Return whether these bytes are UTF-32: figures of four bytes would be no letters."""
    sample = head[: len(head) & ~3][:4096]
    for encoding in ("utf-32-le", "utf-32-be"):
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        return sum(letter.isprintable() or letter in "\t\r\n" for letter in text) == len(text)
    return False
