from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# The keyring of whoever runs the tests is theirs.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

from hypothesis import settings
from pools import HAS_DASK, WITHOUT_DASK, local_cluster

from invoice_desk.services.desk import Desk, open_desk
from invoice_desk.services.samples import write_samples

settings.register_profile("calm", deadline=None)  # a slow machine is no failure
settings.load_profile("calm")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path / "desk" / "desk.db")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder, rows=60)
    return folder


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """Give a dask cluster of two workers on this machine."""
    if not HAS_DASK:
        pytest.skip(WITHOUT_DASK)
    with local_cluster() as made:
        yield made


@pytest.fixture(autouse=True)
def _no_unexpected_warnings_in_the_log(
    caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Fail a test that logs a warning which it did not ask for with `@pytest.mark.logs`."""
    yield
    if request.node.get_closest_marker("logs"):
        return
    records = [r for r in caplog.get_records("call") if r.levelno >= logging.WARNING]
    assert [r.getMessage() for r in records] == []


@pytest.fixture(autouse=True)
def _no_thread_is_left_alive() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and not t.daemon]
    for thread in left:
        thread.join(5)
    assert [t.name for t in left if t.is_alive()] == []


def write_csv(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture(autouse=True)
def _nothing_of_python_stays_on_the_clipboard() -> Iterator[None]:
    """Empty the clipboard after a test that used it.

    The offscreen platform keeps data that Python made until after Python has ended, and crashes.
    """
    yield
    gui = sys.modules.get("PySide6.QtGui")
    if gui is not None and gui.QGuiApplication.instance() is not None:
        gui.QGuiApplication.clipboard().setText("")
