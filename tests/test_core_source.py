from __future__ import annotations

import struct

import pytest

from invoice_desk.core.source import Kind, detect_kind

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 40


@pytest.mark.parametrize(
    ("name", "head", "members", "kind"),
    [
        ("a.pdf", b"%PDF-1.7", (), Kind.PDF),
        ("lying.csv", b"%PDF-1.7", (), Kind.PDF),
        ("a.csv", b"a;b\n1;2\n", (), Kind.CSV),
        ("lying.xlsx", b"a;b\n1;2\n", (), Kind.CSV),
        ("a.xlsx", b"PK\x03\x04..", ("[Content_Types].xml", "xl/workbook.xml"), Kind.XLSX),
        ("a.xlsb", b"PK\x03\x04..", ("[Content_Types].xml", "xl/workbook.bin"), Kind.XLSB),
        ("a.ods", b"PK\x03\x04..", ("mimetype", "content.xml"), Kind.ODS),
        ("a.docx", b"PK\x03\x04..", ("[Content_Types].xml", "word/document.xml"), Kind.UNKNOWN),
        ("a.zip", b"PK\x03\x04..", ("b.csv",), Kind.ZIP),
        ("a.zip", b"PK\x03\x04..b.pdf%PDF-1.7", ("b.pdf",), Kind.ZIP),
        ("a.pdf", b"\r\n junk %PDF-1.7", (), Kind.PDF),
        ("a.png", b"\x89PNG\r\n\x1a\n..", (), Kind.IMAGE),
        ("scan", b"II*\x00\x08\x00", (), Kind.IMAGE),
        ("scan", b"MM\x00*\x00\x00", (), Kind.IMAGE),
        ("scan", b"II+\x00\x08\x00", (), Kind.IMAGE),
        ("scan", b"RIFF\x10\x00\x00\x00WEBPVP8 ", (), Kind.IMAGE),
        ("scan", b"BM\x46\x00\x00\x00\x00\x00\x00\x00", (), Kind.IMAGE),
        ("scan", b"\xff\xd8\xff\xe0\x00\x10JFIF", (), Kind.IMAGE),
        ("a.txt", b"BMW;1\nAudi;2\n", (), Kind.CSV),
        ("a.eml", b"From: a@example.com\nSubject: x\n\nbody", (), Kind.EMAIL),
        ("a.txt", b"From: a@example.com\nTo: b@x\nSubject: x\n\nbody", (), Kind.EMAIL),
        ("a.eml", b"From - Mon Jan 1\nReceived: from x\n\tby y\n\n", (), Kind.EMAIL),
        ("a.eml", b"name;value\n1;2\n", (), Kind.CSV),
        ("a.txt", b"From: here\nTo: there\n1;2\nSubject: x\n", (), Kind.CSV),
        ("a.txt", b"Date: today\nKey: value\nOther: value\n", (), Kind.CSV),
        ("a.xls", OLE, ("Workbook",), Kind.XLS),
        ("a.xls", OLE, (), Kind.XLS),
        ("a.msg", OLE, ("__properties_version1.0",), Kind.MSG),
        ("a.doc", OLE, ("WordDocument",), Kind.UNKNOWN),
        ("a.xlsx", OLE, ("EncryptedPackage", "EncryptionInfo"), Kind.XLSX),
        ("winmail.dat", b"\x78\x9f\x3e\x22\x01\x00", (), Kind.UNKNOWN),
        ("a.xml", b"<?xml version='1.0'?><Invoice/>", (), Kind.XML),
        ("a.txt", "a\tb\n1\t2\n".encode("utf-16"), (), Kind.CSV),
        ("a.txt", "é;b\n1;2 €\n".encode("utf-32-le"), (), Kind.CSV),
        ("a.txt", "é;b\n1;2 €\n".encode("utf-32-be"), (), Kind.CSV),
        ("a.bin", struct.pack("<8i", 1, 2, 3, 7, 9, 1, 2, 3), (), Kind.UNKNOWN),
        ("a.bin", b"\x00\x01\x02\x07\x00\x10", (), Kind.UNKNOWN),
        ("empty", b"", (), Kind.UNKNOWN),
    ],
)
def test_bytes_decide_the_kind(
    name: str, head: bytes, members: tuple[str, ...], kind: Kind
) -> None:
    assert detect_kind(name, head, members=members).kind is kind


def test_a_name_that_does_not_fit_is_said() -> None:
    assert "plain text" in " ".join(detect_kind("a.xlsx", b"a;b\n1;2\n").reasons)
