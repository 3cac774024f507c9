"""Jobs of the window: one after the other, each with a row in the dock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, Signal

from invoice_desk.core.bulk_writes import WriteRequest
from invoice_desk.services.batches import BatchResult
from invoice_desk.services.bulk_writing import BulkWriteJob, BulkWriteResult
from invoice_desk.services.cleaning import CleaningJob, CleaningResult
from invoice_desk.services.desk import Desk
from invoice_desk.services.importing import ImportJob
from invoice_desk.services.jobs import JobSettings
from invoice_desk.ui.job_bridge import JobBridge
from invoice_desk.ui.jobs_view import JobsDock
from invoice_desk.ui.texts import duration, number, status


class JobQueue(QObject):
    """Starts jobs and tells how they ended."""

    imported = Signal(object)  # BatchResult
    cleaned = Signal(object)  # CleaningResult
    written = Signal(object)  # BulkWriteResult
    progressed = Signal(object)  # Snapshot
    crashed = Signal(object)  # Exception

    def __init__(self, desk: Desk, dock: JobsDock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._dock = desk, dock
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._running: list[JobBridge] = []

    @property
    def is_busy(self) -> bool:
        """Return whether a job runs or waits."""
        return bool(self._running)

    def import_paths(self, paths: Sequence[Path]) -> None:
        """Import files and folders."""
        if paths:
            job = ImportJob(self._desk, paths, JobSettings())
            bridge = JobBridge(job, job.run, self)
            self._start(bridge, self.imported)

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
        self._start(JobBridge(job, job.run, self), self.cleaned)

    def write(self, request: WriteRequest) -> None:
        """Write rows into a clean table."""
        job = BulkWriteJob(self._desk, request)
        self._start(JobBridge(job, job.run, self), self.written)

    def cancel(self) -> None:
        """Cancel the job that runs."""
        if self._running:
            self._running[0].cancel()

    def close(self) -> None:
        """Cancel everything and wait for it."""
        for bridge in self._running:
            bridge.cancel()
        self._pool.waitForDone()

    def _start(self, bridge: JobBridge, ended: object) -> None:
        row = self._dock.add_row()
        row.cancelled.connect(bridge.cancel)
        row.show_snapshot(bridge.job.snapshot)
        bridge.progressed.connect(row.show_snapshot)
        bridge.progressed.connect(self.progressed)

        def on_finished(result: object) -> None:
            self._running.remove(bridge)
            row.show_summary(summary(result))
            ended.emit(result)  # type: ignore[attr-defined]
            bridge.deleteLater()

        def on_crashed(error: Exception) -> None:
            self._running.remove(bridge)
            row.show_summary(str(error))
            self.crashed.emit(error)
            bridge.deleteLater()

        bridge.finished.connect(on_finished)
        bridge.crashed.connect(on_crashed)
        self._running.append(bridge)
        bridge.start(self._pool)


def summary(result: object) -> str:
    """Return how a job ended, in one line."""
    from PySide6.QtCore import QCoreApplication

    if isinstance(result, BatchResult):
        text = QCoreApplication.translate(
            "summary",
            "{0}: {1} files — {2} saved, {3} not readable, {4} known already, {5} not begun; "
            "{6} rows in {7}",
        )
        counts = (result.total, result.successful, result.failed, result.duplicates, result.pending)
        return text.format(
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
