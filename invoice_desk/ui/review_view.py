"""Review: everything that is doubtful, over all sources, and what the revenue adds up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget

from invoice_desk.core.findings import Severity
from invoice_desk.core.records import FindingRecord
from invoice_desk.services import browsing, scanning
from invoice_desk.services.desk import Desk
from invoice_desk.services.scanning import RevenueTotal
from invoice_desk.ui.background import Background
from invoice_desk.ui.findings_view import FetchFindings, FindingsTable
from invoice_desk.ui.pages import Page
from invoice_desk.ui.texts import amount, field_label, status

_PAGE = 1000


class ReviewView(Page):
    """The findings, by weight and by file."""

    def __init__(self, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._desk, self._background = desk, background
        self._names: Mapping[int, str] = {}
        self._ids: list[int] = []
        self.title.setText(self.tr("Review"))
        self.scan = QPushButton(self.tr("Scan for anomalies"))
        self.head.addWidget(self.scan)
        self.hint, self.revenue = QLabel(), QLabel()
        self.hint.setObjectName("hint")
        self.revenue.setWordWrap(True)
        self.revenue.hide()
        self.table = FindingsTable("review", background, desk.types)
        self.table.findings.modelReset.connect(self._on_reset)
        self.body.addWidget(self.revenue)
        self.body.addLayout(self._filters())
        self.body.addWidget(self.hint)
        self.body.addWidget(self.table)

    def refresh(self, names: Mapping[int, str]) -> None:
        """Read the findings anew; `names` are those of the sources."""
        if names != self._names:
            self._show_files(names)
        desk = self._desk
        self._background.run(
            lambda: scanning.revenue_total(desk), self._on_revenue, owner=self, series="revenue"
        )
        self._read()

    def _filters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.weights, self.files = QComboBox(), QComboBox()
        self.weights.addItem(self.tr("Every weight"), "")
        for severity in reversed(Severity):
            self.weights.addItem(status(severity.value), severity.value)
        self.files.setMinimumWidth(260)
        self.files.addItem(self.tr("All files"))
        for box in (self.weights, self.files):
            box.currentIndexChanged.connect(lambda _i: self._read())
            row.addWidget(box)
        row.addStretch()
        return row

    def _show_files(self, names: Mapping[int, str]) -> None:
        chosen = self._source_id()
        self._names = dict(names)
        self._ids = sorted(self._names, key=lambda i: self._names[i].casefold())
        self.files.blockSignals(True)
        self.files.clear()
        self.files.addItems([self.tr("All files"), *(self._names[i] for i in self._ids)])
        self.files.setCurrentIndex(self._ids.index(chosen) + 1 if chosen in self._ids else 0)
        self.files.blockSignals(False)

    def _source_id(self) -> int | None:
        place = self.files.currentIndex()
        return self._ids[place - 1] if place > 0 else None

    def _read(self) -> None:
        desk, source_id, weight = self._desk, self._source_id(), str(self.weights.currentData())
        self.table.findings.show_findings(
            weighing(
                lambda after: browsing.findings(desk, source_id=source_id, after=after), weight
            ),
            self._names,
        )

    def _on_reset(self) -> None:
        if self.table.findings.rowCount():
            text = self.tr("Double-click a finding, or press Enter, to see its row.")
        elif self.weights.currentIndex() > 0 or self.files.currentIndex() > 0:
            text = self.tr("Nothing is doubtful here. Choose every weight and all files for more.")
        else:
            text = self.tr("Nothing is doubtful. New findings appear after cleaning.")
        self.hint.setText(text)

    def _on_revenue(self, found: RevenueTotal) -> None:
        self.revenue.setVisible(bool(found.parts))
        sums = ", ".join(f"{field_label(k)} {amount(v)}" for k, v in found.total.items())
        text = self.tr("Revenue, with adjustments, refunds and cancellations: {0}.").format(sums)
        if found.missing:
            titles = ", ".join(self._title(name) for name in found.missing)
            text += " " + self.tr("Not whole: the desk has no cleaned {0}.").format(titles)
        self.revenue.setText(text)

    def _title(self, name: str) -> str:
        made = self._desk.types.get(name)
        return made.title if made else name


def weighing(fetch: FetchFindings, severity: str) -> FetchFindings:
    """Return `fetch` for findings of one severity only; all for none."""
    if not severity:
        return fetch

    def fetch_some(after: int) -> Sequence[FindingRecord]:
        kept: list[FindingRecord] = []
        while len(kept) < _PAGE:
            page = fetch(after)
            kept += (record for record in page if record.severity == severity)
            if len(page) < _PAGE:
                break
            after = page[-1].id
        return kept

    return fetch_some
