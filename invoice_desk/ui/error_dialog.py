"""One dialog for everything that goes wrong: a sentence, what to do, and a report."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

import invoice_desk
from invoice_desk.errors import UserError
from invoice_desk.ui.texts import error_text


def show_error(parent: QWidget | None, error: Exception) -> QMessageBox:
    """Show an error without stopping the program; return the open dialog."""
    sentence, advice = error_text(error)
    box = QMessageBox(parent)
    box.setWindowTitle(QCoreApplication.translate("errors", "Invoice Desk"))
    box.setText(sentence)
    box.setInformativeText(advice)
    ours = not isinstance(error, UserError)
    box.setIcon(QMessageBox.Icon.Critical if ours else QMessageBox.Icon.Warning)
    if ours:
        label = QCoreApplication.translate("errors", "Copy report")
        copy = box.addButton(label, QMessageBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(report(error)))
    box.addButton(QMessageBox.StandardButton.Close)
    box.open()
    return box


def ask(parent: QWidget, question: str, then: Callable[[], None]) -> QMessageBox:
    """Ask before something goes that cannot be undone; return the open dialog."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(QCoreApplication.translate("errors", "Invoice Desk"))
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(question)
    box.setStandardButtons(QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No)
    box.setDefaultButton(QMessageBox.StandardButton.No)
    box.button(QMessageBox.StandardButton.Yes).clicked.connect(lambda _checked=False: then())
    box.open()
    return box


def report(error: Exception) -> str:
    """Return what we need to find a mistake: versions and places in the code, no contents."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"  {frame.filename.split('/')[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    head = f"Invoice Desk {invoice_desk.__version__}, {platform.platform()}"
    return "\n".join([head, f"Python {platform.python_version()}", type(error).__name__, *places])
