"""Seller and buyer: below headings, around a sender's line, in letters and letterheads."""

from __future__ import annotations

import numpy as np
import pytest
from placed_pages import Placed
from placed_pages import placed_page as page

from benchmarks.made_documents import made_invoice
from invoice_desk.documents.extraction.address_rows import address_of
from invoice_desk.documents.extraction.addresses import looks_like_address
from invoice_desk.documents.extraction.candidates import Kind
from invoice_desk.documents.extraction.document import Document, document_of
from invoice_desk.documents.extraction.headed_names import headed_names, sender_lines
from invoice_desk.documents.extraction.invoice_fields import read_document
from invoice_desk.documents.extraction.layout import layout_of
from invoice_desk.documents.extraction.parties import chosen_names, whole_name


def document(*texts: Placed) -> Document:
    return document_of(layout_of([page(*texts)]))


def headed(*texts: Placed) -> dict[str, str]:
    """Return party → the text from the first character of its name on."""
    found = document(*texts)
    rows = found.layout.rows
    return {party: rows[row].spaced[at:] for (row, at), party in headed_names(found).items()}


def column(x: float, y: float, *texts: str) -> list[Placed]:
    return [(text, x, y + 14 * at) for at, text in enumerate(texts)]


LETTER = (
    ("Bei Muster GmbH - Ecke 12 - 12345 Stadthausen", 70, 100),
    *column(60, 120, "Frau", "Eva Lange", "Bahnstr. 42", "88802 Spielkreis"),
    *column(400, 113, "fon 555 23 78", "info@bei-muster.example"),
    ("Rechnung Nr. 4711 vom 18.11.2017", 60, 220),
    *column(60, 260, "Beratung 100,00", "Netto 100,00", "USt. 19 % 19,00"),
    ("Gesamtbetrag 119,00", 60, 310),
)


def test_the_name_below_a_heading_is_the_partys() -> None:
    found = headed(
        *column(50, 50, "Verkäufer", "Globale Nummer: 4000001123452", "Blau GmbH", "Hauptstr. 1"),
        *column(50, 150, "Käufer", "Frau", "Eva Lange", "Am Markt 2"),
    )

    assert found == {"seller": "Blau GmbH", "buyer": "Eva Lange"}


def test_a_name_may_have_a_label_and_a_column_of_its_own() -> None:
    found = headed(
        *column(50, 50, "Seller", "Number:", "Name:", "Contact:", "Buyer", "Name: Green Ltd"),
        *column(250, 64, "549910", "Blue Harbor Ltd", "Julia Stone"),
    )

    assert found == {"seller": "Blue Harbor Ltd", "buyer": "Green Ltd"}


def test_a_name_may_stand_beneath_its_label() -> None:
    found = headed(
        *column(50, 50, "Informationen zum Käufer", "Leitweg-ID:", "Name:"),
        *column(60, 92, "Eva Lange", "Straße / Hausnummer:", "Bahnstr. 42"),
    )

    assert found == {"buyer": "Eva Lange"}


def test_headings_side_by_side_have_their_names_beneath() -> None:
    found = headed(
        *(("Supplier", 50, 50), ("Customer", 250, 50), ("CORRECTION", 450, 50)),
        *(("Blue Harbor Ltd", 50, 64), ("Green Valley Ltd", 250, 64), ("No 7", 450, 64)),
    )

    assert found["seller"].split("\t") == ["Blue Harbor Ltd", "Green Valley Ltd", "No 7"]
    assert found["buyer"].split("\t") == ["Green Valley Ltd", "No 7"]


def test_a_label_torn_by_the_text_layer_or_joined_by_a_hyphen_is_known() -> None:
    found = document(*column(50, 50, "Ver käufer:", "Beleg-Datum: 01.02.2024", "Kunde Ver lag"))

    assert [[label.means for label in row] for row in found.labels] == [
        ["seller"],
        ["issue_date"],
        ["buyer"],
    ]


def test_a_senders_line_is_known_by_its_town() -> None:
    found = document(*LETTER)

    (line,) = sender_lines(found)
    text = found.layout.rows[line.row].text
    assert text[line.address : line.stop] == "Ecke 12 - 12345 Stadthausen"


def test_a_letter_is_from_its_senders_line_to_the_name_beneath() -> None:
    fields = read_document([page(*LETTER)]).fields

    assert fields["supplier_name"].value == "Bei Muster GmbH"
    assert fields["supplier_address"].value == "Ecke 12 - 12345 Stadthausen"
    assert fields["customer_name"].value == "Eva Lange"
    assert fields["customer_address"].value == "Bahnstr. 42 88802 Spielkreis"


def test_the_day_in_the_title_is_the_day_of_issue() -> None:
    fields = read_document([page(*LETTER, ("Zahlbar bis 18.12.2017", 60, 340))]).fields

    assert (fields["invoice_number"].value, fields["issue_date"].value) == ("4711", "2017-11-18")
    assert fields["due_date"].value == "2017-12-18"


def test_the_number_in_a_title_is_not_the_code_of_its_type() -> None:
    title = ("Schlussrechnung Bau (877) Nr. 181301674 vom 25.04.2018", 60, 220)
    fields = read_document([page(*[title if t[0].startswith("Rechnung") else t for t in LETTER])])

    assert fields.fields["invoice_number"].value == "181301674"
    assert fields.fields["issue_date"].value == "2018-04-25"


