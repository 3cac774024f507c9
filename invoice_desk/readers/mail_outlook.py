"""Mails as Outlook saves them (`.msg`), through python-oxmsg; a mail inside becomes an `.eml`."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import HeaderParser
from email.policy import compat32
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from invoice_desk.errors import (
    CorruptSourceError,
    SourceError,
    UnsafeSourceError,
    UnsupportedKindError,
)
from invoice_desk.readers.archive import has_plain_sectors
from invoice_desk.readers.mail import Attachment, Mail, no_mail
from invoice_desk.readers.mail_mime import body_text, decoded, header_text

if TYPE_CHECKING:
    from oxmsg.properties import Properties
    from oxmsg.storage import Storage

# Properties by their number in MS-OXPROPS.
_SUBJECT, _SENDER_NAME, _SENDER_ADDRESS, _SENT_AT = 0x0037, 0x0C1A, 0x0C1F, 0x0039
_TO, _CC, _HEADERS, _BODY, _HTML = 0x0E04, 0x0E03, 0x007D, 0x1000, 0x1013
_DATA, _METHOD, _SHORT_NAME, _LONG_NAME = 0x3701, 0x3705, 0x3704, 0x3707
_DISPLAY_NAME, _CONTENT_TYPE, _CONTENT_ID, _CODEPAGE = 0x3001, 0x370E, 0x3712, 0x3FDE
#: How an attachment hangs on the mail.
_BY_VALUE, _AS_MESSAGE = 1, 5
#: Bytes before the first property: of the mail itself, of a mail in it, of an attachment.
_OUTER, _INNER, _ATTACHED = 32, 24, 8
_MESSAGE_STORAGE = "__substg1.0_3701000D"
_MAX_DEPTH = 8
_MAX_FACTOR, _FLOOR = 4, 8 << 20
#: What olefile and oxmsg raise on bytes that cannot be.
_DAMAGED = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(struct.error, OverflowError, RecursionError, MemoryError),
)


def read_msg(path: Path, *, name: str) -> Mail:
    """Return the mail in a file of Outlook.

    Raises:
        CorruptSourceError: If it is none, or damaged.
        UnsafeSourceError: If its streams come to far more than the file.
    """
    from olefile import OleFileIO
    from oxmsg.storage import Storage

    with path.open("rb") as raw:
        if not has_plain_sectors(raw.read(32)):
            raise no_mail(name)
    try:
        with OleFileIO(path) as file:
            size = sum(entry.size for entry in file.direntries if entry and entry.entry_type == 2)
            if size > max(_FLOOR, _MAX_FACTOR * path.stat().st_size):
                raise UnsafeSourceError(f"{name} unpacks to far more than is plausible.")
            storage = Storage.from_ole(file)
        return _mail(storage, header=_OUTER, depth=0)
    except _DAMAGED as error:
        raise no_mail(name) from error


def _mail(storage: Storage, *, header: int, depth: int) -> Mail:
    from oxmsg.properties import Properties

    properties = Properties(storage, properties_header_offset=header)
    html = _html(properties)
    attached = [_attachment(each, html, depth=depth) for each in storage.iter_attachment_storages()]
    text = body_text(_text(properties, _BODY), html)
    problems = () if text or attached else ("The mail has neither a text nor a file.",)
    return Mail(tuple(_headers(properties)), text, tuple(attached), problems)


def _headers(properties: Properties) -> Iterator[tuple[str, str]]:
    transport = HeaderParser(policy=compat32).parsestr(_text(properties, _HEADERS))
    address = _text(properties, _SENDER_ADDRESS)
    sender = f"{_text(properties, _SENDER_NAME)} <{address}>" if "@" in address else address
    sent = properties.date_prop_value(_SENT_AT) if _has(properties, _SENT_AT) else None
    own = {
        "From": sender or _text(properties, _SENDER_NAME),
        "To": _text(properties, _TO),
        "Cc": _text(properties, _CC),
        "Date": format_datetime(sent) if sent else "",
        "Subject": _text(properties, _SUBJECT),
    }
    for name, fallback in own.items():
        if told := header_text(transport, name) or " ".join(fallback.split()):
            yield name, told


def _attachment(storage: Storage, html: str, *, depth: int) -> Attachment:
    """Return one attachment; one that cannot be taken out says why, and harms no other."""
    from oxmsg.properties import Properties

    try:
        properties = Properties(storage, properties_header_offset=_ATTACHED)
        method = properties.int_prop_value(_METHOD)
        names = (_text(properties, one) for one in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME))
        name = next(filter(None, names), "")
        if method == _AS_MESSAGE:
            return _nested(storage, name, depth=depth)
        if method not in {_BY_VALUE, None}:
            told = f"{name or 'An attachment'} lies elsewhere; the mail only names it."
            return _missing(UnsupportedKindError(told), name)
        data = properties.binary_prop_value(_DATA)
        content_id = _text(properties, _CONTENT_ID).strip("<>")
        kind = _text(properties, _CONTENT_TYPE).lower() or _kind_by_name(name)
    except _DAMAGED:
        return _missing(CorruptSourceError("An attachment is damaged inside the mail."))
    if not data:
        return _missing(CorruptSourceError(f"The attachment {name or kind} has no content."), name)
    return Attachment(name, kind, data, bool(content_id) and f"cid:{content_id}" in html)


def _missing(problem: SourceError, name: str = "") -> Attachment:
    return Attachment(name, "application/octet-stream", b"", problem=problem)


def _nested(storage: Storage, name: str, *, depth: int) -> Attachment:
    inner = next((each for each in storage.storages if each.name == _MESSAGE_STORAGE), None)
    if inner is None or depth >= _MAX_DEPTH:
        return _missing(CorruptSourceError(f"The mail {name} inside cannot be taken out."), name)
    mail = _mail(inner, header=_INNER, depth=depth + 1)
    called = name or dict(mail.headers).get("Subject", "") or "mail"
    called = called if called.lower().endswith(".eml") else f"{called}.eml"
    return Attachment(called, "message/rfc822", eml_of(mail))


def eml_of(mail: Mail) -> bytes:
    """Return a mail as the bytes of an `.eml`; the same mail gives the same bytes."""
    body = MIMEText(mail.text, "plain", "utf-8")
    digest = hashlib.sha256(mail.text.encode("utf-8", "replace"))
    parts: list[MIMEBase] = [body]
    for attachment in mail.attachments:
        if attachment.problem is None:
            digest.update(attachment.data)
            parts.append(_part(attachment))
    message = MIMEMultipart("mixed", f"=_{digest.hexdigest()[:32]}", parts)
    for name, text in mail.headers:
        message[name] = text if text.isascii() else Header(text, "utf-8").encode(linesep="\n")
    return message.as_bytes()


def _part(attachment: Attachment) -> MIMEBase:
    main, _, sub = attachment.content_type.partition("/")
    if attachment.content_type == "message/rfc822" or main in {"multipart", ""} or not sub:
        main, sub = "application", "octet-stream"
    part = MIMEBase(main, sub)
    part.set_payload(attachment.data)
    encode_base64(part)
    name = ("utf-8", "", attachment.name or "attachment")
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _html(properties: Properties) -> str:
    """Return the HTML of the body, which stands there as bytes in its own encoding or as text."""
    data = properties.binary_prop_value(_HTML)
    if not data:
        return _text(properties, _HTML)
    codepage = properties.int_prop_value(_CODEPAGE) if _has(properties, _CODEPAGE) else None
    return decoded(data, f"cp{codepage}" if codepage and codepage != 65001 else "utf-8")[0]


def _has(properties: Properties, number: int) -> bool:
    return any(each.pid == number for each in properties)


def _text(properties: Properties, number: int) -> str:
    """Return a text, without the zero that some programs end it with."""
    return (properties.str_prop_value(number) or "").rstrip("\x00")


def _kind_by_name(name: str) -> str:
    import mimetypes

    return mimetypes.guess_type(name)[0] or "application/octet-stream"
