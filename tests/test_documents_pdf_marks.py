from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from pdfs import pdf
from test_services import IN_PROCESS

from invoice_desk.db.engine import reading
from invoice_desk.db.passes import list_findings
from invoice_desk.documents.pdf_marks import marks_of
from invoice_desk.documents.pdf_opening import trying
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import import_paths
from invoice_desk.services.inspecting import inspect_files

LINES = ["Invoice number F-1", "Total 120.00 EUR"]
SIGNED = pdf(
    LINES,
    catalog="/AcroForm << /Fields [5 0 R] /SigFlags 3 >>",
    objects=["<< /FT /Sig /T (Seal) /V 6 0 R >>", "<< /Type /Sig /Filter /Adobe.PPKLite >>"],
)
NAMED_SCRIPT = pdf(
    LINES,
    catalog="/Names << /JavaScript << /Names [(a) 5 0 R] >> >>",
    objects=["<< /S /JavaScript /JS (app.alert\\(1\\)) >>"],
)
OPENING_SCRIPT = pdf(LINES, catalog="/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>")
WITH_FILES = pdf(
    LINES,
    catalog="/Names << /EmbeddedFiles << /Names [(a.csv) 5 0 R (b.xml) 6 0 R] >> >>",
    objects=[
        "<< /Type /Filespec /F (a.csv) /UF (a.csv) /EF << /F 7 0 R >> >>",
        "<< /Type /Filespec /F (b.xml) /UF (b.xml) /EF << /F 7 0 R >> >>",
        "<< /Type /EmbeddedFile /Length 3 >>\nstream\na;b\nendstream",
    ],
)


def marks(folder: Path, data: bytes) -> dict[str, str | None]:
    path = folder / "a.pdf"
    path.write_bytes(data)
    return {str(mark.code): mark.text for mark in marks_of(path, name="a.pdf")}


def test_a_plain_pdf_has_no_marks(tmp_path: Path) -> None:
    assert marks(tmp_path, pdf(LINES, LINES)) == {}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (SIGNED, {"file_signed": None}),
        (NAMED_SCRIPT, {"file_has_script": None}),
        (OPENING_SCRIPT, {"file_has_script": None}),
        (WITH_FILES, {"file_has_files": "a.csv"}),
    ],
)
def test_what_is_remarkable_is_told(
    tmp_path: Path, data: bytes, told: dict[str, str | None]
) -> None:
    assert marks(tmp_path, data) == told


def test_a_script_among_packed_objects_is_found(tmp_path: Path) -> None:
    packed = zlib.compress(b"7 0 << /S /JavaScript /JS (x) >>").decode("latin-1")
    stream = f"<< /Type /ObjStm /Filter /FlateDecode /Length {len(packed)} >>\nstream\n{packed}"

    assert "file_has_script" in marks(tmp_path, pdf(LINES, objects=[stream + "\nendstream"]))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: data.index(b"startxref")],
        lambda data: data.replace(b"\nxref\n", b"\nxrxx\n"),
        lambda data: data.replace(b"%PDF-1.4\n", b"%PDF-1.4\n% a line too many\n"),
        lambda data: data.replace(b"\n", b"\r\n"),
    ],
)
def test_a_file_that_was_mended_on_opening_is_told(tmp_path: Path, damage: object) -> None:
    assert callable(damage)

    assert marks(tmp_path, damage(pdf(LINES, LINES))) == {"file_repaired": None}


def test_bytes_before_the_header_are_no_damage(tmp_path: Path) -> None:
    assert marks(tmp_path, b"some bytes\n" + pdf(LINES)) == {}


def test_a_protected_pdf_is_looked_at_too(tmp_path: Path) -> None:
    with trying(["sesame"]):
        assert marks(tmp_path, pdf(LINES, password="sesame")) == {}


def test_marks_are_shown_and_stored_and_ask_for_nobody(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(SIGNED)

    (shown,) = inspect_files([path], {}, workers=1)
    (stored,) = import_paths(desk, [path], settings=IN_PROCESS).files

    assert "file_signed" in [finding["code"] for finding in shown["findings"]]
    with reading(desk.engine) as connection:
        found = list_findings(connection, source_id=stored.source_id)
    assert "file_signed" in [finding.code for finding in found]
