"""Reports over a desk: exact, per currency, with all that they leave out."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import write_csv

from invoice_desk.cli.main import run
from invoice_desk.core.aggregate_results import AggregateResult
from invoice_desk.core.aggregates import parse_request
from invoice_desk.core.jobs import JobState
from invoice_desk.core.kpis import Period
from invoice_desk.core.modes import Mode
from invoice_desk.db.engine import writing
from invoice_desk.db.jobs import add_job, job_update
from invoice_desk.errors import ArgumentError, PluginError, SourceError
from invoice_desk.services import browsing, named_aggregates, reviewing
from invoice_desk.services.aggregating import (
    KeptAggregate,
    aggregate,
    aggregates,
    cleaned_types,
    forget_aggregate,
    kept_aggregate,
)
from invoice_desk.services.cleaning import CleaningJob, clean_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.kpis import kpis
from invoice_desk.services.named_aggregates import compute_again, find_report, run_report
from invoice_desk.services.objectives import import_objectives, objectives
from invoice_desk.services.reviewing import Correction
from invoice_desk.services.structuring import correct_structure

D = Decimal
IN_PROCESS = JobSettings(Mode.STANDARD)
RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
INVOICES = "Invoice number,Invoice date,Supplier,Currency,Net amount,VAT amount,Total amount"
JOURNAL = (
    "Org Name;Origine;N Fact;Typ Fact;Date Fact;Client;Devise;Obj Fact;Cpt Comptable;Date GL;"
    "Periode de facturation;Reference;Termine Flag;Description;Chiffre Aff Exe Dzd"
)
STATEMENT = (
    "Organisation;Source;N Fact;Typ Fact;Date Fact;Client;Montant Ht;Montant Taxe;Montant Ttc;"
    "Chiffre Aff Exe;Encaissement;Date Rglt"
)


def bring(desk: Desk, path: Path, heading: str, rows: Iterable[str]) -> None:
    """Import and clean a table."""
    write_csv(path, "\n".join([heading, *rows]) + "\n")
    import_paths(desk, [path], settings=IN_PROCESS)
    clean_tables(desk, settings=IN_PROCESS)


def compute(
    desk: Desk, kind: str, *figures: str, by: Sequence[str] = (), job_id: int | None = None
) -> AggregateResult:
    return kept(desk, kind, *figures, by=by, job_id=job_id).result or pytest.fail("no result")


def kept(
    desk: Desk, kind: str, *figures: str, by: Sequence[str] = (), job_id: int | None = None
) -> KeptAggregate:
    return aggregate(desk, parse_request(desk.types[kind], figures, by), job_id=job_id)


def values(result: AggregateResult) -> dict[tuple[str | None, ...], tuple[Any, ...]]:
    return {group.keys: group.values for group in result.groups}


def retail_row(number: int, price: str = "2.50", country: str = "France", day: str = "15") -> str:
    return f"{number},22A,LAMP,2,2024-03-{day} 08:00:00,{price},12000,{country}"


def invoice_row(number: int, currency: str, total: str) -> str:
    return f"F{number},2024-03-15,Atelier,{currency},{total},0.00,{total}"


@pytest.fixture
def retail(desk: Desk, tmp_path: Path) -> Desk:
    rows = [retail_row(n, country="France" if n % 2 else "Spain") for n in range(1, 7)]
    bring(desk, tmp_path / "online_retail_a.csv", RETAIL, rows)
    return desk


# --- figures ----------------------------------------------------------------------------


def test_figures_are_those_of_decimals_added_one_by_one(desk: Desk, tmp_path: Path) -> None:
    chance = random.Random(7)
    rows = [
        (chance.choice("ABC"), D(chance.randrange(-(10**9), 10**9)).scaleb(-4), chance.randrange(9))
        for _ in range(500)
    ]
    lines = [
        f"{n},X,LAMP,{q},2024-0{n % 3 + 1}-15 08:00:00,{p},1,{c}"
        for n, (c, p, q) in enumerate(rows, 1)
    ]
    bring(desk, tmp_path / "online_retail.csv", RETAIL, lines)
    expected: dict[str, list[Decimal]] = defaultdict(list)
    for country, price, quantity in rows:
        expected[country].append(price * quantity)

    figures = ("sum:net_amount", "count", "min:net_amount", "max:net_amount", "avg:net_amount")
    result = compute(desk, "online_retail", *figures, by=["country"])

    found = values(result)
    assert {key[0] for key in found} == set(expected)
    for country, amounts in expected.items():
        total, count, least, greatest, mean = found[country,]
        assert (total, count) == (sum(amounts), len(amounts))
        assert (least, greatest) == (min(amounts), max(amounts))
        assert abs(mean - sum(amounts) / len(amounts)) <= D("5e-10")
    assert result.totals[0].values[0] == sum(map(sum, expected.values()))
    assert result.agrees
    assert "half up" in result.rounding


def test_dates_are_grouped_by_month_and_have_a_first_and_a_last(desk: Desk, tmp_path: Path) -> None:
    rows = [f"{n},X,L,1,2024-0{n}-1{n} 08:00:00,1,1,France" for n in (1, 2, 2, 3)]
    bring(desk, tmp_path / "online_retail.csv", RETAIL, rows)

    result = compute(desk, "online_retail", "count", "max:issue_date", by=["issue_date.month"])

    assert values(result) == {
        ("2024-01",): (1, "2024-01-11T08:00:00"),
        ("2024-02",): (2, "2024-02-12T08:00:00"),
        ("2024-03",): (1, "2024-03-13T08:00:00"),
    }


def test_two_currencies_are_never_added_up(desk: Desk, tmp_path: Path) -> None:
    rows = [("EUR", "10.50"), ("USD", "3"), ("EUR", "1.25"), ("", "7")]
    lines = [invoice_row(n, currency, total) for n, (currency, total) in enumerate(rows)]
    bring(desk, tmp_path / "invoices.csv", INVOICES, lines)

    plain = compute(desk, "invoice", "sum:total_amount", "count")
    grouped = compute(desk, "invoice", "avg:total_amount", by=["supplier_name"])

    assert plain.group_by == ("currency",)
    assert values(plain) == {
        (None,): (D(7), 1),
        ("EUR",): (D("11.75"), 2),
        ("USD",): (D(3), 1),
    }
    assert grouped.group_by == ("supplier_name", "currency")
    assert len(grouped.groups) == len(grouped.totals) == 3


def test_where_rows_name_no_currency_that_of_the_type_is_said(retail: Desk) -> None:
    result = compute(retail, "online_retail", "sum:net_amount", "sum:quantity", "count")

    assert result.currencies == ("GBP", "", "")
    assert result.group_by == ()


def test_sums_may_pass_64_bits(desk: Desk, tmp_path: Path) -> None:
    most = "99999999999999.9999"
    rows = [invoice_row(n, "EUR", most if n % 5 else f"-{most}") for n in range(200)]
    bring(desk, tmp_path / "invoices.csv", INVOICES, rows)

    result = compute(desk, "invoice", "sum:total_amount", "avg:total_amount", "min:total_amount")

    assert D(most).scaleb(4) * 120 > 2**63
    assert values(result)["EUR",] == (D(most) * 120, D(most) * 120 / 200, D(f"-{most}"))
    assert result.agrees


def test_unreadable_amounts_are_left_out_counted_and_said(desk: Desk, tmp_path: Path) -> None:
    prices = ["2.50", "n/a?", "", "3", "two"]
    rows = [retail_row(n, price) for n, price in enumerate(prices)]
    bring(desk, tmp_path / "online_retail.csv", RETAIL, rows)

    result = compute(desk, "online_retail", "sum:net_amount", "count:net_amount", "count")

    assert values(result)[()] == (D(11), 2, 5)
    assert {(left.reasons, left.rows, left.field) for left in result.missing} == {
        (("unreadable",), 2, "net_amount"),
        (("empty",), 1, "net_amount"),
    }
    assert result.rows_seen == result.rows_counted == 5
    assert result.agrees


def test_a_group_without_any_value_has_no_sum(desk: Desk, tmp_path: Path) -> None:
    rows = [retail_row(1, "", "Spain"), retail_row(2, "1", "France"), retail_row(3, "1")]
    bring(desk, tmp_path / "online_retail.csv", RETAIL, rows)

    result = compute(desk, "online_retail", "sum:net_amount", "avg:net_amount", by=["country"])

    assert values(result)["Spain",] == (None, None)


def test_rows_that_the_rules_filter_out_are_counted_by_their_reasons(
    desk: Desk, tmp_path: Path
) -> None:
    heading = "DO;PRODUIT;HT;TAX;TTC;DISCOUNT"
    rows = [
        *("Siege;ADSL;100,00;19,00;119,00;0,00", "Oran;LTE;10,00;1,90;11,90;0,00"),
        *("Oran;ADSL;5,00;0,95;5,95;0,00", "Setif;VOIP;5,00;0,95;5,95;0,00"),
    ]
    bring(desk, tmp_path / "ca_periodique.csv", heading, rows)

    result = compute(desk, "ca_periodique", "sum:total_amount", by=["dot"])

    assert values(result) == {("Oran",): (D("11.90"),), ("Siege",): (D(119),)}
    assert [(left.reasons, left.rows) for left in result.left_out] == [
        (("product_out_of_scope",), 2)
    ]
    assert (result.rows_seen, result.rows_counted, result.rows_left_out) == (4, 2, 2)


def test_further_payments_are_told_apart_from_empty_cells(desk: Desk, tmp_path: Path) -> None:
    rows = [
        "DOT_ORAN;DCC;1;FA;02/01/2024;Atelier;100;19;119;100;60;05/01/2024",
        "DOT_ORAN;DCC;1;FA;02/01/2024;Atelier;100;19;119;100;59;05/02/2024",
        "DOT_ORAN;DCC;2;FA;02/01/2024;Atelier;100;19;119;100;0;",
    ]
    bring(desk, tmp_path / "etat_facture.csv", STATEMENT, rows)

    result = compute(desk, "etat_facture", "sum:total_amount", "sum:collection_amount")

    assert values(result)[()] == (D(238), D(119))
    assert [(left.reasons, left.rows) for left in result.missing] == [(("further_payment",), 1)]


# --- whose rows -------------------------------------------------------------------------


def test_only_the_pass_that_is_shown_counts(retail: Desk) -> None:
    clean_tables(retail, settings=IN_PROCESS)

    assert values(compute(retail, "online_retail", "count"))[()] == (6,)


def test_what_is_not_cleaned_yet_is_said(retail: Desk, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "online_retail_b.csv", f"{RETAIL}\n{retail_row(9)}\n")
    import_paths(retail, [path], settings=IN_PROCESS)

    result = compute(retail, "online_retail", "count")

    assert [(left.reasons, left.rows) for left in result.left_out] == [(("not_cleaned",), 1)]
    assert (result.rows_seen, result.rows_counted) == (7, 6)


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.JOB_COMPLETE])
def test_a_job_that_is_not_complete_is_refused(retail: Desk, state: JobState) -> None:
    with writing(retail.engine) as connection:
        job = add_job(connection, operation="clean", title="", now=retail.now())
        connection.execute(job_update(job, state=state.value))

    with pytest.raises(ArgumentError, match=f"Job {job} is {state.value}"):
        compute(retail, "online_retail", "count", job_id=job)
    assert aggregates(retail) == []


def test_a_cancelled_cleaning_gives_no_report(retail: Desk) -> None:
    job = CleaningJob(retail, IN_PROCESS)
    job.cancel()
    cancelled = job.run()

    assert cancelled.state is JobState.ABORTED
    with pytest.raises(ArgumentError, match="Aborted"):
        compute(retail, "online_retail", "count", job_id=cancelled.job_id)


def test_tables_of_a_job_that_failed_are_left_out_and_said(retail: Desk, tmp_path: Path) -> None:
    bring(retail, tmp_path / "online_retail_b.csv", RETAIL, [retail_row(9)])
    done = compute(retail, "online_retail", "count")
    first, second = browsing.tables(retail, 1)[0], browsing.tables(retail, 2)[0]
    again = clean_tables(retail, source_ids=[second.source_id], settings=IN_PROCESS)
    with writing(retail.engine) as connection:
        connection.execute(job_update(again.job_id, state=JobState.FAILED.value))

    result = compute(retail, "online_retail", "count")

    assert first.id != second.id
    assert done.rows_counted == 7
    assert (result.rows_counted, result.rows_seen) == (6, 7)
    (left,) = result.left_out
    assert (left.reasons, left.rows) == (("job_not_complete",), 1)
    assert left.detail == str(again.job_id)


def test_a_job_counts_as_far_as_nothing_was_cleaned_again(retail: Desk, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "online_retail_b.csv", f"{RETAIL}\n{retail_row(9)}\n")
    import_paths(retail, [path], settings=IN_PROCESS)
    both = clean_tables(retail, settings=IN_PROCESS).job_id
    clean_tables(retail, source_ids=[2], settings=IN_PROCESS)

    result = compute(retail, "online_retail", "count", job_id=both)
    clean_tables(retail, settings=IN_PROCESS)

    assert (result.rows_counted, result.rows_seen, result.jobs) == (6, 7, (both,))
    assert [(left.reasons, left.rows) for left in result.left_out] == [(("cleaned_again",), 1)]
    with pytest.raises(ArgumentError, match="cleaned again since"):
        compute(retail, "online_retail", "count", job_id=both)


@pytest.mark.parametrize(("job_id", "told"), [(1, "Nothing by job 1"), (99, "no job 99")])
def test_a_job_that_cleaned_nothing_is_refused(retail: Desk, job_id: int, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        compute(retail, "online_retail", "count", job_id=job_id)


def test_a_type_of_which_nothing_is_cleaned_is_refused(retail: Desk) -> None:
    with pytest.raises(ArgumentError, match="Nothing of the type"):
        compute(retail, "fec", "count")
    assert [made.name for made in cleaned_types(retail)] == ["online_retail"]


# --- kept, and stale --------------------------------------------------------------------


def is_stale(desk: Desk) -> bool:
    (one,) = aggregates(desk)
    return one.is_stale


def test_a_result_is_kept_with_its_job(retail: Desk) -> None:
    first = kept(retail, "online_retail", "sum:net_amount", by=["country"])
    again = kept(retail, "online_retail", "sum:net_amount", by=["country"])

    (listed,) = aggregates(retail)
    assert listed.id == again.id
    assert (listed.job_id, listed.result) == (2, None)
    assert kept_aggregate(retail, again.id).result == again.result
    assert kept_aggregate(retail, again.id).request == again.request
    assert first.result == again.result
    assert [one.id for one in aggregates(retail, job_id=2)] == [again.id]
    assert aggregates(retail, job_id=1) == []
    forget_aggregate(retail, again.id)
    with pytest.raises(ArgumentError, match="no result"):
        kept_aggregate(retail, again.id)


def test_a_correction_makes_results_stale_and_computing_again_mends_that(retail: Desk) -> None:
    before = kept(retail, "online_retail", "sum:net_amount")

    reviewing.correct(retail, 1, [Correction(1, "quantity", "4")])
    stale = is_stale(retail)
    after = compute_again(retail, before)

    assert stale
    assert not is_stale(retail)
    assert before.result is not None
    assert after.result is not None
    assert (before.result.groups[0].values, after.result.groups[0].values) == ((30,), (35,))
    assert after.result.agrees


def test_taking_a_correction_back_makes_results_stale_too(retail: Desk) -> None:
    decisions = reviewing.correct(retail, 1, [Correction(1, "quantity", "4")])
    kept(retail, "online_retail", "sum:net_amount")

    reviewing.withdraw(retail, decisions)

    assert is_stale(retail)
    assert values(compute(retail, "online_retail", "sum:net_amount"))[()] == (30,)


def test_approving_a_row_as_it_stands_leaves_results_true(retail: Desk) -> None:
    kept(retail, "online_retail", "sum:net_amount")

    reviewing.approve(retail, 1, [1, 2])

    assert not is_stale(retail)


def test_a_refused_decision_leaves_results_true(retail: Desk) -> None:
    kept(retail, "online_retail", "sum:net_amount")

    with pytest.raises(ArgumentError):
        reviewing.correct(retail, 1, [Correction(99, "quantity", "4")])

    assert not is_stale(retail)


def test_another_pass_makes_results_stale(retail: Desk) -> None:
    kept(retail, "online_retail", "count")

    clean_tables(retail, settings=IN_PROCESS)

    assert is_stale(retail)


def test_a_further_table_makes_results_over_all_stale_but_not_those_of_a_job(
    retail: Desk, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "online_retail_b.csv", f"{RETAIL}\n{retail_row(9)}\n")
    import_paths(retail, [path], settings=IN_PROCESS)
    over_all = kept(retail, "online_retail", "count")
    of_job = kept(retail, "online_retail", "count", job_id=2)

    clean_tables(retail, source_ids=[2], settings=IN_PROCESS)

    states = {one.id: one.is_stale for one in aggregates(retail)}
    assert states == {over_all.id: True, of_job.id: False}


def test_reading_a_table_otherwise_makes_results_stale(retail: Desk) -> None:
    kept(retail, "online_retail", "count")

    correct_structure(retail, 1, header_rows=[0], first_data_row=2)

    assert is_stale(retail)


# --- named reports and plug-ins ---------------------------------------------------------


def test_a_type_offers_reports_by_name(retail: Desk) -> None:
    report = find_report(retail, "sales_by_country")

    done = run_report(retail, report)

    assert (done.name, done.document_type) == ("sales_by_country", "online_retail")
    assert done.result is not None
    assert done.result.figures == ("sum:net_amount", "sum:quantity", "count")
    assert compute_again(retail, done).result == done.result


def test_a_name_that_several_types_use_is_asked_back(retail: Desk) -> None:
    with pytest.raises(ArgumentError, match="ca_non_periodique or ca_periodique"):
        find_report(retail, "revenue_by_direction")
    with pytest.raises(ArgumentError, match="no report weather"):
        find_report(retail, "weather")
    assert find_report(retail, "revenue_by_direction", document_type="ca_periodique").title


PLUGIN = """
from decimal import Decimal
import pyarrow.compute as pc

