from __future__ import annotations

from pathlib import Path

import pytest

from invoice_desk.readers.delimited import plan_spans, read_delimited, read_head, read_span

PLAIN = [f"{i};name {i};{i}.50" for i in range(200)]
QUOTED = [f'{i};"name; {i}";"two\nlines ""{i}"""' for i in range(200)]
ESCAPED = [f'{i};"a \\"name\\"; {i}";"x\\\\"' for i in range(200)]
SINGLE = [f"{i};'name; {i}';'it''s {i}'" for i in range(200)]
DAMAGED = [f'{i};"name {i}";x' if i % 7 else f'{i};"name {i};x' for i in range(200)]
BARRED = [f"{i}|name {i}|x|" for i in range(200)]


@pytest.mark.parametrize("span", [20, 64, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("lines", [PLAIN, QUOTED, ESCAPED, SINGLE, DAMAGED, BARRED])
def test_spans_hold_each_row_once_whatever_the_dialect(
    tmp_path: Path, lines: list[str], end: str, span: int
) -> None:
    delimiter = "|" if lines is BARRED else ";"
    path = tmp_path / "a.csv"
    path.write_bytes(end.join([delimiter.join(["id", "name", "note"]), *lines, ""]).encode())
    head = read_head(path, name="a.csv")

    batches = [read_span(path, s, head) for s in plan_spans(path, head, span_bytes=span)]
    whole = read_delimited(path, name="a.csv").rows

    assert len(whole) == 200
    assert [n for b in batches for n in b.numbers.to_pylist()] == whole.numbers.to_pylist()
    assert [c for b in batches for c in b.cells.to_pylist()] == whole.cells.to_pylist()


def test_a_doubt_names_the_line_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["id;name;note", *DAMAGED, ""]))
    head = read_head(path, name="a.csv")

    batches = [read_span(path, s, head) for s in plan_spans(path, head, span_bytes=500)]

    found = [f.row_number for b in batches for f in b.findings]
    assert found == [i + 1 for i in range(0, 200, 7)]


def test_many_doubts_are_counted_behind_the_first(tmp_path: Path) -> None:
    lines = [f'{i};"x; x";y' if i % 4 else f'{i};"x;y' for i in range(2000)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["id;name;note", *lines, ""]))

    findings = read_delimited(path, name="a.csv").rows.findings

    assert len(findings) == 201
    assert findings[-1].text == "500 rows"


def test_lines_of_another_encoding_are_told_once_a_span(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("été;1\n".encode() * 20 + "Orléans;2\n".encode("cp1252"))

    rows = read_delimited(path, name="a.csv").rows

    assert rows.cells[-1].as_py() == '["Orléans","2"]'
    assert [f.code for f in rows.findings] == ["mixed_encoding"]
