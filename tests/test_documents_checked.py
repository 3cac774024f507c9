"""Documents as a person checks them, without a window."""

from __future__ import annotations

from pathlib import Path

import pytest
from einvoices import CII
from made_pages import pdf_of
from pdfs import pdf
from PIL import Image

from invoice_desk.core.dates import DateOrder
from invoice_desk.core.document_fields import (
    Doubt,
    FieldKind,
    Group,
    Reading,
    doubt_of,
    group_of,
    kind_of,
    value_of,
)
from invoice_desk.core.source import Kind
from invoice_desk.db.decisions import list_decisions
from invoice_desk.db.engine import reading, writing
from invoice_desk.db.known_invoices import add_finding
from invoice_desk.db.tables import list_tables
from invoice_desk.documents import poppler
from invoice_desk.documents.page import Page, TextSource, Word
from invoice_desk.documents.selection import (
    hits_of,
    nearest_word,
    text_of,
    word_at,
    words_between,
    words_in,
)
from invoice_desk.errors import ArgumentError, CorruptSourceError, EncryptedSourceError
from invoice_desk.services import documents
from invoice_desk.services.cleaning import clean_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.document_records import Place
from invoice_desk.services.importing import import_paths
from invoice_desk.services.page_images import (
    MOST_PIXELS,
    PageFile,
    PageImages,
    PageRequest,
)
from invoice_desk.services.reviewing import withdraw
from invoice_desk.services.storing import forget_reading
from invoice_desk.writers.pdf import PlacedText, write_pdf

PLACE = Place("12/03/2024", 1, (10.0, 20.0, 60.0, 32.0), "pdfium", 0.9)


def imported(desk: Desk, tmp_path: Path, *lines: str) -> int:
    texts = [PlacedText(60, 80 + 20 * i, text) for i, text in enumerate(lines)]
    write_pdf([texts], tmp_path / "a.pdf")
    found = import_paths(desk, [tmp_path / "a.pdf"]).files[0].source_id
    assert found is not None
    return found


def invoice(desk: Desk, tmp_path: Path) -> int:
    return imported(desk, tmp_path, "Facture n° F-1", "Date de facture : 13/02/2024", "Total 9,00")