def largest(rows):
    top = pc.max(rows["total_amount"]).as_py()
    return [{"supplier": "all", "largest": top, "rows": rows.num_rows}]

largest.fields = ("total_amount",)

def raising(rows):
    raise RuntimeError("the moon is full")

def inexact(rows):
    return [{"share": 0.5}]

def greedy(rows):
    return []

greedy.fields = ("weight",)
not_callable = 3
"""
ENTRY_POINTS = """[invoice_desk.aggregates]
invoice.largest = made_up_reports:largest
invoice.raising = made_up_reports:raising
invoice.inexact = made_up_reports:inexact
invoice.greedy = made_up_reports:greedy
invoice.missing = made_up_reports:nothing
invoice.no_function = made_up_reports:not_callable
unknown_type.largest = made_up_reports:largest
"""


@pytest.fixture
def plugged(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with three invoices, and a package with entry points on the path."""
    place = tmp_path / "packages"
    described = place / "made_up-1.0.dist-info"
    described.mkdir(parents=True)
    (place / "made_up_reports.py").write_text(PLUGIN, "utf-8")
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(ENTRY_POINTS, "utf-8")
    monkeypatch.syspath_prepend(str(place))
    amounts = [("EUR", "10.50"), ("USD", "3"), ("EUR", "1.25")]
    rows = [invoice_row(n, currency, total) for n, (currency, total) in enumerate(amounts)]
    bring(desk, tmp_path / "invoices.csv", INVOICES, rows)
    return desk


