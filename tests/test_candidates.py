"""What can be the value of a field at all: wide tables, middle pages, labels that name it."""

from __future__ import annotations

from dataclasses import replace

from placed_pages import Placed, placed_page

from invoice_desk.documents.extraction.candidates import Kind
from invoice_desk.documents.extraction.document import Document, document_of
from invoice_desk.documents.extraction.layout import layout_of
from invoice_desk.documents.extraction.named_values import named_at
from invoice_desk.documents.page import Page


def page(*texts: Placed) -> Page:
    return placed_page(*texts, letter=4, width=700)


def taken(*placed: Placed) -> Document:
    return document_of(layout_of([page(*placed)]))


def values(document: Document, kind: Kind) -> list[str]:
    return [candidate.value for candidate in document.candidates[kind]]


def test_the_rows_of_a_wide_table_hold_amounts_alone() -> None:
    headings = ("Ln", "Start", "End", "Show", "Time", "Days", "Spots", "Rate", "Type", "Price")
    line = ("1", "1/6/20", "1/12/20", "Today Show", "7-9a", "M-F", "2", "$60.00", "NM", "$120.00")
    found = taken(
        *((text, 50, 40.0 + 20 * at) for at, text in enumerate(("Invoice # 386136-1", "WXYZ"))),
        *((text, 50 + 50 * i, 100.0) for i, text in enumerate(headings)),
        *((text, 50 + 50 * i, 120.0) for i, text in enumerate(line)),
        *((text, 50 + 50 * i, 140.0) for i, text in enumerate(line)),
    )

    assert found.table_rows == {4}
    assert "Today Show" not in values(found, Kind.NAME)
    assert "Show" not in values(found, Kind.NAME)
    assert {found.candidates[Kind.AMOUNT][at].row for at in found.weighed(Kind.AMOUNT)} == {3}
    amounts = [c.value for c in found.candidates[Kind.AMOUNT] if c.row == 4]
    assert amounts[-2:] == [
        "60.00",
        "120.00",
    ]


def test_a_wide_row_that_announces_the_number_is_no_row_of_a_table() -> None:
    texts = ("KBCW", "COPY", "Advertiser", "A. Steyer", "Invoice #", "310013497", "Page", "1", "of")
    found = taken(*((text, 20 + 60 * i, 40.0) for i, text in enumerate(texts)))

    assert not found.table_rows
    assert "310013497" in values(found, Kind.CODE)
    assert "A. Steyer" in values(found, Kind.NAME)


def test_a_number_announced_on_a_middle_page_is_a_candidate() -> None:
    texts = ["Cover 1", "Terms A2", "Invoice no.\nRE-7/506", "Also B3", "End C4"]
    pages = [
        replace(
            page(*((t, 50, 50 + 20 * i) for i, t in enumerate(text.split("\n")))), number=number
        )
        for number, text in enumerate(texts, start=1)
    ]

    found = document_of(layout_of(pages))

    assert values(found, Kind.CODE) == ["A2", "RE-7/506", "C4"]


def test_a_label_with_a_colon_outdoes_one_within_a_sentence() -> None:
    found = taken(("Due date: 01.04.2014", 50, 50), ("paid by 04.03.2014 it is less", 50, 70))

    at = named_at(found, "due_date")

    assert at is not None
    assert found.candidates[Kind.DATE][at].value == "2014-04-01"


def test_a_number_below_the_word_number_is_the_invoice_s_where_a_day_stands_beside_it() -> None:
    head = ("Numéro", 50.0, 50.0), ("Date d'émission", 200.0, 50.0)
    beside = taken(*head, ("2024/07", 50, 70), ("2 juillet 2024", 200, 70))
    alone = taken(*head, ("2024/07", 50, 70))

    at = named_at(beside, "invoice_number")

    assert at is not None
    assert beside.candidates[Kind.CODE][at].value == "2024/07"
    assert named_at(alone, "invoice_number") is None
