"""Where the program's own files and the user's desk are."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

#: Environment variable that names the folder with the weights of Florence-2.
VISION_MODEL = "OPTIMIZE_VISION_MODEL"


def resource(name: str) -> Path:
    """Return the path of a file under `resources/`, installed or frozen."""
    frozen = getattr(sys, "_MEIPASS", None)
    base = Path(frozen) / "invoice_desk" if frozen else Path(__file__).parent
    return base / "resources" / name


def default_desk() -> Path:
    """Return the desk file that is opened when none is named."""
    import platformdirs

    return Path(platformdirs.user_data_dir("invoice-desk", appauthor=False)) / "desk.db"


def default_vision_model() -> Path:
    """Return the folder with the weights of Florence-2 when none is named."""
    return default_desk().parent / "models" / "florence-2-base"


def vision_model(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder in which this process looks for the weights of Florence-2."""
    named = environ.get(VISION_MODEL, "").strip()
    return Path(named).expanduser() if named else default_vision_model()