def test_a_function_of_a_package_is_a_report_and_sees_one_currency_at_a_time(
    plugged: Desk,
) -> None:
    done = run_report(plugged, find_report(plugged, "largest"))

    assert done.result is not None
    assert done.result.figures == ("supplier", "largest", "rows")
    assert values(done.result) == {
        ("EUR",): ("all", D("10.50"), 2),
        ("USD",): ("all", D(3), 1),
    }
    assert (done.result.rows_counted, done.result.agrees) == (3, True)
    assert kept_aggregate(plugged, done.id).result == done.result
    assert all(report.document_type != "unknown_type" for report in _reports(plugged))


def _reports(desk: Desk) -> list[named_aggregates.NamedReport]:
    return named_aggregates.named_reports(desk)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("raising", "made-up failed: RuntimeError: the moon is full"),
        ("inexact", "gave a float for share"),
        ("greedy", "wants weight, no field"),
        ("missing", "cannot be loaded"),
        ("no_function", "is no function"),
    ],
)
def test_a_plug_in_that_fails_is_a_sentence(plugged: Desk, name: str, told: str) -> None:
    with pytest.raises(PluginError, match=told):
        run_report(plugged, find_report(plugged, name))
    assert aggregates(plugged) == []


# --- key figures ------------------------------------------------------------------------


