"""Files of one export begin alike and are read at once, but never taken for what they are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import write_csv

from invoice_desk.readers import delimited
from invoice_desk.readers.base import ReadTable
from invoice_desk.readers.delimited import read_tables

HEAD = "InvoiceNo,Description,Quantity,UnitPrice,Country\n"
DAY = HEAD + "".join(f"{n},Paper roll,{n % 9},1.5,France\n" for n in range(500))


@pytest.fixture(autouse=True)
def _known_heads() -> Iterator[None]:
    delimited._plain_heads.clear()
    yield
    delimited._plain_heads.clear()


def test_the_next_day_is_read_by_what_the_first_showed(tmp_path: Path) -> None:
    read_tables(write_csv(tmp_path / "1.csv", DAY), name="1.csv")
    path = write_csv(tmp_path / "2.csv", HEAD + "7,Lamp,1,2.5,Spain\n")

    (table,) = read_tables(path, name="2.csv")

    assert len(delimited._plain_heads) == 1
    assert table.head.name == "2.csv"
    assert table.rows.cells.to_pylist() == ['["7","Lamp","1","2.5","Spain"]']


def _shape(table: ReadTable) -> tuple[object, ...]:
    found = table.head.structure
    return found.columns, found.header_rows, found.first_data_row, table.head.titles


@pytest.mark.parametrize(
    "odd",
    [
        "Total,,9,,\n",
        "\nInvoiceNo,Description,Quantity,UnitPrice,Country\n8,Cup,1,1,UK\n",
        "Exported by the till\n",
        "9,Cup,three,1.5,UK\n",
        "9,Cup,3,1.5,UK,too long\n",
        '9,"Cup, large,3,1.5,UK\n',
        "9,Caf\xe9,3,1.5,UK\n",
    ],
)
def test_a_day_with_anything_odd_is_read_as_if_it_were_the_first(tmp_path: Path, odd: str) -> None:
    path = write_csv(tmp_path / "2.csv", HEAD + "7,Lamp,1,2.5,Spain\n" + odd, "cp1252")
    alone = read_tables(path, name="2.csv")
    read_tables(write_csv(tmp_path / "1.csv", DAY), name="1.csv")

    after = read_tables(path, name="2.csv")

    assert [_shape(t) for t in after] == [_shape(t) for t in alone]
    assert [t.rows.cells.to_pylist() for t in after] == [t.rows.cells.to_pylist() for t in alone]
    assert [t.rows.derived for t in after] == [t.rows.derived for t in alone]
