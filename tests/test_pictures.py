from __future__ import annotations

from pathlib import Path

import pytest
from made_pages import picture
from PIL import Image

from invoice_desk.documents import pictures
from invoice_desk.documents.pictures import (
    MAX_SIDE,
    count_frames,
    open_image,
    read_frame,
    turned,
    with_contrast,
)
from invoice_desk.errors import CorruptSourceError, UnsafeSourceError


def test_a_tiff_has_all_its_pages(tmp_path: Path) -> None:
    path = tmp_path / "three.tiff"
    first, *others = [Image.new("L", (40 + n, 30), 255) for n in range(3)]
    first.save(path, save_all=True, append_images=others)

    assert [image.size for image in open_image(path, name="three.tiff")] == [
        (40, 30),
        (41, 30),
        (42, 30),
    ]


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "bmp", "tiff"])
def test_a_picture_of_any_kind_is_one_page(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"page.{ending}"
    picture().save(path)

    assert count_frames(path, name=path.name) == 1
    assert read_frame(path, 1, name=path.name).size == (900, 640)


def test_pictures_that_move_are_one_page(tmp_path: Path) -> None:
    path = tmp_path / "moves.webp"
    frames = [Image.new("RGB", (40, 30), (n, n, n)) for n in (0, 90, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:])

    assert count_frames(path, name="moves.webp") == 1


def test_a_phone_picture_stands_as_the_phone_was_held(tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    picture().save(path, exif=exif)

    assert read_frame(path, 1, name="phone.jpg").size == (640, 900)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(path)

    assert read_frame(path, 1, name="clear.png").getpixel((5, 5)) == (255, 255, 255)


def test_sixteen_bits_a_pixel_keep_their_greys(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    deep = Image.new("I;16", (2, 1))
    deep.putpixel((0, 0), 1000)
    deep.putpixel((1, 0), 60000)
    deep.save(path)

    image = read_frame(path, 1, name="deep.png")

    assert image.getpixel((0, 0))[0] < 10
    assert image.getpixel((1, 0))[0] > 245


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_a_huge_picture_is_made_smaller(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"huge.{ending}"
    Image.new("L", (9000, 4500), 200).save(path)

    assert read_frame(path, 1, name=path.name).size == (MAX_SIDE, MAX_SIDE // 2)


def test_a_picture_with_an_implausible_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.png"
    Image.new("L", (300, 300)).save(path)
    monkeypatch.setattr(pictures, "MAX_PIXELS", 50_000)

    with pytest.raises(UnsafeSourceError, match=r"bomb\.png"):
        read_frame(path, 1, name="bomb.png")


def test_a_page_that_is_not_there_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "one.tiff"
    picture().save(path)

    with pytest.raises(CorruptSourceError):
        read_frame(path, 2, name="one.tiff")


def test_a_quarter_turns_the_sheet_and_the_rest_turns_in_place() -> None:
    image = Image.new("RGB", (40, 20), "white")
    image.putpixel((0, 0), (0, 0, 0))

    quarter = turned(image, 90)

    assert quarter.size == (20, 40)
    assert quarter.getpixel((19, 0)) == (0, 0, 0)
    assert turned(image, 181.5).size == (40, 20)


def test_only_a_faint_page_is_stretched() -> None:
    faint, plain = picture(ink=190, paper=235), picture()

    assert with_contrast(plain) is plain
    dark, bright = with_contrast(faint).convert("L").getextrema()
    assert bright - dark > 200