def journal_row(org: str, number: int, day: str, amount: str, account: str = "706000") -> str:
    year = day[-4:]
    return (
        f"{org};DCC;{number};FA;{day};Atelier;DZD;Ligne;{account};{day};{year};R{number};O;"
        f"Internet;{amount}"
    )


@pytest.fixture
def revenue(desk: Desk, tmp_path: Path) -> Desk:
    """Two years of journals, one file each, as their fiscal years are."""
    before = [
        journal_row("DOT_ORAN", 1, "15/01/2023", "100,00"),
        journal_row("DOT_SETIF", 2, "15/01/2023", "200,00"),
        journal_row("DOT_CHLEF", 3, "15/02/2023", "50,00"),
    ]
    after = [
        journal_row("Oran", 4, "15/01/2024", "125,00"),
        journal_row("DOT_SETIF", 5, "15/01/2024", "150,00"),
        journal_row("DOT_SETIF", 6, "15/02/2024", "60,00"),
        journal_row("DOT_SETIF", 7, "15/02/2024", "900,00", account="706000A"),
        journal_row("DOT_ATLANTIS", 8, "15/02/2024", "1,00"),
    ]
    bring(desk, tmp_path / "journal_2023.csv", JOURNAL, before)
    bring(desk, tmp_path / "journal_2024.csv", JOURNAL, after)
    return desk


