"""Documents: `python3 -m benchmarks.documents PART SCRATCH`, each part in a process of its own.

The pages are made here: invoices with a text layer, and pictures of them as a scanner gives.
What a page costs is counted in seconds of the processor, which others on it change least; only
two workers against one, and the first result, are times on the clock.
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
#: Real documents, where they are at hand.
CORPORA = Path(__file__).parents[2] / "shared" / "corpora"
#: So many pictures are recognised by one pool, then by the other.
_TURN = 4
#: What is loaded for recognising only.
OCR_LIBRARIES = ("rapidocr", "onnxruntime", "cv2", "pytesseract", "torch", "transformers")
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


def _write_invoice(
    chance: random.Random, number: int, path: Path, *, pages: int = PAGES_EACH
) -> None:
    from invoice_desk.writers.pdf import PlacedText, write_pdf

    path.parent.mkdir(exist_ok=True)
    day = dt.date(2024, 1, 1) + dt.timedelta(days=number)
    sheets = []
    for page in range(pages):
        texts = [PlacedText(60, 60, f"Facture N° 2024-{number:04}   Page {page + 1}")]
        texts.append(PlacedText(60, 90, f"Date de facture : {day:%d/%m/%Y}"))
        for line in range(38):
            amount = f"{chance.randrange(100, 99999) / 100:.2f}".replace(".", ",")
            words = " ".join(chance.choices(_WORDS, k=4))
            at = 130 + 17 * line
            texts += [PlacedText(60, at, words, 10), PlacedText(430, at, amount, 10)]
        sheets.append(texts)
    write_pdf(sheets, path)


def digital(scratch: Path) -> Figures:
    """Read text layers, and the whole documents with their fields, on one core."""
    return _digital(sorted((scratch / "digital").iterdir()))


def corpora(_scratch: Path) -> Figures:
    """Read real documents whose pages all have text that is believed, as `digital` does."""
    from invoice_desk.documents.page import TextSource
    from invoice_desk.documents.pdf import read_text_layers
    from invoice_desk.errors import SourceError

    def is_digital(path: Path) -> bool:
        try:
            pages = read_text_layers(path, name=path.name)
        except SourceError:
            return False
        return all(page.text_source is TextSource.TEXT_LAYER for page in pages)

    figures: Figures = {}
    for name in ("adbuy", "einvoice"):
        paths = [p for p in sorted((CORPORA / name).glob("pdf/*.pdf")) if is_digital(p)]
        if paths:
            figures[name] = _digital(paths)
    return figures


def _digital(paths: list[Path]) -> Figures:
    from invoice_desk.core.source import Kind
    from invoice_desk.documents.pdf import read_text_layers
    from invoice_desk.workers.reading import ReadSource, read_payload

    read_payload(ReadSource(str(paths[0]), "warm.pdf", Kind.PDF))
    begun = time.process_time()
    pages = sum(len(read_text_layers(path, name=path.name)) for path in paths)
    text = time.process_time() - begun
    begun = time.process_time()
    for path in paths:
        read_payload(ReadSource(str(path), path.name, Kind.PDF, ignore_xml=True))
    whole = time.process_time() - begun
    return {
        "pages": pages,
        "text_pages_per_second": pages / text,
        "pages_per_second": pages / whole,
    }


def recognising(scratch: Path) -> Figures:
    """Recognise each picture with the library alone and as a worker does, fields and all.

    They take turns, so that both meet the same load of the machine.
    """
    from invoice_desk.workers.executors import spare_the_machine

    spare_the_machine()
    paths = sorted((scratch / "scans").iterdir())
    contenders = {"bare": _bare_engine(), "ours": _read_picture}
    spent = dict.fromkeys(contenders, 0.0)
    for recognise in contenders.values():
        recognise(paths[0])
    for path in paths:
        for name, recognise in contenders.items():
            begun = time.process_time()
            recognise(path)
            spent[name] += time.process_time() - begun
    return {name: seconds / len(paths) for name, seconds in spent.items()}


def _bare_engine() -> Callable[[Path], object]:
    """Return the library alone, on one thread; it looks for lines on pictures of our size."""
    import numpy as np
    from PIL import Image
    from rapidocr import RapidOCR

    from invoice_desk.documents.ocr_rapid import DETECTION_SIDE

    engine = RapidOCR(
        params={
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Global.use_cls": False,
            "Global.log_level": "error",
            "Det.limit_side_len": DETECTION_SIDE["page"],
            "Det.limit_type": "max",
        }
    )

    def recognise(path: Path) -> None:
        engine(np.asarray(Image.open(path).convert("RGB"))[:, :, ::-1])

    return recognise


def _read_picture(path: Path) -> object:
    from invoice_desk.core.source import Kind
    from invoice_desk.workers.reading import ReadSource, read_payload

    return read_payload(ReadSource(str(path), path.name, Kind.IMAGE))


class _Pool:
    """Worker processes that recognise, with what they cost."""

    def __init__(self, workers: int) -> None:
        from invoice_desk.workers.executors import WarmPool

        self._workers, self._processes = workers, WarmPool(workers)
        self.seconds = self.spent = 0.0
        self.children: list[Any] = []

    def warm(self, paths: list[Path]) -> None:
        """Recognise so much that each process loads its model."""
        import psutil

        before = {each.pid for each in psutil.Process().children()}
        self._recognise(paths[: 3 * self._workers])
        self.children = [c for c in psutil.Process().children() if c.pid not in before]

    def recognise(self, paths: list[Path]) -> None:
        """Recognise pictures; the time on the clock and of the processor is added up."""
        before, begun = self._cost(), time.perf_counter()
        self._recognise(paths)
        self.seconds += time.perf_counter() - begun
        self.spent += self._cost() - before

    def _recognise(self, paths: list[Path]) -> None:
        from invoice_desk.core.jobs import ChunkId
        from invoice_desk.core.source import Kind
        from invoice_desk.workers.contract import Chunk, Success
        from invoice_desk.workers.reading import ReadingPayload, ReadSource, read

        chunks: list[Chunk[ReadingPayload]] = [
            Chunk(ChunkId(at), ReadSource(str(path), path.name, Kind.IMAGE))
            for at, path in enumerate(paths)
        ]
        results = [self._processes().submit(read, chunk) for chunk in chunks]
        assert all(isinstance(each.result(), Success) for each in results)

    def _cost(self) -> float:
        return sum(sum(each.cpu_times()[:2]) for each in self.children)

    def close(self) -> None:
        """End the processes."""
        self._processes.close()


def pools(scratch: Path) -> Figures:
    """Recognise all pictures with one worker process and with two that have their models loaded.

    They take turns, four pictures each, so that both meet the same load of the machine.
    Also returned: what a page costs of the processor, and the memory of one worker.
    """
    paths = sorted((scratch / "scans").iterdir())
    one, two = contenders = _Pool(1), _Pool(2)
    try:
        for each in contenders:
            each.warm(paths)
        for at in range(0, len(paths), _TURN):
            for each in contenders:
                each.recognise(paths[at : at + _TURN])
        most = max(child.memory_info().rss for each in contenders for child in each.children)
    finally:
        for each in contenders:
            each.close()
    return {
        "two_workers": one.seconds / two.seconds,
        "costs": two.spent / one.spent,
        "cpu_seconds_per_page": one.spent / len(paths),
        "worker_mb": most / 1e6,
    }


def first(scratch: Path) -> Figures:
    """Import PDF of one page, one after the other, until the fields of each are stored."""
    from invoice_desk.services.desk import open_desk
    from invoice_desk.services.importing import ImportJob
    from invoice_desk.services.jobs import JobSettings
    from invoice_desk.workers.executors import WarmPool

    chance = random.Random(7)
    paths = [scratch / "first" / f"{number}.pdf" for number in range(6)]
    for number, path in enumerate(paths):
        _write_invoice(chance, 500 + number, path, pages=1)
    desk = open_desk(scratch / "desk.db")
    desk.pool = WarmPool(2)  # as the window keeps one
    desk.pool.warm()
    seconds = []
    try:
        for path in paths:
            begun = time.perf_counter()
            result = ImportJob(desk, [path], JobSettings()).run()
            seconds.append(time.perf_counter() - begun)
            assert all(file.rows for file in result.files), result
    finally:
        desk.pool.close()
        desk.close()
    later = sorted(seconds[1:])
    return {
        "cold_seconds": seconds[0],
        "seconds": later[len(later) // 2],
        "ocr_libraries": sorted(set(OCR_LIBRARIES) & set(sys.modules)),
    }


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
    "corpora": corpora,
    "first": first,
    "recognising": recognising,
    "digital_2": lambda scratch: batch(scratch, kind="digital", workers=2),
    "pools": pools,
    "scans_2": lambda scratch: batch(scratch, kind="scans", workers=2),
}

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
