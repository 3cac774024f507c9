"""Commands about documents: passwords that open them."""

from __future__ import annotations

import argparse
import getpass
import sys

from invoice_desk.cli.output import print_json, print_table, say
from invoice_desk.errors import ArgumentError, ExitCode


def passwords_command(options: argparse.Namespace) -> int:
    """List, add or remove passwords; a password itself is never shown nor given as an argument."""
    from invoice_desk.services import passwords

    if options.action == "list":
        names = passwords.password_names()
        if options.json:
            print_json(names)
        else:
            print_table(("password",), [(name,) for name in names])
        return ExitCode.OK
    if not options.name:
        raise ArgumentError(f"Say which password to {options.action}: NAME is missing.")
    if options.action == "add":
        passwords.add_password(options.name, _asked(options.name))
        say(f"The password “{options.name}” is kept in the keyring of the system.")
    else:
        passwords.remove_password(options.name)
        say(f"The password “{options.name}” is forgotten.")
    return ExitCode.OK


def _asked(name: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"Password “{name}”: ")
    return sys.stdin.readline().rstrip("\r\n")
