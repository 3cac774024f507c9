"""Made-up invoices and receipts as pages of words, with the truth: what the ranker learns from.

No two look alike: language, labels, order and place of the blocks, columns, notation and what
stands beside the wanted values are drawn by chance.  No real company, person or number.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from benchmarks.made_parties import Parties
from benchmarks.made_writer import HEIGHT, PEOPLE, SAID, WIDTH, Writer
from invoice_desk.documents.page import Page, TextSource

#: Share of amounts among the totals that are wrong, so that sums are not believed over labels.
_MISPRINTS = 0.06


@dataclass
class MadeDocument:
    """A made document: one page of words, and its fields as they should be read.

    Attributes:
        truth: Field → value, ISO 8601 for dates, plain decimals for amounts; None where the
            document does not have it.
    """

    pages: list[Page]
    truth: dict[str, str | None]


class _Maker(Writer):
    closing = ""

    def meta(self, y: float) -> float:
        """Write number, dates and references in one of several ways."""
        number, due = (
            self.number(),
            self.issued + dt.timedelta(days=self.chance.choice((7, 14, 30, 45))),
        )
        self.truth |= {"invoice_number": number, "issue_date": self.issued.isoformat()}
        said = self.chance.random() < 0.25
        pairs: list[tuple[str, str]] = []
        if said:
            self.sheet.write(
                self.chance.choice(self.labels["said"]).format(
                    number=number, date=self.day(self.issued)
                ),
                50,
                y,
                grow=1.2,
            )
            y += 2 * self.row
        else:
            pairs += [("invoice_number", number), ("issue_date", self.day(self.issued))]
        if self.chance.random() < 0.55:
            pairs.append(("due_date", self.day(due)))
            self.truth["due_date"] = due.isoformat()
        others = {
            "order": f"{self.chance.choice(('PO-', 'B', '4500', ''))}{self.some(1000, 999999)}",
            "order_date": self.day(self.issued - dt.timedelta(days=self.some(3, 40))),
            "delivery_date": self.day(self.issued - dt.timedelta(days=self.some(0, 9))),
            "customer": str(self.some(100, 99999)),
            "delivery": f"L{self.some(1000, 99999)}",
            "contact": self.chance.choice(PEOPLE),
            "terms": "30",
            "print": self.day(self.issued + dt.timedelta(days=self.some(0, 5))),
            "period": f"{self.day(self.issued.replace(day=1))} - {self.day(self.issued)}",
        }
        for name in self.chance.sample(list(others), self.some(0, 6)):
            pairs.append((name, others[name]))
            if name == "order":
                self.truth["purchase_order"] = others[name]
            elif name == "customer":
                self.truth["customer_id"] = others[name]
            elif name == "period":
                first = self.issued.replace(day=1).isoformat()
                self.truth |= {"period_start": first, "period_end": self.issued.isoformat()}
        self.chance.shuffle(pairs)
        y = self._pairs(pairs, y)
        if self.truth["due_date"] is None and self.chance.random() < 0.3:
            self.truth["due_date"] = due.isoformat()
            self.closing = self.chance.choice(self.labels["pay"]).format(
                due=self.day(due), early=self.day(self.issued + dt.timedelta(days=10))
            )
        else:
            self.closing = ""
        return y

    def _pairs(self, pairs: list[tuple[str, str]], y: float) -> float:
        style, x = self.chance.random(), self.chance.choice((50.0, 330.0))
        if style < 0.2 and 1 < len(pairs) < 7:  # values below their labels
            step = 500 / len(pairs)
            for i, (name, value) in enumerate(pairs):
                self.sheet.write(self.label(name, colon=False), 50 + i * step, y, grow=0.8)
                self.sheet.write(value, 50 + i * step, y + self.row, grow=0.9)
            return y + 3 * self.row
        wide = self.chance.choice((0.0, 110.0, 140.0))
        for name, value in pairs:
            label = self.label(name)
            self.sheet.write(label, x, y)
            self.sheet.write(value, x + max(wide, (len(label) + 1) * self.sheet.size * 0.52), y)
            y += self.row
        return y + self.row

    def goods(self, y: float) -> tuple[float, dict[float, Decimal]]:
        """Write the lines; return the net amount of each rate."""
        columns = [50.0, 290.0, 370.0, 440.0, 545.0]
        names = list(self.labels[self.chance.choice(("columns", "columns2"))])
        for name, x in zip(names, columns, strict=True):
            self.sheet.write(name, x, y, right=x > 100)
        y += self.row
        nets: dict[float, Decimal] = {}
        rates = self.chance.sample(SAID[self.language]["rates"], self.chance.choice((1, 1, 2)))
        for _ in range(self.chance.choice((1, 2, 3, 4, 6, 9))):
            quantity, price = (
                self.some(1, 40),
                Decimal(self.some(50, 40000)) / 100,
            )
            rate, net = self.chance.choice(rates), self.sign * quantity * price
            nets[rate] = nets.get(rate, Decimal(0)) + net
            for text, x in zip(
                (
                    self.chance.choice(SAID[self.language]["goods"]),
                    str(quantity),
                    self.money(price, bare=True),
                    f"{rate}%" if self.chance.random() < 0.5 else str(rate),
                    self.money(net, bare=self.chance.random() < 0.5),
                ),
                columns,
                strict=True,
            ):
                self.sheet.write(text, x, y, right=x > 100)
            y += self.row
        return y + self.row * 0.6, nets

    def totals(self, y: float, nets: dict[float, Decimal]) -> float:
        cent = Decimal("0.01")
        taxes = {
            rate: (net * Decimal(str(rate)) / 100).quantize(cent) for rate, net in nets.items()
        }
        net, tax = sum(nets.values(), Decimal(0)), sum(taxes.values(), Decimal(0))
        total = net + tax
        self.truth |= {
            "net_amount": f"{net:f}",
            "tax_amount": f"{tax:f}",
            "total_amount": f"{total:f}",
            "amount_due": f"{total:f}",
        }
        rows: list[tuple[str, Decimal]] = []
        if self.chance.random() < 0.85:
            rows.append((self.label("net"), net))
        else:
            self.truth["net_amount"] = None
        shown = self.chance.random()
        if len(taxes) > 1 and shown < 0.5:
            rows += [
                (f"{rate}% {self.chance.choice(self.labels['tax'])}", tax)
                for rate, tax in taxes.items()
            ]
            if self.chance.random() < 0.4:
                rows.append((self.label("tax"), tax))
            else:
                self.truth["tax_amount"] = None
        elif shown < 0.9 or len(taxes) > 1:
            rate = (
                f" {next(iter(taxes))}%" if len(taxes) == 1 and self.chance.random() < 0.6 else ""
            )
            rows.append((self.label("tax", colon=not rate) + rate, tax))
        else:
            self.truth["tax_amount"] = None
        rows.append((self.label("total"), total))
        if self.chance.random() < 0.25:
            paid = (total * self.some(1, 9) / 10).quantize(cent)
            rows += [
                (self.label("paid"), -paid if self.chance.random() < 0.4 else paid),
                (self.label("due"), total - paid),
            ]
            self.truth["amount_due"] = f"{total - paid:f}"
        rows = [self.misprinted(label, value) for label, value in rows]
        summary = self.chance.random() < 0.3
        if summary and self.chance.random() < 0.5:
            y = self.tax_table(y, nets, taxes)
        x = self.chance.choice((330.0, 300.0, 50.0))
        for label, value in rows:
            self.sheet.write(label, x, y)
            self.sheet.write(self.money(value), 545, y, right=True)
            y += self.row * (1.4 if self.chance.random() < 0.1 else 1)
        return y + self.row

    def misprinted(self, label: str, value: Decimal) -> tuple[str, Decimal]:
        """Return a total, now and then with a wrong digit, as scans and clerks have them."""
        if self.chance.random() > _MISPRINTS:
            return label, value
        wrong = value + self.chance.choice((10, 1, Decimal("0.30"))) * (1 if value >= 0 else -1)
        for name in ("net_amount", "tax_amount", "total_amount", "amount_due"):
            if self.truth.get(name) == f"{value:f}":
                self.truth[name] = f"{wrong:f}"
        return label, wrong

    def tax_table(self, y: float, nets: dict[float, Decimal], taxes: dict[float, Decimal]) -> float:
        for name, x in (("rate", 120.0), ("base", 200.0), ("taxcol", 280.0)):
            self.sheet.write(self.label(name, colon=False), x, y, right=True)
        for rate, tax in taxes.items():
            y += self.row
            for text, x in (
                (f"{rate}%", 120.0),
                (self.money(nets[rate]), 200.0),
                (self.money(tax), 280.0),
            ):
                self.sheet.write(text, x, y, right=True)
        return y + 2 * self.row


def made_invoice(seed: int) -> MadeDocument:
    """Return the invoice that belongs to `seed`."""
    maker = _Maker(seed)
    parties, y = Parties(maker), 40.0
    if maker.chance.random() < 0.5:
        maker.sheet.write(
            maker.label("title", colon=False),
            maker.chance.choice((50.0, 250.0, 420.0)),
            y,
            grow=1.6,
        )
        y += 2.2 * maker.row
    blocks = [parties.heads, maker.meta]
    if maker.chance.random() < 0.3:
        blocks.reverse()
    for block in blocks:
        y = block(y) + maker.row
    y, nets = maker.goods(y)
    y = maker.totals(y, nets)
    if maker.closing:
        maker.sheet.write(maker.closing, 50, y)
        y += 2 * maker.row
    parties.footer(y)
    if maker.may(0.5):
        pages = {"en": "Page 1 of 1", "fr": "Page 1 / 1", "de": "Seite 1 von 1"}
        maker.sheet.write(pages[maker.language], 450, max(815, y + 5 * maker.row), grow=0.8)
    page = Page(
        1, WIDTH, max(HEIGHT, y + 100), tuple(maker.sheet.words), TextSource.TEXT_LAYER, "made"
    )
    return MadeDocument([page], maker.truth)


def made_receipt(seed: int) -> MadeDocument:
    """Return the receipt that belongs to `seed`: narrow, without a buyer, paid in cash."""
    maker = _Maker(seed)
    chance, sheet, row = maker.chance, maker.sheet, maker.row
    parties, wide = Parties(maker), 300.0
    maker.truth |= {"supplier_name": parties.seller.name, "issue_date": maker.issued.isoformat()}
    y = parties.block(parties.seller_lines(), 160, 30.0, center=True) + row
    number = maker.number()
    maker.truth["invoice_number"] = number
    for label, value in (
        ("invoice_number", number),
        (
            "issue_date",
            f"{maker.day(maker.issued)} {chance.randrange(8, 20)}:{chance.randrange(10, 59)}",
        ),
    ):
        sheet.write(f"{maker.label(label)} {value}", 150, y)
        y += row
    total = Decimal(0)
    for _ in range(chance.choice((1, 2, 3, 5, 8))):
        quantity, price = chance.choice((1, 1, 1, 2, 3)), Decimal(chance.randrange(50, 9000)) / 100
        sheet.write(chance.choice(SAID[maker.language]["goods"]), 150, y)
        y += row
        sheet.write(f"{quantity} x {maker.money(price, bare=True)}", 160, y)
        sheet.write(maker.money(quantity * price, bare=True), 150 + wide, y, right=True)
        y += row
        total += quantity * price
    rate = Decimal(str(chance.choice(SAID[maker.language]["rates"])))
    net = (total / (1 + rate / 100)).quantize(Decimal("0.01"))
    rounded = (total * 20).quantize(Decimal(1)) / 20 if chance.random() < 0.4 else total
    rows = (
        [(maker.label("net"), net), (maker.label("tax"), total - net)]
        if chance.random() < 0.5
        else []
    )
    before = (
        chance.choice(("Total", "Total sales incl. tax", "Subtotal", "Total incl. tax"))
        if maker.language == "en"
        else maker.label("total")
    )
    if rounded != total:
        rows += [
            (before, total),
            (chance.choice(("Rounding", "Rounding adj", "Arrondi", "Rundung")), rounded - total),
        ]
    rows.append(
        (
            maker.label("total")
            if rounded == total
            else chance.choice(
                ("Total", "Net total", "Total payable", "Rounded total", "Grand total")
            ),
            rounded,
        )
    )
    if chance.random() < 0.7:
        cash = rounded if chance.random() < 0.3 else (rounded // 10 + chance.choice((1, 2, 5))) * 10
        paid, back = {
            "en": ("Cash", "Change"),
            "fr": ("Espèces", "Rendu"),
            "de": ("Bar", "Rückgeld"),
        }[maker.language]
        rows += [(paid, cash), (back, cash - rounded)]
    for text, amount in rows:
        sheet.write(text, 150, y)
        sheet.write(maker.money(amount, bare=chance.random() < 0.3), 150 + wide, y, right=True)
        y += row
    if chance.random() < 0.4:
        y = maker.tax_table(y + row, {float(rate): net}, {float(rate): total - net})
    maker.truth |= {
        "total_amount": f"{rounded:f}",
        "net_amount": f"{net:f}" if len(rows) > 1 and rows[0][1] == net else None,
    }
    maker.truth |= {
        "tax_amount": f"{total - net:f}" if maker.truth["net_amount"] else None,
        "customer_name": None,
    }
    maker.truth.pop("amount_due")
    page = Page(1, WIDTH, y + 60, tuple(sheet.words), TextSource.OCR, "made")
    return MadeDocument([page], maker.truth)
