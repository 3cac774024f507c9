"""What the actions of the window do that are about one table: map it, clean it, look back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QSettings, QSize, Qt, Signal
from PySide6.QtWidgets import QWidget

from invoice_desk.core.records import FindingRecord, PassRecord, SourceRecord, TableRecord
from invoice_desk.services import browsing, passes, structuring, templating
from invoice_desk.services.desk import Desk
from invoice_desk.services.settling import settle_column
from invoice_desk.ui.background import Background
from invoice_desk.ui.choices_dialog import ChoicesDialog
from invoice_desk.ui.job_queue import JobQueue
from invoice_desk.ui.mapping_dialog import MappingDialog
from invoice_desk.ui.passes_dialog import PassesDialog
from invoice_desk.ui.settle_dialog import SettleDialog
from invoice_desk.ui.structure_dialog import StructureDialog
from invoice_desk.ui.structure_model import StructureModel
from invoice_desk.ui.window_state import open_remembered


class TableOperations(QObject):
    """Asks a person what is needed, then a service.

    Attributes:
        choices: Type → options, as a person chose them last; for this session.
    """

    jumped = Signal(int, int)  # table, row number
    restructured = Signal(object)  # TableRecord, read again

    def __init__(
        self,
        desk: Desk,
        background: Background,
        jobs: JobQueue,
        settings: QSettings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk, self._background, self._jobs = desk, background, jobs
        self._settings, self._window = settings, window
        self.choices: dict[str, dict[str, str]] = {}

    # --- mapping ----------------------------------------------------------------------

    def open_mapping(self, table: TableRecord) -> None:
        """Open the mapping of a table."""
        desk, table_id = self._desk, table.id
        self._background.run(
            lambda: templating.draft_mapping(desk, table_id), self._on_draft, owner=self
        )

    def _on_draft(self, draft: templating.MappingDraft) -> None:
        dialog = MappingDialog(self._desk, draft, self._background, self._window)
        dialog.accepted.connect(lambda: self._on_mapping_saved(dialog, draft))
        open_remembered(dialog, self._settings, QSize(1000, 700), name="mapping")

    def _on_mapping_saved(self, dialog: MappingDialog, draft: templating.MappingDraft) -> None:
        desk, table = self._desk, draft.table
        kind, mapping, name = dialog.document_type, dialog.model.mapping, dialog.template_name
        self._background.run(
            lambda: templating.confirm_mapping(
                desk, table.id, document_type=kind, mapping=mapping, template_name=name
            ),
            lambda _template: self.clean_table(table.source_id, kind, title=table.name),
            owner=self,
        )

    # --- cleaning ---------------------------------------------------------------------

    def clean_source(self, source: SourceRecord, tables: Sequence[TableRecord]) -> None:
        """Clean the tables of a source, each type with what was chosen for it last."""
        types = {table.document_type for table in tables if table.document_type}
        if not types & set(self.choices):
            self._jobs.clean([source.id], title=source.name)
            return
        for name in sorted(types):
            self.clean_table(source.id, name, title=source.name)

    def clean_table(self, source_id: int, document_type: str, *, title: str) -> None:
        """Clean the tables of one type in a source, with what was chosen for it last."""
        chosen = self.choices.get(document_type)
        wanted = document_type if chosen else None
        self._jobs.clean([source_id], document_type=wanted, options=chosen, title=title)

    def clean_with_choices(self, table: TableRecord) -> None:
        """Ask how the type of a table is to be read, then clean the tables of that type."""
        made = self._desk.types.get(table.document_type or "")
        if made is None or not made.options:
            return
        dialog = ChoicesDialog(made, self.choices.get(made.name, {}), self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def on_accepted() -> None:
            self.choices[made.name] = dialog.form.values
            self.clean_table(table.source_id, made.name, title=table.name)

        dialog.accepted.connect(on_accepted)
        dialog.open()

    # --- passes -----------------------------------------------------------------------

    def show_passes(self, table: TableRecord) -> None:
        """Show the passes of a table, and what two of them disagree on."""
        desk, table_id = self._desk, table.id
        self._background.run(
            lambda: passes.passes(desk, table_id=table_id),
            lambda records: self._show_passes(table, records),
            owner=self,
        )

    def _show_passes(self, table: TableRecord, records: Sequence[PassRecord]) -> None:
        dialog = PassesDialog(self._desk, table, records, self._background, self._window)
        dialog.jumped.connect(lambda row: self.jumped.emit(table.id, row))
        open_remembered(dialog, self._settings, QSize(980, 680), name="passes")

    # --- settling ---------------------------------------------------------------------

    def settle(self, found: FindingRecord) -> None:
        """Ask which reading of a column is meant, then clean its table again."""
        desk, table_id = self._desk, found.raw_table_id
        if table_id is not None:
            self._background.run(
                lambda: browsing.table(desk, table_id),
                lambda table: self._ask_reading(table, found),
                owner=self,
            )

    def _ask_reading(self, table: TableRecord, found: FindingRecord) -> None:
        made = self._desk.types.get(table.document_type or "")
        if made is None or found.field not in {spec.name for spec in made.fields}:
            return
        field = str(found.field)
        dialog = SettleDialog(made.field(field), found.text or "", self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._settle(table, made.name, field, dialog.answer))
        dialog.open()

    def _settle(self, table: TableRecord, kind: str, field: str, answer: dict[str, str]) -> None:
        desk = self._desk
        self._background.run(
            lambda: settle_column(desk, table.id, field, **answer),
            lambda _nothing: self.clean_table(table.source_id, kind, title=table.name),
            owner=self,
        )

    # --- structure --------------------------------------------------------------------

    def show_structure(self, table: TableRecord) -> None:
        """Show the first records of a table's file, to say which are headings."""
        desk, table_id = self._desk, table.id
        self._background.run(
            lambda: structuring.draft_structure(desk, table_id), self._show_structure, owner=self
        )

    def _show_structure(self, draft: structuring.StructureDraft) -> None:
        dialog = StructureDialog(draft, self._window)
        dialog.accepted.connect(lambda: self._correct(draft.table, dialog.model))
        open_remembered(dialog, self._settings, QSize(980, 640), name="structure")

    def _correct(self, table: TableRecord, marked: StructureModel) -> None:
        desk, headings, first = self._desk, marked.header_rows, marked.first_data_row

        def work() -> TableRecord:
            structuring.correct_structure(
                desk, table.id, header_rows=headings, first_data_row=first
            )
            return browsing.table(desk, table.id)

        def on_read(changed: TableRecord) -> None:
            self.restructured.emit(changed)
            if table.current_pass_id is not None and changed.document_type:
                self.clean_table(changed.source_id, changed.document_type, title=changed.name)

        self._background.run(work, on_read, owner=self)
