"""How a supplier writes the numbers of its invoices."""

from __future__ import annotations

import re


def number_pattern(number: str) -> str:
    """Return a number with 9 for each digit and A for each letter, as `AA-9999/99`."""
    return re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", number))
