"""What the window says for the codes of core and services; every sentence is translatable."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from PySide6.QtCore import QCoreApplication, QLocale

from invoice_desk.core.amounts import amount_text
from invoice_desk.core.code_names import code_name
from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.sentences import sentence
from invoice_desk.errors import UserError
from invoice_desk.services.jobs import Snapshot
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP

#: So many letters without a blank may be wider than a form.
_LONG_WORD = re.compile(r"(\S{18})(?=\S)")
_STATUS = {
    "pending": QT_TRANSLATE_NOOP("status", "Waiting"),
    "processing": QT_TRANSLATE_NOOP("status", "Reading"),
    "preview": QT_TRANSLATE_NOOP("status", "Please look"),
    "completed": QT_TRANSLATE_NOOP("status", "Saved"),
    "failed": QT_TRANSLATE_NOOP("status", "Not readable"),
    "raw": QT_TRANSLATE_NOOP("status", "Raw"),
    "cleaning": QT_TRANSLATE_NOOP("status", "Cleaning"),
    "cleaned": QT_TRANSLATE_NOOP("status", "Cleaned"),
    "filtered_out": QT_TRANSLATE_NOOP("status", "Filtered out"),
    "critical": QT_TRANSLATE_NOOP("status", "Critical"),
    "error": QT_TRANSLATE_NOOP("status", "Error"),
    "warning": QT_TRANSLATE_NOOP("status", "Warning"),
    "info": QT_TRANSLATE_NOOP("status", "Note"),
    "import": QT_TRANSLATE_NOOP("status", "Import"),
    "clean": QT_TRANSLATE_NOOP("status", "Clean"),
    "insert": QT_TRANSLATE_NOOP("status", "Insert"),
    "update": QT_TRANSLATE_NOOP("status", "Update"),
    "upsert": QT_TRANSLATE_NOOP("status", "Update or insert"),
    "delete": QT_TRANSLATE_NOOP("status", "Delete"),
    "checking": QT_TRANSLATE_NOOP("status", "checking"),
    "Open": QT_TRANSLATE_NOOP("status", "Open"),
    "UploadComplete": QT_TRANSLATE_NOOP("status", "Upload Complete"),
    "InProgress": QT_TRANSLATE_NOOP("status", "In Progress"),
    "JobComplete": QT_TRANSLATE_NOOP("status", "Job Complete"),
    "Failed": QT_TRANSLATE_NOOP("status", "Failed"),
    "Aborted": QT_TRANSLATE_NOOP("status", "Aborted"),
    "queued": QT_TRANSLATE_NOOP("status", "waiting its turn"),
    "saving": QT_TRANSLATE_NOOP("status", "saving originals"),
    "reading": QT_TRANSLATE_NOOP("status", "reading"),
    "mapping": QT_TRANSLATE_NOOP("status", "mapping"),
    "detecting": QT_TRANSLATE_NOOP("status", "detecting"),
    "done": QT_TRANSLATE_NOOP("status", "done"),
    "running": QT_TRANSLATE_NOOP("status", "running"),
    "abandoned": QT_TRANSLATE_NOOP("status", "not finished, or read again since"),
}


_ANOMALIES = {
    "missing_data": QT_TRANSLATE_NOOP("anomalies", "Missing data"),
    "duplicate_data": QT_TRANSLATE_NOOP("anomalies", "Duplicate"),
    "invalid_data": QT_TRANSLATE_NOOP("anomalies", "Invalid value"),
    "outlier": QT_TRANSLATE_NOOP("anomalies", "Outlier"),
    "inconsistent_data": QT_TRANSLATE_NOOP("anomalies", "Inconsistent"),
    "empty_field": QT_TRANSLATE_NOOP("anomalies", "Empty field"),
    "zero_value": QT_TRANSLATE_NOOP("anomalies", "Zero"),
    "invalid_dot": QT_TRANSLATE_NOOP("anomalies", "Unknown DOT"),
    "missing_record": QT_TRANSLATE_NOOP("anomalies", "Missing row"),
    "temporal_pattern": QT_TRANSLATE_NOOP("anomalies", "Out of pattern in time"),
    "invalid_amount": QT_TRANSLATE_NOOP("anomalies", "Invalid amount"),
    "amount_mismatch": QT_TRANSLATE_NOOP("anomalies", "Amounts disagree"),
    "dot_mismatch": QT_TRANSLATE_NOOP("anomalies", "DOTs disagree"),
    "other": QT_TRANSLATE_NOOP("anomalies", "Other"),
}


_CLASSES = {
    "invoice": QT_TRANSLATE_NOOP("classes", "Invoice"),
    "credit_note": QT_TRANSLATE_NOOP("classes", "Credit note"),
    "receipt": QT_TRANSLATE_NOOP("classes", "Receipt"),
    "order": QT_TRANSLATE_NOOP("classes", "Order or contract"),
    "statement": QT_TRANSLATE_NOOP("classes", "Statement"),
    "delivery_note": QT_TRANSLATE_NOOP("classes", "Delivery note"),
    "call_record": QT_TRANSLATE_NOOP("classes", "Call record"),
    "other": QT_TRANSLATE_NOOP("classes", "Other document"),
}


def document_class(name: str) -> str:
    """Return what a document is called."""
    text = _CLASSES.get(name)
    return QCoreApplication.translate("classes", text) if text else name


def status(code: str) -> str:
    """Return the word for a state."""
    text = _STATUS.get(code)
    return QCoreApplication.translate("status", text) if text else code


def anomaly(code: str) -> str:
    """Return the name of a kind of anomaly."""
    text = _ANOMALIES.get(code)
    return QCoreApplication.translate("anomalies", text) if text else code


def finding(code: str, types: Iterable[DocumentType]) -> str:
    """Return the sentence of a finding, or of a rule of one of `types`."""
    return QCoreApplication.translate("findings", sentence(code, types))


#: Words of fields that are not written in small letters.
_SHORT = {"vat": "VAT", "iban": "IBAN", "bic": "BIC", "id": "ID"}


#: Fields with a shorter name than that of the standard.
_CALLED = {"document_type_code": "document_type"}


def field_label(name: str) -> str:
    """Return a canonical field's name as a person reads it."""
    name = _CALLED.get(name, name)
    words = " ".join(_SHORT.get(word, word) for word in name.split("_"))
    return QCoreApplication.translate("fields", words[:1].upper() + words[1:])


