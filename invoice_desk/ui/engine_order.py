"""Which engine recognises text, and which are tried when it cannot."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from invoice_desk.services.engines import NAMES, TITLES, order_of, told_order


class EngineOrder(QWidget):
    """A list for each place in the order; an engine stands in one place only."""

    def __init__(self, stored: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        order = order_of(stored)
        self.places: list[QComboBox] = []
        for place in range(len(NAMES)):
            if place:
                row.addWidget(QLabel(self.tr("then")))
            box = QComboBox()
            if place:
                box.addItem(self.tr("none"), "")
            for name in NAMES:
                box.addItem(TITLES.get(name, name), name)
            chosen = order[place] if place < len(order) else ""
            box.setCurrentIndex(max(0, box.findData(chosen)))
            box.setAccessibleName(self.tr("Engine %n", "", place + 1))
            box.activated.connect(lambda _index, at=place: self._on_chosen(at))
            row.addWidget(box)
            self.places.append(box)

    @property
    def text(self) -> str:
        """Return the order as the settings keep it."""
        names = (str(box.currentData()) for box in self.places)
        return told_order(tuple(name for name in names if name))

    def show_missing(self, missing: Mapping[str, str]) -> None:
        """Say which engines cannot be used on this machine; they may be chosen all the same."""
        for box in self.places:
            for name, why in missing.items():
                index = box.findData(name)
                if why and index >= 0:
                    title = self.tr("{0} (missing)").format(TITLES.get(name, name))
                    box.setItemText(index, title)
                    box.setItemData(index, why, 3)  # the tool tip

    def _on_chosen(self, place: int) -> None:
        """Take an engine from the place where it stood until now."""
        chosen = self.places[place].currentData()
        for other, box in enumerate(self.places):
            if other != place and chosen and box.currentData() == chosen:
                box.setCurrentIndex(self._free(other))

    def _free(self, place: int) -> int:
        """Return what a place shows whose engine was taken: none, or the first one left."""
        box = self.places[place]
        if place:
            return 0
        taken = {str(each.currentData()) for each in self.places[1:]}
        return next((i for i in range(box.count()) if box.itemData(i) not in taken), 0)
