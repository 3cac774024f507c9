"""Settings: how much of the machine a job may take."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.core.modes import WorkSettings
from invoice_desk.settings import VARIABLES, load_settings
from invoice_desk.ui.engine_order import EngineOrder


class SettingsDialog(QDialog):
    """Edits the settings of the file; what the environment sets is said and left alone."""

    passwords_wanted = Signal()

    def __init__(
        self, environ: Mapping[str, str] = os.environ, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.setMinimumWidth(560)
        self._stored = load_settings(environ={})
        self._overridden = {
            name: variable for variable, name in VARIABLES.items() if environ.get(variable, "")
        }
        self._make_fields(self._stored)
        self._lay_out(environ)

    @property
    def settings(self) -> WorkSettings:
        """Return what is set."""
        return replace(
            self._stored,
            max_workers=self.workers.value() or None,
            chunk_size=self.chunk.value(),
            memory_threshold=self.memory.value(),
            optimization_level=int(self.level.currentData()),
            gpu_tasks=self.gpu_tasks.value(),
            ocr_engines=self.engines.text,
        )

    def _make_fields(self, stored: WorkSettings) -> None:
        self.workers = _number(0, 32, stored.max_workers or 0)
        self.workers.setSpecialValueText(self.tr("automatic"))
        self.chunk = _number(500, 1_000_000, stored.chunk_size)
        self.chunk.setSingleStep(5_000)
        self.chunk.setGroupSeparatorShown(True)
        self.chunk.setSuffix(self.tr(" rows"))
        self.memory = _number(10, 100, stored.memory_threshold)
        self.memory.setSuffix(" %")
        self.gpu_tasks = _number(1, 2, stored.gpu_tasks)
        self.engines = EngineOrder(stored.ocr_engines)
        self.level = QComboBox()
        for level, text in enumerate(
            (
                self.tr("Never: one process does everything"),
                self.tr("Seldom: from 50 MB on"),
                self.tr("As a rule: from 5 MB on"),
                self.tr("Always"),
            )
        ):
            self.level.addItem(text, level)
        self.level.setCurrentIndex(stored.optimization_level)

    def _lay_out(self, environ: Mapping[str, str]) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        for name, text, field in (
            ("optimization_level", self.tr("Use worker processes"), self.level),
            ("max_workers", self.tr("Worker processes at most"), self.workers),
            ("chunk_size", self.tr("Rows of one chunk"), self.chunk),
            ("memory_threshold", self.tr("Memory that may be in use"), self.memory),
            ("gpu_tasks", self.tr("Tasks on the GPU at once"), self.gpu_tasks),
            ("ocr_engines", self.tr("Text of scans is read by"), self.engines),
        ):
            form.addRow(text, field)
            if name in self._overridden:
                form.addRow("", self._told(self._overridden[name], environ))
        self.passwords = QPushButton(self.tr("Passwords of documents…"))
        self.passwords.setAutoDefault(False)
        self.passwords.clicked.connect(self.passwords_wanted)
        form.addRow("", self.passwords)
        hint = QLabel(self.tr("What you set holds for the next job and for the next start."))
        hint.setObjectName("hint")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        save = buttons.addButton(self.tr("Save"), QDialogButtonBox.ButtonRole.AcceptRole)
        save.setProperty("primary", True)
        save.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(hint)
        layout.addWidget(buttons)

    def _told(self, variable: str, environ: Mapping[str, str]) -> QLabel:
        text = self.tr("The environment sets {0} to {1}; that wins over what you set here.")
        label = QLabel(text.format(variable, environ[variable]))
        label.setObjectName("problem")
        label.setWordWrap(True)
        return label


def _number(least: int, most: int, value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, most)
    box.setValue(value)
    box.setMinimumWidth(150)
    return box
