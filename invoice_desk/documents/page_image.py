"""The picture of a first page as 64 bits, so that two scans of one page are recognised."""

from __future__ import annotations

from typing import Any

import numpy as np

from invoice_desk.core.known_invoices import image_hash

#: A cell must be so much lighter than its neighbour, of 255, that it is no noise.
_MARGIN = 4


def page_hash(image: Any) -> int | None:
    """Return the hash of a PIL image, upright; None for an empty page."""
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(image)
    grey = np.asarray(upright.convert("L").resize((9, 8), Image.Resampling.BOX), np.int32)
    if int(grey.max() - grey.min()) < _MARGIN:
        return None
    stretched = (grey - grey.min()) * 255 // (grey.max() - grey.min())
    steps = stretched // (2 * _MARGIN)
    return image_hash(steps)
