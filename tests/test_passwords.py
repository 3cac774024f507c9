from __future__ import annotations

import io
import json
import sqlite3
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail
from pdfs import pdf
from rings import MemoryRing
from test_services import IN_PROCESS

from invoice_desk.cli.main import run
from invoice_desk.core.modes import Mode
from invoice_desk.core.source import FileOutcome, Kind
from invoice_desk.errors import ArgumentError, ExitCode, PasswordStoreError
from invoice_desk.services import passwords
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import ImportJob, import_paths
from invoice_desk.services.jobs import JobSettings
from invoice_desk.services.passwords import add_password, known_passwords, password_names
from invoice_desk.services.unlocking import locked_sources
from invoice_desk.workers.reading import ReadSource, RecognisePage, read_payload

LINES = ["Invoice number F-1", "Invoice date 2024-02-13", "Total amount 120.00 EUR"]


@pytest.fixture
def ring() -> Iterator[MemoryRing]:
    before = keyring.get_keyring()
    made = MemoryRing()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def _no_ring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


def no_window(*_: object) -> int:
    raise AssertionError


def locked_pdf(folder: Path, password: str = "sesame") -> Path:
    path = folder / "locked.pdf"
    path.write_bytes(pdf(LINES, password=password))
    return path


def test_passwords_are_kept_by_name_and_given_together(ring: MemoryRing) -> None:
    add_password("bank", "one")
    add_password("Müller", "two")
    add_password("bank", "three")

    assert password_names() == ["bank", "Müller"]
    assert known_passwords({}) == ("three", "two")


def test_a_removed_password_leaves_nothing(ring: MemoryRing) -> None:
    add_password("bank", "one")

    passwords.remove_password("bank")

    assert known_passwords({}) == ()
    assert "one" not in ring.kept.values()
    with pytest.raises(ArgumentError, match="no password named"):
        passwords.remove_password("bank")


@pytest.mark.parametrize(("name", "password"), [("", "x"), ("x", ""), ("n" * 30, "x")])
def test_what_is_no_name_or_no_password_is_refused(
    ring: MemoryRing, name: str, password: str
) -> None:
    with pytest.raises(ArgumentError):
        add_password(name, password)


@pytest.mark.usefixtures("_no_ring")
def test_a_system_without_a_keyring_is_told_what_to_do() -> None:
    with pytest.raises(PasswordStoreError, match="no keyring") as raised:
        add_password("bank", "one")

    assert "INVOICE_DESK_PASSWORDS_FILE" in raised.value.advice
    assert known_passwords({}) == ()


@pytest.mark.usefixtures("_no_ring")
def test_a_file_of_passwords_serves_where_there_is_no_keyring(tmp_path: Path) -> None:
    path = tmp_path / "passwords.txt"
    path.write_text("\ufeffone\n\n two \r\n", encoding="utf-8")

    assert known_passwords({passwords.FILE_VARIABLE: str(path)}) == ("one", " two ")


def test_a_file_of_passwords_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="cannot be read"):
        known_passwords({passwords.FILE_VARIABLE: str(tmp_path / "none.txt")})


def test_the_keyring_is_asked_for_protected_files_only(tmp_path: Path) -> None:
    (tmp_path / "open.pdf").write_bytes(pdf(LINES))
    asked = []

    def ask() -> tuple[str, ...]:
        asked.append(1)
        return ("x",)

    assert passwords.passwords_for(tmp_path / "open.pdf", Kind.PDF, ask) == ()
    assert asked == []
    assert passwords.passwords_for(locked_pdf(tmp_path), Kind.PDF, ask) == ("x",)


@pytest.mark.parametrize("mode", [Mode.STANDARD, Mode.OPTIMIZED])
def test_a_protected_pdf_is_read_and_its_password_is_stored_nowhere(
    desk: Desk, tmp_path: Path, ring: MemoryRing, mode: Mode
) -> None:
    add_password("bank", "sesame-0815")
    path = locked_pdf(tmp_path, "sesame-0815")

    batch = import_paths(desk, [path], settings=JobSettings(mode, 1))

    assert batch.files[0].outcome is FileOutcome.DONE
    assert batch.files[0].document_type == "invoice"
    with sqlite3.connect(desk.path) as connection:
        assert "sesame-0815" not in "\n".join(connection.iterdump())


def test_a_payload_does_not_show_its_passwords(desk: Desk, tmp_path: Path) -> None:
    desk.passwords = lambda: ("sesame-0815",)
    job = ImportJob(desk, [locked_pdf(tmp_path, "sesame-0815")], IN_PROCESS)

    job.run()

    assert job._units
    assert "sesame-0815" not in repr(job._units) + repr(desk) + json.dumps(job.request())


def test_a_rejected_pdf_is_read_once_its_password_is_kept(
    desk: Desk, tmp_path: Path, ring: MemoryRing
) -> None:
    path = locked_pdf(tmp_path)
    first = import_paths(desk, [path], settings=IN_PROCESS)
    add_password("bank", "sesame")
    locked = locked_sources(desk)

    again = ImportJob(desk, (), IN_PROCESS, source_ids=locked).run()

    assert first.files[0].error is not None
    assert first.files[0].error["code"] == "encrypted"
    assert locked == [first.files[0].source_id]
    assert again.files[0].outcome is FileOutcome.DONE
    assert locked_sources(desk) == []