def test_revenue_by_organisation_is_held_against_the_year_before(revenue: Desk) -> None:
    (report,) = kpis(revenue, document_type="journal_ventes")

    lines = {line.organization: line for line in report.lines}
    assert (report.year, report.years, report.currency) == (2024, (2023, 2024), "DZD")
    assert (lines["Oran"].amount, lines["Oran"].evolution) == (D(125), D(25))
    assert lines["Oran"].flags == ("evolution",)
    assert (lines["Setif"].amount, lines["Setif"].evolution) == (D(210), D(5))
    assert (lines["Chlef"].amount, lines["Chlef"].evolution) == (D(0), D(-100))
    assert report.none == ("Chlef",)
    assert (lines[""].amount, lines[""].previous) == (D(336), D(350))
    assert report.unknown_names == ("DOT_ATLANTIS",)
    assert [line.organization for line in report.top[:2]] == ["Setif", "Oran"]
    assert report.flop[0].organization == "Chlef"
    months = {(m.organization, m.period.month): m.amount for m in report.months}
    assert months["Setif", 1] == D(150)
    assert months["", 2] == D(61)
    assert [(left.reasons, left.rows) for left in report.left_out] == [(("other_bucket",), 1)]


def test_key_figures_of_an_earlier_year_and_of_no_year(revenue: Desk) -> None:
    (earlier,) = kpis(revenue, document_type="journal_ventes", year=2023)
    (never,) = kpis(revenue, document_type="journal_ventes", year=2020)

    assert earlier.lines[-1].amount == D(350)
    assert earlier.lines[-1].evolution is None
    assert {line.amount for line in never.lines} == {D(0)}
    with pytest.raises(ArgumentError, match="There are no key figures of fec"):
        kpis(revenue, document_type="fec")
    with pytest.raises(ArgumentError, match="nothing of etat_facture is cleaned"):
        kpis(revenue, document_type="etat_facture")


