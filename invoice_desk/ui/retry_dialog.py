"""Trying jobs again: what will be done, and how it is to be done this time."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.job_lines import JobLine
from invoice_desk.core.modes import Mode
from invoice_desk.documents.ocr import ENGINES
from invoice_desk.services.jobs import JobSettings
from invoice_desk.ui.texts import number, status

_MOST_LISTED = 8


class RetryDialog(QDialog):
    """Asks how jobs that ended are to be tried again; `settings` holds the answer."""

    def __init__(self, lines: Sequence[JobLine], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Try again"))
        self.setMinimumWidth(460)
        self.what = QLabel(self._what(lines))
        self.what.setWordWrap(True)
        hint = QLabel(self.tr("What was stored stays; each job is followed by a new one."))
        hint.setObjectName("hint")
        hint.setWordWrap(True)
        self.as_before = QCheckBox(self.tr("Work as before"))
        self.as_before.setChecked(True)
        self.workers = QSpinBox()
        self.workers.setRange(0, 32)
        self.workers.setSpecialValueText(self.tr("automatic"))
        self.mode = QComboBox()
        self.mode.addItem(self.tr("automatic"), Mode.AUTO)
        self.mode.addItem(self.tr("in one process"), Mode.STANDARD)
        self.mode.addItem(self.tr("in worker processes"), Mode.OPTIMIZED)
        self.ocr = QComboBox()
        self.ocr.addItem(self.tr("only pages without text, best engine"), None)
        for engine in ENGINES:
            self.ocr.addItem(self.tr("every page, by {0}").format(engine), engine)
        self._form = QWidget()
        form = QFormLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(self.tr("Workers"), self.workers)
        form.addRow(self.tr("How"), self.mode)
        form.addRow(self.tr("Text recognition"), self.ocr)
        self._form.setEnabled(False)
        self.as_before.toggled.connect(lambda on: self._form.setEnabled(not on))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        again = buttons.addButton(self.tr("Try again"), QDialogButtonBox.ButtonRole.AcceptRole)
        again.setProperty("primary", True)
        again.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        for widget in (self.what, hint, self.as_before, self._form, buttons):
            layout.addWidget(widget)

    @property
    def settings(self) -> JobSettings | None:
        """Return how to work; None is as before."""
        if self.as_before.isChecked():
            return None
        mode, ocr = Mode(self.mode.currentData()), self.ocr.currentData()
        return JobSettings(mode, self.workers.value() or None, ocr)

    def _what(self, lines: Sequence[JobLine]) -> str:
        told = [self._line(line) for line in lines[:_MOST_LISTED]]
        if len(lines) > _MOST_LISTED:
            told.append(self.tr("… and {0} more").format(number(len(lines) - _MOST_LISTED)))
        return "\n".join(told)

    def _line(self, line: JobLine) -> str:
        name = f"{line.id}, {status(line.operation)} {line.title}".strip()
        if not line.total:
            return self.tr("Job {0}: everything, for it ended before it began.").format(name)
        text = self.tr("Job {0}: {1} that failed, {2} not begun.")
        return text.format(name, number(line.failed), number(line.unprocessed))
