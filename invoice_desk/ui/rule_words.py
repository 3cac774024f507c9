"""Rules in words: what a condition asks, and what follows when it holds."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from invoice_desk.core.document_types import (
    Condition,
    DocumentType,
    DuplicateAction,
    DuplicateRule,
    Operator,
    Rule,
)
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP
from invoice_desk.ui.texts import field_label, status

#: Operator → its name in a menu, the sentence with one value, the sentence with several.
_OPERATORS: dict[Operator, tuple[str, str, str]] = {
    Operator.IS: (
        QT_TRANSLATE_NOOP("rules", "is"),
        QT_TRANSLATE_NOOP("rules", "{0} is “{1}”"),
        QT_TRANSLATE_NOOP("rules", "{0} is one of {1}"),
    ),
    Operator.IS_NOT: (
        QT_TRANSLATE_NOOP("rules", "is not"),
        QT_TRANSLATE_NOOP("rules", "{0} is not “{1}”"),
        QT_TRANSLATE_NOOP("rules", "{0} is none of {1}"),
    ),
    Operator.CONTAINS: (
        QT_TRANSLATE_NOOP("rules", "contains"),
        QT_TRANSLATE_NOOP("rules", "{0} contains “{1}”"),
        QT_TRANSLATE_NOOP("rules", "{0} contains one of {1}"),
    ),
    Operator.CONTAINS_NOT: (
        QT_TRANSLATE_NOOP("rules", "does not contain"),
        QT_TRANSLATE_NOOP("rules", "{0} does not contain “{1}”"),
        QT_TRANSLATE_NOOP("rules", "{0} contains none of {1}"),
    ),
    Operator.STARTS_WITH: (
        QT_TRANSLATE_NOOP("rules", "begins with"),
        QT_TRANSLATE_NOOP("rules", "{0} begins with “{1}”"),
        QT_TRANSLATE_NOOP("rules", "{0} begins with one of {1}"),
    ),
    Operator.ENDS_WITH: (
        QT_TRANSLATE_NOOP("rules", "ends with"),
        QT_TRANSLATE_NOOP("rules", "{0} ends with “{1}”"),
        QT_TRANSLATE_NOOP("rules", "{0} ends with one of {1}"),
    ),
    Operator.MATCHES_NOT: (
        QT_TRANSLATE_NOOP("rules", "does not have the form (regular expression)"),
        QT_TRANSLATE_NOOP("rules", "{0} does not have the form {1}"),
        QT_TRANSLATE_NOOP("rules", "{0} has none of the forms {1}"),
    ),
    Operator.EMPTY: (
        QT_TRANSLATE_NOOP("rules", "is empty"),
        QT_TRANSLATE_NOOP("rules", "{0} is empty"),
        QT_TRANSLATE_NOOP("rules", "{0} is empty"),
    ),
    Operator.NOT_EMPTY: (
        QT_TRANSLATE_NOOP("rules", "is not empty"),
        QT_TRANSLATE_NOOP("rules", "{0} is not empty"),
        QT_TRANSLATE_NOOP("rules", "{0} is not empty"),
    ),
    Operator.BELOW: (
        QT_TRANSLATE_NOOP("rules", "is below"),
        QT_TRANSLATE_NOOP("rules", "{0} is below {1}"),
        QT_TRANSLATE_NOOP("rules", "{0} is below {1}"),
    ),
    Operator.ABOVE: (
        QT_TRANSLATE_NOOP("rules", "is above"),
        QT_TRANSLATE_NOOP("rules", "{0} is above {1}"),
        QT_TRANSLATE_NOOP("rules", "{0} is above {1}"),
    ),
    Operator.YEAR_IS_NOT: (
        QT_TRANSLATE_NOOP("rules", "lies in another year than"),
        QT_TRANSLATE_NOOP("rules", "{0} lies in another year than {1}"),
        QT_TRANSLATE_NOOP("rules", "{0} lies in another year than {1}"),
    ),
    Operator.YEAR_BELOW: (
        QT_TRANSLATE_NOOP("rules", "lies before the year"),
        QT_TRANSLATE_NOOP("rules", "{0} lies before the year {1}"),
        QT_TRANSLATE_NOOP("rules", "{0} lies before the year {1}"),
    ),
    Operator.YEAR_ABOVE: (
        QT_TRANSLATE_NOOP("rules", "lies after the year"),
        QT_TRANSLATE_NOOP("rules", "{0} lies after the year {1}"),
        QT_TRANSLATE_NOOP("rules", "{0} lies after the year {1}"),
    ),
    Operator.DATE_AFTER: (
        QT_TRANSLATE_NOOP("rules", "is later than the day"),
        QT_TRANSLATE_NOOP("rules", "{0} is later than {1}"),
        QT_TRANSLATE_NOOP("rules", "{0} is later than {1}"),
    ),
    Operator.NAMES_YEAR_BELOW: (
        QT_TRANSLATE_NOOP("rules", "names a last year before"),
        QT_TRANSLATE_NOOP("rules", "the last year named in {0} lies before {1}"),
        QT_TRANSLATE_NOOP("rules", "the last year named in {0} lies before {1}"),
    ),
}
KINDS = {
    "filter": QT_TRANSLATE_NOOP("rules", "Filter"),
    "bucket": QT_TRANSLATE_NOOP("rules", "Bucket"),
    "check": QT_TRANSLATE_NOOP("rules", "Check"),
    "duplicate": QT_TRANSLATE_NOOP("rules", "Duplicates"),
}
_ACTIONS = {
    DuplicateAction.FLAG: QT_TRANSLATE_NOOP("rules", "a finding"),
    DuplicateAction.LEAVE_OUT: QT_TRANSLATE_NOOP("rules", "left out"),
    DuplicateAction.KEEP_PARTS: QT_TRANSLATE_NOOP("rules", "payments in parts: amounts stand once"),
}
#: Values of a condition that are no values of the file.
VALUELESS = frozenset({Operator.EMPTY, Operator.NOT_EMPTY})


def operator_name(operator: Operator) -> str:
    """Return an operator as a menu shows it."""
    return _translated(_OPERATORS[operator][0])


def kind_name(kind: str) -> str:
    """Return the name of a kind of rule."""
    return _translated(KINDS[kind])


def choice_name(value: str) -> str:
    """Return a choice of an option as a person reads it."""
    return value.replace("_", " ")


def condition_words(condition: Condition) -> str:
    """Return a condition as a clause."""
    _, one, several = _OPERATORS[condition.operator]
    if len(condition.values) > 1:
        quoted = ", ".join(f"“{value}”" for value in condition.values)
        return _translated(several).format(field_label(condition.field), quoted)
    return _translated(one).format(field_label(condition.field), *(condition.values or ("",)))


def rule_words(rule: Rule, made: DocumentType) -> str:
    """Return when a rule holds."""
    joined = _translated(" and ").join(condition_words(c) for c in rule.all)
    titles = {option.name: option.title for option in made.options}
    for name, value in rule.when.items():
        only = _translated("{0} (only while “{1}” is “{2}”)")
        joined = only.format(joined, titles.get(name, name), choice_name(value))
    return joined


def rule_outcome(kind: str, rule: Rule) -> str:
    """Return what follows when a rule holds."""
    if kind == "filter":
        return _translated("left out")
    if kind == "bucket":
        return _translated("into “{0}”").format(rule.into or rule.name)
    return status(rule.severity)


def duplicate_words(rule: DuplicateRule) -> str:
    """Return when two rows are the same thing."""
    if not rule.key:
        return _translated("all cells of two rows are the same")
    fields = ", ".join(field_label(name) for name in rule.key)
    return _translated("two rows agree in {0}").format(fields)


def duplicate_outcome(rule: DuplicateRule, made: DocumentType) -> str:
    """Return what becomes of the later rows."""
    option = next((o for o in made.options if o.name == rule.option), None)
    if option is not None:
        return _translated("as “{0}” says").format(option.title)
    return _translated(_ACTIONS[rule.action])


def _translated(text: str) -> str:
    return QCoreApplication.translate("rules", text)
