"""Reports: what is cleaned, counted and added up, with all that was left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.aggregates import parse_request
from invoice_desk.core.document_types import DocumentType
from invoice_desk.services import aggregating, kpis, named_aggregates, objectives
from invoice_desk.services.aggregating import KeptAggregate
from invoice_desk.services.desk import Desk
from invoice_desk.services.named_aggregates import NamedReport
from invoice_desk.ui.background import Background
from invoice_desk.ui.clipboard import as_mime, cells_as_texts
from invoice_desk.ui.file_dialogs import ask_file
from invoice_desk.ui.lists import plain_rows
from invoice_desk.ui.pages import Page
from invoice_desk.ui.report_choices import ReportChoices, WantedReport
from invoice_desk.ui.report_grid import GridContent, ReportGrid, plain_texts
from invoice_desk.ui.report_words import account, kpi_account, kpi_content, result_content
from invoice_desk.ui.texts import error_text, number


@dataclass(frozen=True, slots=True)
class _Shown:
    """A report in the words of the window, made on a thread.

    Attributes:
        kept: The result; None for key figures.
        line: What stands below the table, and `whole` is its tip.
        years: The years that key figures are known of, and the one that is shown.
    """

    content: GridContent
    line: str
    whole: str
    kept: KeptAggregate | None = None
    years: tuple[int, ...] = ()
    year: int = 0


_Known = tuple[list[DocumentType], list[KeptAggregate], list[NamedReport]]


class ReportsView(Page):
    """Figures of a type, its named reports and key figures; results stay with their jobs."""

    def __init__(self, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._desk, self._background = desk, background
        #: What is shown: a result that is kept, None for key figures.
        self.kept: KeptAggregate | None = None
        self._generation = 0
        self.title.setText(self.tr("Reports"))
        self.objectives = self.add_button(self.tr("Import objectives…"))
        self.copy_button = self.add_button(self.tr("Copy"))
        self.compute = self.add_button(self.tr("Compute"), primary=True)
        self.choices = ReportChoices()
        self.earlier = QComboBox()
        self.grid = ReportGrid(background, self)
        self._lay_out()
        self.compute.clicked.connect(self.run)
        self.copy_button.clicked.connect(self.copy)
        self.objectives.clicked.connect(self.choose_objectives)
        self.again.clicked.connect(self.run_again)
        self.earlier.activated.connect(self._on_earlier)
        self.choices.years.activated.connect(lambda _i: self.run())
        shortcut = QShortcut(QKeySequence.StandardKey.Copy, self.table)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.copy)
        self._show_empty()

    def refresh(self) -> None:
        """Read again which types there are, and whether what is shown is still true."""
        desk = self._desk

        def work() -> _Known:
            return (
                aggregating.cleaned_types(desk),
                aggregating.aggregates(desk),
                named_aggregates.named_reports(desk),
            )

        self._background.run(
            work, self._on_known, owner=self, failed=self._on_failed, series="known"
        )

    # --- what a person does -----------------------------------------------------------

    def run(self) -> None:
        """Compute what is chosen."""
        wanted = self.choices.wanted
        if wanted is None:
            return
        desk = self._desk
        if wanted.is_kpis:
            self._ask(lambda: _key_figures(desk, wanted), self._show)
        else:
            self._ask(lambda: _in_words(desk, _computed(desk, wanted)), self._show_new)

    def run_again(self) -> None:
        """Compute what is shown anew, with the same job."""
        kept, desk = self.kept, self._desk
        if kept is not None:
            self._ask(
                lambda: _in_words(desk, named_aggregates.compute_again(desk, kept)), self._show_new
            )

    def copy(self) -> None:
        """Put the selected rows, or all, with their headings on the clipboard."""
        chosen = self.table.selectionModel().selectedRows()
        rows = sorted(index.row() for index in chosen) or range(self.grid.rowCount())
        content = self.grid.content

        def work() -> tuple[str, str]:
            texts = plain_texts(content, rows)
            return cells_as_texts(content.headings, texts, numeric=content.numeric)

        def on_texts(texts: tuple[str, str]) -> None:
            QGuiApplication.clipboard().setMimeData(as_mime(*texts))

        self._background.run(work, on_texts, owner=self)

    def choose_objectives(self) -> None:
        """Ask for a file of objectives and import it."""
        kinds = self.tr("Tables (*.csv *.txt *.xlsx *.xls *.xlsb *.ods)")
        path = ask_file(self, self.tr("Import objectives"), "", kinds)
        if path:
            self.import_objectives(path)

    def import_objectives(self, path: Path) -> None:
        """Import a file of objectives, and say what became of its rows."""
        desk = self._desk
        self._background.run(
            lambda: objectives.import_objectives(desk, path),
            self._on_objectives,
            owner=self,
            failed=self._on_failed,
        )

    # --- set-up -----------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.table = QTableView()
        self.table.setObjectName("report")
        self.table.setModel(self.grid)
        plain_rows(self.table)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table.setSortingEnabled(True)
        self.empty, self.account, self.problem = QLabel(), QLabel(), QLabel()
        self.empty.setObjectName("hint")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.account.setObjectName("hint")
        self.problem.setObjectName("problem")
        for label in (self.empty, self.account, self.problem):
            label.setWordWrap(True)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._shown_report())
        row = QHBoxLayout()
        row.addWidget(self.choices, 1)
        row.addWidget(self.earlier, 0, Qt.AlignmentFlag.AlignTop)
        self.earlier.setPlaceholderText(self.tr("Earlier results"))
        self.earlier.setMinimumWidth(220)
        self.body.addLayout(row)
        self.body.addWidget(self.problem)
        self.body.addWidget(self.stack, 1)

    def _shown_report(self) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        self.stale = QLabel(self.tr("Rows have changed since this was computed."))
        self.stale.setObjectName("problem")
        self.again = QPushButton(self.tr("Compute again"))
        line = QHBoxLayout()
        line.addWidget(self.stale)
        line.addWidget(self.again)
        line.addStretch()
        column.addLayout(line)
        column.addWidget(self.table, 1)
        column.addWidget(self.account)
        return inside

    # --- what happens -----------------------------------------------------------------

    def _ask(self, work: Callable[[], _Shown], done: Callable[[_Shown], None]) -> None:
        """Compute on a thread; what was asked for before is not shown any more."""
        self._generation += 1
        generation = self._generation
        self.compute.setEnabled(False)
        self.problem.hide()

        def on_done(found: _Shown) -> None:
            if generation == self._generation:
                self.compute.setEnabled(True)
                done(found)

        self._background.run(work, on_done, owner=self, failed=self._on_failed)

    def _on_known(self, known: _Known) -> None:
        types, kept, named = known
        self.choices.show_types(types, named)
        self.compute.setEnabled(bool(types))
        self._show_earlier(kept)
        shown = self.kept
        if shown is not None:
            same = next((one for one in kept if one.id == shown.id), None)
            self._mark_stale(is_stale=same is None or same.is_stale)
        elif self.stack.currentIndex() == 0:
            self._show_empty(has_types=bool(types))

    def _show_earlier(self, kept: Sequence[KeptAggregate]) -> None:
        self.earlier.clear()
        for one in kept:
            made = self._desk.types.get(one.document_type)
            title = made.title if made else one.document_type
            text = self.tr("{0}: {1}").format(title, one.name)
            self.earlier.addItem(
                self.tr("{0} (stale)").format(text) if one.is_stale else text, one.id
            )
        self.earlier.setCurrentIndex(-1)
        self.earlier.setVisible(bool(kept))

    def _on_earlier(self, place: int) -> None:
        desk, wanted = self._desk, int(self.earlier.itemData(place))
        self._ask(lambda: _in_words(desk, aggregating.kept_aggregate(desk, wanted)), self._show)

    def _show_new(self, shown: _Shown) -> None:
        self._show(shown)
        self.refresh()

    def _show(self, shown: _Shown) -> None:
        self.kept, content = shown.kept, shown.content
        if shown.years:
            self.choices.show_years(shown.years, shown.year)
        self._mark_stale(is_stale=shown.kept is not None and shown.kept.is_stale)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.grid.show_content(content)
        for column, heading in enumerate(content.headings):
            width = self.table.fontMetrics().horizontalAdvance(heading) + 40
            self.table.setColumnWidth(column, max(120, width))
        self.account.setText(shown.line)
        self.account.setToolTip(shown.whole)
        self.stack.setCurrentIndex(1)
        self.copy_button.setEnabled(bool(content.rows))

    def _mark_stale(self, *, is_stale: bool) -> None:
        self.stale.setVisible(is_stale)
        self.again.setVisible(is_stale)

    def _show_empty(self, *, has_types: bool = False) -> None:
        text = self.tr(
            "Nothing is cleaned yet. Import files and clean them; then you can count and add up "
            "here, and see what every sum leaves out."
        )
        if has_types:
            text = self.tr("Choose what to count or add up, then press Compute.")
        self.empty.setText(text)
        self.stack.setCurrentIndex(0)
        self.compute.setEnabled(has_types)
        self.copy_button.setEnabled(False)
        self.problem.hide()
        self._mark_stale(is_stale=False)

    def _on_objectives(self, done: objectives.ObjectiveImport) -> None:
        text = self.tr("{0}: {1} new, {2} changed, {3} as before, {4} rows not taken.").format(
            done.name,
            *(number(n) for n in (done.created, done.updated, done.unchanged)),
            number(len(done.bad_lines)),
        )
        bad = [self.tr("Row {0}: {1}").format(line.row, line.reason) for line in done.bad_lines]
        self.problem.setText(" ".join([text, *bad[:3]]))
        self.problem.setToolTip("\n".join(bad))
        self.problem.show()

    def _on_failed(self, error: Exception) -> None:
        sentence, advice = error_text(error)
        self.compute.setEnabled(True)
        self.problem.setText(f"{sentence} {advice}".strip())
        self.problem.setToolTip("")
        self.problem.show()


def _computed(desk: Desk, wanted: WantedReport) -> KeptAggregate:
    if wanted.report is not None:
        return named_aggregates.run_report(desk, wanted.report)
    made = desk.types[wanted.document_type]
    request = parse_request(made, wanted.figures, wanted.group_by)
    return aggregating.aggregate(desk, request)


def _in_words(desk: Desk, kept: KeptAggregate) -> _Shown:
    assert kept.result is not None
    made = desk.types.get(kept.document_type)
    return _Shown(result_content(kept.result), *account(kept.result, made), kept=kept)


def _key_figures(desk: Desk, wanted: WantedReport) -> _Shown:
    report = kpis.kpis(desk, document_type=wanted.document_type, year=wanted.year)[0]
    line, whole = kpi_account(report, list(desk.types.values()))
    return _Shown(kpi_content(report), line, whole, years=report.years, year=report.year)
