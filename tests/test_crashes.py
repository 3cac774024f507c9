"""What is killed at a random moment goes on, and nothing is lost or doubled.

The benchmark `python3 -m benchmarks.crashes` does the same 200 times.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.crashes import disturb

ROWS = 120_000


@pytest.mark.parametrize("victim", ["process", "worker"])
def test_a_killed_run_ends_as_an_undisturbed_one(victim: str, tmp_path: Path) -> None:
    found = disturb(tmp_path, victim, runs=2, rows=ROWS, seed=random.randrange(1 << 30))

    assert [run for run in found if run.trouble] == []
