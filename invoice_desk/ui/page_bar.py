"""The buttons over a page: which page, how large, which way up, and what a drag does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSpinBox,
    QToolButton,
    QWidget,
)

from invoice_desk.services.engines import TITLES
from invoice_desk.ui.actions import icon
from invoice_desk.ui.page_canvas import Fit, PageCanvas, Tool
from invoice_desk.ui.texts import number


class PageBar(QWidget):
    """Buttons with their keys, which hold while the page or the form has the focus."""

    page_wanted = Signal(int)
    find_wanted = Signal()
    engine_wanted = Signal(str)  # to read the page again with

    def __init__(self, canvas: PageCanvas, scope: QWidget) -> None:
        super().__init__()
        self._canvas, self._scope = canvas, scope
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(1)
        self._add_pages()
        self._add_zoom()
        self._add_turns()
        self._row.addStretch()
        self._add_tools()
        canvas.zoomed.connect(self._on_zoomed)

    def show_place(self, page: int, count: int) -> None:
        """Show which page of how many is open."""
        self.place.blockSignals(True)
        self.place.setRange(min(1, count), max(1, count))
        self.place.setValue(page)
        self.place.blockSignals(False)
        self.count.setText(self.tr("of {0}").format(number(count)))
        self.setEnabled(count > 0)

    def set_fit(self, fit: Fit) -> None:
        """Fit the page as it was fitted before."""
        self._canvas.set_fit(fit)
        self._mark_fit()

    def _add_pages(self) -> None:
        self.place = QSpinBox()
        self.place.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.place.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.place.setFixedWidth(44)
        self.place.setToolTip(self.tr("Page (Page Up, Page Down)"))
        self.place.setKeyboardTracking(False)
        self.place.valueChanged.connect(self.page_wanted)
        self.count = QLabel()
        self.count.setObjectName("hint")
        self._row.addWidget(self.place)
        self._row.addWidget(self.count)
        self._row.addSpacing(8)

    def _add_zoom(self) -> None:
        canvas = self._canvas
        self._add("zoom_out", self.tr("Smaller"), "Ctrl+-", lambda: canvas.zoom_by(-1))
        self.zoom = QLabel("100 %")
        self.zoom.setFixedWidth(48)
        self.zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.zoom.setToolTip(self.tr("Size of the page (Ctrl and the wheel zoom at the pointer)"))
        self._row.addWidget(self.zoom)
        self._add("zoom_in", self.tr("Larger"), "Ctrl++", lambda: canvas.zoom_by(1))
        for key in ("Ctrl+=",):
            self._key(key, lambda: canvas.zoom_by(1))
        self.fits: dict[Fit, QToolButton] = {}
        for fit, text, key in (
            (Fit.WIDTH, self.tr("Fit width"), "Ctrl+2"),
            (Fit.PAGE, self.tr("Fit page"), "Ctrl+1"),
        ):
            button = self._add(f"fit_{fit.value}", text, key, self._fitting(fit))
            button.setCheckable(True)
            self.fits[fit] = button
        button = self._add("", self.tr("Actual size"), "Ctrl+0", lambda: canvas.set_zoom(1.0))
        button.setText("1:1")
        self._row.addSpacing(8)

    def _add_turns(self) -> None:
        canvas = self._canvas
        self._add("turn_left", self.tr("Turn left"), "Ctrl+[", lambda: canvas.rotate_page(-90))
        self._add("turn_right", self.tr("Turn right"), "Ctrl+]", lambda: canvas.rotate_page(90))
        self._row.addSpacing(8)
        self._add("find", self.tr("Find in this document"), "", self.find_wanted.emit).setToolTip(
            self.tr("Find in this document (Ctrl+F)")
        )
        text = self.tr("Read this page again with…")
        self.again = self._add("read_again", text, "", lambda: None)
        self.menu = QMenu(text, self)
        self.again.setMenu(self.menu)
        self.again.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.allow_reading(allowed=False)

    def show_engines(self, names: Sequence[str]) -> None:
        """Offer these engines to read the page again with."""
        self.menu.clear()
        for name in names:
            entry = self.menu.addAction(TITLES.get(name, name))
            entry.triggered.connect(lambda _checked=False, to=name: self.engine_wanted.emit(to))
        if not names:
            self.menu.addAction(self.tr("No engine is installed")).setEnabled(False)

    def allow_reading(self, *, allowed: bool) -> None:
        """Say whether the page can be read again now."""
        self.again.setEnabled(allowed)
        self.menu.setEnabled(allowed)

    def _add_tools(self) -> None:
        group = QButtonGroup(self)
        self.tools: dict[Tool, QToolButton] = {}
        for tool, name, text, tip, key in (
            (
                *(Tool.FILL, "fill_field", self.tr("Fill")),
                self.tr("A click or a drawn box fills the selected field"),
                "Ctrl+B",
            ),
            (
                *(Tool.SELECT, "select_text", self.tr("Select")),
                self.tr("A drag selects words, Ctrl+C copies them"),
                "Ctrl+Shift+B",
            ),
        ):
            button = self._add(name, tip, key, self._choosing(tool))
            button.setText(text)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setCheckable(True)
            group.addButton(button)
            self.tools[tool] = button
        self.tools[self._canvas.tool].setChecked(True)

    def _choosing(self, tool: Tool) -> Callable[[], None]:
        def choose() -> None:
            self._canvas.tool = tool
            self.tools[tool].setChecked(True)

        return choose

    def _fitting(self, fit: Fit) -> Callable[[], None]:
        return lambda: self.set_fit(fit)

    def _add(self, name: str, text: str, key: str, call: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setObjectName("pageTool")
        if name:
            button.setIcon(icon(name))
        button.setToolTip(f"{text} ({key})" if key else text)
        button.setAccessibleName(text)
        button.setAutoRaise(True)
        button.clicked.connect(lambda _checked=False: call())
        if key:
            self._key(key, call)
        self._row.addWidget(button)
        return button

    def _key(self, key: str, call: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(key), self._scope)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(call)

    def _on_zoomed(self, zoom: float) -> None:
        self.zoom.setText(f"{zoom:.0%}".replace("%", " %"))
        self._mark_fit()

    def _mark_fit(self) -> None:
        for fit, button in self.fits.items():
            button.setChecked(self._canvas.fit is fit)
