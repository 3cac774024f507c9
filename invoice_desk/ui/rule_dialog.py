"""One rule of a document type: its conditions, its reason, and what follows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.document_types import Condition, DocumentType, Operator, Rule
from invoice_desk.core.findings import AnomalyType, Severity
from invoice_desk.core.text import folded
from invoice_desk.errors import UserError
from invoice_desk.ui import rule_words
from invoice_desk.ui.options_form import OptionsForm
from invoice_desk.ui.texts import anomaly, field_label, status
from invoice_desk.ui.type_draft import RULE_KINDS

_SEPARATOR = ";"
_LONGEST_NAME = 38


class ConditionRow(QWidget):
    """Field, operator, values."""

    removed = Signal()

    def __init__(self, made: DocumentType, condition: Condition | None) -> None:
        super().__init__()
        self.field, self.operator, self.values = QComboBox(), QComboBox(), QLineEdit()
        for spec in made.fields:
            self.field.addItem(field_label(spec.name), spec.name)
        for operator in Operator:
            self.operator.addItem(rule_words.operator_name(operator), operator.value)
        self.values.setPlaceholderText(self.tr("values, parted by ;"))
        self.values.setMinimumWidth(220)
        remove = QPushButton(self.tr("Remove"))
        remove.clicked.connect(self.removed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget, stretch in ((self.field, 2), (self.operator, 2), (self.values, 3), (remove, 0)):
            layout.addWidget(widget, stretch)
        self.operator.currentIndexChanged.connect(lambda _i: self._on_operator())
        if condition is not None:
            self.field.setCurrentIndex(self.field.findData(condition.field))
            self.operator.setCurrentIndex(self.operator.findData(condition.operator.value))
            self.values.setText(f"{_SEPARATOR} ".join(condition.values))
        self._on_operator()

    @property
    def condition(self) -> Condition:
        """Return what is set."""
        operator = Operator(self.operator.currentData())
        texts = self.values.text().split(_SEPARATOR) if operator not in rule_words.VALUELESS else []
        values = tuple(text.strip() for text in texts if text.strip())
        return Condition(str(self.field.currentData()), operator, values)

    def _on_operator(self) -> None:
        valueless = Operator(self.operator.currentData()) in rule_words.VALUELESS
        self.values.setEnabled(not valueless)


class RuleDialog(QDialog):
    """Makes or changes a rule; `keep` is asked to take it, and may refuse with a sentence."""

    def __init__(
        self,
        made: DocumentType,
        keep: Callable[[str, Rule], None],
        *,
        kind: str = "filter",
        rule: Rule | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Rule of {0}").format(made.title))
        self._made, self._keep, self._rule = made, keep, rule
        self.rows: list[ConditionRow] = []
        self._make_fields(kind, rule)
        self._lay_out()
        for condition in rule.all if rule else (None,):
            self.add_condition(condition)
        self._on_kind()

    @property
    def kind(self) -> str:
        """Return which kind of rule is chosen."""
        return str(self.kinds.currentData())

    def rule(self) -> Rule:
        """Return the rule that is set."""
        reason, into = self.reason.text().strip(), self.into.text().strip()
        name = self._rule.name if self._rule else name_of(reason, self._taken())
        when = {name: value for name, value in self.when.values.items() if value}
        return Rule(
            name=name,
            reason=reason,
            all=tuple(row.condition for row in self.rows),
            severity=str(self.severity.currentData()),
            anomaly=str(self.anomaly.currentData()),
            when=when,
            enabled=self._rule.enabled if self._rule else True,
            into=into if self.kind == "bucket" and into not in {"", name} else None,
        )

    def _taken(self) -> set[str]:
        return {rule.name for rule in self._made.rules}

    def add_condition(self, condition: Condition | None = None) -> ConditionRow:
        """Add one more condition."""
        row = ConditionRow(self._made, condition)
        row.removed.connect(lambda: self._on_removed(row))
        self.rows.append(row)
        self._conditions.addWidget(row)
        return row

    def accept(self) -> None:
        """Close when the rule fits the type; else say why it does not."""
        if not self.reason.text().strip():
            self._refuse(self.tr("Say in one sentence why; it stands beside every row it hits."))
            self.reason.setFocus()
            return
        if not self.rows:
            self._refuse(self.tr("A rule without a condition would hold for every row."))
            return
        try:
            self._keep(self.kind, self.rule())
        except UserError as error:
            self._refuse(str(error))
            return
        super().accept()

    # --- set-up -----------------------------------------------------------------------

    def _make_fields(self, kind: str, rule: Rule | None) -> None:
        self.kinds, self.severity, self.anomaly = QComboBox(), QComboBox(), QComboBox()
        for name in RULE_KINDS:
            self.kinds.addItem(rule_words.kind_name(name), name)
        self.kinds.setCurrentIndex(self.kinds.findData(kind))
        self.kinds.setEnabled(rule is None)
        self.kinds.currentIndexChanged.connect(lambda _i: self._on_kind())
        for severity in Severity:
            self.severity.addItem(status(severity.value), severity.value)
        for entry in AnomalyType:
            self.anomaly.addItem(anomaly(entry.value), entry.value)
        self.reason = QLineEdit(rule.reason if rule else "")
        self.reason.setPlaceholderText(self.tr("Only Siège counts."))
        self.into = QLineEdit((rule.into or rule.name) if rule else "")
        self.severity.setCurrentIndex(
            self.severity.findData(rule.severity if rule else Severity.WARNING.value)
        )
        self.anomaly.setCurrentIndex(
            self.anomaly.findData(rule.anomaly if rule else AnomalyType.OTHER.value)
        )
        self.when = OptionsForm(with_any=True)
        self.when.show_options(
            [option for option in self._made.options if option.choices],
            dict(rule.when) if rule else {},
        )

    def _lay_out(self) -> None:
        self._form = QFormLayout()
        self._form.addRow(self.tr("Kind"), self.kinds)
        self._form.addRow(self.tr("Reason"), self.reason)
        self._form.addRow(self.tr("Bucket"), self.into)
        self._form.addRow(self.tr("Weight"), self.severity)
        self._form.addRow(self.tr("Anomaly"), self.anomaly)
        self._conditions = QVBoxLayout()
        self._conditions.setSpacing(4)
        add = QPushButton(self.tr("Add condition"))
        add.clicked.connect(lambda _checked=False: self.add_condition())
        below = QHBoxLayout()
        below.addWidget(add)
        below.addStretch()
        self.problem = QLabel()
        self.problem.setObjectName("problem")
        self.problem.setWordWrap(True)
        self.problem.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        ok = buttons.addButton(self.tr("Take over"), QDialogButtonBox.ButtonRole.AcceptRole)
        ok.setProperty("primary", True)
        ok.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self._form)
        layout.addWidget(QLabel(self.tr("The rule holds when all of these are true:")))
        layout.addLayout(self._conditions)
        layout.addLayout(below)
        if self.when.fields:
            layout.addWidget(QLabel(self.tr("It is asked only while:")))
            layout.addWidget(self.when)
        layout.addStretch()
        layout.addWidget(self.problem)
        layout.addWidget(buttons)

    def _on_kind(self) -> None:
        self._form.setRowVisible(self.into, self.kind == "bucket")
        self._form.setRowVisible(self.severity, self.kind == "check")
        self._form.setRowVisible(self.anomaly, self.kind == "check")

    def _on_removed(self, row: ConditionRow) -> None:
        self.rows.remove(row)
        self._conditions.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _refuse(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.show()


def name_of(text: str, taken: Collection[str]) -> str:
    """Return a plain name made of `text` that is not among `taken`."""
    words = (folded(word) for word in re.split(r"[\W_]+", text))
    plain = "_".join(word for word in words if word.isascii() and word)[:_LONGEST_NAME].strip("_")
    stem = plain if plain[:1].isalpha() else f"rule_{plain}".strip("_")
    names = (stem if n == 1 else f"{stem}_{n}" for n in itertools.count(1))
    return next(name for name in names if name not in taken)
