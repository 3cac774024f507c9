"""What became of each file of a job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from invoice_desk.core.records import JobFileRecord, JobRecord
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP
from invoice_desk.ui.job_words import job_words
from invoice_desk.ui.lists import RecordTable, set_widths
from invoice_desk.ui.text_grid import RecordModel
from invoice_desk.ui.texts import number, status


class JobFilesDialog(QDialog):
    """Lists the files of a job with their outcome and what to do."""

    def __init__(
        self, record: JobRecord, files: Sequence[JobFileRecord], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Job {0}").format(record.id))
        headings = (self.tr("File"), self.tr("Outcome"), self.tr("Error"), self.tr("What to do"))
        self.model: RecordModel[JobFileRecord] = RecordModel(headings, _cells, parent=self)
        self.model.show_records(files)
        table = RecordTable("jobFiles", self.model)
        set_widths(table, (260, 110, 260))
        text = self.tr("{0}: {1} successful + {2} failed + {3} not processed = {4}")
        counts = (record.successful, record.failed, record.unprocessed, record.total)
        head = QLabel(text.format(status(record.state.value), *map(number, counts)))
        error = QLabel(record.error or "")
        error.setVisible(bool(record.error))
        words = QLabel("\n".join(job_words(record.summary)))
        words.setObjectName("hint")
        words.setWordWrap(True)
        words.setHidden(not words.text())
        self.words = words
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (head, error, words, table, buttons):
            layout.addWidget(widget)


def _cells(record: JobFileRecord) -> list[tuple[str, Any]]:
    outcome = _OUTCOMES[record.outcome.value]
    return [
        (record.name, record.name.casefold()),
        (QCoreApplication.translate("outcomes", outcome), record.outcome.value),
        (record.error_message or "", record.error_message or ""),
        (record.error_advice or "", record.error_advice or ""),
    ]


_OUTCOMES = {
    "done": QT_TRANSLATE_NOOP("outcomes", "Saved"),
    "rejected": QT_TRANSLATE_NOOP("outcomes", "Not readable"),
    "duplicate": QT_TRANSLATE_NOOP("outcomes", "Known already"),
    "pending": QT_TRANSLATE_NOOP("outcomes", "Not begun"),
}
