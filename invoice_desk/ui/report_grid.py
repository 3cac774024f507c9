"""The table of a report: tens of thousands of rows, of which only those seen become text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QLocale, QModelIndex, QObject, Qt
from PySide6.QtCore import QPersistentModelIndex as PersistentIndex

from invoice_desk.core.amounts import amount_text
from invoice_desk.ui.background import Background
from invoice_desk.ui.texts import amount, number

Index = QModelIndex | PersistentIndex
Cell = Decimal | int | str | None


@dataclass(frozen=True, slots=True)
class GridContent:
    """What a report shows; the cells of a column are all numbers or all texts."""

    headings: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    numeric: tuple[bool, ...] = ()


class ReportGrid(QAbstractTableModel):
    """Shows rows of values; sorting happens on a thread."""

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._content = GridContent()
        self._generation = 0

    @property
    def content(self) -> GridContent:
        """Return what is shown, in its order."""
        return self._content

    def show_content(self, content: GridContent) -> None:
        """Show another report."""
        self._generation += 1
        self.beginResetModel()
        self._content = content
        self.endResetModel()

    # --- QAbstractTableModel ----------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._content.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._content.headings)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return _shown(self._content.rows[index.row()][index.column()])
        if role == Qt.ItemDataRole.TextAlignmentRole and self._content.numeric[index.column()]:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return self._content.headings[section]

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        content, generation = self._content, self._generation
        if not 0 <= column < len(content.headings):
            return
        downwards = order is Qt.SortOrder.DescendingOrder

        def work() -> tuple[tuple[Cell, ...], ...]:
            return _sorted(content.rows, column, downwards=downwards)

        def on_sorted(rows: tuple[tuple[Cell, ...], ...]) -> None:
            if generation == self._generation:
                self.show_content(GridContent(content.headings, rows, content.numeric))

        self._background.run(work, on_sorted, owner=self)


def plain_texts(content: GridContent, rows: Sequence[int]) -> list[list[str]]:
    """Return cells the way a spreadsheet of the user's country reads numbers."""
    point = QLocale().decimalPoint()
    return [[_plain(cell, point) for cell in content.rows[row]] for row in rows]


def _sorted(
    rows: Sequence[tuple[Cell, ...]], column: int, *, downwards: bool
) -> tuple[tuple[Cell, ...], ...]:
    """Return rows by the values of a column; those without one stand last."""
    there = [row for row in rows if row[column] is not None]
    there.sort(key=lambda row: row[column], reverse=downwards)  # type: ignore[arg-type, return-value]
    return (*there, *(row for row in rows if row[column] is None))


def _shown(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return amount(cell)
    if isinstance(cell, int):
        return number(cell)
    return cell or ""


def _plain(cell: Cell, point: str) -> str:
    if isinstance(cell, Decimal):
        return amount_text(cell, digits=0).replace(".", point)
    return "" if cell is None else str(cell)
