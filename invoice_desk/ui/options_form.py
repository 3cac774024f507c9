"""Options of a document type as fields: readings to choose between, and years."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QRegularExpression, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QWidget

from invoice_desk.core.document_types import Option
from invoice_desk.ui.rule_words import choice_name

_YEAR = QRegularExpression("(?:(?:19|20)[0-9]{2})?")


class OptionsForm(QWidget):
    """One field for each option; an empty year means the year of most dates.

    With `with_any` each may also be left open.
    """

    changed = Signal(str, str)  # option, value

    def __init__(self, *, with_any: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._with_any = with_any
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        self.fields: dict[str, QComboBox | QLineEdit] = {}

    def show_options(self, options: Iterable[Option], values: Mapping[str, str]) -> None:
        """Show these options with these values; an option without one has its default."""
        while self._form.rowCount():
            self._form.removeRow(0)
        self.fields = {}
        for option in options:
            value = values.get(option.name, "" if self._with_any else option.default)
            field = self._combo(option, value) if option.choices else self._year(option, value)
            self._form.addRow(option.title, field)
            self.fields[option.name] = field

    @property
    def values(self) -> dict[str, str]:
        """Return option → value; years that are empty or not whole are left out."""
        found = {}
        for name, field in self.fields.items():
            if isinstance(field, QComboBox):
                found[name] = str(field.currentData())
            elif field.text() and field.hasAcceptableInput():
                found[name] = field.text()
        return found

    @property
    def is_valid(self) -> bool:
        """Return whether every year is whole or empty."""
        years = (field for field in self.fields.values() if isinstance(field, QLineEdit))
        return all(field.hasAcceptableInput() for field in years)

    def _combo(self, option: Option, value: str) -> QComboBox:
        box = QComboBox()
        if self._with_any:
            box.addItem(self.tr("any"), "")
        for choice in option.choices:
            box.addItem(choice_name(choice), choice)
        box.setCurrentIndex(max(0, box.findData(value)))
        box.currentIndexChanged.connect(
            lambda _i: self.changed.emit(option.name, str(box.currentData()))
        )
        return box

    def _year(self, option: Option, value: str) -> QLineEdit:
        field = QLineEdit(value)
        field.setPlaceholderText(self.tr("year of most dates"))
        field.setMinimumWidth(160)
        field.setValidator(QRegularExpressionValidator(_YEAR, field))
        field.textChanged.connect(lambda text: self._on_year(option.name, text))
        return field

    def _on_year(self, name: str, text: str) -> None:
        field = self.fields[name]
        if isinstance(field, QLineEdit) and field.hasAcceptableInput():
            self.changed.emit(name, text)
