"""Asking for files and folders, with dialogs that open none of the files they list.

A dialog looks into a file whose ending it does not know, to tell its kind.  In a folder that holds
the desk that would drop SQLite's locks on it, see `Desk.own`.  So kinds are told by endings here,
and on Linux, where the dialogs of some desktops live in this process, Qt's own is shown.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QFileInfo
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFileDialog, QFileIconProvider, QWidget


class EndingIcons(QFileIconProvider):
    """Tells kind and icon of a file by its name."""

    def type(self, info: QFileInfo) -> str:
        """Return what stands in the column of kinds."""
        if info.isDir():
            return QCoreApplication.translate("dialogs", "Folder")
        return info.suffix().upper()

    def icon(self, of: QFileInfo | QFileIconProvider.IconType) -> QIcon:
        """Return the icon of folders, or of files."""
        kind = of
        if isinstance(of, QFileInfo):
            icons = QFileIconProvider.IconType
            kind = icons.Folder if of.isDir() else icons.File
        return super().icon(kind)


@cache
def _icons() -> EndingIcons:
    """Return the one that all dialogs share: none owns it, and their threads outlive a call."""
    return EndingIcons()


def ask_files(parent: QWidget, title: str, folder: str, kinds: str = "") -> list[Path]:
    """Ask for files that are there; return none when nothing was chosen."""
    return _asked(parent, title, folder, QFileDialog.FileMode.ExistingFiles, kinds)


def ask_file(parent: QWidget, title: str, folder: str, kinds: str = "") -> Path | None:
    """Ask for one file that is there."""
    found = _asked(parent, title, folder, QFileDialog.FileMode.ExistingFile, kinds)
    return found[0] if found else None


def ask_folder(parent: QWidget, title: str, folder: str) -> Path | None:
    """Ask for a folder."""
    found = _asked(parent, title, folder, QFileDialog.FileMode.Directory)
    return found[0] if found else None


def ask_target(parent: QWidget, title: str, proposed: str, kinds: str) -> Path | None:
    """Ask where to write a file; one that is there is written over only after a question."""
    found = _asked(parent, title, proposed, QFileDialog.FileMode.AnyFile, kinds)
    return found[0] if found else None


def suffix_of(kind: str) -> str:
    """Return the first ending that a kind such as `Excel (*.xlsx)` names; "" for all files."""
    found = re.search(r"\*\.(\w+)", kind)
    return found[1] if found else ""


def _asked(
    parent: QWidget, title: str, start: str, mode: QFileDialog.FileMode, kinds: str = ""
) -> list[Path]:
    is_target = mode is QFileDialog.FileMode.AnyFile
    dialog = QFileDialog(parent, title, str(Path(start).parent) if is_target else start, kinds)
    if sys.platform.startswith("linux"):
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.setIconProvider(_icons())
    dialog.setFileMode(mode)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly, mode is QFileDialog.FileMode.Directory)
    if is_target:
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(start)
        dialog.setDefaultSuffix(suffix_of(dialog.selectedNameFilter()))
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(suffix_of(kind)))
    is_chosen = bool(dialog.exec())
    chosen = [Path(name) for name in dialog.selectedFiles()] if is_chosen else []
    dialog.deleteLater()
    return chosen
