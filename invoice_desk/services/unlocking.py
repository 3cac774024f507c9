"""Sources that a password keeps shut: which they are, to read them again with a new one."""

from __future__ import annotations

from invoice_desk.db.engine import reading
from invoice_desk.db.sources import sources_with_error
from invoice_desk.errors import EncryptedSourceError
from invoice_desk.services.desk import Desk


def locked_sources(desk: Desk) -> list[int]:
    """Return the files that need a password, and the archives that hold such files.

    An import of these sources tries the passwords that are kept by then.
    """
    with reading(desk.engine) as connection:
        return sources_with_error(connection, EncryptedSourceError.code)
