"""Every document type on a small file of its kind: what is kept, left out, sorted, doubted."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import write_csv

from invoice_desk.core.lookups import ReferenceEntry
from invoice_desk.core.modes import Mode
from invoice_desk.db.clean_tables import clean_table
from invoice_desk.db.engine import reading
from invoice_desk.errors import ArgumentError, TemplateError
from invoice_desk.services import browsing, types
from invoice_desk.services.cleaning import CleaningResult, clean_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.passes import compare_passes, passes
from invoice_desk.services.scanning import revenue_total, scan_desk

IN_PROCESS = JobSettings(Mode.STANDARD)
JOURNAL = (
    "Org Name;Origine;N Fact;Typ Fact;Date Fact;Client;Devise;Obj Fact;Cpt Comptable;Date GL;"
    "Periode de facturation;Reference;Termine Flag;Description;Chiffre Aff Exe Dzd\n"
)
STATEMENT = (
    "Organisation;Source;N Fact;Typ Fact;Date Fact;Client;Obj Fact;Periode;Termine Flag;"
    "Montant Ht;Montant Taxe;Montant Ttc;Chiffre Aff Exe;Encaissement;Date Rglt;"
    "Facture Avoir / Annulation\n"
)


def cleaned(desk: Desk, path: Path, text: str, **options: str) -> CleaningResult:
    import_paths(desk, [write_csv(path, text)], settings=IN_PROCESS)
    return clean_tables(desk, options=options, settings=IN_PROCESS)


def rows_of(desk: Desk, name: str) -> list[dict[str, Any]]:
    table = clean_table(desk.types[name])
    with reading(desk.engine) as connection:
        query = table.select().order_by(table.c.id)
        return [dict(row) for row in connection.execute(query).mappings()]


def codes_of(desk: Desk) -> list[str]:
    return sorted(found.code for found in browsing.findings(desk))


def journal_line(org: str, number: str, **changes: str) -> str:
    cells = {
        "origin": "DCC",
        "type": "FA",
        "date": "05/03/2024",
        "client": "Client A",
        "object": "Abonnement",
        "account": "706100",
        "gl": "31/03/2024",
        "period": "03/2024",
        "amount": "1 000,50",
    } | changes
    return (
        f"{org};{cells['origin']};{number};{cells['type']};{cells['date']};{cells['client']};DZD;"
        f"{cells['object']};{cells['account']};{cells['gl']};{cells['period']};r;N;d;"
        f"{cells['amount']}\n"
    )


def statement_line(org: str, number: str, total: str, paid: str, day: str, **changes: str) -> str:
    cells = {"client": "Client A", "revenue": total, "source": "DCC"} | changes
    return (
        f"{org};{cells['source']};{number};FA;05/03/2024;{cells['client']};o;03/2024;N;{total};0;"
        f"{total};{cells['revenue']};{paid};{day};0\n"
    )


def test_the_journal_is_sorted_into_buckets_by_the_first_rule_that_holds(
    desk: Desk, tmp_path: Path
) -> None:
    lines = [
        journal_line("DOT Oran", "1"),
        journal_line("DOT Oran", "2", account="706100A", object="@x"),
        journal_line("DOT Oran", "3", gl="31/12/2023"),
        journal_line("DOT Oran", "4", date="05/01/2025"),
        journal_line("DOT Oran", "5", object="@avance"),
        journal_line("DOT Oran", "6", period="01/2023 - 12/2023"),
        journal_line("AT Siège", "7", origin="DAJ"),
        journal_line("AT Siège", "8", origin="DCGC"),
    ]

    result = cleaned(desk, tmp_path / "j.csv", JOURNAL + "".join(lines), exercice="2024")

    found = rows_of(desk, "journal_ventes")
    assert [row["bucket"] for row in found] == [
        "main",
        "exercice_anterieur",
        "exercice_anterieur",
        "facturation_avance",
        "anomalie",
        "anomalie",
        "main",
        "main",
    ]
    assert found[6]["cleaning_status"] == "filtered_out"
    assert json.loads(found[6]["reasons"]) == ["siege_outside_dcc"]
    assert result.tables[0].buckets == {
        "main": 2,
        "exercice_anterieur": 2,
        "facturation_avance": 1,
        "anomalie": 2,
    }
    assert found[0]["revenue_amount"] == Decimal("1000.5000")


def test_a_choice_changes_the_bucket_and_two_passes_are_compared(
    desk: Desk, tmp_path: Path
) -> None:
    lines = [journal_line("DOT Oran", "1"), journal_line("DOT Oran", "2", object="@avance")]
    cleaned(desk, tmp_path / "j.csv", JOURNAL + "".join(lines), exercice="2024")
    options = {"exercice": "2024", "object_and_period": "exercice antérieur"}
    clean_tables(desk, options=options, settings=IN_PROCESS)

    first, second = passes(desk, table_id=1)
    comparison = compare_passes(desk, first.id, second.id)

    assert comparison.changed == 1
    assert comparison.by_field == {"bucket": 1}
    change = comparison.rows[0].changes[0]
    assert (change.field, change.before, change.after) == (
        "bucket",
        "anomalie",
        "exercice_anterieur",
    )


def test_only_two_passes_keep_their_rows(desk: Desk, tmp_path: Path) -> None:
    cleaned(desk, tmp_path / "j.csv", JOURNAL + journal_line("DOT Oran", "1"), exercice="2024")
    for _ in range(2):
        clean_tables(desk, options={"exercice": "2024"}, settings=IN_PROCESS)

    first, second, third = passes(desk, table_id=1)

    assert [p.state for p in (first, second, third)] == ["superseded", "superseded", "done"]
    assert compare_passes(desk, second.id, third.id).changed == 0
    with pytest.raises(ArgumentError, match="gone"):
        compare_passes(desk, first.id, third.id)


def test_a_year_that_nobody_set_is_taken_from_the_dates_and_said(
    desk: Desk, tmp_path: Path
) -> None:
    lines = [journal_line("DOT Oran", str(n)) for n in range(3)]
    cleaned(desk, tmp_path / "j.csv", JOURNAL + "".join(lines))

    assert "year_assumed" in codes_of(desk)
    assert {row["bucket"] for row in rows_of(desk, "journal_ventes")} == {"main"}


def test_payments_in_parts_keep_every_payment_and_count_the_invoice_once(
    desk: Desk, tmp_path: Path
) -> None:
    lines = [
        statement_line("DOT Oran", "100", "1190,00", "500,00", "10/04/2024"),
        statement_line("DOT Oran", "100", "1190,00", "690,00", "11/05/2024"),
        statement_line("DOT Oran", "101", "200,00", "0,00", ""),
        statement_line("DOT Oran", "10x", "5,00", "5,00", "10/04/2024"),
    ]

    result = cleaned(desk, tmp_path / "e.csv", STATEMENT + "".join(lines))

    found = rows_of(desk, "etat_facture")
    assert [row["total_amount"] for row in found] == [1190, None, 200, 5]
    assert [row["collection_amount"] for row in found] == [500, 690, 0, 5]
    assert found[1]["payment_date"] == "2024-05-11"
    assert result.tables[0].totals["total_amount"] == Decimal(1395)
    assert result.tables[0].totals["collection_amount"] == Decimal(1195)
    assert codes_of(desk) == [
        "duplicate",
        "invalid_invoice_number",
        "nothing_collected",
        "unsettled_column",
    ]


def test_receivables_name_every_reason_for_leaving_a_row_out(desk: Desk, tmp_path: Path) -> None:
    head = (
        "DOT;ACTEL;MOIS;ANNEE;SUBS_STATUS;PRODUIT;CUST_LEV1;CUST_LEV2;CUST_LEV3;INVOICE_AMT;"
        "OPEN_AMT;TAX_AMT;INVOICE_AMT_HT;DISPUTE_AMT;DISPUTE_TAX_AMT;DISPUTE_NET_AMT;"
        "CREANCE_BRUT;CREANCE_NET;CREANCE_HT\n"
    )
    amounts = ";100;40;19;81;0;0;0;40;40;33"
    lines = [
        f"DOT_ORAN;A1;3;2024;Active;LTE;Corporate;x;Ligne d'exploitation AP{amounts}\n",
        f"ORAN;A1;13;2024;Active;LTE;Corporate Group;x;Ligne d'exploitation ATS{amounts}\n",
        f"Oran;A1;3;2024;Active;ADSL;Residential;x;other{amounts}\n",
        f"Nowhere;A1;3;2024;Active;LTE;Corporate;x;Ligne d'exploitation AP{amounts}\n",
    ]

    cleaned(desk, tmp_path / "c.csv", head + "".join(lines))

    found = rows_of(desk, "creances_ngbss")
    assert [row["dot"] for row in found] == ["Oran", "Oran", "Oran", "Siege"]
    assert json.loads(found[2]["reasons"]) == [
        "product_out_of_scope",
        "customer_level_1",
        "customer_level_3",
    ]
    assert codes_of(desk) == ["month_too_high", "taken_from_elsewhere"]


def test_an_unknown_direction_is_kept_and_critical(desk: Desk, tmp_path: Path) -> None:
    text = "DO;PRODUIT;HT;TAX;TTC;DISCOUNT\nAtlantis;LTE;1,00;0,19;1,19;0\n"

    cleaned(desk, tmp_path / "p.csv", text)

    assert rows_of(desk, "ca_periodique")[0]["dot"] == "Atlantis"
    (found,) = browsing.findings(desk)
    assert (found.code, found.severity, found.anomaly) == (
        "unknown_name",
        "critical",
        "invalid_dot",
    )


def test_the_list_of_names_can_be_changed(desk: Desk, tmp_path: Path) -> None:
    entries = types.reference_list(desk, "dot")
    assert len(entries) == 61
    types.change_reference(desk, "dot", [*entries, ReferenceEntry("Atlantis", "ATL", ())])
    text = "DO;PRODUIT;HT;TAX;TTC;DISCOUNT\nDOT_ATLANTIS;LTE;1,00;0,19;1,19;0\n"

    cleaned(desk, tmp_path / "p.csv", text)

    assert rows_of(desk, "ca_periodique")[0]["dot"] == "Atlantis"
    assert codes_of(desk) == []
    with pytest.raises(ArgumentError, match="once"):
        types.change_reference(desk, "dot", [ReferenceEntry("A"), ReferenceEntry("A")])


@pytest.mark.parametrize(
    ("name", "extra", "cells"),
    [
        ("ca_dnt", "TRANS_TYPE;CHANNEL_ID;EXT_TRANS_TYPE", "T;C;E"),
        ("ca_rfd", "DROIT_TIMBRE", "10,00"),
        ("ca_cnt", "INVOICE_ADJUSTED;TRANS_TYPE;CHANNEL_ID", "I;T;C"),
    ],
)
def test_adjustments_keep_siege_and_tell_products_by_the_longest_prefix(
    desk: Desk, tmp_path: Path, name: str, extra: str, cells: str
) -> None:
    head = (
        f"PRI_IDENTITY;CUST_CODE;FULL_NAME;TRANS_ID;{extra};TTC;TVA;HT;ENTRY_DATE;ACTEL;DO;"
        "CUST_LEV1;CUST_LEV2;CUST_LEV3;DEPARTEMENT\n"
    )
    rest = "-119,00;-19,00;-100,00;2024-03-05 10:00:00;12|ACTEL Oran;{dot};a;b;c;{dep}\n"
    corporate = "Direction Commerciale Corporate"
    lines = [
        f"LS0021;1;N;t1;{cells};" + rest.format(dot="Siège", dep=corporate),
        f"A0022;1;N;t2;{cells};" + rest.format(dot="", dep=corporate),
        f"PART9;1;N;t3;{cells};" + rest.format(dot="Oran", dep="DOT_ORAN"),
    ]

    cleaned(desk, tmp_path / "x.csv", head + "".join(lines))

    found = rows_of(desk, name)
    assert [row["line_product"] for row in found] == [
        "Specialized Line",
        "ADSL",
        "Specialized Line",
    ]
    assert [row["cleaning_status"] for row in found] == ["cleaned", "cleaned", "filtered_out"]
    assert found[1]["dot"] == "Siege"
    assert found[0]["total_amount"] == Decimal(-119)
    assert codes_of(desk) == ["taken_from_elsewhere"]


def test_corporate_lines_keep_their_zeros(desk: Desk, tmp_path: Path) -> None:
    head = (
        "ACTEL_CODE;CODE_CUSTOMER_L1;DESCRIPTION_CUSTOMER_L1;CODE_CUSTOMER_L2;"
        "DESCRIPTION_CUSTOMER_L2;CODE_CUSTOMER_L3;DESCRIPTION_CUSTOMER_L3;TELECOM_TYPE;OFFER_TYPE;"
        "OFFER_NAME;SUBSCRIBER_STATUS;CREATION_DATE;STATE;CUSTOMER_FULL_NAME\n"
    )
    line = "007;01;Corp;02;x;{l3};y;FTTX;post;{offer};{status};20 févr. 24;DOT_ORAN;N\n"
    lines = [
        line.format(l3="03", offer="Idoom", status="Active"),
        line.format(l3="57", offer="Moohtarif plus", status="Predeactivated"),
    ]

    cleaned(desk, tmp_path / "parc.csv", head + "".join(lines))

    first, second = rows_of(desk, "parc_corporate")
    assert (first["actel_code"], first["customer_l3_code"], first["state"]) == ("007", "03", "Oran")
    assert first["creation_date"].startswith("2024-02-20")
    assert json.loads(second["reasons"]) == ["level_3_left_out", "offer_left_out", "predeactivated"]


def test_one_off_revenue_has_a_switch_for_specialized_lines(desk: Desk, tmp_path: Path) -> None:
    text = (
        "DO;PRODUIT;HT;TAX;TTC;TYPE_VENTE;CHANNEL\n"
        "Siège;LTE;1,00;0,19;1,19;v;c\nOran;Specialized Line;1,00;0,19;1,19;v;c\n"
    )
    first = cleaned(desk, tmp_path / "n.csv", text)
    second = clean_tables(desk, options={"specialized_line": "keep"}, settings=IN_PROCESS)

    assert (first.cleaned, second.cleaned) == (1, 2)
    assert first.tables[0].document_type == "ca_non_periodique"


def test_manual_invoices_may_be_negative_in_parentheses(desk: Desk, tmp_path: Path) -> None:
    text = (
        "Mois;Date de Facture;Dépts;N° Facture(s);Exercices;Client;Montant HT;%TVA;Montant TVA;"
        "Montant TTC;Désignations;Période\n"
        "Mars;05/03/2024;DAJ;12;2024;C;(1 000,00);19;(190,00);(1 190,00);d;p\n"
    )
    cleaned(desk, tmp_path / "m.csv", text)

    (row,) = rows_of(desk, "facturation_manuelle")
    assert row["total_amount"] == Decimal(-1190)


def test_collections_of_an_earlier_year_and_of_the_future_are_told(
    desk: Desk, tmp_path: Path
) -> None:
    text = (
        "DOT;ORGANIZATION;INVOICE_NUMBER;PAYMENT_DATE;COLLECTION_AMOUNT;CLIENT\n"
        "Oran;O;1;15/03/2023;10,00;c\nOran;O;2;15/03/2024;0,00;c\nOran;O;3;15/03/2999;5,00;c\n"
    )
    cleaned(desk, tmp_path / "c.csv", text, exercice="2024")

    assert [row["bucket"] for row in rows_of(desk, "ngbss_collection")] == [
        "previous_year",
        "main",
        "main",
    ]
    assert codes_of(desk) == ["collection_not_positive", "payment_in_the_future"]


def test_unfinished_invoices_count_the_days(desk: Desk, tmp_path: Path) -> None:
    text = (
        "DOT;INVOICE_NUMBER;INVOICE_DATE;CLIENT;INVOICE_AMOUNT;STATUS;REASON\n"
        "Oran;1;15/03/2020;c;10,00;open;r\n"
    )
    cleaned(desk, tmp_path / "u.csv", text)

    (row,) = rows_of(desk, "unfinished_invoice")
    assert row["days_pending"] == (desk.now().date() - dt.date(2020, 3, 15)).days
    assert codes_of(desk) == ["pending_too_long"]


def test_cancellations_have_a_bucket_and_repeated_lines_can_be_left_out(
    desk: Desk, tmp_path: Path
) -> None:
    head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    line = "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850,UK\n"
    text = head + line + line + "C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527,UK\n"

    first = cleaned(desk, tmp_path / "r.csv", text)
    assert codes_of(desk) == ["duplicate"]
    second = clean_tables(desk, options={"repeated_lines": "leave_out"}, settings=IN_PROCESS)

    assert first.tables[0].buckets == {"main": 2, "cancellation": 1}
    assert (first.cleaned, second.cleaned, second.filtered_out) == (3, 2, 1)
    assert first.tables[0].totals["net_amount"] == Decimal("3.1")
    assert second.tables[0].totals["net_amount"] == Decimal("-12.2")


def test_a_ledger_entry_that_does_not_balance_is_found(desk: Desk, tmp_path: Path) -> None:
    names = (
        "JournalCode|JournalLib|EcritureNum|EcritureDate|CompteNum|CompteLib|CompAuxNum|CompAuxLib|"
        "PieceRef|PieceDate|EcritureLib|Debit|Credit|EcritureLet|DateLet|ValidDate|Montantdevise|"
        "Idevise\n"
    )
    line = "VE|Ventes|{n}|20240305|{a}|x|||P1|20240305|l|{d}|{c}|||20240331||\n"
    lines = [
        line.format(n=1, a="411000", d="119,00", c="0,00"),
        line.format(n=1, a="706000", d="0,00", c="119,00"),
        line.format(n=2, a="411000", d="10,00", c="0,00"),
        line.format(n=2, a="706000", d="0,00", c="9,99"),
    ]
    other = line.format(n=2, a="706000", d="0,00", c="0,01").replace("P1", "P9")
    cleaned(desk, tmp_path / "g.txt", names + lines[0] + lines[1] + other)
    result = cleaned(desk, tmp_path / "f.txt", names + "".join(lines))
    assert result.tables[0].document_type == "fec"

    (scan,) = scan_desk(desk)

    assert (scan.findings, codes_of(desk)) == (2, ["unbalanced", "unbalanced"])  # not netted
    assert all("0.01" in (found.text or "") for found in browsing.findings(desk))


def test_calls_become_numbers_seconds_and_utc(desk: Desk, tmp_path: Path) -> None:
    text = (
        "call_id,src,dst,start,duration,disposition,cost\n"
        "1,0550123456,0033142685300,05/03/2024 23:30:00,1:15,ANSWERED,2.5\n"
        "2,1020,021234567,2024-03-06T10:00:00+03:00,0,NO ANSWER,0\n"
        "2,1020,021234567,2024-03-06T10:00:00+03:00,0,NO ANSWER,0\n"
        "3,anonymous,not a number,25/03/2024 10:00:00,90000,ANSWERED,-1\n"
    )
    cleaned(desk, tmp_path / "calls.csv", text)

    found = rows_of(desk, "cdr")
    assert [row["caller_number"] for row in found[:2]] == ["+213550123456", "1020"]
    assert found[0]["called_number"] == "+33142685300"
    assert found[0]["call_start"] == "2024-03-05T22:30:00Z"
    assert found[1]["call_start"] == "2024-03-06T07:00:00Z"
    assert found[0]["call_start_text"] == "05/03/2024 23:30:00"
    assert [row["duration"] for row in found] == [75, 0, 0, 90000]
    assert [row["cleaning_status"] for row in found] == [
        "cleaned",
        "cleaned",
        "filtered_out",
        "cleaned",
    ]
    assert codes_of(desk) == ["longer_than_a_day", "negative_cost", "unreadable"]


def test_a_copied_type_with_a_changed_rule_cleans_the_same_table_otherwise(
    desk: Desk, tmp_path: Path
) -> None:
    from dataclasses import replace

    text = "DO;PRODUIT;HT;TAX;TTC;DISCOUNT\nOran;ADSL;1,00;0,19;1,19;0\n"
    assert cleaned(desk, tmp_path / "p.csv", text).cleaned == 0
    copied = types.copy_type(desk, "ca_periodique", new_name="ca_adsl", title="CA with ADSL")
    rule = copied.filters[0]
    values = (*rule.all[1].values, "ADSL")
    loosened = replace(rule, all=(rule.all[0], replace(rule.all[1], values=values)))
    changed = types.change_type(desk, replace(copied, filters=(loosened, copied.filters[1])))
    from invoice_desk.services.templating import confirm_mapping

    mapping = browsing.table(desk, 1).mapping
    confirm_mapping(desk, 1, document_type="ca_adsl", mapping=mapping, template_name=None)

    result = clean_tables(desk, settings=IN_PROCESS)

    assert (changed.version, changed.based_on) == (2, "ca_periodique")
    assert result.cleaned == 1
    with pytest.raises(ArgumentError, match="in use"):
        types.reset_type(desk, "ca_adsl")


def test_a_type_that_is_not_valid_is_refused_whole(desk: Desk) -> None:
    from dataclasses import replace

    made = types.copy_type(desk, "ca_periodique", new_name="mine", title="Mine")

    with pytest.raises(TemplateError, match="lose"):
        types.change_type(desk, replace(made, fields=made.fields[:2]))
    with pytest.raises(ArgumentError, match="already"):
        types.copy_type(desk, "ca_periodique", new_name="mine", title="Mine")
    with pytest.raises(ArgumentError, match="small letters"):
        types.copy_type(desk, "ca_periodique", new_name="My type!", title="Mine")
    assert desk.types["mine"].version == 1


def test_a_changed_type_is_there_when_the_desk_is_opened_again(desk: Desk) -> None:
    from invoice_desk.services.desk import open_desk

    types.copy_type(desk, "cdr", new_name="my_calls", title="My calls")

    again = open_desk(desk.path)
    try:
        assert again.types["my_calls"] == desk.types["my_calls"]
    finally:
        again.close()


def test_journal_and_statement_are_held_against_each_other(desk: Desk, tmp_path: Path) -> None:
    journal = [journal_line("DOT Oran", "1"), journal_line("DOT Oran", "2")]
    statement = [
        statement_line("DOT_ORAN", "2", "1000,50", "0,00", "", revenue="900,00"),
        statement_line("DOT Oran", "3", "10,00", "10,00", "10/04/2024"),
    ]
    cleaned(desk, tmp_path / "j.csv", JOURNAL + "".join(journal), exercice="2024")
    cleaned(desk, tmp_path / "e.csv", STATEMENT + "".join(statement))

    scan_desk(desk)
    scan_desk(desk)  # a second scan takes the place of the first

    codes = [
        code for code in codes_of(desk) if code not in {"nothing_collected", "unsettled_column"}
    ]
    assert codes == ["amounts_differ", "missing_in_other", "missing_in_other", "year_assumed"]


def test_outliers_and_sudden_drops_are_found_within_their_organisation(
    desk: Desk, tmp_path: Path
) -> None:
    lines = [
        journal_line("DOT Oran", str(n), amount="100,00", date=f"15/0{n % 3 + 1}/2024")
        for n in range(30)
    ]
    lines.append(journal_line("DOT Oran", "99", amount="90000,00", date="05/02/2024"))
    cleaned(desk, tmp_path / "j.csv", JOURNAL + "".join(lines), exercice="2024")

    scan_desk(desk, ["journal_ventes"])

    assert codes_of(desk) == ["outlier", "sudden_drop"]
    assert browsing.source(desk, 1).quality == pytest.approx(100 - 2 / 31 * 100)


def test_revenue_of_a_period_is_the_sum_of_its_four_parts(desk: Desk, tmp_path: Path) -> None:
    text = "DO;PRODUIT;HT;TAX;TTC;DISCOUNT\nSiège;LTE;100,00;19,00;119,00;0\n"
    cleaned(desk, tmp_path / "p.csv", text)

    total = revenue_total(desk)

    assert total.total["total_amount"] == Decimal(119)
    assert total.missing == ("ca_dnt", "ca_rfd", "ca_cnt")


def test_the_grid_shows_the_bucket_and_orders_by_it(desk: Desk, tmp_path: Path) -> None:
    lines = [journal_line("DOT Oran", "1"), journal_line("DOT Oran", "2", object="@x")]
    cleaned(desk, tmp_path / "j.csv", JOURNAL + "".join(lines), exercice="2024")

    rows = browsing.TableRows(desk, 1, browsing.View.CLEANED)
    ids = rows.ids(browsing.RowFilter(order_by="bucket"))

    assert rows.columns[-1].is_bucket
    assert [rows.rows(ids)[number].cells[-1].text for number in ids] == ["anomalie", "main"]


def test_any_table_shows_what_it_has(desk: Desk, tmp_path: Path) -> None:
    cleaned(desk, tmp_path / "x.csv", "colour;Montant TTC\nred;1,50\nblue;2,50\n")

    rows = browsing.TableRows(desk, 1, browsing.View.CLEANED)

    assert [column.title for column in rows.columns] == ["total_amount", "colour"]
    assert [cell.text for cell in rows.rows([1])[1].cells] == ["1.50", "red"]


ADJUSTED = (
    "PRI_IDENTITY;CUST_CODE;FULL_NAME;TRANS_ID;DROIT_TIMBRE;TTC;TVA;HT;ENTRY_DATE;ACTEL;DO;"
    "CUST_LEV1;CUST_LEV2;CUST_LEV3;DEPARTEMENT\n"
    "LS1;1;N;t1;0,00;119,00;19,00;100,00;2024-03-05 10:00:00;{actel};{dot};a;302 x;c;"
    "Direction Commerciale Corporate\n"
)


def test_an_agency_stands_for_its_direction_where_the_list_says_so(
    desk: Desk, tmp_path: Path
) -> None:
    text = ADJUSTED.replace("Direction Commerciale Corporate", "x")
    cleaned(desk, tmp_path / "r.csv", text.format(actel="7|ACTEL TOUGOURT", dot=""))
    assert rows_of(desk, "ca_rfd")[0]["dot"] == "Touggourt"

    types.change_reference(desk, "actel", [ReferenceEntry("Ouargla", "", ("ACTEL TOUGOURT",))])
    clean_tables(desk, settings=IN_PROCESS)

    assert rows_of(desk, "ca_rfd")[-1]["dot"] == "Ouargla"


def test_adjustments_may_be_subtracted_and_level_302_be_a_label(desk: Desk, tmp_path: Path) -> None:
    cleaned(desk, tmp_path / "r.csv", ADJUSTED.format(actel="x", dot="Siège"))
    assert revenue_total(desk).total["total_amount"] == Decimal(119)

    clean_tables(desk, options={"sums": "to be subtracted"}, settings=IN_PROCESS)
    assert revenue_total(desk).total["total_amount"] == Decimal(-119)

    for choice, kept in (("code is 302", 1), ("label names 302", 0)):
        options = {"level_302": f"leave out where the {choice}"}
        assert clean_tables(desk, options=options, settings=IN_PROCESS).cleaned == kept


def test_a_code_that_is_not_that_of_its_direction_is_found(desk: Desk, tmp_path: Path) -> None:
    head = (
        "ACTEL_CODE;CODE_CUSTOMER_L1;DESCRIPTION_CUSTOMER_L1;TELECOM_TYPE;OFFER_TYPE;OFFER_NAME;"
        "SUBSCRIBER_STATUS;CREATION_DATE;STATE;CUSTOMER_FULL_NAME;DOT\n"
    )
    line = "007;01;Corp;FTTX;post;Idoom;Active;2024-02-20 00:00:00;DOT_ORAN;N;{code}\n"
    lines = [line.format(code=code) for code in ("ORA", "ADR", "")]
    cleaned(desk, tmp_path / "parc.csv", head + "".join(lines))

    scan_desk(desk, ["parc_corporate"])

    (found,) = [f for f in browsing.findings(desk) if f.code == "other_code"]
    assert (found.row_number, found.anomaly) == (2, "dot_mismatch")


def test_call_records_without_headings_are_known_by_their_order(desk: Desk, tmp_path: Path) -> None:
    line = (
        '"","0550123456","021234567","internal","""A"" <0550123456>","SIP/1","SIP/2","Dial",'
        '"SIP/2","2024-03-05 10:00:0{n}","2024-03-05 10:00:05","2024-03-05 10:01:0{n}","6{n}",'
        '"5{n}","ANSWERED","DOCUMENTATION","1709632800.{n}",""\n'
    )

    cleaned(desk, tmp_path / "Master.csv", "".join(line.format(n=n) for n in range(5)))

    found = rows_of(desk, "cdr")
    assert [row["duration"] for row in found] == [60, 61, 62, 63, 64]
    assert found[0]["caller_number"] == "+213550123456"
    assert found[0]["call_start"] == "2024-03-05T09:00:00Z"
    assert found[0]["outcome"] == "ANSWERED"


def test_eighteen_columns_alone_are_no_call_record(desk: Desk, tmp_path: Path) -> None:
    line = ",".join(f"w{n}" for n in range(18)) + "\n"

    result = cleaned(desk, tmp_path / "x.csv", "1" + line + "2" + line + "3" + line)

    assert result.tables[0].document_type != "cdr"


def test_a_choice_that_a_type_does_not_offer_leaves_its_default(desk: Desk, tmp_path: Path) -> None:
    line = journal_line("AT Siège", "7", origin="DAJ")

    cleaned(desk, tmp_path / "j.csv", JOURNAL + line, exercice="2024", siege_unit="source")

    assert rows_of(desk, "journal_ventes")[0]["cleaning_status"] == "filtered_out"
