from __future__ import annotations

import gc
import threading

import pytest

from invoice_desk.collecting import no_collecting


def test_the_collector_works_again_when_the_last_thread_has_left() -> None:
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with no_collecting():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with no_collecting():
        thread.start()
        assert entered.wait(10)
    assert not gc.isenabled()
    leave.set()
    thread.join(10)

    assert gc.isenabled()


def test_an_error_leaves_the_collector_at_work() -> None:
    with pytest.raises(ValueError, match="torn"), no_collecting():
        raise ValueError("torn")

    assert gc.isenabled()
