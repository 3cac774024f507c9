"""The files that a desk is made of are left to SQLite, whatever folder is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import write_csv

from invoice_desk.core.modes import Mode
from invoice_desk.core.source import FileOutcome
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.keeping import find_files

IN_PROCESS = JobSettings(Mode.STANDARD)

#: Imports the folder of its desk, opens the desk twice, then writes to it while others join.
_JOINED = """
import subprocess, sys
from pathlib import Path
from invoice_desk.core.modes import Mode
from invoice_desk.db.engine import writing
from invoice_desk.services.desk import open_desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.jobs import JobSettings

folder = Path(sys.argv[1])
desk = open_desk(folder / "desk.db")
import_paths(desk, [folder], settings=JobSettings(Mode.STANDARD))
open_desk(desk.path).close()
join = (
    "import sqlite3, sys\\n"
    "for _ in range(50):\\n"
    "    other = sqlite3.connect(sys.argv[1], timeout=30)\\n"
    "    other.execute('SELECT count(*) FROM source').fetchall()\\n"
    "    other.close()\\n"
)
others = [subprocess.Popen([sys.executable, "-c", join, str(desk.path)]) for _ in range(2)]
while any(other.poll() is None for other in others):
    with writing(desk.engine) as connection:
        connection.exec_driver_sql("UPDATE source SET name = name")
desk.close()
print([other.returncode for other in others])
"""


def invoices(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return write_csv(folder / "invoices.csv", "number,total\nF-1,12.50\n")


def test_a_folder_that_holds_the_desk_is_imported_without_it(desk: Desk) -> None:
    wanted = invoices(desk.path.parent)
    (desk.path.parent / "linked.db").symlink_to(desk.path)

    first = import_paths(desk, [desk.path.parent], settings=IN_PROCESS)
    again = import_paths(desk, [desk.path.parent], settings=IN_PROCESS)

    assert [(f.name, f.outcome) for f in first.files] == [(wanted.name, FileOutcome.DONE)]
    assert [(f.name, f.outcome) for f in again.files] == [(wanted.name, FileOutcome.DUPLICATE)]


def test_what_the_desk_is_made_of_is_refused_by_name(desk: Desk) -> None:
    import_paths(desk, [invoices(desk.path.parent)], settings=IN_PROCESS)
    index = desk.path.with_name(desk.path.name + "-shm")

    batch = import_paths(desk, [desk.path, index, desk.originals], settings=IN_PROCESS)

    told = [f.error or {} for f in batch.files]
    assert index.exists()
    assert [error["code"] for error in told] == ["own_file"] * 3
    assert told[0]["message"] == "desk.db belongs to the desk that is open."
    assert told[0]["advice"]


def test_the_desk_of_somebody_else_is_a_file_like_others(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other" / "desk.db"
    other.parent.mkdir()
    other.write_bytes(b"SQLite format 3\x00")

    assert list(find_files([tmp_path / "other"], without=desk.own())) == [(other, None)]


@pytest.mark.skipif(os.name == "nt", reason="Windows locks files by handles, not by processes")
def test_others_join_a_desk_whose_folder_was_imported(tmp_path: Path) -> None:
    invoices(tmp_path)

    done = subprocess.run(
        [sys.executable, "-c", _JOINED, str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout.strip()) == (0, "[0, 0]"), done.stderr
