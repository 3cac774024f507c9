"""What a person does with the jobs that are selected: stop, go on, try again, put off, delete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget

from invoice_desk.core.job_lines import JobLine
from invoice_desk.services import job_control
from invoice_desk.services.cleaning import CleaningJob
from invoice_desk.services.desk import Desk
from invoice_desk.services.job_listing import active_lines
from invoice_desk.services.jobs import JobSettings, RunningJob
from invoice_desk.ui.background import Background
from invoice_desk.ui.error_dialog import ask
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP
from invoice_desk.ui.job_queue import JobQueue
from invoice_desk.ui.texts import number

#: Changes the priority by so much at a time.
_STEP = 1
_MOST_TOLD = 8
Refused = Sequence[tuple[int, Exception]]


@dataclass(frozen=True, slots=True)
class JobActionSpec:
    """One thing a person can do with jobs; `suits` says with which."""

    id: str
    text: str
    shortcut: str
    tip: str
    suits: Callable[[JobLine], bool]
    only_one: bool = False


def _is_open(line: JobLine) -> bool:
    return not line.has_ended


def _waits(line: JobLine) -> bool:
    return not line.has_ended and not line.is_running


JOB_ACTIONS = (
    JobActionSpec(
        "cancel",
        QT_TRANSLATE_NOOP("jobs", "Cancel"),
        "Ctrl+Backspace",
        QT_TRANSLATE_NOOP("jobs", "Stop the selected jobs; what is stored stays"),
        _is_open,
    ),
    JobActionSpec(
        "pause",
        QT_TRANSLATE_NOOP("jobs", "Pause"),
        "Ctrl+Alt+P",
        QT_TRANSLATE_NOOP("jobs", "Begin nothing new in the selected jobs until they are resumed"),
        lambda line: not line.has_ended and not line.is_paused,
    ),
    JobActionSpec(
        "resume",
        QT_TRANSLATE_NOOP("jobs", "Resume"),
        "Ctrl+Alt+R",
        QT_TRANSLATE_NOOP("jobs", "Let the selected jobs go on"),
        lambda line: line.is_paused,
    ),
    JobActionSpec(
        "retry",
        QT_TRANSLATE_NOOP("jobs", "Try again…"),
        "Ctrl+Alt+T",
        QT_TRANSLATE_NOOP("jobs", "Do again what failed or was not processed"),
        lambda line: line.can_be_retried,
    ),
    JobActionSpec(
        "results",
        QT_TRANSLATE_NOOP("jobs", "Lists…"),
        "Ctrl+Alt+L",
        QT_TRANSLATE_NOOP("jobs", "See and export what was successful, failed or not processed"),
        lambda _line: True,
        only_one=True,
    ),
    JobActionSpec(
        "delete",
        QT_TRANSLATE_NOOP("jobs", "Delete…"),
        "Del",
        QT_TRANSLATE_NOOP("jobs", "Remove the selected jobs from the list"),
        lambda line: not line.is_running,
    ),
    JobActionSpec(
        "higher",
        QT_TRANSLATE_NOOP("jobs", "Higher priority"),
        "Ctrl+Alt+Up",
        QT_TRANSLATE_NOOP("jobs", "Run the selected jobs before others"),
        _waits,
    ),
    JobActionSpec(
        "lower",
        QT_TRANSLATE_NOOP("jobs", "Lower priority"),
        "Ctrl+Alt+Down",
        QT_TRANSLATE_NOOP("jobs", "Run other jobs before the selected ones"),
        _waits,
    ),
    JobActionSpec(
        "schedule",
        QT_TRANSLATE_NOOP("jobs", "Schedule…"),
        "Ctrl+Alt+S",
        QT_TRANSLATE_NOOP("jobs", "Say when the selected jobs may begin"),
        _waits,
    ),
    JobActionSpec(
        "after",
        QT_TRANSLATE_NOOP("jobs", "Run after…"),
        "Ctrl+Alt+A",
        QT_TRANSLATE_NOOP("jobs", "Have the selected jobs wait for another one"),
        _waits,
    ),
    JobActionSpec(
        "clean_after",
        QT_TRANSLATE_NOOP("jobs", "Clean when the import is done"),
        "",
        QT_TRANSLATE_NOOP("jobs", "Clean what this import brings as soon as it is complete"),
        lambda line: not line.has_ended and line.operation == "import",
        only_one=True,
    ),
)


class JobOperations(QObject):
    """Asks a person what is needed, then a service, on a thread."""

    changed = Signal()

    def __init__(self, desk: Desk, background: Background, jobs: JobQueue, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._background, self._jobs, self._window = desk, background, jobs, window
        #: The message that told last what was refused.
        self.refusal: QMessageBox | None = None

    @property
    def calls(self) -> Mapping[str, Callable[[Sequence[JobLine]], object]]:
        """Return what each action does with lines."""
        return {
            "cancel": self.cancel,
            "pause": self.pause,
            "resume": self.resume,
            "retry": self.retry,
            "results": self.show_results,
            "delete": self.delete,
            "higher": partial(self.change_priority, by=_STEP),
            "lower": partial(self.change_priority, by=-_STEP),
            "schedule": self.schedule,
            "after": self.run_after,
            "clean_after": self.clean_after,
        }

    def cancel(self, lines: Sequence[JobLine]) -> None:
        """Stop jobs, those of this window at once."""
        desk = self._desk
        elsewhere = self._tell_running(lines, RunningJob.cancel)
        self._each(lambda number: job_control.cancel(desk, number), elsewhere)

    def pause(self, lines: Sequence[JobLine]) -> None:
        """Have jobs begin nothing new."""
        desk = self._desk
        self._tell_running(lines, RunningJob.pause)
        self._each(lambda number: job_control.pause(desk, number), lines)

    def resume(self, lines: Sequence[JobLine]) -> None:
        """Let jobs go on."""
        desk = self._desk
        self._tell_running(lines, RunningJob.resume)
        self._each(lambda number: job_control.resume(desk, number), lines)

    def change_priority(self, lines: Sequence[JobLine], *, by: int) -> None:
        """Have jobs run sooner or later than others."""
        desk, before = self._desk, {line.id: line.priority for line in lines}
        self._each(lambda n: job_control.set_priority(desk, n, before[n] + by), lines)

    def delete(self, lines: Sequence[JobLine]) -> None:
        """Ask, and remove jobs from the list."""
        desk = self._desk
        what = self.tr("Delete {0} jobs from the list? What they imported and cleaned stays.")
        if len(lines) == 1:
            what = self.tr("Delete job {0} from the list? What it imported and cleaned stays.")
        question = what.format(number(len(lines) if len(lines) > 1 else lines[0].id))
        ask(
            self._window,
            question,
            lambda: self._each(lambda number: job_control.delete(desk, number), lines),
        )

    def retry(self, lines: Sequence[JobLine]) -> None:
        """Ask how, and do again what jobs left undone."""
        from invoice_desk.ui.retry_dialog import RetryDialog

        dialog = RetryDialog(lines, self._window)
        self._open(dialog, lambda: self.retry_with(lines, dialog.settings))

    def retry_with(self, lines: Sequence[JobLine], settings: JobSettings | None) -> None:
        """Do again what jobs left undone."""
        desk = self._desk
        self._each(lambda number: job_control.retry(desk, number, settings), lines)

    def show_results(self, lines: Sequence[JobLine]) -> None:
        """Show the lists of a job."""
        from invoice_desk.ui.results_dialog import ResultsDialog

        dialog = ResultsDialog(self._desk, lines[0], self._background, self._window)
        self._open(dialog, lambda: None)

    def schedule(self, lines: Sequence[JobLine]) -> None:
        """Ask when jobs may begin."""
        from invoice_desk.ui.job_dialogs import ScheduleDialog

        desk = self._desk
        dialog = ScheduleDialog(now=desk.now(), parent=self._window)
        self._open(
            dialog,
            lambda: self._each(partial(_schedule, desk, dialog.moment), lines),
        )

    def run_after(self, lines: Sequence[JobLine]) -> None:
        """Ask after which job jobs are to run."""
        desk, ours = self._desk, {line.id for line in lines}
        self._background.run(
            lambda: [line for line in active_lines(desk) if line.id not in ours],
            lambda others: self._ask_after(lines, others),
            owner=self,
        )

    def _ask_after(self, lines: Sequence[JobLine], others: Sequence[JobLine]) -> None:
        from invoice_desk.ui.job_dialogs import AfterDialog

        desk = self._desk
        dialog = AfterDialog(others, self._window)
        self._open(
            dialog,
            lambda: self._each(partial(_run_after, desk, dialog.other), lines),
        )

    def clean_after(self, lines: Sequence[JobLine]) -> None:
        """Clean what an import brings as soon as it is complete."""
        for line in lines:
            job = CleaningJob(self._desk, JobSettings(), title=line.title, imported_by=line.id)
            self._jobs.add(job, after_id=line.id)
        self.changed.emit()

    # --- how --------------------------------------------------------------------------

    def _open(self, dialog: QDialog, then: Callable[[], None]) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(then)
        dialog.open()

    def _tell_running(
        self, lines: Sequence[JobLine], call: Callable[[RunningJob], None]
    ) -> list[JobLine]:
        """Tell the jobs that run here, which need not wait for their next look at the desk.

        Returns those that do not run here.
        """
        elsewhere = []
        for line in lines:
            running = self._jobs.manager.job(line.id)
            if running is None:
                elsewhere.append(line)
            else:
                call(running)
        return elsewhere

    def _each(self, call: Callable[[int], object], lines: Sequence[JobLine]) -> None:
        numbers = [line.id for line in lines]
        self._background.run(lambda: job_control.for_each(call, numbers), self._on_done, owner=self)

    def _on_done(self, refused: Refused) -> None:
        self._jobs.begin()
        self._jobs.manager.look()
        self.changed.emit()
        if refused:
            self._show_refused(refused)

    def _show_refused(self, refused: Refused) -> None:
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("Invoice Desk"))
        box.setIcon(QMessageBox.Icon.Information)
        box.setText(self.tr("Some jobs stayed as they are."))
        reasons = list(dict.fromkeys(str(error) for _, error in refused))
        more = [self.tr("… and {0} more").format(number(len(reasons) - _MOST_TOLD))]
        told = reasons[:_MOST_TOLD] + (more if len(reasons) > _MOST_TOLD else [])
        box.setInformativeText("\n".join(told))
        box.open()
        self.refusal = box


def _schedule(desk: Desk, moment: dt.datetime | None, job_id: int) -> None:
    job_control.schedule(desk, job_id, moment)


def _run_after(desk: Desk, other: int | None, job_id: int) -> None:
    job_control.run_after(desk, job_id, other)


def make_job_actions(
    parent: QWidget, selected: Callable[[], list[JobLine]], operations: JobOperations
) -> dict[str, QAction]:
    """Return the actions of the jobs page, each for what is selected."""
    made: dict[str, QAction] = {}
    for spec in JOB_ACTIONS:
        action = QAction(QCoreApplication.translate("jobs", spec.text), parent)
        action.setObjectName(f"job_{spec.id}")
        action.setShortcut(QKeySequence(spec.shortcut))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        tip = QCoreApplication.translate("jobs", spec.tip)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tip} ({keys})" if keys else tip)
        call = operations.calls[spec.id]

        def on_triggered(
            _checked: bool = False,  # noqa: FBT001, FBT002 - Qt gives it
            *,
            spec: JobActionSpec = spec,
            call: Callable[[Sequence[JobLine]], object] = call,
        ) -> None:
            lines = [line for line in selected() if spec.suits(line)]
            if lines:
                call(lines)

        action.triggered.connect(on_triggered)
        parent.addAction(action)
        made[spec.id] = action
    return made


def allow(actions: Mapping[str, QAction], lines: Sequence[JobLine]) -> None:
    """Enable the actions that suit at least one of these jobs."""
    for spec in JOB_ACTIONS:
        fits = any(spec.suits(line) for line in lines)
        actions[spec.id].setEnabled(fits and (len(lines) == 1 or not spec.only_one))
