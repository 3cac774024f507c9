from __future__ import annotations

from pathlib import Path

import pytest
from pdfs import pdf

from invoice_desk.documents import pdf_opening
from invoice_desk.documents.pdf import read_text_layers, render
from invoice_desk.documents.pdf_opening import opened, password_of, trying
from invoice_desk.errors import (
    CorruptSourceError,
    EmptySourceError,
    EncryptedSourceError,
    UnsafeSourceError,
)

LINES = ["Invoice number F-1", "Total 120.00 EUR"]


def write(folder: Path, data: bytes) -> Path:
    path = folder / "a.pdf"
    path.write_bytes(data)
    return path


def test_a_protected_pdf_is_opened_by_one_of_the_passwords(tmp_path: Path) -> None:
    path = write(tmp_path, pdf(LINES, password="sésame"))

    with trying(("wrong", "sésame")):
        (page,) = read_text_layers(path, name="a.pdf")
        image = render(path, 1, name="a.pdf")
        which = password_of(path, name="a.pdf")

    assert [word.text for word in page.words][:2] == ["Invoice", "number"]
    assert image.width > 1000
    assert which == "sésame"


def test_passwords_are_tried_within_their_task_only(tmp_path: Path) -> None:
    path = write(tmp_path, pdf(LINES, password="sesame"))
    with trying(("sesame",)):
        pass

    with pytest.raises(EncryptedSourceError, match=r"a\.pdf is protected") as raised:
        read_text_layers(path, name="a.pdf")

    assert "passwords add" in raised.value.advice


def test_passwords_that_do_not_open_are_said_and_not_shown(tmp_path: Path) -> None:
    path = write(tmp_path, pdf(LINES, password="sesame"))

    with trying(("secret",)), pytest.raises(EncryptedSourceError) as raised:
        password_of(path, name="a.pdf")

    assert "None of the passwords" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_an_empty_password_is_none(tmp_path: Path) -> None:
    path = write(tmp_path, pdf(LINES, password=""))

    assert password_of(path, name="a.pdf") is None


def test_a_pdf_without_pages_is_empty(tmp_path: Path) -> None:
    with pytest.raises(EmptySourceError), opened(write(tmp_path, pdf()), name="a.pdf"):
        pass


def test_a_pdf_with_implausibly_many_pages_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf_opening, "MAX_PAGES", 2)
    path = write(tmp_path, pdf(LINES, LINES, LINES))

    with pytest.raises(UnsafeSourceError, match="3 pages"), opened(path, name="a.pdf"):
        pass


def test_what_is_no_pdf_is_corrupt(tmp_path: Path) -> None:
    with (
        pytest.raises(CorruptSourceError, match=r"a\.pdf"),
        opened(write(tmp_path, b"%PDF-1.4\nnothing"), name="a.pdf"),
    ):
        pass