def test_achievement_is_held_against_imported_objectives(revenue: Desk, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "objectifs.csv",
        "DOT;Exercice;Mois;Objectif CA;Devise\nOran;2024;;100,00;DZD\n"
        "Sétif;2024;;300,00;DA\nSétif;2024;janvier;0,00;DZD\nChlef;2024;;1,00;EUR\n",
    )
    import_objectives(revenue, path)

    (report,) = kpis(revenue, document_type="journal_ventes")

    lines = {line.organization: line for line in report.lines}
    assert (lines["Oran"].target, lines["Oran"].achievement) == (D(100), D(125))
    assert (lines["Setif"].achievement, "achievement" in lines["Setif"].flags) == (D(70), True)
    assert lines["Chlef"].target is None
    january = next(m for m in report.months if (m.organization, m.period.month) == ("Setif", 1))
    assert (january.target, january.achievement) == (D(0), None)
    assert lines[""].target is None


def test_the_collection_rate_counts_an_invoice_once(desk: Desk, tmp_path: Path) -> None:
    rows = [
        "DOT_ORAN;DCC;1;FA;02/01/2024;Atelier;100;19;119;100;60;05/01/2024",
        "DOT_ORAN;DCC;1;FA;02/01/2024;Atelier;100;19;119;100;59;05/02/2024",
        "DOT_SETIF;DCC;2;FA;02/01/2024;Atelier;100;19;119;100;0;",
    ]
    bring(desk, tmp_path / "etat_facture.csv", STATEMENT, rows)

    (report,) = kpis(desk)

    lines = {line.organization: line for line in report.lines}
    assert (lines["Oran"].amount, lines["Oran"].collection_rate) == (D(119), D(100))
    assert lines["Setif"].collection_rate == D(0)
    assert lines["Setif"].flags == ("no_collection",)
    assert lines[""].collection_rate == D(50)
    assert [line.organization for line in report.top_rates] == ["Oran", "Setif"]
    assert ("no_period",) in [left.reasons for left in report.left_out]


