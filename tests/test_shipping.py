"""What travels to a worker that does not see the file, and what comes back."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import write_csv

from invoice_desk.core.jobs import ChunkId
from invoice_desk.core.source import Kind
from invoice_desk.readers.delimited import plan_spans, read_head, read_span
from invoice_desk.services.samples import write_samples
from invoice_desk.workers import shipping
from invoice_desk.workers.contract import Chunk, Failure, Outcome, Success
from invoice_desk.workers.reading import (
    ReadFields,
    ReadSource,
    ReadSpan,
    RecognisePage,
    SourceContent,
    read,
)
from invoice_desk.workers.shipping import Missing, Parcel, is_read_here, shipped, unpacked

LINES = "\n".join(["Client;Place;Net", *(f'Nr {i};"Oran\nCentre";{i},50' for i in range(4000))])


def travelled(payload: Any) -> Any:
    """Return what arrives of `payload`."""
    return pickle.loads(pickle.dumps(payload, protocol=5))


def done(payload: Any, scratch: Path) -> Any:
    return unpacked(read, Chunk(ChunkId(1), travelled(shipped(payload))), scratch=str(scratch))


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_a_span_travels_with_its_own_bytes_and_keeps_its_line_numbers(
    tmp_path: Path, scratch: Path
) -> None:
    path = write_csv(tmp_path / "big.csv", LINES)
    head = read_head(path, name="big.csv")
    spans = plan_spans(path, head, span_bytes=20_000)
    assert len(spans) > 3
    payload = ReadSpan(str(path), spans[2], head)
    expected: Any = read_span(path, spans[2], head)

    parcel = shipped(payload)
    path.unlink()
    found: Any = unpacked(read, Chunk(ChunkId(1), travelled(parcel)), scratch=str(scratch))

    assert len(parcel.content) == spans[2].stop - spans[2].start
    assert found.value.rows.numbers.equals(expected.numbers)
    assert found.value.rows.cells.equals(expected.cells)
    assert expected.numbers[0].as_py() > 100


def test_every_kind_of_source_is_read_as_beside_its_file(tmp_path: Path, scratch: Path) -> None:
    kinds = {".csv": Kind.CSV, ".xlsx": Kind.XLSX, ".pdf": Kind.PDF}
    paths = [p for p in write_samples(tmp_path / "made", rows=30) if p.suffix in kinds]
    assert {p.suffix for p in paths} >= {".csv", ".xlsx", ".pdf"}

    for path in paths:
        payload = ReadSource(str(path), path.name, kinds[path.suffix])
        assert plain(done(payload, scratch)) == plain(read(Chunk(ChunkId(1), payload)))
    assert list(scratch.iterdir()) == []


def plain(outcome: Any) -> Any:
    if isinstance(outcome, Failure):
        return outcome.code, outcome.message
    content: SourceContent = outcome.value
    tables = [
        (t.head, t.rows.numbers.to_pylist(), t.rows.cells.to_pylist()) for t in content.tables
    ]
    return tables, content.pages, content.findings, content.follow_ups, content.page_count


def test_what_is_left_to_do_names_the_file_of_the_application(
    tmp_path: Path, scratch: Path
) -> None:
    path = write_csv(tmp_path / "big.csv", LINES)
    payload = ReadSource(str(path), "big.csv", Kind.CSV, span_bytes=20_000)

    found = done(payload, scratch).value

    assert len(found.follow_ups) > 3
    assert {f.path for f in found.follow_ups} == {str(path)}
    assert list(scratch.iterdir()) == []


def test_a_failure_names_no_file_of_the_worker(tmp_path: Path, scratch: Path) -> None:
    def torn(chunk: Chunk[Any]) -> Outcome[Any]:
        return Failure(f"{chunk.payload.path} is torn", retryable=False, detail=chunk.payload.path)

    path = write_csv(tmp_path / "a.csv", "a;b\n1;2\n")
    parcel = shipped(ReadSource(str(path), "a.csv", Kind.CSV))

    found = unpacked(torn, Chunk(ChunkId(1), parcel), scratch=str(scratch))

    assert isinstance(found, Failure)
    assert (found.message, found.detail) == (f"{path} is torn", str(path))
    assert list(scratch.iterdir()) == []


def test_a_worker_whose_disk_cannot_be_written_says_so(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "a;b\n1;2\n")

    found = done(ReadSource(str(path), "a.csv", Kind.CSV), tmp_path / "no such folder")

    assert isinstance(found, Failure)
    assert found.retryable
    assert "could not keep the file" in found.message


def test_only_a_large_text_is_read_where_the_application_is(tmp_path: Path) -> None:
    path = str(write_csv(tmp_path / "a.csv", "a;b\n" * 100))
    small = ReadSource(path, "a.csv", Kind.CSV)

    assert not is_read_here(small)
    assert is_read_here(replace(small, span_bytes=100))
    assert not is_read_here(replace(small, span_bytes=100, kind=Kind.XLSX))
    assert not is_read_here(replace(small, path=str(tmp_path / "gone.csv")))
    assert not is_read_here(ReadFields("a.pdf", ()))


def test_what_needs_no_file_travels_as_it_is() -> None:
    payload = ReadFields("a.pdf", ())

    assert shipped(payload) is payload


def test_pages_of_a_large_file_are_read_from_a_copy_that_the_worker_keeps(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def size(chunk: Chunk[Any]) -> Outcome[int]:
        return Success(Path(chunk.payload.path).stat().st_size)

    def sent(payload: Any, *, again: bool = False) -> Any:
        chunk = Chunk(ChunkId(1), travelled(shipped(payload, again=again)))
        return unpacked(size, chunk, worker="tcp://w:1", scratch=str(scratch))

    monkeypatch.setattr(shipping, "_copies", shipping._Copies())
    pages = []
    for name in "abc":
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(b"x" * shipping.KEEP_FROM_BYTES)
        pages.append(RecognisePage(str(path), path.name, Kind.PDF, 1))

    assert shipped(pages[0]).content is None
    assert sent(pages[0]) == Missing("tcp://w:1")
    assert sent(pages[0], again=True) == Success(shipping.KEEP_FROM_BYTES)
    assert sent(replace(pages[0], number=2)) == Success(shipping.KEEP_FROM_BYTES)
    sent(pages[1], again=True)
    sent(pages[2], again=True)
    assert sent(pages[0]) == Missing("tcp://w:1")
    assert sum(p.is_file() for p in scratch.rglob("*")) == 2


def test_a_file_that_changed_is_another_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"x" * shipping.KEEP_FROM_BYTES)
    page = RecognisePage(str(path), "a.pdf", Kind.PDF, 1)
    before = shipped(page)
    path.write_bytes(b"x" * (shipping.KEEP_FROM_BYTES + 1))

    assert isinstance(before, Parcel)
    assert shipped(page).key != before.key


def test_bytes_leave_the_process_without_being_copied(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "a;b\n" * 1000)
    buffers: list[pickle.PickleBuffer] = []

    inside = pickle.dumps(
        shipped(ReadSource(str(path), "a.csv", Kind.CSV)),
        protocol=5,
        buffer_callback=buffers.append,
    )

    assert len(inside) < 1000
    assert sum(b.raw().nbytes for b in buffers) == path.stat().st_size
