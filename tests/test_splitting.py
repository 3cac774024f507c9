from __future__ import annotations

import json
from pathlib import Path

import pytest
from pdfs import pdf
from PIL import Image
from test_services import IN_PROCESS

from invoice_desk.cli.main import run
from invoice_desk.core.source import FileOutcome, Kind, SourceStatus
from invoice_desk.db.engine import reading
from invoice_desk.db.passes import list_findings
from invoice_desk.db.sources import get_source, list_pages
from invoice_desk.db.tables import list_tables
from invoice_desk.documents.page_ranges import write_page_range
from invoice_desk.documents.pdf import read_text_layers
from invoice_desk.documents.splits import Split
from invoice_desk.errors import ArgumentError, ExitCode
from invoice_desk.services.cleaning import clean_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import ImportJob, import_paths
from invoice_desk.services.inspecting import inspect_files
from invoice_desk.services.likeness import likely_pairs
from invoice_desk.services.splitting import (
    accept_split,
    decline_split,
    list_proposals,
    propose_again,
)


def lines(number: str, total: str) -> list[str]:
    return [
        f"Invoice number: {number}",
        "Invoice date: 2024-02-13",
        f"Total amount due: {total} EUR",
        "Thank you for your order of last week.",
    ]


def bill(number: str) -> list[str]:
    """Return the lines of an invoice of a supplier with a tax number."""
    return [
        "Atelier Lumen SARL", f"Facture no {number}", "Date de facture : 11/03/2024",
        "TVA FR40303265045", "Total HT 100,00 EUR", "Montant TVA 20,00 EUR", "Total TTC 120,00 EUR",
    ]  # fmt: skip


TERMS = ["These terms hold for everything that we sell.", "They are as long as they must be."]


@pytest.fixture
def joined(desk: Desk, tmp_path: Path) -> int:
    """Return a source with two invoices, the first of two pages."""
    path = tmp_path / "joined.pdf"
    path.write_bytes(pdf(lines("F-1", "120.00"), TERMS, lines("F-2", "80.00")))
    (file,) = import_paths(desk, [path], settings=IN_PROCESS).files
    assert file.source_id is not None
    return file.source_id


def test_a_file_with_two_invoices_waits_for_a_person(desk: Desk, joined: int) -> None:
    (proposal,) = list_proposals(desk)

    assert proposal.source_id == joined
    assert [(s.first, s.last) for s in proposal.splits] == [(1, 2), (3, 3)]
    with reading(desk.engine) as connection:
        source = get_source(connection, joined)
    assert source is not None
    assert source.status is SourceStatus.PREVIEW


def sureness(desk: Desk, *sources: int) -> list[float]:
    """Return how sure the number is, document by document."""
    with reading(desk.engine) as connection:
        tables = [list_tables(connection, source_id=each)[0] for each in sources]
    return [table.details["fields"]["invoice_number"]["confidence"] for table in tables]


def test_no_field_is_sure_while_it_may_be_of_another_document(desk: Desk, joined: int) -> None:
    before = sureness(desk, joined)

    made = accept_split(desk, joined)

    assert before == [0.5]
    assert min(sureness(desk, *made)) > 0.5


def test_the_fields_of_what_is_one_document_are_as_sure_as_any(desk: Desk, joined: int) -> None:
    decline_split(desk, joined)

    assert sureness(desk, joined)[0] > 0.8


def test_a_declined_split_can_be_proposed_again(desk: Desk, joined: int) -> None:
    (before,) = list_proposals(desk)

    told = decline_split(desk, joined)
    propose_again(desk, joined, told)

    (after,) = list_proposals(desk)
    assert after == before
    assert sureness(desk, joined) == [0.5]


def test_inspect_tells_of_the_proposal(tmp_path: Path) -> None:
    path = tmp_path / "joined.pdf"
    path.write_bytes(pdf(lines("F-1", "120.00"), lines("F-2", "80.00")))

    (document,) = inspect_files([path], {}, workers=1)

    (found,) = [each for each in document["findings"] if each["code"] == "document_split"]
    assert "1, 2; page 2" in found["message"]


def test_an_accepted_split_makes_a_source_of_each_document(desk: Desk, joined: int) -> None:
    clean_tables(desk, settings=IN_PROCESS)

    made = accept_split(desk, joined)

    with reading(desk.engine) as connection:
        sources = [get_source(connection, each) for each in made]
        tables = [list_tables(connection, source_id=each)[0] for each in made]
        pages = [len(list_pages(connection, each)) for each in made]
        parent = get_source(connection, joined)
        left = list_tables(connection, source_id=joined)
        kept = len(list_pages(connection, joined))
    assert [s.name for s in sources if s] == ["joined, page 1-2.pdf", "joined, page 3.pdf"]
    assert {s.container_id for s in sources if s} == {joined}
    numbers = [t.details["fields"]["invoice_number"]["value"] for t in tables]
    assert numbers == ["F-1", "F-2"]
    assert (pages, kept) == ([2, 1], 3)
    assert left == []
    assert parent is not None
    assert parent.reasons[-1] == "was split into 2 documents"
    assert list_proposals(desk) == []
    texts = [desk.original(s.sha256) for s in sources if s]
    assert read_text_layers(texts[1], name="x")[0].words[2].text == "F-2"


