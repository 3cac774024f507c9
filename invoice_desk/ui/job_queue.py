"""Jobs of the window: what was asked for is handed on, and what runs is shown in the dock."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal

from invoice_desk.core.bulk_writes import WriteRequest
from invoice_desk.core.job_lines import JobLine
from invoice_desk.core.jobs import JobState
from invoice_desk.errors import StorageError
from invoice_desk.services import job_control
from invoice_desk.services.batches import BatchResult
from invoice_desk.services.bulk_writing import BulkWriteJob, BulkWriteResult
from invoice_desk.services.cleaning import CleaningJob, CleaningResult
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import ImportJob
from invoice_desk.services.job_manager import Ended, JobManager
from invoice_desk.services.jobs import JobSettings, RunningJob
from invoice_desk.ui.jobs_dock import JobRow, JobsDock
from invoice_desk.ui.texts import counted, duration, number, status

#: Twice as often as progress has to be shown, so that it is never a tenth of a second late.
log = logging.getLogger(__name__)

REFRESH_MS = 50


class JobQueue(QObject):
    """Hands jobs to the manager, and tells widgets about them twenty times a second at most.

    The manager and its jobs know no QObject: a job replaces its snapshot, and a timer of the GUI
    thread looks at it.  A slow widget therefore never makes a queue grow.
    """

    imported = Signal(object)  # BatchResult
    cleaned = Signal(object)  # CleaningResult
    written = Signal(object)  # BulkWriteResult
    progressed = Signal(object)  # Snapshot
    crashed = Signal(object)  # Exception
    over = Signal(object, str)  # the last Snapshot of a job, and how it ended in one line

    def __init__(self, desk: Desk, dock: JobsDock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._dock = desk, dock
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)
        self.manager = JobManager(desk, start=self._pool.start)
        self._rows: dict[RunningJob, JobRow] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._on_tick)

    @property
    def is_busy(self) -> bool:
        """Return whether a job that was started here has not ended."""
        return self.manager.is_busy or bool(self._rows)

    def begin(self) -> None:
        """Start running jobs, those first that a crash interrupted."""
        self.manager.begin()
        self._timer.start()

    def import_paths(self, paths: Sequence[Path]) -> None:
        """Import files and folders."""
        if paths:
            self.add(ImportJob(self._desk, paths, JobSettings()))

    def read_again(self, source_ids: Sequence[int]) -> None:
        """Read sources that the desk keeps again."""
        if source_ids:
            self.add(ImportJob(self._desk, (), JobSettings(), source_ids=source_ids))

    def clean(
        self,
        source_ids: Sequence[int] | None = None,
        *,
        document_type: str | None = None,
        options: Mapping[str, str] | None = None,
        title: str = "",
    ) -> None:
        """Clean some sources, or everything; of one type only, and with its options."""
        job = CleaningJob(
            self._desk,
            JobSettings(),
            source_ids=source_ids,
            document_type=document_type,
            options=options,
            title=title,
        )
        self.add(job)

    def add(self, job: RunningJob, **values: Any) -> None:
        """Run a job when its turn comes.

        Args:
            job: The job.
            values: `priority`, `not_before`, `after_id`.
        """
        self._row_of(job)
        self.manager.add(job, **values)
        self.begin()
        self._pool.start(self._record)

    def _record(self) -> None:
        try:
            self.manager.record()
        except StorageError as error:
            log.info("a job is recorded later: %s", error)  # by the thread that runs jobs

    def write(self, request: WriteRequest) -> None:
        """Write rows into a clean table."""
        self.add(BulkWriteJob(self._desk, request))

    def cancel(self) -> None:
        """Cancel the job that runs."""
        if self.manager.current is not None:
            self.manager.current.cancel()

    def show_waiting(self, lines: Sequence[JobLine]) -> None:
        """Show in the dock why jobs do not run yet."""
        known = {line.id: line for line in lines}
        for job, row in self._rows.items():
            line = known.get(job.job_id)
            if line is not None and job is not self.manager.current and not line.is_running:
                row.show_waiting(line)

    @property
    def has_waiting(self) -> bool:
        """Return whether the dock shows jobs that do not run yet."""
        return any(job is not self.manager.current for job in self._rows)

    def close(self) -> None:
        """Lay down what runs and wait for that; at the next start it goes on."""
        self.manager.close()
        self._pool.waitForDone()
        self._timer.stop()

    def _row_of(self, job: RunningJob) -> JobRow:
        row = self._rows.get(job)
        if row is None:
            row = self._rows[job] = self._dock.add_row()
            row.cancelled.connect(lambda: self._on_cancelled(job))
            row.paused.connect(lambda is_wanted: self._on_paused(job, is_wanted=is_wanted))
            row.went_on.connect(lambda: self._on_went_on(job.job_id))
            row.show_snapshot(job.snapshot)
        return row

    def _on_went_on(self, job_id: int) -> None:
        """Do what a cancelled job left undone, as a new one."""

        def work() -> None:
            job_control.for_each(lambda number: job_control.retry(self._desk, number), [job_id])
            self.manager.look()

        self._pool.start(work)

    def _on_cancelled(self, job: RunningJob) -> None:
        job.cancel()
        if job is not self.manager.current and job.job_id:
            job_id = job.job_id
            self._pool.start(lambda: job_control.for_each(self._cancel_waiting, [job_id]))

    def _on_paused(self, job: RunningJob, *, is_wanted: bool) -> None:
        call = job_control.pause if is_wanted else job_control.resume
        self._rows[job].show_paused(is_paused=is_wanted)
        if job is self.manager.current or not job.job_id:
            if is_wanted:
                job.pause()
            else:
                job.resume()
        if job.job_id:
            desk, job_id = self._desk, job.job_id

            def work() -> None:
                job_control.for_each(lambda number: call(desk, number), [job_id])
                self.manager.look()

            self._pool.start(work)

    def _cancel_waiting(self, job_id: int) -> None:
        job_control.cancel(self._desk, job_id)
        self.manager.look()

    def _on_tick(self) -> None:
        current = self.manager.current
        if current is not None:
            self._row_of(current).show_snapshot(current.snapshot)
            self.progressed.emit(current.snapshot)
        while self.manager.ended:
            self._on_ended(self.manager.ended.popleft())

    def _on_ended(self, ended: Ended) -> None:
        row = self._row_of(ended.job)
        del self._rows[ended.job]
        row.show_snapshot(ended.job.snapshot)
        if ended.error is not None:
            row.show_summary(str(ended.error))
            self.over.emit(ended.job.snapshot, str(ended.error))
            self.crashed.emit(ended.error)
            return
        row.show_summary(summary(ended.result), left=_left(ended.result))
        self.over.emit(ended.job.snapshot, summary(ended.result))
        if isinstance(ended.result, BatchResult):
            self.imported.emit(ended.result)
        elif isinstance(ended.result, CleaningResult):
            self.cleaned.emit(ended.result)
        elif isinstance(ended.result, BulkWriteResult):
            self.written.emit(ended.result)


def _left(result: object) -> float:
    """Return the share of its files that a cancelled import left; all, where it had none yet."""
    if not isinstance(result, BatchResult) or result.state is not JobState.ABORTED:
        return 0.0
    return result.pending / result.total if result.total else 1.0


def summary(result: object) -> str:
    """Return how a job ended, in one line."""
    from PySide6.QtCore import QCoreApplication

    if isinstance(result, BatchResult):
        text = QCoreApplication.translate(
            "summary",
            "{0}: {1} file(s) — {2} saved, {3} not readable, {4} known already, {5} not begun; "
            "{6} rows in {7}",
        )
        counts = (result.total, result.successful, result.failed, result.duplicates, result.pending)
        return counted(text, result.total).format(
            status(result.state.value),
            *map(number, counts),
            number(result.rows),
            duration(result.seconds),
        )
    if isinstance(result, CleaningResult):
        text = QCoreApplication.translate(
            "summary", "{0}: {1} rows — {2} cleaned, {3} filtered out, {4} findings in {5}"
        )
        kept = (result.rows, result.cleaned, result.filtered_out, result.findings)
        return text.format(status(result.state.value), *map(number, kept), duration(result.seconds))
    if isinstance(result, BulkWriteResult):
        text = QCoreApplication.translate(
            "summary",
            "{0}: {1} rows — {2} created, {3} updated, {4} unchanged, {5} deleted, {6} failed, "
            "{7} not processed in {8}",
        )
        done = (result.created, result.updated, result.unchanged, result.deleted)
        rest = (result.failed, result.unprocessed)
        return text.format(
            status(result.state.value),
            *map(number, (result.total, *done, *rest)),
            duration(result.seconds),
        )
    return ""
