from __future__ import annotations

import json

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from invoice_desk.core.cells import decode_rows, encode_lists, encode_rows, split_rows

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    st.integers(1, 4).flatmap(
        lambda w: st.lists(st.lists(TEXT, min_size=w, max_size=w), min_size=1)
    )
)
def test_rows_survive_the_way_to_json_and_back(rows: list[list[str]]) -> None:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]

    cells = encode_rows(columns)

    assert [json.loads(text) for text in cells.to_pylist()] == rows
    decoded = decode_rows(cells, width=len(columns))
    assert [list(row) for row in zip(*(c.to_pylist() for c in decoded), strict=True)] == rows


@given(st.lists(st.lists(TEXT, max_size=4), min_size=1), st.integers(1, 5))
def test_short_rows_have_nulls_and_long_rows_are_cut(rows: list[list[str]], width: int) -> None:
    decoded = decode_rows(encode_lists(rows), width=width)

    expected = [(row + [None] * width)[:width] for row in rows]
    assert [list(row) for row in zip(*(c.to_pylist() for c in decoded), strict=True)] == expected


def test_a_slice_of_rows_is_decoded_alone() -> None:
    cells = encode_lists([["a", "1"], ["b", "2"], ["c", "3"]])

    assert decode_rows(cells[1:], width=2)[0].to_pylist() == ["b", "c"]


def test_rows_that_sqlite_joined_are_parted_again() -> None:
    numbers, cells = split_rows(b"3,4", b'["a"]\n["b"]')

    assert numbers.to_pylist() == [3, 4]
    assert cells.to_pylist() == ['["a"]', '["b"]']
    assert len(split_rows(b"", b"")[0]) == 0
