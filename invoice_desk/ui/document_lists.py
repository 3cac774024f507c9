"""Below the form of a document: what is doubtful, its lines, its tax by rate, what was in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHeaderView, QTableView, QTabWidget, QWidget

from invoice_desk.core.document_types import DocumentType
from invoice_desk.core.findings import Severity
from invoice_desk.core.records import FindingRecord, SourceRecord
from invoice_desk.services.document_records import Document
from invoice_desk.ui.cells_model import CellsModel
from invoice_desk.ui.clipboard import cells_as_mime
from invoice_desk.ui.lists import RecordTable, plain_rows, set_widths
from invoice_desk.ui.text_grid import RecordModel
from invoice_desk.ui.texts import document_class, field_label, finding, number, status

_LINE_ORDER = (
    *("line_id", "id", "item_code", "description", "name", "quantity", "unit", "unit_price"),
    *("discount", "tax_rate", "net_amount", "tax_amount", "total_amount"),
)
_TAX_ORDER = ("tax_rate", "rate", "tax_category", "base", "amount", "exemption_reason")
#: What the name of a field begins with that lines have.
_LINES_PREFIX = "lines."
#: Weights of findings, the gravest first.
_BY_GRAVITY = [each.value for each in reversed(Severity)]
#: The column of the findings that takes what room there is.
_WHY = 2
#: Columns of texts, which get what room the others leave, and the least and most of that.
_TEXTS = frozenset({"description", "name", "exemption_reason"})
_LEAST, _MOST, _SCROLL_BAR = 140, 420, 24


class DocumentLists(QTabWidget):
    """Short tables; a finding tells the field that it is about, a file of the contents itself."""

    jumped = Signal(str)  # field
    opened = Signal(object)  # SourceRecord

    def __init__(self, types: Mapping[str, DocumentType], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("documentLists")
        self.setDocumentMode(True)
        self._types = types
        headings = (self.tr("Weight"), self.tr("Field"), self.tr("Why"))
        self.findings: RecordModel[FindingRecord] = RecordModel(headings, self._cells, parent=self)
        self.table = RecordTable("documentFindings", self.findings)
        set_widths(self.table, (76, 104, 250))
        header = self.table.horizontalHeader()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_WHY, QHeaderView.ResizeMode.Stretch)
        self.table.setWordWrap(True)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.when_opened(self._on_opened)
        self.table.clicked.connect(lambda _index: self._on_chosen())
        self.lines, self.taxes = CellsModel(_LINE_ORDER, self), CellsModel(_TAX_ORDER, self)
        self.line_table, self.tax_table = _grid(self.lines), _grid(self.taxes)
        titles = (self.tr("File"), self.tr("What it is"), self.tr("Status"))
        self.contents: RecordModel[SourceRecord] = RecordModel(titles, _contents, parent=self)
        self.content_table = RecordTable("documentContents", self.contents)
        set_widths(self.content_table, (260, 140, 120))
        self.content_table.when_opened(self.opened.emit)
        for widget in (self.table, self.line_table, self.tax_table, self.content_table):
            self.addTab(widget, "")

    def show_document(self, document: Document | None) -> None:
        """Show the findings of a document, the gravest first, its lines, taxes and contents."""
        findings = sorted(document.findings if document else (), key=_gravity)
        contents = document.contents if document else ()
        self.contents.show_records(contents)
        self.findings.show_records(findings)
        for model, view, rows in (
            (self.lines, self.line_table, document.lines if document else ()),
            (self.taxes, self.tax_table, document.taxes if document else ()),
        ):
            model.show_rows(rows)
            _fit(view, model, self.width() - _SCROLL_BAR)
        for tab, (text, count) in enumerate(
            (
                (self.tr("Findings"), len(findings)),
                (self.tr("Lines"), self.lines.rowCount()),
                (self.tr("Tax by rate"), self.taxes.rowCount()),
                (self.tr("Contents"), len(contents)),
            )
        ):
            self.setTabText(tab, f"{text} ({number(count)})" if count else text)
        is_container = document is not None and document.is_container
        if self.currentWidget() is self.content_table and not contents:
            self.setCurrentWidget(self.table)
        for tab in (1, 2):
            self.setTabVisible(tab, not is_container)
        self.setTabVisible(self.indexOf(self.content_table), bool(contents))
        if is_container and not findings:
            self.setCurrentWidget(self.content_table)

    def show_lines_of(self, field: str) -> bool:
        """Show the lines if a field is one of them; return whether it is."""
        is_of_lines = field.startswith(_LINES_PREFIX)
        if is_of_lines:
            self.setCurrentWidget(self.line_table)
        return is_of_lines

    def copy(self) -> bool:
        """Put the selected lines on the clipboard as Excel wants them; return whether any are."""
        for view in (self.line_table, self.tax_table):
            chosen = view.selectionModel().selectedIndexes() if view.hasFocus() else []
            model = view.model()
            if chosen and isinstance(model, CellsModel):
                rows = sorted({index.row() for index in chosen})
                columns = sorted({index.column() for index in chosen})
                data = cells_as_mime(*model.cells(rows, columns), numeric=model.numeric(columns))
                QGuiApplication.clipboard().setMimeData(data)
                return True
        return False

    def _cells(self, record: FindingRecord) -> Sequence[tuple[str, object]]:
        field = field_label(record.field) if record.field else ""
        why = finding(record.code, self._types.values())
        weight = status(record.severity)
        text = record.text or ""
        told = f"{why}\n{text}" if text else why
        return [(weight, record.severity), (field, field), (told, told)]

    def _on_opened(self, record: FindingRecord) -> None:
        if record.field:
            self.jumped.emit(record.field)

    def _on_chosen(self) -> None:
        for record in self.table.selected()[:1]:
            self._on_opened(record)


def _gravity(record: FindingRecord) -> int:
    return _BY_GRAVITY.index(record.severity)


def _contents(record: SourceRecord) -> Sequence[tuple[str, object]]:
    what = document_class(record.document_class) if record.document_class else record.kind.upper()
    standing = status(record.status.value)
    return [(record.name, record.name.casefold()), (what, what), (standing, standing)]


def _fit(view: QTableView, model: CellsModel, room: int) -> None:
    """Make columns as wide as what is in them, so that the amounts at the end are seen."""
    view.resizeColumnsToContents()
    columns = range(model.columnCount())
    texts = [i for i in columns if model.name(i) in _TEXTS]
    left = room - sum(view.columnWidth(i) for i in columns if i not in texts)
    for column in texts:
        view.setColumnWidth(column, min(_MOST, max(_LEAST, left // len(texts))))


def _grid(model: CellsModel) -> QTableView:
    view = QTableView()
    view.setModel(model)
    plain_rows(view)
    return view
