"""The folder with the weights: what is said about it, and how it gets here."""

from __future__ import annotations

import importlib.util
import json
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from invoice_desk.documents.vision import why_missing
from invoice_desk.documents.vision_weights import (
    REPOSITORY,
    WeightState,
    fetch,
    fingerprint,
    look,
    require,
)
from invoice_desk.errors import (
    ArgumentError,
    ModelDownloadError,
    VisionModelError,
    VisionPackageError,
)

needs_hub = pytest.mark.skipif(
    importlib.util.find_spec("huggingface_hub") is None,
    reason="huggingface_hub is not installed (python3 bootstrap.py test --with vision)",
)


def safetensors(numbers: bytes) -> bytes:
    entry = {"dtype": "U8", "shape": [len(numbers)], "data_offsets": [0, len(numbers)]}
    head = json.dumps({"__metadata__": {"format": "pt"}, "weight": entry}).encode()
    return struct.pack("<Q", len(head)) + head + numbers


FILES = {
    "config.json": b'{"model_type": "florence2"}',
    "tokenizer.json": b"{}",
    "processor_config.json": b"{}",
    "model.safetensors": safetensors(b"12345678"),
}


def write_model(folder: Path, **changes: bytes | None) -> Path:
    """Write a folder that looks like Florence-2; `changes` are by names without ending."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        kept = changes.get(name.partition(".")[0], content)
        if kept is not None:
            (folder / name).write_bytes(kept)
    return folder


def test_a_whole_folder_is_ready(tmp_path: Path) -> None:
    found = look(write_model(tmp_path))

    assert (found.state, found.is_ready) == (WeightState.READY, True)
    require(tmp_path)


@pytest.mark.parametrize(
    ("changes", "state", "told"),
    [
        ({"config": None}, WeightState.INCOMPLETE, "config.json is missing"),
        ({"tokenizer": None}, WeightState.INCOMPLETE, "tokenizer.json is missing"),
        ({"processor_config": None}, WeightState.INCOMPLETE, "processor_config.json is missing"),
        ({"model": None}, WeightState.INCOMPLETE, "model.safetensors is missing"),
        ({"model": b"version https://git-lfs.github.com/spec/v1\n"}, "incomplete", "pointer"),
        ({"model": FILES["model.safetensors"][:-3]}, WeightState.INCOMPLETE, "torn"),
        ({"model": b""}, WeightState.INCOMPLETE, "torn"),
        ({"config": b'{"model_type": "bert"}'}, WeightState.WRONG, "another model (bert)"),
        ({"config": b"not json"}, WeightState.WRONG, "another model"),
        ({"config": b'{"model_type": "florence2", "auto_map": {}}'}, "wrong", REPOSITORY),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(
    tmp_path: Path, changes: dict[str, bytes | None], state: str, told: str
) -> None:
    found = look(write_model(tmp_path, **changes))

    assert found.state == state
    assert told in found.detail
    with pytest.raises(VisionModelError, match="cannot be loaded"):
        require(tmp_path)


def test_weights_in_several_files_are_all_wanted(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    write_model(tmp_path, model=None)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "model-1.safetensors").write_bytes(safetensors(b"1"))
    before = look(tmp_path)

    (tmp_path / "model-2.safetensors").write_bytes(safetensors(b"2"))

    assert "model-2.safetensors is missing" in before.detail
    assert look(tmp_path).is_ready


def test_other_weights_are_another_version(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    write_model(one)
    write_model(same)
    write_model(other, model=safetensors(b"12345679"))

    assert fingerprint(one) == fingerprint(same)
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        (("torch",), "torch not installed. Install them with: pip install 'invoice-desk[vision]'"),
        (("torch", "transformers"), "torch and transformers not installed"),
    ],
)
def test_missing_packages_are_named_with_what_to_do(lacking: tuple[str, ...], told: str) -> None:
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({lacking!r}))\n"
        "import importlib.util as u; real = u.find_spec\n"
        f"u.find_spec = lambda n: None if n in {lacking!r} else (real(n) or n)\n"
        "from invoice_desk.documents.vision import why_missing; print(why_missing())"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told in out.stdout


@needs_hub
def test_a_missing_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    told = why_missing(tmp_path / "florence")

    assert str(tmp_path / "florence") in told
    assert "models fetch" in told
    assert "OPTIMIZE_VISION_MODEL" in told


class _Hub(BaseHTTPRequestHandler):
    """Speaks as much of the hub's language as fetching a few files needs."""

    files: dict[str, bytes]
    asked: list[str]
    refused: tuple[str, ...]

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        name = path.rpartition("/")[2]
        self.asked.append(name)
        if path.startswith("/api/"):
            rows = [{"rfilename": one, "size": len(body)} for one, body in self.files.items()]
            tree = [{"type": "file", "path": r["rfilename"], **r, "oid": "0" * 40} for r in rows]
            told = {"id": REPOSITORY, "modelId": REPOSITORY, "sha": "a" * 40, "siblings": rows}
            self._send(json.dumps(tree if "/tree/" in path else told).encode(), with_body=True)
        elif name in self.files and name not in self.refused:
            self._send(self.files[name], with_body=with_body)
        else:
            self.send_error(404)

    def _send(self, body: bytes, *, with_body: bool) -> None:
        self.send_response(200)
        self.send_header("ETag", f'"{len(body)}-{hash(body)}"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def hub(
    files: dict[str, bytes], *, refused: tuple[str, ...] = ()
) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    told = {"files": files, "asked": asked, "refused": refused}
    made: Callable[..., BaseHTTPRequestHandler] = type("Hub", (_Hub,), told)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(made))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@needs_hub
