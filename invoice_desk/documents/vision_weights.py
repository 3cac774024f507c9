"""The folder that holds Florence-2: whether it is whole, and how it gets here; no torch needed."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from invoice_desk.errors import (
    ArgumentError,
    ModelDownloadError,
    StorageError,
    VisionModelError,
    VisionPackageError,
)

#: Weights in the form that transformers' own classes read; Microsoft's needs code of its own.
REPOSITORY = "florence-community/Florence-2-base"
_WANTED = ("*.json", "*.txt", "*.safetensors")
_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_TOKENIZERS = ("tokenizer.json", "vocab.json")
_PROCESSORS = ("processor_config.json", "preprocessor_config.json")
_SAMPLE = 1 << 20


class WeightState(StrEnum):
    """What a folder is worth."""

    READY = "ready"
    MISSING = "missing"
    INCOMPLETE = "incomplete"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Weights:
    """What was found in a folder, and why it is not enough."""

    folder: Path
    state: WeightState
    detail: str = ""

    @property
    def is_ready(self) -> bool:
        """Return whether the model can be loaded from there."""
        return self.state is WeightState.READY


def look(folder: Path) -> Weights:
    """Return what the folder holds; reads heads of files only."""
    if not folder.is_dir():
        return Weights(folder, WeightState.MISSING, f"there is no folder {folder}")
    try:
        kind = _why_wrong(folder)
        lacking = "" if kind else _why_incomplete(folder)
    except OSError as error:
        return Weights(folder, WeightState.WRONG, f"{folder} cannot be read: {error.strerror}")
    if kind:
        return Weights(folder, WeightState.WRONG, f"{folder} {kind}")
    if lacking:
        return Weights(folder, WeightState.INCOMPLETE, f"in {folder}, {lacking}")
    return Weights(folder, WeightState.READY, str(folder))


def _why_wrong(folder: Path) -> str:
    """Return what else the folder holds; empty where it is Florence-2, or nothing yet."""
    path = folder / "config.json"
    if not path.is_file():
        return ""
    config = _read_json(path)
    kind = config.get("model_type")
    if kind != "florence2":
        return f"holds another model ({kind or 'of no known kind'})"
    if "auto_map" in config:
        return f"holds Florence-2 in a form that needs code of its own; take {REPOSITORY}"
    return ""


def _why_incomplete(folder: Path) -> str:
    """Return what is not there, or not all there; empty where nothing lacks."""
    for wanted in (("config.json",), _TOKENIZERS, _PROCESSORS, (_WEIGHTS, _INDEX)):
        if not any((folder / name).is_file() for name in wanted):
            return f"{wanted[0]} is missing"
    for path in weight_files(folder):
        if not path.is_file():
            return f"{path.name} is missing"
        if not _is_whole(path):
            return f"{path.name} is torn, or only a pointer to the real file"
    return ""


def weight_files(folder: Path) -> list[Path]:
    """Return the files that hold the weights, one or those that the index names."""
    if (folder / _WEIGHTS).is_file():
        return [folder / _WEIGHTS]
    names = _read_json(folder / _INDEX).get("weight_map", {})
    return [folder / name for name in sorted(set(names.values()))] or [folder / _WEIGHTS]


def _is_whole(path: Path) -> bool:
    """Return whether a file is as long as its own head says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length > size:
            return False
        try:
            head = json.loads(file.read(length))
        except ValueError:
            return False
    ends = [entry["data_offsets"][1] for name, entry in head.items() if name != "__metadata__"]
    return bool(size == 8 + length + max(ends, default=0))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def require(folder: Path) -> None:
    """Refuse a folder from which nothing can be loaded.

    Raises:
        VisionModelError: It says what is wrong with the folder.
    """
    found = look(folder)
    if not found.is_ready:
        raise VisionModelError(f"Florence-2 cannot be loaded: {found.detail}.")


def fingerprint(folder: Path) -> str:
    """Return a short key of these weights, from the sizes and samples of their files.

    Weights that were trained on differ everywhere, so that a sample tells; whole files would
    take seconds.
    """
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in weight_files(folder):
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}".encode())
        with path.open("rb") as file:
            for place in (0, size // 2, max(0, size - _SAMPLE)):
                file.seek(place)
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()[:12]


def fetch(folder: Path, *, repository: str = REPOSITORY, endpoint: str | None = None) -> Weights:
    """Download the weights into `folder`, once; a whole folder is left as it is.

    They come into a folder beside it, which takes its name when all is there: what broke off is
    never taken for a model, and goes on where it stopped.

    Raises:
        VisionPackageError: If the package that downloads is not installed.
        ModelDownloadError: If they cannot be had.
        VisionModelError: If what came is no Florence-2.
        ArgumentError: If something else is in the folder.
        StorageError: If they cannot be written.
    """
    if look(folder).is_ready:
        return look(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ArgumentError(f"{folder} holds something else; name an empty folder.")
    part = folder.with_name(folder.name + ".part")
    _download(part, repository, endpoint)
    require(part)
    try:
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}.") from error
    return look(folder)


def _download(part: Path, repository: str, endpoint: str | None) -> None:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ImportError:
        raise VisionPackageError("The package that fetches models is not installed.") from None
    try:
        part.mkdir(parents=True, exist_ok=True)
        snapshot_download(
            repository, local_dir=part, allow_patterns=list(_WANTED), endpoint=endpoint
        )
    except HFValidationError as error:
        raise ArgumentError(f"{repository} is no name of a repository.") from error
    except HfHubHTTPError as error:
        raise ModelDownloadError(f"{repository} cannot be fetched: {_first(error)}.") from error
    except OSError as error:
        if error.errno is not None and error.filename is not None:
            raise StorageError(f"{part} cannot be written: {error.strerror}.") from error
        raise ModelDownloadError(f"{repository} cannot be reached: {_first(error)}.") from error
    except Exception as error:  # the library lets those of its network package through
        told = f"{type(error).__name__}: {_first(error)}"
        raise ModelDownloadError(f"{repository} cannot be fetched ({told}).") from error


def _first(error: Exception) -> str:
    """Return the first sentence of what the library says; the rest is advice for programmers."""
    return str(error).strip().partition("\n")[0].rstrip(". ")
