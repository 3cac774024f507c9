"""Engines that recognise text: what they are called, and which can be used on this machine."""

from __future__ import annotations

from invoice_desk.documents.ocr import DEFAULT_ORDER, ENGINES, engine_order

#: Name of an engine → how its makers write it.
TITLES = {"rapidocr": "RapidOCR", "tesseract": "Tesseract", "florence2": "Florence-2"}
NAMES = tuple(ENGINES)


def missing_engines() -> dict[str, str]:
    """Return why each engine cannot be used here and what to do; empty for one that can.

    It asks the system, which takes a while; nothing of an engine is loaded.
    """
    return {name: choice.missing() for name, choice in ENGINES.items()}


def available_engines() -> list[str]:
    """Return the engines that can be used here."""
    return [name for name, missing in missing_engines().items() if not missing]


def order_of(names: str) -> tuple[str, ...]:
    """Return the engines in the order in which they are tried."""
    return engine_order(names)


def told_order(order: tuple[str, ...]) -> str:
    """Return an order as the settings keep it; empty for the program's own."""
    return "" if order == DEFAULT_ORDER else ",".join(order)
