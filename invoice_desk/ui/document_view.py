"""A document: its pages beside the form, its doubts below, and whether it is approved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton, QSplitter, QWidget

from invoice_desk.core.findings import FindingCode, Severity
from invoice_desk.core.records import FindingRecord, SourceRecord
from invoice_desk.core.source import PAGED, SourceStatus
from invoice_desk.documents.document_class import BLANK
from invoice_desk.documents.fields import OTHER
from invoice_desk.errors import EncryptedSourceError
from invoice_desk.services import documents
from invoice_desk.services.desk import Desk
from invoice_desk.services.document_records import Document, Place
from invoice_desk.services.page_images import PageFile
from invoice_desk.services.proposals import Choice, Proposal, Proposer, Target, proposals_of
from invoice_desk.ui.actions import icon
from invoice_desk.ui.background import Background
from invoice_desk.ui.document_form import DocumentForm
from invoice_desk.ui.document_lists import DocumentLists
from invoice_desk.ui.page_pane import PagePane
from invoice_desk.ui.pages import Page, ShortLabel
from invoice_desk.ui.proposal_banner import ProposalBanner
from invoice_desk.ui.proposers import all_proposers, splitting
from invoice_desk.ui.split_dialog import SplitDialog
from invoice_desk.ui.texts import counted, document_class, finding, status

#: Doubts whose text has two sides.
_TWO_SIDES = {FindingCode.XML_DENIED_BY_PAGE.value, FindingCode.PAGE_DENIED_BY_XML.value}

#: Only what was read to its end can be read again.
#: What is open in these is asked about before a document is approved.
_GRAVE = {Severity.ERROR.value, Severity.CRITICAL.value}
_OPEN = {*_GRAVE, Severity.WARNING.value}
#: So are these, though each alone is a warning.
_ASKED = {FindingCode.MISSING_REQUIRED.value, FindingCode.SAME_INVOICE.value}
_READ = {SourceStatus.COMPLETED, SourceStatus.PREVIEW}


class DocumentView(Page):
    """One document at a time; `show_source` fills it.

    Attributes:
        proposers: Asked for proposals when a document is opened; others add to it.
    """

    left = Signal()
    decided = Signal(object, str, object, object)  # SourceRecord, field, value, Place; or None
    approved = Signal(object)  # SourceRecord
    reopened = Signal(object)  # SourceRecord
    next_wanted = Signal()
    table_wanted = Signal(object, int)  # SourceRecord, table
    source_wanted = Signal(object)  # Target
    answered = Signal(int, object)  # source, Choice
    passwords_wanted = Signal()
    reading_wanted = Signal(int, int, str)  # source, page, engine

    def __init__(self, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._desk, self._background = desk, background
        self.proposers: list[Proposer] = all_proposers()
        self.document: Document | None = None
        self.source: SourceRecord | None = None
        self._wanted_field: str | None = None
        #: The first doubtful field is selected when a document is opened.
        self._begins = False
        #: Source of which a page is being read again, and what is said of that.
        self._reading: tuple[int, str] | None = None
        self._set_up_head()
        self.banner = ProposalBanner()
        self.problem = QLabel()
        self.problem.setObjectName("statement")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.pages = PagePane(desk, background, keys_in=self)
        self.form = DocumentForm(self._explain)
        self.lists = DocumentLists(desk.types)
        self.body.addWidget(self.banner)
        self.body.addWidget(self.problem)
        self.body.addWidget(self._parts(), 1)
        self._connect()

    def _set_up_head(self) -> None:
        self.back = self._button(self.tr("Back"), "back")
        self.head.insertWidget(0, self.back)
        self.title.hide()
        self.name = ShortLabel()
        self.name.setObjectName("pageTitle")
        self.head.insertWidget(1, self.name, 10)
        self.state = QLabel()
        self.state.setObjectName("documentState")
        self.head.insertWidget(2, self.state)
        self.to_table = self._button(self.tr("Table"), "structure")
        self.to_table.setToolTip(self.tr("Show its row, raw and cleaned"))
        self.head.addWidget(self.to_table)
        self.next = self._button(self.tr("Next doubtful"), "next_doubtful")
        self.next.setToolTip(self.tr("Open the next document that should be looked at (F4)"))
        self.head.addWidget(self.next)
        self.reopen = self.add_button(self.tr("Reopen"))
        self.approve = self.add_button(self.tr("Approve"), primary=True)
        self.approve.setToolTip(self.tr("Say that the document is right (Ctrl+Return)"))
        self.reopen.hide()

    def _button(self, text: str, picture: str) -> QPushButton:
        button = self.add_button(text)
        self.head.removeWidget(button)
        button.setIcon(icon(picture))
        return button

    def _parts(self) -> QSplitter:
        right = QSplitter(Qt.Orientation.Vertical)
        right.setObjectName("documentRight")
        right.addWidget(self.form)
        right.addWidget(self.lists)
        right.setStretchFactor(0, 3)
        right.setStretchFactor(1, 1)
        right.setSizes([460, 170])
        right.setChildrenCollapsible(False)
        whole = QSplitter(Qt.Orientation.Horizontal)
        whole.setObjectName("documentSplitter")
        whole.addWidget(self.pages)
        whole.addWidget(right)
        whole.setStretchFactor(0, 3)
        whole.setStretchFactor(1, 2)
        whole.setSizes([560, 500])
        whole.setChildrenCollapsible(False)
        return whole

    def _connect(self) -> None:
        self.back.clicked.connect(self.left)
        self.back.setShortcut(QKeySequence(QKeySequence.StandardKey.Back))
        self.back.setToolTip(self.tr("Back to the list ({0})").format(_shortcut_text(self.back)))
        self.next.clicked.connect(self.next_wanted)
        self.approve.clicked.connect(self.approve_shown)
        self.reopen.clicked.connect(self.reopen_shown)
        self.to_table.clicked.connect(self._on_table)
        self.form.selected.connect(self._on_selected)
        self.form.decided.connect(self._on_decided)
        self.form.turned.connect(self.pages.turn)
        self.pages.picked.connect(self.form.propose)
        self.pages.box_clicked.connect(self.form.select)
        self.lists.jumped.connect(self._on_jumped)
        self.lists.opened.connect(lambda record: self.source_wanted.emit(Target(record.id)))
        self.banner.chosen.connect(self._on_choice)
        self.banner.opened.connect(self.source_wanted)
        self.banner.split_wanted.connect(self._on_split)
        self.pages.passwords_wanted.connect(self.passwords_wanted)
        self.pages.reading_wanted.connect(self._on_reading)

    # --- what is shown ----------------------------------------------------------------

    def look_at(self, file: PageFile) -> None:
        """Show the pages of a file that is about to be imported."""
        self.source = self.document = None
        self._show_head(file.name)
        self.state.setText(self.tr("Being imported…"))
        self.form.show_nothing()
        self.lists.show_document(None)
        self.banner.show_proposals([])
        self._state("")
        self.pages.show_file(file, None)

    def show_source(
        self,
        source: SourceRecord,
        *,
        field: str | None = None,
        sought: tuple[int, Sequence[str]] | None = None,
    ) -> None:
        """Show a document, at one of its fields, or at a page with words that were sought."""
        if self.source is None or self.source.id != source.id:
            self.document = None
            self.banner.show_proposals([])
            self.form.show_nothing()  # until it is read, and if it cannot be
            self.lists.show_document(None)
            self._state("")
            self._begins = sought is None
        self.source, self._wanted_field = source, field
        self._show_head(source.name)
        self.pages.show_file(documents.file_of(self._desk, source), source.id)
        if sought is not None:
            self.form.select(None)
        self.pages.seek(*(sought or (0, ())))
        self.reload()

    def reload(self) -> None:
        """Read fields and decisions anew, after a decision or while it is being read."""
        if self.source is None:
            return
        desk, source_id, proposers = self._desk, self.source.id, tuple(self.proposers)
        self._background.run(
            lambda: (
                documents.open_document(desk, source_id),
                proposals_of(desk, source_id, proposers),
            ),
            lambda found: self._on_document(*found),
            owner=self,
            series="document",
        )

    def show_reading(self, source_id: int, told: str) -> None:
        """Show that a page of a document is being read again; "" when it is not any more."""
        self._reading = (source_id, told) if told else None
        self._show_reading()

    def _show_reading(self) -> None:
        document, told = self.document, ""
        if self._reading is not None and self.source and self.source.id == self._reading[0]:
            told = self._reading[1]
        record = document.source if document is not None else None
        is_paged = record is not None and record.status in _READ and record.kind in PAGED
        is_read = is_paged and document is not None and document.pages
        self.pages.show_reading(told, allowed=bool(is_read) and self._reading is None)

    def begin_find(self) -> None:
        """Show the line to find a text on the page."""
        self.pages.finder.begin()

    def copy(self) -> None:
        """Put what is chosen in the list that has the focus on the clipboard, else words."""
        if not self.lists.copy():
            self.pages.copy()

    def approve_shown(self) -> None:
        """Say that the document is right as it stands."""
        document = self.document
        # What is written and not accepted yet is meant too, unless it is refused.
        if document is None or not document.is_writable or not self.form.accept_drafts():
            return
        errors = [each for each in document.findings if _is_asked_about(each)]
        if not errors:
            self._approve(document.source)
            return
        open_ = "\n\n".join(dict.fromkeys(self._explain(each) for each in errors))
        question = self.tr("Approve it although this is open?")
        self._ask(question, open_, self.approve.text(), lambda: self._approve(document.source))

    def _approve(self, source: SourceRecord) -> None:
        """Approve; the button goes, and its focus is not to end in a field that takes Ctrl+Z."""
        self.pages.canvas.setFocus()
        self.approved.emit(source)

    def reopen_shown(self) -> None:
        """Take the approval back."""
        if self.document is not None and self.document.is_approved:
            self.reopened.emit(self.document.source)

    # --- what happens -----------------------------------------------------------------

    def _on_document(self, document: Document, proposals: Sequence[Proposal]) -> None:
        if self.source is None or document.source.id != self.source.id:
            return
        self.document, self.source = document, document.source
        self.form.show_document(document)
        self.form.setVisible(not document.is_container)
        if document.is_container and self._begins:
            self.lists.content_table.setFocus()
        self.pages.show_fields(document.fields)
        self.pages.show_words_anew()
        self.lists.show_document(document)
        self.banner.show_proposals(proposals)
        self._show_state(document)
        self._show_reading()
        if not document.is_writable:
            self.pages.stop_filling()
        if self._wanted_field:
            field, self._wanted_field = self._wanted_field, None
            self.form.choose(field)
        elif self._begins and document.is_writable:
            self.form.begin()
        self._begins = self._begins and document.is_unfinished

    def _show_head(self, name: str) -> None:
        self.name.setText(name)
        self.to_table.setEnabled(False)
        self.approve.setEnabled(False)
        self.pages.bar.allow_reading(allowed=False)
        self.reopen.hide()
        self.approve.show()

    def _show_state(self, document: Document) -> None:
        record = document.source
        self.to_table.setEnabled(document.table_id is not None)
        readable = record.status is not SourceStatus.FAILED
        self.approve.setEnabled(readable and document.is_writable)
        is_own = not (document.parts or document.is_container or document.is_excluded)
        self.approve.setVisible(is_own and not document.is_approved)
        self.reopen.setVisible(document.is_approved)
        if document.approved_by is not None:
            person, when = document.approved_by
            day = f"{when.astimezone():%Y-%m-%d %H:%M}" if when else ""
            self.state.setText(self.tr("✓ Approved by {0}, {1}").format(person, day))
        elif document.is_excluded:
            self.state.setText(self.tr("Does not count"))
        else:
            self.state.setText(status(_standing(document).value))
        self._state(self._statement(document))

    def _statement(self, document: Document) -> str:
        record = document.source
        if record.error_code == EncryptedSourceError.code:
            return self.tr("It could not be read: it is protected by a password.")
        if record.error_message:
            return " ".join(filter(None, (record.error_message, record.error_advice)))
        return self._without_fields(document)

    def _without_fields(self, document: Document) -> str:
        """Return why a document shows no fields; nothing where it has some."""
        if document.source.status is SourceStatus.PENDING:
            told = self.tr("It waits to be read. If its import was cancelled, choose Go on below,")
            return f"{told} {self.tr('or Read now in the menu of the inbox.')}"
        if document.is_unfinished:
            return self.tr("It is still being read; fields appear as they are found.")
        if document.parts:
            told = self.tr(
                "It was split into %n document(s), which stand in its place in the inbox.",
                "",
                document.parts,
            )
            return counted(told, document.parts)
        if document.is_container:
            return self.tr("The files in it stand in the inbox, each on its own.")
        if document.fields:
            return ""
        return self._without_any(document.source)

    def _without_any(self, record: SourceRecord) -> str:
        how = self.tr("Select a field, then click words on the page.")
        if BLANK in record.reasons:
            return self.tr("Nothing could be read on its pages; they seem to be blank.")
        if record.document_class in {None, OTHER} or record.document_type:
            return f"{self.tr('No fields were found.')} {how}"
        told = self.tr("It is kept as text: {0}. If it is to be an invoice:")
        return f"{told.format(document_class(record.document_class or ''))} {how}"

    def _state(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def _explain(self, record: FindingRecord) -> str:
        """Return why a field is doubtful; of a contradiction both sides."""
        why = finding(record.code, self._desk.types.values())
        field = self.document.fields.get(record.field or "") if self.document else None
        is_told = field is not None and field.place is not None and record.text == field.place.text
        if not record.text or is_told:
            return why
        if record.code in _TWO_SIDES:
            return f"{why}\n" + "     ".join(record.text.split("; "))
        return f"{why} ({record.text})"

    def _on_selected(self, name: str | None, fills: bool) -> None:  # noqa: FBT001 - a signal's
        document = self.document
        writable = document is not None and document.is_writable
        self.pages.select_field(name, fills=fills and writable)

    def _on_decided(self, name: str, value: str | None, place: Place | None) -> None:
        if self.source is not None:
            self.decided.emit(self.source, name, value, place)

    def _on_jumped(self, field: str) -> None:
        """Show what a doubt is about: a field, or the lines."""
        if not self.lists.show_lines_of(field):
            self.form.choose(field)

    def _on_table(self) -> None:
        document = self.document
        if document is not None and document.table_id is not None:
            self.table_wanted.emit(document.source, document.table_id)

    def _on_reading(self, page: int, engine: str) -> None:
        if self.source is not None:
            self.reading_wanted.emit(self.source.id, page, engine)

    def _on_choice(self, choice: Choice) -> None:
        source = self.source
        if source is None:
            return
        if not choice.question:
            self.answered.emit(source.id, choice)
            return
        question, _, more = choice.question.partition("\n\n")
        yes = choice.text.rstrip("…")
        self._ask(question, more, yes, lambda: self.answered.emit(source.id, choice))

    def _ask(self, question: str, more: str, yes: str, then: Callable[[], object]) -> None:
        """Ask before something is done; to leave it is the default."""
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(question)
        box.setInformativeText(more)
        agree = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        agree.clicked.connect(then)
        box.open()

    def _on_split(self, proposal: Proposal) -> None:
        source, document = self.source, self.document
        if source is None or document is None:
            return
        dialog = SplitDialog(proposal, len(document.pages), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(
            lambda: self.answered.emit(source.id, splitting(source.id, dialog.splits))
        )
        dialog.open()


def _standing(document: Document) -> SourceStatus:
    """Return the status that holds now: a correction may have brought a doubt."""
    held = document.source.status
    is_open = any(each.severity in _OPEN for each in document.findings)
    return SourceStatus.PREVIEW if held is SourceStatus.COMPLETED and is_open else held


def _shortcut_text(button: QPushButton) -> str:
    return button.shortcut().toString(QKeySequence.SequenceFormat.NativeText)


def _is_asked_about(record: FindingRecord) -> bool:
    """Return whether a person is asked before a document is approved with this doubt."""
    return record.severity in _GRAVE or record.code in _ASKED