def test_the_journal_is_rated_by_the_invoices_that_the_statement_has_too(
    revenue: Desk, tmp_path: Path
) -> None:
    rows = [
        "Oran;DCC;4;fa;15/01/2024;Atelier;125;0;125;125;20;05/02/2024",
        "Oran;DCC;4;FA;15/01/2024;Atelier;125;0;125;125;5;05/03/2024",
        "DOT_SETIF;DCC;99;FA;15/01/2024;Atelier;100;0;100;100;100;05/02/2024",
    ]
    bring(revenue, tmp_path / "etat_facture.csv", STATEMENT, rows)

    (report,) = kpis(revenue, document_type="journal_ventes")

    lines = {line.organization: line for line in report.lines}
    oran = lines["Oran"]
    assert (oran.invoiced, oran.collected, oran.collection_rate) == (D(125), D(25), D(20))
    assert lines["Setif"].collection_rate is None
    assert lines[""].collection_rate == D(20)
    assert [line.organization for line in report.top_rates] == ["Oran"]


# --- objectives -------------------------------------------------------------------------


def test_objectives_come_from_a_workbook_and_bad_lines_are_told(desk: Desk, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("DOT", "Année", "Mois", "Type", "Montant"),
        ("Oran", 2024, 1, "Chiffre d'affaires", 1500.5),
        ("Sétif", 2024, None, "Encaissement", 900),
        ("Atlantis", 2024, 2, "Encaissement", 10),
        ("Chlef", 2024, 13, "Encaissement", 10),
        ("Chlef", 2024, 3, "Encaissement", "beaucoup"),
    ):
        sheet.append(row)
    book.save(tmp_path / "objectifs.xlsx")

    done = import_objectives(desk, tmp_path / "objectifs.xlsx")

    assert (done.created, done.updated, done.unchanged) == (2, 0, 0)
    assert [line.row for line in done.bad_lines] == [4, 5, 6]
    assert "Atlantis" in done.bad_lines[0].reason
    assert [(o.kind.value, o.organization, o.period, o.amount) for o in objectives(desk)] == [
        ("collection", "Setif", Period(2024), D(900)),
        ("revenue", "Oran", Period(2024, 1), D("1500.5")),
    ]


