"""Sizes of the window, its columns and its splitters, from one start to the next."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSettings, QSize, Qt
from PySide6.QtWidgets import QDialog, QSplitter, QTableView, QWidget

#: The grid of a table has other columns for every table, so its widths are not remembered.
_NOT_KEPT = {"", "grid"}


def remember(widget: QWidget, settings: QSettings, *, name: str = "") -> None:
    """Keep the geometry of a window or dialog, and all sizes in it."""
    settings.setValue(_key("geometry", name), widget.saveGeometry())
    for view in _tables(widget):
        settings.setValue(_columns_key(view), view.horizontalHeader().saveState())
    for splitter in _splitters(widget):
        settings.setValue(f"splitter/{splitter.objectName()}", splitter.saveState())


def restore(widget: QWidget, settings: QSettings, size: QSize, *, name: str = "") -> None:
    """Give a window or dialog the sizes that it had, or its first size."""
    widget.resize(size)
    geometry: Any = settings.value(_key("geometry", name))
    if geometry is not None:
        widget.restoreGeometry(geometry)
    for view in _tables(widget):
        state: Any = settings.value(_columns_key(view))
        if state is not None:
            view.horizontalHeader().restoreState(state)
    for splitter in _splitters(widget):
        saved: Any = settings.value(f"splitter/{splitter.objectName()}")
        if saved is not None:
            splitter.restoreState(saved)


def _tables(widget: QWidget) -> list[QTableView]:
    return [v for v in widget.findChildren(QTableView) if v.objectName() not in _NOT_KEPT]


def _splitters(widget: QWidget) -> list[QSplitter]:
    return [s for s in widget.findChildren(QSplitter) if s.objectName()]


def _key(kind: str, name: str) -> str:
    return f"{kind}/{name}" if name else kind


def _columns_key(view: QTableView) -> str:
    """Return where widths are kept; with another number of columns they are others."""
    return f"columns/{view.objectName()}.{view.model().columnCount()}"


def open_remembered(dialog: QDialog, settings: QSettings, size: QSize, *, name: str) -> None:
    """Open a dialog with the sizes that it had, and keep those that it has when it ends."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    restore(dialog, settings, size, name=name)
    dialog.finished.connect(lambda _result: remember(dialog, settings, name=name))
    dialog.open()
