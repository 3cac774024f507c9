"""Opening documents from wherever they are met, and what is decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QSettings, QSize, Signal
from PySide6.QtWidgets import QWidget

from invoice_desk.core.records import FindingRecord, SourceRecord
from invoice_desk.core.source import PAGED, FileOutcome, detect_kind
from invoice_desk.services import browsing, documents
from invoice_desk.services.batches import BatchResult
from invoice_desk.services.desk import Desk
from invoice_desk.services.engines import TITLES
from invoice_desk.services.page_images import PageFile
from invoice_desk.services.proposals import Target
from invoice_desk.ui.background import Background
from invoice_desk.ui.decisions_undo import Decisions
from invoice_desk.ui.document_view import DocumentView
from invoice_desk.ui.page_canvas import Fit
from invoice_desk.ui.page_reading import PageReading
from invoice_desk.ui.texts import number
from invoice_desk.ui.window_state import open_remembered

_HEAD = 4096


class DocumentOperations(QObject):
    """Shows documents in the view, and keeps what is decided there."""

    shown = Signal()  # the view is to be seen
    left = Signal(str)  # the page to go back to
    table_wanted = Signal(object, int, object)  # SourceRecord, table, row or None
    said = Signal(str)  # a sentence for the status bar
    changed = Signal()  # a document was approved, reopened or corrected
    passwords_wanted = Signal()

    def __init__(
        self,
        desk: Desk,
        background: Background,
        decisions: Decisions,
        settings: QSettings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk, self._background, self._decisions = desk, background, decisions
        self._settings = settings
        self.view = DocumentView(desk, background)
        self.reading = PageReading(desk, self)
        self._from = "inbox"
        self._awaited: Path | None = None
        self._connect()
        fit = str(settings.value("document/fit") or Fit.WIDTH.value)
        zoom: Any = settings.value("document/zoom") or 1.0
        self.view.pages.canvas.remember_fit(Fit(fit) if fit in set(Fit) else Fit.WIDTH, float(zoom))

    def _connect(self) -> None:
        view, decisions = self.view, self._decisions
        view.left.connect(self.leave)
        view.decided.connect(decisions.correct_document)
        view.approved.connect(decisions.approve_document)
        view.reopened.connect(decisions.reopen_document)
        view.next_wanted.connect(self.open_next)
        view.table_wanted.connect(lambda record, table: self.table_wanted.emit(record, table, None))
        view.source_wanted.connect(self.open_target)
        view.answered.connect(decisions.answer)
        view.passwords_wanted.connect(self.passwords_wanted)
        view.reading_wanted.connect(self.reading.read)
        reading = self.reading
        reading.known.connect(view.pages.bar.show_engines)
        reading.begun.connect(self._on_reading)
        reading.ended.connect(self._on_read)
        reading.failed.connect(self._background.failed)
        self.shown.connect(reading.find_engines)
        decisions.led.connect(lambda source_id: self.open_target(Target(source_id)))
        decisions.document_changed.connect(self._on_changed)
        decisions.went_back.connect(self._on_went_back)
        decisions.failed.connect(lambda _error: view.reload())

    # --- opening ----------------------------------------------------------------------

    def open(
        self,
        source: SourceRecord,
        *,
        field: str | None = None,
        sought: tuple[int, Sequence[str]] | None = None,
        came_from: str = "inbox",
    ) -> None:
        """Show a document, at one of its fields, or at a page with words that were sought."""
        self._from, self._awaited = came_from, None
        self.view.show_source(source, field=field, sought=sought)
        self.shown.emit()

    def open_finding(self, source: SourceRecord, found: FindingRecord) -> None:
        """Show what a finding is about: a field of a document, or a line in its table."""
        desk = self._desk

        def on_known(is_line: bool) -> None:  # noqa: FBT001 - a result
            if is_line and found.raw_table_id is not None:
                self.table_wanted.emit(source, found.raw_table_id, found.row_number or 0)
            else:
                self.open(source, field=found.field, came_from="review")

        self._background.run(lambda: documents.is_about_line(desk, found), on_known, owner=self)

    def open_target(self, target: Target) -> None:
        """Show another document, or a row of a table."""
        desk = self._desk

        def on_found(source: SourceRecord) -> None:
            if documents.is_document(source) or target.table_id is None:
                self.open(source)
            else:
                self.table_wanted.emit(source, target.table_id, target.row_number or 0)

        self._background.run(lambda: browsing.source(desk, target.source_id), on_found, owner=self)

    def search(self) -> None:
        """Ask for words, and open a page on which they stand."""
        from invoice_desk.ui.search_dialog import SearchDialog

        window = self.parent()
        assert isinstance(window, QWidget)
        dialog = SearchDialog(self._desk, self._background, window)
        dialog.opened.connect(self._on_hit)
        open_remembered(dialog, self._settings, QSize(820, 520), name="search")

    def _on_hit(self, source_id: int, page: int, words: Sequence[str]) -> None:
        desk, came_from = self._desk, self._from if self.view.isVisible() else "inbox"

        def on_found(source: SourceRecord) -> None:
            self.open(source, sought=(page, words), came_from=came_from)

        self._background.run(lambda: browsing.source(desk, source_id), on_found, owner=self)

    def open_again(self) -> None:
        """Try again to show a file that a password kept shut."""
        self.view.pages.open_again()

    def open_next(self) -> None:
        """Show the next document that should be looked at."""
        shown = self.view.source.id if self.view.source and self.view.isVisible() else None
        desk = self._desk

        def on_found(source: SourceRecord | None) -> None:
            if source is None:
                self.said.emit(self.tr("No other document has to be looked at."))
            else:
                self.open(source, came_from=self._from)

        self._background.run(lambda: documents.next_doubtful(desk, shown), on_found, owner=self)

    def leave(self) -> None:
        """Go back to where the document was opened from."""
        self.left.emit(self._from)

    # --- a file that was dropped --------------------------------------------------------

    def look_at(self, paths: Sequence[Path]) -> None:
        """Show the one PDF or picture that was dropped, before it is imported."""
        if len(paths) != 1 or not paths[0].is_file():
            return
        path = paths[0]

        def work() -> PageFile | None:
            with path.open("rb") as file:
                kind = detect_kind(path.name, file.read(_HEAD)).kind
            return PageFile(path, kind, path.name) if kind in PAGED else None

        def on_known(file: PageFile | None) -> None:
            if file is not None:
                self._from, self._awaited = "inbox", path
                self.view.look_at(file)
                self.shown.emit()

        self._background.run(work, on_known, owner=self, failed=lambda _error: None)

    def show_sources(self, sources: Sequence[SourceRecord]) -> None:
        """Go on with what is in the desk by now of the document that is shown."""
        path, shown = self._awaited, self.view.source
        if path is not None:
            found = next((each for each in sources if each.origin == str(path)), None)
            if found is not None:
                self._awaited = None
                self.view.show_source(found)
        elif shown is not None and self.view.document and self.view.document.is_unfinished:
            self.view.reload()

    def show_imported(self, result: BatchResult) -> None:
        """Show what an import made of the file that was looked at, or that is shown."""
        awaited = str(self._awaited) if self._awaited else None
        for file in result.files:
            if file.source_id is not None and file.path == awaited:
                self._awaited = None
                self._show_found(file.source_id)
                if file.outcome is FileOutcome.DUPLICATE:
                    self.said.emit(self.tr("This file is here already; it is shown as it stands."))
            elif self.view.source is not None and file.source_id == self.view.source.id:
                self.view.reload()

    def _show_found(self, source_id: int) -> None:
        desk = self._desk
        self._background.run(
            lambda: browsing.source(desk, source_id), self.view.show_source, owner=self
        )

    def show_decided(self, table_id: int) -> None:
        """Show what was decided about rows, when they are those of the document."""
        document = self.view.document
        if document is not None and document.table_id == table_id:
            self.view.reload()

    # --- closing ----------------------------------------------------------------------

    def close(self) -> None:
        """Remember how pages are fitted, and let go of the file."""
        canvas = self.view.pages.canvas
        self._settings.setValue("document/fit", canvas.fit.value)
        self._settings.setValue("document/zoom", canvas.zoom)
        self.reading.background.wait()
        self.view.pages.close_file()

    def _on_reading(self, source_id: int, page: int, engine: str) -> None:
        told = self.tr("Page {0} is being read again with {1}…")
        self.view.show_reading(source_id, told.format(number(page), TITLES.get(engine, engine)))

    def _on_read(self, source_id: int, page: int, is_read: bool) -> None:  # noqa: FBT001 - a signal's
        self.view.show_reading(source_id, "")
        if not is_read:
            return
        if self.view.source is not None and self.view.source.id == source_id:
            self.view.pages.forget_words(page)
            self.view.reload()
        self.said.emit(self.tr("Page {0} was read again.").format(number(page)))
        self.changed.emit()

    def _on_went_back(self, source_id: int) -> None:
        """Show the document of which a decision was undone, if another one is open."""
        shown = self.view.source
        if self.view.isVisible() and shown is not None and shown.id != source_id:
            self.open_target(Target(source_id))

    def _on_changed(self, source_id: int) -> None:
        if self.view.source is not None and self.view.source.id == source_id:
            self.view.reload()
        self.changed.emit()
