from __future__ import annotations

import io
from pathlib import Path

import pytest
from mails import Tree, compound, eml, file_part, properties, text_part
from PIL import Image

from invoice_desk.core.source import Kind, detect_kind
from invoice_desk.errors import CorruptSourceError, SourceError, UnsafeSourceError
from invoice_desk.readers import mail_mime
from invoice_desk.readers.archive import Member, member_names
from invoice_desk.readers.html_text import text_of_html
from invoice_desk.readers.mail import Mail, has_documents, read_mail, unpack_mail


def read(data: bytes) -> Mail:
    return mail_mime.read_eml(data, name="a.eml")


def unpacked(
    data: bytes, tmp_path: Path, kind: Kind = Kind.EMAIL
) -> list[tuple[Member, bytes | SourceError]]:
    path, target = tmp_path / "a.eml", tmp_path / "out"
    path.write_bytes(data)
    target.mkdir()
    found = unpack_mail(path, target, name="a.eml", kind=kind)
    return [(m, p if isinstance(p, SourceError) else p.read_bytes()) for m, p in found]


def picture(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(buffer, "PNG")
    return buffer.getvalue()


# --- MIME -------------------------------------------------------------------------------


def test_a_mail_gives_its_headers_its_text_and_its_files(tmp_path: Path) -> None:
    data = eml(
        text_part("Dear all,\nsee below."), file_part(b"a;b\n", 'attachment; filename="a.csv"')
    )

    mail = read(data)

    assert mail.headers[0] == ("From", "Billing <billing@example.com>")
    assert ("Subject", "Papers") in mail.headers
    assert mail.text == "Dear all,\nsee below."
    assert [(m.path.name, d) for m, d in unpacked(data, tmp_path)] == [("a.csv", b"a;b\n")]
    assert mail.problems == ()


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename==?utf-8?q?Rechnung_=C3=A4.pdf?=", "Rechnung ä.pdf"),
        ("attachment; filename*=utf-8''Rechnung%20%C3%A4.pdf", "Rechnung ä.pdf"),
        ("attachment; filename*0*=utf-8''Rech; filename*1=nung.pdf", "Rechnung.pdf"),
        ('attachment; filename="Rechnung \xe4.pdf"', "Rechnung ä.pdf"),
        ('attachment; filename="..\\\\..\\\\etc/passwd"', "passwd"),
        ('attachment; filename="a\tb.pdf"', "a b.pdf"),
        ("attachment", "attachment-1.pdf"),
        ("attachment; filename==?utf-8?b?!!!?=", "attachment-1.pdf"),
    ],
)
def test_a_file_is_called_as_its_sender_called_it(
    tmp_path: Path, disposition: str, name: str
) -> None:
    data = eml(file_part(b"%PDF-", disposition, "application/pdf"))

    ((member, _),) = unpacked(data, tmp_path)

    assert member.path.name == name


def test_two_files_with_one_name_are_both_kept(tmp_path: Path) -> None:
    part = 'attachment; filename="a.csv"'
    data = eml(file_part(b"1", part), file_part(b"2", part), file_part(b"3", part))

    found = unpacked(data, tmp_path)

    names = [(m.path.name, d) for m, d in found]
    assert names == [("a.csv", b"1"), ("a (2).csv", b"2"), ("a (3).csv", b"3")]


def test_base64_of_an_impossible_length_is_mended_and_told(tmp_path: Path) -> None:
    part = file_part(b"0123456789", "attachment; filename=a.csv").replace("OQ==", "OQ==X")
    data = eml(part.replace("MDEy", "MD Ey"))

    mail = read(data)

    assert mail.attachments[0].data.startswith(b"0123456789")
    assert "damaged" in mail.problems[0]


def test_a_wrong_charset_is_told_and_the_text_is_read() -> None:
    part = text_part("Café à 10 €", charset="cp1252").replace("charset=cp1252", "charset=utf-8")

    mail = read(eml(part))

    assert mail.text == "Café à 10 €"
    assert "encoding" in mail.problems[0]


def test_an_unknown_charset_does_not_lose_the_text() -> None:
    assert read(eml(text_part("Hello").replace("utf-8", "x-none"))).text == "Hello"


def test_a_mail_that_was_cut_off_is_told_and_its_parts_are_kept() -> None:
    data = eml(text_part("Hello"), file_part(b"abc" * 50, "attachment; filename=a.csv"))

    mail = read(data[: data.index(b"--cut--") - 40])

    assert mail.text == "Hello"
    assert mail.attachments[0].data.startswith(b"abcabc")
    assert "cut off" in mail.problems[0]


def test_a_mail_in_a_mail_is_a_file_called_by_its_subject(tmp_path: Path) -> None:
    inner = eml(file_part(b"x", "attachment; filename=deep.csv"), boundary="inner")
    part = "Content-Type: message/rfc822\r\n\r\n" + inner.decode("latin-1")
    data = eml(text_part("See the mail below."), part)

    ((member, content),) = unpacked(data, tmp_path)

    assert member.path.name == "Papers.eml"
    assert isinstance(content, bytes)
    assert [a.name for a in read(content).attachments] == ["deep.csv"]


def test_a_small_picture_in_the_text_is_kept_as_what_it_is(tmp_path: Path) -> None:
    def shown(name: str, data: bytes) -> str:
        part = file_part(data, f"inline; filename={name}", "image/png")
        return f"Content-ID: <{name}>\r\n{part}"

    html = '<p>Hi</p><img src="cid:logo.png"><img src="cid:scan.png">'
    loose = file_part(picture(100, 50), "attachment; filename=loose.png", "image/png")
    data = eml(
        text_part(html, "html"),
        shown("logo.png", picture(120, 60)),
        shown("scan.png", picture(800, 1100)),
        loose,
    )

    found = {member.path.name: member.only_kept for member, _ in unpacked(data, tmp_path)}

    assert "logo" in found["logo.png"]
    assert found["scan.png"] == found["loose.png"] == ""


