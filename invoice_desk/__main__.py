"""The entry point of both the window and the command line."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path


def main() -> int:
    """Run the command line, or open the window when no command is named."""
    multiprocessing.freeze_support()
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # gives memory back
    from invoice_desk.cli.main import run
    from invoice_desk.startup import keep_pandas_out

    keep_pandas_out()  # nothing of the program needs it; whoever adds that takes this out

    return run(sys.argv[1:], open_window=_open_window)


def _open_window(paths: list[Path], desk: Path | None, self_test: Path | None) -> int:
    from invoice_desk.errors import DisplayError
    from invoice_desk.startup import has_display

    if not has_display():
        raise DisplayError("There is no display here, so there is no window.")
    from invoice_desk.app import open_window

    return open_window(paths, desk=desk, self_test=self_test)


if __name__ == "__main__":
    sys.exit(main())
