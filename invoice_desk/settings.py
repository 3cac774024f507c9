"""What a person set about the program: from a file of theirs, and from the environment over it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from invoice_desk.core.modes import WorkSettings
from invoice_desk.errors import ArgumentError
from invoice_desk.paths import VISION_MODEL

#: Environment variable → setting; they win over the file.
VARIABLES = {
    "OPTIMIZE_MAX_WORKERS": "max_workers",
    "OPTIMIZE_CHUNK_SIZE": "chunk_size",
    "OPTIMIZE_MEMORY_THRESHOLD": "memory_threshold",
    "OPTIMIZE_LEVEL": "optimization_level",
    "OPTIMIZE_GPU_TASKS": "gpu_tasks",
    VISION_MODEL: "vision_model",
    "OPTIMIZE_CLUSTER": "cluster",
    "OPTIMIZE_OCR_ENGINES": "ocr_engines",
}
_TEXTS = {"cluster", "ocr_engines", "vision_model"}


def settings_file() -> Path:
    """Return where the settings of this person lie."""
    from platformdirs import user_config_path

    return user_config_path("invoice-desk", appauthor=False) / "settings.json"


def load_settings(
    path: Path | None = None, environ: Mapping[str, str] = os.environ
) -> WorkSettings:
    """Return the settings.

    Raises:
        ArgumentError: If a variable of the environment is no such value.
    """
    values = _stored(path or settings_file())
    for variable, name in VARIABLES.items():
        text = environ.get(variable, "").strip()
        if text and name in _TEXTS:
            values[name] = text
        elif text:
            try:
                values[name] = int(text)
            except ValueError:
                raise ArgumentError(f"{variable} is “{text}”; it must be a number.") from None
    try:
        return WorkSettings(**values)
    except ValueError as error:
        raise ArgumentError(f"The settings are not valid: {error}.") from error


def save_settings(settings: WorkSettings, path: Path | None = None) -> None:
    """Keep settings for the next start.

    Raises:
        ArgumentError: If the file cannot be written.
    """
    place = path or settings_file()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(asdict(settings), indent=1), encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"The settings cannot be saved: {error.strerror}.") from error


def hand_on(path: Path | None = None, environ: MutableMapping[str, str] = os.environ) -> None:
    """Put into the environment what an engine must know wherever it is loaded.

    Worker processes inherit it whenever they are started; the machines of a cluster have
    settings of their own.
    """
    folder = _stored(path or settings_file()).get("vision_model")
    if folder:
        environ.setdefault(VISION_MODEL, folder)


def _stored(path: Path) -> dict[str, Any]:
    """Return what the file holds; a file that is damaged counts as none."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = set(VARIABLES.values())
    if not isinstance(stored, dict):
        return {}
    values: dict[str, Any] = {k: v for k, v in stored.items() if k in known}
    try:
        WorkSettings(**values)
    except (ValueError, TypeError):
        return {}
    return values
