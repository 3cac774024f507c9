from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from mails import eml, file_part, text_part
from test_services import IN_PROCESS, RETAIL, adds_up, retail_row

from invoice_desk.core.source import FileOutcome, SourceStatus
from invoice_desk.db.engine import reading
from invoice_desk.db.sources import get_source, list_pages
from invoice_desk.db.tables import list_tables
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import ImportJob, import_paths
from invoice_desk.services.inspecting import inspect_files
from invoice_desk.services.storing import page_of

CSV = (RETAIL + retail_row(1) + "\n").encode()
INVOICE = """Facture n° F-2024-17
Date de facture : 13/02/2024
Total HT      100,00 €
TVA 20 %       20,00 €
Total TTC     120,00 €
"""


def mail_with_files(folder: Path) -> Path:
    inner = folder / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("march/b.csv", CSV + retail_row(2).encode())
    path = folder / "a.eml"
    path.write_bytes(
        eml(
            text_part("Bonjour, les fichiers de mars."),
            file_part(CSV, "attachment; filename=a.csv"),
            file_part(CSV, "attachment; filename=again.csv"),
            file_part(inner.read_bytes(), "attachment; filename=files.zip"),
            file_part(b"\x78\x9f\x3e\x22 tnef", "attachment; filename=winmail.dat"),
        )
    )
    return path


def test_a_mail_is_the_parent_of_its_files_and_none_is_lost(desk: Desk, tmp_path: Path) -> None:
    batch = import_paths(desk, [mail_with_files(tmp_path)], settings=IN_PROCESS)

    outcomes = {file.name: file.outcome for file in batch.files}
    assert outcomes == {
        "a.eml": FileOutcome.DONE,
        "a.csv": FileOutcome.DONE,
        "again.csv": FileOutcome.DUPLICATE,
        "files.zip": FileOutcome.DONE,
        "b.csv": FileOutcome.DONE,
        "winmail.dat": FileOutcome.REJECTED,
    }
    assert adds_up(batch)
    with reading(desk.engine) as connection:
        mail = get_source(connection, batch.files[0].source_id or 0)
        child = get_source(connection, batch.files[1].source_id or 0)
        (page,) = list_pages(connection, batch.files[0].source_id or 0)
    assert mail is not None
    assert child is not None
    assert (mail.kind.value, mail.status) == ("eml", SourceStatus.COMPLETED)
    assert child.container_id == mail.id
    assert child.origin.endswith("a.eml!/a.csv")
    assert "Bonjour," in [word.text for word in page_of(page).words]


def test_a_mail_whose_text_is_the_invoice_is_read_as_one(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(eml(text_part(INVOICE)))

    batch = import_paths(desk, [path], settings=IN_PROCESS)

    assert (batch.files[0].outcome, batch.files[0].document_type) == (FileOutcome.DONE, "invoice")
    with reading(desk.engine) as connection:
        (table,) = list_tables(connection, source_id=batch.files[0].source_id)
    fields = table.details["fields"]
    assert fields["total_amount"]["value"] == "120.00"
    assert fields["issue_date"]["value"] == "2024-02-13"  # not that of the mail


def test_the_text_of_a_mail_with_a_document_is_no_second_invoice(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(eml(text_part(INVOICE), file_part(CSV, "attachment; filename=a.csv")))

    batch = import_paths(desk, [path], settings=IN_PROCESS)

    with reading(desk.engine) as connection:
        assert list_tables(connection, source_id=batch.files[0].source_id) == []


def test_a_mail_imported_twice_is_a_duplicate(desk: Desk, tmp_path: Path) -> None:
    path = mail_with_files(tmp_path)
    import_paths(desk, [path], settings=IN_PROCESS)

    batch = import_paths(desk, [path], settings=IN_PROCESS)

    assert [file.outcome for file in batch.files] == [FileOutcome.DUPLICATE]


def test_a_cancelled_import_of_a_mail_is_taken_up_where_it_was(desk: Desk, tmp_path: Path) -> None:
    path = mail_with_files(tmp_path)
    job = ImportJob(desk, [path], IN_PROCESS)
    job.cancel()
    first = job.run()

    batch = import_paths(desk, [path], settings=IN_PROCESS)

    assert first.successful == 0
    assert [file.name for file in batch.files if file.outcome is FileOutcome.REJECTED] == [
        "winmail.dat"
    ]
    assert adds_up(batch)


def test_a_broken_mail_is_rejected_with_what_to_do(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.msg"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600)

    (file,) = import_paths(desk, [path], settings=IN_PROCESS).files

    assert file.outcome is FileOutcome.REJECTED
    assert file.error is not None
    assert file.error["advice"]


def test_mails_in_mails_end_somewhere(desk: Desk, tmp_path: Path) -> None:
    data = eml(text_part("innermost"))
    for number in range(7):
        part = file_part(data, f"attachment; filename=m{number}.eml")
        data = eml(text_part(str(number)), part, boundary=f"b{number}")
    path = tmp_path / "a.eml"
    path.write_bytes(data)

    batch = import_paths(desk, [path], settings=IN_PROCESS)

    assert [file.outcome for file in batch.files] == [FileOutcome.DONE] * 4 + [FileOutcome.REJECTED]


@pytest.mark.parametrize("name", ["a.eml", "renamed.txt"])
def test_inspect_shows_the_mail_before_what_hangs_on_it(tmp_path: Path, name: str) -> None:
    path = mail_with_files(tmp_path).rename(tmp_path / name)

    documents = inspect_files([path], {}, text=True, workers=1)

    kinds = {Path(document["file"]).name: document["kind"] for document in documents}
    assert list(kinds.items())[:2] == [(name, "eml"), ("a.csv", "csv")]
    texts = [line["text"] for line in documents[0]["pages"][0]["lines"]]
    assert "Bonjour, les fichiers de mars." in texts
