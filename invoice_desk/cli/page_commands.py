"""Commands about pages of documents."""

from __future__ import annotations

import argparse

from invoice_desk.cli.commands import desk_of
from invoice_desk.cli.output import print_json
from invoice_desk.documents.page import lines_of
from invoice_desk.errors import ExitCode


def recognise_command(options: argparse.Namespace) -> int:
    """Recognise one page again and print its lines."""
    from invoice_desk.services.pages import recognise_page_again

    with desk_of(options) as desk:
        page = recognise_page_again(desk, options.source, options.page, options.ocr)
    lines = [line.text for line in lines_of(page)]
    if options.json:
        about = {"source": options.source, "page": page.number, "engine": page.engine}
        print_json(about | {"words": len(page.words), "lines": lines})
    else:
        print("\n".join(lines))
        print(f"Page {page.number}: {len(page.words)} words by {page.engine}.")
    return ExitCode.OK
