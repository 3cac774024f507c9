"""Mails in MIME, as `.eml` holds them: headers, body and attachments, however they are broken.

The policy `compat32` of Python's parser is used, since it never raises on a header; what its
newer policies decode is decoded here, each step with something to fall back on.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.errors import (
    CloseBoundaryNotFoundDefect,
    HeaderParseError,
    InvalidBase64LengthDefect,
    MultipartInvariantViolationDefect,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
from email.generator import BytesGenerator
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from io import BytesIO

from invoice_desk.errors import CorruptSourceError, UnsafeSourceError
from invoice_desk.readers.html_text import text_of_html
from invoice_desk.readers.mail import Attachment, Mail, no_mail

#: More parts than this and something else is meant; each takes a kilobyte to parse.
MAX_PARTS = 20_000
_SHOWN_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_TORN = (
    StartBoundaryNotFoundDefect,
    CloseBoundaryNotFoundDefect,
    NoBoundaryInMultipartDefect,
    MultipartInvariantViolationDefect,
)
#: What writing a nested mail raises when its headers are not what they must be.
_UNWRITABLE = (UnicodeError, LookupError, ValueError, AttributeError, TypeError, HeaderParseError)


@dataclass(slots=True)
class _Parts:
    """What the parts of one mail were sorted into."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    #: Content id of an attachment → its place in the list.
    by_id: dict[str, int] = field(default_factory=dict)

    def note(self, problem: str) -> None:
        """Note a problem once."""
        if problem not in self.problems:
            self.problems.append(problem)


def read_eml(data: bytes, *, name: str) -> Mail:
    """Return the mail that these bytes are.

    Raises:
        CorruptSourceError: If they are no mail.
        UnsafeSourceError: If it has implausibly many parts, or is nested without end.
    """
    if data.count(b"\n--") > 2 * MAX_PARTS:
        raise UnsafeSourceError(f"{name} has far more parts than a mail can have.")
    try:
        message = message_from_bytes(data.lstrip(b"\xef\xbb\xbf\r\n"), policy=compat32)
        if not message.keys():
            raise no_mail(name)
        return _mail(message)
    except RecursionError as error:
        raise UnsafeSourceError(f"{name} has mails in mails without end.") from error


def header_text(message: Message, name: str) -> str:
    """Return a header decoded, on one line; nothing if it is not there."""
    raw = next((str(v) for n, v in message.raw_items() if n.lower() == name.lower()), "")
    return decoded_words(raw)


def decoded_words(raw: str) -> str:
    """Return the text of a raw header or file name, its encoded words decoded (RFC 2047)."""
    plain = " ".join(_without_surrogates(raw).split())
    if "=?" not in plain:
        return plain
    try:
        parts = decode_header(plain)
    except (HeaderParseError, ValueError):
        return plain
    texts = [p if isinstance(p, str) else decoded(p, charset)[0] for p, charset in parts]
    return " ".join("".join(texts).split())


def decoded(data: bytes, charset: str | None) -> tuple[str, bool]:
    """Return bytes as text, and whether they were in the encoding that was declared."""
    for number, encoding in enumerate((charset or "utf-8", "utf-8")):
        try:
            return data.decode(encoding), number == 0
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return data.decode("cp1252", errors="replace"), False


def _without_surrogates(raw: str) -> str:
    """Return a header whose bytes beyond ASCII are there as they are, against the rules."""
    try:
        return decoded(raw.encode("ascii", "surrogateescape"), None)[0]
    except UnicodeEncodeError:  # it is text already
        return raw.encode("utf-8", "replace").decode("utf-8")


def _mail(message: Message) -> Mail:
    parts = _Parts()
    todo: list[Message] = [message]
    while todo:
        part = todo.pop()
        if any(isinstance(defect, _TORN) for defect in part.defects):
            parts.note("The mail is cut off or its parts are not set apart as they must be.")
        inner = part.get_payload()
        if isinstance(inner, list) and part.get_content_maintype() == "multipart":
            todo.extend(reversed([each for each in inner if isinstance(each, Message)]))
        elif isinstance(inner, list):
            _take_message(part, inner, parts)
        else:
            _take(part, parts)
    headers = tuple((name, text) for name in _SHOWN_HEADERS if (text := header_text(message, name)))
    html = "\n".join(parts.html)
    return Mail(
        headers,
        body_text("\n\n".join(parts.plain), html),
        tuple(_shown(each, index, html, parts) for index, each in enumerate(parts.attachments)),
        tuple(parts.problems),
    )