def test_parties_of_made_invoices_that_nobody_trained_on_are_told_apart() -> None:
    right: dict[str, list[bool]] = {"supplier_name": [], "customer_name": []}
    for seed in range(90_001, 90_101):
        made = made_invoice(seed)
        fields = read_document(made.pages).fields
        for name, hits in right.items():
            hits.append(name in fields and fields[name].value == made.truth[name])

    for name, hits in right.items():
        assert sum(hits) >= 0.75 * len(hits), f"{name}: {sum(hits)} of {len(hits)}"


def names_address(name: str, *texts: Placed) -> str:
    """Return the address beneath the candidate with this name; empty where there is none."""
    found = document(*texts)
    candidate = next(c for c in found.candidates[Kind.NAME] if c.value == name)
    address = address_of(found, candidate)
    return address.text if address else ""


def test_a_street_without_a_word_for_it_stands_beside_other_labels() -> None:
    texts = (
        *column(50, 50, "Kaufmann Logistik AG", "Am Hafen 9", "28217 Bremen"),
        *column(350, 50, "Rechnung", "Kundennummer: 118820", "Datum: 01.02.2024"),
    )

    assert names_address("Kaufmann Logistik AG", *texts) == "Am Hafen 9 28217 Bremen"


def test_an_address_ends_with_its_town_before_a_table_begins() -> None:
    texts = (
        *column(50, 50, "Buckeye Builders LLC", "77 Main Street", "Dayton, OH 45402"),
        *(("Line", 50, 110), ("Description", 150, 110), ("Amount", 400, 110)),
        *(("Cable type", 50, 124), ("Blue", 150, 124), ("12.00", 400, 124)),
    )

    assert names_address("Buckeye Builders LLC", *texts) == "77 Main Street Dayton, OH 45402"


def test_how_to_call_somebody_is_no_part_of_an_address() -> None:
    texts = column(50, 50, "Blue Shop", "No 1 Jalan Mawar", "81750 Johor Bahru Tel: 07-387 3322")
    alone = column(50, 50, "Blue Shop", "No 1 Jalan Mawar", "81750 Johor Bahru", "07-387 3322")

    assert names_address("Blue Shop", *texts) == "No 1 Jalan Mawar 81750 Johor Bahru"
    assert names_address("Blue Shop", *alone) == "No 1 Jalan Mawar 81750 Johor Bahru"


def test_an_address_may_stand_where_the_name_stands_once_more() -> None:
    texts = (
        ("Blue Harbor Ltd", 300, 30),
        *column(50, 700, "Blue Harbor Ltd", "12 Mill Lane", "Leeds LS1 4AP"),
    )

    assert names_address("Blue Harbor Ltd", *texts) == "12 Mill Lane Leeds LS1 4AP"


def test_things_by_the_kilogram_are_no_address() -> None:
    assert not looks_like_address("Amboss 250 kg")
    assert looks_like_address("Kg Baru")


def test_a_line_of_the_sender_below_its_name_is_its_address() -> None:
    texts = (
        ("Kornblum Netztechnik GmbH", 50, 50),
        ("Kornblum Netztechnik GmbH · Lindenallee 7 · 04109 Leipzig", 50, 80),
        *column(50, 110, "Tischlerei Varnhagen KG", "Am Wehr 3", "99084 Erfurt"),
    )

    address = names_address("Kornblum Netztechnik GmbH", *texts)
    assert address == "Lindenallee 7 · 04109 Leipzig"


def chosen_buyer(found: Document, supplier: str, likely: str) -> str:
    """Return the buyer where the odds are for `likely`, which is weighed beside the supplier."""
    names = found.candidates[Kind.NAME]
    odds = {
        "supplier_name": np.array([3.0 if n.value == supplier else -9.0 for n in names]),
        "customer_name": np.array([2.0 if n.value == likely else -5.0 for n in names]),
    }
    return chosen_names(found, odds)["customer_name"][0].value


def test_the_company_is_the_buyer_and_not_its_contact_on_the_next_row() -> None:
    found = document(
        ("Moulin SARL", 50, 40),
        *column(300, 110, "Ma jolie boutique", "Alexandre Payet", "35 rue de la Gare"),
        ("69001 Lyon", 300, 146),
    )

    assert chosen_buyer(found, "Moulin SARL", "Alexandre Payet") == "Ma jolie boutique"


@pytest.mark.parametrize(
    "above",
    ["Herrn", "Pour", "Kunde 4711:", "Ms Helen Lee", "Moulin SARL - Quai 3 - 28195 Bremen"],
)
def test_what_stands_over_a_buyer_and_heads_no_address(above: str) -> None:
    found = document(
        ("Moulin SARL", 300, 40),
        *column(50, 110, above, "Max Muster", "Am Hafen 9", "28217 Bremen"),
    )

    assert chosen_buyer(found, "Moulin SARL", "Max Muster") == "Max Muster"


def test_the_address_of_who_is_saluted_is_not_the_sender_s() -> None:
    found = document(
        *column(50, 40, "Versicherung a.G.", "Herrn", "Max Muster", "Musterstr. 11"),
        ("12346 Bad Muster", 50, 88),
        *column(50, 110, "Büro Muster", "Musterstr. 12", "12345 Musterstadt"),
    )

    assert chosen_buyer(found, "Versicherung a.G.", "") == "Max Muster"


@pytest.mark.parametrize(
    ("below", "whole"),
    [("(North) Sdn Bhd", "Air Harbour (North) Sdn Bhd"), ("Company: Harbour LLP", "Air Harbour")],
)
def test_a_name_goes_on_up_to_its_legal_form(below: str, whole: str) -> None:
    found = document(*column(50, 50, "Air Harbour", below))
    (name,) = [c for c in found.candidates[Kind.NAME] if c.value == "Air Harbour"]

    assert whole_name(found, name) == whole
