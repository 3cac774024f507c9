from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from invoice_desk.core.document_likeness import Likeness, compare
from invoice_desk.core.known_invoices import (
    KnownInvoice,
    block_keys,
    image_distance,
    image_hash,
    name_key,
    number_key,
)

PDF = KnownInvoice(
    1 << 32,
    1,
    number="FA-2024/0017",
    supplier_name="Atelier Lumen SARL",
    supplier_vat_id="FR40303265045",
    total=Decimal("132.00"),
    issue_date=dt.date(2024, 3, 11),
    currency="EUR",
    document_class="invoice",
)
ROW = replace(PDF, id=2 << 32, source_id=2, supplier_vat_id="", document_class="")


def likeness(**changes: object) -> Likeness:
    return compare(PDF, replace(ROW, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written", ["FA-2024/0017", "fa 2024 17", "FA2O24-OO17", "FA–2024–0017", "FA2024/00I7"]
)
def test_a_number_is_one_however_it_is_written(written: str) -> None:
    assert number_key(written) == number_key("FA-2024/0017")


@pytest.mark.parametrize("written", ["FA-2024/0018", "FB-2024/0017", "FA-2024/017-2"])
def test_another_number_stays_another(written: str) -> None:
    assert number_key(written) != number_key("FA-2024/0017")


def test_a_name_is_one_with_any_legal_form() -> None:
    assert name_key("Atelier Lumen S.A.R.L.") == name_key("ATELIER LUMEN") == "atelierlumen"
    assert name_key("Co") == "co"


def test_the_same_invoice_in_two_forms_is_recognised_with_reasons() -> None:
    found = likeness()

    assert found.is_likely
    assert found.reason == "same number, same total, same supplier, same date"


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "FA2O24-OO17"},
        {"number": ""},
        {"supplier_name": "Atelier Lurnen"},
        {"supplier_name": ""},
        {"issue_date": None},
        {"issue_date": dt.date(2024, 11, 3)},
        {"total": None},
    ],
)
def test_one_thing_misread_hides_nothing(changes: dict[str, object]) -> None:
    assert likeness(**changes).is_likely


def test_what_differs_is_told() -> None:
    found = likeness(issue_date=dt.date(2024, 3, 12))

    assert found.reason == "same number, same total, same supplier; differs in date"


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "FA-2024/0018", "issue_date": dt.date(2024, 4, 11)},  # the next month's
        {"number": "FA-2024/0018"},  # a second one on one day
        {"total": Decimal(66), "issue_date": dt.date(2024, 4, 11)},  # a part of it
        {"total": Decimal("-132.00")},  # what takes it back
        {"document_class": "credit_note"},
        {"document_class": "order"},
        {"supplier_name": "Zimmerei Holz", "issue_date": None, "total": None},
        {"supplier_vat_id": "FR83404833048", "total": Decimal(50)},
    ],
)
def test_what_is_another_document_is_not_taken_for_the_same(changes: dict[str, object]) -> None:
    assert not likeness(**changes).is_likely


def test_a_credit_note_is_the_same_with_either_sign() -> None:
    credit = replace(PDF, document_class="credit_note")
    below = replace(credit, id=9 << 32, total=Decimal("-132.00"))

    assert compare(credit, below).is_likely


def test_rows_of_one_table_with_other_amounts_are_lines_of_one_invoice() -> None:
    line = replace(PDF, id=PDF.id + 1, total=Decimal(12))

    assert not compare(PDF, line).is_likely
    assert compare(PDF, replace(line, total=PDF.total)).is_likely


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "fa2O24 17", "issue_date": None},
        {"number": "", "supplier_vat_id": ""},
        {"supplier_name": "", "total": None},
        {"total": Decimal(-132)},
    ],
)
def test_two_forms_share_a_key(changes: dict[str, object]) -> None:
    keys = block_keys([PDF, replace(PDF, **changes)])  # type: ignore[arg-type]

    shared = [column for column in keys.to_pydict().values() if column[0] == column[1] is not None]
    assert shared


def test_a_key_with_a_missing_part_is_no_key() -> None:
    keys = block_keys([KnownInvoice(1, 1), KnownInvoice(2, 1, number="7")])

    assert all(column.null_count == 2 for column in keys.columns)


def test_a_scan_of_a_page_has_nearly_the_same_image() -> None:
    random = np.random.default_rng(3)
    page = random.integers(0, 255, (8, 9)).astype(np.int32)
    scan = page + random.integers(-4, 4, (8, 9))
    other = random.integers(0, 255, (8, 9))

    assert image_distance(image_hash(page), image_hash(scan)) <= 6
    assert image_distance(image_hash(page), image_hash(other)) > 15


def test_a_scan_whose_number_was_misread_is_recognised_by_its_picture() -> None:
    scan = replace(PDF, id=3 << 32, number="FA-2024/0O77", page_hash=0b1011)
    again = replace(PDF, page_hash=0b1010)

    assert compare(again, scan).is_likely
    assert compare(again, scan).differs == ("number",)
    assert not compare(again, replace(scan, page_hash=(1 << 40) - 1)).is_likely
