"""Files that hold others: which reader opens them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from invoice_desk.core.source import MAILS, Kind
from invoice_desk.errors import SourceError
from invoice_desk.readers.archive import Member, unpack


def unpack_container(
    path: Path,
    target: Path,
    *,
    name: str,
    kind: Kind,
    passwords: Callable[[], Sequence[str]] = tuple,
) -> Iterator[tuple[Member, Path | SourceError]]:
    """Write what lies in an archive or hangs on a mail under `target`, and yield each file.

    Raises:
        CorruptSourceError: If it cannot be opened.
        UnsafeSourceError: If it holds too much.
    """
    if kind in MAILS:
        from invoice_desk.readers.mail import unpack_mail

        return unpack_mail(path, target, name=name, kind=kind)
    return unpack(path, target, name=name, passwords=passwords)
