"""Everything a person can do, as data; menus, tool bars and shortcuts are made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QAction, QIcon, QKeySequence
from PySide6.QtWidgets import QMenuBar

from invoice_desk.paths import resource
from invoice_desk.ui.i18n import QT_TRANSLATE_NOOP


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing a person can do; its icon is `resources/icons/<id>.svg`."""

    id: str
    menu: str
    text: str
    shortcut: str = ""
    tip: str = ""


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("import_files", "file", QT_TRANSLATE_NOOP("actions", "Import &files…"), "Ctrl+O"),
    ActionSpec(
        "import_folder", "file", QT_TRANSLATE_NOOP("actions", "Import f&older…"), "Ctrl+Shift+O"
    ),
    ActionSpec(
        "write", "file", QT_TRANSLATE_NOOP("actions", "&Write into a clean table…"), "Ctrl+U"
    ),
    ActionSpec("export", "file", QT_TRANSLATE_NOOP("actions", "&Export…"), "Ctrl+E"),
    ActionSpec("quit", "file", QT_TRANSLATE_NOOP("actions", "&Quit"), "Ctrl+Q"),
    ActionSpec("undo", "edit", QT_TRANSLATE_NOOP("actions", "&Undo"), "Ctrl+Z"),
    ActionSpec("redo", "edit", QT_TRANSLATE_NOOP("actions", "&Redo"), "Ctrl+Shift+Z"),
    ActionSpec("copy", "edit", QT_TRANSLATE_NOOP("actions", "&Copy with headings"), "Ctrl+C"),
    ActionSpec("find", "edit", QT_TRANSLATE_NOOP("actions", "&Find"), "Ctrl+F"),
    ActionSpec("search", "edit", QT_TRANSLATE_NOOP("actions", "&Search in all pages…"), "Ctrl+K"),
    ActionSpec("approve", "edit", QT_TRANSLATE_NOOP("actions", "&Approve"), "Ctrl+Return"),
    ActionSpec("exclude", "edit", QT_TRANSLATE_NOOP("actions", "E&xclude rows"), "Ctrl+Del"),
    ActionSpec("settings", "edit", QT_TRANSLATE_NOOP("actions", "&Settings…"), "Ctrl+,"),
    ActionSpec("clean", "table", QT_TRANSLATE_NOOP("actions", "&Clean"), "Ctrl+R"),
    ActionSpec(
        "clean_choices",
        "table",
        QT_TRANSLATE_NOOP("actions", "Clean with c&hoices…"),
        "Ctrl+Shift+R",
    ),
    ActionSpec("structure", "table", QT_TRANSLATE_NOOP("actions", "S&tructure…"), "Ctrl+T"),
    ActionSpec("mapping", "table", QT_TRANSLATE_NOOP("actions", "&Mapping…"), "Ctrl+M"),
    ActionSpec("passes", "table", QT_TRANSLATE_NOOP("actions", "&Passes…"), "Ctrl+P"),
    ActionSpec(
        "rules", "desk", QT_TRANSLATE_NOOP("actions", "Document types and &rules"), "Ctrl+L"
    ),
    ActionSpec(
        "next_doubtful", "desk", QT_TRANSLATE_NOOP("actions", "&Next doubtful document"), "F4"
    ),
    ActionSpec("scan", "desk", QT_TRANSLATE_NOOP("actions", "&Scan for anomalies"), "Ctrl+Shift+F"),
    ActionSpec("cancel", "table", QT_TRANSLATE_NOOP("actions", "C&ancel job"), "Ctrl+."),
)
MENUS = (
    ("file", QT_TRANSLATE_NOOP("actions", "&File")),
    ("edit", QT_TRANSLATE_NOOP("actions", "&Edit")),
    ("table", QT_TRANSLATE_NOOP("actions", "&Table")),
    ("desk", QT_TRANSLATE_NOOP("actions", "&Desk")),
)


def make_actions(
    parent: QObject, handlers: Mapping[str, Callable[[], object]]
) -> dict[str, QAction]:
    """Return one QAction for each spec, connected to the handler of its id."""
    made: dict[str, QAction] = {}
    for spec in ACTIONS:
        action = QAction(icon(spec.id), translated(spec.text), parent)
        action.setObjectName(spec.id)
        action.setShortcut(QKeySequence(spec.shortcut))
        handler = handlers[spec.id]
        action.triggered.connect(lambda _checked=False, call=handler: call())
        made[spec.id] = action
    return made


def fill_menus(bar: QMenuBar, actions: Mapping[str, QAction]) -> None:
    """Put the actions into the menus that they name."""
    for menu, title in MENUS:
        made = bar.addMenu(translated(title))
        for spec in ACTIONS:
            if spec.menu == menu:
                made.addAction(actions[spec.id])


def icon(name: str) -> QIcon:
    """Return an icon of the program."""
    return QIcon(str(resource(f"icons/{name}.svg")))


def translated(text: str) -> str:
    """Return the text of an action or menu in the user's language."""
    return QCoreApplication.translate("actions", text)
