"""What reports ask for, exact averages and sums, key figures, and objectives."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_desk.core.aggregate_results import (
    AggregateResult,
    Control,
    Group,
    LeftOut,
    as_json,
    average,
    exact_sum,
    from_json,
    scaled,
    units,
)
from invoice_desk.core.aggregates import (
    BY_ROW,
    Figure,
    Function,
    GroupKey,
    currency_of,
    keys_with_currency,
    parse_figure,
    parse_key,
    parse_request,
    request_of,
)
from invoice_desk.core.declarations import declaration_of, document_type_of
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.kpis import (
    KpiLine,
    Period,
    achievement,
    by_rate,
    collection_rate,
    evolution,
    flop,
    make_line,
    percent,
    target_of,
    top,
    whole_years,
)
from invoice_desk.core.objectives import (
    MissingColumnError,
    ObjectiveKind,
    ObjectiveTable,
    read_objectives,
)
from invoice_desk.errors import ArgumentError, TemplateError
from invoice_desk.services.desk import load_types

D = Decimal
SPELLINGS = {"oran": "Oran", "setif": "Setif", "siege": "Siege"}


@pytest.fixture(scope="module")
def types() -> dict[str, DocumentType]:
    return load_types()


# --- requests ---------------------------------------------------------------------------


def test_figures_are_read_from_texts(types: dict[str, DocumentType]) -> None:
    made = types["invoice"]

    assert parse_figure(made, "count") == Figure(Function.COUNT)
    assert parse_figure(made, "sum:total_amount") == Figure(Function.SUM, "total_amount")
    assert parse_figure(made, " Average : net_amount ") == Figure(Function.AVERAGE, "net_amount")
    assert parse_figure(made, "min:issue_date") == Figure(Function.MINIMUM, "issue_date")
    assert parse_key(made, "issue_date.month") == GroupKey("issue_date", "month")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("median:total_amount", "is no figure"),
        ("sum", "Say of which field"),
        ("sum:weight", "has no field weight"),
        ("sum:supplier_name", "is no number"),
        ("avg:issue_date", "is no number"),
    ],
)
def test_what_is_no_figure_is_refused_with_a_sentence(
    types: dict[str, DocumentType], text: str, told: str
) -> None:
    with pytest.raises(ArgumentError, match=told):
        parse_figure(types["invoice"], text)


@pytest.mark.parametrize("text", ["supplier_name.month", "issue_date.week", "bucket", "weight"])
def test_what_cannot_be_grouped_by_is_refused(types: dict[str, DocumentType], text: str) -> None:
    with pytest.raises(ArgumentError):
        parse_key(types["invoice"], text)


def test_a_request_survives_being_stored(types: dict[str, DocumentType]) -> None:
    made = types["journal_ventes"]
    request = parse_request(made, ["count", "sum:revenue_amount"], ["bucket", "issue_date.year"])

    again = request_of(made, json.loads(json.dumps(request.as_dict())))

    assert again == request
    assert request.title == "count, sum:revenue_amount by bucket, issue_date.year"


def test_money_is_grouped_by_currency_where_rows_say_theirs(
    types: dict[str, DocumentType],
) -> None:
    invoice, retail, ledger = types["invoice"], types["online_retail"], types["fec"]
    money, count = parse_request(invoice, ["max:total_amount"]), parse_request(invoice, ["count"])

    assert [key.name for key in keys_with_currency(invoice, money)] == ["currency"]
    assert keys_with_currency(invoice, count) == ()
    assert currency_of(invoice, money.figures[0]) == BY_ROW
    assert currency_of(retail, Figure(Function.SUM, "net_amount")) == "GBP"
    assert currency_of(retail, Figure(Function.SUM, "quantity")) == ""
    assert currency_of(ledger, Figure(Function.SUM, "debit")) == "EUR"
    assert currency_of(ledger, Figure(Function.SUM, "currency_amount")) == BY_ROW
    assert currency_of(types["table"], Figure(Function.AVERAGE, "tax_rate")) == ""


def test_every_type_comes_back_from_its_declaration(types: dict[str, DocumentType]) -> None:
    again = {
        name: document_type_of(json.loads(json.dumps(declaration_of(made))))
        for name, made in types.items()
    }

    assert again == types
    assert types["online_retail"].aggregates[0].name == "sales_by_country"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"aggregates": [{"name": "a", "figures": ["sum:nothing"]}]}, "aggregate a cannot"),
        ({"aggregates": [{"name": "a", "figures": []}]}, "aggregate a cannot"),
        ({"aggregates": [{"name": "a", "figures": ["count"]}] * 2}, "have one name"),
        ({"currency": "dinar"}, "no currency code"),
    ],
)
def test_a_declared_aggregate_that_cannot_be_meant_is_refused(
    types: dict[str, DocumentType], change: dict[str, object], told: str
) -> None:
    with pytest.raises(TemplateError, match=told):
        document_type_of(declaration_of(types["online_retail"]) | change)


# --- exact figures ----------------------------------------------------------------------


@given(st.integers(), st.integers(0, 12))
def test_scaled_whole_numbers_come_back(value: int, scale: int) -> None:
    assert units(scaled(value, scale), scale) == value


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=4)))
def test_sums_lose_no_digit_however_long(values: list[Decimal]) -> None:
    expected = sum(int(value.scaleb(4)) for value in values if abs(value) < 10**20)
    short = [value for value in values if abs(value) < 10**20]

    assert units(exact_sum(short), 4) == expected


def test_a_sum_beyond_the_digits_of_a_context_is_exact() -> None:
    assert exact_sum([D(10) ** 40, D("0.01"), D(-1)]) == D("9" * 40 + ".01")


def test_averages_are_rounded_half_up_away_from_zero() -> None:
    assert average(100, 3, scale=2) == D("0.3333")
    assert average(1, 8, scale=1) == D("0.013")
    assert average(-1, 8, scale=1) == D("-0.013")
    assert average(10**30 + 1, 2, scale=0) == D("5" + "0" * 29 + ".5")
    assert average(0, 0, scale=2) is None


def test_a_result_survives_being_stored() -> None:
    result = AggregateResult(
        title="x",
        document_type="invoice",
        figures=("sum:total_amount", "min:issue_date", "count"),
        numeric=(True, False, True),
        currencies=(BY_ROW, "", ""),
        group_by=("country", "currency"),
        groups=(Group(("France", None), 2, (D("1.50"), "2024-01-02", 2)),),
        totals=(Group((None,), 2, (None, None, 2)),),
        left_out=(LeftOut(("a", "b"), 3, detail="7"),),
        missing=(LeftOut(("empty",), 1, "total_amount"),),
        controls=(Control("rows", D(5), D(6)),),
        jobs=(1, 2),
        passes=(4,),
    )

    again = from_json(json.loads(json.dumps(as_json(result))))

    assert again == result
    assert not again.agrees
    assert again.rows_left_out == 3


# --- key figures ------------------------------------------------------------------------


def test_key_figures_are_percentages_and_null_when_the_divisor_is_zero() -> None:
    assert evolution(D(125), D(100)) == D(25)
    assert evolution(D(50), D(-100)) == D(-150)
    assert evolution(D(5), D(0)) is None
    assert evolution(D(5), None) is None
    assert achievement(D(2), D(3)) == D("66.67")
    assert achievement(D(2), D(0)) is None
    assert collection_rate(D(1), D(8)) == D("12.5")
    assert collection_rate(D(1), D(0)) is None
    assert collection_rate(None, D(1)) is None
    assert percent(D("0.00005"), D(1)) == D("0.01")


def test_great_evolution_and_low_achievement_are_flagged() -> None:
    def flags(amount: int, previous: int, target: int) -> tuple[str, ...]:
        line = make_line(
            "Oran", Period(2024), D(amount), nothing="zero", previous=D(previous), target=D(target)
        )
        return line.flags

    assert flags(120, 100, 150) == ()
    assert flags(121, 100, 100) == ("evolution",)
    assert flags(79, 80, 100) == ("achievement",)
    assert flags(80, 80, 100) == ()
    assert flags(0, 10, 0) == ("evolution", "zero")


def line_of(name: str, amount: int, invoiced: int = 100, collected: int = 50) -> KpiLine:
    return make_line(
        name, Period(2024), D(amount), nothing="z", invoiced=D(invoiced), collected=D(collected)
    )


def test_the_highest_and_lowest_are_named_in_order() -> None:
    lines = [line_of(name, amount) for name, amount in [("b", 3), ("a", 3), ("c", 1), ("d", 9)]]
    rates = [line_of("x", 1, 0), line_of("y", 1, 10, 9), line_of("z", 1, 10, 1)]

    assert [line.organization for line in top(lines, 3)] == ["d", "a", "b"]
    assert [line.organization for line in flop(lines, 2)] == ["c", "a"]
    assert [line.organization for line in by_rate(rates, highest=True)] == ["y", "z"]
    assert [line.organization for line in by_rate(rates, highest=False)] == ["z", "y"]


def test_months_add_up_to_years_and_organisations_to_all() -> None:
    months = {
        ("Oran", Period(2024, 1)): D("1.5"),
        ("Oran", Period(2024, 2)): D(2),
        ("Setif", Period(2023, 2)): D(4),
    }

    found = whole_years(months)

    assert found["Oran", Period(2024)] == D("3.5")
    assert found["", Period(2024, 2)] == D(2)
    assert found["", Period(2023)] == D(4)
    assert ("Setif", Period(2024)) not in found


def test_a_year_has_the_objective_of_its_months_only_if_all_twelve_are_set() -> None:
    months = {("Oran", Period(2024, month)): D(10) for month in range(1, 13)}
    year = ("Oran", Period(2024))

    assert target_of(months, year) == D(120)
    assert target_of(months | {year: D(99)}, year) == D(99)
    assert target_of(dict(list(months.items())[:11]), year) is None


# --- objectives -------------------------------------------------------------------------


def read(headings: list[str], *rows: list[str]) -> ObjectiveTable:
    return read_objectives(headings, list(enumerate(rows, 2)), spellings=SPELLINGS, currency="DZD")


def test_objectives_are_found_by_french_and_english_headings() -> None:
    french = read(
        ["DOT", "Exercice", "Mois", "Objectif"], ["DOT_ORAN", "2024", "févr.", "1 234,50"]
    )
    english = read(["Organisation", "Year", "Target", "Currency"], ["Sétif", "2024", "10", "EUR"])

    assert [
        (o.organization, o.period, o.amount, o.currency, o.kind) for o in french.objectives
    ] == [("Oran", Period(2024, 2), D("1234.50"), "DZD", ObjectiveKind.REVENUE)]
    assert [(o.organization, o.period, o.currency) for o in english.objectives] == [
        ("Setif", Period(2024), "EUR")
    ]


def test_one_line_may_hold_both_objectives() -> None:
    found = read(
        ["DOT", "Année", "Objectif CA", "Objectif encaissement"],
        ["Oran", "2024", "100", "80"],
        ["Setif", "2024", "100", ""],
    )

    assert [(o.organization, o.kind.value, o.amount) for o in found.objectives] == [
        ("Oran", "revenue", D(100)),
        ("Oran", "collection", D(80)),
        ("Setif", "revenue", D(100)),
    ]
    assert found.bad_lines == ()


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (["Atlantis", "2024", "1", "encaissement", "10"], "in no list"),
        (["", "2024", "1", "", "10"], "no organisation"),
        (["Oran", "24", "1", "", "10"], "no year"),
        (["Oran", "2024", "13", "", "10"], "no month"),
        (["Oran", "2024", "Brumaire", "", "10"], "no month"),
        (["Oran", "2024", "1", "profit", "10"], "neither revenue"),
        (["Oran", "2024", "1", "", "ten"], "is no amount"),
        (["Oran", "2024", "1", "", "1.234"], "two readings"),
        (["Oran", "2024", "1", "", "-5"], "below zero"),
        (["Oran", "2024", "1", "", ""], "no amount"),
    ],
)
def test_a_bad_line_is_told_with_its_row_and_reason(row: list[str], told: str) -> None:
    good = ["Siège", "2024", "", "Chiffre d'affaires", "7"]

    found = read(["DOT", "Année", "Mois", "Type", "Montant"], good, row)

    assert [o.amount for o in found.objectives] == [D(7)]
    (bad,) = found.bad_lines
    assert bad.row == 3
    assert told in bad.reason


def test_two_amounts_for_one_objective_are_both_refused() -> None:
    found = read(
        ["DOT", "Année", "Objectif"],
        ["Oran", "2024", "1"],
        ["Setif", "2024", "3"],
        ["ORAN", "2024", "2"],
        ["Setif", "2024", "3"],
    )

    assert [o.organization for o in found.objectives] == ["Setif"]
    assert [(line.row, "another amount" in line.reason) for line in found.bad_lines] == [
        (2, True),
        (4, True),
    ]


def test_a_table_without_organisations_is_no_table_of_objectives() -> None:
    with pytest.raises(MissingColumnError, match="DOT"):
        read(["Année", "Objectif"], ["2024", "1"])
