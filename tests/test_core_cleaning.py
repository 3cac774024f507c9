from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_desk.core.cells import encode_lists
from invoice_desk.core.cleaning import CleanChunk, clean_chunk, control_totals
from invoice_desk.core.cleaning_plan import CleaningPlan, ColumnStyle
from invoice_desk.core.corrections import canonical
from invoice_desk.core.decisions import Decision, DecisionKind, RowVerdict, standing, verdicts
from invoice_desk.core.declarations import declaration_of, document_type_of
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.mapping import Template, header_fingerprint, suggestions_for, template_for
from invoice_desk.core.raw_rows import RawRows
from invoice_desk.core.type_detection import best_type, map_by_headers
from invoice_desk.errors import ArgumentError, TemplateError
from invoice_desk.services.desk import load_types

TYPES = load_types()
REVENUE = TYPES["ca_periodique"]
RETAIL = TYPES["online_retail"]
COLUMNS = ("DO", "PRODUIT", "HT", "TAX", "TTC", "DISCOUNT")


def clean(rows: list[list[str]], made: DocumentType = REVENUE, **changes: Any) -> CleanChunk:
    columns = changes.pop("columns", COLUMNS)
    decided = changes.pop("verdicts", None)
    plan = CleaningPlan(mapping=map_by_headers(made, columns), columns=columns, **changes)
    numbers = pa.array(range(len(rows)), pa.int64())
    raw = RawRows.of_cells(numbers, encode_lists(rows), width=len(columns))
    return clean_chunk(raw, plan=plan, document_type=made, verdicts=decided)


def test_rows_out_of_scope_are_filtered_with_their_reason() -> None:
    chunk = clean(
        [
            ["Siège", "ADSL", "1,00", "0,19", "1,19", "0"],
            ["AT_SIEGE", "FTTX", "1,00", "0,19", "1,19", "0"],
            ["DOT_Oran", "LTE", "1,00", "0,19", "1,19", "0"],
            ["DOT_Oran", "ADSL", "1,00", "0,19", "1,19", "0"],
        ]
    )

    assert chunk.rows["cleaning_status"].to_pylist() == [
        *["cleaned"] * 3,
        "filtered_out",
    ]
    assert chunk.rows["reasons"].to_pylist() == [None, None, None, '["product_out_of_scope"]']


def test_an_excluded_row_is_filtered_with_its_reason_before_those_of_rules() -> None:
    row = ["Siège", "ADSL", "1,00", "0,19", "1,19", "0"]
    decided = {
        1: RowVerdict({}, approved=False, excluded="Paid twice."),
        2: RowVerdict({"net_amount": "3"}, approved=True, excluded="excluded"),
    }

    rows = clean([row] * 4, verdicts=decided).rows

    assert rows["cleaning_status"].to_pylist() == [
        *("cleaned", "filtered_out", "filtered_out", "cleaned")
    ]
    assert rows["reasons"].to_pylist() == [None, '["Paid twice."]', '["excluded"]', None]
    assert [str(v) for v in rows["net_amount"].to_pylist()[2:]] == ["3.0000", "1.0000"]


def test_an_excluded_row_keeps_the_reasons_of_rules_too() -> None:
    row = ["DOT_Oran", "X25", "1,00", "0,19", "1,19", "0"]
    decided = {0: RowVerdict({}, approved=False, excluded="Paid twice.")}

    reasons = clean([row], verdicts=decided).rows["reasons"].to_pylist()

    assert reasons[0].startswith('["Paid twice.","product_out_of_scope')


def test_rows_that_a_bulk_write_has_not_come_to_do_not_count() -> None:
    row = ["Siège", "ADSL", "1,00", "0,19", "1,19", "0"]

    rows = clean([row] * 3, written_up_to=1).rows

    assert rows["reasons"].to_pylist() == [None, '["not_written"]', '["not_written"]']


def test_of_two_exclusions_the_later_one_gives_the_reason() -> None:
    exclude, withdraw = DecisionKind.EXCLUDE, DecisionKind.WITHDRAW
    log = [Decision(1, 1, 5, exclude, value="first"), Decision(2, 1, 5, exclude)]

    assert verdicts(log)[5].excluded == "excluded"
    assert verdicts(log)[5].as_read.excluded is None
    assert verdicts([*log, Decision(3, 1, 5, withdraw, withdraws=2)])[5].excluded == "first"


