from __future__ import annotations

from dataclasses import replace

import pytest

from invoice_desk.documents.page import Page, TextSource, Word
from invoice_desk.documents.splits import Split, propose_splits, splits_of, told_splits


def page(number: int, *lines: str) -> Page:
    """Return a page whose lines stand below each other; `|` is a wide gap."""
    words = []
    for row, line in enumerate(lines):
        x = 50.0
        for part in line.split():
            if part == "|":
                x += 60
                continue
            words.append(Word(part, (x, 40 + 20 * row, x + 6 * len(part), 50 + 20 * row)))
            x += 6 * len(part) + 6
    return Page(number, 595, 842, tuple(words), TextSource.TEXT_LAYER, "test")


def ranges(*pages: Page) -> list[tuple[int, int]]:
    return [(split.first, split.last) for split in propose_splits(pages)]


def invoice(number: int, name: str, *more: str) -> Page:
    return page(number, f"Invoice number: {name}", "Total due 120.00", "Net 100.00", *more)


def test_another_invoice_number_begins_another_document() -> None:
    splits = propose_splits([invoice(1, "F-1"), page(2, "Terms"), invoice(3, "F-2")])

    assert [(split.first, split.last) for split in splits] == [(1, 2), (3, 3)]
    assert "F-2" in splits[1].reasons[0]


def test_an_invoice_of_many_pages_stays_one() -> None:
    pages = [invoice(n, "F-1", f"Page {n} of 8") for n in range(1, 9)]

    assert ranges(*pages) == []


def test_pages_counted_on_are_one_document_whatever_else_they_say() -> None:
    first = page(1, "Invoice no F-1", "Page 1/2", "Total 5.00", "Net 5.00")

    assert ranges(first, page(2, "Invoice no F-9", "Page 2/2", "Total 7.00", "Net 7.00")) == []


def test_pages_counted_from_one_again_begin_another_document() -> None:
    pages = [page(n, f"Seite {n} von 2", "Summe 10,00 12,00", "x 3,00") for n in (1, 2)]
    again = [page(n + 2, f"Seite {n} von 2", "Summe 10,00 12,00", "x 4,00") for n in (1, 2)]

    assert ranges(*pages, *again) == [(1, 2), (3, 4)]


def test_after_the_last_page_another_supplier_begins_another_document() -> None:
    first = invoice(1, "F-1", "Page 1 of 1", "www.blue.test")
    other = page(2, "Ihre Rechnung", "Druck 10,00", "Papier 12,00", "www.nordlicht.test")
    same = page(2, "Ihre Rechnung", "Druck 10,00", "Papier 12,00", "www.blue.test")

    assert ranges(first, other) == [(1, 1), (2, 2)]
    assert ranges(first, same) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [(TextSource.TEXT_LAYER, [(1, 1), (2, 2)]), (TextSource.OCR, [])],
)
def test_paper_of_another_size_counts_where_it_was_not_cut_by_a_scanner(
    source: TextSource, found: list[tuple[int, int]]
) -> None:
    first = page(1, "Blue Media", "Spot 10.00", "Spot 12.00")
    again = replace(page(2, "Page 1 of 2", "Spot 10.00", "Spot 12.00"), width=842, height=595)

    pages = [replace(each, text_source=source) for each in (first, again)]

    assert ranges(*pages) == found


def test_terms_with_a_count_of_their_own_are_no_document() -> None:
    terms = page(2, "General terms and conditions", "Page 1 of 1")

    assert ranges(invoice(1, "F-1", "Page 1 of 1"), terms) == []


def test_a_blank_page_belongs_to_what_is_before_it() -> None:
    assert ranges(invoice(1, "F-1"), page(2), invoice(3, "F-2")) == [(1, 2), (3, 3)]


def test_a_list_of_invoices_is_one_statement() -> None:
    many = [f"Invoice no F-{n} 10.00" for n in range(1, 6)]
    more = [f"Invoice no F-{n} 10.00" for n in range(6, 12)]

    assert ranges(page(1, *many), page(2, *more)) == []


def test_a_number_below_its_label_counts() -> None:
    one = page(1, "Date | Rechnungsnummer", "01.02.2024 | 4711-1", "Total 1.00", "Net 1.00")
    two = page(2, "Date | Rechnungsnummer", "02.02.2024 | 4711-2", "Total 1.00", "Net 1.00")

    assert ranges(one, two) == [(1, 1), (2, 2)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Facture FA-2024-0010", "Facture FA-2024-0011"),
        ("Rechnung Nr. 42", "Rechnung Nr. 43"),
        ("Gutschrift (Storno) Nr. 4711", "Gutschrift (Storno) Nr. 4712"),
        ("Contract / Revision 1234 /", "Contract / Revision 1235 /"),
        ("Invoice # RE-1/506", "Invoice # RE-1/507"),
    ],
)
def test_labels_are_known_in_several_languages(first: str, second: str) -> None:
    assert ranges(page(1, first), page(2, second)) == [(1, 1), (2, 2)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Invoice date 2024-01-01", "Invoice date 2024-02-01"),
        ("Rechnung vom 01.02.2024", "Rechnung vom 02.02.2024"),
        ("Invoice total 1,200.00", "Invoice total 900.00"),
        ("Order 471100", "Alt order 471200"),
    ],
)
def test_dates_and_amounts_are_no_numbers(first: str, second: str) -> None:
    assert ranges(page(1, first), page(2, second)) == []


def test_a_proposal_is_read_back_from_its_text() -> None:
    splits = (Split(1, 2), Split(3, 3, ("another number, 1-2",)))

    text = told_splits(splits)

    assert text == "1-2, 3; page 3: another number, 1-2"
    assert [(s.first, s.last) for s in splits_of(text)] == [(1, 2), (3, 3)]


def test_nothing_is_proposed_for_one_page_or_none() -> None:
    assert ranges() == []
    assert ranges(invoice(1, "F-1")) == []


@pytest.mark.parametrize("words", ["*PATCH T*", "PATCHT", "Separator sheet", "Trennblatt"])
def test_a_separator_sheet_ends_a_document(words: str) -> None:
    pages = [page(1, "A letter"), page(2, words), page(3), page(4, "Another letter")]

    assert ranges(*pages) == [(1, 3), (4, 4)]


def test_a_text_about_separators_ends_nothing() -> None:
    long = page(
        1, "Put a separator sheet between your documents before you scan all of them at once"
    )

    assert ranges(long, page(2, "and so on")) == []
