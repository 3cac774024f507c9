from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from einvoices import CII

from invoice_desk.core.source import SourceStatus
from invoice_desk.services import browsing
from invoice_desk.services.cleaning import clean_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.likeness import (
    confirm_iban,
    decide_pair,
    likely_pairs,
    supplier,
    withdraw_pair_decision,
)
from invoice_desk.writers.pdf import PlacedText, write_pdf

GOOD, OTHER = "FR7630006000011234567890189", "DE89370400440532013000"
_HEAD = "Supplier,Invoice number,Invoice date,Net amount,VAT amount,Total amount,Currency,IBAN\n"


def invoice_pdf(
    path: Path,
    *,
    number: str = "FA-2024-0017",
    total: str = "120,00",
    iban: str = GOOD,
    day: str = "11/03/2024",
    more: Sequence[str] = (),
) -> Path:
    net = f"{float(total.replace(',', '.')) / 1.2:.2f}".replace(".", ",")
    tax = f"{float(total.replace(',', '.')) / 6:.2f}".replace(".", ",")
    texts = [
        "Atelier Lumen SARL", f"Facture n° {number}", f"Date de facture : {day}",
        "TVA FR40303265045", *more, f"Total HT {net} €", f"Montant TVA {tax} €",
        f"Total TTC {total} €", f"IBAN {iban}",
    ]  # fmt: skip
    write_pdf([[PlacedText(50, 80 + 22 * n, text) for n, text in enumerate(texts)]], path)
    return path


def rows_csv(path: Path, *rows: str) -> Path:
    path.write_text(_HEAD + "\n".join(rows) + "\n")
    return path


def codes(desk: Desk) -> list[str]:
    return sorted(f.code for f in browsing.findings(desk) if f.code.startswith(("same", "iban")))


ROW = "Atelier Lumen,fa 2024/17,2024-03-11,100.00,20.00,120.00,EUR,"


@pytest.fixture
def both(desk: Desk, tmp_path: Path) -> Desk:
    """Give a desk with an invoice as PDF and, cleaned, as a line of a CSV file."""
    import_paths(desk, [invoice_pdf(tmp_path / "a.pdf")])
    import_paths(desk, [rows_csv(tmp_path / "b.csv", ROW, ROW.replace("17", "18"))])
    clean_tables(desk)
    return desk


def test_an_invoice_as_pdf_and_as_a_line_is_told_on_both(both: Desk) -> None:
    (pair,) = likely_pairs(both)

    assert {pair.first_name, pair.second_name} == {"a.pdf", "b.csv, row 2"}
    assert pair.reason.startswith("same number, same total")
    assert codes(both) == ["iban_first", "same_invoice", "same_invoice"]
    assert {f.source_id for f in browsing.findings(both) if f.code == "same_invoice"} == {1, 2}


def test_two_documents_are_told_at_import_before_anything_is_cleaned(
    desk: Desk, tmp_path: Path
) -> None:
    first = invoice_pdf(tmp_path / "a.pdf")
    again = invoice_pdf(tmp_path / "b.pdf", more=["Copie"])

    result = import_paths(desk, [first, again])

    assert result.successful == 2  # nothing is rejected
    assert codes(desk).count("same_invoice") == 2
    assert {each.status for each in browsing.sources(desk)} == {SourceStatus.PREVIEW}


def test_who_was_to_be_looked_at_as_a_duplicate_only_is_done_again(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "a.xml").write_text(CII)
    (tmp_path / "b.xml").write_text(CII + "<!-- again -->")
    import_paths(desk, [tmp_path / "a.xml"])
    (alone,) = browsing.sources(desk)
    assert alone.status is SourceStatus.COMPLETED
    import_paths(desk, [tmp_path / "b.xml"])
    assert {each.status for each in browsing.sources(desk)} == {SourceStatus.PREVIEW}
    (pair,) = likely_pairs(desk)

    decide_pair(desk, pair.first, pair.second, same=False)

    assert {each.status for each in browsing.sources(desk)} == {SourceStatus.COMPLETED}


def test_an_invoice_as_xml_and_as_a_line_is_told(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "e.xml").write_text(CII)
    line = "Atelier Lumen,R 77,2024-03-11,110.00,22.00,132.00,EUR,"
    import_paths(desk, [tmp_path / "e.xml", rows_csv(tmp_path / "b.csv", line)])
    clean_tables(desk)

    (pair,) = likely_pairs(desk)

    assert {pair.first_name, pair.second_name} == {"e.xml", "b.csv, row 2"}


