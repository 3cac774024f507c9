"""Seller and buyer of made invoices: letters, letterheads, sections, blocks side by side, feet."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.made_writer import HEIGHT, PEOPLE, WIDTH, Writer

_LEFT, _RIGHT = 50.0, 330.0


@dataclass(frozen=True)
class Party:
    """Who sells or buys.

    Attributes:
        address: Street and town, a line each, and now and then the country.
        person: Who of them is in charge; empty for most.
    """

    name: str
    address: tuple[str, ...]
    person: str = ""


class Parties:
    """Writes who sells and who buys, in one of many ways, and keeps it in the truth."""

    def __init__(self, writer: Writer) -> None:
        self._to, self._sheet = writer, writer.sheet
        self._may, self._some, self._pick = writer.may, writer.some, writer.chance.choice
        person = self._pick(PEOPLE) if self._may(0.35) else ""
        self.seller = Party(self.company(), self.address(), self._pick(PEOPLE))
        is_company = self._may(0.7)
        self.buyer = Party(
            self.company() if is_company else self._pick(PEOPLE),
            self.address(),
            person if is_company else "",
        )
        self._foot: list[list[str]] = []

    # -- what is written

    def company(self) -> str:
        """Return the name of a company, with and without a legal form."""
        words, legal = self._to.said["words"], self._to.said["legal"]
        surname = self._pick(PEOPLE).split()[-1]
        shape = self._to.chance.random()
        if shape < 0.6:
            name = " ".join(self._to.chance.sample(words, self._pick((1, 2, 2, 3))))
        elif shape < 0.7:
            other = self._pick(PEOPLE).split()[-1]
            name = f"{surname} {'und' if self._is_german and self._may(0.4) else '&'} {other}"
        elif shape < 0.8:
            name = f"{self._pick(words)}-{self._pick(words)} {surname}"
        elif shape < 0.9:
            name = " ".join(
                (
                    self._pick(self._to.said["articles"]),
                    self._pick(words).lower(),
                    self._pick(words).lower(),
                )
            )
        else:
            name = f"{''.join(self._to.chance.sample('ABCDEFGHKLMNPRSTVW', 3))} {self._pick(words)}"
        text = f"{name} {self._pick(legal)}".strip()
        text = text if len(text) > 5 else f"{name} {self._pick(legal[:3])}"
        return text.upper() if self._may(0.2) else text

    def address(self) -> tuple[str, ...]:
        """Return street and town as a language writes them."""
        language, town = self._to.language, self._pick(self._to.said["cities"])
        lines = [self._pick(self._to.said["streets"]).format(n=self._some(1, 180))]
        if language == "en":
            towns = (
                f"{town} {self._pick(('LS', 'BS', 'M'))}{self._some(1, 20)} {self._some(1, 9)}AB",
                f"{town}, {self._pick(('OH', 'NY', 'CA'))} {self._some(10000, 99999)}",
                f"{self._some(10000, 99999)} {town}",
            )
            lines.append(self._pick(towns))
        else:
            country = self._pick(
                ("", "", "", f"{language.upper()} ", f"{'D' if language == 'de' else 'F'}-")
            )
            lines.append(f"{country}{self._some(10000, 99999)} {town}")
        if self._may(0.15):
            lines.insert(
                1, self._pick(("Hof 3", "Etage 2", "Postfach 12", "BP 40", "Gate 4", "Building C"))
            )
        if self._may(0.3):
            lines.append({"en": "United Kingdom", "fr": "France", "de": "Deutschland"}[language])
        return tuple(lines)

    @property
    def _is_german(self) -> bool:
        return self._to.language == "de"

    def _host(self) -> str:
        name = self.seller.name.split(maxsplit=1)[0].lower()
        return "".join(c for c in name if c.isalnum()) + ".example"

    def _contacts(self) -> list[str]:
        """Return how the seller is reached."""
        phone = f"{self._to.label('phone')} {self._some(10, 99)} {self._some(100000, 999999)}"
        lines = [phone] if self._may(0.6) else []
        if self._may(0.3):
            lines.append(f"Fax{self._to.colon} {self._some(10, 99)} {self._some(100000, 999999)}")
        if self._may(0.35):
            lines.append(f"{self._pick(('', 'E-Mail: ', 'Mail '))}info@{self._host()}")
        if self._may(0.35):
            lines.append(f"{self._pick(('www.', 'http://', 'Web: www.'))}{self._host()}")
        return lines

    def _registered(self) -> list[str]:
        """Return the numbers by which the seller is registered."""
        code = {"en": "GB", "fr": "FR", "de": "DE"}[self._to.language]
        lines = [f"{self._to.label('vat_id')} {code}{self._some(10**8, 10**9)}"]
        if self._may(0.3):
            lines.append(f"{self._to.label('registration')} {self._some(10**8, 10**9)}")
        return lines

    def _bank(self) -> list[str]:
        code = {"en": "GB", "fr": "FR", "de": "DE"}[self._to.language]
        iban = f"IBAN{self._to.colon} {code}{self._some(10, 99)} {self._some(1000, 9999)} 0000 1234"
        holder = [f"{self._to.label('holder')} {self.seller.name}"] if self._may(0.3) else []
        return [
            *holder,
            self._pick(("Volksbank", "Banque", "Bank", "Sparkasse")),
            iban,
            "BIC ABCDEF1X",
        ]

    def seller_lines(self) -> list[str]:
        """Return the seller with address, and now and then how to reach it and its numbers."""
        lines = [self.seller.name, *self.seller.address, *self._contacts()]
        return [*lines, *(self._registered() if self._may(0.4) else [])]

    def _buyer_lines(self) -> list[str]:
        buyer, to = self.buyer, self._to
        lines = [buyer.name, *([self._in_charge()] if buyer.person else []), *buyer.address]
        is_person = buyer.name in PEOPLE
        if self._may(0.35 if is_person else 0.1):
            saluted = self._pick(to.said["persons"] if is_person else to.said["companies"])
            if is_person and self._may(0.4):
                lines[0] = f"{saluted} {lines[0]}"
            else:
                lines.insert(0, saluted)
        if self._may(0.12):
            lines.append(f"{to.label('vat_id')} {self._some(10**8, 10**9)}")
        if self._may(0.08):
            lines.append(f"{to.label('phone')} {self._some(10, 99)} {self._some(100000, 999999)}")
        return lines

    def _in_charge(self) -> str:
        """Return the person at the buyer's to whom a letter goes, with and without a title."""
        shape = self._to.chance.random()
        if shape < 0.4:
            return self.buyer.person
        title = self._pick(self._to.said["persons"])
        if shape < 0.75:
            return f"{title} {self.buyer.person}"
        return f"{self._pick(self._to.said['care'])} {title} {self.buyer.person}"

    # -- where it stands

    def block(
        self, lines: list[str], x: float, y: float, *, big: bool = False, center: bool = False
    ) -> float:
        """Write lines one under the other; return where the next one may be."""
        for i, line in enumerate(lines):
            left = WIDTH / 2 - len(line) * self._sheet.size * 0.26 if center else x
            is_big = big and i == 0
            grow = self._to.chance.uniform(1.2, 1.8) if is_big else 1.0
            self._sheet.write(line, left, y, grow=grow)
            y += self._to.row * (1.6 if is_big else 1)
        return y

    def heads(self, y: float) -> float:
        """Write seller and buyer; return where the next block may begin."""
        self._to.truth |= {"supplier_name": self.seller.name, "customer_name": self.buyer.name}
        if self._may(0.2):
            y = self._preamble(y)
        styles = {
            self._sections: 20,
            self._letter: 20,
            self._letterhead: 15,
            self._foot_only: 10,
            self._side_by_side: 35,
            self._on_a_line: 8,
        }
        return self._to.chance.choices(list(styles), list(styles.values()))[0](y)

    def _on_a_line(self, y: float) -> float:
        """Write the seller on top, and the buyer on one line behind its label."""
        y = self.block(self.seller_lines(), _LEFT, y, big=self._may(0.6)) + self._to.row
        parts = [self.buyer.name, *(self.buyer.address if self._may(0.7) else ())]
        label = f"{self._to.label('buyer')}{self._to.colon or ':'}"
        self._sheet.write(f"{label} {', '.join(parts)}", _LEFT, y)
        return y + self._to.row * 2

    def _preamble(self, y: float) -> float:
        """Write what software and printers put on top of a page."""
        for _ in range(self._pick((1, 1, 2, 4))):
            self._sheet.write(
                self._pick(self._to.said["preambles"]), self._pick((50.0, 200.0)), y, grow=0.9
            )
            y += self._to.row
        return y

    def _sections(self, y: float) -> float:
        """Write sections with headings, one under the other; values alone or with their labels."""
        style, ids = self._pick(("bare", "named", "labelled")), self._to.said["ids"]
        value = self._pick((0.0, 130.0, 170.0))
        for who, party in (("seller", self.seller), ("buyer", self.buyer)):
            self._sheet.write(self._to.label(who), _LEFT, y, grow=self._pick((1.0, 1.2)))
            y += self._to.row * self._pick((1, 1, 1.6))
            pairs = [
                (self._pick(ids), str(self._some(10**4, 10**7)))
                for _ in range(self._pick((0, 0, 1, 2)))
            ]
            pairs.append((self._pick(self.labels_of("name")), party.name))
            if party.person and self._may(0.6):
                pairs.append((self._pick(self.labels_of("contact")), party.person))
            pairs.append((self._pick(self.labels_of("address")), party.address[0]))
            pairs += [("", line) for line in party.address[1:]]
            if who == "seller":
                pairs += [("", line) for line in [*self._contacts(), *self._registered()]]
            y = self._pairs(pairs, y, style, value)
        for _ in range(self._pick((0, 0, 1, 2))):
            self._sheet.write(self._to.label("ship"), _LEFT, y)
            lines = [self._other(), *self.address()] if self._may(0.8) else [self._other()]
            y = self.block(lines, _LEFT, y + self._to.row) + self._to.row * 0.4
        if self._may(0.35):
            y = self.block([self._pick(self._to.said["notes"]) for _ in range(3)], _LEFT, y)
            y = self.block([self.seller.name, self.seller.person], _LEFT, y)
        return y

    def labels_of(self, name: str) -> list[str]:
        """Return the texts of a label."""
        found: list[str] = self._to.labels[name]
        return found

    def _other(self) -> str:
        return self.buyer.name if self._may(0.4) else self.company()

    def _pairs(self, pairs: list[tuple[str, str]], y: float, style: str, value: float) -> float:
        for label, text in pairs:
            is_id = text.isdigit()
            if label and (
                style == "labelled"
                or is_id
                or (style == "named" and text in {self.seller.name, self.buyer.name})
            ):
                said = label + (self._to.colon or ":")
                self._sheet.write(said, _LEFT, y)
                width = (len(said) + 1) * self._sheet.size * 0.52
                self._sheet.write(text, _LEFT + max(width, value), y)
            else:
                self._sheet.write(text, _LEFT + (value if style == "labelled" else 0), y)
            y += self._to.row
        return y + self._to.row * 0.5

    def _letter(self, y: float) -> float:
        """Write a letter: a line of the sender above the buyer, the seller beside or on top."""
        row, mark = (
            self._to.row,
            self._pick((" - ", " · ", " | ", ", ", " ● ", "   ", " – ", " * ")),
        )
        top = y
        if self._may(0.65):
            logo = self.seller.name.split(maxsplit=1) if self._may(0.2) else [self.seller.name]
            x = self._pick((_LEFT, _RIGHT, _RIGHT))
            lines = [*logo, *(self.seller.address if self._may(0.4) else ())]
            top = self.block(lines, x, y, big=self._may(0.6))
        top = max(top, y + self._pick((0, 2, 5)) * row)
        if self._may(0.9):
            sender = mark.join([self.seller.name, *self.seller.address[:2]])
            self._sheet.write(sender, _LEFT, top, grow=self._pick((0.7, 0.8, 1.0)))
        lines = self._buyer_lines()
        step = row * self._pick((1.0, 1.0, 1.3))
        for i, line in enumerate(lines):
            self._sheet.write(
                line,
                _LEFT,
                top + self._pick((1.4, 1.4, 2.4)) * row * (i == 0) + (i and 1.4 * row + i * step),
            )
        if self._may(0.6):  # beside it, on levels of its own
            beside = [*self._contacts(), *(self._registered() if self._may(0.4) else [])]
            if self._may(0.4):
                beside.insert(0, f"{self._pick(self.labels_of('contact'))} {self.seller.person}")
            self.block(beside, _RIGHT + 40, top + self._pick((0.0, 0.5, 0.8)) * row)
        self._feet()
        return top + (3 + max(5, len(lines))) * step

    def _letterhead(self, y: float) -> float:
        """Write the seller over the width of the page, its numbers below, then the buyer."""
        seller, row = self.seller, self._to.row
        mark = self._pick((" - ", " · ", " | ", ", "))
        center = self._may(0.4)
        if self._may(0.7):
            lines = [mark.join([seller.name, *seller.address])]
        else:
            lines = [seller.name, mark.join(seller.address)]
        lines += [mark.join(found) for found in (self._contacts(), self._registered()) if found]
        y = self.block(lines, _LEFT, y, center=center) + row * 2
        blocks = [("buyer", self._buyer_lines())]
        if self._may(0.6):
            name = self.buyer.name if self._may(0.7) else self.company()
            blocks.append(("ship", [name, *self.address()]))
            self._to.chance.shuffle(blocks)
        bottom = y
        has_headings = self._may(0.7)
        for x, (who, lines) in zip(
            (_LEFT, _RIGHT) if len(blocks) > 1 else (self._pick((_LEFT, _RIGHT)),),
            blocks,
            strict=True,
        ):
            shift = self._pick((0.0, 0.5)) * row
            if has_headings and (who == "ship" or self._may(0.6)):
                self._sheet.write(self._to.label(who, colon=False), x, y)
                shift += row
            bottom = max(bottom, self.block(lines, x, y + shift))
        return bottom

    def _foot_only(self, y: float) -> float:
        """Write the buyer alone; the seller is named at the foot, and in a logo at most."""
        if self._may(0.4):
            self._sheet.write(self.seller.name, self._pick((_LEFT, 250.0, 400.0)), y, grow=1.6)
            y += 2 * self._to.row
        y = self.block(
            self._buyer_lines(), self._pick((_LEFT, _LEFT, _RIGHT)), y + 2 * self._to.row
        )
        self._feet(is_needed=True)
        return y + self._to.row

    def _side_by_side(self, y: float) -> float:
        left, right, row = _LEFT, _RIGHT, self._to.row
        if self._may(0.3):
            left, right = right, left
        head = [self._to.label("seller")] if self._may(0.2) else []
        big = not head and self._may(0.6)
        a = self.block([*head, *self.seller_lines()], left, y, big=big)
        head = [self._to.label("buyer")] if self._may(0.6) else []
        down = self._pick((0.0, 0.0, 4 * row))
        x = right if not down else self._pick((left, right))
        b = self.block([*head, *self._buyer_lines()], x, max(y, a + row) if down else y)
        if self._may(0.2):
            lines = [self._to.label("ship"), self._other(), *self.address()]
            b = max(b, self.block(lines, _RIGHT if down else _LEFT, max(a, b) + row))
        return max(a, b)

    def _feet(self, *, is_needed: bool = False) -> None:
        if is_needed or self._may(0.5):
            columns = [[self.seller.name, *self.seller.address], self._contacts(), self._bank()]
            if self._may(0.5):
                columns.append(
                    [*self._registered(), f"{self._to.label('boss')} {self.seller.person}"]
                )
            self._foot = [column for column in columns if column]

    def footer(self, y: float) -> None:
        """Write the foot of the page: the seller once more, its bank, its numbers."""
        y = max(y, 0.86 * HEIGHT) if self._may(0.8) else y
        for i, column in enumerate(self._foot):
            step = 500 / len(self._foot)
            self._foot_column(column, _LEFT + i * step, y + self._to.row)
        if self._foot:
            return
        if self._may(0.6):
            self._sheet.write("  ".join(self._bank()), _LEFT, y, grow=0.8)
        if self._may(0.4):
            text = " - ".join([self.seller.name, *self.seller.address])
            self._sheet.write(text, _LEFT, y + self._to.row, grow=0.8)

    def _foot_column(self, lines: list[str], x: float, y: float) -> None:
        for line in lines:
            self._sheet.write(line, x, y, grow=0.7)
            y += self._to.row * 0.8
