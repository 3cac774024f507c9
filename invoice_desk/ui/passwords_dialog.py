"""The passwords of documents: added and removed by name, and tried on what is still shut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

from PySide6.QtCore import QStringListModel, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from invoice_desk.errors import PasswordStoreError, UserError
from invoice_desk.services.desk import Desk
from invoice_desk.services.passwords import (
    MAX_NAME,
    add_password,
    password_names,
    remove_password,
    session_passwords,
)
from invoice_desk.services.unlocking import locked_sources
from invoice_desk.ui.background import Background
from invoice_desk.ui.texts import number

_LIST_HEIGHT = 120


class PasswordsDialog(QDialog):
    """Lists the names of passwords; a password itself is never shown again.

    Where the system has no keyring, one is known until the program is closed.
    """

    retry_wanted = Signal(list)  # ids of sources to read again

    def __init__(self, desk: Desk, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Passwords of documents"))
        self.setMinimumWidth(460)
        self._desk, self._background = desk, background
        self._session = session_passwords(desk)
        self._locked: list[int] = []
        self._names = QStringListModel(self)
        self.names = QListView()
        self.names.setModel(self._names)
        self.names.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.names.setMinimumHeight(_LIST_HEIGHT)
        self.name, self.password = QLineEdit(), QLineEdit()
        self.name.setMaxLength(MAX_NAME)
        self.name.setToolTip(self.tr("What you know it by, such as whose documents it opens"))
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.add = QPushButton(self.tr("Add"))
        self.remove = QPushButton(self.tr("Remove"))
        self.retry = QPushButton()
        self.problem = QLabel()
        self.problem.setObjectName("problem")
        self.problem.setWordWrap(True)
        self._lay_out()
        self._connect()
        self._reload()

    def _lay_out(self) -> None:
        hint = QLabel(
            self.tr(
                "They are kept in the keyring of your system, or until the program is closed "
                "where it has none, and tried on PDF and ZIP files that are protected."
            )
        )
        hint.setObjectName("hint")
        hint.setWordWrap(True)
        form = QFormLayout()
        form.addRow(self.tr("Name"), self.name)
        form.addRow(self.tr("Password"), self.password)
        form.addRow("", self.add)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._buttons.addButton(self.retry, QDialogButtonBox.ButtonRole.ActionRole)
        self.add.setAutoDefault(False)
        self.remove.setAutoDefault(False)
        self.problem.hide()
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        for widget in (hint, self.names, self.remove):
            layout.addWidget(widget)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addWidget(self._buttons)

    def _connect(self) -> None:
        self.add.clicked.connect(self._on_add)
        self.remove.clicked.connect(self._on_remove)
        self.password.returnPressed.connect(self._on_add)
        for field in (self.name, self.password):
            field.textChanged.connect(lambda _text: self._enable())
        self.names.selectionModel().selectionChanged.connect(lambda *_: self._enable())
        self.retry.clicked.connect(self._on_retry)
        self._buttons.rejected.connect(self.reject)

    def _on_add(self) -> None:
        name, password = self.name.text().strip() or self._proposed(), self.password.text()
        if password:
            self.password.clear()
            self._change(lambda: self._keep(name, password))

    def _proposed(self) -> str:
        """Return a name for a password that was given none."""
        taken = set(self._names.stringList())
        names = (self.tr("Password {0}").format(number(n)) for n in count(1))
        return next(name for name in names if name not in taken)

    def _keep(self, name: str, password: str) -> None:
        """Keep a password in the keyring; where there is none, know it for now."""
        try:
            add_password(name, password)
        except PasswordStoreError:
            self._session.give(name, password)

    def _on_remove(self) -> None:
        chosen = self.names.selectedIndexes()
        if chosen:
            name = str(chosen[0].data())
            if self._session.forget(name):
                self._reload()
            else:
                self._change(lambda: remove_password(name))

    def _on_retry(self) -> None:
        self.retry_wanted.emit(self._locked)
        self.accept()

    def _change(self, work: Callable[[], None]) -> None:
        """Change the keyring on a thread: it may ask the person to unlock it."""
        self._background.run(work, lambda _done: self._reload(), owner=self, failed=self._on_failed)

    def _reload(self) -> None:
        desk = self._desk

        def work() -> tuple[list[str], list[int], UserError | None]:
            locked = locked_sources(desk)
            try:
                return password_names(), locked, None
            except UserError as error:  # files may be tried with a file of passwords all the same
                return [], locked, error

        self._background.run(work, lambda found: self._show(*found), owner=self, series="names")

    def _show(self, names: Sequence[str], locked: list[int], error: UserError | None) -> None:
        self._names.setStringList([*names, *self._session.names])
        self._locked = locked
        self.name.clear()
        self.name.setPlaceholderText(self._proposed())
        text = self.tr("Try again: {0} protected").format(number(len(locked)))
        self.retry.setText(text if locked else self.tr("No file is waiting for a password"))
        if isinstance(error, PasswordStoreError):
            told = self.tr("{0} A password is known until the program is closed.")
            self._say(told.format(error))
        elif error is not None:
            self._on_failed(error)
        else:
            self.problem.hide()
        self._enable()

    def _on_failed(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            self._background.failed.emit(error)
            return
        self._say(f"{error} {error.advice}".strip())

    def _say(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.show()

    def _enable(self) -> None:
        self.add.setEnabled(bool(self.password.text()))
        self.remove.setEnabled(bool(self.names.selectedIndexes()))
        self.retry.setEnabled(bool(self._locked))
