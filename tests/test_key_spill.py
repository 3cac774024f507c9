from __future__ import annotations

import numpy as np
import pytest

from invoice_desk.services import key_spill
from invoice_desk.services.key_spill import KeySpill


@pytest.mark.parametrize("in_memory", [10, 10_000])
def test_repeated_keys_are_found_in_memory_and_on_disk(
    in_memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_spill, "_IN_MEMORY", in_memory)
    chance = np.random.default_rng(1)
    hashes = chance.integers(1, 1 << 63, 300, dtype=np.uint64)
    hashes[[7, 250]] = hashes[100]
    hashes[[30, 40]] = 0  # rows without a key
    numbers = np.arange(300, dtype="<i8") * 3
    keys = KeySpill()
    for start in range(0, 300, 30):
        part = slice(start, start + 30)
        keys.add(numbers[part].tobytes(), hashes[part].tobytes())

    found = keys.repeated_numbers().tolist()
    keys.close()

    assert found == [21, 300, 750]
