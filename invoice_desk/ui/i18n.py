"""Marks texts for translation where they stand as data."""

from __future__ import annotations


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:  # noqa: ARG001 - lupdate's own name
    """Return `text`; Qt's tool for translators finds it by the name of this function."""
    return text