def test_what_looks_like_a_part_is_told_after_the_split(desk: Desk, tmp_path: Path) -> None:
    single, joined = tmp_path / "a.pdf", tmp_path / "joined.pdf"
    single.write_bytes(pdf(bill("FA-2024-17")))
    joined.write_bytes(pdf([*bill("FA-2024-17"), "Copie"], TERMS))
    import_paths(desk, [joined, single], settings=IN_PROCESS)
    before = [(pair.first_name, pair.second_name) for pair in likely_pairs(desk)]

    accept_split(desk, 1, [Split(1, 1), Split(2, 2)])
    pairs = [(pair.first_name, pair.second_name) for pair in likely_pairs(desk)]
    cleaned = clean_tables(desk, settings=IN_PROCESS).cleaned

    assert before == [("joined.pdf", "a.pdf")]
    assert pairs == [("a.pdf", "joined, page 1.pdf")]
    assert cleaned == 2


def test_rows_of_the_split_file_are_cleaned_once(desk: Desk, joined: int) -> None:
    clean_tables(desk, settings=IN_PROCESS)
    accept_split(desk, joined)

    result = clean_tables(desk, settings=IN_PROCESS)

    assert result.cleaned == 2


def test_a_declined_split_is_not_asked_about_again(desk: Desk, joined: int) -> None:
    decline_split(desk, joined)
    again = ImportJob(desk, (), IN_PROCESS, source_ids=[joined])
    with reading(desk.engine) as connection:
        found = [each.code for each in list_findings(connection, source_id=joined)]

    assert list_proposals(desk) == []
    assert "document_split" not in found
    assert again.run().files[0].outcome is FileOutcome.DUPLICATE


def test_a_declined_split_stays_declined_when_the_file_is_read_anew(
    desk: Desk, joined: int
) -> None:
    from invoice_desk.services.storing import forget_reading

    decline_split(desk, joined)
    forget_reading(desk, joined, status=SourceStatus.PENDING.value)

    ImportJob(desk, (), IN_PROCESS, source_ids=[joined]).run()

    with reading(desk.engine) as connection:
        found = [each.code for each in list_findings(connection, source_id=joined)]
    assert "document_split" not in found
    assert list_proposals(desk) == []


@pytest.mark.parametrize(
    "splits",
    [
        [Split(1, 3)],
        [Split(1, 1), Split(3, 3)],
        [Split(1, 2), Split(2, 3)],
        [Split(1, 2), Split(3, 4)],
    ],
)
def test_no_page_is_lost_or_doubled(desk: Desk, joined: int, splits: list[Split]) -> None:
    with pytest.raises(ArgumentError, match="pages 1 to 3"):
        accept_split(desk, joined, splits)


def test_a_person_may_split_elsewhere(desk: Desk, joined: int) -> None:
    made = accept_split(desk, joined, [Split(1, 1), Split(2, 2), Split(3, 3)])

    assert len(made) == 3


def test_what_is_not_proposed_is_refused(desk: Desk, joined: int) -> None:
    decline_split(desk, joined)

    with pytest.raises(ArgumentError, match="Nothing is proposed"):
        accept_split(desk, joined)
    with pytest.raises(ArgumentError, match="no source"):
        decline_split(desk, 999)


def test_a_protected_file_is_split_with_its_password(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "joined.pdf"
    path.write_bytes(pdf(lines("F-1", "120.00"), lines("F-2", "80.00"), password="sesame"))
    desk.passwords = lambda: ("sesame",)
    (file,) = import_paths(desk, [path], settings=IN_PROCESS).files

    assert len(accept_split(desk, file.source_id or 0)) == 2


def test_pages_of_a_picture_are_taken_out(tmp_path: Path) -> None:
    frames = [Image.new("L", (10 + n, 10)) for n in range(3)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])

    target = tmp_path / "out"
    write_page_range(tmp_path / "a.tif", target, first=2, last=3, name="a.tif", kind=Kind.IMAGE)

    with Image.open(target) as image:
        assert (image.n_frames, image.width) == (2, 11)  # type: ignore[attr-defined]


def test_the_command_lists_accepts_and_declines(
    desk: Desk, joined: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def window(*_: object) -> int:
        raise AssertionError

    at = ["--desk", str(desk.path)]
    listed = run(["split", *at, "--json"], open_window=window)
    proposals = json.loads(capsys.readouterr().out)
    command = ["split", *at, str(joined), "--accept", "--pages", "1-2,3", "--json"]
    accepted = run(command, open_window=window)
    made = json.loads(capsys.readouterr().out)
    declined = run(["split", *at, str(joined), "--decline"], open_window=window)

    assert (listed, accepted, declined) == (ExitCode.OK, ExitCode.OK, ExitCode.BAD_ARGUMENTS)
    assert proposals[0]["source_id"] == joined
    assert len(made) == 2