def test_weights_are_fetched_once(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "florence"
    with hub({**FILES, "pytorch_model.bin": b"x" * 99, "README.md": b"#"}) as (address, asked):
        first = fetch(folder, endpoint=address)
        count = len(asked)
        second = fetch(folder, endpoint=address)

    assert first.is_ready
    assert second == first
    assert len(asked) == count
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert not (folder / "pytorch_model.bin").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["florence"]


@needs_hub
def test_what_broke_off_is_no_model_and_goes_on_later(tmp_path: Path) -> None:
    folder = tmp_path / "florence"
    with hub(FILES, refused=("tokenizer.json",)) as (address, _), pytest.raises(ModelDownloadError):
        fetch(folder, endpoint=address)
    before = folder.exists()

    with hub(FILES) as (address, _):
        found = fetch(folder, endpoint=address)

    assert not before
    assert found.is_ready


@needs_hub
def test_what_is_no_florence_is_not_kept_as_one(tmp_path: Path) -> None:
    other = {**FILES, "config.json": b'{"model_type": "bert"}'}
    with hub(other) as (address, _), pytest.raises(VisionModelError, match="bert"):
        fetch(tmp_path / "florence", endpoint=address)

    assert not (tmp_path / "florence").exists()


@needs_hub
def test_no_connection_is_a_sentence_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelDownloadError, match=REPOSITORY) as caught:
        fetch(tmp_path / "florence", endpoint="http://127.0.0.1:9")

    assert "copy the folder" in caught.value.advice


@needs_hub
def test_a_repository_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with hub({}) as (address, _), pytest.raises((ModelDownloadError, VisionModelError)):
        fetch(tmp_path / "florence", endpoint=address)
    with pytest.raises(ArgumentError, match="no name of a repository"):
        fetch(tmp_path / "florence", repository="a b/c d", endpoint="http://127.0.0.1:9")


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(ArgumentError, match="something else"):
        fetch(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_fetching_without_the_package_says_which_one() -> None:
    code = (
        "import sys; sys.modules['huggingface_hub'] = None\n"
        "from pathlib import Path\n"
        "from invoice_desk.documents.vision_weights import fetch\n"
        "from invoice_desk.errors import VisionPackageError\n"
        "try: fetch(Path('nowhere/florence'))\n"
        "except VisionPackageError as error: print(error, error.advice)"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert VisionPackageError.advice in out.stdout
