"""Opening a PDF: with the passwords that are known, within limits, and with a typed error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from invoice_desk.documents.pdfium_lock import PDFIUM
from invoice_desk.errors import (
    CorruptSourceError,
    EmptySourceError,
    EncryptedSourceError,
    LockedSourceError,
    SourceError,
    UnsafeSourceError,
)

MAX_PAGES = 10_000
#: Passwords that are tried in this task.  They hang on no value that is stored, logged or told.
_TO_TRY: ContextVar[tuple[str, ...]] = ContextVar("passwords", default=())


@contextmanager
def trying(passwords: Sequence[str]) -> Iterator[None]:
    """Have every PDF that is opened meanwhile be tried with these passwords too."""
    token = _TO_TRY.set(tuple(passwords))
    try:
        yield
    finally:
        _TO_TRY.reset(token)


@contextmanager
def opened(path: Path, *, name: str) -> Iterator[Any]:
    """Give the opened document and close it; meanwhile no other thread is in pdfium.

    Raises:
        EncryptedSourceError: If a password is needed that is not among those to try.
        CorruptSourceError: If it cannot be opened.
        EmptySourceError: If it has no page.
        UnsafeSourceError: If it has more pages than is plausible.
    """
    with PDFIUM:
        document = open_pdf(path, name=name)
        try:
            yield document
        finally:
            document.close()


def open_pdf(path: Path, *, name: str) -> Any:
    """Return the opened document, for a caller that holds `PDFIUM` and closes it.

    Raises:
        EncryptedSourceError: If a password is needed that is not among those to try.
        CorruptSourceError: If it cannot be opened.
        EmptySourceError: If it has no page.
        UnsafeSourceError: If it has more pages than is plausible.
    """
    document, _ = _opened(path, name)
    count = len(document)
    if 0 < count <= MAX_PAGES:
        return document
    document.close()
    if count == 0:
        raise EmptySourceError(f"{name} has no page.")
    raise UnsafeSourceError(f"{name} has {count:,} pages, more than {MAX_PAGES:,}.")


def password_of(path: Path, *, name: str) -> str | None:
    """Return which of the passwords to try opens a PDF; None when it needs none.

    Raises:
        EncryptedSourceError: If none of them does.
        CorruptSourceError: If it cannot be opened at all.
    """
    with PDFIUM:
        document, password = _opened(path, name)
        document.close()
    return password


def may_be_protected(path: Path) -> bool:
    """Return whether a PDF says that it is encrypted.

    The entry stands in the trailer, which is itself neither packed nor encrypted.
    """
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return content.find(b"/Encrypt") >= 0


def _opened(path: Path, name: str) -> tuple[Any, str | None]:
    import pypdfium2 as pdfium

    for password in (None, *_TO_TRY.get()):
        try:
            return pdfium.PdfDocument(path, password=password), password
        except pdfium.PdfiumError as error:
            failed = _error(path, name, str(error).lower())
            if failed is not None:
                raise failed from error
    tried = " None of the passwords that are kept opens it." if _TO_TRY.get() else ""
    raise EncryptedSourceError(f"{name} is protected by a password.{tried}")


def _error(path: Path, name: str, reason: str) -> SourceError | None:
    """Return the error that a reason of pdfium stands for; None for a wrong password.

    For a file without pages pdfium gives the reason of the file before it, or success.
    """
    if "security" in reason:
        return LockedSourceError(f"{name} is protected in a way that cannot be opened here.")
    if "password" in reason and may_be_protected(path):
        return None
    if "password" in reason or "success" in reason:
        return EmptySourceError(f"{name} has no page.")
    return CorruptSourceError(f"{name} cannot be opened as a PDF.")
