"""What Florence-2 writes becomes words with boxes, whole or broken."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_desk.documents.page import Word
from invoice_desk.documents.vision_regions import (
    Region,
    confidence_of,
    marks_of,
    regions_of,
    words_of,
)

TOTAL = "<loc_100><loc_200><loc_300><loc_200><loc_300><loc_250><loc_100><loc_250>"
BELOW = "<loc_100><loc_400><loc_300><loc_400><loc_300><loc_450><loc_100><loc_450>"


def read(text: str, *, width: float = 1000, height: float = 1000, top: float = 0) -> list[Word]:
    return words_of(regions_of(marks_of(text)), width=width, height=height, top=top)


def test_a_line_shares_its_length_out_by_letters() -> None:
    first, second = read(f"TTC 12,50{TOTAL}")

    assert (first.text, second.text) == ("TTC", "12,50")
    assert first.box == pytest.approx((100.5, 200.5, 100.5 + 200 * 3 / 9, 250.5))
    assert second.box == pytest.approx((100.5 + 200 * 4 / 9, 200.5, 300.5, 250.5))


def test_places_are_scaled_to_the_page() -> None:
    (word,) = read(f"Total{TOTAL}", width=2000, height=500, top=70)

    assert word.box == pytest.approx((201, 70 + 100.25, 601, 70 + 125.25))


def test_a_whole_answer_is_read_in_its_order() -> None:
    words = read(f"</s><s>Net 10{TOTAL}Total 12{BELOW}</s><pad><pad>")

    assert [word.text for word in words] == ["Net", "10", "Total", "12"]
    assert {word.confidence for word in words} == {1.0}


@pytest.mark.parametrize("answer", ["", "</s>", "</s><s></s><pad>", TOTAL, "<s> </s>"])
def test_a_page_without_text_has_no_words(answer: str) -> None:
    assert read(answer) == []


def test_a_line_whose_end_was_cut_off_is_kept_with_confidence_zero() -> None:
    (whole, cut) = read(f"Total{TOTAL}Due<loc_100><loc_400><loc_300>")

    assert whole.confidence == 1.0
    assert cut.confidence == 0.0
    assert (cut.text, cut.box) == ("Due", (0.0, 250.5, 1000.0, 1000.0))


def test_text_without_a_place_lies_between_its_neighbours() -> None:
    regions = [
        Region("Total", ((1, 200), (9, 200), (9, 250), (1, 250))),
        Region("lost"),
        Region("Due", ((1, 400), (9, 400), (9, 450), (1, 450))),
    ]

    lost = words_of(regions, width=1000, height=1000)[1]

    assert lost == Word("lost", (0.0, 250.0, 1000.0, 400.0), 0.0)


def test_two_corners_are_a_box_that_nobody_is_sure_of() -> None:
    (word,) = read("Due<loc_100><loc_400><loc_300><loc_420>")

    assert word == Word("Due", (100.5, 400.5, 300.5, 420.5), 0.0)


def test_corners_that_enclose_nothing_are_not_believed() -> None:
    (word,) = read("Due" + "<loc_100><loc_400>" * 4)

    assert word.confidence == 0.0
    assert word.box[2] > word.box[0]
    assert word.box[3] > word.box[1]


def test_a_model_that_goes_in_circles_wrote_one_line() -> None:
    words = read(f"0,00{TOTAL}" * 40 + f"0,00{BELOW}")

    assert [word.text for word in words] == ["0,00", "0,00"]


def test_more_places_than_corners_change_nothing() -> None:
    assert read(f"Total{TOTAL}<loc_7><loc_9>") == read(f"Total{TOTAL}")


def test_a_line_that_runs_upwards_is_split_upwards() -> None:
    upwards = "<loc_100><loc_900><loc_100><loc_100><loc_150><loc_100><loc_150><loc_900>"

    first, second = read(f"ab cd{upwards}")

    assert first.box == pytest.approx((100.5, 580.5, 150.5, 900.5))
    assert second.box == pytest.approx((100.5, 100.5, 150.5, 420.5))


def test_a_sign_that_only_looks_like_a_place_is_text() -> None:
    (word,) = read(f"<loc_x>{TOTAL}")

    assert word.text == "<loc_x>"


@given(st.lists(st.sampled_from(["Net ", "1 2", "é", "<", "<loc_5>", "<loc_999>", TOTAL, "</s>"])))
def test_whatever_is_written_no_word_is_lost_or_off_the_page(parts: list[str]) -> None:
    marks = list(marks_of("".join(parts)))

    words = words_of(regions_of(marks), width=300, height=200)

    written = {word for mark in marks for word in mark.text.split()}
    assert {letter for word in words for letter in word.text} == {c for w in written for c in w}
    assert all(0 <= w.box[0] <= w.box[2] <= 301 and 0 <= w.box[1] <= w.box[3] <= 201 for w in words)


def test_confidence_is_the_geometric_mean_of_the_parts() -> None:
    assert confidence_of([math.log(0.9), math.log(0.4)]) == pytest.approx(0.6)
    assert confidence_of([0.0, 0.0]) == 1.0
    assert confidence_of([]) == 0.0
