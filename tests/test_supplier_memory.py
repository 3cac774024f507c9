"""A supplier that the desk knows is read better the next time."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoice_desk.documents.fields import DocumentReading, FieldValue
from invoice_desk.documents.page import Page, TextSource, Word
from invoice_desk.documents.supplier_memory import Memory, remembered
from invoice_desk.services import documents
from invoice_desk.services.cleaning import clean_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import import_paths
from invoice_desk.writers.pdf import PlacedText, write_pdf

ROWS = ("BLUE HARBOR", "Invoice 77", "Order PO-1", "HB/26-0042", "VAT GB684021741")


def pages() -> list[Page]:
    words = []
    for number, row in enumerate(ROWS):
        at = 50.0
        for part in row.split():
            words.append(Word(part, (at, 50 + 20 * number, at + 6 * len(part), 60 + 20 * number)))
            at += 6 * len(part) + 6
    return [Page(1, 595, 842, tuple(words), TextSource.TEXT_LAYER, "test")]


def read_as(name: str, number: str, *, sure: float) -> DocumentReading:
    fields = {
        "supplier_name": FieldValue(name, name, sure, 1, (0, 0, 1, 1), "test"),
        "invoice_number": FieldValue(number, number, sure, 1, (0, 0, 1, 1), "test"),
    }
    return DocumentReading("invoice", 0.9, (), fields)


MEMORY = Memory(("Blue Harbor",), ("AA/99-9999",), "VAT id", 3)


def test_a_name_that_stood_beside_the_id_before_is_taken_from_the_page() -> None:
    found = remembered(read_as("Order", "77", sure=0.5), pages(), MEMORY).fields

    name = found["supplier_name"]
    assert (name.value, name.text, name.page) == ("Blue Harbor", "BLUE HARBOR", 1)
    assert name.confidence > 0.9
    assert "in 3 documents before" in name.reason


def test_the_one_number_that_is_written_as_those_before_is_taken() -> None:
    found = remembered(read_as("Blue Harbor", "77", sure=0.5), pages(), MEMORY).fields

    assert (found["invoice_number"].value, found["invoice_number"].confidence) == (
        *("HB/26-0042", 0.85),
    )


@pytest.mark.parametrize(
    ("name", "number", "sure"), [("Order", "77", 0.97), ("Blue Harbor", "HB/26-0041", 0.96)]
)
def test_what_is_sure_stays(name: str, number: str, sure: float) -> None:
    reading = read_as(name, number, sure=sure)

    assert remembered(reading, pages(), MEMORY) is reading


def test_a_name_that_is_not_on_the_page_is_not_taken() -> None:
    elsewhere = Memory(("Green Valley",), (), "VAT id", 3)
    reading = read_as("Order", "77", sure=0.5)

    assert remembered(reading, pages(), elsewhere) is reading


def bill(path: Path, number: str) -> Path:
    """Return an invoice whose supplier is hard to tell: it stands at the foot of the page."""
    rows = (
        *((60, "Invoice"), (90, f"Invoice number: {number}"), (110, "Date: 3 March 2026")),
        *((140, "Mayfair Events"), (160, "1 High Street"), (180, "London W1 1AA")),
        *((300, "Net 100.00"), (320, "VAT 20.00"), (340, "Total 120.00")),
        *((700, "Kingfisher"), (720, "VAT no GB684021741")),
    )
    write_pdf([[PlacedText(60, y, text, 11) for y, text in rows]], path)
    return path


def test_a_corrected_and_approved_name_is_known_the_next_time(desk: Desk, tmp_path: Path) -> None:
    import_paths(desk, [bill(tmp_path / "a.pdf", "KF-0001")])
    before = documents.open_document(desk, 1).fields.get("supplier_name")
    assert before is None or before.confidence < 0.5
    documents.correct(desk, 1, "supplier_name", value="Kingfisher", place=None)
    documents.approve(desk, 1)
    clean_tables(desk)

    import_paths(desk, [bill(tmp_path / "b.pdf", "KF-0002")])

    after = documents.open_document(desk, 2).fields["supplier_name"]
    assert (after.value, after.place.page if after.place else 0) == ("Kingfisher", 1)
    assert after.confidence > 0.9
