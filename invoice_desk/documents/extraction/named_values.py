"""Values that a label or a title names outright, and those that it gives to another field."""

from __future__ import annotations

import re

from invoice_desk.documents.extraction.candidates import DATE, GROUPS, Candidate, Kind
from invoice_desk.documents.extraction.document import Document
from invoice_desk.documents.extraction.layout import Part, Row
from invoice_desk.documents.extraction.ranker import FIELDS

#: Field → what a label that names it announces.
_NAMES = {
    "invoice_number": "invoice_number",
    "issue_date": "issue_date",
    "due_date": "due_date",
    "contract_ref": "contract_number",
    "customer_id": "customer_number",
    "period_start": "period_start",
    "period_end": "period_end",
    "net_amount": "net_total",
    "tax_amount": "tax_total",
    "total_amount": "grand_total",
}
#: Field → labels of other values; what stands right behind one of them is hardly the field's.
_OTHER_DAYS = frozenset(
    {"delivery_date", "order_date", "other_date", "discount_date", "period", "service_period"}
    | {"flight", "period_start", "period_end"}
)
_OTHERS = {
    "issue_date": _OTHER_DAYS | {"due_date"},
    "due_date": _OTHER_DAYS | {"issue_date"},
    "invoice_number": frozenset(
        {
            "order_number",
            "other_order",
            "customer_number",
            "supplier_number",
            "delivery_note",
            "preceding_invoice",
        }
        | {"phone", "tax_id", "registration", "bank"}
    ),
}
#: Field → the label that names it in an order.
_OF_ORDER = {"contract_ref": "order_number", "issue_date": "order_date"}
#: What a title is made of: `Invoice no. 7 of 1 May 2024`.
_TITLE = frozenset({"document_word", "invoice_number"})
#: A title up to its number: `Schlussrechnung Bau (877) Nr. `, `Invoice for services no. `.
_TITLE_NUMBER = re.compile(
    r"^\W*(?:\w*rechnung|gutschrift|invoice|tax invoice|facture|avoir|credit note)\b[^:;]{0,45}?"
    r"(?:\b(?:nr|no|nummer|number|num[ée]ro)\b|n°|nº|#)[.:\s]*$",
    re.IGNORECASE,
)
#: A number that stands alone, so few rows below a title: `No. 31` below `INVOICE`.
_NUMBER_ALONE = re.compile(r"^\W*(?:no|nr|n[°º]|number|nummer|num[ée]ro|#)[.:\s]*$", re.IGNORECASE)
_ROWS_BELOW_TITLE = 3
#: What follows the last day to pay in full.
_IN_FULL = re.compile(
    r"\W{0,3}(?:(?:rein\s)?netto\b|ohne\s(?:abzug|skonto)|sans\sescompte|net\sprice|in\sfull"
    r"|zonder\skorting|senza\ssconto)",
    re.IGNORECASE,
)
#: The place where a letter was written, before its day.
_OF_LETTER = re.compile(
    r"(?:.*\s)?[A-ZÀ-Ý][\w'’.-]*(?: [\w'’.-]+){0,3},\s*(?:le|den|the|am|li|a)?\s*"
)
#: A heading that says no more than that a number stands below it.
_NUMBER_WORD = re.compile(r"num[ée]ro|number|nummer", re.IGNORECASE)
#: What may stand behind a number under a title: the day, and a word before it.
_WITH_DAY = re.compile(rf"\s*(?:(?:du|vom|of|dated|from|le|,)?\s*(?:{DATE.pattern}))?")
_OF_ANOTHER = re.compile(
    r"\b(?:zu|zur|für|kunde\w*|auftrag\w*|bestell\w*|liefer\w*|order|customer|commande|client|"
    r"kontroll\w*|original|page|seite)\b",
    re.IGNORECASE,
)


def in_groups(document: Document, code: Candidate) -> tuple[int, int] | None:
    """Return from where to where a number stands that is written in groups behind its label.

    `Customer no: 8 442 917 03` is one number, of which `code` is a group; so it is where the
    label stands over it.  None for others.
    """
    row = document.layout.rows[code.row]
    before = [label for label in document.labels[code.row] if label.stop <= code.start]
    found = GROUPS.match(row.spaced, before[-1].stop) if before else None
    if found is None and document.label_before(code):
        found = GROUPS.match(row.spaced, code.start)
    if found is None or not found.start("number") <= code.start < found.end("number"):
        return None
    return found.span("number")


def named_at(document: Document, field: str) -> int | None:
    """Return the place of the one candidate before which a label names the field.

    A page that says `Invoice no. 7` says so, however few words it has; one that says two
    different numbers so is left to the odds.
    """
    means = _NAMES.get(field)
    candidates = document.candidates[FIELDS[field]]
    named = [i for i, c in enumerate(candidates) if means and document.label_before(c) == means]
    for is_said in _IN_TITLE.get(field, ()):
        named = named or [i for i, c in enumerate(candidates) if is_said(document, c)]
    if len({candidates[i].value for i in named}) > 1:  # `payable by` within a sentence is weaker
        named = [i for i in named if _has_colon(document, candidates[i])]
    return named[0] if len({candidates[i].value for i in named}) == 1 else None


