from __future__ import annotations

import numpy as np

from invoice_desk.db.known_invoices import MOST_SHARING
from invoice_desk.services.invoice_warnings import _sharing, masked, place_key, place_name

PLACES = {(7 << 32) + 4: (3, "a.csv", 1), 8 << 32: (2, "b.pdf", 0)}


def test_pairs_share_a_key_and_one_of_them_is_new() -> None:
    ids = np.array([1, 2, 3, 4, 5])
    keys = np.array([10, 20, 10, 10, 20])

    assert _sharing(ids, keys, np.array([3])) == {(1, 3), (3, 4)}


def test_a_key_that_very_many_share_tells_nothing() -> None:
    ids = np.arange(MOST_SHARING + 1)

    assert _sharing(ids, np.zeros_like(ids), ids) == set()
    assert len(_sharing(ids[1:], np.zeros_like(ids[1:]), np.array([1]))) == MOST_SHARING - 1


def test_a_place_is_told_by_source_table_and_row_whatever_ids_they_have_now() -> None:
    assert place_key((7 << 32) + 4, PLACES) == "3:1:4"
    assert place_name((7 << 32) + 4, PLACES) == "a.csv, row 5"
    assert place_name(8 << 32, PLACES) == "b.pdf"


def test_the_middle_of_an_account_is_hidden() -> None:
    assert masked("DE89370400440532013000") == "DE89 … 3000"
    assert masked("1234") == "1234"
