"""Calls beside the window: whose answer counts when threads overtake each other."""

from __future__ import annotations

from threading import Event

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from invoice_desk.ui.background import Background


class Question:
    """A call that is answered when it is told to."""

    def __init__(self, answer: str, *, fails: bool = False) -> None:
        self._answer, self._fails, self._may_end = answer, fails, Event()

    def __call__(self) -> str:
        self._may_end.wait(10)
        if self._fails:
            raise ValueError(self._answer)
        return self._answer

    def end(self) -> None:
        self._may_end.set()


def answer_out_of_turn(
    qtbot: QtBot, *, series: str, fails: bool = False, owners: int = 1
) -> list[str]:
    """Ask twice, have the second question answered first, and return what was delivered."""
    background = Background(threads=2)
    asking = [QObject() for _ in range(owners)]
    told: list[str] = []
    first, second = Question("first", fails=fails), Question("second")
    for number, question in enumerate((first, second)):
        background.run(
            question,
            told.append,
            owner=asking[number % owners],
            failed=lambda error: told.append(str(error)),
            series=series,
        )
    second.end()
    qtbot.waitUntil(lambda: told == ["second"])
    first.end()
    qtbot.waitUntil(lambda: not background.is_busy)
    background.wait()
    return told


@pytest.mark.parametrize("fails", [False, True])
def test_an_answer_to_an_earlier_question_of_a_series_is_dropped(qtbot: QtBot, fails: bool) -> None:
    assert answer_out_of_turn(qtbot, series="lines", fails=fails) == ["second"]


def test_calls_outside_a_series_are_all_answered(qtbot: QtBot) -> None:
    assert answer_out_of_turn(qtbot, series="") == ["second", "first"]


def test_owners_do_not_overtake_each_other(qtbot: QtBot) -> None:
    assert answer_out_of_turn(qtbot, series="lines", owners=2) == ["second", "first"]


def test_answers_that_come_in_turn_are_all_delivered(qtbot: QtBot) -> None:
    background, owner = Background(threads=2), QObject()
    told: list[str] = []
    first, second = Question("first"), Question("second")
    for question in (first, second):
        background.run(question, told.append, owner=owner, series="lines")
    first.end()
    qtbot.waitUntil(lambda: told == ["first"])
    second.end()
    qtbot.waitUntil(lambda: told == ["first", "second"])
    background.run(lambda: "third", told.append, owner=owner, series="lines")
    qtbot.waitUntil(lambda: told == ["first", "second", "third"])
    background.wait()
