"""Undo and redo of decisions: a cursor over the log, which itself only grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from invoice_desk.core.records import SourceRecord
from invoice_desk.services import documents, reviewing
from invoice_desk.services.desk import Desk
from invoice_desk.services.document_records import Place
from invoice_desk.services.proposals import Choice
from invoice_desk.services.reviewing import Correction
from invoice_desk.ui.background import Background
from invoice_desk.ui.texts import counted, field_label

UNDO_LIMIT = 500


class Decisions(QObject):
    """Records what a person decides, on one thread and so in order."""

    changed = Signal(int, object)  # raw table, set of row numbers
    document_changed = Signal(int)  # source
    led = Signal(int)  # a source that an answer made
    went_back = Signal(int)  # source of which a decision was undone or done again
    failed = Signal(object)  # Exception

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.background = Background(threads=1, parent=self)
        self.background.failed.connect(self.failed)
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(UNDO_LIMIT)

    def correct(self, table_id: int, row_number: int, field: str, text: str) -> None:
        """Put `text` in place of what was read."""
        correction = Correction(row_number, field, text)
        title = QCoreApplication.translate("undo", "Correct {0}").format(field_label(field))
        desk = self._desk
        self._push(
            title, table_id, {row_number}, lambda: reviewing.correct(desk, table_id, [correction])
        )

    def approve(self, table_id: int, row_numbers: list[int]) -> None:
        """Say that rows are right as they stand."""
        count = len(row_numbers)
        title = counted(QCoreApplication.translate("undo", "Approve %n row(s)", "", count), count)
        desk, numbers = self._desk, set(row_numbers)
        self._push(title, table_id, numbers, lambda: reviewing.approve(desk, table_id, numbers))

    def exclude(self, table_id: int, row_numbers: list[int]) -> None:
        """Say that rows are not to count; they stay raw."""
        count = len(row_numbers)
        title = counted(QCoreApplication.translate("undo", "Exclude %n row(s)", "", count), count)
        desk, numbers = self._desk, set(row_numbers)
        self._push(title, table_id, numbers, lambda: reviewing.exclude(desk, table_id, numbers))

    def correct_document(
        self, source: SourceRecord, field: str, value: str | None, place: Place | None
    ) -> None:
        """Say what a field of a document is, and where it stands."""
        title = QCoreApplication.translate("undo", "Correct {0} of {1}")
        title, source_id = title.format(field_label(field), source.name), source.id
        desk = self._desk
        self._push_document(
            title,
            source_id,
            lambda: documents.correct(desk, source_id, field, value=value, place=place),
            lambda ids: reviewing.withdraw(desk, ids),
        )

    def approve_document(self, source: SourceRecord) -> None:
        """Say that a document is right as it stands."""
        title = QCoreApplication.translate("undo", "Approve {0}").format(source.name)
        desk, source_id = self._desk, source.id
        self._push_document(
            title,
            source_id,
            lambda: documents.approve(desk, source_id),
            # an undone reopening approves it anew, so it is not this decision that holds
            lambda _ids: documents.reopen(desk, source_id),
        )

    def reopen_document(self, source: SourceRecord) -> None:
        """Take the approval of a document back."""
        title = QCoreApplication.translate("undo", "Reopen {0}").format(source.name)
        desk, source_id = self._desk, source.id
        self._push_document(
            title,
            source_id,
            lambda: documents.reopen(desk, source_id),
            lambda _ids: documents.approve(desk, source_id),
        )

    def answer(self, source_id: int, choice: Choice) -> None:
        """Answer a proposal; it can be undone where the service can take it back."""
        desk, take_back = self._desk, choice.take_back
        if take_back is not None:
            self._push_document(
                choice.text.rstrip("…"),
                source_id,
                lambda: [choice.act(desk)],
                lambda kept: [take_back(desk, each) for each in kept],
            )
            return

        def on_done(result: object) -> None:
            self.document_changed.emit(source_id)
            if choice.leads_to is not None:
                self.led.emit(choice.leads_to(result))

        self.background.run(lambda: choice.act(desk), on_done, owner=self)

    def _push_document(
        self,
        title: str,
        source_id: int,
        record: Callable[[], list[Any]],
        take_back: Callable[[list[Any]], object],
    ) -> None:
        def run(work: Callable[[], object]) -> None:
            is_first = command.is_new

            def on_done(_done: object) -> None:
                self.document_changed.emit(source_id)
                if not is_first:
                    self.went_back.emit(source_id)

            self.background.run(work, on_done, owner=self)

        command = _DecisionCommand(title, record, take_back, run)
        self.stack.push(command)

    def _push(
        self, title: str, table_id: int, numbers: set[int], record: Callable[[], list[int]]
    ) -> None:
        desk = self._desk

        def run(work: Callable[[], object]) -> None:
            self.background.run(
                work, lambda _done: self.changed.emit(table_id, numbers), owner=self
            )

        self.stack.push(
            _DecisionCommand(title, record, lambda ids: reviewing.withdraw(desk, ids), run)
        )


class _DecisionCommand(QUndoCommand):
    """One step; undoing it adds a withdrawal to the log."""

    def __init__(
        self,
        title: str,
        record: Callable[[], list[Any]],
        withdraw: Callable[[list[Any]], object],
        run: Callable[[Callable[[], object]], None],
    ) -> None:
        super().__init__(title)
        self._record, self._withdraw, self._run = record, withdraw, run
        self._ids: list[Any] = []  # touched on the thread of decisions only
        #: Whether it is being done for the first time.
        self.is_new = True

    def redo(self) -> None:
        def work() -> None:
            self._ids = self._record()

        self._run(work)
        self.is_new = False

    def undo(self) -> None:
        def work() -> None:
            ids, self._ids = self._ids, []
            self._withdraw(ids)

        self._run(work)
