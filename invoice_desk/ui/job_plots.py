"""What a job used over time, as three small plots."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pyqtgraph as pg
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

# Its clean-up at the end of the process touches scenes that Qt has deleted already, and crashes.
pg.setConfigOptions(exitCleanup=False)

#: Seconds, rows, bytes of memory, processor cores: as `Pulse` keeps them.
Sample = Sequence[float]
_LINE, _FILL, _INK = "#1d4ed8", (29, 78, 216, 40), "#334155"


class JobPlots(QStackedWidget):
    """Rows a second, memory and processor; a sentence where nothing was measured."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.nothing = QLabel(
            self.tr("Nothing was measured: the job took less than two seconds, or has not begun.")
        )
        self.nothing.setObjectName("hint")
        self.nothing.setContentsMargins(12, 12, 12, 12)
        self.addWidget(self.nothing)
        plots = QWidget()
        row = QHBoxLayout(plots)
        row.setContentsMargins(6, 6, 6, 6)
        self.rate = self._add(row, self.tr("Rows a second"))
        self.memory = self._add(row, self.tr("Memory, MB"))
        self.cores = self._add(row, self.tr("Processor, cores"))
        self.addWidget(plots)

    def show_samples(self, samples: Sequence[Sample]) -> None:
        """Show what was measured."""
        self.setCurrentIndex(1 if len(samples) > 1 else 0)
        if len(samples) < 2:
            return
        seconds = [sample[0] for sample in samples]
        self.memory.setData(seconds, [sample[2] / 1e6 for sample in samples])
        self.cores.setData(seconds, [sample[3] for sample in samples])
        self.rate.setData(seconds[1:], rates(samples))

    def _add(self, row: QHBoxLayout, title: str) -> pg.PlotDataItem:
        plot = pg.PlotWidget(background="#ffffff")
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(x=False, y=False)
        plot.hideButtons()
        plot.setMinimumHeight(90)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(pg.mkPen("#94a3b8"))
            axis.setTextPen(pg.mkPen(_INK))
            axis.enableAutoSIPrefix(False)
        plot.setLimits(xMin=0, yMin=0)
        plot.enableAutoRange()
        plot.showGrid(y=True, alpha=0.15)
        head = QLabel(title)
        head.setObjectName("hint")
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(head)
        column.addWidget(plot, 1)
        row.addLayout(column, 1)
        return plot.plot(pen=pg.mkPen(_LINE, width=1.6), fillLevel=0, brush=_FILL)


def rates(samples: Sequence[Sample]) -> list[float]:
    """Return the rows a second between each sample and the next."""
    return [
        max(0.0, after[1] - before[1]) / max(0.1, after[0] - before[0])
        for before, after in pairwise(samples)
    ]
