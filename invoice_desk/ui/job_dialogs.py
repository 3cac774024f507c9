"""Two questions about jobs that wait: when they may begin, and after which other job."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import QDateTime
from PySide6.QtWidgets import (
    QComboBox,
    QDateTimeEdit,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.job_lines import JobLine
from invoice_desk.ui.texts import status


class ScheduleDialog(QDialog):
    """Asks when jobs may begin; `moment` holds the answer."""

    def __init__(self, *, now: dt.datetime, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Schedule"))
        self.setMinimumWidth(380)
        self.soon = QRadioButton(self.tr("As soon as it may run"))
        self.later = QRadioButton(self.tr("Not before"))
        self.later.setChecked(True)
        begin = QDateTime.fromSecsSinceEpoch(int(now.timestamp()) // 3600 * 3600 + 3600)
        self.when = QDateTimeEdit(begin)
        self.when.setDisplayFormat("yyyy-MM-dd HH:mm")
        self.when.setCalendarPopup(True)
        self.later.toggled.connect(self.when.setEnabled)
        hint = QLabel(self.tr("It runs then if Invoice Desk is open, else at the next start."))
        hint.setObjectName("hint")
        hint.setWordWrap(True)
        _lay_out(self, self.soon, self.later, self.when, hint)

    @property
    def moment(self) -> dt.datetime | None:
        """Return when; None is as soon as it may run."""
        if self.soon.isChecked():
            return None
        return dt.datetime.fromtimestamp(self.when.dateTime().toSecsSinceEpoch(), dt.UTC)


class AfterDialog(QDialog):
    """Asks which job has to be complete before; `other` holds the answer."""

    def __init__(self, others: Sequence[JobLine], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Run after"))
        self.setMinimumWidth(420)
        self.choice = QComboBox()
        for line in others:
            text = self.tr("Job {0}: {1} {2}")
            self.choice.addItem(text.format(line.id, status(line.operation), line.title), line.id)
        self.choice.addItem(self.tr("no other job"), None)
        head = QLabel(self.tr("Run only when this job is complete:"))
        _lay_out(self, head, self.choice)

    @property
    def other(self) -> int | None:
        """Return the job that has to be complete before; None is none."""
        chosen: int | None = self.choice.currentData()
        return chosen


def _lay_out(dialog: QDialog, *widgets: QWidget) -> None:
    buttons = QDialogButtonBox(
        QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
    )
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.setSpacing(10)
    for widget in (*widgets, buttons):
        layout.addWidget(widget)