def of_order_at(document: Document, field: str) -> int | None:
    """Return the place of the one number or day that labels give to an order itself.

    Its number is that of the contract where no contract is named, its day that of issue.
    """
    if field == "contract_ref" and any(
        label.means == "contract_number" for row in document.labels for label in row
    ):
        return None
    means = _OF_ORDER[field]
    candidates = document.candidates[FIELDS[field]]
    found = {c.value: i for i, c in enumerate(candidates) if document.label_before(c) == means}
    return next(iter(found.values())) if len(found) == 1 else None


def _has_colon(document: Document, candidate: Candidate) -> bool:
    """Return whether a colon stands right before a value, as behind a label."""
    text = document.layout.rows[candidate.row].text[: candidate.start]
    return text.rstrip().endswith(":")


def others_at(document: Document, field: str) -> list[int]:
    """Return the places of the candidates before which a label names another value."""
    others = _OTHERS.get(field)
    if others is None:
        return []
    candidates = document.candidates[FIELDS[field]]
    return [
        i
        for i, c in enumerate(candidates)
        if document.label_before(c) in others or (field == "issue_date" and _is_paid(document, c))
    ]


def _is_paid(document: Document, day: Candidate) -> bool:
    """Return whether a day stands behind what was paid: `Deposit (invoice 19 of 20/02/2024)`."""
    return any(x.means == "cash" and x.stop <= day.start for x in document.labels[day.row])


def _is_in_title(document: Document, day: Candidate) -> bool:
    """Return whether a day closes a title with a number, as in `Invoice no. 7 of 1 May 2024`."""
    before = [x for x in document.labels[day.row] if x.stop <= day.start]
    numbers = document.by_row.get((Kind.CODE, day.row), ())
    if document.label_before(day) == "date" and not before:  # `Invoice no | Dated` over both
        return any(document.label_before(n) == "invoice_number" for n in numbers)
    if len(before) < 2 or before[0].start > 0 or document.label_before(day) != "date":
        return False
    is_title = before[0].means in _TITLE and all(x.means in _TITLE for x in before[:-1])
    return is_title and any(before[0].stop < n.start < before[-1].start for n in numbers)


def _is_in_letter(document: Document, day: Candidate) -> bool:
    """Return whether a day is that of a letter: `Tours, le 3 juin 2024`."""
    row = document.layout.rows[day.row]
    part = next((p for p in row.parts if row.offsets[p.start] < day.start <= _end(row, p)), None)
    if part is None or day.page != 1 or day.stop < _end(row, part):
        return False
    return bool(_OF_LETTER.fullmatch(row.text[row.offsets[part.start] : day.start]))


def _is_without_discount(document: Document, day: Candidate) -> bool:
    """Return whether a day is the last to pay in full: `Bis 17.12.2023 ohne Abzug`."""
    return bool(_IN_FULL.match(document.layout.rows[day.row].text, day.stop))


def _end(row: Row, part: Part) -> int:
    return row.offsets[part.start] + len(part.text)


def _is_number_of_title(document: Document, code: Candidate) -> bool:
    """Return whether a title ends with this number, as `Final invoice (877) no. 7` does."""
    before = document.layout.rows[code.row].text[: code.start]
    if _NUMBER_ALONE.match(before):
        above = document.labels[max(0, code.row - _ROWS_BELOW_TITLE) : code.row]
        return any(label.means == "document_word" for labels in above for label in labels)
    if _is_under_title(document, code) or _is_under_number(document, code):
        return True
    return bool(_TITLE_NUMBER.match(before)) and not _OF_ANOTHER.search(before)


def _is_under_title(document: Document, code: Candidate) -> bool:
    """Return whether a number begins what stands right under a title, as `AV-7 of 1 May` does."""
    row = document.layout.rows[code.row]
    part = next((p for p in row.parts if row.offsets[p.start] == code.start), None)
    if part is None or not _WITH_DAY.fullmatch(part.text[code.stop - code.start :]):
        return False
    return any(
        over.box[0] < part.box[2] and part.box[0] < over.box[2]
        for upper in document.layout.rows[max(0, code.row - 2) : code.row]
        if upper.page == row.page
        for over in upper.parts
        if any(
            label.means == "document_word"
            and (label.start, label.stop - label.start)
            == (upper.offsets[over.start], len(over.text))
            for label in document.labels[upper.number]
        )
    )


def _is_under_number(document: Document, code: Candidate) -> bool:
    """Return whether `Number` alone stands over a code, and a day beside it: the head of a bill."""
    row = document.layout.rows[code.row]
    if row.number == 0 or not document.by_row.get((Kind.DATE, row.number)):
        return False
    upper = document.layout.rows[row.number - 1]
    return upper.page == row.page and any(
        abs(over.box[0] - code.box[0]) < row.height and _NUMBER_WORD.fullmatch(over.text)
        for over in upper.parts
    )


#: Field → what tells that a candidate is it, where no label does: a title, the head of a letter.
_IN_TITLE = {
    "issue_date": (_is_in_title, _is_in_letter),
    "invoice_number": (_is_number_of_title,),
    "due_date": (_is_without_discount,),
}