def test_importing_objectives_again_updates_them(desk: Desk, tmp_path: Path) -> None:
    heading = "DOT,Year,Target\n"
    first = write_csv(tmp_path / "a.csv", f"{heading}Oran,2024,10\nSetif,2024,20\n")
    second = write_csv(tmp_path / "b.csv", f"{heading}Oran,2024,11\nSetif,2024,20\nChlef,2024,5\n")

    import_objectives(desk, first)
    done = import_objectives(desk, second)

    assert (done.created, done.updated, done.unchanged) == (1, 1, 1)
    assert {o.organization: o.amount for o in objectives(desk)} == {
        "Chlef": D(5),
        "Oran": D(11),
        "Setif": D(20),
    }


def test_a_file_that_holds_no_objectives_is_refused(desk: Desk, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "retail.csv", f"{RETAIL}\n{retail_row(1)}\n")

    with pytest.raises(ArgumentError, match="no objectives"):
        import_objectives(desk, path)
    with pytest.raises(SourceError):
        import_objectives(desk, tmp_path / "nothing.csv")


# --- the command line -------------------------------------------------------------------


def shell(desk: Desk, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run([*arguments, "--desk", str(desk.path)], open_window=lambda *_: 0)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


def test_reports_on_the_command_line(retail: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = shell(retail, capsys, "aggregate", "sum:net_amount", "count", "--by", "country")
    _, named, _ = shell(retail, capsys, "aggregate", "sales_by_country", "--json")
    _, listed, _ = shell(retail, capsys, "aggregate", "--json")
    _, table, _ = shell(retail, capsys, "aggregate")
    refused, _, told = shell(retail, capsys, "aggregate", "sum:weight", "--job", "2")

    assert code == 0
    assert "15.00" in out
    assert "6 rows seen = 6 counted + 0 left out" in out
    assert json.loads(named)["result"]["groups"][0]["values"] == ["15", "6", 3]
    assert json.loads(named)["result"]["agrees"] is True
    assert {"expected": "6", "found": "6", "agrees": True, "name": "rows seen"} in json.loads(
        named
    )["result"]["controls"]
    assert len(json.loads(listed)["kept"]) == 2
    assert "sales_by_month" in table
    assert refused == 1
    assert "has no field weight" in told


def test_objectives_and_key_figures_on_the_command_line(
    revenue: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_csv(tmp_path / "o.csv", "DOT,Année,Objectif\nOran,2024,250\nMars,2024,1\n")

    partly, _, told = shell(revenue, capsys, "objectives", "--import", str(path))
    _, listed, _ = shell(revenue, capsys, "objectives", "--json")
    code, out, _ = shell(revenue, capsys, "kpis", "--type", "journal_ventes")
    _, document, _ = shell(revenue, capsys, "kpis", "--year", "2024", "--json")

    assert partly == 5
    assert "row 3: “Mars” is in no list" in told
    assert json.loads(listed)[0]["amount"] == "250"
    assert code == 0
    oran = next(line for line in csv.reader(io.StringIO(out), delimiter=" ") if "Oran" in line)
    assert {"125.00", "25.00", "250.00", "50.00"} <= set(oran)
    assert json.loads(document)[0]["lines"][0]["organization"] == "Chlef"