def test_unique_fields_are_declared_and_must_be_read() -> None:
    invoice = TYPES["invoice"]
    again = document_type_of(declaration_of(invoice))

    assert again.unique_fields == ("supplier_name", "invoice_number")
    with pytest.raises(TemplateError, match="unique fields"):
        document_type_of(declaration_of(invoice) | {"unique_fields": ["nothing"]})


def test_an_option_chooses_another_reading() -> None:
    row = [["DOT_Oran", "X25", "1,00", "0,19", "1,19", "0"]]

    assert clean(row).rows["cleaning_status"].to_pylist() == ["filtered_out"]
    kept = clean(row, options={"x25": "keep"})
    assert kept.rows["cleaning_status"].to_pylist() == ["cleaned"]


def test_an_unreadable_amount_is_empty_with_a_finding_and_never_zero() -> None:
    chunk = clean([["Siège", "LTE", "to follow", "0", "1,19", "0"]])

    assert chunk.rows["net_amount"].to_pylist() == [None]
    assert chunk.findings.to_pylist() == [
        {
            "row_number": 0,
            "field": "net_amount",
            "code": "unreadable",
            "severity": "error",
            "anomaly": "invalid_data",
            "text": "to follow",
        }
    ]
    assert chunk.rows["findings"].to_pylist() == [1]


def test_the_style_of_the_column_settles_an_open_amount() -> None:
    row = [["Siège", "LTE", "1.234", "0", "1,19", "0"]]

    assert clean(row).rows["net_amount"].to_pylist() == [None]
    styled = clean(row, styles={"net_amount": ColumnStyle(decimal_mark=",")})
    assert styled.rows["net_amount"].to_pylist() == [Decimal("1234.0000")]


def test_a_computed_amount_is_exact() -> None:
    columns = ("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice")
    styles = {"unit_price": ColumnStyle(decimal_mark=".")}
    row = ["536365", "85123A", "7", "2010-12-01 08:26:00", "2.555"]
    chunk = clean([row], RETAIL, columns=columns, styles=styles)

    assert chunk.rows["net_amount"].to_pylist() == [Decimal("17.8850000")]
    assert control_totals(chunk.rows, RETAIL)["net_amount"] == Decimal("17.885")


def test_columns_that_are_no_field_are_kept_as_extra() -> None:
    columns = (*COLUMNS, 'Say "hi"', "")
    chunk = clean([["Siège", "LTE", "1", "1", "2", "0", 'a "b"\nc', "z"]], columns=columns)

    assert chunk.rows["extra"].to_pylist() == ['{"Say \\"hi\\"":"a \\"b\\"\\nc","#8":"z"}']


def test_rows_of_another_width_are_kept_and_marked() -> None:
    good = ["Siège", "LTE", "1", "1", "2", "0"]

    chunk = clean([good, good[:4], [*good, "more"]])

    assert chunk.rows.num_rows == 3
    codes = {f["row_number"]: f["code"] for f in chunk.findings.to_pylist()}
    assert codes == {1: "row_too_short", 2: "row_too_long"}


def test_total_rows_are_filtered_as_derived() -> None:
    chunk = clean([["Total", "", "1", "1", "2", "0"]], derived_rows=(0,))

    assert '"derived_row"' in chunk.rows["reasons"].to_pylist()[0]


def test_a_correction_is_applied_before_the_rules() -> None:
    rows = [["DOT_Oran", "ADSL", "?", "1", "2", "0"], ["Siège", "LTE", "1", "1", "2", "0"]]
    verdict = RowVerdict({"product": "LTE", "net_amount": "1.5"}, approved=True)

    chunk = clean(rows, verdicts={0: verdict})

    assert chunk.rows["cleaning_status"].to_pylist() == ["cleaned", "cleaned"]
    assert chunk.rows["net_amount"].to_pylist()[0] == Decimal("1.5")
    assert chunk.findings.num_rows == 0
    assert chunk.rows["corrected"].to_pylist() == ['["net_amount","product"]', None]
    assert chunk.rows["approved"].to_pylist() == [1, 0]


@given(st.lists(st.lists(st.text(max_size=6), min_size=6, max_size=6), min_size=1, max_size=5))
def test_no_text_makes_cleaning_raise_and_no_row_is_lost(rows: list[list[str]]) -> None:
    clean_rows = [[c.encode("utf-8", "replace").decode() for c in row] for row in rows]

    assert clean(clean_rows).rows.num_rows == len(rows)


