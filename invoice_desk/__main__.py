"""The entry point of both the window and the command line."""

from __future__ import annotations

import multiprocessing
import sys


def main() -> int:
    """Run the command line, or open the window when no command is named."""
    multiprocessing.freeze_support()
    from invoice_desk.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