def body_text(plain: str, html: str) -> str:
    """Return the body: the plain text, unless the HTML beside it says far more."""
    if not html.strip():
        return plain
    told = text_of_html(html)
    return plain if 2 * _letters(plain) >= _letters(told) else told


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _shown(attachment: Attachment, index: int, html: str, parts: _Parts) -> Attachment:
    """Return an attachment with whether the HTML shows it."""
    ids = [content_id for content_id, place in parts.by_id.items() if place == index]
    if not any(f"cid:{content_id}" in html for content_id in ids):
        return attachment
    return replace(attachment, is_shown=True)


def _take_message(part: Message, inner: list[Message | str], parts: _Parts) -> None:
    """Take a mail in a mail as an attachment; a report of delivery is text."""
    nested = [each for each in inner if isinstance(each, Message)]
    if part.get_content_type() != "message/rfc822":
        parts.plain.extend(_headers_of(each) for each in nested)
        return
    for each in nested:
        name = _name_of(part) or f"{header_text(each, 'Subject') or 'mail'}.eml"
        try:
            data = _written(each)
        except _UNWRITABLE:
            problem = CorruptSourceError(f"The mail {name} inside cannot be taken out.")
            parts.attachments.append(Attachment(name, "message/rfc822", b"", problem=problem))
            continue
        parts.attachments.append(Attachment(name, "message/rfc822", data))


def _headers_of(message: Message) -> str:
    return "\n".join(f"{name}: {decoded_words(str(value))}" for name, value in message.raw_items())


def _written(message: Message) -> bytes:
    buffer = BytesIO()
    BytesGenerator(buffer, mangle_from_=False, policy=compat32).flatten(message)
    return buffer.getvalue()


def _take(part: Message, parts: _Parts) -> None:
    name, kind = _name_of(part), part.get_content_type()
    data = _payload(part, parts)
    disposition = str(part.get("Content-Disposition", "")).strip().lower()
    is_body = kind in {"text/plain", "text/html"} and not name
    if is_body and not disposition.startswith("attachment"):
        text, as_declared = decoded(data, part.get_content_charset())
        if not as_declared and part.get_content_charset():
            parts.note("The text of the mail is not in the encoding that it declares.")
        (parts.html if kind == "text/html" else parts.plain).append(text)
        return
    content_id = str(part.get("Content-ID", "")).strip().strip("<>")
    if content_id:
        parts.by_id[content_id] = len(parts.attachments)
    if not data:
        problem = CorruptSourceError(f"The attachment {name or kind} has no content.")
        parts.attachments.append(Attachment(name, kind, b"", problem=problem))
        return
    parts.attachments.append(Attachment(name, kind, data))


def _payload(part: Message, parts: _Parts) -> bytes:
    before = len(part.defects)
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError):  # an encoding that Python does not have
        data = str(part.get_payload()).encode("utf-8", "replace")
    damage = part.defects[before:]
    if any(isinstance(defect, InvalidBase64LengthDefect) for defect in damage):
        data = _mended_base64(str(part.get_payload()))
    if damage:
        parts.note("A part of the mail is damaged; what could be decoded was kept.")
    return data if isinstance(data, bytes) else b""


def _mended_base64(text: str) -> bytes:
    """Return what base64 of an impossible length says, less the letter that is too much."""
    letters = re.sub(r"[^A-Za-z0-9+/]", "", text)
    whole = letters[: len(letters) - (1 if len(letters) % 4 == 1 else 0)]
    return base64.b64decode(whole + "=" * (-len(whole) % 4))


def _name_of(part: Message) -> str:
    """Return the file name of a part, whichever way it was encoded."""
    for header in ("Content-Disposition", "Content-Type"):
        raw = next((str(v) for n, v in part.raw_items() if n.lower() == header.lower()), None)
        if raw is not None and not raw.isascii():
            part.replace_header(header, _without_surrogates(raw))
    try:
        name = part.get_filename("")
    except (ValueError, LookupError, TypeError):
        name = ""
    return decoded_words(str(name or ""))
