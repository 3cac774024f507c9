"""From words on a page to candidates, sums and parties."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from benchmarks.made_documents import made_invoice, made_receipt
from invoice_desk.core.dates import DateOrder
from invoice_desk.documents.extraction.address_rows import address_below
from invoice_desk.documents.extraction.candidates import Kind
from invoice_desk.documents.extraction.document import Document, document_of
from invoice_desk.documents.extraction.evidence import Evidence
from invoice_desk.documents.extraction.figures import Figure, Figures
from invoice_desk.documents.extraction.invoice_fields import read_document
from invoice_desk.documents.extraction.labels import labels_of, meanings
from invoice_desk.documents.extraction.layout import layout_of
from invoice_desk.documents.extraction.parties import chosen_names, whole_name
from invoice_desk.documents.extraction.periods import chosen_period
from invoice_desk.documents.extraction.ranker import FIELDS, Forest, forests
from invoice_desk.documents.extraction.sums import chosen_amounts
from invoice_desk.documents.page import Page, TextSource, Word


def page(*placed: tuple[str, float, float]) -> Page:
    """Return a page with texts at x, y; letters are 6 wide and 10 high."""
    words = []
    for text, x, y in placed:
        at = 0
        for part in text.split():
            at = text.index(part, at)
            words.append(Word(part, (x + 6 * at, y, x + 6 * (at + len(part)), y + 10)))
            at += len(part)
    return Page(1, 595, 842, tuple(words), TextSource.TEXT_LAYER, "test")


def taken(*placed: tuple[str, float, float]) -> Document:
    return document_of(layout_of([page(*placed)]))


def values(document: Document, kind: Kind) -> list[str]:
    return [candidate.value for candidate in document.candidates[kind]]


def means(text: str) -> list[str]:
    (row,) = layout_of([page((text, 50, 50))]).rows
    return [label.means for label in labels_of(row)]


def test_a_row_of_a_page_scanned_askew_stays_a_row() -> None:
    slanted = [("Total", 50.0, 100.0), ("incl", 150.0, 103.0), ("12.00", 400.0, 107.0)]

    rows = layout_of([page(*slanted, ("Cash", 50, 114))]).rows

    assert [row.text for row in rows] == ["Total incl 12.00", "Cash"]


def test_words_that_run_up_the_margin_are_left_out() -> None:
    upright = page(("Invoice 7", 50, 50))
    margin = Word("www.printed-by.example", (5, 100, 15, 400))

    layout = layout_of([Page(1, 595, 842, (*upright.words, margin))])

    assert layout.text == "Invoice 7"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Invoice date: 1.2.2024", ["issue_date"]),
        ("Date d'échéance", ["due_date"]),
        ("Total T.T.C.", ["grand_total"]),
        ("N° de facture", ["invoice_number"]),
        ("RechnungsNr.", ["invoice_number"]),
        ("DocNo", ["invoice_number"]),
        ("Lieferant GmbH", []),
        ("Lieferant:", ["seller"]),
    ],
)
def test_labels_are_known_in_the_forms_people_write(text: str, wanted: list[str]) -> None:
    assert means(text) == wanted


def test_every_meaning_of_a_label_is_named_once() -> None:
    assert len(meanings()) == len(set(meanings())) > 30


def test_an_amount_split_by_a_narrow_blank_is_one_and_two_columns_are_two() -> None:
    document = taken(("Total 1 234,50 €", 50, 50), ("20", 50, 80), ("000,00", 200, 80))

    assert values(document, Kind.AMOUNT) == ["1234.50", "20", "0.00"]


def test_percentages_dates_and_times_are_no_amounts() -> None:
    document = taken(("VAT 20 % on 12/03/2024 at 10:45", 50, 50))

    assert values(document, Kind.AMOUNT) == []


def test_dates_in_words_are_read() -> None:
    document = taken(("12 mars 2024", 50, 50), ("March 3, 2024", 50, 80), ("13MAR2024", 50, 110))

    assert values(document, Kind.DATE) == ["2024-03-12", "2024-03-03", "2024-03-13"]


def test_addresses_of_the_united_states_put_the_month_first() -> None:
    there = taken(("Dallas, TX 75320", 50, 50), ("Date 03/04/20", 50, 80))
    here = taken(("75320 Dijon", 50, 50), ("Date 03/04/20", 50, 80))

    assert there.notation.date_order is DateOrder.MONTH_FIRST
    assert values(there, Kind.DATE) == ["2020-03-04"]
    assert values(here, Kind.DATE) == ["2020-04-03"]


def test_a_name_behind_its_label_is_taken_without_the_label() -> None:
    document = taken(("Name: Stone Harbour Ltd", 50, 50))

    assert "Stone Harbour Ltd" in values(document, Kind.NAME)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Stone Harbour Ltd (139386 X)", "Stone Harbour Ltd"),
        ("Stone Harbour Ltd (867388-U)", "Stone Harbour Ltd"),
        ("Stone Harbour (East) Ltd", "Stone Harbour (East) Ltd"),
    ],
)
def test_a_number_in_brackets_is_no_part_of_a_name(written: str, name: str) -> None:
    assert values(taken((written, 50, 50)), Kind.NAME) == [name]


def test_the_box_of_a_candidate_covers_its_letters_alone() -> None:
    (amount,) = taken(("Total:12.50", 100, 50)).candidates[Kind.AMOUNT]

    assert amount.text == "12.50"
    assert amount.box == pytest.approx((136, 50, 166, 60))


def test_evidence_has_as_many_numbers_for_every_candidate() -> None:
    document = taken(("Invoice 7", 50, 50), ("Total 12.50", 50, 80), ("Cash 20.00", 50, 110))
    evidence = Evidence(document)

    table = evidence.table(Kind.AMOUNT)

    assert len(table) == len(document.candidates[Kind.AMOUNT])
    assert np.isfinite(table).all()
    total = next(c for c in document.candidates[Kind.AMOUNT] if c.value == "12.50")
    assert evidence.labels_at(total)["left"] == {"total"}


def figures(*amounts: tuple[str, str]) -> Figures:
    return Figures(
        [
            Figure(Decimal(value), row, frozenset([label]), is_last=True)
            for row, (label, value) in enumerate(amounts)
        ]
    )


def test_what_was_paid_less_the_change_is_told() -> None:
    made = figures(("total", "19.10"), ("cash", "20.00"), ("change", "0.90"))

    assert made.is_change_apart(Decimal("19.10"))
    assert not made.is_change_apart(Decimal("20.00"))


def test_a_total_after_rounding_is_told() -> None:
    made = figures(("subtotal", "80.91"), ("rounding", "-0.01"), ("total", "80.90"))

    assert made.is_after_rounding(Decimal("80.90"))
    assert made.is_rounded(Decimal("80.90"))


def test_a_net_and_its_tax_at_a_known_rate_are_told() -> None:
    made = figures(("net_total", "100.00"), ("tax_total", "19.00"), ("total", "119.00"))

    assert made.is_taxed(Decimal("119.00"))
    assert not made.is_taxed(Decimal("100.00"))


def test_amounts_that_add_up_are_chosen_over_likelier_ones_that_do_not() -> None:
    document = taken(("100.00", 50, 50), ("20.00", 50, 80), ("120.00", 50, 110), ("90.00", 50, 140))
    odds = {
        "net_amount": np.array([0.0, -6.0, -6.0, 1.0]),
        "tax_amount": np.array([-6.0, 1.0, -6.0, -6.0]),
        "total_amount": np.array([-6.0, -6.0, 1.0, -6.0]),
    }

    chosen = chosen_amounts(document, odds)

    assert {name: one.value for name, one in chosen.items()} == {
        "net_amount": "100.00",
        "tax_amount": "20.00",
        "total_amount": "120.00",
    }
    assert "total" in chosen["net_amount"].reason


@pytest.mark.parametrize(("label", "has_tax"), [("Rating", False), ("VAT", True)])
def test_a_nought_is_the_tax_only_where_a_label_says_so(label: str, has_tax: bool) -> None:
    document = taken(
        (label, 50, 50), ("0.00", 300, 50), ("Net", 50, 80), ("70.00", 300, 80),
        ("Total", 50, 110), ("70.00", 300, 110),
    )  # fmt: skip
    odds = {
        "net_amount": np.array([-9.0, 3.0, -2.0]),
        "tax_amount": np.array([2.0, -9.0, -9.0]),
        "total_amount": np.array([-9.0, 0.0, 4.0]),
    }

    assert ("tax_amount" in chosen_amounts(document, odds)) is has_tax


def test_the_commission_of_an_agency_is_no_tax() -> None:
    document = taken(
        ("Total gross", 50, 50), ("200.00", 300, 50), ("Agency commission", 50, 80),
        ("30.00", 300, 80), ("Total net", 50, 110), ("170.00", 300, 110),
    )  # fmt: skip
    odds = {
        "net_amount": np.array([-9.0, -9.0, 3.0]),
        "tax_amount": np.array([-9.0, -3.0, -9.0]),
        "total_amount": np.array([4.0, -9.0, 0.0]),
    }

    assert "tax_amount" not in chosen_amounts(document, odds)


def test_a_tax_that_only_its_rates_show_is_their_sum_and_says_so() -> None:
    document = taken(
        ("VAT 10%", 50, 50), ("4.00", 300, 50), ("VAT 20%", 50, 80), ("6.00", 300, 80),
        ("Net", 50, 110), ("70.00", 300, 110), ("Total", 50, 140), ("80.00", 300, 140),
    )  # fmt: skip
    odds = {
        "net_amount": np.array([-9.0, -9.0, 3.0, -9.0]),
        "tax_amount": np.array([-9.0, -9.0, -9.0, -9.0]),
        "total_amount": np.array([-9.0, -9.0, -9.0, 4.0]),
    }

    tax = chosen_amounts(document, odds)["tax_amount"]

    assert tax.value == "10.00"
    assert "4.00 + 6.00" in tax.reason
    assert tax.value != tax.candidate.value


def test_an_address_ends_at_the_telephone_and_skips_the_register() -> None:
    document = taken(
        ("STONE HARBOUR LTD", 50, 50),
        ("(Reg. No: 123456-X)", 50, 65),
        ("12 Mill Lane", 50, 80),
        ("75640 Leeds", 50, 95),
        ("Tel: 01 234567", 50, 110),
    )
    name = document.candidates[Kind.NAME][0]

    address = address_below(document, name)

    assert address is not None
    assert address.text == "12 Mill Lane 75640 Leeds"


def test_the_weights_fit_the_evidence() -> None:
    document = taken(("Invoice A-7 of 12/03/2024", 50, 50), ("Stone Ltd 12.50", 50, 80))
    evidence = Evidence(document)

    for field, forest in forests().items():
        table = evidence.table(FIELDS[field])
        assert forest.feature.max() < table.shape[1], field
        assert np.isfinite(forest.log_odds(table)).all(), field


def test_all_trees_at_once_say_what_one_walked_through_after_the_other_says() -> None:
    numbers = np.random.default_rng(3)
    for field, forest in forests().items():
        width = int(forest.feature.max()) + 1
        table = numbers.integers(0, 3, (300, width)).astype(np.float32)
        table[:, ::2] *= numbers.random((300, 1)).astype(np.float32)

        wanted = [
            sum(walked(forest, tree, row) for tree in range(len(forest.feature)))
            for row in table[-3:]
        ]

        found = forest.log_odds(table)
        assert len(found) == len(table)
        assert found[-3:] - forest.base == pytest.approx(np.array(wanted), abs=1e-6), field


def walked(forest: Forest, tree: int, row: np.ndarray) -> float:
    """Return what one tree says of one candidate."""
    node = 0
    while forest.left[tree, node] != node:
        goes_left = row[forest.feature[tree, node]] <= forest.threshold[tree, node]
        node = int((forest.left if goes_left else forest.right)[tree, node])
    return float(forest.value[tree, node])


def test_amounts_are_counted_that_are_larger_and_that_lead_to_others() -> None:
    texts = ("30.00", "10.00", "20.00", "-40.00", "10.00")
    figures = Figures(
        [Figure(Decimal(t), i, frozenset(), is_last=True) for i, t in enumerate(texts)]
    )

    assert [figures.larger(Decimal(t)) for t in ("10.00", "-40.00", "25.00")] == [3, 0, 2]
    assert figures.addends(Decimal("10.00")) == 2  # to 30 and to 40
    assert figures.pairs(Decimal("30.00")) == 1


def test_surer_odds_are_surer_confidence() -> None:
    for field, forest in forests().items():
        steps = [forest.calibrated(odds) for odds in (-9.0, 0.0, 9.0)]
        assert steps == sorted(steps), field
        assert steps[0] < 0.5 < steps[-1], field


def test_made_invoices_that_nobody_trained_on_are_read() -> None:
    right: dict[str, list[bool]] = {}
    for seed in range(90_001, 90_041):
        made = made_invoice(seed)
        fields = read_document(made.pages).fields
        for name in ("invoice_number", "issue_date", "net_amount", "total_amount"):
            wanted = made.truth[name]
            if wanted is not None and not wanted.startswith("-"):
                right.setdefault(name, []).append(name in fields and fields[name].value == wanted)

    for name, hits in right.items():
        assert sum(hits) >= 0.9 * len(hits), f"{name}: {sum(hits)} of {len(hits)}"


def test_a_receipt_is_paid_and_names_no_buyer() -> None:
    found = [read_document(made_receipt(seed).pages) for seed in range(90_001, 90_021)]

    assert {reading.document_class for reading in found} <= {"receipt", "invoice"}
    for reading in found:
        if reading.document_class == "receipt":
            for name in ("customer_name", "amount_due"):
                assert name not in reading.fields or reading.fields[name].confidence >= 0.9


def test_what_was_never_measured_on_orders_is_not_sure_on_them() -> None:
    texts = ("PURCHASE ORDER", "Stone Harbour Ltd", "12 Mill Lane", "75640 Leeds")
    rows = [(text, 50.0, 50.0 + 20 * at) for at, text in enumerate(texts)]
    lines = [("Order no: 4711", 50.0, 150.0), ("3 March 2024", 50.0, 170.0)]

    reading = read_document([page(*rows, *lines, ("Total 120.00", 50, 200))])

    assert reading.document_class == "order"
    for name in ("invoice_number", "issue_date", "supplier_name"):
        assert name not in reading.fields or reading.fields[name].confidence <= 0.65


def test_both_days_of_a_range_are_one_period() -> None:
    fields = read_document(
        [
            page(
                ("Broadcast order", 50, 50),
                ("Contract Dates", 300, 50),
                ("03/16/26 - 03/29/26", 300, 64),
                ("Order number: 77120", 50, 64),
                ("Advertiser: Blue Harbor Committee", 50, 90),
                ("Line 1  Mo-Fr 6a-7a  4 spots", 50, 120),
                ("Start 03/16/26", 300, 120),
                ("$400.00", 500, 120),
                ("Line 2  Mo-Fr 7a-9a  2 spots", 50, 134),
                ("Start 03/23/26", 300, 134),
                ("$300.00", 500, 134),
                ("Total", 420, 160),
                ("$700.00", 500, 160),
            )
        ]
    ).fields

    period = fields["period_start"], fields["period_end"]
    assert [day.value for day in period] == ["2026-03-16", "2026-03-29"]
    assert period[0].box[1] == period[1].box[1]


@pytest.mark.parametrize("text", ["18:1524/05/18", "24~05-18", "24/05/2018 18:15"])
def test_a_day_is_read_though_a_time_is_glued_to_it_or_a_dash_misread(text: str) -> None:
    assert values(taken((text, 50, 50)), Kind.DATE) == ["2018-05-24"]


def test_a_day_and_a_short_year_may_be_glued_to_the_month() -> None:
    document = taken(("Dates: Apr16/26 - Apr22/26", 50, 50), ("Route12/26", 50, 70))

    assert values(document, Kind.DATE) == ["2026-04-16", "2026-04-22"]


@pytest.mark.parametrize(
    ("announced", "is_period"),
    [
        ("Leistungszeitraum: 01.03.2026 bis 31.03.2026", True),
        ("Période : 01/03/2026 au 31/03/2026", True),
        ("31.03.2026 bis 01.03.2026", False),
        ("01.03.2026 Miete 31.03.2026", False),
    ],
)
def test_a_range_is_two_days_in_order_with_a_dash_between(announced: str, is_period: bool) -> None:
    document = taken((announced, 50, 50), ("Total 12.00", 50, 80))
    days = len(document.candidates[Kind.DATE])
    odds = {name: np.full(days, -3.0) for name in ("period_start", "period_end")}

    found = chosen_period(document, odds, least=-0.4)

    assert [day.at for day in found.values()] == ([0, 1] if is_period else [])


def test_an_announced_range_is_chosen_over_a_likelier_one_in_the_table() -> None:
    document = taken(
        ("Flight dates: 01/18/2020 - 01/22/2020", 50, 50), ("01/20/2020 - 01/26/2020", 350, 90)
    )
    odds = {name: np.array([0.0, 0.0, 0.5, 0.5]) for name in ("period_start", "period_end")}

    found = chosen_period(document, odds, least=-0.4)

    assert {name: day.at for name, day in found.items()} == {"period_start": 0, "period_end": 1}


def receipt(*rows: tuple[str, str]) -> Page:
    placed = [("Receipt", 50.0, 40.0)]
    for number, (told, amount) in enumerate(rows):
        placed += [(told, 50.0, 60.0 + 14 * number), (amount, 300.0, 60.0 + 14 * number)]
    return page(*placed)


def test_a_total_that_is_rounded_to_the_coin_agrees_with_net_and_tax() -> None:
    rows = [
        ("Total Sales (Excluding GST)", "96.00"),
        ("Total GST", "5.76"),
        ("Rounding", "-0.01"),
        ("Total Sales (Inclusive of GST)", "101.75"),
        ("CASH", "110.00"),
        ("CHANGE", "8.25"),
        ("Date", "22/03/2026"),
    ]

    found = read_document([receipt(*rows)])

    sums = {name: found.fields[name].value for name in ("net_amount", "tax_amount", "total_amount")}
    assert sums == {"net_amount": "96.00", "tax_amount": "5.76", "total_amount": "101.75"}
    assert found.fields["rounding"].value == "-0.01"
    assert "totals_disagree" not in [finding.code for finding in found.findings]
    missing = read_document([receipt(*(row for row in rows if row[0] != "Rounding"))])
    assert "rounding" not in missing.fields


@pytest.mark.parametrize(
    ("odds", "left"),
    [
        ({"net_amount": 1.0, "tax_amount": 2.0}, {"tax_amount", "total_amount"}),
        ({"net_amount": 2.0, "tax_amount": 1.0}, {"net_amount", "total_amount"}),
    ],
)
def test_no_tax_is_more_than_its_net_amount(odds: dict[str, float], left: set[str]) -> None:
    document = taken(("Net 40.00", 50, 50), ("Tax 70.00", 50, 70), ("Total 200.00", 50, 90))
    places = {"net_amount": 0, "tax_amount": 1, "total_amount": 2}
    table = {name: np.full(3, -9.0) for name in places}
    for name, at in places.items():
        table[name][at] = odds.get(name, 3.0)

    assert set(chosen_amounts(document, table)) == left


def bill(*rows: tuple[str, str]) -> Page:
    """Return a French invoice with these sums."""
    placed = [
        ("Facture N° 112/2026", 300.0, 40.0),
        ("Date : 10/03/2026", 300.0, 56.0),
        ("Fournisseur : ETS BLEU", 50.0, 40.0),
    ]
    for number, (told, amount) in enumerate(rows):
        y = 300.0 + 16 * number
        placed += [(told, 300.0, y), (amount, 480.0, y)]
    return page(*placed)


def test_stamp_duty_is_part_of_the_total_beside_net_and_tax() -> None:
    rows = (
        *(("Total HT", "85000,00"), ("TVA 19%", "16150,00"), ("Timbre", "1011,50")),
        ("Net à payer", "102161,50"),
    )

    found = read_document([bill(*rows)])

    names = ("net_amount", "tax_amount", "total_amount", "stamp_duty")
    assert [found.fields[name].value for name in names] == [
        *("85000.00", "16150.00", "102161.50", "1011.50")
    ]
    assert "totals_disagree" not in [finding.code for finding in found.findings]


def test_what_payments_leave_is_due() -> None:
    rows = (
        *(("Total HT", "215,00"), ("TVA", "41,26"), ("Total TTC", "256,26")),
        *(("Acompte versé", "100,00"), ("Net à payer", "156,26")),
    )

    fields = read_document([bill(*rows)]).fields

    assert fields["total_amount"].value == "256.26"
    assert (fields["amount_due"].value, fields["amount_paid"].value) == ("156.26", "100.00")


def test_a_tax_that_stands_nowhere_is_worked_out_and_said_so() -> None:
    rows = (
        *(("Total HT", "894,00"), ("TVA 20 %", "160,55"), ("TVA 5,5 %", "3,43")),
        ("Total TTC", "1057,98"),
    )

    found = read_document([bill(*rows)])

    tax, total = found.fields["tax_amount"], found.fields["total_amount"]
    assert (tax.value, tax.text) == ("163.98", "160,55 + 3,43")
    assert tax.box[3] < total.box[1]
    assert tax.box[3] - tax.box[1] > 2 * (total.box[3] - total.box[1])
    assert tax.confidence <= 0.6
    assert ("worked_out", "tax_amount") in [(each.code, each.field) for each in found.findings]


def test_a_name_behind_the_label_of_the_buyer_is_not_the_seller() -> None:
    document = taken(("Kunde: Pension Seeblick GmbH", 50, 50), ("Holzwurm GmbH", 300, 50))
    names = document.candidates[Kind.NAME]
    assert "Kunde: Pension Seeblick GmbH" not in [name.value for name in names]
    odds = {
        "supplier_name": np.array([5.0 if "Pension" in n.value else 0.0 for n in names]),
        "customer_name": np.full(len(names), -3.0),
    }

    chosen = chosen_names(document, odds)

    assert chosen["supplier_name"][0].value == "Holzwurm GmbH"


def test_the_addressee_of_a_letter_is_the_buyer_where_nothing_else_tells() -> None:
    document = taken(
        ("Holzwurm GmbH", 50, 40),
        ("Waldweg 3, 70565 Stuttgart", 50, 54),
        ("Herrn", 50, 110),
        ("Max Muster", 50, 124),
        ("Am Hafen 9", 50, 138),
        ("28217 Bremen", 50, 152),
        ("Rechnung Nr. 7", 50, 220),
    )
    names = document.candidates[Kind.NAME]
    odds = {
        "supplier_name": np.array([3.0 if n.value == "Holzwurm GmbH" else -9.0 for n in names]),
        "customer_name": np.full(len(names), -5.0),
    }

    buyer, _ = chosen_names(document, odds)["customer_name"]

    assert whole_name(document, buyer) == "Max Muster"
    address = address_below(document, buyer)
    assert address is not None
    assert address.text == "Am Hafen 9 28217 Bremen"


def test_the_blanks_of_a_typewriter_are_no_gaps() -> None:
    typed = [Word(text, (10 * at, 50, 10 * (at + len(text)), 58)) for text, at in TYPED]

    (row,) = layout_of([Page(1, 595, 842, tuple(typed), TextSource.TEXT_LAYER, "test")]).rows

    assert row.spaced == "Total TTC\t109 373,00"


TYPED = (("Total", 0), ("TTC", 6), ("109", 20), ("373,00", 24))


def test_a_label_names_its_number_though_another_looks_likelier() -> None:
    document = taken(
        ("Credit note no: CN-0042", 300, 50),
        ("Original invoice: HMS/26/1190", 300, 66),
        ("Total 93.60", 300, 200),
    )

    fields = read_document([page(*LABELLED)]).fields

    assert [label.means for label in document.labels[1]][:1] == ["preceding_invoice"]
    assert fields["invoice_number"].value == "CN-0042"


LABELLED = (
    *(("CREDIT NOTE", 50.0, 30.0), ("Credit note no: CN-0042", 300.0, 50.0)),
    *(("Original invoice: HMS/26/1190", 300.0, 66.0), ("VAT 15.60", 300.0, 184.0)),
    ("Total 93.60", 300.0, 200.0),
)


def test_a_label_that_is_the_whole_row_above_a_value_names_it() -> None:
    document = taken(("Rechnungsnummer:", 50, 50), ("RE-26/508", 50, 64), ("Menge 4711", 50, 78))
    number, other = document.candidates[Kind.CODE]

    assert document.label_before(number) == "invoice_number"
    assert document.label_before(other) == "quantity"


def test_the_total_of_all_rates_is_the_total() -> None:
    rows = (
        *(("Total 0% supplies", "39.40"), ("Total 6% supplies (Inc. GST)", "13.74")),
        ("Total Payable", "53.14"),
    )

    fields = read_document([bill(*rows)]).fields

    assert fields["total_amount"].value == "53.14"


def test_what_is_more_than_half_of_the_total_is_no_tax() -> None:
    document = taken(("376.37", 50, 50), ("71.51", 50, 70), ("447.88", 50, 90))
    odds = {
        "net_amount": np.array([-9.0, -9.0, -9.0]),
        "tax_amount": np.array([1.0, -9.0, -9.0]),
        "total_amount": np.array([-9.0, -9.0, 5.0]),
    }

    chosen = chosen_amounts(document, odds)

    names = ("net_amount", "tax_amount", "total_amount")
    assert [chosen[name].value for name in names] == ["376.37", "71.51", "447.88"]


def test_a_tax_that_breaks_the_sum_is_kept_and_the_break_is_said() -> None:
    rows = (
        *(("Total HT", "790,90"), ("TVA 20 % sur 790,90", "158,18")),
        ("Total TTC", "994,08"),
    )

    found = read_document([bill(*rows)])

    assert found.fields["tax_amount"].value == "158.18"
    (doubt,) = [each for each in found.findings if each.code == "totals_disagree"]
    assert doubt.text == "790.90 + 158.18 ≠ 994.08"


def test_a_total_that_no_tax_explains_is_said() -> None:
    found = read_document([bill(("Total HT", "790,90"), ("Total TTC", "994,08"))])

    told = [each.text for each in found.findings if each.code == "totals_disagree"]
    assert told == ["790.90 + ? ≠ 994.08"] or found.fields["net_amount"].confidence < 0.7


def test_deposit_and_balance_are_no_net_and_tax() -> None:
    rows = (
        *(("Logo design", "450.00"), ("Discount 10%", "-45.00"), ("Total", "405.00")),
        *(("Paid (deposit)", "100.00"), ("Balance due", "305.00")),
    )

    fields = read_document([bill(*rows)]).fields

    assert fields["total_amount"].value == "405.00"
    assert fields["amount_due"].value == "305.00"
    wrong = {"net_amount": {"305.00"}, "tax_amount": {"100.00", "-45.00"}}
    for name, values_ in wrong.items():
        assert name not in fields or fields[name].value not in values_


def test_a_piece_of_a_number_to_call_is_no_amount() -> None:
    document = taken(("Tel 02 40 00 00 00", 50, 50), ("Total 36,90", 50, 80))

    assert values(document, Kind.AMOUNT) == ["40", "36.90"]


def test_a_credit_note_names_the_invoice_that_it_corrects() -> None:
    rows = (("Nettobetrag", "-100,00"), ("zzgl. 19 % MwSt.", "-19,00"), ("Gesamtbetrag", "-119,00"))
    about = ("zu Rechnung 2024-0815 vom 05.03.2024", 50, 40)

    sums = [
        part
        for at, (told, amount) in enumerate(rows)
        for part in ((told, 300.0, 300.0 + 16 * at), (amount, 480.0, 300.0 + 16 * at))
    ]
    fields = read_document([page(("Gutschrift", 50, 20), about, *sums)]).fields

    assert fields["preceding_invoice"].value == "2024-0815"
    assert fields["preceding_invoice_date"].value == "2024-03-05"
    assert fields["total_amount"].value == "119.00"


def test_what_was_open_before_is_no_part_of_the_total() -> None:
    rows = (
        *(("Total HT", "100,00"), ("TVA 20 %", "20,00"), ("Total TTC", "120,00")),
        *(("Ancien solde", "80,00"), ("Net à payer", "200,00")),
    )

    fields = read_document([bill(*rows)]).fields

    assert fields["total_amount"].value == "120.00"
    assert fields["amount_due"].value == "200.00"
