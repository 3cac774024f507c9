"""The rules of EN 16931 in plain words: what is missing in an e-invoice, and what does not add up.

Three classes: `format` is how a value is written, `rule` is a business rule of the norm with its
number, `content` is what no rule forbids and still cannot be right.  Nothing is corrected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from stdnum import iban

from invoice_desk.core.amounts import amount_text
from invoice_desk.core.findings import AnomalyType, Finding, FindingCode, Severity
from invoice_desk.documents.einvoice import EInvoice, number_of

_CENT = Decimal("0.01")
_ZERO = Decimal(0)
#: Profiles that hold no lines, so that rules about them say nothing.
_WITHOUT_LINES = ("minimum", "basicwl", "basic-wl")
#: Lines that only head or explain others; their amounts are in those.
_NOT_SUMMED = frozenset({"GROUP", "INFORMATION"})

#: Rule → field that must be there, and how people call it.
_REQUIRED = (
    ("BR-02", "invoice_number", "an invoice number"),
    ("BR-03", "issue_date", "a date of issue"),
    ("BR-04", "document_type_code", "a type code"),
    ("BR-05", "currency", "a currency"),
    ("BR-06", "supplier_name", "the name of the seller"),
    ("BR-07", "customer_name", "the name of the buyer"),
    ("BR-13", "net_amount", "a total without VAT"),
    ("BR-14", "total_amount", "a total with VAT"),
    ("BR-15", "amount_due", "an amount due for payment"),
)
#: Rules that the short profiles and ZUGFeRD 1 do not know.
_REQUIRED_IN_FULL = (
    ("BR-09", "supplier_country", "the country of the seller"),
    ("BR-11", "customer_country", "the country of the buyer"),
    ("BR-12", "lines_total", "a sum of the lines"),
)
_REQUIRED_IN_LINES = (
    ("BR-21", "line_id", "a number of its own"),
    ("BR-22", "quantity", "a quantity"),
    ("BR-23", "unit", "a unit"),
    ("BR-24", "net_amount", "a net amount"),
    ("BR-25", "description", "a name of the item"),
    ("BR-26", "unit_price", "a price"),
    ("BR-CO-04", "tax_category", "a VAT category"),
)
_TOTALS = (
    ("BR-DEC-09", "lines_total"),
    ("BR-DEC-10", "allowances_total"),
    ("BR-DEC-11", "charges_total"),
    ("BR-DEC-12", "net_amount"),
    ("BR-DEC-13", "tax_amount"),
    ("BR-DEC-14", "total_amount"),
    ("BR-DEC-16", "amount_paid"),
    ("BR-DEC-17", "rounding"),
    ("BR-DEC-18", "amount_due"),
)


def check(invoice: EInvoice) -> list[Finding]:
    """Return what is wrong with an e-invoice, rule by rule."""
    checks: tuple[Callable[[EInvoice], Iterator[Finding]], ...] = (
        _format,
        _presence,
        _line_presence,
        _sums,
        _totals,
        _tax_groups,
        _parties,
        _dates,
        _content,
    )
    return [finding for each in checks for finding in each(invoice)]


def has_lines(invoice: EInvoice) -> bool:
    """Return whether the profile is one that states lines."""
    return not any(word in invoice.profile.lower() for word in _WITHOUT_LINES)


def _is_minimum(invoice: EInvoice) -> bool:
    return "minimum" in invoice.profile.lower()


def _is_full(invoice: EInvoice) -> bool:
    return invoice.syntax != "ZUGFeRD 1" and has_lines(invoice)


def _format(invoice: EInvoice) -> Iterator[Finding]:
    for name, text in invoice.unreadable:
        yield _of_format(
            name, f"“{text[:60]}” of {name} is not written as a date or a number must be"
        )
    for rule, name in _TOTALS:
        amount = number_of(invoice.fields.get(name))
        if amount is not None and amount != _cents(amount):
            yield _of_format(name, f"{rule}: {_shown(amount)} has more than two decimals")
    currency = invoice.fields.get("currency", "EUR")
    if not (len(currency) == 3 and currency.isalpha() and currency.isupper()):
        yield _of_format("currency", f"BR-CL-04: “{currency[:20]}” is no code of a currency")


def _presence(invoice: EInvoice) -> Iterator[Finding]:
    required = _REQUIRED + (_REQUIRED_IN_FULL if _is_full(invoice) else ())
    for rule, name, words in required:
        if name not in invoice.texts:
            yield _of_rule(name, f"{rule}: the invoice must state {words}")
    if has_lines(invoice) and not invoice.lines:
        yield _of_rule("lines", "BR-16: the invoice must have a line")
    if _is_full(invoice) and not invoice.taxes:
        yield _of_rule("tax_amount", "BR-CO-18: the invoice must break its VAT down by rate")


def _line_presence(invoice: EInvoice) -> Iterator[Finding]:
    """Yield rules that lines break, one finding a rule however many lines."""
    if not _is_full(invoice):
        return
    for rule, name, words in _REQUIRED_IN_LINES:
        without = [
            _label(line, n)
            for n, line in enumerate(invoice.lines, start=1)
            if name not in line and _is_counted(line)
        ]
        if without:
            yield _of_rule(f"lines.{name}", f"{rule}: {_some(without)} must state {words}")
    negative = [
        _label(line, n)
        for n, line in enumerate(invoice.lines, start=1)
        if (number_of(line.get("unit_price")) or _ZERO) < 0
    ]
    if negative:
        yield _of_rule("lines.unit_price", f"BR-27: the price of {_some(negative)} is below zero")


def _sums(invoice: EInvoice) -> Iterator[Finding]:
    """Yield sums of parts that are not the totals stated."""
    counted = [line for line in invoice.lines if _is_counted(line)]
    charges = [each for each in invoice.adjustments if each["kind"] == "charge"]
    allowances = [each for each in invoice.adjustments if each["kind"] == "allowance"]
    parts = (
        ("BR-CO-10", "lines_total", counted, "net_amount", "the sum of the lines"),
        ("BR-CO-11", "allowances_total", allowances, "amount", "the sum of the allowances"),
        ("BR-CO-12", "charges_total", charges, "amount", "the sum of the charges"),
        ("BR-CO-14", "tax_amount", invoice.taxes, "amount", "the sum of the VAT by rate"),
    )
    for rule, name, rows, key, words in parts:
        stated = number_of(invoice.fields.get(name))
        amounts = [number_of(row.get(key)) for row in rows]
        if stated is None or not rows or any(amount is None for amount in amounts):
            continue
        total = sum((amount for amount in amounts if amount is not None), _ZERO)
        if _cents(total) != stated:
            told = f"{rule}: {words} is {_shown(total)}, but {_shown(stated)} is stated"
            yield _of_rule(name, told, wrong=True)


def _totals(invoice: EInvoice) -> Iterator[Finding]:
    """Yield totals that do not follow from one another."""
    equations = (
        ("BR-CO-13", "net_amount", ("+lines_total", "-allowances_total", "+charges_total")),
        ("BR-CO-15", "total_amount", ("+net_amount", "+tax_amount")),
        ("BR-CO-16", "amount_due", ("+total_amount", "-amount_paid", "+rounding")),
    )
    for rule, name, terms in equations:
        stated = number_of(invoice.fields.get(name))
        first = number_of(invoice.fields.get(terms[0][1:]))
        if stated is None or first is None or (name == "amount_due" and _is_minimum(invoice)):
            continue  # the least profile does not say what was paid
        values = [number_of(invoice.fields.get(term[1:])) or _ZERO for term in terms]
        signed = [-v if term[0] == "-" else v for term, v in zip(terms, values, strict=True)]
        if sum(signed, _ZERO) != stated:
            sum_text = " ".join(
                f"{term[0]} {_NAMES[term[1:]]} {_shown(v)}"
                for term, v in zip(terms, values, strict=True)
                if v or term is terms[0]
            ).removeprefix("+ ")
            told = f"{rule}: {_NAMES[name]} {_shown(stated)} is not {sum_text}"
            yield _of_rule(name, told, wrong=True)


_NAMES = {
    "lines_total": "lines",
    "allowances_total": "allowances",
    "charges_total": "charges",
    "net_amount": "total without VAT",
    "tax_amount": "VAT",
    "total_amount": "total with VAT",
    "amount_paid": "paid",
    "rounding": "rounding",
    "amount_due": "amount due",
}


def _tax_groups(invoice: EInvoice) -> Iterator[Finding]:
    for tax in invoice.taxes:
        base, amount = number_of(tax.get("base")), number_of(tax.get("amount"))
        rate = number_of(tax.get("tax_rate"))
        if base is None or amount is None or rate is None:
            continue
        expected = _cents(base * rate / 100)
        if abs(expected - amount) > _rounding(invoice):
            told = (
                f"BR-CO-17: {_percent(rate)} % of {_shown(base)} is {_shown(expected)}, "
                f"but {_shown(amount)} is stated"
            )
            yield _of_rule("tax_amount", told, wrong=True)
    yield from _tax_bases(invoice)


def _rounding(invoice: EInvoice) -> Decimal:
    """Return by how much a product may differ: half a unit where all totals are whole.

    Some currencies have no cents, and are rounded to the unit, as the forint.
    """
    totals = [number_of(invoice.fields.get(name)) for _, name in _TOTALS]
    whole = all(total is None or total == total.to_integral_value() for total in totals)
    return Decimal("0.5") if whole else _CENT


def _tax_bases(invoice: EInvoice) -> Iterator[Finding]:
    """Yield rates whose base is not the sum of their lines, allowances and charges."""
    if not invoice.lines or not _is_full(invoice):
        return
    sums: dict[tuple[str, Decimal], Decimal] = defaultdict(Decimal)
    rows = [(line, "net_amount", 1) for line in invoice.lines if _is_counted(line)]
    rows += [
        (each, "amount", 1 if each["kind"] == "charge" else -1) for each in invoice.adjustments
    ]
    for row, name, sign in rows:
        amount = number_of(row.get(name))
        if amount is None or "tax_category" not in row:
            return  # a line of no rate: nothing can be said
        sums[_rate_key(row)] += sign * amount
    stated: dict[tuple[str, Decimal], Decimal] = defaultdict(Decimal)
    for tax in invoice.taxes:
        stated[_rate_key(tax)] += number_of(tax.get("base")) or _ZERO
    for key in sorted(sums.keys() | stated.keys()):
        if abs(sums[key] - stated[key]) > _CENT:
            category, rate = key
            told = (
                f"BR-{category}-08: lines, allowances and charges at {_percent(rate)} % "
                f"({category}) come to {_shown(sums[key])}, but {_shown(stated[key])} is the base "
                "of their VAT"
            )
            yield _of_rule("net_amount", told, wrong=True)


def _rate_key(row: Mapping[str, str]) -> tuple[str, Decimal]:
    return row.get("tax_category", ""), (number_of(row.get("tax_rate")) or _ZERO).normalize()


def _parties(invoice: EInvoice) -> Iterator[Finding]:
    fields = invoice.fields
    known = ("supplier_id", "supplier_registration", "supplier_vat_id")
    if _is_full(invoice) and not any(name in fields for name in known):
        told = "BR-CO-26: the seller must have an identifier, a registration or a VAT id"
        yield _of_rule("supplier_vat_id", told)
    for name in ("supplier_vat_id", "customer_vat_id"):
        text = fields.get(name, "AA")
        if not text[:2].isalpha():
            told = f"BR-CO-09: the VAT id “{text[:20]}” does not begin with a country code"
            yield _of_rule(name, told)


def _dates(invoice: EInvoice) -> Iterator[Finding]:
    fields = invoice.fields
    start, end = fields.get("period_start"), fields.get("period_end")
    if start and end and end < start:
        yield _of_rule("period_end", f"BR-29: the period ends on {end}, before its start {start}")
    due = number_of(fields.get("amount_due")) or _ZERO
    if _is_full(invoice) and due > 0 and not {"due_date", "payment_terms"} & fields.keys():
        told = "BR-CO-25: an amount is due, but neither a due date nor payment terms are stated"
        yield _of_rule("due_date", told)
    issued, falls_due = fields.get("issue_date"), fields.get("due_date")
    if issued and falls_due and falls_due < issued:
        told = f"payment is due on {falls_due}, before the invoice was issued on {issued}"
        yield _of_content("due_date", told)


def _content(invoice: EInvoice) -> Iterator[Finding]:
    account = invoice.fields.get("iban_or_account", "").replace(" ", "")
    if account[:2].isalpha() and account[2:4].isdigit() and not iban.is_valid(account):
        told = f"the check digits of the IBAN {account[:40]} are wrong"
        yield _of_content("iban_or_account", told)
    for n, line in enumerate(invoice.lines, start=1):
        expected = _worth(line)
        stated = number_of(line.get("net_amount"))
        if (
            expected is not None
            and stated is not None
            and abs(expected - stated) > _slack(line, invoice)
        ):
            told = (
                f"{_label(line, n)}: quantity {line['quantity']} at {line['unit_price']} comes to "
                f"{_shown(expected)}, but {_shown(stated)} is stated"
            )
            yield _of_content("lines.net_amount", told)


def _slack(line: Mapping[str, str], invoice: EInvoice) -> Decimal:
    """Return by how much a line may differ from quantity times price.

    A price is rounded itself, to the decimals that it shows, so each piece may be off by half
    of the last one.
    """
    quantity = abs(number_of(line.get("quantity")) or _ZERO)
    decimals = len(line.get("unit_price", "").partition(".")[2])
    return _rounding(invoice) + _CENT + quantity * Decimal(10) ** -decimals / 2


def _worth(line: Mapping[str, str]) -> Decimal | None:
    """Return quantity times price, with the line's allowances and charges."""
    quantity, price = number_of(line.get("quantity")), number_of(line.get("unit_price"))
    base = number_of(line.get("base_quantity")) or Decimal(1)
    if quantity is None or price is None or not _is_counted(line):
        return None
    minus = number_of(line.get("allowances")) or _ZERO
    plus = number_of(line.get("charges")) or _ZERO
    return _cents(quantity * price / base) - minus + plus


