from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sqlalchemy import insert

from invoice_desk.core.known_invoices import KnownInvoice
from invoice_desk.core.number_patterns import number_pattern
from invoice_desk.core.source import Detection, Kind
from invoice_desk.db.desk_decisions import IBAN, add_desk_decision
from invoice_desk.db.engine import writing
from invoice_desk.db.known_invoices import add_invoices
from invoice_desk.db.schema import raw_table
from invoice_desk.db.sources import add_source
from invoice_desk.db.suppliers import CHANGED, FIRST, known_supplier, supplier_key
from invoice_desk.services.desk import Desk

ONE = KnownInvoice(
    1 << 32,
    1,
    number="R-2024-01",
    supplier_name="Holz Weber GmbH",
    supplier_vat_id="DE136695976",
    iban="DE89370400440532013000",
    bic="COBADEFF",
    total=Decimal(100),
    currency="EUR",
    is_trusted=True,
)


def keep(desk: Desk, *invoices: tuple[KnownInvoice, str]) -> None:
    with writing(desk.engine) as connection:
        add_source(
            connection,
            sha256="1",
            name="a",
            origin="",
            size=0,
            detection=Detection(Kind.PDF, 1.0),
            container_id=None,
            now=desk.now(),
        )
        values: dict[str, object] = {key: {} for key in ("structure", "details", "mapping")}
        connection.execute(
            insert(raw_table).values(
                id=1, source_id=1, ordinal=0, name="t", row_count=0, columns=[], **values
            )
        )
        for number, (invoice, standing) in enumerate(invoices):
            placed = replace(invoice, id=invoice.id + number)
            add_invoices(connection, [placed], pass_id=None, standings=[standing])


def test_a_supplier_is_found_by_vat_id_registration_name_or_account(desk: Desk) -> None:
    keep(desk, (replace(ONE, supplier_registration="HRB123456"), FIRST))

    with writing(desk.engine) as connection:
        found = [
            known_supplier(connection, vat_id="DE 136 695 976"),
            known_supplier(connection, registration="HRB 123456"),
            known_supplier(connection, name="HOLZ WEBER"),
            known_supplier(connection, iban="DE89 3704 0044 0532 0130 00"),
        ]

    assert [supplier and supplier.ibans for supplier in found] == [(ONE.iban,)] * 4


def test_what_is_not_trusted_is_not_remembered(desk: Desk) -> None:
    keep(desk, (replace(ONE, is_trusted=False), FIRST))

    with writing(desk.engine) as connection:
        assert known_supplier(connection, name="Holz Weber") is None


def test_a_changed_account_is_remembered_only_when_a_person_confirmed_it(desk: Desk) -> None:
    other = replace(ONE, iban="FR7630006000011234567890189")
    keep(desk, (ONE, FIRST), (other, CHANGED))
    key = supplier_key(name=ONE.supplier_name, vat_id=ONE.supplier_vat_id)

    with writing(desk.engine) as connection:
        before = known_supplier(connection, vat_id=ONE.supplier_vat_id)
        add_desk_decision(
            connection, kind=IBAN, one=key, other=other.iban, person="ann", now=desk.now()
        )
        after = known_supplier(connection, vat_id=ONE.supplier_vat_id)

    assert before is not None
    assert after is not None
    assert before.ibans == (ONE.iban,)
    assert set(after.ibans) == {ONE.iban, other.iban}


def test_strangers_that_share_an_id_by_mistake_are_not_one_supplier(desk: Desk) -> None:
    keep(desk, (ONE, FIRST))

    with writing(desk.engine) as connection:
        found = known_supplier(connection, name="Zürcher Käserei", vat_id=ONE.supplier_vat_id)

    assert found is None


def test_amounts_and_numbers_are_told_by_what_is_usual(desk: Desk) -> None:
    totals = [Decimal(n) for n in (90, 100, 5000)]
    invoices = [replace(ONE, number=f"R-2024-0{n}", total=t) for n, t in enumerate(totals)]
    keep(desk, *((invoice, FIRST) for invoice in invoices))

    with writing(desk.engine) as connection:
        found = known_supplier(connection, name="Holz Weber")

    assert found is not None
    assert (found.least_total, found.usual_total, found.greatest_total) == tuple(totals)
    assert found.number_patterns == ("A-9999-99",)
    assert found.invoices == 3


def test_a_pattern_keeps_what_is_neither_digit_nor_letter() -> None:
    assert number_pattern("FÄ-2024/7_b") == "AA-9999/9_A"


def test_an_id_without_letters_or_digits_is_nobodys_key() -> None:
    assert supplier_key(name="GmbH", vat_id=" ", registration="-") == "name:gmbh"
    assert supplier_key() == ""
