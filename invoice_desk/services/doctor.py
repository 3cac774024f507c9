"""Doctor: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import invoice_desk
from invoice_desk.documents.ocr import ENGINES
from invoice_desk.documents.poppler import why_missing
from invoice_desk.errors import PasswordStoreError
from invoice_desk.paths import resource
from invoice_desk.startup import has_display


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        state: `ok`, `missing` (optional, something does less) or `broken` (needed).
        advice: What to do, empty when it is ok.
    """

    name: str
    state: str
    detail: str
    advice: str = ""


def examine(desk_path: Path) -> list[Check]:
    """Return all checks; none of them writes anything."""
    return [
        Check("program", "ok", f"Invoice Desk {invoice_desk.__version__}, {_python()}"),
        *(_library(name, module) for name, module in _LIBRARIES),
        _guarded("resources", _resources),
        _guarded("bulk writing", _bulk),
        _guarded("PDF", _pdf),
        _guarded("text recognition", _ocr),
        _guarded("passwords", _passwords),
        *(_engine(name) for name in list(ENGINES)[1:]),
        _renderer(),
        _guarded("window", _window),
        _guarded("extra: vision", _vision),
        _guarded("vision weights", _vision_weights),
        _extra("cluster", "distributed", "jobs run on a cluster", "invoice-desk[cluster]"),
        _guarded("graphics card", _gpu),
        _guarded("memory", _memory),
        _guarded("disk", lambda: _disk(desk_path)),
    ]


_LIBRARIES = (
    ("pyarrow", "pyarrow"),
    ("SQLAlchemy", "sqlalchemy"),
    ("python-calamine", "python_calamine"),
    ("openpyxl", "openpyxl"),
)


def _python() -> str:
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    """Run a check; whatever it throws is the answer."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a broken library may throw anything
        return Check(name, "broken", f"{type(error).__name__}: {error}", _REINSTALL)


_REINSTALL = "Install the program again: python3 bootstrap.py"


def _library(name: str, module: str) -> Check:
    if importlib.util.find_spec(module) is None:
        return Check(name, "broken", "not installed", _REINSTALL)
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:  # in a frozen program
        version = "installed"
    return Check(name, "ok", version)


def _resources() -> Check:
    count = len(list(resource("document_types").glob("*.toml")))
    if count == 0:
        return Check("resources", "broken", "no document types", _REINSTALL)
    return Check("resources", "ok", f"{count} document types")


def _bulk() -> Check:
    from invoice_desk.db.bulk import try_process_writer

    with tempfile.TemporaryDirectory(prefix="invoice-desk-") as folder:
        try_process_writer(Path(folder))
    return Check("bulk writing", "ok", "through ADBC, in a process of its own")


def _passwords() -> Check:
    from invoice_desk.services.passwords import password_names

    try:
        count = len(password_names())
    except PasswordStoreError as error:
        return Check("passwords", "missing", str(error), error.advice)
    return Check("passwords", "ok", f"{count} in the keyring of the system")


def _pdf() -> Check:
    import pypdfium2

    return Check("PDF", "ok", f"pypdfium2, pdfium {pypdfium2.PDFIUM_INFO}")


def _ocr() -> Check:
    import numpy as np
    from PIL import Image

    from invoice_desk.documents.ocr import default_engine

    blank = Image.fromarray(np.full((64, 256, 3), 255, np.uint8))
    engine = default_engine()
    engine.recognise(blank, number=1)
    return Check("text recognition", "ok", f"{engine.name}, models are there")


def _engine(name: str) -> Check:
    """Return whether another engine can be used, without loading its models."""
    missing = ENGINES[name].missing()
    if missing:
        return Check(f"engine: {name}", "missing", "not available", missing)
    return Check(f"engine: {name}", "ok", "available")


def _renderer() -> Check:
    missing = why_missing()
    if missing:
        return Check("second renderer", "missing", "poppler is not available", missing)
    return Check("second renderer", "ok", "poppler draws pages that pdfium cannot")


def _window() -> Check:
    if importlib.util.find_spec("PySide6") is None:
        return Check("window", "broken", "PySide6 is not installed", _REINSTALL)
    try:
        version = importlib.metadata.version("PySide6-Essentials")
    except importlib.metadata.PackageNotFoundError:
        version = "installed"
    if not has_display():
        advice = "Log in with a desktop, or use the command line; everything but the window works."
        return Check("window", "missing", f"PySide6 {version}, but there is no display", advice)
    return Check("window", "ok", f"PySide6 {version}")


def _extra(name: str, module: str, use: str, package: str) -> Check:
    if importlib.util.find_spec(module) is not None:
        return Check(f"extra: {name}", "ok", use)
    advice = f"If you want it: pip install '{package}'"
    return Check(f"extra: {name}", "missing", f"not installed ({use})", advice)


def _vision() -> Check:
    from invoice_desk.documents.vision_model import likely_device, missing_packages
    from invoice_desk.errors import VisionPackageError

    lacking = missing_packages()
    if lacking:
        detail = f"{' and '.join(lacking)} not installed (Florence-2 reads pictures of pages)"
        advice = f"It is optional. {VisionPackageError.advice}"
        return Check("extra: vision", "missing", detail, advice)
    return Check("extra: vision", "ok", f"Florence-2 reads pictures of pages on {likely_device()}")


def _vision_weights() -> Check:
    from invoice_desk.documents.vision_weights import WeightState, look
    from invoice_desk.errors import VisionModelError
    from invoice_desk.paths import vision_model

    found = look(vision_model())
    if found.is_ready:
        return Check("vision weights", "ok", found.detail)
    wish = "They are optional. " if found.state is WeightState.MISSING else ""
    return Check("vision weights", "missing", found.detail, wish + VisionModelError.advice)


def _gpu() -> Check:
    command = shutil.which("nvidia-smi")
    if command is None:
        return Check("graphics card", "missing", "no NVIDIA card found; the processor is used")
    return Check("graphics card", "ok", command)


def _memory() -> Check:
    import psutil

    memory = psutil.virtual_memory()
    text = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    if memory.available < 1_000_000_000:
        return Check("memory", "missing", text, "Close other programs before large imports.")
    return Check("memory", "ok", text)


def _disk(desk_path: Path) -> Check:
    folder = desk_path
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free where the desk is ({desk_path})"
    if free < 2_000_000_000:
        advice = "Make room, or put the desk on another disk with --desk."
        return Check("disk", "missing", text, advice)
    return Check("disk", "ok", text)


def as_plain(checks: list[Check]) -> dict[str, Any]:
    """Return checks as plain values for `--json`."""
    fine = all(check.state != "broken" for check in checks)
    rows = [
        {"name": c.name, "state": c.state, "detail": c.detail, "advice": c.advice} for c in checks
    ]
    return {"ok": fine, "checks": rows}
