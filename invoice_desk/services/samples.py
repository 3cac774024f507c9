"""Made-up files of every type, the same for the same seed; no company and no person is real."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import zipfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from invoice_desk.services.desk import load_types
from invoice_desk.services.sample_tables import french, sample_rows
from invoice_desk.writers.pdf import PlacedText, write_pdf

_TOWNS = ("Adrar", "Batna", "Béjaïa", "Blida", "Chlef", "Oran", "Sétif", "Tlemcen", "Siège")
_PRODUCTS = ("Specialized Line", "LTE", "ADSL", "FTTX", "X25")
_CLIENTS = ("Atelier du Lac", "Imprimerie Soleil", "Garage Étoile", "Clinique Jasmin", "Hôtel Azur")
_ITEMS = ("Paper roll 80 mm", "Cable cat. 6", "Desk lamp", "Label sheet", "Router, 4 ports")
_COUNTRIES = ("United Kingdom", "France", "Germany", "Spain")
_HEADINGS = ((50, "Désignation"), (320, "Qté"), (400, "Prix unitaire"), (500, "Montant"))
_SUPPLIERS = ("Nordlicht Bürobedarf", "Papeterie Beauséjour", "Harbour Office Supplies")


def write_samples(target: Path, *, rows: int = 200, seed: int = 1) -> list[Path]:
    """Write one file of each kind into `target`; return their paths.

    Args:
        target: A folder; it is made when it is not there.
        rows: Rows of each table.
        seed: The same seed gives the same texts.
    """
    target.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)  # noqa: S311 - made-up data, not secrets
    made = [
        _write_text(
            target / "ca_periodique_2024-03.csv", revenue_rows(chance, rows), ";", "cp1252"
        ),
        _write_text(target / "online_retail_2024-03-01.csv", retail_rows(chance, rows), ","),
        _write_text(target / "supplier_invoices.csv", invoice_rows(chance, rows), ";"),
        _write_journal(target / "journal_ventes_2024.xlsx", chance, rows),
    ]
    digital = target / "facture-2024-0117.pdf"
    write_pdf([_invoice_page(chance, "2024-0117", dt.date(2024, 3, 11))], digital)
    made.append(digital)
    made.append(_write_scan(target / "scan-2024-0118.png", chance))
    made.append(_write_archive(target / "march.zip", chance, max(5, rows // 4)))
    broken = target / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 o")
    made.append(broken)
    return made + _write_other_types(target / "telecom", chance, rows)


def _write_other_types(folder: Path, chance: random.Random, rows: int) -> list[Path]:
    """Write a table of each type that has no file of its own above."""
    folder.mkdir(exist_ok=True)
    made = []
    for name, document_type in load_types().items():
        if name not in _OF_THEIR_OWN:
            table = sample_rows(document_type, chance, rows)
            made.append(_write_text(folder / f"{name}_2024.csv", table, ";"))
    return made


_OF_THEIR_OWN = frozenset(
    {"ca_periodique", "online_retail", "invoice", "invoice_line", "journal_ventes", "table"}
)


def revenue_rows(chance: random.Random, count: int) -> Iterator[Sequence[str]]:
    """Yield a header and rows of `ca_periodique`, amounts written the French way."""
    yield ("DO", "PRODUIT", "HT", "TAX", "TTC", "DISCOUNT")
    for _ in range(count):
        net = Decimal(chance.randrange(1_000, 90_000_000)) / 100
        tax = (net * Decimal("0.19")).quantize(Decimal("0.01"))
        town = f"DOT_{chance.choice(_TOWNS[:-1])}" if chance.random() < 0.7 else _TOWNS[-1]
        yield (
            town,
            chance.choice(_PRODUCTS),
            french(net),
            french(tax),
            french(net + tax),
            french(Decimal(chance.randrange(0, 5_000)) / 100),
        )


def retail_rows(chance: random.Random, count: int) -> Iterator[Sequence[str]]:
    """Yield a header and rows of `online_retail`, some of them cancellations."""
    yield (
        *("InvoiceNo", "StockCode", "Description", "Quantity"),
        *("InvoiceDate", "UnitPrice", "CustomerID", "Country"),
    )
    number = 536_000
    for _ in range(count):
        number += chance.random() < 0.3
        cancelled = chance.random() < 0.03
        minute = chance.randrange(8 * 60, 18 * 60)
        yield (
            f"C{number}" if cancelled else str(number),
            f"{chance.randrange(20_000, 23_000)}{chance.choice(('', '', 'A', 'B'))}",
            chance.choice(_ITEMS),
            str(-chance.randrange(1, 5) if cancelled else chance.randrange(1, 50)),
            f"2024-03-{chance.randrange(1, 29):02} {minute // 60:02}:{minute % 60:02}:00",
            f"{Decimal(chance.randrange(15, 2_000)) / 100}",
            str(chance.randrange(12_000, 18_000)) if chance.random() < 0.9 else "",
            chance.choice(_COUNTRIES),
        )


def invoice_rows(chance: random.Random, count: int) -> Iterator[Sequence[str]]:
    """Yield a header and rows of `invoice`, a few of them doubtful."""
    yield ("Supplier", "Invoice number", "Invoice date", "Net amount", "VAT", "Total", "Currency")
    for number in range(count):
        day = dt.date(2024, 1, 1) + dt.timedelta(days=chance.randrange(0, 180))
        net = Decimal(chance.randrange(500, 500_000)) / 100
        tax = (net * Decimal("0.20")).quantize(Decimal("0.01"))
        total = "to follow" if number % 37 == 5 else f"{net + tax:.2f}"
        name = chance.choice(_SUPPLIERS)
        written = day.strftime("%d/%m/%Y")
        yield (name, f"{number + 1:06}", written, f"{net:.2f}", f"{tax:.2f}", total, "EUR")


def _write_text(
    path: Path, rows: Iterator[Sequence[str]], delimiter: str, encoding: str = "utf-8"
) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return path


def _journal_row(chance: random.Random, number: int) -> list[Any]:
    siege = chance.random() < 0.2
    day = dt.date(2024, 1, 1) + dt.timedelta(days=chance.randrange(0, 366))
    return [
        "AT Siège" if siege else f"DOT_{chance.choice(_TOWNS[:-1])}",
        chance.choice(("DCC", "DCGC", "DRH", "DAF")) if siege else "DCT",
        f"{number:07}",
        chance.choice(("FAC", "AVO")),
        day,
        chance.choice(_CLIENTS),
        "DZD",
        "@ reprise" if number % 41 == 7 else "Abonnement",
        f"{chance.randrange(700_000, 709_999)}{'A' if chance.random() < 0.05 else ''}",
        day + dt.timedelta(days=3),
        f"{day:%m}/2024",
        f"REF-{number}",
        "Y",
        "Ligne spécialisée",
        Decimal(chance.randrange(-50_000, 9_000_000)) / 100,
    ]


def _write_journal(path: Path, chance: random.Random, rows: int) -> Path:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    book.properties.created = book.properties.modified = dt.datetime(2024, 1, 1)  # noqa: DTZ001
    sheet = book.create_sheet("Journal")
    sheet.append(["Journal des ventes, exercice 2024"])
    sheet.append([])
    sheet.append(
        [
            *("Org Name", "Origine", "N Fact", "Typ Fact", "Date Fact", "Client", "Devise"),
            *("Obj Fact", "Cpt Comptable", "Date GL", "Periode de facturation", "Reference"),
            *("Termine Flag", "Description", "Chiffre Aff Exe Dzd"),
        ]
    )
    for number in range(1, rows + 1):
        sheet.append(_journal_row(chance, number))
    book.save(path)
    return path


def _invoice_page(chance: random.Random, number: str, day: dt.date) -> list[PlacedText]:
    lines = [
        (chance.choice(_ITEMS), chance.randrange(1, 9), chance.randrange(250, 9_000))
        for _ in range(4)
    ]
    net = sum((Decimal(q * p) / 100 for _, q, p in lines), Decimal(0))
    tax = (net * Decimal("0.20")).quantize(Decimal("0.01"))
    texts = [
        PlacedText(50, 60, "Papeterie Beauséjour SARL", 15),
        PlacedText(50, 78, "12 quai des Exemples, 69002 Lyon"),
        PlacedText(380, 60, "FACTURE", 18),
        PlacedText(380, 90, f"Facture n° {number}"),
        PlacedText(380, 106, f"Date de facture : {day:%d/%m/%Y}"),
        PlacedText(380, 122, f"Échéance : {day + dt.timedelta(days=30):%d/%m/%Y}"),
        PlacedText(50, 150, "Client : Atelier du Lac, 3 rue du Port, 74000 Annecy"),
        *(
            PlacedText(x, 200, h)
            for x, h in (
                (50, "Désignation"),
                (320, "Qté"),
                (400, "Prix unitaire"),
                (500, "Montant"),
            )
        ),
    ]
    for i, (item, quantity, price) in enumerate(lines):
        y = 222 + 18 * i
        unit, amount = Decimal(price) / 100, Decimal(quantity * price) / 100
        texts += [
            PlacedText(50, y, item),
            PlacedText(320, y, str(quantity)),
            PlacedText(400, y, _comma(unit)),
            PlacedText(500, y, _comma(amount)),
        ]
    for i, (label, amount) in enumerate(
        (("Total HT", net), ("TVA 20 %", tax), ("Total TTC", net + tax))
    ):
        texts.append(PlacedText(400, 330 + 18 * i, label))
        texts.append(PlacedText(500, 330 + 18 * i, f"{_comma(amount)} €"))
    texts.append(PlacedText(50, 420, "IBAN FR14 2004 1010 0505 0001 3M02 606"))
    return texts


def _comma(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",")


def _write_scan(path: Path, chance: random.Random) -> Path:
    """Write a page as a flat-bed scanner would give it: grey, a little askew, with specks."""
    import numpy as np
    from PIL import Image

    from invoice_desk.documents.pdf import render

    page = path.with_suffix(".tmp.pdf")
    write_pdf([_invoice_page(chance, "2024-0118", dt.date(2024, 3, 12))], page)
    try:
        upright = render(page, 1, name=page.name, dpi=150).convert("L")
    finally:
        page.unlink()
    askew = upright.rotate(0.7, resample=Image.Resampling.BICUBIC, fillcolor=255)
    generator = np.random.default_rng(chance.randrange(1 << 30))
    specks = generator.random((askew.height, askew.width)) < 0.002
    grey = np.where(specks, 120, np.asarray(askew, float) * 0.93 + 8)
    scan = (np.clip(grey, 0, 255) // 16 * 16).astype(np.uint8)
    Image.fromarray(scan).save(path, optimize=True)
    return path


def _write_archive(path: Path, chance: random.Random, rows: int) -> Path:
    """Write a ZIP with folders: a table, an invoice and a note that is no table."""
    page = path.with_suffix(".tmp.pdf")
    write_pdf([_invoice_page(chance, "2024-0119", dt.date(2024, 3, 14))], page)
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(retail_rows(chance, rows))
    members = {
        "2024/march/online_retail_2024-03-02.csv": text.getvalue().encode(),
        "2024/march/invoices/facture-2024-0119.pdf": page.read_bytes(),
    }
    page.unlink()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, date_time=(2024, 3, 31, 12, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return path