def test_a_signature_is_only_kept() -> None:
    seal = file_part(b"0", "attachment; filename=smime.p7s", "application/pkcs7-signature")

    assert not has_documents(read(eml(text_part("Hi"), seal)))


def test_an_attachment_without_content_is_an_error_of_its_own(tmp_path: Path) -> None:
    data = eml(file_part(b"", "attachment; filename=a.pdf"), file_part(b"1", "attachment"))

    first, second = unpacked(data, tmp_path)

    assert isinstance(first[1], CorruptSourceError)
    assert second[1] == b"1"


def test_html_is_read_where_the_plain_text_says_nothing() -> None:
    html = "<table><tr><td><p>Total</p></td><td><p>12,00 &euro;</p></td></tr></table>"
    both = "\r\n".join(
        [
            "Content-Type: multipart/alternative; boundary=alt\r\n",
            "--alt",
            text_part("see HTML"),
            "--alt",
            text_part(html + "<p>Thank you for your order of today.</p>", "html"),
            "--alt--",
        ]
    )

    assert read(eml(both)).text.splitlines()[0] == "Total    12,00 €"


@pytest.mark.parametrize("data", [b"", b"no header at all\n\nbody", b"\x00\x01\x02"])
def test_what_is_no_mail_is_a_typed_error(data: bytes) -> None:
    with pytest.raises(CorruptSourceError, match=r"a\.eml"):
        read(data)


def test_a_mail_of_parts_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_mime, "MAX_PARTS", 10)

    with pytest.raises(UnsafeSourceError):
        read(eml(*[text_part("x")] * 30))


def test_mails_in_mails_without_end_are_refused() -> None:
    data = b"Content-Type: message/rfc822\r\n\r\n" * 5000 + b"Subject: x\r\n\r\n"

    with pytest.raises(UnsafeSourceError):
        read(b"From: a@example.com\r\n" + data)


# --- Outlook ----------------------------------------------------------------------------


def outlook() -> bytes:
    inner: Tree = {
        **properties(24, {0x0037: "Inner", 0x1000: "inner body"}),
        "__attach_version1.0_#00000000": properties(8, {0x3707: "deep.csv"}, x3705=1, x3701=b"d"),
    }
    return compound(
        {
            **properties(
                32,
                {0x0037: "Outer é", 0x1000: "hello", 0x0C1A: "Bob", 0x0C1F: "bob@example.com"},
            ),
            "__attach_version1.0_#00000000": properties(
                8, {0x3707: "Rechnung ä.csv"}, x3705=1, x3701=b"a;b\n" * 2000
            ),
            "__attach_version1.0_#00000001": {
                **properties(8, {0x3001: "Inner"}, x3705=5),
                "__substg1.0_3701000D": inner,
            },
            "__attach_version1.0_#00000002": properties(8, {0x3707: "far.pdf"}, x3705=2),
        }
    )


def test_a_mail_of_outlook_gives_headers_text_and_files(tmp_path: Path) -> None:
    path = tmp_path / "a.msg"
    path.write_bytes(outlook())

    mail = read_mail(path, name="a.msg", kind=Kind.MSG)
    found = {m.path.name: d for m, d in unpacked(outlook(), tmp_path, Kind.MSG)}

    assert dict(mail.headers) == {"From": "Bob <bob@example.com>", "Subject": "Outer é"}
    assert mail.text == "hello"
    assert found["Rechnung ä.csv"] == b"a;b\n" * 2000
    assert isinstance(found["far.pdf"], SourceError)
    inner = found["Inner.eml"]
    assert isinstance(inner, bytes)
    assert read(inner).text == "inner body"
    assert read(inner).attachments[0].data == b"d"


def test_a_mail_inside_one_of_outlook_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()

    first = unpacked(outlook(), tmp_path / "1", Kind.MSG)[1]
    second = unpacked(outlook(), tmp_path / "2", Kind.MSG)[1]

    assert first == second


def test_a_mail_of_outlook_is_told_by_what_is_inside(tmp_path: Path) -> None:
    path = tmp_path / "a.msg"
    path.write_bytes(outlook())

    found = detect_kind("a.xls", outlook()[:512], members=member_names(path))

    assert found.kind is Kind.MSG


@pytest.mark.parametrize("cut", [600, 2000, 5000, 9000])
def test_a_torn_mail_of_outlook_is_a_typed_error(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.msg"
    path.write_bytes(outlook()[:cut])

    with pytest.raises(SourceError, match=r"a\.msg"):
        read_mail(path, name="a.msg", kind=Kind.MSG)


# --- HTML -------------------------------------------------------------------------------


def test_html_keeps_lines_and_cells_apart() -> None:
    html = """<head><title>t</title><style>p {}</style></head><p>One<br>two &amp; three</p>
        <table><tr><td>Net</td><td>10</td></tr><tr><th>Tax</th><td></td><td>2</td></tr></table>"""

    assert text_of_html(html).split("\n") == [
        *("One", "two & three", "Net    10", "Tax    2"),
    ]


@pytest.mark.parametrize(
    "html", ["<", "<p", "<!DOCTYPE", "<![CDATA[x", "<a <b <c", "</", "&#xfffffff;"]
)
def test_torn_html_raises_nothing(html: str) -> None:
    assert isinstance(text_of_html(html), str)