# --- values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("issue_date", "13/02/2024", "2024-02-13"),
        ("due_date", "2024-02-03", "2024-02-03"),
        ("total_amount", "1 234,5", "1234.50"),
        ("net_amount", "1,234.50", "1234.50"),
        ("currency", "€", "EUR"),
        ("currency", "usd", "USD"),
        ("supplier_name", " Acme \n Ltd ", "Acme Ltd"),
        ("due_date", "  ", None),
    ],
)
def test_a_text_becomes_the_value_of_its_field(name: str, text: str, value: str | None) -> None:
    assert value_of(name, text, Reading()) == value


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("issue_date", "soon", "not a date"),
        ("issue_date", "03/04/2024", "2024-04-03 or 2024-03-04"),
        ("total_amount", "a lot", "not an amount"),
        ("total_amount", "1.234", "1.234 or 1234"),
        ("currency", "shells", "not a currency"),
    ],
)
def test_what_is_no_value_or_two_is_refused_in_words(name: str, text: str, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        value_of(name, text, Reading())


def test_what_the_document_proves_settles_two_readings() -> None:
    proven = Reading(DateOrder.MONTH_FIRST, ",")

    assert value_of("issue_date", "03/04/2024", proven) == "2024-03-04"
    assert value_of("total_amount", "1.234", proven) == "1234.00"


def test_fields_have_groups_kinds_and_colours() -> None:
    assert group_of("supplier_post_code") is Group.SUPPLIER
    assert group_of("subscriber") is Group.OTHER
    assert kind_of("preceding_invoice_date") is FieldKind.DATE
    assert kind_of("stamp_duty") is FieldKind.AMOUNT
    assert [doubt_of(c, by_hand=False) for c in (0.95, 0.949, 0.7, 0.69)] == [
        *(Doubt.SURE, Doubt.LIKELY, Doubt.LIKELY, Doubt.UNSURE)
    ]


# --- words ----------------------------------------------------------------------------


def page_of_words() -> Page:
    words = [
        *(Word("Total", (10, 10, 50, 20)), Word("TTC", (55, 10, 80, 20))),
        *(Word("12,00", (90, 11, 130, 21)), Word("à payer", (10, 30, 60, 40))),
    ]
    return Page(1, 200, 100, tuple(reversed(words)), TextSource.TEXT_LAYER, "pdfium")


def test_words_are_picked_in_reading_order() -> None:
    page = page_of_words()

    assert text_of(page, range(4)) == "Total TTC 12,00\nà payer"
    assert text_of(page, words_between(page, 0, 2)) == "TTC 12,00\nà payer"
    assert text_of(page, words_in(page, (50, 5, 140, 25))) == "TTC 12,00"
    assert word_at(page, 60, 15) == 2
    assert word_at(page, 84, 15) is None
    assert nearest_word(page, 150, 16) == 1


def test_a_text_is_found_over_words_without_marks_and_case() -> None:
    page = page_of_words()

    hits = hits_of(page, "ttc 12.00 A")

    assert [text_of(page, hit) for hit in hits] == ["TTC 12,00\nà payer"]
    assert hits_of(page, "--") == []


# --- decisions ------------------------------------------------------------------------


def test_a_correction_before_a_cleaning_is_in_the_clean_row(desk: Desk, tmp_path: Path) -> None:
    source_id = invoice(desk, tmp_path)

    documents.correct(desk, source_id, "due_date", value="2024-03-12", place=PLACE)
    clean_tables(desk)

    field = documents.open_document(desk, source_id).fields["due_date"]
    assert (field.value, field.place) == ("2024-03-12", PLACE)
    table_id = documents.open_document(desk, source_id).table_id
    assert table_id is not None
    with reading(desk.engine) as connection:
        row = connection.exec_driver_sql("SELECT due_date, corrected FROM clean_invoice").one()
    assert tuple(row) == ("2024-03-12", '["due_date"]')


def test_a_withdrawn_correction_is_gone_before_and_after_a_cleaning(
    desk: Desk, tmp_path: Path
) -> None:
    source_id = invoice(desk, tmp_path)
    raw = documents.correct(desk, source_id, "total_amount", value="10", place=None)
    withdraw(desk, raw)
    after_raw = documents.open_document(desk, source_id).fields["total_amount"].value

    clean_tables(desk)
    withdraw(desk, documents.correct(desk, source_id, "total_amount", value="11", place=None))

    assert after_raw == "9.00"
    assert documents.open_document(desk, source_id).fields["total_amount"].value == "9.00"


def test_decisions_survive_that_the_source_is_read_again(desk: Desk, tmp_path: Path) -> None:
    source_id = invoice(desk, tmp_path)
    documents.correct(desk, source_id, "due_date", value="2024-03-12", place=PLACE)
    withdraw(desk, documents.correct(desk, source_id, "bic", value="ABCD", place=None))
    documents.approve(desk, source_id)

    forget_reading(desk, source_id, status="pending")
    import_paths(desk, [tmp_path / "a.pdf"])

    again = documents.open_document(desk, source_id)
    assert again.fields["due_date"].place == PLACE
    assert "bic" not in again.fields
    assert again.is_approved
    assert again.table_id is not None
    with reading(desk.engine) as connection:
        kinds = [each.kind.value for each in list_decisions(connection, again.table_id)]
    assert kinds == ["correct", "approve"]


def test_a_document_in_which_nothing_was_found_can_be_filled(desk: Desk, tmp_path: Path) -> None:
    source_id = imported(desk, tmp_path, "Dear colleagues, the meeting is on Monday.")
    before = documents.open_document(desk, source_id)

    documents.correct(desk, source_id, "invoice_number", value="X-1", place=None)
    clean_tables(desk)

    after = documents.open_document(desk, source_id)
    assert (before.table_id, before.fields) == (None, {})
    assert after.fields["invoice_number"].origin.value == "typed"
    with reading(desk.engine) as connection:
        number = connection.exec_driver_sql("SELECT invoice_number FROM clean_invoice").scalar()
    assert number == "X-1"


def test_a_letter_that_is_approved_is_no_invoice(desk: Desk, tmp_path: Path) -> None:
    source_id = imported(desk, tmp_path, "Dear colleagues, the meeting is on Monday.")

    documents.approve(desk, source_id)
    result = clean_tables(desk)

    assert documents.approved_sources(desk) == {source_id}
    assert result.cleaned == 0


def test_an_approved_document_is_changed_only_after_it_is_reopened(
    desk: Desk, tmp_path: Path
) -> None:
    source_id = invoice(desk, tmp_path)
    documents.approve(desk, source_id)

    with pytest.raises(ArgumentError, match="reopen"):
        documents.correct(desk, source_id, "total_amount", value="10", place=None)
    documents.reopen(desk, source_id)
    documents.correct(desk, source_id, "total_amount", value="10", place=None)

    assert documents.approved_sources(desk) == set()
    assert documents.open_document(desk, source_id).fields["total_amount"].value == "10.00"


def test_a_doubt_is_over_when_a_person_has_settled_it(desk: Desk, tmp_path: Path) -> None:
    lines = ("Facture n° F-1", "Total HT 100,00", "TVA 20,00", "Total TTC 130,00")
    source_id = imported(desk, tmp_path, *lines)
    before = {each.code for each in documents.open_document(desk, source_id).findings}

    documents.correct(desk, source_id, "total_amount", value="120", place=None)
    documents.correct(desk, source_id, "issue_date", value="2024-02-13", place=None)
    documents.correct(desk, source_id, "supplier_name", value="ETS BLEU", place=None)

    after = {each.code for each in documents.open_document(desk, source_id).findings}
    assert {"totals_disagree", "missing_required"} <= before
    assert {"totals_disagree", "missing_required"}.isdisjoint(after)


# --- pictures -------------------------------------------------------------------------


def test_a_page_is_drawn_at_the_size_that_is_asked_for_and_never_too_large(
    tmp_path: Path,
) -> None:
    write_pdf([[PlacedText(60, 80, "A")]], tmp_path / "a.pdf")
    file, images = PageFile(tmp_path / "a.pdf", Kind.PDF, "a.pdf"), PageImages()

    (shape,) = images.shapes(file)
    small = images.draw(PageRequest(file, 1, 0.5))
    huge = images.draw(PageRequest(file, 1, 50.0))
    part = images.draw(PageRequest(file, 1, 4.0, (60, 80, 160, 130)))
    images.close()

    assert (round(shape.width), round(shape.height)) == (793, 1123)
    assert (small.width, small.height) == (397, 562)
    assert huge.width * huge.height <= MOST_PIXELS * 1.01
    assert (part.width, part.height, len(part.pixels)) == (400, 200, part.size)
    assert min(part.pixels) < 128 < max(part.pixels)  # the letter is in it


def test_a_photo_is_drawn_upright_and_a_torn_one_is_refused(tmp_path: Path) -> None:
    turned = Image.new("RGB", (40, 20), "white")
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "photo.jpg", exif=exif)
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff and then nothing")
    images = PageImages()
    photo = PageFile(tmp_path / "photo.jpg", Kind.IMAGE, "photo.jpg")

    (shape,) = images.shapes(photo)
    drawn = images.draw(PageRequest(photo, 1, 2.0))

    assert (shape.width, shape.height) == (20, 40)
    assert (drawn.width, drawn.height) == (40, 80)
    with pytest.raises(CorruptSourceError, match=r"torn\.jpg"):
        images.shapes(PageFile(tmp_path / "torn.jpg", Kind.IMAGE, "torn.jpg"))


