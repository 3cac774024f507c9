"""Made-up billing rows as the receivables system exports them: French amounts, day-first dates."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

COLUMNS = (
    *("Organisation", "N Fact", "Typ Fact", "Date Fact", "Client"),
    *("Montant Ht", "Montant Taxe", "Montant Ttc", "Encaissement", "Date Rglt"),
)
_PLACES = ("Oran", "Alger Centre", "Annaba", "Constantine", "Setif", "Tlemcen")
_CLIENTS = ("ENTREPRISE DE TRAVAUX", "SOCIÉTÉ DE TRANSPORT", "BUREAU D'ÉTUDES", "COOPÉRATIVE")
#: One row in so many is a further payment of an invoice before it.
_PART_PAYMENT = 500
#: Share of the invoices on which nothing was collected; each of them is a finding.
_UNPAID = 0.02


def rows(count: int, *, seed: int = 1) -> Iterator[tuple[str, ...]]:
    """Yield `count` rows; the same seed gives the same rows."""
    chance = random.Random(seed)
    last: tuple[str, ...] = ()
    for number in range(count):
        day, month = chance.randrange(1, 29), number % 12 + 1
        if last and number % _PART_PAYMENT == 0:
            paid = french(chance.randrange(100, 9_000_000))
            last = (*last[:8], paid, f"{day:02}/{month:02}/2024")
            yield last
            continue
        net = chance.randrange(10_000, 90_000_000)
        tax = net * 19 // 100
        last = (
            f"DOT {_PLACES[number % 6]}",
            str(10_000_000 + number),
            ("FACTURE", "AVOIR", "FACTURE LS")[number % 3],
            f"{day:02}/{month:02}/2024",
            f"{_CLIENTS[number % 4]} {chance.randrange(100_000):05}",
            french(net),
            french(tax),
            french(net + tax),
            french(0 if chance.random() < _UNPAID else net + tax),
            f"{chance.randrange(1, 29):02}/{chance.randrange(1, 13):02}/2024",
        )
        yield last


def french(cents: int) -> str:
    """Return an amount as `1 234,56`."""
    return f"{cents // 100:,}".replace(",", " ") + f",{cents % 100:02}"


def write_rows(path: Path, count: int, *, seed: int = 1) -> None:
    """Write a CSV with `count` rows, semicolons between ten columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(";".join(COLUMNS) + "\n")
        file.writelines(";".join(row) + "\n" for row in rows(count, seed=seed))


def write_workbook(path: Path, count: int) -> None:
    """Write a workbook with one sheet of `count` rows: texts, whole numbers, amounts, dates."""
    import datetime as dt

    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Data")
    sheet.append(list(COLUMNS))
    day = dt.date(2024, 1, 1)
    for number, row in enumerate(rows(count)):
        amounts = [float(cell.replace(" ", "").replace(",", ".")) for cell in row[5:9]]
        dates = [day + dt.timedelta(number % 366), day + dt.timedelta(number * 7 % 366)]
        sheet.append([row[0], int(row[1]), row[2], dates[0], row[4], *amounts, dates[1]])
    book.save(path)


def write_daily(folder: Path, files: int, count: int) -> None:
    """Write `files` files of `count` invoice lines of a shop each, one for each day."""
    folder.mkdir()
    head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    for day in range(files):
        chance = random.Random(day)
        with (folder / f"online_retail_{day:03}.csv").open("w", encoding="utf-8") as file:
            file.write(head)
            for line in range(count):
                file.write(
                    f"{536_000 + day * 300 + line // 8},{20_000 + line % 4_000}B,PAPER ROLL,"
                    f"{chance.randrange(1, 60)},2024-{day % 12 + 1:02}-15 08:{line % 60:02}:00,"
                    f"{chance.randrange(50, 9_000) / 100:.2f},{12_000 + line % 600},France\n"
                )
