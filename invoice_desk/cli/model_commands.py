"""The command about models: which there are, and fetching one when a person says so."""

from __future__ import annotations

import argparse

from invoice_desk.cli.output import print_json, say
from invoice_desk.documents.vision import why_missing
from invoice_desk.documents.vision_weights import REPOSITORY, Weights, fetch, look
from invoice_desk.errors import ExitCode
from invoice_desk.paths import vision_model


def models_command(options: argparse.Namespace) -> int:
    """Say where the weights of Florence-2 are, or fetch them."""
    folder = options.folder or vision_model()
    if options.action == "list":
        _tell(look(folder), why_missing(folder), as_json=options.json)
        return ExitCode.OK
    repository = options.repository or REPOSITORY
    if not look(folder).is_ready:
        say(f"Fetching {repository} into {folder} …")
    found = fetch(folder, repository=repository)
    _tell(found, why_missing(folder), as_json=options.json)
    return ExitCode.OK


def _tell(found: Weights, missing: str, *, as_json: bool) -> None:
    if as_json:
        row = {"name": "florence2", "folder": found.folder, "state": found.state}
        print_json({"models": [{**row, "detail": found.detail, "missing": missing}]})
        return
    print(f"florence2: {found.state}, {found.folder}")
    if missing:
        print(missing)