def test_a_page_that_recognition_turned_is_drawn_so_that_its_words_lie_on_it(
    tmp_path: Path,
) -> None:
    upright = Image.new("RGB", (600, 400), "white")
    upright.paste("black", (60, 40, 160, 70))
    sideways = tmp_path / "scan.png"
    upright.transpose(Image.Transpose.ROTATE_90).save(sideways)
    as_pdf = pdf_of(tmp_path / "scan.pdf", (), image=upright.transpose(Image.Transpose.ROTATE_90))

    for file in (
        PageFile(sideways, Kind.IMAGE, "scan.png"),
        PageFile(as_pdf, Kind.PDF, "scan.pdf"),
    ):
        images = PageImages()
        (lying,) = images.shapes(file)
        (shape,) = images.shapes(file, {1: 90.0})
        drawn = images.draw(PageRequest(file, 1, 1.0, turned=shape.turned))
        x, y = shape.width / 600, shape.height / 400
        box = (60 * x, 40 * y, 160 * x, 70 * y)
        word = images.draw(PageRequest(file, 1, 1.0, box, turned=shape.turned))
        images.close()

        assert (shape.width, shape.height) == (lying.height, lying.width)
        assert drawn.width > drawn.height
        assert sum(word.pixels) / len(word.pixels) < 30
        assert sum(drawn.pixels) / len(drawn.pixels) > 180  # a fourth of the bytes is 0


