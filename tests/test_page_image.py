from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from invoice_desk.core.known_invoices import image_distance
from invoice_desk.documents.page_image import page_hash


def page() -> Image.Image:
    drawn = Image.new("L", (400, 560), 255)
    pen = ImageDraw.Draw(drawn)
    for y in range(60, 500, 22):
        pen.rectangle((40 + (y * 7) % 90, y, 200 + (y * 13) % 170, y + 9), fill=0)
    return drawn


def test_a_noisy_tilted_scan_of_a_page_has_nearly_its_hash() -> None:
    noise = np.random.default_rng(5).normal(0, 6, (560, 400))
    tilted = np.asarray(page().rotate(0.5, fillcolor=250), float) * 0.85 + 25 + noise
    scan = Image.fromarray(tilted.clip(0, 255).astype("uint8"))

    ours, theirs, other = (
        page_hash(page()),
        page_hash(scan),
        page_hash(page().transpose(Image.Transpose.ROTATE_180)),
    )

    assert ours is not None
    assert theirs is not None
    assert other is not None
    assert image_distance(ours, theirs) <= 6
    assert image_distance(ours, other) > 6


def test_an_empty_page_has_no_hash() -> None:
    assert page_hash(Image.new("RGB", (100, 100), "white")) is None