def locked_zip(path: Path) -> Path:
    """Write a ZIP with an open member and one that the traditional cipher protects."""
    plain = b"a;b\n1;2\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("open.csv", "c;d\n3;4\n")
        archive.writestr("locked.csv", plain)
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("locked.csv")
    cipher = _Cipher(b"sesame")
    head = bytes(11) + bytes([entry.CRC >> 24])
    packed = cipher.encrypt(head + plain)
    data = path.read_bytes()
    local = data.index(b"PK\x03\x04", 4)
    start = local + 30 + len("locked.csv")
    rest = bytearray(data[:start] + packed + data[start + len(plain) :])
    central = rest.index(b"PK\x01\x02", rest.index(b"PK\x01\x02") + 4)
    for place, flags, size in ((local, 6, 18), (central, 8, 20)):
        rest[place + flags] |= 1
        rest[place + size : place + size + 4] = len(packed).to_bytes(4, "little")
    end = rest.index(b"PK\x05\x06")
    moved = int.from_bytes(rest[end + 16 : end + 20], "little") + 12
    rest[end + 16 : end + 20] = moved.to_bytes(4, "little")
    path.write_bytes(bytes(rest))
    return path


class _Cipher:
    """The cipher of APPNOTE 6.1."""

    def __init__(self, password: bytes) -> None:
        self.keys = [0x12345678, 0x23456789, 0x34567890]
        for byte in password:
            self._turn(byte)

    def encrypt(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            mixed = (self.keys[2] | 2) & 0xFFFF
            out.append(byte ^ ((mixed * (mixed ^ 1)) >> 8 & 0xFF))
            self._turn(byte)
        return bytes(out)

    def _turn(self, byte: int) -> None:
        self.keys[0] = self._crc(self.keys[0], byte)
        self.keys[1] = ((self.keys[1] + (self.keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        self.keys[2] = self._crc(self.keys[2], self.keys[1] >> 24)

    @staticmethod
    def _crc(value: int, byte: int) -> int:
        low = (value ^ byte) & 0xFF
        for _ in range(8):
            low = (low >> 1) ^ (0xEDB88320 if low & 1 else 0)
        return low ^ (value >> 8)


def test_a_protected_member_of_a_zip_is_read_with_its_password(desk: Desk, tmp_path: Path) -> None:
    desk.passwords = lambda: ("wrong", "sesame")

    batch = import_paths(desk, [locked_zip(tmp_path / "a.zip")], settings=IN_PROCESS)

    assert [file.outcome for file in batch.files] == [FileOutcome.DONE] * 3


def test_an_archive_with_a_locked_member_is_opened_again(desk: Desk, tmp_path: Path) -> None:
    path = locked_zip(tmp_path / "a.zip")
    first = import_paths(desk, [path], settings=IN_PROCESS)
    desk.passwords = lambda: ("sesame",)
    locked = locked_sources(desk)

    second = ImportJob(desk, (), IN_PROCESS, source_ids=locked).run()

    outcomes = {file.name: file.outcome for file in first.files}
    assert outcomes["locked.csv"] is FileOutcome.REJECTED
    assert outcomes["open.csv"] is FileOutcome.DONE
    assert locked == [first.files[0].source_id]
    again = {file.name: file.outcome for file in second.files}
    assert again == {
        "a.zip": FileOutcome.DONE,
        "open.csv": FileOutcome.DUPLICATE,
        "locked.csv": FileOutcome.DONE,
    }
    assert locked_sources(desk) == []


# --- the command line -------------------------------------------------------------------


def test_the_command_keeps_lists_and_forgets(
    ring: MemoryRing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("sesame\n"))

    codes = [
        run(["passwords", "add", "bank"], open_window=no_window),
        run(["passwords", "list", "--json"], open_window=no_window),
        run(["passwords", "remove", "bank"], open_window=no_window),
    ]

    assert codes == [ExitCode.OK] * 3
    captured = capsys.readouterr()
    assert json.loads(captured.out) == ["bank"]
    assert "sesame" not in captured.out + captured.err
    assert known_passwords({}) == ()


def test_inspect_takes_a_file_of_passwords(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = tmp_path / "passwords.txt"
    named.write_text("sesame\n", encoding="utf-8")
    path = locked_pdf(tmp_path)

    without = run(["inspect", str(path), "--json", "--workers", "1"], open_window=no_window)
    error = json.loads(capsys.readouterr().out)[0]["error"]
    arguments = ["inspect", str(path), "--json", "--workers", "1", "--password-file", str(named)]
    code = run(arguments, open_window=no_window)

    assert (without, error["code"]) == (ExitCode.BAD_SOURCE, "encrypted")
    assert code == ExitCode.OK
    assert json.loads(capsys.readouterr().out)[0]["document_type"] == "invoice"


def test_pages_of_a_protected_scan_are_recognised_with_the_password(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf([], [], password="sesame"))
    source = ReadSource(str(path), "scan.pdf", Kind.PDF, ocr="rapidocr", passwords=("sesame",))

    content = read_payload(source)
    later = [each for each in content.follow_ups if isinstance(each, RecognisePage)]

    assert [each.number for each in later] == [1, 2]
    assert {each.passwords for each in later} == {("sesame",)}
    assert "sesame" not in repr(later)
    assert read_payload(later[0]).findings == ()