def test_a_levelled_page_keeps_its_size(tmp_path: Path) -> None:
    write_pdf([[PlacedText(60, 80, "A")]], tmp_path / "a.pdf")
    file, images = PageFile(tmp_path / "a.pdf", Kind.PDF, "a.pdf"), PageImages()

    (plain,) = images.shapes(file)
    (levelled,) = images.shapes(file, {1: -1.5})
    drawn = images.draw(PageRequest(file, 1, 1.0, turned=-1.5))
    images.close()

    assert (levelled.width, levelled.height) == (plain.width, plain.height)
    assert (drawn.width, drawn.height) == (794, 1123)


def test_a_protected_file_is_drawn_with_a_password_that_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "locked.pdf"
    path.write_bytes(pdf(["Invoice"], password="sesame"))
    file = PageFile(path, Kind.PDF, "locked.pdf")

    with pytest.raises(EncryptedSourceError):
        PageImages(lambda: ("wrong",)).shapes(file)
    images = PageImages(lambda: ("wrong", "sesame"))
    shapes = images.shapes(file)
    images.close()

    assert len(shapes) == 1


def test_the_lines_of_a_document_are_shown_without_what_they_repeat(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "a.xml").write_text(CII)
    source_id = import_paths(desk, [tmp_path / "a.xml"]).files[0].source_id
    assert source_id is not None

    document = documents.open_document(desk, source_id)

    assert document.lines
    assert all("net_amount" in line for line in document.lines)
    assert all("invoice_number" not in line for line in document.lines)


@pytest.mark.skipif(bool(poppler.why_missing()), reason="poppler is not installed")
def test_a_page_that_pdfium_gave_up_is_drawn_by_poppler(tmp_path: Path) -> None:
    write_pdf([[PlacedText(60, 80, "A", 40)]], tmp_path / "a.pdf")
    file, images = PageFile(tmp_path / "a.pdf", Kind.PDF, "a.pdf"), PageImages()
    wanted = PageRequest(file, 1, 1.0, (60, 40, 160, 130))
    by_pdfium = images.draw(wanted)

    images._undrawn.add(1)
    by_poppler = images.draw(wanted)
    images.close()

    assert (by_poppler.width, by_poppler.height) == (by_pdfium.width, by_pdfium.height)
    assert by_poppler.pixels != by_pdfium.pixels
    assert min(by_poppler.pixels[::4]) < 128 < max(by_poppler.pixels[::4])


def test_a_doubt_about_a_line_is_not_shown_at_a_field_of_the_document(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "a.xml").write_text(CII)
    source_id = import_paths(desk, [tmp_path / "a.xml"]).files[0].source_id
    assert source_id is not None
    with writing(desk.engine) as connection:
        lines = next(t for t in list_tables(connection, source_id=source_id) if t.name == "lines")
        add_finding(
            connection,
            source_id=source_id,
            raw_table_id=lines.id,
            row_number=0,
            field="net_amount",
            code="unreadable",
            severity="warning",
            anomaly="other",
            text="ten",
        )

    document = documents.open_document(desk, source_id)

    (told,) = [each for each in document.findings if each.raw_table_id == lines.id]
    assert told.field is None
    assert documents.is_about_line(desk, told)
