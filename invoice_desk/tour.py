"""The main job from end to end on the sample files, for a machine without a display.

Imports the samples, cleans them, exports them, and saves a picture of the real window that
shows them.  `bootstrap.py` runs it; it writes nothing outside the folder that it is given.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
from pathlib import Path

from invoice_desk.paths import resource


def main() -> int:
    """Run the tour; return the exit code."""
    multiprocessing.freeze_support()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    target: Path = parser.parse_args().out.absolute()
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    process_samples(target)
    take_picture(target / "desk.db", target / "window.png")
    return 0


def process_samples(target: Path) -> None:
    """Import, clean and export the samples into `target`, and print what came of it."""
    from invoice_desk.services.browsing import desk_summary
    from invoice_desk.services.cleaning import clean_tables
    from invoice_desk.services.desk import open_desk
    from invoice_desk.services.exporting import export
    from invoice_desk.services.importing import import_paths
    from invoice_desk.writers.tables import Format

    begun = time.perf_counter()
    desk = open_desk(target / "desk.db")
    try:
        batch = import_paths(desk, [resource("samples")])
        clean_tables(desk)
        exported = export(desk, target / "export", format=Format.XLSX)
        counts = desk_summary(desk)
    finally:
        desk.close()
    say("Summary of the sample folder")
    say(f"  files seen        {batch.total}")
    say(f"  saved             {batch.successful}")
    for file in batch.files:
        if file.error:
            say(f"  not readable      {file.name}: {file.error['message']}")
    say(f"  sources           {counts['sources']}")
    say(f"  rows raw          {counts['rows_raw']}")
    say(f"  rows cleaned      {counts['rows_cleaned']}")
    say(f"  rows filtered out {counts['rows_filtered_out']}")
    say(f"  findings          {counts['findings']}")
    for result in exported:
        say(f"  exported          {result.rows} rows of {result.document_type}: {result.path}")
    say(f"  desk              {target / 'desk.db'}")
    say(f"  seconds           {time.perf_counter() - begun:.1f}")


def take_picture(desk: Path, picture: Path) -> None:
    """Open the real window on a desk, show a cleaned table, and save what it looks like."""
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from invoice_desk.app import Session, make_application

    application = make_application(["invoice-desk"])
    folder = tempfile.mkdtemp(prefix="invoice-desk-")
    settings = QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat)
    session = Session(desk, settings)
    window = session.window
    assert window is not None
    window.show()

    def settle(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end or window.background.is_busy:
            QApplication.processEvents()
            time.sleep(0.01)

    settle(0.3)
    window.open_named("supplier_invoices.csv")
    settle(0.5)
    window.statusBar().showMessage(desk.name)
    window.grab().save(str(picture))
    window.close()
    session.close()
    settings.sync()
    shutil.rmtree(folder, ignore_errors=True)
    application.quit()
    say(f"  picture           {picture}")


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
