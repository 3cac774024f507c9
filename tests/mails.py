"""Builders of mails for tests: MIME written by hand, and the compound files of Outlook."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


def eml(*parts: str, headers: Sequence[str] = (), boundary: str = "cut") -> bytes:
    """Return a mail of several parts."""
    lines = [
        "From: Billing <billing@example.com>",
        "To: me@example.org",
        "Subject: Papers",
        "Date: Mon, 04 Mar 2024 09:00:00 +0100",
        "MIME-Version: 1.0",
        *headers,
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
        "",
        *(f"--{boundary}\r\n{part}" for part in parts),
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1")


def text_part(text: str, kind: str = "plain", charset: str = "utf-8") -> str:
    body = base64.b64encode(text.encode(charset)).decode()
    return (
        f"Content-Type: text/{kind}; charset={charset}\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{body}"
    )


def file_part(data: bytes, disposition: str, kind: str = "application/octet-stream") -> str:
    body = base64.b64encode(data).decode()
    return (
        f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: {disposition}\r\n\r\n{body}"
    )


# --- Outlook ------------------------------------------------------------------------------

Tree = Mapping[str, "bytes | Tree"]
_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def properties(header: int, texts: Mapping[int, str], **others: object) -> dict[str, bytes]:
    """Return the streams of one object of Outlook: its texts, and integers or bytes by number."""
    table, streams = b"\x00" * header, {}
    for number, text in texts.items():
        encoded = text.encode("utf-16-le")
        table += struct.pack("<HHIII", 0x001F, number, 6, len(encoded) + 2, 0)
        streams[f"__substg1.0_{number:04X}001F"] = encoded
    for name, value in others.items():
        number = int(name.removeprefix("x"), 16)
        if isinstance(value, int):
            table += struct.pack("<HHIII", 0x0003, number, 6, value, 0)
        elif isinstance(value, bytes):
            table += struct.pack("<HHIII", 0x0102, number, 6, len(value), 0)
            streams[f"__substg1.0_{number:04X}0102"] = value
    return {"__properties_version1.0": table, **streams}


def compound(tree: Tree) -> bytes:
    """Return a compound file: short streams in the mini stream, others in sectors of their own."""
    entries: list[_Entry] = []
    _add("Root Entry", tree, entries, kind=5)
    mini, mini_chain = b"", list[int]()
    for entry in entries[1:]:
        if 0 < len(entry.data) < _CUTOFF:
            entry.start, entry.size = len(mini_chain), len(entry.data)
            count = -(-len(entry.data) // _MINI)
            mini_chain += [*range(entry.start + 1, entry.start + count), _END]
            mini += entry.data.ljust(count * _MINI, b"\x00")
    entries[0].data = mini
    sectors, chain = list[bytes](), list[int]()
    for entry in entries:
        if entry.data and (entry is entries[0] or len(entry.data) >= _CUTOFF):
            entry.start, entry.size = _put(entry.data, sectors, chain), len(entry.data)
    packed_chain = struct.pack(f"<{len(mini_chain)}I", *mini_chain).ljust(_SECTOR, b"\xff")
    mini_table = _put(packed_chain, sectors, chain)
    directory = _put(b"".join(map(_packed, entries)), sectors, chain)
    tables = 1
    while (len(sectors) + tables) * 4 > tables * _SECTOR:
        tables += 1
    places = range(len(sectors), len(sectors) + tables)
    fat = struct.pack(f"<{len(chain) + tables}I", *chain, *([_FAT] * tables))
    counts = (0, tables, directory, 0, _CUTOFF, mini_table, -(-len(packed_chain) // _SECTOR))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 16
    head += struct.pack("<HHHHH6x7III", 0x3E, 3, 0xFFFE, 9, 6, *counts, _END, 0)
    head += struct.pack("<109I", *places, *([_FREE] * (109 - tables)))
    return head + b"".join(sectors) + fat.ljust(tables * _SECTOR, b"\xff")


@dataclass(slots=True)
class _Entry:
    name: str
    kind: int
    data: bytes = b""
    child: int = _FREE
    right: int = _FREE
    start: int = _END
    size: int = 0


def _put(data: bytes, sectors: list[bytes], chain: list[int]) -> int:
    """Add sectors; return the first of them."""
    first, count = len(sectors), -(-len(data) // _SECTOR)
    padded = data.ljust(count * _SECTOR, b"\x00")
    chain += [*range(first + 1, first + count), _END]
    sectors += [padded[i * _SECTOR : (i + 1) * _SECTOR] for i in range(count)]
    return first


def _add(name: str, node: bytes | Tree, entries: list[_Entry], *, kind: int) -> int:
    entry, place = _Entry(name, kind), len(entries)
    entries.append(entry)
    if isinstance(node, bytes):
        entry.data = node
        return place
    kids = sorted(node, key=lambda kid: (len(kid), kid.upper()))
    places = [
        _add(kid, node[kid], entries, kind=2 if isinstance(node[kid], bytes) else 1) for kid in kids
    ]
    for left, right in pairwise(places):
        entries[left].right = right
    entry.child = places[0] if places else _FREE
    return place


def _packed(entry: _Entry) -> bytes:
    wide = entry.name.encode("utf-16-le") + b"\x00\x00"
    return wide.ljust(64, b"\x00") + struct.pack(
        "<HBBIII16xI8x8xIII",
        *(len(wide), entry.kind, 1, _FREE, entry.right, entry.child),
        *(0, entry.start, entry.size, 0),
    )