def code_meaning(field: str, code: str) -> str:
    """Return what a code of a field means as a person reads it; empty for what is no code."""
    meaning = code_name(field, code)
    text = QCoreApplication.translate("codes", meaning[:1].upper() + meaning[1:])
    return f"{code.strip()}: {text}" if meaning else ""


def breakable(text: str) -> str:
    """Return a text whose long words, such as names of files, may go on in the next line."""
    return _LONG_WORD.sub("\\1\u200b", text)


def counted(text: str, count: int) -> str:
    """Return a text in which English says (s), with its count: `1 file`, `3 files`."""
    return text.replace("(s)", "" if count == 1 else "s")


def number(value: float) -> str:
    """Return a whole number with the grouping of the user's country."""
    return QLocale().toString(int(value))


def file_size(count: int) -> str:
    """Return a number of bytes as people say it."""
    return QLocale().formattedDataSize(int(count), 1, QLocale.DataSizeFormat.DataSizeSIFormat)


def amount(value: Decimal) -> str:
    """Return an amount with the marks of the user's country, every digit kept."""
    text = amount_text(value, digits=2)
    whole, _, digits = text.partition(".")
    locale, sign = QLocale(), "-" if whole.startswith("-") else ""
    return f"{sign}{_grouped(whole.lstrip('-'), locale)}{locale.decimalPoint()}{digits}"


def _grouped(whole: str, locale: QLocale) -> str:
    """Return digits in threes; `QLocale` itself takes no more than 64 bits."""
    if len(whole) <= 18:
        return locale.toString(int(whole))
    first = len(whole) % 3 or 3
    parts = [whole[:first], *(whole[i : i + 3] for i in range(first, len(whole), 3))]
    return locale.groupSeparator().join(parts)


def duration(seconds: float) -> str:
    """Return a time as minutes and seconds."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02}"


def progress(snapshot: Snapshot) -> str:
    """Return how far a job is: files, rows, rate, time left, and what it waits for."""
    parts = [status(snapshot.step)]
    if snapshot.total:
        text = QCoreApplication.translate("progress", "{0}: {1} of {2}")
        parts = [text.format(parts[0], number(snapshot.done), number(snapshot.total))]
    if snapshot.rows:
        shown = min(snapshot.rows, 2**31 - 1)
        rows = counted(QCoreApplication.translate("progress", "%n row(s)", "", shown), shown)
        parts.append(rows.replace(str(snapshot.rows), number(snapshot.rows)))
    if snapshot.rate >= 1:
        rate = QCoreApplication.translate("progress", "{0} rows/s")
        parts.append(rate.format(number(snapshot.rate)))
    if snapshot.left is not None:
        left = QCoreApplication.translate("progress", "{0} to {1} left")
        parts.append(left.format(*map(duration, snapshot.left)))
    if snapshot.waiting_for:
        parts.append(snapshot.waiting_for)
    if snapshot.paused:
        parts.append(QCoreApplication.translate("progress", "paused"))
    return " · ".join(parts)


def error_text(error: Exception) -> tuple[str, str]:
    """Return the sentence of an error, and what to do about it."""
    if isinstance(error, UserError):
        advice = QCoreApplication.translate("advice", error.advice) if error.advice else ""
        return str(error), advice
    sentence_ = QCoreApplication.translate("errors", "Something went wrong inside Invoice Desk.")
    advice = QCoreApplication.translate(
        "errors",
        "This is our mistake. What was stored is safe. Please copy the report and send it to us; "
        "it holds no contents of your invoices.",
    )
    return sentence_, advice