def test_the_next_months_invoice_is_another(desk: Desk, tmp_path: Path) -> None:
    first = invoice_pdf(tmp_path / "a.pdf")
    later = invoice_pdf(tmp_path / "b.pdf", number="FA-2024-0018", day="11/04/2024")

    import_paths(desk, [first, later])

    assert likely_pairs(desk) == []


def test_what_is_no_duplicate_stays_none_after_a_new_pass(both: Desk) -> None:
    (pair,) = likely_pairs(both)

    decide_pair(both, pair.first, pair.second, same=False)
    clean_tables(both)

    assert likely_pairs(both) == []
    assert "same_invoice" not in codes(both)
    assert [p.decision for p in likely_pairs(both, decided=True)] == ["different"]


def test_what_is_no_duplicate_stays_none_when_the_file_is_read_again(
    both: Desk, tmp_path: Path
) -> None:
    from invoice_desk.services.importing import ImportJob
    from invoice_desk.services.jobs import JobSettings
    from invoice_desk.services.storing import forget_reading

    (pair,) = likely_pairs(both)
    decide_pair(both, pair.first, pair.second, same=False)
    forget_reading(both, 1, status=SourceStatus.PENDING.value)

    ImportJob(both, [], JobSettings(), source_ids=[1]).run()

    assert likely_pairs(both) == []
    assert len(likely_pairs(both, decided=True)) == 1


def test_a_duplicate_no_longer_counts_until_that_is_taken_back(both: Desk) -> None:
    (pair,) = likely_pairs(both)

    decision = decide_pair(both, pair.first, pair.second, same=True)
    without = browsing.desk_summary(both)["rows_cleaned"]
    likely_pairs(both)  # remembers the rows as they stand now
    withdraw_pair_decision(both, decision)

    assert without == 2
    assert browsing.desk_summary(both)["rows_cleaned"] == 3
    assert len(likely_pairs(both)) == 1
    assert codes(both).count("same_invoice") == 2


def test_a_corrected_number_ends_the_likeness(both: Desk) -> None:
    from invoice_desk.services.reviewing import Correction, correct

    (pair,) = likely_pairs(both)
    table, row = pair.second >> 32, pair.second & 0xFFFFFFFF

    correct(both, table, [Correction(row, "invoice_number", "FA-2031-99")])

    assert likely_pairs(both) == []


def test_another_account_of_a_known_supplier_is_an_error_with_both_masked(
    desk: Desk, tmp_path: Path
) -> None:
    import_paths(desk, [invoice_pdf(tmp_path / "a.pdf")])

    import_paths(
        desk,
        [
            invoice_pdf(
                tmp_path / "b.pdf",
                number="FA-2024-0030",
                iban=OTHER,
                day="11/05/2024",
                total="240,00",
            )
        ],
    )

    (found,) = [f for f in browsing.findings(desk) if f.code == "iban_changed"]
    assert (found.severity, found.text) == ("error", "DE89 … 3000 instead of FR76 … 0189")
    assert found.source_id == 2


def test_a_confirmed_account_is_remembered_and_can_be_taken_back(
    desk: Desk, tmp_path: Path
) -> None:
    import_paths(desk, [invoice_pdf(tmp_path / "a.pdf")])
    changed = {"iban": OTHER, "total": "240,00"}
    import_paths(
        desk, [invoice_pdf(tmp_path / "b.pdf", number="FA-2024-0030", day="11/05/2024", **changed)]
    )

    decision = confirm_iban(desk, 2)
    import_paths(
        desk, [invoice_pdf(tmp_path / "c.pdf", number="FA-2024-0031", day="11/06/2024", **changed)]
    )
    confirmed = codes(desk)
    withdraw_pair_decision(desk, decision)

    assert confirmed == ["iban_first"]
    assert "iban_changed" in codes(desk)


def test_a_supplier_is_remembered_by_what_its_invoices_had(both: Desk) -> None:
    known = supplier(both, name="ATELIER LUMEN", vat_id="FR40303265045")

    assert known is not None
    assert known.ibans == (GOOD,)
    assert known.vat_ids == ("FR40303265045",)
    assert known.currencies == ("EUR",)
    assert "AA-9999-9999" in known.number_patterns
    assert known.usual_total == 120
    assert supplier(both, name="Nobody") is None


def test_a_supplier_with_the_same_name_and_another_vat_id_is_another(both: Desk) -> None:
    other = supplier(both, name="Atelier Lumen", vat_id="DE136695976")

    assert other is None or GOOD not in other.ibans
