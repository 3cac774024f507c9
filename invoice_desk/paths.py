"""Where the program's own files and the user's desk are."""

from __future__ import annotations

import sys
from pathlib import Path


def resource(name: str) -> Path:
    """Return the path of a file under `resources/`, installed or frozen."""
    frozen = getattr(sys, "_MEIPASS", None)
    base = Path(frozen) / "invoice_desk" if frozen else Path(__file__).parent
    return base / "resources" / name


def default_desk() -> Path:
    """Return the desk file that is opened when none is named."""
    import platformdirs

    return Path(platformdirs.user_data_dir("invoice-desk", appauthor=False)) / "desk.db"
