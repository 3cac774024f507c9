"""What is asked before the window closes."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QWidget


def confirms_close(
    window: QWidget, *, job_runs: bool, rules_changed: bool, has_drafts: bool
) -> bool:
    """Return whether nothing would be lost, or a person does not mind."""
    for is_so, title, text in (
        (
            job_runs,
            _translated("A job is running"),
            _translated(
                "Close all the same? What is stored stays; the rest goes on at the next start."
            ),
        ),
        (
            rules_changed,
            _translated("Rules are not saved"),
            _translated("Close all the same? The rules and names that you changed are not kept."),
        ),
        (
            has_drafts,
            _translated("Values are not accepted yet"),
            _translated(
                "Close all the same? What you wrote into a form and did not accept is lost."
            ),
        ),
    ):
        if is_so and (QMessageBox.question(window, title, text) != QMessageBox.StandardButton.Yes):
            return False
    return True


def _translated(text: str) -> str:
    return QCoreApplication.translate("closing", text)
