"""PDF files written by hand for tests: protected, signed, with programs, with files, damaged."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_IDENTIFIER = b"0123456789abcdef"


def pdf(
    *pages: Sequence[str],
    password: str | None = None,
    catalog: str = "",
    objects: Sequence[str] = (),
) -> bytes:
    """Return a PDF with these lines on its pages.

    Args:
        pages: Lines of each page.
        password: What opens it; encrypted by RC4 with 40 bits.
        catalog: More entries of the catalog; `objects` have the numbers from 5 on.
        objects: What they point to.
    """
    first = 5 + len(objects)
    kids = " ".join(f"{first + 2 * i} 0 R" for i in range(len(pages)))
    found = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode("latin-1"),
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"null",
        *(each.encode("latin-1") for each in objects),
    ]
    key = None
    if password is not None:
        key, owner, user = _key(password)
        found[3] = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (
            owner.hex().encode(),
            user.hex().encode(),
        )
    for lines in pages:
        number = len(found) + 2
        found.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F 3 0 R >> >> >>" % number
        )
        drawn = b"BT /F 11 Tf 50 780 Td 18 TL " + b" T* ".join(map(_shown, lines)) + b" ET"
        if key is not None:
            drawn = _rc4(_object_key(key, number), drawn)
        found.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn))
    return _file(found, is_encrypted=key is not None)


def _shown(line: str) -> bytes:
    escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return b"(%s) Tj" % escaped.encode("cp1252")


def _file(objects: Sequence[bytes], *, is_encrypted: bool) -> bytes:
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, count = len(content), len(objects) + 1
    content += b"xref\n0 %d\n0000000000 65535 f \n" % count
    content += b"".join(b"%010d 00000 n \n" % place for place in places)
    identifier = b"<%s>" % _IDENTIFIER.hex().encode()
    trailer = b"<< /Size %d /Root 1 0 R /ID [%s %s]" % (count, identifier, identifier)
    trailer += b" /Encrypt 4 0 R >>" if is_encrypted else b" >>"
    return content + b"trailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer, start)


def _key(password: str) -> tuple[bytes, bytes, bytes]:
    """Return the key and the entries O and U of revision 2 (ISO 32000-1, 7.6.3)."""
    padded = (password.encode("latin-1") + _PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    rights = (-4 & 0xFFFFFFFF).to_bytes(4, "little")
    key = hashlib.md5(padded + owner + rights + _IDENTIFIER).digest()[:5]
    return key, owner, _rc4(key, _PADDING)


def _object_key(key: bytes, number: int) -> bytes:
    return hashlib.md5(key + number.to_bytes(3, "little") + b"\x00\x00").digest()[:10]


def _rc4(key: bytes, data: bytes) -> bytes:
    box, at = list(range(256)), 0
    for i in range(256):
        at = (at + box[i] + key[i % len(key)]) % 256
        box[i], box[at] = box[at], box[i]
    out, i, at = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        at = (at + box[i]) % 256
        box[i], box[at] = box[at], box[i]
        out.append(byte ^ box[(box[i] + box[at]) % 256])
    return bytes(out)
