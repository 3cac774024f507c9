"""The jobs dock: what runs and waits now, below every page."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDockWidget,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.job_lines import JobLine
from invoice_desk.core.jobs import TERMINAL
from invoice_desk.services.jobs import Snapshot
from invoice_desk.ui.job_columns import now_text
from invoice_desk.ui.pages import ShortLabel
from invoice_desk.ui.texts import duration, progress, status

_KEPT_ENDED = 1


class JobRow(QWidget):
    """One job that runs, waits or has just ended: bar, rate, time left, pause, cancel."""

    cancelled = Signal()
    paused = Signal(bool)  # whether to pause, else to go on
    went_on = Signal()  # with what a cancelled job left undone

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_paused = self._left_some = False
        self.name = ShortLabel()
        self.detail = ShortLabel()
        self.detail.setText(self.tr("waiting its turn"))
        self.detail.setObjectName("hint")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.pause = QPushButton(self.tr("Pause"))
        self.pause.clicked.connect(lambda _checked=False: self._on_clicked())
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self.cancelled)
        layout = QGridLayout(self)
        layout.setContentsMargins(10, 4, 10, 4)
        layout.addWidget(self.name, 0, 0)
        layout.addWidget(self.bar, 0, 1)
        layout.addWidget(self.pause, 0, 2)
        layout.addWidget(self.cancel, 0, 3)
        layout.addWidget(self.detail, 1, 0, 1, 4)
        layout.setColumnStretch(1, 1)
        layout.setColumnMinimumWidth(0, 260)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show how far the job is."""
        self.name.setText(f"{status(snapshot.operation)} {snapshot.title}".strip())
        self.bar.setValue(int(snapshot.work_done * 1000))
        ended = snapshot.state in TERMINAL
        if ended:
            text = self.tr("{0} after {1}").format(
                status(snapshot.state.value), duration(snapshot.seconds)
            )
            self.detail.setText(text)
        else:
            self.detail.setText(progress(snapshot))
        self._allow(ended=ended, is_paused=snapshot.paused)

    def show_waiting(self, line: JobLine) -> None:
        """Show why a job does not run yet."""
        self.detail.setText(now_text(line))
        self._allow(ended=line.has_ended, is_paused=line.is_paused)

    def show_summary(self, text: str, *, left: float = 0.0) -> None:
        """Show how the job ended; one that left a share of its files undone can go on."""
        self.detail.setText(" ".join(text.split()))
        self.bar.setValue(int(1000 * (1 - left)))
        self._allow(ended=True, is_paused=False)
        self._left_some = left > 0
        if self._left_some:
            self.pause.setText(self.tr("Go on"))
            self.pause.setToolTip(self.tr("Do the rest, as a new job"))
            self.pause.setEnabled(True)

    def show_paused(self, *, is_paused: bool) -> None:
        """Offer to go on, or to pause."""
        if is_paused is not self._is_paused:
            self._is_paused = is_paused
            self.pause.setText(self.tr("Resume") if is_paused else self.tr("Pause"))

    def _on_clicked(self) -> None:
        if self._left_some:
            self.pause.setEnabled(False)
            self.went_on.emit()
        else:
            self.paused.emit(not self._is_paused)

    def _allow(self, *, ended: bool, is_paused: bool) -> None:
        self.cancel.setEnabled(not ended)
        self.pause.setEnabled(not ended)
        self.show_paused(is_paused=is_paused)


class JobsDock(QDockWidget):
    """Always there: what runs now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jobsDock")
        self.setWindowTitle(self.tr("Jobs"))
        self.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        self._rows: list[JobRow] = []
        inside = QWidget()
        self._layout = QVBoxLayout(inside)
        self._layout.setContentsMargins(0, 2, 0, 2)
        self._layout.setSpacing(0)
        self._idle = QLabel(self.tr("Nothing is running."))
        self._idle.setObjectName("hint")
        self._idle.setContentsMargins(12, 4, 12, 6)
        self._layout.addWidget(self._idle)
        self.setWidget(inside)
        self.setAllowedAreas(Qt.DockWidgetArea.BottomDockWidgetArea)

    def add_row(self) -> JobRow:
        """Add a row for a job that begins; the oldest that ended goes."""
        ended = [row for row in self._rows if not row.cancel.isEnabled()]
        for row in ended[: max(0, len(ended) - _KEPT_ENDED + 1)]:
            self._rows.remove(row)
            self._layout.removeWidget(row)
            row.hide()
            row.deleteLater()
        row = JobRow()
        self._rows.append(row)
        self._idle.hide()
        self._layout.addWidget(row)
        return row
