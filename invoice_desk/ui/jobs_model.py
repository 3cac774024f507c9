"""The table of jobs: ten thousand lines of which only the cells on the screen are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QCoreApplication, QModelIndex, QObject, Qt
from PySide6.QtCore import QPersistentModelIndex as PersistentIndex

from invoice_desk.core.job_lines import JobLine
from invoice_desk.services.jobs import Snapshot
from invoice_desk.ui.job_columns import COLUMNS, JobColumn, state_colour

Index = QModelIndex | PersistentIndex
_NUMBER = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class JobsModel(QAbstractTableModel):
    """Shows lines of jobs; those that run change in place."""

    COLOUR_ROLE = Qt.ItemDataRole.UserRole + 1
    SHARE_ROLE = Qt.ItemDataRole.UserRole + 2

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: list[JobLine] = []
        self._places: dict[int, int] = {}
        self._order: tuple[JobColumn, bool] | None = None

    @property
    def newest(self) -> int:
        """Return the highest number that is shown."""
        return max(self._places, default=0)

    @property
    def active_ids(self) -> set[int]:
        """Return the jobs that have no outcome as far as is known here."""
        return {line.id for line in self._lines if not line.has_ended}

    def show_lines(self, lines: Sequence[JobLine]) -> None:
        """Replace what is shown; where the same jobs stay, only their cells change."""
        ordered = self._sorted(lines)
        if [line.id for line in ordered] == [line.id for line in self._lines]:
            changed = [row for row, line in enumerate(ordered) if line != self._lines[row]]
            self._lines = ordered
            for row in changed:
                self._tell(row)
            return
        self.beginResetModel()
        self._keep(ordered)
        self.endResetModel()

    def merge(self, lines: Sequence[JobLine]) -> bool:
        """Change lines that are shown; return whether others came that are not."""
        came = False
        for line in lines:
            row = self._places.get(line.id)
            if row is None:
                came = True
            elif line != self._lines[row]:
                self._lines[row] = line
                self._tell(row)
        return came

    def show_snapshot(self, snapshot: Snapshot) -> bool:
        """Show how far a job of this window is; return whether it is shown at all."""
        row = self._places.get(snapshot.job_id or 0)
        if row is None:
            return False
        line = self._lines[row]
        if not line.has_ended:
            wish = "pause" if snapshot.paused else None
            known = replace(line, state=snapshot.state, owner=line.owner or "here", wish=wish)
            live = replace(known, waiting_for=None).with_progress(snapshot.as_dict())
            if live != line:
                self._lines[row] = live
                self._tell(row)
        return True

    def record(self, row: int) -> JobLine:
        """Return the job in this row."""
        return self._lines[row]

    def row_of(self, job_id: int) -> int | None:
        """Return the row of a job."""
        return self._places.get(job_id)

    # --- QAbstractTableModel ----------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line, column = self._lines[index.row()], JobColumn(index.column())
        spec = COLUMNS[column]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return spec.text(line)
        if role == Qt.ItemDataRole.TextAlignmentRole and spec.is_number:
            return _NUMBER
        if role == self.COLOUR_ROLE and column in {JobColumn.STATE, JobColumn.PROGRESS}:
            return state_colour(line)
        if role == self.SHARE_ROLE and column is JobColumn.PROGRESS:
            return spec.key(line)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        spec = COLUMNS[JobColumn(section)]
        if role == Qt.ItemDataRole.TextAlignmentRole and spec.is_number:
            return _NUMBER
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return QCoreApplication.translate("jobs", spec.heading)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by none, the newest come first."""
        is_down = order == Qt.SortOrder.DescendingOrder
        self._order = None if column < 0 else (JobColumn(column), is_down)
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        ids = [self._lines[index.row()].id for index in before]
        self._keep(self._sorted(self._lines))
        after = [
            self.index(self._places[job_id], index.column())
            for job_id, index in zip(ids, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _sorted(self, lines: Sequence[JobLine]) -> list[JobLine]:
        newest_first = sorted(lines, key=lambda line: -line.id)
        if self._order is None:
            return newest_first
        column, is_down = self._order
        return sorted(newest_first, key=COLUMNS[column].key, reverse=is_down)

    def _keep(self, lines: list[JobLine]) -> None:
        self._lines = lines
        self._places = {line.id: row for row, line in enumerate(lines)}

    def _tell(self, row: int) -> None:
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))
