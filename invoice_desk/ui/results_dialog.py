"""The three lists of a job: what was successful, what failed, what was not processed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.job_lines import JobLine
from invoice_desk.services.desk import Desk
from invoice_desk.services.job_results import ResultList, ResultRow, export_results, result_rows
from invoice_desk.ui.background import Background
from invoice_desk.ui.file_dialogs import ask_target
from invoice_desk.ui.lists import RecordTable, set_widths
from invoice_desk.ui.text_grid import RecordModel
from invoice_desk.ui.texts import error_text, number

#: Rows that are shown; the file holds all.
MOST_SHOWN = 2_000
_WIDTH = 170
_FILTERS = "CSV (*.csv);;Excel (*.xlsx);;JSON (*.json);;Parquet (*.parquet)"


class ResultsDialog(QDialog):
    """Shows a list with the original columns, and writes it to a file."""

    def __init__(
        self, desk: Desk, line: JobLine, background: Background, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._job_id, self._background = desk, line.id, background
        self._title = line.title
        self.setWindowTitle(self.tr("Lists of job {0}").format(line.id))
        self.setObjectName("resultsDialog")
        self.resize(900, 520)
        self.which = QComboBox()
        for text, which in (
            (self.tr("Successful"), ResultList.SUCCESSFUL),
            (self.tr("Failed"), ResultList.FAILED),
            (self.tr("Not processed"), ResultList.UNPROCESSED),
        ):
            self.which.addItem(text, which)
        self.which.setCurrentIndex(1 if line.failed else 2 if line.unprocessed else 0)
        self.count = QLabel()
        self.count.setObjectName("hint")
        self._grid = QVBoxLayout()
        self.table: RecordTable | None = None
        self._lay_out()
        self.which.currentIndexChanged.connect(lambda _index: self.refresh())
        self.refresh()

    @property
    def wanted(self) -> ResultList:
        """Return the list that is chosen."""
        return ResultList(self.which.currentData())

    def refresh(self) -> None:
        """Read the list that is chosen."""
        desk, job_id, which = self._desk, self._job_id, self.wanted
        self.count.setText(self.tr("Reading…"))

        def work() -> tuple[tuple[str, ...], list[ResultRow]]:
            found = result_rows(desk, job_id, which)
            return found.columns, list(islice(found.rows, MOST_SHOWN + 1))

        self._background.run(work, self._on_read, owner=self, failed=self._on_failed, series="rows")

    def export_to(self, path: Path) -> None:
        """Write the list that is chosen to a file."""
        desk, job_id, which = self._desk, self._job_id, self.wanted
        told = self.tr("{0} rows written to {1}.")
        self._background.run(
            lambda: export_results(desk, job_id, which, path),
            lambda count: self.count.setText(told.format(number(count), path)),
            owner=self,
            failed=self._on_failed,
        )

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.which)
        top.addWidget(self.count, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.export = buttons.addButton(self.tr("Export…"), QDialogButtonBox.ButtonRole.ActionRole)
        self.export.clicked.connect(self._on_export)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addLayout(self._grid, 1)
        layout.addWidget(buttons)

    def _on_read(self, found: tuple[tuple[str, ...], list[ResultRow]]) -> None:
        columns, rows = found
        used = [i for i, _ in enumerate(columns) if any(row.values[i] for row in rows)]
        headings = (self.tr("Row"), self.tr("Id"), self.tr("Error"), *(columns[i] for i in used))
        model: RecordModel[ResultRow] = RecordModel(
            headings, lambda row: _cells(row, used), parent=self
        )
        model.show_records(rows[:MOST_SHOWN])
        if self.table is not None:
            self._grid.removeWidget(self.table)
            self.table.deleteLater()
        self.table = RecordTable("jobResults", model)
        self.table.setColumnHidden(2, self.wanted is not ResultList.FAILED)
        set_widths(self.table, (70, 70, 320, *(_WIDTH for _ in used)))
        self._grid.addWidget(self.table)
        text = self.tr("{0} rows").format(number(len(rows)))
        if len(rows) > MOST_SHOWN:
            text = self.tr("the first {0} rows; the file holds all").format(number(MOST_SHOWN))
        elif not rows:
            text = self.tr("There is nothing in this list.")
        self.count.setText(text)
        self.export.setEnabled(bool(rows))

    def _on_export(self) -> None:
        name = f"job-{self._job_id}-{self.wanted.value}.csv"
        path = ask_target(self, self.tr("Export the list"), name, _FILTERS)
        if path:
            self.export_to(path)

    def _on_failed(self, error: Exception) -> None:
        self.count.setText(" ".join(error_text(error)).strip())


def _cells(row: ResultRow, used: Sequence[int]) -> list[tuple[str, Any]]:
    return [
        ("" if row.row_number is None else str(row.row_number), row.row_number or 0),
        ("" if row.id is None else str(row.id), row.id or 0),
        (row.error or "", row.error or ""),
        *((row.values[i], row.values[i]) for i in used),
    ]
