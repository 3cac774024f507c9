"""Pictures: files of them as upright frames, bounded in memory, white behind, straight."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from invoice_desk.errors import CorruptSourceError, UnsafeSourceError

#: More pixels than this are not unpacked: A2 at 400 dpi has 62 millions.
MAX_PIXELS = 120_000_000
#: A page is worked on with at most this many pixels on its long side: A3 at 200 dpi.
MAX_SIDE = 3400
#: Darkest and brightest of a page are at least this far apart, of 255, or it is stretched.
LEAST_CONTRAST = 110


def count_frames(path: Path, *, name: str) -> int:
    """Return how many pages a picture has; only TIFF has more than one.

    What other formats have more of are moves and previews, not pages.

    Raises:
        CorruptSourceError: If it cannot be opened.
    """
    with _opened(path, name) as image:
        return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def read_frame(path: Path, number: int, *, name: str) -> Any:
    """Return page `number` (from 1) as an upright PIL image in RGB, `MAX_SIDE` at the most.

    Raises:
        CorruptSourceError: If it cannot be read.
        UnsafeSourceError: If it has an implausible number of pixels.
    """
    from PIL import ImageOps

    with _opened(path, name) as image:
        if number > 1:
            image.seek(number - 1)
        width, height = image.size
        if width * height > MAX_PIXELS:  # nothing is unpacked yet
            raise UnsafeSourceError(f"{name} would have {width * height:,} pixels.")
        if image.format == "JPEG":  # unpacked at half the size or less, where that is enough
            image.draft("RGB", (MAX_SIDE, MAX_SIDE))
        return in_bounds(on_white(ImageOps.exif_transpose(image)))


def open_image(path: Path, *, name: str) -> list[Any]:
    """Return all pages of a picture as `read_frame` gives them."""
    return [read_frame(path, n + 1, name=name) for n in range(count_frames(path, name=name))]


@contextmanager
def _opened(path: Path, name: str) -> Iterator[Any]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # Pillow would warn first; we refuse
    try:
        with Image.open(path) as image:
            yield image
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError) as error:
        raise CorruptSourceError(f"{name} cannot be opened as a picture: {error}") from error


def on_white(image: Any) -> Any:
    """Return an image in RGB; what is transparent is white, as on paper."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):  # 16 or 32 bits a pixel: scaled, for Pillow only cuts
        low, high = image.getextrema()
        scale = 255 / max(high - low, 1)
        image = image.convert("F").point(lambda v: v * scale - low * scale).convert("L")
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image)
        image = paper
    return image.convert("RGB")


def in_bounds(image: Any, *, side: int = MAX_SIDE) -> Any:
    """Return an image whose long side is at most `side`."""
    from PIL import Image

    longest = max(image.size)
    if longest <= side:
        return image
    size = tuple(max(1, round(v * side / longest)) for v in image.size)
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def turned(image: Any, degrees: float) -> Any:
    """Return an image turned clockwise: quarters turn the sheet, the rest in place."""
    from PIL import Image

    quarters, rest = round(degrees / 90) % 4, degrees - 90 * round(degrees / 90)
    ways = {
        1: Image.Transpose.ROTATE_270,
        2: Image.Transpose.ROTATE_180,
        3: Image.Transpose.ROTATE_90,
    }
    if quarters:
        image = image.transpose(ways[quarters])
    if rest:
        image = image.rotate(-rest, Image.Resampling.BICUBIC, fillcolor="white")
    return image


def with_contrast(image: Any) -> Any:
    """Return a faint page stretched from black to white, any other as it is."""
    from PIL import ImageOps

    histogram = image.convert("L").histogram()
    dark, bright = _level(histogram, 0.005), _level(histogram, 0.9)
    if not 8 < bright - dark < LEAST_CONTRAST:
        return image
    return ImageOps.autocontrast(image, cutoff=(0.3, 5), preserve_tone=True)


def _level(histogram: list[int], share: float) -> int:
    """Return the grey that this share of the pixels does not exceed."""
    wanted, seen = share * sum(histogram), 0
    for grey, count in enumerate(histogram):
        seen += count
        if seen >= wanted:
            return grey
    return 255
