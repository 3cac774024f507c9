from __future__ import annotations

import json
from pathlib import Path

from line_pages import FRENCH, page_of

from invoice_desk.core.findings import FindingCode
from invoice_desk.core.modes import Mode
from invoice_desk.db.engine import reading
from invoice_desk.db.tables import list_tables
from invoice_desk.documents.extraction.invoice_fields import read_document
from invoice_desk.documents.fields import DocumentReading
from invoice_desk.documents.line_items import read_lines
from invoice_desk.readers.base import ReadTable
from invoice_desk.services.cleaning import CleaningJob
from invoice_desk.services.desk import Desk, load_types
from invoice_desk.services.importing import import_paths
from invoice_desk.services.inspecting import inspect_files
from invoice_desk.services.jobs import JobSettings
from invoice_desk.workers.document_tables import document_table, lines_table, with_lines

PAGE = page_of(
    (20, {50: "Facture n° 2024-7"}),
    FRENCH,
    (120, {50: "Lampe", 300: "2", 360: "1.200,50 €", 460: "2.401,00 €"}),
    (160, {360: "Total HT", 460: "2.401,00 €"}),
    (180, {360: "TVA 20 %", 460: "480,20 €"}),
    (200, {360: "Total TTC", 460: "2.881,20 €"}),
)


def rows_of(table: ReadTable) -> list[dict[str, str]]:
    columns = table.head.structure.columns
    return [
        dict(zip(columns, json.loads(row), strict=True)) for row in table.rows.cells.to_pylist()
    ]


def test_the_lines_of_a_page_are_a_table_of_texts_as_read() -> None:
    table = lines_table("a.pdf", read_document([PAGE]), read_lines([PAGE]))

    assert table is not None
    (row,) = rows_of(table)
    assert row["invoice_number"] == "2024-7"
    assert (row["quantity"], row["unit_price"], row["net_amount"]) == ("2", "1.200,50", "2.401,00")
    (boxes,) = table.head.details["boxes"]
    assert boxes["net_amount"]["box"][0] == 460
    assert table.head.details["styles"]["unit_price"]["decimal_mark"] == ","


def test_codes_are_codes_and_not_the_words_of_the_page() -> None:
    (row,) = rows_of(document_table("a.pdf", read_document([PAGE])))

    assert (row["document_type_code"], row["currency"]) == ("380", "EUR")


def test_the_lines_of_an_xml_are_a_table_of_plain_values() -> None:
    reading_of_xml = DocumentReading("invoice", 1.0, (), {}, lines=({"net_amount": "5.00"},))

    table = lines_table("a.xml", reading_of_xml)

    assert table is not None
    assert rows_of(table) == [{"invoice_number": "", "line_id": "", "net_amount": "5.00"}]
    assert table.head.details["styles"]["net_amount"]["decimal_mark"] == "."


def test_a_document_without_lines_has_no_table_of_them() -> None:
    plain = read_document([page_of((20, {50: "Facture n° 2024-7"}))])

    assert lines_table("a.pdf", plain) is None
    assert len(document_table("a.pdf", plain).rows) == 1


def test_lines_that_do_not_come_to_the_total_are_doubted() -> None:
    page = page_of(
        (20, {50: "Facture n° 2024-7"}),
        FRENCH,
        (120, {50: "Lampe", 300: "2", 360: "10,00 €", 460: "20,00 €"}),
        (160, {360: "Total HT", 460: "30,00 €"}),
    )

    found = with_lines(read_document([page]), read_lines([page]))

    assert FindingCode.LINES_DISAGREE in [f.code for f in found.findings]
    assert found.lines[0]["net_amount"] == "20.00"


def test_imported_lines_are_cleaned_like_any_table(desk: Desk, samples: Path) -> None:
    result = import_paths(desk, [samples / "facture-2024-0117.pdf"])

    assert result.rows == 5
    assert result.files[0].document_type == "invoice"
    with reading(desk.engine) as connection:
        document, lines = list_tables(connection)
    assert (document.document_type, lines.document_type) == ("invoice", "invoice_line")

    cleaned = CleaningJob(desk, JobSettings(Mode.STANDARD)).run()

    sums = {table.document_type: table.totals["net_amount"] for table in cleaned.tables}
    assert sums["invoice_line"] == sums["invoice"]


def test_inspect_shows_the_lines_of_a_page(samples: Path) -> None:
    (shown,) = inspect_files([samples / "facture-2024-0117.pdf"], load_types())

    assert len(shown["lines"]) == 4
    assert shown["lines"][0].keys() >= {"description", "quantity", "unit_price", "net_amount"}
    assert shown["taxes"][0]["tax_rate"] == "20"
    assert [table["name"] for table in shown["tables"]] == ["facture-2024-0117.pdf", "lines"]
