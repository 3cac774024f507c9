from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from invoice_desk.core.cells import encode_lists, encode_rows
from invoice_desk.core.raw_rows import RawRows, decode_rows

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


@given(
    st.lists(
        st.lists(st.one_of(TEXT, st.sampled_from([" a", "b\u00a0", "\u3000", "c"])), max_size=3),
        min_size=1,
        max_size=6,
    )
)
def test_lines_texts_and_widths_are_those_of_the_rows(rows: list[list[str]]) -> None:
    raw = RawRows.of_cells(pa.array(range(len(rows))), encode_lists(rows), width=2)

    assert [json.loads(f"[{line}]") for line in raw.lines.to_pylist()] == rows
    for index, column in enumerate(raw.texts):
        cells = [row[index] if index < len(row) else None for row in rows]
        trimmed = pc.utf8_trim_whitespace(pa.array(cells, pa.string()))
        assert column.to_pylist() == trimmed.to_pylist()
    short, long = raw.widths()
    assert short.tolist() == [len(row) < 2 for row in rows]
    assert long.tolist() == [len(row) > 2 for row in rows]
