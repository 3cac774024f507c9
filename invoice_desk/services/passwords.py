"""Passwords of documents: kept in the keyring of the system, tried on what is protected.

They are in no desk, no log and no record of a job: a worker is handed them with its task.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from invoice_desk.core.source import Kind
from invoice_desk.documents.pdf_opening import may_be_protected
from invoice_desk.errors import ArgumentError, PasswordStoreError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

    from invoice_desk.services.desk import Desk

#: Environment variable with the path of a file of passwords, where a system has no keyring.
FILE_VARIABLE = "INVOICE_DESK_PASSWORDS_FILE"
#: Each is tried on each protected file.
MAX_PASSWORDS = 50
#: One entry of the Windows keyring holds 1,280 letters; the list of names is one.
MAX_NAME = 20
_SERVICE = "Invoice Desk"
_NAMES = "names of passwords"


def known_passwords(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return all passwords that are kept; none where the system has no keyring.

    Raises:
        ArgumentError: If a file of passwords is named that cannot be read.
    """
    found: list[str] = []
    if named := environ.get(FILE_VARIABLE, "").strip():
        found += passwords_in(Path(named))
    try:
        ring = _keyring()
        kept = [_get(ring, _entry(name)) for name in _names(ring)]
    except PasswordStoreError:
        kept = []
    return tuple(dict.fromkeys([*found, *(each for each in kept if each)]))


class SessionPasswords:
    """All passwords that are known: those that are kept, and those given until the program ends."""

    def __init__(self, kept: Callable[[], tuple[str, ...]] = known_passwords) -> None:
        self._kept = kept
        self._given: dict[str, str] = {}

    def __call__(self) -> tuple[str, ...]:
        """Return them, those that were given first."""
        return tuple(dict.fromkeys([*self._given.values(), *self._kept()]))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of those that are forgotten when the program ends."""
        return tuple(self._given)

    def give(self, name: str, password: str) -> None:
        """Know a password until the program ends; one of the same name is replaced.

        Raises:
            ArgumentError: If the name or the password is empty or too long.
        """
        self._given[_checked(name, password)] = password

    def forget(self, name: str) -> bool:
        """Forget one that was given; return whether there was one."""
        return self._given.pop(name, None) is not None


def session_passwords(desk: Desk) -> SessionPasswords:
    """Return the passwords of a desk, to which more may be given until the program ends."""
    if not isinstance(desk.passwords, SessionPasswords):
        desk.passwords = SessionPasswords(desk.passwords)
    return desk.passwords


def passwords_in(path: Path) -> list[str]:
    """Return the passwords in a file, one a line.

    Raises:
        ArgumentError: If it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ArgumentError(f"The passwords in {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ArgumentError(f"The passwords in {path} are not in UTF-8.") from error
    return [line for line in lines if line]


def password_names() -> list[str]:
    """Return the names of the passwords in the keyring.

    Raises:
        PasswordStoreError: If the system has no keyring, or it is locked.
    """
    return _names(_keyring())


def add_password(name: str, password: str) -> None:
    """Keep a password under a name; one that is kept under it already is replaced.

    Raises:
        ArgumentError: If the name or the password is empty or too long, or there are too many.
        PasswordStoreError: If the system has no keyring, or it is locked.
    """
    name = _checked(name, password)
    ring = _keyring()
    names = _names(ring)
    if name not in names and len(names) >= MAX_PASSWORDS:
        raise ArgumentError(f"There are {MAX_PASSWORDS} passwords already; remove one first.")
    _set(ring, _entry(name), password)
    if name not in names:
        _set(ring, _NAMES, json.dumps([*names, name], ensure_ascii=False))


def _checked(name: str, password: str) -> str:
    """Return the name without blanks around it, where it and the password can be kept."""
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise ArgumentError(f"A password needs a name of 1 to {MAX_NAME} letters.")
    if not password or len(password) > 500:
        raise ArgumentError("A password has 1 to 500 letters.")
    return name


def remove_password(name: str) -> None:
    """Forget a password.

    Raises:
        ArgumentError: If there is none of this name.
        PasswordStoreError: If the system has no keyring, or it is locked.
    """
    from keyring.errors import KeyringError

    ring = _keyring()
    names = _names(ring)
    if name not in names:
        raise ArgumentError(f"There is no password named “{name}”.")
    _set(ring, _NAMES, json.dumps([n for n in names if n != name], ensure_ascii=False))
    try:
        ring.delete_password(_SERVICE, _entry(name))
    except (KeyringError, RuntimeError, OSError):
        _set(ring, _entry(name), "")  # a keyring that cannot delete can overwrite


def passwords_for(path: Path, kind: Kind, known: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """Return the passwords to try on a file: none unless it is a PDF that may be protected."""
    return known() if kind is Kind.PDF and may_be_protected(path) else ()


def _entry(name: str) -> str:
    return f"password: {name}"


def _keyring() -> KeyringBackend:
    import keyring
    from keyring.backends import fail

    ring = keyring.get_keyring()
    if isinstance(ring, fail.Keyring):
        raise PasswordStoreError("This system has no keyring that could keep passwords.")
    return ring


def _names(ring: KeyringBackend) -> list[str]:
    try:
        names = json.loads(_get(ring, _NAMES) or "[]")
    except ValueError:
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _get(ring: KeyringBackend, entry: str) -> str | None:
    from keyring.errors import KeyringError

    try:
        return ring.get_password(_SERVICE, entry)
    except (KeyringError, RuntimeError, OSError) as error:
        raise PasswordStoreError(f"The keyring of the system cannot be read: {error}.") from error


def _set(ring: KeyringBackend, entry: str, text: str) -> None:
    from keyring.errors import KeyringError

    try:
        ring.set_password(_SERVICE, entry, text)
    except (KeyringError, RuntimeError, OSError) as error:
        raise PasswordStoreError(f"The keyring of the system keeps nothing: {error}.") from error
