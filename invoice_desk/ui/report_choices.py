"""What a report is to be about: a type, and a named report or figures of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from invoice_desk.core.aggregates import BUCKET, Function
from invoice_desk.core.document_types import NUMERIC, TEMPORAL, DocumentType
from invoice_desk.services.kpis import report_types
from invoice_desk.services.named_aggregates import NamedReport
from invoice_desk.ui.report_words import function_words, key_label
from invoice_desk.ui.texts import field_label

OWN, KPIS = "own", "kpis"


@dataclass(frozen=True, slots=True)
class WantedReport:
    """What a person chose.

    Attributes:
        report: The named report; None for figures of one's own, and for key figures.
        is_kpis: Whether key figures are wanted.
        year: Of key figures; None for the newest.
    """

    document_type: str
    report: NamedReport | None = None
    figures: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    is_kpis: bool = False
    year: int | None = None


class ReportChoices(QWidget):
    """Boxes to choose from; what does not apply is hidden."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._types: dict[str, DocumentType] = {}
        self._named: Sequence[NamedReport] = ()
        self.types, self.reports = QComboBox(), QComboBox()
        self.functions, self.fields = QComboBox(), QComboBox()
        self.first_key, self.second_key = QComboBox(), QComboBox()
        self.years = QComboBox()
        for box in (self.types, self.reports, self.fields, self.first_key, self.second_key):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for code, word in function_words().items():
            self.functions.addItem(word, code)
        self._of, self._by = QLabel(self.tr("of")), QLabel(self.tr("by"))
        self._and, self._in = QLabel(self.tr("and")), QLabel(self.tr("in"))
        self._lay_out()
        self.types.currentIndexChanged.connect(lambda _i: self._on_type())
        self.reports.currentIndexChanged.connect(lambda _i: self._on_choice())
        self.functions.currentIndexChanged.connect(lambda _i: self._on_function())
        self._on_choice()

    def show_types(self, types: Iterable[DocumentType], named: Sequence[NamedReport]) -> None:
        """Offer these types; what was chosen stays where it can."""
        known = {made.name: made for made in types}
        if known == self._types and named == self._named:
            return
        chosen, report = self.types.currentData(), self.reports.currentData()
        self._types, self._named = known, named
        self.types.blockSignals(True)
        self.types.clear()
        for made in sorted(known.values(), key=lambda made: made.title.casefold()):
            self.types.addItem(made.title, made.name)
        self.types.setCurrentIndex(max(0, self.types.findData(chosen)))
        self.types.blockSignals(False)
        self._on_type()
        self.reports.setCurrentIndex(max(0, self.reports.findData(report)))

    def show_years(self, years: Sequence[int], chosen: int) -> None:
        """Offer the years that key figures are known of."""
        self.years.blockSignals(True)
        self.years.clear()
        for year in sorted((year for year in years if year), reverse=True):
            self.years.addItem(str(year), year)
        self.years.setCurrentIndex(self.years.findData(chosen))
        self.years.blockSignals(False)
        self._on_choice()

    @property
    def wanted(self) -> WantedReport | None:
        """Return what is chosen; None while there is no type."""
        kind = self.types.currentData()
        if kind is None:
            return None
        chosen = str(self.reports.currentData())
        if chosen == KPIS:
            return WantedReport(kind, is_kpis=True, year=self.years.currentData())
        if chosen != OWN:
            named = (r for r in self._named if r.document_type == kind and r.name == chosen)
            return WantedReport(kind, report=next(named))
        function, field = str(self.functions.currentData()), self.fields.currentData()
        figures = ["count"] if function == Function.COUNT else [f"{function}:{field}", "count"]
        keys = [box.currentData() for box in (self.first_key, self.second_key)]
        return WantedReport(kind, None, tuple(figures), tuple(key for key in keys if key))

    # --- set-up and what happens ------------------------------------------------------

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for widget in (self.types, self.reports, self._in, self.years):
            first.addWidget(widget)
        for widget in (
            *(self.functions, self._of, self.fields),
            *(self._by, self.first_key, self._and, self.second_key),
        ):
            second.addWidget(widget)
        first.addStretch()
        second.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(first)
        column.addLayout(second)

    def _on_type(self) -> None:
        made = self._types.get(str(self.types.currentData()))
        self.reports.blockSignals(True)
        self.reports.clear()
        self.reports.addItem(self.tr("Figures of your own"), OWN)
        if made is not None:
            for report in self._named:
                if report.document_type == made.name:
                    self.reports.addItem(report.title, report.name)
            if made.name in report_types():
                self.reports.addItem(self.tr("Key figures by organisation"), KPIS)
            self._show_keys(made)
        self.reports.blockSignals(False)
        self.years.clear()
        self._on_function()
        self._on_choice()

    def _show_keys(self, made: DocumentType) -> None:
        keys = [BUCKET] if made.buckets else []
        for spec in made.fields:
            if spec.type in TEMPORAL:
                keys += [f"{spec.name}.{part}" for part in ("month", "year")]
            else:
                keys.append(spec.name)
        for box in (self.first_key, self.second_key):
            box.clear()
            box.addItem(self.tr("nothing"), "")
            for key in keys:
                box.addItem(key_label(key), key)

    def _on_function(self) -> None:
        made = self._types.get(str(self.types.currentData()))
        function, chosen = str(self.functions.currentData()), self.fields.currentData()
        self.fields.clear()
        for spec in made.fields if made else ():
            if spec.type in NUMERIC or (
                function in {Function.MINIMUM, Function.MAXIMUM} and spec.type in TEMPORAL
            ):
                self.fields.addItem(field_label(spec.name), spec.name)
        self.fields.setCurrentIndex(max(0, self.fields.findData(chosen)))
        if self.fields.count() == 0:
            self.functions.setCurrentIndex(self.functions.findData(Function.COUNT.value))
        self._on_choice()

    def _on_choice(self) -> None:
        chosen = self.reports.currentData()
        is_own = chosen in {OWN, None}
        needs_field = is_own and self.functions.currentData() != Function.COUNT.value
        for widget in (self.functions, self._by, self.first_key, self._and, self.second_key):
            widget.setVisible(is_own)
        for widget in (self._of, self.fields):
            widget.setVisible(needs_field)
        for widget in (self._in, self.years):
            widget.setVisible(chosen == KPIS and self.years.count() > 0)
        self.changed.emit()
