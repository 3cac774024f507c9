"""Commands about documents: passwords that open them, and files that hold several."""

from __future__ import annotations

import argparse
import getpass
import sys

from invoice_desk.cli.commands import desk_of
from invoice_desk.cli.output import print_json, print_table, say
from invoice_desk.documents.splits import Split, splits_of
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


def split_command(options: argparse.Namespace) -> int:
    """List files that seem to hold several documents, or decide on one."""
    from invoice_desk.services.splitting import accept_split, decline_split, list_proposals

    with desk_of(options) as desk:
        if options.source is None and (options.accept or options.decline):
            raise ArgumentError("Say which file is meant: SOURCE is missing.")
        if options.accept:
            made = accept_split(desk, options.source, _ranges(options.pages))
            if options.json:
                print_json(made)
            else:
                say(f"Source {options.source} was split into the sources {made}.")
        elif options.decline:
            decline_split(desk, options.source)
            say(f"Source {options.source} stays one document.")
        else:
            proposals = list_proposals(desk, options.source)
            if options.json:
                print_json(proposals)
            else:
                rows = [(each.source_id, each.name, each.text) for each in proposals]
                print_table(("source", "file", "pages of each document, and why"), rows)
    return ExitCode.OK


def _ranges(text: str | None) -> tuple[Split, ...] | None:
    if text is None:
        return None
    try:
        return splits_of(text)
    except ValueError:
        raise ArgumentError(f"“{text}” are no ranges of pages such as 1-2,3.") from None
