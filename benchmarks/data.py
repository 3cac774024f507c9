"""Made-up rows of invoice lines: ten columns, about a hundred bytes each."""

from __future__ import annotations

import random
from pathlib import Path

COLUMNS = (
    *("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate"),
    *("UnitPrice", "CustomerID", "Country", "Reference", "Note"),
)
_ITEMS = ("PAPER ROLL", "CABLE CAT 6", "DESK LAMP", "LABEL SHEET", "ROUTER 4 PORTS")
_COUNTRIES = ("United Kingdom", "France", "Germany", "Spain")


def write_rows(path: Path, count: int, *, seed: int = 1) -> None:
    """Write a CSV with `count` rows; the same seed gives the same file."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        for number in range(count):
            day, minute = chance.randrange(1, 29), chance.randrange(60)
            file.write(
                f"{536_000 + number // 8},{20_000 + number % 4_000}B,"
                f"{_ITEMS[number % 5]} {chance.randrange(10_000)},{chance.randrange(1, 60)},"
                f"2024-{number % 12 + 1:02}-{day:02} 08:{minute:02}:00,"
                f"{chance.randrange(50, 9_000) / 100:.2f},{12_000 + chance.randrange(6_000)},"
                f"{_COUNTRIES[number % 4]},REF-{number:09},note {chance.randrange(100):02}\n"
            )
