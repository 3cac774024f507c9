"""What became of each file of a job, as a table; a folder may hold a hundred thousand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from invoice_desk.core.error_classes import ErrorTraits, error_traits
from invoice_desk.core.records import JobFileRecord
from invoice_desk.core.source import FileOutcome
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP
from invoice_desk.ui.texts import field_label, file_size, number, status

Index = QModelIndex | QPersistentModelIndex
_NUMBER = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT_OVER = {FileOutcome.REJECTED, FileOutcome.PENDING}

_OUTCOMES = {
    FileOutcome.DONE: QT_TRANSLATE_NOOP("outcomes", "Saved"),
    FileOutcome.REJECTED: QT_TRANSLATE_NOOP("outcomes", "Not readable"),
    FileOutcome.DUPLICATE: QT_TRANSLATE_NOOP("outcomes", "Known already"),
    FileOutcome.PENDING: QT_TRANSLATE_NOOP("outcomes", "Not begun"),
}
_KINDS = {
    "file_format": QT_TRANSLATE_NOOP("error_classes", "File format"),
    "parsing": QT_TRANSLATE_NOOP("error_classes", "Reading"),
    "validation": QT_TRANSLATE_NOOP("error_classes", "Checking"),
    "database": QT_TRANSLATE_NOOP("error_classes", "Database"),
    "system": QT_TRANSLATE_NOOP("error_classes", "This machine"),
    "duplicate": QT_TRANSLATE_NOOP("error_classes", "Duplicate"),
    "missing_field": QT_TRANSLATE_NOOP("error_classes", "Missing field"),
}


@dataclass(frozen=True, slots=True)
class FileColumn:
    """One column; `key` gives what it sorts by."""

    heading: str
    width: int
    text: Callable[[JobFileRecord], str]
    key: Callable[[JobFileRecord], Any]
    is_number: bool = False


def outcome_text(file: JobFileRecord) -> str:
    """Return what became of a file."""
    return QCoreApplication.translate("outcomes", _OUTCOMES[file.outcome])


def _traits(file: JobFileRecord) -> ErrorTraits | None:
    return error_traits(file.error_code) if file.error_code else None


def _kind(file: JobFileRecord) -> str:
    traits = _traits(file)
    return QCoreApplication.translate("error_classes", _KINDS[traits.kind]) if traits else ""


def _severity(file: JobFileRecord) -> str:
    traits = _traits(file)
    return status(traits.severity.value) if traits else ""


def _count(value: float | None) -> str:
    return number(value) if value else ""


def _seconds(file: JobFileRecord) -> str:
    return "" if file.seconds is None else QLocale().toString(file.seconds, "f", 2)


def _text(heading: str, width: int, text: Callable[[JobFileRecord], str]) -> FileColumn:
    return FileColumn(heading, width, text, lambda file: text(file).casefold())


def _figure(
    heading: str,
    width: int,
    value: Callable[[JobFileRecord], float | None],
    text: Callable[[JobFileRecord], str] | None = None,
) -> FileColumn:
    shown = text or (lambda file: _count(value(file)))
    return FileColumn(heading, width, shown, lambda file: value(file) or 0, is_number=True)


FILE_COLUMNS = (
    _text(QT_TRANSLATE_NOOP("jobs", "File"), 220, lambda f: f.name),
    _text(QT_TRANSLATE_NOOP("jobs", "Outcome"), 112, outcome_text),
    _text(QT_TRANSLATE_NOOP("jobs", "Severity"), 80, _severity),
    _text(QT_TRANSLATE_NOOP("jobs", "Kind of error"), 110, _kind),
    _text(QT_TRANSLATE_NOOP("jobs", "Error"), 240, lambda f: f.error_message or ""),
    _text(QT_TRANSLATE_NOOP("jobs", "What to do"), 260, lambda f: f.error_advice or ""),
    _text(QT_TRANSLATE_NOOP("jobs", "Came to"), 110, lambda f: status(f.step)),
    _figure(QT_TRANSLATE_NOOP("jobs", "Rows"), 80, lambda f: f.rows),
    _figure(QT_TRANSLATE_NOOP("jobs", "Pages"), 64, lambda f: f.pages),
    _text(
        QT_TRANSLATE_NOOP("jobs", "Type"),
        140,
        lambda f: field_label(f.document_type) if f.document_type else "",
    ),
    _figure(
        QT_TRANSLATE_NOOP("jobs", "Sure"),
        60,
        lambda f: f.confidence,
        lambda f: f"{f.confidence:.0%}" if f.confidence is not None else "",
    ),
    _figure(QT_TRANSLATE_NOOP("jobs", "Seconds"), 80, lambda f: f.seconds, _seconds),
    _figure(
        QT_TRANSLATE_NOOP("jobs", "Memory"),
        80,
        lambda f: f.memory,
        lambda f: file_size(f.memory) if f.memory else "",
    ),
    _figure(QT_TRANSLATE_NOOP("jobs", "Tried again"), 90, lambda f: f.attempts),
    _text(QT_TRANSLATE_NOOP("jobs", "Worker"), 140, lambda f: f.worker or ""),
)


class JobFilesModel(QAbstractTableModel):
    """Shows the files of one job; cells are made when they are looked at."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[JobFileRecord] = []
        self._shown: list[JobFileRecord] = []
        self._only_left_over = False
        self._order: tuple[int, bool] | None = None

    @property
    def left_over(self) -> int:
        """Return how many files failed or were not begun."""
        return sum(file.outcome in _LEFT_OVER for file in self._all)

    def show_files(self, files: Sequence[JobFileRecord]) -> None:
        """Show these files, in their order in the job."""
        if list(files) != self._all:
            self._all = list(files)
            self._renew()

    def show_only_left_over(self, only: bool) -> None:  # noqa: FBT001 - a slot of a check box
        """Show only what failed or was not begun, or everything."""
        self._only_left_over = only
        self._renew()

    def record(self, row: int) -> JobFileRecord:
        """Return the file in this row."""
        return self._shown[row]

    def cells(self, rows: Sequence[int]) -> list[list[str]]:
        """Return the texts of whole rows, for the clipboard."""
        return [[column.text(self._shown[row]) for column in FILE_COLUMNS] for row in rows]

    # --- QAbstractTableModel ----------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(FILE_COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column = FILE_COLUMNS[index.column()]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return column.text(self._shown[index.row()])
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return _NUMBER
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = FILE_COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return _NUMBER
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return QCoreApplication.translate("jobs", column.heading)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by none, as the job had them."""
        self._order = None if column < 0 else (column, order == Qt.SortOrder.DescendingOrder)
        self._renew()

    def _renew(self) -> None:
        self.beginResetModel()
        only = self._only_left_over
        self._shown = [file for file in self._all if not only or file.outcome in _LEFT_OVER]
        if self._order is not None:
            column, is_down = self._order
            self._shown.sort(key=FILE_COLUMNS[column].key, reverse=is_down)
        self.endResetModel()