def _is_counted(line: Mapping[str, str]) -> bool:
    return line.get("status", "") not in _NOT_SUMMED


def _cents(amount: Decimal) -> Decimal:
    """Return the amount in whole cents; one too large for that as it is."""
    try:
        return amount.quantize(_CENT, ROUND_HALF_UP)
    except InvalidOperation:
        return amount


def _label(line: Mapping[str, str], number: int) -> str:
    return f"line {line.get('line_id', number)}"


def _some(names: list[str]) -> str:
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more} more" if more > 0 else "")


def _shown(amount: Decimal) -> str:
    return amount_text(amount, digits=2)


def _percent(rate: Decimal) -> str:
    return amount_text(rate, digits=0)


def _of_format(name: str, text: str) -> Finding:
    return Finding(FindingCode.EINVOICE_FORMAT, Severity.WARNING, name, text)


def _of_rule(name: str, text: str, *, wrong: bool = False) -> Finding:
    severity = Severity.ERROR if wrong else Severity.WARNING
    anomaly = AnomalyType.AMOUNT_MISMATCH if wrong else AnomalyType.MISSING_DATA
    return Finding(FindingCode.EINVOICE_RULE, severity, name, text, anomaly=anomaly)


def _of_content(name: str, text: str) -> Finding:
    anomaly = AnomalyType.INCONSISTENT_DATA
    return Finding(FindingCode.EINVOICE_CONTENT, Severity.WARNING, name, text, anomaly=anomaly)
