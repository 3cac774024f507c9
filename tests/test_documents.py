from __future__ import annotations

from pathlib import Path

import pytest

from invoice_desk.documents.extraction.invoice_fields import read_document
from invoice_desk.documents.ocr import default_engine
from invoice_desk.documents.page import Page, TextSource, Word, lines_of, segments_of
from invoice_desk.documents.pdf import read_text_layers
from invoice_desk.documents.pictures import open_image
from invoice_desk.errors import CorruptSourceError
from invoice_desk.writers.pdf import PlacedText, write_pdf


def words(*placed: tuple[str, float, float]) -> Page:
    found = tuple(Word(t, (x, y, x + 6 * len(t), y + 10)) for t, x, y in placed)
    return Page(1, 595, 842, found, TextSource.TEXT_LAYER, "test")


def test_words_on_one_height_are_a_line() -> None:
    lines = lines_of(words(("Total", 10, 100), ("12,00", 300, 101), ("Below", 10, 130)))

    assert [line.text for line in lines] == ["Total 12,00", "Below"]
    assert [part.text for part in segments_of(lines[0])] == ["Total", "12,00"]


def test_a_digital_invoice_is_read_with_places(samples: Path) -> None:
    pages = read_text_layers(samples / "facture-2024-0117.pdf", name="f.pdf")

    reading = read_document(pages)

    fields = reading.fields
    assert reading.document_type == "invoice"
    assert reading.date_order == "dmy"  # 11/03/2024 could be either, but the text is French
    assert fields["invoice_number"].value == "2024-0117"
    assert fields["issue_date"].value == "2024-03-11"
    assert fields["due_date"].value == "2024-04-10"
    assert fields["currency"].value == "EUR"
    assert fields["iban_or_account"].text == "FR14 2004 1010 0505 0001 3M02 606"
    assert fields["supplier_name"].value == "Papeterie Beauséjour SARL"
    total = float(fields["net_amount"].value) + float(fields["tax_amount"].value)
    assert total == pytest.approx(float(fields["total_amount"].value))
    x0, y0, x1, y1 = fields["total_amount"].box
    assert 400 < x0 < x1 < 595
    assert 350 < y0 < y1 < 400


def test_a_scan_is_recognised_with_its_accents(samples: Path) -> None:
    (image,) = open_image(samples / "scan-2024-0118.png", name="scan.png")

    page = default_engine().recognise(image, number=1)

    text = "\n".join(line.text for line in lines_of(page))
    assert "Papeterie Beauséjour" in text
    fields = read_document([page]).fields
    assert fields["invoice_number"].value == "2024-0118"
    assert fields["issue_date"].value == "2024-03-12"
    assert fields["total_amount"].engine == "rapidocr"


def test_a_letter_is_no_invoice(tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    write_pdf([[PlacedText(50, 100, "Dear colleagues, the meeting is on Monday.")]], path)

    reading = read_document(read_text_layers(path, name="letter.pdf"))

    assert reading.document_type is None
    assert reading.fields == {}


def test_totals_that_disagree_are_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "wrong.pdf"
    lines = [
        "Facture n° F-1",
        "Date de facture : 13/02/2024",
        "Total HT 100,00",
        "TVA 20,00",
        "Total TTC 130,00",
    ]
    write_pdf([[PlacedText(50, 100 + 20 * i, text) for i, text in enumerate(lines)]], path)

    reading = read_document(read_text_layers(path, name="wrong.pdf"))

    assert "totals_disagree" in [finding.code for finding in reading.findings]


def test_a_torn_pdf_names_the_file(samples: Path) -> None:
    with pytest.raises(CorruptSourceError, match=r"broken\.pdf"):
        read_text_layers(samples / "broken.pdf", name="broken.pdf")


def test_a_torn_picture_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "torn.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")

    with pytest.raises(CorruptSourceError, match=r"torn\.png"):
        open_image(path, name="torn.png")
