"""Documents: `python3 -m benchmarks.documents PART SCRATCH`, each part in a process of its own.

The pages are made here: invoices with a text layer, and pictures of them as a scanner gives.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Figures = dict[str, Any]
PDFS, PAGES_EACH, SCANS = 40, 3, 24
_WORDS = (
    "Papier",
    "Crayon",
    "Câble",
    "Étiquette",
    "Boîte",
    "Lampe",
    "Service",
    "Lieferung",
    "Gebühr",
)


def main(part: str, scratch: Path) -> None:
    """Run one part and print its figures."""
    print(json.dumps(PARTS[part](scratch)))


def make(scratch: Path) -> Figures:
    """Write digital PDFs, and pictures of their pages."""
    from invoice_desk.documents.pdf import render

    chance = random.Random(5)
    for number in range(PDFS):
        _write_invoice(chance, number, scratch / "digital" / f"{number:03}.pdf")
    scans = scratch / "scans"
    scans.mkdir()
    for number in range(SCANS):
        path = scratch / "digital" / f"{number:03}.pdf"
        picture = render(path, 1, name=path.name, dpi=150).convert("L")
        picture = picture.rotate(chance.uniform(-0.6, 0.6), fillcolor=255)
        picture.save(scans / f"{number:03}.png")
    return {"pdfs": PDFS, "pages": PDFS * PAGES_EACH, "scans": SCANS}


def _write_invoice(chance: random.Random, number: int, path: Path) -> None:
    from invoice_desk.writers.pdf import PlacedText, write_pdf

    path.parent.mkdir(exist_ok=True)
    day = dt.date(2024, 1, 1) + dt.timedelta(days=number)
    pages = []
    for page in range(PAGES_EACH):
        texts = [PlacedText(60, 60, f"Facture N° 2024-{number:04}   Page {page + 1}")]
        texts.append(PlacedText(60, 90, f"Date de facture : {day:%d/%m/%Y}"))
        for line in range(38):
            amount = f"{chance.randrange(100, 99999) / 100:.2f}".replace(".", ",")
            words = " ".join(chance.choices(_WORDS, k=4))
            at = 130 + 17 * line
            texts += [PlacedText(60, at, words, 10), PlacedText(430, at, amount, 10)]
        pages.append(texts)
    write_pdf(pages, path)


def digital(scratch: Path) -> Figures:
    """Read text layers, and the whole documents with their fields, on one core."""
    from invoice_desk.core.source import Kind
    from invoice_desk.documents.pdf import read_text_layers
    from invoice_desk.workers.reading import ReadSource, read_payload

    paths = sorted((scratch / "digital").iterdir())
    read_payload(ReadSource(str(paths[0]), "warm.pdf", Kind.PDF))
    begun = time.process_time()
    pages = sum(len(read_text_layers(path, name=path.name)) for path in paths)
    text = time.process_time() - begun
    begun = time.process_time()
    for path in paths:
        read_payload(ReadSource(str(path), path.name, Kind.PDF))
    whole = time.process_time() - begun
    return {"text_pages_per_second": pages / text, "pages_per_second": pages / whole}


def bare(scratch: Path) -> Figures:
    """Recognise pictures with the library alone, on one thread, by the peers' best settings."""
    import numpy as np
    from PIL import Image
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Global.use_cls": False,
            "Global.log_level": "error",
            "Det.limit_side_len": 1600,
            "Det.limit_type": "max",
        }
    )

    def recognise(path: Path) -> None:
        engine(np.asarray(Image.open(path).convert("RGB"))[:, :, ::-1])

    return _per_page(scratch, recognise)


def ours(scratch: Path) -> Figures:
    """Recognise the same pictures as a worker does, fields and all."""
    from invoice_desk.core.source import Kind
    from invoice_desk.workers.executors import spare_the_machine
    from invoice_desk.workers.reading import ReadSource, read_payload

    spare_the_machine()
    return _per_page(
        scratch, lambda path: read_payload(ReadSource(str(path), path.name, Kind.IMAGE))
    )


def _per_page(scratch: Path, recognise: Callable[[Path], object]) -> Figures:
    import psutil

    paths = sorted((scratch / "scans").iterdir())
    recognise(paths[0])
    begun = time.process_time()
    for path in paths:
        recognise(path)
    seconds = (time.process_time() - begun) / len(paths)
    return {"cpu_seconds_per_page": seconds, "memory_mb": psutil.Process().memory_info().rss / 1e6}


def batch(scratch: Path, *, kind: str, workers: int) -> Figures:
    """Inspect a folder as a user would; return the seconds and the peak of all processes."""
    from benchmarks.memory import PeakMemory

    command = [sys.executable, "-m", "invoice_desk", "inspect", str(scratch / kind), "--json"]
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--workers", str(workers)], stdout=subprocess.PIPE, text=True
    )
    watch = PeakMemory(process.pid)
    out, _ = process.communicate()
    seconds = time.perf_counter() - begun
    watch.stop()
    done = sum(document["error"] is None for document in json.loads(out))
    return {"seconds": seconds, "peak_mb": watch.peak / 1e6, "documents": done}


PARTS: dict[str, Callable[[Path], Figures]] = {
    "make": make,
    "digital": digital,
    "bare": bare,
    "ours": ours,
    "digital_2": lambda scratch: batch(scratch, kind="digital", workers=2),
    "scans_1": lambda scratch: batch(scratch, kind="scans", workers=1),
    "scans_2": lambda scratch: batch(scratch, kind="scans", workers=2),
}

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
