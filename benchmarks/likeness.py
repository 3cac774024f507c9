"""Measure the search for invoices that are there twice, the search in pages, and the classes.

    python3 -m benchmarks.likeness [INVOICES [PAGES]]

Everything is made up: suppliers with recurring invoices, part payments and credit notes, and for
some invoices a second form as a recognition or an export would write it.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from sqlalchemy import insert

from invoice_desk.core.known_invoices import KnownInvoice
from invoice_desk.core.source import Detection, Kind
from invoice_desk.db.engine import writing
from invoice_desk.db.known_invoices import add_invoices, list_pairs
from invoice_desk.db.page_search import page_text_put
from invoice_desk.db.schema import raw_table
from invoice_desk.db.sources import add_source
from invoice_desk.services.desk import Desk, open_desk
from invoice_desk.services.invoice_warnings import warn_of_pairs
from invoice_desk.services.searching import search

_WORDS = (
    *("lamp", "chair", "table", "paper", "toner", "cable", "screen", "desk", "pen", "folder"),
    *("stamp", "mail", "train", "hotel"),
)
_MISREAD = {"0": "O", "1": "I", "5": "S", "8": "B"}


def invoices(count: int, random_: random.Random) -> Iterator[KnownInvoice]:
    """Yield invoices of suppliers that bill each month, some in parts, some taken back."""
    for number in range(count):
        supplier = number % max(1, count // 40)
        month = number // max(1, count // 40)
        kind = random_.random()
        total = Decimal(random_.choice([4900, 12000, random_.randrange(100, 900_000)])) / 100
        yield KnownInvoice(
            (1 << 32) + number,
            1,
            number=f"F{supplier % 7}-{2020 + month // 12}-{supplier * 50 + month:05}",
            supplier_name=f"{_WORDS[supplier % 14]} & {_WORDS[supplier % 11]} {supplier} SARL",
            supplier_vat_id=f"FR{supplier:011}" if kind < 0.7 else "",
            total=-total if kind > 0.97 else total,
            issue_date=dt.date(2020 + month // 12, 1 + month % 12, 1 + supplier % 28),
            currency="EUR",
            document_class="credit_note" if kind > 0.97 else "invoice",
        )


def other_form(invoice: KnownInvoice, random_: random.Random) -> KnownInvoice:
    """Return the invoice as a scan or an export has it: one or two things are worse."""
    changes: dict[str, object] = {
        "id": invoice.id + (1 << 32),
        "source_id": 2,
        "document_class": "",
    }
    if invoice.document_class == "credit_note":
        changes["document_class"] = "credit_note"
    if random_.random() < 0.4:
        changes["number"] = "".join(_MISREAD.get(c, c) for c in invoice.number).lower()
    if random_.random() < 0.6:
        changes["supplier_vat_id"] = ""
    if random_.random() < 0.3:
        changes["supplier_name"] = invoice.supplier_name.upper().replace(" SARL", "")
    worse = random_.random()
    if worse < 0.1:
        changes["number"] = ""
    elif worse < 0.2:
        changes["issue_date"] = None
    elif worse < 0.3:
        changes["supplier_name"] = ""
    elif worse < 0.35:
        changes["total"] = None
    return replace(invoice, **changes)  # type: ignore[arg-type]


def measure_pairs(desk: Desk, count: int) -> None:
    random_ = random.Random(7)
    first = list(invoices(count, random_))
    again = [other_form(each, random_) for each in random_.sample(first, count // 50)]
    with writing(desk.engine) as connection:
        for number in (1, 2):
            add_source(
                connection, sha256=str(number), name=f"{number}.csv", origin="", size=0,
                detection=Detection(Kind.CSV, 1.0), container_id=None, now=desk.now(),
            )  # fmt: skip
            values: dict[str, object] = {
                "columns": [],
                "structure": {},
                "details": {},
                "mapping": {},
            }
            connection.execute(
                insert(raw_table).values(
                    id=number, source_id=number, ordinal=0, name="t", row_count=0, **values
                )
            )
        begun = time.process_time()
        add_invoices(connection, first, pass_id=None, standings=[""] * len(first))
        print(f"{count:,} invoices kept: {time.process_time() - begun:.1f} s")
        begun = time.process_time()
        alone = warn_of_pairs(connection, [each.id for each in first])
        print(f"all compared: {time.process_time() - begun:.1f} s, {alone} pairs among themselves")
        single = []
        for each in again:
            add_invoices(connection, [each], pass_id=None, standings=[""])
            begun = time.process_time()
            warn_of_pairs(connection, [each.id])
            single.append(time.process_time() - begun)
        print(f"one more invoice: {1000 * sorted(single)[len(single) // 2]:.1f} ms (median)")
        pairs = {(pair.first_id, pair.second_id) for pair in list_pairs(connection)}
    truth = {(each.id - (1 << 32), each.id) for each in again}
    right = len(pairs & truth)
    print(f"precision {right / max(1, len(pairs)):.3f}, recall {right / len(truth):.3f}")


def measure_search(desk: Desk, count: int) -> None:
    random_ = random.Random(8)
    with writing(desk.engine) as connection:
        for number in range(count):
            chosen = random_.choices(_WORDS, k=300)
            body = " ".join(f"{word}{random_.randrange(400)}" for word in chosen)
            for statement in page_text_put(1, number + 1, f"{body} rareword{number}"):
                connection.execute(statement)
    for words in ("rareword77", "lamp1", "lamp chair", "lamp12 chair9 toner3"):
        begun = time.process_time()
        hits = search(desk, words)
        taken = 1000 * (time.process_time() - begun)
        print(f"{count:,} pages, {words}: {taken:.0f} ms, {len(hits)} hits")


def main() -> None:
    counts = [int(text) for text in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        desk = open_desk(Path(folder) / "desk.db")
        measure_pairs(desk, counts[0] if counts else 100_000)
        measure_search(desk, counts[1] if len(counts) > 1 else 10_000)
        desk.close()


if __name__ == "__main__":
    main()
