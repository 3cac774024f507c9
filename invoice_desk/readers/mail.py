"""Mails as containers: what each kind of mail comes to, and its attachments as files."""

from __future__ import annotations

import io
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from invoice_desk.core.source import Kind, detect_kind
from invoice_desk.errors import CorruptSourceError, SourceError, UnsafeSourceError
from invoice_desk.readers.archive import MAX_MEMBERS, Member, free_path

MAX_BYTES = 256 << 20
_MAX_NAME = 120
#: Signatures over the mail: nothing for a reader of documents.
_SEALS = frozenset({"pkcs7-signature", "x-pkcs7-signature", "pgp-signature", "pgp-keys"})
#: A picture inside the text that is smaller than this is a logo or a mark, no page of a document.
_SHORT_SIDE, _LONG_SIDE = 200, 400


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that hangs on a mail, or a picture in its text.

    Attributes:
        name: As the mail says; may be empty, may be anything.
        content_type: As the mail says, as in `application/pdf`.
        is_shown: Whether the mail's text shows it as a picture.
        problem: Why its bytes are not there, when they are not.
    """

    name: str
    content_type: str
    data: bytes
    is_shown: bool = False
    problem: SourceError | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, whatever format it was in.

    Attributes:
        headers: Those that people read, in their order: from, to, cc, date, subject.
        text: The body as plain text.
        problems: What was odd about it, one sentence each.
    """

    headers: tuple[tuple[str, str], ...]
    text: str
    attachments: tuple[Attachment, ...] = ()
    problems: tuple[str, ...] = ()


def read_mail(path: Path, *, name: str, kind: Kind) -> Mail:
    """Return the mail in a file.

    Raises:
        CorruptSourceError: If it is no mail.
        UnsafeSourceError: If it is larger, deeper or has more parts than any mail.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UnsafeSourceError(f"{name} is a mail of {size >> 20} MB, which is not plausible.")
    if kind is Kind.MSG:
        from invoice_desk.readers.mail_outlook import read_msg

        return read_msg(path, name=name)
    from invoice_desk.readers.mail_mime import read_eml

    return read_eml(path.read_bytes(), name=name)


def unpack_mail(
    path: Path, target: Path, *, name: str, kind: Kind
) -> Iterator[tuple[Member, Path | SourceError]]:
    """Write each attachment under `target` and yield it; one that fails yields its error.

    Raises:
        CorruptSourceError: If it is no mail.
        UnsafeSourceError: If it has too many attachments.
    """
    mail = read_mail(path, name=name, kind=kind)
    if len(mail.attachments) > MAX_MEMBERS:
        many = len(mail.attachments)
        raise UnsafeSourceError(f"{name} holds {many} files, more than {MAX_MEMBERS}.")
    taken: set[PurePosixPath] = set()
    for number, attachment in enumerate(mail.attachments, start=1):
        called = free_path(PurePosixPath(_file_name(attachment, number)), taken)
        member = Member(called, len(attachment.data), _only_kept(attachment, called.name))
        if attachment.problem is not None:
            yield member, attachment.problem
            continue
        place = target / str(number)
        place.write_bytes(attachment.data)
        yield member, place


def has_documents(mail: Mail) -> bool:
    """Return whether something hangs on a mail that may be a document."""
    return any(
        attachment.problem is not None or not _only_kept(attachment, attachment.name)
        for attachment in mail.attachments
    )


def _only_kept(attachment: Attachment, name: str) -> str:
    """Return why an attachment is kept and not read, nothing when it is to be read."""
    kind, _, subtype = attachment.content_type.partition("/")
    if subtype in _SEALS:
        return "is the signature of the mail"
    if attachment.is_shown and kind == "image" and _is_ornament(attachment.data, name):
        return "is a small picture in the text of the mail, such as a logo"
    return ""


def _is_ornament(data: bytes, name: str) -> bool:
    if detect_kind(name, data[: 1 << 16]).kind is not Kind.IMAGE:
        return False
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:  # reads no more than the size
            width, height = image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return min(width, height) < _SHORT_SIDE or max(width, height) < _LONG_SIDE


def _file_name(attachment: Attachment, number: int) -> str:
    """Return a file name without folders, control characters and endless length."""
    last = attachment.name.replace("\\", "/").rpartition("/")[2]
    plain = re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in last)).strip(" .")
    if not plain:
        return f"attachment-{number}{_ending(attachment)}"
    stem, dot, ending = plain.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[:_MAX_NAME]}.{ending}"
    return plain[:_MAX_NAME]


def _ending(attachment: Attachment) -> str:
    if attachment.content_type == "message/rfc822":
        return ".eml"
    return mimetypes.guess_extension(attachment.content_type) or ""


def no_mail(name: str) -> CorruptSourceError:
    """Return the error for what is called a mail and is none."""
    return CorruptSourceError(f"{name} cannot be read as a mail.")
