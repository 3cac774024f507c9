from __future__ import annotations

import pytest

from invoice_desk.readers.encodings import find_encoding, to_utf8

TEXT = "Société;Montant\nCrédit été à façon;1,50\nHôtel Noël;2,50\n"


@pytest.mark.parametrize(
    "encoding",
    [
        *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"),
        *("utf-32", "utf-32-le", "utf-32-be", "cp1252", "mac_roman", "cp850"),
    ],
)
def test_encodings_are_found_from_the_bytes(encoding: str) -> None:
    content = TEXT.encode(encoding)

    found = find_encoding(content)
    read, mixed = to_utf8(content, found)

    assert found == encoding
    assert read.decode().removeprefix("\ufeff") == TEXT
    assert not mixed


def test_another_script_is_told_by_its_letters() -> None:
    text = "Имя;Сумма\nИван Петров;10\nАнна Иванова;20\nСчёт на оплату услуг связи;30\n"
    content = text.encode("cp1251")

    assert to_utf8(content, find_encoding(content))[0].decode() == text


def test_a_byte_that_the_encoding_lacks_is_kept() -> None:
    content = "café;1\nété à Nîmes;3\n".encode("cp1252") + b"na\x81ve \x80 5;2\n"

    assert find_encoding(content) == "cp1252"
    assert to_utf8(content, "cp1252")[0].decode() == "café;1\nété à Nîmes;3\nna\x81ve € 5;2\n"


@pytest.mark.parametrize("expected", ["utf-8", "cp1252"])
def test_each_line_is_decoded_by_what_fits_it(expected: str) -> None:
    content = "Orléans;1\n".encode() + "Besançon;2\n".encode("cp1252") + b"Paris;3\n"

    read, mixed = to_utf8(content, expected)

    assert read.decode() == "Orléans;1\nBesançon;2\nParis;3\n"
    assert mixed


def test_the_encoding_of_most_lines_is_that_of_the_file() -> None:
    content = "été;1\n".encode() * 30 + "Orléans;2\n".encode("cp1252")

    assert find_encoding(content) == "utf-8"


def test_a_letter_cut_off_at_the_end_of_the_sample_is_no_doubt() -> None:
    assert find_encoding("été".encode()[:-1]) == "utf-8"


def test_a_large_text_is_checked_like_a_small_one() -> None:
    good, bad = "é".encode() * 50_000, "é".encode() * 50_000 + b"\xe9\n"

    assert to_utf8(good, "utf-8") == (good, False)
    assert to_utf8(bad, "utf-8")[1]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_blanks_that_group_digits_are_no_letters(encoding: str) -> None:
    amounts = "\n".join(
        f"Oran;{n}\u00a0{n + 100},50;1\u00a0234\u00a0567,00" for n in range(100, 140)
    )
    content = ("DO;HT;TTC\n" + amounts + "\nSiège;1;2\n").encode(encoding)

    assert to_utf8(content, find_encoding(content))[0].decode() == content.decode(encoding)