@given(st.integers(1, 7))
def test_chunks_give_what_the_whole_gives(cut: int) -> None:
    rows = [["Siège", "LTE", f"{i},50", "x" if i == 3 else "1", "2", "0"] for i in range(8)]

    whole, parts = clean(rows), [clean(rows[:cut]), clean(rows[cut:])]

    joined = pa.concat_tables([p.rows.drop(["row_number"]) for p in parts])
    assert joined.to_pylist() == whole.rows.drop(["row_number"]).to_pylist()


def test_a_plan_survives_being_stored() -> None:
    plan = CleaningPlan(
        {"a": 1}, ("x", "y"), {"a": ColumnStyle(",", "dmy")}, {"o": "1"}, ("r",), (7,)
    )

    assert CleaningPlan.from_dict(plan.as_dict()) == plan


# --- types and mapping ------------------------------------------------------------------


def test_headings_decide_the_type() -> None:
    match = best_type(TYPES.values(), "export.csv", COLUMNS)

    assert (match.document_type, match.confidence) == ("ca_periodique", 1.0)


@pytest.mark.parametrize("columns", [("a", "b"), ("", "", ""), ("Total", "Name")])
def test_unknown_headings_make_a_table_of_which_nobody_is_sure(columns: tuple[str, ...]) -> None:
    match = best_type(TYPES.values(), "x.csv", columns)

    assert match.document_type == "table"
    assert match.confidence < 0.5


def test_no_columns_are_of_no_type() -> None:
    assert best_type(TYPES.values(), "x.csv", ()).document_type is None


def test_a_wrong_declaration_is_a_sentence() -> None:
    declared = {
        "name": "x",
        "version": 1,
        "title": "X",
        "field": [{"name": "a"}],
        "filter": [{"name": "f", "reason": "r", "all": [{"field": "b", "is": "empty"}]}],
    }

    with pytest.raises(TemplateError, match="unknown"):
        document_type_of(declared)
    with pytest.raises(TemplateError, match="not valid"):
        document_type_of({"name": "x"})


def test_suggestions_come_from_headings() -> None:
    assert suggestions_for("Date Fact", TYPES.values())[0].field == "issue_date"
    assert suggestions_for("Descripton", TYPES.values())[0].confidence < 0.9
    assert suggestions_for("", TYPES.values()) == []
    assert suggestions_for("Zweck xyz", TYPES.values()) == []


def test_the_newest_template_for_the_same_headings_is_taken() -> None:
    key = header_fingerprint(("A", "B"))
    old = Template(1, "t", 1, "invoice", key, {}, ("A", "B"))
    new = Template(2, "t", 2, "invoice", key, {}, ("A", "B"))

    assert template_for(("a ", "b"), [old, new]) is new
    assert template_for(("b", "a"), [old, new]) is None


# --- decisions --------------------------------------------------------------------------


def test_the_last_correction_that_stands_counts() -> None:
    log = [
        Decision(1, 1, 5, DecisionKind.CORRECT, "a", "1"),
        Decision(2, 1, 5, DecisionKind.CORRECT, "a", "2"),
        Decision(3, 1, 5, DecisionKind.WITHDRAW, withdraws=2),
        Decision(4, 1, 6, DecisionKind.APPROVE),
    ]

    assert [d.id for d in standing(log)] == [1, 4]
    assert verdicts(log) == {
        5: RowVerdict({"a": "1"}, approved=False),
        6: RowVerdict({}, approved=True),
    }


@pytest.mark.parametrize(
    ("field", "text", "stored"),
    [
        ("net_amount", "1 234,56", "1234.56"),
        ("net_amount", "1.234", "1.234"),
        ("net_amount", "  ", None),
        ("product", " LTE ", "LTE"),
    ],
)
def test_what_a_person_types_is_stored_plain(field: str, text: str, stored: str | None) -> None:
    assert canonical(REVENUE.field(field), text, ColumnStyle()) == stored


def test_what_is_no_value_is_refused_with_what_to_write() -> None:
    with pytest.raises(ArgumentError, match=r"1234\.56"):
        canonical(REVENUE.field("net_amount"), "a lot", ColumnStyle())
    with pytest.raises(ArgumentError, match="2024-02-20"):
        canonical(RETAIL.field("issue_date"), "soon", ColumnStyle())
    with pytest.raises(ArgumentError, match="computed"):
        canonical(RETAIL.field("net_amount"), "1", ColumnStyle())
