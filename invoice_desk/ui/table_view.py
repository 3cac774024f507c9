"""A table of a source: raw, cleaned or both, filtered in the database, corrected in place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QTableView,
    QWidget,
)

from invoice_desk.core.document_types import NUMERIC
from invoice_desk.core.records import SourceRecord, TableRecord
from invoice_desk.services import browsing
from invoice_desk.services.browsing import RowFilter, TableRows, View
from invoice_desk.services.desk import Desk
from invoice_desk.ui.actions import icon
from invoice_desk.ui.background import Background
from invoice_desk.ui.clipboard import cells_as_mime
from invoice_desk.ui.findings_view import FindingsTable
from invoice_desk.ui.paged_table_model import PagedTableModel
from invoice_desk.ui.pages import Page, ShortLabel, search_field
from invoice_desk.ui.texts import number

_TYPING_PAUSE_MS = 250
_MOST_COPIED = 200_000


class TableView(Page):
    """One source at a time; `show_source` fills it."""

    left = Signal()
    clean_wanted = Signal(object)  # SourceRecord
    mapping_wanted = Signal(object)  # TableRecord
    edited = Signal(object, int, str, str)  # TableRecord, row number, field, text
    approved = Signal(object, object)  # TableRecord, list of row numbers
    excluded = Signal(object, object)  # TableRecord, list of row numbers
    refused = Signal(object)  # Exception
    document_wanted = Signal(object)  # SourceRecord
    shown = Signal()  # another table is there, or the same anew

    def __init__(self, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._desk = desk
        self._background = background
        self.source: SourceRecord | None = None
        self.table: TableRecord | None = None
        self.rows: TableRows | None = None
        self._tables: Sequence[TableRecord] = ()
        self._jump_to: int | None = None
        self._total = 0
        self.model = PagedTableModel(background, self)
        self.grid = QTableView()
        self._set_up_grid()
        self._set_up_head()
        self._set_up_filters()
        self.findings = FindingsTable("tableFindings", background, desk.types)
        self.findings.setColumnHidden(1, True)
        self.findings.jumped.connect(lambda record: self.jump_to(record.row_number))
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setObjectName("tableSplitter")
        splitter.addWidget(self.grid)
        splitter.addWidget(self.findings)
        splitter.setStretchFactor(0, 4)
        splitter.setStretchFactor(1, 1)
        self.body.addWidget(splitter)

    # --- what is shown ----------------------------------------------------------------

    def show_source(
        self, source: SourceRecord, *, table_id: int | None = None, row_number: int | None = None
    ) -> None:
        """Show a source: one of its tables, at one of its rows."""
        self.source = source
        self._jump_to = row_number
        self.title.setText(source.name)
        desk, source_id = self._desk, source.id
        self._background.run(
            lambda: browsing.tables(desk, source_id),
            lambda tables: self._on_tables(tables, table_id),
            owner=self,
            series="tables",
        )

    def reload(self, *, keep_view: bool = True) -> None:
        """Read table and rows anew, after a job or a decision."""
        if self.table is None:
            return
        desk, table_id = self._desk, self.table.id
        if not keep_view:
            self.segments[View.SIDE_BY_SIDE].setChecked(True)
        view = self.view
        self._background.run(
            lambda: TableRows(desk, table_id, view), self._on_rows, owner=self, series="rows"
        )

    @property
    def all_tables(self) -> Sequence[TableRecord]:
        """Return the tables of the source."""
        return self._tables

    @property
    def has_choices(self) -> bool:
        """Return whether the type of the table has options to choose between."""
        made = self._desk.types.get((self.table and self.table.document_type) or "")
        return made is not None and bool(made.options)

    @property
    def view(self) -> View:
        """Return which of the three views is chosen."""
        return next(view for view, button in self.segments.items() if button.isChecked())

    def wanted(self) -> RowFilter:
        """Return the filter that is set."""
        chosen = self.status.currentData()
        return RowFilter(
            status=None if chosen in {"", "findings"} else chosen,
            with_findings=chosen == "findings",
            text=self.search.text().strip(),
            order_by=self._order_by,
            descending=self._descending,
        )

    def jump_to(self, row_number: int | None) -> None:
        """Select a row and scroll to it; the filter is cleared when it hides the row."""
        if row_number is None:
            return
        place = self.model.place_of(row_number)
        if place is None:
            if self.search.text() or self.status.currentIndex():
                self._jump_to = row_number
                self.search.clear()
                self.status.setCurrentIndex(0)
            return
        index = self.model.index(place, 0)
        self.grid.setCurrentIndex(index)
        self.grid.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)

    def selected_numbers(self) -> list[int]:
        """Return the numbers of the rows in which something is selected."""
        rows: set[int] = set()
        for span in self._spans():
            rows.update(range(span.top(), span.bottom() + 1))
        return [self.model.row_number(row) for row in sorted(rows)]

    def copy(self) -> None:
        """Put the selected cells with their headings on the clipboard."""
        spans = self._spans()
        if not spans:
            return
        top, bottom = min(s.top() for s in spans), max(s.bottom() for s in spans)
        left, right = min(s.left() for s in spans), max(s.right() for s in spans)
        rows = range(top, min(bottom + 1, top + _MOST_COPIED))
        columns = range(left, right + 1)
        orientation = Qt.Orientation.Horizontal
        headings = [str(self.model.headerData(c, orientation)) for c in columns]
        numeric = [self._is_numeric(c) for c in columns]

        def on_texts(texts: list[list[str]]) -> None:
            data = cells_as_mime(headings, texts, numeric=numeric)
            QGuiApplication.clipboard().setMimeData(data)

        self.model.fetch_texts(rows, columns, on_texts)

    def _spans(self) -> list[QItemSelectionRange]:
        selection = self.grid.selectionModel().selection()
        return [selection.at(i) for i in range(selection.count())]

    def approve_shown(self) -> None:
        """Say that the selected rows are right as they stand."""
        numbers = self.selected_numbers()
        if self.table is not None and numbers:
            self.approved.emit(self.table, numbers)

    def exclude(self) -> None:
        """Say that the selected rows are not to count."""
        numbers = self.selected_numbers()
        if self.table is not None and numbers:
            self.excluded.emit(self.table, numbers)

    # --- set-up -----------------------------------------------------------------------

    def _set_up_grid(self) -> None:
        self.grid.setObjectName("grid")
        self.grid.setModel(self.model)
        self.grid.setWordWrap(False)
        self.grid.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.grid.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.grid.verticalHeader().setDefaultSectionSize(26)
        self.grid.horizontalHeader().setDefaultSectionSize(160)
        self.grid.horizontalHeader().setSectionsClickable(True)
        self.grid.horizontalHeader().sectionClicked.connect(self._on_header_clicked)
        self.grid.setCornerButtonEnabled(True)
        self.grid.activated.connect(self._on_activated)
        self.model.edited.connect(self._on_edited)
        self.model.refused.connect(self.refused)
        self.model.counted.connect(self._on_counted)
        self._order_by: str | int | None = None
        self._descending = False

    def _set_up_head(self) -> None:
        back = QPushButton(icon("back"), self.tr("Inbox"))
        back.clicked.connect(self.left)
        self.head.insertWidget(0, back)
        self.tables = QComboBox()
        self.tables.currentIndexChanged.connect(self._on_table_chosen)
        self.head.insertWidget(2, self.tables)
        self.about = ShortLabel()
        self.about.setObjectName("hint")
        self.head.insertWidget(3, self.about, 10)
        self.to_page = self.add_button(self.tr("Show page"))
        self.to_page.setToolTip(self.tr("Open the document that the row was read from"))
        self.to_page.clicked.connect(lambda: self.document_wanted.emit(self.source))
        self.to_page.hide()
        self.add_button(self.tr("Approve rows")).clicked.connect(self.approve_shown)
        self.add_button(self.tr("Exclude rows")).clicked.connect(self.exclude)
        self.clean_choices = self.add_button(self.tr("Clean…"))
        self.clean_choices.hide()
        self.clean = self.add_button(self.tr("Clean"), primary=True)
        self.clean.clicked.connect(lambda: self.clean_wanted.emit(self.source))

    def _set_up_filters(self) -> None:
        row = QHBoxLayout()
        group = QButtonGroup(self)
        self.segments: dict[View, QPushButton] = {}
        segments = QHBoxLayout()
        segments.setSpacing(0)
        for view, text in (
            (View.RAW, self.tr("Raw")),
            (View.CLEANED, self.tr("Cleaned")),
            (View.SIDE_BY_SIDE, self.tr("Side by side")),
        ):
            button = QPushButton(text)
            button.setCheckable(True)
            button.setProperty("segment", True)
            group.addButton(button)
            segments.addWidget(button)
            self.segments[view] = button
        self.segments[View.SIDE_BY_SIDE].setChecked(True)
        group.buttonClicked.connect(lambda _button: self.reload())
        row.addLayout(segments)
        self.status = QComboBox()
        for text, data in (
            (self.tr("All rows"), ""),
            (self.tr("Cleaned"), "cleaned"),
            (self.tr("Filtered out"), "filtered_out"),
            (self.tr("With findings"), "findings"),
            (self.tr("Raw"), "raw"),
        ):
            self.status.addItem(text, data)
        self.status.currentIndexChanged.connect(self._on_filter)
        row.addWidget(self.status)
        self.search = search_field(self.tr("Find in raw and cleaned text"))
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_PAUSE_MS)
        self._typing.timeout.connect(self._on_filter)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        row.addWidget(self.search)
        row.addStretch()
        self.count = QLabel()
        self.count.setObjectName("hint")
        row.addWidget(self.count)
        self.structure = QPushButton(self.tr("Structure…"))
        self.mapping = QPushButton(self.tr("Mapping…"))
        self.passes = QPushButton(self.tr("Passes…"))
        for button in (self.structure, self.mapping, self.passes):
            row.addWidget(button)
        self.mapping.clicked.connect(self._on_mapping)
        self.body.addLayout(row)

    # --- what happens -----------------------------------------------------------------

    def _on_tables(self, tables: Sequence[TableRecord], table_id: int | None) -> None:
        self._tables = tables
        self.tables.blockSignals(True)
        self.tables.clear()
        for table in tables:
            self.tables.addItem(table.sheet or table.name)
        self.tables.setVisible(len(tables) > 1)
        place = next((i for i, table in enumerate(tables) if table.id == table_id), 0)
        self.tables.setCurrentIndex(place)
        self.tables.blockSignals(False)
        self._on_table_chosen(place)

    def _on_table_chosen(self, place: int) -> None:
        before = self.table
        self.table = self._tables[place] if 0 <= place < len(self._tables) else None
        self._order_by, self._descending = None, False
        self.grid.horizontalHeader().setSortIndicatorShown(False)
        if before is not None and self.table is not None and before.id != self.table.id:
            self._forget_filter()
        if self.table is None:
            self.about.setText(self.tr("There is no table in it; its text is kept."))
            self.clean_choices.hide()
            return
        self.reload()

    def _forget_filter(self) -> None:
        """Show all rows: what was looked for in one table says nothing of another."""
        for widget in (self.search, self.status):
            widget.blockSignals(True)
        self.search.clear()
        self.status.setCurrentIndex(0)
        for widget in (self.search, self.status):
            widget.blockSignals(False)
        self._typing.stop()

    def _on_rows(self, rows: TableRows) -> None:
        self.rows, self.table = rows, rows.table
        self._total = rows.table.row_count
        done = rows.cleaning_pass
        for view in (View.CLEANED, View.SIDE_BY_SIDE):
            self.segments[view].setEnabled(done is not None)
        if done is None:
            self.segments[View.RAW].setChecked(True)
            self.about.setText(self.tr("raw: not cleaned yet"))
        else:
            self.about.setText(
                self.tr("{0}: {1} cleaned, {2} filtered out, {3} findings").format(
                    self._type_title(done.document_type),
                    *(number(n) for n in (done.cleaned, done.filtered_out, done.findings)),
                )
            )
        self.clean_choices.setVisible(self.has_choices)
        self.to_page.setVisible("fields" in rows.table.details)
        self.shown.emit()
        self.model.show_source(rows, self.wanted())
        desk, table_id, name = self._desk, rows.table.id, self.title.text()
        source_id = rows.table.source_id
        self.findings.findings.show_findings(
            lambda after: browsing.findings(desk, table_id=table_id, after=after),
            {source_id: name},
        )

    def _on_filter(self) -> None:
        if self.rows is not None:
            self.count.setText(self.tr("Filtering…"))
            self.model.show_source(self.rows, self.wanted())

    def _on_header_clicked(self, section: int) -> None:
        column = self.model.column(section)
        if column is None:
            return
        key: str | int | None = "bucket" if column.is_bucket else column.field or column.raw
        if self._order_by == key and self._descending:
            self._order_by, self._descending = None, False  # a third click: as in the file
        else:
            self._descending = self._order_by == key
            self._order_by = key
        order = Qt.SortOrder.DescendingOrder if self._descending else Qt.SortOrder.AscendingOrder
        header = self.grid.horizontalHeader()
        header.setSortIndicatorShown(self._order_by is not None)
        header.setSortIndicator(section, order)
        self._on_filter()

    def _on_counted(self, count: int) -> None:
        text = self.tr("{0} of {1} rows")
        if not count and self._total:
            text = self.tr("None of {1} rows fits; clear the filter to see them.")
        self.count.setText(text.format(number(count), number(max(count, self._total))))
        jump, self._jump_to = self._jump_to, None
        self.jump_to(jump)

    def _on_edited(self, row_number: int, field: str, text: str) -> None:
        self.edited.emit(self.table, row_number, field, text)

    def _on_activated(self, index: QModelIndex) -> None:
        """Open the document of a row where the cell cannot be written into."""
        writable = self.model.flags(index) & Qt.ItemFlag.ItemIsEditable
        if not self.to_page.isHidden() and not writable:
            self.document_wanted.emit(self.source)

    def _type_title(self, name: str) -> str:
        made = self._desk.types.get(name)
        return made.title if made else name

    def _on_mapping(self) -> None:
        if self.table is not None:
            self.mapping_wanted.emit(self.table)

    def _is_numeric(self, section: int) -> bool:
        column = self.model.column(section)
        if column is None or column.field is None or self.rows is None:
            return False
        made = self.rows.document_type
        return made is not None and made.field(column.field).type in NUMERIC

    def select_rows(self, places: Sequence[int]) -> None:
        """Select whole rows by their places."""
        selection = QItemSelection()
        last = self.model.columnCount() - 1
        for place in places:
            selection.select(self.model.index(place, 0), self.model.index(place, last))
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.grid.selectionModel().select(selection, flag)
