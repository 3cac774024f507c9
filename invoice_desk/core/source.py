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
    MSG = "msg"
    UNKNOWN = "unknown"


SPREADSHEETS = frozenset({Kind.XLSX, Kind.XLS, Kind.XLSB, Kind.ODS})
TABULAR = SPREADSHEETS | {Kind.CSV}
PAGED = frozenset({Kind.PDF, Kind.IMAGE})
MAILS = frozenset({Kind.EMAIL, Kind.MSG})
CONTAINERS = MAILS | {Kind.ZIP}

#: A declaration, or the root of an e-invoice behind blanks and comments.
_XML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml|(?:<!--.*?-->\s*)*<(?:[\w.-]+:)?"
    rb"(?:Invoice|CreditNote|CrossIndustryInvoice|CrossIndustryDocument)[\s>])",
    re.DOTALL | re.IGNORECASE,
)
_HEADER = re.compile(rb"([!-9;-~]+):")
#: Headers of which every mail has some.
_MAIL_HEADERS = frozenset(
    [
        *("from", "to", "cc", "subject", "date", "sender", "reply-to", "received", "return-path"),
        *("message-id", "mime-version", "content-type", "delivered-to", "dkim-signature"),
    ]
)
#: The first four bytes of TNEF, which Outlook calls winmail.dat.
_WINMAIL = b"\x78\x9f\x3e\x22"
#: Endings that promise something else than lines of text.
_NON_TEXT_ENDINGS = frozenset(
    [
        *("xlsx", "xlsm", "xls", "xlsb", "ods", "docx", "pdf", "zip"),
        *("png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp", "msg"),
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


#: What Excel 97, Word 97 and Outlook put their streams into.
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"II*\x00", Kind.IMAGE),
    (b"MM\x00*", Kind.IMAGE),
    (b"II+\x00", Kind.IMAGE),  # TIFF of more than 4 GB
    (b"MM\x00+", Kind.IMAGE),
    (b"GIF8", Kind.IMAGE),
    (_COMPOUND, Kind.XLS),
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
        members: Names inside, when the bytes are a ZIP or a compound file that could be opened.
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            if kind is Kind.ZIP:
                return _zip_kind(members)
            if magic is _COMPOUND:
                return _compound_kind(members)
            return Detection(kind, 1.0, (f"starts like {kind}",))
    return _paged_kind(head) or _text_kind(name, head)


def _paged_kind(head: bytes) -> Detection | None:
    """Return the kind of what is told by more than its first bytes."""
    if b"%PDF-" in head[:1024]:  # some programs write a few bytes of their own before it
        return Detection(Kind.PDF, 1.0, ("holds a PDF header",))
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Detection(Kind.IMAGE, 1.0, ("starts like WebP",))
    if head.startswith(b"BM") and b"\x00" in head[:16]:
        return Detection(Kind.IMAGE, 0.9, ("starts like a bitmap",))
    if head.startswith(_WINMAIL):
        return Detection(Kind.UNKNOWN, 1.0, ("is a winmail.dat of Outlook",))
    return None


def promises_other_than_text(name: str) -> bool:
    """Return whether the ending of `name` promises a kind that is not plain text."""
    return name.lower().rpartition(".")[2] in _NON_TEXT_ENDINGS


def has_members(head: bytes) -> bool:
    """Return whether a file that begins so has names inside that tell its kind."""
    return head.startswith((b"PK", _COMPOUND))


def _compound_kind(members: tuple[str, ...]) -> Detection:
    if "__properties_version1.0" in members:
        return Detection(Kind.MSG, 1.0, ("is a mail that Outlook saved",))
    if "EncryptedPackage" in members:
        return Detection(Kind.XLSX, 0.8, ("is an Office file with a password",))
    if "WordDocument" in members or "PowerPoint Document" in members:
        return Detection(Kind.UNKNOWN, 1.0, ("is a document of an old Office, no workbook",))
    return Detection(Kind.XLS, 1.0, (f"starts like {Kind.XLS}",))


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
    known = _mail_headers(head)
    if len(known) >= 3 or (known and name.lower().endswith(".eml")):
        return Detection(Kind.EMAIL, 0.9, (f"begins with the header {', '.join(sorted(known))}",))
    if not _looks_like_text(head):
        return Detection(Kind.UNKNOWN, 0.0, ("is neither text nor a known kind",))
    reasons = ["is text in lines"]
    if promises_other_than_text(name):
        reasons.append(f"is called {name}, but its bytes are plain text")
    return Detection(Kind.CSV, 0.6, tuple(reasons))


def _mail_headers(head: bytes) -> set[str]:
    """Return which headers of a mail the text begins with; none if other lines are among them."""
    begin = head.lstrip(b"\xef\xbb\xbf\r\n")
    if not (_HEADER.match(begin) or begin.startswith((b"From ", b" ", b"\t"))):
        return set()
    block = re.split(rb"\r?\n[ \t]*\r?\n", begin, maxsplit=1)[0]
    found: set[str] = set()
    for number, line in enumerate(block.splitlines()):
        if line[:1] in b" \t" or (number == 0 and line.startswith(b"From ")):  # the line of mbox
            continue
        header = _HEADER.match(line)
        if header is None:
            return set()
        found.add(header.group(1).decode("ascii").lower())
    return found & _MAIL_HEADERS


def _narrow(head: bytes) -> bytes:
    """Return the beginning without marks of the byte order, and UTF-16 as if it were ASCII."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<"))
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\x00", b"") if wide else head


#: What no line of text holds: not tab, line feed, form feed, return and escape.
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})


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
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls * 20 <= len(head)


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
