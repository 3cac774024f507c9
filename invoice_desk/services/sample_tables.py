"""Made-up tables of any document type, from its declaration alone."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal

from invoice_desk.core.document_types import DocumentType, FieldSpec, ValueType

_DIRECTIONS = ("DOT_ORAN", "Alger Est", "SETIF", "DOT_TIZI_OUZOU", "Siège", "Siège")
_CLIENTS = ("Atelier du Lac", "Imprimerie Soleil", "Garage Étoile", "Clinique Jasmin")
#: Texts that fields of the billing types take, so that some rows are kept and some left out.
_TEXTS: dict[str, tuple[str, ...]] = {
    "product": ("Specialized Line", "LTE", "ADSL"),
    "customer_lev1": ("Corporate", "Corporate Group", "Residential"),
    "customer_lev2": ("Entreprise", "Client professionnelConventionné"),
    "customer_lev3": ("Ligne d'exploitation AP", "Ligne d'exploitation ATS", "Autre"),
    "department": ("Direction Commerciale Corporate", "DOT_ORAN"),
    "source": ("DCC", "DCGC", "DRH"),
    "organization": ("DOT_ORAN", "DOT_SETIF", "AT Siège"),
    "subscriber_status": ("Active", "Active", "Predeactivated"),
    "offer_name": ("Idoom Fibre", "Moohtarif plus", "LS 2 Mb/s"),
    "pri_identity": ("LS0021334455", "A0021334466", "F0021334477", "PART21"),
    "actel": ("12|ACTEL ORAN", "34|ACTEL SETIF"),
    "customer_name": _CLIENTS,
    "outcome": ("ANSWERED", "NO ANSWER", "BUSY"),
    "direction": ("in", "out"),
    "currency": ("DZD",),
    "year": ("2024",),
    "fiscal_year": ("2024",),
    "month": tuple(str(number) for number in range(1, 13)),
    "journal_code": ("VE", "BQ"),
}


def sample_rows(made: DocumentType, chance: random.Random, count: int) -> Iterator[Sequence[str]]:
    """Yield a header and `count` rows of a type; debit and credit of a ledger balance."""
    fields = [spec for spec in made.read_fields if spec.headers]
    yield [spec.headers[0] for spec in fields]
    if made.name == "fec":
        yield from _ledger(fields, chance, count)
        return
    for number in range(count):
        day = dt.date(2024, 1, 1) + dt.timedelta(days=chance.randrange(366))
        net = Decimal(chance.randrange(10_000, 9_000_000)) / 100
        yield [_cell(spec, chance, number, day, net) for spec in fields]


def _cell(spec: FieldSpec, chance: random.Random, number: int, day: dt.date, net: Decimal) -> str:
    if spec.name in _TEXTS:
        return chance.choice(_TEXTS[spec.name])
    if spec.lookup:
        return chance.choice(_DIRECTIONS)
    time = f"{chance.randrange(8, 18):02}:{chance.randrange(60):02}:00"
    made = {
        ValueType.PHONE: f"0{chance.choice('567')}{chance.randrange(10**8):08}",
        ValueType.DURATION: f"{chance.randrange(60)}:{chance.randrange(60):02}",
        ValueType.DATE: f"{day:%d/%m/%Y}",
        ValueType.DATETIME: f"{day:%d/%m/%Y} {time}",
        ValueType.INSTANT: f"{day:%d/%m/%Y} {time}",
        ValueType.CODE: f"{number + 1:06}",
        ValueType.TEXT: f"{spec.name} {number % 9 + 1}",
    }
    return made[spec.type] if spec.type in made else _amount(spec.name, chance, net)


def _amount(name: str, chance: random.Random, net: Decimal) -> str:
    rate = Decimal("0.19")
    if name == "tax_rate":
        return "19"
    shares = {"tax_amount": rate, "total_amount": 1 + rate, "collection_amount": 1 + rate}
    share = shares.get(name, Decimal(1))
    if name == "collection_amount" and chance.random() < 0.3:
        share = Decimal(0)
    return french((net * share).quantize(Decimal("0.01")))


def french(amount: Decimal) -> str:
    """Return an amount as `1 234,56`, with a blank that does not break."""
    return f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")


def _ledger(
    fields: Sequence[FieldSpec], chance: random.Random, count: int
) -> Iterator[Sequence[str]]:
    for number in range(count // 2):
        day = dt.date(2024, 1, 1) + dt.timedelta(days=chance.randrange(366))
        amount = f"{Decimal(chance.randrange(1_000, 900_000)) / 100:.2f}".replace(".", ",")
        for account, debit in (("411000", True), ("706000", False)):
            values = {
                "journal_code": "VE",
                "journal_name": "Ventes",
                "entry_number": str(number + 1),
                "posting_date": f"{day:%Y%m%d}",
                "issue_date": f"{day:%Y%m%d}",
                "validation_date": f"{day:%Y%m%d}",
                "account_code": account,
                "account_name": "Clients" if debit else "Prestations de services",
                "reference": f"F{number + 1:05}",
                "description": "Facture",
                "debit": amount if debit else "0,00",
                "credit": "0,00" if debit else amount,
            }
            yield [values.get(spec.name, "") for spec in fields]
