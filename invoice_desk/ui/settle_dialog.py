"""One question: which of two readings is meant by a column."""

from __future__ import annotations

import re

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.dates import DateOrder
from invoice_desk.core.document_types import TEMPORAL, FieldSpec
from invoice_desk.ui.texts import field_label

#: What a finding of an unsettled column says: `example: one reading or the other`.
_TEXT = re.compile(r"(?P<example>.*?): (?P<first>.+?) or (?P<second>.+)", re.DOTALL)


class SettleDialog(QDialog):
    """Two buttons; after one is clicked, `answer` holds what `settle_column` takes."""

    def __init__(self, spec: FieldSpec, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("How is {0} written?").format(field_label(spec.name)))
        self.setMinimumWidth(420)
        self.answer: dict[str, str] = {}
        is_date = spec.type in TEMPORAL
        first, second = self._readings(text, is_date=is_date)
        found = _TEXT.fullmatch(text)
        question = self.tr("The column “{0}” can be read in two ways.").format(
            field_label(spec.name)
        )
        if found is not None:
            question = self.tr("“{1}” in the column “{0}” can be read in two ways.").format(
                field_label(spec.name), found["example"]
            )
        head = QLabel(question)
        head.setWordWrap(True)
        hint = QLabel(self.tr("Your choice holds for the whole column; it is cleaned again."))
        hint.setObjectName("hint")
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(head)
        name = "date_order" if is_date else "decimal_mark"
        values = (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST) if is_date else (".", ",")
        self.choices: list[QPushButton] = []
        for label, value in zip((first, second), values, strict=True):
            button = QPushButton(label)
            button.setAutoDefault(False)
            button.clicked.connect(
                lambda _checked=False, chosen=str(value): self._on_chosen(name, chosen)
            )
            layout.addWidget(button)
            self.choices.append(button)
        layout.addWidget(hint)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)

    def _readings(self, text: str, *, is_date: bool) -> tuple[str, str]:
        found = _TEXT.fullmatch(text)
        if found is not None:
            return found["first"], found["second"]
        if is_date:
            return self.tr("day first"), self.tr("month first")
        return self.tr("decimal mark ."), self.tr("decimal mark ,")

    def _on_chosen(self, name: str, value: str) -> None:
        self.answer = {name: value}
        self.accept()
